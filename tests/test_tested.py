"""Statements tested on a series: the verdicts, and what a report shows of them."""

import pytest

from helpers import measures, say
from helpers.report import open_report
from wijkenaanpak.claims import claims, tested

BETTER, WORSE, UNSURE = (-0.05, -0.08, -0.02), (0.05, 0.02, 0.08), (0.0, -0.03, 0.03)


@pytest.mark.parametrize(
    ("test", "own", "other", "gap", "verdict"),
    [
        ("beide beter", BETTER, WORSE, UNSURE, "klopt"),  # a reference that improves makes the gap larger
        ("beide beter", BETTER, BETTER, BETTER, "klopt niet"),
        ("beide beter", BETTER, UNSURE, BETTER, "niet vast te stellen"),
        ("meer", UNSURE, UNSURE, BETTER, "klopt"),
        ("meer", UNSURE, UNSURE, WORSE, "klopt niet"),
        ("meer", BETTER, UNSURE, UNSURE, "niet vast te stellen"),
        ("niet meer", BETTER, WORSE, WORSE, "klopt"),
        ("niet meer", BETTER, UNSURE, BETTER, "klopt niet"),
        ("niet meer", BETTER, WORSE, UNSURE, "niet vast te stellen"),
    ],
)
def test_a_statement_is_right_or_wrong_only_where_no_margin_holds_zero(test, own, other, gap, verdict):
    assert tested.judge(test, {"own": own, "other": other, "gap": gap}) == verdict


def test_a_statement_about_several_wijken_is_right_only_when_it_is_of_all():
    assert tested.together(["klopt", "klopt"]) == "klopt"
    assert tested.together(["klopt", "niet vast te stellen"]) == "niet vast te stellen"
    assert tested.together(["klopt", "klopt niet"]) == "klopt niet"


def test_every_test_belongs_to_a_statement_and_an_unknown_one_is_refused_by_its_row(tmp_path):
    assert set(tested.read()["id"]) <= set(claims.ledger()["id"])
    path = tmp_path / "uitspraken_reeksen.csv"
    path.write_text("id,indicator,van,tot,toets,voorbehoud\na,lbm,2008,2012,anders,x\n")
    with pytest.raises(ValueError, match=r"regel 2.*'anders'"):
        tested.read(path)


def test_practice_data_test_no_statement(practice, store):
    r = open_report("leefbaarheid", "Nederland", data=str(practice))
    assert not len(measures.tested(r))


def test_a_report_on_published_scores_tests_what_was_said_of_them(real_data):
    r = open_report("leefbaarheid", "Nederland", 2008, 2018, data=str(real_data))
    found = measures.tested(r).set_index(["id", "area"])
    gap = found.loc[("arnhem-springt-uit", "Arnhem/Malburgen/Immerloo")]
    levels = r.series(role="Arnhem/Malburgen/Immerloo").set_index("period")["value"]
    rest = r.series(role="Arnhem, niet-aandachtswijken").set_index("period")["value"]
    assert gap["estimate"] == pytest.approx((rest[2012] - levels[2012]) - (rest[2008] - levels[2008]))
    assert (
        found["verdict"].to_dict()["leefbaarheid-niet-meer-dan-elders", "Nederland"] == "niet vast te stellen"
    )
    shown = say.claims(r)
    assert "Leefbaarometer 3.0 meet in 2002 en 2008" in shown
    assert "De scores in 2007 en 2012." not in shown  # they are there
