"""The overview of an area: the five questions on one page, and what was promised beside what came of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from helpers import figures, impact, words
from helpers.drawing import Picture, Style
from helpers.report import START_PROGRAMME, Report
from helpers.words import Html, paragraphs, put, stated, table, verdict_tag
from wijkenaanpak.claims import claims
from wijkenaanpak.due import VRAGEN, slug
from wijkenaanpak.dutch import in_unit, number
from wijkenaanpak.effects.inference import holm
from wijkenaanpak.measures import monitor
from wijkenaanpak.store.panel import references, wijken_in

# First and last year of each question's own report; the Leefbaarometer is measured in 2008 and every other year.
YEARS = {
    "werk": (2007, 2017),
    "wonen": (2007, 2018),
    "leren": (2007, 2017),
    "veiligheid": (2007, 2018),
    "leefbaarheid": (2008, 2018),
}
HORIZON = 10  # years to the city average (Voortgangsrapportage 2010)
ADVICE = ("afbouwen", "voortzetten", "intensiveren", "niet vast te stellen")


class Overview(Report):
    """All questions about one area: a report without an outcome of its own, and the five reports as :attr:`parts`."""

    @cached_property
    def indicator(self) -> Any:
        """Of no single outcome."""
        return None

    @cached_property
    def parts(self) -> dict[str, Report]:
        """The report of the same area on each question, within its own years; what it records is not recorded here."""
        return {
            vraag: Report(
                max(self.start, first),
                min(self.eind, last),
                self.referentie,
                self.seed,
                self.panel.part(vraag),
            )
            for vraag, (first, last) in YEARS.items()
        }

    @cached_property
    def profile(self) -> pd.DataFrame:
        """The main outcome of every question that has a series, recorded.

        Index question; columns label, unit, indicator, first_year, last_year, first, last (gap to the chosen reference),
        estimate, lower, upper (its change), verdict, first_sd, last_sd, lower_sd, upper_sd (gap in standard deviations between
        the postcode areas of the country in the first year), status and probability (on course to the city average in ten
        years).
        """
        rows = {}
        for question, part in self.parts.items():
            changes = part.changes()
            if not len(changes) or self.referentie not in set(changes["role"]):
                continue
            change = changes.set_index("role").loc[self.referentie]
            gap = part.main_gaps[self.referentie]
            first, last = part.window
            unit, name = part.gap_unit, part.indicator["indicator"]
            for year in (first, last):
                numbers = tuple(gap.loc[year, ["gap", "lower", "upper"]])
                self.record("gap", year, numbers, unit, self.referentie, indicator=name)
            moved = tuple(change[["estimate", "lower", "upper"]])
            self.record("gap_change", f"{first}-{last}", moved, unit, self.referentie, indicator=name)
            spread = self._spread(part, first)
            scaled = {
                "first_sd": gap.at[first, "gap"] / spread,
                **{
                    f"{k}_sd": gap.at[last, c] / spread
                    for k, c in (("last", "gap"), ("lower", "lower"), ("upper", "upper"))
                },
            }
            for year, value in ((first, scaled["first_sd"]), (last, scaled["last_sd"])):
                if np.isfinite(value):
                    self.record("gap_sd", year, float(value), "sd", self.referentie, indicator=name)
            rows[question] = {
                **{"label": part.indicator["label"], "unit": unit, "indicator": name},
                **{
                    "first_year": first,
                    "last_year": last,
                    "first": gap.at[first, "gap"],
                    "last": gap.at[last, "gap"],
                },
                **dict(zip(("estimate", "lower", "upper"), moved, strict=True)),
                "verdict": change["verdict"],
                **scaled,
                **dict(zip(("status", "probability"), self._course(part), strict=True)),
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _spread(self, part: Report, year: int) -> float:
        """Return the standard deviation between the postcode areas of the country; missing where they are not in the slice."""
        outcome, indicator = part.panel.outcome, part.indicator
        if outcome is None or outcome["indicator"] != indicator["indicator"]:
            return np.nan

        def compute() -> dict[str, Any]:
            values = part.panel.pc4(indicator["indicator"], year, True)["value"].dropna()
            return {"sd": float((100 * np.log(values) if indicator["scale"] == "log" else values).std())}

        name = f"spreiding/{indicator['indicator']}-{year}"
        spread = self.panel.kept(name, __name__, [], compute)["sd"]
        return spread if spread > 0 else np.nan

    def _course(self, part: Report) -> tuple[str, float]:
        """Say where the gap to the city average is on its path of ten years, and how likely on course; recorded."""
        gap = part.official_gap
        if not len(gap):
            reason = "geen startmeting" if not part.has_start else "geen achterstand bij de start"
            return reason, np.nan
        found = part.on_course(HORIZON).iloc[-1]
        name, year = part.indicator["indicator"], gap.index[-1]
        if np.isfinite(found["probability"]):
            method = f"doel in {HORIZON} jaar"
            self.record(
                "on_course_probability", year, found["probability"], "kans", "stad", method, indicator=name
            )
        return str(found["status"]), float(found["probability"])

    @cached_property
    def estimated(self) -> dict[str, Report]:
        """The parts whose effect can be estimated."""
        return {question: part for question, part in self.parts.items() if not part.effect["reason"]}

    @cached_property
    def adjusted(self) -> dict[str, float]:
        """P-value of the national effect of every estimated question, for their number (Holm)."""
        p = np.array([impact.main_design(part)["p"] for part in self.estimated.values()], float)
        return dict(zip(self.estimated, holm(p), strict=True)) if len(p) else {}

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The published statements about the programme as a whole, or those of any question that name the area."""
        if self.gebied == "Nederland":
            return claims.ledger(vraag="programma")
        return claims.about(claims.ledger(), self.gebied)


