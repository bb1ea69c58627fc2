"""The regression of inner products on pointwise mutual information, by AdaGrad. Slow twin: tests/vectors."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_REORDER = {"reassoc", "contract", "nsz", "arcp"}
"""Sums may be reordered, so that they are vectorised, and quotients be products; what is not finite stays what it is."""


@njit(cache=True, nogil=True, fastmath=_REORDER, error_model="numpy")
def train_tile(
    records: NDArray[np.void],
    a: int,
    b: int,
    blocks: int,
    state: NDArray[np.float32],
    log_counts: NDArray[np.float32],
    shift: float,
    x_max: float,
    most: float,
    alpha: float,
) -> float:
    """Learn the pairs of tile (a, b), in order; return the sum of λ (⟨v, w⟩ - PMI)², each before its step.

    records: first, second: rows of two words in their blocks; count: X. state: (V, 2, D), the vector of each word and the
    sums of its squared gradients. log_counts: (V,) ln N. shift: 2 ln ΣN - ln ΣX. most: the largest weight λ.
    """
    size = state.shape[2]
    rate = np.float32(alpha)
    least = np.float32(1e-8)
    loss = 0.0
    for r in range(records.size):
        i = a + np.int64(records[r]["first"]) * blocks
        j = b + np.int64(records[r]["second"]) * blocks
        x = np.float64(records[r]["count"])
        v, v_squares = state[i, 0], state[i, 1]
        w, w_squares = state[j, 0], state[j, 1]
        product = np.float32(0)
        for d in range(size):
            product += v[d] * w[d]
        share = x / x_max
        weight = min(math.sqrt(share * math.sqrt(share)), most)
        difference = product - (math.log(x) - log_counts[i] - log_counts[j] + shift)
        loss += weight * difference * difference
        step = np.float32(weight * difference)
        for d in range(size):
            v_gradient = step * w[d]
            w_gradient = step * v[d]
            v_square = v_squares[d] + v_gradient * v_gradient
            w_square = w_squares[d] + w_gradient * w_gradient
            v_squares[d] = v_square
            w_squares[d] = w_square
            v[d] -= rate * v_gradient / np.sqrt(v_square + least)
            w[d] -= rate * w_gradient / np.sqrt(w_square + least)
    return loss
