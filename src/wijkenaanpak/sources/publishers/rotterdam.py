"""Rotterdam's own series: the Veiligheidsindex of 2006-2011 and the Wijkprofiel of 2014-2018, in the plain format."""

from __future__ import annotations

import pandas as pd

from wijkenaanpak.sources import facts, tables
from wijkenaanpak.sources.files import Location, Log

CITY = "Rotterdam"
PUBLISHER = f"Gemeente {CITY}"
NAMES = ("*veiligheidsindex*tidy*.csv", "*wijkprofiel*tidy*.csv")
LIST = "rotterdam_wijken_lijst*.csv"
SURVEY = (
    "2008: alle antwoorden worden tegelijk ongunstiger, vermoedelijk door een andere manier van ondervragen"
)
# indicator, vraag, label, eenheid, richting, schaal, breuken; and the names in the index and in the profile
OUTCOMES = (
    ("rdam_jongerenoverlast", "veiligheid", "Vaak overlast van groepen jongeren (Rotterdam)", "%", -1, "lineair", SURVEY),
    ("rdam_inbraak", "veiligheid", "Slachtoffer van woninginbraak (Rotterdam)", "%", -1, "lineair", SURVEY),
    ("rdam_tevreden", "leefbaarheid", "Tevreden met het wonen in de buurt (Rotterdam)", "%", 1, "lineair",
     f"{SURVEY}; 2014: Wijkprofiel in plaats van Veiligheidsindex"),
)  # fmt: skip
INDEX = {
    "buurtprobleem overlast van groepen jongeren": "rdam_jongerenoverlast",
    "slachtofferschap woninginbraak": "rdam_inbraak",
    "tevredenheid met het wonen in de buurt": "rdam_tevreden",
}
PROFILE = {"% (zeer) tevreden met de buurt": "rdam_tevreden"}


def read_series(path: Location, log: Log) -> pd.DataFrame:
    """Read one file of the city as a long table: wijken and the city, the outcomes of :data:`OUTCOMES`."""
    profile = "wijkprofiel" in path.name.lower()
    place = "wijk" if profile else "gebied"
    frame = tables.read_table(path, [place, "jaar", "indicator", "waarde", "soort"], log)
    frame = frame[frame["soort"].isin(["wijk", "stad"])]
    names = PROFILE if profile else INDEX
    log.add(path, "rijen van andere uitkomsten, niet gebruikt", (~frame["indicator"].isin(names)).sum())
    frame = frame[frame["indicator"].isin(names)]
    return frame.assign(
        gebied=frame[place].where(frame["soort"] == "wijk", CITY), indicator=frame["indicator"].map(names)
    )[["gebied", "jaar", "indicator", "waarde"]]


def joined(series: list[tuple[Location, pd.DataFrame]], log: Log) -> list[tuple[Location, pd.DataFrame]]:
    """Keep of the later instrument the wijken that the earlier one has: others are parts or sums of those."""
    before = [frame["gebied"] for path, frame in series if "wijkprofiel" not in path.name.lower()]
    if not before:
        return series
    known, kept = {facts.letters(name): name for name in pd.concat(before)}, []
    for path, frame in series:
        # "Oud-IJsselmonde" and "Oud IJsselmonde" are one wijk
        frame = frame.assign(gebied=frame["gebied"].map(facts.letters).map(known))
        same = frame["gebied"].notna()
        log.add(path, "cijfers van wijken die in de eerdere indeling niet bestaan, weggelaten", (~same).sum())
        kept.append((path, frame[same]))
    return kept


def read_places(path: Location, series: list[pd.DataFrame], log: Log) -> pd.DataFrame:
    """List the wijken of the index, with the aandachtswijk of those on the list."""
    listed = tables.read_table(path, ["gebied", "aandachtswijk"], log).set_index("gebied")["aandachtswijk"]
    places = pd.concat([s["gebied"] for s in series]).drop_duplicates()
    places = places[places != CITY].reset_index(drop=True)
    return pd.DataFrame(
        {"gebied": places, "naam": places, "gemeente": CITY, "aandachtswijk": places.map(listed)}
    )
