"""Rows of the result: spelling, order, columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.newwords.evidence import Evidence
from nlptools.newwords.word_counts import size_of_text
from nlptools.ngrams.trie import Trie
from nlptools.text.encode import EncodedText

TEXT_SIZE = b"text_size"
"""The key in a table's metadata under which stands how long the text is: what rates of words are relative to."""


def spell(text: EncodedText, trie: Trie, words: NDArray[np.int64]) -> pa.LargeStringArray:
    """Return the n-grams of some nodes as text."""
    lengths = trie.lengths[words]
    pieces, order = [], []
    for length in np.unique(lengths).tolist():
        chosen = np.flatnonzero(lengths == length)
        starts = trie.example[words[chosen]]
        columns = [text.alphabet.take(pa.array(text.codes[starts + j])) for j in range(length)]
        joined = pc.binary_join_element_wise(*columns, "") if length > 1 else columns[0]
        pieces.append(joined.cast(pa.large_string()))
        order.append(chosen)
    if not pieces:
        return pa.array([], pa.large_string())
    return pa.concat_arrays(pieces).take(pa.array(np.argsort(np.concatenate(order), kind="stable")))


def ranked_table(
    text: EncodedText,
    trie: Trie,
    words: NDArray[np.int64],
    evidence: Evidence,
    score: NDArray[np.float64],
    keep: NDArray[np.bool_],
    **more: NDArray[np.float64] | NDArray[np.int64],
) -> pa.Table:
    """Return the rows to keep, best score first, then most frequent first, then in the order of the word itself.

    more: further columns, by name, or other values for those there are.
    """
    spelled = spell(text, trie, words)
    columns = {
        "word": spelled,
        "count": trie.counts[words],
        "documents": evidence.documents,
        "pmi": trie.pmi[words],
        "left_entropy": evidence.left_entropy,
        "right_entropy": evidence.right_entropy,
        "score": score,
        **more,
    }
    return with_text_size(best_first(chosen_rows(columns, keep)), size_of_text(text))


def chosen_rows(columns: Mapping[str, Any], keep: NDArray[np.bool_]) -> pa.Table:
    """Return the rows to keep, numbers rounded as they are shown."""
    table = pa.table({name: _rounded(column, 6 if name == "score" else 4) for name, column in columns.items()})
    return table.filter(pa.array(keep))


def with_text_size(table: pa.Table, size: int) -> pa.Table:
    """Return the table with how long the text is in its metadata."""
    return table.replace_schema_metadata({TEXT_SIZE: b"%d" % size})


def best_first(table: pa.Table) -> pa.Table:
    """Return the rows in the order of rank."""
    return table.sort_by([("score", "descending"), ("count", "descending"), ("word", "ascending")])


def _rounded(column: object, digits: int) -> pa.Array:
    array = column if isinstance(column, pa.Array) else pa.array(column)
    return pc.round(array, digits) if pa.types.is_floating(array.type) else array
