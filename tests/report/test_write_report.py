"""`write_report` without a browser: what is in the page, and that it is always the same."""

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.concordance.open import open_concordance
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.report.evidence import MOST_PARTS, NEIGHBOURS, WIDTH, evidence_of
from nlptools.report.options import ReportOptions
from nlptools.report.page import CHUNK, chunks_within, packed
from nlptools.report.words_table import columns_of, periods_of, read_words, terms_of
from nlptools.report.write import write_report


def blocks(page: Path) -> dict[str, str]:
    found = re.findall(
        r'<script type="[a-z/]+" id="([a-z0-9-]+)">(.*?)</script>', page.read_text(encoding="utf-8"), re.S
    )
    return dict(found)


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def test_what_is_in_it(path: Path, words: pa.Table, texts: list[str], left_out: pa.Table) -> None:
    size = write_report(words, texts, path, left_out=left_out, title="微信 <b>")
    assert path.stat().st_size == size
    found = blocks(path)
    about = json.loads(found["about"])
    assert (about["title"], about["words"], about["evidence"], about["documents"]) == ("微信 <b>", 17, 17, len(texts))
    assert about["terms"] == ["constant", "price", "pmi"]
    assert [column["kind"] for column in about["columns"]] == [
        "text",
        "int",
        "int",
        "float",
        "float",
        "float",
        "float",
        "bool",
    ]
    assert unpacked(found["table"]) == words.select([c["name"] for c in about["columns"]]).to_pydict()
    assert unpacked(found["others"]) == left_out.to_pydict()
    assert len(unpacked(found["evidence-0"])) == 17 and "evidence-1" not in found


def test_only_its_own_program_may_run(path: Path, words: pa.Table, texts: list[str]) -> None:
    write_report(words, texts, path, title="/*program*/<!--data-->/*style*/")
    text = path.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    program = re.search(r"<script>(.*?)</script>", text, re.S)
    style = re.search(r"<style>(.*?)</style>", text, re.S)
    assert policy and program and style
    for kind, found in (("script", program), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert not re.search(r"""(src|href)=["'](?!data:)|@import|url\(|https?://(?!www\.w3\.org/2000/svg)""", text)
    assert len(re.findall("<script", text)) == len(blocks(path)) + 1
    assert "window.harmed" not in text  # data are packed


def test_same_arguments_same_bytes(tmp_path: Path, words: pa.Table, texts: list[str], left_out: pa.Table) -> None:
    pages = [tmp_path / name for name in ("a.html", "b.html")]
    for page in pages:
        write_report(words, texts, page, left_out=left_out)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_evidence_is_what_slow_python_finds(
    texts: list[str],
    words: pa.Table,
    slow_count: Callable[[str], int],
    slow_occurrences: Callable[[str], list[tuple[int, int]]],
) -> None:
    names = words["word"].to_pylist()
    with open_concordance(texts) as concordance:
        found = list(evidence_of(names, concordance, 4))
    for word, record in zip(names, found, strict=True):
        assert record["count"] == slow_count(word)
        assert len(record["lines"]) == min(4, slow_count(word))
        for document, left, right in record["lines"]:
            at = texts[document].index(left + word + right)
            assert len(left) == min(WIDTH, at + len(left)) or texts[document].startswith(left)
        places = slow_occurrences(word)
        beside = {
            "left": Counter(texts[d][:at][-1:] for d, at in places),
            "right": Counter(texts[d][at + len(word) :][:1] for d, at in places),
        }
        for side, counted in beside.items():
            expected = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:NEIGHBOURS]
            assert [tuple(pair) for pair in record[side]] == expected, (word, side)
        if len(word) <= MOST_PARTS:
            assert record["heads"] == [slow_count(word[:n]) for n in range(1, len(word))]
            assert record["tails"] == [slow_count(word[-n:]) for n in range(1, len(word))]
            assert record["pairs"] == [slow_count(word[n : n + 2]) for n in range(1, len(word) - 2)]


def test_odd_words_have_nothing(path: Path, texts: list[str]) -> None:
    names = ["", "红包", None, "红包", "x" * 2000, "包，微信红包怎么发？微信红包怎么"]
    write_report(pa.table({"word": pa.array(names, pa.large_string())}), texts, path)
    records = unpacked(blocks(path)["evidence-0"])
    assert [record["count"] for record in records] == [0, 81, 0, 81, 0, 0]
    assert records[1] == records[3] and len(records[1]["lines"]) == 5
    assert records[4]["heads"] == [] and len(records[5]["heads"]) == 15


