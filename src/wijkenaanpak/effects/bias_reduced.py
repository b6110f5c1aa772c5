"""Bias-reduced cluster variance and its degrees of freedom, on matrices no larger than twice the regressors.

The adjustment of Bell & McCaffrey (2002, Survey Methodology 28) in the general form of Pustejovsky & Tipton (2018, JBES
36), as their R package clubSandwich has it: weights W say how much a row counts and not how certain it is, and
the working model has errors that are independent with variance phi. Residuals of cluster g then have variance
V_g = [(I - H) phi (I - H)']_gg and are multiplied by A_g = V_g^(-1/2) (their equation 9), here after division
of all rows by the root of phi.

V_g is the identity plus a matrix whose range is spanned by X_g and W_g X_g, so that its powers are computed in that
span: no matrix has the size of a cluster, and all clusters are done at once.

Effects of the clusters themselves may have been taken out of X and the outcome when phi is 1 / W: what they fit is then
orthogonal to X, and nothing changes (theorem 2 of Pustejovsky & Tipton). Under another phi part of the error of the
effect would leave no residual, and the variance be too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SMALL = 1e-11  # of the largest eigenvalue: directions below it are rounding
ALONE = 1e-10  # of the variance left: a direction that only one cluster informs leaves no residual


@dataclass(frozen=True)
class BiasReduced:
    """What the adjustment needs to know of a regression, apart from its outcome.

    Attributes
    ----------
    bread : array, shape (k, k)
        (X'WX)^-1.
    basis : array, shape (clusters, 2k, 2k)
        Root of the Gram matrix of Z_g = [X_g, W_g X_g] in every cluster.
    inverse : array, shape (clusters, 2k, 2k)
        Its pseudo-inverse.
    shrink : array, shape (clusters, 2k, 2k)
        A_g in the orthonormal basis of that span.
    core : array, shape (2k, 2k)
        C, with (I - H)(I - H)' = I + Z C Z'.
    """

    bread: Array
    basis: Array
    inverse: Array
    shrink: Array
    core: Array

    def scores(self, products: Array) -> Array:
        """Return X_g'W_g A_g e_g of every cluster.

        Parameters
        ----------
        products : array, shape (clusters, 2k)
            Z_g'e_g.

        Returns
        -------
        array, shape (clusters, k)
        """
        along = np.einsum("gij,gjk,gk->gi", self.shrink, self.inverse, products)
        return np.einsum("gij,gi->gj", self.basis[:, :, len(self.bread) :], along)

    def df(self, direction: Array) -> float:
        """Return Satterthwaite's degrees of freedom of a combination of coefficients.

        The variance is a sum over clusters of squares of p_g'y; the degrees of freedom are (tr O)^2 / tr(O O) with
        O_gh = p_g'p_h (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, equation 11).

        Parameters
        ----------
        direction : array, shape (k,)
            The combination; the first unit vector for the effect.

        Returns
        -------
        float
            At least 1; 1 when nothing is left to estimate a variance from.
        """
        root = self.basis[:, :, len(self.bread) :] @ (self.bread @ direction)
        spread = np.einsum("gij,gj->gi", self.shrink, root)
        z = np.einsum("gij,gj->gi", self.basis, spread)
        alone, gram = (spread**2).sum(axis=1), z.T @ z
        apart = np.einsum("gi,ij,gj->g", z, self.core, z)
        total = float(alone.sum() + apart.sum())
        square = float(alone @ (alone + 2 * apart) + np.trace(self.core @ gram @ self.core @ gram))
        return max(total**2 / square, 1.0) if square > 0 else 1.0


def bias_reduced(x: Array, w: Array, codes: NDArray[np.int64], bread: Array) -> BiasReduced:
    """Prepare the adjustment for a regression.

    Parameters
    ----------
    x : array, shape (n, k)
        Regressors divided by the root of the working variance.
    w : array, shape (n,)
        Weights times the working variance.
    codes : array of int, shape (n,)
        Cluster of each row, numbered from 0 without gaps.
    bread : array, shape (k, k)

    Returns
    -------
    BiasReduced
    """
    meat = (x * (w**2)[:, None]).T @ x
    z = span(x, w)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(codes.max() + 1))
    basis, inverse = roots(np.add.reduceat(z[order][:, :, None] * z[order][:, None, :], starts, axis=0))
    c = core(bread, meat)
    return BiasReduced(bread, basis, inverse, shrinkage(basis, c), c)


def core(bread: Array, meat: Array) -> Array:
    """Return C, with (I - H)(I - H)' = I + Z C Z'; of bread (X'WX)^-1 and meat X'W^2X, one or more of them."""
    nothing = np.zeros_like(bread)
    above = np.concatenate([bread @ meat @ bread, -bread], axis=-1)
    return np.concatenate([above, np.concatenate([-bread, nothing], axis=-1)], axis=-2)


def roots(gram: Array) -> tuple[Array, Array]:
    """Return the roots of Gram matrices, shape (clusters, 2k, 2k), and their pseudo-inverses."""
    values, vectors = np.linalg.eigh(gram)
    some = values > SMALL * np.maximum(values[:, -1:], 1e-300)
    root = np.sqrt(np.where(some, values, 0))
    over = np.where(some, 1 / np.where(some, root, 1), 0)
    turned = vectors.transpose(0, 2, 1)
    return (vectors * root[:, None]) @ turned, (vectors * over[:, None]) @ turned


def shrinkage(basis: Array, c: Array) -> Array:
    """Return A_g = V_g^(-1/2) of every cluster in the basis of its span; `c` one for all, or one a cluster."""
    values, vectors = np.linalg.eigh(basis @ c @ basis)
    left = values > ALONE - 1
    shrink = np.where(left, 1 / np.sqrt(np.where(left, 1 + values, 1)), 0)
    return (vectors * shrink[:, None]) @ vectors.transpose(0, 2, 1)


def span(x: Array, w: Array) -> Array:
    """Return Z = [X, WX], shape (n, 2k)."""
    return np.column_stack([x, x * w[:, None]])
