"""The sentences that reports share, in Dutch a reader of a municipal memo can follow.

Every function takes a :class:`helpers.report.Report` and what a section computed; it returns text, or what a cell shows. Numbers
in it are stated (:meth:`helpers.report.Report.state`), so that they link to their rows.
"""

from __future__ import annotations

import hashlib
import html as escaping
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display

from helpers import effect, measures
from helpers.effect import NAMES, VERDICTS
from helpers.report import Report
from helpers.state import Stated
from wijkenaanpak.claims import tested
from wijkenaanpak.dutch import in_unit, many, number, p_text, with_interval
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.measures import MEASURES
from wijkenaanpak.pages import html
from wijkenaanpak.pages.html import Html
from wijkenaanpak.programme import slug
from wijkenaanpak.questions import OVERVIEW
from wijkenaanpak.results import RESULTS_MIME
from wijkenaanpak.sources import facts, forms

PACKAGES = ("pandas", "scipy", "geopandas", "matplotlib", "papermill")  # that a page names
version = cache(metadata.version)
TEN = {10: "tien"}  # as a word, where a sentence has room for it


# ---- words ---------------------------------------------------------------------------------------


def join_and(names: Iterable[str]) -> str:
    """Join names with commas and "en" before the last.

    Examples
    --------
    >>> join_and(["werk", "wonen", "leren"])
    'werk, wonen en leren'
    """
    *first, last = list(names)
    return f"{', '.join(first)} en {last}" if first else last


def some(numbers: list[int]) -> str:
    """Write one number, or "the first tot the last"."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} tot {numbers[-1]}"


def capital(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]


def years_of(years: list[int]) -> str:
    """Write the years of a series: "2006 tot en met 2018, elk jaar" or each of them.

    Examples
    --------
    >>> years_of([2006, 2007, 2008]), years_of([2008, 2012])
    ('2006 tot en met 2008, elk jaar', '2008, 2012')
    """
    if len(years) > 2 and years == list(range(years[0], years[-1] + 1)):
        return f"{years[0]} tot en met {years[-1]}, elk jaar"
    return ", ".join(map(str, years))


def term(r: Report) -> str:
    """Write how long the target allows at most: "tien jaar"; empty without a target."""
    years = max(r.programme.horizons, default=0)
    return f"{TEN.get(years, str(years))} jaar" if years else ""


def tag(verdict: str) -> Html:
    """Write a verdict in its colour; the word carries the meaning."""
    return html.verdict_tag(verdict)


def link(r: Report, question: str, section: str = "") -> Html:
    """Link to the report of the same area on one question."""
    return Html(f'<a href="../{question}/{slug(r.gebied)}.html{section}">{question.capitalize()}</a>')


def labels() -> pd.Series:
    """Return the name of every outcome and characteristic of the project's codebook, by indicator."""
    return pd.Series(dict(facts.labels()))


# ---- head and answer -------------------------------------------------------------------------------


def header(r: Report) -> Html:
    """Write the title of the page, and the warning on practice data."""
    warning = (
        '<div class="let-op"><p><strong>Oefendata.</strong> Gesimuleerde reeksen: zij zeggen niets over het werkelijke gebied. '
        f"{'De uitspraken uit documenten zijn wel echt.' if r.programme.main else ''}</p></div>"
        if r.simulated
        else ""
    )
    place = escaping.escape(r.gebied.replace("/", ", ", 1))
    return Html(f'<h1><span class="gebied">{place}: </span>{escaping.escape(r.title)}</h1>{warning}')


def about(r: Report, lines: dict[str, str] | None = None) -> Html:
    """Write the key facts of a page: area, period, outcome (or its own `lines`), data, list and reference."""
    if lines is None:
        period = f"{r.start} tot en met {r.eind}; geen reeks"
        outcome = "geen reeks aanwezig"
        if r.window:
            period = f"{r.window[0]} tot {r.window[1]} (gevraagd: {r.start} tot en met {r.eind})"
            outcome = f"{r.label} ({r.unit})"
            if not r.indicator["primary"]:
                outcome += "; de eigenlijke hoofduitkomst ontbreekt in deze gegevens"
        lines = {"Gebied": r.gebied, "Periode": period, "Hoofduitkomst": outcome}
    items = lines | {
        "Gegevens": "oefendata: gesimuleerd" if r.simulated else "reeksen uit de opgegeven map",
        "Wijkenlijst": f"{r.panel.meta['list']}: {rests_on(r)}",
        "Referentie": f"{r.names[r.referentie]}; alle vier de referenties staan in "
        + ("het rapport" if r.vraag != OVERVIEW else "de rapporten per vraag"),
    }
    rows = "".join(f"<dt>{k}</dt><dd>{escaping.escape(v)}</dd>" for k, v in items.items())
    return Html(f'<dl class="kerngegevens">{rows}</dl>')


def rests_on(r: Report) -> str:
    """Say how many postcode areas in how many wijken, and how certain they are."""
    counts = r.treated()
    if not counts:
        return f"voor dit gebied is niet vastgesteld welke {r.programme.unit}en erbij horen"
    kinds = "; ".join(f"{kind}: {n}" for kind, n in counts.items())
    total = many(sum(counts.values()), r.programme.unit, f"{r.programme.unit}en")
    return f"{total} in {many(len(r.panel.wijken), r.programme.one, r.programme.wijken)} ({kinds})"


def answer(r: Report) -> Html:
    """Answer the question: how large, since when and did it last, did the programme do it; and the caveat that matters most."""
    if r.window is None:
        return answered(r, _unanswered(r))
    row = measures.changes(r).loc[r.referentie]
    sign = {"kleiner": -1.0, "groter": 1.0}.get(row["verdict"], 0.0)
    r.state("target_verdict", sign, reference=r.referentie)
    gaps = measures.gaps(r).query("reference == @r.referentie").set_index("period", drop=False)
    told = [_moved(r, row, gaps), _lasted(r, gaps) if sign else "", brief(r)]
    return answered(r, told, caveat(r) + _other_lists(r))


def _moved(r: Report, row: pd.Series, gaps: pd.DataFrame) -> str:
    """Say how large the gap was and became, and whether that is a change."""
    moved, (first, last) = r.state("gap_change", row), r.window
    ends = [gaps.loc[year, "estimate"] for year in (first, last)]
    shown = [f"{r.state('gap', gaps.loc[year]):size} {r.gap_unit}" for year in (first, last)]
    on, about = f"{r.names['wijk']} op {r.names[r.referentie]}", r.label.replace(": ", ", ")
    if row["verdict"] not in ("kleiner", "groter"):
        went = f"zij ging van {shown[0]} in {first} naar {shown[1]} in {last}"
        if not (np.isfinite(ends) & (np.array(ends) >= 0)).all():
            went = (
                f"{_standing(r, ends[0], shown[0])} in {first}, {_standing(r, ends[1], shown[1])} in {last}"
            )
        return (
            f"{about}: of de achterstand van {on} kleiner of groter werd, is niet vast te stellen: {went}, een verschil van {moved} {r.change_unit}. "
            f"{capital(row['why'])}."
        )
    if min(ends) >= 0:
        return (
            f"{about}: de achterstand van {on} werd {_share_closed(r, row)}{row['verdict']}, van {shown[0]} in {first} naar {shown[1]} in "
            f"{last}. Dat is een verschil van {moved} {r.change_unit}."
        )
    stood = [_standing(r, end, text) for end, text in zip(ends, shown, strict=True)]
    side = "beter" if row["verdict"] == "kleiner" else "slechter"
    return f"{about}: {on} ging van {stood[0]} in {first} naar {stood[1]} in {last}: {side}, met een verschil van {moved} {r.change_unit}."


def _other_lists(r: Report) -> str:
    """Say what the headline is with the candidates of the list, and of those alone; empty when the list has none."""
    lists = measures.list_gaps(r)
    if len(lists) < 3:
        return ""
    stated = r.state("gap_change", lists)
    sizes = [number(n, 0) if n < 1_000 else "" for n in lists["n"]]  # a weight in people says nothing here
    known, both = (f"{n} " if n else "" for n in sizes[:2])
    return (
        f" Het antwoord gaat over de {known}vastgestelde gebieden. Met de kandidaten erbij ({both}samen) is het verschil {stated[1]}, van de "
        f"kandidaten alleen {stated[2]}."
    )


