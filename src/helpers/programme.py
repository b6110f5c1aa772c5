"""The instruments of the programme as a whole, for the overview: why these areas, what was promised, spent and judged.

Every function takes the :class:`helpers.overview.Overview` of an area, computes with ``instruments``, records what it
states and returns what a cell shows. What nobody publishes is read from a form (``forms``); without it a page says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers import dossier, figures, impact, words
from helpers.dossier import city_of, form_style, rows_of
from helpers.words import Html, paragraphs, put, table
from wijkenaanpak import RAW, dutch
from wijkenaanpak.dutch import in_unit, number, p_text
from wijkenaanpak.instruments import instruments
from wijkenaanpak.measures import monitor
from wijkenaanpak.store.panel import wijken_in

if TYPE_CHECKING:
    from helpers.overview import Overview

RATE = 0.055  # discount rate a year for public projects in these years (letter Minister of Finance, 24 September 2009)
DRAWS = 4_000
START_HEALTH = 2008.5  # plans signed by July 2008: the first year that counts as after is 2009


# ---- selection and steering ----------------------------------------------------------------------------


def selection(r: Overview) -> Html:
    """Show why these areas: their score on the 18 indicators, their place, and what returns of itself."""
    name = "achterstandsindicatoren"

    def compute() -> dict[str, Any]:
        form = r.panel.form(name)
        if form is None:
            return {"scores": None}
        values = form.set_axis(["area", "indicator", "theme", "direction", "value"], axis=1)
        return {
            "scores": instruments.selection_score(values).reset_index().to_dict("list"),
            "reliability": instruments.reliability(values),
            "indicators": values["indicator"].nunique(),
        }

    of_all = r.panel.kept(f"selectie/{name}", __name__, [], compute)
    if of_all["scores"] is None:
        return dossier.absent(r, name)
    scored = pd.DataFrame(of_all["scores"]).set_index("area")
    treated = r.panel.treated.set_index("pc4")["wijk"]
    treated = treated[treated.index.isin(scored.index)]
    own = scored[scored.index.isin(treated.index[treated.isin(wijken_in(r.gebied, r.panel.areas))])]
    if not len(own):
        return dossier.absent(r, name)
    bound = instruments.cutoff(scored["score"], len(treated))
    chosen = scored.index.isin(treated.index)
    above = scored["score"] > bound
    sure = of_all["reliability"]
    z = (scored["score"] - scored["score"].mean()) / scored["score"].std(ddof=0)
    mean = float(z[own.index].mean())
    put(r, "selection_cutoff", 2006, bound, "sd", n=len(scored), indicator=name)
    kept = put(r, "selection_mean", 2006, mean, "sd", n=len(own), indicator=name)
    back = {rho: put(r, "expected_rebound", 2006, instruments.expected_rebound(mean, rho), "sd", method=f"betrouwbaarheid {number(rho, 2)}", indicator=name)
            for rho in (0.9, 0.7, round(sure, 2))}  # fmt: skip
    below, missed = int((chosen & ~above).sum()), int((above & ~chosen).sum())
    sentences = [
        f"Op de {of_all['indicators']} indicatoren van de selectie lagen de {len(own)} postcodegebieden van {r.names['wijk']} gemiddeld "
        f"{kept} standaardafwijkingen boven het landelijk gemiddelde (hoger is slechter), onder {number(len(scored), 0)} gebieden.",
        f"Wie op een slechte meting kiest, ziet daarna vanzelf herstel. Bij een betrouwbaarheid van 0,9 is dat {back[0.9]} standaardafwijking zonder "
        f"enig beleid, bij 0,7 {back[0.7]}; uit de samenhang van de indicatoren (Cronbachs alfa) volgt {number(sure, 2)}, en dus {back[round(sure, 2)]}.",
    ]
    if r.gebied == "Nederland":
        put(r, "non_compliers", 2006, float(below + missed), "aantal", n=len(treated), indicator=name)
        sentences.append(
            f"De lijst volgde de score niet geheel: {below} aangewezen gebieden hebben een lagere score dan de grens, en {missed} gebieden met een "
            "hogere score werden geen aandachtswijk. Daarom is een vergelijking net boven en net onder de grens hier geen proef."
        )
        lines = _selection_by_wijk(r, name, scored, treated)
        return Html(paragraphs(sentences) + words.fold(lines, 40, "De score van elke wijk"))
    themes = [c for c in scored if c not in ("score", "rank")]
    rows = []
    for area, row in own.sort_values("rank").iterrows():
        record: dict[str, Any] = {"method": f"postcode {area}", "indicator": name}
        rows.append(
            {
                "postcode": str(area),
                "wijk": treated[area].split("/", 1)[1],
                "score": put(r, "selection_score", 2006, float(row["score"]), "sd", **record),
                "rang": put(r, "selection_rank", 2006, float(row["rank"]), "aantal", **record),
                "boven de grens": put(
                    r, "selection_margin", 2006, float(row["score"] - bound), "sd", sign=True, **record
                ),
                **{t: number(row[t], 2) for t in themes},
            }
        )
    frame = pd.DataFrame(rows, dtype=object)
    if len(set(frame["wijk"])) == 1:
        frame = frame.drop(columns="wijk")
    caption = f"Selectiescore per postcodegebied (som van {len(themes)} thema's, in standaardafwijkingen; rang 1 is het slechtst van {len(scored)})"
    return Html(paragraphs(sentences) + table(frame, caption))


def _selection_by_wijk(r: Overview, name: str, scored: pd.DataFrame, treated: pd.Series) -> Html:
    joined = scored.loc[treated.index].assign(wijk=treated)
    rows = []
    for wijk, part in sorted(joined.groupby("wijk"), key=lambda p: -p[1]["score"].mean()):
        record: dict[str, Any] = {"method": f"wijk {wijk}", "n": len(part), "indicator": name}
        rows.append(
            {
                "wijk": wijk,
                "postcodegebieden": len(part),
                "gemiddelde score": put(
                    r, "selection_score", 2006, float(part["score"].mean()), "sd", **record
                ),
                "beste rang": int(part["rank"].min()),
                "slechtste rang": int(part["rank"].max()),
            }
        )
    return table(pd.DataFrame(rows), "Selectiescore per wijk, het slechtst eerst (rang 1 is het slechtst)")


# Indications of the waterbed study, the question whose outcome they are read on, and the key of the count.
WATERBED = (
    ("1a. De buren bleven gemiddeld achter", "leefbaarheid", "beside"),
    ("1b. De meeste buren bleven achter", "leefbaarheid", "many"),
    ("1c. Ten minste één gebied bleef ver achter", "leefbaarheid", "one"),
    ("2a. Er kwamen meer mensen zonder werk", "werk", "beside"),
    ("2c. Het werd er onveiliger", "veiligheid", "beside"),
)

MOVED = "2b. Er verhuisden veel mensen zonder werk heen"


def waterbed(r: Overview) -> Html:
    """Count the indications of displacement beside the wijken, against chance; for a wijk, say which it has."""
    found = {
        (label, q, key): r.parts[q].effect["waterbed"]
        for label, q, key in WATERBED
        if q in r.estimated and r.parts[q].effect["waterbed"]
    }
    flows = _many_movers(r)
    if not found and flows is None:
        return words.open_box(
            "Of het probleem naar de buren verschoof, is niet te zien: daarvoor is een kaart van de postcodegebieden nodig."
        )
    text = (
        "Verschoof het probleem naar de buren? De waterbedstudie (RIGO, 2009 en 2011) telde zes aanwijzingen, maar zei niet hoeveel er door toeval "
        "zouden zijn. Achter is een halve standaardafwijking achter bij de rest van de stad, ver achter een hele."
    )
    if r.gebied != "Nederland":
        return _waterbed_here(r, text, found, flows)
    lines = []
    for (label, question, key), counts in found.items():
        part = r.parts[question]
        record: dict[str, Any] = {
            "method": label,
            "n": counts["wijken"],
            "indicator": part.panel.outcome["indicator"],
        }
        when = impact.period(part)
        expected = tuple(counts[f"{key}_{end}"] for end in ("expected", "low", "high"))
        lines.append(
            {
                "aanwijzing": label,
                "gemeten aan": part.panel.outcome["label"],
                "wijken": f"{put(r, 'waterbed', when, float(counts[key]), 'aantal', **record)} van {counts['wijken']}",
                "door toeval alleen (95%)": put(r, "waterbed_chance", when, expected, "aantal", **record),
                "oordeel": "meer dan toeval" if counts[f"{key}_p"] < 0.01 else "minder dan toeval" if counts[key] < expected[1] else "past bij toeval",
            }
        )  # fmt: skip
    if flows is not None:
        n = len(flows)
        record = {
            "method": MOVED,
            "n": n,
            "indicator": "verhuizingen",
        }
        lines.append(
            {
                "aanwijzing": record["method"],
                "gemeten aan": "verhuizingen naar aangrenzende gebieden",
                "wijken": f"{put(r, 'waterbed', 2009, float(flows.sum()), 'aantal', **record)} van {n}",
                "door toeval alleen (95%)": number(0.31 * n, 0),
                "oordeel": "een halve standaardafwijking boven het gemiddelde is bij een normale verdeling altijd 31%",
            }
        )
    shown = table(
        pd.DataFrame(lines).sort_values("aanwijzing", kind="stable"),
        "Wijken met een aanwijzing voor een waterbed, en hoeveel het er door toeval alleen zouden zijn (vijf toetsen: pas bij p < 0,01 meer dan toeval)",
    )
    return Html(paragraphs([text]) + shown + _correlations(r))


def _many_movers(r: Overview) -> pd.Series | None:
    """Tell for each wijk whether many people without work moved to its neighbours: above the mean by half a standard deviation."""
    form = r.panel.form("verhuizingen")
    if form is None:
        return None
    beside = form[form["naar"] == "aangrenzend"]
    latest = beside.sort_values("jaar").groupby("gebied").last()
    rate = latest["nww"] / latest["ontvangen"]
    return rate > rate.mean() + 0.5 * rate.std()


def _waterbed_here(
    r: Overview, text: str, found: dict[tuple[str, str, str], Any], flows: pd.Series | None
) -> Html:
    wijken = wijken_in(r.gebied, r.panel.areas)
    lines = []
    for wijk in wijken:
        flagged = [label for (label, _, key), counts in found.items() if wijk in counts[f"{key}_wijken"]]
        if flows is not None and flows.get(wijk, False):
            flagged.append(MOVED)
        shown = "; ".join(sorted(flagged)) or "geen"
        lines.append({"wijk": wijk.split("/", 1)[1], "aanwijzingen naast deze wijk": shown})
    after = "Eén wijk kan een aanwijzing hebben door toeval; het overzicht van Nederland zegt hoeveel dat er zijn."
    return Html(
        paragraphs([text])
        + table(pd.DataFrame(lines), "Aanwijzingen voor een waterbed")
        + paragraphs([after])
    )


def _correlations(r: Overview) -> str:
    part = r.parts["leefbaarheid"]
    rows = [] if part.effect["reason"] else part.effect["search_areas"]
    if not rows:
        return ""
    when, name = impact.period(part), part.panel.outcome["indicator"]
    lines = [
        {
            "zoekgebied": row["search"],
            "samenhang (95%-interval)": put(
                r, "search_correlation", when, impact.numbers_of(row), "index", row["search"], n=row["n"], indicator=name, sign=True
            ),
            "steden": row["n"],
            "gebieden": row["areas"],
            "past bij": "verplaatsing" if row["upper"] < 0 else "samen op en neer" if row["lower"] > 0 else "geen van beide aantoonbaar",
        }
        for row in rows
    ]  # fmt: skip
    caption = "Ging het goed in de wijken en slecht waar hun problemen heen konden? Samenhang over steden van de ontwikkeling (−1 tot 1; verplaatsing geeft een negatieve)"
    return table(pd.DataFrame(lines), caption)


def charters(r: Overview) -> Html:
    """Set the goals of the charters against what was delivered for them: four cases, four decisions."""
    name = "charters"
    rows = rows_of(r, name, inside=True)
    if not len(rows):
        return dossier.absent(r, name)
    found = instruments.goals_and_output(rows)
    counts = found.groupby(["reached", "delivered"]).size()
    cells = {
        key: put(r, "charter_goals", int(found["jaar"].max()), float(counts.get(key, 0)), "aantal", method=text, n=len(found), indicator=name)
        for key, text in instruments.DECISIONS.items()
    }  # fmt: skip
    square = pd.DataFrame(
        {
            "resultaat": ["doel op koers", "doel achter"],
            "alle activiteiten geleverd": [
                f"{cells[True, True]}: volhouden",
                f"{cells[False, True]}: het plan aanpassen",
            ],
            "niet alle geleverd": [
                f"{cells[True, False]}: nagaan waardoor",
                f"{cells[False, False]}: uitvoering veiligstellen",
            ],
        },
        dtype=object,
    )
    text = (
        f"Het Actieplan Krachtwijken (2007) stelde drie vragen: zijn de doelen gehaald, zijn de activiteiten geleverd, en zo ja zonder resultaat, is "
        f"het plan dan aangepast? Van de {len(found)} doelen liggen er {int(found['reached'].sum())} op koers; bij {int(found['delivered'].sum())} is alles "
        "geleverd. Een doel op koers zonder de activiteiten kwam niet door de activiteiten."
    )
    shown = table(
        square,
        f"Doelen van de charters naar resultaat en uitvoering, {int(found['jaar'].max())} (aantal doelen)",
    )
    if "/" not in r.gebied:
        return Html(paragraphs([text]) + shown)
    lines = []
    for row in found.itertuples():
        record: dict[str, Any] = {"method": row.doel, "indicator": name}
        lines.append(
            {
                "doel": f"{row.doel} ({row.eenheid})",
                "begin": number(row.beginwaarde, 1),
                "doel ": f"{number(row.streefwaarde, 1)} in {row.jaar_doel}",
                f"in {row.jaar}": number(row.waarde, 1),
                "afgelegd": f"{put(r, 'charter_done', row.jaar, 100 * row.done, '%', **record)}%",
                "nodig": f"{number(100 * row.due, 0)}%",
                "geleverd": f"{int(row.geleverd)} van {int(row.beloofd)}",
                "besluit": row.decision,
            }
        )
    return Html(
        paragraphs([text]) + shown + table(pd.DataFrame(lines, dtype=object), "De doelen van het charter")
    )


def output(r: Overview) -> Html:
    """Show what was delivered of what was planned, by theme."""
    name = "output"
    rows = rows_of(r, name, inside=True)
    if not len(rows):
        return dossier.absent(r, name)
    found = instruments.delivery(rows)
    lines = []
    for theme, row in found.iterrows():
        record: dict[str, Any] = {"method": str(theme), "n": row["actions"], "indicator": name}
        lines.append(
            {
                "thema": theme,
                "activiteiten": int(row["actions"]),
                "geheel geleverd": int(row["complete"]),
                "geleverd, gemiddeld (%)": put(r, "delivery_rate", "", 100 * row["rate"], "%", **record),
                "geleverd, naar geld (%)": put(
                    r, "delivery_rate_euro", "", 100 * row["rate_euro"], "%", **record
                ),
                "euro": put(r, "spent", "", float(row["euro"]), "euro", **record),
            }
        )
    scale = rows_of(r, "schaal", inside=True)
    people = scale.groupby("gebied")["inwoners"].last().sum() if len(scale) else np.nan
    each = ""
    if people > 0:
        amount = put(
            r,
            "euro_per_inhabitant",
            "",
            float(found.at["totaal", "euro"] / people),
            "euro",
            n=people,
            indicator=name,
        )
        each = f" Volgens deze opgave is het {amount} euro per inwoner."
    text = (
        "Wat er is gedaan, zegt nog niet wat het opleverde; zonder deze stand is een uitblijvend effect niet te duiden."
        + each
    )
    caption = "Uitvoering: geleverd van wat gepland was (meer dan gepland telt als alles)"
    return Html(paragraphs([text]) + table(pd.DataFrame(lines), caption))


# ---- money, participation, scale -----------------------------------------------------------------------


def money(r: Overview) -> Html:
    """Show the public amounts set for the area, and whether the published budgets of residents add up."""
    efforts = pd.read_csv(RAW / "investeringen.csv")
    payments = pd.read_csv(RAW / "uitkeringen.csv").set_index("gemeente")
    own = efforts[efforts["area"].isin(wijken_in(r.gebied, r.panel.areas))]
    yearly = put(
        r,
        "extra_effort",
        "2008-2017",
        float(own["additional_effort_mln_eur"].sum()),
        "miljoen euro",
        n=len(own),
        indicator="investeringen",
    )
    sentences = [
        f"Corporaties zouden zich voor {r.names['wijk']} elk jaar {yearly} miljoen euro extra inspannen (Besluit Centraal Fonds voor de Volkshuisvesting, "
        "bijlage). Dat is het bedrag dat de rijksoverheid vaststelde; hoeveel er in de wijk is besteed, is niet gepubliceerd."
    ]
    cities = payments.index if r.gebied == "Nederland" else [city_of(r)]
    paid = payments.loc[cities, ["payment_2008_eur", "payment_2009_eur", "payment_2010_eur"]].sum()
    total = put(
        r, "state_payment", "2008-2010", float(paid.sum()), "euro", method="gemeente", indicator="uitkeringen"
    )
    whose = (
        "de 18 gemeenten"
        if r.gebied == "Nederland"
        else f"de gemeente {city_of(r)}, voor al haar aandachtswijken samen,"
    )
    sentences.append(
        f"Het rijk betaalde {whose} in 2008 tot en met 2010 {total} euro voor de wijkactieplannen."
    )
    if r.gebied != "Nederland":
        return Html(paragraphs(sentences) + residents_budget(r))
    budget = instruments.reconcile(pd.read_csv(RAW / "bewonersbudgetten.csv"))
    lines = [
        {
            "jaar": str(year),
            "delen samen": put(
                r, "budget_parts", year, float(row["parts"]), "miljoen euro", indicator="bewonersbudgetten"
            ),
            "gepubliceerd totaal": put(
                r, "budget_total", year, float(row["total"]), "miljoen euro", indicator="bewonersbudgetten"
            ),
            "oordeel": row["verdict"],
        }
        for year, row in budget.iterrows()
    ]
    sentences.append(
        "De bewonersbudgetten van 2011 sluiten alleen als “minder dan 10 miljoen” voor tien telt, dus met de 0,512 miljoen voor ondersteuning erbij."
    )
    caption = "Bewonersbudgetten van de 40 wijken en de G31/40+ (miljoen euro, Voortgangsrapportage 2010): tellen de delen op?"
    return Html(paragraphs(sentences) + table(pd.DataFrame(lines), caption) + residents_budget(r))


def residents_budget(r: Overview) -> Html:
    """Show how much of the residents' budget was used, and per inhabitant."""
    name = "bewonersbudget"
    rows = rows_of(r, name, inside=True)
    if not len(rows):
        return dossier.absent(r, name)
    lines = []
    for year, part in rows.groupby("jaar"):
        budget, given, count, people = (
            float(part[c].sum()) for c in ("budget", "toegekend", "initiatieven", "inwoners")
        )
        lines.append(
            {
                "jaar": str(year),
                "budget (euro)": put(r, "budget_residents", year, budget, "euro", indicator=name),
                "benut (%)": put(
                    r, "budget_used", year, 100 * given / budget if budget else np.nan, "%", indicator=name
                ),
                "initiatieven": int(count),
                "euro per inwoner": put(
                    r, "budget_per_inhabitant", year, budget / people, "bedrag", n=people, indicator=name
                ),
            }
        )
    return table(pd.DataFrame(lines), f"Bewonersbudget van {r.names['wijk']}")


