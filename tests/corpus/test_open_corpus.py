"""What `open_corpus` takes, in which order, and what it says when it cannot."""

import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from nlptools.corpus import BATCH_SCHEMA, ReadOptions, open_corpus, open_paths
from nlptools.errors import BadRecordError, InputError, NlptoolsError, OptionError, OutputError

TEXT = "研究生命的起源\n\n混合 English 𠮷野家\n"
Writer = Callable[..., Path]
DOCUMENTS = ["研究生命的起源", "", "混合 English 𠮷野家"]


def texts(corpus: Any) -> list[str]:
    return [text for batch in corpus for text in batch.column("text").to_pylist()]


def zst(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def pack(name: str, data: bytes) -> bytes:
    return gzip.compress(data) if name.endswith(".gz") else zst(data) if name.endswith(".zst") else data


@pytest.fixture
def file(tmp_path: Path) -> Writer:
    def write(name: str, content: str | bytes = TEXT) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else pack(name, content.encode()))
        return path

    return write


@pytest.mark.parametrize("name", ["a.txt", "a.TXT", "a", "a.log", "a.txt.gz", "a.txt.zst", "a.gz", "b.zst"])
def test_text_files(file: Writer, name: str) -> None:
    corpus = open_corpus(file(name))
    assert texts(corpus) == DOCUMENTS
    assert texts(corpus) == DOCUMENTS  # once more
    assert corpus.report.documents == 3
    assert corpus.report.text_bytes == len("".join(DOCUMENTS).encode())


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson.gz", "a.jsonl.zst", "a", "a.gz"])
def test_json_lines_files(file: Writer, name: str) -> None:
    content = "\n" + "\n".join(json.dumps({"id": 1, "text": text}) for text in DOCUMENTS)
    assert texts(open_corpus(file(name, content))) == DOCUMENTS


def test_txt_may_hold_json_unless_told_otherwise(file: Writer) -> None:
    path = file("a.txt", '{"text":"a"}\n')
    assert texts(open_corpus(path)) == ["a"]
    assert texts(open_corpus(path, input_format="text")) == ['{"text":"a"}']
    assert texts(open_corpus(file("b.txt", "{text\n"))) == ["{text"]


def test_compression_that_the_name_does_not_tell(file: Writer) -> None:
    assert texts(open_corpus(file("a.txt", gzip.compress(TEXT.encode())))) == DOCUMENTS
    assert texts(open_corpus(file("a", zst(TEXT.encode())))) == DOCUMENTS


def test_members_and_frames_follow_each_other(file: Writer) -> None:
    data = TEXT.encode()
    assert texts(open_corpus(file("a.gz", gzip.compress(data) + gzip.compress(data)))) == DOCUMENTS * 2
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    assert texts(open_corpus(file("a.zst", skippable + zst(data) + zst(data)))) == DOCUMENTS * 2


def test_batches_have_the_schema_and_count_documents(file: Writer) -> None:
    path = file("a.txt", "".join(f"第{i}行\n" for i in range(1000)))
    batches = list(open_corpus([path, path], batch_bytes=100))
    assert len(batches) > 20
    assert all(batch.schema.equals(BATCH_SCHEMA) for batch in batches)
    assert all(0 < batch.num_rows <= 40 for batch in batches)
    for batch in batches:
        batch.validate(full=True)
    assert [n for batch in batches for n in batch.column("document").to_pylist()] == list(range(2000))


def test_small_arrays_are_joined() -> None:
    assert [batch.num_rows for batch in open_corpus(["x"] * 10_000)] == [10_000]


def test_line_ends_and_byte_order_mark(file: Writer) -> None:
    corpus = open_corpus([file("a.txt", b"\xef\xbb\xbfa\r\nb\rc\n\n"), file("b.txt", "\ufeff\ufeffd")])
    assert texts(corpus) == ["a", "b\rc", "", "\ufeffd"]


