"""From executed notebook to page; the page on methods, and the comparison of two runs."""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

import jinja2
import pandas as pd

from wijkenaanpak import content
from wijkenaanpak.content import TEMPLATES
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.explained import FAMILIES, Family, family_of
from wijkenaanpak.measures.measures import MEASURES, Measure
from wijkenaanpak.pages import english
from wijkenaanpak.pages.html import table
from wijkenaanpak.programme import Programme, slug
from wijkenaanpak.questions import OVERVIEW, names
from wijkenaanpak.results import PRACTICE, RESULT_COLUMNS
from wijkenaanpak.sources import forms

RUNNING_HEAD = "\n@page { @top-center { content: 'OEFENDATA: gesimuleerd, geen werkelijke cijfers'; color: #B00020; font: bold 9pt sans-serif; } }"
FIGURE = '<p class="figuur-titel">'
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


def render(template: str, titel: str, css: str = "", oefendata: bool = False, **values: Any) -> str:
    """Fill one of the templates that are not a notebook's.

    Parameters
    ----------
    template, titel : str
        File name, and the title in the browser.
    css : str
        A style sheet of its own, beside the one all pages have.
    oefendata : bool
        Mark the title and every printed page as practice data.
    **values
        What the template asks for.
    """
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    environment.filters["csp"] = csp
    return environment.get_template(template).render(
        titel=marked(titel, oefendata),
        stijl=template_text("stijl.css")
        + (template_text(css) if css else "")
        + (RUNNING_HEAD if oefendata else ""),
        oefendata=oefendata,
        versie=version("wijkenaanpak"),
        inhoud=content.page_code()[:12],
        **values,
    )


def marked(title: str, practice: bool) -> str:
    """Begin the title of a page of practice data with the mark."""
    return f"{PRACTICE} – {title}" if practice else title