FRACTIONS = {
    1 / 10: "een tiende", 1 / 8: "een achtste", 1 / 7: "een zevende", 1 / 6: "een zesde", 1 / 5: "een vijfde", 1 / 4: "een kwart",
    1 / 3: "een derde", 2 / 5: "twee vijfde", 1 / 2: "de helft", 3 / 5: "drie vijfde", 2 / 3: "twee derde", 3 / 4: "drie kwart",
}  # fmt: skip


def _share_closed(r: Report, row: pd.Series) -> str:
    """Say which part of the first gap closed, as a fraction people can picture; empty when that is not sure."""
    share = row["closed"] / 100
    if row["verdict"] != "kleiner" or not np.isfinite(row["closed_lower"]) or not 0.08 < share < 0.85:
        return ""
    near = min(FRACTIONS, key=lambda f: abs(np.log(f / share)))
    r.state("gap_closed", measures.part(row.to_frame().T, "closed"), method="Fieller", reference=r.referentie)
    return f"ongeveer {FRACTIONS[near]} "


def _lasted(r: Report, gaps: pd.DataFrame) -> str:
    """Say since when most of a change was there, whether it stayed, and where the gap stood at the last measurement."""
    inside = gaps.loc[r.window[0] : r.window[1], "estimate"].astype(float).dropna()
    told = _timing(r, gaps, inside) if len(inside) > 2 else ""
    after = gaps.loc[r.window[1] + 1 :, "estimate"].astype(float).dropna()
    if not len(after):
        return told
    year = int(after.index[-1])
    now = _standing(r, after[year], f"{r.state('gap', gaps.loc[year]):size} {r.gap_unit}")
    change, later = inside.iloc[-1] - inside.iloc[0], after[year] - inside.iloc[-1]
    if abs(later) < 0.25 * abs(change):
        then = f"In {year} was dat nog zo: {now}."
    else:
        then = f"Daarna {'daalde' if later < 0 else 'steeg'} zij nog: in {year} was er {now}."
    return f"{told} {then}".strip()


def _timing(r: Report, gaps: pd.DataFrame, inside: pd.Series) -> str:
    """Say in a sentence when most of a change happened, with the gap of that year."""
    when, year = monitor.timing(inside)
    at = f"{r.state('gap', gaps.loc[year]):bare} {r.gap_unit}"
    return {
        "weer weg": f"Dat hield niet helemaal stand: het verst was het in {year} ({at}), daarna liep een deel terug.",
        "vroeg": f"Bijna alles gebeurde voor {year} ({at}); daarna, tot {r.window[1]}, veranderde er weinig.",
        "laat": f"Bijna alles gebeurde na {year} (toen {at}).",
        "geleidelijk": "Dat ging geleidelijk.",
    }[when]


def finding(r: Report) -> str:
    """Say in one line what the gap to the chosen reference did: the title of the figure beside the answer."""
    changes = measures.changes(r)
    if r.referentie not in changes.index:
        return r.label
    row = changes.loc[r.referentie]
    if row["verdict"] not in ("kleiner", "groter"):
        return "Of de achterstand veranderde, is niet vast te stellen"
    gaps = measures.gaps(r).query("reference == @r.referentie").set_index("period")["estimate"].astype(float)
    inside = gaps.loc[r.window[0] : r.window[1]].dropna()
    when, year = monitor.timing(inside) if len(inside) > 2 else ("", 0)
    told = {
        "weer weg": f", maar niet blijvend: het verst in {year}",
        "vroeg": f", bijna alles voor {year}",
        "laat": f", bijna alles na {year}",
    }
    return f"De achterstand werd {_share_closed(r, row)}{row['verdict']}{told.get(when, '')}"


def caveat(r: Report) -> str:
    """Say the one thing to know before using the answer: the years, the list, or how the wijken were chosen."""
    if r.timing or r.redefined:
        return " ".join(filter(None, [r.timing, r.redefined]))
    chosen = "De wijken zijn gekozen omdat zij slecht scoorden: een deel van een verbetering komt ook zonder beleid."
    return _not_counted(r) or next(iter(list_doubts(r)), chosen)


def _not_counted(r: Report) -> str:
    """Say which wijken of the country are not counted, because their postcode areas are not known; empty when all are."""
    left = len(r.wijken) - len(r.panel.wijken)
    if not r.national or not left:
        return ""
    known = {wijk.split("/", 1)[0] for wijk in r.panel.wijken}
    missing = [city for city in r.cities if city not in known]
    where = f", waaronder alle in {join_and(missing)}," if missing else ""
    return f"Van {left} van de {len(r.wijken)} wijken{where} zijn de postcodegebieden niet vastgesteld: zij tellen niet mee."


def _unanswered(r: Report) -> list[str]:
    r.state("target_verdict", np.nan, reference=r.referentie)
    ledger = r.ledger
    if not r.programme.main:
        return [f"Deze vraag is met de aanwezige gegevens niet te beantwoorden. {r.reason}"]
    told = (
        f"Wel zijn {(ledger['verdict'] != 'niet na te rekenen').sum()} van de {len(ledger)} gepubliceerde uitspraken hierover na te rekenen; "
        "zie hieronder."
        if len(ledger)
        else "Ook staat er in de vijf brondocumenten geen uitspraak over deze vraag en dit gebied."
    )
    return [f"Deze vraag is met de aanwezige gegevens niet te beantwoorden. {r.reason}", told]


def _standing(r: Report, gap: float, shown: str) -> str:
    """Name a gap by its side; `shown` is its size and unit."""
    if not np.isfinite(gap):
        return "een onbekende positie"
    return f"een {'achterstand' if gap >= 0 else 'voorsprong'} van {shown}"


def answered(r: Report, sentences: list[str], but: str = "") -> Html:
    """Show the answer of a page, and under it what to know before using it."""
    if r.simulated and (r.window is not None or r.vraag == OVERVIEW):
        sentences = [f"Oefendata, geen werkelijke uitkomst. {sentences[0]}", *sentences[1:]]
    text = html.paragraphs(s for s in sentences if s)
    caution = f'<p class="maar"><strong>Let op:</strong> {html.escape(but)}</p>' if but else ""
    return Html(f'<div class="antwoord">{text}{caution}</div>')


def certainty(r: Report) -> Html:
    """Say what the answer's certainty rests on."""
    if r.window is None:
        return html.note(f"Het gebied bestaat uit {rests_on(r)}.")
    changes = measures.changes(r)
    row = changes.loc[r.referentie]
    moved = r.state("gap_change", row)
    others = changes.loc[(changes["verdict"] != row["verdict"]) & changes["estimate"].notna(), "name"]
    margin = (
        "sluit nul uit"
        if moved.sign
        else "laat beide richtingen toe"
        if np.isfinite(row["lower"])
        else "is niet te bepalen"
    )
    return html.bullets(
        [
            *(
                ["De reeksen zijn gesimuleerd: zeker is hier alleen hoe er gerekend wordt."]
                if r.simulated
                else []
            ),
            f"De 95%-marge van de verandering ({moved} {r.change_unit}) {margin}. {shared(r)}",
            f"Ten opzichte van {join_and(others)} is het oordeel anders: de keuze van de referentie doet ertoe."
            if len(others)
            else "Met elke van de vier referenties is het oordeel hetzelfde.",
            f"Het gebied bestaat uit {rests_on(r)}.",
            f"Dit gaat over doelrealisatie, niet over het effect van {r.programme.aanpak}.",
        ]
    )


SHARED = {
    "stad": "gebieden in dezelfde stad hetzelfde overkomt (de stad als groep)",
    "wijk": "gebieden in dezelfde wijk hetzelfde overkomt (de wijk als groep)",
    "conley": "buren hetzelfde overkomt (Conley, tot drie stappen op de kaart; dat geeft hier een bredere marge dan de stad of wijk als groep)",
}


