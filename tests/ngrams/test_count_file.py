"""Count files: what is written is read; whatever is damaged is an error or is seen to be the same, never another count."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.corpus.array_file import metadata_checksum
from nlptools.errors import InputError
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.count_file import NOTHING, CountReader, Totals, write_counts
from nlptools.ngrams.counts import read_counts
from nlptools.ngrams.rows import Layout, Rows

Columns = list[list[list[int]]]


def columns(chunks: Any) -> Columns:
    return [[column.tolist() for column in rows] for rows in chunks]


def read(path: Path, map: bool = True) -> tuple[Columns, Layout, Totals]:
    reader = CountReader(path, map)
    try:
        return columns(reader), reader.layout, reader.totals
    finally:
        reader.close()


@given(
    st.integers(0, 30), st.integers(1, 9), st.booleans(), st.booleans(), st.sampled_from([1, 2**32 - 1, 2**32, 2**62])
)
@example(0, 1, False, True, 1)
@example(8, 4, True, True, 2**32)
def test_what_is_written_is_read(
    fresh: Callable[[], Path], limits: Any, number: int, batch: int, two_words: bool, map: bool, most: int
) -> None:
    layout = Layout("一七三", 40 if two_words else 3)
    heads = np.arange(1, number + 1, dtype=np.uint64)
    rows = Rows(heads, heads * np.uint64(2) if two_words else np.empty(0, np.uint64), np.ones(number, np.int64))
    if number:
        rows.counts[-1] = most
    totals = Totals(int(rows.counts.sum()), 7, 2**64 - 1)
    path = fresh() / "a.ngrams"
    with limits(batch=batch):
        write_counts(path, layout, totals, [rows.slice(0, number // 3), rows.slice(number // 3, number)])
    found, found_layout, found_totals = read(path, map)
    assert (found_layout, found_totals) == (layout, totals)
    expected = [column.tolist() for column in rows] if number else []
    assert [list(chain(*parts)) for parts in zip(*found, strict=True)] == expected
    sizes = [len(part[0]) for part in found]
    assert sizes == [batch] * (number // batch) + [number % batch] * (number % batch > 0)
    with pa.OSFile(str(path)) as file:
        kinds = [str(kind) for kind in pa.ipc.open_file(file).schema.types]
    assert kinds == ["uint64"] * (1 + two_words) + ["uint64" if totals.characters >= 2**32 else "uint32"]


@pytest.fixture(scope="module", params=[4, 20], ids=["one word", "two words"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, limits: Any) -> Path:
    """A count file of some batches."""
    chance = Random(request.param)
    texts = ["".join(chance.choices("一二三四五六七八九，", k=20)) for _ in range(6)]
    path: Path = tmp_path_factory.mktemp("whole") / "whole.ngrams"
    with limits(batch=16):
        counts = count_ngrams(texts, request.param, output=path, threads=1)
    assert len(counts.chunks) > 5
    return path


def check_damaged(data: bytes, path: Path, expected: Any) -> bool:
    """Write damaged data, and return whether it is refused; else it must say what the file said before."""
    path.write_bytes(data)
    try:
        found = read(path, map=len(data) % 2 == 0)
    except InputError as error:
        assert len(str(error).splitlines()) == 1
        assert str(path) in str(error)
        return True
    assert found == expected
    return False


def test_any_changed_byte(whole: Path, tmp_path: Path, interpreted: bool) -> None:
    good, expected = whole.read_bytes(), read(whole)
    chance, refused = Random(1), 0
    places = range(0, len(good), 97 if interpreted else 9)
    for place in places:
        value = good[place] ^ chance.choice([1, 2, 8, 64, 128, 255])
        data = good[:place] + bytes([value]) + good[place + 1 :]
        refused += check_damaged(data, tmp_path / "bad.ngrams", expected)
    assert refused > len(places) // 2


def test_many_changed_bytes(whole: Path, tmp_path: Path, interpreted: bool) -> None:
    """The end of the file, which says where everything is, is met half of the time."""
    good, expected, chance = whole.read_bytes(), read(whole), Random(2)
    for _ in range(40 if interpreted else 400):
        data = bytearray(good)
        for _ in range(chance.choice([1, 2, 4, 16])):
            size = chance.choice([1, 4, 8])
            place = len(data) - 1 - chance.randrange(2500) if chance.random() < 0.5 else chance.randrange(len(data))
            data[place : place + size] = chance.choice(
                [chance.randbytes(size), bytes(size), b"\xff" * size, b"\x7f" * size]
            )
        check_damaged(bytes(data), tmp_path / "bad.ngrams", expected)


def test_any_length(whole: Path, tmp_path: Path) -> None:
    good, expected = whole.read_bytes(), read(whole)
    for size in [*range(12), *range(12, len(good), 191), len(good) - 1]:
        assert check_damaged(good[:size], tmp_path / "bad.ngrams", expected)
    assert check_damaged(good + good, tmp_path / "bad.ngrams", expected) is False  # a whole file at the end
    assert check_damaged(good + b"\n", tmp_path / "bad.ngrams", expected)
    assert check_damaged(b"", tmp_path / "bad.ngrams", expected)


def parts_of(path: Path) -> tuple[pa.Schema, list[tuple[pa.RecordBatch, dict[bytes, bytes]]]]:
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_file(file)
        found = [reader.get_batch_with_custom_metadata(i) for i in range(reader.num_record_batches)]
        return reader.schema, [(batch, dict(metadata)) for batch, metadata in found]


def write(path: Path, schema: pa.Schema, parts: list[tuple[pa.RecordBatch, dict[bytes, bytes]]]) -> Path:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch, metadata in parts:
            writer.write_batch(batch.replace_schema_metadata(None).cast(schema), custom_metadata=metadata)
    return path


def test_batches_that_are_not_in_their_places(whole: Path, tmp_path: Path) -> None:
    schema, parts = parts_of(whole)
    path = tmp_path / "bad.ngrams"
    assert read(write(path, schema, parts)) == read(whole)
    for wrong in (
        parts[:-1],  # the last is missing
        parts[1:],
        [*parts, parts[-1]],
        [parts[1], parts[0], *parts[2:]],
        [parts[0], parts[0], *parts[2:]],
        [],
    ):
        with pytest.raises(InputError):
            read(write(path, schema, wrong))
    with pytest.raises(InputError, match="damaged"):
        read(write(path, schema, [(batch, {}) for batch, _ in parts]))


def test_metadata_of_another_file(whole: Path, tmp_path: Path) -> None:
    schema, parts = parts_of(whole)
    metadata = dict(schema.metadata)
    characters = metadata[b"alphabet"].decode()
    for changes in (
        {b"alphabet": (characters[:-1] + "龘").encode()},  # would be other n-grams
        {b"order": b"3"},
        {b"characters": b"5"},
        {b"more": b""},
    ):
        with pytest.raises(InputError, match="metadata are damaged"):
            read(write(tmp_path / "bad.ngrams", schema.with_metadata({**metadata, **changes}), parts))


def signed(metadata: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {**metadata, b"crc32": metadata_checksum(metadata)}


@pytest.mark.parametrize(
    "changes",
    [
        {b"order": b"0"},
        {b"order": b"-1"},
        {b"order": b"99999999999999999999"},
        {b"order": b"x"},
        {b"order": b" 4"},
        {b"min_count": b"0"},
        {b"bits": b"9"},
        {b"characters": b"0"},
        {b"fingerprint": b"-1"},
        {b"alphabet": b"\xff"},
        {b"alphabet": "二一".encode()},
        {b"alphabet": "一一".encode()},
        {b"nlptools": b"ngram counts 2"},
    ],
)
def test_metadata_that_cannot_be(whole: Path, tmp_path: Path, changes: dict[bytes, bytes]) -> None:
    """With a checksum that holds: somebody else's file, or an attack."""
    schema, parts = parts_of(whole)
    bad = schema.with_metadata(signed({**schema.metadata, **changes}))
    with pytest.raises(InputError, match="cannot be read as a count file"):
        read(write(tmp_path / "bad.ngrams", bad, parts))


