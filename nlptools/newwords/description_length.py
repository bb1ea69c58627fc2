"""What each word saves: the description-length price λ.

A unigram lexicon is fitted to the text by expectation maximisation over all segmentations. A word's gain is the code
length that the text would need more without the word, divided by the cost of spelling the word once. Words are dropped
in rounds of rising price; each keeps the gain that it had when it was dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlptools.newwords import _lattice_kernels as kernels
from nlptools.newwords.chains import Chains
from nlptools.ngrams.trie import Trie
from nlptools.threads import in_threads, slices
from nlptools.wording import counted

PRICES = (0.5, 1.0, 2.0)
WARM_UP = 2  # EM steps before the first price
RARE = 0.5  # a candidate that is expected less often in the first step is dropped at once: most are
SPELLING = 6.0  # nats that it costs to spell one code of a word
LEAST_COUNT = 1.0  # later, a word that is expected less often is dropped at any price
FLOOR = 0.1  # least expected count of a single code, so that every text has a segmentation
LONGEST_SEGMENT = 100  # codes; longer ones are cut, so that float64 holds every sum
LARGEST_EXPONENT = 700.0  # of float64


@dataclass(frozen=True)
class Prices:
    """What the lattice says of the G nodes of the trie and the T positions of the text.

    gains: (G,) λ. expected: (G,) expected counts, and kept: (G,) the words left, after the last price.
    gaps: (T,) probability that a word begins there, by the lexicon before the first price; 1 at breaks.
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
    gaps = np.ones(trie.node_at.size, np.float32)
    alive = candidates | (trie.lengths == 1)
    alive[0] = False
    lattice = _Lattice(trie, alive, threads)
    for step in range(WARM_UP):
        lattice.step(gaps if step == WARM_UP - 1 else None)
        if step == 0:
            lattice.drop(lattice.expected < RARE)
    for price in PRICES:
        gain = lattice.gains()
        dropped = (gain < price) | (lattice.expected < LEAST_COUNT)
        gains[lattice.nodes[dropped]] = np.clip(gain[dropped], 0, price)
        lattice.drop(dropped)
        lattice.step()
        log(f"price {price:g}: {counted(int((lattice.lengths > 1).sum()), 'word')}, {lattice.rate:.3f} nats a symbol")
    gains[lattice.nodes] = lattice.gains()
    expected[lattice.nodes] = lattice.expected
    kept[lattice.nodes] = True
    return Prices(gains, expected, kept, gaps)


class _Lattice:
    """The words that are still in the lexicon, with the expected count of each, (W,)."""

    def __init__(self, trie: Trie, alive: NDArray[np.bool_], threads: int) -> None:
        self.trie = trie
        self.threads = threads
        self.rate = SPELLING  # nats a code: keeps the sums of a segment near 1
        self.chains = Chains(trie, alive, threads)
        self.expected = trie.counts[self.chains.nodes].astype(np.float64)

    @property
    def nodes(self) -> NDArray[np.int64]:
        return self.chains.nodes

    @property
    def lengths(self) -> NDArray[np.int16]:
        return self.chains.lengths

    def log_probabilities(self) -> NDArray[np.float64]:
        """Return ln p of each word; −inf for a word that is no longer expected."""
        total = max(1.0, self.expected.sum())  # an empty text has none
        expected = np.where(self.lengths == 1, np.maximum(self.expected, FLOOR), self.expected)
        with np.errstate(divide="ignore"):
            logs: NDArray[np.float64] = np.log(expected / total)
        return logs

    def step(self, gaps: NDArray[np.float32] | None = None) -> None:
        """One EM step: expected counts under the present probabilities; where asked, the probability of each gap."""
        with_gaps = gaps is not None
        gaps = np.empty(0, np.float32) if gaps is None else gaps
        logs = self.log_probabilities()
        words = np.zeros(logs.size, kernels.WORD)
        words["weight"] = np.exp(np.minimum(logs + self.rate * self.lengths, LARGEST_EXPONENT))
        words["link"] = self.chains.links
        word_at = self.chains.word_at

        def work(lo: int, hi: int) -> tuple[NDArray[np.int64], int]:
            own = words.copy()
            likelihood = kernels.expected_counts(
                word_at, lo, hi, own, logs, self.rate, LONGEST_SEGMENT, gaps, with_gaps
            )
            return own["sum"].copy(), int(likelihood)

        sums = np.zeros(logs.size, np.int64)
        likelihood = 0
        for part, part_likelihood in in_threads(work, self._cuts(), self.threads):
            if part_likelihood == kernels.NOT_FINITE:
                raise ArithmeticError("the weights of a segment add up to no finite positive number")
            sums += part
            likelihood += part_likelihood
        self.expected = sums / kernels.COUNT_UNIT
        self.rate -= likelihood / kernels.LOG_UNIT / max(1, self.trie.total)

    def gains(self) -> NDArray[np.float64]:
        """Return λ of each word: expected count · (ln p − best split), over the cost of spelling it; 0 for single codes."""
        logs = self.log_probabilities()
        chains = self.chains
        splits = np.empty(logs.size)
        longest = int(self.lengths.max(initial=1))

        def work(first: int, last: int) -> None:
            kernels.best_splits(first, last, chains.word_at, chains.example, chains.links, logs, longest, splits)

        in_threads(work, slices(logs.size, 4 * self.threads), self.threads)
        gains = np.zeros(logs.size)
        longer = (self.lengths > 1) & (self.expected > 0)
        gains[longer] = self.expected[longer] * (logs[longer] - splits[longer]) / (SPELLING * self.lengths[longer])
        return gains

    def drop(self, dropped: NDArray[np.bool_]) -> None:
        """Take words out of the lexicon, but no single code."""
        kept = ~dropped | (self.lengths == 1)
        self.expected = self.expected[kept]
        self.chains.keep(kept)

    def _cuts(self) -> list[int]:
        """Cut the text at breaks into one piece a thread."""
        word_at = self.chains.word_at
        cuts = slices(word_at.size, self.threads)
        for t in range(1, self.threads):
            while cuts[t] < word_at.size and word_at[cuts[t]] >= 0:
                cuts[t] += 1
        return cuts
