"""Of every measure the formula, when it misleads and where the method comes from, by family; the page on methods shows it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Family:
    """Measures that are read together.

    Attributes
    ----------
    title : str
    misleads : str
        When to be careful with any of them; Dutch, for the reader.
    source : str
        Where the method comes from.
    formulas : dict of str to str
        By key of ``measures.MEASURES``; empty where the definition says it all.
    """

    title: str
    misleads: str
    source: str
    formulas: dict[str, str] = field(default_factory=dict)


FAMILIES = (
    Family(
        "Hoe staat het gebied ervoor",
        "Een niveau zegt niets over de achterstand: ook de rest van de stad beweegt. Bij kleine noemers springt een aandeel van jaar "
        "tot jaar. Een index is groot als de referentie klein is, ook bij een klein verschil.",
        "CBS, Outcomemonitor Wijkenaanpak (2008–2014)",
        {
            "level": "Σ nᵢyᵢ / Σ nᵢ over de postcodegebieden i",
            "cases": "aandeel × noemer",
            "denominator": "",
            "gap": "s × (wijk − referentie); s = 1 als hoog slecht is, anders −1; prijzen: 100 × ln(wijk / referentie)",
            "index": "wijk / referentie, of het omgekeerde als hoog goed is",
            "relative_gap": "100 × (index − 1)",
            "gap_sd": "achterstand / sd van alle postcodegebieden in het eerste jaar",
            "tenth": "1 + aantal tiende delen dat lager scoort",
            "national_share": "gevallen in het gebied / gevallen in Nederland",
        },
    ),
    Family(
        "Liep het gebied in",
        "Begin- en eindjaar bepalen veel: een uitschieter in een van beide wordt een verandering. Wie op een slechte score is gekozen, "
        "loopt daarna vanzelf wat in. Een ingelopen deel is onzeker als de achterstand bij het begin klein is. Een breuk in de meting "
        "telt mee als verandering.",
        "Actieplan Krachtwijken (2007); Fieller (1954)",
        {
            "gap_change": "achterstand(eind) − achterstand(begin); marge: ±1,96 × √(se²begin + se²eind)",
            "gap_closed": "−100 × verandering / achterstand(begin)",
            "own_change": "s × (wijk(eind) − wijk(begin))",
            "reference_change": "−s × (referentie(eind) − referentie(begin))",
            "target_verdict": "−1 of 1 als marge en afronding dezelfde kant op wijzen, anders 0",
        },
    ),
    Family(
        "Lag het gebied op koers",
        "Het rechte pad is een afspraak, geen voorspelling. Doortrekken gaat mis als er na de laatste meting iets verandert. Een kans van 0,5 "
        "betekent dat de meting niets beslist, niet dat het gebied half op koers lag.",
        "Actieplan Krachtwijken (2007); kabinetsbrief Voortgang wijkenaanpak (2012)",
        {
            "required_gap": "achterstand(start) × (1 − verstreken jaren / 8 of 10)",
            "on_course_probability": "Φ((pad − achterstand) / se)",
            "projected_gap": "rechte lijn door de metingen van onderweg, doorgetrokken naar het einde",
            "p_closed": "kans op een doorgetrokken achterstand van nul of minder",
            "p_halved": "kans op een doorgetrokken achterstand van de helft of minder",
            "target_level": "eerste meting − (eerste meting − doel) × verstreken deel van de tijd",
            "steering": "afbouwen bij kans ≥ 0,8; intensiveren bij ≤ 0,2; anders voortzetten",
        },
    ),
    Family(
        "De wijken onderling",
        "Wijken in één stad lijken op elkaar: veertig wijken zijn geen veertig losse bewijzen. Bij veertig oordelen vallen er ook zonder "
        "verandering zo'n twee stellig uit. Naar elkaar toe groeien komt deels door meetfouten in het begin.",
        "Wilson (1927); Liang en Zeger (1986); Barro en Sala-i-Martin (1992); Bloom (1995)",
        {
            "share_catching_up": "k / n, interval van Wilson",
            "sign_test": "2 × P(X ≥ k), X binomiaal (n, ½)",
            "mean_change": "gemiddelde over wijken; marge CR1 per stad",
            "detectable_change": "2,8 × se (Bloom 1995)",
            "sigma": "sd over wijken, per jaar",
            "beta": "helling van verandering op achterstand(begin)",
            "held_on": "k / n, interval van Wilson",
            "held_on_later": "gemiddelde(hield stand) − gemiddelde(viel terug)",
            "scale_difference": "gemiddelde(grote wijken) − gemiddelde(kleine wijken)",
        },
    ),
    Family(
        "Kwam het door de aanpak",
        "Een effect is alleen zo goed als de vergelijking: zijn de andere gebieden zonder aanpak echt gelijk opgegaan? Achttien steden "
        "zijn er weinig. “Niet vast te stellen” is geen bewijs van geen effect: kijk naar wat te zien geweest zou zijn. Voor één wijk "
        "of stad valt er zelden meer te zeggen dan toeval.",
        "Bell en McCaffrey (2002) en Pustejovsky en Tipton (2018) voor de marge; Arkhangelsky e.a. (2021) voor de samengestelde groep",
        {
            "effect": "b in: verandering = a + b × aanpak + c × stand en achterstand vooraf",
            "effect_path": "als het effect, per jaar t ten opzichte van het gemiddelde vooraf",
            "effect_detectable": "(t₀,₉₇₅ + t₀,₈₀) × se",
            "effect_bound": "½ × achterstand op de rest van de stad vooraf",
            "effect_weak": "gemiddelde van b over 1.000 getrokken programma's zonder aanpak",
            "effect_less": "b − gemiddelde van de getrokken programma's",
            "effect_placebo_p": "aandeel getrokken programma's met een even grote afwijking",
            "effect_p": "P(|t| ≥ |b / se|), CR2 per stad",
            "effect_verdict": "−1, 0 of 1; zie de definitie",
        },
    ),
    Family(
        "Verschoof het probleem",
        "Een aanwijzing naast één wijk kan toeval zijn; tel altijd hoeveel er door toeval zouden zijn. Wie aan een wijk grenst, kan ook "
        "meeprofiteren. Over twaalf steden is een samenhang heel onzeker.",
        "RIGO, Waterbedeffecten (2009, 2011); Fisher (1921)",
        {
            "waterbed": "aantal wijken met buren meer dan ½ of 1 sd achter bij de rest van de stad",
            "waterbed_chance": "hetzelfde naast schijnwijken in dezelfde steden",
            "search_correlation": "r over steden; interval via artanh(r)",
            "movers_share": "verhuizers zonder werk / alle verhuizers",
            "movers_rate": "1.000 × verhuizers zonder werk / inwoners",
        },
    ),
    Family(
        "Waarom deze wijken",
        "Op de grens van de lijst verschillen gebieden nauwelijks; toch kreeg de ene alles en de andere niets. De lijst volgt de score "
        "niet precies: bestuurlijk overleg telde mee.",
        "Actieplan Krachtwijken (2007): 18 indicatoren in 4 thema's; Cronbach (1951) voor de betrouwbaarheid",
        {
            "selection_score": "som van thema's; een thema is het gemiddelde van zijn gestandaardiseerde indicatoren",
            "selection_rank": "rang van hoog naar laag",
            "selection_margin": "score − grens",
            "selection_cutoff": "midden tussen de laatste binnen en de eerste buiten, op volgorde van score",
            "selection_mean": "gemiddelde score",
            "expected_rebound": "(1 − betrouwbaarheid) × gemiddelde score",
            "non_compliers": "aantal gebieden aan de verkeerde kant van de grens",
        },
    ),
    Family(
        "Reeksen, bewoners en verhuizingen",
        "Een knik in een reeks kan van de conjunctuur of de meting komen. Een peiling onder weinig bewoners heeft een grote marge, en wie "
        "antwoordt, is geen doorsnee. Dat het gemiddelde inkomen stijgt, kan komen doordat anderen er zijn komen wonen.",
        "Newey en West (1987); Duncan en Duncan (1955); Wilcoxon (1945); Cohen (1960)",
        {
            "contribution": "dimensie(eind) − dimensie(begin)",
            "nww_trend": "helling van ln(wijk / referentie) vóór 2009",
            "nww_before_after": "dezelfde helling vanaf 2009",
            "nww_slope": "helling na − helling voor",
            "nww_p": "t-toets met fouten naar Newey en West",
            "health_step": "sprong in: verschil = a + b × jaar + c × na + d × jaren na",
            "health_slope": "d in dezelfde vergelijking",
            "flow_blijvers": "inkomen(blijvers, eind) − inkomen(blijvers, begin)",
            "flow_instroom": "aandeel nieuwkomers × (nieuwkomers − blijvers)",
            "flow_uitstroom": "−aandeel vertrekkers × (vertrekkers − blijvers)",
            "flow_totaal": "blijvers + instroom + uitstroom",
            "dissimilarity": "½ Σ |aᵢ/A − bᵢ/B|",
            "dissimilarity_change": "index(eind) − index(begin)",
            "survey_balance": "% beter − % slechter",
            "survey_difference": "saldo(wijk) − saldo(stad)",
            "survey_change": "verschil(eind) − verschil(begin)",
            "grade": "Σ gewicht × cijfer / Σ gewicht",
            "grade_change": "mediaan van de verschillen per stad",
            "school_share": "brede scholen / scholen",
            "kappa": "(overeenstemming − toeval) / (1 − toeval)",
        },
    ),
    Family(
        "Beloofd, geleverd, betaald",
        "Geleverd is niet hetzelfde als gewerkt. Bedragen zijn wat is toegekend of besteed volgens het document, niet wat in de wijk "
        "aankwam. Een som van baten hangt aan het effect: is dat niet vast te stellen, dan is de som dat ook niet.",
        "Voortgangsrapportage wijkenaanpak (2010); Visitatiecommissie (2011)",
        {
            "delivered_share": "geleverd / toegezegd",
            "delivery_rate": "gemiddelde van geleverd / gepland over activiteiten, elk ten hoogste 1",
            "delivery_rate_euro": "hetzelfde, gewogen naar euro's",
            "charter_goals": "telling van doel × uitvoering",
            "charter_done": "(stand − begin) / (doel − begin)",
            "means_rate": "1.000 × middelen / inwoners",
            "npv": "Σ (baten − kosten)ₜ / (1 + r)ᵗ",
            "npv_positive": "aandeel trekkingen met een saldo boven nul",
            "benefit_cost": "contante baten / contante kosten",
            "attenuation": "geschat effect / werkelijk effect, bij verkeerd verdeeld geld",
        },
    ),
)


def family_of(key: str) -> Family:
    """Return the family of a measure: the one with its formula, or the last, of counts and amounts as published."""
    return next((family for family in FAMILIES if key in family.formulas), FAMILIES[-1])
