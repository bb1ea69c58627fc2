"""The loops of JoSE: which words are learned together, which hinges are open, and what that changes on the unit sphere.

A block is some words that follow each other in the text, the words in their windows, and noise words that all of them
share. Scores and changes of a block are products of small matrices that stay in the first-level cache. Documents are
learned word by word, in place.
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
_TWO = np.float32(2)
_TINY = np.float32(1e-30)  # of a squared norm
_LEAST = np.float32(1e-6)  # of one that is a difference of products, which are known to 1e-7
_ROUNDING = 1e-6  # of a mean of vectors, about


class Sampling(NamedTuple):
    """What is drawn, for each word of the vocabulary."""

    keep: NDArray[np.uint32]  # (V,): an occurrence is left out if 32 random bits are more than this
    told: NDArray[
        np.uint32
    ]  # (V,): of those that are kept, its document learns nothing of it if other 32 bits are more
    cut: NDArray[np.uint32]  # (V,) noise, Walker's alias method: 32 random bits from here on mean ...
    other: Ints  # (V,) ... this word


class Hinge(NamedTuple):
    """What is learned of a word beside another: max(0, margin - (f - h)), f and h the products with it and a noise word."""

    negative: int  # noise words for each pair
    margin: float
    document_margin: float  # of the hinges of documents
    joint: bool  # one hinge of word, context and document, with the paper's factors; else two, with the program's


class Sphere(NamedTuple):
    """What is learned: rows of norm 1."""

    vectors: Floats  # (V, D), of the words in the window, and of noise words
    contexts: Floats  # (V, D), of the words that they stand around
    documents: Floats  # (N, D)


class Draw(NamedTuple):
    """Words that are learned together: kept occurrences in the order of the text, and noise words."""

    words: Ints  # (N,)
    documents: NDArray[np.int64]  # (N,)
    told: NDArray[np.bool_]  # (N,): whether the document learns of it
    low: Ints  # (N,): the window of occurrence i is low[i] ... high[i] - 1, without i
    high: Ints  # (N,)
    noise: Ints  # (blocks, K)


class Lanes(NamedTuple):
    """L pieces of the text that are learned side by side. `Draw` and `Changes` have one more dimension here, of L, in front."""

    places: NDArray[np.int64]  # (L, 5): at, end, document, size of the draw, its next block
    begins: NDArray[np.int64]  # (L,)
    rates: NDArray[np.float64]  # (L, 2): alpha at begin and end
    random: Random  # (L, 1)
    told: NDArray[np.float64]  # (L, 2): sum of the hinges of words, and how many pairs


class Changes(NamedTuple):
    """What blocks change: a row x becomes x (1 - shrink) + change, normalised, if it has hinges.

    R = B + 2 * window + 4 rows of words in the windows, then K of noise words; P as in `Scratch`.
    """

    vectors: Floats  # (blocks, R + K, P)
    contexts: Floats  # (blocks, B, P)
    shrink_vectors: Floats  # (blocks, R + K)
    shrink_contexts: Floats  # (blocks, B)
    hinges_vectors: Ints  # (blocks, R + K), how many were open
    hinges_contexts: Ints  # (blocks, B)


class Scratch(NamedTuple):
    """Copies of what a block needs, its scores and its coefficients. P is D filled up with zeros to a multiple of 8.

    Row r of vectors is the word r - window places from the beginning of the block; column q of window row q + i.
    The last index of the coefficients: 0 of contexts for the change of vectors, 1 of vectors for the change of contexts.
    """

    vectors: Floats  # (R + K, P)
    contexts: Floats  # (B, P)
    window: Floats  # (B, 2 * window + 4), scores
    noise: Floats  # (B, K)
    window_steps: Floats  # (2, B, 2 * window + 4)
    noise_steps: Floats  # (2, B, K)


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


@njit(cache=True, nogil=True, inline="always")
def _happens(bits: np.uint32, random: Random) -> bool:
    return bits == np.uint32(0xFFFFFFFF) or np.uint32(_next(random) >> np.uint64(32)) <= bits


@njit(cache=True, nogil=True, inline="always")
def _noise_word(sampling: Sampling, random: Random) -> int:
    bits = _next(random)
    word = _below(bits, sampling.cut.size)
    if np.uint32(bits & np.uint64(0xFFFFFFFF)) >= sampling.cut[word]:
        word = sampling.other[word]
    return word


@njit(cache=True, nogil=True)
def draw(
    ids: Ints,
    begin: int,
    end: int,
    document: int,
    sampling: Sampling,
    window: int,
    block: int,
    random: Random,
    out: Draw,
) -> tuple[int, int, int]:
    """Take the next words of ids[begin:end] that are kept, until `out` is full; -1 ends a line, -2 a document.

    document: the number of the one at begin. Each word gets a window of 1 to `window` words to each side, but not beyond its
    line; each `block` of them noise words. Returns how many words were kept, where to go on, and in which document.
    Lines are cut where `out` is full.
    """
    size = line = 0
    at = begin
    while at < end and size < out.words.size:
        word = ids[at]
        at += 1
        if word < 0:
            _open_windows(line, size, window, random, out)
            line = size
            document += word == -2
            if size > out.words.size - (out.words.size >> 3):
                break
        elif _happens(sampling.keep[word], random):
            out.words[size] = word
            out.documents[size] = document
            out.told[size] = _happens(sampling.told[word], random)
            size += 1
    _open_windows(line, size, window, random, out)
    for b in range((size + block - 1) // block):
        for k in range(out.noise.shape[1]):
            out.noise[b, k] = _noise_word(sampling, random)
    return size, at, document


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
    draw: Draw, size: int, b: int, count: int, window: int, sphere: Sphere, scratch: Scratch, noise_at: int
) -> None:
    """Copy the contexts of the words of block b, the vectors around them, and those of the noise words."""
    dimension = sphere.vectors.shape[1]
    begin = b * scratch.contexts.shape[0]
    for i in range(count):
        word = draw.words[begin + i]
        for d in range(dimension):
            scratch.contexts[i, d] = sphere.contexts[word, d]
    for i in range(count, _up_to_4(count)):
        for d in range(dimension):
            scratch.contexts[i, d] = _ZERO
    for r in range(max(0, window - begin), min(count + 2 * window, size - begin + window)):
        word = draw.words[begin - window + r]
        for d in range(dimension):
            scratch.vectors[r, d] = sphere.vectors[word, d]
    for k in range(draw.noise.shape[1]):
        word = draw.noise[b, k]
        for d in range(dimension):
            scratch.vectors[noise_at + k, d] = sphere.vectors[word, d]


@njit(cache=True, nogil=True, fastmath=True)
def _scores(draw: Draw, b: int, count: int, window: int, scratch: Scratch, noise_at: int) -> None:
    """Compute the inner products of each word of the block with its window, by fours, and with the noise words."""
    dimension = scratch.contexts.shape[1]
    vectors, contexts = scratch.vectors, scratch.contexts
    begin = b * contexts.shape[0]
    for i in range(count):
        shift = window - begin - i
        q = draw.low[begin + i] + shift
        while q < draw.high[begin + i] + shift:
            r = i + q
            s0 = s1 = s2 = s3 = _ZERO
            for d in range(dimension):
                x = contexts[i, d]
                s0 += x * vectors[r, d]
                s1 += x * vectors[r + 1, d]
                s2 += x * vectors[r + 2, d]
                s3 += x * vectors[r + 3, d]
            scratch.window[i, q] = s0
            scratch.window[i, q + 1] = s1
            scratch.window[i, q + 2] = s2
            scratch.window[i, q + 3] = s3
            q += 4
    for i in range(0, count, 2):
        for k in range(0, scratch.noise.shape[1], 4):
            r = noise_at + k
            s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = _ZERO
            for d in range(dimension):
                x = contexts[i, d]
                y = contexts[i + 1, d]
                s0 += x * vectors[r, d]
                s1 += x * vectors[r + 1, d]
                s2 += x * vectors[r + 2, d]
                s3 += x * vectors[r + 3, d]
                t0 += y * vectors[r, d]
                t1 += y * vectors[r + 1, d]
                t2 += y * vectors[r + 2, d]
                t3 += y * vectors[r + 3, d]
            scratch.noise[i, k] = s0
            scratch.noise[i, k + 1] = s1
            scratch.noise[i, k + 2] = s2
            scratch.noise[i, k + 3] = s3
            scratch.noise[i + 1, k] = t0
            scratch.noise[i + 1, k + 1] = t1
            scratch.noise[i + 1, k + 2] = t2
            scratch.noise[i + 1, k + 3] = t3


@njit(cache=True, nogil=True)
def _clear(scratch: Scratch, changes: Changes, at: int) -> None:
    scratch.window_steps[:] = _ZERO
    scratch.noise_steps[:] = _ZERO
    changes.vectors[at] = _ZERO
    changes.contexts[at] = _ZERO
    changes.shrink_vectors[at] = _ZERO
    changes.shrink_contexts[at] = _ZERO
    changes.hinges_vectors[at] = 0
    changes.hinges_contexts[at] = 0


@njit(cache=True, nogil=True)
def _word_steps(
    draw: Draw, b: int, count: int, window: int, hinge: Hinge, alpha: float, scratch: Scratch, changes: Changes, at: int
) -> tuple[float, float]:
    """Find the open hinges of words, each pair with the next `negative` noise words, and sum up what they change.

    Returns the sum of the hinges, and how many pairs.
    """
    begin = b * scratch.contexts.shape[0]
    noise_at = changes.vectors.shape[1] - draw.noise.shape[1]
    margin, rate = np.float32(hinge.margin), np.float32(alpha)
    shrink_vectors, shrink_contexts = changes.shrink_vectors[at], changes.shrink_contexts[at]
    hinges_vectors, hinges_contexts = changes.hinges_vectors[at], changes.hinges_contexts[at]
    loss, pairs, k = 0.0, 0.0, 0
    for i in range(count):
        word = draw.words[begin + i]
        shift = window - begin - i
        for q in range(draw.low[begin + i] + shift, draw.high[begin + i] + shift):
            if q == window:
                continue
            f = scratch.window[i, q]
            pairs += 1.0
            for _ in range(hinge.negative):
                k = k + 1 if k + 1 < draw.noise.shape[1] else 0
                h = scratch.noise[i, k]
                if f - h >= margin or draw.noise[b, k] == word:
                    continue
                loss += margin - (f - h)
                near, far, both = rate * (_ONE - f), -rate * _TWO * h, rate * (_ONE - (f - h))
                scratch.window_steps[0, i, q] += near
                scratch.noise_steps[0, i, k] += far
                shrink_vectors[i + q] += near * f
                shrink_vectors[noise_at + k] += far * h
                scratch.window_steps[1, i, q] += both
                scratch.noise_steps[1, i, k] -= both
                shrink_contexts[i] += both * (f - h)
                hinges_vectors[i + q] += 1
                hinges_vectors[noise_at + k] += 1
                hinges_contexts[i] += 1
    return loss, pairs


@njit(cache=True, nogil=True, fastmath=True)
def _context_changes(draw: Draw, b: int, count: int, window: int, scratch: Scratch, noise_at: int, out: Floats) -> None:
    """Add up the changes of the contexts of the block's words, (B, P)."""
    dimension = scratch.contexts.shape[1]
    vectors = scratch.vectors
    begin = b * scratch.contexts.shape[0]
    for i in range(count):
        shift = window - begin - i
        q = draw.low[begin + i] + shift
        while q < draw.high[begin + i] + shift:
            r = i + q
            steps = scratch.window_steps[1, i, q : q + 4]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                out[i, d] += (
                    g0 * vectors[r, d] + g1 * vectors[r + 1, d] + g2 * vectors[r + 2, d] + g3 * vectors[r + 3, d]
                )
            q += 4
    for i in range(0, count, 2):
        for k in range(0, scratch.noise.shape[1], 4):
            r = noise_at + k
            steps = scratch.noise_steps[1, i, k : k + 4]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            steps = scratch.noise_steps[1, i + 1, k : k + 4]
            h0, h1, h2, h3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                c0, c1, c2, c3 = vectors[r, d], vectors[r + 1, d], vectors[r + 2, d], vectors[r + 3, d]
                out[i, d] += g0 * c0 + g1 * c1 + g2 * c2 + g3 * c3
                out[i + 1, d] += h0 * c0 + h1 * c1 + h2 * c2 + h3 * c3


