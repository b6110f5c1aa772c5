"""Where tests find the real files, and one small practice panel for all of them."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from wijkenaanpak.practice import simulate
from wijkenaanpak.run import batch
from wijkenaanpak.store import panel

# How long one example takes says how busy the machine is, not whether the code is right.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real open data; the test is skipped by name when it is not there."""
    for folder in (os.environ.get("WIJKEN_RAW"), ROOT.parent / "shared" / "data" / "real"):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("echte gegevens niet aanwezig: zet WIJKEN_RAW")


@pytest.fixture(scope="session")
def practice(tmp_path_factory) -> Path:
    """A practice panel of 600 PC4, written once."""
    folder = tmp_path_factory.mktemp("oefen") / "bron"
    simulate.simulate(folder, seed=11, n_pc4=600)
    return folder


@pytest.fixture(scope="session")
def store(practice, tmp_path_factory):
    """Keep the processed store in a temporary folder for the whole session, in kernels too."""
    folder = tmp_path_factory.mktemp("processed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WIJKEN_PROCESSED", str(folder))
        yield panel.build(str(practice))


@pytest.fixture(scope="session")
def rendered(store, practice, tmp_path_factory):
    """All questions for three areas, rendered once through the command line."""
    out = tmp_path_factory.mktemp("reports")
    options = [o for area in ("Nederland", "Utrecht", "Utrecht/Overvecht") for o in ("--gebied", area)]
    code = batch.main(["reports", "--data", str(practice), "--out", str(out), *options])
    return code, out