def header(r: Overview, question: str) -> Html:
    """Write the head of the page: area, period, data, and the list it stands on."""
    known = [part for part in r.parts.values() if part.window is not None]
    lines = {
        "Gebied": r.gebied,
        "Periode": f"{r.start} tot en met {r.eind}; per vraag de metingen daarbinnen",
        "Vragen met een reeks": f"{len(known)} van de {len(r.parts)}",
    }
    return words.head(r, question, lines)


def answer(r: Overview) -> Html:
    """Tell in a few sentences how the area fared, whether it was the programme, and what cannot be said."""
    data, sentences = r.profile, []
    if not len(data):
        sentences.append(
            f"Over {r.names['wijk']} is met de aanwezige gegevens op geen van de vijf vragen een begin- en een eindmeting te vergelijken."
        )
    else:
        sentences += [_moved(r, data), *_late(data), _course(data), _caused(r)]
    if r.simulated:
        sentences[0] = f"Oefendata, geen werkelijke uitkomst. {sentences[0]}"
    chance = number(100 * (1 - 0.95 ** len(data)), 0)
    points = [
        "Elke vraag heeft één hoofduitkomst, vooraf gekozen; de andere uitkomsten staan in het rapport van die vraag.",
        f"Bij {len(data)} onafhankelijke oordelen met 95%-marges is er ook zonder verandering zo'n {chance}% kans dat er ten minste één "
        "stellig uitvalt.",
        f"Het gebied bestaat uit {words.treated_text(r)}.",
        "Doel (werd de achterstand kleiner?) en effect (kwam dat door de aanpak?) zijn twee vragen; het tweede antwoord volgt niet uit het eerste.",
    ]
    if not len(data):
        del points[1]
    return Html(
        f'<div class="antwoord">{paragraphs(sentences)}</div>{words.aside("Hoe zeker is dit?", points)}'
    )


