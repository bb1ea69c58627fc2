"""What raw text tells about the n-grams of any text: how much each looks like a word, and what its symbols are like."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.ngrams.trie import Trie, build_trie
from nlptools.segment import _tagger_kernels as kernels
from nlptools.segment._tagger_kernels import Evidence
from nlptools.segment.classes import symbol_classes
from nlptools.segment.statistics import measure
from nlptools.text.encode import EncodedText

SOLIDITY_BINS = (2.0, 4.0, 6.0, 8.0, 10.0, 13.0)
"""Bounds of PMI in nats."""

FREEDOM_BINS = (0.5, 1.0, 1.7, 2.5, 3.5)
"""Bounds of the lower branching entropy in nats."""

SYMBOLS_PER_COUNT = 10_000_000
"""An n-gram must occur twice, and once more for every so many symbols of the text."""


def no_evidence() -> Evidence:
    """Return what is known without raw text."""
    return Evidence(np.zeros(0, np.uint32), np.zeros(0, np.uint8), np.zeros(0, np.uint8))


def learn_evidence(codes: NDArray[np.uint16], symbols: int, seed: int, threads: int) -> Evidence:
    """Return what a text tells, (T,) with an edge between segments and at its end; no n-gram is a word yet.

    symbols: how many there are.
    """
    text = EncodedText(codes, pa.nulls(symbols, pa.string()), np.array([codes.size]))
    trie = build_trie(text, 2 + codes.size // SYMBOLS_PER_COUNT, kernels.LONGEST + 1, threads)
    chosen = np.flatnonzero((trie.lengths >= 2) & (trie.lengths <= kernels.LONGEST))
    ngrams = np.zeros(hash_size(chosen.size), np.uint32)
    qualities = _qualities(codes, trie)[chosen]
    kernels.fill_ngrams(codes, trie.example[chosen], trie.lengths[chosen], qualities, ngrams)
    classes = symbol_classes(codes, symbols, seed, threads)
    return Evidence(ngrams, np.zeros(symbols, np.uint8), classes)


def with_words(evidence: Evidence, codes: NDArray[np.uint16], begins: NDArray[np.uint8]) -> Evidence:
    """Return the evidence with how often the n-grams are words where `begins`, (T,), is 1 at the begin of each."""
    counts = np.zeros(evidence.ngrams.size, np.uint32)
    single = np.zeros(evidence.words.size, np.uint32)
    kernels.count_words(codes, begins, evidence.ngrams, counts, single)
    words = np.uint32(((1 << kernels.WORD_BITS) - 1) << kernels.QUALITY_BITS)
    ngrams = evidence.ngrams & ~words | _bins(counts).astype(np.uint32) << np.uint32(kernels.QUALITY_BITS)
    return evidence._replace(ngrams=ngrams, words=_bins(single))


def hash_size(keys: int) -> int:
    """Return the size of a hash table for so many keys."""
    return 1 << max(4, int(1.5 * keys).bit_length())


def _qualities(codes: NDArray[np.uint16], trie: Trie) -> NDArray[np.uint32]:
    statistics = measure(codes, trie)
    freedom = np.minimum(statistics.right_entropy, statistics.left_entropy)
    bins = 8 * np.searchsorted(SOLIDITY_BINS, trie.pmi) + np.searchsorted(FREEDOM_BINS, freedom)
    return (1 + bins).astype(np.uint32)


def _bins(counts: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return log2 of counts, rounded up; 0 for 0."""
    return np.minimum(np.ceil(np.log2(counts.astype(np.float64) + 1)), (1 << kernels.WORD_BITS) - 1).astype(np.uint8)
