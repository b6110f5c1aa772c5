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
        The function that computes it, of ``helpers.monitor`` or "module.function"; empty when it is read or
        averaged as published.
    """

    label: str
    definition: str
    code: str = ""


MEASURES = {
    "level": Measure(
        "niveau",
        "De uitkomst zelf. Van een gebied uit meer postcodegebieden: het gemiddelde, gewogen naar de noemer van de "
        "uitkomst; zonder noemer telt elk postcodegebied even zwaar. De marge komt uit de jaarlijkse schommeling van "
        "postcodegebieden rond hun eigen trend, bij een aandeel met bekende noemer ten minste de binomiale marge.",
    ),
    "cases": Measure(
        "aantal gevallen",
        "Het aandeel maal de noemer, afgerond: hoeveel personen achter een percentage zitten.",
    ),
    "denominator": Measure(
        "noemer", "Het aantal personen waarvan het aandeel een deel is, zoals gepubliceerd."
    ),
    "gap": Measure(
        "achterstand",
        "De wijk min de referentie, zo gericht dat boven nul slechter is dan de referentie. Bij prijzen in procenten "
        "(honderd maal het verschil van de logaritmen).",
        "gaps",
    ),
    "index": Measure(
        "index", "De wijk gedeeld door de referentie, zo gericht dat 1 gelijk is en hoger slechter.", "gaps"
    ),
    "gap_change": Measure(
        "verandering van de achterstand",
        "De achterstand in het laatste jaar min die in het eerste. Onder nul is inlopen. Het oordeel is alleen stellig "
        "als de 95%-marge en de afronding van de gepubliceerde cijfers dezelfde richting geven.",
        "change",
    ),
    "gap_closed": Measure(
        "ingelopen deel van de achterstand",
        "Het deel van de achterstand van het eerste jaar dat in het laatste jaar verdwenen is, met het interval van "
        "Fieller (1954). Zonder duidelijke achterstand in het eerste jaar bestaat het deel niet.",
        "gap_closed",
    ),
    "own_change": Measure(
        "deel van die verandering door de wijk zelf",
        "Hoeveel de achterstand veranderd zou zijn als alleen de wijk bewogen had en de referentie had stilgestaan.",
        "decompose",
    ),
    "reference_change": Measure(
        "deel van die verandering door de referentie",
        "Hoeveel de achterstand veranderd zou zijn als alleen de referentie bewogen had en de wijk had stilgestaan.",
        "decompose",
    ),
    "target_verdict": Measure(
        "oordeel over het doel",
        "Werd de achterstand kleiner (−1) of groter (1), of is het niet vast te stellen (0)? Zie verandering van de "
        "achterstand.",
        "change",
    ),
    "required_gap": Measure(
        "achterstand die het doel dan nog toelaat",
        "Het rechte pad van de achterstand bij de start naar nul na 8 of 10 jaar.",
        "required_path",
    ),
    "on_course_probability": Measure(
        "kans dat de achterstand binnen het doelpad ligt",
        "De kans, gegeven de marges van begin- en eindmeting, dat de werkelijke achterstand onder het pad lag.",
        "on_course",
    ),
    "projected_gap": Measure(
        "achterstand, doorgetrokken",
        "De trend tot en met 2012 doorgetrokken naar 2017: recht, uitdovend, of stilstaand op de laatste meting.",
        "project_gap",
    ),
    "share_catching_up": Measure(
        "aandeel wijken dat inloopt",
        "Het aandeel van de wijken waarvan de achterstand kleiner werd, met het interval van Wilson (1927).",
        "catching_up",
    ),
    "held_on": Measure(
        "aandeel dat standhield",
        "Van de gebieden die in het eerste jaar bij het zwakste kwart hoorden en tot het tweede jaar meer dan gemiddeld "
        "vooruitgingen, het deel dat tot het derde jaar niet terugviel; met het interval van Wilson (1927).",
        "held_on",
    ),
    "held_on_later": Measure(
        "ontwikkeling na het standhouden",
        "Hoeveel de gebieden die standhielden zich daarna meer ontwikkelden dan de gebieden die terugvielen; verschil van twee "
        "gemiddelden met het interval van Welch (1947).",
        "difference",
    ),
    "sign_test": Measure(
        "tekentoets tegen de helft",
        "De kans op een aandeel dat minstens zo ver van de helft ligt als inlopen puur toeval was (exact, tweezijdig).",
        "sign_test",
    ),
    "mean_change": Measure(
        "gemiddelde verandering over de wijken",
        "Het gemiddelde van de veranderingen, elke wijk even zwaar; de marge houdt rekening met samenhang binnen steden "
        "(CR1 met een t-verdeling, Liang en Zeger 1986).",
        "mean_change",
    ),
    "detectable_change": Measure(
        "gemiddelde verandering die met 80% kans gevonden wordt",
        "Wat er ten minste had moeten gebeuren om het met deze gegevens in vier van de vijf gevallen te zien.",
        "mean_change",
    ),
    "sigma": Measure(
        "spreiding tussen wijken",
        "De standaardafwijking tussen de wijken; wordt die kleiner, dan groeien de wijken naar elkaar toe.",
        "sigma_convergence",
    ),
    "beta": Measure(
        "samenhang van verandering met beginachterstand",
        "Hoeveel de achterstand veranderde per punt beginachterstand, ook gecorrigeerd voor meetfouten in het begin.",
        "beta_convergence",
    ),
    "effect": Measure(
        "effect",
        "Het verschil tussen de uitkomst en wat zij zonder de wijkenaanpak naar schatting was geweest: de verandering in de "
        "aandachtswijken min die in de vergelijkingsgroep, op de schaal waarop gelijke schokken even groot zijn (log-odds voor "
        "aandelen, logaritmen voor bedragen), teruggerekend naar de eenheid. Plus is een hogere uitkomst. De marge: CR3 per "
        "gemeente met een t-verdeling naar het effectieve aantal; voor één wijk of stad de spreiding van schijnwijken.",
        "effects.regression",
    ),
    "effect_path": Measure(
        "effect per jaar",
        "Als het effect, voor elk jaar apart ten opzichte van het gemiddelde van de jaren vooraf. Vóór de start hoort het "
        "rond nul te liggen.",
        "effects.event_study",
    ),
    "effect_detectable": Measure(
        "effect dat met 80% kans gevonden wordt",
        "Het kleinste effect dat een tweezijdige toets op 5% in vier van de vijf gevallen zou vinden.",
        "inference.detectable",
    ),
    "effect_bound": Measure(
        "effect dat ertoe zou doen",
        "De helft van de achterstand op de rest van de eigen stad vooraf: wat de charters ten minste wilden inlopen. "
        "Daartegen toetst de equivalentietoets.",
        "inference.equivalence",
    ),
    "effect_p": Measure(
        "p-waarde van het effect",
        "Landelijk: CR3 per gemeente, t-verdeling naar het effectieve aantal clusters. In één wijk of stad: het aandeel van even grote schijnwijken zonder aanpak dat minstens zo ver van zijn vergelijkingsgroep afweek.",
        "wijken.wijk_paths",
    ),
    "effect_verdict": Measure(
        "oordeel over het effect",
        "Gunstig (−1), ongunstig (1) of niet vast te stellen (0). Landelijk alleen stellig als de marge nul uitsluit, de gebieden "
        "vooraf gelijk opliepen en even zwakke gebieden dezelfde kant op wijzen.",
        "impact.judged",
    ),
}
