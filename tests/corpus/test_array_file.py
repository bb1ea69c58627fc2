"""Files of named arrays: what goes in comes out; damaged and foreign files are errors of one line."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.corpus.array_file import read_arrays, write_arrays
from nlptools.errors import InputError, OutputError

KIND, REMEDY = "thing 1", "make another"
ARRAYS: dict[str, NDArray[Any]] = {
    "bytes": np.arange(5, dtype=np.uint8),
    "empty": np.zeros(0, np.float32),
    "numbers": np.array([[1.5, np.nan], [-np.inf, 0]]),
    "研究": np.array([-1, 1 << 62]),
}
FACTS = {"of": "研究 𠮷", "nothing": ""}

Read = Callable[[bytes], "tuple[dict[str, Any], dict[str, str]] | None"]


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    path = tmp_path / "whole"
    write_arrays(path, KIND, ARRAYS, FACTS)
    return path.read_bytes()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a file of these bytes; None if it is refused, in one line that names it. Each has a path of its own."""
    number = 0

    def call(content: bytes) -> tuple[dict[str, Any], dict[str, str]] | None:
        nonlocal number
        number += 1
        path = tmp_path / f"{number}.bin"
        path.write_bytes(content)
        try:
            return read_arrays(path, KIND, REMEDY)
        except InputError as error:
            assert str(error).startswith(f"{path}: ")
            assert str(error).endswith(REMEDY)
            assert "\n" not in str(error)
            return None
        finally:
            path.unlink()

    return call


def is_whole(found: tuple[dict[str, Any], dict[str, str]]) -> bool:
    arrays, facts = found
    return (
        list(arrays) == list(ARRAYS)
        and all(arrays[name].dtype == array.dtype for name, array in ARRAYS.items())
        and all(np.array_equal(arrays[name], array, equal_nan=True) for name, array in ARRAYS.items())
        and facts.items() >= FACTS.items()
    )


def test_what_goes_in_comes_out(data: bytes, read: Read) -> None:
    found = read(data)
    assert found is not None
    assert is_whole(found)
    assert not any(array.flags.writeable for array in found[0].values() if array.size)


kinds = st.sampled_from(["<u1", "<u2", "<i4", ">i8", ">f4", "<f8"])
shapes = st.lists(st.integers(0, 4), min_size=1, max_size=3)


@given(st.dictionaries(st.text(min_size=1, max_size=5).filter(str.isidentifier), st.tuples(kinds, shapes), max_size=4))
def test_any_arrays(tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, tuple[str, list[int]]]) -> None:
    path = tmp_path_factory.mktemp("arrays") / "file"
    arrays: dict[str, NDArray[Any]] = {
        name: np.arange(np.prod(shape)).reshape(shape).astype(kind).T for name, (kind, shape) in wanted.items()
    }
    if not arrays:
        return
    write_arrays(path, KIND, arrays, {})
    found, _ = read_arrays(path, KIND, REMEDY)
    for name, array in arrays.items():
        assert np.array_equal(found[name], array)
        assert found[name].dtype == array.dtype.newbyteorder("<")


def test_equal_arrays_have_equal_bytes(tmp_path: Path, data: bytes) -> None:
    write_arrays(tmp_path / "again", KIND, {name: array.copy() for name, array in ARRAYS.items()}, dict(FACTS))
    assert (tmp_path / "again").read_bytes() == data


def test_a_changed_byte(data: bytes, read: Read) -> None:
    """Anywhere: refused, or no matter."""
    for i in range(len(data)):
        for change in (0x01, 0x15, 0x80):
            found = read(data[:i] + bytes([data[i] ^ change]) + data[i + 1 :])
            assert found is None or is_whole(found), (i, change)


def test_many_changed_bytes(data: bytes, read: Read, interpreted: bool) -> None:
    draw = random.Random(1)
    for _ in range(100 if interpreted else 500):
        changed = bytearray(data)
        for _ in range(draw.choice([2, 5, 50])):
            changed[draw.randrange(len(data))] = draw.randrange(256)
        found = read(bytes(changed))
        assert found is None or is_whole(found)


def test_a_part_of_a_file(data: bytes, read: Read) -> None:
    for size in range(0, len(data), 7):
        assert read(data[:size]) is None
        assert read(data[size + 1 :]) is None


def test_foreign_files(tmp_path: Path, data: bytes, read: Read) -> None:
    for content in (b"", b"\n", b"ARROW1\0\0", "研究\n".encode() * 999, bytes(4096), data * 2 + b"x"):
        assert read(content) is None
    pq.write_table(pa.table({"bytes": [b"x"]}), tmp_path / "table.parquet")
    assert read((tmp_path / "table.parquet").read_bytes()) is None
    for columns in ({"bytes": [1, 2]}, {"bytes": pa.array([b"x", b"y"], pa.large_binary())}, {}):
        table = pa.table(columns)
        for metadata in ({}, {"nlptools": KIND}, {"nlptools": KIND, "crc32": "00000000", "bytes": "|u1"}):
            with pa.ipc.new_file(tmp_path / "foreign", table.schema.with_metadata(metadata)) as writer:
                writer.write_table(table.replace_schema_metadata(metadata))
            assert read((tmp_path / "foreign").read_bytes()) is None
    write_arrays(tmp_path / "other", "other 1", ARRAYS, FACTS)
    assert read((tmp_path / "other").read_bytes()) is None
    for path, remedy in ((tmp_path, "make another"), (tmp_path / "missing", "there is no such file")):
        with pytest.raises(InputError, match=remedy):
            read_arrays(path, KIND, REMEDY)


def test_a_place_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_arrays(tmp_path / "missing" / "file", KIND, ARRAYS, FACTS)
    assert not list(tmp_path.iterdir())
