"""A classifier of gaps: does a word begin here? Slow twins: tests/segment.

Weights are laid out by n-gram: a row for each, with a weight for every place it can have around the gap, so that a row is
fetched once for all gaps. With a3 a2 a | b b2 b3 around a gap the columns are

    symbols   a, b, a2, b2                      pairs    a2a, ab, bb2, a3a2, b2b3
    apart     a_b2, a2_b (one symbol between)   triples  a2ab, abb2, bb2b3, a3a2a

Pairs, apart and triples are hashed. Nothing beyond an edge counts: a3 is left out if a2 is an edge, b3 if b2 is. The teacher
has dense weights beside, of bins of statistics, of pairs and of triples of bins.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BINS = 32
BIN_PAIRS = np.array(
    [
        (0, 2),
        (0, 5),
        (2, 5),
        (3, 6),
        (11, 12),
        (7, 8),
        (9, 10),
        (1, 4),
        (0, 11),
        (0, 12),
        (2, 11),
        (5, 12),
        (3, 5),
        (2, 6),
    ]
)
BIN_TRIPLES = np.array([(0, 11, 12), (0, 2, 5)])
DENSE = 14
DENSE_WEIGHTS = DENSE * BINS + len(BIN_PAIRS) * BINS**2 + len(BIN_TRIPLES) * BINS**3

HIGHEST = 32767  # score of a gap beside an edge

SYMBOL_COLUMNS, PAIR_COLUMNS, APART_COLUMNS, TRIPLE_COLUMNS = 4, 8, 2, 4  # three of a pair's are not used
_SPARSE = 15
_FEATURES = _SPARSE + DENSE + len(BIN_PAIRS) + len(BIN_TRIPLES)

_M = np.uint64(0x9E3779B97F4A7C15)
_N = np.uint64(0xD6E8FEB86659FD93)


class Weights(NamedTuple):
    """symbols: (A · 4,), pairs: (P · 8,), apart: (Q · 2,), triples: (R · 4,), dense; P, Q, R powers of two."""

    symbols: NDArray[np.float32]
    pairs: NDArray[np.float32]
    apart: NDArray[np.float32]
    triples: NDArray[np.float32]
    dense: NDArray[np.float32]


@njit(cache=True, nogil=True)
def _pair_row(x: int, y: int, rows: int) -> int:
    key = (np.uint64(x) << np.uint64(16) | np.uint64(y)) * _M
    return np.int64(key >> np.uint64(32)) & (rows - 1)


@njit(cache=True, nogil=True)
def _apart_row(x: int, z: int, rows: int) -> int:
    key = (np.uint64(x) << np.uint64(16) | np.uint64(z)) * _N
    return np.int64(key >> np.uint64(32)) & (rows - 1)


@njit(cache=True, nogil=True)
def _triple_row(x: int, y: int, z: int, rows: int) -> int:
    key = (np.uint64(x) << np.uint64(32) | np.uint64(y) << np.uint64(16) | np.uint64(z)) * _M
    key = (key ^ (key >> np.uint64(29))) * _N
    return np.int64(key >> np.uint64(32)) & (rows - 1)


@njit(cache=True, nogil=True)
def _features(
    i: int,
    codes: NDArray[np.uint16],
    bins: NDArray[np.uint8],
    pair_rows: int,
    apart_rows: int,
    triple_rows: int,
    places: NDArray[np.int64],
) -> int:
    """Write where the weights of the gap before symbol i are; -1 for those left out; return how many places there are.

    Order: 4 of symbols, 5 of pairs, 2 of apart, 4 of triples, then the dense ones if there are bins.
    """
    a, b = np.int64(codes[i - 1]), np.int64(codes[i])
    a2 = np.int64(codes[i - 2]) if i >= 2 else 0
    b2 = np.int64(codes[i + 1]) if i + 1 < codes.size else 0
    places[0] = a * SYMBOL_COLUMNS
    places[1] = b * SYMBOL_COLUMNS + 1
    places[2] = a2 * SYMBOL_COLUMNS + 2
    places[3] = b2 * SYMBOL_COLUMNS + 3
    places[4] = _pair_row(a2, a, pair_rows) * PAIR_COLUMNS
    places[5] = _pair_row(a, b, pair_rows) * PAIR_COLUMNS + 1
    places[6] = _pair_row(b, b2, pair_rows) * PAIR_COLUMNS + 2
    places[9] = _apart_row(a, b2, apart_rows) * APART_COLUMNS
    places[10] = _apart_row(a2, b, apart_rows) * APART_COLUMNS + 1
    places[11] = _triple_row(a2, a, b, triple_rows) * TRIPLE_COLUMNS
    places[12] = _triple_row(a, b, b2, triple_rows) * TRIPLE_COLUMNS + 1
    places[7] = places[8] = places[13] = places[14] = -1
    if a2 != 0:
        a3 = np.int64(codes[i - 3]) if i >= 3 else 0
        places[7] = _pair_row(a3, a2, pair_rows) * PAIR_COLUMNS + 3
        places[14] = _triple_row(a3, a2, a, triple_rows) * TRIPLE_COLUMNS + 3
    if b2 != 0:
        b3 = np.int64(codes[i + 2]) if i + 2 < codes.size else 0
        places[8] = _pair_row(b2, b3, pair_rows) * PAIR_COLUMNS + 4
        places[13] = _triple_row(b, b2, b3, triple_rows) * TRIPLE_COLUMNS + 2
    if bins.shape[0] == 0:
        return _SPARSE
    n = _SPARSE
    for f in range(DENSE):
        places[n] = f * BINS + np.int64(bins[i, f])
        n += 1
    base = DENSE * BINS
    for p in range(BIN_PAIRS.shape[0]):
        first, second = np.int64(bins[i, BIN_PAIRS[p, 0]]), np.int64(bins[i, BIN_PAIRS[p, 1]])
        places[n] = base + (p * BINS + first) * BINS + second
        n += 1
    base += BIN_PAIRS.shape[0] * BINS * BINS
    for p in range(BIN_TRIPLES.shape[0]):
        first, second = np.int64(bins[i, BIN_TRIPLES[p, 0]]), np.int64(bins[i, BIN_TRIPLES[p, 1]])
        places[n] = base + ((p * BINS + first) * BINS + second) * BINS + np.int64(bins[i, BIN_TRIPLES[p, 2]])
        n += 1
    return n


@njit(cache=True, nogil=True)
def _sum(places: NDArray[np.int64], n: int, stride: int, weights: Weights) -> float:
    """Return the sum of the weights at the places, of which each takes so many numbers."""
    z = 0.0
    for j in range(4):
        z += weights.symbols[places[j] * stride]
    for j in range(4, 9):
        if places[j] >= 0:
            z += weights.pairs[places[j] * stride]
    z += weights.apart[places[9] * stride] + weights.apart[places[10] * stride]
    for j in range(11, _SPARSE):
        if places[j] >= 0:
            z += weights.triples[places[j] * stride]
    for j in range(_SPARSE, n):
        z += weights.dense[places[j] * stride]
    return z


@njit(cache=True, nogil=True)
def _step(
    places: NDArray[np.int64], first: int, last: int, state: NDArray[np.float32], square: float, step: float
) -> None:
    for j in range(first, last):
        if places[j] >= 0:
            place = places[j] * 2
            state[place + 1] += square
            state[place] -= step / math.sqrt(state[place + 1] + np.float32(1.0))


@njit(cache=True, nogil=True)
def train(
    codes: NDArray[np.uint16],
    bins: NDArray[np.uint8],
    target: NDArray[np.float32],
    fold: int,
    block: int,
    rate: float,
    state: Weights,
) -> float:
    """Go through the gaps once, in the order of the text, with AdaGrad; return the mean cross entropy in nats.

    target: (T,) probability that a word begins at i. bins: (T, DENSE), or (0, DENSE) for the sparse features alone.
    fold >= 0: only the blocks of so many positions that are of this fold, 0 or 1, count. state: twice as long as weights,
    behind each weight the sum of its squared gradients, so that they are fetched together.
    """
    pair_rows = state.pairs.size // (2 * PAIR_COLUMNS)
    apart_rows = state.apart.size // (2 * APART_COLUMNS)
    triple_rows = state.triples.size // (2 * TRIPLE_COLUMNS)
    places = np.empty(_FEATURES, np.int64)
    loss = 0.0
    seen = 0
    for i in range(1, codes.size):
        if codes[i] == 0 or codes[i - 1] == 0 or (fold >= 0 and (i // block) % 2 != fold):
            continue
        n = _features(i, codes, bins, pair_rows, apart_rows, triple_rows, places)
        p = 1.0 / (1.0 + math.exp(-_sum(places, n, 2, state)))
        loss -= target[i] * math.log(p + 1e-9) + (1.0 - target[i]) * math.log(1.0 - p + 1e-9)
        seen += 1
        gradient = p - target[i]
        square, step = np.float32(gradient * gradient), np.float32(rate * gradient)
        _step(places, 0, 4, state.symbols, square, step)
        _step(places, 4, 9, state.pairs, square, step)
        _step(places, 9, 11, state.apart, square, step)
        _step(places, 11, _SPARSE, state.triples, square, step)
        _step(places, _SPARSE, n, state.dense, square, step)
    return loss / max(seen, 1)


@njit(cache=True, nogil=True)
def predict(
    codes: NDArray[np.uint16],
    bins: NDArray[np.uint8],
    fold: int,
    block: int,
    lo: int,
    hi: int,
    weights: Weights,
    out: NDArray[np.float32],
) -> None:
    """Write the log-odds of the gaps before lo <= i < hi; fold >= 0: only of the blocks that `train` left out for it."""
    pair_rows = weights.pairs.size // PAIR_COLUMNS
    apart_rows = weights.apart.size // APART_COLUMNS
    triple_rows = weights.triples.size // TRIPLE_COLUMNS
    places = np.empty(_FEATURES, np.int64)
    for i in range(max(lo, 1), hi):
        if codes[i] != 0 and codes[i - 1] != 0 and (fold < 0 or (i // block) % 2 != fold):
            n = _features(i, codes, bins, pair_rows, apart_rows, triple_rows, places)
            out[i] = _sum(places, n, 1, weights)


@njit(cache=True, nogil=True)
def _prefix(node: int, length: int, parents: NDArray[np.int32], lengths: NDArray[np.int16]) -> int:
    """Return the first `length` symbols of a node, 0 if it has fewer."""
    while lengths[node] > length:
        node = parents[node]
    return node if lengths[node] == length else 0


@njit(cache=True, nogil=True)
def place_bins(
    codes: NDArray[np.uint16],
    node_at: NDArray[np.int32],
    parents: NDArray[np.int32],
    lengths: NDArray[np.int16],
    values: NDArray[np.uint8],
    lo: int,
    hi: int,
    bins: NDArray[np.uint8],
) -> None:
    """Write the bins of the gaps before lo <= i < hi, (T, DENSE), from those of the n-grams around them.

    values: (8, G), bins of each node: PMI, right and left entropy, shares at the end and at the begin of a segment, ln of
    the count over that of the parent, the same of the suffix, ln of the count. Node 0: bin 0, missing.
    """
    for i in range(max(lo, 1), hi):
        if codes[i] == 0 or codes[i - 1] == 0:
            continue
        back1, here = node_at[i - 1], node_at[i]
        back2 = node_at[i - 2] if i >= 2 else 0
        back3 = node_at[i - 3] if i >= 3 else 0
        a, ab = _prefix(back1, 1, parents, lengths), _prefix(back1, 2, parents, lengths)
        a2a = _prefix(back2, 2, parents, lengths)
        a3a = _prefix(back3, 3, parents, lengths)
        b, bb = _prefix(here, 1, parents, lengths), _prefix(here, 2, parents, lengths)
        bins[i, 0] = values[0, ab]
        bins[i, 1] = values[1, a]
        bins[i, 2] = values[1, a2a]
        bins[i, 3] = values[1, a3a]
        bins[i, 4] = values[2, b]
        bins[i, 5] = values[2, bb]
        bins[i, 6] = values[2, _prefix(here, 3, parents, lengths)]
        bins[i, 7] = values[3, a]
        bins[i, 8] = values[4, b]
        bins[i, 9] = values[3, a2a]
        bins[i, 10] = values[4, bb]
        bins[i, 11] = values[5, _prefix(back2, 3, parents, lengths)]
        bins[i, 12] = values[6, _prefix(back1, 3, parents, lengths)]
        bins[i, 13] = values[7, ab]


class PackedWeights(NamedTuple):
    """Weights as signed bytes, a row in one number, the first column in the lowest bits.

    symbols: (A,) uint32; pairs: (P,) uint64; apart: (Q,) uint16; triples: (R,) uint32.
    """

    symbols: NDArray[np.uint32]
    pairs: NDArray[np.uint64]
    apart: NDArray[np.uint16]
    triples: NDArray[np.uint32]


@njit(cache=True, nogil=True)
def _weight(row: int) -> int:
    """Return the weight in the lowest byte."""
    return np.int64(np.int8(row))


@njit(cache=True, nogil=True)
def score(symbols: NDArray[np.uint16], weights: PackedWeights, scores: NDArray[np.int16]) -> None:
    """Write the sum of the weights of the gap before each symbol; at an edge, and behind one, the highest number.

    Between segments stands an edge; the last symbol is one.
    """
    n = symbols.size
    # row i + 1: of the n-gram that begins at symbol i; before the first stands an edge
    pairs, apart, triples = np.empty(n + 1, np.uint64), np.empty(n + 1, np.uint16), np.empty(n + 1, np.uint32)
    for i in range(-1, n):
        x = symbols[i] if i >= 0 else np.uint16(0)
        y = symbols[i + 1] if i + 1 < n else np.uint16(0)
        z = symbols[i + 2] if i + 2 < n else np.uint16(0)
        pair = weights.pairs[_pair_row(x, y, weights.pairs.size)]
        triple = weights.triples[_triple_row(x, y, z, weights.triples.size)]
        apart[i + 1] = weights.apart[_apart_row(x, z, weights.apart.size)]
        if y == 0:  # as a3 a2: nothing before an edge counts
            pair &= np.uint64(0xFFFFFFFF00FFFFFF)
            triple &= np.uint32(0x0000FFFF)
        if x == 0:  # as b2 b3
            pair &= np.uint64(0xFFFFFF00FFFFFFFF)
        pairs[i + 1] = pair
        triples[i + 1] = triple
    for i in range(n):
        if symbols[i] == 0 or i == 0 or symbols[i - 1] == 0:
            scores[i] = HIGHEST
            continue
        z = np.int64(0)
        own, last = weights.symbols[symbols[i]], weights.symbols[symbols[i - 1]]
        z += _weight(last) + _weight(own >> np.uint32(8))
        z += _weight(weights.symbols[symbols[i - 2] if i >= 2 else 0] >> np.uint32(16))
        z += _weight(weights.symbols[symbols[i + 1] if i + 1 < n else 0] >> np.uint32(24))
        z += _weight(pairs[i] >> np.uint64(8)) + _weight(pairs[i + 1] >> np.uint64(16)) + _weight(pairs[i - 1])
        z += _weight(apart[i]) + _weight(apart[i - 1] >> np.uint16(8))
        z += _weight(triples[i - 1]) + _weight(triples[i] >> np.uint32(8)) + _weight(triples[i + 1] >> np.uint32(16))
        if i >= 2:
            z += _weight(pairs[i - 2] >> np.uint64(24)) + _weight(triples[i - 2] >> np.uint32(24))
        if i + 1 < n:
            z += _weight(pairs[i + 2] >> np.uint64(32))
        scores[i] = z


@njit(cache=True, nogil=True)
def join_numerals(
    symbols: NDArray[np.uint16], is_numeral: NDArray[np.bool_], number: int, scores: NDArray[np.int16]
) -> None:
    """Write the lowest number before each numeral that follows one, or the symbol `number`. is_numeral: of each symbol."""
    for i in range(1, symbols.size):
        if is_numeral[symbols[i]] and (is_numeral[symbols[i - 1]] or symbols[i - 1] == number):
            scores[i] = -HIGHEST
