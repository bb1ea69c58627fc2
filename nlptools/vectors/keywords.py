"""What sums of vectors tell: the keywords of a text, and how near two texts are (kexue.fm 4669 to 4681).

If ⟨v, w⟩ is the PMI of two words, and words are independent, ⟨Σv, w⟩ is the PMI of a text and a word, and ⟨Σv, Σw⟩ that of two
texts, in nats. So it is for vectors of method pmi. With others the numbers rank, but mean nothing by themselves.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.corpus import BATCH_SCHEMA
from nlptools.corpus.table_files import CORPUS_FORMATS, output_format, write_batches, write_batches_to
from nlptools.errors import InputError, OutputError
from nlptools.threads import default_threads
from nlptools.vectors._token_kernels import DOCUMENT_END
from nlptools.vectors.table import VectorTable, table_of
from nlptools.vectors.tokenize import Tokenizer, Tokens

SCHEMA = pa.schema(
    [
        pa.field("document", pa.int64(), nullable=False),
        pa.field("keywords", pa.list_(pa.large_string()), nullable=False),
        pa.field("scores", pa.list_(pa.float64()), nullable=False),
    ]
)
"""Of the batches of `document_keywords`."""

_LINES = pa.schema([("text", pa.large_string())])


class TextSimilarity(NamedTuple):
    """How near two texts are: ⟨Σv, Σw⟩, nats for vectors of method pmi, and the cosine of Σv and Σw, nan if one has no words.

    known: how many words of each text have a vector.
    """

    pmi: float
    cosine: float
    known: tuple[int, int]


def extract_keywords(vectors: Any, words: Sequence[str], top: int = 10) -> list[tuple[str, float]]:
    """Return the `top` different words of a text by ⟨Σv, v_w⟩, Σv the sum of the vectors of all its words; largest first.

    vectors: a `VectorTable`, gensim `KeyedVectors` or a model, of method pmi. words: of the text, in any order, repetitions
    count; those without a vector are left out. Of equal scores the first in the vocabulary comes first.
    """
    check_numbers(top=top)
    matrix, rows, word_of = _look_up(vectors, words)
    best, scores = rank_rows(matrix, rows[rows >= 0], top)
    return [(word_of(int(row)), float(score)) for row, score in zip(best, scores, strict=True)]


def text_similarity(vectors: Any, one: Sequence[str], other: Sequence[str]) -> TextSimilarity:
    """Return how near two texts are, given as their words; what they are: see `extract_keywords`."""
    matrix, rows, _ = _look_up(vectors, [*one, *other])
    found = [part[part >= 0] for part in (rows[: len(one)], rows[len(one) :])]
    first, second = (matrix[part].sum(axis=0, dtype=np.float64) for part in found)
    product = float(first @ second)
    lengths = float(np.sqrt((first @ first) * (second @ second)))
    return TextSimilarity(product, product / lengths if lengths else nan, (found[0].size, found[1].size))


def word_information(vectors: Any) -> NDArray[np.float32]:
    """Return ‖v‖² of each word, (V,): for vectors of method pmi about -ln P(w), so that words that say little have little."""
    matrix = table_of(vectors).vectors
    squares: NDArray[np.float32] = np.einsum("vd,vd->v", matrix, matrix)
    return squares


def document_keywords(
    vectors: Any, batches: Iterable[Any], tokenizer: Tokenizer, top: int = 10, threads: int | None = None
) -> Iterator[Any]:
    """Yield the keywords of documents, as record batches of SCHEMA, documents numbered from 0; see `extract_keywords`.

    batches: with a column text. tokenizer: see `make_tokenizer`. Raises InputError if the vectors are of documents.
    """
    check_numbers(top=top, threads=threads)
    table = table_of(vectors)
    if table.kind != "word":
        raise InputError(f"the vectors are of {table.kind}s, not of words; give vectors of words")
    done = 0
    for tokens in tokenizer.tokens(batches, threads or default_threads()):
        found = pc.index_in(_strings(tokens), table.words).fill_null(-1).to_numpy().astype(np.int64)
        ranked = [rank_rows(table.vectors, rows[rows >= 0], top) for rows in _by_document(tokens, found)]
        yield _batch(table, done, ranked)
        done += len(ranked)


def write_keywords(batches: Iterable[Any], path: str | Path | None = None) -> int:
    """Write what `document_keywords` yields, as it comes; return how many documents.

    path: the suffix decides; .txt: a line of keywords for each document, one blank between. None: that to standard output.
    Raises OutputError if the place or the suffix does not allow it.
    """
    documents = 0

    def passing() -> Iterator[Any]:
        nonlocal documents
        for batch in batches:
            documents += batch.num_rows
            yield _as_lines(batch) if kind == "txt" else batch

    kind = "txt" if path is None else output_format(path, CORPUS_FORMATS)
    schema = _LINES if kind == "txt" else SCHEMA
    if path is not None:
        write_batches(passing(), schema, path)
    elif sys.stdout is None:
        raise OutputError("standard output is closed; name a file: -o keywords.jsonl")
    else:
        write_batches_to(passing(), schema, sys.stdout.buffer, kind)
        sys.stdout.flush()
    return documents


def split_texts(texts: Sequence[str], tokenizer: Tokenizer) -> list[list[str]]:
    """Return the words of each text."""
    cleaned = [text.encode("utf-8", "replace") for text in texts]  # lone surrogates
    batch = pa.RecordBatch.from_arrays(
        [pa.array(cleaned, pa.large_binary()).cast(pa.large_string()), pa.array(range(len(texts)))], schema=BATCH_SCHEMA
    )
    words: list[list[str]] = []
    for tokens in tokenizer.tokens([batch], 1):
        found = np.array(_strings(tokens).to_pylist(), object)
        words += [part.tolist() for part in _by_document(tokens, found)]
    return words


def rank_rows(
    matrix: NDArray[np.float32], rows: NDArray[np.int64], top: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the `top` different rows by their inner product with the sum of all these rows, and the products."""
    total = matrix[rows].sum(axis=0, dtype=np.float64).astype(np.float32)
    different = np.unique(rows)
    scores = matrix[different] @ total
    best = np.argsort(-scores, kind="stable")[:top]
    return different[best], scores[best]


