"""Model files: an Arrow IPC file of one row, a cell for each array, which is mapped into memory."""

import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.writing import atomic_file
from nlptools.errors import InputError, OutputError, reason_of

Arrays = dict[str, NDArray[Any]]


def write_arrays(path: str | Path, kind: str, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, str]) -> None:
    """Write arrays and facts about them; the file appears under its name only when it is whole.

    kind: what the file is, with the version of its layout, "language model 1".
    """
    metadata = {"nlptools": kind, **facts}
    cells = {}
    for name, array in arrays.items():
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        shape = "" if array.ndim == 1 else f" {','.join(map(str, array.shape))}"
        metadata[name] = f"{array.dtype.str}{shape}"
        cells[name] = array.reshape(-1).view(np.uint8)
    metadata["crc32"] = _checksums(cells.values(), metadata)
    schema = pa.schema([pa.field(name, pa.large_binary(), nullable=False) for name in cells], metadata)
    columns = []
    for cell in cells.values():
        buffers = [None, pa.py_buffer(np.array([0, cell.size])), pa.py_buffer(cell)]
        columns.append(pa.Array.from_buffers(pa.large_binary(), 1, buffers))
    with atomic_file(path) as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def read_arrays(path: str | Path, kind: str, remedy: str) -> tuple[Arrays, dict[str, str]]:
    """Return the arrays, mapped into memory, and the facts of a file of that kind.

    remedy: what to do if it is none: "give a file that ... wrote". Raises InputError if it is no such file, or damaged.
    """
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        reader = pa.ipc.open_file(pa.memory_map(os.fspath(path)))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as a {_noun(kind)} ({reason_of(error)}); {remedy}") from error
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


def check_own(path: Path, kind: str) -> None:
    """Raise OutputError if there is a file of this name that is no state of a training: of that kind, of any version."""
    try:
        with path.open("rb") as file:
            is_state = _noun(kind).encode() in file.read(1 << 16)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); move it away") from error
    if not is_state:
        raise OutputError(
            f"{path}: the state of the training would be kept there, and it is another file; move it away"
        )


def _noun(kind: str) -> str:
    return kind.rsplit(" ", 1)[0]


def metadata_checksum(metadata: Mapping[bytes, bytes]) -> bytes:
    """Return the CRC-32 of the metadata of a schema, but for what they have as "crc32", in hexadecimal digits."""
    lines = [b"%s=%s\n" % item for item in sorted(metadata.items()) if item[0] != b"crc32"]
    return b"%08x" % zlib.crc32(b"".join(lines))


def cell_bytes(column: Any) -> NDArray[np.uint8]:
    """Return the bytes of a large_binary array of one row, where they are; a scalar of pyarrow would be a copy."""
    _, offsets, data = column.buffers()
    begin, end = np.frombuffer(offsets, np.int64, 2, 8 * column.offset)
    return np.frombuffer(data or b"", np.uint8)[begin:end]


def _checksums(cells: Iterable[NDArray[np.uint8]], facts: Mapping[str, str]) -> str:
    """Return the CRC-32 of each cell, and of the facts."""
    told = "\0".join(f"{name}\0{facts[name]}" for name in sorted(facts)).encode()
    return " ".join(f"{checksum:08x}" for checksum in (*(zlib.crc32(cell.data) for cell in cells), zlib.crc32(told)))


def _arrays(reader: Any, facts: dict[str, str]) -> Arrays:
    """Return the cells of the only row; raises ValueError if they are not what their checksums say."""
    if set(reader.schema.types) != {pa.large_binary()} or reader.num_record_batches != 1:
        raise ValueError
    batch = reader.get_batch(0)
    batch.validate(full=True)
    if batch.num_rows != 1 or any(column.null_count for column in batch.columns):
        raise ValueError
    cells = [cell_bytes(column) for column in batch.columns]
    if facts.pop("crc32") != _checksums(cells, facts):
        raise ValueError
    arrays = {}
    for name, cell in zip(reader.schema.names, cells, strict=True):
        words = facts[name].split(" ")
        kind = np.dtype(words[0])
        if kind.kind not in "iuf" or len(words) > 2:
            raise ValueError
        shape = [int(size) for size in words[1].split(",")] if len(words) > 1 else [-1]
        arrays[name] = cell.view(kind).reshape(shape)
    return arrays
