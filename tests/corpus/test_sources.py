"""Other people's tables, threads, encodings, rejects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.corpus import open_corpus, open_records
from nlptools.corpus.byte_stream import ByteStream, chunk_stream
from nlptools.corpus.encodings import as_utf8, unescaped
from nlptools.errors import BadRecordError, InputError, OptionError

TABLE = pa.table({"id": [1, 2, 3], "text": ["一", None, "三"], "tags": [["a"], [], None]})


def texts(source: Any, **options: Any) -> list[str]:
    return [text for batch in open_corpus(source, **options) for text in batch.column("text").to_pylist()]


# Anything with the Arrow C stream interface


def sources(tmp_path: Path) -> dict[str, Any]:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    return {
        "pyarrow": TABLE,
        "dataset": pyarrow.dataset.dataset(tmp_path / "a.parquet"),
        "polars": pl.from_arrow(TABLE),
        "pandas": TABLE.to_pandas(types_mapper=pd.ArrowDtype),
        "duckdb": duckdb.connect().sql(f"select * from '{tmp_path}/a.parquet'"),
    }


@pytest.mark.parametrize("kind", ["pyarrow", "dataset", "polars", "pandas", "duckdb"])
def test_tables_of_other_libraries(kind: str, tmp_path: Path) -> None:
    source = sources(tmp_path)[kind]
    corpus = open_corpus(source)
    for _ in range(2):
        assert [text for batch in corpus for text in batch["text"].to_pylist()] == ["一", "三"]
        assert corpus.report.rejected == {"column 'text' is null": 1}
    records = open_records(source)
    for _ in range(2):
        assert [row["text"] for batch in records for row in batch.to_pylist()] == ["一", None, "三"]
    assert records.schema.names == ["id", "text", "tags"]
    assert next(row for batch in open_records(source, columns=["id"]) for row in batch.to_pylist()) == {"id": 1}
    assert texts(source, text_column="tags,text") == ["a\n一", "", "三"]
    with pytest.raises(InputError, match=r"no column 'no'; its columns are 'id', 'text', 'tags'"):
        texts(source, text_column="no")


def test_a_dataset_reads_only_the_columns() -> None:
    class Spy:
        schema = TABLE.schema
        asked: list[Any] = []  # noqa: RUF012

        def scanner(self, columns: list[str]) -> Any:
            self.asked.append(columns)
            return pyarrow.dataset.dataset(TABLE).scanner(columns=columns)

    assert texts(Spy()) == ["一", "三"]
    assert Spy.asked == [["text"]]


class Hostile:
    """A table whose maker fails."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        def batches() -> Iterator[Any]:
            yield pa.record_batch({"text": ["一"]})
            raise RuntimeError("the database\nwent away")

        reader = pa.RecordBatchReader.from_batches(pa.schema([("text", pa.string())]), batches())
        return reader.__arrow_c_stream__(requested_schema)


def test_streams_that_fail() -> None:
    with pytest.raises(InputError, match=r"Hostile: cannot be read as Arrow data .*the database went away.*check what"):
        texts(Hostile())


def test_damaged_arrow_data_is_refused() -> None:
    offsets = pa.py_buffer(np.array([0, 9, 4], dtype=np.int32))
    column = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"abcdefghi"))
    with pytest.raises(InputError, match=r"Table: cannot be read as Arrow data"):
        texts(pa.table({"text": column}))


# Threads


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.json", "a.csv", "a.parquet"])
def test_threads_do_not_matter(tmp_path: Path, name: str) -> None:
    documents = [f"第{number}行\u3000文字" if number % 7 else "" for number in range(3000)]
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(pa.table({"text": [text or None for text in documents]}), path, row_group_size=100)
    else:
        lines = {
            "a.txt": [text.encode() or b"\xff" for text in documents],
            "a.jsonl": [json.dumps({"text": text or None}).encode() for text in documents],
            "a.json": [(json.dumps({"text": text or None}) + ",").encode() for text in documents],
            "a.csv": [b"id,text", *((f"1,{text}" if text else "1").encode() for text in documents)],
        }[name]
        data = b"\n".join(lines)
        path.write_bytes(b"[" + data[:-1] + b"]" if name == "a.json" else data)
    runs = []
    for threads in (1, 2, 5):
        rejects = tmp_path / f"{threads}.jsonl"
        corpus = open_corpus(path, threads=threads, batch_bytes=2000, rejects=rejects)
        batches = [batch.to_pydict() for batch in corpus]
        runs.append((batches, corpus.report, rejects.read_bytes()))
    assert runs[0] == runs[1] == runs[2]
    assert runs[0][1].documents == sum(map(bool, documents))
    assert runs[0][1].rejected.total() == 429


# Encodings


def utf8(data: bytes, encoding: str | None = None) -> tuple[bytes, str]:
    stream, label = as_utf8(chunk_stream(iter([data])), "x", encoding, 64 << 10)
    out = b""
    while chunk := stream.read(100):
        out += chunk
    return out, label


