"""Budgets that should add up, and awards by criteria and priority."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

CRITERIA = ("cumulatie", "doelmatigheid", "betrokkenheid", "cofinanciering", "integraliteit")


def reconcile(budget: pd.DataFrame) -> pd.DataFrame:
    """Check whether the parts of a budget add up to its published total, year by year.

    Parameters
    ----------
    budget : DataFrame
        Columns year, group ("totaal" is the sum), amount_mln_eur, bound ("minder dan" where only a bound is given).

    Returns
    -------
    DataFrame
        Index year; parts (sum), total, difference (total minus parts), verdict: "sluit", "sluit niet", or "sluit alleen als de
        bovengrens gehaald wordt" where a part is a bound and the total needs all of it.
    """
    rows = {}
    for year, part in budget.groupby("year"):
        total = float(part.loc[part["group"] == "totaal", "amount_mln_eur"].sum())
        parts = part[part["group"] != "totaal"]
        added = float(parts["amount_mln_eur"].sum())
        bounded = parts["bound"].fillna("").ne("").any()
        equal = math.isclose(total, added, abs_tol=1e-9)
        verdict = "sluit" if equal else "sluit niet"
        if bounded:
            verdict = "sluit alleen als de bovengrens gehaald wordt" if equal else verdict
        rows[year] = {"parts": added, "total": total, "difference": total - added, "verdict": verdict}
    return pd.DataFrame(rows).T


def award(applications: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Award the budget of the 40+ wijken: by score, in the order of priority, until the money is gone.

    Five criteria (letter Van der Laan 2009): cumulation of problems, effective and efficient, involvement, co-financing,
    integral. In the first tranche the G31 without an aandachtswijk go before those with one; in the second the gemeenten
    outside the G31 go first (motion 30995, nr. 52). An application that does not fit in what is left is passed over.

    Parameters
    ----------
    applications : DataFrame
        One tranche: tranche, the five ``CRITERIA`` (1 to 10, equal weight), bedrag (mln EUR), g31, krachtwijk (0 or 1).
    budget : float
        mln EUR.

    Returns
    -------
    DataFrame
        The same rows in order, with score (mean of the criteria), tier (1 goes first), rank, awarded (bool), left (mln EUR).
    """
    score = applications[list(CRITERIA)].mean(axis=1)
    g31, krachtwijk = applications["g31"] == 1, applications["krachtwijk"] == 1
    first = np.where(g31, np.where(krachtwijk, 2, 1), 3)
    second = np.where(g31, 2, 1)
    tier = np.where(applications["tranche"] == 1, first, second)
    rows = applications.assign(score=score, tier=tier)
    rows = rows.sort_values(["tier", "score"], ascending=[True, False], kind="stable")
    left, awarded, remaining = budget, [], []
    for amount in rows["bedrag"]:
        fits = amount <= left + 1e-9
        left -= amount if fits else 0.0
        awarded.append(fits)
        remaining.append(left)
    return rows.assign(rank=range(1, len(rows) + 1), awarded=awarded, left=remaining)
