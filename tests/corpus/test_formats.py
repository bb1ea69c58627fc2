"""The same records in every format, compression and encoding give the same documents."""

import bz2
import csv
import gzip
import io
import json
import lzma
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlptools.corpus import compression, open_corpus, open_records
from nlptools.errors import InputError, NlptoolsError, OptionError

DOCUMENTS = ["研究生命的起源", "", "混合 English ，標點", '有"引號"', "逗号,和\t制表", "最後一行的時間"]
ROWS = [{"id": number, "text": text} for number, text in enumerate(DOCUMENTS)]


def delimited(delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["id", "text"])
    writer.writerows([row["id"], row["text"]] for row in ROWS)
    return out.getvalue().encode()


def arrow(new: Callable[..., Any]) -> bytes:
    out = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    with new(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out, row_group_size=2)
    return out.getvalue()


TEXTS = {
    "a.txt": "\r\n".join(DOCUMENTS).encode(),
    "a.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode(),
    "a.json": json.dumps(ROWS, ensure_ascii=False, indent=2).encode(),
    "series.json": "\n".join(json.dumps(row, ensure_ascii=False, indent=1) for row in ROWS).encode(),
    "a.csv": delimited(","),
    "a.tsv": delimited("\t"),
}
TABLES = {
    "a.parquet": parquet(),
    "a.arrow": arrow(pa.ipc.new_file),
    "a.feather": arrow(pa.ipc.new_file),
    "stream.arrow": arrow(pa.ipc.new_stream),
}
CONTENTS = TEXTS | TABLES


def zst(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def zipped(method: int = zipfile.ZIP_DEFLATED, /, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zst,
}


def texts(source: Any, **options: Any) -> list[str]:
    return [text for batch in open_corpus(source, **options) for text in batch.column("text").to_pylist()]


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("name", CONTENTS)
def test_formats_and_compressions(tmp_path: Path, name: str, packing: str) -> None:
    data = PACKERS[packing](CONTENTS[name])
    path = write(tmp_path / (name + packing), data)
    assert texts(path) == DOCUMENTS
    records = open_records(path)
    (file,) = records.files
    assert (file.name, file.bytes) == (str(path), len(data))
    assert (file.compression is None) == (packing == "")
    rows = [row for batch in records for row in batch.to_pylist()]
    strings = name.endswith((".csv", ".tsv"))
    if name != "a.txt":
        assert rows == [{**row, "id": str(row["id"])} if strings else row for row in ROWS]
        assert texts(write(tmp_path / "nothing_tells", data)) == DOCUMENTS
    assert texts(write(tmp_path / "lies.txt", data)) == DOCUMENTS or strings


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "gb18030", "big5"]
)
@pytest.mark.parametrize("name", TEXTS)
def test_formats_and_encodings(tmp_path: Path, name: str, encoding: str) -> None:
    data = TEXTS[name].decode()
    documents = DOCUMENTS
    if encoding == "big5":  # has no simplified characters
        data, documents = data.replace("号", "號"), [text.replace("号", "號") for text in documents]
    if encoding == "gb18030":
        data, documents = data.replace("\u5f8c", "后𠮷"), [text.replace("\u5f8c", "后𠮷") for text in documents]
    path = write(tmp_path / name, data.encode(encoding))
    assert texts(path) == documents
    assert texts(path, encoding=encoding) == documents
    assert texts(path, batch_bytes=5) == documents
    assert texts(write(tmp_path / f"{name}.xz", lzma.compress(data.encode(encoding)))) == documents
    assert (
        open_records(path).files[0].encoding
        == {
            "utf-8-sig": "UTF-8",
            "utf-16": "UTF-16",
            "utf-16-le": "UTF-16-LE",
            "utf-16-be": "UTF-16-BE",
            "utf-32": "UTF-32",
            "utf-32-le": "UTF-32-LE",
            "gb18030": "GB18030",
            "big5": "Big5",
        }[encoding]
    )


