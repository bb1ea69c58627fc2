"""The loops of skip-gram: which words and noise words are learned together, what they learn, and adding that up.

A block is some words that follow each other in the text, the words in their windows, and noise words that all of them
share. Scores and gradients of a block are products of small matrices that stay in the first-level cache.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Random = NDArray[np.uint64]

_ZERO = np.float32(0)
_ONE = np.float32(1)
_HALF = np.float32(0.5)
_LEAST = np.float32(1e-7)  # probability, for the loss


class Sampling(NamedTuple):
    """What is drawn, for each word of the vocabulary."""

    keep: NDArray[np.uint32]  # (V,): an occurrence is left out if 32 random bits are more than this
    cut: NDArray[np.uint32]  # (V,) noise, Walker's alias method: 32 random bits from here on mean ...
    other: Ints  # (V,) ... this word
    vector_pace: Floats  # (V,): how much of its changes a vector takes
    context_pace: Floats  # (V,): the same of contexts and biases


class Matrices(NamedTuple):
    """What is learned."""

    vectors: Floats  # (V, D)
    contexts: Floats  # (V, D), of the words that are predicted
    biases: Floats  # (V,), of the same
    log_noise: Floats  # (V,): ln(k q(w)) of nce; zeros for sgns


class Draw(NamedTuple):
    """Words that are learned together: kept occurrences in the order of the text, and noise words."""

    words: Ints  # (N,)
    low: Ints  # (N,): the window of occurrence i is low[i] ... high[i] - 1, without i
    high: Ints  # (N,)
    noise: Ints  # (blocks, K)


class Changes(NamedTuple):
    """What a block changes. R = B + 2 * window + 4 rows of contexts, then K of noise words; P as in `Scratch`."""

    vectors: Floats  # (B, P)
    contexts: Floats  # (R + K, P)
    biases: Floats  # (R + K,)


class Scratch(NamedTuple):
    """Copies of what a block needs, and its scores. P is D filled up with zeros to a multiple of 8; so are B and K of 4.

    Row r of contexts is the word r - window places from the beginning of the block; column q of window row q + i.
    """

    vectors: Floats  # (B, P)
    contexts: Floats  # (R + K, P)
    offsets: Floats  # (R + K,), what the score has besides the product
    window: Floats  # (B, 2 * window + 4)
    noise: Floats  # (B, K)


@njit(cache=True, nogil=True)
def seed_random(seed: int, epoch: int, piece: int) -> Random:
    """Return the state of a generator, (1,), for a piece of the text in an epoch: splitmix64 of the three."""
    x = np.uint64(0)
    for part in (np.uint64(seed), np.uint64(epoch), np.uint64(piece)):
        x = (x ^ part) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    state = np.empty(1, np.uint64)
    state[0] = x | np.uint64(1)
    return state


@njit(cache=True, nogil=True)
def fill_alias_table(filled: NDArray[np.float64], other: Ints) -> None:
    """Complete a table of the alias method (Vose 1991): filled (V,), of mean 1, becomes at most 1; other (V,) what is above."""
    small, large = np.empty(filled.size, np.int64), np.empty(filled.size, np.int64)
    smalls = larges = 0
    for word in range(filled.size):
        if filled[word] < 1.0:
            small[smalls] = word
            smalls += 1
        else:
            large[larges] = word
            larges += 1
    while smalls and larges:
        smalls -= 1
        few, many = small[smalls], large[larges - 1]
        other[few] = many
        filled[many] -= 1.0 - filled[few]
        if filled[many] < 1.0:
            larges -= 1
            small[smalls] = many
            smalls += 1
    for s in range(smalls):
        filled[small[s]] = 1.0
    for large_left in range(larges):
        filled[large[large_left]] = 1.0


@njit(cache=True, nogil=True, inline="always")
def _next(random: Random) -> np.uint64:
    """Return 64 random bits (Marsaglia's xorshift, Vigna's multiplier)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return x * np.uint64(2685821657736338717)