def quality_card(r: Overview) -> Html:
    """Show how residents graded their say: weighted grade and rank per city, and the change of all cities together."""
    name = "kwaliteitskaart"
    form = r.panel.form(name)
    if form is None:
        return dossier.absent(r, name)
    found = instruments.grades(form)
    years = sorted(found["jaar"].unique())
    wide = found.pivot_table("grade", "gebied", "jaar")
    cities = list(wide.index) if r.gebied == "Nederland" else [c for c in wide.index if c == city_of(r)]
    if not cities:
        return dossier.absent(r, name, city_of(r))
    lines = []
    for city in cities:
        line: dict[str, Any] = {"stad": city}
        for year in years:
            row = found[(found["gebied"] == city) & (found["jaar"] == year)]
            if len(row):
                grade = put(
                    r,
                    "grade",
                    year,
                    float(row["grade"].iloc[0]),
                    "rapportcijfer",
                    method=city,
                    indicator=name,
                )
                line[str(year)] = f"{grade} (plaats {row['rank'].iloc[0]} van {row['of'].iloc[0]})"
        lines.append(line)
    text = "Bewoners gaven een cijfer aan hoe zij bij de aanpak werden betrokken; onderdelen tellen naar hun gewicht."
    if len(years) > 1:
        change, p, n = instruments.paired_change(wide[years[0]], wide[years[-1]])
        if not change.reason:
            shown = put(
                r,
                "grade_change",
                f"{years[0]}-{years[-1]}",
                change.numbers,
                "rapportcijfer",
                method="Wilcoxon, paren",
                n=n,
                sign=True,
                indicator=name,
            )
            text += (
                f" Tussen {years[0]} en {years[-1]} veranderde het cijfer over alle {n} steden {shown} (mediaan, 95%-interval; rangtekentoets van "
                f"Wilcoxon, p {p_text(p)}). Wie bij een laag cijfer begint, stijgt ook zonder verbetering iets."
            )
    frame = pd.DataFrame(lines, dtype=object).fillna("geen cijfer")
    shown_table = table(frame, "Kwaliteitskaart bewonersparticipatie: gewogen cijfer (1–10)")
    return Html(paragraphs([text]) + words.fold(shown_table, len(lines), f"De {len(lines)} steden"))


