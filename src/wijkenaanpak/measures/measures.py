"""What every recorded measure is called, means, and is computed by; the page on methods shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """How a recorded measure is named, defined and computed.

    Attributes
    ----------
    label, definition : str
        For the reader, Dutch.
    code : str
        The function that computes it, of ``wijkenaanpak.measures.monitor`` or "package.module.function"; empty when it is read or
        averaged as published.
    unit : str
        "uitkomst", "achterstand", "verandering" (of a gap) or "effect" for the unit that has in the report; or the unit itself; empty when it differs.
    signed : bool
        A difference or a change: written with a plus sign when positive.
    """

    label: str
    definition: str
    code: str = ""
    unit: str = ""
    signed: bool = False


MEASURES = {
    "level": Measure(
        "niveau",
        "De uitkomst zelf. Van een gebied uit meer postcodegebieden: het gemiddelde, gewogen naar de noemer van de "
        "uitkomst; zonder noemer telt elk postcodegebied even zwaar. De marge komt uit de jaarlijkse schommeling van "
        "postcodegebieden rond hun eigen trend, bij een aandeel met bekende noemer ten minste de binomiale marge.",
        unit="uitkomst",
    ),
    "cases": Measure(
        "aantal gevallen",
        "Het aandeel maal de noemer, afgerond: hoeveel personen achter een percentage zitten.",
        unit="aantal",
    ),
    "denominator": Measure(
        "noemer", "Het aantal personen waarvan het aandeel een deel is, zoals gepubliceerd.", unit="aantal"
    ),
    "gap": Measure(
        "achterstand",
        "De wijk min de referentie, zo gericht dat boven nul slechter is dan de referentie. Bij prijzen in procenten "
        "van de referentie. Van Nederland en van steden met meer wijken telt de marge mee wat gebieden delen: met de stad of wijk als groep, "
        "of met buren (Conley 1999) waar die breder is.",
        "gaps",
        unit="achterstand",
    ),
    "index": Measure(
        "index",
        "De wijk gedeeld door de referentie, zo gericht dat 1 gelijk is en hoger slechter.",
        "gaps",
        unit="index",
    ),
    "gap_change": Measure(
        "verandering van de achterstand",
        "De achterstand in het laatste jaar min die in het eerste. Onder nul is inlopen. Het oordeel is alleen stellig "
        "als de 95%-marge en de afronding van de gepubliceerde cijfers dezelfde richting geven.",
        "change",
        unit="verandering",
        signed=True,
    ),
    "gap_closed": Measure(
        "ingelopen deel van de achterstand",
        "Het deel van de achterstand van het eerste jaar dat in het laatste jaar verdwenen is, met het interval van "
        "Fieller (1954). Zonder duidelijke achterstand in het eerste jaar bestaat het deel niet.",
        "gap_closed",
        unit="%",
    ),
    "own_change": Measure(
        "deel van die verandering door de wijk zelf",
        "Hoeveel de achterstand veranderd zou zijn als alleen de wijk bewogen had en de referentie had stilgestaan.",
        "decompose",
        unit="verandering",
        signed=True,
    ),
    "reference_change": Measure(
        "deel van die verandering door de referentie",
        "Hoeveel de achterstand veranderd zou zijn als alleen de referentie bewogen had en de wijk had stilgestaan.",
        "decompose",
        unit="verandering",
        signed=True,
    ),
    "target_verdict": Measure(
        "oordeel over het doel",
        "Werd de achterstand kleiner (−1) of groter (1), of is het niet vast te stellen (0)? Zie verandering van de "
        "achterstand.",
        "change",
        unit="oordeel",
    ),
    "required_gap": Measure(
        "achterstand die het doel dan nog toelaat",
        "Het rechte pad van de achterstand bij de start naar nul na 8 of 10 jaar.",
        "required_path",
        unit="achterstand",
    ),
    "on_course_probability": Measure(
        "kans dat de achterstand binnen het doelpad ligt",
        "De kans, gegeven de marges van begin- en eindmeting, dat de werkelijke achterstand onder het pad lag.",
        "on_course",
        unit="kans",
    ),
    "projected_gap": Measure(
        "achterstand, doorgetrokken",
        "De trend van onderweg doorgetrokken naar het einde van het programma: recht, uitdovend, of stilstaand op de laatste meting.",
        "project_gap",
        unit="achterstand",
    ),
    "share_catching_up": Measure(
        "aandeel wijken dat inloopt",
        "Het aandeel van de wijken waarvan de achterstand kleiner werd, met het interval van Wilson (1927).",
        "catching_up",
        unit="aandeel",
    ),
    "held_on": Measure(
        "aandeel dat standhield",
        "Van de gebieden die in het eerste jaar bij het zwakste kwart hoorden en tot het tweede jaar meer dan gemiddeld "
        "vooruitgingen, het deel dat tot het derde jaar niet terugviel; met het interval van Wilson (1927).",
        "held_on",
        unit="%",
    ),
    "held_on_later": Measure(
        "ontwikkeling na het standhouden",
        "Hoeveel de gebieden die standhielden zich daarna meer ontwikkelden dan de gebieden die terugvielen; verschil van twee "
        "gemiddelden met het interval van Welch (1947).",
        "difference",
        signed=True,
    ),
    "sign_test": Measure(
        "tekentoets tegen de helft",
        "De kans op een aandeel dat minstens zo ver van de helft ligt als inlopen puur toeval was (exact, tweezijdig).",
        "sign_test",
        unit="p-waarde",
    ),
    "mean_change": Measure(
        "gemiddelde verandering over de wijken",
        "Het gemiddelde van de veranderingen, elke wijk even zwaar; de marge houdt rekening met samenhang binnen steden "
        "(CR1 met een t-verdeling, Liang en Zeger 1986).",
        "mean_change",
        unit="verandering",
        signed=True,
    ),
    "detectable_change": Measure(
        "gemiddelde verandering die met 80% kans gevonden wordt",
        "Wat er ten minste had moeten gebeuren om het met deze gegevens in vier van de vijf gevallen te zien.",
        "mean_change",
        unit="verandering",
    ),
    "sigma": Measure(
        "spreiding tussen wijken",
        "De standaardafwijking tussen de wijken, bij prijzen in procenten van hun gemiddelde; wordt die kleiner, dan groeien de wijken naar elkaar toe.",
        "sigma_convergence",
        unit="achterstand",
    ),
    "beta": Measure(
        "samenhang van verandering met beginachterstand",
        "Hoeveel de achterstand veranderde per punt beginachterstand, ook gecorrigeerd voor meetfouten in het begin.",
        "beta_convergence",
        unit="helling",
        signed=True,
    ),
    "effect": Measure(
        "effect",
        "Het verschil tussen de uitkomst en wat zij zonder de aanpak naar schatting was geweest: de verandering in de "
        "wijken met aanpak min die in de vergelijkingsgroep, op de schaal waarop gelijke schokken even groot zijn (log-odds voor "
        "aandelen, logaritmen voor bedragen), teruggerekend naar de eenheid. Plus is een hogere uitkomst. De marge: CR2 per "
        "gemeente met een t-verdeling naar het effectieve aantal; voor één wijk of stad de spreiding van schijnwijken.",
        "wijkenaanpak.effects.effects.regression",
        unit="effect",
        signed=True,
    ),
    "effect_path": Measure(
        "effect per jaar",
        "Als het effect, voor elk jaar apart ten opzichte van het gemiddelde van de jaren vooraf. Vóór de start hoort het "
        "rond nul te liggen.",
        "wijkenaanpak.effects.effects.event_study",
        unit="effect",
        signed=True,
    ),
    "effect_detectable": Measure(
        "effect dat met 80% kans gevonden wordt",
        "Het kleinste effect dat een tweezijdige toets op 5% in vier van de vijf gevallen zou vinden.",
        "wijkenaanpak.effects.inference.detectable",
        unit="effect",
    ),
    "effect_bound": Measure(
        "effect dat ertoe zou doen",
        "De helft van de achterstand op de rest van de eigen stad vooraf: wat de charters ten minste wilden inlopen. "
        "Daartegen toetst de equivalentietoets.",
        "wijkenaanpak.effects.inference.equivalence",
        unit="effect",
    ),
    "effect_weak": Measure(
        "wat zwakke gebieden vanzelf doen",
        "Het gemiddelde verschil van duizend programma's die er nooit waren: even veel gebieden zonder aanpak per stad, net zo gekozen op hun "
        "slechte score, met dezelfde opzet geschat. Met de spreiding van 95% van die programma's.",
        "wijkenaanpak.effects.verdict.among_programmes",
        unit="effect",
        signed=True,
    ),
    "effect_less": Measure(
        "effect, min wat zwakke gebieden vanzelf doen",
        "De schatting min het gemiddelde van de programma's die er nooit waren; de marge dekt 95% van die programma's. Van de jaren waarop gekozen "
        "kan zijn telt het geval waarin de schatting het minst opvalt.",
        "wijkenaanpak.effects.verdict.among_programmes",
        unit="effect",
        signed=True,
    ),
    "effect_placebo_p": Measure(
        "kans op zo'n verschil zonder aanpak",
        "Het aandeel van de programma's die er nooit waren dat minstens zo ver van hun gemiddelde afweek als de schatting.",
        "wijkenaanpak.effects.verdict.among_programmes",
        unit="p-waarde",
    ),
    "effect_p": Measure(
        "p-waarde van het effect",
        "Landelijk: CR2 per gemeente, t-verdeling naar het effectieve aantal clusters. In één wijk of stad: het aandeel van even grote schijnwijken zonder aanpak dat minstens zo ver van zijn vergelijkingsgroep afweek.",
        "wijkenaanpak.effects.wijken.wijk_paths",
        unit="p-waarde",
    ),
    "effect_verdict": Measure(
        "oordeel over het effect",
        "Gunstig (−1), ongunstig (1) of niet vast te stellen (0). Landelijk alleen stellig als de marge nul uitsluit, de gebieden "
        "vooraf gelijk opliepen en even zwakke gebieden dezelfde kant op wijzen.",
        "helpers.effect.judged",
        unit="oordeel",
    ),
    "gap_sd": Measure(
        "achterstand in standaardafwijkingen",
        "De achterstand gedeeld door de standaardafwijking tussen alle postcodegebieden van Nederland in het eerste jaar, zodat "
        "verschillende uitkomsten op één schaal staan.",
        "gaps",
        unit="sd",
    ),
    "target_level": Measure(
        "niveau dat het doel dan nog toelaat",
        "Het rechte pad van de eerste meting naar het doel, zoals halveren voor een jaar.",
        "wijkenaanpak.instruments.charters.target_path",
        unit="%",
    ),
    "steering": Measure(
        "wijken naar de regel voor afbouwen en intensiveren",
        "Aantal wijken waar de regel wijst op afbouwen, voortzetten of intensiveren: per vraag beslist bij 80% kans dat de wijk wel of "
        "niet op koers ligt naar het stadsgemiddelde.",
        "steer",
        unit="aantal",
    ),
    "tenth": Measure(
        "plaats op de landelijke ladder",
        "In welk tiende deel van alle postcodegebieden het gebied valt; 1 is het laagste.",
        unit="tiende deel",
    ),
    "contribution": Measure(
        "bijdrage aan de verandering van de totaalscore",
        "De verandering van de dimensie; de dimensies tellen op tot de totaalscore, op de afronding na.",
        "wijkenaanpak.instruments.scores.contributions",
        unit="punt",
        signed=True,
    ),
    "nww_trend": Measure(
        "verandering per jaar vóór de knik",
        "Helling van het logaritme van de verhouding tussen wijk en referentie, per jaar, met correctie voor de maand van het jaar.",
        "wijkenaanpak.instruments.series.interrupted",
        unit="procent per jaar",
        signed=True,
    ),
    "nww_before_after": Measure(
        "verandering per jaar na de knik",
        "Als die ervoor, vanaf 2009.",
        "wijkenaanpak.instruments.series.interrupted",
        unit="procent per jaar",
        signed=True,
    ),
    "nww_slope": Measure(
        "verschil in tempo",
        "Helling na 2009 min die ervoor; standaardfouten naar Newey en West (1987).",
        "wijkenaanpak.instruments.series.interrupted",
        unit="procent per jaar",
        signed=True,
    ),
    "nww_p": Measure(
        "p-waarde van het verschil in tempo",
        "t-toets op het verschil in tempo.",
        "wijkenaanpak.instruments.series.interrupted",
        unit="p-waarde",
    ),
    "health_step": Measure(
        "sprong bij de start",
        "Onderbroken tijdreeks van het verschil tussen wijken met aanpak en andere: de sprong in het eerste jaar na de start.",
        "wijkenaanpak.instruments.series.interrupted",
        unit="procentpunt",
        signed=True,
    ),
    "health_slope": Measure(
        "verandering van tempo bij de start",
        "Onderbroken tijdreeks van het verschil tussen wijken met aanpak en andere: de verandering van de helling per jaar.",
        "wijkenaanpak.instruments.series.interrupted",
        unit="procentpunt",
        signed=True,
    ),
    "relative_gap": Measure(
        "relatieve achterstand",
        "Hoeveel procent de wijk boven de referentie ligt.",
        "gaps",
        unit="procent",
        signed=True,
    ),
    **{
        f"flow_{key}": Measure(
            f"verandering van het inkomen: {label}",
            text,
            "wijkenaanpak.instruments.flows.stayers_and_movers",
            unit="euro",
            signed=True,
        )
        for key, label, text in (
            (
                "blijvers",
                "wie bleef",
                "Gemiddeld inkomen van de blijvers aan het eind min dat aan het begin.",
            ),
            ("instroom", "wie kwam", "Aandeel nieuwkomers maal hun verschil met de blijvers aan het eind."),
            (
                "uitstroom",
                "wie ging",
                "Min het aandeel vertrekkers maal hun verschil met de blijvers aan het begin.",
            ),
            ("totaal", "samen", "De som van de drie: de verandering van het gemiddelde van alle bewoners."),
        )
    },
    "dissimilarity": Measure(
        "spreidingsindex",
        "Deel van de groep dat zou moeten verhuizen om overal in gelijke verhouding voor te komen (Duncan en Duncan 1955).",
        "wijkenaanpak.instruments.flows.dissimilarity",
        unit="index",
    ),
    "dissimilarity_change": Measure(
        "verandering van de spreidingsindex",
        "Laatste jaar min eerste; de jaren als onafhankelijk behandeld, wat de marge ruim maakt.",
        "wijkenaanpak.instruments.surveys.apart",
        unit="index",
        signed=True,
    ),
    "survey_balance": Measure(
        "saldo van een peiling",
        "Aandeel dat verbetering ziet min aandeel dat verslechtering ziet; multinomiale steekproeffout maal het ontwerpeffect.",
        "wijkenaanpak.instruments.surveys.balance",
        unit="procentpunt",
        signed=True,
    ),
    "survey_difference": Measure(
        "verschil in saldo met de stad",
        "Saldo van de wijk min dat van de stad.",
        "wijkenaanpak.instruments.surveys.apart",
        unit="procentpunt",
        signed=True,
    ),
    "survey_change": Measure(
        "verandering van het verschil met de stad",
        "Laatste peiling min eerste, als onafhankelijke steekproeven.",
        "wijkenaanpak.instruments.surveys.apart",
        unit="procentpunt",
        signed=True,
    ),
    "school_share": Measure(
        "aandeel brede scholen",
        "Brede scholen gedeeld door scholen, met het interval van Wilson (1927).",
        "wilson",
        unit="%",
    ),
    "delivered_share": Measure(
        "geleverd van wat was toegezegd",
        "Geleverd gedeeld door toegezegd; een telling, geen steekproef.",
        unit="%",
    ),
    "means_rate": Measure(
        "middelen per duizend inwoners",
        "Met het exacte Poisson-interval (Garwood 1936).",
        "wijkenaanpak.instruments.charters.per_thousand",
        unit="per duizend",
    ),
    "movers_share": Measure(
        "aandeel zonder werk onder verhuizers", "Met het interval van Wilson (1927).", "wilson", unit="%"
    ),
    "movers_rate": Measure(
        "verhuizers zonder werk per duizend inwoners van de bestemming",
        "Met het exacte Poisson-interval (Garwood 1936).",
        "wijkenaanpak.instruments.charters.per_thousand",
        unit="per duizend",
    ),
    "attenuation": Measure(
        "gevonden effect gedeeld door het werkelijke",
        "Nabootsing met een bekend effect: gemiddelde en 95% van de herhalingen van de regressiecoëfficiënt, gedeeld door het effect dat er "
        "is ingestopt.",
        "wijkenaanpak.instruments.costs.attenuation",
        unit="verhouding",
    ),
    "selection_score": Measure(
        "selectiescore",
        "Indicatoren gestandaardiseerd en zo gericht dat hoog slecht is; een thema is het gemiddelde van zijn indicatoren, de score de som van "
        "de thema's.",
        "wijkenaanpak.instruments.selection.selection_score",
        unit="sd",
    ),
    "selection_rank": Measure(
        "rang op de selectiescore",
        "1 is de hoogste, dus slechtste score.",
        "wijkenaanpak.instruments.selection.selection_score",
        unit="aantal",
    ),
    "selection_margin": Measure(
        "afstand tot de grens",
        "Selectiescore min de grens.",
        "wijkenaanpak.instruments.selection.cutoff",
        unit="sd",
        signed=True,
    ),
    "selection_cutoff": Measure(
        "grens van de selectiescore",
        "Halverwege de laatste die erin zou vallen en de eerste die erbuiten valt, als er zoveel gebieden naar score waren gekozen als er zijn "
        "aangewezen.",
        "wijkenaanpak.instruments.selection.cutoff",
        unit="sd",
    ),
    "selection_mean": Measure(
        "gemiddelde selectiescore",
        "In standaardafwijkingen tussen alle postcodegebieden.",
        "wijkenaanpak.instruments.selection.selection_score",
        unit="sd",
    ),
    "expected_rebound": Measure(
        "verwacht herstel zonder beleid",
        "(1 − betrouwbaarheid) maal de gemiddelde score.",
        "wijkenaanpak.instruments.selection.expected_rebound",
        unit="sd",
    ),
    "non_compliers": Measure(
        "gebieden waar lijst en score verschillen",
        "Aangewezen onder de grens, of niet aangewezen erboven.",
        "wijkenaanpak.instruments.selection.cutoff",
        unit="aantal",
    ),
    "charter_goals": Measure(
        "doelen naar resultaat en uitvoering",
        "Aantal doelen per besluit; op koers is ten minste het deel van de weg afgelegd dat bij de verstreken tijd hoort.",
        "wijkenaanpak.instruments.charters.goals_and_output",
        unit="aantal",
    ),
    "charter_done": Measure(
        "afgelegd deel van de weg",
        "Van de beginwaarde naar de streefwaarde.",
        "wijkenaanpak.instruments.charters.goals_and_output",
        unit="%",
    ),
    "delivery_rate": Measure(
        "geleverd, gemiddeld over activiteiten",
        "Meer dan gepland telt als alles.",
        "wijkenaanpak.instruments.charters.delivery",
        unit="%",
    ),
    "delivery_rate_euro": Measure(
        "geleverd, gewogen naar geld",
        "Meer dan gepland telt als alles.",
        "wijkenaanpak.instruments.charters.delivery",
        unit="%",
    ),
    "spent": Measure("besteed bedrag", "Som van de opgaven.", unit="euro"),
    "euro_per_inhabitant": Measure(
        "besteed per inwoner", "Besteed bedrag gedeeld door inwoners.", unit="euro"
    ),
    "extra_effort": Measure(
        "vastgestelde extra inspanning per jaar",
        "Som over de wijken van de bedragen in de bijlage van het Besluit Centraal Fonds voor de Volkshuisvesting.",
        unit="miljoen euro",
    ),
    "state_payment": Measure("rijksuitkering wijkactieplannen", "Som van 2008, 2009 en 2010.", unit="euro"),
    "budget_parts": Measure(
        "bewonersbudget, delen samen",
        "Som van de gepubliceerde delen.",
        "wijkenaanpak.instruments.budgets.reconcile",
        unit="miljoen euro",
    ),
    "budget_total": Measure(
        "bewonersbudget, gepubliceerd totaal",
        "Zoals gepubliceerd.",
        "wijkenaanpak.instruments.budgets.reconcile",
        unit="miljoen euro",
    ),
    "budget_residents": Measure("bewonersbudget", "Som van de opgaven.", unit="euro"),
    "budget_used": Measure(
        "benut deel van het bewonersbudget", "Toegekend gedeeld door beschikbaar.", unit="%"
    ),
    "budget_per_inhabitant": Measure(
        "bewonersbudget per inwoner", "Beschikbaar gedeeld door inwoners; euro.", unit="bedrag"
    ),
    "grade": Measure(
        "cijfer van de kwaliteitskaart",
        "Gewogen gemiddelde van de onderdelen, 1 tot 10.",
        "wijkenaanpak.instruments.surveys.grades",
        unit="rapportcijfer",
    ),
    "grade_change": Measure(
        "verandering van het cijfer",
        "Schatter van Hodges en Lehmann (1963) over de paren, met het interval van de rangtekentoets van Wilcoxon (1945).",
        "wijkenaanpak.instruments.surveys.paired_change",
        unit="rapportcijfer",
        signed=True,
    ),
    "practices": Measure(
        "praktijken naar advies",
        "Aantal praktijken per advies.",
        "wijkenaanpak.instruments.practices.practice_score",
        unit="aantal",
    ),
    "practice_score": Measure(
        "eisen waaraan een praktijk voldoet",
        "Van de vier, bij meerderheid van de beoordelaars.",
        "wijkenaanpak.instruments.practices.practice_score",
        unit="aantal",
    ),
    "kappa": Measure(
        "overeenstemming van beoordelaars",
        "Cohens kappa, gemiddeld over paren van beoordelaars (Light 1971).",
        "wijkenaanpak.instruments.practices.kappa",
        unit="index",
    ),
    "inhabitants": Measure("inwoners", "Zoals opgegeven.", unit="aantal"),
    "dwellings": Measure("woningen", "Zoals opgegeven.", unit="aantal"),
    "scale_difference": Measure(
        "verschil tussen grote en kleine wijken",
        "Gemiddelde verandering van de achterstand van wijken boven 10.000 inwoners of 4.000 woningen, min die van de andere; Welch (1947).",
        "difference",
        signed=True,
    ),
    "awards": Measure(
        "toekenningen aan latere wijken",
        "Aantal toekenningen; nagerekend uit de criteria waar dat erbij staat.",
        "wijkenaanpak.instruments.budgets.award",
        unit="aantal",
    ),
    "follow_up": Measure(
        "aanbevelingen met een genoemd vervolg", "Alle aanbevelingen zijn geteld: zonder marge.", unit="%"
    ),
    "npv": Measure(
        "netto contante waarde",
        "Som over de jaren van baten min kosten, contant gemaakt; gemiddelde en 95% van de trekkingen van het effect.",
        "wijkenaanpak.instruments.costs.net_present_value",
        unit="miljoen euro",
        signed=True,
    ),
    "npv_positive": Measure(
        "kans op een positief saldo",
        "Aandeel van de trekkingen boven nul.",
        "wijkenaanpak.instruments.costs.net_present_value",
        unit="kans",
    ),
    "bond_payout": Measure(
        "uitbetaling van een sociale obligatie",
        "Hoofdsom, met rente als het effect is aangetoond.",
        "wijkenaanpak.instruments.costs.bond",
        unit="euro",
    ),
    "waterbed": Measure(
        "wijken met een aanwijzing voor een waterbed",
        "Aantal wijken waarnaast gebieden zonder aanpak achterbleven bij de rest van hun stad.",
        "wijkenaanpak.effects.diagnostics.waterbed",
        unit="aantal",
    ),
    "waterbed_chance": Measure(
        "wijken met een aanwijzing door toeval alleen",
        "Hetzelfde naast schijnwijken van gelijke grootte in dezelfde steden: gemiddelde en 95% van de trekkingen.",
        "wijkenaanpak.effects.diagnostics.waterbed",
        unit="aantal",
    ),
    "search_correlation": Measure(
        "samenhang met het zoekgebied",
        "Correlatie over steden tussen de ontwikkeling van de wijken met aanpak en die van het zoekgebied, met het interval van Fisher (1921).",
        "wijkenaanpak.effects.diagnostics.search_areas",
        unit="index",
        signed=True,
    ),
    "p_closed": Measure(
        "kans dat de achterstand aan het einde weg is",
        "Onder de doorgetrokken trend, met haar voorspellingsinterval.",
        "project_gap",
        unit="kans",
    ),
    "p_halved": Measure(
        "kans dat de achterstand aan het einde ten minste gehalveerd is",
        "Onder de doorgetrokken trend, met haar voorspellingsinterval.",
        "project_gap",
        unit="kans",
    ),
    "national_share": Measure(
        "aandeel in alle gevallen van Nederland",
        "Gevallen in het gebied gedeeld door die in Nederland, met het interval van Wilson (1927).",
        "wilson",
        unit="%",
    ),
    "benefit_cost": Measure(
        "baten per euro kosten",
        "Contante baten gedeeld door contante kosten; gemiddelde en 95% van de trekkingen van het effect.",
        "wijkenaanpak.instruments.costs.net_present_value",
        unit="verhouding",
    ),
}
