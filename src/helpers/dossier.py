"""The programme's own instruments in the reports: what was promised, delivered, asked, spent and judged.

Every function takes a :class:`helpers.report.Report`, computes with ``instruments``, records what it states and
returns what a cell shows. What needs figures that nobody publishes reads a form (``forms``), and says so without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers import figures, words
from helpers.drawing import Style
from helpers.report import margins
from helpers.words import Html, paragraphs, put, table
from wijkenaanpak import RAW, dutch
from wijkenaanpak.dutch import in_unit, number
from wijkenaanpak.instruments import instruments
from wijkenaanpak.measures import monitor
from wijkenaanpak.measures.monitor import Estimate
from wijkenaanpak.sources import forms
from wijkenaanpak.store.panel import wijken_in

if TYPE_CHECKING:
    from helpers.report import Report

STEP = 2009.0  # the labour market felt the crisis, and the plans were under way


def absent(r: Report, name: str, about: str = "") -> Html:
    """Say that a form is not there, or has no rows `about` an area (the report's own), what it holds and who has the figures."""
    form = forms.book().loc[name]
    there = r.panel.form(name) is not None
    where = f"heeft geen rijen over {about or r.gebied}" if there else "staat niet in de gegevensmap"
    return words.open_box(
        f"{form['wat']}. Dit is niet als tabel gepubliceerd, en het formulier {name}.csv {where}. Wie de cijfers heeft: "
        f"{form['wie_heeft_het']}; een ingevuld voorbeeld staat in data/raw/templates."
    )


def rows_of(r: Report, name: str, inside: bool = False) -> pd.DataFrame:
    """Rows of a form about the area itself, or about the wijken inside it; empty without them or without the form."""
    form = r.panel.form(name)
    if form is None:
        return pd.DataFrame()
    wanted = wijken_in(r.gebied, r.panel.areas) if inside else [r.gebied]
    return form[form["gebied"].isin(wanted)]


def city_of(r: Report) -> str:
    """Return the gemeente of the area."""
    return r.gebied.split("/", 1)[0]


def cities_in(r: Report) -> set[str]:
    """Return the gemeenten with aandachtswijken in the area."""
    return {w.split("/", 1)[0] for w in wijken_in(r.gebied, r.panel.areas)}


def form_style(r: Report, label: str, unit: str, name: str) -> Style:
    """Return the style of a plot made from a form."""
    return Style(label, unit, dutch.DIGITS.get(unit, 1), r.simulated, r.origin(f"formulier {name}"))


# ---- werk ----------------------------------------------------------------------------------------------


def monthly(r: Report) -> Html:
    """Show job seekers by month against the city (or the country): index, and whether the slope changed in 2009."""
    name = "nww_maand"
    form, whole = r.panel.form(name), r.gebied == "Nederland"
    if form is None:
        return absent(r, name)
    own = rows_of(r, name, inside=whole).groupby("maand")[["nww", "beroepsbevolking"]].sum().reset_index()
    reference = city_of(r) if "/" in r.gebied else "Nederland"
    other = form[form["gebied"] == reference]
    if not len(own) or not len(other):
        return absent(r, name)
    shares = [part.set_index("maand").eval("100 * nww / beroepsbevolking") for part in (own, other)]
    ratio = (100 * np.log(shares[0] / shares[1])).dropna()
    time = [int(m[:4]) + (int(m[5:]) - 1) / 12 for m in ratio.index]
    found = instruments.interrupted(pd.Series(ratio.to_numpy(), time), STEP, season=12)
    who = "de 40 wijken samen" if whole else r.names["wijk"]
    beside = f"heel {reference}"
    data = pd.DataFrame({"time": time, "wijk": shares[0].to_numpy(), "reference": shares[1].to_numpy()})
    index = data.assign(**{c: 100 * data[c] / data[c].iloc[:12].mean() for c in ("wijk", "reference")})
    first = int(min(time))
    picture = figures.monthly(
        index, form_style(r, f"NWW, index ({first} = 100)", "index", name), (who, beside), STEP
    )
    if not len(found):
        return Html(picture._repr_html_())
    period, n = f"{ratio.index[0]} tot {ratio.index[-1]}", found["n"].iloc[0]
    which: dict[str, Any] = {
        "method": "Newey-West, 12 maanden",
        "reference": reference,
        "n": n,
        "indicator": name,
    }
    shown = {
        k: put(r, f"nww_{k}", period, tuple(found.loc[k, ["estimate", "lower", "upper"]]), "procent per jaar", sign=True, **which)
        for k in ("trend", "before_after", "slope")
    }  # fmt: skip
    put(r, "nww_p", period, found.loc["slope", "p"], "p-waarde", **which)
    row = found.loc["slope"]
    told = (
        "Het tempo veranderde niet aantoonbaar."
        if row["lower"] <= 0 <= row["upper"]
        else f"Het verschil liep daarna {'ongunstiger' if row['estimate'] > 0 else 'gunstiger'} dan ervoor."
    )
    text = (
        f"Ten opzichte van {beside} veranderde het aandeel werkzoekenden in {who} tot 2009 {shown['trend']} procent per jaar, "
        f"en daarna {shown['before_after']}: een verschil in tempo van {shown['slope']} procent per jaar (Newey-West, {n} "
        f"maanden, p {dutch.p_text(row['p'])}). {told} Een knik zegt niet waardoor hij kwam: in 2009 viel ook de crisis."
    )
    return Html(picture._repr_html_() + paragraphs([text]))


# ---- wonen ---------------------------------------------------------------------------------------------


def stayers(r: Report) -> Html:
    """Take the change of mean income apart into those who stayed, came and left (the escalator)."""
    name = "stromen"
    rows = rows_of(r, name, inside=True)
    if not len(rows):
        return absent(r, name)
    parts = {}
    for (area, first, last), part in rows.groupby(["gebied", "van", "tot"]):
        flows = part.set_index("groep")[["aantal", "begin", "eind", "sd"]]
        if len(flows) == 3:
            parts[area] = (f"{first}-{last}", flows, instruments.stayers_and_movers(flows))
    if not parts:
        return absent(r, name)
    lines = []
    for area, (period, flows, found) in parts.items():
        cells = {
            k: put(
                r, f"flow_{k}", period, tuple(found.loc[k]), "euro", method=area, sign=True, indicator=name
            )
            for k in found.index
        }
        poorer = flows.at["instroom", "eind"] - flows.at["blijvers", "eind"]
        lines.append(
            {
                "gebied": area.split("/", 1)[-1] if r.gebied != "Nederland" else area,
                "jaren": period,
                "wie bleef": cells["blijvers"],
                "wie kwam": cells["instroom"],
                "wie ging": cells["uitstroom"],
                "samen": cells["totaal"],
                "nieuwkomers min blijvers": f"{in_unit(poorer, 'euro', True)}",
            }
        )
    caption = (
        "Verandering van het gemiddelde inkomen van huishoudens, uiteengelegd (euro; 95%-marge). De eerste drie kolommen "
        "tellen op tot de vierde."
    )
    frame = pd.DataFrame(lines, dtype=object)
    escalator = sum(
        f.at["instroom", "estimate"] + f.at["uitstroom", "estimate"] < 0 for _, _, f in parts.values()
    )
    text = (
        "Een wijk kan haar bewoners vooruit helpen en toch arm blijven: wie vooruitkomt vertrekt, en wie komt heeft minder. "
        f"Die roltrap werkte hier in {escalator} van de {len(parts)} gebieden: daar verlaagden de verhuizingen het gemiddelde."
        if len(parts) > 1
        else _escalator(next(iter(parts.values()))[2])
    )
    return Html(paragraphs([text]) + words.fold(table(frame, caption), len(frame), f"De {len(frame)} wijken"))


def _escalator(found: pd.DataFrame) -> str:
    moved = found.at["instroom", "estimate"] + found.at["uitstroom", "estimate"]
    stayed = found.loc["blijvers"]
    own = (
        "ging er aantoonbaar op vooruit" if stayed["lower"] > 0
        else "ging er aantoonbaar op achteruit" if stayed["upper"] < 0 else "ging er niet aantoonbaar op vooruit of achteruit"
    )  # fmt: skip
    return (
        f"Wie bleef, {own}. De verhuizingen {'verlaagden' if moved < 0 else 'verhoogden'} het gemiddelde inkomen van de wijk: "
        + (
            "de wijk werkte als roltrap, wie vooruitkomt vertrekt."
            if moved < 0
            else "hier kwamen er hogere inkomens bij."
        )
    )


def segregation(r: Report, indicator: str) -> Html:
    """Show how unevenly a group is spread over the postcode areas of the city: the dissimilarity index, first and last year."""
    rows = r.panel.indicators.set_index("indicator")
    window = r.window_of(indicator) if indicator in rows.index else None
    if window is None:
        return words.open_box(
            "Hoe ongelijk sociale huur over de stad is verdeeld, is niet te berekenen: er is geen reeks per postcodegebied."
        )
    label = rows.at[indicator, "label"].lower()
    found: dict[str, dict[int, Estimate]] = {}
    cities = cities_in(r)
    for year in window:
        pc4 = r.panel.pc4(indicator, year)
        for city, part in pc4.groupby("gemeente"):
            if city in cities and part["n"].gt(1).all():
                group = part["n"] * part["value"] / 100
                found.setdefault(str(city), {})[year] = instruments.dissimilarity(group, part["n"] - group)
    lines = []
    for city, ends in found.items():
        if len(ends) < 2 or any(e.reason for e in ends.values()):
            continue
        first, last = (ends[year] for year in window)
        change = instruments.apart(last, first)
        cells = [
            put(r, "dissimilarity", year, ends[year].numbers, "index", method=city, indicator=indicator)
            for year in window
        ]
        moved = put(
            r, "dissimilarity_change", "-".join(map(str, window)), change.numbers, "index", method=city, sign=True, indicator=indicator
        )  # fmt: skip
        lines.append({"stad": city, **dict(zip(map(str, window), cells, strict=True)), "verandering": moved,
                      "door toeval alleen": number(last.low, 2)})  # fmt: skip
    if not lines:
        return words.open_box(
            "Voor een spreidingsindex zijn aantallen per postcodegebied nodig; die ontbreken."
        )
    text = (
        f"De spreidingsindex zegt welk deel van de {label} naar een ander postcodegebied zou moeten om overal in de stad in gelijke "
        "verhouding voor te komen (0 is gelijk verdeeld, 1 geheel gescheiden)."
    )
    caption = f"Spreidingsindex van {label} over de postcodegebieden van de stad (95%-interval, jackknife)"
    return Html(paragraphs([text]) + table(pd.DataFrame(lines, dtype=object), caption))


# ---- leren ---------------------------------------------------------------------------------------------


def halving(r: Report) -> Html:
    """Set the share of early school leavers beside the path of halving it between 2007 and 2012."""
    if r.indicator is None or r.indicator["indicator"] != "vsv":
        return words.open_box("Of het pad van halveren is gevolgd, is zonder reeks niet na te gaan.")
    lines = []
    for role in ("wijk", "nederland"):
        series = r.panel.get("vsv", r.roles[role]).set_index("period")
        years = [y for y in series.index if 2006 <= y <= 2012]
        if len(years) < 2:
            continue
        start, last = years[0], years[-1]
        allowed = instruments.target_path(series.at[start, "value"], start, -0.5, 2012, [last]).iloc[0]
        reference = "" if role == "wijk" else role
        levels = {y: margins(series.loc[y]) for y in (start, last)}
        _, low, high = levels[last]
        reached = "ja" if high < allowed else "nee" if low > allowed else "niet vast te stellen"
        cells = [
            put(r, "level", y, level, "%", reference, "gemeten", series.at[y, "n"], "vsv")
            for y, level in levels.items()
        ]
        path = put(
            r, "target_level", last, float(allowed), "%", reference, "halveren tot 2012", indicator="vsv"
        )
        lines.append(
            {
                "gebied": r.names[role],
                f"{start}": cells[0],
                f"{last}": cells[1],
                "pad van halveren": path,
                "gehaald": reached,
            }
        )
    if not lines:
        return words.open_box(
            "Of het pad van halveren is gevolgd, is zonder metingen tussen 2006 en 2012 niet na te gaan."
        )
    caption = "Aandeel voortijdig schoolverlaters (%) naast het rechte pad naar de helft in 2012 (95%-marge)"
    return Html(table(pd.DataFrame(lines, dtype=object), caption) + paragraphs(_share_of_country(r)))


def _share_of_country(r: Report) -> list[str]:
    """Say which share of the country's early school leavers came from the area, first and last year; needs denominators."""
    cases = {}
    for role in ("wijk", "nederland"):
        rows = r.panel.get("vsv", r.roles[role]).set_index("period").reindex(r.window)
        cases[role] = rows["n"] * rows["value"] / 100
    known = [y for y in r.window if cases["nederland"][y] > cases["wijk"][y] > 0]
    if not known or (r.panel.get("vsv", "Nederland")["n"] <= 1).all():
        return []
    shown = []
    for year in known:
        part, whole = round(cases["wijk"][year]), round(cases["nederland"][year])
        share = monitor.wilson(part, whole).percent
        cell = put(r, "national_share", year, share, "%", method="Wilson", n=whole, indicator="vsv")
        shown.append(f"in {year} {cell}%")
    return [f"Van alle nieuwe schoolverlaters van Nederland kwam uit {r.names['wijk']} {' en '.join(shown)}."]


def schools(r: Report) -> Html:
    """Show how many schools are a brede school, with Wilson intervals, against the country."""
    name = "brede_scholen"
    rows = rows_of(r, name, inside=True)
    published = []
    if r.gebied == "Nederland":
        basis, vo = monitor.wilson(159, 249), monitor.wilson(28, 70)
        cells = [
            put(r, "school_share", 2009, e.percent, "%", method=f"Wilson, {kind}", n=n, indicator="cijfers")
            for e, kind, n in ((basis, "basisonderwijs, gepubliceerd", 249), (vo, "voortgezet onderwijs, gepubliceerd", 70))
        ]  # fmt: skip
        published = [
            f"Gepubliceerd over 2009: 159 van de 249 basisscholen in de aandachtswijken waren een brede school, {cells[0]}% (landelijk "
            f"24%). Van de 70 scholen voor voortgezet onderwijs waren het er 28, {cells[1]}%: dat dit meer is dan de landelijke 33% "
            "staat daarmee niet vast."
        ]
    if not len(rows):
        return Html(paragraphs(published) + absent(r, name))
    lines = []
    form = r.panel.form(name)
    assert form is not None  # it has rows
    for kind, part in rows.groupby("soort"):
        year = int(part["jaar"].max())
        part = part[part["jaar"] == year]
        k, n = int(part["brede"].sum()), int(part["scholen"].sum())
        share = monitor.wilson(k, n).percent
        cell = put(r, "school_share", year, share, "%", method=f"Wilson, {kind}", n=n, indicator=name)
        land = form[(form["gebied"] == "Nederland") & (form["soort"] == kind)]
        whole = 100 * land["brede"].sum() / land["scholen"].sum() if len(land) else np.nan
        told = (
            "niet te zeggen" if np.isnan(whole) else "meer" if share[1] > whole else "minder" if share[2] < whole else "niet vast te stellen"
        )  # fmt: skip
        lines.append({"onderwijs": kind, "jaar": str(year), "scholen": n, "brede scholen": k, "aandeel, % (Wilson)": cell,
                      "Nederland, %": in_unit(whole, "%"), "vergeleken": told})  # fmt: skip
    caption = f"Brede scholen in {r.gebied.split('/')[-1] if '/' in r.gebied else r.names['wijk']}"
    return Html(paragraphs(published) + table(pd.DataFrame(lines), caption))


# ---- veiligheid ----------------------------------------------------------------------------------------


def means(r: Report) -> Html:
    """Show which of the promised means of safety were delivered, and how many there are per 1,000 inhabitants."""
    name = "veiligheidsmiddelen"
    lines, told = [], []
    if r.gebied == "Nederland":
        share = put(
            r,
            "delivered_share",
            2009,
            100 * 319 / 500,
            "%",
            method="wijkagenten, gepubliceerd",
            indicator="cijfers",
        )
        told = [
            f"Gepubliceerd: van de 500 extra wijkagenten die voor 2011 waren toegezegd, waren er eind 2009 319 (118 in 2008 en 201 in "
            f"2009), {share}%. Een kwart van de tijd was nog over."
        ]
    used = rows_of(r, name, inside=r.gebied != "Nederland")
    if not len(used):
        return Html(paragraphs(told) + absent(r, name))
    for (means_, year), part in used.groupby(["middel", "jaar"]):
        promised, done, people = (int(part[c].sum()) for c in ("toegezegd", "geleverd", "inwoners"))
        rate = instruments.per_thousand(done, people)
        lines.append(
            {
                "middel": means_,
                "eind": str(year),
                "toegezegd": promised,
                "geleverd": done,
                "geleverd, %": put(
                    r, "delivered_share", year, 100 * done / promised, "%", method=means_, indicator=name
                ),
                "per 1.000 inwoners (95%-interval)": put(
                    r,
                    "means_rate",
                    year,
                    rate.numbers,
                    "per duizend",
                    method=means_,
                    n=people,
                    indicator=name,
                ),
            }
        )
    return Html(
        paragraphs(told) + table(pd.DataFrame(lines), "Toegezegde en geleverde middelen voor veiligheid")
    )


def allocation(r: Report) -> Html | None:
    """Show by simulation what an investment regression finds when nobody knows where the money went (Nederland only)."""
    if r.gebied != "Nederland":
        return None
    outcome = r.panel.outcome
    if outcome is None or r.window is None:
        return words.open_box("De nabootsing van De baat op straat vraagt een reeks per postcodegebied.")
    need, change, city = _urban(r, outcome)
    if len(need) < 50:
        return words.open_box(
            "De nabootsing van De baat op straat vraagt ten minste vijftig stedelijke postcodegebieden."
        )
    rng = np.random.default_rng(r.seed)
    names, place = np.unique(city, return_inverse=True)
    owner = place * 3 + rng.integers(0, 3, len(place))  # three associations a city
    units = rng.uniform(500, 2_500, len(place))
    noise = float(np.std(change - np.polyval(np.polyfit(need, change, 1), need)))
    data = instruments.attenuation(need, units, owner, noise, seed=r.seed)
    shown = {
        "naar rato": "naar rato van woningen",
        "gericht": "naar de slechtste gebieden",
        "exact": "zoals het echt ging",
    }
    lines = []
    for row in data.itertuples():
        method = f"geld {row.true}, toegerekend {row.attributed}"
        cell = put(r, "attenuation", "nabootsing", (row.ratio, row.lower, row.upper), "verhouding", method=method, n=len(need), indicator="nabootsing")  # fmt: skip
        lines.append({"het geld ging": shown[row.true], "de studie rekende toe": shown[row.attributed],
                      "gevonden effect / werkelijk effect (95% van de herhalingen)": cell,
                      "effect gevonden (p < 0,05)": f"{number(100 * row.found, 0)}%"})  # fmt: skip
    text = (
        "De baat op straat (Atlas en SEO, 2009) vond geen meetbaar effect van sociale investeringen van corporaties. Niemand wist in welk "
        "gebied dat geld was besteed; het is naar rato van het bezit verdeeld. De tabel bootst dat na op de stedelijke gebieden van dit "
        "rapport, met een verzonnen effect dat wél bestaat en groot genoeg is om in negen van de tien keer gevonden te worden door wie alles weet. 1 betekent dat de studie het gemiddeld geheel terugvindt."
    )
    caption = f"Nabootsing: wat een regressie vindt als onbekend is waar het geld heen ging ({len(need)} gebieden, {len(names) * 3} verzonnen corporaties, 200 herhalingen)"
    found = data.set_index(["true", "attributed"])["found"]
    conclusion = (
        f"Wie weet waar het geld heen ging, vindt het effect in {number(100 * found['gericht', 'exact'], 0)}% van de herhalingen. Wie gericht "
        f"geld naar rato toerekent, zit gemiddeld goed maar ziet het in {number(100 * found['gericht', 'naar rato'], 0)}%: zo geen effect vinden "
        "is geen bewijs dat er geen is."
    )
    return Html(
        paragraphs([text]) + table(pd.DataFrame(lines, dtype=object), caption) + paragraphs([conclusion])
    )


def _urban(r: Report, outcome: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Need (bad is high) at the start, change until the end and city of the PC4 in the 18 cities."""
    first, last = (
        r.panel.pc4(outcome["indicator"], y, True).dropna(subset="gemeente").set_index("area")
        for y in r.window
    )
    both = first.join(last["value"].rename("last"), how="inner")
    both = both[both["gemeente"].isin(cities_in(r))].dropna()
    sign = -int(outcome["direction"])
    return (
        sign * both["value"].to_numpy(),
        (both["last"] - both["value"]).to_numpy(),
        both["gemeente"].to_numpy(),
    )


def moves(r: Report) -> Html:
    """Show where movers without work went: the flow indication of the waterbed study."""
    name = "verhuizingen"
    rows = rows_of(r, name, inside=True)
    if not len(rows):
        return absent(r, name)
    lines = []
    for (to, year), part in rows.groupby(["naar", "jaar"]):
        moved, out, people = (float(part[c].sum()) for c in ("verhuisden", "nww", "ontvangen"))
        share = monitor.wilson(int(out), int(moved))
        rate = instruments.per_thousand(out, people)
        lines.append(
            {
                "naar": to,
                "jaar": str(year),
                "verhuisden": int(moved),
                "waarvan zonder werk, % (Wilson)": put(
                    r,
                    "movers_share",
                    year,
                    share.percent,
                    "%",
                    method=to,
                    n=moved,
                    indicator=name,
                ),
                "per 1.000 inwoners van de bestemming": put(
                    r, "movers_rate", year, rate.numbers, "per duizend", method=to, n=people, indicator=name
                ),
            }
        )
    text = (
        "Een waterbed door verhuizing vraagt dat er genoeg mensen zonder werk verhuizen om de bestemming te veranderen. De laatste kolom "
        "zegt hoeveel dat er zijn op duizend mensen die daar al wonen."
    )
    return Html(
        paragraphs([text]) + table(pd.DataFrame(lines), "Verhuizingen uit de aandachtswijk naar bestemming")
    )


# ---- leefbaarheid --------------------------------------------------------------------------------------


def dimensions(r: Report) -> Html:
    """Take the change of the Leefbaarometer apart into its dimensions, which add up, and place it among all areas."""
    total = "lbm"
    names, roles = [total, *instruments.DIMENSIONS], ("wijk", r.referentie)
    labels = _labels()
    series = {n: {k: r.panel.get(n, r.roles[k]).set_index("period") for k in roles} for n in names}
    years = sorted(set.intersection(*(set(s.index) for parts in series.values() for s in parts.values())))
    years = [y for y in years if y >= r.start]
    if len(years) < 2:
        return words.open_box(
            "De bijdrage van elke dimensie aan de verandering is niet te bepalen: de dimensies zijn niet in twee jaren gemeten."
        )
    first, last = years[0], max((y for y in years if y <= r.eind), default=years[-1])
    if first >= last:
        first, last = years[0], years[-1]
    levels = [
        pd.DataFrame({y: [series[n][k].at[y, "value"] for n in names] for y in (first, last)}, index=names)
        for k in roles
    ]
    found = instruments.contributions(levels[0], levels[1], total)
    variance = {
        k: pd.Series({n: sum(series[n][k].at[y, "se"] ** 2 for y in (first, last)) for n in names})
        for k in roles
    }
    half = monitor.Z * np.sqrt(pd.DataFrame({"wijk": variance["wijk"], "reference": variance[r.referentie]}))
    half["difference"] = np.hypot(half["wijk"], half["reference"])
    half = half.reindex(found.index)  # what rounding leaves has no margin of its own
    period = f"{first}-{last}"
    lines = []
    for key, row in found.iterrows():
        cells = [
            put(
                r,
                "contribution",
                period,
                (float(row[c]), float(row[c] - half.at[key, c]), float(row[c] + half.at[key, c])),
                "punt",
                reference,
                "bijdrage",
                sign=True,
                indicator=str(key),
            )
            for c, reference in (("wijk", ""), ("reference", r.referentie), ("difference", "verschil"))
        ]
        lines.append((labels.get(str(key), "afronding en weging"), *cells))
    columns = ["dimensie", r.names["wijk"], r.names[r.referentie], "verschil"]
    caption = f"Verandering van de Leefbaarometer tussen {first} en {last}, naar dimensie (punten, 95%-marge; de rijen tellen op tot de totaalscore)"
    picture = figures.contributions(
        found.rename(index={**labels, "afronding": "afronding en weging"}).drop(index=labels[total]),
        _score_style(r, total), (r.names["wijk"], r.names[r.referentie]), (first, last),
    )  # fmt: skip
    placed = _development(r, total, (first, last), float(found.loc[total, "wijk"]))
    return Html(
        picture._repr_html_()
        + table(pd.DataFrame(lines, columns=columns, dtype=object), caption)
        + paragraphs(placed)
    )


def _labels() -> dict[str, str]:
    book = pd.read_csv(RAW / "indicatoren.csv", usecols=["indicator", "label"]).set_index("indicator")
    return book["label"].str.removeprefix("Leefbaarometer: ").to_dict()


def _score_style(r: Report, indicator: str) -> Style:
    row = r.panel.indicators.set_index("indicator").loc[indicator]
    return Style(row["label"], "punt", dutch.DIGITS["punt"], r.simulated, r.source_of(row))


def _development(r: Report, total: str, window: tuple[int, int], change: float) -> list[str]:
    """Place the change among those of all postcode areas of the country, and the level in tenths."""
    if r.panel.outcome is None or r.panel.outcome["indicator"] != total:
        return []
    first, last = (r.panel.pc4(total, y, True).set_index("area")["value"] for y in window)
    changes = (last - first).dropna()
    if len(changes) < 20:
        return []
    level = r.panel.get(total, r.roles["wijk"]).set_index("period")["value"]
    tenths = [
        max(1, int(np.ceil(10 * (every < level[y]).mean())))
        for y, every in zip(window, (first, last), strict=True)
    ]
    method = "rang onder alle postcodegebieden"
    places = [
        put(r, "tenth", y, float(tenth), "tiende deel", "", method, len(first), total)
        for y, tenth in zip(window, tenths, strict=True)
    ]
    kind = instruments.development_class(change, changes)
    return [
        f"Plaats op de landelijke ladder van tien gelijke treden (1 is laagst): trede {places[0]} in {window[0]}, trede {places[1]} in "
        f"{window[1]}. Vergeleken met alle postcodegebieden was de ontwikkeling {kind} (klassen op een halve en anderhalve "
        "standaardafwijking; de klassegrenzen van de Leefbaarometer zelf staan niet in de open bestanden)."
    ]


def survey(r: Report) -> Html:
    """Show the balance of survey questions in the wijk and the city, their difference, and the first wave against the last."""
    name = "enquete"
    form, inside = r.panel.form(name), wijken_in(r.gebied, r.panel.areas)
    if form is None:
        return absent(r, name)
    lines = []
    many = len(inside) > 1
    for area in inside:
        own, city = form[form["gebied"] == area], form[form["gebied"] == area.split("/")[0]]
        for question, part in own.groupby("vraag"):
            beside = city[city["vraag"] == question].set_index("jaar")
            waves = part.set_index("jaar")
            years = sorted(set(waves.index) & set(beside.index))
            if years:
                lines.append(_wave(r, name, area, str(question), waves, beside, (years[0], years[-1]), many))
    if not lines:
        return absent(r, name)
    frame = pd.DataFrame(lines, dtype=object)
    closing = int(sum(frame["closing"] == "kleiner"))
    counted = (
        f"In {closing} van de {len(frame)} vergelijkingen liep de wijk aantoonbaar in op de stad; door toeval alleen zouden dat er "
        f"zo'n {number(0.025 * len(frame), 0)} zijn."
        if many
        else ""
    )
    text = (
        "Het saldo is het aandeel bewoners dat verbetering ziet min het aandeel dat verslechtering ziet. De marge is de steekproeffout, "
        f"met het verlies door weging. {counted}"
    )
    shown = table(
        frame.drop(columns="closing"),
        "Saldo van oordelen van bewoners, wijk en stad (procentpunten; 95%-marge)",
    )
    return Html(paragraphs([text]) + words.fold(shown, len(frame), f"Alle {len(frame)} vergelijkingen"))


def _wave(
    r: Report, name: str, area: str, question: str, waves: pd.DataFrame, beside: pd.DataFrame, ends: tuple[int, int], many: bool
) -> dict[str, Any]:  # fmt: skip
    def balance(rows: pd.DataFrame, year: int) -> Estimate:
        row = rows.loc[year]
        design = 1.0 if pd.isna(row["ontwerpeffect"]) else row["ontwerpeffect"]
        return instruments.balance(row["beter"], row["slechter"], row["respondenten"], design)

    gaps = {y: instruments.apart(balance(waves, y), balance(beside, y)) for y in ends}
    change = instruments.apart(gaps[ends[1]], gaps[ends[0]])
    method, unit = f"{area}: {question}", "procentpunt"
    cells = {
        y: put(r, "survey_difference", y, g.numbers, unit, "stad", method, sign=True, indicator=name)
        for y, g in gaps.items()
    }
    own = put(
        r,
        "survey_balance",
        ends[1],
        balance(waves, ends[1]).numbers,
        unit,
        "",
        method,
        sign=True,
        indicator=name,
    )
    moved = put(
        r,
        "survey_change",
        "-".join(map(str, ends)),
        change.numbers,
        unit,
        "stad",
        method,
        sign=True,
        indicator=name,
    )
    closing = "kleiner" if change.lower > 0 else "groter" if change.upper < 0 else ""
    return {
        **({"wijk": area} if many else {}),
        "vraag": question,
        f"saldo in de wijk, {ends[1]}": own,
        f"verschil met de stad, {ends[0]}": cells[ends[0]],
        f"verschil met de stad, {ends[1]}": cells[ends[1]],
        "verandering": moved,
        "closing": closing,
    }
