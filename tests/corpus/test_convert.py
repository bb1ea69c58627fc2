"""Conversion: round trips between all formats, duplicates and normalising against plain Python, and what can go wrong."""

import gzip
import io
import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlptools.corpus import deduplicate, open_records
from nlptools.corpus.convert import convert_corpus
from nlptools.errors import BadRecordError, InputError, OptionError, OutputError

AWKWARD = [
    "",
    " ",
    '"',
    'say "hi"',
    ",",
    "\t",
    "a\tb",
    "two\nlines",
    "cr\r\nlf",
    "\r",
    "𠮷野家",
    "😭",
    "\\",
    "\\n",
    "'",
    "null",
]
AWKWARD += ["[]", '["a"]', "NA", "-", "é", "e\u0301", "１，", "　", "\u2028", "\ud7ff", "a" * 300, "1", "true"]
TEXT = st.sampled_from(AWKWARD) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
ROWS = st.lists(
    st.tuples(TEXT, st.none() | TEXT, st.none() | st.lists(TEXT, max_size=3)), min_size=1, max_size=8
).filter(lambda rows: any(row[0].strip() for row in rows))

SCHEMA = pa.schema(
    [
        pa.field("question", pa.large_string()),
        pa.field("note", pa.large_string()),
        pa.field("tags", pa.list_(pa.large_string())),
    ]
)
TYPED = [".jsonl", ".json", ".parquet", ".arrow"]  # these keep lists and nulls
DELIMITED = [".csv", ".tsv"]  # lists become JSON, null the empty string
Rows = list[dict[str, Any]]


def table(rows: list[Any]) -> Any:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def read(path: Path) -> Rows:
    return [row for batch in open_records(path) for row in batch.to_pylist()]


def as_cells(rows: Rows) -> Rows:
    """What is left of rows in CSV."""
    return [
        {
            "question": row["question"],
            "note": row["note"] or "",
            "tags": "" if row["tags"] is None else json.dumps(row["tags"], ensure_ascii=False),
        }
        for row in rows
    ]


@pytest.mark.parametrize("first", [*TYPED, *DELIMITED])
@given(ROWS)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_from_each_format_to_each(tmp_path: Path, first: str, rows: list[Any]) -> None:
    given = table(rows)
    expected = given.to_pylist()
    start = tmp_path / f"start{first}"
    assert convert_corpus(given, start).written == len(rows)
    expected = as_cells(expected) if first in DELIMITED else expected
    assert same(read(start), expected)
    for second in (*TYPED, *DELIMITED):
        end = tmp_path / f"end{second}"
        done = convert_corpus(start, end)
        assert (done.written, done.report.rejected.total()) == (len(rows), 0)
        kept = expected if first in DELIMITED or second in TYPED else as_cells(expected)
        assert same(read(end), kept)


def same(rows: Rows, expected: Rows) -> bool:
    """Compare exactly, but for columns of JSON without a single string: nothing tells their type."""
    for name in SCHEMA.names:
        column, wanted = [row[name] for row in rows], [row[name] for row in expected]
        if column != wanted and any(wanted) and any(map(any, filter(None, wanted))):
            return False
        if [value or None for value in column if value != "[]"] != [value or None for value in wanted if value != "[]"]:
            return False
    return True


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("kind", [".jsonl", ".json", ".csv", ".tsv", ".txt"])
def test_packed(tmp_path: Path, kind: str, packing: str) -> None:
    rows = [("怎么办？", "x", ["a"]), ("好", "", [])]
    path = tmp_path / f"a{kind}{packing}"
    convert_corpus(table(rows), path, text_column="question")
    assert [row["question" if kind != ".txt" else "text"] for row in read(path)] == ["怎么办？", "好"]
    convert_corpus(table(rows), tmp_path / f"b{kind}{packing}", text_column="question")
    assert path.read_bytes() == (tmp_path / f"b{kind}{packing}").read_bytes()


