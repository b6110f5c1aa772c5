"""Descriptive measures with their uncertainty."""