@pytest.mark.parametrize("name", CONTENTS)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    tells = {} if name not in ("a.csv", "a.tsv") else {"input_format": name[-3:]}
    for packer in PACKERS.values():
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(packer(CONTENTS[name]))))
        assert texts("-", **tells) == DOCUMENTS
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(packer(CONTENTS[name]))))
        records = open_records("-", columns=["text"], **tells)
        assert records.schema.names == ["text"]
        assert records.files[0].bytes is None
        assert [row["text"] for batch in records for row in batch.to_pylist()] == DOCUMENTS


def test_tables_that_nothing_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.csv", "a.tsv"):
        text = CONTENTS[name].replace("混合 English ，標點".encode(), b"x")
        text = text.replace(b",\xe5\x92\x8c\t", b"")
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
        assert open_records("-").schema.names == ["id", "text"]
    for text in (b"a,b\n", b"a,b\nc\n", b"a,a\nb,c\n", "你好,世界,\n又一行,字,\n".encode(), b"1\tx\n2\ty\n"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
        assert open_records("-").files[0].format == "text"


def test_input_format(tmp_path: Path) -> None:
    assert texts(write(tmp_path / "a.log", TEXTS["a.csv"]), input_format="csv") == DOCUMENTS
    assert texts(write(tmp_path / "b.json", TEXTS["a.jsonl"]), input_format="jsonl") == DOCUMENTS
    assert len(texts(write(tmp_path / "c.json", TEXTS["a.jsonl"]), input_format="text")) == len(ROWS)
    with pytest.raises(InputError, match="is not Parquet"):
        texts(write(tmp_path / "d", b"text"), input_format="parquet")
    with pytest.raises(OptionError, match=r"input_format='xml' is not known: choose one of text, jsonl"):
        open_corpus("x", input_format="xml")  # type: ignore[arg-type]


# Zip


def test_members_of_a_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {name: data for name, data in CONTENTS.items() if name != "a.txt"}
    members |= {"z/b.csv.gz": gzip.compress(TEXTS["a.csv"]), "readme.md": b"no", "__MACOSX/a.txt": b"no"}
    members |= {".hidden.txt": b"no", "z/.DS_Store": b"no", "folder/": b"", "inner.zip": zipped(a=b"no")}
    data = zipped(**members)
    path = write(tmp_path / "a.zip", data)
    count = len(CONTENTS) - 1 + 1
    records = open_records(path)
    assert [file.name for file in records.files] == sorted(
        f"{path}/{name}" for name in members if name in CONTENTS or name == "z/b.csv.gz"
    )
    assert {file.compression for file in records.files} == {"zip", "gzip"}
    steps: list[int] = []
    corpus = open_corpus(path)
    assert [text for batch in corpus.batches(steps.append) for text in batch["text"].to_pylist()] == DOCUMENTS * count
    assert sum(steps) == len(data)
    for packer in PACKERS.values():
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(packer(data))))
        assert texts("-") == DOCUMENTS * count
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(packer(data))))
        records = open_records("-", columns=["text"])
        assert len(records.files) == count
        assert sum(batch.num_rows for batch in records) == count * len(DOCUMENTS)
    assert texts(tmp_path) == DOCUMENTS * count  # a folder with the archive in it


def test_control_characters_in_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    bad = open_corpus(write(tmp_path / "a.zip", zipped(**{"a\n\x1b[2J.txt": b"good\n" * 9 + b"\xff\n"})))
    assert sum(batch.num_rows for batch in bad) == 9
    assert r"a.zip/a\n\x1b[2J.txt:10" in bad.report.summary()
    with pytest.raises(InputError, match=r"columns alike \(a\\nb, a\\nb\)"):
        open_records(write(tmp_path / "a.csv", b'"a\nb","a\nb"\n')).schema  # noqa: B018


