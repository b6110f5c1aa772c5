"""The text of a report: numbers and tables the Dutch way, and the sentences built from the numbers.

Every function takes a :class:`helpers.report.Report` (or plain data) and returns HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from IPython.display import display

from helpers import monitor
from helpers.due import RESULTS_MIME

if TYPE_CHECKING:
    from helpers.report import Report


DIGITS = {
    **{
        "%": 1,
        "procentpunt": 1,
        "procent": 1,
        "score": 3,
        "cijfer": 2,
        "per 1.000": 1,
        "punten": 1,
        "punt": 3,
    },
    **{"euro": 0, "aantal": 0, "index": 2, "kans": 2, "aandeel": 2, "p-waarde": 3, "helling": 2},
}

MEASURES = {
    "level": "niveau",
    "gap": "achterstand",
    "index": "index (1 = gelijk, hoger is slechter)",
    "gap_change": "verandering van de achterstand",
    "gap_closed": "ingelopen deel van de achterstand",
    "own_change": "deel van die verandering door de wijk zelf",
    "reference_change": "deel van die verandering door de referentie",
    "target_verdict": "oordeel: −1 kleiner, 0 niet vast te stellen, 1 groter",
    "required_gap": "achterstand die het doel dan nog toelaat",
    "on_course_probability": "kans dat de achterstand binnen het doelpad ligt",
    "projected_gap": "achterstand, doorgetrokken",
    "share_catching_up": "aandeel wijken dat inloopt",
    "sign_test": "tekentoets tegen de helft",
    "mean_change": "gemiddelde verandering over de wijken",
    "detectable_change": "gemiddelde verandering die met 80% kans gevonden wordt",
    "sigma": "spreiding tussen wijken",
    "beta": "samenhang van verandering met beginachterstand",
}


class Html(str):
    """Text that JupyterLab and the report show as HTML."""

    def _repr_html_(self) -> str:
        return str(self)


def number(value: float, decimals: int = 1, sign: bool = False) -> str:
    """Write a number the Dutch way: decimal comma, point for thousands, true minus sign.

    Parameters
    ----------
    value : float
        Missing becomes "onbekend".
    decimals : int
        Digits after the comma.
    sign : bool
        Write a plus sign before positive numbers (for changes).

    Examples
    --------
    >>> number(-12345.678, 1)
    '−12.345,7'
    """
    if not np.isfinite(value):
        return "onbekend"
    rounded = round(float(value), decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    text = f"{rounded:{'+' if sign and rounded else ''},.{decimals}f}"
    return text.translate(str.maketrans(",.-", ".,−"))


def in_unit(value: float, unit: str, sign: bool = False) -> str:
    """Write a number with the digits of its unit; see ``DIGITS``."""
    if unit == "p-waarde" and value < 0.0005:
        return "minder dan 0,001"
    return number(value, DIGITS.get(unit, 2), sign)


def with_interval(estimate: float, lower: float, upper: float, unit: str, sign: bool = False) -> str:
    """Write an estimate with its 95% interval; say so when the interval is unknown."""
    text = in_unit(estimate, unit, sign)
    if not np.isfinite(lower) or not np.isfinite(upper):
        return text if not np.isfinite(estimate) else f"{text} (marge onbekend)"
    return f"{text} ({in_unit(lower, unit, sign)} tot {in_unit(upper, unit, sign)})"


def paragraphs(sentences: Iterable[str]) -> str:
    """Escape sentences into paragraphs."""
    return "".join(f"<p>{html.escape(s)}</p>" for s in sentences)


def open_box(text: str) -> Html:
    """Mark something that is not there, with the reason."""
    return Html(f'<div class="open"><p>{html.escape(text)}</p></div>')


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
        return str(text) if isinstance(text, Html) else html.escape(str(text))

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


def verdict_tag(verdict: str) -> Html:
    """Write a verdict so that the style sheet can colour it; the word carries the meaning."""
    return Html(f'<span class="oordeel {verdict.replace(" ", "-")}">{html.escape(verdict)}</span>')


def claims_list(ledger: pd.DataFrame) -> Html:
    """Write statements with verdict, recomputation, what is missing, and the findable source.

    What could be recomputed comes first and open; the rest folds away.
    """
    if not len(ledger):
        return Html("<p>In de vijf brondocumenten staat over deze vraag en dit gebied geen uitspraak.</p>")
    beyond = ledger["verdict"] == "niet na te rekenen"
    lists = ['<ul class="uitspraken">' + "".join(map(_claim, part.itertuples())) + "</ul>" if len(part) else ""
             for part in (ledger[~beyond], ledger[beyond])]  # fmt: skip
    folded = (
        f"<details><summary>Niet na te rekenen: {beyond.sum()} uitspraken, met wat ervoor ontbreekt</summary>"
    )
    return Html(lists[0] + (f"{folded}{lists[1]}</details>" if lists[1] else ""))


def _claim(row: Any) -> str:
    extra = (("Nagerekend: ", row.calculation), ("Wat ontbreekt: ", row.missing), ("", row.remark))
    lines = "".join(f"<p>{label}{html.escape(text)}</p>" for label, text in extra if text)
    source = f"“{row.phrase}” ({row.title}, {row.date}; over {row.gebied}; uitspraak {row.id})"
    return (
        f"<li><p>{verdict_tag(row.verdict)} · {html.escape(row.statement)}</p>{lines}"
        f'<p class="noot">{html.escape(source)}</p></li>'
    )


def header(r: Report, question: str) -> Html:
    """Write the head of the page: question, area, period, data, and the list it stands on."""
    period = f"{r.start} tot en met {r.eind}; geen reeks"
    outcome = "geen reeks aanwezig"
    if r.window:
        period = f"{r.window[0]} tot {r.window[1]} (gevraagd: {r.start} tot en met {r.eind})"
        outcome = f"{r.indicator['label']} ({r.indicator['unit']})"
        if not r.indicator["primary"]:
            outcome += "; de eigenlijke hoofduitkomst ontbreekt in deze gegevens"
    items = {
        "Gebied": r.gebied,
        "Periode": period,
        "Hoofduitkomst": outcome,
        "Gegevens": "oefendata: gesimuleerd" if r.simulated else "gepubliceerde reeksen uit de opgegeven map",
        "Wijkenlijst": _treated(r),
        "Referentie": f"{r.names[r.referentie]}; alle vier de referenties staan in het rapport",
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


def _treated(r: Report) -> str:
    counts = r.treated()
    if not counts:
        return "voor dit gebied is niet vastgesteld welke postcodegebieden erbij horen"
    kinds = "; ".join(f"{kind}: {n}" for kind, n in counts.items())
    total = _many(sum(counts.values()), "postcodegebied", "postcodegebieden")
    return f"{total} in {_many(len(r.panel.wijken), 'aandachtswijk', 'aandachtswijken')} ({kinds})"


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"


def answer(r: Report) -> Html:
    """Answer the question in a few sentences built from the numbers; record the verdict."""
    return Html(f'<div class="antwoord">{paragraphs(_answer(r))}</div>')


def _answer(r: Report) -> list[str]:
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
    changes = r.changes().set_index("role")
    row = changes.loc[r.referentie]
    (t0, t1), unit, verdict = r.window, r.gap_unit, row["verdict"]
    sign = {"kleiner": -1.0, "groter": 1.0}.get(verdict, 0.0)
    r.record("target_verdict", f"{t0}-{t1}", sign, "oordeel", r.referentie)
    first, last = (_standing(row[k], unit) for k in ("first", "last"))
    moved = with_interval(row["estimate"], row["lower"], row["upper"], unit, sign=True)
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
            f"Ten opzichte van {_and(others)} is het oordeel anders: de keuze van de referentie doet ertoe."
        )
    if r.timing:
        sentences.append(r.timing)
    cause = "Of de wijkenaanpak hiervan de oorzaak is, volgt hier niet uit; dat vergt een vergelijkingsgroep."
    return [*sentences, cause]


def _had(r: Report) -> str:
    return f"had {r.names['wijk']}" if len(r.panel.wijken) == 1 else f"hadden {r.names['wijk']} samen"


def _standing(gap: float, unit: str) -> str:
    if not np.isfinite(gap):
        return "een onbekende positie"
    return f"een {'achterstand' if gap >= 0 else 'voorsprong'} van {in_unit(abs(gap), unit)} {unit}"


def _and(names: Iterable[str]) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} en {last}" if first else last


def data_quality(r: Report) -> Html:
    """Say which series there are, what is missing, what breaks in them, and what was dropped."""
    rows = []
    for _, row in r.panel.indicators.iterrows():
        years = r.panel.get(row["indicator"], r.roles["wijk"])["period"].tolist()
        rows.append(
            {
                "uitkomst of kenmerk": row["label"] + (" (hoofduitkomst)" if row["primary"] else ""),
                "bron": f"{row['publisher']}, {row['table']}",
                "metingen": _years(years) or "geen reeks in deze gegevens",
                "breuken in de reeks": row["breaks"] or "geen bekend",
            }
        )
    series = table(pd.DataFrame(rows), f"Reeksen voor deze vraag in {r.gebied}")
    lists = r.lists()
    if len(lists):
        titles = [
            "gebieden",
            *(f"{r.indicator['label']} {year}" for year in r.window),
            "gewicht (noemer of aantal PC4)",
        ]
        caption = (
            f"De uitkomst op de vastgestelde wijkenlijst en met kandidaten ({r.indicator['unit']}; 95%-marge)"
        )
        series = Html(series + table(lists.set_axis(titles, axis=1), caption, 0))
    names = {"file": "bestand", "what": "wat", "count": "aantal"}
    log = table(r.panel.log.rename(columns=names), "Wat er is gelezen, weggelaten en gecorrigeerd")
    return Html(f"{series}<details><summary>Logboek van het inlezen</summary>{log}</details>")


def _years(years: list[int]) -> str:
    if len(years) > 2 and years == list(range(years[0], years[-1] + 1)):
        return f"{years[0]} tot en met {years[-1]}, elk jaar"
    return ", ".join(map(str, years))


def claims(r: Report) -> Html:
    """Show the published statements about this question and area, recomputed."""
    return claims_list(r.ledger)


def changes(r: Report) -> Html:
    """Show the change of the gap against the four references, taken apart."""
    data = r.changes()
    if not len(data):
        return nothing(r)
    (t0, t1), unit = r.window, r.gap_unit
    closed = [
        with_interval(row.closed, row.closed_lower, row.closed_upper, "%")
        if np.isfinite(row.closed_lower)
        else row.closed_why or "niet te bepalen"
        for row in data.itertuples()
    ]
    moved = [with_interval(row.estimate, row.lower, row.upper, unit, sign=True) for row in data.itertuples()]
    columns = {
        "ten opzichte van": data["role"].map(r.names),
        str(t0): [in_unit(v, unit) for v in data["first"]],
        str(t1): [in_unit(v, unit) for v in data["last"]],
        "verandering (95%-marge)": moved,
        "waarvan de wijk zelf": [in_unit(v, unit, True) for v in data["own"]],
        "waarvan de referentie": [in_unit(v, unit, True) for v in data["other"]],
        "ingelopen, % (95%-interval)": closed,
        "de achterstand werd": [verdict_tag(v) for v in data["verdict"]],
    }
    caption = (
        f"Achterstand in {unit}; boven nul is slechter dan de referentie. Een min bij verandering is inlopen."
    )
    return table(pd.DataFrame(columns, dtype=object), caption)


def indicators(r: Report, data: pd.DataFrame) -> Html:
    """Show each outcome of the question against the G18."""
    if not len(data):
        return nothing(r)
    columns = [
        {
            "uitkomst": row.label,
            "jaren": f"{row.first_year} en {row.last_year}",
            "eerst": in_unit(row.gap_first, row.unit),
            "laatst": in_unit(row.gap_last, row.unit),
            "verandering (95%-marge)": with_interval(row.estimate, row.lower, row.upper, row.unit, sign=True),
            "eenheid": row.unit,
            "de achterstand werd": verdict_tag(row.verdict),
        }
        for row in data.itertuples()
    ]
    caption = "Achterstand op de G18 van elke uitkomst. De marges zijn per uitkomst, niet gecorrigeerd voor hun aantal."
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
    unit = r.gap_unit
    row = found.set_index("role").loc[r.referentie]
    up, mean = row["up"], row["mean"]
    sentences = [
        f"In {up.k} van de {up.n} wijken werd de achterstand op {r.names[r.referentie]} kleiner. Puur toeval geeft de helft; de "
        f"tekentoets daartegen geeft een p-waarde van {in_unit(up.p_half, 'p-waarde')} (tweezijdig, {up.n} wijken in "
        f"{_many(row['cities'], 'stad', 'steden')}, wijken als onafhankelijk behandeld"
        + (f"; {up.ties} zonder verandering tellen niet mee). " if up.ties else "). ")
        + (
            f"Met {up.n} wijken is een aandeel pas vanaf {in_unit(up.detectable, 'aandeel')} met 80% kans van de helft te "
            "onderscheiden."
            if np.isfinite(up.detectable)
            else f"Met {up.n} wijken is geen enkel aandeel van de helft te onderscheiden."
        )
    ]
    if row["cities"] > 2:
        sentences.append(
            f"Gemiddeld veranderde de achterstand {with_interval(mean.estimate, mean.lower, mean.upper, unit, sign=True)} "
            f"{unit} ({mean.n} wijken in {mean.clusters} steden, die tellen voor {number(mean.effective_clusters, 0)} "
            f"gelijke). Een gemiddelde verandering van {in_unit(mean.detectable, unit)} {unit} had 80% kans om gevonden te worden."
        )
    columns = {
        "ten opzichte van": [r.names[role] for role in found["role"]],
        "wijken die inliepen": [f"{u.k} van {u.n}" for u in found["up"]],
        "aandeel (95%-interval van Wilson)": [
            with_interval(u.estimate, u.lower, u.upper, "aandeel") for u in found["up"]
        ],
        "p, tekentoets": [in_unit(u.p_half, "p-waarde") for u in found["up"]],
        f"gemiddelde verandering, {unit} (95%-marge)": [
            with_interval(m.estimate, m.lower, m.upper, unit, sign=True) for m in found["mean"]
        ],
    }
    counted = table(
        pd.DataFrame(columns, dtype=object),
        "Inlopen ten opzichte van vier referenties; wijken tellen even zwaar",
    )
    spread = r.convergence(data)
    if spread is not None:
        sigma, beta = spread
        first, last = (
            with_interval(row["sd"], row["lower"], row["upper"], unit) for _, row in sigma.iterrows()
        )
        slope = with_interval(beta.estimate, beta.lower, beta.upper, "helling", sign=True)
        sentences.append(
            f"De spreiding tussen de wijken ging van {first} naar {last} {unit}. Per punt beginachterstand "
            f"veranderde de achterstand {slope}; na correctie voor meetfouten "
            f"{in_unit(beta.corrected.estimate, 'helling', True)}. Het verschil daartussen is terugkeer naar het gemiddelde, "
            "die ook zonder beleid optreedt."
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
    status = {horizon: monitor.on_course(gap, gap.index[0], horizon) for horizon in HORIZONS}
    columns: dict[str, Any] = {
        "jaar": gap.index.astype(str),
        "achterstand": [in_unit(v, r.gap_unit) for v in gap["gap"]],
    }
    for horizon, rows in status.items():
        columns[f"mag nog zijn, {horizon} jaar"] = [in_unit(v, r.gap_unit) for v in rows["required"]]
        columns[f"oordeel, {horizon} jaar"] = rows["status"].to_numpy()
    p = status[HORIZONS[-1]]["probability"].iloc[-1]
    placed = [f"bij een doel van {h} jaar {_placed(rows['status'].iloc[-1])}" for h, rows in status.items()]
    last = f"Ten opzichte van {r.names['stad']} lag het gebied in {gap.index[-1]} {_and(placed)}" + (
        f" (kans dat de achterstand binnen het tienjarenpad lag: {_chance(p)})." if np.isfinite(p) else "."
    )
    caption = f"Achterstand op {r.names['stad']} ({r.gap_unit}) en wat het doel nog toeliet"
    return Html(paragraphs([last]) + table(pd.DataFrame(columns, dtype=object), caption))


def _placed(status: str) -> str:
    return {
        "op koers": "op koers",
        "achter": "achter op het pad",
        "voorbij": "op voorsprong",
        "verkeerde kant": "verder weg dan bij de start",
    }.get(status, status)


def _chance(p: float) -> str:
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
    wijken = len(r.panel.wijken)
    candidates = [kind.startswith("kandidaat") for kind in r.treated()]
    if r.gebied == "Nederland" and 0 < wijken < 40:
        points.insert(0, f"De wijkenlijst dekt {wijken} van de 40 aandachtswijken.")
    if r.gebied != "Nederland" and any(candidates):
        which = (
            "Alle postcodegebieden van dit gebied zijn kandidaten en staan"
            if all(candidates)
            else "Een deel van de postcodegebieden van dit gebied is kandidaat en staat"
        )
        points.insert(
            0,
            f"{which} niet op een officiële lijst (Kamerstuk 30995, nr. 66); met die lijst kan de uitkomst anders zijn.",
        )
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
    return Html("<ul>" + "".join(f"<li>{html.escape(p)}</li>" for p in points) + "</ul>")


def sources(r: Report) -> Html:
    """Write sources and versions, show every recorded number, and hand the numbers to the batch."""
    results = r.results()
    records = results.astype(object).where(results.notna(), None).to_dict("records")
    display({"text/plain": f"{len(records)} resultaten", "text/html": "", RESULTS_MIME: records}, raw=True)
    shown = results[results["unit"] != "oordeel"]
    columns = {
        "maat": shown["measure"].map(MEASURES),
        "uitkomst": shown["indicator"],
        "referentie": shown["reference"],
        "periode": shown["period"],
        "schatting (95%-interval)": [
            with_interval(row.estimate, row.lower, row.upper, row.unit).removesuffix(" (marge onbekend)")
            for row in shown.itertuples()
        ],
        "eenheid": shown["unit"],
        "methode": shown["method"],
    }
    files = r.panel.meta["files"]
    listed = table(pd.DataFrame({"bestand": list(files)}), "Gebruikte bestanden")
    numbers = table(pd.DataFrame(columns), "Elk getal van dit rapport, zoals het in results.csv staat")
    packages = ("pandas", "scipy", "geopandas", "matplotlib", "papermill")
    stamp = "; ".join(
        [
            f"gegevens: {'oefendata, seed ' + str(r.seed) if r.simulated else 'gepubliceerd'}",
            f"inhoud van de gelezen gegevens {r.panel.meta['slice'][:12]}",
            "software: " + ", ".join(f"{p} {version(p)}" for p in packages),
            "licentie EUPL-1.2",
        ]
    )
    return Html(
        f"<details><summary>Gebruikte bestanden ({len(files)})</summary>{listed}</details>"
        f"<details><summary>Alle {len(shown)} getallen van dit rapport</summary>{numbers}</details>"
        f"<footer><p>{html.escape(stamp)}.</p></footer>"
    )
