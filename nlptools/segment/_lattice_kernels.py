"""Sampling segmentations from a bigram model of words, nested in a model of their spelling. Slow twins: tests/segment.

The model is the nested Pitman-Yor language model (Mochihashi et al., 2009) with one table for each type of word, which is
interpolated Kneser-Ney. A segment begins and ends with word 0.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LONGEST = 4  # symbols of a word

_MIX = np.uint64(0x9E3779B97F4A7C15)


class Bigrams(NamedTuple):
    """Counts of the W words of a segmented text, word 0 included, and of their bigrams.

    table, values: hash table of c(u, w), a key is u << 32 | w, 0 where free. followed: (W,) c(u); followers: (W,) distinct
    words behind u; preceded: (W,) distinct words before w; base: (W,) probability of the spelling. types: words with
    preceded > 0; pairs: distinct bigrams, the sum of preceded.
    """

    table: NDArray[np.uint64]
    values: NDArray[np.uint32]
    followed: NDArray[np.int32]
    followers: NDArray[np.int32]
    preceded: NDArray[np.int32]
    base: NDArray[np.float32]
    types: int
    pairs: int


@njit(cache=True, nogil=True)
def list_words(
    node_at: NDArray[np.int32],
    parents: NDArray[np.int32],
    lengths: NDArray[np.int16],
    word_of: NDArray[np.int32],
    words: NDArray[np.int32],
) -> None:
    """Write words[i, k - 1], the word of k symbols that begins at position i, or -1.

    node_at, parents, lengths: of a trie. word_of: the word of each node, -1 if it is none.
    """
    for i in range(node_at.size):
        words[i] = -1
        node = node_at[i]
        while node != 0:
            if lengths[node] <= LONGEST:
                words[i, lengths[node] - 1] = word_of[node]
            node = parents[node]


@njit(cache=True, nogil=True)
def cut_into_words(words: NDArray[np.int32], begins: NDArray[np.uint8], lo: int, hi: int) -> None:
    """Cut off the first symbol of whatever in [lo, hi) is no word, again and again; a break is no begin."""
    i = lo
    while i < hi:
        if words[i, 0] == 0:
            begins[i] = 0
            i += 1
            continue
        begins[i] = 1
        end = i + 1
        while end < hi and begins[end] == 0 and words[end, 0] != 0:
            end += 1
        if end - i > LONGEST or words[i, end - i - 1] < 0:
            end = i + 1
        if end < hi:
            begins[end] = 1
        i = end


@njit(cache=True, nogil=True)
def list_bigrams(
    words: NDArray[np.int32], begins: NDArray[np.uint8], lo: int, hi: int, keys: NDArray[np.uint64]
) -> None:
    """Write the keys of all bigrams of the segments in [lo, hi): one for each word, and one for each segment's end."""
    before = np.uint64(0)
    n = 0
    i = lo
    while i < hi:
        if words[i, 0] == 0:
            if before != 0:
                keys[n] = before << np.uint64(32)
                n += 1
            before = np.uint64(0)
            i += 1
            continue
        length = 1
        while i + length < hi and begins[i + length] == 0 and words[i + length, 0] != 0:
            length += 1
        word = np.uint64(words[i, length - 1])
        keys[n] = before << np.uint64(32) | word
        n += 1
        before = word
        i += length


@njit(cache=True, nogil=True)
def fill_table(
    keys: NDArray[np.uint64],
    counts: NDArray[np.uint32],
    part: int,
    table: NDArray[np.uint64],
    values: NDArray[np.uint32],
) -> None:
    """Put those bigrams into one part of a hash table whose place is in it; sizes are powers of two, 0 is free.

    table, values: one part. A key's part is in the highest bits of its hash, so parts can be filled side by side.
    """
    size = np.uint64(table.size)
    mask = size - np.uint64(1)
    for r in range(keys.size):
        h = _hash(keys[r])
        if np.int64(h >> np.uint64(64 - PART_BITS)) != part:
            continue
        h &= mask
        while table[h] != 0:
            h = (h + np.uint64(1)) & mask
        table[h] = keys[r]
        values[h] = counts[r]


PART_BITS = 4


@njit(cache=True, nogil=True)
def _hash(key: np.uint64) -> np.uint64:
    key ^= key >> np.uint64(29)
    key *= _MIX
    return key ^ (key >> np.uint64(32))


@njit(cache=True, nogil=True)
def _look_up(key: np.uint64, table: NDArray[np.uint64], values: NDArray[np.uint32]) -> int:
    mask = np.uint64((table.size >> PART_BITS) - 1)
    h = _hash(key)
    start = (h >> np.uint64(64 - PART_BITS)) * (mask + np.uint64(1))
    h &= mask
    while table[start + h] != 0:
        if table[start + h] == key:
            return np.int64(values[start + h])
        h = (h + np.uint64(1)) & mask
    return 0


@njit(cache=True, nogil=True)
def _uniform(state: np.uint64) -> float:
    """Return the number in [0, 1) of a state of a splitmix64 generator."""
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def _is_own(begins: NDArray[np.uint8], i: int, end: int, k: int) -> bool:
    """Say whether the word of k + 1 symbols at i is one of the segmentation there is; the segment ends at `end`."""
    if begins[i] == 0:
        return False
    for j in range(i + 1, i + k + 1):
        if begins[j] != 0:
            return False
    return i + k + 1 == end or begins[i + k + 1] != 0


