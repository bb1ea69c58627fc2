import csv
import json
import re
from collections import Counter
from itertools import groupby
from pathlib import Path

import pyarrow.parquet
import pytest

from nlptools.errors import OptionError, OutputError
from nlptools_corpora import triples
from nlptools_corpora.triples import gold_words, sample_triples, write_sample

# ---- the word lists


def test_no_list_names_a_word_twice() -> None:
    for file, lists in triples._files().items():
        for name, words in lists.words.items():
            assert [word for word, count in Counter(words).items() if count > 1] == [], (file, name)


def test_every_list_is_used() -> None:
    files = triples._files()
    calls = {
        file: {name for lines in lists.patterns.values() for line in lines for name in re.findall("{(.*?)}", line)}
        for file, lists in files.items()
    }
    kinds = [files[kind] for kind in triples.KINDS]
    attributes = {name for lists in kinds for name in (*lists.words["属性"], *lists.words["罕"])}
    for file, lists in files.items():
        used = set[str]().union(*calls.values()) if file == "common" else calls[file]
        known = used | attributes | {"名", "辨", "属性", "罕", "自"}
        assert (lists.words.keys() | lists.patterns.keys()) - known == set(), file


def test_rich_enough() -> None:
    assert len(triples.KINDS) >= 12
    assert len(gold_words()) >= 150
    for kind in triples.KINDS:
        assert len(triples._files()[kind].words["属性"]) >= 12, kind


def test_invented_words_are_words_apart() -> None:
    invented = gold_words()
    assert all(2 <= len(word) <= 5 for word in invented)
    assert [(a, b) for a in invented for b in invented if a != b and a in b] == []
    everything = {word for lists in triples._files().values() for words in lists.words.values() for word in words}
    ordinary = "\n".join(everything - set(invented))
    assert [word for word in invented if word in ordinary] == []


# ---- triples


def test_shape() -> None:
    rows = list(sample_triples(20_000))
    for row in rows:
        assert list(row) == ["entity", "attribute", "value"]
        for cell in row.values():
            assert isinstance(cell, str)
            assert cell == cell.strip() != ""
            assert not re.search(r"[\n\r\t\"{}\[\]|*]", cell)
    runs = [list(run) for _, run in groupby(rows, key=lambda row: row["entity"])]
    assert 5 < len(rows) / len(runs) < 12
    distinct = {row["entity"] for row in rows}
    assert len(distinct) > 0.8 * len(runs)
    assert sum("（" in entity for entity in distinct) > 0.1 * len(distinct)


def test_few_attributes_make_most_triples() -> None:
    counts = Counter(row["attribute"] for row in sample_triples(20_000))
    assert len(counts) > 200
    assert sum(count for _, count in counts.most_common(40)) > 9_000
    assert sum(count < 20 for count in counts.values()) > 40


# ---- files


def test_text_that_is_tab_separated_has_no_header(tmp_path: Path) -> None:
    write_sample(tmp_path / "t.tsv", rows=50)
    lines = (tmp_path / "t.tsv").read_bytes().decode("utf-8").split("\n")
    assert lines == ["\t".join(map(str, row.values())) for row in sample_triples(50)] + [""]


def test_the_other_formats(tmp_path: Path) -> None:
    rows = list(sample_triples(50, seed=2))
    for suffix in (".csv", ".jsonl", ".json", ".txt", ".parquet"):
        write_sample(tmp_path / f"t{suffix}", rows=50, seed=2)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows
    text = (tmp_path / "t.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8")) == rows
    assert (tmp_path / "t.txt").read_text(encoding="utf-8") == "".join(row["value"] + "\n" for row in rows)
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert (table.to_pylist(), table.schema) == (rows, triples.CARD.schema)


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".csv.xz", ".json.bz2", ".jsonl.zst", ".arrow"])
def test_equal_seeds_give_equal_bytes(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        write_sample(tmp_path / f"{name}{suffix}", rows=5000, seed=5, gold=tmp_path / f"{name}.gold")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert (tmp_path / "a.gold").read_bytes() == (tmp_path / "b.gold").read_bytes()


def test_gold_counts_what_was_planted(tmp_path: Path) -> None:
    written = write_sample(tmp_path / "t.txt", rows=20_000, seed=3, gold=tmp_path / "gold.txt")
    pairs = [line.split(" ") for line in (tmp_path / "gold.txt").read_text(encoding="utf-8").splitlines()]
    gold = {word: int(count) for word, count in pairs}
    assert (written.rows, written.planted) == (20_000, gold)
    assert list(gold.items()) == sorted(gold.items(), key=lambda item: (-item[1], item[0]))
    text = (tmp_path / "t.txt").read_text(encoding="utf-8")
    assert {word: text.count(word) for word in gold_words() if word in text} == gold  # and none by accident
    assert sum(count >= 8 for count in gold.values()) > 0.6 * len(gold_words())


# ---- what can go wrong


def test_what_can_go_wrong(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"rows=0 .*ask for"):
        sample_triples(0)
    with pytest.raises(OptionError, match=r"seed=-1 .*use 0"):
        write_sample(tmp_path / "t.tsv", seed=-1)
    with pytest.raises(OutputError, match=r"suffix does not say"):
        write_sample(tmp_path / "t", rows=1)
    with pytest.raises(OptionError, match="is also the output"):
        write_sample(tmp_path / "t.tsv", rows=1, gold=tmp_path / "t.tsv")
    assert list(tmp_path.iterdir()) == []