@njit(cache=True, nogil=True, fastmath=True)
def _vector_changes(draw: Draw, b: int, count: int, window: int, scratch: Scratch, noise_at: int, out: Floats) -> None:
    """Add up the changes of the vectors of the words in the windows and of the noise words, (R + K, P)."""
    dimension = scratch.contexts.shape[1]
    contexts = scratch.contexts
    begin = b * scratch.contexts.shape[0]
    for i in range(count):
        shift = window - begin - i
        q = draw.low[begin + i] + shift
        while q < draw.high[begin + i] + shift:
            r = i + q
            steps = scratch.window_steps[0, i, q : q + 4]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                x = contexts[i, d]
                out[r, d] += g0 * x
                out[r + 1, d] += g1 * x
                out[r + 2, d] += g2 * x
                out[r + 3, d] += g3 * x
            q += 4
    for k in range(0, scratch.noise.shape[1], 2):
        r = noise_at + k
        for i in range(0, count, 4):
            steps = scratch.noise_steps[0, i : i + 4, k]
            g0, g1, g2, g3 = steps[0], steps[1], steps[2], steps[3]
            steps = scratch.noise_steps[0, i : i + 4, k + 1]
            h0, h1, h2, h3 = steps[0], steps[1], steps[2], steps[3]
            for d in range(dimension):
                v0, v1, v2, v3 = contexts[i, d], contexts[i + 1, d], contexts[i + 2, d], contexts[i + 3, d]
                out[r, d] += g0 * v0 + g1 * v1 + g2 * v2 + g3 * v3
                out[r + 1, d] += h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _product(x: Floats, y: Floats, size: int) -> np.float32:
    total = _ZERO
    for d in range(size):
        total += x[d] * y[d]
    return total


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _move_document(document: Floats, word: Floats, noise: Floats, gap: np.float32, step: np.float32) -> None:
    """Take a step to a word and from a noise word. gap: the product with the one, less that with the other."""
    stay = _ONE - step * gap
    square = _TINY
    for d in range(document.size):
        x = document[d] * stay + step * (word[d] - noise[d])
        document[d] = x
        square += x * x
    scale = _ONE / np.sqrt(square)
    for d in range(document.size):
        document[d] *= scale


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _add(row: Floats, factor: np.float32, out: Floats) -> None:
    for d in range(row.size):
        out[d] += factor * row[d]


