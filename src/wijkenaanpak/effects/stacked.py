"""Hundreds of small regressions at once: what ``inference.Regression`` says of each, computed together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from wijkenaanpak.effects.bias_reduced import Array, core, roots, shrinkage, span

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Fits:
    """Effects of many regressions, their CR2 standard errors and Satterthwaite's degrees of freedom; shape (fits,)."""

    estimate: Array
    se: Array
    df: Array

    @property
    def p(self) -> Array:
        """Two-sided p-values of no effect."""
        return 2 * special.stdtr(self.df, -np.abs(self.estimate / np.maximum(self.se, 1e-300)))

    @property
    def half(self) -> Array:
        """Half the width of the 95% intervals."""
        return special.stdtrit(self.df, 0.975) * self.se


def joined(parts: list[Fits]) -> Fits:
    """Put fits of several stacks behind each other."""
    return Fits(*(np.concatenate([getattr(part, k) for part in parts]) for k in ("estimate", "se", "df")))


@dataclass(frozen=True)
class Stack:
    """Rows of many regressions, one below the other.

    Attributes
    ----------
    owner : array of int, shape (rows,)
        Which regression a row belongs to, 0 to fits - 1; each has rows.
    cluster : array of int, shape (rows,)
        Its cluster, numbered alike in all regressions.
    y : array, shape (rows,)
    x : array, shape (rows, k)
        The treatment first.
    w : array, shape (rows,)
        Weights, above 0.
    variance : array, shape (rows,), optional
        Working variance; see ``inference.Regression``.
    """

    owner: Numbers
    cluster: Numbers
    y: Array
    x: Array
    w: Array
    variance: Array | None = None


def fit(stack: Stack, within: bool = False) -> Fits:
    """Fit every regression of a stack.

    Parameters
    ----------
    stack : Stack
    within : bool
        Take effects of the clusters out; the working variance is then 1 over the weights. Without, `x` is to have a constant.

    Returns
    -------
    Fits
        In the order of the owners.
    """
    code, place = np.unique(stack.owner * (int(stack.cluster.max()) + 1) + stack.cluster, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(code)))
    y, x, w = stack.y[order], stack.x[order], stack.w[order]
    variance = None if stack.variance is None else stack.variance[order]
    if within:
        y, x, variance = _centred(y, w, starts, place[order]), _centred(x, w, starts, place[order]), 1 / w
    owner = stack.owner[order][starts]
    firsts = np.searchsorted(owner, np.arange(owner[-1] + 1))
    a, b = _sums(x, x * w[:, None], starts), np.add.reduceat(x * (w * y)[:, None], starts, axis=0)
    bread = np.linalg.pinv(np.add.reduceat(a, firsts, axis=0))
    beta = np.einsum("dij,dj->di", bread, np.add.reduceat(b, firsts, axis=0))
    rest = y - np.einsum("ri,ri->r", x, beta[stack.owner[order]])
    if variance is not None:
        root = np.sqrt(variance)
        x, w, rest = x / root[:, None], w * variance, rest / root
    return _spread(x, w, rest, starts, owner, firsts, bread, beta)


def _spread(
    x: Array,
    w: Array,
    rest: Array,
    starts: Numbers,
    owner: Numbers,
    firsts: Numbers,
    bread: Array,
    beta: Array,
) -> Fits:
    """Add standard errors and degrees of freedom; see ``bias_reduced.BiasReduced``, whose steps these are."""
    k = x.shape[1]
    if (w == 1).all():  # the span of X alone, and C is minus the bread
        z, c = x, -bread
    else:
        z = span(x, w)
        c = core(bread, np.add.reduceat(_sums(x, x * (w**2)[:, None], starts), firsts, axis=0))
    basis, inverse = roots(_sums(z, z, starts))
    shrink = shrinkage(basis, c[owner])
    direction = bread[owner, 0]
    along = np.einsum("gij,gjk,gk->gi", shrink, inverse, np.add.reduceat(z * rest[:, None], starts, axis=0))
    root = np.einsum("gij,gj->gi", basis[:, :, -k:], direction)
    error = np.einsum("gi,gi->g", root, along)
    spread = np.einsum("gij,gj->gi", shrink, root)
    across = np.einsum("gij,gj->gi", basis, spread)
    alone = (spread**2).sum(axis=1)
    apart = np.einsum("gi,gij,gj->g", across, c[owner], across)
    gram = c @ np.add.reduceat(across[:, :, None] * across[:, None, :], firsts, axis=0)
    total = np.add.reduceat(alone + apart, firsts)
    square = np.add.reduceat(alone * (alone + 2 * apart), firsts) + np.einsum("dij,dji->d", gram, gram)
    df = np.where(square > 0, np.maximum(total**2 / np.where(square > 0, square, 1), 1.0), 1.0)
    return Fits(beta[:, 0], np.sqrt(np.add.reduceat(error**2, firsts)), df)


def _sums(left: Array, right: Array, starts: Numbers) -> Array:
    """Sum the outer products of the rows of every cluster, shape (clusters, columns, columns)."""
    return np.add.reduceat(left[:, :, None] * right[:, None, :], starts, axis=0)


def _centred(columns: Array, w: Array, starts: Numbers, place: Numbers) -> Array:
    """Take the weighted mean of every cluster out."""
    weight = w if columns.ndim == 1 else w[:, None]
    means = np.add.reduceat(columns * weight, starts, axis=0) / np.add.reduceat(weight, starts, axis=0)
    return columns - means[place]