def shared(r: Report) -> str:
    """Say whether the margin of the change counts what areas share, and whose."""
    if "/" in r.gebied:
        return "Zij gaat over de metingen van deze ene wijk."
    kind = r.clusters(r.referentie)
    if not kind:
        return "Wat gebieden in een stad delen, is er niet in meegeteld: de werkelijke marge is breder."
    widening = r.widening(r.referentie, r.window[1], "change")
    if widening < 1.05:
        return f"Daarin telt mee dat {SHARED[kind]}; hier maakt dat geen verschil."
    times = number(widening, 1)
    return f"Daarin telt mee dat {SHARED[kind]}: zij is {times} keer zo breed als wanneer elk gebied op zichzelf stond."


# ---- data and statements -----------------------------------------------------------------------------


def series(r: Report) -> pd.DataFrame:
    """List the series of the question: name, source (with a footnote), measurements and breaks."""
    rows = []
    for _, row in r.panel.indicators.iterrows():
        years = r.series(row["indicator"])["period"].tolist()
        if years or row["primary"]:
            source = r.note(f"{row['publisher']}, tabel {row['table']}. {row['source']}.")
            rows.append(
                {
                    "uitkomst of kenmerk": row["label"] + (" (hoofduitkomst)" if row["primary"] else ""),
                    "bron": f"{row['publisher']}, {row['table']}{source}",
                    "metingen": years_of(years) or "geen reeks in deze gegevens",
                    "breuken in de reeks": row["breaks"] or "geen bekend",
                }
            )
    return pd.DataFrame(rows)


def data_quality(r: Report) -> Html:
    """Say which series there are, what is missing, what breaks in them, and what was dropped."""
    shown = r.table(series(r), f"Reeksen voor deze vraag in {r.gebied}")
    absent = [
        row["label"]
        for _, row in r.panel.indicators.iterrows()
        if not row["primary"] and not len(r.series(row["indicator"]))
    ]
    if absent:
        shown = Html(shown + html.note(f"Niet in deze gegevens: {'; '.join(absent)}."))
    lists = measures.lists(r)
    if len(lists):
        lists["stated"] = r.state("level", lists)
        wide = lists.pivot_table("stated", "name", "period", aggfunc="first", sort=False)
        wide = wide.rename(columns=lambda year: f"{r.label} {year}").rename_axis("gebieden").reset_index()
        weights = lists.drop_duplicates("name", keep="last")["n"]
        wide["gewicht (noemer of aantal PC4)"] = [number(n, 0) for n in weights]
        caption = f"De uitkomst op de vastgestelde wijkenlijst en met kandidaten ({r.unit}; 95%-marge)"
        shown = Html(shown + r.table(wide, caption))
    by_list = measures.list_gaps(r)
    if len(by_list):
        table = {
            "wijkenlijst": by_list["name"],
            "gewicht (noemer of aantal PC4)": [number(n, 0) for n in by_list["n"]],
            "achterstand eerst": [in_unit(v, r.gap_unit, True) for v in by_list["first"]],
            "laatst": [in_unit(v, r.gap_unit, True) for v in by_list["last"]],
            "verandering (95%-marge)": r.state("gap_change", by_list),
            "de achterstand werd": [tag(v) for v in by_list["verdict"]],
        }
        caption = (
            f"De achterstand op de rest van de eigen stad op elke wijkenlijst ({r.gap_unit}, {r.period})"
        )
        shown = Html(shown + r.table(pd.DataFrame(table, dtype=object), caption))
    seldom = measures.snapshot(r)
    if len(seldom):
        caption = f"Wel gemeten, maar te weinig voor een verandering tussen {r.start} en {r.eind}: de laatste stand (95%-marge, waar die te bepalen is)"
        shown = Html(shown + r.table(side_by_side(r, seldom), caption))
    return Html(shown + logbook(r))


def logbook(r: Report) -> Html:
    """Fold away what was read, left out and corrected."""
    names = {"file": "bestand", "what": "wat", "count": "aantal"}
    log = html.table(r.panel.log.rename(columns=names), "Wat er is gelezen, weggelaten en gecorrigeerd")
    return html.fold(log, "Logboek van het inlezen")


def side_by_side(r: Report, data: pd.DataFrame) -> pd.DataFrame:
    """Lay out levels (``measures.beside``) as a row an indicator, a column an area and year; stated."""
    data = data.assign(stated=r.state("level", data), kenmerk=data["label"] + " (" + data["unit"] + ")")
    data["column"] = data["name"] + ", " + data["period"].astype(str)
    rows = [
        {"kenmerk": str(name), **dict(zip(part["column"], part["stated"], strict=True))}
        for name, part in data.groupby("kenmerk", sort=False)
    ]
    return pd.DataFrame(rows, dtype=object)


def claims(r: Report) -> Html:
    """Show the published statements about this question and area, recomputed, or tested on a series where one is there.

    What was said of the country and cannot be checked is counted in the report on an area, and stands in that on the country.
    """
    ledger, before = _tested(r, r.ledger), None
    if not r.national and r.vraag != OVERVIEW and len(ledger):
        where = 'Die over heel Nederland die niet na te rekenen zijn, staan in <a href="nederland.html">het landelijke rapport</a>.'
        told = ledger["about"] == "uitkomst"
        counted = [html.beyond_checking(ledger)] if told.any() else []
        before = html.paragraphs([*counted, Html(where)])
        checked = told & (ledger["verdict"] != "niet na te rekenen")
        ledger = ledger[checked | (ledger["gebied"] != "Nederland")]
    documents = ledger[["title", "date"]].drop_duplicates().itertuples(index=False)
    notes = {title: r.note(f"{title}, {date}.") for title, date in documents}
    return html.claims_list(ledger, notes, before)


def _tested(r: Report, ledger: pd.DataFrame) -> pd.DataFrame:
    """Put the test on a published series in the place of "cannot be checked" (``measures.tested``)."""
    found = measures.tested(r)
    if not len(found):
        return ledger
    found["gap"] = r.state("gap_change", found)
    for name, measure in (("own", "own_change"), ("other", "reference_change")):
        found[name] = r.state(measure, measures.part(found, name))
    result = ledger.copy()
    for name, part in found.groupby("id", sort=False):
        row = result["id"] == name
        told = [
            f"{line.area}: zelf {line.own.text()}, {'heel de stad' if line.reference == 'stad' else 'de rest van de stad'} {line.other.text()}, samen "
            f"{line.gap.text()} {line.unit}"
            for line in part.itertuples()
        ]
        first = part.iloc[0]
        result.loc[row, ["verdict", "missing"]] = [tested.together(list(part["verdict"])), ""]
        result.loc[row, "calculation"] = (
            f"op de reeks {first['label']}, {first['period']}, bijdrage aan de achterstand (min maakt haar kleiner): {'; '.join(told)}"
        )
        result.loc[row, "remark"] = f"{first['voorbehoud']} {result.loc[row, 'remark'].iloc[0]}".strip()
    return result


# ---- the wijken, the target ----------------------------------------------------------------------------


def broken(r: Report, data: pd.DataFrame) -> str:
    """Say which outcomes (``measures.outcomes``) changed in what they measure; empty when none did."""
    notes = [
        f"{row.label}: {'; '.join(found)}" for row in data.itertuples() if (found := r.breaks(row.indicator))
    ]
    return f"* In deze jaren veranderde de meting zelf. {'. '.join(notes)}." if notes else ""


def caught_up(r: Report, found: pd.DataFrame) -> list[str]:
    """Say how many wijken caught up and whether that is more than chance (``measures.catching_up``)."""
    if "/" in r.gebied:
        return [f"Het rapport over {r.city} zet de {r.programme.wijken} van de stad naast elkaar."]
    if not len(found):
        return ["Voor een vergelijking tussen wijken zijn twee wijken met een reeks nodig."]
    row = found.loc[r.referentie]
    more = "meer" if row["k"] > row["n"] / 2 else "minder"
    told = (
        f"In {row['k']} van de {row['n']} wijken werd de achterstand op {row['name']} kleiner. Door toeval zou het ongeveer de helft zijn: "
        + (f"dit zijn er duidelijk {more}." if row["p"] < 0.05 else "dit kan toeval zijn.")
    )
    if more == "meer":
        told += " Maar wie gekozen is omdat hij slecht scoorde, loopt ook zonder programma vaker in dan niet."
    if row["cities"] <= 2:
        return [told]
    mean = r.state("mean_change", row.drop("n"), n=row["wijken"])
    return [told, f"Gemiddeld over de wijken veranderde de achterstand {mean} {r.change_unit}."]


