"""Results are whole or absent, and read back by others."""

import csv
import gzip
import io
import json
import math
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jieba
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from nlptools.corpus import atomic_file, check_output, write_table, write_table_to
from nlptools.errors import OutputError

WORDS = [
    "研究",
    "a,b",
    'say "hi"',
    "tab\there",
    "two\nlines",
    "cr\rcr",
    "𠮷野家",
    " 空格 ",
    "'",
    "#1",
    "NA",
    "\\",
]
TABLE = pa.table(
    {
        "word": WORDS,
        "count": pa.array(range(1, 13), pa.int64()),
        "pmi": [0.1 + 0.2, 1.0, -1e-7, 1e20, 3.5, 0.0, 2.0, 1 / 3, 5e-324, 6.25, 7.0, 8.0],
        "known": [True, False] * 6,
        "note": [None, "", "x"] * 4,
    }
)


def test_atomic_file_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    with atomic_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
        assert len(list(tmp_path.iterdir())) == 2
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), atomic_file(tmp_path / "a.txt") as file:
        file.write(b"half")
        raise error
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(error), atomic_file(tmp_path / "a.txt") as file:
        raise error
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "a"):
            pass
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("old", "new"):
        link = tmp_path / name
        link.symlink_to(Path("d", name))
        with atomic_file(link) as file:
            file.write(b"x")
        assert link.is_symlink()
        assert (tmp_path / "d" / name).read_bytes() == b"x"


def test_places_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Any) -> None:
        write_table(TABLE, path)

    checks: list[Callable[[Any], None]] = [check_output, write]
    for check in checks:
        with pytest.raises(OutputError, match=r"does not exist; create it with: mkdir -p '?/.*/a b'?$"):
            check(tmp_path / "a b" / "x.csv")
        (tmp_path / "d.csv").mkdir(exist_ok=True)
        with pytest.raises(OutputError, match=r"d\.csv: is a folder; name a file"):
            check(tmp_path / "d.csv")
        with pytest.raises(OutputError, match=r"known are \.csv, \.tsv, .*\.feather \(those of text"):
            check(tmp_path / "x.xlsx")
        with pytest.raises(OutputError, match=r"the suffix does not say"):
            check(tmp_path / "x.parquet.gz")
        with pytest.raises(OutputError, match=r"the suffix does not say"):
            check(tmp_path / "gz")
        with pytest.raises(OutputError, match=r"is no name for a file"):
            check("a\0.csv")
    check_output(tmp_path / "fine.csv.gz")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"nothing can be written in the folder"):
        check_output(tmp_path / "x.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"No space left on device"):
        write_table(TABLE, "/dev/full")
    with pytest.raises(OutputError, match=r"No space left on device"), atomic_file(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "a"):
        Path(tmp_path / "other").read_bytes()
    assert not list(tmp_path.iterdir())


def test_devices_and_pipes(tmp_path: Path) -> None:
    write_table(TABLE, "/dev/null")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_table(TABLE, pipe)
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert received[0].startswith(b"word,count,pmi,known,note\n")


def test_redirected_standard_output_is_not_replaced(tmp_path: Path) -> None:
    code = (
        "import pyarrow as pa; from nlptools.corpus import write_table;write_table(pa.table({'a': [1]}), '/dev/stdout')"
    )
    path = tmp_path / "out.csv"
    path.write_text("before\n")
    with path.open("ab") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True, cwd=Path(__file__).parents[2])
    assert path.read_text() == "before\na\n1\n"