@njit(cache=True, nogil=True)
def _probability(
    before: int, word: int, own_before: bool, own: bool, bigrams: Bigrams, discount: float, strength: float
) -> float:
    """Return P(word | before), interpolated Kneser-Ney over the spelling; without one occurrence, if it is their own."""
    times = np.float64(bigrams.followed[before])
    distinct = np.float64(bigrams.followers[before])
    kinds = np.float64(bigrams.preceded[word])
    key = np.uint64(before) << np.uint64(32) | np.uint64(word)
    seen = np.float64(_look_up(key, bigrams.table, bigrams.values))
    if own_before:
        times -= 1.0
        if own:
            if seen == 1.0:
                distinct -= 1.0
                kinds -= 1.0
            seen -= 1.0
    spelled = (strength + discount * bigrams.types) * bigrams.base[word]
    unigram = (max(kinds - discount, 0.0) + spelled) / (strength + bigrams.pairs)
    return (max(seen - discount, 0.0) + (strength + discount * distinct) * unigram) / (strength + times)


@njit(cache=True, nogil=True)
def sample(
    words: NDArray[np.int32],
    lo: int,
    hi: int,
    begins: NDArray[np.uint8],
    bigrams: Bigrams,
    discount: float,
    strength: float,
    prefer: NDArray[np.float64],
    gaps: NDArray[np.float32],
    sure: float,
    seed: int,
) -> None:
    """Draw a segmentation of each segment in [lo, hi), given the counts of all others; `begins` is overwritten.

    The counts hold the segment's own bigrams: one occurrence is left out of what stands at its own place now.
    prefer: factor on words of 1.. symbols. gaps[i]: factor on a word's beginning at i inside a segment; where it is above
    `sure`, a word does begin, and below 1 / sure none does, unless that leaves no way through the segment.
    """
    longest, length = 0, 0
    for i in range(lo, hi):
        length = length + 1 if words[i, 0] != 0 else 0
        longest = max(longest, length)
    # forward[t, k]: of all segmentations of the first t symbols that end with a word of k + 1 symbols
    forward = np.zeros((longest + 1, LONGEST))
    drawn = np.zeros(longest, np.uint8)
    i = lo
    while i < hi:
        if words[i, 0] == 0:
            i += 1
            continue
        end = i
        while end < hi and words[end, 0] != 0:
            end += 1
        _sum_forward(words, i, end, begins, bigrams, discount, strength, prefer, gaps, sure, forward)
        if forward[end - i].max() == 0.0:
            _sum_forward(words, i, end, begins, bigrams, discount, strength, prefer, gaps, np.inf, forward)
        state = (np.uint64(seed) * np.uint64(0xD1342543DE82EF95)) ^ (np.uint64(i) * _MIX)
        _draw_backward(words, i, end, begins, bigrams, discount, strength, forward, state, drawn)
        begins[i:end] = drawn[: end - i]
        i = end


@njit(cache=True, nogil=True)
def _sum_forward(
    words: NDArray[np.int32],
    i: int,
    end: int,
    begins: NDArray[np.uint8],
    bigrams: Bigrams,
    discount: float,
    strength: float,
    prefer: NDArray[np.float64],
    gaps: NDArray[np.float32],
    sure: float,
    forward: NDArray[np.float64],
) -> None:
    for at in range(i + 1, end + 1):
        forward[at - i] = 0.0
        if at < end and gaps[at] * sure < 1.0:
            continue
        most = 0.0
        for k in range(LONGEST):
            begin = at - k - 1
            if begin < i or (k > 0 and gaps[begin + 1] > sure):
                break
            if words[begin, k] < 0 or (begin > i and gaps[begin] * sure < 1.0):
                continue
            word = words[begin, k]
            own = _is_own(begins, begin, end, k)
            if begin == i:
                total = _probability(0, word, True, own, bigrams, discount, strength)
            else:
                total = 0.0
                for j in range(min(LONGEST, begin - i)):
                    weight = forward[begin - i, j]
                    if weight > 0.0:
                        first = begin - j - 1
                        own_before = _is_own(begins, first, end, j)
                        total += weight * _probability(
                            words[first, j], word, own_before, own, bigrams, discount, strength
                        )
                total *= gaps[begin]
            forward[at - i, k] = total * prefer[k]
            most = max(most, forward[at - i, k])
        if 0.0 < most < 1e-100 or most > 1e100:
            scale = 1e100 if most < 1.0 else 1e-100
            for back in range(max(0, at - i - LONGEST + 1), at - i + 1):
                forward[back] *= scale


@njit(cache=True, nogil=True)
def _draw_backward(
    words: NDArray[np.int32],
    i: int,
    end: int,
    begins: NDArray[np.uint8],
    bigrams: Bigrams,
    discount: float,
    strength: float,
    forward: NDArray[np.float64],
    state: np.uint64,
    drawn: NDArray[np.uint8],
) -> None:
    room = np.zeros(LONGEST)
    drawn[: end - i] = 0
    at = end
    word = 0
    own = True
    while at > i:
        total = 0.0
        for k in range(LONGEST):
            room[k] = 0.0
            begin = at - k - 1
            if begin >= i and forward[at - i, k] > 0.0:
                own_before = _is_own(begins, begin, end, k)
                p = _probability(words[begin, k], word, own_before, own, bigrams, discount, strength)
                room[k] = forward[at - i, k] * p
                total += room[k]
        state += _MIX
        left = _uniform(state) * total
        chosen = 0
        for k in range(LONGEST):
            if room[k] > 0.0:
                chosen = k
                left -= room[k]
                if left < 0.0:
                    break
        at -= chosen + 1
        drawn[at - i] = 1
        word = words[at, chosen]
        own = _is_own(begins, at, end, chosen)
