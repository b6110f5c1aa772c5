"""The index: the national picture, a map of the wijken, every area by every question, and the ledger of claims."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wijkenaanpak.claims import claims
from wijkenaanpak.dutch import UNKNOWN, VERDICTS, in_unit, number, verdict, with_interval
from wijkenaanpak.effects.inference import holm
from wijkenaanpak.pages import english
from wijkenaanpak.pages.html import Html, beyond_checking, claims_list, table, verdict_tag
from wijkenaanpak.pages.known import known_findings, series_there
from wijkenaanpak.pages.pages import render, template_text
from wijkenaanpak.programme import Programme, slug
from wijkenaanpak.questions import OVERVIEW, names, questions

# The rows of results.csv that the index shows.
SHOWN = re.compile(
    r",(?:target_verdict|effect_verdict),|,gap_change,beschrijvend,rest_stad,"
    r"|,Nederland,\w*,(?:effect|effect_p|gap_closed|gap),"
)
CELL = ["question", "gebied"]
FEWEST = 20  # verdicts: fewer are a part of a run, and say nothing of all
WIDE, HIGH = 64, 10  # of the drawn margin in a cell


def index_page(
    results: str,
    total: int,
    failed: list[str],
    pages: set[str],
    postcodes: Mapping[str, Sequence[str]],
    of: Programme,
    labels: Mapping[str, str],
) -> str:
    """Render the index.

    Parameters
    ----------
    results : str
        The rows of results.csv that match ``SHOWN``, as CSV with a header.
    total : int
        How many rows results.csv has.
    failed : list of str
        Reports that failed in this run.
    pages : set of str
        Addresses of the reports that exist; only these are linked.
    postcodes : mapping of str to sequence of str
        Of the wijken, to search by.
    of : Programme
    labels : mapping of str to str
        Name of every outcome.
    """
    rows = pd.read_csv(io.StringIO(results), dtype={"period": str})
    rows = rows[rows["question"] != OVERVIEW]  # the overview repeats what the five reports hold
    practice = bool((rows["status"] == "simulated").any())
    found = _found(rows)
    ledger = claims.ledger()
    national = _national(rows, found, pages, labels)
    asked = questions()
    areas = [_area(gebied, found, pages, postcodes, of) for gebied in _ordered(of)]
    return render(
        "overzicht.html.j2",
        css="overzicht.css",
        oefendata=practice,
        titel=f"{of.name} nagerekend: alle rapporten",
        programma=of,
        script=template_text("overzicht.js"),
        bekend=known_findings() if practice and of.main else "",
        herkomst=series_there(rows),
        mislukt=failed,
        antwoord=_answer(found, national, of),
        landelijk=national,
        kop=_headline(national),
        effecten=_national_effects(rows, of, labels),
        vragen=[(v, _unit_of(v, found)) for v in asked],
        gekozen=_opened(found, asked),
        compleet=len(of.areas) * len(names()),
        steden=[row for row in areas if row["stad"] and row["gebied"] != "Nederland"],
        woorden=[*VERDICTS["target_verdict"].values(), UNKNOWN["target_verdict"]],
        rijen=areas,
        toeval=_by_chance(found),
        uitspraken=f"Onderzocht zijn {len(ledger)} uitspraken over {of.aanpak}. {beyond_checking(ledger)}",
        telling=table(
            claims.summary(ledger).rename_axis("vraag").reset_index(),
            "Uitspraken naar vraag en oordeel (echt: uit documenten)",
        ),
        lijst=claims_list(ledger),
        engels=english.summary(rows, practice, of, labels),
        aantal=number(total, 0),
        rapporten=len(pages),
    )


def _found(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out what each report found on the gap: question, gebied, indicator, sign, word, effect, estimate, lower, upper, unit, period."""
    target = rows[rows["measure"] == "target_verdict"].drop_duplicates(CELL)
    target = target[[*CELL, "indicator", "estimate"]].rename(columns={"estimate": "sign"})
    changes = rows[
        (rows["measure"] == "gap_change")
        & (rows["reference"] == "rest_stad")
        & (rows["method"] == "beschrijvend")
    ]
    changes = changes[[*CELL, "indicator", "estimate", "lower", "upper", "unit", "period"]]
    effects = rows[rows["measure"] == "effect_verdict"].drop_duplicates(CELL)
    effects = effects[[*CELL, "estimate"]].rename(columns={"estimate": "judged"})
    found = target.merge(changes, "left", [*CELL, "indicator"]).merge(effects, "left", CELL)
    found["word"] = [verdict("target_verdict", sign) for sign in found["sign"]]
    found["effect"] = [verdict("effect_verdict", sign) for sign in found["judged"]]
    return found


def _opened(found: pd.DataFrame, asked: Sequence[str]) -> str:
    """Choose the question that the map opens on: the one with most verdicts on wijken, or else on any area; the last one of equals."""
    counts = (_wijken(found)["question"].value_counts(), found["question"].value_counts())
    return max(asked, key=lambda v: (*(int(count.get(v, 0)) for count in counts), asked.index(v)))


