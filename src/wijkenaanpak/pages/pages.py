"""From executed notebook to page; the index, the page on methods, and the comparison of two runs."""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import itertools
import re
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

import jinja2
import pandas as pd

from wijkenaanpak import RAW, content
from wijkenaanpak.claims import claims
from wijkenaanpak.content import TEMPLATES
from wijkenaanpak.dutch import in_unit, number, with_interval
from wijkenaanpak.effects.inference import holm
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.measures import MEASURES
from wijkenaanpak.pages.html import beyond_checking, claims_list, table
from wijkenaanpak.pages.known import known_findings, series_there
from wijkenaanpak.programme import OVERVIEW, VRAGEN, gebieden, slug
from wijkenaanpak.sources import forms

VERDICTS = {-1.0: "kleiner", 0.0: "onbeslist", 1.0: "groter"}
EFFECTS = {-1.0: "gunstig", 0.0: "onbeslist", 1.0: "ongunstig"}
NO_SERIES = "geen reeks"
PRACTICE = "<strong>Oefendata.</strong>"  # the warning in the head of a report on practice data
RUNNING_HEAD = "\n@page { @top-center { content: 'OEFENDATA: gesimuleerd, geen werkelijke cijfers'; color: #B00020; font: bold 9pt sans-serif; } }"
FIGURE = '<p class="figuur-titel">'
ON_INDEX = re.compile(
    r",(?:target_verdict|effect_verdict|gap_change),|^\w+,Nederland,\w*,effect(?:_p)?,\w+,\w+,"
)
MOST_SHOWN = 500  # rows: more is for a spreadsheet


def csp(text: str) -> str:
    """Return the source expression with which a Content-Security-Policy allows exactly this inline text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def exporter() -> Any:
    """Return the one exporter, its template loaded: worth doing while the first notebook still starts."""
    from nbconvert import HTMLExporter

    page = HTMLExporter(
        template_name="rapport",
        extra_template_basedirs=[str(TEMPLATES)],
        extra_loaders=[jinja2.FileSystemLoader(TEMPLATES)],
    )
    page.exclude_anchor_links = True
    page.register_filter("csp", csp)
    assert page.template
    return page


def _render(template: str, **values: Any) -> str:
    """Fill one of the templates that are not a notebook's."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)
    environment.filters["csp"] = csp
    stamp = {"versie": version("wijkenaanpak"), "inhoud": content.page_code()[:12]}
    return environment.get_template(template).render(stijl=_text("stijl.css"), **stamp, **values)


@cache
def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def report_page(notebook: Any, vraag: str, gebied: str, name: str) -> str:
    """Render an executed notebook as one self-contained HTML page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    vraag, gebied, name : str
        What the report is about, and its path inside the reports folder without suffix.

    Returns
    -------
    str
        HTML without scripts and without any address outside the reports folder.

    Raises
    ------
    ValueError
        When an image has no alternative text.
    """
    practice = any(
        PRACTICE in str(output.get("data", {}).get("text/html", ""))
        for cell in notebook.cells[:3]
        for output in cell.get("outputs", [])
    )
    city = gebied.split("/", 1)[0]
    crumbs = [] if gebied == "Nederland" else [("Nederland", "nederland.html")]
    if "/" in gebied:
        crumbs.append((city, f"{slug(city)}.html"))
    own = slug(gebied)
    # The template alone: what an exporter does before it is for notebooks that are not ours, and takes longer than all the rest.
    html = exporter().template.render(
        nb=notebook,
        resources={
            "titel": f"{'OEFENDATA – ' if practice else ''}{vraag.capitalize()}: {gebied}",
            "stijl": _text("stijl.css") + (RUNNING_HEAD if practice else ""),
            "kruimels": crumbs,
            "vragen": [
                (v.capitalize(), "" if v == vraag else f"../{v}/{own}.html") for v in (OVERVIEW, *VRAGEN)
            ],
            "buren": _below(gebied),
            "naast": _beside(gebied),
        },
    )
    if re.search(r"<img(?! alt=\"[^\"]{20,}\")", html):
        raise ValueError(f"een figuur in {name} heeft geen alternatieve tekst")
    count = itertools.count(1)
    html = re.sub(FIGURE, lambda _: f"{FIGURE}Figuur {next(count)}. ", html)
    headings = re.findall(r"<h2>(.*?)</h2>", html, flags=re.S)
    for text in headings:
        html = html.replace(f"<h2>{text}</h2>", f'<h2 id="{slug(text)}">{text}</h2>', 1)
    items = "".join(f'<li><a href="#{slug(text)}">{text}</a></li>' for text in headings)
    toc = f'<nav class="inhoud" aria-label="Inhoudsopgave"><strong>Op deze pagina</strong><ol>{items}</ol></nav>'
    return html.replace("<!--inhoudsopgave-->", toc)


