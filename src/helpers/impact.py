"""What a report says about the effect of the programme.

Every function takes a :class:`helpers.report.Report` and returns what a cell shows: text, a figure, or
None when the area has no such part. The national report carries the whole analysis; a city or a wijk
shows its own synthetic control beside the national estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers import figures, words
from helpers.drawing import Picture
from helpers.words import EFFECT_NAMES, Html, cite, paragraphs, stated, table
from wijkenaanpak import dutch
from wijkenaanpak.dutch import in_unit, number, p_text
from wijkenaanpak.sources.sources import OWN_LIST
from wijkenaanpak.store.panel import wijken_in

if TYPE_CHECKING:
    from helpers.report import Report

NATIONAL = "landelijk"
SHORT = "net_niet"
SHRUNKEN = "eigen vergelijkingsgroep, naar het gemiddelde van de wijken getrokken"
VERDICTS = {-1.0: "gunstig", 0.0: "niet vast te stellen", 1.0: "ongunstig"}


def outcomes(r: Report) -> Html | None:
    """Show the effect on every outcome of the question, with p-values for their number (Nederland only)."""
    if not _whole(r) or len(r.effect["outcomes"]) < 2:
        return None
    directions = r.panel.indicators.set_index("indicator")["direction"].to_dict()
    rows = []
    for row in r.effect["outcomes"]:
        after = row["after"]
        kind = "zonder sociale samenhang" if row["minus"] else "elke uitkomst"
        which = {"method": f"{NATIONAL}, {kind}", "indicator": row["indicator"]}
        when = f"{after[0]}-{after[-1]}"
        r.record("effect", when, numbers_of(row), row["unit"], row["design"], n=row["treated"], **which)
        sign = _sign(row, int(directions[row["indicator"]])) if row["adjusted"] <= 0.05 else 0.0
        rows.append(
            {
                "uitkomst": row["label"],
                "effect (95%-marge)": stated(r, "effect", when, row["design"], True, **which),
                "eenheid": row["unit"],
                "p": in_unit(row["p"], "p-waarde"),
                "p, gecorrigeerd": in_unit(row["adjusted"], "p-waarde"),
                "oordeel": VERDICTS[sign],
            }
        )
    clusters = sorted({row["clusters"] for row in r.effect["outcomes"]})
    caption = (
        "Het effect op alle uitkomsten van deze vraag, met dezelfde opzet. p: CR2 per gemeente "
        f"({words.some(clusters)} clusters); gecorrigeerd voor het aantal uitkomsten naar Benjamini en Hochberg."
    )
    return table(pd.DataFrame(rows, dtype=object), caption)


def _missing(r: Report) -> Html | None:
    """Say why there is no effect; record that there is no verdict."""
    if not r.effect["reason"]:
        return None
    r.record("effect_verdict", f"{r.start}-{r.eind}", np.nan, "oordeel")
    return words.open_box(
        f"Of dit door de wijkenaanpak kwam is met deze gegevens niet te schatten: {r.effect['reason']}."
    )


def main_design(r: Report) -> dict[str, Any]:
    """Return the national estimate that carries the verdict."""
    return next(d for d in r.effect["designs"] if d["design"] == r.effect["main"])


def own_control(r: Report) -> dict[str, Any] | None:
    """Return the synthetic control of the report's own wijk or city; None for Nederland or without areas."""
    rows = r.effect["wijken" if "/" in r.gebied else "cities"]
    return next((row for row in rows if row["wijk"] == r.gebied), None)


def control_method(own: dict[str, Any]) -> str:
    """Say how the estimate of one wijk or city was made, as it is recorded."""
    return f"eigen vergelijkingsgroep, {own['placebos']} schijnwijken"


def _whole(r: Report) -> bool:
    """Whether the report carries the whole analysis: Nederland, with an effect that can be estimated."""
    return not r.effect["reason"] and r.gebied == "Nederland"


def period(r: Report) -> str:
    """Return the years after, as they are recorded."""
    first, last = r.effect["after"][0], r.effect["after"][-1]
    return str(first) if first == last else f"{first}-{last}"


def _before(r: Report) -> str:
    first, last = r.effect["before"][0], r.effect["before"][-1]
    return str(first) if first == last else f"{first}–\u2060{last}"


def _sign(row: dict[str, Any], direction: int) -> float:
    """-1 for a change for the better, 1 for the worse, 0 when the margin holds both."""
    if row["lower"] <= 0 <= row["upper"]:
        return 0.0
    return -float(np.sign(row["estimate"]) * direction)


def alike(leads: dict[str, float]) -> bool:
    """Whether no difference was found in how treated and others moved before: jointly, nor as a trend, at 5% each.

    The joint test of some years sees little with 18 cities, the trend more of what matters most.
    """
    return min(leads["p"], leads["slope_p"]) >= 0.05