def caught_up_rests(r: Report, found: pd.DataFrame, sigma: pd.DataFrame, beta: pd.DataFrame) -> list[str]:
    """List what :func:`caught_up` rests on: tests, what could be seen, and whether the wijken grew more alike; empty for one wijk."""
    if not len(found):
        return []
    row = found.loc[r.referentie]
    n, ties = row["n"], row["ties"]
    about = {"reference": r.referentie, "n": n, "period": row["period"]}
    p = r.state("sign_test", row["p"], method="tekentoets, tweezijdig", **about)
    alike = (
        f"; {many(ties, 'wijk', 'wijken')} zonder verandering {'telt' if ties == 1 else 'tellen'} niet mee"
        if ties
        else ""
    )
    points = [
        f"De tekentoets tegen de helft geeft een p-waarde van {p} (tweezijdig, {n} wijken in {many(row['cities'], 'stad', 'steden')}, wijken als "
        f"onafhankelijk behandeld{alike}).",
        f"Met {n} wijken is een aandeel pas vanaf {in_unit(row['detectable_share'], 'aandeel')} met 80% kans van de helft te onderscheiden."
        if np.isfinite(row["detectable_share"])
        else f"Met {n} wijken is geen enkel aandeel van de helft te onderscheiden.",
    ]
    if row["cities"] > 2:
        least = r.state(
            "detectable_change",
            row["detectable"],
            reference=r.referentie,
            method=row["method"],
            n=row["wijken"],
        )
        points.append(
            f"Het gemiddelde rust op {row['wijken']} wijken in {row['clusters']} steden, die tellen voor {number(row['effective'], 0)} gelijke. Een "
            f"gemiddelde verandering van {least} {r.change_unit} had 80% kans om gevonden te worden."
        )
    return [*points, spread(r, sigma, beta)]


def counted(r: Report, found: pd.DataFrame) -> pd.DataFrame:
    """Lay out ``measures.catching_up`` as a table against four references; stated."""
    if not len(found):
        return pd.DataFrame()
    about = {"reference": found["reference"], "n": found["n"], "period": found["period"]}
    shares = r.state("share_catching_up", measures.part(found, "share"), **{**about, "method": "Wilson"})
    tests = r.state("sign_test", measures.part(found, "p"), **{**about, "method": "tekentoets, tweezijdig"})
    means = [_mean(r, row) for _, row in found.iterrows()]
    return pd.DataFrame(
        {
            "ten opzichte van": found["name"],
            "wijken die inliepen": [f"{k} van {n}" for k, n in zip(found["k"], found["n"], strict=True)],
            "aandeel (95%-marge)": shares,
            "p, tekentoets": tests,
            f"gemiddelde verandering, {r.change_unit} (95%-marge)": means,
        },
        dtype=object,
    )


def _mean(r: Report, row: pd.Series) -> Stated | str:
    if row["cities"] <= 2:  # too few clusters for a margin that holds: not a number the page stands for
        return with_interval(row["estimate"], row["lower"], row["upper"], r.change_unit, True)
    about = {"reference": row["reference"], "method": row["method"], "n": row["wijken"]}
    r.state("detectable_change", row["detectable"], **about)
    return r.state("mean_change", tuple(row[measures.NUMBERS]), **about)


def spread(r: Report, sigma: pd.DataFrame, beta: pd.DataFrame) -> str:
    """Say whether the wijken grew more alike (``measures.convergence``); empty with too few of them."""
    if not len(sigma):
        return ""
    first, last = r.state("sigma", sigma)
    slope, corrected = r.state("beta", beta, reference=r.referentie)
    return (
        f"De spreiding tussen de wijken ging van {first} naar {last} {r.gap_unit}. Per punt beginachterstand veranderde de achterstand {slope}; "
        f"na correctie voor meetfouten {corrected:bare}. Het verschil daartussen is terugkeer naar het gemiddelde, die ook zonder beleid optreedt."
    )


STEERED = {
    "afbouwen": "Dat past bij afbouwen van het partnerschap met het Rijk.",
    "intensiveren": "Dat past bij intensiveren van het partnerschap.",
    "niet vast te stellen": "Afbouwen noch intensiveren is daarmee met ten minste 80% kans aangewezen.",
}
PLACED = {
    "op koers": "op koers",
    "achter": "achter op het pad",
    "voorbij": "op voorsprong",
    "verkeerde kant": "verder weg dan bij de start",
}


def against(r: Report, changes: pd.DataFrame) -> str:
    """Say against how many references the gap demonstrably closed or widened (``measures.changes``); empty without a change."""
    if not len(changes):
        return ""
    smaller, larger = ((changes["verdict"] == word).sum() for word in ("kleiner", "groter"))
    of = f"van de {len(changes)} referenties werd de achterstand aantoonbaar"
    if larger and not smaller:
        return f"Tegen {larger} {of} groter."
    return f"Tegen {smaller or 'geen'} {of} kleiner{f', tegen {larger} groter' * bool(larger)}."


def on_course(r: Report, course: pd.DataFrame) -> list[str]:
    """Say whether the area was on course for the horizons of the target (``measures.course``), and what the rule of the letter makes of it."""
    if r.window is None:
        return [r.reason]
    if not len(course):
        why = (
            f"In {r.window[0]} was er geen achterstand op {r.names['stad']}; er was geen pad af te leggen."
            if r.has_start
            else f"Of het gebied op koers lag is niet te bepalen: de vergelijking begint in {r.window[0]}, en het doel telt vanaf de positie "
            f"bij de start in {r.programme.years.known}."
        )
        return [
            why if r.programme.horizons else "Deze aanpak noemt geen jaar waarin het doel gehaald moet zijn."
        ]
    last = course.groupby("horizon").last()
    horizons: dict[str, list[str]] = {}
    for horizon, row in last.iterrows():
        horizons.setdefault(PLACED.get(row["status"], row["status"]), []).append(str(horizon))
    placed = [f"bij een doel van {join_and(years)} jaar {where}" for where, years in horizons.items()]
    final = last.iloc[-1]
    told = f"Ten opzichte van {r.names['stad']} lag het gebied in {final['period']} {join_and(placed)}."
    if not r.programme.main:
        return [told]
    rule = "De regel van 2012: afbouwen op koers, intensiveren bij achterstand."
    return [told, f"{rule} {STEERED[monitor.steer(final['probability'])]}"]  # fmt: skip


def likely(r: Report, course: pd.DataFrame) -> list[str]:
    """Say how likely it is that the area was on course, and was, with what was known on the way, that its gap would be gone or halved; stated."""
    told, shown = [], []
    final = course.groupby("horizon").last().iloc[-1] if len(course) else None
    if final is not None and np.isfinite(final["probability"]):
        about = {"reference": "stad", "method": final["method"], "period": final["period"]}
        chance = r.state("on_course_probability", final["probability"], **about)
        told.append(
            f"De kans dat de achterstand in {final['period']} binnen het pad van {final.name} jaar lag is {chance}."
        )
    for _, row in measures.projection(r).iterrows():
        about = {"reference": "stad", "method": row["method"], "n": row["n"], "period": row["period"]}
        r.state("projected_gap", row, reference="stad")
        chances = {k: r.state(k, row[k], **about) for k in ("p_closed", "p_halved") if np.isfinite(row[k])}
        if "p_closed" in chances:
            halved = f", ten minste gehalveerd {chances['p_halved']}" if "p_halved" in chances else ""
            shown.append(f"{row['scenario']} weg {chances['p_closed']}{halved}")
    if shown:
        told.append(
            f"Met wat in {r.programme.foreseen} bekend was, was de kans dat de achterstand in {r.programme.years.end} verdwenen zou zijn, naar drie "
            f"manieren van doortrekken: {'; '.join(shown)}."
        )
    return told


# ---- the effect ------------------------------------------------------------------------------------------