def practices(r: Overview) -> Html:
    """Judge practices in the city by the 4+1 model, and say how far raters agree."""
    name = "praktijken"
    form = r.panel.form(name)
    if form is None:
        return dossier.absent(r, name)
    own = form if r.gebied == "Nederland" else form[form["gebied"].isin({city_of(r), r.gebied})]
    if not len(own):
        return dossier.absent(r, name, city_of(r))
    found = instruments.practice_score(own)
    agreement = instruments.kappa(form)
    counts = found["advice"].value_counts()
    told = ", ".join(
        f"{put(r, 'practices', '', float(counts.get(k, 0)), 'aantal', method=k, n=len(found), indicator=name)} {k}"
        for k in ("behouden", "verbeteren", "stoppen")
    )
    text = (
        f"Het 4+1-model noemt vier eisen aan een goede praktijk (werkzame aanpak, gemeten effect, vitale coalitie, ondernemer met mandaat) en één extra: "
        f"de baten zijn te verzilveren. Van de {len(found)} beoordeelde praktijken: {told}. "
        f"Beoordelaars waren het boven toeval eens met een kappa van {put(r, 'kappa', '', agreement.numbers, 'index', n=len(form), indicator=name)} (0 is toeval, 1 volledig)."
    )
    if r.gebied == "Nederland":
        return Html(paragraphs([text]))
    rows = [
        {
            "praktijk": praktijk,
            "eisen gehaald": f"{put(r, 'practice_score', '', float(row['score']), 'aantal', method=praktijk, n=row['raters'], indicator=name)} van 4",
            "baten te verzilveren": "ja" if row["bonus"] else "nee",
            "beoordelaars": int(row["raters"]),
            "advies": row["advice"],
        }
        for praktijk, row in found.iterrows()
    ]
    return Html(
        paragraphs([text])
        + table(pd.DataFrame(rows), "Praktijken langs het 4+1-model (meerderheid van de beoordelaars)")
    )