@pytest.mark.parametrize("two_words", [False, True])
@pytest.mark.parametrize(
    "heads",
    [
        [2, 1],
        [1, 1],
        [1, 2**64 - 1],  # bits that no code has
        [1, 5],  # code 5 of an alphabet of 4 characters
        [5 << 57],
    ],
)
def test_rows_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heads: list[int], two_words: bool
) -> None:
    """Kernels look codes up without asking: they must be in the alphabet, whoever wrote the file."""
    layout = Layout("一七三五", 40 if two_words else 20)
    keys = np.array(heads, np.uint64)
    same = np.ones(keys.size, np.uint64)
    rows = Rows(same, keys, same) if two_words else Rows(keys, np.empty(0, np.uint64), same)
    write_counts(tmp_path / "bad.ngrams", layout, Totals(2, 1, 0), [rows])
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path / "bad.ngrams")


def test_the_code_of_what_is_rare_is_none_without_min_count(tmp_path: Path) -> None:
    rows = Rows(np.array([7], np.uint64), np.empty(0, np.uint64), np.array([1], np.int64))
    write_counts(tmp_path / "a.ngrams", Layout("一七三五", 1, 2), Totals(1, 1, 0), [rows])
    assert read(tmp_path / "a.ngrams")[0] == [[[7], [], [1]]]
    write_counts(tmp_path / "a.ngrams", Layout("一七三五", 1), Totals(1, 1, 0), [rows])
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path / "a.ngrams")


