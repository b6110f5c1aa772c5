"""HTML of what pages and notebooks share: text, tables, statements of the ledger; everything escaped, numbers linked."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from wijkenaanpak.content import watched
from wijkenaanpak.dutch import number

# Between these marks stands a number that a row of results.csv holds; escape() makes it a link to that row.
CITE, CITED, CITE_END, NOTE = "\ue000", "\ue001", "\ue002", "\ue003"


class Html(str):
    """Text that JupyterLab and the report show as HTML; the templates escape every other text."""

    def __html__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return unlinked(self) if watched() else str(self)


def unlinked(text: str) -> str:
    """Leave out the links that only a page has: in a notebook there is no report beside it, and no row to jump to."""
    return re.sub(r'<a [^>]*href="(?!https?:|data:)[^"]*"[^>]*>(.*?)</a>', r"\1", text, flags=re.S)


def cited(anchor: str, text: str) -> str:
    """Mark text as the number with this anchor; :func:`escape` makes it a link."""
    return f"{CITE}{anchor}{CITED}{text}{CITE_END}"


def noted(footnote: int) -> str:
    """Mark where a footnote stands; :func:`escape` makes it a link."""
    return f"{NOTE}{footnote}{NOTE}"


def plain(text: object) -> str:
    """Return text without marks: for figures, alternative texts and the screen."""
    without = re.sub(f"{CITE}[^{CITED}]*{CITED}|{CITE_END}", "", str(text))
    return re.sub(f"{NOTE}[0-9]+{NOTE}", "", without)


def escape(text: object) -> str:
    """Escape text for HTML, and link the numbers it cites (:func:`cited`) to where they come from.

    What is no text is formatted: a stated number then cites itself.
    """
    if isinstance(text, Html):
        return str(text)
    marked = f"{CITE}(g[0-9]+){CITED}(.*?){CITE_END}"
    linked = re.sub(marked, r'<a class="cijfer" href="#\1">\2</a>', html.escape(format(text)))
    note = r'<sup><a href="#noot-\1" aria-label="bron \1">\1</a></sup>'
    return re.sub(f"{NOTE}([0-9]+){NOTE}", note, linked)


def paragraphs(sentences: Iterable[str]) -> Html:
    """Escape sentences into paragraphs."""
    return Html("".join(f"<p>{escape(s)}</p>" for s in sentences))


def bullets(points: Iterable[str]) -> Html:
    """Escape points into a list."""
    return Html("<ul>" + "".join(f"<li>{escape(p)}</li>" for p in points) + "</ul>")


def box(text: str) -> Html:
    """Mark something that is not there, with the reason."""
    return Html(f'<div class="open"><p>{escape(text)}</p></div>')


def note(text: str) -> Html:
    """Write a remark in small print."""
    return Html(f'<p class="noot">{escape(text)}</p>')


def fold(shown: str, summary: str) -> Html:
    """Fold something away behind its summary."""
    return Html(f"<details><summary>{html.escape(summary)}</summary>{shown}</details>")


def frame(head: str, body: str, caption: str, linked: str = "") -> Html:
    """Put rows of a table in what makes it readable on every screen; `linked` is HTML behind the caption."""
    return Html(
        f'<div class="tabel" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}">'
        f"<table><caption>{html.escape(caption)}{linked}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def table(data: pd.DataFrame, caption: str, digits: int = 1) -> Html:
    """Write a DataFrame as an accessible table: caption, header cells with scope, decimal comma.

    Parameters
    ----------
    data : DataFrame
        The first column names the row; numbers are right-aligned, integers without decimals; what is missing is "onbekend".
    caption : str
        What the table shows.
    digits : int
        Digits after the comma of float columns.
    """
    numeric = {c: pd.api.types.is_numeric_dtype(data[c]) for c in data}
    places = {c: 0 if pd.api.types.is_integer_dtype(data[c]) else digits for c in data}

    def cell(column: str, value: Any) -> str:
        if numeric[column]:
            return escape(number(value, places[column]))
        return escape("onbekend" if value is None or value is pd.NA or value != value else value)

    css = {c: ' class="getal"' if numeric[c] else "" for c in data}
    head = "".join(f'<th scope="col"{css[c]}>{html.escape(str(c))}</th>' for c in data)
    rows = []
    for record in data.itertuples(index=False, name=None):
        first, *rest = zip(data.columns, record, strict=True)
        cells = "".join(f"<td{css[c]}>{cell(c, v)}</td>" for c, v in rest)
        rows.append(f'<tr><th scope="row">{cell(*first)}</th>{cells}</tr>')
    return frame(head, "".join(rows), caption)


def verdict_tag(verdict: str) -> Html:
    """Write a verdict so that the style sheet can colour it; the word carries the meaning."""
    kind = html.escape(verdict.replace(" ", "-"))
    return Html(f'<span class="oordeel {kind}">{html.escape(verdict)}</span>')


def claims_list(
    ledger: pd.DataFrame, notes: dict[str, str] | None = None, before: Html | None = None
) -> Html:
    """Write statements with verdict, recomputation, what is missing, and the findable source.

    Those about outcomes lead: how many of them cannot be checked, then what could be recomputed, the rest folded. What the
    programme did, its dates, sums and counts, is an appendix.

    Parameters
    ----------
    ledger : DataFrame
        See :func:`wijkenaanpak.claims.claims.ledger`.
    notes : dict, optional
        The footnote of each document, by title.
    before : Html, optional
        What the list begins with; how many of its statements cannot be checked if not given.
    """
    notes = notes or {}
    if not len(ledger) and before is None:
        return Html("<p>In de vijf brondocumenten staat over deze vraag en dit gebied geen uitspraak.</p>")
    told, beyond = ledger["about"] == "uitkomst", ledger["verdict"] == "niet na te rekenen"
    shown, folded, appendix = (
        "".join(_claim(row, notes.get(row.title, "")) for row in part.itertuples())
        for part in (ledger[told & ~beyond], ledger[told & beyond], ledger[~told])
    )
    counted = paragraphs([beyond_checking(ledger)]) if told.any() else ""
    text = (counted if before is None else before) + (f'<ul class="uitspraken">{shown}</ul>' if shown else "")
    if folded:
        summary = f"Niet na te rekenen: {(told & beyond).sum()}, met wat ervoor ontbreekt"
        text += fold(f'<ul class="uitspraken">{folded}</ul>', summary)
    if appendix:
        summary = f"Bijlage: {(~told).sum()} over de uitvoering (data, bedragen, aantallen)"
        text += fold(f'<ul class="uitspraken">{appendix}</ul>', summary)
    return Html(text)


def beyond_checking(ledger: pd.DataFrame) -> str:
    """Say how many of the statements about outcomes cannot be checked, and how the others fared."""
    told = ledger.loc[ledger["about"] == "uitkomst", "verdict"]
    n, counts = len(told), told.value_counts()
    beyond = counts.get("niet na te rekenen", 0)
    about = f"Van de {n} uitspraken over uitkomsten" if n > 1 else "Van de ene uitspraak over uitkomsten"
    rest = ", ".join(
        f"{k} keer {word}"
        for word in ("klopt", "klopt niet", "niet vast te stellen")
        if (k := counts.get(word, 0))
    )
    said = f"{about} {'is' if beyond == 1 else 'zijn'} er {beyond or 'geen'} niet na te rekenen"
    return f"{said}. De andere: {rest}." if rest else f"{said}."


def _claim(row: Any, note: str) -> str:
    extra = (("Nagerekend: ", row.calculation), ("Wat ontbreekt: ", row.missing), ("", row.remark))
    lines = "".join(f"<p>{label}{html.escape(text)}</p>" for label, text in extra if text)
    source = f"“{row.phrase}” ({row.title}, {row.date}; over {row.gebied}; uitspraak {row.id})"
    return (
        f"<li><p>{verdict_tag(row.verdict)} · {html.escape(row.statement)}</p>{lines}"
        f'<p class="noot">{escape(source + note)}</p></li>'
    )


def numbers(
    rows: Iterable[tuple[str, dict[str, Any], str]], heading: Any, names: Any, known: Iterable[str]
) -> Html:
    """Write every recorded number with its anchor: a table a measure, in it outcomes and periods by references.

    Parameters
    ----------
    rows : iterable of (str, dict, str)
        Anchor, row of results.csv, and the number as written.
    heading : callable
        Of a row: what was measured, and of which outcome.
    names : callable
        Reader's name of the reference of a row.
    known : iterable of str
        Indicators that the page on methods describes.
    """
    tables: dict[str, dict[tuple[str, str, str], dict[tuple[str, str], dict[str, str]]]] = {}
    titles: dict[str, str] = {}
    for anchor, row, shown in rows:
        measure = row["measure"]
        titles[measure], outcome = heading(row)
        group = tables.setdefault(measure, {}).setdefault((outcome, row["unit"], row["indicator"]), {})
        line = group.setdefault((row["period"], row["method"]), {})
        line[names(row)] = f'<td id="{anchor}">{shown}</td>'
    known, parts = set(known), []
    for measure, groups in tables.items():
        columns = list(
            dict.fromkeys(n for lines in groups.values() for cells in lines.values() for n in cells)
        )
        head = '<th scope="col">periode</th>'
        head += "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
        bodies = []
        for (outcome, unit, indicator), lines in groups.items():
            methods = {method for _, method in lines}
            told = escape(f"{outcome} ({unit})" + (f"; {methods.pop()}" if len(methods) == 1 else ""))
            if indicator in known:
                told = Html(
                    f'{told}, <a href="../methode.html#uitkomst-{html.escape(indicator)}">waar vandaan</a>'
                )
            body = f'<tr><th scope="rowgroup" colspan="{1 + len(columns)}">{told}</th></tr>'
            for (period, method), cells in lines.items():
                label = escape(f"{period}, {method}" if methods else period)
                body += f'<tr><th scope="row">{label}</th>'
                body += "".join(cells.get(name, "<td></td>") for name in columns) + "</tr>"
            bodies.append(body)
        linked = f' – <a href="../methode.html#{html.escape(measure)}">hoe berekend</a>'
        parts.append(frame(head, "</tbody><tbody>".join(bodies), titles[measure], linked))
    return Html("".join(parts))