def judged(r: Report) -> float:
    """Judge the effect: -1 favourable, 1 unfavourable, 0 undecided.

    Of Nederland the main design decides, and only when treated and others moved alike before (:func:`alike`)
    and the matched areas point the same way; of a wijk or city its own synthetic control.
    """
    direction = int(r.panel.outcome["direction"])
    if r.gebied != "Nederland":
        own = own_control(r)
        return np.nan if own is None else _sign(own, direction) if own["p"] <= 0.05 else 0.0
    main = main_design(r)
    sign = _sign(main, direction)
    if sign and r.effect["leads"] and not alike(r.effect["leads"]):
        return 0.0
    same = [d["estimate"] * main["estimate"] > 0 for d in r.effect["designs"] if d["design"] == "net_niet"]
    return sign if all(same) else 0.0


def numbers_of(row: dict[str, Any]) -> tuple[float, float, float]:
    """Return an estimate with its interval, as it is recorded."""
    return row["estimate"], row["lower"], row["upper"]


def _record(r: Report) -> None:
    """Record the estimates; what the page states is read from there."""
    unit, when, name = r.effect_unit, period(r), r.panel.outcome["indicator"]
    which = {"indicator": name}
    for design in r.effect["designs"]:
        if r.gebied == "Nederland" or design["design"] == r.effect["main"]:
            key, n = design["design"], design["treated"]
            r.record("effect", when, numbers_of(design), unit, key, NATIONAL, n, **which)
            r.record("effect_detectable", when, design["detectable"], unit, key, NATIONAL, **which)
    own = own_control(r)
    if own is not None:
        method = control_method(own)
        r.record("effect", when, numbers_of(own), unit, "eigen", method, own["n"], **which)
        r.record("effect_p", when, own["p"], "p-waarde", "eigen", method, own["n"], **which)
    if r.gebied == "Nederland":
        main = main_design(r)
        r.record("effect_p", when, main["p"], "p-waarde", main["design"], "CR2", main["treated"], **which)
    r.record("effect_verdict", when, judged(r), "oordeel")


def verdict(r: Report) -> Html:
    """Say whether the programme did it, how sure that is, and what could have been seen."""
    missing = _missing(r)
    if missing is not None:
        return missing
    _record(r)
    sentences = _national(r) if r.gebied == "Nederland" else _local(r)
    if r.simulated:
        sentences[0] = f"Oefendata, geen werkelijke uitkomst. {sentences[0]}"
    return Html(f'<div class="antwoord">{paragraphs(sentences)}</div>{_certainty(r)}')


def _stated(r: Report, reference: str, sign: bool = True, measure: str = "effect", **which: str) -> str:
    method = which.pop("method", NATIONAL)
    return stated(
        r, measure, period(r), reference, sign, method=method, indicator=r.panel.outcome["indicator"]
    )


def _national(r: Report) -> list[str]:
    e, main, unit = r.effect, main_design(r), r.effect_unit
    label, sign = r.panel.outcome["label"], judged(r)
    shown = _stated(r, e["main"])
    first = (
        f"{label}: in {_span(r)} week de uitkomst in de aandachtswijken {shown} {unit} af van wat zij zonder de wijkenaanpak "
        "naar schatting was geweest (plus is hoger; tussen haakjes de 95%-marge). "
    )
    least = _bare(r, "effect_detectable", e["main"])
    if sign:
        first += f"Dat is een {VERDICTS[sign]} effect."
    elif _sign(main, int(r.panel.outcome["direction"])):
        first += "De marge sluit nul uit, maar de toetsen hieronder dragen die conclusie niet: een effect is niet vast te stellen."
    else:
        first += (
            "De marge laat beide richtingen toe: een effect is niet aangetoond. Een effect vanaf "
            f"{least} {unit} had 80% kans om gevonden te worden."
        )
    r.record("effect_bound", period(r), e["sesoi"], unit, "rest_stad", NATIONAL, indicator=e["indicator"])
    half = _bare(r, "effect_bound", "rest_stad")
    if e["equivalence"] < 0.05:
        first += (
            f" Uitgesloten is dat de aanpak de helft van de achterstand bij de start ({half} {unit}) wegnam "
            f"(equivalentietoets, p {p_text(e['equivalence'])})."
        )
    else:
        first += f" Of de aanpak de helft van de achterstand bij de start ({half} {unit}) wegnam, is niet uit te sluiten."
    return [first, _beside(r, sign), _choice(r)]


def _bare(r: Report, measure: str, reference: str, method: str = NATIONAL) -> str:
    which = {"method": method, "indicator": r.panel.outcome["indicator"]}
    _, row = r.number(measure, period(r), reference, **which)
    return cite(r, in_unit(row["estimate"], row["unit"]), measure, period(r), reference, **which)


def _span(r: Report) -> str:
    first, last = r.effect["after"][0], r.effect["after"][-1]
    return str(first) if first == last else f"{first}–\u2060{last}"