def test_nulls_and_other_columns(whole: Path, tmp_path: Path) -> None:
    schema, parts = parts_of(whole)
    batch, checksum = parts[0]
    nulls = pa.RecordBatch.from_arrays([pa.nulls(len(batch), kind) for kind in schema.types], schema=schema)
    with pytest.raises(InputError, match="damaged"):
        read(write(tmp_path / "bad.ngrams", schema, [(nulls, checksum), *parts[1:]]))
    empty = batch.slice(0, 0)
    with pytest.raises(InputError, match="damaged"):
        read(write(tmp_path / "bad.ngrams", schema, [(empty, checksum), *parts[1:]]))
    for kinds in (["head", "count"], ["head", "tail", "count", "more"], ["count", "head"]):
        other = pa.schema([(kind, pa.uint64()) for kind in kinds], metadata=schema.metadata)
        if other.names != schema.names:
            with pytest.raises(InputError, match="its columns"):
                read(write(tmp_path / "bad.ngrams", other, []))


def test_other_files(tmp_path: Path) -> None:
    text, table, folder = tmp_path / "a.txt", tmp_path / "a.arrow", tmp_path / "folder"
    text.write_text("研究生命的起源" * 20, encoding="utf-8")
    folder.mkdir()
    write(table, pa.schema([("a", pa.int64())]), [])
    for path, reason in (
        (text, "Not an Arrow file"),
        (table, "it is another kind of Arrow file"),
        (folder, "cannot be read"),
        (tmp_path / "missing", "No such file"),
        (Path("nul\0"), "cannot be read"),
    ):
        for map in (True, False):
            with pytest.raises(InputError, match=reason) as caught:
                CountReader(path, map)
            assert "give a file that `nlptools count` wrote" in str(caught.value)
            assert len(str(caught.value).splitlines()) == 1


def test_writing_that_fails_passes_the_error_on(tmp_path: Path) -> None:
    def rows() -> Iterator[Rows]:
        yield Rows(np.array([1], np.uint64), np.empty(0, np.uint64), np.array([1], np.int64))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_counts(tmp_path / "a.ngrams", Layout("一", 1), Totals(1, 1, 0), rows())
    with pytest.raises(InputError):
        CountReader(tmp_path / "a.ngrams")


def test_a_file_with_nothing_in_it(tmp_path: Path) -> None:
    write_counts(tmp_path / "a.ngrams", Layout("", 4), NOTHING, [])
    counts = read_counts(tmp_path / "a.ngrams")
    assert (counts.total, counts.count("一"), counts.to_table().num_rows, counts.continuations("")) == (0, 0, 0, [])


def test_totals_add() -> None:
    assert Totals(1, 2, 2**64 - 1) + Totals(3, 4, 2) == Totals(4, 6, 1)
