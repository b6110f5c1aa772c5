"""One file a publisher: from its own layout to observations."""
