"""Fuzz targets: the kernels of the readers, called as the readers do, with guards around what they write."""

import itertools
import json
from random import Random
from typing import Any

import numpy as np
from fuzz_twins import (
    BLANK,
    Row,
    decoded,
    json_elements,
    json_object,
    module_rows,
    table_rows,
    text_lines,
    whole_number,
)
from numpy.typing import NDArray

from nlptools.corpus._kernels import (
    copy_lists,
    copy_strings,
    copy_values,
    find_values,
    read_cells,
    read_lines,
    split_values,
)

_GUARD = 0x5A


class Guarded:
    """Arrays whose ends are watched."""

    def __init__(self) -> None:
        self._whole: list[NDArray[Any]] = []

    def array(self, size: int, kind: Any) -> NDArray[Any]:
        """Return an array that must not be left."""
        whole = np.full(size + 8, _GUARD, dtype=kind)
        self._whole.append(whole)
        return whole[:size]

    def check(self) -> None:
        """Fail if something was written behind an array."""
        for whole in self._whole:
            assert (whole[-8:] == _GUARD).all(), "a kernel writes beyond its array"


def lines(data: bytes, _: Random) -> None:
    """Compare read_lines with its twin."""
    guarded = Guarded()
    size = data.count(b"\n") + 1
    out, offsets = guarded.array(len(data), np.uint8), guarded.array(size + 1, np.int64)
    bad = guarded.array(size * 3, np.int64).reshape(size, 3)
    total, accepted, bads = read_lines(np.frombuffer(data, dtype=np.uint8), out, offsets, bad)
    guarded.check()
    found = [bytes(out[offsets[k] : offsets[k + 1]]).decode() for k in range(accepted)]
    twin = text_lines(data)
    assert found == [line.value for line in twin if line.value is not None]
    assert [line + 1 for line in bad[:bads, 0].tolist()] == [line.number for line in twin if line.value is None]
    assert total == len(twin)
    for number, start, end in bad[:bads].tolist():
        assert data[start:end] == data.split(b"\n")[number]


_KEYS = ["text", "tags", "id", "score", "ok", "other"]
_FITS: list[Any] = [
    lambda value: isinstance(value, str),
    lambda value: isinstance(value, list) and all(isinstance(text, str) for text in value),
    lambda value: isinstance(value, int) and not isinstance(value, bool),
    lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    lambda value: isinstance(value, bool),
    lambda value: True,
]


def values(data: bytes, rng: Random) -> None:
    """Compare what find_values accepts with what json reads: it may doubt, but not differ."""
    closed, required, max_depth = rng.random() < 0.3, rng.random() < 0.5, rng.choice([64, 64, 1, 2, 3])
    guarded = Guarded()
    array = np.frombuffer(data, dtype=np.uint8)
    size = data.count(b"\n") + 1
    spans = guarded.array(size * 12, np.int64).reshape(size, 6, 2)
    doubtful = guarded.array(size * 4, np.int64).reshape(size, 4)
    names = [key.encode() for key in _KEYS]
    keys, starts = np.frombuffer(b"".join(names), dtype=np.uint8), np.cumsum([0, *map(len, names)])
    needed = np.zeros(int(required), dtype=np.int64)
    end, total, accepted, doubts = find_values(
        array, 0, keys, starts, np.arange(6), needed, closed, max_depth, spans, doubtful
    )
    guarded.check()
    assert end >= len(data)
    plain: list[dict[str, Any]] = []
    doubted = {number: (start, stop, before) for number, start, stop, before in doubtful[:doubts].tolist()}
    assert len(doubted) == doubts
    for number, line in enumerate(data.split(b"\n")):
        if not line.strip(BLANK):
            continue
        if number in doubted:
            start, stop, before = doubted[number]
            assert data[start:stop] == line
            assert before == len(plain)
            continue
        record = json_object(line, max_depth)
        assert record is not None, f"accepted, but no JSON object: {line!r}"
        assert not closed or set(record) <= set(_KEYS)
        assert not required or record.get("text") is not None
        assert all(record.get(key) is None or fits(record[key]) for key, fits in zip(_KEYS, _FITS, strict=True))
        plain.append(record)
    assert accepted == len(plain)
    assert total == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    for column, key in enumerate(_KEYS):
        assert _copied(array, spans[:accepted], column) == [record.get(key) for record in plain]


