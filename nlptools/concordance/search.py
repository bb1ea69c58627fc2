"""`Concordance`: where words stand in a corpus, what is around them, and how often."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.checks import check_choice, check_numbers
from nlptools.concordance import blocks
from nlptools.concordance.index_file import IndexBlock, IndexFile
from nlptools.concordance.neighbours import Tally, count_keys
from nlptools.corpus.columns import integers, strings
from nlptools.corpus.reading import large_strings
from nlptools.errors import OptionError
from nlptools.wording import counted

Sort = Literal["document", "left", "right", "count"]

LONGEST = 1000
"""Of a word and of the context on one side, in characters."""

MANY = 1 << 19
"""Occurrences of a word beyond which it pays to load Numba to count its neighbours."""

SORTED_LINES = 1_000_000
"""How many lines are sorted at once, at most."""

LINES = pa.schema(
    [
        pa.field("word", pa.large_string(), nullable=False),
        pa.field("document", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("left", pa.large_string(), nullable=False),
        pa.field("right", pa.large_string(), nullable=False),
    ]
)

Ints = NDArray[np.int64]
Found = list[Sequence[int]]  # of a word: its ranks in each block


class Concordance:
    """A corpus in which words are looked up. Made by `open_concordance`; a context manager.

    A word is any string of 1 to 1000 characters; its case counts. Occurrences may overlap; none crosses documents.
    """

    def __init__(self, index: IndexFile, close: Callable[[], object] | None = None) -> None:
        """Take an index, and what to do when it is closed."""
        self._index = index
        self._close = close

    def __repr__(self) -> str:
        return f"<Concordance {self._index.path}: {counted(self.documents, 'document')}>"

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return self._index.documents

    def count(self, word: str) -> int:
        """Return how often a word occurs."""
        return sum(map(len, self._found(encoded(word))))

    def find(
        self,
        word: str,
        *,
        width: int = 40,
        top: int | None = None,
        sample: int | None = None,
        seed: int = 1,
        sort: Sort = "document",
    ) -> Any:
        """Return the lines of a word as a pyarrow Table: word, document, offset, left, right.

        document: its number, from 0; offset: bytes of UTF-8 before the word in it; left, right: at most `width`
        characters of the same document.
        sample: that many occurrences, spread evenly over the corpus, drawn with `seed`; default: all of them.
        sort: "document" is the order of the corpus; "left" compares what stands before the word, from the word backwards,
        "right" what follows; "count" puts the most frequent pairs of characters before and behind the word first.
        top: only so many lines, after sorting.
        """
        check_lines(width, top, sample, seed, sort)
        found = self._found(encoded(word))
        if sort == "document":
            return pa.Table.from_batches(self._batches(word, found, width, top, sample, seed), LINES)
        lines = min(sum(map(len, found)), sample or LARGE)
        if lines > SORTED_LINES:
            raise OptionError(
                f"sort={sort!r} cannot work with {lines:,} lines of {word!r}, but with {SORTED_LINES:,} at most; give a sample"
            )
        table = pa.Table.from_batches(self._batches(word, found, width, None, sample, seed), LINES)
        return _ordered(table, sort).slice(0, top)

    def lines(
        self, word: str, *, width: int = 40, top: int | None = None, sample: int | None = None, seed: int = 1
    ) -> Iterator[Any]:
        """Yield what `find` returns in the order of the corpus, as record batches, however many lines there are."""
        check_lines(width, top, sample, seed)
        return self._batches(word, self._found(encoded(word)), width, top, sample, seed)

    def neighbours(self, word: str, *, top: int | None = None) -> Any:
        """Return what stands beside a word as a pyarrow Table: word, side, neighbour, count.

        side: "left" or "right"; neighbour: a character, "" for the end of a document. The left ones come first, the most
        frequent first; of equal ones the lower code point. top: at most so many on each side.
        """
        check_numbers(top=top)
        data = encoded(word)
        found = self._found(data)
        if sum(map(len, found)) > MANY:
            return self.neighbours_all([word], top=top)
        tally = Tally()
        for block, ranks in zip(self._blocks(), found, strict=True):
            for some in blocks.cut(ranks, 8):
                begins = block.positions_at(some)
                codes = blocks.neighbour_codes(block, begins, begins + len(data))
                tally.add(count_keys(*codes, np.zeros_like(begins)))
        return tally.table([word], top)

    def counts(self, words: Sequence[str], *, threads: int | None = None) -> Ints:
        """Return how often each of N words occurs; int64, shape (N,)."""
        from nlptools.concordance.many import counts

        return counts(self._index, words, threads)

    def find_all(
        self, words: Sequence[str], *, sample: int = 5, width: int = 20, seed: int = 1, threads: int | None = None
    ) -> Any:
        """Return `sample` lines of each of many words, in the order of the words, then of the corpus; see `find`."""
        from nlptools.concordance.many import find_all

        check_lines(width, None, sample, seed)
        return find_all(self._index, words, sample, width, seed, threads)

    def neighbours_all(self, words: Sequence[str], *, top: int | None = 5, threads: int | None = None) -> Any:
        """Return what stands beside each of many words, in the order of the words; see `neighbours`."""
        from nlptools.concordance.many import neighbours_all

        check_numbers(top=top)
        return neighbours_all(self._index, words, top, threads)

    def close(self) -> None:
        """Close the index, and delete it if it was temporary."""
        self._index.close()
        if self._close is not None:
            self._close()

    def __enter__(self) -> "Concordance":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _blocks(self) -> Iterator[IndexBlock]:
        return (self._index[number] for number in range(len(self._index)))

    def _found(self, word: bytes) -> Found:
        return [blocks.ranks_of(block, word) for block in self._blocks()]

    def _batches(
        self, word: str, found: Found, width: int, top: int | None, sample: int | None, seed: int
    ) -> Iterator[Any]:
        """Yield the lines of some of what was found, in the order of the corpus."""
        if sample is not None:
            found = _sampled(found, sample, seed)
        left = LARGE if top is None else top
        size = len(word.encode())
        for block, ranks in zip(self._blocks(), found, strict=True):
            begins = np.sort(block.positions_at(ranks))[:left] if len(ranks) and left else NOWHERE
            left -= begins.size
            for some in blocks.cut(begins, 8 * width):
                words = strings([word] * len(some))
                yield line_batch(block, some, some + size, words, width)


LARGE = 1 << 62
NOWHERE = np.empty(0, np.int64)


def check_lines(
    width: int, top: int | None = None, sample: int | None = None, seed: int = 1, sort: str = "document"
) -> None:
    """Raise OptionError for the first of these that cannot work."""
    check_numbers(width=width, top=top, sample=sample)
    check_numbers(0, seed=seed)
    if width > LONGEST:
        raise OptionError(f"width={width} cannot work: give {LONGEST} at most")
    check_choice(get_args(Sort), sort=sort)


def encoded(word: str) -> bytes:
    """Return a word in UTF-8; raises OptionError if it can stand nowhere."""
    if not isinstance(word, str):
        raise OptionError(f"a word is {type(word).__name__}, not str; give strings")
    if not 0 < len(word) <= LONGEST:
        raise OptionError(f"a word of {len(word):,} characters cannot be looked up; give 1 to {LONGEST}")
    try:
        return word.encode()
    except UnicodeEncodeError:
        raise OptionError(
            f"the word {word!r} has half of a surrogate pair, which no text has; write it again"
        ) from None


def sample_ranks(count: int | Ints, sample: int, seed: int) -> Ints:
    """Return which of `count` occurrences are drawn, ascending: one at random from each of `sample` parts, as even as can be.

    count: more than `sample`; or W of them, for the ranks of W words, (W, sample).
    """
    bounds = np.asarray(count, np.int64)[..., None] * np.arange(sample + 1) // sample
    within = np.random.default_rng(seed).random(sample) * np.diff(bounds)
    ranks: Ints = bounds[..., :-1] + within.astype(np.int64)
    return ranks


def _sampled(found: Found, sample: int, seed: int) -> Found:
    """Return a sample of what was found in all blocks together."""
    ends = list(accumulate(map(len, found)))
    total = ends[-1] if ends else 0
    if total <= sample:
        return found
    drawn = sample_ranks(total, sample, seed)
    bounds = np.searchsorted(drawn, [0, *ends])
    return [
        [ranks[rank] for rank in (drawn[lo:hi] - (end - len(ranks))).tolist()]
        for ranks, end, lo, hi in zip(found, ends, bounds[:-1], bounds[1:], strict=True)
    ]


def line_batch(block: IndexBlock, begins: Ints, ends: Ints, words: Any, width: int) -> Any:
    """Return the record batch of the lines of words that stand in a block from begin to end."""
    left, right = (large_strings(*side) for side in blocks.contexts(block, begins, ends, width))
    documents, offsets = blocks.documents_of(block, begins)
    batch = pa.RecordBatch.from_arrays([words, integers(documents), integers(offsets), left, right], schema=LINES)
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        raise block.damaged() from error
    return batch


def _ordered(lines: Any, sort: Sort) -> Any:
    """Return lines, which come in the order of the corpus, in another; equal ones stay in that order."""
    left, right = lines.column("left").to_pylist(), lines.column("right").to_pylist()
    if sort == "left":
        keys: list[Any] = [text[::-1] for text in left]
    elif sort == "right":
        keys = right
    else:
        pairs = [(before[-1:], after[:1]) for before, after in zip(left, right, strict=True)]
        counts: dict[tuple[str, str], int] = {}
        for pair in pairs:
            counts[pair] = counts.get(pair, 0) + 1
        keys = [(-counts[pair], pair) for pair in pairs]
    return lines.take(integers(sorted(range(len(keys)), key=keys.__getitem__)))
