"""CSV and TSV: what the csv module writes is read back; what is odd is kept as it is written, or rejected."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlptools.corpus import open_corpus, open_records
from nlptools.corpus._kernels import read_cells
from nlptools.corpus.byte_stream import chunk_stream
from nlptools.corpus.delimited import CsvReader, TsvReader
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import Content, Reading, Wanted
from nlptools.errors import BadRecordError, InputError

cells = st.text(alphabet="a\",\t\r\n 中𠮷\0'", max_size=6)


def tables(columns: int) -> Any:
    return st.lists(st.lists(cells, min_size=columns, max_size=columns), min_size=1, max_size=8)


def read(data: bytes, delimiter: str = ",", header: bool = False, **options: Any) -> Any:
    """Return rows and what was rejected."""
    reading = Reading(ReadOptions(header=header, **options))
    kind = CsvReader if delimiter == "," else TsvReader
    reader = kind(Content(chunk_stream(iter([data])), "t.csv"), reading.options)
    rows = []
    for batch in reader.batches(Wanted(reader.schema), reading):
        batch.validate(full=True)
        rows += [list(row.values()) for row in batch.to_pylist()]
    return rows, reading.report


@settings(max_examples=300)
@given(
    st.integers(1, 4).flatmap(tables),
    st.sampled_from([",", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.integers(1, 40),
)
@example([["a", "中"]], ",", "\r\n", csv.QUOTE_ALL, 1)
def test_rows_are_those_of_the_csv_module(
    rows: list[list[str]], delimiter: str, line_end: str, quoting: Any, batch_bytes: int
) -> None:
    if line_end == "\n" and quoting == csv.QUOTE_MINIMAL:  # then the module leaves CR bare
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    read_back, report = read(out.getvalue().encode(), delimiter, batch_bytes=batch_bytes)
    assert read_back == rows
    assert not report.rejected


@settings(max_examples=300)
@given(st.text(alphabet='a,"\n\r中', max_size=30), st.integers(1, 40))
def test_any_text_is_read_as_the_csv_module_does_or_kept(text: str, batch_bytes: int) -> None:
    """Where quotes are well-formed the csv module agrees; where not, no byte is lost."""
    rows, report = read(text.encode(), batch_bytes=batch_bytes)
    if "\r" not in text.replace("\r\n", "\n"):
        try:
            twin = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        except csv.Error:
            return
        assert rows == [row for row in twin if len(row) == len(twin[0])]
        assert report.rejected.total() == sum(len(row) != len(twin[0]) for row in twin)


def test_the_kernel_needs_no_compiler() -> None:
    data = np.frombuffer(b'"a ""b""",\xe4\xb8\xad\r\nx\n"c\nd",\n\n"e" f,g\n\xff,1\n"open,2\n', dtype=np.uint8)
    out, offsets, bad = np.zeros(99, dtype=np.uint8), np.zeros(99, dtype=np.int64), np.zeros((9, 5), dtype=np.int64)
    kernel = getattr(read_cells, "py_func", read_cells)
    assert kernel(data, ord(","), 2, True, 99, out, offsets, bad) == (data.size, 8, 3, 3)
    found = [bytes(out[offsets[k] : offsets[k + 1]]).decode() for k in range(6)]
    assert found == ['a "b"', "中", "c\nd", "", '"e" f', "g"]
    assert [(line, why, count) for line, _, _, why, count in bad[:3].tolist()] == [(1, 0, 1), (6, 1, 2), (7, 2, 1)]


def test_quotes_that_are_none() -> None:
    rows, report = read('x\ty\n"双十一"到了\t1\n5" 屏\t"2"\n""\t"""q"""\n'.encode(), "\t")
    assert rows == [["x", "y"], ['"双十一"到了', "1"], ['5" 屏', "2"], ["", '"q"']]
    assert not report.rejected


