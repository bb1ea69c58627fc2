"""What stands around words: documents, neighbours on both sides."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlptools.newwords import _kernels
from nlptools.newwords.description_length import nearest_ancestor
from nlptools.newwords.trie import Trie
from nlptools.ngrams.grouping import count_keys
from nlptools.text.encode import EncodedText

_GAP_UNIT = 2.0**24  # sums of gaps are kept in whole units, so that they do not depend on threads


@dataclass(frozen=True)
class Evidence:
    """For W words: documents that have it, branching entropies in nats (左邻字熵, 右邻字熵), largest neighbour count."""

    documents: NDArray[np.int64]
    left_entropy: NDArray[np.float64]
    right_entropy: NDArray[np.float64]
    largest_neighbour: NDArray[np.int64]


class _Walk:
    """How to meet all occurrences of chosen words: nearest[node_at[i]], then up, until 0; index: word of each node."""

    def __init__(self, trie: Trie, words: NDArray[np.int64]) -> None:
        chosen = np.zeros(trie.counts.size, np.bool_)
        chosen[words] = True
        self.nearest = nearest_ancestor(chosen, trie.parents, trie.lengths)
        self.up = self.nearest[trie.parents]
        self.index = np.zeros(trie.counts.size, np.int32)
        self.index[words] = np.arange(words.size)
        self.size = trie.node_at.size

    def cuts(self, threads: int) -> list[int]:
        """Cut the text into pieces of work."""
        return [self.size * t // (4 * threads) for t in range(4 * threads + 1)]


def collect_evidence(text: EncodedText, trie: Trie, words: NDArray[np.int64], threads: int) -> Evidence:
    """Return the evidence for `words`, (W,) nodes of the trie in rising order.

    Entropy: H = ln N − (1/N) Σ f ln f; every occurrence beside a break counts as a neighbour of its own.
    """
    walk = _Walk(trie, words)
    ends = text.document_ends

    def documents(first: int, last: int) -> NDArray[np.int64]:
        found = np.zeros(words.size, np.int64)
        _kernels.count_documents(trie.node_at, ends, first, last, walk.nearest, walk.up, walk.index, found)
        return found

    def neighbours(lo: int, hi: int, n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        left, right = np.empty(n, np.uint64), np.empty(n, np.uint64)
        _kernels.list_neighbours(
            text.codes, lo, hi, trie.node_at, trie.lengths, walk.nearest, walk.up, walk.index, left, right
        )
        return left, right

    with ThreadPoolExecutor(threads) as pool:
        cuts = [ends.size * t // threads for t in range(threads + 1)]
        found = np.zeros(words.size, np.int64)
        for part in pool.map(documents, cuts[:-1], cuts[1:]):
            found += part
        cuts = walk.cuts(threads)
        sizes = list(
            pool.map(
                lambda a, b: _kernels.count_occurrences(a, b, trie.node_at, walk.nearest, walk.up),
                cuts[:-1],
                cuts[1:],
            )
        )
        sides = list(pool.map(neighbours, cuts[:-1], cuts[1:], sizes))
    entropies = []
    largest = np.zeros(words.size, np.int64)
    for side in (0, 1):
        entropy, most = np.zeros(words.size), np.zeros(words.size, np.int64)
        _kernels.neighbour_entropy(*count_keys(np.concatenate([pair[side] for pair in sides]), threads), entropy, most)
        entropies.append(entropy)
        largest = np.maximum(largest, most)
    return Evidence(found, entropies[0], entropies[1], largest)


def inner_openness(
    trie: Trie, words: NDArray[np.int64], gaps: NDArray[np.float32], threads: int
) -> NDArray[np.float64]:
    """Return, for each word, the mean over its occurrences of the most open gap inside it, in [0, 1]."""
    walk = _Walk(trie, words)
    with ThreadPoolExecutor(threads) as pool:
        cuts = walk.cuts(threads)

        def openness(lo: int, hi: int) -> NDArray[np.int64]:
            sums = np.zeros(words.size, np.int64)
            _kernels.sum_inner_gaps(
                lo, hi, trie.node_at, trie.lengths, walk.nearest, walk.up, walk.index, gaps, _GAP_UNIT, sums
            )
            return sums

        total = sum(pool.map(openness, cuts[:-1], cuts[1:]), np.zeros(words.size, np.int64))
    return total / _GAP_UNIT / trie.counts[words]