def _copied(data: NDArray[np.uint8], spans: NDArray[np.int64], column: int) -> list[Any]:
    guarded = Guarded()
    rows = len(spans)
    size = int((spans[:, column, 1] - spans[:, column, 0]).sum())
    out, valid = guarded.array(size, np.uint8), guarded.array(rows, np.uint8)
    if column == 1:
        strings, lists = guarded.array(size // 3 + rows + 1, np.int64), guarded.array(rows + 1, np.int32)
        count = copy_lists(data, spans, column, out, strings, lists, valid)
        guarded.check()
        texts = [bytes(out[a:b]).decode() for a, b in itertools.pairwise(strings[: count + 1].tolist())]
        return [texts[lists[row] : lists[row + 1]] if valid[row] else None for row in range(rows)]
    offsets = guarded.array(rows + 1, np.int64)
    (copy_strings if column == 0 else copy_values)(data, spans, column, out, offsets, valid)
    guarded.check()
    pieces = [bytes(out[a:b]).decode() for a, b in itertools.pairwise(offsets.tolist())]
    read: Any = str if column == 0 else lambda piece: json.loads(piece, parse_int=whole_number)
    return [read(piece) if there else None for piece, there in zip(pieces, valid.tolist(), strict=True)]


def elements(data: bytes, rng: Random) -> None:
    """Split JSON into lines, in pieces cut anywhere: all is well exactly if json says so."""
    state = np.zeros(5, dtype=np.int64)
    out, at, rest = b"", 0, False
    while at < len(data) and not rest:
        piece = np.frombuffer(data[at : at + rng.choice([1, 3, 1000])], dtype=np.uint8)
        guarded = Guarded()
        room = guarded.array(2 * piece.size, np.uint8)
        size, stopped = split_values(piece, state, room)
        guarded.check()
        out, at, rest = out + room[:size].tobytes(), at + piece.size, stopped >= 0
    found = [json_object(line, 10**6) for line in out.split(b"\n") if line.strip(BLANK)]
    twin = json_elements(data)
    good = not rest and not state[0] and None not in found
    assert good == (twin is not None and all(isinstance(value, dict) for value in twin))
    if good:
        assert _same(found, twin)


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # NaN equals itself


def cells(data: bytes, rng: Random) -> None:
    """Compare read_cells with its twin, and where that has the same rules with the csv module."""
    delimiter = rng.choice([",", "\t"])
    longest = rng.choice([1 << 20, 1 << 20, 1 << 62, 10, 3])
    twin = table_rows(data, delimiter.encode(), longest)
    module = module_rows(data, delimiter)
    if module is not None and longest > len(data):
        assert [[cell.decode() for cell in row.cells] for row in twin] == module
    columns = rng.choice([len(twin[0].cells) if twin else 1, 1, 2, 3])
    guarded = Guarded()
    size = data.count(b"\n") + 1
    out = guarded.array(len(data), np.uint8)
    offsets = guarded.array(data.count(delimiter.encode()) + size + 1, np.int64)
    bad = guarded.array(size * 5, np.int64).reshape(size, 5)
    array = np.frombuffer(data, dtype=np.uint8)
    used, total, accepted, bads = read_cells(array, ord(delimiter), columns, True, longest, out, offsets, bad)
    guarded.check()
    assert used == len(data)
    assert total == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    raw = [bytes(out[offsets[k] : offsets[k + 1]]) for k in range(accepted * columns)]
    found = {number + 1: why for number, _, _, why, _ in bad[:bads].tolist()}
    expected = []
    for row in twin:
        why = found.pop(row.number, None)
        if why is None:
            assert row.closed
            assert row.size <= longest
            assert len(row.cells) == columns
            expected += row.cells
        else:
            assert why == _why(row, longest)
            assert why or len(row.cells) != columns
    assert not found
    assert raw == expected


def _why(row: Row, longest: int) -> int:
    if row.size > longest:
        return 3
    if not row.closed:
        return 2
    return 0 if all(decoded(cell) is not None for cell in row.cells) else 1
