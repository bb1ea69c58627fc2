"""Classes of symbols that stand beside the same symbols: what a character is like, learned from raw text."""

import numpy as np
from numpy.typing import NDArray

from nlptools.ngrams.grouping import count_keys

CLASSES = 100
"""With class 0, which is that of the edge and of symbols that did not occur."""

_CONTEXTS = 1000  # the most frequent symbols, at each distance
_DISTANCES = (1, 2)
_DIMENSIONS = 64
_SPARE = 16  # dimensions more, for the precision of the others
_ITERATIONS = 25
_SMOOTHING = 0.75  # power of the probabilities of contexts, which makes rare ones count less


def symbol_classes(codes: NDArray[np.uint16], symbols: int, seed: int, threads: int) -> NDArray[np.uint8]:
    """Return the class of each of the symbols, (A,) below CLASSES, for a text, (T,)."""
    counts = np.bincount(codes, minlength=symbols)
    counts[0] = 0
    classes = np.zeros(symbols, np.uint8)
    there = np.flatnonzero(counts)
    if there.size >= CLASSES:
        random = np.random.default_rng(seed)
        vectors = _vectors(_associations(codes, counts, threads)[there], random)
        classes[there] = 1 + _spherical_means(vectors, CLASSES - 1, random)
    return classes


def _associations(codes: NDArray[np.uint16], counts: NDArray[np.int64], threads: int) -> NDArray[np.float32]:
    """Return the positive PMI of each symbol and each context, (A, contexts on both sides)."""
    frequent = np.argsort(-counts, kind="stable")[:_CONTEXTS]
    context_of = np.full(counts.size, -1)
    context_of[frequent] = np.arange(frequent.size)
    parts = []
    for distance in _DISTANCES:
        keys, seen = count_keys(codes[:-distance].astype(np.uint64) << np.uint64(16) | codes[distance:], threads)
        first, second = (keys >> np.uint64(16)).astype(np.int64), (keys & np.uint64(0xFFFF)).astype(np.int64)
        for symbol, context in ((first, context_of[second]), (second, context_of[first])):
            table = np.zeros((counts.size, frequent.size))
            known = (context >= 0) & (symbol > 0)
            table[symbol[known], context[known]] = seen[known]
            parts.append(_positive_pmi(table))
    return np.concatenate(parts, axis=1)


def _positive_pmi(table: NDArray[np.float64]) -> NDArray[np.float32]:
    probabilities = table.sum(axis=0) ** _SMOOTHING
    expected = table.sum(axis=1, keepdims=True) * (probabilities / max(probabilities.sum(), 1.0))
    ratio = np.divide(table, expected, out=np.ones_like(table), where=table > 0)
    out: NDArray[np.float32] = np.log(np.maximum(ratio, 1.0)).astype(np.float32)
    return out


def _vectors(table: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Return a vector of length 1 for each row: the strongest directions, by a randomised singular value decomposition."""
    size = min(_DIMENSIONS + _SPARE, *table.shape)
    basis = np.linalg.qr(table @ random.standard_normal((table.shape[1], size)).astype(np.float32))[0]
    for _ in range(4):
        basis = np.linalg.qr(table @ (table.T @ basis))[0]
    directions, strengths, _ = np.linalg.svd(basis.T @ table, full_matrices=False)
    vectors = (basis @ directions * np.sqrt(strengths))[:, :_DIMENSIONS]
    return _of_length_one(vectors)


def _of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    out: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return out


def _spherical_means(vectors: NDArray[np.float32], groups: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return which of the groups each vector belongs to: the one whose mean has the most similar direction."""
    means = vectors[random.choice(len(vectors), groups, replace=False)]
    for _ in range(_ITERATIONS):
        nearest = (vectors @ means.T).argmax(axis=1)
        sums = np.zeros_like(means)
        np.add.at(sums, nearest, vectors)
        means = _of_length_one(sums)
    nearest_mean: NDArray[np.int64] = (vectors @ means.T).argmax(axis=1)
    return nearest_mean