def test_rejected_lines(file: Writer, tmp_path: Path) -> None:
    path = file("a.txt", "好\n".encode() * 9 + b"\xff bad\r\n" + b"ok\n" + b"\xed\xa0\x80")
    rejects = tmp_path / "rejects.jsonl"
    corpus = open_corpus(path, rejects=rejects)
    for _ in range(2):
        assert len(texts(corpus)) == 10
        assert corpus.report.rejected == {"not valid UTF-8": 2}
        assert [(e.file, e.line) for e in corpus.report.examples] == [(str(path), 10), (str(path), 12)]
        assert [json.loads(line) for line in rejects.read_text("utf-8").splitlines()] == [
            {"file": str(path), "line": 10, "reason": "not valid UTF-8", "text": "\\xff bad\r"},
            {"file": str(path), "line": 12, "reason": "not valid UTF-8", "text": "\\xed\\xa0\\x80"},
        ]
    with pytest.raises(BadRecordError, match=r"a\.txt, line 10: not valid UTF-8; .*--strict"):
        texts(open_corpus(path, strict=True))


def test_report_starts_anew_and_remembers_few(file: Writer) -> None:
    corpus = open_corpus(file("a.txt", "好\n".encode() * 90 + b"\xff\n" * 80))
    for _ in range(2):
        texts(corpus)
        assert corpus.report.rejected.total() == 80
        assert len(corpus.report.examples) == 5
        assert corpus.report.summary().endswith(":95, …)")


def test_rejects_cannot_be_an_input_or_nowhere(file: Writer, tmp_path: Path) -> None:
    path = file("a.txt")
    with pytest.raises(OptionError, match=r"is also an input"):
        open_corpus(path, rejects=path)
    with pytest.raises(OutputError, match=r"mkdir -p"):
        open_corpus(path, rejects=tmp_path / "no" / "r.jsonl")
    with pytest.raises(OutputError, match=r"is a folder"):
        open_corpus(["a"], rejects=tmp_path)


def test_directories_and_globs(file: Writer, tmp_path: Path) -> None:
    for name in [
        "d/b.txt",
        "d/a/z.jsonl.gz",
        "d/a.txt",
        "d/.hidden.txt",
        "d/.git/c.txt",
        "d/notes.pdf",
        "d/x.csv",
    ]:
        file(name, json.dumps({"text": name}) if "json" in name else f"text\n{name}\n" if "csv" in name else name)
    corpus = open_corpus(tmp_path / "d")
    assert texts(corpus) == ["d/a/z.jsonl.gz", "d/a.txt", "d/b.txt", "d/x.csv"]
    assert corpus.name == "4 files"
    assert texts(open_corpus(f"{tmp_path}/d/*.txt")) == ["d/a.txt", "d/b.txt"]
    assert texts(open_corpus(f"{tmp_path}/**/[bz].*")) == ["d/a/z.jsonl.gz", "d/b.txt"]
    assert texts(open_paths([tmp_path / "d" / "b.txt", str(tmp_path / "d" / "a.txt")])) == [
        "d/b.txt",
        "d/a.txt",
    ]


def test_a_file_whose_name_looks_like_a_glob(file: Writer) -> None:
    assert texts(open_corpus(str(file("a[1]*.txt")))) == DOCUMENTS


def test_documents_that_are_files(file: Writer) -> None:
    paths = [file("a.txt", "\ufeff一\r\n二\n"), file("b.txt", "三"), file("c.txt.gz", "四\n\n")]
    for limit in (100, 1 << 40):
        corpus = open_corpus(paths, document_per="file", max_line_bytes=limit)
        assert texts(corpus) == ["一\r\n二\n", "三", "四\n\n"]
    mostly = file("d.txt", "好\n".encode() * 9 + b"\xff")
    corpus = open_corpus([*paths, mostly], document_per="file")
    assert len(texts(corpus)) == 3
    assert corpus.report.examples[0].file == str(mostly)
    with pytest.raises(InputError, match=r"--max-line-bytes"):
        texts(open_corpus(paths, document_per="file", max_line_bytes=4))
    for source in (["a"], pa.table({"text": ["a"]})):
        with pytest.raises(OptionError, match=r"document_per"):
            open_corpus(source, document_per="file")


