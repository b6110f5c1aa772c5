"""What pages are made of: escaped text, accessible tables, numbers that link to their rows."""

import pandas as pd

from wijkenaanpak.pages import html


def test_a_table_has_a_caption_scoped_headers_and_escapes_what_it_shows():
    data = pd.DataFrame(
        {
            "wijk": ["<b>Ondiep"],
            "n": [1200],
            "aandeel": [2.25],
            "oordeel": pd.Series([html.verdict_tag("klopt")], dtype=object),
        }
    )
    text = html.table(data, "Proef & toets", 2)
    assert "<caption>Proef &amp; toets</caption>" in text
    assert text.count('scope="col"') == 4
    assert text.count('scope="row"') == 1
    assert "&lt;b&gt;Ondiep" in text
    assert '<td class="getal">1.200</td>' in text
    assert '<td class="getal">2,25</td>' in text
    assert '<span class="oordeel klopt">klopt</span>' in text


def test_claims_are_escaped_too():
    ledger = pd.DataFrame(
        [dict.fromkeys(["id", "title", "date", "phrase", "about", "gebied", "calculation", "missing", "remark"], "<i>")
         | {"statement": "<script>", "verdict": "klopt"}]
    )  # fmt: skip
    text = html.claims_list(ledger)
    assert "<script>" not in text
    assert "<i>" not in text


def test_marks_become_links_in_html_and_vanish_in_plain_text():
    text = f"{html.cited('g3', '1,2 < 2')} en{html.noted(4)}"
    assert html.escape(text) == (
        '<a class="cijfer" href="#g3">1,2 &lt; 2</a> en<sup><a href="#noot-4" aria-label="bron 4">4</a></sup>'
    )
    assert html.plain(text) == "1,2 < 2 en"


def test_a_long_table_folds_behind_its_summary_and_stays_whole():
    shown = html.fold(html.table(pd.DataFrame({"a": ["x"], "b": [1]}), "Kop"), "Eén rij")
    assert shown.startswith("<details><summary>Eén rij</summary>") and "<caption>Kop</caption>" in shown
