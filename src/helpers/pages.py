"""From executed notebook to page, and from results to the index."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from helpers import claims, panel
from helpers.report import VRAGEN
from helpers.words import claims_list, number, table, with_interval

TEMPLATES = Path(__file__).parent / "templates"
VERDICTS = {
    -1.0: ("kleiner", "kleiner"),
    0.0: ("onbeslist", "onbeslist"),
    1.0: ("groter", "groter"),
}


def slug(gebied: str) -> str:
    """Return the file name of an area: lower case, ASCII, hyphens."""
    plain = unicodedata.normalize("NFKD", gebied).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@lru_cache(maxsize=1)
def _exporter() -> Any:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="rapport", extra_template_basedirs=[str(TEMPLATES)])
    exporter.exclude_anchor_links = True
    return exporter


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
    city = gebied.split("/", 1)[0]
    crumbs = [] if gebied == "Nederland" else [("Nederland", "nederland.html")]
    if "/" in gebied:
        crumbs.append((city, f"{slug(city)}.html"))
    html, _ = _exporter().from_notebook_node(
        notebook,
        resources={
            "titel": f"{vraag.capitalize()}: {gebied}",
            "stijl": (TEMPLATES / "stijl.css").read_text(encoding="utf-8"),
            "naar_index": "../index.html",
            "kruimels": crumbs,
        },
    )
    if re.search(r"<img(?![^>]*\balt=\"[^\"]{20,}\")", html):
        raise ValueError(f"een figuur in {name} heeft geen alternatieve tekst")
    headings = re.findall(r"<h2>(.*?)</h2>", html, flags=re.S)
    for text in headings:
        html = html.replace(f"<h2>{text}</h2>", f'<h2 id="{slug(text)}">{text}</h2>', 1)
    items = "".join(f'<li><a href="#{slug(text)}">{text}</a></li>' for text in headings)
    toc = f'<nav class="inhoud" aria-label="Inhoudsopgave"><strong>Op deze pagina</strong><ol>{items}</ol></nav>'
    return html.replace("<!--inhoudsopgave-->", toc)


def index_page(results: pd.DataFrame, failed: list[str], out: Path) -> str:
    """Render the index: areas by questions, links, and the ledger of claims.

    Parameters
    ----------
    results : DataFrame
        All rows of results.csv.
    failed : list of str
        Reports that failed in this run.
    out : Path
        The reports folder; only reports that exist are linked.

    Returns
    -------
    str
    """
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)
    ledger = claims.ledger()
    verdicts = results[results["measure"] == "target_verdict"].set_index(["question", "gebied"])
    changes = results[
        (results["measure"] == "gap_change")
        & (results["reference"] == "rest_stad")
        & (results["method"] == "beschrijvend")
    ]
    changes = changes.drop_duplicates(["question", "gebied"]).set_index(["question", "gebied"])
    simulated = bool((results["status"] == "simulated").any())
    counts = claims.summary(ledger)
    return environment.get_template("overzicht.html.j2").render(
        stijl=(TEMPLATES / "stijl.css").read_text(encoding="utf-8"),
        gesimuleerd=simulated,
        antwoord=_answer(ledger, verdicts),
        mislukt=failed,
        vragen=VRAGEN,
        matrix=[_row(gebied, verdicts, changes, out) for gebied in _ordered(panel.gebieden())],
        telling=table(counts.reset_index(), "Uitspraken naar vraag en oordeel"),
        uitspraken=claims_list(ledger),
        aantal=number(len(results), 0),
        rapporten=results["report"].nunique(),
        herkomst="De reeksen zijn oefendata."
        if simulated
        else "De reeksen komen uit de aangeleverde gegevensmap.",
    )


def _ordered(gebieden: list[str]) -> list[str]:
    """Put each wijk under its gemeente."""
    return sorted(gebieden, key=lambda g: ("" if g == "Nederland" else g.split("/", 1)[0], g))


def _row(gebied: str, verdicts: pd.DataFrame, changes: pd.DataFrame, out: Path) -> dict[str, Any]:
    cells: list[dict[str, str] | None] = []
    for vraag in VRAGEN:
        address = f"{vraag}/{slug(gebied)}.html"
        if not (out / address).exists():
            cells.append(None)
            continue
        cell = {"adres": address, "oordeel": "geen", "woord": "geen reeks", "getal": ""}
        if (vraag, gebied) in verdicts.index:
            value = verdicts.loc[(vraag, gebied), "estimate"]
            if pd.notna(value):
                cell["oordeel"], cell["woord"] = VERDICTS[float(value)]
        if (vraag, gebied) in changes.index:
            row = changes.loc[(vraag, gebied)]
            if pd.notna(row["estimate"]):
                numbers = row["estimate"], row["lower"], row["upper"]
                cell["getal"] = with_interval(*numbers, row["unit"], sign=True)
        cells.append(cell)
    return {"naam": gebied.split("/", 1)[-1], "stad": "/" not in gebied, "cellen": cells}


def _answer(ledger: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    counts = ledger["verdict"].value_counts()
    computed = int(counts.drop("niet na te rekenen", errors="ignore").sum())
    sentences = [
        f"Van de {len(ledger)} onderzochte uitspraken over de wijkenaanpak zijn er {computed} na te rekenen: "
        f"{counts.get('klopt', 0)} kloppen, {counts.get('klopt niet', 0)} kloppen niet, en bij "
        f"{counts.get('niet vast te stellen', 0)} laten afronding of toeval beide mogelijkheden open."
    ]
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
    sentences.append("Of de wijkenaanpak daarvan de oorzaak is, volgt hier niet uit; zie de rapporten.")
    return sentences
