"""A corpus as symbols: in memory, on all cores; what is too much for the memory is thinned out."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.errors import InputError
from nlptools.segment import _unit_kernels as kernels
from nlptools.segment.units import FIRST_HAN, MOST_CHARACTERS, Alphabet, find_units, unit_classes
from nlptools.text.characters import class_table
from nlptools.text.scripts import folder
from nlptools.threads import in_order

MIN_CHARACTER_COUNT = 2
"""A rarer Han character has no symbol of its own; so the model learns what to do with unknown ones."""


class SymbolText(NamedTuple):
    """A text as symbols, an EDGE between segments; it begins and ends with one.

    codes: (T,) uint16. alphabet: what they stand for. spelled, spelling: the same text, in which no characters share a
    symbol. kept, documents: how many documents of how many are in it.
    """

    codes: NDArray[np.uint16]
    alphabet: Alphabet
    spelled: NDArray[np.uint16]
    spelling: Alphabet
    kept: int
    documents: int


class _Part(NamedTuple):
    symbols: NDArray[np.uint32]  # code points of Han characters
    ends: NDArray[np.int64]
    documents: NDArray[np.uint64]


def read_symbols(
    batches: Iterable[pa.RecordBatch], most: int, threads: int, fold: bool = True, alphabet: Alphabet | None = None
) -> SymbolText:
    """Return a corpus as symbols; if it has more than `most` units, of a part of its documents, spread evenly.

    fold: traditional characters share the symbol of the simplified ones. alphabet: of the symbols; by default the Han
    characters that occur twice. The documents are drawn by their numbers: equal corpora give equal texts. Raises InputError
    if there is no Han character in it.
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
    counts = _character_counts(parts)
    spelling = Alphabet(_frequent(counts))
    if alphabet is None:
        alphabet = _folded(counts) if fold else spelling
    codes = _codes(parts, alphabet, size)
    spelled = codes if alphabet is spelling else _codes(parts, spelling, size)
    return SymbolText(codes, alphabet, spelled, spelling, sum(part.ends.size for part in parts), documents)


def _codes(parts: list[_Part], alphabet: Alphabet, size: int) -> NDArray[np.uint16]:
    symbol_of = alphabet.symbol_of.copy()
    symbol_of[:FIRST_HAN] = np.arange(FIRST_HAN)
    codes = np.zeros(size + 2, np.uint16)
    end = 1
    for part in parts:
        end = kernels.drop_repeated_edges(part.symbols, symbol_of, end, codes)
    return codes[: end + 1 if codes[end - 1] else end]


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


def _character_counts(parts: list[_Part]) -> NDArray[np.int64]:
    """Return how often each code point that is a Han character occurs; raises InputError if there is none."""
    counts = np.zeros(class_table().size, np.int64)
    for part in parts:
        counts += np.bincount(part.symbols, minlength=counts.size)
    counts[unit_classes() & 15 != kernels.HAN] = 0
    if not counts.any():
        raise InputError("the corpus has no Chinese character, so there is nothing to learn; give Chinese text")
    return counts


def _frequent(counts: NDArray[np.int64]) -> list[str]:
    """Return the characters that have symbols of their own, in the order of the code points."""
    known = np.flatnonzero(counts >= MIN_CHARACTER_COUNT)
    if known.size > MOST_CHARACTERS:
        known = np.sort(known[np.argsort(-counts[known], kind="stable")[:MOST_CHARACTERS]])
    return [chr(point) for point in known.tolist()]


def _folded(counts: NDArray[np.int64]) -> Alphabet:
    """Return an alphabet of simplified characters, whose symbols all characters share that are simplified to them."""
    simplified = _simplified()
    together = np.zeros_like(counts)
    np.add.at(together, simplified, counts)
    known = _frequent(together)
    points = np.array([ord(character) for character in known], np.int64)
    others = np.flatnonzero(np.isin(simplified, points) & (simplified != np.arange(simplified.size)))
    folds = {chr(other): chr(simplified[other]) for other in others.tolist()}
    return Alphabet(known, folds)


@cache
def _simplified() -> NDArray[np.int64]:
    """Return what each code point becomes if it alone is simplified; what is no Han character stays."""
    table = np.arange(class_table().size)
    han = np.flatnonzero(unit_classes() & 15 == kernels.HAN)
    lines = folder("simplified")("\n".join(map(chr, han.tolist()))).split("\n")
    becomes = np.array(
        [ord(line) if len(line) == 1 else point for line, point in zip(lines, han.tolist(), strict=True)]
    )
    is_han = unit_classes()[becomes] & 15 == kernels.HAN
    table[han[is_han]] = becomes[is_han]
    return table
