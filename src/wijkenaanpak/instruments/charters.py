"""What was promised and delivered: goals of the charters, activities, paths to a target."""

from __future__ import annotations

import pandas as pd
from scipy import special

from wijkenaanpak.measures.monitor import NAN, Estimate, required_path

DECISIONS = {
    (True, True): "volhouden",
    (True, False): "nagaan waardoor het doel toch gehaald wordt",
    (False, True): "het wijkactieplan aanpassen",
    (False, False): "de uitvoering veiligstellen",
}


def goals_and_output(goals: pd.DataFrame) -> pd.DataFrame:
    """Set each goal of a charter against the activities behind it, and say what the action plan of 2007 then asks.

    The three questions of accountability of the Actieplan Krachtwijken (2007): are the goals reached, are the
    activities delivered, and if delivered without result, is the plan revised?

    Parameters
    ----------
    goals : DataFrame
        Columns beginwaarde, streefwaarde, waarde (of the outcome), jaar_begin, jaar_doel, jaar, beloofd, geleverd (number
        of activities).

    Returns
    -------
    DataFrame
        The same rows with done (share of the way from begin to target), due (share of the time that has gone), reached
        (bool: done is at least due), share_delivered, delivered (bool: all of it) and decision.
    """
    way = goals["streefwaarde"] - goals["beginwaarde"]
    done = (goals["waarde"] - goals["beginwaarde"]) / way.where(way != 0)
    time = goals["jaar_doel"] - goals["jaar_begin"]
    due = ((goals["jaar"] - goals["jaar_begin"]) / time.where(time > 0)).clip(0, 1)
    share = goals["geleverd"] / goals["beloofd"].where(goals["beloofd"] > 0)
    result = goals.assign(done=done, due=due, reached=done >= due - 1e-9, share_delivered=share)
    result["delivered"] = share >= 1
    result["decision"] = [
        DECISIONS[r, d] for r, d in zip(result["reached"], result["delivered"], strict=True)
    ]
    return result


def delivery(ledger: pd.DataFrame) -> pd.DataFrame:
    """Add up an output ledger: what was delivered of what was planned, and for how much money.

    Parameters
    ----------
    ledger : DataFrame
        Columns thema, gepland, geleverd (units of the action), euro. More than planned counts as all of it, so that one
        action cannot make up for another.

    Returns
    -------
    DataFrame
        Index thema and "totaal"; actions, complete (delivered whole), rate (mean share delivered), rate_euro (the same
        weighted by money), euro.
    """
    part = (ledger["geleverd"] / ledger["gepland"].where(ledger["gepland"] > 0)).clip(upper=1)
    rows = ledger.assign(part=part, paid=part * ledger["euro"])

    def summed(rows: pd.DataFrame) -> pd.Series:
        euro = rows["euro"].sum()
        return pd.Series(
            {
                "actions": len(rows),
                "complete": int((rows["part"] >= 1).sum()),
                "rate": rows["part"].mean(),
                "rate_euro": rows["paid"].sum() / euro if euro else NAN,
                "euro": euro,
            }
        )

    themes = {name: summed(part) for name, part in rows.groupby("thema", sort=True)}
    return pd.DataFrame({**themes, "totaal": summed(rows)}).T.astype({"actions": int, "complete": int})


def per_thousand(count: float, people: float) -> Estimate:
    """Rate per 1,000 people of a count, with the exact Poisson 95% interval (Garwood 1936); missing without people."""
    if not people > 0 or not count >= 0:
        return Estimate(reason="het aantal inwoners is niet bekend")
    low = float(special.gammaincinv(count, 0.025)) if count else 0.0
    high = float(special.gammaincinv(count + 1, 0.975))
    return Estimate(1000 * count / people, 1000 * low / people, 1000 * high / people)


def target_path(first: float, year: int, share: float, until: int, periods: list[int]) -> pd.Series:
    """Straight path from the first level down (or up) by `share` of it, as "halve early school leaving before 2012".

    Parameters
    ----------
    first : float
        Level in `year`.
    share : float
        Change wanted by `until`, as a share of `first`: -0.5 is halving.
    periods : list of int

    Returns
    -------
    Series
        Level the target allows, by period.
    """
    return first * (1 + share) + required_path(-share * first, year, until - year, periods)
