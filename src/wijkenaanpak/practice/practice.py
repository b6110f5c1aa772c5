"""The forms of the practice panel, filled in: invented ledgers, surveys and flows that fit its areas.

Everything here is drawn at random around plain assumptions; nothing is an observation. The wijken, cities and
sizes are those of the practice panel (``simulate``), so that a report shows every instrument at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wijkenaanpak import RAW
from wijkenaanpak.instruments.budgets import CRITERIA
from wijkenaanpak.instruments.practices import PRACTICE
from wijkenaanpak.practice.country import World
from wijkenaanpak.sources import forms

# The 18 indicators behind the selection under the four themes they were grouped in (Kamerstuk 30995, nr. 66).
THEMES = {
    "sociaal-economisch": [
        "huishoudinkomen", "laag_inkomen", "werkenden", "nww", "bijstand_lang", "havovwo", "vsv",
    ],
    "woningvoorraad": ["kleine_woningen", "bouwjaar_voor_1970", "woz", "lage_kwaliteit"],
    "fysieke problemen": ["bekladding", "vernieling", "vervuiling"],
    "sociale problemen": ["onveiligheidsgevoel", "slachtofferschap", "rapportcijfer", "verwachting"],
}  # fmt: skip
GOALS = [  # theme, goal, unit, begin, target: below the begin when less is better
    ("werk", "Minder werkzoekenden", "% van 15 tot 65 jaar", 11.0, 7.5),
    ("wonen", "Meer koopwoningen", "% van de woningen", 22.0, 35.0),
    ("leren", "Minder schooluitval", "% van de leerlingen", 7.5, 4.0),
    ("veiligheid", "Minder onveiligheidsgevoel", "% van de bewoners", 38.0, 28.0),
    ("leefbaarheid", "Hoger rapportcijfer", "rapportcijfer", 6.1, 6.9),
]
ACTIONS = [
    ("werk", "Leerwerkplekken", "plekken", 60),
    ("wonen", "Woningen opgeknapt", "woningen", 240),
    ("leren", "Plaatsen in de voorschool", "plaatsen", 45),
    ("veiligheid", "Toezichthouders", "voltijdbanen", 6),
    ("leefbaarheid", "Speelplekken", "plekken", 5),
    ("leefbaarheid", "Portiekgesprekken", "gesprekken", 150),
]
HEALTH = {"Matige of slechte gezondheid": (29.0, 27.0, 19.0), "Roken": (36.0, 34.5, 27.0)}
ITEMS = {"Informatie": 1, "Invloed op het plan": 2, "Uitvoering door bewoners": 2, "Bewonersbudget": 1}
QUESTIONS = {"De buurt is vooruitgegaan": (34.0, 24.0), "De buurt gaat vooruit": (31.0, 19.0)}


def fill(world: World, values: Mapping[str, Any], seed: int, years: np.ndarray) -> dict[str, pd.DataFrame]:
    """Fill in every form for the wijken of a practice panel.

    Parameters
    ----------
    world : World
    values : mapping of str to array
        Measured values, PC4 x years, by indicator.
    seed : int
    years : array of int

    Returns
    -------
    dict of str to DataFrame
        By name of the form, with its columns; the same seed gives the same figures.
    """
    wijken = sorted(set(world.wijk) - {""})
    start, chosen = (int(np.flatnonzero(years == year)[0]) for year in (2007, 2006))

    def total(kind: str, wijk: str) -> int:
        return int(world.n[kind][world.wijk == wijk, start].sum())

    size = {w: (total("inw", w), total("won", w)) for w in wijken}
    makers = (
        _charters, _output, _scale, _health, _card, _budget, _practices, _costs, _bonds, _monthly, _flows, _schools,
        _safety, _moves, _survey, _applications,
    )  # fmt: skip
    found = {"achterstandsindicatoren": _indicators(world, values, chosen)}
    for i, make in enumerate(makers):
        name, rows = make(np.random.default_rng([seed, 9, i]), size)
        found[name] = pd.DataFrame(rows, columns=list(forms.columns(name).index))
    return found


def write(folder: Path, filled: Mapping[str, pd.DataFrame]) -> None:
    """Write the forms as CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in filled.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def example(filled: Mapping[str, pd.DataFrame], city: str = "Utrecht") -> dict[str, pd.DataFrame]:
    """Return of each form as much as shows how it is filled in: one city, or the first rows of what has no area."""
    shown = {}
    for name, frame in filled.items():
        if "gebied" in frame:
            own = frame["gebied"].str.split("/").str[0]
            frame = frame[own == (city if (own == city).any() else "Nederland")]
        elif "pc4" in frame:
            frame = frame[frame["pc4"].isin(frame["pc4"].unique()[:2])]
        shown[name] = frame.head(36)
    return shown


