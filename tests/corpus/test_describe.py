"""What is in a corpus, against plain Python; frequent values and attributes in bounded memory."""

import gzip
import json
import random
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import opencc
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.corpus import attributes
from nlptools.corpus.attributes import AttributeCounts
from nlptools.corpus.character_counts import SCRIPTS, CharacterCounts, _scripts
from nlptools.corpus.describe import describe_corpus
from nlptools.corpus.frequent import FrequentValues
from nlptools.corpus.sample import sample_corpus
from nlptools.errors import BadRecordError, InputError, OptionError

TEXT = st.text(
    st.sampled_from("体體后你好〇𠮷㐀aÀＺ×5７、。 　\t\nかカｶー한ᄀЖ😭\u200b\u0301\ue000")
    | st.characters(exclude_categories=["Cs"]),
    max_size=8,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "question": st.none() | TEXT,
            "kind": st.sampled_from(["甲", "乙", "", None]),
            "tags": st.none() | st.lists(st.none() | st.sampled_from(["游戏", "手机", "x" * 300]), max_size=3),
            "n": st.none() | st.integers(0, 3),
        }
    ),
    min_size=1,
    max_size=12,
)
SCHEMA = pa.schema(
    [
        ("question", pa.large_string()),
        ("kind", pa.string()),
        ("tags", pa.list_(pa.large_string())),
        ("n", pa.int64()),
    ]
)


def script_of(character: str, simplify: Any, traditionalise: Any) -> str:
    code = ord(character)
    name = unicodedata.name(character, "")
    if name.startswith("CJK UNIFIED") or name.startswith("CJK COMPATIBILITY IDEOGRAPH") or character == "〇":
        if simplify.convert(character) != character:
            return "han, traditional only"
        return "han, simplified only" if traditionalise.convert(character) != character else "han, both"
    if character in "0123456789０１２３４５６７８９":
        return "digits"
    if name.startswith(("LATIN", "FULLWIDTH LATIN")) and (code < 0x250 or 0x1E00 <= code < 0x1F00 or code > 0xFF00):
        return "latin"
    return ""


def occurring(counts: CharacterCounts) -> dict[str, int]:
    return {chr(c): int(counts.counts[c]) for c in np.flatnonzero(counts.counts)}


@given(st.lists(TEXT, max_size=6))
def test_characters(texts: list[str]) -> None:
    counts = CharacterCounts()
    array = pa.array(["前", *texts, "后"], pa.large_string())
    counts.add(array[1:-1])
    expected = Counter("".join(texts))
    assert counts.total == expected.total()
    assert counts.different == len(expected)
    assert occurring(counts) == expected


def test_scripts() -> None:
    of = {
        "han, simplified only": "体国后",
        "han, traditional only": "體國後",
        "han, both": "你好〇𠮷㐀",
        "latin": "aÀＺ",
        "digits": "5７",
        "kana": "かカｶー",
        "hangul": "한ᄀ",
        "white space": " 　\t\n",
        "punctuation and symbols": "、。×-\u200b",
        "other": "Ж😭\u0301²",
    }
    for script, characters in of.items():
        counts = CharacterCounts()
        counts.add(pa.array([characters * 2]).cast(pa.large_string()))
        assert counts.scripts() == {name: 2 * len(characters) * (name == script) for name in SCRIPTS}
    assert tuple(of) == SCRIPTS


def test_scripts_of_every_character() -> None:
    """Each is of one script, and Han, Latin and digits are what their Unicode names say."""
    simplify, traditionalise = opencc.OpenCC("t2s"), opencc.OpenCC("s2t")
    draw = random.Random(3)
    characters = [chr(c) for c in (*range(0x30, 0x250), *(draw.randrange(0x2E80, 0x30000) for _ in range(1500)))]
    characters = [c for c in characters if unicodedata.category(c) not in ("Cs", "Cn", "Co") and c not in "\xaa\xba"]
    characters = sorted(set(characters))
    for character, script in zip(characters, _scripts(list(map(ord, characters))), strict=True):
        expected = script_of(character, simplify, traditionalise)
        assert script == expected if expected else script not in SCRIPTS[:5], (character, script)


