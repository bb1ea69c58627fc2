"""Expected counts of words over all segmentations, and what a word saves. Slow twins: tests/newwords/twins.py.

Words are numbered 0..W-1. The words that start at position i are chained: word_at[i], up[word_at[i]], ..., each one a
prefix of the one before, the last a single code; -1 ends a chain and stands at breaks.

Sums are kept in fixed point: integers add to the same total in any order, so results do not depend on threads.
"""

import math

import numpy as np
from numba import njit

COUNT_UNIT = 2.0**24  # of expected counts
LOG_UNIT = 2.0**20  # of log-likelihoods


@njit(cache=True, nogil=True)
def expected_counts(word_at, lo, hi, lengths, up, weights, longest, sums, gaps, with_gaps):
    """Add to `sums`, in COUNT_UNITs, how often each word is expected in word_at[lo:hi]; return the log-likelihood.

    with_gaps: write to gaps[i] the probability that a word begins at i; breaks keep what they have.

    weights: (W,), probability times e^(rate · length), so that the weight of a segmentation neither over- nor
    underflows within `longest` codes; longer segments are cut there. The log-likelihood, in LOG_UNITs, is of the weights.
    """
    forward = np.empty(longest + 1)
    backward = np.empty(longest + 1)
    log_likelihood = np.int64(0)
    start = lo
    while start < hi:
        if word_at[start] < 0:
            start += 1
            continue
        size = 1
        while start + size < hi and size < longest and word_at[start + size] >= 0:
            size += 1
        forward[: size + 1] = 0.0
        forward[0] = 1.0
        for t in range(size):
            here = forward[t]
            word = word_at[start + t]
            while word >= 0:
                end = t + lengths[word]
                if end <= size:
                    forward[end] += here * weights[word]
                word = up[word]
        total = forward[size]
        if not (total > 0.0 and total < math.inf):
            return np.int64(-1) << np.int64(62)
        log_likelihood += np.int64(round(math.log(total) * LOG_UNIT))
        backward[size] = 1.0
        for t in range(size - 1, -1, -1):
            share = forward[t] * COUNT_UNIT / total
            behind = 0.0
            word = word_at[start + t]
            while word >= 0:
                end = t + lengths[word]
                if end <= size:
                    rest = weights[word] * backward[end]
                    behind += rest
                    sums[word] += np.int64(share * rest + 0.5)
                word = up[word]
            backward[t] = behind
            if with_gaps:
                gaps[start + t] = forward[t] * behind / total
        start += size
    return log_likelihood


@njit(cache=True, nogil=True)
def best_splits(first, last, word_at, example, lengths, up, log_probabilities, longest, out):
    """Write, for first <= word < last, the largest sum of log probabilities of words that spell it, itself left out."""
    best = np.empty(longest + 1)
    for word in range(first, last):
        size = lengths[word]
        best[0] = 0.0
        best[1 : size + 1] = -math.inf
        for t in range(size):
            piece = word_at[example[word] + t]
            while piece >= 0:
                end = t + lengths[piece]
                if end <= size and piece != word:
                    best[end] = max(best[end], best[t] + log_probabilities[piece])
                piece = up[piece]
        out[word] = best[size]


@njit(cache=True, nogil=True)
def renumber(word_at, lo, hi, new_number):
    """Replace each word of word_at[lo:hi] by new_number[word]."""
    for i in range(lo, hi):
        if word_at[i] >= 0:
            word_at[i] = new_number[word_at[i]]


@njit(cache=True, nogil=True)
def inherit(number, up):
    """Give each word without a number that of the next shorter word of its chain, which comes before it."""
    for word in range(number.size):
        if number[word] < 0 and up[word] >= 0:
            number[word] = number[up[word]]
