"""Evaluate the wijkenaanpak: from published files to reports, a room for each job."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT / "data" / "raw"
OPEN = RAW / "open"  # where downloads go when no folder is named; not in git
SEED = 2007  # of the practice panel, when none is named


class SourceError(ValueError):
    """Wrong input, in one Dutch sentence that says where and what to do."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook: where in the code it was raised says nothing to who gave the input."""
        return [f"Fout: {self}"]
