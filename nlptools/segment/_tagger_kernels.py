"""A linear-chain conditional random field over the symbols of a text. Slow twins: tests/segment.

Each symbol is in a state: it begins a word, is inside one, ends one, or is one. A template makes a feature of a few columns
of what is known at a place and behind it; a feature has a row of weights, four for each symbol near the place that it
speaks about. So a row is fetched once for all these symbols. What stands beyond an edge never counts.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

STATES = 4
BEGIN, INSIDE, END, SINGLE = 0, 1, 2, 3

LONGEST = 6
"""Symbols of the longest n-grams of which raw text tells something."""

# columns: the symbol, its class, which of its neighbours it repeats; then, of the n-grams of 2 to LONGEST symbols that start
# here, how much each looks like a word; how often those of 1 to LONGEST are one (log2), the first three of these also halved;
# then for each of the families below the longest that starts here, ends here, lies around
SYMBOL, CLASS, REPEATED, QUALITY = 0, 1, 2, 3
WORDS = QUALITY + LONGEST - 1
HALVED = WORDS + LONGEST
LONGEST_HERE = HALVED + 3
FAMILIES = 4
COLUMNS = LONGEST_HERE + 3 * FAMILIES

# of what is known of an n-gram: quality, 0 or 1 + 8 · its bin of solidity + that of freedom; above it the bin of its words
QUALITY_BITS = 6
SOLIDITIES, FREEDOMS = (0, 2, 4, 3), (0, 2, 1, 3)  # least bins of the families; the first are words
MOST_BIN = 15

BLOCK = 4096  # symbols of a segment that are looked at together
MARGIN = 20  # symbols on either side that can matter: templates and n-grams reach no further

_M = np.uint64(0x9E3779B97F4A7C15)
_N = np.uint64(0xD6E8FEB86659FD93)
_TEMPLATE_BITS = np.uint64(6)


class Evidence(NamedTuple):
    """What raw text tells: of n-grams, a hash table; of symbols their class and the log2 of how often each is a word.

    fingerprints: (H,) uint32, 0 is free; values: (H,) uint16; words, classes: (A,) uint8; (0,) if there is no raw text.
    """

    fingerprints: NDArray[np.uint32]
    values: NDArray[np.uint16]
    words: NDArray[np.uint8]
    classes: NDArray[np.uint8]


class Templates(NamedTuple):
    """columns, shifts: (F, 4) what a feature is made of; column -1: nothing. first, last: (F,) whom it speaks about."""

    columns: NDArray[np.int64]
    shifts: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


class Features(NamedTuple):
    """A hash table of features: fingerprints (H,) uint32, 0 is free; rows (H,) int32, the first row of weights."""

    fingerprints: NDArray[np.uint32]
    rows: NDArray[np.int32]


@njit(cache=True, nogil=True)
def _mixed(key: np.uint64, value: int) -> np.uint64:
    key = (key ^ np.uint64(value + 77)) * _M
    return key ^ (key >> np.uint64(29))


@njit(cache=True, nogil=True)
def _slot(key: np.uint64, fingerprints: NDArray[np.uint32]) -> int:
    """Return where a key is in a hash table, or the free slot where it would be."""
    mask = np.int64(fingerprints.size - 1)
    mixed = key * _N
    fingerprint = np.uint32(mixed >> np.uint64(32)) | np.uint32(1)
    slot = np.int64(mixed >> np.uint64(8)) & mask
    while fingerprints[slot] != 0 and fingerprints[slot] != fingerprint:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def _enter(key: np.uint64, fingerprints: NDArray[np.uint32]) -> int:
    slot = _slot(key, fingerprints)
    fingerprints[slot] = np.uint32((key * _N) >> np.uint64(32)) | np.uint32(1)
    return slot


@njit(cache=True, nogil=True)
def fill_ngrams(
    codes: NDArray[np.uint16],
    places: NDArray[np.int64],
    lengths: NDArray[np.int16],
    qualities: NDArray[np.uint16],
    fingerprints: NDArray[np.uint32],
    values: NDArray[np.uint16],
) -> None:
    """Put n-grams of a text, given by where each occurs and its length, into an empty hash table with their qualities."""
    for g in range(places.size):
        key = np.uint64(1)
        for j in range(places[g], places[g] + lengths[g]):
            key = _mixed(key, codes[j])
        values[_enter(key, fingerprints)] = qualities[g]


@njit(cache=True, nogil=True)
def count_words(
    codes: NDArray[np.uint16],
    begins: NDArray[np.uint8],
    fingerprints: NDArray[np.uint32],
    counts: NDArray[np.uint32],
    single: NDArray[np.uint32],
) -> None:
    """Count the words of a segmented text: those of the hash table, (H,), and the symbols that are one, (A,)."""
    i = 0
    while i < codes.size:
        end = i + 1
        while end < codes.size and begins[end] == 0 and codes[end] != 0:
            end += 1
        if codes[i] != 0 and end - i == 1:
            single[codes[i]] += 1
        elif codes[i] != 0 and end - i <= LONGEST:
            key = np.uint64(1)
            for j in range(i, end):
                key = _mixed(key, codes[j])
            slot = _slot(key, fingerprints)
            if fingerprints[slot] != 0:
                counts[slot] += 1
        i = end


@njit(cache=True, nogil=True)
def _note(columns: NDArray[np.uint16], family: int, j: int, length: int) -> None:
    """Note that an n-gram of a family starts at j; of one place the shorter ones come first."""
    column = LONGEST_HERE + 3 * family
    columns[j, column] = length
    last = j + length - 1
    columns[last, column + 1] = max(columns[last, column + 1], length)
    for inner in range(j + 1, last):
        columns[inner, column + 2] = max(columns[inner, column + 2], length)


@njit(cache=True, nogil=True)
def _describe(
    symbols: NDArray[np.uint16], lo: int, hi: int, evidence: Evidence, columns: NDArray[np.uint16]
) -> None:
    """Write what is known at the places lo <= i < hi of a segment, an edge before and behind them: (hi - lo + 2, COLUMNS)."""
    n = hi - lo
    columns[: n + 2] = 0
    for j in range(1, n + 1):
        columns[j, SYMBOL] = symbols[lo + j - 1]
    for j in range(1, n + 1):
        symbol = columns[j, SYMBOL]
        repeated = 0
        for bit, shift in enumerate((-1, 1, -2, 2)):
            if 0 < j + shift <= n and columns[j + shift, SYMBOL] == symbol:
                repeated |= 1 << bit
        columns[j, REPEATED] = repeated
        if evidence.fingerprints.size == 0 or symbol >= evidence.classes.size:
            continue
        columns[j, CLASS] = evidence.classes[symbol]
        columns[j, WORDS] = evidence.words[symbol]
        if evidence.words[symbol] > 0:
            _note(columns, 0, j, 1)
        key = _mixed(np.uint64(1), symbol)
        for length in range(2, min(LONGEST, n + 1 - j) + 1):
            key = _mixed(key, columns[j + length - 1, SYMBOL])
            slot = _slot(key, evidence.fingerprints)
            if evidence.fingerprints[slot] == 0:
                break
            value = evidence.values[slot]
            quality, words = value & ((1 << QUALITY_BITS) - 1), value >> QUALITY_BITS
            columns[j, QUALITY + length - 2] = quality
            columns[j, WORDS + length - 1] = words
            if words > 0:
                _note(columns, 0, j, length)
            for family in range(1, FAMILIES):
                if (quality - 1) >> 3 >= SOLIDITIES[family] and (quality - 1) & 7 >= FREEDOMS[family]:
                    _note(columns, family, j, length)
    for j in range(1, n + 1):
        for k in range(3):
            columns[j, HALVED + k] = (columns[j, WORDS + k] + 1) >> 1


@njit(cache=True, nogil=True)
def _feature(columns: NDArray[np.uint16], end: int, i: int, f: int, templates: Templates) -> np.uint64:
    """Return the key of a feature at place i, 0 if it would reach to `end` or beyond."""
    key = np.uint64(f + 1)
    for a in range(4):
        column = templates.columns[f, a]
        if column < 0:
            break
        place = i + templates.shifts[f, a]
        if place >= end:
            return np.uint64(0)
        key = _mixed(key, columns[place, column])
    return (key << _TEMPLATE_BITS) | np.uint64(f)


@njit(cache=True, nogil=True)
def list_features(
    symbols: NDArray[np.uint16],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    evidence: Evidence,
    templates: Templates,
    keys: NDArray[np.uint64],
) -> int:
    """Write the keys of all features of segments, the template in the low bits; return how many.

    starts, ends: of the segments; keys: room for a key of each template for each symbol and two more for each segment.
    """
    columns = np.empty(((ends - starts).max() + 2, COLUMNS), np.uint16)
    n = 0
    for s in range(starts.size):
        _describe(symbols, starts[s], ends[s], evidence, columns)
        end = ends[s] - starts[s] + 2
        for f in range(templates.first.size):
            for i in range(end):
                key = _feature(columns, end, i, f, templates)
                if key != 0:
                    keys[n] = key
                    n += 1
    return n


@njit(cache=True, nogil=True)
def enter_features(keys: NDArray[np.uint64], first_rows: NDArray[np.int32], features: Features) -> None:
    """Put features, each with its first row of weights, into an empty hash table."""
    for k in range(keys.size):
        features.rows[_enter(keys[k], features.fingerprints)] = first_rows[k]


@njit(cache=True, nogil=True)
def _find_rows(
    columns: NDArray[np.uint16], end: int, templates: Templates, features: Features, rows: NDArray[np.int32]
) -> None:
    """Write the first row of weights of each template at each place, -1 if there is none: (F, end)."""
    for f in range(templates.first.size):
        for i in range(end):
            key = _feature(columns, end, i, f, templates)
            rows[f, i] = -1
            if key != 0:
                slot = _slot(key, features.fingerprints)
                if features.fingerprints[slot] != 0:
                    rows[f, i] = features.rows[slot]


@njit(cache=True, nogil=True)
def _log_add(x: float, y: float) -> float:
    most = max(x, y)
    return most if most == -np.inf else most + math.log(math.exp(x - most) + math.exp(y - most))


@njit(cache=True, nogil=True)
def _expect(
    scores: NDArray[np.float64],
    n: int,
    transitions: NDArray[np.float64],
    before: NDArray[np.float64],
    behind: NDArray[np.float64],
    states: NDArray[np.float64],
    moves: NDArray[np.float64],
) -> float:
    """Write the probability of each state, (n, 4), and how often each move is expected, (4, 4); return ln of the sum of
    all segmentations.

    A word goes on after BEGIN and INSIDE, in INSIDE and END; another begins after END and SINGLE, in BEGIN and SINGLE.
    before, behind: (n, 4), room for the sums over the ways to and from each state.
    """
    before[0] = -np.inf
    before[0, BEGIN], before[0, SINGLE] = scores[0, BEGIN], scores[0, SINGLE]
    for t in range(1, n):
        for s in range(STATES):
            x = BEGIN if s == INSIDE or s == END else END
            come = _log_add(before[t - 1, x] + transitions[x, s], before[t - 1, x + 1] + transitions[x + 1, s])
            before[t, s] = come + scores[t, s]
    behind[n - 1] = -np.inf
    behind[n - 1, END] = behind[n - 1, SINGLE] = 0.0
    for t in range(n - 2, -1, -1):
        for s in range(STATES):
            x, y = (INSIDE, END) if s == BEGIN or s == INSIDE else (BEGIN, SINGLE)
            behind[t, s] = _log_add(
                transitions[s, x] + scores[t + 1, x] + behind[t + 1, x],
                transitions[s, y] + scores[t + 1, y] + behind[t + 1, y],
            )
    whole = _log_add(before[n - 1, END], before[n - 1, SINGLE])
    moves[:] = 0.0
    for t in range(n):
        for s in range(STATES):
            states[t, s] = math.exp(before[t, s] + behind[t, s] - whole)
            if t > 0:
                x = BEGIN if s == INSIDE or s == END else END
                for r in range(x, x + 2):
                    moves[r, s] += math.exp(
                        before[t - 1, r] + transitions[r, s] + scores[t, s] + behind[t, s] - whole
                    )
    return whole


@njit(cache=True, nogil=True)
def _sum_weights(
    rows: NDArray[np.int32], n: int, templates: Templates, weights: NDArray[np.float32], scores: NDArray[np.float64]
) -> None:
    """Write the sums of the weights of each symbol, (n, 4); rows: (F, n + 2), of the places from the edge before it on."""
    scores[:n] = 0.0
    for f in range(templates.first.size):
        first = templates.first[f]
        for i in range(n + 2):
            if rows[f, i] < 0:
                continue
            for t in range(max(i + first, 1), min(i + templates.last[f], n) + 1):
                for s in range(STATES):
                    scores[t - 1, s] += weights[rows[f, i] + t - i - first, s]


@njit(cache=True, nogil=True)
def _step(
    rows: NDArray[np.int32],
    n: int,
    templates: Templates,
    rates: NDArray[np.float32],
    gradient: NDArray[np.float64],
    weights: NDArray[np.float32],
    squares: NDArray[np.float32],
) -> None:
    """Move the weights of a segment against the gradient of its scores, (n, 4)."""
    for f in range(templates.first.size):
        first = templates.first[f]
        for i in range(n + 2):
            if rows[f, i] < 0:
                continue
            for t in range(max(i + first, 1), min(i + templates.last[f], n) + 1):
                row = rows[f, i] + t - i - first
                for s in range(STATES):
                    slope = np.float32(gradient[t - 1, s])
                    squares[row, s] += slope * slope
                    weights[row, s] -= rates[f] * slope / math.sqrt(squares[row, s] + np.float32(0.1))


@njit(cache=True, nogil=True)
def train(
    symbols: NDArray[np.uint16],
    gold: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    evidence: Evidence,
    templates: Templates,
    features: Features,
    rates: NDArray[np.float32],
    rate: float,
    weights: NDArray[np.float32],
    squares: NDArray[np.float32],
    transitions: NDArray[np.float64],
    transition_squares: NDArray[np.float64],
) -> float:
    """Go through the segments once, in this order, with AdaGrad; return the mean loss of a symbol in nats.

    gold: (T,) the right states. starts, ends: of the segments. rates: (F,) of the templates, rate: of the transitions.
    weights, squares: (R, 4), transitions, transition_squares: (4, 4), the squares sums of squared gradients.
    """
    longest = (ends - starts).max()
    columns = np.empty((longest + 2, COLUMNS), np.uint16)
    rows = np.empty((templates.first.size, longest + 2), np.int32)
    scores, states = np.empty((longest, STATES)), np.empty((longest, STATES))
    before, behind = np.empty((longest, STATES)), np.empty((longest, STATES))
    moves = np.empty((STATES, STATES))
    loss = 0.0
    for segment in order:
        lo, n = starts[segment], ends[segment] - starts[segment]
        _describe(symbols, lo, lo + n, evidence, columns)
        _find_rows(columns, n + 2, templates, features, rows)
        _sum_weights(rows, n, templates, weights, scores)
        loss += _expect(scores, n, transitions, before, behind, states, moves)
        for t in range(n):
            state = gold[lo + t]
            loss -= scores[t, state]
            states[t, state] -= 1.0
            if t > 0:
                loss -= transitions[gold[lo + t - 1], state]
                moves[gold[lo + t - 1], state] -= 1.0
        for r in range(STATES):
            for s in range(STATES):
                transition_squares[r, s] += moves[r, s] ** 2
                transitions[r, s] -= rate * moves[r, s] / math.sqrt(transition_squares[r, s] + 1.0)
        _step(rows, n, templates, rates, states, weights, squares)
    return loss / max((ends - starts).sum(), 1)


@njit(cache=True, nogil=True)
def _sum_packed(
    rows: NDArray[np.int32],
    lo: int,
    hi: int,
    end: int,
    templates: Templates,
    weights: NDArray[np.int16],
    sums: NDArray[np.int32],
) -> None:
    """Write the sums of the weights of the symbols at the places lo <= t < hi: (end, 4); rows: (F, end)."""
    sums[lo:hi] = 0
    for f in range(templates.first.size):
        first, last = templates.first[f], templates.last[f]
        for i in range(max(lo - last, 0), min(hi - first, end)):
            row = rows[f, i]
            if row >= 0:
                row -= i + first
                for t in range(max(i + first, lo), min(i + last + 1, hi)):
                    for s in range(STATES):
                        sums[t, s] += weights[row + t, s]


@njit(cache=True, nogil=True)
def emit(
    symbols: NDArray[np.uint16],
    evidence: Evidence,
    templates: Templates,
    features: Features,
    weights: NDArray[np.int16],
    unit: float,
    out: NDArray[np.float32],
) -> None:
    """Write the scores of the states of each symbol in nats, (T, 4); 0 at edges. weights: (R, 4) in units of `unit`."""
    most = min(BLOCK + 2 * MARGIN, symbols.size) + 2
    columns = np.empty((most, COLUMNS), np.uint16)
    rows = np.empty((templates.first.size, most), np.int32)
    sums = np.empty((most, STATES), np.int32)
    start = 0
    while start < symbols.size:
        if symbols[start] == 0:
            out[start] = 0.0
            start += 1
            continue
        end = start + 1
        while end < symbols.size and symbols[end] != 0:
            end += 1
        for block in range(start, end, BLOCK):
            stop = min(block + BLOCK, end)
            lo, hi = max(start, block - MARGIN), min(end, stop + MARGIN)
            _describe(symbols, lo, hi, evidence, columns)
            _find_rows(columns, hi - lo + 2, templates, features, rows)
            _sum_packed(rows, block - lo + 1, stop - lo + 1, hi - lo + 2, templates, weights, sums)
            for t in range(block, stop):
                for s in range(STATES):
                    out[t, s] = sums[t - lo + 1, s] * unit
        start = end
