"""What the symbols of a model stand for, and text as symbols."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.lm import _kernels
from nlptools.text._kernels import decode
from nlptools.text.characters import class_table

END, UNKNOWN, START = "</s>", "<unk>", "<s>"


class Vocabulary:
    """The symbols of a model: 0 the end of a sentence, 1 to S the characters or words, S + 1 unknown, S + 2 the beginning.

    tokens: the characters or words, sorted by code point. words: which of the two they are.
    """

    def __init__(self, tokens: Sequence[str], words: bool) -> None:
        self.tokens = tokens
        self.words = words

    @property
    def unit(self) -> str:
        """What a token is: "character" or "word"."""
        return "word" if self.words else "character"

    @property
    def unknown(self) -> int:
        """The symbol of all that is not in the vocabulary."""
        return len(self.tokens) + 1

    @property
    def start(self) -> int:
        """The symbol that stands before every sentence."""
        return len(self.tokens) + 2

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return len(self.tokens) + 3

    @cached_property
    def names(self) -> pa.LargeStringArray:
        """How each symbol is written in ARPA files."""
        return pa.array([END, *self.tokens, UNKNOWN, START], pa.large_string())

    @cached_property
    def code_of(self) -> dict[str, int]:
        """Return the symbol of each token."""
        return {token: code for code, token in enumerate(self.tokens, 1)}

    def encode(self, texts: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return texts as symbols, (T,), and where in them each text ends, (D,).

        There is a 0 behind each sentence: a segment without punctuation and white space, or a text of words.
        """
        return self._encode_words(texts) if self.words else self._encode_characters(texts)

    @cached_property
    def _code_of_point(self) -> NDArray[np.uint32]:
        codes = np.full(class_table().size, self.unknown, np.uint32)
        codes[0] = 0  # the end of a segment
        codes[[ord(token) for token in self.tokens]] = np.arange(1, len(self.tokens) + 1)
        return codes

    def _encode_characters(self, texts: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        data, offsets = _buffers(texts)
        points = np.empty(int(offsets[-1] - offsets[0]) + len(texts) + 1, np.uint32)
        ends, hashes = np.empty(len(texts), np.int64), np.empty(len(texts), np.uint64)
        n = decode(data, offsets, class_table(), points, ends, hashes)
        return self._code_of_point[points[1:n]], ends - 1

    def _encode_words(self, texts: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        words, lengths = split_words(texts)
        distinct = words.dictionary_encode()
        names = distinct.dictionary.to_pylist()
        codes = np.array([self.code_of.get(name, self.unknown) for name in names], np.uint32)
        ends = np.cumsum(lengths + (lengths > 0))
        out = np.zeros(int(ends[-1]) if ends.size else 0, np.uint32)
        is_word = np.ones(out.size, np.bool_)
        is_word[ends[lengths > 0] - 1] = False
        out[is_word] = codes[distinct.indices.to_numpy()]
        return out, ends


def split_words(texts: pa.Array) -> tuple[pa.LargeStringArray, NDArray[np.int64]]:
    """Return the words of some texts, one behind the other, and how many each text has, (D,)."""
    data, offsets = _buffers(texts)
    size = int(offsets[-1] - offsets[0])
    words, word_offsets = np.empty(size, np.uint8), np.empty(size // 2 + len(texts) + 1, np.int64)
    lengths = np.empty(len(texts), np.int64)
    n = _kernels.split_words(data, offsets, words, word_offsets, lengths)
    buffers = [None, pa.py_buffer(word_offsets[: n + 1]), pa.py_buffer(words)]
    return pa.Array.from_buffers(pa.large_string(), n, buffers), lengths


def _buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the UTF-8 of some texts, and where in it they begin, and the end, (D + 1,)."""
    texts = texts.cast(pa.large_string())
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(texts.buffers()[2] or b"", np.uint8), offsets
