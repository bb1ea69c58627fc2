"""Model files: an Arrow IPC file of one row, a cell for each array, which is mapped into memory."""

import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.writing import atomic_file
from nlptools.errors import InputError

Arrays = dict[str, NDArray[Any]]


def write_arrays(path: str | Path, kind: str, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, str]) -> None:
    """Write arrays and facts about them; the file appears under its name only when it is whole.

    kind: what the file is, with the version of its layout, "language model 1". Arrays are flattened.
    """
    metadata = {"nlptools": kind, **facts}
    cells = {}
    for name, array in arrays.items():
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        metadata[name] = array.dtype.str
        cells[name] = array.reshape(-1).view(np.uint8)
    metadata["crc32"] = " ".join(f"{zlib.crc32(cell.data):08x}" for cell in cells.values())
    schema = pa.schema([pa.field(name, pa.large_binary(), nullable=False) for name in cells], metadata)
    columns = []
    for cell in cells.values():
        buffers = [None, pa.py_buffer(np.array([0, cell.size])), pa.py_buffer(cell)]
        columns.append(pa.Array.from_buffers(pa.large_binary(), 1, buffers))
    with atomic_file(path) as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def read_arrays(path: str | Path, kind: str, remedy: str) -> tuple[Arrays, dict[str, str]]:
    """Return the arrays, flat and mapped into memory, and the facts of a file of that kind.

    remedy: what to do if it is none: "give a file that ... wrote". Raises InputError if it is no such file, or damaged.
    """
    try:
        reader = pa.ipc.open_file(pa.memory_map(os.fspath(path)))
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: cannot be read as a {_noun(kind)} ({reason}); {remedy}") from error
    try:
        facts = {key.decode(): value.decode() for key, value in (reader.schema.metadata or {}).items()}
    except ValueError as error:
        raise damaged(path, remedy) from error
    if facts.get("nlptools") != kind:
        raise InputError(f"{path}: is an Arrow file, but no {_noun(kind)} of this version; {remedy}")
    try:
        return _arrays(reader, facts), facts
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise damaged(path, remedy) from error


def damaged(path: str | Path, remedy: str) -> InputError:
    """Return the error for a file whose arrays do not make what they should."""
    return InputError(f"{path}: is damaged; {remedy}")


def _noun(kind: str) -> str:
    return kind.rsplit(" ", 1)[0]


def _arrays(reader: Any, facts: dict[str, str]) -> Arrays:
    """Return the cells of the only row; raises ValueError if they are not what their checksums say."""
    if set(reader.schema.types) != {pa.large_binary()} or reader.num_record_batches != 1:
        raise ValueError
    batch = reader.get_batch(0)
    batch.validate(full=True)
    if batch.num_rows != 1 or any(column.null_count for column in batch.columns):
        raise ValueError
    cells = [np.frombuffer(column[0].as_buffer(), np.uint8) for column in batch.columns]
    if facts["crc32"].split() != [f"{zlib.crc32(cell.data):08x}" for cell in cells]:
        raise ValueError
    arrays = {}
    for name, cell in zip(reader.schema.names, cells, strict=True):
        kind = np.dtype(facts[name])
        if kind.kind not in "iuf":
            raise ValueError
        arrays[name] = cell.view(kind)
    return arrays