def _ordered(of: Programme) -> list[str]:
    """Put each wijk under its gemeente."""
    return sorted(of.areas, key=lambda g: ("" if g == "Nederland" else g.split("/", 1)[0], g))


def _candidates(of: Programme) -> set[str]:
    """Name the wijken whose postcodes stand on no official list."""
    return {row["area"] for row in of.listed if row.get("pc4_established") == "0"}


def _area(
    gebied: str,
    found: pd.DataFrame,
    pages: set[str],
    postcodes: Mapping[str, Sequence[str]],
    of: Programme,
) -> dict[str, Any]:
    own = f"{OVERVIEW}/{slug(gebied)}.html"
    cells = [_cell(vraag, gebied, found, pages) for vraag in questions()]
    known = [own, *(cell["adres"] for cell in cells if cell)]
    city, _, wijk = gebied.partition("/")
    pc4 = [code for name, codes in postcodes.items() if f"{name}/".startswith(f"{gebied}/") for code in codes]
    return {
        "gebied": gebied, "naam": wijk or city, "gemeente": city, "stad": not wijk, "cellen": cells,
        "adres": next((page for page in known if page in pages), ""), "kandidaat": gebied in _candidates(of),
        "pc4": " ".join(pc4), "plek": slug(city),
        "kort": "; ".join(f"{cell['vraag']} {cell['woord']}" for cell in cells if cell),
    }  # fmt: skip


def _cell(vraag: str, gebied: str, found: pd.DataFrame, pages: set[str]) -> dict[str, Any] | None:
    """Lay out one report of the matrix; None when it is not there."""
    address = f"{vraag}/{slug(gebied)}.html"
    if address not in pages:
        return None
    mine = found[(found["question"] == vraag) & (found["gebied"] == gebied)]
    row = mine.iloc[0] if len(mine) else None
    word = UNKNOWN["target_verdict"] if row is None else row["word"]
    cell = {
        "adres": address,
        "sleutel": vraag,
        "vraag": vraag.capitalize(),
        "woord": word,
        "teken": verdict_tag(word),
    }
    cell |= {"getal": "", "marge": "", "waarde": None, "effect": "", "streep": ""}
    if row is not None and pd.notna(row["estimate"]):
        numbers = row["estimate"], row["lower"], row["upper"]
        shown = with_interval(*numbers, row["unit"], sign=True)
        cell["getal"], _, margin = shown.partition(" (")
        cell |= {"waarde": row["estimate"], "marge": margin.removesuffix(")"), "eenheid": row["unit"]}
        cell["streep"] = _strip(numbers, _reach(vraag, found))
    if row is not None:
        cell["effect"] = row["effect"]
    return cell


def _reach(vraag: str, found: pd.DataFrame) -> float:
    """Return how far the scale of a question reaches to both sides: nine of ten margins fit on it."""
    bounds = found.loc[found["question"] == vraag, ["estimate", "lower", "upper"]].abs().max(axis=1).dropna()
    return float(bounds.quantile(0.9)) or 1.0


def _strip(numbers: tuple[float, float, float], reach: float) -> Html:
    """Draw a number with its margin around zero, as paths of an SVG of WIDE by HIGH."""
    middle, low, high = (WIDE / 2 * (1 + float(np.clip(x / reach, -1, 1))) for x in numbers)
    line = f"M{low:.0f} 5H{high:.0f}" if np.isfinite(low + high) else ""
    return Html(f'<path d="M32 0V10"/><path class="m" d="{line}"/><circle cx="{middle:.0f}" cy="5" r="2.6"/>')


def _unit_of(vraag: str, found: pd.DataFrame) -> str:
    """Return the unit of a question's changes; empty when reports differ or have none."""
    units = set(found.loc[found["question"] == vraag, "unit"].dropna())
    return units.pop() if len(units) == 1 else ""


# ---- the national picture ------------------------------------------------------------------------


