"""ARPA files: the text form of back-off models, which KenLM, SRILM and others read and write."""

import os
import re
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus import atomic_file
from nlptools.errors import InputError, reason_of
from nlptools.lm import _kernels
from nlptools.lm.estimate import NEVER, Trie
from nlptools.lm.model_file import are_tokens, is_model
from nlptools.lm.vocabulary import END, START, UNKNOWN, Vocabulary

_LINES = 1 << 18
"""Lines that are read or written at a time."""

_LONGEST = 1 << 16
"""Bytes of a line that is no n-gram, at most."""

_UNSEEN = -100.0
"""log10 of the probability of a symbol that the file does not list, as in KenLM."""


def write_arpa(path: str | Path, vocabulary: Vocabulary, order: int, trie: Trie) -> None:
    """Write a model as ARPA text; the file appears under its name only when it is whole."""
    bounds = trie.level_bounds(order)
    with atomic_file(path) as file:
        sizes = "".join(f"ngram {n}={bounds[n] - bounds[n - 1]}\n" for n in range(1, order + 1))
        file.write(f"\\data\\\n{sizes}".encode())
        for n in range(1, order + 1):
            file.write(f"\n\\{n}-grams:\n".encode())
            ancestors = np.array(bounds[:n], np.int64)
            for start in range(bounds[n - 1], bounds[n], _LINES):
                codes = np.empty((min(_LINES, bounds[n] - start), n), np.uint32)
                _kernels.spell(trie.symbols, trie.first_child, ancestors, start, codes)
                _write_lines(file, vocabulary, codes, trie, start)
        file.write(b"\n\\end\\\n")


def _write_lines(file: IO[bytes], vocabulary: Vocabulary, codes: NDArray[np.uint32], trie: Trie, start: int) -> None:
    words = [vocabulary.names.take(pa.array(column)) for column in codes.T]
    nodes = slice(start, start + codes.shape[0])
    cells = [_numerals(trie.log10_p[nodes]), _joined(words, " ")]
    if start < trie.backoff.size:
        cells.append(_numerals(trie.backoff[nodes]))
    file.write(_joined([_joined(cells, "\t"), pa.scalar("", pa.large_string())], "\n").buffers()[2])


def _joined(columns: list[Any], separator: str) -> pa.LargeStringArray:
    return pc.binary_join_element_wise(*columns, pa.scalar(separator, pa.large_string()))


def _numerals(values: NDArray[np.floating]) -> pa.LargeStringArray:
    return pa.array(values).cast(pa.large_string())


def read_arpa_file(path: str | Path, words: bool | None) -> tuple[Vocabulary, int, Trie]:
    """Return the vocabulary, the order and the trie of an ARPA file; see `nlptools.lm.model.read_arpa`."""
    try:
        with pa.input_stream(os.fspath(path)) as stream, BufferedReader(stream) as file:
            return _read(file, words)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read ({reason_of(error)}); give an ARPA file") from error
    except ValueError as error:
        raise InputError(f"{path}: is no ARPA file that can be used: {error}; write it again, or mend it") from error


class _Ngrams(NamedTuple):
    """The n-grams of one section of a file: log10 of each, all their words, and log10 of the weight of what backs off."""

    log10_p: NDArray[np.float32]
    words: pa.LargeStringArray
    backoff: NDArray[np.float32]


def _read(file: BufferedReader, words: bool | None) -> tuple[Vocabulary, int, Trie]:
    sizes = _read_sizes(file)
    order = len(sizes)
    unigrams = _read_section(file, 1, sizes)
    tokens = sorted(set(unigrams.words.to_pylist()) - {END, UNKNOWN, START})
    if words is None:
        words = any(len(token) > 1 for token in tokens)
    vocabulary = Vocabulary(tokens, words)
    if not are_tokens(vocabulary):
        raise ValueError("it is one of words, and characters were asked for")
    size = vocabulary.size
    log10_p, backoff = np.full(size, _UNSEEN, np.float32), np.zeros(size, np.float32)
    log10_p[vocabulary.start] = NEVER
    codes = _codes(unigrams, vocabulary)
    if np.unique(codes).size < codes.size:
        raise ValueError("a unigram is there twice")
    log10_p[codes], backoff[codes] = unigrams.log10_p, unigrams.backoff
    symbols = np.arange(size).astype(np.uint16 if size <= 1 << 16 else np.uint32)
    node = np.uint32 if size + sum(sizes) < 1 << 32 else np.uint64
    trie = Trie(symbols, log10_p, backoff[:0], np.array([size], node))
    for n in range(2, order + 1):
        trie, backoff = _with_level(trie, backoff, vocabulary, n, _read_section(file, n, sizes))
    _expect(file, "\\end\\")
    if not is_model(trie, size, order):
        raise ValueError("it has a number that is no logarithm of a probability")
    return vocabulary, order, trie


