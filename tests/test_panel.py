import json
import shutil

import numpy as np
import pandas as pd
import pytest

from wijkenaanpak import SourceError, programme
from wijkenaanpak.sources.areas import GROUPS, WITH_CANDIDATES, WITH_LIKELY
from wijkenaanpak.store import panel


def tiny(n=(100.0, 300.0, 600.0)):
    areas = pd.DataFrame(
        [
            ("1001", "1001", "pc4", "Utrecht", "Utrecht/Overvecht"),
            ("1002", "1002", "pc4", "Utrecht", None),
            ("1003", "1003", "pc4", "Elders", None),
            ("Utrecht/Overvecht", "Overvecht", "aandachtswijk", "Utrecht", "Utrecht/Overvecht"),
            ("Utrecht", "Utrecht", "gemeente", "Utrecht", None),
            ("Nederland", "Nederland", "land", None, None),
            *((a, a, "groep", None, None) for a in ("G18", "Aandachtswijken", "Niet-aandachtswijken")),
            *(
                (f"Utrecht, {s}", s, "groep", "Utrecht", None)
                for s in ("aandachtswijken", "niet-aandachtswijken")
            ),
        ],
        columns=["area", "name", "level", "gemeente", "aandachtswijk"],
    )
    areas["zekerheid"] = areas["aandachtswijk"].where(areas["level"] == "pc4").map(lambda _: "vast", "ignore")
    indicators = pd.DataFrame(
        {"indicator": ["nww"], "unit": ["%"], "scale": ["lineair"], "question": ["werk"]}
    )
    observations = pd.DataFrame(
        {
            "indicator": "nww",
            "area": ["1001", "1002", "1003"],
            "period": 2007,
            "value": [10.0, 6.0, 2.0],
            "n": list(n),
            "decimals": 1,
            "source": "proef",
            "status": "published",
            "error": 0.0,
        }
    )
    return observations, areas, indicators


def values(series: pd.DataFrame) -> dict[str, float]:
    return series.set_index("area")["value"].round(6).to_dict()


def test_aggregates_are_means_weighted_by_their_denominators():
    found = values(panel.complete(*tiny()))
    assert found["Nederland"] == pytest.approx((100 * 10 + 300 * 6 + 600 * 2) / 1000)
    assert found["Utrecht"] == found["G18"] == pytest.approx((100 * 10 + 300 * 6) / 400)
    assert found["Utrecht/Overvecht"] == found["Aandachtswijken"] == 10
    assert found["Utrecht, niet-aandachtswijken"] == 6
    assert found["Niet-aandachtswijken"] == pytest.approx((300 * 6 + 600 * 2) / 900, abs=1e-6)


def test_without_denominators_every_pc4_counts_once():
    found = values(panel.complete(*tiny(n=(np.nan,) * 3)))
    assert found["Nederland"] == 6
    assert found["Utrecht"] == 8


def test_a_published_total_wins_from_our_own_sum():
    observations, areas, indicators = tiny()
    published = observations.iloc[[0]].assign(area="Utrecht", value=7.3, n=np.nan)
    series = panel.complete(pd.concat([observations, published]), areas, indicators).set_index("area")
    assert series.at["Utrecht", "value"] == 7.3
    assert series.at["Utrecht", "source"] == "proef"
    assert series.at["Utrecht", "n"] == 400
    assert series.index.is_unique


def test_the_g18_is_made_of_city_totals_where_only_the_wijken_have_pc4():
    observations, areas, indicators = tiny()
    total = observations.iloc[[0]].assign(area="Utrecht", value=7.3, n=400.0)
    country = observations.iloc[[0]].assign(area="Nederland", value=3.1, n=9000.0)
    series = panel.complete(pd.concat([observations.iloc[[0]], total, country]), areas, indicators).set_index(
        "area"
    )
    assert series.at["G18", "value"] == 7.3
    assert series.at["Nederland", "value"] == 3.1
    assert series.at["Nederland", "n"] == 9000
    p = (0.031 * 9000 + 0.5) / 9001
    assert series.at["Nederland", "se"] == pytest.approx(100 * np.sqrt(p * (1 - p) / 9001))


def test_no_country_is_made_of_the_pc4_of_wijken_alone():
    observations, areas, indicators = tiny()
    only = areas[~areas["area"].isin(["1002", "1003"])]
    series = panel.complete(observations.iloc[[0]], only, indicators)
    groups = {
        "Aandachtswijken",
        WITH_CANDIDATES,
        WITH_LIKELY,
        "Utrecht, aandachtswijken",
    }
    assert set(series["area"]) == {"1001", "Utrecht/Overvecht"} | groups