def test_lines_beyond_the_limit(file: Writer) -> None:
    path = file("a.txt", "短\n" * 5 + "x" * 1001 + "\n短\n")
    for batch_bytes in (1, 100, 1000, 10_000):
        assert len(texts(open_corpus(path, max_line_bytes=1001, batch_bytes=batch_bytes))) == 7
        with pytest.raises(InputError, match=r"line 6: longer than 1000 bytes.*--max-line-bytes 2000"):
            texts(open_corpus(path, max_line_bytes=1000, batch_bytes=batch_bytes))
    path = file("b.txt", "短\n" + "x" * 1001)
    for batch_bytes in (1, 100, 10_000):
        with pytest.raises(InputError, match=r"line 2: longer than 1000 bytes"):
            texts(open_corpus(path, max_line_bytes=1000, batch_bytes=batch_bytes))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.zst", "a.jsonl"])
def test_progress_adds_up_to_size(file: Writer, name: str) -> None:
    lines = ["文" + os.urandom(20).hex() for _ in range(30_000)]
    paths = [file(name, "\n".join(json.dumps({"text": x}) for x in lines)), file("b.txt")]
    corpus = open_corpus(paths, batch_bytes=100_000)
    steps: list[int] = []
    list(corpus.batches(steps.append))
    assert sum(steps) == corpus.size == sum(path.stat().st_size for path in paths)
    assert len(steps) > 5


def test_progress_of_tables_is_text_bytes() -> None:
    for source in (DOCUMENTS, pa.table({"text": DOCUMENTS})):
        steps: list[int] = []
        corpus = open_corpus(source)
        list(corpus.batches(steps.append))
        assert sum(steps) == len("".join(DOCUMENTS).encode())
        assert corpus.size is None