def _siblings(gebied: str) -> list[str]:
    """List the areas of the same kind: all cities, or the wijken in report order."""
    return [g for g in gebieden() if ("/" in g) == ("/" in gebied) and g != "Nederland"]


def _beside(gebied: str) -> list[tuple[str, str, str]]:
    """Word, name and address of the report before and after this one."""
    links = []
    for before, after in itertools.pairwise(_siblings(gebied)):
        if after == gebied:
            links.append(("Vorige", before, f"{slug(before)}.html"))
        if before == gebied:
            links.append(("Volgende", after, f"{slug(after)}.html"))
    return links


def _below(gebied: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """List the reports one step down: the cities of Nederland, or the wijken of a city."""
    if "/" in gebied:
        return []
    if gebied == "Nederland":
        found, title = [g for g in gebieden() if "/" not in g and g != gebied], "Steden"
    else:
        found, title = [g for g in gebieden() if g.startswith(f"{gebied}/")], f"Wijken in {gebied}"
    return [(title, [(g.split("/", 1)[-1], f"{slug(g)}.html") for g in found])]


def index_page(results: str, total: int, failed: list[str], pages: set[str]) -> str:
    """Render the index: areas by questions, links, and the ledger of claims.

    Parameters
    ----------
    results : str
        The rows of results.csv that the index shows (``ON_INDEX``), as CSV with a header.
    total : int
        How many rows results.csv has.
    failed : list of str
        Reports that failed in this run.
    pages : set of str
        Addresses of the reports that exist; only these are linked.

    Returns
    -------
    str
    """
    ledger = claims.ledger()
    rows = pd.read_csv(io.StringIO(results), dtype={"period": str})
    rows = rows[rows["question"] != OVERVIEW]  # the overview repeats what the five reports hold
    verdicts = rows[rows["measure"] == "target_verdict"].set_index(["question", "gebied"])
    changes = rows[
        (rows["measure"] == "gap_change")
        & (rows["reference"] == "rest_stad")
        & (rows["method"] == "beschrijvend")
    ]
    changes = changes.drop_duplicates(["question", "gebied"]).set_index(["question", "gebied"])
    effects = rows[rows["measure"] == "effect_verdict"].set_index(["question", "gebied"])
    simulated = bool((rows["status"] == "simulated").any())
    counts = claims.summary(ledger)
    return _render(
        "overzicht.html.j2",
        titel="De wijkenaanpak nagerekend: alle rapporten",
        script=_text("overzicht.js"),
        ruim=True,
        gesimuleerd=simulated,
        bekend=known_findings() if simulated else "",
        antwoord=_answer(ledger, verdicts),
        mislukt=failed,
        vragen=[(v, _unit_of(v, changes)) for v in VRAGEN],
        effecten=len(effects) > 0,
        landelijk=_national_effects(rows),
        steden=_siblings("stad"),
        woorden=[*VERDICTS.values(), NO_SERIES],
        matrix=[_row(g, verdicts, changes, effects, pages) for g in _ordered(gebieden())],
        telling=table(counts.reset_index(), "Uitspraken naar vraag en oordeel"),
        uitspraken=claims_list(ledger),
        aantal=number(total, 0),
        rapporten=len(pages),
        herkomst=series_there(rows),
    )


def _national_effects(rows: pd.DataFrame) -> str:
    """Show the national effect on the main outcome of each question, with p-values for their number."""
    p = rows[(rows["measure"] == "effect_p") & (rows["gebied"] == "Nederland")].set_index("question")
    if not len(p):
        return ""
    found = rows[(rows["measure"] == "effect") & (rows["method"] == "landelijk")]
    labels = pd.read_csv(RAW / "indicatoren.csv", dtype=str).set_index("indicator")["label"]
    verdicts = rows[(rows["measure"] == "effect_verdict") & (rows["gebied"] == "Nederland")].set_index(
        "question"
    )
    lines = []
    for (question, own), adjusted in zip(p.iterrows(), holm(p["estimate"].to_numpy(float)), strict=True):
        same = (found["question"] == question) & (found["reference"] == own["reference"])
        row = found[same & (found["gebied"] == "Nederland")].iloc[0]
        unit = row["unit"]
        lines.append(
            {
                "vraag": str(question).capitalize(),
                "uitkomst": labels[row["indicator"]],
                "effect (95%-marge)": f"{with_interval(row['estimate'], row['lower'], row['upper'], unit, True)} {unit}",
                "p": in_unit(own["estimate"], "p-waarde"),
                "p, Holm": in_unit(adjusted, "p-waarde"),
                "oordeel": EFFECTS[float(verdicts.loc[question, "estimate"])],
            }
        )
    caption = (
        "Het effect van de wijkenaanpak, landelijk, op de hoofduitkomst van elke vraag. p: CR2 per gemeente; Holm: gecorrigeerd "
        f"voor {len(lines)} vragen. Plus is een hogere uitkomst."
    )
    return table(pd.DataFrame(lines), caption)


def method_page() -> str:
    """Render how every measure is computed, with its code, and where every outcome comes from."""
    book = pd.read_csv(RAW / "indicatoren.csv", dtype=str, keep_default_na=False)
    sources = {m.code: inspect.getsource(_function(m.code)) for m in MEASURES.values() if m.code}
    return _render(
        "methode.html.j2",
        titel="De wijkenaanpak nagerekend: methode en bronnen",
        formulieren=[
            (name, form, forms.columns(str(name)).reset_index().to_dict("records"))
            for name, form in forms.book().iterrows()
        ],
        maten=[(key, m, sources.get(m.code, "")) for key, m in MEASURES.items()],
        uitkomsten=[(v, book[book["question"] == v].to_dict("records")) for v in VRAGEN],
    )


def _function(code: str) -> Any:
    """Return the function a measure names: of the measures themselves, or of another module."""
    module, _, name = code.rpartition(".")
    return getattr(import_module(module) if module else monitor, name)


def _ordered(gebieden: list[str]) -> list[str]:
    """Put each wijk under its gemeente."""
    return sorted(gebieden, key=lambda g: ("" if g == "Nederland" else g.split("/", 1)[0], g))


def _unit_of(vraag: str, changes: pd.DataFrame) -> str:
    """Return the unit of a question's changes; empty when reports differ or have none."""
    units = set(changes["unit"][changes.index.get_level_values(0) == vraag])
    return units.pop() if len(units) == 1 else ""


@cache
def _candidates() -> set[str]:
    """Name the wijken whose postcodes stand on no official list."""
    wijken = pd.read_csv(RAW / "aandachtswijken.csv", dtype=str)
    return set(wijken.loc[wijken["pc4_established"] == "0", "area"])


def _row(
    gebied: str, verdicts: pd.DataFrame, changes: pd.DataFrame, effects: pd.DataFrame, pages: set[str]
) -> dict[str, Any]:
    cells: list[dict[str, Any] | None] = []
    for vraag in VRAGEN:
        address = f"{vraag}/{slug(gebied)}.html"
        if address not in pages:
            cells.append(None)
            continue
        cell: dict[str, Any] = {"adres": address, "oordeel": "geen", "woord": NO_SERIES, "getal": ""}
        cell |= {"vraag": vraag.capitalize(), "effect": "–", "waarde": None}
        if (vraag, gebied) in verdicts.index:
            value = verdicts.loc[(vraag, gebied), "estimate"]
            if pd.notna(value):
                cell["oordeel"] = cell["woord"] = VERDICTS[float(value)]
        if (vraag, gebied) in changes.index:
            row = changes.loc[(vraag, gebied)]
            if pd.notna(row["estimate"]):
                numbers = row["estimate"], row["lower"], row["upper"]
                cell["getal"] = with_interval(*numbers, row["unit"], sign=True)
                cell["waarde"] = row["estimate"]
        if (vraag, gebied) in effects.index:
            value = effects.loc[(vraag, gebied), "estimate"]
            cell["effect"] = EFFECTS[float(value)] if pd.notna(value) else "niet te schatten"
        cells.append(cell)
    own = f"{OVERVIEW}/{slug(gebied)}.html"
    return {
        "overzicht": own if own in pages else "",
        **{"naam": gebied.split("/", 1)[-1], "stad": "/" not in gebied, "cellen": cells},
        **{"gemeente": gebied.split("/", 1)[0], "kandidaat": gebied in _candidates()},
    }


def _answer(ledger: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    sentences = [f"Onderzocht zijn {len(ledger)} uitspraken over de wijkenaanpak. {beyond_checking(ledger)}"]
    wijken = (
        verdicts[[("/" in g) for g in verdicts.index.get_level_values("gebied")]]
        if len(verdicts)
        else verdicts
    )
    known = wijken["estimate"].dropna() if len(wijken) else pd.Series(dtype=float)
    if len(known):
        sentences.append(
            f"Over alle vragen samen werd in {(known == -1).sum()} van de {len(known)} wijkrapporten met een reeks de "
            f"achterstand op de rest van de stad aantoonbaar kleiner, in {(known == 1).sum()} groter; in "
            f"{(known == 0).sum()} is het niet vast te stellen. Ook als er niets veranderde zouden er bij {len(known)} "
            f"oordelen met 95%-marges zo'n {number(0.05 * len(known), 0)} stellig uitvallen."
        )
    sentences.append("Of de wijkenaanpak daarvan de oorzaak is, staat hieronder apart.")
    return sentences


def comparison_page(differences: pd.DataFrame, counts: dict[str, int], names: tuple[str, str]) -> str:
    """Render what changed between two runs.

    Parameters
    ----------
    differences : DataFrame
        See :func:`wijkenaanpak.pages.compare.differences`.
    counts : dict
        See :func:`wijkenaanpak.pages.compare.counts`.
    names : (str, str)
        How the two runs are called.

    Returns
    -------
    str
    """
    flipped = differences[differences["kind"] == "oordeel omgeslagen"]
    shown = differences[differences["kind"] != "oordeel omgeslagen"]
    return _render(
        "vergelijking.html.j2",
        titel="De wijkenaanpak nagerekend: twee runs vergeleken",
        namen=names,
        tellingen=counts,
        omgeslagen=flipped.to_dict("records"),
        tabel=table(_readable(shown.head(MOST_SHOWN)), "Wat er veranderde, het grootste verschil eerst")
        if len(shown)
        else "",
        rest=max(0, len(shown) - MOST_SHOWN),
    )


def _readable(differences: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "getal": [
            " · ".join(filter(None, map(str, key)))
            for key in differences[["question", "gebied", "indicator"]].itertuples(index=False)
        ],
        "maat": [MEASURES[m].label if m in MEASURES else m for m in differences["measure"]],
        "referentie, periode, methode": [
            ", ".join(filter(None, map(str, key)))
            for key in differences[["reference", "period", "method"]].itertuples(index=False)
        ],
        "oud": differences["old"],
        "nieuw": differences["new"],
        "verschil": differences["shown"],
        "wat": differences["kind"],
    }
    return pd.DataFrame(columns, dtype=object)
