"""A lattice of words over a text: segmentations are drawn from a bigram model of words that is counted in them."""

import numpy as np
from numpy.typing import NDArray

from nlptools.ngrams.grouping import count_keys
from nlptools.ngrams.trie import Trie
from nlptools.segment import _lattice_kernels as kernels
from nlptools.threads import in_threads, slices

LONGEST = kernels.LONGEST
DISCOUNT = 0.9
STRENGTH = 1.0
PREFER = (1.0, 3.0, 1.5, 1.5)
"""Factors on words of one to four symbols: how coarse the segmentation is."""

SURE = float(np.exp(8.0))
"""A factor on a gap from which on there is nothing to draw."""

BLOCKS = 4
"""In so many steps a sweep goes through the text; the counts are those of the step's begin."""

PIECES = 64
"""Pieces of work in a step; nothing but their number depends on the threads."""


class Lattice:
    """The words of a text, a segmentation of it, and the factors on its gaps.

    begins: (T,) uint8, 1 where a word begins. gaps: (T,) float32, factors on the begin of a word inside a segment. sweeps: how
    many there were, on which what is drawn depends.
    """

    def __init__(
        self, codes: NDArray[np.uint16], trie: Trie, begins: NDArray[np.uint8], seed: int, threads: int
    ) -> None:
        self.sweeps = 0
        self._seed, self._threads = seed, threads
        self._cuts = segment_bounds(codes, PIECES * BLOCKS)
        nodes = np.flatnonzero(_are_words(trie, codes.size))
        word_of = np.full(trie.counts.size, -1, np.int32)
        word_of[nodes] = np.arange(1, nodes.size + 1)
        self._words = np.empty((codes.size, LONGEST), np.int32)

        def place(lo: int, hi: int) -> None:
            kernels.list_words(trie.node_at[lo:hi], trie.parents, trie.lengths, word_of, self._words[lo:hi])
            self._words[lo:hi, 0][codes[lo:hi] == 0] = 0
            kernels.cut_into_words(self._words, self.begins, lo, hi)

        self.begins = begins.copy()
        self.gaps = np.ones(codes.size, np.float32)
        in_threads(place, self._cuts, threads)
        self._spelling = _Spelling(codes, trie, nodes)

    def sweep(self) -> None:
        """Draw a new segmentation of every segment, given those of all others."""
        self.sweeps += 1
        base = None
        for block in range(BLOCKS):
            bigrams = self._count(base)
            base = bigrams.base

            def draw(lo: int, hi: int, bigrams: kernels.Bigrams = bigrams) -> None:
                kernels.sample(
                    self._words, lo, hi, self.begins, bigrams, DISCOUNT, STRENGTH, np.array(PREFER), self.gaps, SURE,
                    (self._seed * 1_000_003 + self.sweeps) % (1 << 63),
                )  # fmt: skip

            chosen = range(block, len(self._cuts) - 1, BLOCKS)
            in_threads(lambda p, _: draw(self._cuts[p], self._cuts[p + 1]), [*chosen, len(self._cuts)], self._threads)

    def mean_begins(self, sweeps: int) -> NDArray[np.float32]:
        """Sweep so many times; return in which share of them a word begins at each position, (T,)."""
        mean = np.zeros(self.begins.size, np.float32)
        for _ in range(sweeps):
            self.sweep()
            mean += self.begins
        return mean / np.float32(sweeps)

    def _count(self, base: NDArray[np.float32] | None) -> kernels.Bigrams:
        """Count the bigrams; the spelling is estimated from them unless `base` is given."""
        cuts = np.array(self._cuts)
        is_break = self._words[:, 0] == 0
        ends = np.zeros(self.begins.size, np.uint8)
        ends[1:] = is_break[1:] & ~is_break[:-1]
        sizes = np.add.reduceat(self.begins, cuts[:-1], dtype=np.int64) + np.add.reduceat(
            ends, cuts[:-1], dtype=np.int64
        )
        places = np.concatenate([[0], np.cumsum(sizes)])
        listed = np.empty(places[-1], np.uint64)

        def list_piece(p: int, _: int) -> None:
            kernels.list_bigrams(self._words, self.begins, cuts[p], cuts[p + 1], listed[places[p] : places[p + 1]])

        in_threads(list_piece, list(range(cuts.size)), self._threads)
        bigrams, counts = count_keys(listed, self._threads)
        # each part needs a free place: small ones would be filled too unevenly
        size = 1 << max(kernels.PART_BITS + 10, int(bigrams.size * 1.6).bit_length())
        table, values = np.zeros(size, np.uint64), np.zeros(size, np.uint32)
        part = size >> kernels.PART_BITS

        def fill(p: int, _: int) -> None:
            at = slice(p * part, (p + 1) * part)
            kernels.fill_table(bigrams, counts, p, table[at], values[at])

        in_threads(fill, list(range((1 << kernels.PART_BITS) + 1)), self._threads)
        words = self._spelling.lengths.size
        before, word = (bigrams >> np.uint64(32)).astype(np.int64), (bigrams & np.uint64(0xFFFFFFFF)).astype(np.int64)
        preceded = np.bincount(word, minlength=words).astype(np.int32)
        return kernels.Bigrams(
            table,
            values,
            np.bincount(before, counts, words).astype(np.int32),
            np.bincount(before, minlength=words).astype(np.int32),
            preceded,
            self._spelling.probabilities(preceded > 0, self._threads) if base is None else base,
            int(np.count_nonzero(preceded)),
            bigrams.size,
        )