def brief(r: Report) -> str:
    """Say the judgement on the effect in one sentence, for the answer at the top of the page."""
    found = effect.state(r)
    inside = effect.within(r).head(1)
    if not effect.estimated(r) and not len(inside):
        return f"Of dat door {r.programme.aanpak} komt, is met deze gegevens niet te schatten: {r.effect['reason']}."
    sign = found["verdict"].estimate
    shown = found["within"] if len(inside) else found.get("own", found["main"])
    where = f" binnen {r.city}" if len(inside) else "" if "own" in found or r.national else " landelijk"
    unit = inside["unit"].iloc[0] if len(inside) else r.effect_unit
    if np.isfinite(sign) and sign:
        told = f"{capital(r.programme.aanpak)} pakte{where} naar schatting {VERDICTS[sign]} uit"
    else:
        told = f"Of dat door {r.programme.aanpak} komt, is{where} niet vast te stellen"
    told += f" ({r.supposed})" if r.supposed else ""
    return f"{told}: het geschatte effect is {shown} {unit}."


def verdict(r: Report) -> Html:
    """Say whether the programme did it, how sure that is, and what could have been seen."""
    found = effect.state(r)
    if not effect.estimated(r) and "within" in found:
        return _within(r, found)
    if not effect.estimated(r):
        text = f"Of dit door {r.programme.aanpak} kwam is met deze gegevens niet te schatten: {r.effect['reason']}."
        return html.box(text)
    sentences = _national(r, found) if r.national else _local(r, found)
    if r.supposed:
        sentences[0] = f"Geschat is {r.supposed}. {sentences[0]}"
    if r.simulated:
        sentences[0] = f"Oefendata, geen werkelijke uitkomst. {sentences[0]}"
    rests = html.fold(html.bullets(_rests(r, found)), "Waar rust deze schatting op?")
    return Html(f'<div class="antwoord">{html.paragraphs(sentences)}</div>{rests}')


def _national(r: Report, found: dict[str, Stated]) -> list[str]:
    e, unit, main = r.effect, r.effect_unit, effect.main_design(r)
    sign, direction = found["verdict"].estimate, int(r.panel.outcome["direction"])
    first = (
        f"{r.panel.outcome['label']}: in {effect.span(r)} weken de {r.programme.wijken} {found['main']} {unit} af van wat zonder de aanpak te verwachten "
        "was (plus is hoger; tussen haakjes de 95%-marge). "
    )
    if "less" in found and effect.placebo(r)["carries"]:
        first += f"Even zwakke gebieden zonder aanpak weken zelf ook af, met {found['weak']:bare} {unit}; wat overblijft is {found['less']} {unit}. "
    if sign:
        first += f"Dat is een {VERDICTS[sign]} effect."
    elif effect.sign(main, direction):
        first += "Dat is niet meer dan er zonder aanpak ook voorkomt: een effect is niet vast te stellen."
    else:
        first += (
            "De marge laat beide richtingen toe: een effect is niet aangetoond. Een effect vanaf "
            f"{found['detectable']:bare} {unit} had 80% kans om gevonden te worden."
        )
    half = f"de helft van de achterstand bij de start ({found['bound']:bare} {unit}) wegnam"
    first += (
        f" Uitgesloten is dat de aanpak {half}."
        if e["equivalence"] < 0.05
        else f" Of de aanpak {half.replace(' wegnam', '')} wegnam, is niet uit te sluiten."
    )
    signs = {d["design"]: effect.sign(d, direction) for d in e["designs"]}
    if len(set(signs.values())) > 1:
        listed = "; met ".join(f"{NAMES[name]} {found[name]}" for name in signs)
        choice = (
            f"De keuze van de vergelijking bepaalt het antwoord. Het verschil in ontwikkeling met {listed}."
        )
    else:
        values = sorted(d["estimate"] for d in e["designs"])
        low, high = (in_unit(v, unit, True) for v in (values[0], values[-1]))
        choice = f"Met elke vergelijking is het oordeel hetzelfde; de schattingen lopen van {low} tot {high} {unit}."
    return [first, beside_goal(r, sign), choice]


def _local(r: Report, found: dict[str, Stated]) -> list[str]:
    own, unit = effect.own_control(r), r.effect_unit
    nation = f"Landelijk is het geschatte effect {found['main']} {unit}: zie het landelijke rapport."
    if own is None:
        why = f"Voor {r.names['wijk']} zelf is geen effect te schatten: er is geen volledige reeks van zijn {r.programme.unit}en, of er zijn te weinig andere gebieden om het naast te leggen."
        return [why, nation]
    sign, went = found["verdict"].estimate, "week" if len(r.panel.wijken) == 1 else "weken"
    text = (
        f"{r.panel.outcome['label']}: in {effect.span(r)} {went} {r.names['wijk']} {found['own']} {unit} af van een groep andere gebieden die "
        "vooraf op hetzelfde pad lag (plus is hoger; tussen haakjes de 95%-marge). "
    )
    text += (
        f"Dat is een {VERDICTS[sign]} verschil met die groep."
        if sign
        else "Een effect in dit gebied is niet vast te stellen."
    )
    return [text, beside_goal(r, sign), nation]


def _within(r: Report, found: dict[str, Stated]) -> Html:
    """Say what the comparison inside one city gives, what its margin counts, and what it cannot carry."""
    every = effect.within(r)
    main = every.iloc[0]
    unit, sign = main["unit"], found["verdict"].estimate
    others = {"rest_stad": "de andere gebieden van de stad"}.get(main["design"], main["name"].split(" (")[0])
    years = main["period"].replace("-", "–\u2060")
    first = (
        f"{main['label']}: in {years} weken de {r.programme.wijken} van {r.city} sinds {main['before']} {found['within']} {unit} "
        f"af van {others} (plus is hoger; tussen haakjes de 95%-marge). "
    )
    first += (
        f"Dat is een {VERDICTS[sign]} verschil met die gebieden."
        if np.isfinite(sign) and sign
        else f"De marge laat beide richtingen toe: een effect is niet aangetoond. Een effect vanaf {found['detectable']:bare} {unit} had 80% kans om "
        "gevonden te worden."
        if found["within"].sign == 0
        else f"Dat gaat over alle {r.programme.wijken} van de stad samen."
    )
    if "/" in r.gebied:
        first += f" Dit is de uitkomst van heel {r.city}; voor {r.names['wijk']} alleen zijn er te weinig gebieden."
    if r.supposed:
        first = f"Geschat is {r.supposed}. {first}"
    sentences = [first, *([] if "/" in r.gebied else [beside_goal(r, sign)])]
    rests = html.fold(html.bullets(_rests_within(r, main)), "Waar rust deze schatting op?")
    table = {
        "uitkomst": every["label"],
        "vergeleken met": every["name"] + every["main"].map({True: " – hoofdschatting", False: ""}),
        "jaren na de start": every["period"],
        "effect (95%-marge)": r.state("effect", every),
        "eenheid": every["unit"],
        "kans bij loten": [in_unit(p, "p-waarde") for p in every["chance"]],
        "gebieden": [
            f"{n} met {controls}" for n, controls in zip(every["n"], every["controls"], strict=True)
        ],
    }
    shown = r.table(
        pd.DataFrame(table, dtype=object), f"Het effect binnen {r.city}, per uitkomst en vergelijking"
    )
    return Html(f'<div class="antwoord">{html.paragraphs(sentences)}</div>{rests}{shown}')