def test_titles_are_text_whatever_they_hold(path: Path, words: pa.Table) -> None:
    write_report(words, None, path, title="a\ud800b</script>")
    assert "a?b&lt;/script&gt;" in path.read_text(encoding="utf-8")
    assert json.loads(blocks(path)["about"])["title"] == "a\ud800b</script>"


def test_evidence_for_the_best(path: Path, words: pa.Table, texts: list[str]) -> None:
    write_report(words, texts, path, evidence=3, lines=1)
    found = blocks(path)
    records = unpacked(found["evidence-0"])
    assert json.loads(found["about"])["evidence"] == len(records) == 3
    assert all(len(record["lines"]) <= 1 for record in records)
    write_report(words, texts, path, evidence=0)
    assert json.loads(blocks(path)["about"])["evidence"] == 0
    write_report(words, texts, path, evidence=1000)
    assert json.loads(blocks(path)["about"])["evidence"] == words.num_rows


def test_without_a_corpus_the_terms_remain(path: Path, words: pa.Table) -> None:
    write_report(words, None, path)
    found = blocks(path)
    assert unpacked(found["evidence-0"])[2] == {"terms": [-2.4, 4.5, 0.25]}
    assert json.loads(found["about"])["documents"] is None
    write_report(words.select(["word", "count"]), None, path)
    assert json.loads(blocks(path)["about"])["evidence"] == 0


def test_terms_that_are_no_numbers(path: Path) -> None:
    odd = {
        "why_nan": [float("nan")],
        "why_inf": [float("inf")],
        "why_none": [None],
        "why_text": ["a"],
        "why_pmi": [1.5],
    }
    table = pa.table({"word": ["微信"], **odd})
    table = table.set_column(3, "why_none", table["why_none"].cast(pa.float64()))
    write_report(table, None, path)
    assert unpacked(blocks(path)["evidence-0"]) == [{"terms": [0, 0, 0, 1.5]}]
    assert json.loads(blocks(path)["about"])["terms"] == ["nan", "inf", "none", "pmi"]


def test_of_many_words_the_best_are_shown(path: Path) -> None:
    table = pa.table({"word": [str(n) for n in range(500)]})
    write_report(table, ["1 2 3"], path, top=450)
    about = json.loads(blocks(path)["about"])
    assert (about["words"], about["found"], about["evidence"]) == (450, 500, 450)


def test_chunks_stop_at_a_size() -> None:
    records = [{"n": n} for n in range(5 * CHUNK + 1)]
    whole = list(chunks_within(iter(records), None))
    assert [record for chunk in whole for record in unpacked(chunk)] == records
    assert list(chunks_within(iter(records), len(whole[0]) + len(whole[1]))) == whole[:2]
    assert list(chunks_within(iter(records), 10)) == []
    assert list(chunks_within([], 10)) == []


def test_empty_tables(path: Path, texts: list[str]) -> None:
    write_report(pa.table({"word": pa.array([], pa.large_string())}), texts, path)
    assert json.loads(blocks(path)["about"])["words"] == 0


@pytest.mark.parametrize("script", ["simplified", "traditional"])
def test_folded_words_are_found_in_folded_text(path: Path, script: str) -> None:
    word = {"simplified": "台湾", "traditional": "臺灣"}[script]
    write_report(pa.table({"word": [word]}), ["我在臺灣", "我在台湾"], path, script=script)
    record = unpacked(blocks(path)["evidence-0"])[0]
    assert record["count"] == 2 and [line[0] for line in record["lines"]] == [0, 1]