# What cannot be read


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0", "looks binary, like a PNG image"),
        ("a", b"%PDF-1.7\nwhatever", "looks binary, like a PDF"),
        ("a", b"\x7fELF\x02", "looks binary, like a program"),
        ("a.db", b"SQLite format 3\0", "looks binary, like an SQLite"),
        ("a.docx", b"PK\x03\x04....", "the zip archive is damaged"),
        ("a", b"BZh9\x01", "looks binary, like damaged bzip2"),
        ("a", b"text \0\1\2\3 text", "looks binary, with 28 % control"),
        ("a.txt", b"caf\xe9\n" * 9 + b"na\xefve \xb5\n", "neither GB18030 nor Big5; .*--encoding NAME"),
        ("a.txt", b"", "a.txt: is empty"),
        ("a.txt", b" \n\t\n\r\n" + "\u3000".encode(), "a.txt: is empty"),
        ("a.jsonl", b'{"text":" "}\n', "a.jsonl: is empty"),
        ("a.txt.gz", gzip.compress(b""), "is empty"),
        ("a.jsonl", b'{"text":"a"}\n'[:0] + b'{"text":1}\n{"text":null}', "no column holds strings"),
        ("a.jsonl", b'{"text":"\\ud800"}\n', "no record could be used: .*1 lone surrogate.*a.jsonl:1"),
        ("a.txt.gz", b"plain text", "the name says gzip but the content is not"),
        ("a.zst", gzip.compress(b"text"), "the name says zstd but the content is not"),
        ("a.json", b"[]", "is empty"),
        ("a.csv.gz", b"", "is empty"),
        ("a.parquet", b"PAR1", "a.parquet: cannot be read as Arrow data .*copy or make it again"),
        ("a.parquet", b"text\n", "is not Parquet, as its name says"),
        ("a.parquet.gz", gzip.compress(b""), "a.parquet.gz: is empty, so it is no Parquet file"),
        ("a.arrow", b"ARROW1\0\0", "a.arrow: cannot be read as Arrow data"),
        ("a.txt.bz2", b"BZh", "bzip2 data ends early"),
        ("a.txt.xz", lzma.compress(TEXT.encode())[:-9], "xz data ends early"),
        ("a.tar.gz", b"", r"\.tar archives are not read; unpack it: tar -xf"),
        ("a", b"x" * 257 + b"ustar\0", "looks binary, like a tar archive"),
    ],
)
def test_unusable_files(file: Writer, name: str, content: bytes, message: str) -> None:
    path = file(name, content)
    with pytest.raises(InputError, match=message) as caught:
        texts(open_corpus(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_few_nuls_in_long_text_are_fine(file: Writer) -> None:
    path = file("a.txt", "很长的一行文字\n" * 100 + "nul \0 nul\n")
    assert texts(open_corpus(path))[-1] == "nul \0 nul"


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_archives_that_end_early_anywhere(file: Writer, kind: Any) -> None:
    whole = pack(f"a.{kind}", "".join(f"第{i * 7919}行\n" for i in range(300)).encode())
    for size in [*range(4, 40), len(whole) // 2, *range(len(whole) - 12, len(whole))]:
        path = file(f"a.txt.{kind}", whole[:size])
        with pytest.raises(InputError, match=rf"a\.txt\.{kind}: .* ends early.*; copy it again"):
            texts(open_corpus(path))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_archives_that_end_early_between_chunks(file: Writer, kind: Any) -> None:
    whole = pack(f"a.{kind}", os.urandom(300_000).hex().encode())
    for size in (64 << 10, 128 << 10):
        with pytest.raises(InputError, match=r"ends early"):
            texts(open_corpus(file(f"a.txt.{kind}", whole[:size])))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_damaged_archives(file: Writer, kind: Any) -> None:
    whole = bytearray(pack(f"a.{kind}", os.urandom(3000).hex().encode()))
    whole[5:15] = b"\xff" * 10  # the check sum of .zst is optional, so only the structure is sure to tell
    with pytest.raises(InputError, match=r"is damaged"):
        texts(open_corpus(file(f"a.{kind}", bytes(whole))))


def test_missing_things(tmp_path: Path, file: Writer) -> None:
    with pytest.raises(InputError, match=r"nothing.txt: no such file; check the path"):
        open_corpus(tmp_path / "nothing.txt")
    with pytest.raises(InputError, match=r"no file matches; check the pattern"):
        open_corpus(f"{tmp_path}/*.txt")
    with pytest.raises(InputError, match=r"no such file.*text itself as a list"):
        open_corpus("这是一段文本" * 100 + "\0")
    file("d/x.pdf")
    with pytest.raises(InputError, match=r"d: has 1 file, but none that is text to read \(looked for .txt,"):
        open_corpus(tmp_path / "d")
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(InputError, match=r"is a link to a file that does not exist"):
        open_corpus(f"{tmp_path}/*.txt")
    with pytest.raises(OptionError, match=r"no input is named"):
        open_paths([])


def test_permission_denied(file: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file("a.txt")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"permission denied; allow it with: chmod u\+r"):
        open_corpus(path)


def test_a_file_that_goes_away(file: Writer) -> None:
    path = file("a.txt")
    corpus = open_corpus(path)
    path.unlink()
    with pytest.raises(InputError, match=r"cannot be opened"):
        texts(corpus)


@pytest.mark.parametrize(
    "option", [{"document_per": "page"}, {"batch_bytes": 0}, {"max_line_bytes": -1}, {"max_depth": 1 << 64}]
)
def test_options_that_cannot_work(option: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(option))):
        open_corpus(["a"], **option)


@pytest.mark.parametrize("source", [b"bytes", 5, None])
def test_sources_of_no_known_kind(source: Any) -> None:
    with pytest.raises(InputError, match=r"cannot be read as a corpus"):
        open_corpus(source)


# Tables and strings


def test_columns_of_tables() -> None:
    table = pa.table({"id": [1, 2], "text": ["一", "二"], "title": ["a", "b"]})
    for source in (table, table.to_batches()[0], table.select(["id", "title"]).rename_columns(["id", "x"])):
        assert open_corpus(source).restartable
    assert texts(open_corpus(table)) == ["一", "二"]
    assert texts(open_corpus(table, text_column="title")) == ["a", "b"]
    assert texts(open_corpus(table.select(["id", "title"]))) == ["a", "b"]
    assert open_corpus(table).name == "Table"
    with pytest.raises(
        InputError, match=r"Table: no column 'no'; its columns are 'id', 'text', 'title'.*--text-column"
    ):
        open_corpus(table, text_column="no")
    with pytest.raises(InputError, match=r"column 'id' is int64, not a string"):
        open_corpus(table, text_column="id")
    with pytest.raises(InputError, match=r"more than one column"):
        open_corpus(table.rename_columns(["id", "a", "b"]))
    with pytest.raises(InputError, match=r"2 columns named 'text'"):
        open_corpus(table.rename_columns(["id", "text", "text"]))


@pytest.mark.parametrize(
    "kind", [pa.utf8(), pa.large_utf8(), pa.string_view(), pa.dictionary(pa.int32(), pa.utf8())], ids=str
)
def test_kinds_of_strings(kind: Any) -> None:
    column = pa.array(["一", None, "𠮷", ""]).cast(kind)
    corpus = open_corpus(pa.table({"text": pa.chunked_array([column, column[2:]])}))
    assert texts(corpus) == ["一", "𠮷", "", "𠮷", ""]
    assert corpus.report.rejected == {"column 'text' is null": 1}
    assert corpus.report.examples[0].line == 2
    assert texts(open_corpus(column)) == texts(open_corpus(pa.chunked_array([column]))) == ["一", "𠮷", ""]


def test_invalid_utf8_in_a_table() -> None:
    column = pa.array([b"a", b"\xff", None, b"b"], pa.binary()).view(pa.utf8())
    corpus = open_corpus(pa.table({"text": column}))
    assert texts(corpus) == ["a", "b"]
    assert corpus.report.rejected == {"column 'text' is null": 1, "not valid UTF-8": 1}


def test_big_batches_are_cut() -> None:
    table = pa.table({"text": ["文" * 10] * 200_000})
    sizes = [batch.num_rows for batch in open_corpus(table, batch_bytes=100_000)]
    assert sum(sizes) == 200_000
    assert max(sizes) < 8000


def test_other_libraries() -> None:
    frame = pl.DataFrame({"n": [1, 2, 3], "body": ["一", None, "三"]})
    corpus = open_corpus(frame)
    assert texts(corpus) == texts(corpus) == ["一", "三"]
    assert corpus.name == "DataFrame"
    assert texts(open_corpus(frame["body"])) == ["一", "三"]
    with pytest.raises(InputError, match=r"no column 'no'"):
        texts(open_corpus(frame, text_column="no"))


def test_strings() -> None:
    corpus = open_corpus(["一\n二", "", "𠮷\ud800", "三\0"])
    for _ in range(2):
        assert texts(corpus) == ["一\n二", "", "三\0"]
        assert corpus.report.rejected == {"lone surrogate": 1}
        assert corpus.report.examples[0].line == 3
    with pytest.raises(BadRecordError, match=r"list, line 3: lone surrogate"):
        texts(open_corpus(["a", "b", "\udc00"], strict=True))
    with pytest.raises(InputError, match=r"list, item 5001: is bytes, not str"):
        strings: list[Any] = ["a"] * 5000 + [b"b"]
        texts(open_corpus(strings))
    with pytest.raises(InputError, match=r"is NoneType, not str"):
        strings = ["a", None]
        texts(open_corpus(strings))
    with pytest.raises(InputError, match=r"list: is empty"):
        texts(open_corpus([]))
    with pytest.raises(InputError, match=r"item 2 of the list is str, not a Path"):
        strings = [Path("a"), "b"]
        open_corpus(strings)


def test_rejected_strings_are_written(tmp_path: Path) -> None:
    rejects = tmp_path / "r.jsonl"
    texts(open_corpus(["a", "𠮷\ud800"], rejects=rejects))
    assert json.loads(rejects.read_text("utf-8"))["text"] == "𠮷\\xed\\xa0\\x80"


def test_a_corpus_passes_through() -> None:
    corpus = open_corpus(["a"])
    assert open_corpus(corpus) is corpus
    assert repr(corpus) == "<Corpus list>"


# What can be read only once


def one_shots() -> list[Any]:
    table = pa.table({"text": DOCUMENTS})
    return [(text for text in DOCUMENTS), table.to_reader(), map(str, DOCUMENTS)]


@pytest.mark.parametrize("number", range(3))
def test_one_shot_sources(number: int, tmp_path: Path) -> None:
    corpus = open_corpus(one_shots()[number])
    assert not corpus.restartable
    assert texts(corpus) == DOCUMENTS
    with pytest.raises(InputError, match=r"can be read only once and was; .*corpus\.spooled\(\)"):
        texts(corpus)
    with open_corpus(one_shots()[number]).spooled(tmp_path) as copy:
        assert copy.restartable
        assert len(list(tmp_path.iterdir())) == 1
        steps: list[int] = []
        assert [n for batch in copy.batches(steps.append) for n in batch["document"].to_pylist()] == [0, 1, 2]
        assert texts(copy) == DOCUMENTS
        assert sum(steps) == copy.size
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"temporary copy is gone"):
        texts(copy)


def test_spooled_keeps_what_was_rejected_and_cleans_up(tmp_path: Path) -> None:
    copy = open_corpus(iter(["a", "\ud800"]), rejects=tmp_path / "r.jsonl").spooled(tmp_path)
    for _ in range(2):
        assert texts(copy) == ["a"]
        assert copy.report.summary() == "1 document, 1 rejected (1 lone surrogate: list_iterator:2)"
    assert (tmp_path / "r.jsonl").stat().st_size
    del copy
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    with pytest.raises(InputError, match=r"is bytes"):
        strings: list[Any] = ["a", b""]
        open_corpus(iter(strings)).spooled(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    with pytest.raises(OutputError, match=r"no temporary copy"):
        open_corpus(iter(["a"])).spooled(tmp_path / "no")


def test_spooled_restartable_is_itself() -> None:
    corpus = open_corpus(["a"])
    with corpus.spooled() as same:
        assert same is corpus
    assert texts(corpus) == ["a"]


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zst])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, packed: Callable[[bytes], bytes]) -> None:
    stdin(monkeypatch, packed(TEXT.encode()))
    corpus = open_corpus("-")
    assert (corpus.name, corpus.size, corpus.restartable) == ("standard input", None, False)
    assert texts(corpus) == DOCUMENTS
    with pytest.raises(InputError, match=r"standard input: can be read only once"):
        texts(corpus)
    stdin(monkeypatch, packed(b'\n{"text":"json"}\n'))
    assert texts(open_corpus("-")) == ["json"]


