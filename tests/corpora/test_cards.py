"""What the cards say, and files of known corpora in all the shapes they may have."""

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nlptools.corpus.convert import convert_corpus
from nlptools.errors import InputError, OptionError
from nlptools_corpora import CARDS, bare_card, recognise, recognise_card, triples, zhidao
from nlptools_corpora.known import KnownRecords

STRINGS = pa.list_(pa.large_string())
ZHIDAO, TRIPLES = CARDS["zhidao"], CARDS["triples"]


def read(records: Any) -> list[dict[str, Any]]:
    return [row for batch in records.batches() for row in batch.to_pylist()]


def documents(corpus: Any) -> list[str]:
    return [text for batch in corpus for text in batch.column("text").to_pylist()]


# ---- cards


@pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))
def test_a_card_says_what_is_known(card: Any, tmp_path: Path) -> None:
    assert CARDS[card.name] is card
    for text in (card.title, card.description, card.size, card.published, card.format, card.licence, card.sample):
        assert text
    assert "kexue.fm" in card.published
    assert card.licence.startswith("unknown")
    assert set(",".join([card.key, *card.texts.values(), *card.lists]).split(",")) <= set(card.fields)
    assert card.schema.names == list(card.fields)
    assert recognise(list(card.fields)) == next(iter(card.texts.values()))
    assert card.write_sample(tmp_path / "a.jsonl", rows=2, gold=tmp_path / "gold").rows == 2
    assert read(card.records(tmp_path / "a.jsonl"))[0].keys() == card.fields.keys()
    assert card.gold_words()


def test_types() -> None:
    assert ZHIDAO.schema == pa.schema([("url", pa.large_string()), ("question", pa.large_string()), ("tags", STRINGS)])
    assert TRIPLES.schema == pa.schema([(name, pa.large_string()) for name in ("entity", "attribute", "value")])


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (["url", "question", "tags"], "question"),
        (["tags", "question"], "question"),
        (["id", "Question", "URL"], "Question"),
        (["entity", "attribute", "value"], "value"),
        (["value", "x", "attribute", "entity"], "value"),
        (["实体", "属性", "值"], "值"),
        (["head", "relation", "tail"], "tail"),
        (["question"], None),
        (["question", "answer"], None),
        (["entity", "value"], None),
        (["1", "2", "3"], None),
        (["text"], None),
        ([], None),
    ],
)
def test_recognise(columns: list[str], text: str | None) -> None:
    assert recognise(columns) == text
    assert (recognise_card(columns) is None) == (text is None)


# ---- questions


QUESTIONS = list(zhidao.sample_questions(30, seed=1))


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".jsonl", ".csv", ".tsv.xz", ".parquet", ".arrow"])
def test_questions_in_all_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"zhidao{suffix}"
    zhidao.write_sample(path, rows=30, seed=1)
    records = ZHIDAO.records(path)
    assert (records.schema.remove_metadata(), records.name, records.restartable) == (ZHIDAO.schema, str(path), True)
    assert read(records) == QUESTIONS
    assert read(records) == QUESTIONS
    assert (records.report.documents, records.size) == (30, path.stat().st_size)
    assert documents(ZHIDAO.open(path)) == [row["question"] for row in QUESTIONS]
    if not suffix.startswith((".csv", ".tsv")):  # there a list is JSON
        both = documents(ZHIDAO.open(path, text="question+tags"))
        assert both == ["\n".join([row["question"], *row["tags"]]) for row in QUESTIONS]


def test_tags_of_any_kind_become_lists(tmp_path: Path) -> None:
    tags = ['["a", "b"]', "手机", '"x"', "", "[1]", "[]", "3", "null"]
    table = pa.table({"question": ["问"] * len(tags), "tags": tags, "id": range(len(tags))})
    records = ZHIDAO.records(table)
    assert [row["tags"] for row in read(records)] == [["a", "b"], ["手机"], ["x"], [], ["[1]"], [], ["3"], None]
    assert records.schema.names == ["question", "tags", "id"]
    lines = ['{"question": "一", "tags": "甲"}', '{"question": "二", "tags": ["乙"]}', '{"question": 3, "tags": null}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert read(ZHIDAO.records(tmp_path / "a.jsonl")) == [
        {"question": "一", "tags": ["甲"]},
        {"question": "二", "tags": ["乙"]},
        {"question": "3", "tags": None},
    ]


# ---- triples


