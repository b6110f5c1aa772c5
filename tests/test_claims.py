"""The ledger of published statements: hand-worked verdicts, interval properties, errors, selection."""

import shutil
from math import inf

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wijkenaanpak.claims import claims
from wijkenaanpak.claims.claims import OPEN, RIGHT, WRONG, Interval, envelope, verdict


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    return claims.ledger()


@pytest.fixture
def folder(tmp_path):
    """A copy of the facts that a test may spoil."""
    copy = tmp_path / "raw"
    shutil.copytree(claims.RAW, copy)
    return copy


# Worked by hand from the documents: low, high and verdict. The traps of the documents are all here.
HAND_WORKED = {
    # (291 - 237) / 237
    "klasselunch-25": (22.785, 22.785, WRONG),
    # (2.95 - 2.75) - (2.55 - 2.15) and (3.05 - 2.65) - (2.45 - 2.25)
    "ww-afstand": (-0.2, 0.2, OPEN),
    "ww-wijken-gestegen": (0.4, 0.6, RIGHT),
    # Sign tests as Wilson intervals: 20, 24, and "two thirds" of 40, which is 26 or 27
    "vsv-20-van-40": (35.2, 64.8, OPEN),
    "ww-aantal-wijken": (44.6, 73.65, OPEN),
    "nww-aantal-wijken": (49.5, 79.9, OPEN),
    # 22,500 / 29,500 and 21,500 / 30,500, less one
    "inkomen-achterstand-2007": (-29.508, -23.729, OPEN),
    "werkenden-lager": (-12, -10, RIGHT),
    # 159 of 249, and 28 of 70 with its Wilson interval
    "brede-basisscholen-64": (63.855, 63.855, RIGHT),
    "brede-scholen-vo": (29.3, 51.7, OPEN),
    # 7.95 / 4.25 and 8.05 / 4.15
    "vsv-dubbel": (1.871, 1.940, RIGHT),
    "vsv-gedaald": (-15.894, -13.423, RIGHT),
    # 1 - (18.5 - 16.5) ... : gap from 3 +- 1 to 2 +- 1
    "pasgeborenen-achterstand": (-50, 75, OPEN),
    "pasgeborenen-gedaald": (-2, 0, RIGHT),
    "wijkagenten-319": (319, 319, RIGHT),
    "corporaties-2500": (2500, 2500, RIGHT),
    "corporaties-250-wijken": (250, 250, claims.BEYOND),
    "bewonersbudget-2010": (25, 25, RIGHT),
    "bewonersbudget-2011": (15, 25, OPEN),
    "40plus-37-toekenningen": (37, 37, RIGHT),
    "40plus-13-andere": (13, 13, RIGHT),
    # 60 - 15 x 2.5 and 60 - 15 x 1.5
    "40plus-restant": (22.5, 37.5, OPEN),
    "visitatie-24-bezoeken": (24, 24, RIGHT),
    # 23 names and 3 chairs
    "visitatie-pool-26": (26, 26, RIGHT),
    "zeven-experimenten": (7, 7, RIGHT),
    # From 2007, any time in it: (2010.78 - 2008) / 10 and (2010.78 - 2007) / 10; (2012.75 - 2008) / 10 and (2012.85 - 2007) / 10
    "derde-van-de-rit": (27.8, 37.8, RIGHT),
    "halverwege-2012": (47.5, 58.5, RIGHT),
    # 291 schools that take part, of 249 there are
    "klasselunch-scholen": (42, 42, WRONG),
    "buurten-127": (127, 127, RIGHT),
    "prijzen-den-haag": (1, 3, RIGHT),
    "havovwo-nieuwland": (4, 6, RIGHT),
    # 1 / (1 + 8.05 / 4.15 x (100 / 8.35 - 1)) and 1 / (1 + 7.95 / 4.25 x (100 / 8.45 - 1))
    "vsv-aandeel-landelijk": (4.486, 4.703, claims.BEYOND),
}


@pytest.mark.parametrize("statement", HAND_WORKED)
def test_a_statement_gets_the_bounds_and_verdict_worked_out_by_hand(ledger, statement):
    row = ledger.set_index("id").loc[statement]
    low, high, expected = HAND_WORKED[statement]
    assert (row["low"], row["high"]) == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))
    assert row["verdict"] == expected