def _rests_within(r: Report, main: pd.Series) -> list[str]:
    """List what a comparison inside one city rests on."""
    one = r.programme.one if main["unit_of"] == "wijk" else "gebied"
    points = [
        f"Alle gebieden van deze reeks liggen in {r.city}. Vergeleken zijn {main['n']} gebieden in {r.programme.wijken} met {main['controls']} andere. Wat "
        f"de hele stad tegelijk trof, valt weg; wat juist de {r.programme.wijken} van deze stad trof, is van de aanpak niet te onderscheiden. Over andere "
        "steden zegt deze schatting niets.",
        f"De marge telt toeval per {one}: {main['units']} eenheden met aanpak"
        + (
            ", waarvan de gebieden samen gekozen zijn, en de andere gebieden elk apart. "
            if main["unit_of"] == "wijk"
            else ". "
        )
        + "Zij is de ruimste van twee: die van deze eenheden (CR2), en die van loten welke gebieden gekozen waren. Bij loten komt minstens zo'n verschil "
        f"voor met een kans van {in_unit(main['chance'], 'p-waarde')}.",
    ]
    points.append(
        f"Vooraf is er de meting van {main['before']}"
        + (
            f" en een van {join_and(map(str, main['leads']))}."
            if main["leads"]
            else " en geen eerdere: of de gebieden zonder aanpak gelijk opgegaan waren, is niet te toetsen."
        )
    )
    if main["design"] == "rest_stad":
        points.append(
            f"Even zwakke gebieden zonder aanpak zijn er in de stad te weinig. De {r.programme.wijken} waren vooraf slechter af dan de rest van de stad: een "
            "deel van het verschil kan terugkeer naar het gemiddelde zijn."
        )
    years = (int(main["before"]), int(main["period"].rsplit("-", 1)[-1]))
    if broke := r.breaks(main["indicator"], years):
        points.append(
            f"In deze jaren veranderde de meting zelf ({'; '.join(broke)}); raakte dat de {r.programme.wijken} anders, dan zit dat in de schatting."
        )
    points.append(
        "Aangrenzende gebieden tellen mee als vergelijking: zonder kaart zijn zij niet uit te sluiten."
    )
    return points


def beside_goal(r: Report, sign: float) -> str:
    """Put doelrealisatie and effect side by side, in one sentence that claims no more than both allow."""
    changes = measures.changes(r)
    goal = str(changes.loc[r.referentie, "verdict"]) if r.referentie in changes.index else ""
    if not goal:
        return "Of de achterstand kleiner werd, is met deze gegevens niet te zeggen; zie boven."
    decided = goal in ("kleiner", "groter")
    changed = (
        f"de achterstand werd {goal}" if decided else "of de achterstand veranderde, is niet vast te stellen"
    )
    if sign and not r.national:
        side = "beter" if sign < 0 else "slechter"
        then = f"en het gebied deed het {side} dan de groep"
    elif sign < 0:
        then = (
            "en de vergelijking laat zien dat de aanpak daar gunstig aan bijdroeg"
            if goal == "kleiner"
            else "maar zonder de aanpak zou zij er naar schatting slechter voor staan"
        )
    elif sign > 0:
        then = "en naar schatting pakte de aanpak ongunstig uit"
    elif decided:
        then = "maar dat dit door de aanpak kwam, is niet aangetoond"
    else:
        then = "en een effect van de aanpak is evenmin aangetoond"
    return f"Doel en effect: {changed} (ten opzichte van {r.names[r.referentie]}), {then}."


def _rests(r: Report, found: dict[str, Stated]) -> list[str]:
    """List what the estimate rests on, and what this design cannot carry."""
    e, main, own, n = r.effect, effect.main_design(r), effect.own_control(r), r.effect["n"]
    before = e["before"]
    points = [
        f"Vergeleken: {n['treated']} {r.programme.unit}en in {n['wijken']} wijken en {n['cities']} steden met {main['controls']} andere; verandering van "
        f"{effect.before(r)} naar {effect.span(r)}. Steden zijn de eenheid van toeval: {main['clusters']}, die tellen voor {number(main['effective'], 0)} gelijke.",
    ]
    if not r.national and own is not None:
        points = _rests_own(r, own, found)
    if r.national:
        points.append(
            f"De toets of het effect zo groot is als de helft van de achterstand bij de start (equivalentietoets): p {p_text(e['equivalence'])}."
        )
    if len(before) == 1:
        measured = (
            f"één meting daarvoor ({e['leads_years'][0]})" if e["leads_years"] else "geen meting daarvoor"
        )
        points.append(
            f"Vooraf is er alleen de meting van {before[0]} en {measured}: of de gebieden zonder de aanpak gelijk opgegaan waren, is nauwelijks te toetsen."
        )
    elif main["design"] != "gecorrigeerd":
        points.append(
            "Er zijn te weinig gebieden die naar hun cijfers ook gekozen hadden kunnen worden; de hoofdschatting vergelijkt met "
            f"{NAMES[main['design']]}."
        )
    if before[-1] >= r.years.paid:
        points.append(
            f"De beginmeting van {before[-1]} is van na de bekendmaking van de lijst ({r.years.known}); een vroeg gevolg daarvan valt buiten de schatting."
        )
    broke = r.breaks(e["indicator"], (before[0], e["after"][-1]))
    if broke and not r.simulated:
        points.append(
            f"In deze jaren veranderde de meting zelf ({'; '.join(broke)}); raakte dat de {r.programme.wijken} anders dan de vergeleken gebieden, dan "
            "zit dat in de schatting."
        )
    if n["left_out"]:
        points.append(
            f"De wijkenlijst is geen officiële: {n['left_out']} kandidaat-gebieden tellen niet mee, ook niet als vergelijking."
        )
    points.append(
        f"{n['near']} gebieden die aan een {r.programme.one} grenzen, zijn geen vergelijking: de aanpak kan ze geraakt hebben."
        if n["boundaries"]
        else "Zonder kaart zijn aangrenzende gebieden niet uit de vergelijking te houden."
    )
    return points  # fmt: skip


def _rests_own(r: Report, own: Any, found: dict[str, Stated]) -> list[str]:
    e, path = r.effect, bool(r.effect["before"][1:])
    error = (
        f" Gemiddelde afwijking vooraf: {in_unit(own['error'], r.effect_unit)} {r.effect_unit}."
        if path
        else ""
    )
    together = (
        [f"Samen met de andere wijken bezien is de beste schatting {found['shrunken']} {r.effect_unit}."]
        if "shrunken" in found
        else []
    )
    return [
        f"Het gebied telt {many(own['n'], r.programme.unit, f'{r.programme.unit}en')}; de groep is samengesteld uit de {e['n']['wijk_donors']} andere stedelijke "
        f"gebieden die er vooraf het meest op leken, gelijkgesteld op {'het pad' if path else 'het niveau'} van {effect.before(r)}.{error}",
        f"De marge komt van {own['placebos']} schijnwijken: even veel gebieden zonder aanpak in één stad, op dezelfde manier behandeld. De kans dat een "
        f"schijnwijk minstens zo ver afweek is {found['own_p']:bare}. Eén op de twintig gebieden valt ook zonder effect buiten zijn 95%-marge.",
        *together,
    ]


def level_title(r: Report, levels: pd.DataFrame) -> str:
    """Say in one line where the area began and ended."""
    own = levels[levels["role"] == "wijk"].dropna(subset="estimate").sort_values("period")
    if not len(own):
        return r.label
    (first, last), went = (own.iloc[i] for i in (0, -1)), "ging" if len(r.panel.wijken) == 1 else "gingen"
    return (
        f"{capital(r.names['wijk'])} {went} van {in_unit(first['estimate'], r.unit)} in {first['period']} naar "
        f"{in_unit(last['estimate'], r.unit)} in {last['period']}"
    )


def course_title(r: Report) -> str:
    """Say in one line where the gap stood on the longest path of the target to the average of the city."""
    course = measures.course(r)
    years = f" in {term(r)}" if term(r) else ""
    status = course.query("horizon == horizon.max()")["status"].iloc[-1] if len(course) else ""
    return {
        "op koers": f"De achterstand op de stad lag op het pad naar nul{years}",
        "voorbij": f"De achterstand op de stad was verder dan het pad naar nul{years}",
        "achter": f"De achterstand op de stad bleef achter op het pad naar nul{years}",
        "verkeerde kant": "De achterstand op de stad kwam niet dichter bij nul",
    }.get(status, f"De achterstand op de stad, en het pad naar nul{years}")


def groups_title(groups: pd.DataFrame) -> str:
    """Say in one line against how many groups the estimate differs from zero."""
    return f"Bij {_clear(groups)} vergelijkingen is er een duidelijk verschil (marge zonder nul)"


def yearly_title(path: pd.DataFrame) -> str:
    """Say in one line in how many years the estimate differs from zero."""
    return f"In {_clear(path)} jaren is er een duidelijk verschil (marge zonder nul)"