def _beside(r: Report, sign: float) -> str:
    """Put doelrealisatie and effect side by side, in one sentence that claims no more than both allow."""
    goal = r.goal
    if not goal:
        return "Of de achterstand kleiner werd, is met deze gegevens niet te zeggen; zie boven."
    changed = {
        "kleiner": "De achterstand werd kleiner",
        "groter": "De achterstand werd groter",
    }.get(goal, "Of de achterstand veranderde, is niet vast te stellen")
    then = {
        -1.0: "en het gebied deed het beter dan de groep; bij veertig wijken vallen er ook zonder effect enkele buiten hun marge"
        if r.gebied != "Nederland"
        else "en de vergelijking laat zien dat de aanpak daar gunstig aan bijdroeg"
        if goal == "kleiner"
        else "maar zonder de aanpak zou zij er naar schatting slechter voor staan",
        1.0: "en het gebied deed het slechter dan de groep; bij veertig wijken vallen er ook zonder effect enkele buiten hun marge"
        if r.gebied != "Nederland"
        else "en naar schatting pakte de aanpak ongunstig uit",
        0.0: "maar dat dit door de aanpak kwam, is niet aangetoond"
        if goal in ("kleiner", "groter")
        else "en een effect van de aanpak is evenmin aangetoond",
    }[sign]
    return f"Doel en effect naast elkaar: {changed[0].lower() + changed[1:]} (ten opzichte van {r.names[r.referentie]}), {then}."


def _choice(r: Report) -> str:
    direction = int(r.panel.outcome["direction"])
    signs = {d["design"]: _sign(d, direction) for d in r.effect["designs"]}
    listed = [f"{EFFECT_NAMES[name]} {_stated(r, name)}" for name in signs]
    if len(set(signs.values())) > 1:
        return (
            "De keuze van de vergelijking bepaalt het antwoord. Het verschil in ontwikkeling met "
            + "; met ".join(listed) + "."
        )  # fmt: skip
    return f"Met elke vergelijking is het oordeel hetzelfde; de schattingen lopen van {_range(r)} {r.effect_unit}."


def _range(r: Report) -> str:
    values = sorted(d["estimate"] for d in r.effect["designs"])
    return f"{in_unit(values[0], r.effect_unit, True)} tot {in_unit(values[-1], r.effect_unit, True)}"


def _local(r: Report) -> list[str]:
    own, unit, main = own_control(r), r.effect_unit, _stated(r, r.effect["main"])
    nation = f"Landelijk is het geschatte effect {main} {unit}; het landelijke rapport laat zien waarop dat rust en hoe zeker het is."
    if own is None:
        return [
            f"Voor {r.names['wijk']} zelf is geen effect te schatten: er is geen volledige reeks van zijn postcodegebieden.",
            nation,
        ]
    method = control_method(own)
    shown = _stated(r, "eigen", method=method)
    share = _bare(r, "effect_p", "eigen", method)
    sign = judged(r)
    text = (
        f"{r.panel.outcome['label']}: in {_span(r)} week {r.names['wijk']} {shown} {unit} af van een groep andere gebieden die "
        "vooraf op hetzelfde pad lag (plus is hoger; tussen haakjes de 95%-marge). "
    )
    many = "De kans dat een even grote schijnwijk zonder aanpak minstens zo ver afweek is"
    text += f"{many} {share} ({own['placebos']} schijnwijken). "
    text += (
        f"Dat is een {VERDICTS[sign]} verschil met die groep."
        if sign
        else "Een effect in dit gebied is dus niet vast te stellen."
    )
    if "shrunken" in own:
        drawn = (own["shrunken"], own["shrunken_lower"], own["shrunken_upper"])
        r.record(
            "effect",
            period(r),
            drawn,
            unit,
            "eigen",
            SHRUNKEN,
            own["n"],
            indicator=r.panel.outcome["indicator"],
        )
        text += f" Samen met de andere wijken bezien, waarvan deze er een is, is de beste schatting {_stated(r, 'eigen', method=SHRUNKEN)} {unit}."
    return [text, _beside(r, sign), nation]


def brief(r: Report) -> str:
    """Say the judgement on the effect in one sentence, for the answer at the top of the page."""
    if r.effect["reason"]:
        return f"Of de wijkenaanpak hiervan de oorzaak is, is met deze gegevens niet te schatten: {r.effect['reason']}."
    _record(r)
    sign = judged(r)
    control = own_control(r) if r.gebied != "Nederland" else None
    own = "eigen" if control is not None else r.effect["main"]
    method = NATIONAL if control is None else control_method(control)
    where = "" if own == "eigen" or r.gebied == "Nederland" else "landelijk "
    word = (
        "is niet vast te stellen"
        if not np.isfinite(sign) or sign == 0
        else f"is naar schatting {VERDICTS[sign]}"
    )
    return (
        f"Of de wijkenaanpak hiervan de oorzaak is: het effect {word} ({where}{_stated(r, own, method=method)} "
        f"{r.effect_unit} verschil met wat anders was gebeurd; zie het deel over het effect)."
    )