SIMPLIFIED = "研究生命的起源，我们在这里说的是中文。"
TRADITIONAL = "研究生命的起源，我們在這裡說的是中文。"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (SIMPLIFIED, "gb18030", "GB18030"),
        (SIMPLIFIED, "gb2312", "GB18030"),
        (TRADITIONAL, "gbk", "GB18030"),
        (TRADITIONAL, "big5", "Big5"),
        (TRADITIONAL, "cp950", "Big5"),
        ("中文", "gbk", "GB18030"),
        ("中文", "big5", "Big5"),
        ("一" * 50 + "，的。", "utf-16-le", "UTF-16-LE"),
        ("一" * 50 + "，的。\n", "utf-16-be", "UTF-16-BE"),
        ("plain ASCII", "utf-16-le", "UTF-16-LE"),
        ("plain ASCII", "ascii", "UTF-8"),
        ("", "ascii", "UTF-8"),
        ("x" * 200_000 + TRADITIONAL, "big5", "Big5"),
    ],
)
def test_detection(text: str, codec: str, label: str) -> None:
    assert utf8(text.encode(codec)) == (text.encode(), label)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("日本語のテキストです。これはテストの文章です。" * 3, "shift_jis"),
        ("日本語のテキストです。これはテストの文章です。" * 3, "euc_jp"),
        ("한국어 텍스트입니다. 이것은 시험입니다. " * 3, "euc_kr"),
        ("Où êtes-vous allés ? Voilà un café très élégant.\n" * 3, "latin-1"),
    ],
)
def test_what_is_no_chinese_is_not_guessed(text: str, codec: str) -> None:
    with pytest.raises(InputError, match=r"looks like neither GB18030 nor Big5; name the encoding: --encoding"):
        utf8(text.encode(codec))
    assert utf8(text.encode(codec), codec)[0] == text.encode()


def test_a_few_bad_lines_do_not_make_another_encoding() -> None:
    data = "好的文字\n".encode() * 5 + b"\xd6\xd0\xce\xc4\n"
    assert utf8(data) == (data, "UTF-8")


@pytest.mark.parametrize("name", ["klingon", "", "a\0b", "rot13", "base64", "idna", "undefined"])
def test_names_of_encodings(name: str) -> None:
    with pytest.raises(OptionError, match=r"encoding=.* is not known; common ones are utf-8, gb18030"):
        open_corpus("x.txt", encoding=name)


def test_bytes_that_cannot_be_decoded_cost_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    good = SIMPLIFIED.encode("gb18030")
    path.write_bytes(b"\n".join([good, b"bad \xff\xe4", good, good + b"\x81"]))
    rejects = tmp_path / "r.jsonl"
    corpus = open_corpus(path, rejects=rejects)
    assert [text for batch in corpus for text in batch["text"].to_pylist()] == [SIMPLIFIED] * 2
    assert [(e.line, e.reason) for e in corpus.report.examples] == [(2, "not valid GB18030"), (4, "not valid GB18030")]
    assert json.loads(rejects.read_text("utf-8").splitlines()[0])["text"] == "bad \\xff\\xe4"
    path.write_bytes("好\n".encode("utf-16") + b"\x00\xd8\n\x00" + "吗\nx".encode("utf-16-le") + b"y")
    corpus = open_corpus(path)
    assert [text for batch in corpus for text in batch["text"].to_pylist()] == ["好", "吗"]
    assert corpus.report.rejected == {"not valid UTF-16": 2}


@given(
    st.binary(max_size=40),
    st.sampled_from(["gb18030", "big5", "utf-16-le", "utf-32-le", "cp1252", "ascii", "shift_jis"]),
)
def test_transcoding_is_that_of_python_and_loses_no_byte(data: bytes, codec: str) -> None:
    out, _ = utf8(data, codec)
    try:
        expected = data.decode(codec)
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            out.decode("utf-8")
        if codec == "ascii":
            assert unescaped(out) == data
    else:
        assert out.decode("utf-8") == expected.removeprefix("\ufeff")


def test_peeking_takes_nothing() -> None:
    stream = ByteStream(iter([b"ab", b"c", b"defg", b""]).__next__ if False else _reads(b"ab", b"c", b"defg"))
    assert (stream.peek(4), stream.peek(2), stream.taken) == (b"abcd", b"ab", 0)
    assert (stream.read(3), stream.peek(9), stream.read(1), stream.read(9)) == (b"abc", b"defg", b"d", b"efg")
    assert (stream.read(1), stream.peek(1), stream.taken) == (b"", b"", 7)


def _reads(*chunks: bytes) -> Any:
    return chunk_stream(iter(chunks)).read


# Rejects


def test_rejects_of_a_failed_run(tmp_path: Path) -> None:
    rejects = tmp_path / "r.jsonl"
    rejects.write_text("older\n", encoding="utf-8")
    good, bad = tmp_path / "a.txt", tmp_path / "b.txt"
    good.write_text("好\n" * 9, encoding="utf-8")
    bad.write_bytes("好\n".encode() * 9 + b"\xff\n" + b"\xfe\n")
    with pytest.raises(InputError, match="longer than 2 bytes"):
        texts(good, rejects=rejects, max_line_bytes=2)
    assert rejects.read_text("utf-8") == "older\n"  # nothing better came of it
    with pytest.raises(BadRecordError):
        texts(bad, rejects=rejects, strict=True)
    assert [json.loads(line)["line"] for line in rejects.read_text("utf-8").splitlines()] == [10]
    batches = open_corpus(bad, rejects=rejects, batch_bytes=5, threads=1).batches()
    next(batches)
    del batches
    assert len(rejects.read_text("utf-8").splitlines()) == 1  # a pass that was left before any bad record
    assert len(texts(bad, rejects=rejects)) == 9
    assert [json.loads(line)["line"] for line in rejects.read_text("utf-8").splitlines()] == [10, 11]
    texts(good, rejects=rejects)
    assert rejects.read_text("utf-8") == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt", "r.jsonl"]