@njit(cache=True, nogil=True, fastmath=True)
def _document_steps(
    draw: Draw,
    b: int,
    count: int,
    window: int,
    hinge: Hinge,
    alpha: float,
    documents: Floats,
    scratch: Scratch,
    changes: Changes,
    at: int,
) -> None:
    """Change the documents, word after word, and add to the changes of the vectors of these and of noise words."""
    dimension = documents.shape[1]
    begin = b * scratch.contexts.shape[0]
    noise_at = changes.vectors.shape[1] - draw.noise.shape[1]
    margin, rate = np.float32(hinge.document_margin), np.float32(alpha)
    vectors, shrink, hinges = changes.vectors[at], changes.shrink_vectors[at], changes.hinges_vectors[at]
    k = 0
    for i in range(count):
        if not draw.told[begin + i]:
            continue
        document = documents[draw.documents[begin + i]]
        r = window + i
        word = scratch.vectors[r]
        for _ in range(hinge.negative):
            k = k + 1 if k + 1 < draw.noise.shape[1] else 0
            if draw.noise[b, k] == draw.words[begin + i]:
                continue
            n = noise_at + k
            noise = scratch.vectors[n]
            f, h = _product(word, document, dimension), _product(noise, document, dimension)
            if f - h >= margin:
                continue
            near, far = rate * (_ONE - f), -rate * _TWO * h
            _add(document, near, vectors[r])
            _add(document, far, vectors[n])
            shrink[r] += near * f
            shrink[n] += far * h
            hinges[r] += 1
            hinges[n] += 1
            _move_document(document, word, noise, f - h, rate * (_ONE - (f - h)))