def scale(r: Overview) -> Html:
    """Set the size of the wijk beside what the Visitatiecommissie called workable; for Nederland test whether it matters."""
    name = "schaal"
    rows = rows_of(r, name, inside=True)
    if not len(rows):
        return dossier.absent(r, name)
    latest = rows.sort_values("jaar").groupby("gebied").last()
    big = instruments.large(latest)
    rule = "De Visitatiecommissie (2011) hield 10.000 inwoners en 4.000 woningen aan als grens waaronder een wijkaanpak werkt."
    if r.gebied != "Nederland":
        lines = [
            {
                "wijk": area.split("/", 1)[1],
                **{
                    what: put(
                        r, measure, int(row["jaar"]), float(row[what]), "aantal", method=area, indicator=name
                    )
                    for what, measure in (("inwoners", "inhabitants"), ("woningen", "dwellings"))
                },
                "boven de grens": "ja" if big[area] else "nee",
            }
            for area, row in latest.iterrows()
        ]
        return Html(paragraphs([rule]) + table(pd.DataFrame(lines), "De schaal van de wijk"))
    lines = []
    for question, part in r.parts.items():
        wijken = part.wijken((r.referentie,)).set_index("area")["estimate"].dropna()
        known = wijken[wijken.index.isin(big.index)]
        if len(known) < 6:
            continue
        above = big[known.index].to_numpy()
        found = monitor.difference(known[above], known[~above])
        if found.reason:
            continue
        unit, period = part.gap_unit, "-".join(map(str, part.window))
        shown = put(
            r,
            "scale_difference",
            period,
            found.numbers,
            unit,
            r.referentie,
            "Welch",
            len(known),
            part.indicator["indicator"],
            sign=True,
        )
        lines.append(
            {
                "vraag": question.capitalize(),
                "grote wijken": int(above.sum()),
                "kleine wijken": int((~above).sum()),
                "verschil in verandering (95%-marge)": f"{shown} {unit}",
                "te zien vanaf": f"{in_unit(2.8 * found.se, unit)} {unit}",
                "oordeel": "geen verschil aangetoond" if found.lower <= 0 <= found.upper else "groot liep minder in" if found.estimate > 0 else "groot liep meer in",
            }
        )  # fmt: skip
    if not lines:
        return Html(paragraphs([rule]))
    text = f"{rule} Van de {len(big)} wijken lagen er {int(big.sum())} boven. Liepen die minder in? Het is de ene toets die de commissie zelf aanreikt; wijken als onafhankelijk behandeld."
    return Html(
        paragraphs([text])
        + table(
            pd.DataFrame(lines),
            "Verandering van de achterstand: grote min kleine wijken (plus is: grote liepen minder in)",
        )
    )


