import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from nlptools.errors import OptionError, OutputError
from nlptools_corpora import zhidao
from nlptools_corpora.zhidao import gold_words, ordinary_words, sample_questions, write_sample


def is_han(word: str) -> bool:
    return all("\u4e00" <= char <= "\u9fff" for char in word)


def read_gold(path: Path) -> dict[str, int]:
    pairs = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]
    return {word: int(count) for word, count in pairs}


# ---- the word lists


def test_no_list_names_a_word_twice() -> None:
    for file, lists in zhidao._files().items():
        for name, words in lists.words.items():
            assert [word for word, count in Counter(words).items() if count > 1] == [], (file, name)


def test_every_topic_has_what_the_common_patterns_ask_for() -> None:
    for topic in zhidao.TOPICS:
        lists = zhidao._files()[topic]
        assert {"标签", "物", "做", "样", "病", "地", "人"} <= set(lists.words), topic
        assert len(lists.patterns["问"]) >= 10, topic
        assert sum(len(words) for words in lists.words.values()) >= 100, topic


def test_every_list_is_used() -> None:
    files = zhidao._files()
    calls = {
        file: {name for lines in lists.patterns.values() for line in lines for name in re.findall("{(.*?)}", line)}
        for file, lists in files.items()
    }
    everywhere = calls["common"] | {"句", "标签"}
    for file, lists in files.items():
        used = set[str]().union(*calls.values()) if file == "common" else calls[file]
        assert (lists.words.keys() | lists.patterns.keys()) - used - everywhere == set(), file


def test_rich_enough() -> None:
    assert len(zhidao.TOPICS) >= 15
    assert len(ordinary_words()) >= 1500
    assert len(gold_words()) >= 120
    assert sum(len(lists.patterns.get("问", [])) for lists in zhidao._files().values()) >= 150


def test_invented_words_are_words_apart() -> None:
    invented = gold_words()
    assert all(2 <= len(word) <= 5 for word in invented)
    assert set(invented).isdisjoint(ordinary_words())
    assert [(a, b) for a in invented for b in invented if a != b and a in b] == []
    ordinary = "\n".join(ordinary_words())
    assert [word for word in invented if word in ordinary] == []


# ---- questions


def test_shape() -> None:
    urls = set()
    for row in sample_questions(2000):
        assert list(row) == ["url", "question", "tags"]
        assert re.fullmatch(r"http://zhidao\.example/question/\d{9,}\.html", row["url"])
        urls.add(row["url"])
        assert row["question"] == row["question"].strip() != ""
        assert not re.search(r"[\n\r\t{}\[\]|*]", row["question"])
        assert 1 <= len(row["tags"]) <= 4
        assert len(set(row["tags"])) == len(row["tags"])
    assert len(urls) == 2000


def test_looks_like_the_web() -> None:
    text = "\n".join(row["question"] for row in sample_questions(20_000))
    assert all(mark in text for mark in ["？", "?", "，", ",", "！", "。", "…", "iPhone", "T恤", "ＱＱ", "𠮷", "😭"])
    assert len(set(text.splitlines())) > 19_000
    rare = [word for word in ordinary_words() if text.count(word) < 10]
    assert len(rare) < 0.15 * len(ordinary_words())
    common = [word for word in gold_words() if text.count(word) >= 8]
    assert len(common) >= 0.9 * len(gold_words())
    assert max(text.count(word) for word in gold_words()) >= 200


# ---- files


def test_json_lines(tmp_path: Path) -> None:
    for name in ("q.jsonl", "q.ndjson"):
        write_sample(tmp_path / name, rows=50, seed=1)
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == list(sample_questions(50, seed=1))


def test_json_array_as_it_was_published(tmp_path: Path) -> None:
    for rows in (1, 50):
        write_sample(tmp_path / "q.json", rows=rows)
        text = (tmp_path / "q.json").read_text(encoding="utf-8")
        assert text == json.dumps(list(sample_questions(rows)), ensure_ascii=False, indent=4) + "\n"


def test_text(tmp_path: Path) -> None:
    write_sample(tmp_path / "q.txt", rows=50)
    text = (tmp_path / "q.txt").read_bytes().decode("utf-8")
    assert text == "".join(row["question"] + "\n" for row in sample_questions(50))


def test_gzip_holds_the_same_and_no_time(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.gz", "b.JSONL.GZ"):
        write_sample(tmp_path / name, rows=50)
    packed = (tmp_path / "a.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "a.jsonl").read_bytes()
    assert packed == (tmp_path / "b.JSONL.GZ").read_bytes()


def test_gold_counts_what_was_planted(tmp_path: Path) -> None:
    written = write_sample(tmp_path / "q.txt", rows=3000, seed=3, gold=tmp_path / "gold.txt")
    gold = read_gold(tmp_path / "gold.txt")
    assert (written.rows, written.planted) == (3000, gold)
    assert list(gold.items()) == sorted(gold.items(), key=lambda item: (-item[1], item[0]))
    assert gold.keys() <= set(gold_words())
    text = (tmp_path / "q.txt").read_text(encoding="utf-8")
    assert {word: text.count(word) for word in gold if text.count(word) < gold[word]} == {}
    assert {word: text.count(word) for word in gold_words() if word in text} == gold  # and none by accident


def test_gold_files_are_reproducible(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sample(tmp_path / f"{name}.txt", rows=500, seed=5, gold=tmp_path / f"{name}.gold")
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()
    assert (tmp_path / "a.gold").read_bytes() == (tmp_path / "b.gold").read_bytes()


# ---- what can go wrong


@pytest.mark.parametrize("rows", [0, -5])
def test_no_rows(rows: int, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=f"rows={rows} .*ask for"):
        sample_questions(rows)
    with pytest.raises(OptionError, match=f"rows={rows} "):
        write_sample(tmp_path / "q.txt", rows=rows)


def test_negative_seed() -> None:
    with pytest.raises(OptionError, match=r"seed=-1 .*use 0"):
        sample_questions(1, seed=-1)


@pytest.mark.parametrize("name", ["q", "q.xlsx", "q.gz", "q.parquet.bz2", "q.dict"])
def test_unknown_suffix(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"suffix does not say.*\.jsonl") as error:
        write_sample(tmp_path / name, rows=1)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_gold_needs_a_place_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is also the output"):
        write_sample(tmp_path / "q.txt", rows=1, gold=str(tmp_path / "." / "q.txt"))
    with pytest.raises(OutputError):
        write_sample(tmp_path / "q.txt", rows=1, gold=tmp_path / "no" / "gold.txt")
    with pytest.raises(OutputError):
        write_sample(tmp_path / "no" / "q.txt", rows=1)
    assert list(tmp_path.iterdir()) == []
