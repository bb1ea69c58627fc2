"""Mixtures of von Mises-Fisher distributions, by expectation maximisation (Banerjee and others, 2005).

The density of a direction x around the mean direction m, both of length 1 in D dimensions, is C(c) exp(c m·x), with the
concentration c and C(c) = c^v / ((2 pi)^(v + 1) I_v(c)), v = D / 2 - 1, where I_v is the modified Bessel function.

The components share c. Short documents scatter more than long ones, so with a c for each the likelihood grows as components
divide documents by length: a few become wide and take the short ones of all topics. Of newsgroup posts (TF-IDF, JoSE) and of
made ones such clusters agreed less with the topics than those they began with.
"""

import math

import numpy as np
from numpy.typing import NDArray

from nlptools.vectors.neighbours import Floats, unit

STEPS = 200
GAIN = 1e-6
"""Of the mean log-likelihood, below which the mixture is done."""

MOST_COHERENT = 0.9999
"""The mean cosine of directions and their component's, at most: equal directions would have an infinite density."""

LEAST_CONCENTRATION = 1e-2
MOST_ORDER = 50  # of scipy's Bessel function, which becomes 0 for large orders

_CELLS = 1 << 20  # responsibilities that a block has at most

Doubles = NDArray[np.float64]


def fit_mixture(
    directions: Floats, assignment: NDArray[np.int64], components: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return a mixture that begins with the clusters of `assignment`, (N,).

    directions: (N, D), of length 1. Returns for each direction the most probable component, (N,); the mean directions, (K, D);
    and for each direction the posterior of its component, (N,).
    """
    size, dimension = directions.shape
    sums = np.zeros((components, dimension))
    np.add.at(sums, assignment, directions)
    masses = np.bincount(assignment, minlength=components).astype(np.float64)
    before = -np.inf
    for _ in range(STEPS):
        means, concentration = _maximise(sums, size)
        weights = np.log(np.maximum(masses, 1e-300) / size) + log_normaliser(dimension, concentration)
        found, posteriors, sums, masses, likelihood = _expect(directions, means, concentration, weights)
        if likelihood - before < GAIN:
            break
        before = likelihood
    return found, means, posteriors


def _maximise(sums: Doubles, size: int) -> tuple[Floats, float]:
    """Return the mean directions and the concentration, by the approximation of Banerjee and others."""
    coherence = min(float(np.linalg.norm(sums, axis=1).sum()) / size, MOST_COHERENT)
    concentration = coherence * (sums.shape[1] - coherence**2) / (1 - coherence**2)
    return unit(sums.astype(np.float32)), max(concentration, LEAST_CONCENTRATION)


def _expect(
    directions: Floats, means: Floats, concentration: float, weights: Doubles
) -> tuple[NDArray[np.int64], Floats, Doubles, Doubles, float]:
    """Return components and posteriors as `fit_mixture`, sums of directions and of responsibilities, mean log-likelihood."""
    size, dimension = directions.shape
    found, posteriors = np.empty(size, np.int64), np.empty(size, np.float32)
    sums, masses, likelihood = np.zeros((len(means), dimension)), np.zeros(len(means)), 0.0
    rows = max(1, _CELLS // max(len(means), dimension))
    for first in range(0, size, rows):
        block = directions[first : first + rows]
        densities = (block @ means.T) * concentration + weights
        largest = densities.max(axis=1, keepdims=True)
        shares = np.exp(densities - largest)
        totals = shares.sum(axis=1, keepdims=True)
        shares /= totals
        likelihood += float((largest + np.log(totals)).sum())
        found[first : first + rows] = shares.argmax(axis=1)
        posteriors[first : first + rows] = shares.max(axis=1)
        sums += shares.T @ block
        masses += shares.sum(axis=0)
    return found, posteriors, sums, masses, likelihood / size


def log_normaliser(dimension: int, concentration: float) -> float:
    """Return ln C of a concentration, in this many dimensions."""
    order = dimension / 2 - 1
    return order * math.log(concentration) - (order + 1) * math.log(2 * math.pi) - log_bessel(order, concentration)


def log_bessel(order: float, x: float) -> float:
    """Return ln I of this order at x > 0; of large orders by the uniform expansion (DLMF 10.41)."""
    from scipy.special import ive

    if order < MOST_ORDER:
        return math.log(ive(order, x)) + x
    z = x / order
    root = math.sqrt(1 + z * z)
    p = 1 / root
    first = (3 * p - 5 * p**3) / 24
    second = (81 * p**2 - 462 * p**4 + 385 * p**6) / 1152
    third = (30375 * p**3 - 369603 * p**5 + 765765 * p**7 - 425425 * p**9) / 414720
    series = 1 + first / order + second / order**2 + third / order**3
    exponent = order * (root + math.log(z / (1 + root)))
    return exponent - 0.5 * math.log(2 * math.pi * order * root) + math.log(series)