def _moved(r: Overview, data: pd.DataFrame) -> str:
    smaller, larger = (list(data.index[data["verdict"] == v]) for v in ("kleiner", "groter"))
    open_ = len(data) - len(smaller) - len(larger)
    behind = int((data["first"] > 0).sum())
    had = "had" if len(r.panel.wijken) == 1 else "hadden"
    subject = r.names["wijk"][0].upper() + r.names["wijk"][1:]
    told = [
        f"{subject} {had} bij het begin op {behind} van de {len(data)} hoofduitkomsten een achterstand op {r.names[r.referentie]}."
    ]
    for verb, questions in (("kleiner", smaller), ("groter", larger)):
        if questions:
            listed = words.join_and([_shown(r, data, q) for q in questions])
            told.append(f"Aantoonbaar {verb} werd de achterstand bij {listed}.")
    if not smaller and not larger:
        told.append("Bij geen daarvan is vast te stellen dat de achterstand kleiner of groter werd.")
    elif open_:
        told.append(f"Bij {open_} is het niet vast te stellen.")
    return " ".join(told)


def _late(data: pd.DataFrame) -> list[str]:
    """Say which questions have no measurement from the start of the programme."""
    late = data[data["first_year"] > START_PROGRAMME + 1]
    if not len(late):
        return []
    years = " en ".join(sorted({str(y) for y in late["first_year"]}))
    return [
        f"Bij {words.join_and(list(late.index))} begint de reeks pas in {years}: die verandering is er een van latere jaren en zegt niets over de "
        "start van het programma."
    ]


def _shown(r: Overview, data: pd.DataFrame, question: str) -> str:
    row = data.loc[question]
    period = f"{row['first_year']}-{row['last_year']}"
    moved = stated(r, "gap_change", period, r.referentie, True, indicator=row["indicator"])
    return f"{question}: {moved} {row['unit']}"


def _course(data: pd.DataFrame) -> str:
    known = data[data["probability"].notna()]
    if not len(known):
        return "Of het gebied op koers lag naar het stadsgemiddelde, is niet te bepalen: er is geen meting bij de start met een achterstand."
    on = known["status"].isin(["op koers", "voorbij"])
    if len(known) == 1:
        return (
            f"Of het gebied op weg was naar het stadsgemiddelde in tien jaar, is alleen bij {known.index[0]} te zien: daar lag het "
            f"{'op koers' if on.any() else 'niet op koers'}."
        )
    told = f"Op weg naar het stadsgemiddelde in tien jaar lag het gebied aan het eind bij {int(on.sum()) or 'geen'} van de {len(known)} vragen op koers"
    return f"{told} ({words.join_and(list(known.index[on]))})." if on.any() else f"{told}."


def _caused(r: Overview) -> str:
    found = {q: impact.judged(p) for q, p in r.estimated.items()}
    if not found:
        return "Of de wijkenaanpak er de oorzaak van was, is met deze gegevens niet te schatten."
    shown = [q for q, v in found.items() if v]
    if len(found) == 1:
        question = next(iter(found))
        judged = f"naar schatting {impact.VERDICTS[found[question]]}" if shown else "niet vast te stellen"
        told = f"Of de wijkenaanpak er de oorzaak van was, is alleen bij {question} te schatten: daar is het effect {judged}"
    elif shown:
        listed = [f"{q} ({impact.VERDICTS[found[q]]})" for q in shown]
        told = f"Een effect van de wijkenaanpak is te zien bij {words.join_and(listed)}"
    else:
        told = f"Een effect van de wijkenaanpak is bij geen van de {len(found)} te schatten vragen vast te stellen"
    if r.gebied != "Nederland":
        return (
            f"{told}. Eén wijk of stad laat zelden meer zien dan toeval; landelijk is de schatting scherper."
        )
    if len(found) == 1:
        return f"{told}."
    left = [q for q, p in r.adjusted.items() if p <= 0.05 and found[q]]
    kept = f"blijft over: {words.join_and(left)}" if left else "blijft er geen over"
    return f"{told}; na correctie voor {len(found)} vragen (Holm) {kept}."