# ---- 40+, visitation, health, value (Nederland) --------------------------------------------------------


def later_wijken(r: Overview) -> Html:
    """Show the awards to the 40+ wijken, and what the criteria and the rule of priority give on the applications."""
    awards = pd.read_csv(RAW / "wijken_40plus.csv")
    counts = awards["tranche"].value_counts().sort_index()
    if r.gebied != "Nederland":
        own = awards[awards["gemeente"] == city_of(r)]
        text = (
            f"{city_of(r)} kreeg ook budget voor een 40+-wijk: "
            + "; ".join(f"{row.wijk} ({'2009' if row.tranche == 1 else '2010'})" for row in own.itertuples())
            + "."
            if len(own)
            else f"{city_of(r)} kreeg geen budget voor een 40+-wijk."
        )
        return Html(paragraphs([text]))
    cells = [
        put(r, "awards", year, float(counts[t]), "aantal", method=f"tranche {t}", indicator="wijken_40plus")
        for t, year in ((1, 2009), (2, 2010))
    ]
    both = put(
        r, "awards", "2009-2010", float(counts.sum()), "aantal", method="samen", indicator="wijken_40plus"
    )
    text = (
        f"Naast de 40 wijken kregen in 2009 {cells[0]} en in 2010 {cells[1]} aanvragen geld voor een 40+-wijk, samen {both} in "
        f"{awards['gemeente'].nunique()} gemeenten. Die later gestarte wijken zijn in het effect een vergelijkingsgroep."
    )
    form = r.panel.form("aanvragen_40plus")
    if form is None:
        return Html(paragraphs([text]) + dossier.absent(r, "aanvragen_40plus"))
    lines = []
    for tranche, part in form.groupby("tranche"):
        found = instruments.award(part, 30.0)  # 60 million in two tranches (letter Van der Laan 2009)
        given = found[found["awarded"]]
        record: dict[str, Any] = {"method": f"nagerekend, tranche {tranche}", "indicator": "aanvragen_40plus"}
        lines.append(
            {
                "tranche": str(tranche),
                "aanvragen": len(found),
                "toegekend": put(
                    r, "awards", f"20{8 + int(tranche):02d}", float(len(given)), "aantal", **record
                ),
                "laagste score die kreeg": number(given["score"].min(), 1),
                "hoogste score die niets kreeg": number(found.loc[~found["awarded"], "score"].max(), 1),
                "over (miljoen euro)": number(found["left"].iloc[-1], 1),
            }
        )
    caption = "De vijf criteria en de voorrangsregel toegepast op de aanvragen van het formulier, 30 miljoen euro per tranche"
    after = (
        "Een aanvraag met een hogere score kan achter het net vissen door de voorrangsregel: eerst gemeenten zonder krachtwijk, in de tweede ronde eerst "
        "buiten de G31. De volgorde hangt dus niet alleen van de problemen af."
    )
    return Html(paragraphs([text]) + table(pd.DataFrame(lines), caption) + paragraphs([after]))