def test_unusable_standard_input(monkeypatch: pytest.MonkeyPatch, file: Writer) -> None:
    stdin(monkeypatch, b"")
    with pytest.raises(InputError, match=r"standard input: is empty"):
        texts(open_corpus("-"))
    stdin(monkeypatch, "中文".encode("gbk"))
    assert texts(open_corpus("-")) == ["中文"]
    with pytest.raises(InputError, match=r"named twice"):
        open_paths(["-", file("a.txt"), "-"])
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match=r"standard input: is closed"):
        texts(open_corpus("-"))


def test_standard_input_among_files(monkeypatch: pytest.MonkeyPatch, file: Writer) -> None:
    stdin(monkeypatch, b"two")
    corpus = open_paths([file("a.txt", "one"), "-", file("b.txt", "three")], ReadOptions(batch_bytes=1))
    assert corpus.name == "3 files"
    assert corpus.size is None
    assert texts(corpus) == ["one", "two", "three"]


def test_pipes_are_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(TEXT.encode()))
    writer.start()
    corpus = open_corpus(pipe)
    assert not corpus.restartable
    assert texts(corpus) == DOCUMENTS
    writer.join()


def test_progress_errors_are_the_callers(file: Writer) -> None:
    def broken(size: int) -> None:
        raise OSError("the bar broke")

    for name in ("a.txt", "a.txt.gz"):
        with pytest.raises(OSError, match=r"the bar broke"):
            list(open_corpus(file(name)).batches(broken))


def test_import_is_light() -> None:
    code = "import sys, nlptools.corpus as c; list(c.open_corpus(['a'])); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_errors_are_ours(tmp_path: Path) -> None:
    assert issubclass(InputError, NlptoolsError)
    with pytest.raises(InputError):
        open_corpus(tmp_path)
