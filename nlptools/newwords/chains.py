"""Which of some chosen n-grams start at each position of the text."""

import numpy as np
from numpy.typing import NDArray

from nlptools.newwords import _kernels
from nlptools.ngrams.trie import Trie
from nlptools.threads import in_threads, slices


class Chains:
    """W words, nodes of a trie, and at each position of the text the chain of the words that start there.

    nodes: (W,), the node of each word, the most frequent word first: what is looked up at nearly every position then
    lies together and stays in the cache. lengths, example: (W,), as in the trie.
    word_at: (T,), the longest word that starts at each position, -1 where none does.
    links: (W,), what is next in the chain and how long the word is: (next + 1) << LENGTH_BITS | length, where next is
    the longest shorter word that is a prefix of this one, or -1.
    """

    def __init__(self, trie: Trie, chosen: NDArray[np.bool_], threads: int) -> None:
        """Chain the chosen nodes, (G,)."""
        self._trie = trie
        self._threads = threads
        nodes = np.flatnonzero(chosen)
        self.nodes = nodes[np.argsort(-trie.counts[nodes], kind="stable")]
        number = np.full(chosen.size, -1, np.int32)
        number[self.nodes] = np.arange(self.nodes.size)
        nearest = _nearest_ancestor(chosen, trie.parents, trie.lengths)
        number = np.where(nearest > 0, number[nearest], -1).astype(np.int32)
        self.word_at = number[trie.node_at]
        self._link(number[trie.parents[self.nodes]])

    def _link(self, up: NDArray[np.int32]) -> None:
        self.lengths = self._trie.lengths[self.nodes]
        self.example = self._trie.example[self.nodes]
        self.links = (up.astype(np.int64) + 1) << _kernels.LENGTH_BITS | self.lengths

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Take all other words out; those that remain are numbered anew, in the same order."""
        number = np.full(kept.size, -1, np.int32)
        number[kept] = np.arange(int(kept.sum()))
        _kernels.inherit(number, self.links)
        in_threads(
            lambda lo, hi: _kernels.renumber(self.word_at, lo, hi, number),
            slices(self.word_at.size, self._threads),
            self._threads,
        )
        up = (self.links[kept] >> _kernels.LENGTH_BITS) - 1
        self.nodes = self.nodes[kept]
        self._link(np.where(up >= 0, number[up], -1).astype(np.int32))


def _nearest_ancestor(
    chosen: NDArray[np.bool_], parents: NDArray[np.int32], lengths: NDArray[np.int16]
) -> NDArray[np.int32]:
    """Return, for each node, the longest chosen prefix, itself included; 0 where there is none."""
    nearest = np.where(chosen, np.arange(chosen.size), 0).astype(np.int32)
    bounds = np.searchsorted(lengths, np.arange(1, int(lengths[-1]) + 2)).tolist()
    for lo, hi in zip(bounds[:-1], bounds[1:], strict=True):
        level = nearest[lo:hi]
        nearest[lo:hi] = np.where(level == 0, nearest[parents[lo:hi]], level)
    return nearest