@njit(cache=True, nogil=True, fastmath=True)
def _joint_steps(
    draw: Draw,
    b: int,
    count: int,
    window: int,
    hinge: Hinge,
    alpha: float,
    documents: Floats,
    scratch: Scratch,
    changes: Changes,
    at: int,
) -> tuple[float, float]:
    """The same as `_word_steps` and `_document_steps` for one hinge of word, context and document, and the paper's factors.

    Returns the sum of the hinges, and how many pairs.
    """
    dimension = documents.shape[1]
    begin = b * scratch.contexts.shape[0]
    noise_at = changes.vectors.shape[1] - draw.noise.shape[1]
    margin, rate = np.float32(hinge.margin), np.float32(alpha)
    loss, pairs, k = 0.0, 0.0, 0
    for i in range(count):
        document = documents[draw.documents[begin + i]]
        shift = window - begin - i
        for q in range(draw.low[begin + i] + shift, draw.high[begin + i] + shift):
            if q == window:
                continue
            r = i + q
            word = scratch.vectors[r]
            pairs += 1.0
            for _ in range(hinge.negative):
                k = k + 1 if k + 1 < draw.noise.shape[1] else 0
                n = noise_at + k
                noise = scratch.vectors[n]
                f, h = _product(word, document, dimension), _product(noise, document, dimension)
                by_context, by_document = scratch.window[i, q] - scratch.noise[i, k], f - h
                gap = by_context + by_document
                if gap >= margin or draw.noise[b, k] == draw.words[begin + i]:
                    continue
                loss += margin - gap
                f, h = f + scratch.window[i, q], h + scratch.noise[i, k]
                length = np.sqrt(max(_LEAST, _TWO + _TWO * _product(scratch.contexts[i], document, dimension)))
                apart = np.sqrt(max(_LEAST, _TWO - _TWO * _product(word, noise, dimension)))
                near, far = rate * (_ONE - f / length), -rate * (_ONE + h / length)
                both = rate * (_ONE - by_context / apart)
                scratch.window_steps[0, i, q] += near
                scratch.noise_steps[0, i, k] += far
                _add(document, near, changes.vectors[at, r])
                _add(document, far, changes.vectors[at, n])
                changes.shrink_vectors[at, r] += near * f
                changes.shrink_vectors[at, n] += far * h
                scratch.window_steps[1, i, q] += both
                scratch.noise_steps[1, i, k] -= both
                changes.shrink_contexts[at, i] += both * by_context
                changes.hinges_vectors[at, r] += 1
                changes.hinges_vectors[at, n] += 1
                changes.hinges_contexts[at, i] += 1
                _move_document(document, word, noise, by_document, rate * (_ONE - by_document / apart))
    return loss, pairs