def test_types_of_columns_are_kept(tmp_path: Path) -> None:
    lines = '{"id": 7, "x": 0.5, "ok": true, "text": "甲", "more": {"a": [1, "二"]}}\n{"id": 8, "more": 3}\n'
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    rows = [json.loads(line) for line in lines.splitlines()]
    for suffix in TYPED:
        convert_corpus(tmp_path / "a.jsonl", tmp_path / f"b{suffix}")
        convert_corpus(tmp_path / f"b{suffix}", tmp_path / "c.jsonl")
        back = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text(encoding="utf-8").splitlines()]
        assert back == [{"id": None, "x": None, "ok": None, "text": None, **row} for row in rows]
    assert pyarrow.parquet.read_schema(tmp_path / "b.parquet").field("id").type == pa.int64()
    metadata = pyarrow.parquet.ParquetFile(tmp_path / "b.parquet").metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert pyarrow.feather.read_table(tmp_path / "b.arrow").num_rows == 2


def test_text_is_a_document_a_line(tmp_path: Path) -> None:
    rows = [("一\n二\r\n三\r", None, None), ("四", None, ["标", "签"]), ("", None, None)]
    path = tmp_path / "a.txt"
    done = convert_corpus(table(rows), path, text_column="question,tags")
    assert path.read_text(encoding="utf-8") == "一 二 三 \n四 标 签\n\n"
    assert (done.summary(), done.without_text) == ("3 documents", 0)
    done = convert_corpus(table(rows), path, text_column="tags")
    assert path.read_text(encoding="utf-8") == "标 签\n"
    assert done.summary() == "1 document, 2 records without text left out"
    grouped = [("甲", "1", None), ("乙", "1", None), ("丙", "2", None)]
    convert_corpus(table(grouped), path, text_column="question", group_by="note")
    assert path.read_text(encoding="utf-8") == "甲 乙\n丙\n"