def _certainty(r: Report) -> str:
    """List what the estimate rests on, and what this design cannot carry."""
    e, main, own = r.effect, main_design(r), own_control(r)
    n = e["n"]
    points = [
        f"Vergeleken: {n['treated']} postcodegebieden in {n['wijken']} wijken en {n['cities']} steden met {main['controls']} andere; "
        f"verandering van {_before(r)} naar {_span(r)}. Steden zijn de eenheid van toeval: {main['clusters']}, die tellen voor "
        f"{number(main['effective'], 0)} gelijke.",
    ]
    if r.gebied != "Nederland" and own is not None:
        areas = f"{own['n']} postcodegebied{'en' if own['n'] > 1 else ''}"
        points = [
            f"Het gebied telt {areas}; de groep is samengesteld uit de {e['n']['wijk_donors']} andere stedelijke gebieden die er vooraf het "
            f"meest op leken, gelijkgesteld op {'het pad' if e['before'][1:] else 'het niveau'} van {_before(r)}."
            + (
                f" Gemiddelde afwijking vooraf: {in_unit(own['error'], r.effect_unit)} {r.effect_unit}."
                if e["before"][1:]
                else ""
            ),
            f"De marge komt van {own['placebos']} schijnwijken: even veel gebieden zonder aanpak in één stad, op dezelfde manier behandeld. "
            "Bij veertig wijken vallen er ook zonder effect zo'n twee buiten hun marge.",
        ]
    if len(e["before"]) == 1:
        measured = (
            f"één meting daarvoor ({e['leads_years'][0]})" if e["leads_years"] else "geen meting daarvoor"
        )
        points.append(
            f"Vooraf is er alleen de meting van {e['before'][0]} en {measured}: of de gebieden zonder de aanpak gelijk "
            "opgegaan waren, is nauwelijks te toetsen."
        )
    elif main["design"] != "gecorrigeerd":
        points.append(
            "Er zijn te weinig gebieden die naar hun cijfers ook gekozen hadden kunnen worden; de hoofdschatting vergelijkt met "
            f"{EFFECT_NAMES[main['design']]}."
        )
    if e["before"][-1] >= 2008:
        points.append(
            f"De beginmeting van {e['before'][-1]} is van na de bekendmaking van de lijst (maart 2007); een vroeg gevolg "
            "daarvan valt buiten de schatting."
        )
    broken = r.breaks(e["indicator"], (e["before"][0], e["after"][-1]))
    if broken and not r.simulated:
        points.append(
            f"In deze jaren veranderde de meting zelf ({'; '.join(broken)}); raakte dat de aandachtswijken anders dan de "
            "vergeleken gebieden, dan zit dat in de schatting."
        )
    if n["left_out"]:
        points.append(
            f"De wijkenlijst is geen officiële: {n['left_out']} kandidaat-gebieden tellen niet mee, ook niet als vergelijking."
        )
    if n["boundaries"]:
        points.append(
            f"{n['near']} gebieden die aan een aandachtswijk grenzen, zijn geen vergelijking: de aanpak kan ze geraakt hebben."
        )
    else:
        points.append("Zonder kaart zijn aangrenzende gebieden niet uit de vergelijking te houden.")
    return words.aside("Waar rust deze schatting op?", points)


def assessment(r: Report) -> Html:
    """Judge the report itself by the three criteria of the Wetenschappelijke Commissie Wijkenaanpak.

    Design, execution and policy yield (Voortgangsrapportage 2010): each by four questions that the report's own
    diagnostics answer.
    """
    rows = []
    for criterion, questions in criteria(r).items():
        met = sum(answer for _, answer in questions)
        verdict = (
            "voldaan"
            if met == len(questions)
            else "niet"
            if not met
            else f"ten dele: {met} van {len(questions)}"
        )
        wanting = "; ".join(text for text, answer in questions if not answer)
        rows.append(
            {
                "criterium": criterion,
                "oordeel": verdict,
                "wat ontbreekt": wanting or "niets van wat is nagegaan",
            }
        )
    return table(
        pd.DataFrame(rows), "Dit rapport langs de maatstaven van de Wetenschappelijke Commissie Wijkenaanpak"
    )