def picture(r: Overview) -> Picture | Html:
    """Draw the gaps of the five questions on one scale."""
    data = r.profile
    drawn = data.dropna(subset=["first_sd", "last_sd"]) if len(data) else data
    if not len(drawn):
        return words.open_box("Voor een figuur op één schaal zijn reeksen per postcodegebied nodig.")
    shown = drawn.drop(columns=["first", "last", "lower", "upper"]).rename(
        columns={f"{c}_sd": c for c in ("first", "last", "lower", "upper")}
    )
    names = (r.names["wijk"], r.names[r.referentie])
    return figures.profile(shown, _style(r), names, (r.start, r.eind))


def paths(r: Overview) -> Picture | Html:
    """Draw the gap to the chosen reference by year, a panel for every question."""
    parts = []
    for question, part in r.parts.items():
        gaps = part.gaps()
        if len(gaps):
            own = gaps[(gaps["reference"] == r.referentie) & (gaps["period"] <= part.eind)]
            about = {"label": question.capitalize(), "unit": part.gap_unit}
            parts.append(own[["period", "gap", "lower", "upper"]].assign(**about))
    if not parts:
        return words.open_box("Zonder reeksen is er geen verloop te tekenen.")
    return figures.paths(pd.concat(parts), _style(r), (r.names["wijk"], r.names[r.referentie]))


def _style(r: Overview) -> Style:
    return Style("achterstand", "sd", 1, r.simulated, r.origin("zie de rapporten per vraag"))


def _link(r: Overview, question: str, section: str = "") -> Html:
    """Link to the report of the same area on one question."""
    return Html(f'<a href="../{question}/{slug(r.gebied)}.html{section}">{question.capitalize()}</a>')


def goals(r: Overview) -> Html:
    """Show the gap of every question: at the start, at the end, its change, and where it is on the path to the city average."""
    data = r.profile
    lines: list[dict[str, Any]] = []
    for question in VRAGEN:
        name = _link(r, question)
        if question not in data.index:
            lines.append({"vraag": name, "uitkomst": Html(words.escape(r.parts[question].reason))})
            continue
        row = data.loc[question]
        which: dict[str, Any] = {"indicator": row["indicator"]}
        years = (row["first_year"], row["last_year"])
        begin, end = (words.bare_number(r, "gap", y, r.referentie, **which) for y in years)
        lines.append(
            {
                "vraag": name,
                "uitkomst": f"{row['label']} ({row['unit']})",
                "begin": f"{begin} ({years[0]})",
                "eind": f"{end} ({years[1]})",
                "verandering (95%-marge)": stated(
                    r, "gap_change", "-".join(map(str, years)), r.referentie, True, **which
                ),
                "de achterstand werd": verdict_tag(row["verdict"]),
                "doelpad, 10 jaar": row["status"],
            }
        )
    caption = (
        f"Achterstand van {r.names['wijk']} op {r.names[r.referentie]} bij elke vraag (boven nul is slechter)"
    )
    return table(pd.DataFrame(lines, dtype=object).fillna(""), caption)