def unpacked(path: Any) -> Any:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()
    return data


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_delimited(tmp_path: Path, suffix: str, delimiter: str, packing: str) -> None:
    path = tmp_path / f"words{suffix}{packing}"
    write_table(TABLE, path)
    data = unpacked(path)
    assert data.startswith(delimiter.join(TABLE.column_names).encode() + b"\n")
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))
    assert [row["word"] for row in rows] == WORDS
    assert [float(row["pmi"]) for row in rows] == TABLE["pmi"].to_pylist()
    back = pyarrow.csv.read_csv(
        io.BytesIO(data),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    assert back.equals(TABLE)
    frame = pl.read_csv(data, separator=delimiter)
    assert frame["word"].to_list() == WORDS
    assert frame["count"].to_list() == list(range(1, 13))


def test_csv_is_plain_where_it_can_be() -> None:
    sink = io.BytesIO()
    write_table_to(pa.table({"词": ["研究", None, ""], "n, m": [1.5, math.nan, None]}), sink)
    assert sink.getvalue().decode() == '词,"n, m"\n研究,1.5\n,nan\n"",\n'


def test_csv_of_dictionaries_and_chunks() -> None:
    column = pa.chunked_array([["a"], ["b", "c"]]).dictionary_encode()
    sink = io.BytesIO()
    write_table_to(pa.table({"x": column}), sink)
    assert sink.getvalue() == b"x\na\nb\nc\n"
    sink = io.BytesIO()
    write_table_to(pa.table({"x": column})[:0], sink)
    assert sink.getvalue() == b"x\n"


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.zst"])
def test_json_lines(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"words{suffix}"
    write_table(TABLE, path)
    data = unpacked(path).decode()
    assert "研究" in data
    assert [json.loads(line) for line in data.splitlines()] == TABLE.to_pylist()


def test_json_has_no_nan() -> None:
    sink = io.BytesIO()
    write_table_to(pa.table({"x": [math.nan, math.inf, 0.5, None], "l": [[1], [], None, [2]]}), sink, "jsonl")
    assert [json.loads(line)["x"] for line in sink.getvalue().splitlines()] == [None, None, 0.5, None]
    with pytest.raises(OutputError, match=r"cannot be written as jsonl"):
        write_table_to(pa.table({"x": [[math.nan]]}), io.BytesIO(), "jsonl")


def test_binary_formats(tmp_path: Path) -> None:
    chunked = pa.concat_tables([TABLE[:5], TABLE[5:]])
    write_table(chunked, tmp_path / "a.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").equals(TABLE)
    metadata = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    for suffix in (".arrow", ".feather"):
        write_table(chunked, tmp_path / f"a{suffix}")
        assert pyarrow.feather.read_table(tmp_path / f"a{suffix}").equals(TABLE)


@pytest.mark.parametrize(
    "suffix", [".csv", ".csv.gz", ".tsv.zst", ".jsonl.gz", ".ndjson.zst", ".parquet", ".arrow", ".feather"]
)
def test_equal_tables_give_equal_bytes(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(TABLE, tmp_path / f"a{suffix}")
    monkeypatch.setattr("time.time", lambda: 1.0)
    write_table(pa.concat_tables([TABLE[:5], TABLE[5:]]), tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_dictionary_for_jieba(tmp_path: Path) -> None:
    path = tmp_path / "words.dict"
    write_table(pa.table({"count": [12, 7], "word": ["𠮷野家饭", "石墨烯电池"], "x": [1, 2]}), path)
    assert path.read_text("utf-8") == "𠮷野家饭 12\n石墨烯电池 7\n"
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(tmp_path)
    with path.open("rb") as file:
        tokenizer.load_userdict(file)
    assert tokenizer.FREQ["石墨烯电池"] == 7
    assert "石墨烯电池" in tokenizer.lcut("他研究石墨烯电池。", HMM=False)
    with pytest.raises(OutputError, match=r"needs the columns word and count, has word"):
        write_table(pa.table({"word": ["a"]}), path)
    with pytest.raises(OutputError, match=r"does not fit on a line"):
        write_table(pa.table({"word": ["a\nb"], "count": [1]}), path)
    assert path.read_text("utf-8").count("\n") == 2
    write_table(pa.table({"word": ["a"], "count": [1]}), tmp_path / "words.dict.gz")


def test_what_a_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be written as csv .*choose parquet or arrow"):
        write_table(pa.table({"x": [[1, 2]]}), tmp_path / "a.csv")
    with pytest.raises(OutputError, match=r"format 'xml' is not known; choose one of csv"):
        write_table_to(TABLE, io.BytesIO(), "xml")
    assert not list(tmp_path.iterdir())
