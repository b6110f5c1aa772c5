"""The fact tables in data/raw: complete, consistent, and findable in their documents."""

import re
from pathlib import Path

import pandas as pd
import pytest

RAW = Path(__file__).parents[1] / "data" / "raw"
SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
OWN = (
    *("documenten", "cijfers", "aandachtswijken", "aandachtswijken_pc4", "buurten_127"),
    *("wijken_40plus", "bewonersbudgetten", "investeringen", "uitkeringen", "uitspraken"),
    *("aanbevelingen", "templates/formulieren", "templates/velden"),
)


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(RAW / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8")


def readings(text: str) -> tuple[str, str]:
    """A text on one line: words split over two lines rejoined, and as they stand."""
    rejoined = re.sub(r"-[ \t]*\n\s*", "", text)
    return re.sub(r"\s+", " ", rejoined), re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", OWN)
def test_a_table_is_plain_utf8_with_lf_and_clean_cells(name):
    raw = (RAW / f"{name}.csv").read_bytes()
    assert b"\r" not in raw and raw.endswith(b"\n") and not raw.startswith(b"\xef\xbb\xbf")
    table = read(name)
    assert len(table) and not table.duplicated().any()
    assert all((table[column] == table[column].str.strip()).all() for column in table)
    assert not table.columns.duplicated().any()


def test_forty_wijken_lie_in_eighteen_gemeenten():
    wijken = read("aandachtswijken")
    assert len(wijken) == 40 and wijken["area"].is_unique and wijken["gemeente"].nunique() == 18
    assert (wijken["area"] == wijken["gemeente"] + "/" + wijken["wijk"]).all()
    per_gemeente = wijken["gemeente"].value_counts()
    expected = {"Rotterdam": 7, "Amsterdam": 5, "Arnhem": 4, "Den Haag": 4, "Utrecht": 4, "Eindhoven": 3}
    assert per_gemeente[list(expected)].to_dict() == expected
    assert per_gemeente["Groningen"] == 2 and (per_gemeente == 1).sum() == 11


def test_the_established_postcodes_are_46_in_25_wijken():
    pc4, wijken = read("aandachtswijken_pc4"), read("aandachtswijken").set_index("area")
    assert list(pc4.columns) == ["wijk", "pc4", "zekerheid", "bron"]
    assert len(pc4) == 46 and pc4["pc4"].is_unique and pc4["pc4"].str.fullmatch(r"[1-9]\d{3}").all()
    established = set(wijken.index[wijken["pc4_established"] == "1"])
    assert set(pc4["wijk"]) == established and len(established) == 25
    inferred = pc4["zekerheid"] == "vast, wijk afgeleid"
    assert (inferred == pc4["wijk"].str.startswith("Amsterdam/")).all() and inferred.sum() == 18


def test_the_127_buurten_have_the_published_counts_per_gemeente():
    buurten = read("buurten_127")
    assert buurten["nr"].astype(int).tolist() == list(range(1, 128))
    counts = buurten["gemeente"].value_counts()
    expected = {
        **{"Amsterdam": 37, "Groningen": 25, "Rotterdam": 14, "Nijmegen": 10, "Utrecht": 7},
        **{"Den Haag": 6, "Dordrecht": 5, "Arnhem": 4, "'s-Hertogenbosch": 4, "Leeuwarden": 3},
    }
    assert counts[list(expected)].to_dict() == expected
    assert len(counts) == 22 and (counts.drop(list(expected)) == 1).all()
    share = buurten["share_pct"].astype(int)
    assert (share.min(), share.max(), share.median(), round(share.mean(), 1)) == (5, 74, 21, 25.6)


def test_the_40plus_awards_are_15_and_22_to_35_gemeenten():
    awards = read("wijken_40plus")
    assert awards["tranche"].value_counts().to_dict() == {"2": 22, "1": 15}
    assert awards["gemeente"].nunique() == 35
    twice = awards["gemeente"].value_counts()
    assert set(twice[twice == 2].index) == {"'s-Hertogenbosch", "Haarlem"}
    g18 = set(read("aandachtswijken")["gemeente"])
    assert (awards["gemeente"].isin(g18) == (awards["in_g18"] == "1")).all()
    assert (awards["in_g31"] >= awards["in_g18"]).all()


def test_the_amounts_per_wijk_add_up_to_the_national_agreement():
    money = read("investeringen")
    assert set(money["area"]) == set(read("aandachtswijken")["area"])
    effort = money["additional_effort_mln_eur"].astype(float)
    assert effort.sum() == pytest.approx(250.0)
    assert money["max_subsidy_2009_eur"].astype(int).sum() == 75_000_000
    assert money["max_subsidy_2011_eur"].astype(int).sum() == 50_000_000
    # Within each year the statute spreads the subsidy in proportion to the effort.
    assert money["max_subsidy_2009_eur"].astype(float).tolist() == pytest.approx((effort * 3e5).tolist())
    assert money["max_subsidy_2011_eur"].astype(float).tolist() == pytest.approx((effort * 2e5).tolist())


def test_the_payments_reach_the_eighteen_gemeenten_and_total_157_million():
    payments = read("uitkeringen").set_index("gemeente")
    assert set(payments.index) == set(read("aandachtswijken")["gemeente"])
    years = payments.filter(like="payment_").astype(int)
    assert years.sum().tolist() == [40_000_000, 58_500_000, 58_500_000]


def test_the_resident_budgets_add_up_except_in_2011():
    budget = read("bewonersbudgetten")
    budget["amount_mln_eur"] = budget["amount_mln_eur"].astype(int)
    amounts = budget.pivot_table(index="year", columns="group", values="amount_mln_eur")
    parts = amounts["40 aandachtswijken"] + amounts["G31/40+"]
    assert (parts == amounts["totaal"]).all()
    bounded = budget[budget["bound"] != ""]
    assert bounded[["year", "group", "bound"]].values.tolist() == [["2011", "G31/40+", "minder dan"]]


@pytest.mark.parametrize("name", ["documenten", "cijfers", "uitspraken", "indicatoren"])
def test_identifiers_are_unique(name):
    table = read(name)
    identifier = table["indicator"] if name == "indicatoren" else table["id"]
    assert identifier.is_unique and (identifier != "").all()


def test_a_figure_has_a_number_an_envelope_and_a_document():
    figures, documents = read("cijfers"), set(read("documenten")["id"])
    assert len(figures) >= 236
    assert pd.to_numeric(figures["value"], errors="coerce").notna().all()
    assert figures["decimals"].str.fullmatch(r"-?\d").all() and figures["exact"].isin(["0", "1"]).all()
    assert set(figures["bound"]) <= {"", "ruim", "bijna", "ongeveer", "meer dan", "minder dan"}
    assert (figures["id"].str.partition("-")[0] == figures["document"]).all()
    assert set(figures["document"]) == documents


def test_a_rounding_unit_is_never_finer_than_what_is_published():
    figures = read("cijfers")
    published = figures["value"].str.partition(".")[2].str.len()
    rounded = figures["exact"] == "0"
    assert (figures["decimals"].astype(int) <= published)[rounded].all()


@pytest.mark.parametrize(
    "name", ["cijfers", "uitspraken", "buurten_127", "wijken_40plus", "bewonersbudgetten"]
)
def test_every_phrase_is_found_in_its_document(name):
    if not SEEDS.exists():
        pytest.skip("the source documents are not here: ../shared/seeds is missing")
    files = read("documenten").set_index("id")["seed_file"]
    texts = {key: readings((SEEDS / file).read_text(encoding="utf-8")) for key, file in files.items()}
    rows = read(name)
    absent = [
        (row["document"], row["phrase"])
        for _, row in rows.iterrows()
        if not row["phrase"] or not any(row["phrase"] in text for text in texts[row["document"]])
    ]
    assert absent == []


def test_every_recommendation_and_what_came_of_it_is_quoted_from_its_document():
    if not SEEDS.exists():
        pytest.skip("the source documents are not here: ../shared/seeds is missing")
    files = read("documenten").set_index("id")["seed_file"]
    texts = {
        key: readings((SEEDS / files[key]).read_text(encoding="utf-8")) for key in ("VIS2011", "SPIES2012")
    }
    rows = read("aanbevelingen")
    assert rows["nummer"].astype(int).tolist() == list(range(1, 16))
    assert set(rows["vervolg_2012"]) == {"genoemd", "niet genoemd"}
    assert ((rows["phrase_2012"] != "") == (rows["vervolg_2012"] == "genoemd")).all()
    for row in rows.itertuples():
        assert any(row.phrase in text for text in texts["VIS2011"]), row.nummer
        assert any(row.phrase_2012 in text for text in texts["SPIES2012"]), row.nummer


def test_the_readme_describes_every_file():
    readme = (RAW.parent / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in RAW.glob("*.csv") if f"`{path.name}`" not in readme] == []


def test_the_readme_names_every_column_of_figures_and_statements():
    readme = (RAW.parent / "README.md").read_text(encoding="utf-8")
    columns = [*read("cijfers").columns, *read("uitspraken").columns, *read("indicatoren").columns]
    assert [column for column in columns if f"`{column}`" not in readme] == []