def effects(r: Overview) -> Html:
    """Show the estimated effect on the main outcome of every question, of the area itself and of the country."""
    lines = []
    for question, part in r.parts.items():
        name = _link(r, question)
        if question not in r.estimated:
            lines.append(
                {"vraag": name, "uitkomst": f"niet te schatten: {part.effect['reason'].split(';')[0]}"}
            )
            continue
        main, when, unit = impact.main_design(part), impact.period(part), part.effect_unit
        which: dict[str, Any] = {"indicator": part.panel.outcome["indicator"]}
        national = put(
            r,
            "effect",
            when,
            impact.numbers_of(main),
            unit,
            main["design"],
            impact.NATIONAL,
            main["treated"],
            sign=True,
            **which,
        )
        line: dict[str, Any] = {"vraag": name, "uitkomst": f"{part.panel.outcome['label']} ({unit})"}
        if r.gebied == "Nederland":
            found = put(
                r,
                "effect_detectable",
                when,
                main["detectable"],
                unit,
                main["design"],
                impact.NATIONAL,
                **which,
            )
            line |= {"effect (95%-marge)": national, "te zien vanaf": found, "p": in_unit(main["p"], "p-waarde"),
                     "p, Holm": in_unit(r.adjusted[question], "p-waarde")}  # fmt: skip
        else:
            own = impact.own_control(part)
            line["eigen gebied (95%-marge)"] = "niet te schatten"
            if own is not None:
                method = impact.control_method(own)
                line["eigen gebied (95%-marge)"] = put(
                    r,
                    "effect",
                    when,
                    impact.numbers_of(own),
                    unit,
                    "eigen",
                    method,
                    own["n"],
                    sign=True,
                    **which,
                )
                line["p"] = in_unit(own["p"], "p-waarde")
            line["landelijk (95%-marge)"] = national
        sign = impact.judged(part)
        line["oordeel"] = impact.VERDICTS[sign] if np.isfinite(sign) else "niet te schatten"
        lines.append(line)
    caption = (
        "Het geschatte effect van de wijkenaanpak op de hoofduitkomst van elke vraag. Plus is een hogere uitkomst. "
        + (
            "p: CR2 per gemeente; Holm: voor het aantal vragen."
            if r.gebied == "Nederland"
            else "p: aandeel schijnwijken dat minstens zo ver afweek."
        )
    )
    return table(pd.DataFrame(lines, dtype=object).fillna(""), caption)


def steering(r: Overview) -> Html:
    """Apply the rule of 2012: wind down, go on or intensify; for a city or the country, how many wijken each."""
    wijken = [w for w in wijken_in(r.gebied, r.panel.areas) if w in r.panel.wijken]
    found = {wijk: _advice(r, wijk) for wijk in wijken}
    counted = [q for q, part in r.parts.items() if part.window is not None and part.has_start]
    text = (
        "De kabinetsbrief van 2012: afbouwen waar de ambities op koers liggen, intensiveren waar de voortgang achterblijft. De brief geeft geen grens; hier is een vraag beslist bij "
        "80% kans, en volgt afbouwen als alle besliste vragen op koers liggen, intensiveren als de meeste achterliggen, en anders voortzetten."
    )
    if not found:
        return words.open_box(
            "De regel van 2012 is niet toe te passen: van geen wijk in dit gebied is er een reeks."
        )
    if "/" in r.gebied:
        advice, on, behind = found[r.gebied]
        told = (
            f"Van de {len(counted)} vragen met een meting bij de start ({words.join_and(counted)}) ligt het gebied er met ten minste 80% kans bij {on} op koers en bij "
            f"{behind} achter. De regel wijst op: {advice}."
            if counted
            else "Er is bij geen vraag een meting bij de start: de regel is niet toe te passen."
        )
        return Html(paragraphs([text, told]))
    counts = pd.Series([advice for advice, _, _ in found.values()]).value_counts()
    year = r.eind
    cells = {
        a: put(
            r,
            "steering",
            year,
            float(counts.get(a, 0)),
            "aantal",
            method=a,
            n=len(found),
            indicator="doelpad",
        )
        for a in ADVICE
    }
    few = (
        f" Alleen {words.join_and(counted)} telt mee."
        if len(counted) == 1
        else f" Vragen die meetellen: {words.join_and(counted)}."
        if counted
        else ""
    )
    told = (
        f"Van de {len(found)} wijken met een reeks: "
        + ", ".join(f"{cells[a]} {a}" for a in ADVICE)
        + f".{few}"
    )
    lines = [{"wijk": w.split("/", 1)[1] + ("" if r.gebied != "Nederland" else f" ({w.split('/')[0]})"), "op koers": on, "achter": behind, "regel van 2012": advice}
             for w, (advice, on, behind) in found.items()]  # fmt: skip
    shown = table(
        pd.DataFrame(lines),
        "De regel van 2012 per wijk: aantal vragen dat met 80% kans op koers ligt of achterligt",
    )
    return Html(paragraphs([text, told]) + words.fold(shown, len(lines), "Elke wijk"))