def visitation(r: Overview) -> Html | None:
    """Track the fifteen recommendations of the Visitatiecommissie: which came back in the letter of 2012 (Nederland only)."""
    if r.gebied != "Nederland":
        return None
    data = pd.read_csv(RAW / "aanbevelingen.csv", keep_default_na=False)
    came = data["vervolg_2012"] == "genoemd"
    share = monitor.wilson(int(came.sum()), len(data))
    shown = put(
        r,
        "follow_up",
        2012,
        share.percent,
        "%",
        method="Wilson",
        n=len(data),
        indicator="aanbevelingen",
    )
    text = (
        f"De Visitatiecommissie deed in 2011 {len(data)} aanbevelingen. Van {int(came.sum())} noemt de kabinetsbrief van najaar 2012 een vervolg ({shown}%). "
        "Of dat vervolg er kwam en hielp, staat er niet bij; genoemd is niet uitgevoerd. Zonder vervolg bleven vooral wat het plannen en leren moest sluiten: "
        "toetsbare doelen, criteria om te stoppen, en een evaluerende ronde."
    )
    rows = [
        {"nr.": str(row.nummer), "aanbeveling, samengevat": row.kern, "aan": row.gericht_aan,
         "in de brief van 2012": f"genoemd: “{row.phrase_2012}”" if row.vervolg_2012 == "genoemd" else "niet genoemd"}
        for row in data.itertuples()
    ]  # fmt: skip
    shown_table = table(
        pd.DataFrame(rows),
        "De vijftien aanbevelingen van de Visitatiecommissie (2011) en wat de kabinetsbrief van 2012 ervan noemt",
    )
    return Html(paragraphs([text]) + words.fold(shown_table, len(rows), "De vijftien aanbevelingen"))