def criteria(r: Report) -> dict[str, list[tuple[str, bool]]]:
    """Ask of each criterion four questions; a text says what is wanting when the answer is no."""
    e = r.effect
    estimated = not e["reason"]
    leads = e["leads"] if estimated else {}
    direction = int(r.panel.outcome["direction"]) if estimated else 0
    main = main_design(r) if estimated else {}
    sides = [main[p] < 0.05 for p in ("cr1", "cr3", "wild")] if estimated else []
    signs = {_sign(d, direction) for d in e["designs"]} if estimated else set()
    sign = judged(r) if estimated else 0.0
    listed = not r.panel.meta["list"].startswith(OWN_LIST)
    asked = len(wijken_in(r.gebied, r.panel.areas))
    window = r.window is not None
    return {
        "opzet": [
            ("een vergelijking met gebieden zonder aanpak", estimated),
            ("twee metingen van vóór de start", estimated and len(e["before"]) + len(e["leads_years"]) >= 2),
            ("een toets die vooraf geen verschil in ontwikkeling vond", bool(leads) and alike(leads)),
            ("de officiële lijst van postcodegebieden", listed),
        ],
        "uitvoering": [
            ("de hoofduitkomst van de vraag", window and bool(r.indicator["primary"])),
            ("een reeks voor elke wijk", window and asked == len(r.panel.wijken)),
            ("een meting die onderweg niet veranderde", window and (r.simulated or not r.breaks(r.indicator["indicator"]))),
            ("hetzelfde oordeel bij elke berekening van de marge", estimated and len(set(sides)) == 1),
        ],
        "beleidsrendement": [
            ("een uitspraak: een effect, of uitgesloten dat de helft van de achterstand erdoor verdween",
             estimated and (bool(sign) or e["equivalence"] < 0.05)),
            ("de kracht om de helft van de achterstand te zien", estimated and main["detectable"] <= e["sesoi"]),
            ("hetzelfde oordeel met elke vergelijking", len(signs) == 1),
            (
                "het onderscheid tussen bewoners die vooruitgaan en bewoners die verhuizen",
                r.vraag == "wonen" and r.panel.form("stromen") is not None,
            ),
        ],
    }  # fmt: skip


# ---- figures and tables ----------------------------------------------------------------------------


def compared(r: Report) -> Picture | None:
    """Draw all comparisons in one picture, or the path of the own wijk or city beside its group."""
    if r.effect["reason"]:
        return None
    if r.gebied == "Nederland":
        data = pd.DataFrame(r.effect["designs"])
        return figures.designs(
            data.assign(name=data["design"].map(EFFECT_NAMES)), r.effect_style(), r.effect["main"]
        )
    path = r.effect["paths"].get(r.gebied)
    if path is None:
        return None
    return figures.synthetic(
        pd.DataFrame(path), r.effect_style(level=True), r.names["wijk"], r.effect["before"]
    )


def designs(r: Report) -> Html | None:
    """Show every comparison with its margin, how alike the groups were, and what it could have seen."""
    if not _whole(r):
        return None
    balance = pd.DataFrame(r.effect["balance"]).drop_duplicates("design").set_index("design")["difference"]
    rows = []
    for d in r.effect["designs"]:
        name = d["design"]
        rows.append(
            {
                "vergeleken met": EFFECT_NAMES[name]
                + (" – hoofdschatting" if name == r.effect["main"] else ""),
                f"effect, {r.effect_unit} (95%-marge)": _stated(r, name),
                "p, wild": in_unit(d["wild"], "p-waarde"),
                "te zien vanaf": _bare(r, "effect_detectable", name),
                "gebieden": number(d["controls"], 0),
                "zwakker dan de aandachtswijken, sd": number(-balance[name] * _worse(r), 2),
            }
        )
    caption = (
        "Het effect tegen elke vergelijkingsgroep. Wild: wild cluster bootstrap per stad (Webb). Te zien vanaf: gevonden met "
        "80% kans. Laatste kolom: verschil in beginniveau in standaardafwijkingen; onder nul was de groep vooraf beter af."
    )
    return table(pd.DataFrame(rows, dtype=object), caption)


def _worse(r: Report) -> int:
    """-1 when a lower outcome is worse, 1 when a higher one is."""
    return -int(r.panel.outcome["direction"])


def path(r: Report) -> Picture | None:
    """Draw the effect year by year, with the years before as a check (Nederland only)."""
    if not _whole(r):
        return None
    name = r.panel.outcome["indicator"]
    for row in r.effect["event"]:
        r.record(
            "effect_path",
            row["period"],
            numbers_of(row),
            r.effect_unit,
            r.effect["main"],
            NATIONAL,
            indicator=name,
        )
    return figures.event_study(
        pd.DataFrame(r.effect["event"]), r.effect_style(), EFFECT_NAMES[r.effect["main"]], r.effect["before"]
    )


def years(r: Report) -> Html | None:
    """Show the effect in some years against every group (Nederland only)."""
    if not _whole(r):
        return None
    name, main = r.panel.outcome["indicator"], r.effect["main"]
    rows: dict[int, dict[str, str]] = {}
    groups = {"nederland", "rest_stad", SHORT, main}  # the others are in the table above
    shown = [row for row in r.effect["years"] if row["design"] in groups]
    for row in shown:
        key = (row["period"], numbers_of(row), r.effect_unit, row["design"], NATIONAL)
        r.record("effect_path", *key, indicator=name)
        line = rows.setdefault(row["period"], {"jaar": str(row["period"])})
        line[EFFECT_NAMES[row["design"]]] = stated(
            r, "effect_path", row["period"], row["design"], True, method=NATIONAL, indicator=name
        )
    for row in shown:
        if row["design"] == main:
            rows[row["period"]]["te zien vanaf"] = in_unit(row["detectable"], r.effect_unit)
    caption = (
        f"Effect per jaar tegen elke vergelijkingsgroep ({r.effect_unit}; 95%-marge), ten opzichte van {_before(r)}. Te zien vanaf: "
        f"80% kans om gevonden te worden in vergelijking met {EFFECT_NAMES[main]}."
    )
    return table(pd.DataFrame(rows.values(), dtype=object), caption)


