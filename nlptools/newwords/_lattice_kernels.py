"""Expected counts of words over all segmentations, and what a word saves. Slow twins: tests/newwords/twins.py.

word_at and links: see chains.py.

Sums are kept in fixed point: integers add to the same total in any order, so results do not depend on threads.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

SMALLEST, LARGEST = 1e-150, 1e150  # of forward sums: then backward sums, total over forward, stay within float64
COUNT_UNIT = 2.0**24  # of expected counts
LOG_UNIT = 2.0**20  # of log-likelihoods
NOT_FINITE = -(1 << 62)  # in place of a log-likelihood: a segment without a finite positive weight
LENGTH_BITS = 16  # of a link
LENGTH_MASK = (1 << LENGTH_BITS) - 1
# What is looked up together lies together: one word is one miss of the cache, not three.
WORD = np.dtype([("weight", np.float64), ("link", np.int64), ("sum", np.int64)])


@njit(cache=True, nogil=True)
def _longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    out = np.empty(size, array.dtype)
    out[: array.size] = array
    return out


@njit(cache=True, nogil=True)
def _own_rate(
    size: int,
    first_edge: NDArray[np.int64],
    edge_words: NDArray[np.int32],
    edge_ends: NDArray[np.int32],
    log_probabilities: NDArray[np.float64],
    best: NDArray[np.float64],
) -> float:
    """Return what the best segmentation of a segment costs, in nats a code."""
    best[: size + 1] = -math.inf
    best[0] = 0.0
    for t in range(size):
        for e in range(first_edge[t], first_edge[t + 1]):
            best[edge_ends[e]] = max(best[edge_ends[e]], best[t] + log_probabilities[edge_words[e]])
    return float(-best[size] / size)


@njit(cache=True, nogil=True)
def expected_counts(
    word_at: NDArray[np.int32],
    lo: int,
    hi: int,
    words: NDArray[np.void],
    log_probabilities: NDArray[np.float64],
    rate: float,
    longest: int,
    gaps: NDArray[np.float32],
    with_gaps: bool,
) -> int:
    """Add to words["sum"], in COUNT_UNITs, how often each is expected in word_at[lo:hi]; return the log-likelihood.

    words: (W,) of WORD; weight: probability times e^(rate · length). With the rate near the cost of a code in nats, the
    weights of a segment's segmentations stay within float64; a segment for which they do not is done again with a rate
    of its own, which changes no expectation. Segments of more than `longest` codes are cut. The log-likelihood, in
    LOG_UNITs, is that of the weights. with_gaps: gaps[i] becomes the probability that a word begins at i.
    """
    forward = np.empty(longest + 1)
    backward = np.empty(longest + 1)
    # the edges of one segment, in the order of their starts, so that the way back need not look them up again
    first_edge = np.empty(longest + 1, np.int64)
    room = longest * 8
    edge_words, edge_ends, edge_weights = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
    log_likelihood = 0
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
        edges = 0
        safe = True
        for t in range(size):
            first_edge[t] = edges
            here = forward[t]
            safe &= SMALLEST < here < LARGEST
            if edges + size > room:
                room *= 2
                edge_words, edge_ends = _longer(edge_words, room), _longer(edge_ends, room)
                edge_weights = _longer(edge_weights, room)
            word = word_at[start + t]
            while word >= 0:
                link = words[word]["link"]
                end = t + (link & LENGTH_MASK)
                if end <= size:
                    weight = words[word]["weight"]
                    forward[end] += here * weight
                    edge_words[edges], edge_ends[edges], edge_weights[edges] = word, end, weight
                    edges += 1
                word = (link >> LENGTH_BITS) - 1
        first_edge[size] = edges
        likelihood = 0.0
        if not (safe and SMALLEST < forward[size] < LARGEST):
            own = _own_rate(size, first_edge, edge_words, edge_ends, log_probabilities, backward)
            likelihood = (rate - own) * size
            forward[1 : size + 1] = 0.0
            for t in range(size):
                for e in range(first_edge[t], first_edge[t + 1]):
                    edge_weights[e] = math.exp(log_probabilities[edge_words[e]] + own * (edge_ends[e] - t))
                    forward[edge_ends[e]] += forward[t] * edge_weights[e]
        total = forward[size]
        if not (total > 0.0 and total < math.inf):
            return NOT_FINITE
        log_likelihood += round((likelihood + math.log(total)) * LOG_UNIT)
        backward[size] = 1.0
        for t in range(size - 1, -1, -1):
            share = forward[t] * COUNT_UNIT / total
            behind = 0.0
            for e in range(first_edge[t], first_edge[t + 1]):
                rest = edge_weights[e] * backward[edge_ends[e]]
                behind += rest
                words[edge_words[e]]["sum"] += np.int64(share * rest + 0.5)
            backward[t] = behind
            if with_gaps:
                gaps[start + t] = forward[t] * behind / total
        start += size
    return log_likelihood


@njit(cache=True, nogil=True)
def best_splits(
    first: int,
    last: int,
    word_at: NDArray[np.int32],
    example: NDArray[np.int64],
    links: NDArray[np.int64],
    log_probabilities: NDArray[np.float64],
    longest: int,
    out: NDArray[np.float64],
) -> None:
    """Write, for first <= word < last, the largest sum of log probabilities of words that spell it, itself left out."""
    best = np.empty(longest + 1)
    for word in range(first, last):
        size = links[word] & LENGTH_MASK
        best[0] = 0.0
        best[1 : size + 1] = -math.inf
        for t in range(size):
            piece = word_at[example[word] + t]
            while piece >= 0:
                link = links[piece]
                end = t + (link & LENGTH_MASK)
                if end <= size and piece != word:
                    best[end] = max(best[end], best[t] + log_probabilities[piece])
                piece = (link >> LENGTH_BITS) - 1
        out[word] = best[size]