def test_the_ledger_is_broad_enough(ledger):
    assert len(ledger) >= 75 and ledger["id"].is_unique
    assert set(ledger["document"]) == {"AKW2007", "VDL2009", "VTG2010", "VIS2011", "SPIES2012"}
    per_question = ledger["question"].value_counts()
    assert (per_question[["werk", "wonen", "leren", "veiligheid", "leefbaarheid"]] >= 10).all()
    assert set(ledger["verdict"]) == set(claims.VERDICTS)


def test_two_thirds_of_forty_wijken_may_be_chance_and_may_not(ledger):
    text = ledger.set_index("id")["calculation"]
    assert text["nww-aantal-wijken"].startswith("26 of 27 / 40 = ")
    assert text["nww-aantal-wijken"].endswith("(tussen 49,5 en 79,9); tekentoets: p = 0,08 of 0,04")


def test_a_sentence_gets_one_verdict(ledger):
    judged = ledger[ledger["verdict"] != claims.BEYOND]
    assert not judged.duplicated(["document", "phrase"]).any()


def test_no_published_figure_is_compared_with_itself(ledger):
    """A statement is right about another figure: from another document, a count, or a sum."""
    figures = pd.read_csv(claims.RAW / "cijfers.csv", dtype=str, keep_default_na=False).set_index("id")
    alone = ledger[(ledger["verdict"] != claims.BEYOND) & (ledger["computation"] == "waarde")]
    alone = alone[~alone["inputs"].str.contains(":")]
    counted = figures.loc[alone["inputs"], "statistic"].str.contains("derived").to_numpy()
    elsewhere = (figures.loc[alone["inputs"], "document"].to_numpy() != alone["document"]).to_numpy()
    assert alone["id"][~(counted | elsewhere)].tolist() == []


def test_progress_is_measured_from_the_same_start_everywhere(ledger):
    progress = ledger[ledger["computation"] == "voortgang_pct"]
    starts = progress["inputs"].str.partition(";")[0].tolist()
    assert starts == [starts[0]] * 2


def test_what_was_said_against_the_programme_is_in_the_ledger_too(ledger):
    ids = {
        "contacten-nemen-af",
        "integratie-ongunstig",
        "leefbaarheid-verschil-even-groot",
        "klasselunch-scholen",
    }
    assert ids | {"40plus-aanvragen", "erfgoed-47-aanvragen"} <= set(ledger["id"])


def test_no_verdict_is_typed():
    written = pd.read_csv(claims.RAW / "uitspraken.csv", dtype=str, keep_default_na=False)
    assert not {"verdict", "computed", "calculation"} & set(written.columns)


def test_a_statement_is_compared_or_says_what_is_missing(ledger):
    beyond = ledger["verdict"] == claims.BEYOND
    assert (ledger["missing"] != "")[beyond].all() and (ledger["missing"] == "")[~beyond].all()
    assert (ledger["calculation"] != "")[~beyond].all()
    assert ledger.loc[~beyond, ["low", "high"]].notna().all(axis=None)


def test_a_calculation_shows_the_numbers_the_dutch_way(ledger):
    text = ledger.set_index("id")["calculation"]
    assert text["klasselunch-25"] == "(291 − 237) / 237 = 22,8%"
    assert text["ww-afstand"] == "(3,0 − 2,7) − (2,5 − 2,2) = 0,0 procentpunt (tussen −0,2 en 0,2)"
    assert text["vsv-20-van-40"] == "20 / 40 = 50,0% (tussen 35,2 en 64,8); tekentoets: p = 1,00"
    assert text["ww-aantal-wijken"].endswith("tekentoets: p = 0,27")
    assert text["nww-aantal-wijken"].endswith("tekentoets: p = 0,08 of 0,04")
    assert text["havovwo-nieuwland"] == "4 − (−1) = 5 procentpunt (tussen 4 en 6)"
    assert text["bewonersbudget-2011"].startswith("15 + minder dan 10 = hoogstens 25 miljoen euro")
    assert text["halverwege-2012"].startswith("(2012,8 − 2007,5) / 10 = 53%")
    assert text["buurten-127"] == "127 buurten (geteld in buurten_127.csv)"


def test_the_published_gap_in_newborns_closed_by_a_third(ledger):
    assert ledger.set_index("id")["computed"]["pasgeborenen-achterstand"] == "33% (tussen −50 en 75)"


def test_every_operation_is_used(ledger):
    assert set(ledger["computation"]) - {""} == set(claims.OPERATIONS)