def _look_up(vectors: Any, words: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.int64], Callable[[int], str]]:
    """Return the matrix, the row of each word, -1 if it has none, and what gives the word of a row."""
    keyed = getattr(vectors, "wv", vectors)
    if hasattr(keyed, "key_to_index"):  # a dict is there already, so that the size of the vocabulary does not matter
        rows = np.array([keyed.key_to_index.get(word, -1) for word in words], np.int64)
        return keyed.vectors, rows, keyed.index_to_key.__getitem__
    table = table_of(vectors)
    return table.vectors, table.rows_of(words), lambda row: str(table.words[row].as_py())


def _strings(tokens: Tokens) -> Any:
    """Return the words, without the marks, as large_string."""
    is_word = tokens.starts >= 0
    starts, sizes = tokens.starts[is_word], (tokens.ends - tokens.starts)[is_word]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(tokens.data[places])]
    return pa.Array.from_buffers(pa.large_string(), starts.size, buffers)


def _by_document(tokens: Tokens, values: NDArray[Any]) -> list[NDArray[Any]]:
    """Return what there is for each word, as an array for each document."""
    words_before = np.cumsum(tokens.starts >= 0)
    return np.split(values, words_before[tokens.starts == DOCUMENT_END])[:-1]


def _as_lines(batch: Any) -> Any:
    return pa.RecordBatch.from_arrays(
        [pc.binary_join(batch.column("keywords"), pa.scalar(" ", pa.large_string()))], schema=_LINES
    )


def _batch(table: VectorTable, first: int, ranked: list[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> Any:
    """Return the keywords of documents; first: the number of the first one."""
    offsets = np.cumsum([0, *(rows.size for rows, _ in ranked)], dtype=np.int32)
    rows = np.concatenate([np.empty(0, np.int64), *(rows for rows, _ in ranked)])
    scores = np.concatenate([np.empty(0), *(scores.astype(np.float64).round(4) for _, scores in ranked)])
    columns = [
        pa.array(np.arange(first, first + len(ranked))),
        pa.ListArray.from_arrays(offsets, table.words.take(pa.array(rows))),
        pa.ListArray.from_arrays(offsets, pa.array(scores)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