def test_a_long_text_is_counted_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlptools.corpus.character_counts._PIECE", 5)
    counts = CharacterCounts()
    text = "a𠮷é好" * 9
    counts.add(pa.array([text, text], pa.large_string()))
    assert occurring(counts) == Counter(text * 2)


# ---- describe_corpus


@given(ROWS, st.integers(1, 12))
def test_it_is_its_twin(rows: list[dict[str, Any]], size: int) -> None:
    table = pa.Table.from_batches(pa.Table.from_pylist(rows, SCHEMA).to_batches(max_chunksize=size))
    found = describe_corpus(table, text_column="question")
    texts = [row["question"] for row in rows if row["question"] is not None]
    lengths = sorted(map(len, texts))
    assert (found.records, found.bad_records) == (len(rows), {})
    assert found.texts is not None
    assert (found.texts.documents, found.texts.without_text) == (len(texts), len(rows) - len(texts))
    assert found.texts.characters == sum(lengths) == sum(found.texts.scripts.values())
    assert found.texts.different_characters == len(set("".join(texts)))
    middle = lengths[(len(lengths) - 1) // 2] if lengths else 0
    assert (found.texts.shortest, found.texts.median, found.texts.longest) == (
        (lengths[0], middle, lengths[-1]) if lengths else (0, 0, 0)
    )
    for field in found.fields:
        values = [row[field.name] for row in rows]
        flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
        counts = Counter(item for item in flat if item is not None and len(str(item).encode()) <= 200)
        assert field.nulls == values.count(None)
        assert (field.different, field.missed) == (len(counts), 0)
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        assert field.frequent == (ranked[:10] if ranked and ranked[0][1] >= 2 else [])
    assert json.loads(json.dumps(found.as_dict()))["records"] == len(rows)


def test_files_and_bad_records(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress('{"text": "好"}\nbad\n{"text": null}\n'.encode()))
    (tmp_path / "b.txt").write_bytes("研究生命的起源，再研究别的。\n".encode("gb18030") * 20)
    found = describe_corpus([tmp_path / "a.jsonl.gz", tmp_path / "b.txt"])
    assert found.name == "2 files"
    assert [(file.format, file.compression, file.encoding) for file in found.files] == [
        ("JSON lines", "gzip", "UTF-8"),
        ("text", None, "GB18030"),
    ]
    assert [file.bytes for file in found.files] == [path.stat().st_size for path in sorted(tmp_path.iterdir())]
    assert found.bad_records == {"not valid JSON": 1}
    assert found.bad_examples == [f"{tmp_path / 'a.jsonl.gz'}:2: not valid JSON"]
    assert found.texts is not None
    assert (found.records, found.texts.documents, found.texts.without_text) == (22, 21, 1)
    with pytest.raises(BadRecordError):
        describe_corpus(tmp_path / "a.jsonl.gz", strict=True)


def test_records_of_which_nothing_is_told_to_be_text() -> None:
    table = pa.table({"a": ["x", "x"], "b": ["y", "z"]})
    found = describe_corpus(table)
    assert found.texts is None
    assert found.no_texts is not None
    assert "more than one column holds strings" in found.no_texts
    assert found.records == 2
    assert [field.frequent for field in found.fields] == [[("x", 2)], []]
    found = describe_corpus(table, recognise=lambda names: "b,a", group_by="a")
    assert found.texts is not None
    assert (found.texts.documents, found.texts.longest) == (1, 7)
    with pytest.raises(InputError, match="no column 'nix'"):
        describe_corpus(table, text_column="nix")
    with pytest.raises(OptionError, match=r"top=-1 .*0 or more"):
        describe_corpus(table, top=-1)


def test_a_stream_is_read_once() -> None:
    reader = pa.table({"text": ["好", "吗"]}).to_reader()
    found = describe_corpus(reader)
    assert found.texts is not None
    assert (found.records, found.texts.documents, found.fields[0].different) == (2, 2, 2)


def test_no_records_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("url,text\n", encoding="utf-8")
    found = describe_corpus(tmp_path / "a.csv")
    assert found.texts is not None
    assert (found.records, found.texts.documents, found.texts.characters) == (0, 0, 0)


# ---- frequent values


@given(st.lists(st.lists(st.integers(0, 12), max_size=20), max_size=8), st.integers(1, 6))
def test_frequent_values_are_never_forgotten(batches: list[list[int]], limit: int) -> None:
    values = FrequentValues(limit)
    for batch in batches:
        values.add(pa.array(batch, pa.int64()))
    truth = Counter(value for batch in batches for value in batch)
    found = dict(values.most_common(100))
    assert all(truth[value] - values.missed <= found.get(value, 0) <= truth[value] for value in truth)
    assert values.missed <= truth.total() / (limit + 1)
    if len(truth) <= limit:
        assert found == truth
        assert values.different == len(truth)


def test_what_is_no_label_is_not_counted() -> None:
    values = FrequentValues()
    for array in (pa.array([1.5, 1.5]), pa.array([{"a": 1}] * 2), pa.array([b"x", b"x"]), pa.array(["y" * 201] * 2)):
        values.add(array)
    values.add(pa.array(["a", "b", "a"]).dictionary_encode())
    values.add(pa.array([[True, None], [True]]))
    assert values.most_common(9) == [(True, 2), ("a", 2), ("b", 1)]


# ---- attributes


TRIPLES = st.lists(
    st.tuples(*[st.sampled_from(["甲", "乙", "Ａ", "A"])] * 2, st.none() | st.sampled_from(["1", "2"])), max_size=20
)


@given(TRIPLES, st.integers(1, 7))
def test_attributes(rows: list[tuple[str, str, str | None]], size: int) -> None:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    table = pa.table([pa.array(column, pa.large_string()) for column in columns], ["e", "a", "v"])
    with AttributeCounts(("e", "a", "v")) as counts:
        for batch in table.to_batches(max_chunksize=size):
            counts.add(batch)
        found = counts.most_common(10)
    names = Counter(attribute for _, attribute, _ in rows)
    assert [(a.name, a.count) for a in found] == sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))
    for attribute in found:
        having = [(e.replace("Ａ", "A"), v) for e, a, v in rows if a == attribute.name]
        assert attribute.entities == len({entity for entity, _ in having})
        assert attribute.example == having[0][1]
    assert counts.different == len(names)


