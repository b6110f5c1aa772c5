"""The numbers of one report: its question, area and period; its measures; what it records.

A notebook opens one :class:`Report` and asks it for measures, which come as DataFrames. ``figures``
draws them, ``words`` puts them in sentences. Every number is recorded once and shown from that
record, so that page and results.csv agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd

from helpers import figures, words
from helpers.drawing import Picture, Style
from wijkenaanpak import RAW, due, dutch
from wijkenaanpak.claims import claims
from wijkenaanpak.due import NOTEBOOK_NAMES, OVERVIEW, RESULT_COLUMNS, check_option, gebieden
from wijkenaanpak.measures import monitor
from wijkenaanpak.sources import publishers, sources
from wijkenaanpak.store import panel

REFERENTIES = ("rest_stad", "stad", "g18", "nederland")
# Selection announced 22 March 2007 (Actieplan Krachtwijken 2007, footnote 1); charters signed by July 2008.
START_PROGRAMME, END_PROGRAMME = 2007, 2017
RATIO_UNITS = ("%", "euro", "per 1.000")  # a score has no natural zero: no ratio, no index
HORIZONS = (8, 10)  # years to the city average (Actieplan Krachtwijken 2007; Voortgangsrapportage 2010)
RULE_YEARS = (1998, 2002, 2006)  # of the rule behind the 127 buurten (Voortgangsrapportage 2010, annex 3)
# Tables of data/raw that hold what documents published: real in a report on practice data too.
FACTS = ("cijfers", "aanbevelingen", "wijken_40plus", "investeringen", "uitkeringen", "bewonersbudgetten")
LAST_FIT = 2012  # the last Outcomemonitor: the projection uses what was known then


def check_parameters(vraag: str, gebied: str, start: int, eind: int, referentie: str, seed: int) -> None:
    """Refuse wrong notebook parameters with one clear message, before any work is done.

    Raises
    ------
    sources.SourceError
        Naming the parameter, its value and the nearest valid ones.
    """
    check_option("Parameter vraag", vraag, NOTEBOOK_NAMES)
    check_option("Parameter gebied", gebied, gebieden())
    check_option("Parameter referentie", referentie, REFERENTIES)
    for name, number in (("start", start), ("eind", eind), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise sources.SourceError(
                f"Parameter {name} = {number!r} is geen geheel getal; geef bijvoorbeeld 2007."
            )
    if not 1990 <= start < eind <= 2035:
        raise sources.SourceError(
            f"Parameters start = {start} en eind = {eind} vormen geen periode; "
            "start moet voor eind liggen, tussen 1990 en 2035."
        )


def open_report(
    vraag: str,
    gebied: str = "Nederland",
    start: int = START_PROGRAMME,
    eind: int = END_PROGRAMME,
    referentie: str = "rest_stad",
    data: str = "oefendata",
    seed: int = 2007,
) -> Report:
    """Check the parameters, load the data and open the report of one question and area.

    Parameters
    ----------
    vraag : str
        One of ``due.NOTEBOOK_NAMES``.
    gebied : str
        ``"Nederland"``, a gemeente with aandachtswijken, or ``"<gemeente>/<wijk>"``.
    start, eind : int
        First and last year of the comparison; the measurements inside are used.
    referentie : str
        Which of the four references carries the verdict.
    data : str
        ``"oefendata"`` or a data folder.
    seed : int
        Of the practice panel.

    Returns
    -------
    Report

    Raises
    ------
    sources.SourceError
        For wrong parameters or wrong data.
    """
    check_parameters(vraag, gebied, start, eind, referentie, seed)
    slice_ = panel.load(vraag, gebied, data, seed)
    if vraag == OVERVIEW:
        from helpers.overview import Overview  # it is a report of its own kind, made of these

        return Overview(start, eind, referentie, seed, slice_)
    return Report(start, eind, referentie, seed, slice_)


def margins(row: pd.Series) -> tuple[float, float, float]:
    """Value and 95% margin of one observation."""
    margin = monitor.Z * row["se"]
    return row["value"], row["value"] - margin, row["value"] + margin


class Report:
    """One question about one area; made by :func:`open_report`.

    Without a series every measure is an empty DataFrame, and :attr:`reason` says why.
    """

    def __init__(self, start: int, eind: int, referentie: str, seed: int, slice_: panel.Panel) -> None:
        self.start, self.eind, self.referentie, self.seed = start, eind, referentie, seed
        self.panel = slice_
        self.vraag, self.gebied = slice_.question, slice_.gebied
        self._results: dict[tuple[str, ...], dict[str, Any]] = {}
        self._anchors: dict[tuple[str, ...], str] = {}
        self.notes: dict[str, int] = {}

    @property
    def simulated(self) -> bool:
        """Whether the series are the practice panel."""
        return bool(self.panel.meta["simulated"])

    @cached_property
    def names(self) -> dict[str, str]:
        """Reader's name of the wijk and of each reference."""
        city, _, wijk = self.gebied.partition("/")
        if self.gebied == "Nederland":
            own = ("de aandachtswijken", "de rest van de eigen stad", "de eigen stad")
        else:
            plural = "en" if len(self.panel.wijken) != 1 else ""
            own = (wijk or f"de aandachtswijk{plural} van {city}", f"de rest van {city}", f"heel {city}")
        return dict(zip(("wijk", *REFERENTIES), (*own, "de G18", "Nederland"), strict=True))

    @cached_property
    def roles(self) -> dict[str, str]:
        """The area behind the wijk and each reference."""
        return panel.references(self.gebied)

    @cached_property
    def indicator(self) -> Any:
        """Codebook row (Series) of the outcome the report turns on; None without a series.

        The primary outcome of the question, or else the first other outcome that has a series.
        """
        book = self.panel.indicators[self.panel.indicators["direction"] != 0]
        for _, row in book.sort_values("primary", ascending=False, kind="stable").iterrows():
            if self.window_of(row["indicator"]) is not None:
                return row
        return None

    def window_of(self, indicator: str) -> tuple[int, int] | None:
        """Return the first and last measurement of wijk and reference in the period, or else after its start."""
        wijk = self.panel.get(indicator, self.roles["wijk"])["period"]
        reference = self.panel.get(indicator, self.roles[self.referentie])["period"]
        after = [p for p in sorted(set(wijk) & set(reference)) if p >= self.start]
        inside = [p for p in after if p <= self.eind]
        usable = inside if len(inside) >= 2 else after
        return (usable[0], usable[-1]) if len(usable) >= 2 else None

    @cached_property
    def window(self) -> Any:
        """First and last year that are compared (int, int); None without a series."""
        return None if self.indicator is None else self.window_of(self.indicator["indicator"])

    @property
    def has_start(self) -> bool:
        """Whether the first measurement tells the position at the start of the programme."""
        return self.window is not None and abs(self.window[0] - START_PROGRAMME) <= 1

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
        earliest = self.panel.get(self.indicator["indicator"], self.roles["wijk"])["period"].min()
        if self.has_start:
            pass
        elif first < START_PROGRAMME:
            parts.append(
                f"De vergelijking begint in {first}, vóór het programma: de verandering is niet alleen die van de "
                "programmajaren."
            )
        elif earliest <= START_PROGRAMME + 1:
            parts.append(
                f"De vergelijking begint in {first}, na de start van het programma in 2007: wat er daarvoor veranderde telt "
                "niet mee. Een eerder beginjaar is mogelijk."
            )
        else:
            parts.append(
                f"Er is geen meting van vóór of bij de start van het programma in 2007; de eerste is van {first}. Dit laat "
                "alleen zien hoe het gebied zich daarna ontwikkelde, en zegt niets over het programma."
            )
        if broken := self.breaks(self.indicator["indicator"]):
            changed = f"veranderde tussen {first} en {last} de meting zelf ({'; '.join(broken)})"
            parts.append(
                f"In de gepubliceerde reeks {changed}; de oefendata kent die breuk niet."
                if self.simulated
                else f"In deze reeks {changed}. Dat raakt wijk en referentie allebei, maar niet vanzelf evenveel: de "
                "verandering is daarmee niet zuiver te lezen."
            )
        return " ".join(parts)

    @cached_property
    def reason(self) -> str:
        """Why there is no series, in one sentence for the reader."""
        if not len(self.panel.series):
            return (
                "In de gebruikte gegevensmap staat voor deze vraag geen landelijke reeks per postcodegebied."
            )
        if not self.panel.wijken:
            return (
                f"Van {self.gebied} is niet vastgesteld uit welke postcodegebieden de aandachtswijk bestond, "
                "zodat geen reeks aan het gebied kan worden toegeschreven."
            )
        why = "Voor dit gebied zijn er geen twee metingen van dezelfde uitkomst in de gevraagde periode."
        seldom = self.snapshot()["label"].nunique()
        return why + (
            f" Wel is er van {seldom} uitkomsten een stand van één jaar; zie de gegevens."
            if seldom > 1
            else ""
        )

    @property
    def gap_unit(self) -> str:
        """Unit of a gap in the main outcome; empty without a series."""
        return "" if self.indicator is None else monitor.gap_unit(self.indicator)

    def style(self, gap: bool = False) -> Style:
        """Return the shared style of the plots of the main outcome's level, or of its gap."""
        row = self.indicator
        unit = self.gap_unit if gap else row["unit"]
        return Style(row["label"], unit, dutch.DIGITS.get(unit, 1), self.simulated, self.source_of(row))

    def record(
        self,
        measure: str,
        period: object,
        numbers: tuple[float, ...] | float,
        unit: str,
        reference: str = "",
        method: str = "beschrijvend",
        n: float = np.nan,
        indicator: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Record one number the report states; the same number again replaces the earlier one.

        Parameters
        ----------
        measure : str
            A key of ``measures.MEASURES``.
        period : object
            Year, or "first-last".
        numbers : float or (estimate, lower, upper)
            With its 95% interval, where it has one.
        unit, reference, method, n : str, str, str, float
            As in results.csv.
        indicator : str
            Default the main outcome.

        Returns
        -------
        (str, dict)
            Its anchor and its row, as :meth:`number` gives them.
        """
        if not indicator and self.indicator is not None:
            indicator = self.indicator["indicator"]
        values = numbers if isinstance(numbers, tuple) else (numbers, np.nan, np.nan)
        status = "simulated" if self.simulated and indicator not in FACTS else "published"
        key = (self.vraag, self.gebied, indicator, measure, method, reference, str(period))
        self._results[key] = dict(
            zip(RESULT_COLUMNS, [*key, *map(float, values), unit, float(n), status, ""], strict=True)
        )
        return self._anchors.setdefault(key, f"g{len(self._anchors)}"), self._results[key]

    def number(
        self,
        measure: str,
        period: object,
        reference: str = "",
        method: str = "beschrijvend",
        indicator: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Return the anchor and the row of a number that was recorded with these words.

        Raises
        ------
        KeyError
            When nothing was recorded with them: a page states only what results.csv holds.
        """
        if not indicator and self.indicator is not None:
            indicator = self.indicator["indicator"]
        key = (self.vraag, self.gebied, indicator, measure, method, reference, str(period))
        return self._anchors[key], self._results[key]

    def note(self, source: str) -> int:
        """Return the number of the footnote that names this source; the same source has one footnote."""
        return self.notes.setdefault(source, len(self.notes) + 1)

    def results(self) -> pd.DataFrame:
        """Return everything recorded so far, in the columns of results.csv."""
        return pd.DataFrame(list(self._results.values()), columns=RESULT_COLUMNS)

    def numbers(self) -> list[tuple[str, dict[str, Any]]]:
        """Return everything recorded so far, each row with its anchor on the page."""
        return [(self._anchors[key], row) for key, row in self._results.items()]

    @cached_property
    def effect(self) -> dict[str, Any]:
        """The effect evaluation of the question; see ``evaluation.compute``. Its `reason` says why there is none."""
        return self.panel.evaluation(self.eind)

    @property
    def effect_unit(self) -> str:
        """Unit of an effect."""
        return monitor.effect_unit(self.panel.outcome)

    def effect_style(self, level: bool = False) -> Style:
        """Return the shared style of the plots of the effect, or of the level of its outcome."""
        row = self.panel.outcome
        unit = row["unit"] if level else self.effect_unit
        return Style(row["label"], unit, dutch.DIGITS.get(unit, 1), self.simulated, self.source_of(row))

    @property
    def goal(self) -> str:
        """Whether the gap to the chosen reference became "kleiner" or "groter"; empty without a series."""
        changes = self.changes()
        if not len(changes):
            return ""
        return str(changes.set_index("role").loc[self.referentie, "verdict"])

    def origin(self, published: str) -> str:
        """Return the source line of a figure: what was published, or that it is practice data."""
        practice = "oefendata van dit project, gesimuleerd; geen werkelijke cijfers"
        return practice if self.simulated else published

    def source_of(self, row: pd.Series) -> str:
        """Return the source line of a figure about an indicator (its codebook row)."""
        return self.origin(f"{row['publisher']}, tabel {row['table']}; berekening van dit project")

    def draw(
        self, plot: Callable[..., Picture], data: pd.DataFrame, *args: Any, gap: bool = False
    ) -> Picture | words.Html:
        """Draw `data` with one of the functions of ``figures``; say why not when there is nothing."""
        return plot(data, self.style(gap), *args) if len(data) else words.nothing(self)

    # ---- measures ------------------------------------------------------------------------------

    def levels(self) -> pd.DataFrame:
        """Return the level of the wijk and its references: role, name, period, value, lower, upper."""
        parts = []
        for role, area in self.roles.items() if self.window else ():
            series = self.panel.get(self.indicator["indicator"], area)
            margin = monitor.Z * series["se"]
            part = series.assign(lower=series["value"] - margin, upper=series["value"] + margin)
            parts.append(part.assign(role=role, name=self.names[role]))
            for row in part.itertuples():
                reference = "" if role == "wijk" else role
                numbers = (row.value, row.lower, row.upper)
                self.record("level", row.period, numbers, self.indicator["unit"], reference, "gemeten", row.n)
        columns = ["role", "name", "period", "value", "lower", "upper"]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)

    def gap_of(self, indicator: pd.Series, area: str, reference: str, nested: bool) -> pd.DataFrame:
        """Return the gap of one area to another by period (``monitor.gaps``); scores get no index."""
        wijk, other = (self.panel.get(indicator["indicator"], a) for a in (area, reference))
        gap = monitor.gaps(wijk, other, int(indicator["direction"]), indicator["scale"], nested)
        if indicator["unit"] not in RATIO_UNITS:
            gap[["index", "index_lower", "index_upper"]] = np.nan
        return gap

    @cached_property
    def main_gaps(self) -> dict[str, pd.DataFrame]:
        """Gap of the main outcome to each reference, by period."""
        wijk = self.roles["wijk"]
        return {
            role: self.gap_of(self.indicator, wijk, self.roles[role], role != "rest_stad")
            for role in REFERENTIES
        }

    @cache  # noqa: B019
    def gaps(self) -> pd.DataFrame:
        """Gap to the four references by year: reference, period, gap, lower, upper, index, ..."""
        parts = []
        for role, gap in self.main_gaps.items() if self.window else ():
            part = gap.drop(columns="reference").reset_index().assign(reference=role)
            for row in part.itertuples():
                self.record("gap", row.period, (row.gap, row.lower, row.upper), self.gap_unit, role)
                index = (row.index, row.index_lower, row.index_upper)
                if np.isfinite(row.index):
                    self.record("index", row.period, index, "index", role)
            parts.append(part)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @cache  # noqa: B019  # a report lives as long as its notebook
    def changes(self) -> pd.DataFrame:
        """Change of the gap between first and last year, against each reference, taken apart.

        Columns role, first, last (gaps), estimate, lower, upper (change), verdict, why, own and other
        (what the wijk and the reference contributed), closed, closed_lower, closed_upper (%), closed_why.
        """
        rows = []
        for role, gap in self.main_gaps.items() if self.window else ():
            t0, t1 = self.window
            if not {t0, t1} <= set(gap.index):
                continue
            first, last = gap.loc[t0], gap.loc[t1]
            change = monitor.change(gap, t0, t1)
            half = (first["high"] - first["low"]) / 2
            closed = monitor.gap_closed(first["gap"], last["gap"], first["se"], last["se"], half)
            closed_percent = closed.percent
            wijk, other = (self.panel.get(self.indicator["indicator"], self.roles[r]) for r in ("wijk", role))
            direction, scale = int(self.indicator["direction"]), self.indicator["scale"]
            parts = monitor.decompose(wijk, other, t0, t1, direction, scale)[["estimate", "lower", "upper"]]
            own, theirs = (tuple(parts.iloc[i]) for i in (0, 1))
            period, unit = f"{t0}-{t1}", self.gap_unit
            self.record("gap_change", period, change.numbers, unit, role)
            self.record("gap_closed", period, closed_percent, "%", role, "Fieller")
            self.record("own_change", period, own, unit, role)
            self.record("reference_change", period, theirs, unit, role)
            rows.append(
                {
                    **{"role": role, "first": first["gap"], "last": last["gap"]},
                    **{"estimate": change.estimate, "lower": change.lower, "upper": change.upper},
                    **{"verdict": change.verdict, "why": change.reason, "own": own[0], "other": theirs[0]},
                    **dict(zip(("closed", "closed_lower", "closed_upper"), closed_percent, strict=True)),
                    "closed_why": closed.reason,
                }
            )
        return pd.DataFrame(rows)

    @cache  # noqa: B019
    def wijken(self, roles: tuple[str, ...] = REFERENTIES) -> pd.DataFrame:
        """Change of the gap of each wijk inside the area, to each of the four references, or to those asked for.

        Columns reference, area, name, gemeente, estimate, lower, upper, verdict, first, first_se, last,
        last_se (gap in the first and the last year). With "stad" and "rest_stad" every wijk is compared with its own city.
        """
        columns = [
            "reference",
            "area",
            "name",
            "gemeente",
            "estimate",
            "lower",
            "upper",
            "verdict",
            "first",
            "first_se",
            "last",
            "last_se",
        ]
        rows: list[tuple[Any, ...]] = []
        for area in self.panel.wijken if self.window and "/" not in self.gebied else ():
            t0, t1 = self.window
            city, _, wijk = area.partition("/")
            name = f"{wijk} ({city})" if self.gebied == "Nederland" else wijk
            for role in roles:
                gap = self.gap_of(self.indicator, area, panel.references(area)[role], role != "rest_stad")
                if {t0, t1} <= set(gap.dropna(subset="gap").index):
                    change = monitor.change(gap, t0, t1)
                    numbers = change.numbers
                    ends = (gap.at[t, c] for t in (t0, t1) for c in ("gap", "se"))
                    rows.append((role, area, name, city, *numbers, change.verdict, *ends))
                    self.record("gap_change", f"{t0}-{t1}", numbers, self.gap_unit, role, f"wijk {area}")
        return pd.DataFrame(rows, columns=columns)

    def catching_up(self, wijken: pd.DataFrame) -> pd.DataFrame:
        """Count the wijken that caught up, test that against chance, and average their change.

        Returns
        -------
        DataFrame
            One row a reference: role, cities, up (``monitor.CatchingUp``), mean (``monitor.MeanChange``);
            empty with fewer than two wijken.
        """
        rows = []
        for role, part in wijken.groupby("reference", sort=False):
            if len(part) < 2:
                continue
            period, unit, cities = "-".join(map(str, self.window)), self.gap_unit, part["gemeente"].nunique()
            up = monitor.catching_up(part["estimate"])
            mean = monitor.mean_change(part["estimate"], part["gemeente"])
            share, average = up.numbers, mean.numbers
            self.record("share_catching_up", period, share, "aandeel", role, "Wilson", up.n)
            self.record("sign_test", period, up.p_half, "p-waarde", role, "tekentoets, tweezijdig", up.n)
            if cities > 2:
                method = f"gemiddelde over wijken, CR1 per stad ({cities} steden)"
                self.record("mean_change", period, average, unit, role, method, mean.n)
                self.record("detectable_change", period, mean.detectable, unit, role, method, mean.n)
            rows.append({"role": role, "cities": cities, "up": up, "mean": mean})
        return pd.DataFrame(rows)

    def convergence(self, wijken: pd.DataFrame) -> tuple[pd.DataFrame, monitor.Beta] | None:
        """Spread between wijken by year, and change against first gap; None with too few wijken."""
        wijken = wijken[wijken["reference"] == self.referentie]
        if len(wijken) < 8 or wijken["gemeente"].nunique() < 3:
            return None
        beta = monitor.beta_convergence(
            wijken["first"], wijken["estimate"], wijken["first_se"], wijken["gemeente"]
        )
        name = self.indicator["indicator"]
        wide = pd.DataFrame(
            {a: self.panel.get(name, a).set_index("period")["value"] for a in wijken["area"]}
        ).T
        if self.indicator["scale"] == "log":
            wide = 100 * np.log(wide)
        sigma = monitor.sigma_convergence(wide[list(self.window)])
        for year, row in sigma.iterrows():
            numbers = (row["sd"], row["lower"], row["upper"])
            self.record("sigma", year, numbers, self.gap_unit, "", "standaardafwijking", row["n"])
        for method, part in (("OLS, CR1 per stad", beta), ("gecorrigeerd voor meetfouten", beta.corrected)):
            numbers = part.numbers
            self.record(
                "beta", "-".join(map(str, self.window)), numbers, "helling", self.referentie, method, beta.n
            )
        return sigma, beta

    def indicators(self) -> pd.DataFrame:
        """Each outcome of the question against the G18, in its first and last year.

        Columns indicator, label, unit (of the gap), first, last (index, G18 = 1, above 1 is worse), first_lower,
        first_upper, last_lower, last_upper, first_year, last_year, gap_first, gap_last, estimate, lower, upper (change of the gap), verdict.
        """
        rows = []
        for _, row in self.panel.indicators.iterrows():
            window = self.window_of(row["indicator"])
            if row["direction"] == 0 or window is None:
                continue
            gap = self.gap_of(row, self.roles["wijk"], self.roles["g18"], True).dropna(subset="gap")
            if not set(window) <= set(gap.index):
                continue
            change = monitor.change(gap, *window)
            unit = monitor.gap_unit(row)
            numbers = change.numbers
            for year, values in gap.loc[list(window)].iterrows():
                for measure, kind, prefix in (("gap", unit, ""), ("index", "index", "index_")):
                    stated = tuple(values[c] for c in (measure, f"{prefix}lower", f"{prefix}upper"))
                    if np.isfinite(stated[0]):
                        self.record(measure, year, stated, kind, "g18", indicator=row["indicator"])
            period = "-".join(map(str, window))
            self.record("gap_change", period, numbers, unit, "g18", indicator=row["indicator"])
            first, last = (gap.loc[year] for year in window)
            rows.append(
                {
                    **{"indicator": row["indicator"], "label": row["label"], "unit": unit},
                    **{"first": first["index"], "last": last["index"]},
                    **{
                        f"{when}_{end}": row[f"index_{end}"]
                        for when, row in (("first", first), ("last", last))
                        for end in ("lower", "upper")
                    },
                    **{"first_year": window[0], "last_year": window[1], "verdict": change.verdict},
                    **{"gap_first": first["gap"], "gap_last": last["gap"]},
                    **dict(zip(("estimate", "lower", "upper"), numbers, strict=True)),
                }
            )
        return pd.DataFrame(rows)

    def context(self) -> pd.DataFrame:
        """Level of the indicators without a good or bad direction, of the wijk and the chosen reference.

        Columns indicator, label, unit, role, period, value, lower, upper.
        """
        rows = []
        for _, row in self.panel.indicators[self.panel.indicators["direction"] == 0].iterrows():
            window = self.window_of(row["indicator"])
            for role in ("wijk", self.referentie) if window else ():
                series = self.panel.get(row["indicator"], self.roles[role]).set_index("period")
                for year in window or ():
                    numbers = margins(series.loc[year])
                    reference = "" if role == "wijk" else role
                    self.record(
                        "level", year, numbers, row["unit"], reference, "gemeten", indicator=row["indicator"]
                    )
                    rows.append((row["indicator"], row["label"], row["unit"], role, year, *numbers))
        columns = ["indicator", "label", "unit", "role", "period", "value", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns)

    def snapshot(self) -> pd.DataFrame:
        """Last common measurement of what was measured too seldom for a change, of the wijk and the chosen reference.

        Columns indicator, label, unit, role, period, value, lower, upper.
        """
        rows = []
        for _, row in self.panel.indicators.iterrows():
            name = row["indicator"]
            series = {
                role: self.panel.get(name, self.roles[role]).set_index("period")
                for role in ("wijk", self.referentie)
            }
            years = sorted(set.intersection(*(set(part.index) for part in series.values())))
            if not years or self.window_of(name) is not None:
                continue
            for role, part in series.items():
                numbers = margins(part.loc[years[-1]])
                reference = "" if role == "wijk" else role
                self.record("level", years[-1], numbers, row["unit"], reference, "gemeten", indicator=name)
                rows.append((name, row["label"], row["unit"], role, years[-1], *numbers))
        columns = ["indicator", "label", "unit", "role", "period", "value", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns)

    def breaks(self, indicator: str, window: tuple[int, int] | None = None) -> list[str]:
        """List what changed in an indicator between two years, by default those it is compared over: "2014: ..."."""
        window = window or self.window_of(indicator)
        if not window:
            return []
        return monitor.breaks_between(self._breaks[indicator], *window) + self._mergers(indicator, window)

    @cached_property
    def _breaks(self) -> dict[str, str]:
        return dict(zip(self.panel.indicators["indicator"], self.panel.indicators["breaks"], strict=True))

    @cached_property
    def _merged(self) -> list[tuple[int, str]]:
        """Gemeenten that became part of the city: the year, and how the page says it."""
        city, every = self.gebied.split("/", 1)[0], publishers.read_mergers()
        own = every[every["opgegaan_in"] == city]
        return [
            (year, f"{year}: {name} bij {city} gevoegd")
            for year, name in zip(own["jaar"], own["gemeente"], strict=True)
        ]

    def _mergers(self, indicator: str, window: tuple[int, int]) -> list[str]:
        """Gemeenten that became part of the city between two years, where its figures are those of its borders then."""
        found = [text for year, text in self._merged if window[0] < year <= window[1]]
        origin = self.panel.get(indicator, self.roles["stad"])["source"] if found else []
        return [] if all(source.startswith("berekend") for source in origin) else found

    def counts(self) -> pd.DataFrame:
        """Denominator and number of cases behind a share, of the area and its wijken, in the last year.

        Columns name, method (as recorded), n (people), cases, value, lower, upper (%).
        """
        rows = []
        shares = self.window is not None and self.indicator["unit"] == "%"
        for area in dict.fromkeys([self.roles["wijk"], *self.panel.wijken]) if shares else ():
            series = self.panel.get(self.indicator["indicator"], area).set_index("period")
            year = self.window[1]
            last = series.reindex([year]).iloc[0]
            if last["n"] > 0:
                name, method = area, f"wijk {area}"
                if area == self.roles["wijk"]:
                    name, method = self.names["wijk"], "gemeten"
                numbers, cases = margins(last), round(last["n"] * last["value"] / 100)
                self.record("level", year, numbers, "%", "", method, last["n"])
                self.record("denominator", year, last["n"], "aantal", "", method)
                self.record("cases", year, cases, "aantal", "", method)
                rows.append((name, method, int(last["n"]), cases, *numbers))
        return pd.DataFrame(rows, columns=["name", "method", "n", "cases", "value", "lower", "upper"])

    def resilient(self) -> pd.DataFrame:
        """List the buurten of the area among the 127 that held on between 1998 and 2006."""
        buurten = pd.read_csv(RAW / "buurten_127.csv")
        if self.gebied == "Nederland":
            cities = (
                buurten.groupby("gemeente")["share_pct"].agg(["size", "median", "min", "max"]).reset_index()
            )
            cities = cities.sort_values(["size", "gemeente"], ascending=[False, True])
            return cities.set_axis(
                ["gemeente", "buurten", "mediaan (%)", "laagste (%)", "hoogste (%)"], axis=1
            )
        own = buurten[buurten["gemeente"] == self.gebied.split("/", 1)[0]]
        own = own.sort_values("share_pct", ascending=False)[["buurt", "share_pct"]]
        return own.set_axis(["buurt", "aandeel bewoners (%)"], axis=1)

    @cached_property
    def held(self) -> dict[str, Any]:
        """Apply the rule of the 127 buurten to this report's own series; empty without three measurements per PC4.

        Keys years (three), until (last year that counts), groups: DataFrame name, weak, improved, held (counts), and
        later (Estimate: development afterwards of those that held on, minus that of those that fell back, of all areas).
        """
        outcome = self.panel.outcome
        if self.window is None or outcome is None or outcome["indicator"] != self.indicator["indicator"]:
            return {}
        measured = self.panel.get(outcome["indicator"], "Nederland")["period"].tolist()
        years = [y for y in RULE_YEARS if y in measured]
        years = years if len(years) == 3 else measured[:3]
        until = max((y for y in measured if y <= self.eind), default=0)
        if len(years) < 3 or until <= years[-1]:
            return {}

        def compute() -> dict[str, Any]:
            wide = {
                y: self.panel.pc4(outcome["indicator"], y, True).set_index("area")["value"]
                for y in dict.fromkeys([*years, until])
            }
            rule = monitor.held_on(pd.DataFrame({y: wide[y] for y in years}))
            later = (wide[until] - wide[years[-1]]).reindex(rule.index)
            return {"areas": rule.assign(later=later).reset_index().to_dict("list")}

        name = f"volhouders/{outcome['indicator']}-{until}"
        of_all = self.panel.kept(name, __name__, [years], compute)
        found = pd.DataFrame(of_all["areas"]).set_index("area")
        later = found.pop("later")
        certain = self.panel.treated[~sources.is_candidate(self.panel.treated["zekerheid"])]
        if self.gebied != "Nederland":
            certain = self.panel.treated[self.panel.treated["wijk"].isin(self.panel.wijken)]
        own = found.index.isin(certain["pc4"])
        groups = {self.names["wijk"]: own, "alle andere gebieden in Nederland": ~own}
        rows = [(name, *found[mask].sum().astype(int)) for name, mask in groups.items()]
        improved = found["improved"]
        difference = monitor.difference(
            later[improved & found["held"]].dropna(), later[improved & ~found["held"]].dropna()
        )
        period = "-".join(map(str, years))
        for name, _, n, k in rows:
            share = monitor.wilson(k, n)
            numbers = share.percent
            self.record("held_on", period, numbers, "%", name, "Wilson", n)
        unit, n = self.indicator["unit"], int(improved.sum())
        numbers = difference.numbers
        self.record("held_on_later", f"{years[-1]}-{until}", numbers, unit, "", "Welch", n)
        table = pd.DataFrame(rows, columns=["name", "weak", "improved", "held"])
        return {"years": years, "until": until, "groups": table, "later": difference}

    @cached_property
    def official_gap(self) -> pd.DataFrame:
        """Gap to the city average, the official yardstick, inside the period; empty without a start.

        Empty too when there was no backlog to begin with: then there is no path to walk.
        """
        if not self.has_start:
            return pd.DataFrame()
        gap = self.main_gaps["stad"].loc[self.window[0] : self.window[1]].dropna(subset="gap")
        return gap if len(gap) and gap["gap"].iloc[0] > 0 else pd.DataFrame()

    @cache  # noqa: B019
    def on_course(self, horizon: int) -> pd.DataFrame:
        """Judge every year against the path to zero in so many years (``monitor.on_course``)."""
        return monitor.on_course(self.official_gap, self.official_gap.index[0], horizon)

    def course(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Gap to the city average, the required paths (8 and 10 years), and the projection to 2017."""
        gap = self.official_gap
        if not len(gap):
            return gap, gap, gap
        t0, last = gap.index[0], gap.index[-1]
        paths = []
        for horizon in HORIZONS:
            path = monitor.required_path(gap["gap"].iloc[0], t0, horizon, range(t0, t0 + horizon + 1))
            paths.append(path.reset_index().assign(horizon=horizon))
            for year, row in self.on_course(horizon).iterrows():
                method = f"doel in {horizon} jaar"
                self.record("required_gap", year, row["required"], self.gap_unit, "stad", method)
                self.record("on_course_probability", year, row["probability"], "kans", "stad", method)
        projection = monitor.project_gap(gap, END_PROGRAMME, fit_until=min(last, LAST_FIT), t0=t0)
        projection = projection.dropna(subset="estimate").assign(period=END_PROGRAMME)
        for scenario, row in projection.iterrows():
            numbers = (row["estimate"], row["lower"], row["upper"])
            method = f"{scenario}, metingen tot en met {LAST_FIT}"
            self.record("projected_gap", END_PROGRAMME, numbers, self.gap_unit, "stad", method, row["n"])
            for measure in ("p_closed", "p_halved"):
                if np.isfinite(row[measure]):
                    self.record(measure, END_PROGRAMME, row[measure], "kans", "stad", method, row["n"])
        return gap.reset_index(), pd.concat(paths, ignore_index=True), projection.reset_index()

    def map(self) -> words.Html:
        """Map the last measurement, the aandachtswijken outlined; drawn once for all reports on a city."""
        if self.window is None:
            return words.nothing(self)
        bounded = (self.panel.store / "boundaries.parquet").exists()
        place = self.gebied.split("/", 1)[0] if bounded else self.gebied
        draw = self._areas if bounded else self._tiles
        kept = self.panel.kept(
            f"kaarten/{self.indicator['indicator']}-{due.slug(place)}-{self.window[1]}",
            __name__,
            [],
            lambda: {"html": draw()._repr_html_()},
        )
        return words.Html(kept["html"])

    def _areas(self) -> Picture:
        """Draw the postcode areas of the city, or of the country."""
        assert self.panel.boundaries is not None
        values = self.panel.pc4(self.indicator["indicator"], self.window[1])
        shapes = self.panel.boundaries.merge(values[["area", "value"]], on="area", how="left")
        shapes = shapes.assign(treated=self._outlined)
        kind = "schematische kaart" if self.simulated else "kaart"
        title = f"{self.indicator['label']} in {self.gebied.split('/', 1)[0]}, {self.window[1]}: {kind}"
        return figures.area_map(shapes, self.style(), title, self.gebied != "Nederland")

    def _tiles(self) -> Picture:
        """Draw the wijken as tiles: the map for who has no boundaries; in a city beside the rest of the city."""
        last, indicator = self.window[1], self.indicator["indicator"]
        areas = {wijk: wijk for wijk in panel.wijken_in(self.gebied, self.panel.areas)}
        city = self.gebied.split("/", 1)[0]
        if self.gebied != "Nederland":
            areas |= {f"{city}, niet-aandachtswijken": f"rest van {city}"}
        series = {name: self.panel.get(indicator, area).set_index("period") for area, name in areas.items()}
        values = [part["value"].get(last, np.nan) for part in series.values()]
        tiles = pd.DataFrame({"area": list(series), "value": values}, dtype=object).astype({"value": float})
        title = f"{self.indicator['label']} in {city}, {last}: tegelkaart"
        return figures.tile_map(tiles, self.style(), title)

    def _outlined(self, shapes: pd.DataFrame) -> pd.Series:
        """Which PC4 the map outlines: for Nederland only those the report stands on."""
        candidate = sources.is_candidate(shapes["zekerheid"])
        return shapes["aandachtswijk"].notna() & ~(candidate & (self.gebied == "Nederland"))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The published statements about this question and area, with their verdicts."""
        return claims.ledger(vraag=self.vraag, gebied=self.gebied)

    def treated(self) -> Mapping[str, int]:
        """Count the PC4 on the treated list of this area, by how certain they are."""
        rows = self.panel.treated[self.panel.treated["wijk"].isin(self.panel.wijken)]
        return rows["zekerheid"].value_counts().sort_index().to_dict()

    def lists(self) -> pd.DataFrame:
        """Compare the country's result on the certain list with that including candidates.

        Columns name, period, value, lower, upper (mean level), n (PC4 or denominators).
        """
        rows = []
        names = {
            "Aandachtswijken": "aandachtswijken, vastgesteld",
            sources.WITH_LIKELY: "aandachtswijken, met kandidaten S en A",
            sources.WITH_CANDIDATES: "aandachtswijken, met alle kandidaten",
            "Niet-aandachtswijken": "alle andere gebieden dan de vastgestelde",
        }
        candidates = sources.is_candidate(self.panel.treated["zekerheid"]).any()
        for area, name in names.items() if self.window and candidates and self.gebied == "Nederland" else ():
            series = self.panel.get(self.indicator["indicator"], area).set_index("period")
            if not set(self.window) <= set(series.index):
                continue
            for year, row in series.loc[list(self.window)].iterrows():
                numbers = margins(row)
                self.record("level", year, numbers, self.indicator["unit"], name, "gemeten", row["n"])
                rows.append((name, year, *numbers, row["n"]))
        return pd.DataFrame(rows, columns=["name", "period", "value", "lower", "upper", "n"])
