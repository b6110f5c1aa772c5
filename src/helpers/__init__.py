"""Shared by the notebooks, the batch and the tests."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT / "data" / "raw"


class SourceError(ValueError):
    """Wrong input, in one Dutch sentence that says where and what to do."""
