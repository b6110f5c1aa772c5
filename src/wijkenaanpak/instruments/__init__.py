"""The programme's own instruments."""
