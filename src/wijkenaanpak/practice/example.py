"""A folder to begin a programme of one's own with: two tables of invented figures, their codebook, and what the programme is.

The country is small and nothing in it is an observation; its one effect is planted, so that who tries it knows what the
reports have to find.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

from wijkenaanpak import SEED, SourceError
from wijkenaanpak.content import write_whole
from wijkenaanpak.programme import FILE

CITIES, EACH, CHOSEN = 16, 15, 10  # gemeenten, areas in each, gemeenten of which areas are chosen
WIJKEN = 2  # chosen areas in each of those
FIRST, START, FULL, LAST = 2010, 2022, 2024, 2026
EFFECT = -2.0  # percentage points, all there from FULL on
PEOPLE = 400  # asked in an area and year
OUTCOME = "overlast"

PROGRAMME = f"""\
# Wat het programma is. Achter een hekje staat uitleg; wat u weglaat, krijgt de waarde die erbij staat.

[namen]                       # zo heet het in de rapporten
aanpak = "het buurtprogramma" # met lidwoord
wijk = "de focuswijk"         # één wijk, met lidwoord (anders: de wijk)
wijken = "focuswijken"        # meer wijken (anders: wijken)
steden = "de steden met een focuswijk" # de gemeenten samen (anders: de steden samen)

[jaren]
start = {START}                  # eerste jaar met geld
eind = {LAST}                   # laatste jaar
vol = {FULL}                    # eerste jaar waarin alles wat gepland was er is (anders: start + 4)
# bekend = {START - 1}               # de keuze van de wijken werd bekend (anders: start - 1)
# gekozen_op = [{START - 3}, {START - 2}]   # de cijfers waarop gekozen kan zijn (anders: start - 3 en start - 2)

# [doel]
# jaren = [10]                # in zoveel jaar naar het gemiddelde van de stad (anders: geen doel in jaren)

[gebieden]
wijken = "gebieden.csv"       # de kolom wijk zegt welke gebieden de aanpak kregen

# [vragen.veiligheid]         # per vraag: andere jaren, of een andere hoofduitkomst
# van = {START - 1}
# tot = {LAST}
# uitkomst = "{OUTCOME}"
"""
READ_ME = f"""\
Dit is een begin van een eigen programma, met verzonnen cijfers.

  {FILE}    wat het programma is: namen, jaren, wijken
  gebieden.csv      elk gebied eens: gebied, gemeente, en wijk (leeg als het gebied de aanpak niet kreeg)
  reeksen.csv       de cijfers: gebied, jaar, indicator, waarde, en n (van hoeveel mensen)
  uitkomsten.csv    wat elke indicator is: vraag, label, eenheid, richting (1 hoger is beter, -1 lager is beter), noemer
  OEFENDATA.json    merkt de cijfers als verzonnen: haal dit bestand weg zodra er eigen cijfers in staan

Rapporten: .venv/bin/python -m wijkenaanpak reports --data DEZE_MAP --out UIT
In de verzonnen cijfers is een effect gelegd van {EFFECT:g} procentpunt op {OUTCOME}, geheel vanaf {FULL}.
"""


def write(folder: Path, effect: float = EFFECT, seed: int = SEED) -> None:
    """Write the folder.

    Parameters
    ----------
    folder : Path
        Not there yet, or empty.
    effect : float
        Planted, in percentage points.
    seed : int

    Raises
    ------
    SourceError
        When something is in it.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise SourceError(f"{folder} bestaat al en is niet leeg; kies een nieuwe map.")
    areas, rows = invented(effect, seed)
    book = pd.DataFrame(
        [
            {
                **{"indicator": OUTCOME, "vraag": "veiligheid", "label": "Vaak overlast in de buurt"},
                **{"eenheid": "%", "richting": -1, "noemer": "ondervraagde bewoners"},
                **{"definitie": "Bewoners die vaak overlast hebben.", "bron": "verzonnen"},
            }
        ]
    )
    for name, table in {"gebieden": areas, "reeksen": rows, "uitkomsten": book}.items():
        text = io.StringIO()
        table.to_csv(text, index=False, lineterminator="\n")
        write_whole(folder / f"{name}.csv", text.getvalue())
    write_whole(folder / "OEFENDATA.json", json.dumps({"seed": seed, "planted": {OUTCOME: effect}}) + "\n")
    write_whole(folder / "LEESMIJ.txt", READ_ME)
    write_whole(folder / FILE, PROGRAMME)


def invented(effect: float = EFFECT, seed: int = SEED) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invent a country of which the weakest areas of some cities were chosen on figures with chance in them.

    Returns
    -------
    (DataFrame, DataFrame)
        gebied, gemeente, wijk (missing when not chosen); and gebied, jaar, indicator, waarde (%), n.
    """
    rng = np.random.default_rng(seed)
    years = np.arange(FIRST, LAST + 1)
    city = np.repeat([f"Stad {chr(65 + i)}" for i in range(CITIES)], EACH)
    name = [f"{c[-1]}-{i % EACH + 1:02}" for i, c in enumerate(city)]
    level = 20 + np.repeat(rng.normal(0, 2, CITIES), EACH) + rng.normal(0, 3, len(city))
    luck = rng.normal(0, 0.8, (len(city), len(years)))
    shared = np.repeat(rng.normal(0, 0.3, (CITIES, len(years))), EACH, axis=0)
    value = level[:, None] - 0.1 * (years - FIRST) + luck + shared
    seen = value[:, (years == START - 3) | (years == START - 2)].mean(axis=1)
    chosen = np.zeros(len(city), bool)
    for c in range(CHOSEN):
        own = np.arange(c * EACH, (c + 1) * EACH)
        chosen[own[np.argsort(-seen[own])[:WIJKEN]]] = True
    value += effect * np.clip((years - START + 1) / (FULL - START + 1), 0, 1) * chosen[:, None]
    areas = pd.DataFrame({"gebied": name, "gemeente": city})
    areas["wijk"] = areas["gebied"].where(chosen)
    rows = areas[["gebied"]].merge(pd.DataFrame({"jaar": years}), how="cross").assign(indicator=OUTCOME)
    return areas, rows.assign(waarde=value.clip(1, 60).round(1).ravel(), n=PEOPLE)
