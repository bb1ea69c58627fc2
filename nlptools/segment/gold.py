"""Segmented text as symbols and where words begin."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.corpus.reading import array_offsets
from nlptools.errors import InputError
from nlptools.lm.vocabulary import split_words
from nlptools.segment.units import Alphabet, find_units


class Gold(NamedTuple):
    """Segmented lines: texts (L,), large_string, without the white space; cuts: the bytes of all texts where words begin."""

    texts: Any
    cuts: NDArray[np.int64]

    def symbols(self, alphabet: Alphabet) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Return the symbols, (T,), an edge behind each line, and 1 where a word begins, (T,).

        A word that begins inside a unit, such as the second of two Latin words, cannot be told: it is part of the unit.
        """
        units = find_units(self.texts, alphabet.symbol_of)
        begins = np.isin(units.starts, self.cuts)
        is_edge = units.symbols == 0
        begins |= is_edge
        begins[1:] |= is_edge[:-1]
        return units.symbols.astype(np.uint16), begins.astype(np.uint8)


def read_gold(source: CorpusInput) -> Gold:
    """Return segmented text, in which white space parts the words.

    source: anything that `open_corpus` takes. Raises BadRecordError at the first bad record, InputError if no line has two
    words.
    """
    name = f"{source}: " if isinstance(source, str | Path) else ""
    texts, lengths, parted = [], [], False
    for batch in open_corpus(source, strict=True).batches():
        words, counts = split_words(batch.column("text"))
        parted = parted or bool((counts > 1).any())
        lengths.append(pc.binary_length(words).to_numpy().astype(np.int64))
        texts.append(_joined(words, counts[counts > 0]))
    if not parted:
        raise InputError(
            f"{name}no line of the segmented text has two words; give text in which white space parts the words"
        )
    return Gold(pa.concat_arrays(texts), np.concatenate([[0], np.cumsum(np.concatenate(lengths))]))


def _joined(words: Any, counts: NDArray[np.int64]) -> Any:
    """Return the lines of words, so many in each, without anything between them."""
    offsets = array_offsets(words)[np.concatenate([[0], np.cumsum(counts)])]
    return pa.Array.from_buffers(pa.large_string(), counts.size, [None, pa.py_buffer(offsets), words.buffers()[2]])