def test_the_only_member_of_a_zip_may_have_any_name(tmp_path: Path) -> None:
    assert texts(write(tmp_path / "a.zip", zipped(corpus=TEXTS["a.txt"]))) == DOCUMENTS
    bad = write(tmp_path / "b.zip", zipped(**{"a.txt": b"good\n" * 9 + b"\xff\n"}))
    corpus = open_corpus(bad)
    list(corpus)
    assert corpus.report.examples[0].file == f"{bad}/a.txt"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped(), "none of its 0 members"),
        (zipped(a=b"", b=b""), "none of its 2 members is text"),
        (zipped(**{"[Content_Types].xml": b"<x/>"}), "is an Office document"),
        (zipped(**{"a.png": b"\x89PNG\r\n\x1a\n\0"}), "a.zip/a.png: looks binary, like a PNG"),
        (zipped(**{"a.txt": b"text" * 99})[:-30], "zip archive is damaged"),
        (zipped(**{"a.txt": b"text" * 99})[:20], "zip archive is damaged"),
        (zipped(**{"a.txt": b"text"}).replace(b"\x14\0\0\0\x08", b"\x14\0\1\0\x08"), "a.zip/a.txt: is encrypted"),
        (zipped(zipfile.ZIP_STORED, **{"a.txt": b"abcdefg"}).replace(b"abcdefg", b"abcdefh"), "is damaged"),
        (zipped(**{f"{n}.txt": b"x" for n in range(11)}), "has 11 members, more than the 10 .*--max-members 100"),
    ],
)
def test_zips_that_cannot_be_read(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        texts(write(tmp_path / "a.zip", data), max_members=10)


def test_a_huge_list_of_members_is_not_even_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", zipped(**{f"{n}{'x' * 5000}.txt": b"x" for n in range(9)}))
    with pytest.raises(InputError, match=r"list of members of .* bytes, more than the 10 .*--max-members"):
        texts(path, max_members=10)


# Limits


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zst", ".zip"])
def test_bombs(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_FREE_BYTES", 100_000)
    plain = ("零" * 99 + "\n").encode() * 2400  # 700 KB
    packed = zipped(**{"a.txt": plain}) if packing == ".zip" else PACKERS[packing](plain)
    path = write(tmp_path / f"a.txt{packing}", packed)
    with pytest.raises(InputError, match=r"hold more than 100 times as many.*--max-ratio 1000"):
        texts(path, max_ratio=100)
    if packing == ".zst":
        assert sum(batch.num_rows for batch in open_corpus(path, max_ratio=0)) == 2400


def test_bombs_of_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_FREE_BYTES", 1 << 20)
    table = pa.table({"text": ["零" * 99] * 24_000})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=6_000)
    with pytest.raises(InputError, match=r"--max-ratio 1000"):
        texts(tmp_path / "a.parquet", max_ratio=100)
    pa.feather.write_feather(table, tmp_path / "a.feather", compression="zstd")
    with pytest.raises(InputError, match=r"--max-ratio 200"):
        texts(tmp_path / "a.feather", max_ratio=20)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_one_long_string_that_many_rows_refer_to(tmp_path: Path, name: str) -> None:
    """Written out, these would be 100 GB."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 1_000_000]))
    table = pa.table({"text": column})
    if name == "a.parquet":
        pq.write_table(table, tmp_path / name, compression="zstd", dictionary_pagesize_limit=1 << 30)
    else:
        pa.feather.write_feather(table, tmp_path / name, compression="zstd")
    with pytest.raises(InputError, match=r"like a bomb.*--max-ratio 10000"):
        texts(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.txt"])
def test_long_lines(tmp_path: Path, name: str) -> None:
    body = TEXTS[name].replace("最後".encode(), b"x" * 5000)
    path = write(tmp_path / name, body)
    for batch_bytes in (10, 3000, 1 << 20):
        assert len(texts(path, batch_bytes=batch_bytes)) == len(ROWS)
        with pytest.raises(InputError, match=r"longer than 4000 bytes.*--max-line-bytes 8000"):
            texts(path, max_line_bytes=4000, batch_bytes=batch_bytes)


def test_depth(tmp_path: Path) -> None:
    def nested(depth: int) -> str:
        return '{"text":"x","n":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"

    path = write(tmp_path / "a.jsonl", "\n".join(map(nested, [2, 3, 63, 64, 65, 9000])).encode())
    corpus = open_corpus(path)
    assert sum(batch.num_rows for batch in corpus) == 4
    assert corpus.report.rejected == {"nested deeper than 64": 2}
    assert len(texts(path, max_depth=65)) == 5
    assert len(texts(path, max_depth=2)) == 1
    corpus = open_corpus(path, max_depth=1 << 20)
    assert sum(batch.num_rows for batch in corpus) == 5
    assert corpus.report.rejected == {"nested too deep": 1}


# Damage


@settings(max_examples=150)
@given(
    st.binary(max_size=60),
    st.sampled_from(sorted(CONTENTS)),
    st.integers(0, 80),
    st.sampled_from(["", ".gz", ".xz", ".zip"]),
)
def test_any_bytes_under_any_name(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str, keep: int, packing: str
) -> None:
    whole = CONTENTS[name][:keep] + data
    path = write(
        tmp_path_factory.mktemp("any") / f"{name}{packing}",
        zipped(**{name: whole}) if packing == ".zip" else PACKERS[packing](whole),
    )
    for reading in (open_corpus, open_records):
        with suppress(NlptoolsError):
            for batch in reading(path):
                batch.validate(full=True)


@pytest.mark.parametrize("name", CONTENTS)
def test_files_that_end_early_or_are_damaged(tmp_path: Path, name: str) -> None:
    whole = CONTENTS[name]
    for size in range(0, len(whole), max(1, len(whole) // 40)):
        flipped = bytearray(whole)
        flipped[size] ^= 0x5A
        for damaged in (whole[:size], bytes(flipped)):
            path = write(tmp_path / name, damaged)
            for reading in (open_corpus, open_records):
                try:
                    for batch in reading(path):
                        batch.validate(full=True)
                except InputError as error:
                    assert "\n" not in str(error)
                    assert str(path) in str(error)


def test_documents_that_are_files_in_any_wrapping(tmp_path: Path) -> None:
    text = "第一行的文字\r\n和第二行的文字\n"
    paths = [
        write(tmp_path / f"{encoding}{packing}", packer(text.encode(encoding)))
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030")
        for packing, packer in PACKERS.items()
    ]
    archive = write(tmp_path / "a.zip", zipped(**{"a.txt": text.encode(), "b.txt": text.encode("gb18030")}))
    assert texts([*paths, archive], document_per="file") == [text] * 22
    for name in ("a.csv", "a.parquet", "a.json", "a.arrow"):
        with pytest.raises(OptionError, match="document_per='file' is only for text"):
            open_corpus(write(tmp_path / name, CONTENTS[name]), document_per="file")
        with pytest.raises(OptionError, match="document_per='file' is only for text"):
            texts(write(tmp_path / "x", CONTENTS[name]), document_per="file", input_format=None)


def test_a_parquet_file_with_fewer_rows_than_it_says(tmp_path: Path) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"] * 50}), out)
    data = out.getvalue()
    fifty, sixty = b"\x16\x64", b"\x16\x78"  # as the footer writes numbers of rows and values
    footer = data.index(b"schema")
    path = write(tmp_path / "a.parquet", data[:footer] + data[footer:].replace(fifty, sixty))
    for batch_bytes in (1, 1 << 20):
        with pytest.raises(InputError, match=r"row group 0 holds 50 rows, not 60 as it says"):
            list(open_corpus(path, batch_bytes=batch_bytes))
