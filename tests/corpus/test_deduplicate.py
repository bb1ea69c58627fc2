"""Finding first occurrences against a set, at memory limits that force files and parting of files."""

import os
import random
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.corpus.deduplicate import RECORD, FirstOccurrences, digests
from nlptools.errors import OutputError

RECORD_BYTES = 4 * RECORD.itemsize  # what FirstOccurrences reckons for a record


def of(values: list[tuple[int, int]]) -> NDArray[np.void]:
    return np.array(values, np.dtype([("high", "<u8"), ("low", "<u8")]))


def first_rows(batches: list[NDArray[np.void]], memory: int, directory: Path | None = None) -> list[bool]:
    with FirstOccurrences(memory, directory) as occurrences:
        for batch in batches:
            occurrences.add(batch)
        return [bool(first) for first in occurrences.first_rows()]


def twin(values: list[Any]) -> list[bool]:
    seen: set[Any] = set()
    return [not (value in seen or seen.add(value)) for value in values]  # type: ignore[func-returns-value]


SAME_BEGINNING = 0xABCDEF << 40
VALUES = st.tuples(
    st.sampled_from([0, 1, 2**63, 2**64 - 1, SAME_BEGINNING, SAME_BEGINNING + 1]) | st.integers(0, 2**64 - 1),
    st.sampled_from([0, 1, 2**64 - 1]),
)


@given(st.lists(st.lists(VALUES, max_size=12), max_size=4), st.sampled_from([1, 2, 5, 1000]))
def test_it_is_its_twin(batches: list[list[tuple[int, int]]], records: int) -> None:
    values = [value for batch in batches for value in batch]
    assert first_rows([of(batch) for batch in batches], records * RECORD_BYTES) == twin(values)


@pytest.mark.parametrize("records", [50, 700, 10**6])
def test_many_rows(records: int, tmp_path: Path) -> None:
    draw = random.Random(records)
    values = [(draw.randrange(2**64) if draw.random() < 0.5 else draw.randrange(300), 0) for _ in range(5000)]
    batches = [of(values[start : start + 640]) for start in range(0, 5000, 640)]
    assert first_rows(batches, records * RECORD_BYTES, tmp_path) == twin(values)
    assert list(tmp_path.iterdir()) == []


def test_one_text_for_ever_does_not_fill_a_file(tmp_path: Path) -> None:
    with FirstOccurrences(100 * RECORD_BYTES, tmp_path) as occurrences:
        for _ in range(50):
            occurrences.add(of([(7, 7)] * 100))
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert sum(file.stat().st_size for file in files) == 50 * RECORD.itemsize
        assert np.flatnonzero(occurrences.first_rows()).tolist() == [0]


def test_nothing_at_all() -> None:
    assert first_rows([], 1 << 20) == []
    assert first_rows([of([])], 1) == []


def test_no_room(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"nowhere: no room for temporary files .*TMPDIR"):
        first_rows([of([(1, 1), (2, 2)])], 1, tmp_path / "nowhere")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: opened(Path("/dev/full"), mode))
    with pytest.raises(OutputError, match=r"no room for temporary files"):
        first_rows([of([(value, 0) for value in range(2000)])], 1, tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- digests


TEXTS = st.none() | st.text(st.sampled_from("aＡA 　\n，,𠮷é\u0301"), max_size=4)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.none() | st.lists(TEXTS, max_size=3)), min_size=1, max_size=12)


def plain(text: str | None) -> str | None:
    if text is None:
        return None
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFKC", text).splitlines())
    return "\n".join(line for line in lines if line)


@given(ROWS, st.sampled_from([("a",), ("b", "a"), ("c",), ("a", "c", "b")]))
def test_equal_digests_are_equal_normalised_rows(rows: list[Any], columns: tuple[str, ...]) -> None:
    batch = pa.record_batch(
        [
            pa.array([row[0] for row in rows], pa.large_string()),
            pa.array([row[1] for row in rows], pa.string()),
            pa.array([row[2] for row in rows], pa.list_(pa.large_string())),
        ],
        ["a", "b", "c"],
    )
    keys = [
        tuple(
            plain(row["abc".index(name)]) if name != "c" else row[2] and tuple(map(plain, row[2])) for name in columns
        )
        for row in rows
    ]
    keys = [tuple("null" if part is None else ("is", part) for part in key) for key in keys]
    found = digests(batch, columns).tolist()
    assert [found.index(digest) for digest in found] == [keys.index(key) for key in keys]