def health(r: Overview) -> Html:
    """Show the newborns that need extra care, and for Nederland whether health took another course (interrupted series)."""
    part = r.parts["leefbaarheid"]
    window = part.window_of("pasgeborenen")
    sentences = []
    if window:
        own, land = (
            part.panel.get("pasgeborenen", part.roles[k]).set_index("period") for k in ("wijk", "nederland")
        )
        gap = monitor.gaps(own.reset_index(), land.reset_index(), -1, "lineair", True)
        cells = []
        for year in window:
            row = gap.loc[year]
            shown = put(
                r,
                "gap",
                year,
                (row["gap"], row["lower"], row["upper"]),
                "procentpunt",
                "nederland",
                indicator="pasgeborenen",
                sign=True,
            )
            relative = put(
                r, "relative_gap", year, tuple(100 * (row[c] - 1) for c in ("index", "index_lower", "index_upper")), "procent", "nederland",
                indicator="pasgeborenen", sign=True,
            )  # fmt: skip
            cells.append(f"in {year} {shown} procentpunt, ofwel {relative} procent")
        sentences.append(
            f"Pasgeborenen die extra zorg nodig hebben: {r.names['wijk']} verschilde van Nederland {cells[0]}, en {cells[1]} (plus is ongunstiger). Absoluut en relatief "
            "kunnen uiteenlopen als het landelijke aandeel zelf daalt."
        )
    else:
        sentences.append("Over pasgeborenen die extra zorg nodig hebben is er geen reeks van twee jaren.")
    form = r.panel.form("gezondheid")
    if r.gebied != "Nederland":
        return Html(
            paragraphs(
                [
                    *sentences,
                    "Enquêtes naar gezondheid zijn te klein voor één wijk; zie het overzicht van Nederland.",
                ]
            )
        )
    if form is None:
        return Html(paragraphs(sentences) + dossier.absent(r, "gezondheid"))
    lines = []
    for outcome, rows in form.groupby("uitkomst"):
        wide = rows.pivot_table("waarde", "jaar", "groep")
        for other in ("vergelijkbare wijken", "rest van Nederland"):
            if not {"aandachtswijken", other} <= set(wide):
                continue
            found = instruments.interrupted(wide["aandachtswijken"] - wide[other], START_HEALTH)
            if not len(found):
                continue
            record: dict[str, Any] = {
                "method": f"onderbroken tijdreeks, {outcome}",
                "n": found["n"].iloc[0],
                "indicator": "gezondheid",
            }
            tested = {
                k: put(
                    r,
                    f"health_{k}",
                    "vanaf 2009",
                    tuple(found.loc[k, ["estimate", "lower", "upper"]]),
                    "procentpunt",
                    other,
                    sign=True,
                    **record,
                )
                for k in ("step", "slope")
            }
            lines.append(
                {
                    "uitkomst": outcome,
                    "ten opzichte van": other,
                    "sprong in 2009 (95%-interval)": tested["step"],
                    "verandering van tempo, per jaar": tested["slope"],
                    "p": in_unit(found.loc["slope", "p"], "p-waarde"),
                    "jaren": int(found["n"].iloc[0]),
                }
            )
    caption = "Gezondheid: veranderde het verschil met andere wijken na de start? Onderbroken tijdreeks van het verschil (procentpunten; Newey-West). Plus is ongunstiger."
    after = "Ter vergelijking: URBAN40 vond geen verschil met vergelijkbare wijken in algemene en geestelijke gezondheid (Ruijsbroek c.s. 2017)."
    return Html(
        paragraphs(sentences) + (table(pd.DataFrame(lines), caption) if lines else "") + paragraphs([after])
    )