@njit(cache=True, nogil=True)
def learn_block(
    draw: Draw,
    size: int,
    b: int,
    hinge: Hinge,
    alpha: float,
    sphere: Sphere,
    scratch: Scratch,
    changes: Changes,
    at: int,
) -> tuple[float, float]:
    """Compute what block b of `size` drawn words changes, into changes[at]; documents are changed in place.

    alpha: the rate. Returns the sum of the hinges of words, and how many pairs.
    """
    window = (scratch.window.shape[1] - 4) // 2
    block = scratch.contexts.shape[0]
    count = min(block, size - b * block)
    noise_at = changes.vectors.shape[1] - draw.noise.shape[1]
    _copy_rows(draw, size, b, count, window, sphere, scratch, noise_at)
    _scores(draw, b, count, window, scratch, noise_at)
    _clear(scratch, changes, at)
    if hinge.joint:
        told = _joint_steps(draw, b, count, window, hinge, alpha, sphere.documents, scratch, changes, at)
    else:
        told = _word_steps(draw, b, count, window, hinge, alpha, scratch, changes, at)
        _document_steps(draw, b, count, window, hinge, alpha, sphere.documents, scratch, changes, at)
    _context_changes(draw, b, count, window, scratch, noise_at, changes.contexts[at])
    _vector_changes(draw, b, count, window, scratch, noise_at, changes.vectors[at])
    return told


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _move(change: Floats, shrink: float, row: Floats) -> None:
    """Add a change and normalise: the retraction."""
    stay = _ONE - shrink
    square = _TINY
    for d in range(row.size):
        x = row[d] * stay + change[d]
        row[d] = x
        square += x * x
    scale = _ONE / np.sqrt(square)
    for d in range(row.size):
        row[d] *= scale


