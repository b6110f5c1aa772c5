"""Published statements and their recomputation."""
