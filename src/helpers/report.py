"""One report: its question, area, period and series; what it states and shows.

A notebook opens one :class:`Report` and works with it: ``measures`` and ``effect`` give its numbers as DataFrames,
:meth:`Report.state` records those that the page states, :meth:`Report.show`, :meth:`Report.table` and
:meth:`Report.say` show them. Nothing has to be run before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from types import MappingProxyType
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import draw, session
from helpers.state import Stated, Statements
from wijkenaanpak import SEED, SourceError, questions
from wijkenaanpak.claims import claims
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.measures import MEASURES
from wijkenaanpak.pages import html
from wijkenaanpak.pages.html import Html
from wijkenaanpak.programme import FIRST_YEAR, LAST_YEAR, Programme, Years, check_option
from wijkenaanpak.questions import OVERVIEW
from wijkenaanpak.sources import facts, forms
from wijkenaanpak.sources.names import check_area
from wijkenaanpak.store import evaluation, panel, place

REFERENTIES = ("rest_stad", "stad", "g18", "nederland")
MOST_ROWS = 8  # more rows than fit between two paragraphs fold away


def check_question(vraag: str) -> None:
    """Refuse a question that has no notebook, or one that is not right."""
    if vraag in questions.refused():
        raise SourceError(questions.refused()[vraag])
    check_option("Parameter vraag", vraag, questions.names())


def check_parameters(
    vraag: str, gebied: str, start: int, eind: int, referentie: str, seed: int, of: Programme
) -> None:
    """Refuse wrong notebook parameters with one clear message, before any work is done.

    Raises
    ------
    SourceError
        Naming the parameter, its value and the nearest valid ones.
    """
    check_question(vraag)
    check_area("Parameter gebied", gebied, of.areas)
    check_option("Parameter referentie", referentie, REFERENTIES)
    for name, number in (("start", start), ("eind", eind), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, int):
            example = f"geef bijvoorbeeld {of.years.known}"
            raise SourceError(f"Parameter {name} = {number!r} is geen geheel getal; {example}.")
    if seed < 0:
        raise SourceError(f"Parameter seed = {seed} is negatief; geef nul of een groter getal.")
    if not FIRST_YEAR <= start < eind <= LAST_YEAR:
        raise SourceError(
            f"Parameters start = {start} en eind = {eind} vormen geen periode; "
            f"start moet voor eind liggen, tussen {FIRST_YEAR} en {LAST_YEAR}."
        )


def once(get: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """Compute a table of a report once; every receiver gets a copy of its own, to change at will."""

    @wraps(get)
    def found(r: Report, *options: Any, **named: Any) -> pd.DataFrame:
        key = (get.__name__, *options, *sorted(named.items()))
        if key not in r.computed:
            r.computed[key] = get(r, *options, **named)
        return r.computed[key].copy()

    return found


def open_report(
    vraag: str,
    gebied: str = "Nederland",
    start: int | None = None,
    eind: int | None = None,
    referentie: str = "rest_stad",
    data: str = "oefendata",
    seed: int = SEED,
    uitkomst: str = "",
) -> Report:
    """Check the parameters, load the data and open the report of one question and area.

    Parameters
    ----------
    vraag : str
        Name of a notebook: a question, or "overzicht".
    gebied : str
        ``"Nederland"``, a gemeente of the programme, or ``"<gemeente>/<wijk>"``.
    start, eind : int, optional
        First and last year of the comparison; the measurements inside are used. By default those of the programme. With another start
        the effect is estimated as if the programme had begun then.
    referentie : str
        Which of the four references carries the verdict.
    data : str
        ``"oefendata"``, a data folder, or the file of a programme.
    seed : int
        Of the practice panel.
    uitkomst : str
        Another outcome of the question that the report turns on.

    Returns
    -------
    Report

    Raises
    ------
    SourceError
        For wrong parameters or wrong data.
    """
    check_question(vraag)
    given = {"gebied": gebied, "start": start, "eind": eind, "referentie": referentie, "data": data}
    of = place.programme_of(data)
    first, last = of.span(vraag)
    start, eind = first if start is None else start, last if eind is None else eind
    check_parameters(vraag, gebied, start, eind, referentie, seed, of)
    session.opened(given | {"seed": seed, "uitkomst": uitkomst})
    return Report(start, eind, referentie, seed, panel.load(vraag, gebied, data, seed, uitkomst))


class Report:
    """One question about one area, or the overview of all questions; made by :func:`open_report`.

    Without a series every measure is an empty DataFrame, and :attr:`reason` says why.
    """

    def __init__(self, start: int, eind: int, referentie: str, seed: int, slice_: panel.Panel) -> None:
        self.start, self.eind, self.referentie, self.seed = start, eind, referentie, seed
        self.panel = slice_
        self.vraag, self.gebied = slice_.question, slice_.gebied
        self.programme: Programme = slice_.programme
        self.stated = Statements(self.vraag, self.gebied, self.simulated)
        self.computed: dict[tuple[Any, ...], pd.DataFrame] = {}  # see once

    def __repr__(self) -> str:
        """Say what the report is about and what to do next."""
        return "\n".join(f"{name:9} {text}" for name, text in self._told().items())

    def _repr_html_(self) -> str:
        rows = pd.DataFrame(list(self._told().items()), columns=["rapport", self.vraag])
        return html.table(rows, self.title)

    def _told(self) -> dict[str, str]:
        kind = (
            "oefendata: gesimuleerd"
            if self.simulated
            else f"gepubliceerde reeksen ({self.panel.store.parent.name})"
        )
        outcome = f"{self.label} ({self.unit})" if self.label else "geen reeks"
        own = {"vraag": f"{self.vraag}: {self.title}", "gebied": self.gebied, "gegevens": kind}
        own |= {"jaren": f"{self.period} (gevraagd: {self.start}-{self.eind})", "uitkomst": outcome}
        return own | {
            "cijfers": "r.frame(): de reeksen van dit rapport; r.frame(everywhere=True): elk postcodegebied van het land",
            "verder": "say.answer(r), measures.changes(r), measures.gaps(r), maps.show(r), effect.sample(r); help(r)",
        }

    # ---- which area, which series ----------------------------------------------------------------

    @property
    def title(self) -> str:
        """The question as the report puts it; its notebook says it."""
        title = questions.question(self.vraag).title
        return title.replace("{wijken}", self.programme.wijken).replace("{aanpak}", self.programme.aanpak)

    @property
    def simulated(self) -> bool:
        """Whether the series are the practice panel."""
        return bool(self.panel.meta["simulated"])

    @property
    def national(self) -> bool:
        """Whether the report is about the whole country."""
        return self.gebied == "Nederland"

    @property
    def city(self) -> str:
        """The gemeente of the area; "Nederland" for the country."""
        return self.gebied.split("/", 1)[0]

    @property
    def wijken(self) -> list[str]:
        """Every wijk of the programme in the area, whether or not its postcode areas are known."""
        return panel.wijken_in(self.gebied, self.panel.areas)

    @property
    def cities(self) -> list[str]:
        """Every gemeente with wijken of the programme in the area."""
        return list(dict.fromkeys(wijk.split("/", 1)[0] for wijk in self.wijken))

    @cached_property
    def parts(self) -> Mapping[str, Report]:
        """The reports of an overview on each question, within its own years; what they state is not stated here."""
        if self.vraag != OVERVIEW:
            return MappingProxyType({})
        return MappingProxyType(
            {
                vraag: Report(
                    max(self.start, self.programme.span(vraag)[0]),
                    min(self.eind, self.programme.span(vraag)[1]),
                    self.referentie,
                    self.seed,
                    self.panel.part(vraag),
                )
                for vraag in questions.questions()
            }
        )

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Reader's name of the wijk and of each reference."""
        _, _, wijk = self.gebied.partition("/")
        if self.national:
            own = (f"de {self.programme.wijken}", "de rest van de eigen stad", "de eigen stad")
        else:
            every = self.programme.wijk if len(self.panel.wijken) == 1 else f"de {self.programme.wijken}"
            own = (
                wijk or f"{every} van {self.city}",
                f"de rest van {self.city}",
                f"heel {self.city}",
            )
        return MappingProxyType(
            dict(zip(("wijk", *REFERENTIES), (*own, self.programme.steden, "Nederland"), strict=True))
        )

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """The area behind the wijk and each reference."""
        return MappingProxyType(panel.references(self.gebied))

    @cached_property
    def _indicator(self) -> Any:
        if self.vraag == OVERVIEW:
            return None
        book = self.panel.indicators[self.panel.indicators["direction"] != 0]
        for _, row in book.sort_values("primary", ascending=False, kind="stable").iterrows():
            if self.window_of(row["indicator"]) is not None:
                return row
        return None

    @property
    def indicator(self) -> Any:
        """Codebook row (Series) of the outcome the report turns on; None without a series.

        The primary outcome of the question, or else the first other outcome that has a series.
        """
        return None if self._indicator is None else self._indicator.copy()

    def series(self, indicator: str = "", role: str = "wijk") -> pd.DataFrame:
        """Return one series: period, value, se, n, decimals, status, source; ordered by period.

        Parameters
        ----------
        indicator : str
            By default the main outcome.
        role : str
            "wijk", one of ``REFERENTIES``, or the name of an area.
        """
        name = indicator or (self._indicator["indicator"] if self._indicator is not None else "")
        return self.panel.get(name, self.roles.get(role, role)).copy()

    def frame(self, indicator: str = "", everywhere: bool = False) -> pd.DataFrame:
        """Return the series behind the report as one DataFrame, to explore.

        Parameters
        ----------
        indicator : str
            One outcome; by default all of the question, or with `everywhere` the main one.
        everywhere : bool
            Every postcode area of the country, and not the areas that the report compares.

        Returns
        -------
        DataFrame
            indicator, label, unit, area, period, value, n (denominator, where known) and status; with `everywhere` also gemeente
            and wijk (empty when it is no aandachtswijk), else se (standard error).

        Raises
        ------
        SourceError
            For an outcome that the question does not have.
        """
        book = self.panel.indicators.set_index("indicator")
        if indicator:
            check_option("indicator", indicator, book.index.tolist())
        elif everywhere and self._indicator is not None:
            indicator = self._indicator["indicator"]
        names = [indicator] if indicator else book.index.tolist()
        rows = self.panel.everywhere(names) if everywhere else self.panel.series
        rows = rows[rows["indicator"].isin(names)].join(book[["label", "unit"]], on="indicator")
        place = ["area", "gemeente", "wijk"] if everywhere else ["area"]
        numbers = ["period", "value", "n"] if everywhere else ["period", "value", "n", "se"]
        return rows[["indicator", "label", "unit", *place, *numbers, "status"]].reset_index(drop=True)

    def gap_of(self, indicator: pd.Series, area: str, reference: str, nested: bool) -> pd.DataFrame:
        """Return the gap of one area to another by period (``monitor.gaps``); scores get no index."""
        wijk, other = (self.panel.get(indicator["indicator"], a) for a in (area, reference))
        gap = monitor.gaps(wijk, other, int(indicator["direction"]), indicator["scale"], nested)
        if indicator["unit"] not in ("%", "euro", "per 1.000"):  # a score has no natural zero: no ratio
            gap[["index", "index_lower", "index_upper"]] = float("nan")
        return gap

    @once
    def gap(self, role: str, shared: bool = True) -> pd.DataFrame:
        """Return the gap of the main outcome to a reference, indexed by period; see :meth:`gap_of`.

        Its margins count what areas of a city, and neighbours, share (:meth:`widening`), unless `shared` is False.
        """
        gap = self.gap_of(self._indicator, self.roles["wijk"], self.roles[role], role != "rest_stad")
        if shared and len(self.shared):
            gap = monitor.widen(gap, pd.Series([self.widening(role, year) for year in gap.index], gap.index))
        return gap

    def change(self, role: str) -> monitor.Change:
        """Return the change of the gap over the years that are compared (``monitor.change``); its margin counts what areas share."""
        first, last = self.window
        return monitor.change(self.gap(role, shared=False), first, last, self.widening(role, last, "change"))

    def widening(self, role: str, year: int, kind: str = "gap") -> float:
        """Return how many times as wide the margin of a gap (or its "change") is for what areas share; at least 1.

        The measurement nearest to the year counts.
        """
        rows = self._shared_with(role, kind)
        if not len(rows):
            return 1.0
        return max(1.0, float(rows["factor"].iloc[(rows["period"] - year).abs().argmin()]))

    def clusters(self, role: str) -> str:
        """Say which areas share what widens the margin of the change: "stad", "wijk" or "conley"; empty where none is counted."""
        rows = self._shared_with(role, "change")
        return (
            ""
            if not len(rows)
            else str(rows["method"].iloc[(rows["period"] - self.window[1]).abs().argmin()])
        )

    def _shared_with(self, role: str, kind: str) -> pd.DataFrame:
        to = "nederland" if self.national and role in ("g18", "nederland") else "rest_stad"
        return self.shared[(self.shared["reference"] == to) & (self.shared["kind"] == kind)]

    @cached_property
    def shared(self) -> pd.DataFrame:
        """What areas share in the margins of this report (``evaluation.shared``): reference, kind, period, method, factor.

        Empty for a wijk, for a city of one wijk, and without a series per postcode area.
        """
        outcome, window, rows = self.panel.outcome, self.window, []
        if (
            outcome is not None
            and window
            and "/" not in self.gebied
            and outcome["indicator"] == self._indicator["indicator"]
        ):
            kept = self.panel.kept(
                f"gedeeld/{outcome['indicator']}-{window[0]}",
                evaluation.__name__,
                [window[0]],
                lambda: {"rows": evaluation.shared(self.panel.store, outcome, window[0])},
            )
            rows = [row for row in kept["rows"] if row["gebied"] == self.gebied]
        return pd.DataFrame(rows, columns=["reference", "kind", "period", "method", "factor"])

    @cached_property
    def effect(self) -> Mapping[str, Any]:
        """The effect evaluation of the question; see ``evaluation.compute``. Its `reason` says why there is none."""
        return _frozen(self.panel.evaluation(self.eind, self.years))

    @cached_property
    def years(self) -> Years:
        """The years of the programme; with a start that is not its own, those of one that began then."""
        first, _ = self.programme.span(self.vraag)
        return self.programme.years if self.start == first else self.programme.years.begun(self.start)

    @property
    def supposed(self) -> str:
        """That the effect is of a programme taken to have begun in another year; empty when it is not."""
        return (
            ""
            if self.years == self.programme.years
            else f"alsof {self.programme.aanpak} in {self.start} begon"
        )

    @property
    def ledger(self) -> pd.DataFrame:
        """The published statements about this question and area, with their verdicts.

        Of an overview: those about the programme as a whole, or those of any question that name the area. A programme of one's
        own has none.
        """
        if not self.programme.main:
            return claims.ledger().head(0)
        if self.vraag != OVERVIEW:
            return claims.ledger(vraag=self.vraag, gebied=self.gebied)
        if self.national:
            return claims.ledger(vraag="programma")
        return claims.about(claims.ledger(), self.gebied)

    def treated(self) -> dict[str, int]:
        """Count the PC4 on the treated list of this area, by how certain they are."""
        rows = self.panel.treated[self.panel.treated["wijk"].isin(self.panel.wijken)]
        return rows["zekerheid"].value_counts().sort_index().to_dict()

    def form(self, name: str, of: str = "wijken") -> pd.DataFrame:
        """Return the rows of a filled-in form; empty without them or without the form.

        Parameters
        ----------
        name : str
            Of the form.
        of : {"wijken", "gebied", "stad", "alles"}
            Rows about the wijken inside the area, the area itself, its city and what is in the report's own wijken, or all.
        """
        form = self.panel.form(name)
        if form is None:
            columns = ["gebied", *forms.columns(name).index]
            return pd.DataFrame(columns=list(dict.fromkeys(columns)))
        if of == "alles":
            return form
        wanted = {"wijken": set(self.wijken), "gebied": {self.gebied}, "stad": {self.city, self.gebied}}[of]
        return form[form["gebied"].isin(wanted)]

    def shapes(self) -> gpd.GeoDataFrame | None:
        """Return the postcode areas of the city, or of the country, with `gemeente`, `aandachtswijk` and geometry; None without a map."""
        return None if self.panel.boundaries is None else self.panel.boundaries.copy()

    # ---- which years -----------------------------------------------------------------------------

    def window_of(self, indicator: str) -> tuple[int, int] | None:
        """Return the first and last measurement of wijk and reference in the period, or else after its start."""
        wijk, reference = (
            self.panel.get(indicator, self.roles[role])["period"] for role in ("wijk", self.referentie)
        )
        after = [p for p in sorted(set(wijk) & set(reference)) if p >= self.start]
        inside = [p for p in after if p <= self.eind]
        usable = inside if len(inside) >= 2 else after
        return (usable[0], usable[-1]) if len(usable) >= 2 else None

    @cached_property
    def window(self) -> Any:
        """First and last year that are compared (int, int); None without a series."""
        return None if self._indicator is None else self.window_of(self._indicator["indicator"])

    @property
    def period(self) -> str:
        """The years that are compared, as they are recorded: "2007-2017"."""
        return f"{self.start}-{self.eind}" if self.window is None else "-".join(map(str, self.window))

    @property
    def has_start(self) -> bool:
        """Whether the first measurement tells the position at the start of the programme."""
        return self.window is not None and abs(self.window[0] - self.programme.years.known) <= 1

    @property
    def timing(self) -> str:
        """What the years of the comparison leave out or add; empty when they are those of the programme."""
        if self.window is None:
            return ""
        (first, last), parts = self.window, []
        if last > self.eind:
            parts.append(
                f"Tussen {self.start} en {self.eind} zijn er geen twee metingen; vergeleken is {first} met {last}."
            )
        if not self.has_start:
            parts.append(self._late_or_early(first))
        return " ".join(parts)

    @property
    def redefined(self) -> str:
        """What changed in the measurement itself between the years that are compared; empty when nothing did."""
        if self.window is None or not (broken := self.breaks(self._indicator["indicator"])):
            return ""
        first, last = self.window
        changed = f"veranderde tussen {first} en {last} de meting zelf ({'; '.join(broken)})"
        if self.simulated:
            return f"In de gepubliceerde reeks {changed}; de oefendata kent die breuk niet."
        return (
            f"In deze reeks {changed}. Dat raakt wijk en referentie allebei, maar niet vanzelf evenveel: de verandering is daarmee "
            "niet zuiver te lezen."
        )

    def _late_or_early(self, first: int) -> str:
        earliest = self.panel.get(self._indicator["indicator"], self.roles["wijk"])["period"].min()
        began = self.programme.years.known
        if first < began:
            return (
                f"De vergelijking begint in {first}, vóór het programma: de verandering is niet alleen die van de "
                "programmajaren."
            )
        if earliest <= began + 1:
            return (
                f"De vergelijking begint in {first}, na de start van het programma in {began}: wat er daarvoor veranderde telt "
                "niet mee. Een eerder beginjaar is mogelijk."
            )
        return (
            f"Er is geen meting van vóór of bij de start van het programma in {began}; de eerste is van {first}. Dit laat "
            "alleen zien hoe het gebied zich daarna ontwikkelde, en zegt niets over het programma."
        )

    @cached_property
    def reason(self) -> str:
        """Why there is no series, in one sentence for the reader."""
        city = self.effect.get("city", "")
        if city and city != self.city:
            return f"In de gebruikte gegevensmap staat voor deze vraag alleen een reeks van {city}; het rapport over die stad laat haar zien."
        if not len(self.panel.series):
            return f"In de gebruikte gegevensmap staat voor deze vraag geen landelijke reeks per {self.programme.unit}."
        if not self.panel.wijken:
            return (
                f"Van {self.gebied} is niet vastgesteld uit welke postcodegebieden {self.programme.wijk} bestond, "
                "zodat geen reeks aan het gebied kan worden toegeschreven."
            )
        if not self._measured("wijk"):
            return "In de gebruikte gegevensmap staat voor deze vraag van dit gebied geen enkele meting."
        if not self._measured(self.referentie):
            return (
                f"Er is voor deze vraag niets om mee te vergelijken: van de gekozen referentie, {self.names[self.referentie]}, is er geen meting. "
                "Dat is zo als alle gebieden met een meting de aanpak kregen. Kies een andere referentie."
            )
        why = "Voor dit gebied zijn er geen twee metingen van dezelfde uitkomst in de gevraagde periode."
        once = len(self.measured_once())
        return why + (
            f" Wel is er van {once} uitkomsten een stand van één jaar; zie de gegevens." if once > 1 else ""
        )

    def _measured(self, role: str) -> bool:
        """Whether any outcome of the question was ever measured there."""
        return any(len(self.panel.get(name, self.roles[role])) for name in self.panel.indicators["indicator"])

    def measured_once(self) -> list[tuple[str, int]]:
        """List the indicators with too few common measurements for a change, each with the last of them."""
        found = []
        for name in self.panel.indicators["indicator"]:
            years = set.intersection(
                *(set(self.panel.get(name, self.roles[role])["period"]) for role in ("wijk", self.referentie))
            )
            if years and self.window_of(name) is None:
                found.append((str(name), max(years)))
        return found

    def breaks(self, indicator: str, window: tuple[int, int] | None = None) -> list[str]:
        """List what changed in an indicator between two years, by default those it is compared over: "2014: ..."."""
        window = window or self.window_of(indicator)
        if not window:
            return []
        return monitor.breaks_between(self._breaks[indicator], *window) + self._mergers(indicator, window)

    @cached_property
    def _breaks(self) -> dict[str, str]:
        return dict(zip(self.panel.indicators["indicator"], self.panel.indicators["breaks"], strict=True))

    def _mergers(self, indicator: str, window: tuple[int, int]) -> list[str]:
        """Gemeenten that became part of the city between two years, where its figures are those of its borders then."""
        every = facts.read_mergers()
        own = every[
            (every["opgegaan_in"] == self.city) & every["jaar"].between(window[0], window[1], "right")
        ]
        found = [
            f"{year}: {name} bij {self.city} gevoegd"
            for year, name in zip(own["jaar"], own["gemeente"], strict=True)
        ]
        origin = self.panel.get(indicator, self.roles["stad"])["source"] if found else []
        return [] if all(source.startswith("berekend") for source in origin) else found

    # ---- units and sources -----------------------------------------------------------------------

    @property
    def label(self) -> str:
        """Name of the main outcome; empty without a series."""
        return "" if self._indicator is None else self._indicator["label"]

    @property
    def unit(self) -> str:
        """Unit of the main outcome; empty without a series."""
        return "" if self._indicator is None else self._indicator["unit"]

    @property
    def gap_unit(self) -> str:
        """Unit of a gap in the main outcome; empty without a series."""
        return "" if self._indicator is None else monitor.gap_unit(self._indicator)

    @property
    def change_unit(self) -> str:
        """Unit of the change of a gap in the main outcome; empty without a series."""
        return "" if self._indicator is None else monitor.change_unit(self._indicator)

    @property
    def effect_unit(self) -> str:
        """Unit of an effect; empty without a series per postcode area."""
        return "" if self.panel.outcome is None else monitor.effect_unit(self.panel.outcome)

    def origin(self, published: str) -> str:
        """Return the source line of a figure: what was published; nothing was of practice data, as their captions say."""
        return "" if self.simulated else published

    def source_of(self, indicator: pd.Series | None = None) -> str:
        """Return the source line of a figure about an indicator (its codebook row), by default the main outcome."""
        row = self._indicator if indicator is None else indicator
        if row is None:
            return ""
        return self.origin(f"{row['publisher']}, tabel {row['table']}; berekening van dit project")

    # ---- state, show, say ------------------------------------------------------------------------

    def state(self, measure: str, numbers: Any, **about: Any) -> Any:
        """Record a number that the page states, or a column of them.

        Parameters
        ----------
        measure : str
            A key of ``measures.MEASURES``.
        numbers : float, (estimate, lower, upper), Series, Estimate or DataFrame
            With its 95% interval, where it has one. A DataFrame or Series has `estimate`, `lower`, `upper`, and may have
            what else a row of results.csv holds under the same name.
        **about
            `period`, `reference`, `method`, `n`, `indicator` (default the main outcome), `unit` (default that of the
            measure); for a DataFrame also one value a row, as a Series or list.

        Returns
        -------
        Stated, or Series of Stated
            See :class:`helpers.state.Stated`.

        Raises
        ------
        ValueError
            When two rows of a DataFrame are named alike and differ: one would replace the other.
        """
        if isinstance(numbers, pd.DataFrame):
            columns = {
                k: list(v) if isinstance(v, pd.Series | list) else [v] * len(numbers)
                for k, v in about.items()
            }
            rows = numbers.to_dict("records")
            stated = [
                self.state(measure, row, **{k: v[i] for k, v in columns.items()})
                for i, row in enumerate(rows)
            ]
            _named_apart(measure, stated)
            return pd.Series(stated, index=numbers.index, dtype=object)
        if isinstance(numbers, Mapping | pd.Series):
            known = ("period", "reference", "method", "n", "indicator", "unit")
            about = {k: numbers[k] for k in known if k in numbers} | about
        if not about.get("unit"):
            about["unit"] = self._unit_of(measure)
        if about.get("indicator") is None:
            about["indicator"] = "" if self._indicator is None else self._indicator["indicator"]
        about.setdefault("period", self.period)
        return self.stated.add(measure, numbers, **about)

    def _unit_of(self, measure: str) -> str:
        unit = MEASURES[measure].unit if measure in MEASURES else ""
        own = {"uitkomst": self.unit, "achterstand": self.gap_unit, "verandering": self.change_unit}
        return {**own, "effect": self.effect_unit}.get(unit, unit)

    def note(self, source: str) -> str:
        """Mark where a source is used; the foot of the page lists them, each once."""
        return html.noted(self.stated.note(source))

    def say(self, *sentences: Any) -> Html:
        """Show sentences, a paragraph each; stated numbers in them link to their rows."""
        return html.paragraphs(format(s) for s in sentences if format(s))

    def aside(self, summary: str, *sentences: Any) -> Html:
        """Fold sentences away behind a summary: what accounts for a text, such as tests; nothing without sentences."""
        told = [format(s) for s in sentences if format(s)]
        return html.fold(html.bullets(told), summary) if told else Html("")

    def table(self, data: pd.DataFrame, caption: str, folded: str = "", long: str = "") -> Html:
        """Show a DataFrame as a table; the first column names the row.

        Parameters
        ----------
        data : DataFrame
            Numbers, text, or stated numbers; columns named as the reader sees them.
        caption : str
            What the table shows, with units.
        folded : str
            Summary behind which the table folds away.
        long : str
            The same for a table that is long here (more than ``MOST_ROWS`` rows); a short one is shown.
        """
        if not len(data):
            return self.absent()
        shown = html.table(data, f"{caption}{self._kind_of(data)}")
        summary = folded or (long if len(data) > MOST_ROWS else "")
        return html.fold(shown, summary) if summary else shown

    def _kind_of(self, data: pd.DataFrame) -> str:
        """Mark the caption of a table on a page of practice data: what documents published in it is real."""
        if not self.simulated:
            return ""
        stated = {cell.row["status"] for cell in data.to_numpy().ravel() if isinstance(cell, Stated)}
        return " (echt: uit documenten)" if stated == {"published"} else " (oefendata)"

    def show(
        self,
        drawn: Axes | Figure,
        title: str,
        alt: str,
        source: str | None = None,
        kind: Literal["svg", "png"] = "svg",
        data: pd.DataFrame | None = None,
    ) -> draw.Picture | Html:
        """Show a figure with its finding as title; one line that says why, when there is nothing in it.

        Parameters
        ----------
        drawn : Axes or Figure
        title : str
            What the figure shows, as a finding.
        alt : str
            What somebody who does not see it should know: kind of figure, and the main numbers.
        source : str, optional
            By default that of the main outcome.
        kind : {"svg", "png"}
            PNG for maps.
        data : DataFrame, optional
            What is drawn; on the page a CSV file to keep.
        """
        figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
        assert figure is not None
        if not any(axes.has_data() for axes in figure.axes):
            return self.absent()
        line = self.source_of() if source is None else source
        return draw.picture(figure, html.plain(title), html.plain(alt), line, self.simulated, kind, data)

    def absent(self, text: str = "") -> Html:
        """Say in one line that there is nothing to show, and why."""
        why = self.reason if self.window is None and self.vraag != OVERVIEW else ""
        return html.note(text or why or "Hiervoor zijn er in dit gebied geen bruikbare metingen.")

    def no_form(self, name: str, about: str = "") -> Html:
        """Say that a form is not there, or has no rows `about` an area (the report's own), what it holds and who has the figures."""
        form = forms.book().loc[name]
        there = self.panel.form(name) is not None
        where = f"heeft geen rijen over {about or self.gebied}" if there else "staat niet in de gegevensmap"
        return html.note(
            f"{form['wat']}. Dit is niet als tabel gepubliceerd, en het formulier {name}.csv {where}. Wie de cijfers heeft: "
            f"{form['wie_heeft_het']}; een ingevuld voorbeeld staat in data/raw/templates."
        )


def _named_apart(measure: str, stated: list[Stated]) -> None:
    """Refuse two numbers of one table that would be one row of results.csv."""
    seen: dict[str, Stated] = {}
    for number in stated:
        other = seen.setdefault(number.anchor, number)
        if not np.array_equal(other.numbers, number.numbers, equal_nan=True):
            names = ("indicator", "method", "reference", "period")
            same = ", ".join(f"{k} {number.row[k]!r}" for k in names if number.row[k])
            raise ValueError(
                f"twee rijen van {measure!r} heten hetzelfde ({same}) en verschillen: {other} en {number}; "
                "geef de rijen een eigen `method` of `reference`"
            )


def _frozen(value: Any) -> Any:
    """Return what nobody can change: a receiver's mistake would be the next one's result."""
    if isinstance(value, Mapping):
        return MappingProxyType({k: _frozen(v) for k, v in value.items()})
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


__all__ = ["REFERENTIES", "Report", "Stated", "open_report"]
