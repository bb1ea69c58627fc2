"""Which words are near a word: cosines with all others, a block of rows at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.errors import InputError
from nlptools.vectors.table import VectorTable, table_of

_CELLS = 1 << 22  # numbers of vectors, or cosines, that a block has at most

Floats = NDArray[np.float32]
Combine = Callable[[Floats], Floats]
"""From the cosines of n rows with Q directions, (n, Q), to S scores of each row, (n, S)."""


def nearest(
    vectors: Any, words: Sequence[str], top: int = 10, *, contexts: bool = False, among: Any = None
) -> pa.Table:
    """Return the `top` words with the largest cosine to each word, largest first; the word itself is left out.

    vectors: gensim `KeyedVectors`, a model or a `VectorTable`; of documents, too. contexts: look among the vectors of words as
    contexts: words that are likely near it in a text, rather than in its place. among: other vectors, in which to look in
    place of these, and where nothing is left out: documents of a word, words of a document, if they were trained together.

    Columns: word (or document), rank (from 1), neighbour, cosine, and count if there are counts. Equal cosines are in the
    order of the vocabulary. Raises InputError for a word that is not there, with near spellings, if there are no contexts, or
    if vectors are not of one length.
    """
    check_numbers(top=top)
    table = table_of(vectors)
    other = table if among is None else table_of(among)
    if contexts and other.contexts is None:
        raise InputError(
            "the vectors have no contexts; train with contexts=True (--contexts), and keep them in a .kv file"
        )
    if other.vector_size != table.vector_size:
        raise InputError(
            f"vectors of {table.vector_size} and of {other.vector_size} numbers cannot be compared; "
            "give those that were trained together"
        )
    rows = known_rows(table, words)
    matrix = other.contexts if contexts and other.contexts is not None else other.vectors
    excluded = [[row] if other is table else [] for row in rows.tolist()]
    found = best_rows(matrix, unit(table.vectors[rows]), lambda cosines: cosines, top, excluded)
    return _table(table.kind, words, other, found)


def _table(
    kind: str, words: Sequence[str], other: VectorTable, found: "list[tuple[NDArray[np.int64], Floats]]"
) -> pa.Table:
    sizes = [len(rows) for rows, _ in found]
    places = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in found)])
    columns = {
        kind: pa.array(words, pa.large_string()).take(pa.array(np.repeat(np.arange(len(words)), sizes))),
        "rank": pa.array(np.concatenate([np.empty(0, np.int64), *(np.arange(1, size + 1) for size in sizes)])),
        "neighbour": other.words.take(pa.array(places)),
        "cosine": pa.array(np.concatenate([np.empty(0, np.float32), *(scores for _, scores in found)])),
    }
    if other.counts is not None:
        columns["count"] = pa.array(other.counts[places])
    return pa.table(columns)


def known_rows(table: VectorTable, words: Sequence[str]) -> NDArray[np.int64]:
    """Return the rows of words, (N,); raises InputError for the first that is not there."""
    rows = table.rows_of(words)
    if (rows < 0).any():
        raise InputError(unknown(table, words[int(np.argmin(rows))]))
    return rows


def unknown(table: VectorTable, word: str) -> str:
    """Return the line that says that a word is not there, and which are spelled almost alike."""
    near = near_spellings(table, word)
    remedy = f"near it are {', '.join(near)}" if near else "give another"
    return f"{word!r} is not among the {len(table):,} {table.kind}s; {remedy}"


def near_spellings(table: VectorTable, word: str, most: int = 5) -> list[str]:
    """Return the first words that differ from this one only in upper and lower case, or besides in one character."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return []
    letters = [f"\\x{{{ord(character):x}}}" for character in word[:100]]
    patterns = ["".join(letters)]
    if len(word) > 1:
        patterns += ["".join([*letters[:i], ".?", *letters[i + 1 :]]) for i in range(len(letters))]
        patterns += ["".join([*letters[:i], ".", *letters[i:]]) for i in range(len(letters) + 1)]
    matches = pc.match_substring_regex(table.words, f"(?is)^(?:{'|'.join(patterns)})$")
    near: list[str] = table.words.filter(matches)[:most].to_pylist()
    return near


def unit(vectors: Floats) -> Floats:
    """Return vectors, (N, D), with the length 1; those without a direction stay 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    divided: Floats = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
    return divided


def unit_blocks(vectors: Floats, directions: int) -> Iterator[tuple[int, Floats]]:
    """Yield rows of the length 1, some at a time, and which is their first; directions: what they are multiplied with."""
    rows = max(1, _CELLS // max(directions, vectors.shape[1]))
    for first in range(0, len(vectors), rows):
        yield first, unit(vectors[first : first + rows])


def best_rows(
    vectors: Floats, directions: Floats, combine: Combine, top: int, excluded: Sequence[Sequence[int]]
) -> list[tuple[NDArray[np.int64], Floats]]:
    """Return for each of S scores the rows with the largest, largest first, and the scores; of equal ones the first rows.

    directions: (Q, D), of length 1, with which the cosines are. excluded: for each score rows that are left out.
    """
    best = [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in excluded]
    for first, block in unit_blocks(vectors, len(directions)):
        scores = combine(block @ directions.T)
        for s, (rows, known) in enumerate(best):
            fresh = scores[:, s]
            left_out = [row - first for row in excluded[s] if first <= row < first + len(block)]
            fresh[left_out] = -np.inf
            places = _largest(fresh, top)
            best[s] = _ordered(np.append(rows, places + first), np.append(known, fresh[places]), top)
    return best


def _largest(scores: Floats, top: int) -> NDArray[np.intp]:
    """Return where the `top` largest scores are, and those that are equal to the least of them; not where it is -inf."""
    least = np.partition(scores, -top)[-top] if top < scores.size else -np.inf
    return np.flatnonzero((scores >= least) & (scores > -np.inf))


def _ordered(rows: NDArray[np.int64], scores: Floats, top: int) -> tuple[NDArray[np.int64], Floats]:
    order = np.lexsort((rows, -scores))[:top]
    return rows[order], scores[order]
