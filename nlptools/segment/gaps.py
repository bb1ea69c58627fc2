"""A tagger of gaps, taught by a lattice: a teacher with statistics of the text, and a student that needs none."""

import numpy as np
from numpy.typing import NDArray

from nlptools.ngrams.trie import Trie
from nlptools.segment import _gap_kernels as kernels
from nlptools.segment.statistics import Statistics
from nlptools.threads import in_threads, slices

BLOCK = 5000
"""Positions of a block; every second one belongs to the same fold."""

FEWEST_BLOCKS = 20
"""Blocks of a small text, which are smaller."""

_SURE = np.float32(20.0)

_NO_BINS = np.zeros((0, kernels.DENSE), np.uint8)


def _new_state(symbols: int, size: int) -> kernels.Weights:
    """Return the state of a training that has not begun, for so many symbols and a text of this size."""
    bits = int(np.clip(np.ceil(np.log2(max(size, 1))) - 3, 12, 21))
    sizes = (
        symbols * kernels.SYMBOL_COLUMNS,
        kernels.PAIR_COLUMNS << bits,
        kernels.APART_COLUMNS << bits,
        kernels.TRIPLE_COLUMNS << bits + 2,
        kernels.DENSE_WEIGHTS,
    )
    return kernels.Weights(*(np.zeros(2 * size, np.float32) for size in sizes))


def _weights(state: kernels.Weights) -> kernels.Weights:
    """Return the weights alone."""
    return kernels.Weights(*(table[::2].copy() for table in state))


def dense_bins(codes: NDArray[np.uint16], trie: Trie, statistics: Statistics, threads: int) -> NDArray[np.uint8]:
    """Return the quantile bins of what the text tells about each gap, (T, DENSE); 0 is missing."""
    values = _bins_of_nodes(trie, statistics)
    bins = np.zeros((codes.size, kernels.DENSE), np.uint8)

    def work(lo: int, hi: int) -> None:
        kernels.place_bins(codes, trie.node_at, trie.parents, trie.lengths, values, lo, hi, bins)

    in_threads(work, slices(codes.size, threads), threads)
    return bins


def _bins_of_nodes(trie: Trie, statistics: Statistics) -> NDArray[np.uint8]:
    """Return (8, G) bins: 24 quantiles over the occurrences of the n-grams of each length."""
    counts = np.maximum(trie.counts, 1)
    ln = np.log(counts)
    fields = (
        trie.pmi,
        statistics.right_entropy,
        statistics.left_entropy,
        (statistics.ends + 0.02) / counts,
        (statistics.begins + 0.02) / counts,
        ln - ln[trie.parents],
        ln - ln[trie.suffixes],
        ln,
    )
    out = np.zeros((len(fields), counts.size), np.uint8)
    for length in (1, 2, 3):
        nodes = slice(*np.searchsorted(trie.lengths, (length, length + 1)))
        if nodes.start == nodes.stop:
            continue
        for row, field in zip(out, fields, strict=True):
            values = field[nodes]
            order = np.argsort(values, kind="stable")
            seen = np.cumsum(counts[nodes][order])
            quantiles = values[order[np.searchsorted(seen, np.linspace(0, seen[-1], 25)[1:-1])]]
            row[nodes] = np.searchsorted(np.unique(quantiles), values) + 1
    return out


def teach(
    codes: NDArray[np.uint16], bins: NDArray[np.uint8], target: NDArray[np.float32], threads: int
) -> NDArray[np.float32]:
    """Return the log-odds of a word's begin at each position, (T,): each half is predicted by a model of the other.

    Without that the model learns the errors of the target by heart.
    """
    odds = np.zeros(codes.size, np.float32)
    block = max(1, min(BLOCK, codes.size // FEWEST_BLOCKS))

    def work(fold: int, _: int) -> None:
        state = _new_state(int(codes.max(initial=0)) + 1, codes.size)
        kernels.train(codes, bins, target, fold, block, 0.02, state)
        kernels.predict(codes, bins, fold, block, 0, codes.size, _weights(state), odds)

    in_threads(work, [0, 1, 2], threads)
    return odds


def learn(codes: NDArray[np.uint16], odds: NDArray[np.float32], symbols: int) -> kernels.Weights:
    """Return the weights of a student: what stands around a gap decides, and no statistics of a text.

    odds: (T,), the log-odds of a teacher, whose doubts are learned, too. symbols: how many there are, in other texts, too.
    """
    target = (1 / (1 + np.exp(-np.clip(odds, -_SURE, _SURE)))).astype(np.float32)
    state = _new_state(symbols, codes.size)
    for _ in range(2):
        kernels.train(codes, _NO_BINS, target, -1, BLOCK, 0.1, state)
    return _weights(state)


def predict(codes: NDArray[np.uint16], model: kernels.Weights, threads: int) -> NDArray[np.float32]:
    """Return the log-odds of a student, (T,); 0 at edges and behind them."""
    odds = np.zeros(codes.size, np.float32)

    def work(lo: int, hi: int) -> None:
        kernels.predict(codes, _NO_BINS, -1, BLOCK, lo, hi, model, odds)

    in_threads(work, slices(codes.size, threads), threads)
    return odds