@given(st.lists(TEXT | st.text(st.sampled_from("\r\n \v\x85"), max_size=5), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_is_what_the_corpus_has(tmp_path: Path, texts: list[str]) -> None:
    data = pa.table({"text": pa.array(texts, pa.large_string())})
    convert_corpus(data, tmp_path / "a.txt")
    lines = (tmp_path / "a.txt").read_bytes().decode("utf-8").split("\n")
    assert lines == [text.replace("\r\n", " ").replace("\r", " ").replace("\n", " ") for text in texts] + [""]


def test_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    convert_corpus(table([("问", "注", ["签"])]), path, columns=["note", "question", "note"])
    assert path.read_text(encoding="utf-8") == "note,question\n注,问\n"
    convert_corpus(path, tmp_path / "b.jsonl", columns=["question"])
    assert read(tmp_path / "b.jsonl") == [{"question": "问"}]
    done = convert_corpus(path, tmp_path / "c.csv", columns=["note"], deduplicate=True, text_column="question")
    assert (done.written, (tmp_path / "c.csv").read_text(encoding="utf-8")) == (1, "note\n注\n")


def test_one_column_with_nothing_in_it_stays_a_row(tmp_path: Path) -> None:
    convert_corpus(pa.table({"x": ["a", None, "b"]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == 'x\na\n""\nb\n'
    assert [row["x"] for row in read(tmp_path / "a.csv")] == ["a", "", "b"]


# ---- cleaning


def plain(text: str) -> str:
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFKC", text).splitlines())
    return "\n".join(line for line in lines if line)


FEW = st.sampled_from(
    ["怎么办?", "怎么办？", "怎么办？　", " 怎么办？", "", "　", "Ａ", "A", "a", "e\u0301", "é", "x\n\ny", "x\ny"]
)
FEW_ROWS = st.lists(st.tuples(st.none() | FEW, FEW, st.none() | st.lists(FEW, max_size=2)), min_size=1, max_size=20)


def clean_slowly(rows: list[Any], normalise: bool) -> tuple[list[Any], int]:
    """Keep the first of each normalised (question, tags); a row with neither is kept. Normalise what is kept."""
    seen: set[Any] = set()
    kept = []
    for question, note, tags in rows:
        normal = (None if question is None else plain(question), None if tags is None else tuple(map(plain, tags)))
        if normal in seen and normal != (None, None):
            continue
        seen.add(normal)
        new = (normal[0], note, None if normal[1] is None else list(normal[1]))
        kept.append((new if normalise else (question, note, tags), new != (question, note, tags)))
    return [row for row, _ in kept], sum(changed for _, changed in kept) if normalise else 0


@given(FEW_ROWS, st.booleans(), st.sampled_from([1, 1000, 1 << 20]), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_duplicates_are_left_out(tmp_path: Path, rows: list[Any], normalise: bool, memory: int, once: bool) -> None:
    data = table(rows)
    chunks = pa.Table.from_batches(data.to_batches(max_chunksize=3))
    done = convert_corpus(
        chunks.to_reader() if once else chunks,
        tmp_path / "a.arrow",
        text_column="question,tags",
        deduplicate=True,
        normalise=normalise,
        memory=memory,
        directory=tmp_path,
    )
    kept, changed = clean_slowly(rows, normalise)
    assert pyarrow.feather.read_table(tmp_path / "a.arrow").to_pylist() == table(kept).to_pylist()
    assert (done.written, done.duplicates, done.normalised) == (len(kept), len(rows) - len(kept), changed)
    assert [file.name for file in tmp_path.iterdir()] == ["a.arrow"]


def test_many_rows_in_many_batches(tmp_path: Path, interpreted: bool) -> None:
    number = 2000 if interpreted else 30_000
    texts = [f"第{row % (number // 3)}个{'！' if row % 2 else '!'}" for row in range(number)]
    (tmp_path / "a.txt").write_text("\n".join(texts), encoding="utf-8")
    done = convert_corpus(tmp_path / "a.txt", tmp_path / "b.txt", deduplicate=True, memory=100_000, batch_bytes=5000)
    assert done.summary() == f"{number // 3:,} documents, {number - number // 3:,} duplicates left out"
    assert (tmp_path / "b.txt").read_text(encoding="utf-8").splitlines() == texts[: number // 3]


def test_only_the_text_is_normalised(tmp_path: Path) -> None:
    done = convert_corpus(table([("Ａ　", "Ｂ", ["Ｃ"])]), tmp_path / "a.jsonl", text_column="question", normalise=True)
    assert read(tmp_path / "a.jsonl") == [{"question": "A", "note": "Ｂ", "tags": ["Ｃ"]}]
    assert done.summary() == "1 record, 1 normalised"
    convert_corpus(["Ａ", "A "], tmp_path / "a.txt", normalise=True, deduplicate=True)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "A\n"


# ---- bad records, streams, and what can go wrong


def test_bad_records_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "好"}\nbad\n{"text": "好"}\n', encoding="utf-8")
    rejects = tmp_path / "rejects.jsonl"
    for clean in (False, True):
        done = convert_corpus(tmp_path / "a.jsonl", tmp_path / "b.csv", rejects=rejects, deduplicate=clean)
        assert done.report.rejected == {"not valid JSON": 1}
        assert (done.written, done.duplicates) == (2 - clean, int(clean))
        assert [json.loads(line)["line"] for line in rejects.read_text(encoding="utf-8").splitlines()] == [2]
    (tmp_path / "b.csv").unlink()
    with pytest.raises(BadRecordError, match=r"a\.jsonl, line 2"):
        convert_corpus(tmp_path / "a.jsonl", tmp_path / "b.csv", strict=True)
    assert not (tmp_path / "b.csv").exists()


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress("好\n好\nbad \x80".encode("utf-8", "surrogateescape") + b"\x80\n"))

    monkeypatch.setattr(sys, "stdin", Stdin)
    done = convert_corpus("-", tmp_path / "a.parquet", deduplicate=True, directory=tmp_path)
    assert read(tmp_path / "a.parquet") == [{"text": "好"}]
    assert (done.duplicates, done.report.rejected.total()) == (1, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["a.parquet"]


def test_a_file_that_changes_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    find = deduplicate.FirstOccurrences.first_rows
    for after in ("一\n二\n三\n四\n", "一\n"):
        path.write_text("一\n二\n三\n", encoding="utf-8")

        def first_rows(occurrences: Any, after: str = after) -> Any:
            path.write_text(after, encoding="utf-8")
            return find(occurrences)

        monkeypatch.setattr(deduplicate.FirstOccurrences, "first_rows", first_rows)
        with pytest.raises(InputError, match=r"a\.txt: was changed while it was read"):
            convert_corpus(path, tmp_path / "b.jsonl", deduplicate=True)
        assert not (tmp_path / "b.jsonl").exists()


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"columns": ["nix"]}, InputError, r"no column 'nix'; its columns are 'question', 'note', 'tags'"),
    ({"deduplicate": True}, InputError, r"more than one column holds strings.*--text-column"),
    ({"normalise": True, "text_column": "nix"}, InputError, r"no column 'nix'"),
    ({"output": "a.txt", "columns": ["note"]}, OptionError, r"columns cannot be chosen for a \.txt file"),
    ({"group_by": "note"}, OptionError, r"group_by='note' makes texts .* \.txt"),
    ({"output": "a.xlsx"}, OutputError, r"suffix does not say.*\.parquet"),
    ({"output": "a.parquet.gz"}, OutputError, r"suffix does not say"),
    ({"output": "no/a.csv"}, OutputError, r"mkdir -p"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), WRONG)
def test_what_can_go_wrong(tmp_path: Path, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    output = tmp_path / arguments.pop("output", "a.csv")
    with pytest.raises(error, match=message) as raised:
        convert_corpus(table([("a", "b", ["c"])]), output, **arguments)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_what_a_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be written as csv .*choose parquet or arrow"):
        convert_corpus(pa.table({"x": [{"a": 1}]}), tmp_path / "a.csv")
    with pytest.raises(OutputError, match=r"binary, which JSON does not have.*choose parquet"):
        convert_corpus(pa.table({"x": [b"\xff"]}), tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    packed = gzip.compress(b"".join(b'{"text": "%d"}\n' % row for row in range(20_000)))
    path.write_bytes(packed[: len(packed) // 2])
    for suffix in (".csv.xz", ".json.bz2", ".jsonl.zst", ".parquet", ".arrow", ".txt.gz"):
        with pytest.raises(InputError, match=r"ends early"):
            convert_corpus(path, tmp_path / f"b{suffix}", batch_bytes=10_000)
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl.gz"]


def test_progress(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("好\n" * 1000, encoding="utf-8")
    for clean, passes in ((False, 1), (True, 2)):
        seen: list[int] = []
        convert_corpus(path, tmp_path / "b.jsonl", deduplicate=clean, progress=seen.append)
        assert sum(seen) == passes * path.stat().st_size


def test_memory_does_not_grow(tmp_path: Path, interpreted: bool) -> None:
    """Rows come and go: never are more than a few batches alive."""
    if interpreted:
        pytest.skip("slow uncompiled")
    schema = pa.schema([pa.field("text", pa.large_string())])

    def batches() -> Iterator[Any]:
        for number in range(200):
            yield pa.RecordBatch.from_arrays([pa.array([f"{number}-{row}" * 100 for row in range(500)])], schema=schema)
            highest[0] = max(highest[0], pa.total_allocated_bytes())

    make: Callable[[], Any] = lambda: pa.RecordBatchReader.from_batches(schema, batches())  # noqa: E731
    for suffix in (".jsonl", ".csv", ".arrow"):
        highest = [0]
        before = pa.total_allocated_bytes()
        convert_corpus(make(), tmp_path / f"a{suffix}")
        assert highest[0] - before < 20 << 20  # of 60 MB