def test_rows_that_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        'id,text\n1,好\n2\n3,a,b\n\n4,"x\ny"\n5,\xff\n'.encode("latin-1", "replace").replace(b"?", b"ok")
        + b'6,"open\n7,z\n'
    )
    variants: list[dict[str, Any]] = [{}, {"batch_bytes": 1}, {"threads": 1}]
    for options in variants:
        rejects = tmp_path / "rejects.jsonl"
        records = open_records(path, rejects=rejects, encoding="utf-8", **options)
        assert [row for batch in records for row in batch.to_pylist()] == [
            {"id": "1", "text": "ok"},
            {"id": "4", "text": "x\ny"},
            {"id": "7", "text": "z"},
        ]
        assert [(e.line, e.reason) for e in records.report.examples] == [
            (3, "1 cells, not 2"),
            (4, "3 cells, not 2"),
            (8, "not valid UTF-8"),
            (9, "a quote is not closed"),
        ]
        assert '"text": "6,\\"open"' in rejects.read_text("utf-8")
    with pytest.raises(BadRecordError, match=r"a\.csv, line 3: 1 cells, not 2; .*--strict"):
        list(open_records(path, strict=True, encoding="utf-8"))


def test_an_open_quote_costs_one_line_even_in_a_long_file() -> None:
    body = b'a,b\n"open,1\n' + b"x,y\n" * 5000
    rows, report = read(body, batch_bytes=100, max_line_bytes=1000)
    assert len(rows) == 5001
    assert report.rejected == {"a quote is not closed": 1}


def test_headers(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("实体\t属性\t\n甲\t乙\t丙\n", encoding="utf-8")
    assert open_records(path).schema.names == ["实体", "属性", "3"]
    assert open_records(path, header=False).schema.names == ["1", "2", "3"]
    assert [t for batch in open_corpus(path, header=False, text_column="3") for t in batch["text"].to_pylist()] == [
        "",
        "丙",
    ]
    path.write_text('"two\nlines","x"\n1,2\n', encoding="utf-8")
    records = open_records(path.rename(tmp_path / "b.csv"))
    assert records.schema.names == ["two\nlines", "x"]
    assert [row["x"] for batch in records for row in batch.to_pylist()] == ["2"]
    path.write_text("a\ta\n1\t2\n", encoding="utf-8")
    for source in (open_records(path), open_corpus(path, text_column="a")):
        with pytest.raises(InputError, match=r"names two columns alike \(a, a\).*--no-header"):
            list(source)
    path.write_bytes(b"\n\r\n")
    with pytest.raises(InputError, match="is empty"):
        list(open_corpus(path))
    path.write_bytes(b"a\xff\tb\n" + "你好\t好\n".encode() * 3)
    with pytest.raises(InputError, match="line 1: not valid UTF-8"):
        list(open_corpus(path))


def test_cells_longer_than_a_block() -> None:
    text = '"' + "长\n" * 5000 + '",x\n'
    rows, _ = read(text.encode(), batch_bytes=1000)
    assert rows == [["长\n" * 5000, "x"]]


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("2023-01-01\t1\t标题", ["1", "2", "3"]),
        ("7\t文本", ["1", "2"]),
        ("国家\t2019\t2020", ["国家", "2019", "2020"]),
        ("id\ttext", ["id", "text"]),
        ("3个\t文本", ["3个", "文本"]),
    ],
)
def test_a_number_or_a_date_is_no_name(tmp_path: Path, first: str, names: list[str]) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(first + "\n" + first + "\n", encoding="utf-8")
    records = open_records(path)
    assert records.schema.names == names
    assert sum(batch.num_rows for batch in records.batches()) == (2 if names[0] == "1" else 1)


def test_first_row_that_cannot_be_used() -> None:
    with pytest.raises(InputError, match=r"line 1: longer than 3 bytes.*--max-line-bytes 6"):
        read(b"abc,d\n1,2\n", header=True, max_line_bytes=3)
    with pytest.raises(InputError, match=r"line 1: not valid UTF-8, where the names"):
        read(b"a,\xff\n1,2\n", header=True)
    rows, report = read(b"a,\xff\n1,2\n")
    assert rows == [["1", "2"]]
    assert report.rejected == {"not valid UTF-8": 1}


@pytest.mark.parametrize("batch_bytes", [1, 7, 30, 1000])
def test_a_quote_that_is_closed_too_late_is_not_closed(batch_bytes: int) -> None:
    body = b'a,b\n1,"' + b"x,y\n" * 5 + b'z"\n2,"end"\n'
    rows, report = read(body, batch_bytes=batch_bytes, max_line_bytes=12)
    assert rows == [["a", "b"], *[["x", "y"]] * 4, ["2", "end"]]
    assert report.rejected == {"a quote is not closed": 1, "1 cells, not 2": 1}
    rows, report = read(body, batch_bytes=batch_bytes, max_line_bytes=25)
    assert rows == [["a", "b"], ["1", "x,y\n" * 5 + "z"], ["2", "end"]]
