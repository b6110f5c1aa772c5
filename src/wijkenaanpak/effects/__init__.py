"""Effect estimates: samples, comparisons, inference, checks."""
