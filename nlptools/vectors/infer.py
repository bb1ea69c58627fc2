"""Vectors of documents that were not there when the words were trained: `infer_documents`. Words stay as they are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput
from nlptools.errors import InputError
from nlptools.threads import default_threads, in_threads
from nlptools.vectors import _jose_kernels as kernels
from nlptools.vectors.jose import PIECE, centre_of, document_ends, document_weights, hinge_of, piece_bounds, sampling_of
from nlptools.vectors.jose_options import JoseOptions, options_of
from nlptools.vectors.table import VectorTable, table_of
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import WordIds, read_word_ids

if TYPE_CHECKING:
    from nlptools.segment.model import Segmenter

UNKNOWN = -3
"""In the place of a word that has no vector."""


def infer_documents(
    corpus: CorpusInput,
    vectors: Any,
    *,
    segmenter: "str | Path | Segmenter | None" = None,
    epochs: int | None = None,
    threads: int | None = None,
    memory: str | int | None = None,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
) -> VectorTable:
    """Return vectors of the documents of a corpus, of norm 1; from vectors of words that jose has trained.

    They are made as the training makes them: by the hinges of a document (also with objective paper, whose joint hinge
    would change the words), or as the direction of a sum with objective centroid. The vector of a document depends on its
    words, in their order, and on the options of the training, not on other documents, batches or threads. A document
    without a known word has the same vector as all documents without words.

    Keys are as in training, see `train_jose`.

    vectors: a `VectorTable` or gensim `KeyedVectors` of words. segmenter: as for training. epochs: how often to read a
    document; default: as often as in training; objective centroid does not need it. memory: for counting words. progress: called with the number of input bytes
    read since its last call; log: with a line for each stage.
    Raises InputError for vectors that jose has not trained, or a corpus that cannot be used.
    """
    table = table_of(vectors)
    if table.kind == "document":
        raise InputError("vectors of documents cannot be used for documents; give those of the words")
    options = options_of(table.facts, table.vector_size)
    if "objective" not in table.facts:
        raise InputError("vectors of a training that was stopped cannot be used for documents; let it go on to its end")
    if table.counts is None:
        raise InputError("vectors without the counts of their words cannot be used for documents; give a .kv file")
    options = options if epochs is None else replace(options, epochs=epochs)
    threads = default_threads() if threads is None else threads
    log = log or (lambda _: None)
    tokenizer = make_tokenizer(segmenter)
    with read_word_ids(corpus, tokenizer, 1, memory, threads, keep_documents=True, progress=progress, log=log) as text:
        rows = table.rows_of(text.words.to_pylist())
        log(f"{text.counts[rows >= 0].sum():,} of {text.tokens:,} words have vectors")
        found = _documents(text, rows, table, options, threads)
        return VectorTable(text.documents, found, facts=table.facts, kind="document")


def _documents(
    text: WordIds, rows: NDArray[np.int64], table: VectorTable, options: JoseOptions, threads: int
) -> NDArray[np.float32]:
    """Return the vectors of the documents of a text, (N, D); rows: where its words are in the table, -1 for nowhere."""
    numbers = np.append(np.where(rows < 0, UNKNOWN, rows), (-2, -1)).astype(np.int32)  # marks stand for the last two
    ends = document_ends(text.ids)
    bounds, firsts = piece_bounds(ends, PIECE)
    firsts = np.append(firsts, ends.size)
    found = np.empty((ends.size, table.vector_size), np.float32)
    learn = _learner(np.ascontiguousarray(table.vectors), table.counts, options)

    def work(piece: int, _: int) -> None:
        learn(numbers[text.ids[bounds[piece] : bounds[piece + 1]]], found[firsts[piece] : firsts[piece + 1]])

    in_threads(work, list(range(bounds.size)), threads)
    return found


def _learner(
    vectors: NDArray[np.float32], counts: Any, options: JoseOptions
) -> Callable[[NDArray[np.int32], NDArray[np.float32]], None]:
    """Return what fills the vectors of documents, given their ids."""
    if options.objective == "centroid":
        weights, centre = document_weights(counts, options), centre_of(vectors, counts, options)
        return lambda ids, out: kernels.sum_documents(ids, 0, ids.size, weights, centre, vectors, out)
    sampling = sampling_of(counts, options)
    hinge = hinge_of(options)._replace(joint=False)
    return lambda ids, out: kernels.infer_documents(
        ids, 0, ids.size, sampling, hinge, float(options.alpha), options.epochs, vectors, out
    )
