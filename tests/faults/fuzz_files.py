"""Fuzz targets: whole files of every format, read as a corpus and as records."""

import json
import os
import re
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any, NamedTuple

from fuzz_inputs import PACKINGS
from fuzz_streams import one_line
from fuzz_twins import text_lines

from nlptools.corpus import open_corpus, open_records
from nlptools.errors import NlptoolsError

_SUFFIXES = ("", ".txt", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".zip")
NAMES = [f"x{suffix}{packing}" for suffix in _SUFFIXES for packing in ("", *(f".{packing}" for packing in PACKINGS))]
_folder = tempfile.TemporaryDirectory(prefix="fuzz-")


class Found(NamedTuple):
    """What a reading gave."""

    rows: list[Any]
    report: Any
    error: str | None


def _corpus(path: Path, **options: Any) -> Found:
    rows: list[str] = []
    report: Any = None
    try:
        corpus = open_corpus(path, **options)
        for batch in corpus:
            batch.validate(full=True)
            assert batch.column("document").to_pylist() == list(range(len(rows), len(rows) + batch.num_rows))
            rows += batch.column("text").to_pylist()
        report = corpus.report
    except NlptoolsError as error:
        return Found(rows, None, one_line(error))
    assert report.documents == len(rows)
    assert report.text_bytes == sum(len(row.encode()) for row in rows)
    return Found(rows, report, None)


def _records(path: Path, **options: Any) -> Found:
    rows: list[Any] = []
    try:
        records = open_records(path, **options)
        schema = records.schema
        for batch in records:
            batch.validate(full=True)
            assert batch.schema.equals(schema)
            rows += map(repr, batch.to_pylist())  # NaN equals itself
    except NlptoolsError as error:
        return Found(rows, None, one_line(error))
    except (OverflowError, ValueError) as error:  # Python has no such date, which the data may well have
        if "date" not in str(error) and "year" not in str(error):
            raise
        return Found([], None, "")
    assert records.report.documents == len(rows)
    return Found(rows, records.report, None)


def _same(one: Found, other: Found) -> None:
    # Of several damages in Arrow data that one is told that is met first.
    assert _kind(one.error) == _kind(other.error)
    if one.error is None:
        assert one == other


def _kind(error: str | None) -> str | None:
    return error and re.sub(r"(as Arrow data) \(.*\)", r"\1", error)


def _written(name: str, data: bytes) -> Path:
    path = Path(_folder.name, f"{os.getpid()}{name}")
    path.write_bytes(data)
    return path


def _whole(path: Path, rng: Random, **options: Any) -> Found:
    """Read a file as a corpus and as records, each in two ways."""
    other: dict[str, Any] = {"batch_bytes": rng.choice([1, 20, 100]), "threads": rng.choice([1, 2])}
    column = rng.choice([None, "text"])
    found = _corpus(path, text_column=column, threads=1, **options)
    if rng.random() < 0.1:
        other["rejects"] = path.with_suffix(".rejects")
    _same(found, _corpus(path, text_column=column, **other, **options))
    if "rejects" in other and found.report is not None:
        lines = other["rejects"].read_text("utf-8").splitlines()
        assert found.report.rejected.total() == len([json.loads(line)["reason"] for line in lines])
    _same(_records(path, threads=1, **options), _records(path, **other, **options))
    return found


def named(data: bytes, rng: Random) -> None:
    """Read a file; the first byte says how it is called."""
    _whole(_written(NAMES[data[0] % len(NAMES)] if data else "", data[1:]), rng)


def table(data: bytes, rng: Random) -> None:
    """Read Parquet, or Arrow: the name does not tell."""
    _whole(_written("", data), rng)


def archive(data: bytes, rng: Random) -> None:
    """Read a zip archive; its members as text, and compare them with what zipfile reads."""
    path = _written(".zip", data)
    _whole(path, rng)
    found = _corpus(path, input_format="text", encoding="utf-8", max_ratio=0)
    if found.error is None and data.startswith((b"PK\3\4", b"PK\5\6")):
        with zipfile.ZipFile(path) as opened:
            members = sorted(opened.infolist(), key=lambda info: info.filename)
            files = [info for info in members if not info.filename.endswith("/") and not _is_hidden(info.filename)]
            if not all(info.filename.endswith((".txt", ".csv", ".jsonl")) for info in files):
                return
            lines = [line for info in files for line in text_lines(opened.read(info).removeprefix(b"\xef\xbb\xbf"))]
        assert found.rows == [line.value for line in lines if line.value is not None]


def _is_hidden(name: str) -> bool:
    return any(part != ".." and part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