def _advice(r: Overview, wijk: str) -> tuple[str, int, int]:
    """Advice of the rule for one wijk, and the number of questions on course and behind with 80% probability."""
    steered = []
    for part in r.parts.values():
        if part.window is None or not part.has_start:
            continue
        gap = part.gap_of(part.indicator, wijk, references(wijk)["stad"], True)
        gap = gap.loc[part.window[0] : part.window[1]].dropna(subset="gap")
        if len(gap) > 1 and gap.index[0] == part.window[0]:
            steered.append(
                monitor.steer(monitor.on_course(gap, gap.index[0], HORIZON)["probability"].iloc[-1])
            )
    on, behind = steered.count("afbouwen"), steered.count("intensiveren")
    if not on + behind:
        return "niet vast te stellen", on, behind
    return "afbouwen" if not behind else "intensiveren" if behind > on else "voortzetten", on, behind


def wijken(r: Overview) -> Html | None:
    """Count for every question the wijken that caught up (a city or the country)."""
    if "/" in r.gebied:
        return None
    lines = []
    for question, part in r.parts.items():
        data = part.wijken((r.referentie,))
        if len(data) < 2:
            continue
        up = monitor.catching_up(data["estimate"])
        sure, worse = (int((data["verdict"] == v).sum()) for v in ("kleiner", "groter"))
        period, name = "-".join(map(str, part.window)), part.indicator["indicator"]
        share = put(
            r,
            "share_catching_up",
            period,
            up.numbers,
            "aandeel",
            r.referentie,
            "Wilson",
            up.n,
            name,
        )
        p = put(
            r, "sign_test", period, up.p_half, "p-waarde", r.referentie, "tekentoets, tweezijdig", up.n, name
        )
        lines.append(
            {
                "vraag": question.capitalize(),
                "liepen in": f"{up.k} van {up.n}",
                "aandeel (Wilson)": share,
                "p tegen de helft": p,
                "aantoonbaar kleiner": sure,
                "aantoonbaar groter": worse,
                "door toeval alleen stellig": number(0.05 * up.n, 0),
            }
        )
    if not lines:
        return words.open_box("Voor een vergelijking tussen wijken zijn twee wijken met een reeks nodig.")
    return table(
        pd.DataFrame(lines, dtype=object),
        f"Wijken die inliepen op {r.names[r.referentie]}, per vraag; wijken als onafhankelijk behandeld",
    )


def assessment(r: Overview) -> Html:
    """Judge the five reports by the criteria of the Wetenschappelijke Commissie, side by side."""
    lines = []
    for question, part in r.parts.items():
        judged = {
            c: f"{sum(a for _, a in asked)} van {len(asked)}" for c, asked in impact.criteria(part).items()
        }
        lines.append(
            {
                "rapport": _link(r, question, "#wat-we-niet-kunnen-zeggen"),
                **judged,
            }
        )
    return table(
        pd.DataFrame(lines, dtype=object),
        "De vijf rapporten langs de maatstaven van de Wetenschappelijke Commissie Wijkenaanpak: aan hoeveel eisen is voldaan",
    )


def cannot_say(r: Overview) -> Html:
    """List what the page cannot tell."""
    points = [
        *words.list_doubts(r),
        "Vijf uitkomsten zijn niet de wijk: wat niet gemeten is (vertrouwen, sociale netwerken, wat één gezin hielp) staat hier niet.",
        "De vragen zijn niet onafhankelijk: wie geen werk heeft woont goedkoper en voelt zich vaker onveilig. Tel de oordelen niet op.",
        "Uitvoering, geld en oordelen van bewoners komen uit opgaven van wie ze invulde, niet uit een register.",
    ]
    if r.simulated:
        points.insert(
            0,
            "De reeksen en formulieren zijn oefendata: geen conclusie over een werkelijk gebied is geoorloofd.",
        )
    return words.bullets(points)
