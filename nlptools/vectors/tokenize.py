"""Where the words of a text are: between white space, or where a segmenter finds them."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.reading import array_offsets
from nlptools.errors import InputError, OptionError
from nlptools.segment.model import Segmenter, load_segmenter
from nlptools.threads import in_order
from nlptools.vectors import _token_kernels
from nlptools.vectors._token_kernels import LINE_BREAK, PERHAPS, SPACE

LOOKED_AT = 1 << 16
"""Bytes at the beginning of a text that tell whether it is segmented."""

PIECE = 1 << 18
"""Bytes of text in which words are looked for at a time, about: what is found there stays in the processor's cache."""

LONGEST_MEAN = 8
"""Characters of a word on average; words of Chinese have fewer than two."""


class Tokens(NamedTuple):
    """Words of some documents, (M,) with the marks, in order of the text.

    data: UTF-8. starts, ends: the bytes of each word in it; starts is LINE_END or DOCUMENT_END (see _token_kernels) where
    a line or a document ends. hashes: of the words; equal words have equal ones. Marks of lines may be left out where
    there is no word between; those of documents may not.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]


class Tokenizer(Protocol):
    """What finds the words of documents."""

    def tokens(self, batches: Iterable[Any], threads: int) -> Iterator[Tokens]:
        """Yield the words of record batches with a column `text`, in order, whatever batches and threads are."""


def make_tokenizer(segmenter: str | Path | Segmenter | None = None) -> Tokenizer:
    """Return what finds words.

    segmenter: None for text whose words stand between white space; a segmenter or the path of its model; "jieba" for the
        package of that name (a model of that name is "./jieba").
    Raises InputError if there is no such model, OptionError if jieba is not installed.
    """
    if segmenter is None:
        return WhiteSpaceTokenizer()
    if segmenter == "jieba":
        return JiebaTokenizer()
    if isinstance(segmenter, str | Path):
        segmenter = load_segmenter(segmenter)
    if not isinstance(segmenter, Segmenter):
        raise OptionError(f"segmenter={segmenter!r} cannot work: give a segmenter, the path of a model, or 'jieba'")
    return SegmenterTokenizer(segmenter)


class WhiteSpaceTokenizer:
    """Words between white space, as of `str.split`; lines as of `str.splitlines`."""

    def tokens(self, batches: Iterable[Any], threads: int) -> Iterator[Tokens]:
        """Yield the words; raises InputError if this looks like Chinese that nobody has segmented."""
        texts = _looked_at(batch.column("text") for batch in batches)
        return in_order(between_white_space, (piece for array in texts for piece in text_pieces(array)), threads)


@dataclass(frozen=True)
class SegmenterTokenizer:
    """The words that a segmenter of this toolkit finds, but for white space; a line ends at a line break."""

    segmenter: Segmenter

    def tokens(self, batches: Iterable[Any], threads: int) -> Iterator[Tokens]:
        """Yield the words."""
        texts = (batch.select(["text"]) for batch in batches)
        for batch in self.segmenter.segment_batches(texts, threads):
            yield _of_lists(batch.column("words"))


class JiebaTokenizer:
    """The words that `jieba.lcut` finds, with words that are not in its dictionary; but for white space."""

    def __init__(self) -> None:
        """Raise OptionError if jieba is not installed."""
        try:
            import jieba
        except ImportError as error:
            raise OptionError(
                "segmenter='jieba' cannot work: jieba is not installed; install it (pip install jieba), "
                "or give the path of a model of `nlptools segment train`"
            ) from error
        jieba.setLogLevel(logging.WARNING)
        self._cut = jieba.lcut

    def tokens(self, batches: Iterable[Any], threads: int) -> Iterator[Tokens]:
        """Yield the words; jieba is Python, so that threads do not help."""
        for batch in batches:
            texts = pa.array([self._segmented(text.as_py()) for text in batch.column("text")], pa.large_string())
            yield between_white_space(texts)

    def _segmented(self, text: str) -> str:
        return "\n".join(" ".join(self._cut(line)) for line in text.splitlines())


def between_white_space(texts: Any) -> Tokens:
    """Return the words of a large_string array."""
    offsets = array_offsets(texts)
    data = as_bytes(texts.buffers()[2])
    room = _room(data, int(offsets[-1] - offsets[0]) + len(texts))
    return _first(_token_kernels.find_words(data, offsets, _kinds(), *room[1:]), room)


def text_pieces(texts: Any) -> Iterator[Any]:
    """Yield a large_string array in slices of about PIECE bytes."""
    offsets = array_offsets(texts)
    marks = np.arange(int(offsets[0]), int(offsets[-1]), PIECE)
    cuts = np.unique([0, *np.searchsorted(offsets, marks), len(texts)]).tolist()
    for start, end in zip(cuts[:-1], cuts[1:], strict=True):
        yield texts.slice(start, end - start)


def _of_lists(lists: Any) -> Tokens:
    """Return the words of an array of lists of strings."""
    words = lists.values
    _, bounds, data = words.buffers()
    places = np.frombuffer(bounds, np.int32)[words.offset : words.offset + len(words) + 1]
    room = _room(as_bytes(data), len(words) + len(lists))
    return _first(_token_kernels.take_words(room.data, places, lists.offsets.to_numpy(), _kinds(), *room[1:]), room)


def as_bytes(buffer: Any) -> NDArray[np.uint8]:
    """Return the bytes of an Arrow buffer, which may be None; nothing is copied."""
    return np.frombuffer(buffer if buffer is not None else b"", np.uint8)


def _room(data: NDArray[np.uint8], size: int) -> Tokens:
    """Return room for so many words; it costs no memory until it is filled."""
    return Tokens(data, np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.uint64))


def _first(n: int, tokens: Tokens) -> Tokens:
    """Return the first n words."""
    return Tokens(tokens.data, tokens.starts[:n], tokens.ends[:n], tokens.hashes[:n])


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return what each byte is for `find_words`, (256,)."""
    kinds = np.zeros(256, np.uint8)
    kinds[[ord(" "), ord("\t"), 0x1F]] = SPACE
    kinds[[*range(0x0A, 0x0E), *range(0x1C, 0x1F)]] = LINE_BREAK
    kinds[[0xC2, 0xE1, 0xE2, 0xE3]] = PERHAPS
    return kinds


