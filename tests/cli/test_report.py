"""`nlptools report` and `newwords --report`: what goes where."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest


def about(page: Path) -> dict[str, Any]:
    found = re.search(r'id="about">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    return dict(json.loads(found[1]))


def test_newwords_report(nlptools: Any, corpus: Path, tmp_path: Path) -> None:
    page, words, left_out = tmp_path / "report.html", tmp_path / "words.csv", tmp_path / "left_out.csv"
    result = nlptools("newwords", corpus, "--report", page, "-o", words, "--left-out", left_out)
    assert result.status == 0 and result.out == ""
    assert re.search(r"KiB in .*report\.html; open it in a browser", result.err)
    told = about(page)
    assert told["title"] == "corpus.txt" and told["documents"] == 2000
    assert told["terms"][:2] == ["constant", "length"]
    with words.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == told["words"] == told["evidence"]
    assert list(rows[0])[-1] == "standalone"  # why_ only with --explain
    assert nlptools("newwords", corpus, "-o", tmp_path / "plain.csv", "-q").status == 0
    assert (tmp_path / "plain.csv").read_bytes() == words.read_bytes()
    with left_out.open(encoding="utf-8") as file:
        assert {row["limit"] for row in csv.DictReader(file)} == {"bound", "pmi", "price", "score"}


def test_report_of_tables_is_that_of_newwords(nlptools: Any, corpus: Path, tmp_path: Path) -> None:
    page, again, words, left_out = (tmp_path / n for n in ("a.html", "b.html", "words.parquet", "left_out.parquet"))
    assert (
        nlptools("newwords", corpus, "--report", page, "--explain", "-o", words, "--left-out", left_out, "-q").status
        == 0
    )
    assert "why_price" in pq.read_schema(words).names
    arguments = ("report", words, "--corpus", corpus, "--left-out", left_out, "-o")
    result = nlptools(*arguments, again, "-q")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert again.read_bytes() == page.read_bytes()
    assert nlptools(*arguments, again, "-q", "--evidence", 10, "--lines", 1, "--top", 20, "--title", "我的").status == 0
    told = about(again)
    assert (told["words"], told["evidence"], told["title"]) == (20, 10, "我的")
    assert told["found"] > 20


def test_standard_input_is_read_once(nlptools: Any, tmp_path: Path, spawn: Any) -> None:
    page = tmp_path / "report.html"
    process = spawn("newwords", "-", "--min-count", 2, "--report", page, stdin=-1)
    out, err = process.communicate("微信红包\n发微信红包\n抢红包了\n红包\n")
    assert process.returncode == 0, err
    assert about(page)["documents"] == 4 and out == ""


def test_bad_records_are_told_once(nlptools: Any, tmp_path: Path) -> None:
    corpus, words, page = tmp_path / "c.jsonl", tmp_path / "words.csv", tmp_path / "r.html"
    corpus.write_text('{"text": "微信红包"}\n{bad\n{"text": "发微信红包"}\n', encoding="utf-8")
    for arguments in (
        ["newwords", corpus, "--report", page, "-o", words],
        ["report", words, "--corpus", corpus, "-o", page],
    ):
        result = nlptools(*arguments, "-q")
        assert result.status == 0 and result.err.count("1 rejected") == 1, result.err


def test_words_of_counts_have_no_evidence(nlptools: Any, corpus: Path, tmp_path: Path) -> None:
    counts, page = tmp_path / "c.ngrams", tmp_path / "report.html"
    assert nlptools("count", corpus, "-o", counts, "-q").status == 0
    assert nlptools("newwords", counts, "--report", page, "-q").status == 0
    assert about(page)["evidence"] == 0 and about(page)["documents"] is None


def test_trends_report(nlptools: Any, tmp_path: Path) -> None:
    dated, page, again, table = (tmp_path / name for name in ("d.jsonl", "a.html", "b.html", "trends.csv"))
    with dated.open("w", encoding="utf-8") as file:
        for month in range(1, 7):
            for n in range(20):
                text = f"第{n}个人{'抢红包' if month > 4 else '付款'}了，他用微信吗？"
                file.write(json.dumps({"date": f"2024-{month:02}-11", "text": text}, ensure_ascii=False) + "\n")
    arguments = ("--by", "month", "--min-count", 2, "--report", page, "-o", table, "-q")
    result = nlptools("trends", dated, *arguments)
    assert (result.status, result.out) == (0, ""), result.err
    told = about(page)
    assert told["periods"]["labels"] == [f"2024-{month:02}" for month in range(1, 7)]
    assert told["documents"] == 120 and told["evidence"] == told["words"] > 0
    assert nlptools("report", table, "--corpus", dated, "-o", again, "-q").status == 0
    assert about(again)["periods"]["labels"] == told["periods"]["labels"]
    assert about(again)["words"] == told["words"]


def test_a_terminal_table_is_still_shown_where_asked_for(nlptools: Any, corpus: Path, tmp_path: Path) -> None:
    result = nlptools("newwords", corpus, "--report", tmp_path / "r.html", "--show", 2, "-q")
    assert len(result.out.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["newwords", "{corpus}", "--report", "{folder}/r.csv"], "give a name that ends with .html"),
        (["newwords", "{corpus}", "--report", "{folder}/none/r.html"], "mkdir -p"),
        (["newwords", "{corpus}", "--left-out", "{folder}/r.xyz"], "the suffix does not say"),
        (["newwords", "{corpus}", "-o", "{folder}/a.csv", "--left-out", "{folder}/a.csv"], "would overwrite"),
        (["newwords", "{page}", "--report", "{page}"], "would overwrite"),
        (["report", "{corpus}", "-o", "{folder}/r.html"], "no column 'word'"),
        (["report", "{folder}/none.csv", "-o", "{folder}/r.html"], "no such file"),
        (["report", "{table}", "-o", "{folder}/r.html", "--lines", "-1"], "--lines -1 cannot work"),
        (["report", "{table}", "-o", "{folder}/r.html", "--script", "x"], "--script 'x' is not known"),
        (["report", "{table}", "-o", "{folder}/r.html", "--left-out", "{table}"], "no column 'limit'"),
        (["report", "{table}", "--corpus", "{folder}/none.txt", "-o", "{folder}/r.html"], "no such file"),
        (["report", "{table}", "--corpus", "{folder}/none.kwic", "-o", "{folder}/r.html"], "none.kwic"),
        (["report", "{table}"], "nlptools report --help"),
    ],
)
def test_what_cannot_work_is_one_line(
    nlptools: Any, corpus: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    table, page = tmp_path / "words.csv", tmp_path / "page.html"
    table.write_text("word,count\n红包,3\n", encoding="utf-8")
    page.write_text("<p>", encoding="utf-8")
    names = {"corpus": corpus, "folder": tmp_path, "table": table, "page": page}
    result = nlptools(*(argument.format(**names) for argument in arguments))
    assert result.status == 2 and words in result.err.splitlines()[-1], result.err
    assert result.out == "" and not (tmp_path / "r.html").exists()
