"""What the published Leefbaarometer says of the country, in one page: ``docs/bevindingen.md``.

Run with ``make bevindingen``; a test checks the page against the same computation. Every number of this project in it is computed
here by what the reports use; those of other studies are carried over, marked as read or remembered.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from helpers import effect, measures
from helpers.report import Report, open_report
from wijkenaanpak.content import write_whole
from wijkenaanpak.effects import gaps
from wijkenaanpak.measures import monitor
from wijkenaanpak.sources import facts
from wijkenaanpak.store import evaluation

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "bevindingen.md"
QUESTION, COUNTRY = "leefbaarheid", "Nederland"
FIRST, MIDDLE, LAST = 2008, 2012, 2018  # the start, the last letter to Parliament, and ten years on


def shown(numbers: Sequence[float], sign: bool = True) -> str:
    """Write an estimate with its 95% margin, three decimals."""
    mark = "+" if sign else ""
    estimate, lower, upper = (f"{number:{mark}.3f}" for number in numbers)
    return f"{estimate} ({lower} to {upper})"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown; the first row is the head."""
    head, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest])


def stands(what: str, true: bool) -> None:
    """Refuse to write a sentence that the numbers no longer carry.

    Raises
    ------
    ValueError
        Naming the sentence.
    """
    if not true:
        raise ValueError(
            f"benchmarks/bevindingen.py: the page says {what}; the numbers do not. Rewrite that sentence."
        )


