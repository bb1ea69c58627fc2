"""All n-grams of a text that occur often enough, as a trie, and which of them starts at each position."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlptools.ngrams import _trie_kernels as kernels
from nlptools.ngrams.grouping import group_keys, group_windows, window_bits
from nlptools.text.encode import EncodedText
from nlptools.threads import in_threads, slices


@dataclass(frozen=True)
class Trie:
    """Frequent n-grams: G nodes, node 0 the root (the empty n-gram), nodes ordered by length, then by codes.

    counts, lengths, parents (the n-gram without its last code), suffixes (without its first), example (a position
    where it occurs), pmi (solidity in nats): all (G,).
    node_at: (T,), the longest frequent n-gram that starts at each position, 0 at breaks.
    """

    counts: NDArray[np.int64]
    lengths: NDArray[np.int16]
    parents: NDArray[np.int32]
    suffixes: NDArray[np.int32]
    example: NDArray[np.int64]
    pmi: NDArray[np.float64]
    node_at: NDArray[np.int32]
    total: int

    @property
    def single(self) -> int:
        """How many single codes there are: they are the nodes 1..single, in the order of the codes."""
        return int(np.searchsorted(self.lengths, 2)) - 1


def build_trie(text: EncodedText, min_count: int, max_length: int, threads: int) -> Trie:
    """Count all n-grams up to `max_length` codes exactly and keep those seen `min_count` times; single codes all stay.

    Windows of a few codes are grouped once; a longer n-gram is a frequent one and the window behind it (the doubling
    of Karp, Miller and Rosenberg, 1972), so every further step groups only the places where long n-grams recur.
    """
    bits = window_bits(len(text.alphabet))
    order = min(64 // bits, max_length)
    windows, window_counts, ranks = group_windows(text.codes, order, bits, threads)
    levels = _Levels()
    node_of_window = np.zeros(windows.size, np.int32)
    heads = np.zeros(windows.size, np.int32)
    levels.grow(heads, windows, window_counts, order, bits, min_count, max_length, node_of_window)
    node_at = np.empty(text.codes.size, np.int32)
    in_threads(
        lambda lo, hi: kernels.place_nodes(ranks[lo:hi], node_of_window, node_at[lo:hi]),
        slices(ranks.size, threads),
        threads,
    )

    reached = 0
    while reached < levels.deepest < max_length and levels.deepest % order == 0:
        reached = levels.deepest
        positions = np.empty(text.codes.size, np.uint32)
        keys = np.empty(text.codes.size, np.uint64)
        n = kernels.list_extendable(node_at, levels.first_of_deepest, ranks, levels.deepest, positions, keys)
        pairs, pair_counts, pair_ranks = group_keys(keys[:n], threads)
        heads = (pairs >> np.uint64(32)).astype(np.int32)
        tails = windows[(pairs & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1]
        node_of_pair = heads.copy()
        levels.grow(heads, tails, pair_counts, order, bits, min_count, max_length, node_of_pair)
        node_at[positions[:n]] = node_of_pair[pair_ranks.astype(np.int64) - 1]
    return _finish(levels, node_at, text.size, threads)


class _Levels:
    """The nodes made so far, level by level."""

    def __init__(self) -> None:
        self.parents = [np.zeros(1, np.int32)]
        self.counts = [np.zeros(1, np.int64)]
        self.nodes = 1
        self.deepest = 0
        self.first_of_deepest = 0

    def grow(
        self,
        heads: NDArray[np.int32],
        tails: NDArray[np.uint64],
        counts: NDArray[np.uint32],
        order: int,
        bits: int,
        min_count: int,
        max_length: int,
        node_of: NDArray[np.int32],
    ) -> None:
        """Make the nodes of up to `order` more levels from windows sorted by (head, tail); see the kernel."""
        rows = np.empty(tails.size, np.int64)
        for level in range(min(order, max_length - self.deepest)):
            shift = bits * (order - 1 - level)
            n = kernels.select_rows(node_of, self.first_of_deepest, tails, shift, (1 << bits) - 1, rows)
            chosen = rows[:n]
            deepest = node_of[chosen]
            parents, node_counts = np.empty(n, np.int32), np.empty(n, np.int64)
            least = 1 if self.deepest == 0 else min_count
            made = kernels.grow_level(
                heads[chosen],
                tails[chosen],
                counts[chosen],
                shift,
                least,
                deepest,
                self.nodes,
                parents,
                node_counts,
            )
            if made == 0:
                return
            node_of[chosen] = deepest
            self.parents.append(parents[:made].copy())
            self.counts.append(node_counts[:made].copy())
            self.first_of_deepest = self.nodes
            self.nodes += made
            self.deepest += 1


def _finish(levels: _Levels, node_at: NDArray[np.int32], total: int, threads: int) -> Trie:
    parents, counts = np.concatenate(levels.parents), np.concatenate(levels.counts)
    lengths = np.repeat(np.arange(len(levels.counts)), [c.size for c in levels.counts]).astype(np.int16)
    example = np.full(levels.nodes, node_at.size - 1, np.int64)
    kernels.examples(node_at, parents, example)
    suffixes = np.zeros(levels.nodes, np.int32)
    pmi = np.zeros(levels.nodes)
    cuts = slices(levels.nodes - 1, 4 * threads)  # of the nodes but the root

    def link(lo: int, hi: int) -> None:
        kernels.link_suffixes(lo + 1, hi + 1, node_at, lengths, parents, example, suffixes)

    def measure(lo: int, hi: int) -> None:
        kernels.solidity(lo + 1, hi + 1, total, counts, lengths, parents, suffixes, pmi)

    in_threads(link, cuts, threads)
    in_threads(measure, cuts, threads)
    return Trie(counts, lengths, parents, suffixes, example, pmi, node_at, total)
