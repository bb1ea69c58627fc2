"""`Segmenter`: text in, words out; `load_segmenter`."""

from collections.abc import Iterable, Iterator
from heapq import nlargest
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.corpus.reading import array_offsets, large_strings, text_bytes
from nlptools.errors import InputError, OptionError
from nlptools.segment import _unit_kernels
from nlptools.segment._unit_kernels import EDGE, UNKNOWN
from nlptools.segment.chain import Chain, Choice, draw, log_sum, n_best, segments, word_log_probabilities
from nlptools.segment.gap_tagger import CHAIN
from nlptools.segment.lexicon import Lexicon
from nlptools.segment.units import Alphabet, Units, unit_classes
from nlptools.threads import default_threads, in_order
from nlptools.wording import counted

PIECE = 1 << 20
"""Bytes of text that are segmented at a time, about."""

_SURE, _EVEN = np.float32(50), np.float32(0.01)
"""Log-odds of a gap that is cut in any case, and of one of which the model has no opinion."""

_MOST = (1 << 31) - 1 - PIECE


class Tagger(Protocol):
    """What tells a segmenter where words begin; symbols are (U,), EDGE between segments and at the end."""

    method: str
    chain: Chain

    def begins(self, symbols: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return where words begin, (U,), in the best segmentation; every edge is a word."""

    def emissions(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the scores of the states of `chain`, (U, S) in nats."""

    def log_odds(self, symbols: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Return the log-odds of a word's begin at each symbol, (U,) in nats; infinite beside an edge."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a model file holds."""


class Token(NamedTuple):
    """A word of a text: characters start to end, and the probability that there is this word."""

    word: str
    start: int
    end: int
    probability: float


class Segmenter:
    """Cuts text into words. Made by `train_segmenter` and `load_segmenter`.

    Joined, the words are the text, always: a run of white space is a word, too, and so is one of a punctuation mark.
    """

    def __init__(
        self,
        tagger: Tagger,
        alphabet: Alphabet,
        vocabulary: pa.Table,
        lexicon: Lexicon | None = None,
        facts: dict[str, str] | None = None,
    ) -> None:
        self.tagger = tagger
        self.alphabet = alphabet
        self.lexicon = lexicon or None  # an empty one is none
        self.facts = facts or {}
        self._vocabulary = vocabulary

    def __repr__(self) -> str:
        words = counted(self._vocabulary.num_rows, "word")
        lexicon = f", lexicon of {len(self.lexicon):,}" if self.lexicon else ""
        return f"<Segmenter by {self.tagger.method}, {counted(self.alphabet.size, 'symbol')}, {words}{lexicon}>"

    def words(self) -> pa.Table:
        """Return the words of the segmented training text, most frequent first: word (string), count (int64).

        Those of 1 to 12 Han characters that were seen twice or more; not words with letters or digits in them.
        """
        return self._vocabulary

    def with_lexicon(self, lexicon: Lexicon) -> "Segmenter":
        """Return this segmenter with more words that it shall prefer."""
        both = lexicon if self.lexicon is None else self.lexicon | lexicon
        return Segmenter(self.tagger, self.alphabet, self._vocabulary, both, self.facts)

    def segment(self, text: str) -> list[str]:
        """Return the words of a text.

        >>> import nlptools as nt
        >>> segmenter = nt.train_segmenter(["你好，世界！"] * 9)
        >>> "".join(segmenter.segment("世界 2026")) == "世界 2026"
        True
        """
        units = self._units(text)
        return _words(units, self._begins(units))

    def tokens(self, text: str) -> list[Token]:
        """Return the words of a text with their places in characters, and how probable each is.

        Where a lexicon has changed whether a word begins, the model's odds are turned round, and those of an edge within a
        word are even.
        """
        units = self._units(text)
        begins = self._begins(units)
        words = _words(units, begins)
        ends = np.cumsum([len(word) for word in words]).tolist()
        probabilities = np.exp(self._log_probabilities(units, begins)).tolist()
        return [Token(word, end - len(word), end, p) for word, end, p in zip(words, ends, probabilities, strict=True)]

    def n_best(self, text: str, n: int = 5) -> list[tuple[list[str], float]]:
        """Return the n most probable segmentations of a text, the best first, and ln of their probabilities.

        There are fewer if the text has fewer. A lexicon counts as in `tokens`.
        """
        check_numbers(n=n)
        units = self._units(text)
        chain, symbols, emissions = self._chain(units)
        best: list[_Ranked] = [(0.0, None)]
        for start, end in segments(symbols):
            best = _combined(best, n_best(chain, symbols[start:end], emissions[start:end], n), start, n)
        whole = log_sum(chain, symbols, emissions)
        return [(_words(units, _begins_of(ranked, units.symbols.size)), ranked[0] - whole) for ranked in best]

    def sample(self, text: str, temperature: float = 1.0, seed: int = 0) -> list[str]:
        """Return the words of a segmentation drawn with its probability to the power of 1 / temperature, exactly.

        Equal seeds give equal segmentations. A lexicon counts as in `tokens`.
        """
        if not 0 < temperature < np.inf:
            raise OptionError(f"temperature={temperature} cannot work: give a number above 0")
        check_numbers(least=0, seed=seed)
        units = self._units(text)
        return _words(units, draw(*self._chain(units), temperature, seed))

    def segment_batches(
        self,
        batches: Iterable[pa.RecordBatch],
        threads: int | None = None,
        *,
        text: str = "text",
        evidence: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Yield record batches with a column `words` behind the others: a list of strings for each text.

        The batches are cut into pieces of about a megabyte, each of which is a record batch of the result, in order.
        text: the name of the column of text; it may have nulls, whose words are null. evidence: add the columns `starts`
        (list of int32: the character of the text at which each word begins) and `probabilities` (list of float32).
        Raises OptionError if there is no such column of strings, InputError for a text of 2 GiB or more.
        """
        threads = default_threads() if threads is None else threads
        check_numbers(threads=threads)

        def work(batch: pa.RecordBatch) -> pa.RecordBatch:
            return self._segmented(batch, text, evidence)

        return in_order(work, (piece for batch in batches for piece in _pieces(batch, text)), threads)

    def segment_lines(
        self, batches: Iterable[pa.RecordBatch], threads: int | None = None, *, text: str = "text"
    ) -> Iterator[pa.RecordBatch]:
        """Yield record batches with the column `text` alone: the words of each text with one blank between them.

        White space is left out, so each is one line. Faster than lists. The rest is as for `segment_batches`.
        """
        threads = default_threads() if threads is None else threads
        check_numbers(threads=threads)

        def work(batch: pa.RecordBatch) -> pa.RecordBatch:
            units = self.alphabet.find_units(batch.column(text).cast(pa.large_string()).fill_null(""))
            return pa.RecordBatch.from_arrays([_lines(units, self._begins(units))], ["text"])

        return in_order(work, (piece for batch in batches for piece in _pieces(batch, text)), threads)

    def save(self, path: str | Path) -> None:
        """Write the model to a file, which `load_segmenter` maps into memory."""
        from nlptools.segment.model_file import write_segmenter

        write_segmenter(path, self)

    def _units(self, text: str) -> Units:
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > _MOST:
            raise InputError(f"the text has {len(data):,} bytes, more than can be segmented at once; cut it at lines")
        offsets = pa.py_buffer(np.array([0, len(data)]))
        texts = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)])
        return self.alphabet.find_units(texts)

    def _begins(self, units: Units) -> NDArray[np.uint8]:
        if self.lexicon is None:
            return self.tagger.begins(units.symbols)
        return self.lexicon.begins(units, self.tagger.log_odds(units.symbols))

    def _chain(self, units: Units) -> tuple[Chain, NDArray[np.uint16], NDArray[np.float32]]:
        """Return the chain, the symbols and the scores of the states, with the lexicon in them."""
        symbols = units.symbols
        if self.lexicon is None:
            return self.tagger.chain, symbols, self.tagger.emissions(symbols)
        odds = self.tagger.log_odds(symbols)
        begins = self.lexicon.begins(units, odds) > 0
        joined = np.isinf(odds) & ~begins  # an edge within a word
        if joined.any():
            symbols = np.where(joined | np.append(joined[1:], False), UNKNOWN, symbols).astype(np.uint16)
            symbols[units.ends - 1] = EDGE
        odds[joined] = -_EVEN
        odds[np.isinf(odds) & (symbols != EDGE)] = _SURE
        odds[np.isinf(odds)] = 0
        turned = (odds > 0) != begins
        odds[turned] = np.where(begins, 1, -1)[turned] * np.maximum(np.abs(odds), _EVEN)[turned]
        return CHAIN, symbols, np.stack([odds / 2, -odds / 2], axis=1)

    def _log_probabilities(self, units: Units, begins: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return ln of the probability of each word."""
        everywhere = word_log_probabilities(*self._chain(units), begins)
        return everywhere[_word_units(units, begins)]

    def _segmented(self, batch: pa.RecordBatch, text: str, evidence: bool) -> pa.RecordBatch:
        column = batch.column(text)
        texts = column.cast(pa.large_string()).fill_null("")
        units = self.alphabet.find_units(texts)
        begins = self._begins(units)
        words = _word_lists(units, begins, column)
        columns = [*batch.columns, words]
        fields = [*batch.schema, pa.field("words", words.type)]
        if evidence:
            p = np.exp(self._log_probabilities(units, begins))
            for name, values in (("starts", _starts(words)), ("probabilities", p.astype(np.float32))):
                columns.append(_lists(words, pa.array(values)))
                fields.append(pa.field(name, columns[-1].type))
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, batch.schema.metadata))


def load_segmenter(path: str | Path) -> Segmenter:
    """Return the segmenter of a file that `Segmenter.save` or `nlptools segment train` wrote, mapped into memory.

    Raises InputError if the file is no such file or is damaged.
    """
    from nlptools.segment.model_file import read_segmenter

    return read_segmenter(path)


def _words(units: Units, begins: NDArray[np.uint8]) -> list[str]:
    """Return the words of one text."""
    at = _word_units(units, begins)
    bounds = [*units.starts[at].tolist(), int(units.starts[-1])]
    data = units.data.tobytes()
    return [data[a:b].decode("utf-8", "surrogatepass") for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def _word_units(units: Units, begins: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the units at which words begin: not those behind a text."""
    inside = begins != 0
    inside[units.ends - 1] = False
    return np.flatnonzero(inside)


_Chosen = tuple[int, NDArray[np.uint8], Any]
_Ranked = tuple[float, _Chosen | None]
"""A score, and the segment chosen last: where it begins, where words begin in it, and the choice before."""


def _combined(best: list[_Ranked], own: list[Choice], start: int, n: int) -> list[_Ranked]:
    """Return the n best of all pairs of a choice before and one of this segment; both lists have the best first."""
    pairs = (
        (score + own_score, (start, begins, chosen))
        for rank, (score, chosen) in enumerate(best, 1)
        for own_score, begins in own[: n // rank]  # what is behind has n better ones
    )
    return nlargest(n, pairs, key=lambda pair: pair[0])


def _begins_of(ranked: _Ranked, size: int) -> NDArray[np.uint8]:
    begins = np.ones(size, np.uint8)
    chosen = ranked[1]
    while chosen is not None:
        start, own, chosen = chosen
        begins[start : start + own.size] = own
    return begins


def _pieces(batch: pa.RecordBatch, text: str) -> Iterator[pa.RecordBatch]:
    """Yield a batch in slices of about PIECE bytes of text."""
    if text not in batch.schema.names:
        names = ", ".join(batch.schema.names)
        raise OptionError(f"text={text!r} cannot work: the columns are {names}; name one of strings")
    kind = batch.schema.field(text).type
    if not any(check(kind) for check in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        raise OptionError(f"text={text!r} cannot work: this column is of {kind}; name one of strings")
    taken = {"words", "starts", "probabilities"} & set(batch.schema.names)
    if taken:
        raise OptionError(f"a column {min(taken)!r} is there already: rename it")
    column = batch.column(text).cast(pa.large_string())
    if batch.num_rows == 0:
        yield batch
        return
    if text_bytes(column) <= PIECE:
        yield batch
        return
    offsets = array_offsets(column)
    if np.diff(offsets).max() > _MOST:
        raise InputError("a text has 2 GiB or more, which cannot be segmented at once; cut it at lines")
    marks = np.arange(int(offsets[0]), int(offsets[-1]), PIECE)
    cuts = np.unique(np.append(np.searchsorted(offsets, marks), batch.num_rows))
    for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        yield batch.slice(start, end - start)


def _word_lists(units: Units, begins: NDArray[np.uint8], column: pa.Array) -> pa.ListArray:
    """Return the words of each text as a list of strings, which share the memory of the text; null where it is null."""
    base = int(units.starts[0]) if units.starts.size else 0
    offsets = np.empty(units.symbols.size + 1, np.int32)
    bounds = np.zeros(units.ends.size + 1, np.int32)
    n = _unit_kernels.list_words(units.starts, begins, units.ends, base, offsets, bounds[1:])
    data = pa.py_buffer(units.data[base : base + int(offsets[n])])
    words = pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets[: n + 1]), data])
    valid = column.is_valid().buffers()[1] if column.null_count else None
    return pa.Array.from_buffers(
        pa.list_(pa.string()), units.ends.size, [valid, pa.py_buffer(bounds)], children=[words]
    )


def _lines(units: Units, begins: NDArray[np.uint8]) -> pa.Array:
    """Return the words of each text with one blank between them, as a large_string array."""
    size = int(units.starts[-1] - units.starts[0]) if units.starts.size else 0
    out, bounds = np.empty(2 * size, np.uint8), np.zeros(units.ends.size + 1, np.int64)
    n = _unit_kernels.join_words(
        units.data, units.symbols, units.starts, begins, units.ends, unit_classes(), out, bounds[1:]
    )
    return large_strings(bounds, out[:n])


def _starts(words: pa.ListArray) -> NDArray[np.int32]:
    """Return the character of its text at which each word begins, over all lists."""
    lengths = pc.utf8_length(words.values).to_numpy()
    before = np.concatenate([[0], np.cumsum(lengths)])
    bounds = words.offsets.to_numpy()
    first = np.repeat(before[bounds[:-1]], np.diff(bounds))
    starts: NDArray[np.int32] = (before[:-1] - first).astype(np.int32)
    return starts


def _lists(words: pa.ListArray, values: pa.Array) -> pa.ListArray:
    """Return values in lists of the same lengths."""
    buffers = words.buffers()
    kind = pa.list_(values.type)
    return pa.Array.from_buffers(kind, len(words), [buffers[0], buffers[1]], children=[values])