def _with_level(
    trie: Trie, backoff: NDArray[np.float32], vocabulary: Vocabulary, n: int, ngrams: _Ngrams
) -> tuple[Trie, NDArray[np.float32]]:
    """Return the trie of orders below n, the last of which has these backoffs, with the n-grams, and their backoffs."""
    codes = _codes(ngrams, vocabulary).reshape(-1, n)
    parents = np.empty(codes.shape[0], np.int64)
    _kernels.find_nodes(trie.symbols, trie.first_child, np.ascontiguousarray(codes[:, :-1]), parents)
    if (parents < 0).any():
        missing = [vocabulary.names[code].as_py() for code in codes[np.argmin(parents)].tolist()]
        raise ValueError(f"it has the {n}-gram {' '.join(missing)!r}, but not the {n - 1}-gram that it begins with")
    keys = parents.astype(np.uint64) * np.uint64(vocabulary.size) + codes[:, -1]
    order = np.argsort(keys)
    keys = keys[order]
    if (keys[1:] == keys[:-1]).any():
        raise ValueError(f"it has a {n}-gram twice")
    inner, nodes = trie.backoff.size, trie.symbols.size
    ends = nodes + np.cumsum(np.bincount(parents - inner, minlength=nodes - inner))
    longer = Trie(
        np.concatenate([trie.symbols, codes[order, -1].astype(trie.symbols.dtype)]),
        np.concatenate([trie.log10_p, ngrams.log10_p[order]]),
        np.concatenate([trie.backoff, backoff]),
        np.concatenate([trie.first_child, ends.astype(trie.first_child.dtype)]),
    )
    return longer, ngrams.backoff[order]


def _codes(ngrams: _Ngrams, vocabulary: Vocabulary) -> NDArray[np.uint32]:
    """Return the symbols of all words."""
    codes = pc.index_in(ngrams.words, vocabulary.names)
    if codes.null_count:
        word = ngrams.words.filter(codes.is_null())[0].as_py()
        raise ValueError(f"it has the word {word[:80]!r} in an n-gram, but not as a unigram")
    found: NDArray[np.int32] = codes.to_numpy()
    return found.astype(np.uint32)


def _read_sizes(file: BufferedReader) -> list[int]:
    """Return how many n-grams of each order the file says it has."""
    for _ in range(1000):  # some programs put a preface before it
        if file.readline(_LONGEST).strip() == b"\\data\\":
            break
    else:
        raise ValueError("it does not begin with \\data\\")
    sizes: list[int] = []
    while line := file.readline(_LONGEST).strip():
        found = re.fullmatch(rb"ngram\s+(\d{1,18})\s*=\s*(\d{1,18})", line)
        if not found or int(found[1]) != len(sizes) + 1:
            raise ValueError(f"{_shown(line)} is not the size of order {len(sizes) + 1}")
        sizes.append(int(found[2]))
    if not sizes:
        raise ValueError("it has no orders")
    return sizes


def _read_section(file: BufferedReader, n: int, sizes: list[int]) -> _Ngrams:
    """Return the n-grams of one order."""
    _expect(file, f"\\{n}-grams:")
    parts = []
    waiting = sizes[n - 1]
    while waiting:
        lines = [line.strip() for line in islice(file, min(waiting, _LINES))]
        waiting -= len(lines)
        if not lines:
            raise ValueError(f"it ends among the {n}-grams")
        parts.append(_parsed(lines, n, n == len(sizes)))
    if not parts:
        return _Ngrams(np.empty(0, np.float32), pa.array([], pa.large_string()), np.empty(0, np.float32))
    log10_p, words, backoff = zip(*parts, strict=True)
    return _Ngrams(np.concatenate(log10_p), pa.concat_arrays(words), np.concatenate(backoff))


def _parsed(lines: list[bytes], n: int, is_last: bool) -> _Ngrams:
    """Return the n-grams of some lines: a number, n words, and a number unless it is nought."""
    cells = pc.ascii_split_whitespace(pa.array(lines, pa.large_binary()).cast(pa.large_string()))
    offsets, cells = cells.offsets.to_numpy(), cells.flatten()
    starts, sizes = offsets[:-1], np.diff(offsets)
    has_backoff = sizes == n + 2
    bad = (sizes != n + 1) & (is_last | ~has_backoff)
    if bad.any():
        raise ValueError(f"{_shown(lines[int(np.argmax(bad))])} is no {n}-gram")
    backoff = np.zeros(starts.size, np.float32)
    try:
        log10_p = cells.take(pa.array(starts)).cast(pa.float32()).to_numpy()
        backoff[has_backoff] = cells.take(pa.array(starts[has_backoff] + n + 1)).cast(pa.float32()).to_numpy()
    except pa.ArrowInvalid as error:
        raise ValueError(f"a {n}-gram has something that is no number") from error
    places = starts[:, np.newaxis] + np.arange(1, n + 1)
    return _Ngrams(log10_p, cells.take(pa.array(places.ravel())).cast(pa.large_string()), backoff)


def _expect(file: BufferedReader, what: str) -> None:
    """Read empty lines, and one that has nothing but this."""
    line = b"\n"
    while line and not line.strip():
        line = file.readline(_LONGEST)
    if line.strip() != what.encode():
        raise ValueError(f"there is {_shown(line)} in the place of {what}")


def _shown(line: bytes) -> str:
    return repr(line[:80].decode("utf-8", "replace").strip())