def _clear(data: pd.DataFrame) -> str:
    """Write how many of the rows have a margin without zero: "2 van de 5"."""
    clear = ((data["lower"] > 0) | (data["upper"] < 0)).sum()
    return f"{clear or 'geen'} van de {len(data)}"


def placebo_title(r: Report) -> str:
    """Say in one line where the estimate stands among programmes that never were."""
    drawn = effect.placebo(r)
    if not drawn.get("carries"):
        return "De schatting tussen programma's die er nooit waren; zij lijken hier te veel op elkaar om te beslissen"
    if drawn["found"]:
        return f"De {r.programme.wijken} weken verder af dan gebieden zonder aanpak"
    return f"Zo'n verschil komt zonder aanpak ook voor: in {number(100 * drawn.get('p', 1), 0)} van de 100 getrokken programma's"


def among_placebos(r: Report) -> list[str]:
    """Say where the estimate stands among programmes that never were, and whether that decides."""
    drawn, found = effect.placebo(r), effect.state(r)
    if not drawn:
        return [
            "Programma's die er nooit waren, zijn hier niet te trekken: er zijn te weinig andere zwakke gebieden."
        ]
    told = (
        f"Getrokken zijn {number(drawn['draws'], 0)} programma's die er nooit waren: per stad even veel gebieden zonder aanpak, gekozen op hun slechte score. "
        f"Zij weken gemiddeld {found['weak']:bare} {r.effect_unit} af, zonder dat er iets gebeurde. De schatting min dat deel is {found['less']} {r.effect_unit}; "
        f"een programma dat er nooit was, wijkt met een kans van {found['placebo_p']:bare} minstens zo ver af."
    )
    carries = (
        "Op deze vergelijking rust het oordeel."
        if drawn["carries"]
        else "De getrokken programma's bestaan hier te vaak uit dezelfde gebieden om het oordeel te dragen; dat rust op de marge van de schatting zelf."
    )
    unlike = (
        f"De getrokken gebieden zijn gewone zwakke gebieden; zo zwak als de {r.programme.wijken} zijn er buiten de aanpak weinig, en geen andere stad "
        "lijkt op de grootste."
    )
    return [told, carries, unlike]


def national_checks(r: Report) -> Html:
    """Point a wijk or city to the checks in the national report."""
    return Html(
        "<p>Of de vergelijking standhoudt (ontwikkeling vooraf, terugkeer naar het gemiddelde, het waterbed, andere keuzes) is landelijk "
        'onderzocht: zie <a href="nederland.html#effect-kwam-het-door-de-aanpak">het landelijke rapport</a>. Voor één wijk of stad zijn '
        "daar te weinig gebieden voor.</p>"
    )


# ---- limits and sources ------------------------------------------------------------------------------------


def cannot_say(r: Report) -> Html:
    """List what the numbers above cannot tell."""
    points = [r.timing] if r.timing else []
    if r.has_start and r.window[0] > r.programme.years.known:
        points.append(
            f"De vergelijking begint bij de meting van {r.window[0]}, na de bekendmaking van de selectie in {r.programme.years.known}: een vroeg gevolg "
            "daarvan zit al in het beginpunt."
        )
    return html.bullets(
        [
            *points,
            *list_doubts(r),
            "Wie op een slechte meting kiest, ziet daarna vanzelf enige verbetering: terugkeer naar het gemiddelde.",
            "Of de zittende bewoners vooruitgingen of de bevolking veranderde, is in deze cijfers niet te scheiden.",
            "De marges gaan over toeval in de metingen, niet over wat er aan een meting zelf veranderde.",
        ]
    )  # fmt: skip


def list_doubts(r: Report) -> list[str]:
    """Say what the list of wijken leaves open for this area."""
    points: list[str] = []
    wijken = len(r.panel.wijken)
    candidates = [kind.startswith("kandidaat") for kind in r.treated()]
    official = f" ({r.programme.official})" if r.programme.official else ""
    if r.national and 0 < wijken < len(r.wijken):
        points.append(f"De wijkenlijst dekt {wijken} van de {len(r.wijken)} {r.programme.wijken}.")
    if not r.national and any(candidates):
        which = (
            "Alle postcodegebieden van dit gebied zijn kandidaten en staan"
            if all(candidates)
            else "Een deel van de postcodegebieden van dit gebied is kandidaat en staat"
        )
        points.append(
            f"{which} niet op een officiële lijst{official}; met die lijst kan de uitkomst anders zijn."
        )
    return points


def assessment(r: Report) -> pd.DataFrame:
    """Judge the report itself by the criteria of the Wetenschappelijke Commissie (``effect.criteria``): criterium, oordeel, wat ontbreekt."""
    rows = []
    for criterion, questions in effect.criteria(r).items():
        met = sum(answer for _, answer in questions)
        partly = "niet" if not met else f"ten dele: {met} van {len(questions)}"
        rows.append(
            {
                "criterium": criterion,
                "oordeel": "voldaan" if met == len(questions) else partly,
                "wat ontbreekt": "; ".join(text for text, answer in questions if not answer)
                or "niets van wat is nagegaan",
            }
        )
    return pd.DataFrame(rows)


def sources(r: Report) -> Html:
    """Write sources and versions, show every stated number, and hand the numbers to the batch."""
    stated = r.stated.all()
    rows = r.stated.csv(f"{r.vraag}/{slug(r.gebied)}.html")
    display({"text/plain": f"{len(stated)} resultaten", "text/html": "", RESULTS_MIME: rows}, raw=True)
    numbers = [s for s in stated if s.row["unit"] != "oordeel"]
    files = r.panel.inventory
    notes = "".join(f'<li id="noot-{n}">{html.escape(text)}</li>' for text, n in r.stated.notes.items())
    until = f", tot en met {r.panel.series['period'].max()}" if len(r.panel.series) else ""
    mark = f"kenmerk {identifier(rows)}"
    made = "; ".join(
        [
            f"Versie {version('wijkenaanpak')}",
            f"gegevens: {'oefendata, seed ' + str(r.seed) if r.simulated else 'uit de opgegeven map'}{until}",
            f"inhoud van de gelezen gegevens {r.panel.meta['slice'][:12]}",
            "software: " + ", ".join(f"{p} {version(p)}" for p in PACKAGES),
            "gelijke getallen geven een gelijk kenmerk",
            "licentie EUPL-1.2",
        ]
    )
    own = slug(r.gebied)
    saved = f"{'oefendata-' if r.simulated else ''}{r.vraag}-{own}.csv"
    csv = f'<p>Ook als <a href="{own}.csv" download="{saved}">CSV-bestand</a>.</p>'
    return Html(
        html.fold(f'<ol class="noten">{notes}</ol>', f"Bronnen ({len(r.stated.notes)})")
        + html.fold(
            html.table(files, "Alle bestanden van de gegevensmap: waarvoor gebruikt, of waarom niet"),
            f"Bestanden van de gegevensmap ({len(files)})",
        )
        + html.fold(
            csv + _numbers(r, numbers), f"Alle {len(numbers)} getallen van dit rapport, met hun herkomst"
        )
        + html.fold(f"<p>{escaping.escape(made)}.</p>", "Versies")
        + f"<footer><p>{mark}</p></footer>"
    )


def identifier(rows: str) -> str:
    """Name a report by the rows of results.csv it states: who cites it is found for good, and other numbers have another name."""
    return f"wijkenaanpak:{hashlib.sha256(rows.encode()).hexdigest()[:16]}"


def _numbers(r: Report, stated: list[Stated]) -> str:
    outcomes = r.panel.indicators.set_index("indicator")["label"].to_dict()

    def heading(row: Any) -> tuple[str, str]:
        return MEASURES[row["measure"]].label.capitalize(), outcomes.get(row["indicator"], row["indicator"])

    def name(row: Any) -> str:
        reference = row["reference"]
        if row["measure"].startswith("effect"):
            return NAMES.get(reference, reference)
        return r.names["wijk"] if not reference else r.names.get(reference, reference)

    return html.numbers(
        [(s.anchor, dict(s.row), s.text()) for s in stated], heading, name, [*outcomes, *forms.book().index]
    )


# ---- the overview of all questions -----------------------------------------------------------------------


