"""The model file: an Arrow IPC file of one row, a cell for each array, which is mapped into memory."""

import os
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus import atomic_file
from nlptools.errors import InputError
from nlptools.lm import _kernels
from nlptools.lm.estimate import Trie
from nlptools.lm.vocabulary import Vocabulary

_FORMAT = b"language model 1"
_TYPES = {
    "symbols": ("<u2", "<u4"),
    "log10_p": ("<f4", "<f8"),
    "backoff": ("<f4", "<f8"),
    "first_child": ("<u4", "<u8"),
}
_REMEDY = "give a file that `nlptools lm train` wrote, or train again"


def write_model(path: str | Path, vocabulary: Vocabulary, order: int, trie: Trie) -> None:
    """Write a model; the file appears under its name only when it is whole."""
    cells = {"vocabulary": np.frombuffer("\n".join(vocabulary.tokens).encode(), np.uint8)}
    metadata = {b"nlptools": _FORMAT, b"order": b"%d" % order, b"unit": vocabulary.unit.encode()}
    for name, array in trie._asdict().items():
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        metadata[name.encode()] = array.dtype.str.encode()
        cells[name] = array.view(np.uint8)
    metadata[b"crc32"] = b" ".join(b"%08x" % zlib.crc32(cell.data) for cell in cells.values())
    schema = pa.schema([pa.field(name, pa.large_binary(), nullable=False) for name in cells], metadata)
    columns = []
    for cell in cells.values():
        buffers = [None, pa.py_buffer(np.array([0, cell.size])), pa.py_buffer(cell)]
        columns.append(pa.Array.from_buffers(pa.large_binary(), 1, buffers))
    with atomic_file(path) as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def read_model(path: str | Path) -> tuple[Vocabulary, int, Trie]:
    """Return the vocabulary, the order and the trie of a file; raises InputError if it is no such file, or damaged."""
    try:
        reader = pa.ipc.open_file(pa.memory_map(os.fspath(path)))
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: cannot be read as a language model ({reason}); {_REMEDY}") from error
    metadata = reader.schema.metadata or {}
    if metadata.get(b"nlptools") != _FORMAT:
        raise InputError(f"{path}: is an Arrow file, but no language model; {_REMEDY}")
    try:
        return _checked(_cells(reader), metadata)
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise InputError(f"{path}: is damaged; {_REMEDY}") from error


def _cells(reader: Any) -> dict[str, NDArray[np.uint8]]:
    """Return the cells of the only row; raises ValueError if they are not what their checksums say."""
    names = ["vocabulary", *_TYPES]
    if (
        reader.schema.names != names
        or set(reader.schema.types) != {pa.large_binary()}
        or reader.num_record_batches != 1
    ):
        raise ValueError
    batch = reader.get_batch(0)
    batch.validate(full=True)
    if batch.num_rows != 1 or any(column.null_count for column in batch.columns):
        raise ValueError
    cells = [np.frombuffer(column[0].as_buffer(), np.uint8) for column in batch.columns]
    checksums = [b"%08x" % zlib.crc32(cell.data) for cell in cells]
    if reader.schema.metadata[b"crc32"].split() != checksums:
        raise ValueError
    return dict(zip(names, cells, strict=True))


def _checked(cells: dict[str, NDArray[np.uint8]], metadata: dict[bytes, bytes]) -> tuple[Vocabulary, int, Trie]:
    """Return the model of the cells; raises ValueError if it is not one that kernels may look up in."""
    arrays = []
    for name, kinds in _TYPES.items():
        kind = metadata[name.encode()].decode()
        if kind not in kinds:
            raise ValueError
        arrays.append(cells[name].view(kind))
    trie = Trie(*arrays)
    words, order = metadata[b"unit"] == b"word", int(metadata[b"order"])
    text = cells["vocabulary"].tobytes().decode()
    vocabulary = Vocabulary(text.split("\n") if text else [], words)
    if not (are_tokens(vocabulary) and order > 0 and is_model(trie, vocabulary.size, order)):
        raise ValueError
    return vocabulary, order, trie


def are_tokens(vocabulary: Vocabulary) -> bool:
    """Say whether the tokens are in order, and each a character unless they are words."""
    tokens = vocabulary.tokens
    if not vocabulary.words and any(len(token) != 1 for token in tokens):
        return False
    return all(a < b for a, b in pairwise(["", *tokens]))


def is_model(trie: Trie, size: int, order: int) -> bool:
    """Say whether the arrays are a trie of `size` symbols and this order."""
    if not _kernels.is_trie(*trie, size):
        return False
    bounds = [0]
    while len(bounds) <= order and bounds[-1] <= trie.backoff.size:
        bounds.append(int(trie.first_child[bounds[-1]]))
    return bounds[order - 1 :] == [trie.backoff.size, trie.symbols.size]
