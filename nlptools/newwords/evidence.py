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

_AT_ONCE = 1 << 25  # occurrences whose neighbours are sorted together


@dataclass(frozen=True)
class Evidence:
    """For W words: documents that have it, branching entropies in nats (左邻字熵, 右邻字熵), largest neighbour count."""

    documents: NDArray[np.int64]
    left_entropy: NDArray[np.float64]
    right_entropy: NDArray[np.float64]
    largest_neighbour: NDArray[np.int64]


def collect_evidence(text: EncodedText, trie: Trie, words: NDArray[np.int64], threads: int) -> Evidence:
    """Return the evidence for `words`, (W,) nodes of the trie in rising order.

    Entropy: H = ln N − (1/N) Σ f ln f; every occurrence beside a break counts as a neighbour of its own.
    """
    chosen = np.zeros(trie.counts.size, np.bool_)
    chosen[words] = True
    nearest = nearest_ancestor(chosen, trie.parents, trie.lengths)
    up = nearest[trie.parents]
    index = np.zeros(trie.counts.size, np.int32)
    index[words] = np.arange(words.size)
    ends = text.document_ends

    def documents(first: int, last: int) -> NDArray[np.int64]:
        found = np.zeros(words.size, np.int64)
        _kernels.count_documents(trie.node_at, ends, first, last, nearest, up, index, found)
        return found

    def neighbours(lo: int, hi: int, n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        left, right = np.empty(n, np.uint64), np.empty(n, np.uint64)
        _kernels.list_neighbours(
            text.codes, lo, hi, trie.node_at, trie.lengths, nearest, up, index, left, right
        )
        return left, right

    with ThreadPoolExecutor(threads) as pool:
        cuts = [ends.size * t // threads for t in range(threads + 1)]
        found = np.zeros(words.size, np.int64)
        for part in pool.map(documents, cuts[:-1], cuts[1:]):
            found += part
        cuts = [trie.node_at.size * t // (4 * threads) for t in range(4 * threads + 1)]
        sizes = list(
            pool.map(lambda a, b: _kernels.count_occurrences(a, b, trie.node_at, nearest, up), cuts[:-1], cuts[1:])
        )
        sides = list(pool.map(neighbours, cuts[:-1], cuts[1:], sizes))
    entropies = []
    largest = np.zeros(words.size, np.int64)
    for side in zip(*sides, strict=True):
        entropy, most = np.zeros(words.size), np.zeros(words.size, np.int64)
        _kernels.neighbour_entropy(*count_keys(np.concatenate(side), threads), entropy, most)
        entropies.append(entropy)
        largest = np.maximum(largest, most)
    return Evidence(found, entropies[0], entropies[1], largest)
