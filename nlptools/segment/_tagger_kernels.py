"""A linear-chain conditional random field over the symbols of a text. Slow twins: tests/segment.

Each symbol is in a state: it begins a word, is inside one, ends one, or is one. A template makes a feature of a few columns
of what is known at a place and behind it; a feature has a row of weights, four for each symbol near the place that it
speaks about. So a row is fetched once for all these symbols.

A text is laid out with PADDING between segments, so that templates need not ask where they end: no template reaches as far
as from one segment to the next. Rows of weights from 0 to the widest feature's are zero: those of features not known.
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
# then the longest word that starts here, that ends here, that lies around
SYMBOL, CLASS, REPEATED, QUALITY = 0, 1, 2, 3
WORDS = QUALITY + LONGEST - 1
HALVED = WORDS + LONGEST
STARTS = HALVED + 3
ENDS, AROUND, COLUMNS = STARTS + 1, STARTS + 2, STARTS + 3

QUALITY_BITS, WORD_BITS = 6, 4
KNOWN_BITS = QUALITY_BITS + WORD_BITS
"""What is known of an n-gram: its quality, 1 + 8 · bin of solidity + bin of freedom, and above it log2 of its words."""

PADDING = 2  # edges between segments; a feature knows of no symbol further from the one it speaks about
BLOCK = 2048  # places that are looked at together
MARGIN = 20  # places on either side that can matter: templates and n-grams reach no further

BITS = np.full(COLUMNS, 3)  # of the values of a column
BITS[SYMBOL], BITS[CLASS], BITS[REPEATED] = 16, 7, 4
BITS[QUALITY:WORDS], BITS[WORDS:HALVED] = QUALITY_BITS, WORD_BITS

MOST_DIRECT = 16
"""Bits of the values of a template up to which all its features have rows, so that none needs to be looked up."""

_M = np.uint64(0x9E3779B97F4A7C15)
_N = np.uint64(0xD6E8FEB86659FD93)


class Evidence(NamedTuple):
    """What raw text tells: of n-grams, a hash table; of symbols, their class and log2 of how often each is a word.

    ngrams: (H,) uint32, a fingerprint above KNOWN_BITS, 0 is free; words, classes: (A,) uint8; (0,) if there is no raw text.
    """

    ngrams: NDArray[np.uint32]
    words: NDArray[np.uint8]
    classes: NDArray[np.uint8]


class Templates(NamedTuple):
    """columns, shifts, bits: (F, 4) what a feature is made of; column -1: nothing. first, last: (F,) the symbols it speaks
    about, from its place. rows: (F,) the first row of the template if it is direct, else -1.
    """

    columns: NDArray[np.int64]
    shifts: NDArray[np.int64]
    bits: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    rows: NDArray[np.int64]


@njit(cache=True, nogil=True)
def _mixed(key: np.uint64, value: int) -> np.uint64:
    key = (key ^ np.uint64(value + 77)) * _M
    return key ^ (key >> np.uint64(29))


@njit(cache=True, nogil=True)
def _ngram_slot(key: np.uint64, ngrams: NDArray[np.uint32]) -> int:
    """Return where an n-gram is in the hash table, or the free slot where it would be."""
    mask = np.uint64(ngrams.size - 1)
    fingerprint = np.uint32(key >> np.uint64(32)) >> np.uint32(KNOWN_BITS) | np.uint32(1)
    slot = (key * _N >> np.uint64(20)) & mask
    while ngrams[slot] != 0 and ngrams[slot] >> np.uint32(KNOWN_BITS) != fingerprint:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit(cache=True, nogil=True)
def fill_ngrams(
    codes: NDArray[np.uint16],
    places: NDArray[np.int64],
    lengths: NDArray[np.int16],
    qualities: NDArray[np.uint32],
    ngrams: NDArray[np.uint32],
) -> None:
    """Put n-grams of a text, given by where each occurs and its length, into an empty hash table with their qualities."""
    for g in range(places.size):
        key = np.uint64(1)
        for j in range(places[g], places[g] + lengths[g]):
            key = _mixed(key, codes[j])
        fingerprint = np.uint32(key >> np.uint64(32)) >> np.uint32(KNOWN_BITS) | np.uint32(1)
        ngrams[_ngram_slot(key, ngrams)] = fingerprint << np.uint32(KNOWN_BITS) | qualities[g]


@njit(cache=True, nogil=True)
def count_words(
    codes: NDArray[np.uint16],
    begins: NDArray[np.uint8],
    ngrams: NDArray[np.uint32],
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
            slot = _ngram_slot(key, ngrams)
            if ngrams[slot] != 0:
                counts[slot] += 1
        i = end


@njit(cache=True, nogil=True)
def _feature_slot(key: np.uint64, features: NDArray[np.uint64]) -> int:
    """Return where a feature is in the hash table, or the free slot where it would be."""
    mask = np.uint64(features.size - 1)
    mixed = key * _N
    fingerprint = mixed >> np.uint64(32) | np.uint64(1)
    slot = (mixed * _M >> np.uint64(20)) & mask
    while features[slot] != 0 and features[slot] >> np.uint64(32) != fingerprint:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@njit(cache=True, nogil=True)
def lay_out(symbols: NDArray[np.uint16], text: NDArray[np.uint16], places: NDArray[np.int64]) -> int:
    """Write a text with PADDING at both ends and between segments, and where each symbol is in it, (T,); return its size.

    Edges are not in it; their places are those of padding.
    """
    text[:PADDING] = 0
    end = PADDING
    for i in range(symbols.size):
        if symbols[i] != 0:
            text[end] = symbols[i]
            places[i] = end
            end += 1
        else:
            if text[end - 1] != 0:
                text[end : end + PADDING] = 0
                end += PADDING
            places[i] = end - 1
    text[end : end + PADDING] = 0
    return end + PADDING


@njit(cache=True, nogil=True)
def _note(columns: NDArray[np.uint16], j: int, length: int) -> None:
    """Note that a word may start at j; of one place the shorter ones come first."""
    columns[STARTS, j] = length
    last = j + length - 1
    columns[ENDS, last] = max(columns[ENDS, last], length)
    for inner in range(j + 1, last):
        columns[AROUND, inner] = max(columns[AROUND, inner], length)


@njit(cache=True, nogil=True)
def describe(text: NDArray[np.uint16], lo: int, hi: int, evidence: Evidence, columns: NDArray[np.uint16]) -> None:
    """Write what is known at the places lo <= i < hi of a text: (COLUMNS, hi - lo)."""
    n = hi - lo
    columns[:, :n] = 0
    columns[SYMBOL, :n] = text[lo:hi]
    known = evidence.ngrams.size > 0
    for j in range(n):
        symbol = text[lo + j]
        if symbol == 0:
            continue
        _describe_repetition(text, lo + j, columns[REPEATED, j : j + 1])
        if not known:
            continue
        columns[CLASS, j] = evidence.classes[symbol]
        columns[WORDS, j] = evidence.words[symbol]
        if evidence.words[symbol] > 0:
            _note(columns, j, 1)
        key = _mixed(np.uint64(1), symbol)
        for length in range(2, min(LONGEST, n - j) + 1):
            if text[lo + j + length - 1] == 0:
                break
            key = _mixed(key, text[lo + j + length - 1])
            found = evidence.ngrams[_ngram_slot(key, evidence.ngrams)]
            if found == 0:
                break
            words = found >> np.uint32(QUALITY_BITS) & np.uint32((1 << WORD_BITS) - 1)
            columns[QUALITY + length - 2, j] = found & np.uint32((1 << QUALITY_BITS) - 1)
            columns[WORDS + length - 1, j] = words
            if words > 0:
                _note(columns, j, length)
    for k in range(3):
        for j in range(n):
            columns[HALVED + k, j] = columns[WORDS + k, j] >> 1


@njit(cache=True, nogil=True)
def _describe_repetition(text: NDArray[np.uint16], i: int, out: NDArray[np.uint16]) -> None:
    """Write which of the neighbours of place i, up to two away, it repeats."""
    out[0] = (
        (text[i - 1] == text[i])
        + 2 * (text[i + 1] == text[i])
        + 4 * (text[i - 2] == text[i])
        + 8 * (text[i + 2] == text[i])
    )


@njit(cache=True, nogil=True)
def _values(columns: NDArray[np.uint16], n: int, f: int, templates: Templates, values: NDArray[np.uint64]) -> None:
    """Write the values of a template at n places, its columns one behind the other in bits; those behind n are 0.

    The first column has no shift.
    """
    first = columns[templates.columns[f, 0]]
    for i in range(n):
        values[i] = first[i]
    for a in range(1, 4):
        if templates.columns[f, a] < 0:
            break
        shift, bits = templates.shifts[f, a], np.uint64(templates.bits[f, a])
        column = columns[templates.columns[f, a]]
        for i in range(n - shift):
            values[i] = values[i] << bits | np.uint64(column[i + shift])
        for i in range(n - shift, n):
            values[i] <<= bits


@njit(cache=True, nogil=True)
def _key(value: np.uint64, f: int) -> np.uint64:
    return (value * np.uint64(64)) | np.uint64(f)


@njit(cache=True, nogil=True)
def list_features(
    text: NDArray[np.uint16], lo: int, hi: int, evidence: Evidence, templates: Templates, keys: NDArray[np.uint64]
) -> int:
    """Write the keys of the features that are looked up, of the places lo <= i < hi, the template in the low six bits;
    return how many. keys: room for a key of each such template for each place.
    """
    n = 0
    columns = np.empty((COLUMNS, BLOCK + 2 * MARGIN), np.uint16)
    values = np.empty(BLOCK + 2 * MARGIN, np.uint64)
    for block in range(lo, hi, BLOCK):
        left, right = max(0, block - MARGIN), min(text.size, block + BLOCK + MARGIN)
        describe(text, left, right, evidence, columns)
        for f in range(templates.first.size):
            if templates.rows[f] < 0:
                _values(columns, right - left, f, templates, values)
                for i in range(block, min(block + BLOCK, hi)):
                    keys[n] = _key(values[i - left], f)
                    n += 1
    return n


@njit(cache=True, nogil=True)
def enter_features(keys: NDArray[np.uint64], rows: NDArray[np.int64], features: NDArray[np.uint64]) -> None:
    """Put features, each with its first row of weights, into an empty hash table.

    features: (H,) uint64, a fingerprint in the upper half, the row in the lower; 0 is free.
    """
    for k in range(keys.size):
        fingerprint = keys[k] * _N >> np.uint64(32) | np.uint64(1)
        features[_feature_slot(keys[k], features)] = fingerprint << np.uint64(32) | np.uint64(rows[k])


@njit(cache=True, nogil=True)
def _find_rows(
    columns: NDArray[np.uint16],
    n: int,
    f: int,
    templates: Templates,
    features: NDArray[np.uint64],
    values: NDArray[np.uint64],
    rows: NDArray[np.int32],
) -> None:
    """Write the first row of weights of a template at n places; 0 for a feature that is not known, or where nothing is."""
    _values(columns, n, f, templates, values)
    if templates.rows[f] >= 0:
        first, width = templates.rows[f], templates.last[f] - templates.first[f] + 1
        for i in range(n):
            rows[i] = first + np.int64(values[i]) * width if values[i] != 0 else 0
        return
    for i in range(n):
        rows[i] = features[_feature_slot(_key(values[i], f), features)] & np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def _log_add(x: float, y: float) -> float:
    most = max(x, y)
    return most if most == -np.inf else most + math.log(math.exp(x - most) + math.exp(y - most))


@njit(cache=True, nogil=True)
def expect(
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
            x = BEGIN if s in (INSIDE, END) else END
            come = _log_add(before[t - 1, x] + transitions[x, s], before[t - 1, x + 1] + transitions[x + 1, s])
            before[t, s] = come + scores[t, s]
    behind[n - 1] = -np.inf
    behind[n - 1, END] = behind[n - 1, SINGLE] = 0.0
    for t in range(n - 2, -1, -1):
        for s in range(STATES):
            x, y = (INSIDE, END) if s in (BEGIN, INSIDE) else (BEGIN, SINGLE)
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
                x = BEGIN if s in (INSIDE, END) else END
                for r in range(x, x + 2):
                    moves[r, s] += math.exp(before[t - 1, r] + transitions[r, s] + scores[t, s] + behind[t, s] - whole)
    return whole


@njit(cache=True, nogil=True)
def _sum_weights(
    rows: NDArray[np.int32], n: int, templates: Templates, weights: NDArray[np.float32], scores: NDArray[np.float64]
) -> None:
    """Write the sums of the weights at n places, (n, 4); rows: (F, n)."""
    scores[:n] = 0.0
    for f in range(templates.first.size):
        for shift in range(templates.first[f], templates.last[f] + 1):
            for i in range(max(0, -shift), min(n, n - shift)):
                row = rows[f, i] + shift - templates.first[f]
                for s in range(STATES):
                    scores[i + shift, s] += weights[row, s]


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
    """Move the weights of a segment against the gradient of its scores, (n, 4), which is 0 on the padding."""
    for f in range(templates.first.size):
        for shift in range(templates.first[f], templates.last[f] + 1):
            for i in range(max(0, PADDING - shift), min(n, n - PADDING - shift)):
                if rows[f, i] == 0:
                    continue
                row = rows[f, i] + shift - templates.first[f]
                for s in range(STATES):
                    slope = np.float32(gradient[i + shift, s])
                    squares[row, s] += slope * slope
                    weights[row, s] -= rates[f] * slope / math.sqrt(squares[row, s] + np.float32(0.1))


@njit(cache=True, nogil=True)
def train(
    text: NDArray[np.uint16],
    gold: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    evidence: Evidence,
    templates: Templates,
    features: NDArray[np.uint64],
    rates: NDArray[np.float32],
    rate: float,
    weights: NDArray[np.float32],
    squares: NDArray[np.float32],
    transitions: NDArray[np.float64],
    transition_squares: NDArray[np.float64],
) -> float:
    """Go through the segments once, in this order, with AdaGrad; return the mean loss of a symbol in nats.

    text: laid out. gold: the right states at its places. starts, ends: of the segments. rates: (F,) of the templates, rate:
    of the transitions. weights, squares: (R, 4), transitions, transition_squares: (4, 4), the squares sums of squared
    gradients.
    """
    longest = (ends - starts).max() + 2 * PADDING
    columns, values = np.empty((COLUMNS, longest), np.uint16), np.empty(longest, np.uint64)
    rows = np.empty((templates.first.size, longest), np.int32)
    scores, states = np.empty((longest, STATES)), np.zeros((longest, STATES))
    before, behind = np.empty((longest, STATES)), np.empty((longest, STATES))
    moves = np.empty((STATES, STATES))
    loss = 0.0
    for segment in order:
        lo, hi = starts[segment], ends[segment]
        n = hi - lo + 2 * PADDING
        describe(text, lo - PADDING, hi + PADDING, evidence, columns)
        for f in range(templates.first.size):
            _find_rows(columns, n, f, templates, features, values, rows[f])
        _sum_weights(rows, n, templates, weights, scores)
        inner, expected = scores[PADDING : n - PADDING], states[PADDING : n - PADDING]
        loss += expect(inner, hi - lo, transitions, before, behind, expected, moves)
        for t in range(hi - lo):
            state = gold[lo + t]
            loss -= inner[t, state]
            expected[t, state] -= 1.0
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
def emit(
    text: NDArray[np.uint16],
    evidence: Evidence,
    templates: Templates,
    features: NDArray[np.uint64],
    weights: NDArray[np.int16],
    sums: NDArray[np.int32],
) -> None:
    """Write the sums of the weights at each place of a text that is laid out, (T, 4)."""
    most = BLOCK + 2 * MARGIN
    columns, values = np.empty((COLUMNS, most), np.uint16), np.empty(most, np.uint64)
    rows = np.empty(most, np.int32)
    sums[:] = 0
    for block in range(0, text.size, BLOCK):
        left, right = max(0, block - MARGIN), min(text.size, block + BLOCK + MARGIN)
        end = min(block + BLOCK, right)
        describe(text, left, right, evidence, columns)
        for f in range(templates.first.size):
            _find_rows(columns, right - left, f, templates, features, values, rows)
            for shift in range(templates.first[f], templates.last[f] + 1):
                behind = shift - templates.first[f]
                for t in range(max(block, left + shift), min(end, right + shift)):
                    row = np.uint64(rows[t - shift - left] + behind)
                    for s in range(STATES):
                        sums[t, s] += weights[row, s]


@njit(cache=True, nogil=True)
def to_nats(
    symbols: NDArray[np.uint16],
    places: NDArray[np.int64],
    sums: NDArray[np.int32],
    unit: float,
    out: NDArray[np.float32],
) -> None:
    """Write the scores of each symbol of a text that was laid out, (T, 4), from the sums at the places; 0 at edges."""
    factor = np.float32(unit)
    for t in range(symbols.size):
        for s in range(STATES):
            out[t, s] = sums[places[t], s] * factor if symbols[t] != 0 else np.float32(0.0)