@pytest.mark.parametrize(
    ("value", "decimals", "exact", "bound", "low", "high"),
    [
        (2.5, 1, False, "", 2.45, 2.55),
        (22000, -3, False, "", 21500, 22500),
        (8.4, 1, False, "ongeveer", 8.35, 8.45),
        (319, 0, True, "", 319, 319),
        (159, 0, True, "ruim", 159, 159),
        (50, -1, False, "ruim", 50, 55),
        (-25, -1, False, "ruim", -30, -25),
        (40, -1, False, "bijna", 35, 40),
        (55, 0, False, "meer dan", 55, inf),
        (10, 0, False, "minder dan", 0, 10),
    ],
)
def test_a_published_number_stands_for_what_rounds_to_it(value, decimals, exact, bound, low, high):
    stands_for = envelope(value, decimals, exact, bound)
    assert (stands_for.low, stands_for.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("computed", "relation", "claim", "expected"),
    [
        ((2, 3), "=", (1, 4), RIGHT),
        ((2, 3), "=", (2.5, 4), OPEN),
        ((2, 3), "~", (3.5, 4), WRONG),
        ((2, 3), "=", (3, 4), OPEN),
        ((0, 0), ">", (0, 0), WRONG),
        ((0, 0), ">=", (0, 0), RIGHT),
        ((-2, 0), "<", (0, 0), RIGHT),
        ((0, 2), "<", (0, 0), WRONG),
        ((-1, 1), "<", (0, 0), OPEN),
        ((1, 2), "<=", (0, 1), WRONG),
        ((1, 2), "<=", (0, 1.5), OPEN),
        ((1, 2), "<=", (2, 2), RIGHT),
    ],
)
def test_a_verdict_is_certain_only_when_every_possibility_agrees(computed, relation, claim, expected):
    assert verdict(Interval(*computed), relation, Interval(*claim)) == expected


numbers = st.floats(0.5, 1000).map(lambda x: round(x, 3))
margins = st.floats(0, 0.4)
ARITHMETIC = {
    **{"waarde": 1, "som": 3, "verschil": 2, "rest": 3, "product": 2, "verhouding": 2, "aandeel_pct": 2},
    **{"verandering_pct": 2, "voortgang_pct": 3, "kloofverandering": 4, "kloof_ingelopen_pct": 4},
    "impliciet_aandeel_pct": 3,
}


def test_the_property_below_covers_every_arithmetic_operation():
    assert set(ARITHMETIC) == set(claims.OPERATIONS) - {"toets_aandeel"}


@pytest.mark.parametrize("name", ARITHMETIC)
@given(data=st.data())
def test_the_outcome_of_any_values_within_the_inputs_lies_within_the_computed_interval(name, data):
    arity, compute = ARITHMETIC[name], claims.OPERATIONS[name].compute
    boxes, points = [], []
    for _ in range(arity):
        centre, margin, place = data.draw(numbers), data.draw(margins), data.draw(st.floats(-1, 1))
        if name == "impliciet_aandeel_pct":
            centre = 1 + centre % 90  # percentages stay below 100
        boxes.append(Interval(centre - margin, centre + margin))
        points.append(Interval(centre + place * margin, centre + place * margin))
    outcome = compute(*points)
    assume(outcome.low == outcome.high)  # equal gaps of zero leave the closed share undefined
    whole, slack = compute(*boxes), 1e-9 * max(1.0, abs(outcome.low))
    assert whole.low - slack <= outcome.low <= whole.high + slack


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_sampling_interval_holds_the_share_and_more_successes_never_lower_it(one, other):
    fewer, more = sorted((one, other))
    total = Interval(40, 40)
    low, high = (claims.sampled(Interval(k, k), total) for k in (fewer, more))
    assert low.low <= 100 * fewer / 40 <= low.high
    assert low.low <= high.low and low.high <= high.high


ends = st.integers(-20, 20).map(lambda x: x / 4)
widths = st.integers(0, 8).map(lambda x: x / 4)


@given(ends, widths, widths, widths, ends, widths, st.sampled_from(claims.RELATIONS))
def test_widening_an_input_never_makes_an_open_verdict_certain(low, width, left, right, at, slack, relation):
    claim = Interval(at, at + slack)
    narrow = Interval(low, low + width)
    wide = Interval(low - left, low + width + right)
    if verdict(narrow, relation, claim) == OPEN:
        assert verdict(wide, relation, claim) == OPEN


@given(ends, ends, st.sampled_from(claims.RELATIONS))
def test_exact_numbers_always_get_a_certain_verdict(value, claimed, relation):
    truth = {
        **{"=": value == claimed, "~": value == claimed, "<": value < claimed},
        **{"<=": value <= claimed, ">": value > claimed, ">=": value >= claimed},
    }
    said = verdict(Interval(value, value), relation, Interval(claimed, claimed))
    assert said == (RIGHT if truth[relation] else WRONG)