def _looked_at(texts: Iterator[Any]) -> Iterator[Any]:
    """Yield the arrays of texts, after a look at the first of them."""
    first, beginning = [], b""
    for array in texts:
        first.append(array)
        beginning += _beginning(array, LOOKED_AT - len(beginning))
        if len(beginning) >= LOOKED_AT:
            break
    _check_segmented(beginning.decode("utf-8", "ignore"))
    yield from chain(first, texts)


def _beginning(texts: Any, room: int) -> bytes:
    """Return the first bytes of a large_string array, with a line break behind each text."""
    offsets = array_offsets(texts)[: room + 1].tolist()
    data = as_bytes(texts.buffers()[2])[offsets[0] : offsets[-1]][:room] if len(texts) else b""
    pieces = (bytes(data[a - offsets[0] : b - offsets[0]]) for a, b in zip(offsets[:-1], offsets[1:], strict=True))
    return b"".join(piece + b"\n" for piece in pieces)[:room]


def _check_segmented(text: str) -> None:
    """Raise InputError if a text is mostly Chinese or Japanese without white space."""
    words = text.split()
    characters = sum(map(len, words))
    east_asian = sum("\u3040" <= character <= "\u9fff" for word in words for character in word)
    if 2 * east_asian > characters > LONGEST_MEAN * len(words):
        raise InputError(
            f"the text does not look segmented: {characters / len(words):.0f} characters stand between white space on "
            "average; say how to find words: --segmenter MODEL (nlptools segment train makes one), or --segmenter jieba"
        )