Size = dict[str, tuple[int, int]]
Rows = tuple[str, list[tuple[Any, ...]]]


def _indicators(world: World, values: Mapping[str, Any], at: int) -> pd.DataFrame:
    book = pd.read_csv(RAW / "indicatoren.csv", usecols=["indicator", "direction"])
    good = set(book.loc[book["direction"] > 0, "indicator"])
    parts = []
    for theme, names in THEMES.items():
        for name in names:
            measured = values[name][:, at]
            known = np.where(np.isnan(measured), np.nanmean(measured), measured).round(4)
            direction = -1 if name in good else 1
            about = {"indicator": name, "thema": theme, "richting": direction}
            parts.append(pd.DataFrame({"pc4": world.code, **about, "waarde": known}))
    return pd.concat(parts, ignore_index=True)


def _charters(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    for wijk in size:
        for theme, goal, unit, begin, target in GOALS:
            way = float(np.clip(rng.normal(0.42, 0.3), -0.3, 1.2))
            start = begin * rng.normal(1, 0.06)
            goal_value = start + (target - begin)
            promised = int(rng.integers(4, 16))
            done = int(rng.binomial(promised, 0.85))
            done = promised if rng.random() < 0.4 else done
            now = round(start + way * (goal_value - start), 1)
            numbers = (round(start, 1), round(goal_value, 1), now, 2007, 2017, 2012)
            rows.append((wijk, goal, theme, unit, *numbers, promised, done))
    return "charters", rows


def _output(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    for wijk, (people, _) in size.items():
        for theme, action, unit, usual in ACTIONS:
            planned = max(1, round(usual * people / 12_000 * rng.lognormal(0, 0.3)))
            done = round(planned * min(1.3, rng.normal(0.88, 0.2)))
            euro = round(planned * rng.lognormal(np.log(9_000), 0.6), -2)
            rows.append((wijk, action, theme, planned, max(0, done), unit, euro))
    return "output", rows


def _scale(rng: np.random.Generator, size: Size) -> Rows:
    return "schaal", [(wijk, 2007, people, homes) for wijk, (people, homes) in size.items()]


def _health(rng: np.random.Generator, size: Size) -> Rows:
    groups = ("aandachtswijken", "vergelijkbare wijken", "rest van Nederland")
    rows = []
    for outcome, levels in HEALTH.items():
        for group, level, n in zip(groups, levels, (1_500, 3_000, 20_000), strict=True):
            for year in range(2002, 2015):
                share = level - 0.15 * (year - 2002)
                seen = 100 * rng.binomial(n, share / 100) / n
                rows.append((group, outcome, year, round(seen, 2), n))
    return "gezondheid", rows


def _card(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    for city in sorted({w.split("/")[0] for w in size}):
        level = rng.normal(5.4, 0.7)
        for year, more in ((2008, 0.0), (2009, 0.8)):
            for item, weight in ITEMS.items():
                grade = float(np.clip(level + more + rng.normal(0, 0.5), 1, 10))
                rows.append((city, year, item, weight, round(grade, 1)))
    return "kwaliteitskaart", rows


def _budget(rng: np.random.Generator, size: Size) -> Rows:
    total = {2008: 10e6, 2009: 15e6, 2010: 15e6, 2011: 15e6}  # Voortgangsrapportage 2010, for the 40 together
    people = sum(p for p, _ in size.values())
    rows = []
    for wijk, (own, _) in size.items():
        for year, amount in total.items():
            budget = round(amount * own / people, -2)
            given = round(budget * min(1.0, rng.beta(8, 1.5)), -2)
            rows.append((wijk, year, budget, given, int(rng.poisson(given / 4_000)), own))
    return "bewonersbudget", rows


def _practices(rng: np.random.Generator, size: Size) -> Rows:
    names = ("Wijkcoaches", "Achter de voordeur", "Buurtbemiddeling", "Brede school", "Buurtonderneming")
    rows = []
    for city in sorted({w.split("/")[0] for w in size}):
        for name in rng.permutation(names)[:3]:
            true = rng.random(len(PRACTICE) + 1) < (0.8, 0.35, 0.7, 0.6, 0.4)
            for rater in ("beoordelaar 1", "beoordelaar 2", "beoordelaar 3"):
                seen = np.where(rng.random(5) < 0.88, true, ~true).astype(int)
                rows.append((city, f"{name} ({city})", rater, *seen))
    return "praktijken", rows


def _costs(rng: np.random.Generator, size: Size) -> Rows:
    # 216 million of the state and 1 billion of housing associations in 2008-2011 (Gerritsen c.s. 2017)
    rows = [
        ("Nederland", "Rijksbijdrage", "Rijk", "", -54e6, 2008, 2011),
        ("Nederland", "Extra inspanning van corporaties", "corporaties", "", -250e6, 2008, 2011),
    ]
    people = sum(p for p, _ in size.values())
    workers, homes = 0.67 * people, sum(h for _, h in size.values())
    rows += [
        ("Nederland", "Minder uitkeringen (oefenkengetal 12.000 euro per jaar)", "Rijk", "nww", -0.01 * workers * 6_000, 2012, 2021),
        ("Nederland", "Minder uitkeringen (oefenkengetal 12.000 euro per jaar)", "gemeenten", "nww", -0.01 * workers * 6_000, 2012, 2021),
        ("Nederland", "Minder schooluitval (oefenkengetal 18.000 euro)", "Rijk", "vsv", -0.01 * 0.095 * people * 18_000, 2012, 2012),
        ("Nederland", "Waardestijging van woningen (oefenkengetal)", "eigenaren", "verkoopprijs", 0.01 * homes * 170_000, 2012, 2012),
    ]  # fmt: skip
    return "mkba", [(*r[:4], round(r[4], -2), *r[5:]) for r in rows]


def _bonds(rng: np.random.Generator, size: Size) -> Rows:
    return "obligaties", [
        ("Nederland", "Werkobligatie (oefening)", "nww", 2_000_000, 4, 5),
        ("Nederland", "Woonobligatie (oefening)", "verkoopprijs", 5_000_000, 3, 5),
    ]


def _monthly(rng: np.random.Generator, size: Size) -> Rows:
    months = [f"{y}-{m:02d}" for y in range(2005, 2013) for m in range(1, 13)]
    time = np.arange(len(months)) / 12
    # falling until the crisis reached the labour market, in 2009 (schematic)
    cycle = np.where(time < 4, -0.12 * time, -0.48 + 0.14 * (time - 4)) + 0.03 * np.cos(2 * np.pi * time)
    areas: dict[str, tuple[float, float]] = {w: (0.67 * p, 0.115) for w, (p, _) in size.items()}
    for city in sorted({w.split("/")[0] for w in size}):
        areas[city] = (6.0 * sum(v[0] for w, v in areas.items() if w.startswith(f"{city}/")), 0.075)
    areas["Nederland"] = (11_000_000, 0.055)
    rows = []
    for area, (people, level) in areas.items():
        noise = np.zeros(len(months))
        for t in range(1, len(months)):
            noise[t] = 0.8 * noise[t - 1] + 0.012 * rng.standard_normal()
        count = rng.poisson(people * level * np.exp(cycle + noise))
        rows += [(area, m, int(c), round(people)) for m, c in zip(months, count, strict=True)]
    return "nww_maand", rows


def _flows(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    areas = {w: (0.46 * p, 22_000.0) for w, (p, _) in size.items()}
    for city in sorted({w.split("/")[0] for w in size}):
        areas[city] = (5.0 * sum(v[0] for w, v in areas.items() if w.startswith(f"{city}/")), 29_000.0)
    for area, (homes, income) in areas.items():
        income *= rng.normal(1, 0.05)
        stay, go, come = (int(homes * share) for share in (0.62, 0.38, 0.40))
        out, into = income * rng.normal(1.1, 0.03), income * rng.normal(1.0, 0.03)
        rows += [
            (area, 2007, 2012, "blijvers", stay, round(income), round(income * rng.normal(1.09, 0.02)), 9_000),
            (area, 2007, 2012, "instroom", come, None, round(into * 1.07), 9_500),
            (area, 2007, 2012, "uitstroom", go, round(out), None, 11_000),
        ]  # fmt: skip
    return "stromen", rows


def _schools(rng: np.random.Generator, size: Size) -> Rows:
    # together those of the Voortgangsrapportage 2010: 159 of 249 primary, 28 of 70 secondary schools
    rows = []
    for kind, schools, wide in (("basis", 249, 159), ("voortgezet", 70, 28)):
        weight = np.array([p for p, _ in size.values()], float)
        number = np.maximum(1, np.floor(schools * weight / weight.sum())).astype(int)
        while number.sum() != schools:
            step = np.sign(schools - number.sum())
            number[rng.choice(np.flatnonzero(number > (1 if step < 0 else 0)))] += step
        chosen = rng.permutation(np.repeat(np.arange(len(number)), number))[:wide]
        count = np.bincount(chosen, minlength=len(number))
        rows += [(w, 2009, kind, int(n), int(k)) for w, n, k in zip(size, number, count, strict=True)]
        rows.append(("Nederland", 2009, kind, *((7000, 1680) if kind == "basis" else (650, 215))))
    return "brede_scholen", rows


def _safety(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    for wijk, (people, _) in size.items():
        promised = max(1, round(people / 4_000))
        for year, part in ((2008, 0.35), (2009, 0.65), (2011, 0.95)):
            rows.append((wijk, "wijkagenten", year, promised, int(rng.binomial(promised, part)), people))
    rows += [("Nederland", "wijkagenten", y, 500, n, 16_485_787) for y, n in ((2008, 118), (2009, 319))]
    rows.append(("Nederland", "gebiedsscans", 2009, 25, 12, 16_485_787))
    return "veiligheidsmiddelen", rows


def _moves(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    for wijk, (people, _) in size.items():
        for to, share, receivers in (
            ("aangrenzend", 0.03, 3.0),
            ("rest van de stad", 0.05, 12.0),
            ("rest van de regio", 0.02, 40.0),
        ):
            moved = int(rng.poisson(people * share))
            out_of_work = int(rng.binomial(moved, 0.1))
            rows.append((wijk, 2009, to, moved, out_of_work, int(people * receivers)))
    return "verhuizingen", rows


def _survey(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    cities = sorted({w.split("/")[0] for w in size})
    areas = dict.fromkeys(size, (350, 0.0)) | dict.fromkeys(cities, (1_500, -4.0))
    for area, (n, shift) in areas.items():
        for question, (better, worse) in QUESTIONS.items():
            for wave, year in enumerate((2008, 2010, 2012)):
                up = float(np.clip(better + shift + 1.5 * wave + rng.normal(0, 2.5), 1, 80))
                down = float(np.clip(worse - wave + rng.normal(0, 2.0), 1, 60))
                rows.append((area, year, question, round(up, 1), round(down, 1), n, 1.3))
    return "enquete", rows


def _applications(rng: np.random.Generator, size: Size) -> Rows:
    rows = []
    for tranche, count in ((1, 26), (2, 40)):
        for i in range(count):
            g31 = int(rng.random() < (0.95 if tranche == 1 else 0.2))
            has = int(g31 and rng.random() < 0.25)
            marks = np.clip(rng.normal(6.2, 1.2) + rng.normal(0, 0.7, len(CRITERIA)), 1, 10).round(1)
            amount = 2.0 if tranche == 1 else float(rng.choice([0.8, 1.2, 1.6]))
            rows.append(
                (tranche, f"Oefengemeente {tranche}{i:02d}", f"Wijk {i + 1}", *marks, amount, g31, has)
            )
    return "aanvragen_40plus", rows
