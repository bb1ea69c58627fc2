"""What stands around the n-grams of a text: branching entropies, ends of segments, and a first segmentation from them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlptools.ngrams.trie import Trie
from nlptools.segment import _chain_kernels
from nlptools.segment import _statistics_kernels as kernels
from nlptools.segment.four_states import STATES, four_states
from nlptools.threads import in_threads

LONGEST = 4
"""Symbols of the longest n-grams of which there are statistics; the trie has n-grams of one more."""


class Statistics(NamedTuple):
    """Of G n-grams, the nodes of a trie, all (G,).

    begins, ends: how often each stands at the begin and at the end of a segment. right_entropy, left_entropy: of its
    neighbours in nats, where each end of a segment counts as a neighbour of its own. followed: how often it is not at an
    end; kinds: how many distinct followers it has.
    """

    begins: NDArray[np.int32]
    ends: NDArray[np.int32]
    right_entropy: NDArray[np.float64]
    left_entropy: NDArray[np.float64]
    followed: NDArray[np.int64]
    kinds: NDArray[np.int64]


def measure(codes: NDArray[np.uint16], trie: Trie) -> Statistics:
    """Return the statistics of the n-grams of a trie that has all n-grams seen twice."""
    nodes = trie.counts.size
    begins, ends = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
    kernels.count_edges(codes, trie.node_at, trie.parents, trie.lengths, LONGEST, begins, ends)
    right, left = np.zeros(nodes), np.zeros(nodes)
    kinds, listed = np.zeros(nodes, np.int32), np.zeros(nodes, np.int64)
    kernels.sum_neighbours(trie.counts, trie.parents, trie.suffixes, trie.lengths, right, left, kinds, listed)
    counts = np.maximum(trie.counts, 1)
    followed = trie.counts - ends
    followers = kinds + (followed - listed)  # those that are not in the trie were seen once each
    return Statistics(
        begins, ends, np.log(counts) - right / counts, np.log(counts) - left / counts, followed, followers
    )


def first_segmentation(
    codes: NDArray[np.uint16], trie: Trie, statistics: Statistics, bounds: list[int], threads: int
) -> NDArray[np.uint8]:
    """Return where words begin, (T,), by the four states of kexue.fm 3956; bounds: places after breaks to divide work at."""
    begins = np.zeros(codes.size, np.uint8)
    chain = four_states()

    def work(lo: int, hi: int) -> None:
        emissions = np.empty((hi - lo, STATES), np.float32)
        kernels.witten_bell(
            codes, trie.node_at, trie.parents, trie.lengths, trie.counts,
            statistics.kinds, statistics.followed, trie.total, lo, hi, emissions,
        )  # fmt: skip
        _chain_kernels.viterbi(codes[lo:hi], emissions, *chain, begins[lo:hi])

    in_threads(work, bounds, threads)
    return begins