def overview_facts(r: Report) -> Html:
    """Write the key facts of an overview, and what its answer's certainty rests on."""
    known = sum(part.window is not None for part in r.parts.values())
    lines = {
        "Gebied": r.gebied,
        "Periode": f"{r.start} tot en met {r.eind}; per vraag de metingen daarbinnen",
        "Vragen met een reeks": f"{known} van de {len(r.parts)}",
    }
    chance = number(100 * (1 - 0.95**known), 0)
    points = [
        "Elke vraag heeft één hoofduitkomst, vooraf gekozen; de andere uitkomsten staan in het rapport van die vraag.",
        f"Bij {many(known, 'oordeel met een 95%-marge', 'oordelen met 95%-marges')} is er ook zonder verandering tot {chance}% kans dat er ten minste "
        "één stellig uitvalt."
        if known
        else "",
        f"Het gebied bestaat uit {rests_on(r)}." if r.treated() else f"{capital(rests_on(r))}.",
    ]
    return Html(about(r, lines) + html.bullets(point for point in points if point))


def overview_answer(r: Report) -> Html:
    """Tell in a few sentences how the area fared on all questions, whether it was the programme, and how sure that is; stated."""
    data = measures.profile(r)
    if not len(data):
        told = [
            f"Over {r.names['wijk']} is met de aanwezige gegevens op geen van de {len(r.parts)} vragen een begin- en een eindmeting te vergelijken."
        ]
    else:
        moved = data.assign(stated=r.state("gap_change", data, unit=data["change_unit"]))
        told = [
            _all_moved(r, moved),
            _begun_late(data, r.programme.years.known),
            _all_on_course(r, data),
            _all_caused(r),
        ]
    both = "Doel (werd de achterstand kleiner?) en effect (kwam dat door de aanpak?) zijn twee vragen; het ene antwoord volgt niet uit het andere."
    return Html(known(r) + answered(r, told, _not_counted(r) or next(iter(list_doubts(r)), both)))


def known(r: Report) -> Html:
    """Tell first, in a report on practice data, what was found on published series about the area; empty where nothing was."""
    rows = facts.known()
    rows = rows[rows["gebied"] == r.gebied] if r.simulated and r.programme.main else rows.head(0)
    if not len(rows):
        return Html("")
    order = rows.sort_values("effect", key=pd.isna, kind="stable")  # with an effect first
    first, *others = [_found(r, row) for _, row in order.iterrows()]
    source = f"Bron: gepubliceerde reeksen, berekend door dit project ({rows['date'].max()}; data/raw/bevindingen.csv)."
    more = (
        html.fold(html.bullets(others), f"Nog {many(len(others), 'echte reeks', 'echte reeksen')}")
        if others
        else ""
    )
    return Html(
        f'<div class="antwoord"><p><strong>Echt, en niet uit de oefendata:</strong> {html.escape(first)}</p></div>'
        f"{html.note(source)}{more}"
    )


def _found(r: Report, row: pd.Series) -> str:
    """Say one finding on published series: the gap, its change, and the effect."""
    about = {"indicator": "bevindingen", "reference": "rest_stad", "unit": row["unit"]}
    method = f"{row['question']}, {row['indicator']}"
    years = row["period"].split("-")
    first, last = (
        r.state("gap", row[k], period=year, method=method, **about)
        for k, year in zip(("first", "last"), years, strict=True)
    )
    change = (row["change"], row["lower"], row["upper"])
    moved = r.state("gap_change", change, period=row["period"], method=method, **about)
    text = (
        f"{row['question'].capitalize()} ({row['label']}): de achterstand op de rest van de eigen stad ging van {first:bare} in {years[0]} naar {last:bare} in "
        f"{years[1]}, een verschil van {moved} {row['unit']}."
    )
    if pd.isna(row["effect"]):
        return f"{text} Een effect is voor dit gebied niet te schatten."
    numbers = (row["effect"], row["effect_lower"], row["effect_upper"])
    about |= {
        "reference": row["effect_reference"],
        "unit": row["effect_unit"],
        "period": row["effect_period"],
    }
    stated = r.state("effect", numbers, method=f"{method}: {row['effect_method']}", **about)
    shown = (
        "een effect van de aanpak is niet aangetoond"
        if not stated.sign
        else "dat verschil is groter dan toeval"
    )
    return f"{text} Tegen vergelijkbare gebieden zonder aanpak: {stated} {row['effect_unit']}; {shown}."


def _all_moved(r: Report, data: pd.DataFrame) -> str:
    shown = {
        verb: [f"{q}: {row['stated']} {row['change_unit']}" for q, row in part.iterrows()]
        for verb, part in data[data["verdict"].isin(["kleiner", "groter"])].groupby("verdict")
    }
    had = "had" if len(r.panel.wijken) == 1 else "hadden"
    told = [
        f"{capital(r.names['wijk'])} {had} bij het begin op {(data['first'] > 0).sum()} van de {len(data)} hoofduitkomsten een achterstand op "
        f"{r.names[r.referentie]}."
    ]
    told += [
        f"Aantoonbaar {verb} werd de achterstand bij {join_and(shown[verb])}."
        for verb in ("kleiner", "groter")
        if verb in shown
    ]
    undecided = len(data) - sum(map(len, shown.values()))
    if not shown:
        told.append("Bij geen daarvan is vast te stellen dat de achterstand kleiner of groter werd.")
    elif undecided:
        told.append(f"Bij {undecided} is het niet vast te stellen.")
    return " ".join(told)


def _begun_late(data: pd.DataFrame, began: int) -> str:
    """Say which questions have no measurement from the start of the programme; empty when all have."""
    late = data[data["first_year"] > began + 1]
    if not len(late):
        return ""
    years = join_and(sorted({str(year) for year in late["first_year"]}))
    return (
        f"Bij {join_and(late.index)} begint de reeks pas in {years}: die verandering is er een van latere jaren en zegt niets over de start van "
        "het programma."
    )


def _all_on_course(r: Report, data: pd.DataFrame) -> str:
    if not r.programme.horizons:
        return ""
    known = data[data["probability"].notna()]
    if not len(known):
        return "Of het gebied op koers lag naar het stadsgemiddelde, is niet te bepalen: er is geen meting bij de start met een achterstand."
    on = known.index[known["status"].isin(["op koers", "voorbij"])]
    if len(known) == 1:
        return (
            f"Of het gebied op weg was naar het stadsgemiddelde in {term(r)}, is alleen bij {known.index[0]} te zien: daar lag het "
            f"{'op koers' if len(on) else 'niet op koers'}."
        )
    told = f"Op weg naar het stadsgemiddelde in {term(r)} lag het gebied aan het eind bij {len(on) or 'geen'} van de {len(known)} vragen op koers"
    return f"{told} ({join_and(on)})." if len(on) else f"{told}."


def _all_caused(r: Report) -> str:
    found = measures.effects(r)
    if not len(found):
        return f"Of {r.programme.aanpak} er de oorzaak van was, is met deze gegevens niet te schatten."
    judged = found["judged"].map(lambda sign: VERDICTS.get(sign, ""))
    shown = judged[found["judged"].abs() == 1]
    if len(found) == 1:
        word = f"naar schatting {shown.iloc[0]}" if len(shown) else "niet vast te stellen"
        told = f"Of {r.programme.aanpak} er de oorzaak van was, is alleen bij {found.index[0]} te schatten: daar is het effect {word}"
    elif len(shown):
        listed = [f"{question} ({word})" for question, word in shown.items()]
        told = f"Een effect van {r.programme.aanpak} is te zien bij {join_and(listed)}"
    else:
        told = f"Een effect van {r.programme.aanpak} is bij geen van de {len(found)} te schatten vragen vast te stellen"
    if not r.national:
        return (
            f"{told}. Eén wijk of stad laat zelden meer zien dan toeval; landelijk is de schatting scherper."
        )
    if len(found) == 1:
        return f"{told}."
    left = [question for question in shown.index if found.at[question, "adjusted"] <= 0.05]
    kept = f"blijft {join_and(left)} over" if left else "blijft er geen over"
    return f"{told}. Wie meerekent dat er {len(found)} vragen tegelijk zijn gesteld: dan {kept}."