def curve(r: Report) -> Picture | None:
    """Draw the estimate under every defensible choice (Nederland only)."""
    if not _whole(r):
        return None
    data = pd.DataFrame(r.effect["curve"])
    return figures.curve(data.assign(name=data["design"].map(EFFECT_NAMES)), r.effect_style())


def checks(r: Report) -> Html | None:
    """Show what else could explain the difference, and what each check found."""
    if r.effect["reason"]:
        return None
    if r.gebied != "Nederland":
        address = "nederland.html"
        return Html(
            f"<p>Of de vergelijking standhoudt (ontwikkeling vooraf, terugkeer naar het gemiddelde, het waterbed, andere "
            f'keuzes) is landelijk onderzocht: zie <a href="{address}#effect-kwam-het-door-de-wijkenaanpak">het landelijke '
            "rapport</a>. Voor één wijk of stad zijn daar te weinig gebieden voor.</p>"
        )
    rows = [row for row in (check(r) for check in CHECKS) if row is not None]
    columns = ["vraag", "uitkomst", "betekenis"]
    return table(
        pd.DataFrame(rows, columns=columns, dtype=object),
        "Houdt de vergelijking stand? Toetsen en gevoeligheid",
    )


def _interval(row: dict[str, Any], unit: str) -> str:
    return f"{dutch.with_interval(*numbers_of(row), unit, True)} {unit}"


def _leads(r: Report) -> tuple[str, str, str] | None:
    leads = r.effect["leads"]
    if not leads:
        return None
    meaning = (
        "geen verschil in ontwikkeling vooraf gevonden"
        if alike(leads)
        else "ze liepen vooraf al uiteen: de vergelijking gaat mank"
    )
    if leads["n"] <= 2:
        meaning += "; met twee metingen is dat een zwakke toets"
    return (
        "Liepen de gebieden vóór de aanpak gelijk op?",
        f"verschil met {EFFECT_NAMES[r.effect['leads_design']]}: trend vooraf {_interval(leads, r.effect_unit)} per jaar "
        f"(p {p_text(leads['slope_p'])}); F-toets over {leads['n']:.0f} jaren (Hotelling): p {p_text(leads['p'])}",
        meaning,
    )


def _honest(r: Report) -> tuple[str, str, str] | None:
    h, unit = r.effect["honest"], r.effect_unit
    if not h:
        return None
    shown = f"marge {in_unit(h['lower'], unit, True)} tot {in_unit(h['upper'], unit, True)} {unit}"
    at = h["breakdown"]
    if at == 0:
        meaning = "er was ook zonder zo'n afwijking geen effect aangetoond"
    elif at == h["tried"]:
        meaning = f"de conclusie houdt ook bij {h['tried']:.0f} maal die afwijking"
    else:
        meaning = f"de conclusie houdt tot een afwijking van {number(at, 2)} maal die van vooraf"
    return (
        "En als zij daarna elk jaar zo ver uiteenliepen als in het ergste jaar vooraf?",
        f"grootste verschil vooraf {in_unit(h['drift'], unit)} {unit} per jaar; {number(h['years'], 1)} jaar zo door: {shown} "
        "(Rambachan en Roth 2023, relatieve grootte 1)",
        meaning,
    )


def _few_clusters(r: Report) -> tuple[str, str, str]:
    m = main_design(r)
    swapped = r.effect["randomisation"]
    swap = (
        ""
        if swapped is None or np.isnan(swapped)
        else f"; verwisseling met even zwakke gebieden {p_text(swapped)}"
    )
    wild = (
        f"{in_unit(m['wild_lower'], r.effect_unit, True)} tot {in_unit(m['wild_upper'], r.effect_unit, True)}"
    )
    return (
        "Hangt de zekerheid af van hoe men haar berekent?",
        f"p: CR1 {p_text(m['cr1'])}; CR3 {p_text(m['cr3'])}; wild bootstrap {p_text(m['wild'])}{swap} "
        f"({m['treated']} gebieden, {m['clusters']} steden als clusters)",
        f"95%-interval van de wild bootstrap: {wild} {r.effect_unit}",
    )


def _without(r: Report) -> tuple[str, str, str]:
    rows = sorted(r.effect["without"], key=lambda row: row["estimate"])
    low, high = rows[0], rows[-1]
    unit = r.effect_unit
    return (
        "Rust het op één stad?",
        f"zonder {low['city']} {in_unit(low['estimate'], unit, True)}, zonder {high['city']} {in_unit(high['estimate'], unit, True)} {unit}",
        "laagste en hoogste schatting met telkens één stad minder; alle andere liggen ertussen",
    )