def test_the_standard_error_of_a_share_is_binomial_and_never_zero():
    observations, areas, indicators = tiny()
    series = panel.complete(observations.assign(value=[10.0, 0.0, 2.0]), areas, indicators).set_index("area")
    p = (10 + 0.5) / 101
    assert series.at["1001", "se"] == pytest.approx(100 * np.sqrt(p * (1 - p) / 101))
    assert series.at["1002", "se"] > 0
    expected = np.hypot(100 * series.at["1001", "se"], 300 * series.at["1002", "se"]) / 400
    assert series.at["Utrecht", "se"] == pytest.approx(expected)


def test_a_candidate_counts_in_its_city_but_not_in_the_country():
    observations, areas, indicators = tiny()
    areas.loc[1, ["aandachtswijk", "zekerheid"]] = ["Utrecht/Ondiep", "kandidaat B"]
    extra = pd.DataFrame(
        [("Utrecht/Ondiep", "Ondiep", "aandachtswijk", "Utrecht", "Utrecht/Ondiep")],
        columns=areas.columns[:5],
    )
    group = pd.DataFrame([(WITH_CANDIDATES, "x", "groep", None, None)], columns=areas.columns[:5])
    found = values(panel.complete(observations, pd.concat([areas, extra, group]), indicators))
    assert found["Aandachtswijken"] == 10
    assert found["Niet-aandachtswijken"] == pytest.approx((300 * 6 + 600 * 2) / 900, abs=1e-6)
    assert found[WITH_CANDIDATES] == found["Utrecht, aandachtswijken"] == 7
    assert found["Utrecht/Ondiep"] == 6
    assert "Utrecht, niet-aandachtswijken" not in found


def test_unrest_recovers_the_noise_around_trends_and_national_years():
    rng = np.random.default_rng(5)
    areas, years = 3000, np.arange(2002, 2012)
    truth = rng.normal(0, 3, (areas, 1)) + rng.normal(0, 0.2, (areas, 1)) * (years - 2006) + 5 * np.sin(years)
    values = truth + rng.normal(0, 0.7, truth.shape)
    frame = pd.DataFrame(values, columns=years).rename_axis("area").reset_index()
    long = frame.melt(id_vars="area", var_name="period", value_name="value").astype({"period": int})
    assert panel.unrest(long) == pytest.approx(0.7, rel=0.02)
    assert np.isnan(panel.unrest(long[long["period"] < 2005]))


def test_the_average_of_own_cities_is_weighted_by_their_aandachtswijken():
    observations, areas, indicators = tiny()
    extra = pd.DataFrame(
        [
            ("2001", "2001", "pc4", "Zaanstad", "Zaanstad/Poelenburg"),
            ("2002", "2002", "pc4", "Zaanstad", None),
            ("Zaanstad/Poelenburg", "Poelenburg", "aandachtswijk", "Zaanstad", "Zaanstad/Poelenburg"),
            ("Zaanstad", "Zaanstad", "gemeente", "Zaanstad", None),
            *(
                (f"Zaanstad, {s}", s, "groep", "Zaanstad", None)
                for s in ("aandachtswijken", "niet-aandachtswijken")
            ),
        ],
        columns=areas.columns[:5],
    ).assign(zekerheid=["vast", *[None] * 5])
    more = observations.iloc[:2].assign(area=["2001", "2002"], value=[20.0, 4.0], n=[300.0, 500.0])
    series = values(panel.complete(pd.concat([observations, more]), pd.concat([areas, extra]), indicators))
    assert series[panel.OWN_CITIES_REST] == pytest.approx((100 * 6 + 300 * 4) / 400)
    assert series[panel.OWN_CITIES] == pytest.approx(
        (100 * series["Utrecht"] + 300 * series["Zaanstad"]) / 400
    )


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"period": 1890}, "period"),
        ({"status": "geraden"}, "status"),
        ({"value": np.inf}, "value"),
        ({"indicator": "onbekend"}, "indicatoren.csv"),
    ],
)
def test_observations_outside_the_data_model_are_refused_by_column(change, part):
    observations = tiny()[0].assign(**change)
    with pytest.raises(SourceError, match=part):
        panel.validated(observations, {"nww"})


def test_a_duplicated_observation_is_refused():
    observations = tiny()[0]
    with pytest.raises(SourceError, match="indicator, area, period"):
        panel.validated(pd.concat([observations, observations]), {"nww"})


def test_a_slice_holds_the_wijk_its_references_and_nothing_of_other_cities(store, practice):
    slice_ = panel.load("werk", "Utrecht/Overvecht", str(practice))
    assert set(slice_.series["area"]) == {
        *panel.references("Utrecht/Overvecht").values(),
        "Niet-aandachtswijken",
        WITH_CANDIDATES,
        WITH_LIKELY,
    }
    assert set(slice_.indicators["question"]) == {"werk"}
    assert slice_.meta["simulated"]
    assert set(slice_.series["status"]) == {"simulated"}