@njit(cache=True, nogil=True, fastmath=True)
def add_changes(
    draw: Draw, size: int, b: int, share: int, shares: int, sphere: Sphere, changes: Changes, at: int
) -> None:
    """Add changes[at], of block b, to the rows of words whose number is `share` modulo `shares`."""
    block, noise = changes.contexts.shape[1], draw.noise.shape[1]
    begin = b * block
    count = min(block, size - begin)
    noise_at = changes.vectors.shape[1] - noise
    window = (noise_at - block - 4) // 2
    for i in range(count):
        word = draw.words[begin + i]
        if changes.hinges_contexts[at, i] and word % shares == share:
            _move(changes.contexts[at, i], changes.shrink_contexts[at, i], sphere.contexts[word])
    for r in range(max(0, window - begin), min(count + 2 * window, size - begin + window)):
        word = draw.words[begin - window + r]
        if changes.hinges_vectors[at, r] and word % shares == share:
            _move(changes.vectors[at, r], changes.shrink_vectors[at, r], sphere.vectors[word])
    for k in range(noise):
        word = draw.noise[b, k]
        r = noise_at + k
        if changes.hinges_vectors[at, r] and word % shares == share:
            _move(changes.vectors[at, r], changes.shrink_vectors[at, r], sphere.vectors[word])


@njit(cache=True, nogil=True, inline="always")
def _draw_of(draws: Draw, lane: int) -> Draw:
    return Draw(
        draws.words[lane], draws.documents[lane], draws.told[lane], draws.low[lane], draws.high[lane], draws.noise[lane]
    )


@njit(cache=True, nogil=True, inline="always")
def _changes_of(changes: Changes, lane: int) -> Changes:
    return Changes(
        changes.vectors[lane],
        changes.contexts[lane],
        changes.shrink_vectors[lane],
        changes.shrink_contexts[lane],
        changes.hinges_vectors[lane],
        changes.hinges_contexts[lane],
    )


