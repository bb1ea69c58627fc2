"""Files of vectors: the suffix says which format.

.kv                    our own: mapped into memory, with counts, contexts, biases, and how they were made
.vec .txt .bin         word2vec's text and binary: words and vectors; also .gz, and for reading .bz2, .xz, .zst
.arrow .feather .parquet   tables for pyarrow, pandas, polars, duckdb; with all that .kv has
.training              the state of a training that was stopped; for reading only
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nlptools.checks import check_numbers
from nlptools.corpus.paths import name_parts
from nlptools.corpus.table_files import write_table as write_arrow_table
from nlptools.corpus.writing import check_place, writes_through
from nlptools.errors import InputError, OptionError, OutputError, reason_of
from nlptools.threads import default_threads
from nlptools.vectors.checkpoint import read_checkpoint
from nlptools.vectors.kv_file import facts_of, read_kv, write_kv
from nlptools.vectors.table import LAYOUT, METADATA, VectorTable, table_of
from nlptools.vectors.word2vec_files import (
    Log,
    read_binary,
    read_text,
    read_vocabulary,
    write_binary,
    write_text,
    write_vocabulary,
)


class _Format(NamedTuple):
    reads: str  # the name of the format
    packed: bool  # whether it may be compressed
    only_words: bool  # whether it has neither counts nor anything else besides words and vectors


_FORMATS = {
    ".kv": _Format("kv", False, False),
    ".training": _Format("training", False, False),
    ".vec": _Format("text", True, True),
    ".txt": _Format("text", True, True),
    ".bin": _Format("binary", True, True),
    ".arrow": _Format("arrow", False, False),
    ".feather": _Format("arrow", False, False),
    ".parquet": _Format("parquet", False, False),
}


def _nothing(line: str) -> None:
    """Tell nobody."""


def read_table(
    path: str | Path, *, fvocab: str | Path | None = None, threads: int | None = None, log: Log = _nothing
) -> VectorTable:
    """Return the vectors in a file as a `VectorTable`.

    fvocab: for .vec and .bin, a file of lines `word count`, as in gensim, from which the counts come; else there are none.
    log: takes a line if something of the file is left out or changed: lines beyond the number that the file says it has,
    words that come twice (the first counts), bytes of a word that are no UTF-8 (they become �).

    Raises InputError if the file cannot be read, is damaged, or a number in it is not finite.
    """
    check_numbers(threads=threads)
    kind = _format(path, fvocab, InputError).reads
    threads = threads or default_threads()
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such file; check the path")
    if kind in _TABLES:
        return _TABLES[kind](path)
    words, vectors = read_text(path, threads, log) if kind == "text" else read_binary(path, log)
    return VectorTable(words, vectors, None if fvocab is None else read_vocabulary(fvocab, words))


def read_vectors(
    path: str | Path, *, fvocab: str | Path | None = None, threads: int | None = None, log: Log = _nothing
) -> Any:
    """Return the vectors in a file as gensim `KeyedVectors`; see `read_table`.

    The matrix of a .kv file is mapped into memory: what is not used is not read, and changes do not go to the file. The
    object has also `contexts`, `biases` and `facts`, None or empty if the file has none.
    """
    return read_table(path, fvocab=fvocab, threads=threads, log=log).keyed_vectors()


def write_vectors(
    vectors: Any,
    path: str | Path,
    *,
    fvocab: str | Path | None = None,
    threads: int | None = None,
    log: Log = _nothing,
) -> None:
    """Write vectors to a file, which appears under its name only when it is whole; the suffix says the format.

    vectors: gensim `KeyedVectors`, a model that has some, or a `VectorTable`. fvocab: for .vec and .bin, write the counts
    to this file, too, in lines `word count`. log: takes a line if words have white space in them, which .vec and .bin
    cannot say: it becomes _.

    Raises OutputError if the place or the format do not allow it, a number is not finite or a key is there twice.
    """
    check_numbers(threads=threads)
    check_vectors_output(path, fvocab)
    table = table_of(vectors)
    fault = _fault(table)
    if fault is not None:
        raise OutputError(f"{path}: {fault}; mend the vectors, or train again")
    if fvocab is not None and table.counts is None:
        raise OutputError(f"{fvocab}: the vectors have no counts; leave the vocabulary out")
    kind = _format(path, fvocab, OutputError).reads
    if kind == "kv":
        write_kv(table, path)
    elif kind == "text":
        write_text(table.words, table.vectors, path, threads or default_threads(), log)
    elif kind == "binary":
        write_binary(table.words, table.vectors, path, log)
    else:
        write_arrow_table(table.to_arrow(), path, kind)
    if fvocab is not None and table.counts is not None:
        write_vocabulary(table.words, table.counts, fvocab, lambda line: None)


def check_vectors_output(path: str | Path, fvocab: str | Path | None = None) -> None:
    """Raise OptionError or OutputError now if vectors could not be written to `path` later."""
    format = _format(path, fvocab, OutputError)
    if format.reads == "training":
        raise OutputError(f"{path}: .training is for the state of a training; give another suffix, .kv is the best")
    _, compression = name_parts(str(path))
    if compression is not None and compression != "gzip":
        raise OutputError(f"{path}: is not written as {compression}; end the name with .gz or nothing")
    for place in (path, fvocab):
        if place is not None:
            check_place(place)
    if writes_through(path) and format.reads == "parquet":
        raise OutputError(f"{path}: a table cannot be written to a device or pipe; name a file")


def _format(path: str | Path, fvocab: str | Path | None, error: type[InputError] | type[OutputError]) -> _Format:
    suffix, compression = name_parts(str(path))
    format = _FORMATS.get(suffix)
    if format is None or (compression is not None and not format.packed):
        known = ", ".join(suffix for suffix in _FORMATS if suffix != ".training" or error is InputError)
        raise error(
            f"{path}: the suffix does not say which format of vectors it is; known are {known} (.vec, .txt and .bin also with .gz)"
        )
    if fvocab is not None and not format.only_words:
        raise OptionError(f"fvocab={str(fvocab)!r} is for .vec and .bin, and {path} has its own counts; leave it out")
    return format


def _fault(table: VectorTable) -> str | None:
    """Return what is wrong with vectors that have the right shape, None if nothing is."""
    if not table.vector_size:
        return "the vectors have no numbers"
    for name in ("vectors", "contexts", "biases"):
        part = getattr(table, name)
        for start in range(0, 0 if part is None else len(part), _ROWS):
            bad = ~np.isfinite(part[start : start + _ROWS].reshape(min(_ROWS, len(part) - start), -1)).all(axis=1)
            if bad.any():
                word = table.words[start + int(np.argmax(bad))].as_py()
                return f"a number of {word!r} in its {name} is not finite"
    if pc.count_distinct(table.words).as_py() < len(table):
        word = pc.mode(table.words.dictionary_encode().indices)[0].as_py()["mode"]
        return f"the {table.kind} {table.words.dictionary_encode().dictionary[word].as_py()!r} is there twice"
    return None


_ROWS = 1 << 16


def _read_columns(path: str | Path, kind: str) -> VectorTable:
    """Return the vectors of a table that anybody wrote: columns word or document, vector; perhaps count, context, bias."""
    remedy = "give a table with the columns word (text) and vector (lists of numbers, all of one length)"
    try:
        found = _arrow_table(path, kind)
        metadata = found.schema.metadata or {}
        facts = facts_of(metadata) if metadata.get(METADATA) == LAYOUT.encode() else {}
    except (OSError, pa.ArrowException, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a table ({reason_of(error)}); {remedy}") from error
    keys: Any = next((name for name in ("word", "document") if name in found.column_names), None)
    if keys is None or "vector" not in found.column_names:
        raise InputError(f"{path}: its columns are {', '.join(found.column_names)[:200]}; {remedy}")
    try:
        table = VectorTable(
            _whole(found, keys).cast(pa.large_string()),
            _matrix(found, "vector"),
            _numbers(found, "count", pa.int64()),
            _matrix(found, "context") if "context" in found.column_names else None,
            _numbers(found, "bias", pa.float32()),
            facts,
            keys,
        )
    except (pa.ArrowException, ValueError, InputError) as error:
        raise InputError(f"{path}: cannot be used ({reason_of(error)}); {remedy}") from error
    fault = _fault(table)
    if fault is not None:
        raise InputError(f"{path}: {fault}; mend the table")
    return table


def _arrow_table(path: str | Path, kind: str) -> Any:
    if kind == "parquet":
        import pyarrow.parquet as pq

        with Path(path).open("rb") as file:
            table = pq.read_table(file)
    else:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    table.validate(full=True)
    return table


def _whole(table: Any, name: str) -> Any:
    """Return a column in one piece; raises ValueError if something is missing in it."""
    column = table[name].combine_chunks()
    if column.null_count:
        raise ValueError(f"the column {name} has nulls")
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def _numbers(table: Any, name: str, kind: Any) -> Any:
    return _whole(table, name).cast(kind).to_numpy() if name in table.column_names else None


def _matrix(table: Any, name: str) -> Any:
    column = _whole(table, name)
    if not (
        pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_fixed_size_list(column.type)
    ):
        raise ValueError(f"the column {name} has no lists")
    flat = column.flatten().cast(pa.float32())
    sizes = pc.list_value_length(column)
    if flat.null_count or pc.count_distinct(sizes).as_py() > 1:
        raise ValueError(f"the lists in the column {name} have nulls or different lengths")
    size = (
        column.type.list_size if pa.types.is_fixed_size_list(column.type) else (sizes[0].as_py() if len(sizes) else 0)
    )
    return flat.to_numpy(zero_copy_only=False).reshape(len(column), size)


_TABLES: dict[str, Callable[[str | Path], VectorTable]] = {
    "kv": read_kv,
    "training": read_checkpoint,
    "arrow": lambda path: _read_columns(path, "arrow"),
    "parquet": lambda path: _read_columns(path, "parquet"),
}
"""Formats that hold more than words and vectors, and what reads them."""