def test_a_file_is_indexed_for_a_moment(
    tmp_path: Path, path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("微信红包\n红包\n", encoding="utf-8")
    table = pa.table({"word": ["红包"]})
    write_report(table, corpus, path)
    assert json.loads(blocks(path)["about"])["title"] == "corpus.txt"
    assert list(cache.rglob("*.kwic")) == []
    index = tmp_path / "corpus.kwic"
    open_concordance(corpus, index=index).close()
    again = tmp_path / "again.html"
    write_report(table, index, again, title="corpus.txt")
    assert again.read_bytes() == path.read_bytes()


def test_what_cannot_work_is_said(path: Path, words: pa.Table) -> None:
    with pytest.raises(OptionError, match="lines=-1 cannot work"):
        write_report(words, None, path, lines=-1)
    with pytest.raises(OptionError, match="at most 200,000"):
        ReportOptions(top=200_001)
    with pytest.raises(OptionError, match="script='x' is not known"):
        ReportOptions(script="x")  # type: ignore[arg-type]
    with pytest.raises(OutputError, match=r"ends with \.html"):
        write_report(words, None, path.with_suffix(".csv"))
    with pytest.raises(OutputError, match="mkdir -p"):
        write_report(words, None, path.parent / "none" / "a.html")
    with pytest.raises(InputError, match="no column 'word'"):
        write_report(words.drop_columns(["word"]), None, path)
    with pytest.raises(InputError, match="no column 'limit'"):
        write_report(words, None, path, left_out=words)
    for word in (5, ["微信"], None):
        with pytest.raises(InputError, match="the table has no text as 'word'; give "):
            write_report(pa.table({"word": [word]}), None, path)
    others = {"word": ["微"], "count": [3], "limit": ["pmi"], "value": ["low"], "least": [1.0]}
    with pytest.raises(InputError, match="left out has no numbers as 'value'; give one of explain_new_words"):
        write_report(words, None, path, left_out=pa.table(others))
    assert not path.exists()


@given(
    st.recursive(st.none() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])), st.lists)
)
def test_packed_data_come_back_and_are_no_markup(value: Any) -> None:
    text = packed(value)
    assert unpacked(text) == value
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", text)


def test_columns_have_what_json_has() -> None:
    table = pa.table(
        {
            "word": pa.array(["a", None], pa.string()),
            "x": [float("inf"), float("nan")],
            "n": pa.array([2**60, None], pa.int64()),
            "known": [True, None],
            "series": pa.array([[1, 2], None], pa.list_(pa.int64())),
            "other": pa.array([{"a": 1}, None]),
            "why_x": [0.5, None],
        }
    )
    described, values = columns_of(table)
    assert [column["kind"] for column in described] == ["text", "float", "int", "bool", "series"]
    assert values["x"] == [None, None] and values["n"] == [float(2**60), None]
    assert terms_of(table) == (["x"], [[0.5], [0]])
    assert periods_of(table) == {"labels": ["1", "2"], "characters": None}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".arrow", ".csv.gz"])
def test_tables_come_back_from_files(tmp_path: Path, words: pa.Table, suffix: str) -> None:
    from nlptools.corpus import write_table

    path = tmp_path / f"words{suffix}"
    plain = words.filter(pa.array("\x00" not in word for word in words["word"].to_pylist()))
    write_table(plain, path)
    assert read_words(path).to_pylist() == plain.to_pylist()


def test_periods_of_a_wide_table_are_a_series_again(tmp_path: Path) -> None:
    path = tmp_path / "trends.csv"
    path.write_text("word,count,first,2023-11,2023-12,2024-01\n红包,6,2023,1,2,3\n", encoding="utf-8")
    table = read_words(path)
    assert table.to_pylist() == [{"word": "红包", "count": 6, "first": "2023", "series": [1, 2, 3]}]
    assert periods_of(table) == {"labels": ["2023-11", "2023-12", "2024-01"], "characters": None}


def test_a_longer_word_of_digits_is_text(tmp_path: Path) -> None:
    path = tmp_path / "trends.csv"
    path.write_text("word,count,part_of\n20,6,2024\n2024,6,\n", encoding="utf-8")
    assert [row["part_of"] for row in read_words(path).to_pylist()] == ["2024", ""]


def test_an_index_cannot_be_folded(words: pa.Table, path: Path) -> None:
    with pytest.raises(OptionError, match=r"cannot fold c\.kwic, an index"):
        write_report(words, "c.kwic", path, script="simplified")


def test_files_that_are_no_tables_of_words(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'word'"):
        read_words(path)
    with pytest.raises(InputError, match="no such file"):
        read_words(tmp_path / "none.csv")
    for row in ('{"a": "word", "b": 3}', '{"a": "word", "b": "word"}'):
        (tmp_path / "x.jsonl").write_text(f"{row}\n", encoding="utf-8")
        with pytest.raises(InputError, match="no column 'word'"):
            read_words(tmp_path / "x.jsonl")
