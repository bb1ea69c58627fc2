"""Which words a dictionary has, and which cannot be new ones."""

import pyarrow as pa
import pyarrow.compute as pc

from nlptools.newwords.function_characters import FUNCTION_CHARACTERS


def is_member(words: pa.ChunkedArray, dictionary: set[str]) -> pa.ChunkedArray:
    """Return which of `words` are in the dictionary."""
    return pc.is_in(words, pa.array(sorted(dictionary), words.type))


def mark_known(table: pa.Table, known: set[str] | None) -> pa.Table:
    """Return the table with a column `known` behind `score`; null without a dictionary."""
    column = pa.nulls(table.num_rows, pa.bool_()) if known is None else is_member(table["word"], known)
    return table.add_column(table.schema.get_field_index("score") + 1, "known", column)


def is_phrase(words: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which words begin or end with a function character: outside a dictionary these are phrases, as a rule."""
    function = pa.array(sorted(FUNCTION_CHARACTERS), words.type)
    first, last = (pc.utf8_slice_codeunits(words, start, stop) for start, stop in ((0, 1), (-1, None)))
    return pc.or_(pc.is_in(first, function), pc.is_in(last, function))
