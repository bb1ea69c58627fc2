"""What is text: several columns, lists, groups, known corpora."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlptools.corpus import open_corpus
from nlptools.errors import InputError

ROWS = [
    {"url": "u1", "question": "怎么装打印机？", "tags": ["打印机", "电脑"]},
    {"url": "u2", "question": "好吗？", "tags": []},
    {"url": "u3", "question": None, "tags": ["只有标签"]},
    {"url": "u4", "question": None, "tags": None},
    {"url": "u5", "question": "", "tags": []},
]


def texts(source: Any, **options: Any) -> list[str]:
    return [text for batch in open_corpus(source, **options) for text in batch.column("text").to_pylist()]


def names(source: Any, **options: Any) -> list[str | None]:
    batches = list(open_corpus(source, **options).batches(names=True))
    for batch in batches:
        batch.validate(full=True)
    assert [text for batch in batches for text in batch.column("text").to_pylist()] == texts(source, **options)
    return [name for batch in batches for name in batch.column("name").to_pylist()]


def written(path: Path, rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["file", "table"])
def test_columns_are_joined(tmp_path: Path, kind: str) -> None:
    source: Any = written(tmp_path / "a.jsonl", ROWS) if kind == "file" else pa.Table.from_pylist(ROWS)
    corpus = open_corpus(source, text_column="question,tags")
    assert [text for batch in corpus for text in batch["text"].to_pylist()] == [
        "怎么装打印机？\n打印机\n电脑",
        "好吗？",
        "只有标签",
        "",
    ]
    assert corpus.report.rejected == {"no text in columns 'question', 'tags'": 1}
    assert corpus.report.examples[0].line == 4
    assert texts(source, text_column="tags,url")[:2] == ["打印机\n电脑\nu1", "u2"]
    assert texts(source, text_column="tags") == ["打印机\n电脑", "", "只有标签", ""]
    with pytest.raises(InputError, match=r"column 'tags' is list.*name another --group-by"):
        texts(source, text_column="url", group_by="tags")
    assert texts(source, text_column="url,url") == ["u1", "u2", "u3", "u4", "u5"]
    with pytest.raises(InputError, match=r"no column 'x'; its columns are 'url', 'question', 'tags'.*--text-column"):
        texts(source, text_column="url,x")


def test_a_name_with_a_comma(tmp_path: Path) -> None:
    table = pa.table({"a,b": ["x"], "a": ["y"]})
    assert texts(table, text_column="a,b") == ["x"]


def test_recognise(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def recognise(columns: list[str]) -> str | None:
        asked.append(columns)
        return "question" if columns == ["url", "question", "tags"] else None

    path = written(tmp_path / "a.jsonl", ROWS)
    assert texts(path, recognise=recognise) == ["怎么装打印机？", "好吗？", ""]
    assert texts(path, recognise=recognise, text_column="url")[0] == "u1"
    assert texts(pa.table({"a": ["x"], "text": ["y"]}), recognise=recognise) == ["y"]
    assert texts(pa.table({"n": [1], "body": ["z"]}), recognise=recognise) == ["z"]
    assert asked[0] == ["url", "question", "tags"]
    assert ["a", "text"] not in asked
    with pytest.raises(InputError, match="more than one column holds strings"):
        texts(pa.table({"a": ["x"], "b": ["y"]}), recognise=recognise)


TRIPLES = [
    ("甲", "名", "一"),
    ("甲", "类", "二"),
    ("乙", "名", "三"),
    ("甲", "名", "四"),
    (None, "x", "五"),
    (None, "y", "六"),
]


@pytest.mark.parametrize("batch_bytes", [1, 30, 1 << 20])
def test_groups(tmp_path: Path, batch_bytes: int) -> None:
    rows = [dict(zip(("entity", "attribute", "value"), triple, strict=True)) for triple in TRIPLES]
    path = written(tmp_path / "a.jsonl", rows)
    options: Any = {"text_column": "value", "group_by": "entity", "batch_bytes": batch_bytes}
    assert texts(path, **options) == texts(pa.Table.from_pylist(rows), **options) == ["一\n二", "三", "四", "五\n六"]
    assert texts([path, path], **options) == ["一\n二", "三", "四", "五\n六"] * 2  # a document ends with its file
    groups = [
        row["entity"] for row, before in zip(rows, [{}, *rows], strict=False) if row["entity"] != before.get("entity")
    ]
    assert names([path, path], **options) == groups * 2
    both = texts(path, text_column="entity,value", group_by="entity", batch_bytes=batch_bytes)
    assert both[:2] == ["甲\n一\n甲\n二", "乙\n三"]
    with pytest.raises(InputError, match=r"no column 'who'; its columns are .*--group-by"):
        texts(path, text_column="value", group_by="who")
    with pytest.raises(InputError, match=r"entity '甲' is longer than 5 bytes.*--max-line-bytes 10"):
        texts(pa.Table.from_pylist(rows), text_column="value", group_by="entity", max_line_bytes=5)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, None]), st.text(alphabet="ab\n中", max_size=3)), min_size=1, max_size=30),
    st.integers(1, 40),
)
def test_groups_are_those_of_python(tmp_path_factory: pytest.TempPathFactory, rows: Any, batch_bytes: int) -> None:
    path = written(
        tmp_path_factory.mktemp("g") / "a.jsonl", [{"k": 5, "text": "头"}, *({"k": k, "text": t} for k, t in rows)]
    )
    expected = ["\n".join(text for _, text in group) for _, group in groupby(rows, key=lambda row: row[0])]
    assert texts(path, group_by="k", batch_bytes=batch_bytes) == ["头", *expected]
    keys = [None if key is None else str(key) for key, _ in groupby(rows, key=lambda row: row[0])]
    assert names(path, group_by="k", batch_bytes=batch_bytes) == ["5", *keys]


@pytest.mark.parametrize("batch_bytes", [1, 1 << 20])
def test_names_of_documents(tmp_path: Path, batch_bytes: int) -> None:
    paths = [tmp_path / name for name in ("𠮷 b.txt", "a.txt", "empty.txt")]
    for path, text in zip(paths, ("一\n\n二", "三", ""), strict=True):
        path.write_text(text, encoding="utf-8")
    assert names(paths, document_per="file", batch_bytes=batch_bytes) == [str(path) for path in paths]
    assert names(paths, batch_bytes=batch_bytes) == [None] * 4
    assert names(["一", ""], batch_bytes=batch_bytes) == [None, None]
    dates = pa.array([1, 1, 86_400_000, None], pa.timestamp("ms")).cast(pa.date64())
    table = pa.table({"text": list("abcd"), "date": dates, "bytes": pa.array([b"x", b"x", b"\xff", b"y"])})
    assert names(table, group_by="date", batch_bytes=batch_bytes) == ["1970-01-01", "1970-01-02", None]
    assert names(table.slice(0, 2), group_by="bytes") == ["x"]
    assert names(table, group_by="bytes", batch_bytes=batch_bytes) == [None] * 3  # one of them is no text


def test_columns_that_are_no_text(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl", [{"n": 1, "o": {}, "text": "好"}, {"n": 2, "o": "x", "text": 3}, {"text": "吗"}]
    )
    corpus = open_corpus(path)
    assert [text for batch in corpus for text in batch["text"].to_pylist()] == ["好", "吗"]
    assert corpus.report.rejected == {"column 'text' is not a string": 1}
    with pytest.raises(InputError, match=r"column 'n' is int64, not a string"):
        texts(path, text_column="n")
    with pytest.raises(InputError, match=r"column 'n' is int64, not a string"):
        texts(pa.table({"n": [1]}), text_column="n")