@njit(cache=True, nogil=True, inline="always")
def _below(bits: np.uint64, size: int) -> int:
    """Return a number below `size`, which has 32 bits, made of the upper 32 bits."""
    return np.int64(((bits >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32))


@njit(cache=True, nogil=True)
def draw(
    ids: Ints, begin: int, end: int, sampling: Sampling, window: int, block: int, random: Random, out: Draw
) -> tuple[int, int]:
    """Take the next words of ids[begin:end], negative at ends of lines, that are kept, until `out` is full.

    Each gets a window of 1 to `window` words to each side, but not beyond its line; each `block` of them noise words.
    Returns how many words were kept, and where to go on. Lines are cut where `out` is full.
    """
    size = 0
    line = 0
    at = begin
    while at < end and size < out.words.size:
        word = ids[at]
        at += 1
        if word < 0:
            _open_windows(line, size, window, random, out)
            line = size
            if size > out.words.size - (out.words.size >> 3):
                break
        elif (
            sampling.keep[word] == np.uint32(0xFFFFFFFF)
            or np.uint32(_next(random) >> np.uint64(32)) <= sampling.keep[word]
        ):
            out.words[size] = word
            size += 1
    _open_windows(line, size, window, random, out)
    for b in range((size + block - 1) // block):
        for k in range(out.noise.shape[1]):
            bits = _next(random)
            word = _below(bits, sampling.cut.size)
            if np.uint32(bits & np.uint64(0xFFFFFFFF)) >= sampling.cut[word]:
                word = sampling.other[word]
            out.noise[b, k] = word
    return size, at


@njit(cache=True, nogil=True)
def _open_windows(line: int, size: int, window: int, random: Random, out: Draw) -> None:
    for i in range(line, size):
        width = 1 + _below(_next(random), window)
        out.low[i] = max(line, i - width)
        out.high[i] = min(size, i + width + 1)


@njit(cache=True, nogil=True, inline="always")
def _up_to_4(count: int) -> int:
    return (count + 3) // 4 * 4


@njit(cache=True, nogil=True)
def _copy_rows(
    draw: Draw, size: int, b: int, count: int, window: int, matrices: Matrices, scratch: Scratch, noise_at: int
) -> None:
    """Copy the vectors of the words of block b, the contexts around them, and those of the noise words."""
    dimension = matrices.vectors.shape[1]
    begin = b * scratch.vectors.shape[0]
    for i in range(count):
        word = draw.words[begin + i]
        for d in range(dimension):
            scratch.vectors[i, d] = matrices.vectors[word, d]
    for i in range(count, _up_to_4(count)):
        for d in range(dimension):
            scratch.vectors[i, d] = _ZERO
    for r in range(max(0, window - begin), min(count + 2 * window, size - begin + window)):
        word = draw.words[begin - window + r]
        scratch.offsets[r] = matrices.biases[word] - matrices.log_noise[word]
        for d in range(dimension):
            scratch.contexts[r, d] = matrices.contexts[word, d]
    for k in range(draw.noise.shape[1]):
        word = draw.noise[b, k]
        scratch.offsets[noise_at + k] = matrices.biases[word] - matrices.log_noise[word]
        for d in range(dimension):
            scratch.contexts[noise_at + k, d] = matrices.contexts[word, d]


@njit(cache=True, nogil=True, fastmath=True)
def _scores(draw: Draw, b: int, count: int, window: int, scratch: Scratch, noise_at: int) -> None:
    """Compute the inner products of each word of the block with its window, by fours, and with the noise words."""
    dimension = scratch.vectors.shape[1]
    vectors, contexts = scratch.vectors, scratch.contexts
    begin = b * vectors.shape[0]
    for i in range(count):
        shift = window - begin - i
        q = draw.low[begin + i] + shift
        while q < draw.high[begin + i] + shift:
            r = i + q
            s0 = s1 = s2 = s3 = _ZERO
            for d in range(dimension):
                x = vectors[i, d]
                s0 += x * contexts[r, d]
                s1 += x * contexts[r + 1, d]
                s2 += x * contexts[r + 2, d]
                s3 += x * contexts[r + 3, d]
            scratch.window[i, q] = s0 + scratch.offsets[r]
            scratch.window[i, q + 1] = s1 + scratch.offsets[r + 1]
            scratch.window[i, q + 2] = s2 + scratch.offsets[r + 2]
            scratch.window[i, q + 3] = s3 + scratch.offsets[r + 3]
            q += 4
    for i in range(count):
        for k in range(scratch.noise.shape[1]):
            scratch.noise[i, k] = scratch.offsets[noise_at + k]
    for i in range(0, count, 2):
        for k in range(0, scratch.noise.shape[1], 4):
            r = noise_at + k
            s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = _ZERO
            for d in range(dimension):
                x, y = vectors[i, d], vectors[i + 1, d]
                c0, c1, c2, c3 = contexts[r, d], contexts[r + 1, d], contexts[r + 2, d], contexts[r + 3, d]
                s0 += x * c0
                s1 += x * c1
                s2 += x * c2
                s3 += x * c3
                t0 += y * c0
                t1 += y * c1
                t2 += y * c2
                t3 += y * c3
            scratch.noise[i, k] += s0
            scratch.noise[i, k + 1] += s1
            scratch.noise[i, k + 2] += s2
            scratch.noise[i, k + 3] += s3
            scratch.noise[i + 1, k] += t0
            scratch.noise[i + 1, k + 1] += t1
            scratch.noise[i + 1, k + 2] += t2
            scratch.noise[i + 1, k + 3] += t3


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _sigmoid(scores: Floats) -> None:
    """Put σ(x) in the place of each x, to 5e-5, by Lambert's continued fraction of tanh; (N,)."""
    # error_model: a check of the divisor would keep the loop from being vectorised
    for i in range(scores.size):
        x = min(max(scores[i] * _HALF, np.float32(-4.97)), np.float32(4.97))
        y = x * x
        above = x * (np.float32(135135) + y * (np.float32(17325) + y * (np.float32(378) + y)))
        below = np.float32(135135) + y * (np.float32(62370) + y * (np.float32(3150) + y * np.float32(28)))
        scores[i] = _HALF + _HALF * above / below


@njit(cache=True, nogil=True)
def _loss(draw: Draw, b: int, count: int, window: int, negative: int, scratch: Scratch) -> tuple[float, float]:
    """Return the sum of the losses of the pairs of the block, nats, and how many pairs; from their σ."""
    begin = b * scratch.vectors.shape[0]
    loss = pairs = 0.0
    for i in range(count):
        low, high = draw.low[begin + i], draw.high[begin + i]
        for q in range(low, high):
            if q != begin + i:
                loss -= np.log(max(scratch.window[i, q - begin - i + window], _LEAST))
        weight = (high - low - 1) * negative / scratch.noise.shape[1]
        for k in range(scratch.noise.shape[1]):
            loss -= weight * np.log(max(_ONE - scratch.noise[i, k], _LEAST))
        pairs += high - low - 1
    return loss, pairs


@njit(cache=True, nogil=True, fastmath=True)
def _steps(draw: Draw, b: int, count: int, window: int, negative: int, alpha: float, scratch: Scratch) -> None:
    """Make of each σ how far its score moves: alpha (1 - σ) in the window, and -alpha σ weight for noise."""
    begin = b * scratch.vectors.shape[0]
    rate = np.float32(alpha)
    for i in range(count):
        shift = window - begin - i
        low, high = draw.low[begin + i] + shift, draw.high[begin + i] + shift
        for q in range(low, high):
            scratch.window[i, q] = rate * (_ONE - scratch.window[i, q])
        for q in range(high, min(high + 3, scratch.window.shape[1])):
            scratch.window[i, q] = _ZERO
        scratch.window[i, window] = _ZERO
        weight = rate * np.float32((high - low - 1) * negative / scratch.noise.shape[1])
        for k in range(scratch.noise.shape[1]):
            scratch.noise[i, k] *= -weight
    for i in range(count, _up_to_4(count)):
        for k in range(scratch.noise.shape[1]):
            scratch.noise[i, k] = _ZERO


@njit(cache=True, nogil=True, fastmath=True)
def _vector_changes(
    draw: Draw, b: int, count: int, window: int, scratch: Scratch, noise_at: int, changes: Floats
) -> None:
    """Compute the changes of the vectors of the block's words, (B, D)."""
    dimension = scratch.vectors.shape[1]
    contexts = scratch.contexts
    begin = b * scratch.vectors.shape[0]
    changes[:] = _ZERO
    for i in range(count):
        shift = window - begin - i
        q = draw.low[begin + i] + shift
        while q < draw.high[begin + i] + shift:
            r = i + q
            steps = scratch.window[i, q : q + 4]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                changes[i, d] += (
                    g0 * contexts[r, d] + g1 * contexts[r + 1, d] + g2 * contexts[r + 2, d] + g3 * contexts[r + 3, d]
                )
            q += 4
    for i in range(0, count, 2):
        for k in range(0, scratch.noise.shape[1], 4):
            r = noise_at + k
            steps = scratch.noise[i, k : k + 4]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            steps = scratch.noise[i + 1, k : k + 4]
            h0, h1, h2, h3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                c0, c1, c2, c3 = contexts[r, d], contexts[r + 1, d], contexts[r + 2, d], contexts[r + 3, d]
                changes[i, d] += g0 * c0 + g1 * c1 + g2 * c2 + g3 * c3
                changes[i + 1, d] += h0 * c0 + h1 * c1 + h2 * c2 + h3 * c3


@njit(cache=True, nogil=True, fastmath=True)
def _context_changes(
    draw: Draw, b: int, count: int, window: int, scratch: Scratch, noise_at: int, changes: Floats, biases: Floats
) -> None:
    """Compute the changes of the contexts, (R + K, D), and of their biases, (R + K,)."""
    dimension = scratch.vectors.shape[1]
    vectors = scratch.vectors
    begin = b * scratch.vectors.shape[0]
    changes[:] = _ZERO
    biases[:] = _ZERO
    for i in range(count):
        shift = window - begin - i
        q = draw.low[begin + i] + shift
        while q < draw.high[begin + i] + shift:
            r = i + q
            steps = scratch.window[i, q : q + 4]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            biases[r] += g0
            biases[r + 1] += g1
            biases[r + 2] += g2
            biases[r + 3] += g3
            for d in range(dimension):
                x = vectors[i, d]
                changes[r, d] += g0 * x
                changes[r + 1, d] += g1 * x
                changes[r + 2, d] += g2 * x
                changes[r + 3, d] += g3 * x
            q += 4
    for i in range(count):
        for k in range(scratch.noise.shape[1]):
            biases[noise_at + k] += scratch.noise[i, k]
    for k in range(0, scratch.noise.shape[1], 2):
        r = noise_at + k
        for i in range(0, count, 4):
            steps = scratch.noise[i : i + 4, k]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            steps = scratch.noise[i : i + 4, k + 1]
            h0, h1, h2, h3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                v0, v1, v2, v3 = vectors[i, d], vectors[i + 1, d], vectors[i + 2, d], vectors[i + 3, d]
                changes[r, d] += g0 * v0 + g1 * v1 + g2 * v2 + g3 * v3
                changes[r + 1, d] += h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3


@njit(cache=True, nogil=True)
def learn_block(
    draw: Draw,
    size: int,
    b: int,
    negative: int,
    alpha: float,
    told: bool,
    matrices: Matrices,
    scratch: Scratch,
    changes: Changes,
) -> tuple[float, float]:
    """Compute what block b of `size` drawn words changes; the matrices stay as they are.

    negative: noise words for each pair; the K of the block stand for them, each with a weight. alpha: the rate.
    told: whether to return the sum of the losses, nats, and the number of pairs; else zeros.
    """
    window = (scratch.window.shape[1] - 4) // 2
    block = scratch.vectors.shape[0]
    count = min(block, size - b * block)
    noise_at = changes.contexts.shape[0] - draw.noise.shape[1]
    _copy_rows(draw, size, b, count, window, matrices, scratch, noise_at)
    _scores(draw, b, count, window, scratch, noise_at)
    _sigmoid(scratch.window.reshape(-1))
    _sigmoid(scratch.noise.reshape(-1))
    loss = pairs = 0.0
    if told:
        loss, pairs = _loss(draw, b, count, window, negative, scratch)
    _steps(draw, b, count, window, negative, alpha, scratch)
    _vector_changes(draw, b, count, window, scratch, noise_at, changes.vectors)
    _context_changes(draw, b, count, window, scratch, noise_at, changes.contexts, changes.biases)
    return loss, pairs


@njit(cache=True, nogil=True, inline="always")
def _add_row(change: Floats, pace: np.float32, row: Floats) -> None:
    for d in range(row.size):
        row[d] += pace * change[d]


@njit(cache=True, nogil=True)
def most_repeats(window: int, negative: int) -> int:
    """Return how often a block may repeat a word: about 288 pairs, with those of noise words."""
    return max(2, 288 // ((window + 1) * (1 + negative)))


@njit(cache=True, nogil=True)
def _share(words: Ints, lo: int, hi: int, word: int, most: int) -> np.float32:
    """Return how much of each change a word takes that is among words[lo:hi]: all if it is there `most` times, then less."""
    times = 0
    for i in range(lo, hi):
        times += words[i] == word
    return _ONE if times <= most else np.float32(most / times)


@njit(cache=True, nogil=True)
def add_changes(
    draw: Draw, size: int, b: int, most: int, biased: bool, sampling: Sampling, matrices: Matrices, changes: Changes
) -> None:
    """Add the changes of block b to the matrices, and to the biases if `biased`.

    Changes of one word do not know of each other. Where a block repeats a word, as tables and spam do, they would overshoot:
    together they count as `most` of them.
    """
    block, noise = changes.vectors.shape[0], draw.noise.shape[1]
    begin = b * block
    count = min(block, size - begin)
    noise_at = changes.contexts.shape[0] - noise
    window = (noise_at - block - 4) // 2
    for i in range(count):
        word = draw.words[begin + i]
        pace = sampling.vector_pace[word] * _share(draw.words, begin, begin + count, word, most)
        _add_row(changes.vectors[i], pace, matrices.vectors[word])
    lo, hi = max(0, begin - window), min(size, begin + count + window)
    for place in range(lo, hi):
        word, r = draw.words[place], place - begin + window
        pace = sampling.context_pace[word] * _share(draw.words, lo, hi, word, most)
        _add_row(changes.contexts[r], pace, matrices.contexts[word])
        if biased:
            matrices.biases[word] += pace * changes.biases[r]
    for k in range(noise):
        word = draw.noise[b, k]
        _add_row(changes.contexts[noise_at + k], sampling.context_pace[word], matrices.contexts[word])
        if biased:
            matrices.biases[word] += sampling.context_pace[word] * changes.biases[noise_at + k]


@njit(cache=True, nogil=True)
def learn_piece(
    ids: Ints,
    begin: int,
    end: int,
    sampling: Sampling,
    negative: int,
    rates: tuple[float, float],
    biased: bool,
    random: Random,
    draw_into: Draw,
    matrices: Matrices,
    scratch: Scratch,
    changes: Changes,
) -> tuple[float, float]:
    """Learn ids[begin:end], whole lines, without waiting for other threads that do the same.

    rates: alpha at begin and end. Returns the loss of every 16th block, summed, nats, and of how many pairs.
    """
    block = scratch.vectors.shape[0]
    window = (scratch.window.shape[1] - 4) // 2
    most = most_repeats(window, negative)
    loss = pairs = 0.0
    at = begin
    while at < end:
        alpha = rates[0] + (rates[1] - rates[0]) * (at - begin) / (end - begin)
        size, at = draw(ids, at, end, sampling, window, block, random, draw_into)
        for b in range((size + block - 1) // block):
            some = learn_block(draw_into, size, b, negative, alpha, b % 16 == 0, matrices, scratch, changes)
            loss += some[0]
            pairs += some[1]
            add_changes(draw_into, size, b, most, biased, sampling, matrices, changes)
    return loss, pairs
