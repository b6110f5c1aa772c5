"""From executed notebook to page, and from results to the index."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from helpers import claims
from helpers.due import TEMPLATES, VRAGEN, gebieden, slug
from helpers.words import claims_list, number, table, with_interval

VERDICTS = {
    -1.0: ("kleiner", "kleiner"),
    0.0: ("onbeslist", "onbeslist"),
    1.0: ("groter", "groter"),
}


@cache
def _exporter() -> Any:
    """Return the one exporter, its template loaded."""
    from nbconvert import HTMLExporter, TemplateExporter

    class Page(HTMLExporter):
        """HTMLExporter without its second reading of the whole page, which takes longer than all the rest."""

        from_notebook_node = TemplateExporter.from_notebook_node

    exporter = Page(template_name="rapport", extra_template_basedirs=[str(TEMPLATES)])
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


def index_page(results: Path, failed: list[str], pages: set[str]) -> str:
    """Render the index: areas by questions, links, and the ledger of claims.

    Parameters
    ----------
    results : Path
        results.csv.
    failed : list of str
        Reports that failed in this run.
    pages : set of str
        Addresses of the reports that exist; only these are linked.

    Returns
    -------
    str
    """
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)
    ledger = claims.ledger()
    rows = pd.read_csv(results, dtype={"period": str})
    verdicts = rows[rows["measure"] == "target_verdict"].set_index(["question", "gebied"])
    changes = rows[
        (rows["measure"] == "gap_change")
        & (rows["reference"] == "rest_stad")
        & (rows["method"] == "beschrijvend")
    ]
    changes = changes.drop_duplicates(["question", "gebied"]).set_index(["question", "gebied"])
    simulated = bool((rows["status"] == "simulated").any())
    counts = claims.summary(ledger)
    return environment.get_template("overzicht.html.j2").render(
        stijl=(TEMPLATES / "stijl.css").read_text(encoding="utf-8"),
        gesimuleerd=simulated,
        antwoord=_answer(ledger, verdicts),
        mislukt=failed,
        vragen=VRAGEN,
        matrix=[_row(gebied, verdicts, changes, pages) for gebied in _ordered(gebieden())],
        telling=table(counts.reset_index(), "Uitspraken naar vraag en oordeel"),
        uitspraken=claims_list(ledger),
        aantal=number(len(rows), 0),
        rapporten=rows["report"].nunique(),
        herkomst="De reeksen zijn oefendata."
        if simulated
        else "De reeksen komen uit de aangeleverde gegevensmap.",
    )


def _ordered(gebieden: list[str]) -> list[str]:
    """Put each wijk under its gemeente."""
    return sorted(gebieden, key=lambda g: ("" if g == "Nederland" else g.split("/", 1)[0], g))


def _row(gebied: str, verdicts: pd.DataFrame, changes: pd.DataFrame, pages: set[str]) -> dict[str, Any]:
    cells: list[dict[str, str] | None] = []
    for vraag in VRAGEN:
        address = f"{vraag}/{slug(gebied)}.html"
        if address not in pages:
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
