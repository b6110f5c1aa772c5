"""What an estimate is worth beside those of programmes that never were.

The estimates of a design on drawn programmes (``placebo.fits``) say how far weak areas move by themselves (their mean), and
how much that differs from one programme to another (their spread). What is left of the real estimate after the mean
is judged by the spread: randomisation inference with a design that need not be unbiased (Fisher 1935; Rosenbaum 2002,
section 2.4; MacKinnon & Webb 2020, Journal of Econometrics 218, on few treated clusters).

Programmes drawn from one country share cities. With correlation q between two of them the spread of their estimates
is short by a factor 1 - q, and their mean is off by q times the variance of one; the real programme shares nothing with them, so that its
distance to the mean has the variance (1 + q) / (1 - q) times what the draws show. That factor widens margins and p-values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from wijkenaanpak.effects.draws import Drawn
from wijkenaanpak.effects.inference import Array
from wijkenaanpak.effects.stacked import Fits

LEVEL = 0.95
TOO_ALIKE = 0.5  # correlation of two programmes above which there are too few different ones to say anything
LEAST = 20  # programmes that a design must allow


def alike(drawn: Drawn) -> float:
    """Return how far the errors of two drawn programmes go together, when areas of a city share theirs.

    The mean product of the shares that cities have in two programmes, over that of one with itself.
    """
    city = pd.factorize(drawn.base.city)[0]
    shares = np.zeros((len(drawn.chosen), city.max() + 1))
    draw, area = np.nonzero(drawn.chosen)
    np.add.at(shares, (draw, city[area]), 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    n, own = len(shares), float((shares**2).sum(axis=1).mean())
    both = (n * float((shares.mean(axis=0) ** 2).sum()) - own) / (n - 1)
    return float(np.clip(both / own, 0.0, 0.99))


def widening(q: float) -> float:
    """Return by how much the spread of draws with correlation `q` is to be multiplied."""
    return float(np.sqrt((1 + q) / (1 - q)))


def distribution(fits: Fits, estimate: float, se: float, q: float) -> dict[str, Any] | None:
    """Show an estimate in the distribution of those of drawn programmes.

    Parameters
    ----------
    fits : Fits
        Of one design.
    estimate, se : float
        Of the same design on the real programme; on the scale of the analysis.
    q : float
        See :func:`alike`.

    Returns
    -------
    dict or None
        On the scale of the analysis: mean, sd (of the draws, widened), less (the estimate less the mean), margin (half the width that covers
        95% of the draws, widened), mean_lower, mean_upper (where they lie), lower, upper (of `less`) and values (all draws, sorted); and n, p (share of draws as far
        from their mean as the estimate, itself included: Phipson & Smyth 2010), p_t (the same with every distance divided by
        its own standard error), bias (mean over the mean standard error), size (share of draws in which the model-based
        test at 5% finds something), coverage (of model-based intervals around nothing). None with fewer than `LEAST`, or when all are the same.
    """
    known = np.isfinite(fits.estimate) & (fits.se > 0)
    drawn, errors, wide = fits.estimate[known], fits.se[known], widening(q)
    if len(drawn) < LEAST or np.ptp(drawn) == 0:
        return None
    mean = float(drawn.mean())
    off, less = wide * np.abs(drawn - mean), estimate - mean
    margin = margin_of(drawn, q)
    size = float((fits.p[known] < 1 - LEVEL).mean())
    return {
        "n": int(known.sum()), "mean": mean, "sd": wide * float(drawn.std(ddof=1)), "less": less, "margin": margin,
        "mean_lower": mean - margin, "mean_upper": mean + margin,
        "lower": less - margin, "upper": less + margin, "p": _rank(off, abs(less)),
        "p_t": _rank(off / errors, abs(less) / se), "bias": mean / float(errors.mean()), "size": size,
        "coverage": 1 - size, "values": np.sort(drawn).tolist(),
    }  # fmt: skip


def margin_of(drawn: Array, q: float) -> float:
    """Return the distance to their mean that covers 95% of the draws, widened for what they share."""
    return widening(q) * float(np.quantile(np.abs(drawn - drawn.mean()), LEVEL, method="higher"))


def _rank(off: Array, own: float) -> float:
    """Share of distances as large as the own one, which counts too."""
    return float((1 + (off >= own * (1 - 1e-12)).sum()) / (1 + len(off)))
