"""What else could explain the difference: every check of the national comparison, what it found, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from helpers import effect
from helpers.effect import NAMES, main_design
from helpers.report import Report
from wijkenaanpak import dutch
from wijkenaanpak.dutch import in_unit, number, p_text


def checks(r: Report) -> pd.DataFrame:
    """Return what each check found, in words.

    Returns
    -------
    DataFrame
        Columns vraag, uitkomst, betekenis; empty for a wijk or city, which have too few areas for them.
    """
    rows = [row for row in (check(r) for check in CHECKS) if row is not None] if effect.whole(r) else []
    return pd.DataFrame(rows, columns=["vraag", "uitkomst", "betekenis"], dtype=object)


def _interval(row: Mapping[str, Any], unit: str) -> str:
    return f"{dutch.with_interval(row['estimate'], row['lower'], row['upper'], unit, True)} {unit}"


def _leads(r: Report) -> tuple[str, str, str] | None:
    leads = r.effect["leads"]
    if not leads:
        return None
    meaning = (
        "geen verschil in ontwikkeling vooraf gevonden"
        if effect.alike(leads)
        else "ze liepen vooraf al uiteen: de vergelijking gaat mank"
    )
    if leads["n"] <= 2:
        meaning += "; met twee metingen is dat een zwakke toets"
    return (
        "Liepen de gebieden vóór de aanpak gelijk op?",
        f"verschil met {NAMES[r.effect['leads_design']]}: trend vooraf {_interval(leads, r.effect_unit)} per jaar "
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
    worse = effect.sign(ring, int(r.panel.outcome["direction"]))
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
        else f", in de achterstand {dutch.with_interval(weak['estimate'], weak['lower'], weak['upper'], 'aandeel', True)} SD"
    )
    return (
        "Kan het met een knip bij de selectiescore (RDD)?",
        f"sprong in de kans om gekozen te zijn {dutch.with_interval(jump['estimate'], jump['lower'], jump['upper'], 'aandeel', True)} (zou 1 moeten zijn); "
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
        f"kleiner dan {number(1 / (r.effect['wijken'][0]['placebos'] + 1), 3)}",
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
        f"{found['n']} gebieden; in de {r.programme.wijken} {number(found['cases'], 0)} gevallen in {effect.period(r)} samen)",
        "hier telt een gebied mee naar zijn aantal gevallen, in de hoofdschatting niet",
    )


def _later(r: Report) -> tuple[str, str, str] | None:
    if not r.programme.cohorts:
        return None
    found = [d for d in r.effect["designs"] if d["design"] == "later"]
    since = " en ".join(map(str, r.programme.cohorts))
    question = "Zijn de later aangewezen wijken een betere vergelijking?"
    if found:
        return (
            question,
            f"verschil met {found[0]['controls']} gebieden daarvan {_interval(found[0], r.effect_unit)}",
            f"zij waren de volgenden op de lijst, maar kregen vanaf {since} zelf geld: dat drukt een verschil",
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
        "Is het effect in de later begonnen wijken anders?",
        f"{'; '.join(shown)}; samen {_interval(both, r.effect_unit)}",
        "elke groep apart vergeleken met gebieden die nooit op een lijst stonden, vanaf vier jaar na haar start (Callaway en "
        f"Sant'Anna 2021; {both['clusters']} steden als clusters)",
    )


CHECKS = (
    _leads, _honest, _few_clusters, _without, _rebound, _waterbed, _flags, _cycle, _dose, _discontinuity, _moran, _wijken, _transitions, _composition, _counts, _later, _cohorts,
)  # fmt: skip
