"""A corpus as symbols: in memory, on all cores; what is too much for the memory is thinned out."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.errors import InputError
from nlptools.segment import _unit_kernels as kernels
from nlptools.segment.units import FIRST_HAN, MOST_CHARACTERS, Alphabet, find_units, unit_classes
from nlptools.text.characters import class_table
from nlptools.threads import in_order

MIN_CHARACTER_COUNT = 2
"""A rarer Han character has no symbol of its own; so the model learns what to do with unknown ones."""


class SymbolText(NamedTuple):
    """A text as symbols, an EDGE between segments; it begins and ends with one.

    codes: (T,) uint16. alphabet: what they stand for. kept, documents: how many documents of how many are in it.
    """

    codes: NDArray[np.uint16]
    alphabet: Alphabet
    kept: int
    documents: int


class _Part(NamedTuple):
    symbols: NDArray[np.uint32]  # code points of Han characters
    ends: NDArray[np.int64]
    documents: NDArray[np.uint64]


def read_symbols(batches: Iterable[pa.RecordBatch], most: int, threads: int) -> SymbolText:
    """Return a corpus as symbols; if it has more than `most` units, of a part of its documents, spread evenly.

    The documents are drawn by their numbers: equal corpora give equal texts. Raises InputError if there is no Han
    character in it.
    """
    parts: list[_Part] = []
    share = 1.0
    size = documents = 0
    for part in in_order(_encode, batches, threads):
        documents += part.ends.size
        parts.append(_thinned(part, share))
        size += parts[-1].symbols.size
        while size > most and sum(part.ends.size for part in parts) > 1:
            share /= 2
            parts = [_thinned(part, share) for part in parts]
            size = sum(part.symbols.size for part in parts)
    alphabet, symbol_of = _alphabet(parts)
    codes = np.zeros(size + 2, np.uint16)
    end = 1
    for part in parts:
        end = kernels.drop_repeated_edges(part.symbols, symbol_of, end, codes)
    codes = codes[: end + 1 if codes[end - 1] else end]
    return SymbolText(codes, alphabet, sum(part.ends.size for part in parts), documents)


def _encode(batch: Any) -> _Part:
    units = find_units(batch.column("text"), _code_points())
    documents = batch.column("document").to_numpy().astype(np.uint64)
    return _Part(units.symbols, units.ends, documents)


def _code_points() -> NDArray[np.uint32]:
    """Return a table in which the symbol of a Han character is its code point."""
    return np.arange(class_table().size, dtype=np.uint32)


def _thinned(part: _Part, share: float) -> _Part:
    """Return the documents whose lot is below `share`; the lot of a document depends on its number alone."""
    if share == 1.0:
        return part
    lots = part.documents * np.uint64(0x9E3779B97F4A7C15)
    lots ^= lots >> np.uint64(32)
    kept = (lots * np.uint64(0xD6E8FEB86659FD93) >> np.uint64(11)) < share * 2.0**53
    lengths = np.diff(part.ends, prepend=0)
    return _Part(part.symbols[np.repeat(kept, lengths)], np.cumsum(lengths[kept]), part.documents[kept])


def _alphabet(parts: list[_Part]) -> tuple[Alphabet, NDArray[np.uint16]]:
    """Return the alphabet, in the order of the code points, and the symbol of what stands in the parts."""
    counts = np.zeros(class_table().size, np.int64)
    for part in parts:
        counts += np.bincount(part.symbols, minlength=counts.size)
    han = np.flatnonzero(unit_classes() & 15 == kernels.HAN)
    if not counts[han].any():
        raise InputError("the corpus has no Chinese character, so there is nothing to learn; give Chinese text")
    known = han[counts[han] >= MIN_CHARACTER_COUNT]
    if known.size > MOST_CHARACTERS:
        known = np.sort(known[np.argsort(-counts[known], kind="stable")[:MOST_CHARACTERS]])
    symbol_of = np.full(counts.size, kernels.UNKNOWN, np.uint16)
    symbol_of[:FIRST_HAN] = np.arange(FIRST_HAN)
    symbol_of[known] = np.arange(FIRST_HAN, FIRST_HAN + known.size)
    return Alphabet([chr(point) for point in known.tolist()]), symbol_of
