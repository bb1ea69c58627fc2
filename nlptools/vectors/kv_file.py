"""Our own file of vectors, `.kv`: an Arrow IPC file of one record batch, so that the matrix is where the file is mapped.

docs/formats.md says to users what is in it.
"""

import json
import mmap
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.reading import array_offsets
from nlptools.corpus.writing import atomic_file
from nlptools.errors import InputError
from nlptools.vectors.table import LAYOUT, METADATA, Kind, VectorTable

_CHECKSUM = b"crc32"
_FACTS = b"facts"
_REMEDY = "copy it again, or write it again with `nlptools vectors`"
_PICKLE = b"\x80"  # what every pickle of Python 3 begins with


def write_kv(table: VectorTable, path: str | Path) -> None:
    """Write a table; the file appears under its name only when it is whole."""
    arrow = table.to_arrow()
    columns = [column.chunk(0) for column in arrow.columns]
    metadata = dict(arrow.schema.metadata)
    schema = arrow.schema.with_metadata({**metadata, _CHECKSUM: _checksum(columns, metadata)})
    with atomic_file(path) as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def read_kv(path: str | Path) -> VectorTable:
    """Return the table in a file, whose matrix is mapped into memory: read when used, and private where written to.

    Raises InputError if it is no such file, or damaged.
    """
    try:
        with Path(path).open("rb") as file:
            mapped = _map(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise InputError(f"{path}: is empty; {_REMEDY}") from error
    if mapped[:1] == _PICKLE:
        raise InputError(
            f"{path}: is gensim's own format, a pickle, which can run any code when it is loaded, so we do not; write it "
            'from gensim: KeyedVectors.load(path).save_word2vec_format("words.bin", binary=True)'
        )
    whole = pa.py_buffer(mapped)
    try:
        reader = pa.ipc.open_file(pa.BufferReader(whole))
        metadata = dict(reader.schema.metadata or {})
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: is no file of vectors that `nlptools vectors` wrote; {_REMEDY}") from error
    if metadata.get(METADATA) != LAYOUT.encode():
        raise InputError(
            f"{path}: is an Arrow file, but none of vectors of this version; name it .arrow if it is a table"
        )
    try:
        return _table(reader, metadata, mapped, whole.address)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, InputError) as error:
        raise InputError(f"{path}: is damaged; {_REMEDY}") from error


def facts_of(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the facts that the metadata of a schema tell; raises ValueError if they are none."""
    facts = json.loads(metadata.get(_FACTS, b"{}"))
    if not isinstance(facts, dict) or not all(isinstance(value, str) for value in facts.values()):
        raise ValueError("the facts are not what we write")
    return facts


def _map(file: IO[bytes]) -> mmap.mmap:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError:  # larger than memory
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _checksum(columns: list[Any], metadata: Mapping[bytes, bytes]) -> bytes:
    """Return the CRC-32 of the metadata and of what is in the columns, wherever they begin in their buffers."""
    crc = zlib.crc32(b"\0".join(part for item in sorted(metadata.items()) for part in item))
    for column in columns:
        if column.type == pa.large_string():
            offsets = array_offsets(column)
            crc = zlib.crc32(offsets - offsets[0], crc)
            data = memoryview(column.buffers()[2] or b"")[offsets[0] : offsets[-1]]
        else:
            flat = column.flatten() if pa.types.is_fixed_size_list(column.type) else column
            data = memoryview(flat.to_numpy(zero_copy_only=True)).cast("B")
        crc = zlib.crc32(data, crc)
    return b"%08x" % crc


def _table(reader: Any, metadata: dict[bytes, bytes], mapped: mmap.mmap, address: int) -> VectorTable:
    """Return what is in the only batch; raises ValueError and others if it is not what we wrote."""
    batch = reader.get_batch(0)
    kind, dimension = _check_schema(reader.schema)
    batch.validate(full=True)
    if reader.num_record_batches != 1 or any(column.null_count for column in batch.columns):
        raise ValueError
    if metadata.pop(_CHECKSUM) != _checksum(batch.columns, metadata):
        raise ValueError
    columns = {
        name: _values(column, mapped, address)
        for name, column in zip(batch.schema.names[1:], batch.columns[1:], strict=True)
    }
    matrices = {name: columns[name].reshape(len(batch), dimension) for name in ("vector", "context") if name in columns}
    return VectorTable(
        batch.column(0),
        matrices["vector"],
        columns.get("count"),
        matrices.get("context"),
        columns.get("bias"),
        facts_of(metadata),
        kind,
    )


def _values(column: Any, mapped: mmap.mmap, address: int) -> NDArray[Any]:
    """Return the numbers of a column or its lists, where they are, so that they can be written to."""
    flat = column.values if pa.types.is_fixed_size_list(column.type) else column
    place = flat.buffers()[1].address - address if len(flat) else 0
    return np.frombuffer(mapped, flat.type.to_pandas_dtype(), len(flat), place)


def _check_schema(schema: Any) -> tuple[Kind, int]:
    """Return the kind of keys and D; raises ValueError if the columns are not ours."""
    dimension = schema.field("vector").type.list_size
    lists = pa.list_(pa.field("item", pa.float32(), nullable=False), dimension)
    known = {"count": pa.int64(), "vector": lists, "context": lists, "bias": pa.float32()}
    kind = schema.names[0]
    if kind not in get_args(Kind) or schema.field(0).type != pa.large_string():
        raise ValueError
    if any(known.get(field.name) != field.type for field in list(schema)[1:]) or len(set(schema.names)) < len(schema):
        raise ValueError
    return kind, dimension
