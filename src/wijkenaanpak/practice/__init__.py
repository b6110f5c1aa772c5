"""The invented country, in the publishers' own formats."""