@njit(cache=True, nogil=True)
def _draw_more(
    ids: Ints, lanes: Lanes, lane: int, sampling: Sampling, window: int, block: int, draws: Draw
) -> tuple[int, int, float]:
    """Draw the next words of a lane if all are learned; return how many words there are, the next block, and its alpha."""
    place, rates = lanes.places[lane], lanes.rates[lane]
    if place[4] * block >= place[3]:
        place[3] = place[4] = 0
        if place[0] < place[1]:
            place[3], place[0], place[2] = draw(
                ids, place[0], place[1], place[2], sampling, window, block, lanes.random[lane], _draw_of(draws, lane)
            )
    done = (place[0] - lanes.begins[lane]) / (place[1] - lanes.begins[lane])
    return place[3], place[4], rates[0] + (rates[1] - rates[0]) * done


@njit(cache=True, nogil=True)
def next_blocks(lanes: Lanes, block: int, blocks: int) -> bool:
    """Let the lanes go on behind the last `blocks` blocks; return whether any has something left."""
    left = False
    for lane in range(lanes.begins.size):
        place = lanes.places[lane]
        place[4] = min(place[4] + blocks, (place[3] + block - 1) // block)
        left |= place[4] * block < place[3] or place[0] < place[1]
    return left


@njit(cache=True, nogil=True)
def learn_freely(
    ids: Ints,
    lanes: Lanes,
    sampling: Sampling,
    hinge: Hinge,
    draws: Draw,
    sphere: Sphere,
    scratch: Scratch,
    changes: Changes,
) -> None:
    """Learn lanes to their ends, a block of each in turn, without waiting for other threads that do the same."""
    block = scratch.contexts.shape[0]
    window = (scratch.window.shape[1] - 4) // 2
    left = True
    while left:
        for lane in range(lanes.begins.size):
            size, b, alpha = _draw_more(ids, lanes, lane, sampling, window, block, draws)
            if b * block < size:
                own = _draw_of(draws, lane)
                told = learn_block(own, size, b, hinge, alpha, sphere, scratch, changes, 0)
                lanes.told[lane, 0] += told[0]
                lanes.told[lane, 1] += told[1]
                add_changes(own, size, b, 0, 1, sphere, changes, 0)
        left = next_blocks(lanes, block, 1)


@njit(cache=True, nogil=True)
def learn_round(
    ids: Ints,
    lanes: Lanes,
    share: int,
    shares: int,
    sampling: Sampling,
    hinge: Hinge,
    draws: Draw,
    sphere: Sphere,
    scratch: Scratch,
    changes: Changes,
) -> None:
    """Compute what the next blocks of lanes share, share + shares, ... change; words stay as they are, documents do not."""
    block = scratch.contexts.shape[0]
    window = (scratch.window.shape[1] - 4) // 2
    for lane in range(share, lanes.begins.size, shares):
        size, first, alpha = _draw_more(ids, lanes, lane, sampling, window, block, draws)
        own, into = _draw_of(draws, lane), _changes_of(changes, lane)
        for b in range(first, min(first + changes.vectors.shape[1], (size + block - 1) // block)):
            told = learn_block(own, size, b, hinge, alpha, sphere, scratch, into, b - first)
            lanes.told[lane, 0] += told[0]
            lanes.told[lane, 1] += told[1]


@njit(cache=True, nogil=True)
def add_round(lanes: Lanes, share: int, shares: int, draws: Draw, sphere: Sphere, changes: Changes) -> None:
    """Add the changes of all lanes, in order, to the rows of words whose number is `share` modulo `shares`."""
    block = changes.contexts.shape[2]
    for lane in range(lanes.begins.size):
        size, first = lanes.places[lane, 3], lanes.places[lane, 4]
        last = min(first + changes.vectors.shape[1], (size + block - 1) // block)
        for b in range(first, last):
            add_changes(_draw_of(draws, lane), size, b, share, shares, sphere, _changes_of(changes, lane), b - first)


@njit(cache=True, nogil=True)
def random_direction(random: Random, out: Floats) -> None:
    """Fill (D,) with a direction, from a cube around the origin, as the reference program."""
    square = 0.0
    for d in range(out.size):
        x = (_next(random) >> np.uint64(11)) * 2.0**-53 - 0.5
        out[d] = x
        square += x * x
    for d in range(out.size):
        out[d] /= np.sqrt(square)


@njit(cache=True, nogil=True)
def _document_end(ids: Ints, begin: int) -> int:
    end = begin
    while ids[end] != -2:
        end += 1
    return end


@njit(cache=True, nogil=True)
def _seed_of(ids: Ints, begin: int, end: int) -> Random:
    """Return the state of a generator, (1,), that depends on the words of ids[begin:end] in their order: FNV-1a."""
    x = np.uint64(0xCBF29CE484222325)
    for at in range(begin, end):
        if ids[at] >= 0:
            x = (x ^ np.uint64(ids[at])) * np.uint64(0x100000001B3)
    state = np.empty(1, np.uint64)
    state[0] = (x ^ (x >> np.uint64(29))) | np.uint64(1)
    return state


@njit(cache=True, nogil=True)
def direction_of_nothing(out: Floats) -> None:
    """Fill (D,) with the direction of documents without words."""
    random_direction(_seed_of(np.empty(0, np.int32), 0, 0), out)


@njit(cache=True, nogil=True, fastmath=True)
def infer_documents(
    ids: Ints,
    begin: int,
    end: int,
    sampling: Sampling,
    hinge: Hinge,
    alpha: float,
    epochs: int,
    vectors: Floats,
    documents: Floats,
) -> None:
    """Learn documents, (N, D), of ids[begin:end] by the hinges of documents of words whose vectors, (V, D), stay as they are.

    Words below -2 are left out. What is drawn depends on the words of a document only. alpha falls to 1e-4 of it.
    """
    margin = np.float32(hinge.document_margin)
    at, number = begin, 0
    while at < end:
        stop = _document_end(ids, at)
        random = _seed_of(ids, at, stop)
        document = documents[number]
        random_direction(random, document)
        for step in range(epochs * (stop - at)):
            word = ids[at + step % (stop - at)]
            if word < 0 or not (_happens(sampling.keep[word], random) and _happens(sampling.told[word], random)):
                continue
            rate = np.float32(alpha * max(1e-4, 1 - step / (epochs * (stop - at))))
            for _ in range(hinge.negative):
                noise = _noise_word(sampling, random)
                gap = _product(vectors[word], document, document.size) - _product(
                    vectors[noise], document, document.size
                )
                if gap < margin and noise != word:
                    _move_document(document, vectors[word], vectors[noise], gap, rate * (_ONE - gap))
        at, number = stop + 1, number + 1


@njit(cache=True, nogil=True)
def sum_documents(
    ids: Ints, begin: int, end: int, weights: Floats, centre: Floats, vectors: Floats, documents: Floats
) -> None:
    """Make documents, (N, D), of ids[begin:end] the directions of weighted sums of vectors of words, (V, D), from `centre`.

    weights: (V,). centre: (D,). Words below -2 are left out. Documents without a word get all the same direction, and so do
    those whose words cancel each other out, of whose sum only rounding is left.
    """
    total = np.empty(vectors.shape[1], np.float64)
    at, number = begin, 0
    while at < end:
        stop = _document_end(ids, at)
        total[:] = 0.0
        mass = 0.0
        for i in range(at, stop):
            if ids[i] >= 0:
                mass += weights[ids[i]]
                for d in range(total.size):
                    total[d] += weights[ids[i]] * (vectors[ids[i], d] - centre[d])
        square = 0.0
        for d in range(total.size):
            square += total[d] * total[d]
        if square > (_ROUNDING * mass) ** 2:
            for d in range(total.size):
                documents[number, d] = total[d] / np.sqrt(square)
        else:
            direction_of_nothing(documents[number])
        at, number = stop + 1, number + 1