@cache
def template_text(name: str) -> str:
    """Return a style sheet or script of the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def report_page(
    notebook: Any,
    recorded: str,
    vraag: str,
    gebied: str,
    name: str,
    of: Programme,
    labels: Mapping[str, str],
    differs: Sequence[tuple[str, Any, Any]] = (),
) -> str:
    """Render an executed notebook as one self-contained HTML page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    recorded : str
        The numbers that it recorded: rows of results.csv, without a header.
    vraag, gebied, name : str
        What the report is about, and its path inside the reports folder without suffix.
    of : Programme
    labels : mapping of str to str
        Dutch name of every outcome.
    differs : sequence of (str, object, object)
        Of a variant: the parameters that differ, with their value here and in the report itself.

    Returns
    -------
    str
        HTML without any address outside the reports folder.

    Raises
    ------
    ValueError
        When an image has no alternative text.
    """
    practice = f"\n{PRACTICE}," in f"\n{recorded}"
    city = gebied.split("/", 1)[0]
    crumbs = [] if gebied == "Nederland" else [("Nederland", "nederland.html")]
    if "/" in gebied:
        crumbs.append((city, f"{slug(city)}.html"))
    own = slug(gebied)
    # The template alone: what an exporter does before it is for notebooks that are not ours, and takes longer than all the rest.
    html = exporter().template.render(
        nb=notebook,
        resources={
            "titel": marked(f"{'Variant – ' if differs else ''}{vraag.capitalize()}: {gebied}", practice),
            "variant": [f"{name} = {value} in plaats van {usual}" for name, value, usual in differs],
            "gewoon": f"{own}.html",
            "stijl": template_text("stijl.css") + (RUNNING_HEAD if practice else ""),
            "script": template_text("rapport.js"),
            "kruimels": crumbs,
            "vragen": [
                (v.capitalize(), "" if v == vraag else f"../{v}/{own}.html")
                for v in sorted(names(), key=lambda v: v != OVERVIEW)
            ],
            "buren": _below(gebied, of),
            "kort": vraag == OVERVIEW,
            "naast": _beside(gebied, of),
            "engels": english.summary(_rows(recorded), practice, of, labels) if gebied == "Nederland" else "",
        },
    )
    if re.search(r"<img(?! alt=\"[^\"]{20,}\")", html):
        raise ValueError(f"een figuur in {name} heeft geen alternatieve tekst")
    stem = name.partition("/")[2]
    html = html.replace(f'href="{own}.csv"', f'href="{stem}.csv"').replace(
        f"{vraag}-{own}.csv", f"{vraag}-{stem}.csv"
    )
    first, *figures = html.split(FIGURE)
    kept = f"{'oefendata-' * practice}{vraag}-{stem}-figuur"
    for n, figure in enumerate(figures, 1):
        named = figure.replace('download="figuur', f'download="{kept}-{n}')
        figures[n - 1] = f"Figuur {n}. {named}"
    html = FIGURE.join([first, *figures])
    headings = re.findall(r"<h2>(.*?)</h2>", html, flags=re.S)
    for text in headings:
        html = html.replace(f"<h2>{text}</h2>", f'<h2 id="{slug(text)}">{text}</h2>', 1)
    items = "".join(f'<li><a href="#{slug(text)}">{text}</a></li>' for text in headings)
    toc = f'<nav class="inhoud" aria-label="Inhoudsopgave"><strong>Op deze pagina</strong><ol>{items}</ol></nav>'
    return html.replace("<!--inhoudsopgave-->", toc)


def _rows(recorded: str) -> pd.DataFrame:
    """Read recorded numbers, in the columns of results.csv."""
    return pd.read_csv(io.StringIO(recorded), names=RESULT_COLUMNS, dtype={"period": str})


def _siblings(gebied: str, of: Programme) -> list[str]:
    """List the areas of the same kind: all cities, or the wijken in report order."""
    return [g for g in of.areas if ("/" in g) == ("/" in gebied) and g != "Nederland"]


def _beside(gebied: str, of: Programme) -> list[tuple[str, str, str]]:
    """Word, name and address of the report before and after this one."""
    links = []
    for before, after in itertools.pairwise(_siblings(gebied, of)):
        if after == gebied:
            links.append(("Vorige", before, f"{slug(before)}.html"))
        if before == gebied:
            links.append(("Volgende", after, f"{slug(after)}.html"))
    return links


def _below(gebied: str, of: Programme) -> list[tuple[str, list[tuple[str, str]]]]:
    """List the reports one step down: the cities of Nederland, or the wijken of a city."""
    if "/" in gebied:
        return []
    if gebied == "Nederland":
        found, title = of.cities, "Steden"
    else:
        found, title = [g for g in of.areas if g.startswith(f"{gebied}/")], f"Wijken in {gebied}"
    return [(title, [(g.split("/", 1)[-1], f"{slug(g)}.html") for g in found])]


def method_page(of: Programme, book: pd.DataFrame) -> str:
    """Render of every measure what it is, its formula, when it misleads, and its code; and where every outcome of a codebook comes from."""
    return render(
        "methode.html.j2",
        titel=f"{of.name} nagerekend: methode en bronnen",
        aanpak=of.aanpak,
        formulieren=[
            (name, form, forms.columns(str(name)).reset_index().to_dict("records"))
            for name, form in (forms.book().iterrows() if of.main else ())
        ],
        maten=[_family(number, family) for number, family in enumerate(FAMILIES, 1)],
        uitkomsten=[(v, rows.to_dict("records")) for v, rows in book.groupby("question", sort=False)],
        getoond=set(book["indicator"]),
    )


def _family(
    number: int, family: Family
) -> tuple[int, Family, list[tuple[str, Measure]], list[tuple[str, str]]]:
    """Return the measures of a family and the code that computes them, each function once."""
    measures = [(key, measure) for key, measure in MEASURES.items() if family_of(key) is family]
    names = dict.fromkeys(measure.code for _, measure in measures if measure.code)
    return number, family, measures, [(name, inspect.getsource(_function(name))) for name in names]


def _function(code: str) -> Any:
    """Return the function a measure names: of the measures themselves, or of another module."""
    module, _, name = code.rpartition(".")
    return getattr(import_module(module) if module else monitor, name)


def comparison_page(
    differences: pd.DataFrame, counts: dict[str, int], names: tuple[str, str], practice: bool = False
) -> str:
    """Render what changed between two runs.

    Parameters
    ----------
    differences : DataFrame
        See :func:`wijkenaanpak.pages.compare.differences`.
    counts : dict
        See :func:`wijkenaanpak.pages.compare.counts`.
    names : (str, str)
        How the two runs are called.
    practice : bool
        Whether either run holds practice data.

    Returns
    -------
    str
    """
    flipped = differences[differences["kind"] == "oordeel omgeslagen"]
    shown = differences[differences["kind"] != "oordeel omgeslagen"]
    return render(
        "vergelijking.html.j2",
        titel="Twee runs vergeleken",
        oefendata=practice,
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
