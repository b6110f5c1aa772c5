"""The text of a report: numbers and tables the Dutch way, and the sentences built from the numbers.

Every function takes a :class:`helpers.report.Report` (or plain data) and returns HTML.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from IPython.display import display

from wijkenaanpak.due import RESULT_COLUMNS, RESULTS_MIME, VRAGEN, slug
from wijkenaanpak.dutch import in_unit, number, with_interval
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.measures import MEASURES
from wijkenaanpak.sources import forms

if TYPE_CHECKING:
    from helpers.report import Report


EFFECT_NAMES = {
    "nederland": "alle andere gebieden in Nederland",
    "g18": "andere gebieden in dezelfde steden",
    "rest_stad": "andere gebieden, elk binnen de eigen stad",
    "later": "later aangewezen wijken (40+)",
    "net_niet": "even zwakke gebieden (net-niet)",
    "synthetisch": "een samengestelde groep (synthetisch)",
    "gecorrigeerd": "gebieden met evenveel achterstand vooraf (gecorrigeerd)",
    "eigen": "eigen vergelijkingsgroep",
}

# Between these marks stands a number that a row of results.csv holds; escape() makes it a link to that row.
CITE, CITED, CITE_END, NOTE = "\ue000", "\ue001", "\ue002", "\ue003"


class Html(str):
    """Text that JupyterLab and the report show as HTML."""

    def _repr_html_(self) -> str:
        return str(self)


def escape(text: object) -> str:
    """Escape text for HTML, and link the numbers it cites (:func:`stated`) to where they come from."""
    cited = f"{CITE}(g[0-9]+){CITED}(.*?){CITE_END}"
    linked = re.sub(cited, r'<a class="cijfer" href="#\1">\2</a>', html.escape(str(text)))
    note = r'<sup><a href="#noot-\1" aria-label="bron \1">\1</a></sup>'
    return re.sub(f"{NOTE}([0-9]+){NOTE}", note, linked)


def footnote(r: Report, source: str) -> str:
    """Mark where a source is used; :func:`sources` lists them at the foot, each once."""
    return f"{NOTE}{r.note(source)}{NOTE}"


def cite(r: Report, text: str, measure: str, period: object, reference: str = "", **which: str) -> str:
    """Mark text as one of the report's recorded numbers; see :meth:`helpers.report.Report.number`."""
    number_id, _ = r.number(measure, period, reference, **which)
    return f"{CITE}{number_id}{CITED}{text}{CITE_END}"


def stated(
    r: Report, measure: str, period: object, reference: str = "", sign: bool = False, **which: str
) -> str:
    """Write a recorded number with its interval, as a link to its row.

    Parameters
    ----------
    r : Report
    measure, period, reference : str, object, str
        As it was recorded.
    sign : bool
        Write a plus sign before positive numbers.
    **which : str
        `method` and `indicator`, when not the defaults.
    """
    return _linked(*r.number(measure, period, reference, **which), sign)


def put(r: Report, *recorded: Any, sign: bool = False, **named: Any) -> str:
    """Record a number and write it as a link to its row; the arguments are those of :meth:`helpers.report.Report.record`."""
    return _linked(*r.record(*recorded, **named), sign)


def _linked(number_id: str, row: dict[str, Any], sign: bool) -> str:
    numbers = (row["estimate"], row["lower"], row["upper"])
    shown = with_interval(*numbers, row["unit"], sign).removesuffix(" (marge onbekend)")
    return f"{CITE}{number_id}{CITED}{shown}{CITE_END}"


def paragraphs(sentences: Iterable[str]) -> str:
    """Escape sentences into paragraphs."""
    return "".join(f"<p>{escape(s)}</p>" for s in sentences)


def bullets(points: Iterable[str]) -> Html:
    """Escape points into a list."""
    return Html("<ul>" + "".join(f"<li>{escape(p)}</li>" for p in points) + "</ul>")


def open_box(text: str) -> Html:
    """Mark something that is not there, with the reason."""
    return Html(f'<div class="open"><p>{escape(text)}</p></div>')


def nothing(r: Report) -> Html:
    """Say that there is nothing to show, and why."""
    return open_box(
        r.reason if r.window is None else "Hiervoor zijn er in dit gebied geen bruikbare metingen."
    )