def _national(
    rows: pd.DataFrame, found: pd.DataFrame, pages: set[str], labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """List the main outcome of each question: the part of the gap that closed, drawn and written, and both verdicts."""
    closed = rows[
        (rows["measure"] == "gap_closed")
        & (rows["gebied"] == "Nederland")
        & (rows["reference"] == "rest_stad")
    ].set_index(["question", "indicator"])
    lines = []
    here = found[(found["gebied"] == "Nederland") & found["estimate"].notna()]
    for _, row in here.sort_values("question", key=lambda q: q.map(questions().index)).iterrows():
        line = {
            "vraag": row["question"].capitalize(), "uitkomst": labels[row["indicator"]], "woord": row["word"],
            "adres": a if (a := f"{row['question']}/nederland.html") in pages else "",
            "doel": verdict_tag(row["word"]), "effect": verdict_tag(row["effect"]), "oordeel": row["effect"],
            "jaren": row["period"].replace("-", "\u2060–\u2060"),
            "verandering": f"{with_interval(row['estimate'], row['lower'], row['upper'], row['unit'], True)} {row['unit']}",
            "deel": "", "balk": "",
        }  # fmt: skip
        key = (row["question"], row["indicator"])
        if (
            key in closed.index
            and np.isfinite(closed.loc[key, ["estimate", "lower", "upper"]].astype(float)).all()
        ):
            numbers = closed.loc[key, "estimate"], closed.loc[key, "lower"], closed.loc[key, "upper"]
            at, low, high = (float(np.clip(x, -25, 125)) + 25 for x in numbers)
            line["deel"], line["marge"] = (
                f"{in_unit(numbers[0], '%')}%",
                f"{in_unit(numbers[1], '%')} tot {in_unit(numbers[2], '%')}",
            )
            line["balk"] = Html(f'<path d="M{low:.0f} 7H{high:.0f}"/><circle cx="{at:.0f}" cy="7" r="4"/>')
        lines.append(line)
    return lines


def _headline(national: list[dict[str, Any]]) -> str:
    """Say in one line what the national chart shows."""
    smaller = sum(line["woord"] == "kleiner" for line in national)
    if len(national) == 1:
        which = f"bij {national[0]['vraag'].lower()} {'' if smaller else 'niet '}aantoonbaar"
    elif smaller == len(national):
        which = f"bij alle {smaller} vragen aantoonbaar"
    else:
        which = f"bij {smaller or 'geen'} van de {len(national)} vragen aantoonbaar"
    return f"Landelijk werd de achterstand {which} kleiner"


def _national_effects(rows: pd.DataFrame, of: Programme, labels: Mapping[str, str]) -> str:
    """Show the national effect on the main outcome of each question, with p-values for their number."""
    here = rows[rows["gebied"] == "Nederland"]
    p = here[here["measure"] == "effect_p"].drop_duplicates("question")
    if not len(p):
        return ""
    effects = here[(here["measure"] == "effect") & (here["method"] == "landelijk")]
    verdicts = here[here["measure"] == "effect_verdict"].set_index("question")["estimate"]
    lines = p.merge(effects, on=["question", "reference"], suffixes=("_p", ""))
    shown = pd.DataFrame(
        {
            "vraag": lines["question"].str.capitalize(),
            "uitkomst": lines["indicator"].map(labels),
            "effect (95%-marge)": [
                f"{with_interval(row['estimate'], row['lower'], row['upper'], row['unit'], True)} {row['unit']}"
                for _, row in lines.iterrows()
            ],
            "p": [in_unit(value, "p-waarde") for value in lines["estimate_p"]],
            "p, Holm": [in_unit(value, "p-waarde") for value in holm(lines["estimate_p"].to_numpy(float))],
            "oordeel": [verdict("effect_verdict", verdicts[q]) for q in lines["question"]],
        }
    )
    practice = " (oefendata)" if (here["status"] == "simulated").any() else ""
    caption = (
        f"Het effect van {of.aanpak}, landelijk, op de hoofduitkomst van elke vraag{practice}. p: CR2 per gemeente; Holm: "
        f"gecorrigeerd voor {len(lines)} vragen. Plus is een hogere uitkomst."
    )
    return table(shown, caption)


# ---- sentences -----------------------------------------------------------------------------------


def _wijken(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["gebied"].str.contains("/") & found["sign"].notna()]


def _answer(found: pd.DataFrame, national: list[dict[str, Any]], of: Programme) -> list[str]:
    """Say in short sentences what happened, in the country and in the wijken, and whether the programme did it."""
    if not len(found):
        return ["Er zijn nog geen rapporten met een reeks."]
    sentences = []
    known = _wijken(found)["word"]
    if len(known) >= FEWEST:
        smaller, larger = (int((known == word).sum()) for word in ("kleiner", "groter"))
        open_ = len(known) - smaller - larger
        sentences.append(
            f"Per wijk en per vraag ({len(known)} {'rapport' if len(known) == 1 else 'rapporten'}): {smaller} keer kleiner, {larger} keer groter, en {open_} keer niet vast te stellen."
        )
    if not national:
        sentences.append(
            "Hier staat geen landelijk rapport met een reeks bij. Elk rapport over een wijk of stad zegt zelf wat daar gebeurde."
        )
    told = [line["vraag"].lower() for line in national if line["oordeel"] == "gunstig"]
    if any(line["oordeel"] in VERDICTS["effect_verdict"].values() for line in national):
        listed = " en ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))
        sentences.append(
            f"Een gunstig effect van {of.aanpak} zelf is landelijk te zien bij {listed}."
            if told
            else f"Een gunstig effect van {of.aanpak} zelf is landelijk niet vast te stellen."
        )
    return sentences


def _by_chance(found: pd.DataFrame) -> str:
    """Say how many verdicts would be firm if nothing changed."""
    known = len(_wijken(found))
    if known < FEWEST:
        return ""
    chance = number(0.05 * known, 0)
    return f"Ook als er niets veranderde, zouden van {known} oordelen met 95%-marges er zo'n {chance} toch kleiner of groter heten."