def value(r: Overview) -> Html | None:
    """Weigh costs and benefits by stakeholder over the doubt about the effect, and pay out the social bonds."""
    rows = rows_of(r, "mkba")
    if not len(rows):
        return dossier.absent(r, "mkba") if r.gebied == "Nederland" else None
    rows = rows.assign(indicator=rows["indicator"].fillna("")).sort_values(
        ["eerste_jaar", "post"], kind="stable"
    )
    effects, unknown = _effects(r, set(rows["indicator"]) - {""})
    used = rows[~rows["indicator"].isin(unknown)]
    if not (used["indicator"] != "").any():
        return words.open_box(
            "Kosten en baten zijn niet af te wegen: van geen van de uitkomsten in het formulier mkba.csv is het effect te schatten."
        )
    base = int(used["eerste_jaar"].min())
    draws = instruments.net_present_value(used, effects, RATE, base)
    million = draws / 1e6
    record: dict[str, Any] = {"method": "Monte Carlo over het effect", "n": len(draws), "indicator": "mkba"}
    lines = []
    for who in million:
        sure = float(np.ptp(million[who])) == 0  # a fixed amount does not hang on the effect
        low, high = (np.nan, np.nan) if sure else np.quantile(million[who], [0.025, 0.975])
        mean = (float(million[who].mean()), float(low), float(high))
        cell = put(r, "npv", base, mean, "miljoen euro", who, sign=True, **record)
        chance = put(r, "npv_positive", base, float((million[who] > 0).mean()), "kans", who, **record)
        lines.append(
            {
                "partij": who,
                f"netto contante waarde, miljoen euro van {base} (95%-marge)": cell,
                "kans dat het saldo positief is": chance,
            }
        )
    probability = float((million["totaal"] > 0).mean())
    text = (
        f"Kosten en baten, contant gemaakt met {number(100 * RATE, 1)}% per jaar. De baten volgen uit de geschatte effecten in deze rapporten maal de kengetallen van het "
        f"formulier; de marge komt alleen uit de onzekerheid van die effecten ({number(DRAWS, 0)} trekkingen), niet uit die van de kengetallen. De kans dat het saldo positief "
        f"is, is {in_unit(probability, 'kans')}. "
    )
    ratio = _benefit_cost(used, effects, base)
    if ratio is not None:
        shown = put(r, "benefit_cost", base, ratio, "verhouding", **record)
        text += f"Per euro kosten is er {shown} euro aan baten; zo'n multiplier is niet los van de kengetallen te lezen (Zijlstra Center, 2010)."
    if unknown:
        text += f" Niet meegeteld, omdat het effect niet te schatten is: {', '.join(sorted(unknown))}."
    picture = figures.spread(
        million["totaal"], form_style(r, "netto contante waarde", "miljoen euro", "mkba")
    )
    return Html(
        picture._repr_html_()
        + paragraphs([text])
        + table(pd.DataFrame(lines), "Wie betaalt, wie heeft de baat")
        + bonds(r)
    )


def _benefit_cost(posts: pd.DataFrame, effects: pd.DataFrame, base: int) -> tuple[float, float, float] | None:
    """Benefits over costs: mean and 95% of the draws; None without fixed costs."""
    cost = (posts["indicator"] == "") & (posts["bedrag"] < 0)
    if not cost.any():
        return None
    parts = [
        instruments.net_present_value(posts[mask], effects, RATE, base)["totaal"] for mask in (~cost, cost)
    ]
    ratio = parts[0] / -parts[1]
    low, high = np.quantile(ratio, [0.025, 0.975])
    return float(ratio.mean()), float(low), float(high)


def _effects(r: Overview, wanted: set[str]) -> tuple[pd.DataFrame, set[str]]:
    """Draw the national effects on the outcomes that posts ask for; name those that could not be estimated."""
    rng = np.random.default_rng(r.seed)
    found = {}
    for part in r.estimated.values():
        indicator = part.effect["indicator"]
        if indicator not in wanted:
            continue
        main = impact.main_design(part)
        se = (main["upper"] - main["lower"]) / (2 * monitor.Z)
        found[indicator] = main["estimate"] + se * rng.standard_normal(DRAWS)
    frame = pd.DataFrame(found, index=range(DRAWS))
    return frame, wanted - set(found)


def bonds(r: Overview) -> Html:
    """Show what each social bond would pay out, given the interval of the effect it is about."""
    rows = rows_of(r, "obligaties")
    if not len(rows):
        return dossier.absent(r, "obligaties")
    known = {p.effect["indicator"]: p for p in r.estimated.values()}
    lines = []
    for row in rows.itertuples():
        part = known.get(row.indicator)
        if part is None:
            lines.append(
                {
                    "obligatie": row.naam,
                    "uitkomst": row.indicator,
                    "effect (95%-marge)": "niet te schatten",
                    "uitbetaling, euro": "alleen de hoofdsom",
                }
            )
            continue
        main = impact.main_design(part)
        direction = int(part.panel.outcome["direction"])
        amount = instruments.bond(
            row.hoofdsom, row.rente / 100, int(row.jaren), main["lower"], main["upper"], direction
        )
        effect = dutch.with_interval(*impact.numbers_of(main), part.effect_unit, True)
        paid = put(r, "bond_payout", "", float(amount), "euro", method=row.naam, indicator="obligaties")
        lines.append(
            {
                "obligatie": row.naam,
                "uitkomst": part.panel.outcome["label"],
                "effect (95%-marge)": f"{effect} {part.effect_unit}",
                "uitbetaling, euro": paid,
            }
        )
    caption = "Sociale obligaties: de hoofdsom terug, met rente alleen als de marge van het effect nul uitsluit en het gunstig is"
    return table(pd.DataFrame(lines, dtype=object), caption)