def test_more_attributes_than_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "LIMIT", 2)
    batch = pa.record_batch({"e": ["x", "x", "y", "y"], "a": ["1", "2", "3", "1"], "v": ["v" * 200] * 4})
    with AttributeCounts(("e", "a", "v")) as counts:
        counts.add(batch)
        found = counts.most_common(5)
    assert [(a.name, a.count, a.entities, a.example) for a in found] == [("1", 2, 2, "v" * 80), ("2", 1, 1, "v" * 80)]
    assert counts.different is None
    with AttributeCounts(("e", "nix", "v")) as counts, pytest.raises(InputError, match="no column 'nix'"):
        counts.add(batch)


# ---- sample_corpus


def test_a_sample_is_the_same_however_the_records_come(tmp_path: Path) -> None:
    table = pa.table({"text": [f"第{row}" for row in range(3000)], "n": range(3000)})
    samples = []
    for size in (7, 1000, 3000):
        batches = pa.Table.from_batches(table.to_batches(max_chunksize=size))
        samples.append(sample_corpus(batches, 50, seed=4).to_pylist())
    assert samples[0] == samples[1] == samples[2]
    numbers = [row["n"] for row in samples[0]]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 50
    assert sample_corpus(table, 50, seed=5).to_pylist() != samples[0]
    assert sample_corpus(table, 5000).to_pylist() == table.to_pylist()
    (tmp_path / "a.txt").write_text("一\n二\n三\n", encoding="utf-8")
    assert sample_corpus(tmp_path / "a.txt", 3)["text"].to_pylist() == ["一", "二", "三"]


def test_every_record_is_as_likely() -> None:
    table = pa.table({"n": range(20)})
    drawn = Counter(n for seed in range(1000) for n in sample_corpus(table, 5, seed=seed)["n"].to_pylist())
    assert all(180 < drawn[n] < 320 for n in range(20))  # 250 expected, standard deviation 14


@pytest.mark.parametrize(("rows", "seed", "message"), [(0, 0, "rows=0 .*1 or more"), (1, -1, "seed=-1 .*0 or more")])
def test_samples_that_cannot_be(rows: int, seed: int, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        sample_corpus(["a"], rows, seed=seed)