def table(data: pd.DataFrame, caption: str, digits: int = 1) -> Html:
    """Write a DataFrame as an accessible table: caption, header cells with scope, decimal comma.

    Parameters
    ----------
    data : DataFrame
        The first column names the row; numbers are right-aligned, integers without decimals.
    caption : str
        What the table shows.
    digits : int
        Digits after the comma of float columns.
    """
    numeric = {c: pd.api.types.is_numeric_dtype(data[c]) for c in data}
    places = {c: 0 if pd.api.types.is_integer_dtype(data[c]) else digits for c in data}

    def cell(column: str, value: Any) -> str:
        text = number(value, places[column]) if numeric[column] else value
        return str(text) if isinstance(text, Html) else escape(text)

    css = {c: ' class="getal"' if numeric[c] else "" for c in data}
    head = "".join(f'<th scope="col"{css[c]}>{html.escape(str(c))}</th>' for c in data)
    rows = []
    for record in data.itertuples(index=False, name=None):
        first, *rest = zip(data.columns, record, strict=True)
        cells = "".join(f"<td{css[c]}>{cell(c, v)}</td>" for c, v in rest)
        rows.append(f'<tr><th scope="row">{cell(*first)}</th>{cells}</tr>')
    return Html(
        f'<div class="tabel" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}">'
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def fold(shown: Html, rows: int, summary: str, most: int = 8) -> Html:
    """Fold a table of more rows than fit between two paragraphs behind its summary."""
    return (
        shown
        if rows <= most
        else Html(f"<details><summary>{html.escape(summary)}</summary>{shown}</details>")
    )


def verdict_tag(verdict: str) -> Html:
    """Write a verdict so that the style sheet can colour it; the word carries the meaning."""
    return Html(
        f'<span class="oordeel {html.escape(verdict.replace(" ", "-"))}">{html.escape(verdict)}</span>'
    )


def claims_list(ledger: pd.DataFrame, notes: dict[str, str] | None = None) -> Html:
    """Write statements with verdict, recomputation, what is missing, and the findable source.

    What could be recomputed comes first and open; the rest folds away.

    Parameters
    ----------
    ledger : DataFrame
        See :func:`wijkenaanpak.claims.claims.ledger`.
    notes : dict, optional
        The footnote of each document, by title.
    """
    notes = notes or {}
    if not len(ledger):
        return Html("<p>In de vijf brondocumenten staat over deze vraag en dit gebied geen uitspraak.</p>")
    beyond = ledger["verdict"] == "niet na te rekenen"
    lists = ['<ul class="uitspraken">' + "".join(_claim(row, notes.get(row.title, "")) for row in part.itertuples()) + "</ul>" if len(part) else ""
             for part in (ledger[~beyond], ledger[beyond])]  # fmt: skip
    folded = (
        f"<details><summary>Niet na te rekenen: {beyond.sum()} uitspraken, met wat ervoor ontbreekt</summary>"
    )
    return Html(lists[0] + (f"{folded}{lists[1]}</details>" if lists[1] else ""))


def _claim(row: Any, note: str) -> str:
    extra = (("Nagerekend: ", row.calculation), ("Wat ontbreekt: ", row.missing), ("", row.remark))
    lines = "".join(f"<p>{label}{html.escape(text)}</p>" for label, text in extra if text)
    source = f"“{row.phrase}” ({row.title}, {row.date}; over {row.gebied}; uitspraak {row.id})"
    return (
        f"<li><p>{verdict_tag(row.verdict)} · {html.escape(row.statement)}</p>{lines}"
        f'<p class="noot">{escape(source + note)}</p></li>'
    )


def header(r: Report, question: str) -> Html:
    """Write the head of the page: question, area, period, outcome, data, and the list it stands on."""
    period = f"{r.start} tot en met {r.eind}; geen reeks"
    outcome = "geen reeks aanwezig"
    if r.window:
        period = f"{r.window[0]} tot {r.window[1]} (gevraagd: {r.start} tot en met {r.eind})"
        outcome = f"{r.indicator['label']} ({r.indicator['unit']})"
        if not r.indicator["primary"]:
            outcome += "; de eigenlijke hoofduitkomst ontbreekt in deze gegevens"
    return head(r, question, {"Gebied": r.gebied, "Periode": period, "Hoofduitkomst": outcome})


def head(r: Report, question: str, lines: dict[str, str]) -> Html:
    """Write the title, the warning on practice data, and the key facts of a page: its own `lines` and what all have."""
    items = lines | {
        "Gegevens": "oefendata: gesimuleerd" if r.simulated else "gepubliceerde reeksen uit de opgegeven map",
        "Wijkenlijst": f"{r.panel.meta['list']}: {treated_text(r)}",
        "Referentie": f"{r.names[r.referentie]}; alle vier de referenties staan in "
        + ("het rapport" if r.vraag in VRAGEN else "de rapporten per vraag"),
    }
    rows = "".join(f"<dt>{k}</dt><dd>{html.escape(v)}</dd>" for k, v in items.items())
    warning = (
        '<div class="let-op"><p><strong>Oefendata.</strong> De reeksen in dit rapport zijn gesimuleerd en zeggen '
        "niets over het werkelijke gebied. De uitspraken uit de brondocumenten zijn wel echt.</p></div>"
        if r.simulated
        else ""
    )
    title = html.escape(f"{question} {r.gebied.replace('/', ', ', 1)}")
    return Html(f'<h1>{title}</h1>{warning}<dl class="kerngegevens">{rows}</dl>')


def treated_text(r: Report) -> str:
    """Say how many postcode areas in how many wijken, and how certain they are."""
    counts = r.treated()
    if not counts:
        return "voor dit gebied is niet vastgesteld welke postcodegebieden erbij horen"
    kinds = "; ".join(f"{kind}: {n}" for kind, n in counts.items())
    total = _many(sum(counts.values()), "postcodegebied", "postcodegebieden")
    wijken = _many(len(r.panel.wijken), "aandachtswijk", "aandachtswijken")
    return f"{total} in {wijken} ({kinds})"


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"


def answer(r: Report) -> Html:
    """Answer the question in a few sentences built from the numbers, and say how sure; record the verdict."""
    return Html(f'<div class="antwoord">{paragraphs(_answer(r))}</div>{_certainty(r)}')


def _certainty(r: Report) -> str:
    """Say in a box what the answer's certainty rests on."""
    if r.window is None:
        return ""
    changes, period = r.changes().set_index("role"), "-".join(map(str, r.window))
    row = changes.loc[r.referentie]
    same = int((changes["verdict"] == row["verdict"]).sum())
    spans = row["lower"] <= 0 <= row["upper"]
    margin = stated(r, "gap_change", period, r.referentie, sign=True)
    points = [
        f"De marge van de verandering ({margin} {r.gap_unit}) "
        + (
            "laat beide richtingen toe."
            if spans
            else "sluit nul uit."
            if np.isfinite(row["lower"])
            else "is niet te bepalen."
        ),
        f"Van de {len(changes)} referenties {'geeft' if same == 1 else 'geven'} er {same} hetzelfde oordeel.",
        f"Het gebied bestaat uit {treated_text(r)}.",
        "Dit gaat over doelrealisatie, niet over het effect van de wijkenaanpak.",
    ]
    if r.simulated:
        points.insert(0, "De reeksen zijn gesimuleerd: zeker is hier alleen hoe er gerekend wordt.")
    return aside("Hoe zeker is dit?", points)


def aside(title: str, points: list[str]) -> str:
    """Write a box beside an answer: what it rests on, point by point."""
    return (
        f'<aside class="zeker" aria-label="{title}"><p><strong>{title}</strong></p>{bullets(points)}</aside>'
    )


def _answer(r: Report) -> list[str]:
    from helpers import impact  # impact imports this module

    if r.window is None:
        r.record("target_verdict", f"{r.start}-{r.eind}", np.nan, "oordeel", r.referentie)
        computed = (r.ledger["verdict"] != "niet na te rekenen").sum()
        told = (
            f"Wel zijn {computed} van de {len(r.ledger)} gepubliceerde uitspraken hierover na te rekenen; "
            "zie hieronder."
            if len(r.ledger)
            else "Ook staat er in de vijf brondocumenten geen uitspraak over deze vraag en dit gebied."
        )
        return [f"Deze vraag is met de aanwezige gegevens niet te beantwoorden. {r.reason}", told]
    r.gaps()  # records the gaps that the first sentence states
    changes = r.changes().set_index("role")
    row = changes.loc[r.referentie]
    (t0, t1), unit, verdict = r.window, r.gap_unit, row["verdict"]
    sign = {"kleiner": -1.0, "groter": 1.0}.get(verdict, 0.0)
    r.record("target_verdict", f"{t0}-{t1}", sign, "oordeel", r.referentie)
    first, last = (_standing(r, row[k], t) for k, t in (("first", t0), ("last", t1)))
    moved = stated(r, "gap_change", f"{t0}-{t1}", r.referentie, sign=True)
    judged = {
        "kleiner": "Die positie is dus verbeterd",
        "groter": "Die positie is dus verslechterd",
    }.get(verdict, f"Of de positie beter of slechter werd, is niet vast te stellen: {row['why']}")
    sentences = [
        f"{r.indicator['label']}: in {t0} {_had(r)} {first} op {r.names[r.referentie]}, in {t1} {last}. "
        f"{judged}. De achterstand veranderde {moved} {unit}; tussen haakjes de 95%-marge."
    ]
    if r.simulated:
        sentences[0] = f"Oefendata, geen werkelijke uitkomst. {sentences[0]}"
    others = [
        r.names[k] for k, v in changes.iterrows() if v["verdict"] != verdict and np.isfinite(v["estimate"])
    ]
    if others:
        sentences.append(
            f"Ten opzichte van {join_and(others)} is het oordeel anders: de keuze van de referentie doet ertoe."
        )
    if r.timing:
        sentences.append(r.timing)
    return [*sentences, impact.brief(r)]


def _had(r: Report) -> str:
    return f"had {r.names['wijk']}" if len(r.panel.wijken) == 1 else f"hadden {r.names['wijk']} samen"


def _standing(r: Report, gap: float, year: int) -> str:
    if not np.isfinite(gap):
        return "een onbekende positie"
    size = cite(r, in_unit(abs(gap), r.gap_unit), "gap", year, r.referentie)
    return f"een {'achterstand' if gap >= 0 else 'voorsprong'} van {size} {r.gap_unit}"


def some(numbers: list[int]) -> str:
    """Write "18", or "18 tot 140"."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} tot {numbers[-1]}"


def join_and(names: Iterable[str]) -> str:
    """Join names with commas and "en" before the last."""
    *first, last = list(names)
    return f"{', '.join(first)} en {last}" if first else last


def data_quality(r: Report) -> Html:
    """Say which series there are, what is missing, what breaks in them, and what was dropped."""
    rows, absent = [], []
    for _, row in r.panel.indicators.iterrows():
        years = r.panel.get(row["indicator"], r.roles["wijk"])["period"].tolist()
        if not years and not row["primary"]:
            absent.append(row["label"])
            continue
        rows.append(
            {
                "uitkomst of kenmerk": row["label"] + (" (hoofduitkomst)" if row["primary"] else ""),
                "bron": f"{row['publisher']}, {row['table']}" + footnote(r, _published(row)),
                "metingen": _years(years) or "geen reeks in deze gegevens",
                "breuken in de reeks": row["breaks"] or "geen bekend",
            }
        )
    series = table(pd.DataFrame(rows), f"Reeksen voor deze vraag in {r.gebied}")
    if absent:
        series = Html(f'{series}<p class="noot">Niet in deze gegevens: {html.escape("; ".join(absent))}.</p>')
    lists = r.lists()
    if len(lists):
        last = lists[lists["period"] == r.window[1]]
        columns: dict[str, Any] = {"gebieden": last["name"]}
        for year in r.window:
            columns[f"{r.indicator['label']} {year}"] = [
                stated(r, "level", year, name, method="gemeten") for name in last["name"]
            ]
        columns["gewicht (noemer of aantal PC4)"] = [number(n, 0) for n in last["n"]]
        caption = (
            f"De uitkomst op de vastgestelde wijkenlijst en met kandidaten ({r.indicator['unit']}; 95%-marge)"
        )
        series = Html(series + table(pd.DataFrame(columns, dtype=object), caption))
    if len(seldom := r.snapshot()):
        caption = f"Wel gemeten, maar te weinig voor een verandering tussen {r.start} en {r.eind}: de laatste stand (95%-marge, waar die te bepalen is)"
        series = Html(series + context(r, seldom, caption))
    names = {"file": "bestand", "what": "wat", "count": "aantal"}
    log = table(r.panel.log.rename(columns=names), "Wat er is gelezen, weggelaten en gecorrigeerd")
    return Html(f"{series}<details><summary>Logboek van het inlezen</summary>{log}</details>")


def _published(row: pd.Series) -> str:
    return f"{row['publisher']}, tabel {row['table']}. {row['source']}."


def _years(years: list[int]) -> str:
    if len(years) > 2 and years == list(range(years[0], years[-1] + 1)):
        return f"{years[0]} tot en met {years[-1]}, elk jaar"
    return ", ".join(map(str, years))


def claims(r: Report) -> Html:
    """Show the published statements about this question and area, recomputed."""
    notes = {
        title: footnote(r, f"{title}, {date}.")
        for title, date in r.ledger[["title", "date"]].drop_duplicates().itertuples(index=False)
    }
    return claims_list(r.ledger, notes)


def changes(r: Report) -> Html:
    """Show the change of the gap against the four references, taken apart."""
    data = r.changes()
    if not len(data):
        return nothing(r)
    (t0, t1), unit = r.window, r.gap_unit
    period = f"{t0}-{t1}"
    closed = [
        stated(r, "gap_closed", period, row.role, method="Fieller")
        if np.isfinite(row.closed_lower)
        else row.closed_why or "niet te bepalen"
        for row in data.itertuples()
    ]
    columns = {
        "ten opzichte van": data["role"].map(r.names),
        **{str(t): [bare_number(r, "gap", t, role) for role in data["role"]] for t in (t0, t1)},
        "verandering (95%-marge)": [stated(r, "gap_change", period, role, True) for role in data["role"]],
        "waarvan de wijk zelf": [bare_number(r, "own_change", period, role, True) for role in data["role"]],
        "waarvan de referentie": [
            bare_number(r, "reference_change", period, role, True) for role in data["role"]
        ],
        "ingelopen, % (95%-interval)": closed,
        "de achterstand werd": [verdict_tag(v) for v in data["verdict"]],
    }
    caption = (
        f"Achterstand in {unit}; boven nul is slechter dan de referentie. Een min bij verandering is inlopen."
    )
    return table(pd.DataFrame(columns, dtype=object), caption)


def bare_number(
    r: Report, measure: str, period: object, reference: str, sign: bool = False, **which: str
) -> str:
    """Write a recorded number without its interval, where a table has no room; the link leads to the interval."""
    _, row = r.number(measure, period, reference, **which)
    return cite(r, in_unit(row["estimate"], row["unit"], sign), measure, period, reference, **which)


def indicators(r: Report, data: pd.DataFrame) -> Html:
    """Show each outcome of the question against the G18."""
    if not len(data):
        return nothing(r)
    broken = {row.indicator: r.breaks(row.indicator) for row in data.itertuples()}
    columns = [
        {
            "uitkomst": row.label + (" *" if broken[row.indicator] else ""),
            "jaren": f"{row.first_year}–\u2060{row.last_year}",
            "eerst": bare_number(r, "gap", row.first_year, "g18", indicator=row.indicator),
            "laatst": bare_number(r, "gap", row.last_year, "g18", indicator=row.indicator),
            "verandering (95%-marge)": stated(
                r, "gap_change", f"{row.first_year}-{row.last_year}", "g18", True, indicator=row.indicator
            ),
            "eenheid": row.unit,
            "de achterstand werd": verdict_tag(row.verdict),
        }
        for row in data.itertuples()
    ]
    caption = "Achterstand op de G18 van elke uitkomst. De marges zijn per uitkomst, niet gecorrigeerd voor hun aantal."
    notes = [
        f"{row.label}: {'; '.join(broken[row.indicator])}"
        for row in data.itertuples()
        if broken[row.indicator]
    ]
    text = f"* In deze jaren veranderde de meting zelf. {'. '.join(notes)}." if notes else ""
    note = f'<p class="noot">{html.escape(text)}</p>' if notes else ""
    return Html(table(pd.DataFrame(columns, dtype=object), caption) + note)


def context(r: Report, data: pd.DataFrame, caption: str) -> Html:
    """Show the level of outcomes without a good or bad direction, wijk beside reference."""
    if not len(data):
        return nothing(r)
    rows = []
    for (indicator, label, unit), part in data.groupby(["indicator", "label", "unit"], sort=False):
        entry = {"kenmerk": f"{label} ({unit})"}
        for row in part.itertuples():
            which = {"method": "gemeten", "indicator": indicator}
            reference = "" if row.role == "wijk" else row.role
            entry[f"{r.names[row.role]}, {row.period}"] = stated(r, "level", row.period, reference, **which)
        rows.append(entry)
    return table(pd.DataFrame(rows, dtype=object), caption)


def counts(r: Report, data: pd.DataFrame, caption: str) -> Html:
    """Show how many people stand behind a share."""
    if not len(data):
        return nothing(r)
    measures = {"noemer": "denominator", "gevallen": "cases", "aandeel (%)": "level"}
    columns = {"gebied": list(data["name"])}
    for title, measure in measures.items():
        columns[title] = [stated(r, measure, r.window[1], method=method) for method in data["method"]]
    return table(pd.DataFrame(columns, dtype=object), caption)


def wijken(r: Report, data: pd.DataFrame) -> Html:
    """Say how many wijken caught up, whether that is more than chance, and whether they converged."""
    city, _, wijk = r.gebied.partition("/")
    if wijk:
        text = f"Dit rapport gaat over één wijk. Het rapport over {city} zet de aandachtswijken van de stad naast elkaar."
        return Html(paragraphs([text]))
    found = r.catching_up(data)
    if not len(found):
        return open_box("Voor een vergelijking tussen wijken zijn twee wijken met een reeks nodig.")
    unit, period = r.gap_unit, "-".join(map(str, r.window))
    row = found.set_index("role").loc[r.referentie]
    up, mean, test = row["up"], row["mean"], "tekentoets, tweezijdig"
    p = bare_number(r, "sign_test", period, r.referentie, method=test)
    sentences = [
        f"In {up.k} van de {up.n} wijken werd de achterstand op {r.names[r.referentie]} kleiner. Puur toeval geeft de helft; de "
        f"tekentoets daartegen geeft een p-waarde van {p} (tweezijdig, {up.n} wijken in "
        f"{_many(row['cities'], 'stad', 'steden')}, wijken als onafhankelijk behandeld"
        + (
            f"; {up.ties} zonder verandering {'telt' if up.ties == 1 else 'tellen'} niet mee). "
            if up.ties
            else "). "
        )
        + (
            f"Met {up.n} wijken is een aandeel pas vanaf {in_unit(up.detectable, 'aandeel')} met 80% kans van de helft te "
            "onderscheiden."
            if np.isfinite(up.detectable)
            else f"Met {up.n} wijken is geen enkel aandeel van de helft te onderscheiden."
        )
    ]
    averages = []
    for role, cities, average in zip(found["role"], found["cities"], found["mean"], strict=True):
        method = f"gemiddelde over wijken, CR1 per stad ({cities} steden)"
        numbers: tuple[float, float, float] = average.numbers
        averages.append(
            stated(r, "mean_change", period, role, True, method=method)
            if cities > 2
            else with_interval(*numbers, unit, True)
        )
        if role == r.referentie and cities > 2:
            found_with = bare_number(r, "detectable_change", period, role, method=method)
            sentences.append(
                f"Gemiddeld veranderde de achterstand {averages[-1]} {unit} ({mean.n} wijken in {mean.clusters} steden, die "
                f"tellen voor {number(mean.effective_clusters, 0)} gelijke). Een gemiddelde verandering van {found_with} {unit} "
                "had 80% kans om gevonden te worden."
            )
    columns = {
        "ten opzichte van": [r.names[role] for role in found["role"]],
        "wijken die inliepen": [f"{u.k} van {u.n}" for u in found["up"]],
        "aandeel (95%-interval van Wilson)": [
            stated(r, "share_catching_up", period, role, method="Wilson") for role in found["role"]
        ],
        "p, tekentoets": [bare_number(r, "sign_test", period, role, method=test) for role in found["role"]],
        f"gemiddelde verandering, {unit} (95%-marge)": averages,
    }
    counted = table(
        pd.DataFrame(columns, dtype=object),
        "Inlopen ten opzichte van vier referenties; wijken tellen even zwaar",
    )
    spread = r.convergence(data)
    if spread is not None:
        first, last = (stated(r, "sigma", year, method="standaardafwijking") for year in r.window)
        slope = stated(r, "beta", period, r.referentie, True, method="OLS, CR1 per stad")
        corrected = bare_number(r, "beta", period, r.referentie, True, method="gecorrigeerd voor meetfouten")
        sentences.append(
            f"De spreiding tussen de wijken ging van {first} naar {last} {unit}. Per punt beginachterstand "
            f"veranderde de achterstand {slope}; na correctie voor meetfouten {corrected}. Het verschil daartussen is "
            "terugkeer naar het gemiddelde, die ook zonder beleid optreedt."
        )
    return Html(paragraphs(sentences) + counted)


def course(r: Report) -> Html:
    """Say whether the area was on course, for both horizons."""
    from helpers.report import HORIZONS  # report imports this module

    if r.window is None:
        return nothing(r)
    if not r.has_start:
        return open_box(
            f"Of het gebied op koers lag is niet te bepalen: de vergelijking begint in {r.window[0]}, en het doel telt vanaf "
            "de positie bij de start in 2007."
        )
    gap = r.official_gap
    if not len(gap):
        return open_box(
            f"In {r.window[0]} was er geen achterstand op {r.names['stad']}; er was geen pad af te leggen."
        )
    status = {horizon: r.on_course(horizon) for horizon in HORIZONS}
    columns: dict[str, Any] = {
        "jaar": gap.index.astype(str),
        "achterstand": [bare_number(r, "gap", year, "stad") for year in gap.index],
    }
    for horizon, rows in status.items():
        method = f"doel in {horizon} jaar"
        columns[f"mag nog zijn, {horizon} jaar"] = [
            bare_number(r, "required_gap", year, "stad", method=method) for year in rows.index
        ]
        columns[f"oordeel, {horizon} jaar"] = rows["status"].to_numpy()
    p = status[HORIZONS[-1]]["probability"].iloc[-1]
    final = (gap.index[-1], "stad")
    chance = cite(r, chance_text(p), "on_course_probability", *final, method=f"doel in {HORIZONS[-1]} jaar")
    placed = [f"bij een doel van {h} jaar {_placed(rows['status'].iloc[-1])}" for h, rows in status.items()]
    last = f"Ten opzichte van {r.names['stad']} lag het gebied in {gap.index[-1]} {join_and(placed)}" + (
        f" (kans dat de achterstand binnen het tienjarenpad lag: {chance})." if np.isfinite(p) else "."
    )
    rule = {
        "afbouwen": "Dat past bij afbouwen van het partnerschap met het Rijk.",
        "intensiveren": "Dat past bij intensiveren van het partnerschap.",
        "niet vast te stellen": "Afbouwen noch intensiveren is daarmee met ten minste 80% kans aangewezen.",
    }[monitor.steer(p)]
    rule = f"De regel van 2012: afbouwen waar de ambities op koers liggen, intensiveren waar de voortgang achterblijft. {rule}"
    caption = f"Achterstand op {r.names['stad']} ({r.gap_unit}) en wat het doel nog toeliet"
    return Html(paragraphs([last, *_reaching(r), rule]) + table(pd.DataFrame(columns, dtype=object), caption))


def _reaching(r: Report) -> list[str]:
    """Say how likely it was, with what was known in 2012, that the gap would be gone or halved in 2017."""
    from helpers.report import END_PROGRAMME, LAST_FIT  # report imports this module

    recorded = {
        (row["measure"], row["method"]): row["estimate"] for _, row in r.numbers() if row["unit"] == "kans"
    }
    shown = []
    for scenario in ("lineair", "gedempt", "stadstrend"):
        method = f"{scenario}, metingen tot en met {LAST_FIT}"
        if ("p_closed", method) not in recorded:
            continue
        chance = {
            m: cite(r, chance_text(recorded[m, method]), m, END_PROGRAMME, "stad", method=method)
            for m in ("p_closed", "p_halved")
            if (m, method) in recorded
        }
        halved = f", ten minste gehalveerd {chance['p_halved']}" if "p_halved" in chance else ""
        shown.append(f"{scenario} weg {chance['p_closed']}{halved}")
    if not shown:
        return []
    return [
        f"Met wat in {LAST_FIT} bekend was, was de kans dat de achterstand in {END_PROGRAMME} verdwenen zou zijn, naar drie manieren van "
        f"doortrekken: {'; '.join(shown)}."
    ]


def held_on(r: Report) -> Html:
    """Apply the rule of the 127 buurten to the series of the report, and tell how those that held on fared afterwards."""
    found = r.held
    if not found:
        return open_box(
            "De drie voorwaarden zijn op de reeks van dit rapport niet na te gaan: daarvoor zijn vier metingen per postcodegebied nodig."
        )
    years, until, groups = found["years"], found["until"], found["groups"]
    period, later = "-".join(map(str, years)), f"{years[-1]}-{until}"
    columns = {
        "gebieden": groups["name"],
        f"zwakste kwart in {years[0]}": groups["weak"],
        f"daarvan bovengemiddeld vooruit tot {years[1]}": groups["improved"],
        f"daarvan niet terug tot {years[2]}": groups["held"],
        "aandeel (%; 95%-interval)": [
            stated(r, "held_on", period, name, method="Wilson") if n else "geen"
            for name, n in zip(groups["name"], groups["improved"], strict=True)
        ],
    }
    caption = (
        f"De drie voorwaarden op {r.indicator['label']}, per postcodegebied: {', '.join(map(str, years))}"
    )
    difference, unit = found["later"], r.gap_unit
    text = "Of standhouden ook daarna iets zegt, is met zo weinig gebieden niet te bepalen."
    if np.isfinite(difference.estimate):
        shown = stated(r, "held_on_later", later, "", True, method="Welch")
        told = (
            "standhouden zei dus iets over wat volgde"
            if difference.lower > 0
            else "wie terugviel haalde dat daarna in: terugkeer naar het gemiddelde"
            if difference.upper < 0
            else "standhouden zei dus niets aantoonbaars over wat volgde"
        )
        text = (
            f"Tussen {years[2]} en {until} ontwikkelden de gebieden die standhielden zich {shown} {unit} anders dan de gebieden die "
            f"na dezelfde verbetering terugvielen: {told}."
        )
    return Html(table(pd.DataFrame(columns, dtype=object), caption) + paragraphs([text]))


def _placed(status: str) -> str:
    return {
        "op koers": "op koers",
        "achter": "achter op het pad",
        "voorbij": "op voorsprong",
        "verkeerde kant": "verder weg dan bij de start",
    }.get(status, status)


def chance_text(p: float) -> str:
    """Write a probability; nothing is certain."""
    return "minder dan 0,01" if p < 0.005 else "meer dan 0,99" if p > 0.995 else in_unit(p, "kans")


def cannot_say(r: Report) -> Html:
    """List what the numbers above cannot tell."""
    points = [
        "De wijken zijn gekozen omdat ze slecht scoorden. Wie op een slechte meting kiest, ziet daarna vanzelf enige "
        "verbetering: terugkeer naar het gemiddelde.",
        "Of de zittende bewoners vooruitgingen of de bevolking veranderde, is in deze cijfers niet te scheiden.",
        "De marges gaan over toeval in de metingen, met onafhankelijke fouten per postcodegebied en jaar. Definitiebreuken "
        "en gezamenlijke schokken zitten er niet in.",
    ]
    points = [*list_doubts(r), *points]
    if r.has_start and r.window[0] > 2007:
        points.insert(
            0,
            f"De eerste meting is van {r.window[0]}, na de bekendmaking van de selectie in maart 2007; een vroeg gevolg van die "
            "bekendmaking zit dus al in het beginpunt.",
        )
    if r.timing:
        points.insert(0, r.timing)
    if r.simulated:
        points.insert(0, "De reeksen zijn oefendata: geen conclusie over een werkelijk gebied is geoorloofd.")
    return bullets(points)


def list_doubts(r: Report) -> list[str]:
    """Say what the list of wijken leaves open for this area."""
    points: list[str] = []
    wijken = len(r.panel.wijken)
    candidates = [kind.startswith("kandidaat") for kind in r.treated()]
    if r.gebied == "Nederland" and 0 < wijken < 40:
        points.append(f"De wijkenlijst dekt {wijken} van de 40 aandachtswijken.")
    if r.gebied != "Nederland" and any(candidates):
        which = (
            "Alle postcodegebieden van dit gebied zijn kandidaten en staan"
            if all(candidates)
            else "Een deel van de postcodegebieden van dit gebied is kandidaat en staat"
        )
        points.append(
            f"{which} niet op een officiële lijst (Kamerstuk 30995, nr. 66); met die lijst kan de uitkomst anders zijn.",
        )
    return points


PACKAGES = ("pandas", "scipy", "geopandas", "matplotlib", "papermill")  # that a page names
version = cache(metadata.version)


def sources(r: Report) -> Html:
    """Write sources and versions, show every recorded number, and hand the numbers to the batch."""
    rows = [row for _, row in r.numbers()]
    text = f"{len(rows)} resultaten"
    display({"text/plain": text, "text/html": "", RESULTS_MIME: _csv(rows, r)}, raw=True)
    shown = sum(row["unit"] != "oordeel" for row in rows)
    files = r.panel.meta["files"]
    listed = table(pd.DataFrame({"bestand": list(files)}), "Gelezen bestanden")
    listed_notes = "".join(f'<li id="noot-{n}">{escape(text)}</li>' for text, n in r.notes.items())
    stamp = "; ".join(
        [
            f"versie {version('wijkenaanpak')}",
            f"gegevens: {'oefendata, seed ' + str(r.seed) if r.simulated else 'gepubliceerd'}{_until(r)}",
            f"inhoud van de gelezen gegevens {r.panel.meta['slice'][:12]}",
            "software: " + ", ".join(f"{p} {version(p)}" for p in PACKAGES),
            "licentie EUPL-1.2",
        ]
    )
    return Html(
        f'<h3>Bronnen</h3><ol class="noten">{listed_notes}</ol>'
        f"<details><summary>Gelezen bestanden ({len(files)})</summary>{listed}</details>"
        f"<details><summary>Alle {shown} getallen van dit rapport, met hun herkomst</summary>"
        f'<p>Ook als <a href="{slug(r.gebied)}.csv">CSV-bestand</a>.</p>{_numbers(r)}</details>'
        f"<footer><p>{html.escape(stamp)}.</p></footer>"
    )


def _csv(rows: list[dict[str, Any]], r: Report) -> str:
    """Write rows of results.csv, in a fixed order and without a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in sorted(rows, key=lambda row: [row[c] for c in RESULT_COLUMNS[2:7]]):
        line = {**row, "report": f"{r.vraag}/{slug(r.gebied)}.html"}
        writer.writerow("" if v != v else v for v in line.values())  # a missing number is an empty field
    return text.getvalue()


def _until(r: Report) -> str:
    return f", tot en met {r.panel.series['period'].max()}" if len(r.panel.series) else ""


def _numbers(r: Report) -> str:
    """Show every recorded number with its anchor: a table a measure and outcome, periods by references."""
    groups: dict[tuple[str, str, str], dict[tuple[str, str], dict[str, str]]] = {}
    for anchor, row in r.numbers():
        if row["unit"] == "oordeel":
            continue
        shown = with_interval(row["estimate"], row["lower"], row["upper"], row["unit"])
        cell = f'<td id="{anchor}">{shown.removesuffix(" (marge onbekend)")}</td>'
        lines = groups.setdefault((row["measure"], row["indicator"], row["unit"]), {})
        lines.setdefault((row["period"], row["method"]), {})[row["reference"]] = cell
    outcomes = r.panel.indicators.set_index("indicator")["label"].to_dict()
    parts = []
    for (measure, indicator, unit), lines in groups.items():
        methods = {method for _, method in lines}
        references = list(dict.fromkeys(reference for cells in lines.values() for reference in cells))
        names = {**dict(zip(references, references, strict=True)), **r.names, "": r.names["wijk"]}
        if measure.startswith("effect"):
            names = {reference: EFFECT_NAMES.get(reference, reference) for reference in references}
        known = indicator in outcomes or indicator in forms.book().index
        caption = f"{MEASURES[measure].label.capitalize()}: {outcomes.get(indicator, indicator)} ({unit})"
        caption = html.escape(caption + (f"; {methods.pop()}" if len(methods) == 1 else ""))
        head = "".join(f'<th scope="col">{escape(names[reference])}</th>' for reference in references)
        body = ""
        for (period, method), cells in lines.items():
            label = escape(f"{period}, {method}" if methods else period)
            body += f'<tr><th scope="row">{label}</th>'
            body += "".join(cells.get(reference, "<td></td>") for reference in references) + "</tr>"
        parts.append(
            f'<div class="tabel" tabindex="0" role="region" aria-label="{caption}"><table><caption>{caption} – '
            f'<a href="../methode.html#{measure}">hoe berekend</a>'
            + (f', <a href="../methode.html#uitkomst-{indicator}">waar vandaan</a>' if known else "")
            + "</caption>"
            f'<thead><tr><th scope="col">periode</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        )
    return "".join(parts)