def digest(folder: Path) -> str:
    """Hash the scores per postcode area, and the list that says which are aandachtswijken."""
    files = [*sorted(folder.rglob("*lbm3*pc4*.csv")), facts.RAW / "aandachtswijken_pc4.csv"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def opened(folder: Path, first: int, last: int) -> Report:
    """Open the report on the country for other years."""
    return open_report(QUESTION, COUNTRY, first, last, data=str(folder))


def spells(folder: Path) -> list[list[str]]:
    """Change of the gap to the rest of the own city and to the country, by spell."""
    rows = [["years", "to the rest of the own city", "to the Netherlands"]]
    for first, last in ((2002, FIRST), (FIRST, MIDDLE), (MIDDLE, LAST), (FIRST, LAST)):
        changes = measures.changes(opened(folder, first, last))
        rows.append(
            [f"{first}-{last}"]
            + [shown(changes.loc[to, measures.NUMBERS]) for to in ("rest_stad", "nederland")]
        )
    return rows


def lists(r: Report) -> list[list[str]]:
    """Change of the distance inside the own cities on the established list, and with all candidates."""
    rows = [["list", "PC4", "cities", f"change {FIRST}-{LAST}"]]
    for name, candidates in (("established", False), ("with all candidates", True)):
        s = evaluation.lay_out(r.panel.store, r.panel.outcome, candidates)
        found = gaps.margins(s, FIRST, evaluation.touching(r.panel.store, s.area))
        row = next(
            x
            for x in found
            if (x["gebied"], x["reference"], x["kind"], x["period"]) == (COUNTRY, "rest_stad", "change", LAST)
        )
        closed = [-row[k] for k in ("estimate", "upper", "lower")]
        rows.append([name, str(s.treated.sum()), str(len(set(s.city[s.treated]))), shown(closed)])
    return rows


def comparisons(r: Report) -> list[list[str]]:
    """Every comparison, and what programmes that never were show in the same one."""
    rows = [["compared with", "aandachtswijken", "programmes that never were, by year of choice"]]
    names = {
        "nederland": "all other areas",
        "g18": "others in the same cities",
        "rest_stad": "others, each inside its city",
        "net_niet": "areas as weak before (matched)",
        "gecorrigeerd": "at equal level in every measurement before (main)",
    }
    for row in r.effect["designs"]:
        if row["design"] in names:
            weak = [
                f"{place['mean']:+.3f} ({max(choice['years'])})"
                for choice in r.effect["placebo"]["choices"]
                for place in choice["designs"]
                if place["design"] == row["design"]
            ]
            rows.append(
                [names[row["design"]], shown([row[k] for k in measures.NUMBERS]), ", ".join(weak) or "-"]
            )
    return rows


def page(folder: Path, date: str) -> str:
    """Write the page.

    Parameters
    ----------
    folder : Path
        With the published Leefbaarometer.
    date : str
        On which the numbers were computed.
    """
    r = opened(folder, FIRST, LAST)
    row = measures.changes(r).loc["rest_stad"]
    levels = measures.levels(r).set_index(["role", "period"])["estimate"]
    alone = monitor.change(r.gap("rest_stad", shared=False), FIRST, LAST)
    missing = [city for city in r.cities if city not in {w.split("/", 1)[0] for w in r.panel.wijken}]
    drawn, main = effect.placebo(r), effect.main_design(r)
    by_spell, by_list = spells(folder), lists(r)
    early, late = (
        measures.changes(opened(folder, *years)).loc["rest_stad"]
        for years in ((FIRST, MIDDLE), (MIDDLE, LAST))
    )
    weak = [
        p["mean"] for c in r.effect["placebo"]["choices"] for p in c["designs"] if p["design"] == "nederland"
    ]
    national = next(d["estimate"] for d in r.effect["designs"] if d["design"] == "nederland")
    stands(
        "the gap became smaller, by about a seventh", row["verdict"] == "kleiner" and 12 < row["closed"] < 17
    )
    stands(
        "all of it before the middle",
        early["estimate"] / row["estimate"] > 0.9 and late["lower"] < 0 < late["upper"],
    )
    without, with_candidates = (float(x[3].split()[0]) for x in by_list[1:])
    stands("half as large with the candidates", 0.4 < with_candidates / without < 0.6)
    stands("how cities are weighed decides on zero", "to +" in by_list[1][3] and row["upper"] < 0)
    stands("weak areas gain as much by themselves", max(weak) > national > 0)
    stands(
        "no effect, and half of the gap excluded", not drawn["found"] and drawn["upper"] < r.effect["sesoi"]
    )
    return f"""# What the published Leefbaarometer says

Computed on {date} by `make bevindingen` from the scores per PC4 of Leefbaarometer 3.0 (hash of the scores and the list: `{digest(folder)}`).
A test computes the page again where the data are and compares. Margins are 95% and count what areas of a city share.

## How large

The mean score of the {r.treated().get("vast", 0) + r.treated().get("vast, wijk afgeleid", 0)} established PC4 rose from {levels["wijk", FIRST]:.3f} ({FIRST}) to {levels["wijk", LAST]:.3f} ({LAST}). They stood {row["first"]:.3f} behind the rest of their
city and ended {row["last"]:.3f} behind: the gap changed by {shown(row[measures.NUMBERS])}, {row["closed"]:.0f}% of it ({row["closed_lower"]:.0f} to {row["closed_upper"]:.0f}). Areas taken on their own would
give {shown(alone.numbers)}: the city as cluster makes that margin {r.widening("rest_stad", LAST, "change"):.1f} times as wide.

## When

{table(by_spell)}

All of the gain came before {MIDDLE}; what came after is not to be told from nothing.

## On which list

{table(by_list)}

The official list of 83 PC4 (Kamerstuk 30 995, nr. 66) is not among the data. The established list misses all wijken of {", ".join(missing)}.
With the candidates for those wijken the fall of the gap is half as large. This comparison weighs every area alike and every city by its
aandachtswijken; the one above compares with all areas of those cities together. How cities are weighed makes the difference between
{by_list[1][3].split()[0]} and {row["estimate"]:+.3f}, and between a margin that holds zero and one that does not.

## Compared with what

{table(comparisons(r))}

The last column is the mean of {drawn["draws"]:,} programmes that never were: as many untreated areas per city, chosen on their bad score. Weak areas
gain on others by themselves, as much as the aandachtswijken did. In the main design what is left after taking off what weak areas do is
{shown((drawn["less"], drawn["lower"], drawn["upper"]))}; {100 * drawn["p"]:.0f}% of the drawn programmes are at least as far off. No effect is found. With this many cities an effect of {main["detectable"]:.3f} had
a chance of 80% to be seen; half of the gap at the start is {r.effect["sesoi"]:.3f}.

## What can be concluded, and what not

- The gap to the rest of the own cities became smaller, by about a seventh, and that happened before {MIDDLE}. It did not grow back by {LAST}.
  With other weights of the cities it is less, and not certain.
- That the programme did it does not follow: areas as weak, without a programme, did the same.
- That the programme did nothing does not follow either: an effect smaller than what could be seen is open, and so is one on outcomes
  that the score does not hold. An effect of half of the gap at the start is excluded.
- Not in these data: the wijken that are missing from the list, more than one measurement before the base, the base itself (2008 is after
  the announcement of March 2007), and whether inhabitants improved or were replaced.

## Beside other studies

| study | what it compared | what it found | here from |
| --- | --- | --- | --- |
| SCP, *Werk aan de wijk* (Permentier, Kullberg & Van Noije 2013) | 76 PC4 of aandachtswijken with 76 that nearly were, 2001-2011 | no distinctive effect on leefbaarheid, safety or socio-economic position; favourable where was restructured | read: summary and slides; that it matched by propensity score is remembered |
| Ruijsbroek et al. (*PLoS ONE* 2017) | health, 2003/04-2008 against 2008-2013/14, with comparable areas | no effect on general or mental health, activity, overweight or smoking | read |
| Koster & Van Ommeren (*Review of Economics and Statistics* 2019) | house prices around the investments, discontinuity at the selection score, 83 neighbourhoods | prices of owner-occupied homes nearby +3.5% | remembered: abstract |

The first two agree with what is found here: against areas as weak, nothing to be told from nothing. The third is about prices, on which there
is no published series from before the programme among the data here; it does not contradict either.
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("WIJKEN_RAW") or ROOT.parent / "shared/data/real"
    )
    parser.add_argument("--date", default=dt.date.today().isoformat())
    asked = parser.parse_args()
    write_whole(PAGE, page(Path(asked.data), asked.date))
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