def segment_bounds(codes: NDArray[np.uint16], pieces: int) -> list[int]:
    """Return bounds of up to so many pieces of a text, as even as whole segments allow; each begins behind a break."""
    breaks = np.flatnonzero(codes == 0)
    after = breaks[np.searchsorted(breaks, slices(codes.size - 1, pieces))] + 1
    after[0] = 0
    return [int(bound) for bound in np.unique(after)]


def _are_words(trie: Trie, size: int) -> NDArray[np.bool_]:
    """Return which nodes may be words, (G,): seen twice; in long texts those of three and four symbols more often."""
    long_text = size > 8_000_000
    least = np.array([0, 1, 2, 3 if long_text else 2, 5 if long_text else 2])
    short = (trie.lengths >= 1) & (trie.lengths <= LONGEST)
    found: NDArray[np.bool_] = short & (trie.counts >= least[np.minimum(trie.lengths, LONGEST)])
    return found


class _Spelling:
    """How words are spelled: lengths and bigrams of symbols, of the W words and word 0."""

    def __init__(self, codes: NDArray[np.uint16], trie: Trie, nodes: NDArray[np.int64]) -> None:
        self.lengths = np.concatenate([[0], trie.lengths[nodes]])
        self._symbols = int(codes.max(initial=0)) + 1
        self._spelled = np.zeros((nodes.size + 1, LONGEST), np.uint16)
        for j in range(LONGEST):
            longer = np.flatnonzero(self.lengths > j)
            self._spelled[longer, j] = codes[trie.example[nodes[longer - 1]] + j]

    def probabilities(self, used: NDArray[np.bool_], threads: int) -> NDArray[np.float32]:
        """Return the probability of each word's spelling, (W,), estimated from the words used, each once.

        First symbols are smoothed by the symbols anywhere, later ones by Witten and Bell.
        """
        used = used & (self.lengths > 0)
        lengths, spelled = self.lengths[used], self._spelled[used].astype(np.int64)
        share = np.bincount(lengths, minlength=LONGEST + 1) + 1.0  # a length that no word has now may come back
        share /= share.sum()
        anywhere = np.bincount(spelled[spelled > 0], minlength=self._symbols) + 0.5
        anywhere /= anywhere.sum()
        first = np.bincount(spelled[:, 0], minlength=self._symbols) + 100 * anywhere
        first /= first.sum()
        pairs = [spelled[lengths > j, j - 1] << 16 | spelled[lengths > j, j] for j in range(1, LONGEST)]
        keys, counts = count_keys(np.concatenate(pairs).astype(np.uint64), threads)
        histories = (keys >> np.uint64(16)).astype(np.int64)
        times = np.bincount(histories, counts, self._symbols)
        kinds = np.bincount(histories, minlength=self._symbols) + 1.0
        p = share[self.lengths] * first[self._spelled[:, 0]]
        for j in range(1, LONGEST):
            longer = np.flatnonzero(self.lengths > j)
            before, symbol = (self._spelled[longer, at].astype(np.int64) for at in (j - 1, j))
            key = (before << 16 | symbol).astype(np.uint64)
            place = np.searchsorted(keys, key).clip(max=max(0, keys.size - 1))
            seen = np.where(keys[place] == key, counts[place], 0) if keys.size else 0
            p[longer] *= (seen + kinds[before] * anywhere[symbol]) / (times[before] + kinds[before])
        p[0] = 1e-3
        out: NDArray[np.float32] = p.astype(np.float32)
        return out
