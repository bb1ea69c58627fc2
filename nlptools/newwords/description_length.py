"""What each word saves: the description-length price λ.

A unigram lexicon is fitted to the text by expectation maximisation over all segmentations. A word's gain is the code
length that the text would need more without the word, divided by the cost of spelling the word once. Words are dropped
in rounds of rising price; each keeps the gain that it had when it was dropped.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlptools.errors import NlptoolsError
from nlptools.newwords import _lattice_kernels as kernels
from nlptools.newwords.trie import Trie

PRICES = (0.5, 1.0, 2.0, 4.0)
ROUNDS = 2  # of dropping and re-estimation at each price
WARM_UP = 3  # EM steps with all candidates, before the first price
SNAPSHOT_PRICE = 2.0  # the lexicon after this price is the one that ranking looks at
SPELLING = 6.0  # nats that it costs to spell one code of a word
LEAST_COUNT = 1.0  # a word that is expected less often is dropped at any price
FLOOR = 0.1  # least expected count of a single code, so that every text has a segmentation
LONGEST_SEGMENT = 100  # codes; longer ones are cut, so that float64 holds every sum


@dataclass(frozen=True)
class Prices:
    """What the lattice says of the G nodes of the trie and the T positions of the text.

    gains: (G,) λ. expected: (G,) expected counts, and kept: (G,) the words left, after SNAPSHOT_PRICE.
    gaps: (T,) probability that a word begins there, while all candidates are still in the lexicon; 1 at breaks.
    """

    gains: NDArray[np.float64]
    expected: NDArray[np.float64]
    kept: NDArray[np.bool_]
    gaps: NDArray[np.float32]


def price_words(
    trie: Trie, candidates: NDArray[np.bool_], threads: int, log: Callable[[str], object] = lambda _: None
) -> Prices:
    """Return the price λ of every candidate, in units of its own spelling cost.

    candidates: (G,) nodes that may be words; single codes always may.
    """
    nodes = trie.counts.size
    gains, expected, kept = np.zeros(nodes), np.zeros(nodes), np.zeros(nodes, np.bool_)
    alive = candidates | (trie.lengths == 1)
    alive[0] = False
    lattice = _Lattice(trie, alive, threads)
    gaps = np.ones(trie.node_at.size, np.float32)
    for step in range(WARM_UP):
        lattice.step(gaps if step == WARM_UP - 1 else None)
    for price in PRICES:
        for _ in range(ROUNDS):
            gain = lattice.gains()
            dropped = (lattice.lengths > 1) & ((gain < price) | (lattice.expected < LEAST_COUNT))
            at = lattice.nodes[dropped]
            gains[at] = np.clip(gain[dropped], 0, price)
            lattice.drop(dropped)
            lattice.step()
        log(f"price {price:g}: {int((lattice.lengths > 1).sum())} words, {lattice.rate:.3f} nats a symbol")
        if price == SNAPSHOT_PRICE:
            expected[lattice.nodes] = lattice.expected
            kept[lattice.nodes] = True
    gain = lattice.gains()
    longer = lattice.lengths > 1
    gains[lattice.nodes[longer]] = gain[longer]
    return Prices(gains, expected, kept, gaps)


class _Lattice:
    """The words that are still in the lexicon, (W,) numbered like `nodes`, and the chain of words at each position."""

    def __init__(self, trie: Trie, alive: NDArray[np.bool_], threads: int) -> None:
        self.trie = trie
        self.threads = threads
        self.rate = SPELLING  # nats a code: keeps the sums of a segment near 1
        self.nodes = np.flatnonzero(alive)
        self.expected = trie.counts[self.nodes].astype(np.float64)
        number = np.full(alive.size, -1, np.int32)
        number[self.nodes] = np.arange(self.nodes.size)
        nearest = nearest_ancestor(alive, trie.parents, trie.lengths)
        self.word_at = number[nearest].astype(np.int32)[trie.node_at]
        self._describe(number[nearest[trie.parents[self.nodes]]])

    def _describe(self, up: NDArray[np.int32]) -> None:
        self.lengths = self.trie.lengths[self.nodes]
        self.example = self.trie.example[self.nodes]
        self.up = up

    def probabilities(self) -> NDArray[np.float64]:
        total = self.expected.sum()
        p = self.expected / total
        return np.where(self.lengths == 1, np.maximum(p, FLOOR / total), p)

    def step(self, gaps: NDArray[np.float32] | None = None) -> None:
        """One EM step: expected counts under the present probabilities; where asked, the probability of each gap."""
        with_gaps = gaps is not None
        gaps = np.empty(0, np.float32) if gaps is None else gaps
        p = self.probabilities()
        weights = np.where(p > 0, p * np.exp(self.rate * self.lengths), 0.0)

        def work(lo: int, hi: int) -> tuple[NDArray[np.int64], int]:
            sums = np.zeros(self.nodes.size, np.int64)
            likelihood = kernels.expected_counts(
                self.word_at, lo, hi, self.lengths, self.up, weights, LONGEST_SEGMENT, sums, gaps, with_gaps
            )
            return sums, int(likelihood)

        sums = np.zeros(self.nodes.size, np.int64)
        likelihood = 0
        cuts = self._cuts()
        with ThreadPoolExecutor(self.threads) as pool:
            for part, part_likelihood in pool.map(work, cuts[:-1], cuts[1:]):
                if part_likelihood == -1 << 62:
                    raise NlptoolsError("the lattice of a segment has no finite weight; this is a bug in nlptools")
                sums += part
                likelihood += part_likelihood
        self.expected = sums / kernels.COUNT_UNIT
        self.rate -= likelihood / kernels.LOG_UNIT / max(1, self.trie.total)

    def gains(self) -> NDArray[np.float64]:
        """Return λ of each word: expected count · (ln p − best split), over the cost of spelling it; 0 for single codes."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.probabilities())
        splits = np.zeros(self.nodes.size)
        first = int(np.searchsorted(self.lengths, 2))
        cuts = np.linspace(first, self.nodes.size, 4 * self.threads + 1).astype(int).tolist()
        longest = int(self.lengths[-1])
        with ThreadPoolExecutor(self.threads) as pool:
            list(
                pool.map(
                    lambda a, b: kernels.best_splits(
                        a, b, self.word_at, self.example, self.lengths, self.up, logs, longest, splits
                    ),
                    cuts[:-1],
                    cuts[1:],
                )
            )
        saved = np.where(self.expected > 0, logs - splits, 0.0)
        return np.where(self.lengths > 1, self.expected * saved / (SPELLING * self.lengths), 0.0)

    def drop(self, dropped: NDArray[np.bool_]) -> None:
        """Take words out of the lexicon; the words that remain are numbered anew."""
        kept = ~dropped
        number = np.full(dropped.size, -1, np.int32)
        number[kept] = np.arange(int(kept.sum()))
        kernels.inherit(number, self.up)
        cuts = self._cuts()
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(lambda a, b: kernels.renumber(self.word_at, a, b, number), cuts[:-1], cuts[1:]))
        self.nodes, self.expected = self.nodes[kept], self.expected[kept]
        up = self.up[kept]
        self._describe(np.where(up >= 0, number[up], -1).astype(np.int32))

    def _cuts(self) -> list[int]:
        """Cut the text at breaks into one piece a thread."""
        size = self.word_at.size
        cuts = [0]
        for t in range(1, self.threads):
            cut = max(cuts[-1], size * t // self.threads)
            while cut < size and self.word_at[cut] >= 0:
                cut += 1
            cuts.append(cut)
        return [*cuts, size]


def nearest_ancestor(
    alive: NDArray[np.bool_], parents: NDArray[np.int32], lengths: NDArray[np.int16]
) -> NDArray[np.int32]:
    """Return, for each node, the longest alive prefix, itself included; 0 where there is none."""
    nearest = np.where(alive, np.arange(alive.size), 0).astype(np.int32)
    bounds = np.searchsorted(lengths, np.arange(1, int(lengths[-1]) + 2)).tolist() if lengths.size else []
    for lo, hi in zip(bounds[:-1], bounds[1:], strict=True):
        level = nearest[lo:hi]
        level[level == 0] = nearest[parents[lo:hi]][level == 0]
    return nearest