def test_pc4_values_come_from_the_own_city_only(store, practice):
    slice_ = panel.load("werk", "Utrecht/Overvecht", str(practice))
    inside = slice_.pc4("nww", 2010)["area"]
    city = slice_.boundaries["area"]
    assert set(slice_.boundaries["gemeente"]) == {"Utrecht"}
    assert 0 < len(inside) <= len(city)
    assert set(inside) <= set(city)


def test_the_store_is_rebuilt_only_when_raw_changed(store, practice, tmp_path):
    copy = tmp_path / "bron"
    shutil.copytree(practice, copy)
    first = panel.build(str(copy))
    stamp = (first / "meta.json").stat().st_mtime_ns
    assert panel.build(str(copy)) == first
    assert (first / "meta.json").stat().st_mtime_ns == stamp
    file = next(copy.glob("*lbm3*.csv"))
    file.write_text(file.read_text().rstrip("\n"))
    panel.build(str(copy))
    assert (first / "meta.json").stat().st_mtime_ns != stamp


def test_bad_raw_data_leaves_the_earlier_store_intact(store, practice, tmp_path):
    copy = tmp_path / "bron"
    shutil.copytree(practice, copy)
    built = panel.build(str(copy))
    before = json.loads((built / "meta.json").read_text())
    file = next(copy.glob("*lbm3*.csv"))
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[1].rsplit(",", 8)[0] + ",2008,veel,0,0,0,0,0,0", *lines[2:]]))
    with pytest.raises(SourceError):
        panel.build(str(copy))
    assert json.loads((built / "meta.json").read_text()) == before
    assert not list(built.parent.glob(".bouw-*"))


def test_a_missing_data_folder_is_named():
    with pytest.raises(SourceError, match="bestaat-niet"):
        panel.source_folder("bestaat-niet")


def test_there_are_59_areas_and_names_may_hold_a_slash():
    gebieden = programme.main().areas
    assert len(gebieden) == 59
    assert gebieden[0] == "Nederland"
    assert panel.references("Dordrecht/Wielwijk/Crabbehof")["stad"] == "Dordrecht"


def test_a_report_names_the_files_that_were_read_and_no_others(practice, tmp_path, monkeypatch):
    folder = tmp_path / "bron"
    shutil.copytree(practice, folder)
    (folder / "aantekeningen.txt").write_text("niet gelezen")
    monkeypatch.setenv("WIJKEN_PROCESSED", str(tmp_path / "processed"))
    read = set(json.loads((panel.build(str(folder)) / "meta.json").read_text())["files"])
    everything = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert everything - read == {"aantekeningen.txt"}


def test_each_list_of_areas_is_compared_with_the_rest_of_its_own_cities():
    wijk = {"1000": "A/w", "1001": "A/w", "2000": "B/v"}
    pc4 = [("1000", "A"), ("1001", "A"), ("1002", "A"), ("2000", "B"), ("2001", "B")]
    areas = pd.DataFrame(
        [(a, a, "pc4", g, wijk.get(a), {"1000": "vast", "1001": "kandidaat S", "2000": "kandidaat B"}.get(a)) for a, g in pc4]
        + [("A/w", "w", "aandachtswijk", "A", "A/w", None), ("B/v", "v", "aandachtswijk", "B", "B/v", None)]
        + [(g, g, "gemeente", g, None, None) for g in "AB"],
        columns=["area", "name", "level", "gemeente", "aandachtswijk", "zekerheid"],
    )  # fmt: skip
    rest = [
        (f"{g}, {suffix}", g, "groep", g, None, None)
        for g in "AB"
        for suffix in ("aandachtswijken", "niet-aandachtswijken")
    ]
    groups = [(name, name, "groep", None, None, None) for name in (*GROUPS, "Nederland")]
    areas = pd.concat([areas, pd.DataFrame(rest + groups, columns=areas.columns)], ignore_index=True)
    values = {"1000": 1.0, "1001": 2.0, "1002": 5.0, "2000": 3.0, "2001": 9.0}
    rows = pd.DataFrame(
        [("lbm", a, 2008, v, np.nan, 3, "bron", "published", 0.0) for a, v in values.items()],
        columns=["indicator", "area", "period", "value", "n", "decimals", "source", "status", "error"],
    )
    book = pd.DataFrame([{"indicator": "lbm", "scale": "lineair", "unit": "score"}])
    found = panel.complete(rows, areas, book).set_index("area")["value"]
    pairs = {name: (found[name], found[other]) for name, other in panel.REST_OF.items()}
    assert pairs["Aandachtswijken"] == (1, 5)
    assert pairs["Aandachtswijken en kandidaten"] == pytest.approx((2, (5 + 5 + 9) / 3))
    assert pairs["Kandidaten"] == pytest.approx((2.5, 7))