def _rebound(r: Report) -> tuple[str, str, str] | None:
    b = r.effect["rebound"]
    if b is None:
        return None
    return (
        "Wat herstelt vanzelf?",
        f"wie in {b['year']} op de slechtste score had gekozen, zag tot {b['until']} {_interval(b, r.effect_unit)} verandering, "
        f"{number(100 * b['share'], 0)}% van de achterstand",
        "terugkeer naar het gemiddelde zonder enig beleid; daarom tellen de jaren waarop gekozen is niet mee als beginpunt waar "
        "eerdere jaren er zijn",
    )


def _waterbed(r: Report) -> tuple[str, str, str] | None:
    rows = {row["ring"]: row for row in r.effect["rings"]}
    if "1" not in rows:
        return None
    ring, total = rows["1"], rows["totaal"]
    worse = _sign(ring, int(r.panel.outcome["direction"]))
    meaning = {
        0.0: "geen verplaatsing aangetoond, en ook geen uitstraling",
        1.0: "in de aangrenzende gebieden werd het slechter: past bij verplaatsing",
        -1.0: "ook de aangrenzende gebieden werden beter: uitstraling, geen verplaatsing",
    }[worse]
    return (
        "Schoof het naar de buren (waterbed)?",
        f"aangrenzende gebieden {_interval(ring, r.effect_unit)} ({ring['n']} gebieden); opgeteld met de wijk zelf en de "
        f"ring daarna {_interval(total, r.effect_unit)} per wijkgebied",
        meaning,
    )


def _flags(r: Report) -> tuple[str, str, str] | None:
    found = r.effect["waterbed"]
    if not found:
        return None
    shown = []
    phrases = (
        ("beside", "gemiddeld een halve"),
        ("many", "in de meeste een halve"),
        ("one", "in één gebied een hele"),
    )
    for key, what in phrases:
        expected, low, high = (number(found[f"{key}_{end}"], 0) for end in ("expected", "low", "high"))
        count = f"{found[key]} wijk{'en' if found[key] != 1 else ''}"
        shown.append(
            f"{what} standaardafwijking achter: {count}, door toeval alleen {expected} ({low} tot {high})"
        )
    more = min(found[f"{key}_p"] for key, _ in phrases) < 0.05 / len(phrases)  # they share 5%
    fewer = any(found[key] < found[f"{key}_low"] for key, _ in phrases)
    return (
        "Bij hoeveel wijken bleven de buren achter bij de rest van de stad?",
        f"van {found['wijken']} wijken met buren; {'; '.join(shown)}",
        "meer dan toeval alleen geeft: past bij verplaatsing"
        if more
        else "minder dan toeval alleen geeft: past bij uitstraling naar de buren"
        if fewer
        else "niet meer dan er zonder enige aanpak ook zouden zijn",
    )


def _dose(r: Report) -> tuple[str, str, str] | None:
    d = r.effect["dose"]
    if d is None:
        return None
    return (
        "Meer geld, meer effect?",
        f"per miljoen euro per postcodegebied {_interval(d, r.effect_unit)} (CR3 p {p_text(d['cr3'])}, {d['n']} wijken, "
        f"{d['clusters']} steden)",
        "bedragen uit het Besluit Centraal Fonds voor de Volkshuisvesting; wie meer kreeg was ook anders, dus geen oorzaak",
    )


def _cycle(r: Report) -> tuple[str, str, str] | None:
    c = r.effect["cycle"]
    if not c:
        return None
    found = c["slope_lower"] > 0 or c["slope_upper"] < 0
    slope, low, high = (10 * c[k] for k in ("slope", "slope_lower", "slope_upper"))
    return (
        "Is het de conjunctuur?",
        f"op elke 10 die het land vooraf bewoog, bewogen de wijken {dutch.with_interval(slope, low, high, 'procent', True)} meer dan de "
        f"vergelijkingsgroep ({c['n']:.0f} jaren, op de schaal van de schatting); zonder dat deel is het verschil "
        f"{_interval(c, r.effect_unit)}",
        "zij delen anders in de conjunctuur dan de vergelijkingsgroep: ook zonder dat deel lezen"
        if found
        else "dat zij anders in de conjunctuur delen dan de vergelijkingsgroep is niet aangetoond",
    )


def _discontinuity(r: Report) -> tuple[str, str, str] | None:
    rows, density = {row["what"]: row for row in r.effect["discontinuity"]}, r.effect["density"]
    if not rows:
        return None
    jump, level = rows["behandeling"], rows["niveau vooraf"]
    why = []
    if jump["lower"] <= 0.5:
        why.append("de lijst volgde de score niet (zo ook Gerritsen, Webbink en Ter Weel 2017)")
    if density["p"] < 0.05:
        why.append("rond de grens liggen niet evenveel gebieden aan beide kanten")
    before = [row for what, row in rows.items() if what.endswith("vooraf")]
    if any(row["lower"] > 0 or row["upper"] < 0 for row in before):
        why.append("de gebieden verschilden daar vooraf al")
    weak = rows.get("achterstand vooraf")
    also = (
        ""
        if weak is None
        else f", in de achterstand {dutch.with_interval(*numbers_of(weak), 'aandeel', True)} SD"
    )
    return (
        "Kan het met een knip bij de selectiescore (RDD)?",
        f"sprong in de kans om aandachtswijk te zijn {dutch.with_interval(*numbers_of(jump), 'aandeel', True)} (zou 1 moeten zijn); "
        f"dichtheid aan beide kanten: p {p_text(density['p'])} (Cattaneo, Jansson en Ma 2020; {density['below']} gebieden eronder, "
        f"{density['above']} erboven); sprong in het beginniveau {_interval(level, r.effect_unit)}{also} (zou 0 moeten zijn); "
        f"verandering {_interval(rows['verandering'], r.effect_unit)} ({jump['n']} gebieden binnen de bandbreedte)",
        f"niet bruikbaar: {'; '.join(why)}" if why else "bruikbaar",
    )