ROWS = list(triples.sample_triples(200, seed=1))
RAW = "".join("\t".join(map(str, row.values())) + "\n" for row in ROWS).encode("utf-8")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tsv", RAW),
        ("a.tsv.gz", gzip.compress(RAW)),
        ("a.tsv.xz", lzma.compress(RAW)),
        ("a.tsv", b"entity\tattribute\tvalue\n" + RAW),
        ("a.tsv", "\ufeff实体\t属性\t值\n".encode() + RAW),
        ("a.csv", RAW.replace(b"\t", b",")),
        ("a.csv", b"Entity,Attribute,Value\r\n" + RAW.replace(b"\t", b",").replace(b"\n", b"\r\n")),
        ("a.tsv", RAW.decode("utf-8").encode("gb18030")),
        ("a.json", json.dumps(ROWS, ensure_ascii=False, indent=2).encode()),
        ("a.jsonl", "\n".join(map(json.dumps, ROWS)).encode()),
        ("a.txt", RAW),
    ],
)
def test_triples_in_all_shapes(tmp_path: Path, name: str, data: bytes) -> None:
    path = write(tmp_path / name, data)
    reading: dict[str, Any] = {"input_format": "tsv"} if name == "a.txt" else {}
    records = TRIPLES.records(path, **reading)
    assert records.schema.remove_metadata() == TRIPLES.schema
    assert read(records) == ROWS
    assert documents(TRIPLES.open(path, **reading)) == [row["value"] for row in ROWS]
    both = documents(TRIPLES.open(path, text="entity+value", **reading))
    assert both == [f"{row['entity']}\n{row['value']}" for row in ROWS]
    grouped = documents(TRIPLES.open(path, group_by="entity", **reading))
    assert "\n".join(grouped) == "\n".join(row["value"] for row in ROWS)
    assert len(grouped) == 1 + sum(a["entity"] != b["entity"] for a, b in zip(ROWS, ROWS[1:], strict=False))
    found = bare_card([path], **reading)
    assert (found is not None) == (
        name in ("a.tsv", "a.txt", "a.csv", "a.tsv.gz", "a.tsv.xz")
        and b"ntity" not in data
        and "实体\t".encode() not in data
    )


def test_a_first_record_with_equal_cells_is_no_line_of_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "甲\t名称\t甲\n甲\t性别\t男\n乙\t名称\t乙\n".encode())
    assert read(TRIPLES.records(path))[0] == {"entity": "甲", "attribute": "名称", "value": "甲"}
    assert bare_card([path]) is TRIPLES


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", "2024-01-01\t1\t新闻标题\n2024-01-01\t2\t别的标题\n"),  # the attributes would be numbers
        ("a.tsv", "编号\t标题\t正文\n1\t新闻\t今天\n2\t新闻\t昨天\n"),  # names that do not come again
        ("a.tsv", "甲\t名称\n甲\t性别\n"),
        ("a.tsv", ""),
        ("a.tsv", "甲\t名称\t甲"),
        ("a.txt", "甲\t名称\t甲\n甲\t性别\t男\n"),
    ],
)
def test_other_files_are_not_taken_for_triples(tmp_path: Path, name: str, text: str) -> None:
    assert bare_card([write(tmp_path / name, text.encode())]) is None


def test_what_is_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", RAW)
    assert bare_card([tmp_path / "*.tsv"]) is TRIPLES
    assert bare_card(["-"]) is None
    assert bare_card([path, tmp_path / "b.json"]) is None
    assert bare_card([tmp_path], "tsv") is TRIPLES
    with pytest.raises(InputError, match="no such file"):
        bare_card(["missing.tsv"])


def test_a_stream_is_read_once() -> None:
    table = pa.Table.from_pylist(ROWS)
    assert read(TRIPLES.records(table.to_reader())) == ROWS
    assert documents(TRIPLES.open(table.to_reader(), group_by="entity"))[0].startswith(ROWS[0]["value"] + "\n")


def test_conversion_keeps_the_types(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", RAW)
    convert_corpus(TRIPLES.records(path), tmp_path / "b.parquet")
    assert read(TRIPLES.records(tmp_path / "b.parquet")) == ROWS
    assert isinstance(TRIPLES.records(tmp_path / "b.parquet"), KnownRecords)


def test_what_can_go_wrong(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", RAW)
    with pytest.raises(OptionError, match=r"text='nix' is not known of triples; choose one of value, entity\+value"):
        TRIPLES.open(path, text="nix")
    with pytest.raises(InputError, match=r"no column 'nix'"):
        TRIPLES.open(path, group_by="nix")
    with pytest.raises(InputError, match=r"not like Baidu Zhidao.*url, question, tags; its columns are"):
        ZHIDAO.records(pa.table({"text": ["a"]}))
    with pytest.raises(InputError, match=r"no column 'tags', as Baidu Zhidao"):
        ZHIDAO.open(pa.table({"question": ["a"], "url": ["b"]}), text="question+tags")