def spoil(folder, table, **changes):
    """Change cells of the first row of a table."""
    path = folder / f"{table}.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column, value in changes.items():
        rows.loc[0, column] = value
    rows.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"computation": "gevoel"}, "computation"),
        ({"inputs": "AKW2007-999;AKW2007-003"}, "inputs"),
        ({"inputs": "aantal:nergens.wijk"}, "inputs"),
        ({"inputs": "AKW2007-003"}, "inputs"),
        ({"question": "geluk"}, "question"),
        ({"about": "iets"}, "about"),
        ({"gebied": "Utrecht/Nergens"}, "gebied"),
        ({"relation": "=="}, "relation"),
        ({"relation": "", "missing": ""}, "missing"),
        ({"claimed": "veel"}, "claimed"),
        ({"tolerance": "ruim"}, "claimed"),
    ],
)
def test_a_wrong_statement_is_refused_by_file_row_and_column(folder, changes, column):
    spoil(folder, "uitspraken", **changes)
    where = rf"uitspraken\.csv, regel 2 \(inkomen-achterstand-2007\), kolom {column}: "
    with pytest.raises(ValueError, match=where):
        claims.ledger(folder / "uitspraken.csv")


def test_text_in_a_figure_is_refused_by_file_and_row(folder):
    spoil(folder, "cijfers", value="veertig")
    with pytest.raises(ValueError, match=r"cijfers\.csv, regel 2 \(AKW2007-001\), kolom value"):
        claims.ledger(folder / "uitspraken.csv")


@pytest.mark.parametrize(("table", "column"), [("uitspraken", "relation"), ("cijfers", "decimals")])
def test_a_missing_column_is_refused_by_file_and_column(folder, table, column):
    path = folder / f"{table}.csv"
    pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=column).to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"{table}\.csv, regel 1, kolom {column}: .*ontbreekt"):
        claims.ledger(folder / "uitspraken.csv")


def test_a_changed_figure_changes_the_verdict(folder):
    path = folder / "cijfers.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows.loc[rows["value"] == "291", "value"] = "300"
    rows.to_csv(path, index=False)
    changed = claims.ledger(folder / "uitspraken.csv").set_index("id").loc["klasselunch-25"]
    assert (changed["verdict"], changed["computed"]) == (RIGHT, "26,6%")


def test_a_wijk_sees_its_own_its_gemeente_and_the_national_statements_in_that_order(ledger):
    shown = claims.select(ledger, "leren", "Schiedam/Nieuwland")["gebied"].tolist()
    assert shown[:2] == ["Schiedam/Nieuwland"] * 2 and set(shown[2:]) == {"Nederland"}
    shown = claims.select(ledger, "wonen", "Den Haag/Transvaal")["gebied"].tolist()
    assert shown[:1] == ["Den Haag"] and set(shown[1:]) == {"Nederland"}


def test_a_gemeente_sees_the_statements_on_its_wijken_and_no_others(ledger):
    shown = claims.select(ledger, "werk", "Utrecht")["gebied"]
    own = shown[shown != "Nederland"]
    assert len(own) >= 2 and own.str.contains("Utrecht/").all()
    assert own.index.tolist() == shown.index[: len(own)].tolist()


def test_a_wijk_with_a_slash_in_its_name_is_one_wijk(ledger):
    shown = claims.select(ledger, "leefbaarheid", "Arnhem/Malburgen/Immerloo")
    assert shown["id"].iloc[0] == "arnhem-springt-uit"
    other = claims.select(ledger, "leefbaarheid", "Arnhem/Presikhaaf")
    assert "arnhem-springt-uit" not in set(other["id"])


def test_the_national_report_sees_all_statements_of_its_question(ledger):
    for question in claims.topics():
        shown = claims.select(ledger, question, "Nederland")
        assert set(shown["id"]) == set(ledger.loc[ledger["question"] == question, "id"])
        assert shown["gebied"].iloc[0] == "Nederland"


def test_the_summary_counts_every_statement_once(ledger):
    table = claims.summary(ledger)
    assert table.loc["totaal", "totaal"] == len(ledger)
    assert (table[list(claims.VERDICTS)].sum(axis=1) == table["totaal"]).all()
    assert table.loc["leefbaarheid", "klopt niet"] == 2