def _moran(r: Report) -> tuple[str, str, str] | None:
    value = r.effect["moran"]
    if value is None:
        return None
    return (
        "Lijken buren na de schatting nog op elkaar?",
        f"Moran's I van de resten {number(value, 2)}",
        "gering"
        if abs(value) < 0.1
        else "ja: gebieden zijn niet onafhankelijk; de marge rekent daarom met hele steden",
    )


def _wijken(r: Report) -> tuple[str, str, str] | None:
    n = r.effect["wijken_adjusted"]
    return (
        "Werkte het in sommige wijken wel?",
        f"{n['raw']} van de {n['n']} wijken weken meer af dan 95% van hun schijnwijken; na correctie voor hun aantal "
        f"(Benjamini-Hochberg) {n['adjusted']}",
        f"puur toeval zou er zo'n {number(0.05 * n['n'], 0)} geven; met {r.effect['wijken'][0]['placebos']} schijnwijken is p nooit "
        "kleiner dan 0,005",
    )


def _composition(r: Report) -> tuple[str, str, str]:
    return (
        "Gingen bewoners vooruit, of kwamen er anderen?",
        "niet te scheiden",
        "een reeks per gebied volgt geen personen; daarvoor is een longitudinaal bestand nodig",
    )


def _transitions(r: Report) -> tuple[str, str, str] | None:
    rows = {row["move"]: row for row in r.effect["transitions"]}
    if not rows:
        return None
    up, down = rows["hoger"], rows["lager"]
    return (
        "Klommen zij op de landelijke ranglijst?",
        f"een klasse (een tiende van alle gebieden) hoger kwam {number(up['treated'], 0)}%, van de vergelijkingsgroep "
        f"{number(up['control'], 0)}%: verschil {_interval(up, 'procentpunt')}; lager {number(down['treated'], 0)}% tegen "
        f"{number(down['control'], 0)}%",
        "vergeleken met even zwakke gebieden, van de jaren vooraf naar die erna",
    )


def _counts(r: Report) -> tuple[str, str, str] | None:
    found = r.effect["counts"]
    if found is None:
        return None
    return (
        "Scheelt het of men de gevallen zelf telt?",
        f"verschil {_interval(found, r.effect_unit)} (Poisson met het aantal mensen als blootstelling en effecten per gebied; "
        f"{found['n']} gebieden; in de aandachtswijken {number(found['cases'], 0)} gevallen in {period(r)} samen)",
        "hier telt een gebied mee naar zijn aantal gevallen, in de hoofdschatting niet",
    )


def _later(r: Report) -> tuple[str, str, str]:
    found = [d for d in r.effect["designs"] if d["design"] == "later"]
    question = "Zijn de later aangewezen 40+-wijken een betere vergelijking?"
    if found:
        return (
            question,
            f"verschil met {found[0]['controls']} gebieden daarvan {_interval(found[0], r.effect_unit)}",
            "zij waren de volgenden op de lijst, maar kregen vanaf 2009 en 2010 zelf geld: dat drukt een verschil",
        )
    return (
        question,
        "niet te berekenen",
        "hun postcodegebieden zijn niet gepubliceerd; zij tellen nu als gewone andere gebieden, wat een effect kan drukken",
    )


def _cohorts(r: Report) -> tuple[str, str, str] | None:
    *apart, both = r.effect["cohorts"] or [None]
    if both is None:
        return None
    shown = [f"vanaf {row['cohort']} ({row['n']} gebieden) {_interval(row, r.effect_unit)}" for row in apart]
    return (
        "Is het effect in de later begonnen 40+-wijken anders?",
        f"{'; '.join(shown)}; samen {_interval(both, r.effect_unit)}",
        "elke groep apart vergeleken met gebieden die nooit op een lijst stonden, vanaf vier jaar na haar start (Callaway en "
        f"Sant'Anna 2021; {both['clusters']} steden als clusters)",
    )


CHECKS = (
    _leads, _honest, _few_clusters, _without, _rebound, _waterbed, _flags, _cycle, _dose, _discontinuity, _moran, _wijken, _transitions, _composition, _counts, _later, _cohorts,
)  # fmt: skip
