"""`nlptools corpus`."""

import gzip
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from nlptools_cli.table import display_width
from nlptools_corpora import CARDS
from nlptools_corpora.triples import sample_triples
from nlptools_corpora.zhidao import sample_questions

ROWS = list(sample_triples(300, seed=1))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sample of each known corpus, into which we go."""
    monkeypatch.chdir(tmp_path)
    CARDS["triples"].write_sample("triples.tsv", rows=300, seed=1)
    CARDS["zhidao"].write_sample("zhidao.json.gz", rows=50, seed=1)
    return tmp_path


def lines(path: str | Path) -> list[Any]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


# ---- sample and list


@pytest.mark.parametrize("name", list(CARDS))
@pytest.mark.parametrize("suffix", [".jsonl", ".txt.gz", ".json", ".tsv", ".parquet"])
def test_a_sample_is_that_of_the_library(nlptools: Any, tmp_path: Path, name: str, suffix: str) -> None:
    ours, theirs = tmp_path / f"ours{suffix}", tmp_path / f"theirs{suffix}"
    gold = tmp_path / "gold"
    result = nlptools("corpus", "sample", name, "-o", ours, "--rows", 50, "--seed", 7, "--gold", gold)
    CARDS[name].write_sample(theirs, rows=50, seed=7, gold=tmp_path / "their_gold")
    assert (result.status, result.out) == (0, "")
    assert ours.read_bytes() == theirs.read_bytes()
    assert gold.read_bytes() == (tmp_path / "their_gold").read_bytes()
    planted = len(gold.read_text(encoding="utf-8").splitlines())
    assert result.err == f"50 rows in {ours}, {planted} planted words in {gold}\n"


def test_quiet(nlptools: Any, tmp_path: Path) -> None:
    assert nlptools("corpus", "sample", "zhidao", "-o", tmp_path / "a.txt", "--rows", 2, "-q") == (0, "", "")


def test_a_sample_of_a_file(nlptools: Any, files: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        result = nlptools("corpus", "sample", "triples.tsv", "-o", name, "--rows", 20, "--seed", 3)
        assert (result.status, result.out, result.err.splitlines()[-1]) == (0, "", f"20 rows in {name}")
    assert Path("a.jsonl").read_bytes() == Path("b.jsonl").read_bytes()
    places = [ROWS.index(row) for row in lines("a.jsonl")]
    assert places == sorted(places)
    nlptools("corpus", "sample", "zhidao.json.gz", "-o", "a.txt", "--rows", 1000, "-q")
    assert Path("a.txt").read_text(encoding="utf-8").splitlines() == [
        row["question"] for row in sample_questions(50, 1)
    ]


def test_list(nlptools: Any) -> None:
    result = nlptools("corpus", "list")
    assert (result.status, result.err) == (0, "")
    header, *rows = result.out.splitlines()
    assert header.split() == ["name", "corpus", "fields"]
    assert [row.split()[0] for row in rows] == list(CARDS)
    assert "百度知道" in rows[0]


@pytest.mark.parametrize("name", list(CARDS))
def test_list_one(nlptools: Any, name: str) -> None:
    result = nlptools("corpus", "list", name)
    assert (result.status, result.err) == (0, "")
    card = CARDS[name]
    told = [
        *card.fields,
        *card.fields.values(),
        card.title,
        card.size,
        card.published,
        card.licence,
        *card.texts.values(),
    ]
    assert [fact for fact in told if fact not in result.out] == []


# ---- info


def test_info_of_triples(nlptools: Any, files: Path) -> None:
    result = nlptools("corpus", "info", "triples.tsv", "--group-by", "entity")
    assert result.status == 0
    assert result.out.startswith("triples.tsv: 300 records like Baidu Baike triples (百度百科三元组)\n")
    documents = 1 + sum(a["entity"] != b["entity"] for a, b in zip(ROWS, ROWS[1:], strict=False))
    assert f"{documents} documents of " in result.out
    tables = {part.splitlines()[0].split()[0]: part.splitlines() for part in result.out.split("\n\n")}
    assert tables["file"][1].split() == ["triples.tsv", "TSV", "-", "UTF-8", f"{Path('triples.tsv').stat().st_size:,}"]
    assert [row.split()[:2] for row in tables["field"][1:]] == [[name, "string"] for name in CARDS["triples"].fields]
    counts = [int(row.split()[1]) for row in tables["attribute"][1:-1]]
    assert counts == sorted(counts, reverse=True)
    assert len(set(map(display_width, tables["script"]))) == 1
    assert tables["attribute"][-1].endswith(" different attributes")


def test_info_for_programs(nlptools: Any, files: Path) -> None:
    result = nlptools("corpus", "info", "zhidao.json.gz", "--format", "json", "--top", 2)
    found = json.loads(result.out)
    assert (result.status, found["records"], found["texts"]["documents"]) == (0, 50, 50)
    assert found["files"][0] == {
        "name": "zhidao.json.gz",
        "format": "JSON",
        "compression": "gzip",
        "encoding": "UTF-8",
        "bytes": Path("zhidao.json.gz").stat().st_size,
    }
    assert [field["name"] for field in found["fields"]] == ["url", "question", "tags"]
    assert len(found["fields"][2]["frequent"]) == 2
    assert found["attributes"] == []


def test_info_of_bad_records_and_many_files(nlptools: Any, files: Path) -> None:
    for number in range(12):
        Path(f"{number:02}.jsonl").write_text('{"a": "x", "b": "y"}\nbad\n', encoding="utf-8")
    result = nlptools("corpus", "info", "*.jsonl")
    assert result.status == 0
    assert "and 2 files more" in result.out
    assert "not valid JSON     12" in result.out
    assert "  00.jsonl:2: not valid JSON" in result.out
    assert "no text: 12 files: more than one column holds strings" in result.out


# ---- head


def test_head(nlptools: Any, files: Path) -> None:
    result = nlptools("corpus", "head", "triples.tsv", "-n", 3)
    assert (result.status, result.err) == (0, "")
    assert [json.loads(line) for line in result.out.splitlines()] == ROWS[:3]
    assert len(nlptools("corpus", "head", "zhidao.json.gz", "-n", 1000).out.splitlines()) == 50
    assert len(nlptools("corpus", "head", "zhidao.json.gz", "zhidao.json.gz").out.splitlines()) == 10


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal of POSIX")
def test_head_on_a_terminal(spawn: Any, files: Path) -> None:
    import pty

    terminal, end = pty.openpty()
    process = spawn("corpus", "head", "zhidao.json.gz", "-n", "2", stdout=end, cwd=files)
    process.communicate(timeout=60)
    os.close(end)
    with os.fdopen(terminal, "rb") as file:
        shown = file.read1(1 << 16).decode("utf-8").splitlines()
    assert shown[0].split() == ["url", "question", "tags"]
    assert [row[:36] for row in shown[1:]] == [row["url"][:36] for row in sample_questions(2, seed=1)]
    assert all(display_width(row) <= 3 * 40 + 4 for row in shown)


def test_head_reads_no_more_than_it_shows(spawn: Any, files: Path) -> None:
    process = spawn("corpus", "head", "-", "-n", "1", stdin=subprocess.PIPE)
    with pytest.raises(BrokenPipeError):
        for _ in range(1000):
            process.stdin.write('{"text": "好"}\n' * 100_000)
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdin = None
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, '{"text": "好"}\n')


# ---- convert


def test_convert(nlptools: Any, files: Path) -> None:
    result = nlptools("corpus", "convert", "triples.tsv", "-o", "a.parquet")
    assert (result.status, result.out) == (0, "")
    assert result.err.splitlines()[-1].startswith("300 records in a.parquet (")
    table = pyarrow.parquet.read_table("a.parquet")
    assert (table.to_pylist(), table.schema.remove_metadata()) == (ROWS, CARDS["triples"].schema)
    assert nlptools("corpus", "convert", "a.parquet", "-o", "b.jsonl.gz", "-q") == (0, "", "")
    assert [json.loads(line) for line in gzip.decompress(Path("b.jsonl.gz").read_bytes()).splitlines()] == ROWS


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-o", "a.txt"], [row["value"] for row in ROWS]),
        (["-o", "a.txt", "--text-column", "entity,value"], [f"{row['entity']} {row['value']}" for row in ROWS]),
        (["-o", "a.txt", "--text-column", "1", "--no-header"], [row["entity"] for row in ROWS]),
        (["-o", "a.tsv", "--columns", "attribute"], ["attribute", *(row["attribute"] for row in ROWS)]),
    ],
)
def test_convert_to_text(nlptools: Any, files: Path, arguments: list[str], text: list[str]) -> None:
    assert nlptools("corpus", "convert", "triples.tsv", *arguments, "-q") == (0, "", "")
    assert Path(arguments[1]).read_text(encoding="utf-8").splitlines() == text


def test_clean(nlptools: Any, files: Path) -> None:
    rows = [
        {"entity": "甲", "attribute": "性别", "value": "男"},
        {"entity": "乙", "attribute": "性别", "value": "男"},
        {"entity": "甲", "attribute": "性别", "value": "男　"},
        {"entity": "甲", "attribute": "编号", "value": "Ａ１"},
    ]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = nlptools("corpus", "convert", "a.jsonl", "-o", "b.jsonl", "--deduplicate")
    assert result.err.splitlines()[-1].startswith("3 records, 1 duplicate left out in b.jsonl")
    assert lines("b.jsonl") == [rows[0], rows[1], rows[3]]
    nlptools("corpus", "convert", "a.jsonl", "-o", "b.jsonl", "--deduplicate", "--normalise")
    assert lines("b.jsonl") == [rows[0], rows[1], {"entity": "甲", "attribute": "编号", "value": "A1"}]
    nlptools("corpus", "convert", "a.jsonl", "-o", "b.jsonl", "--deduplicate", "--text-column", "value")
    assert lines("b.jsonl") == [rows[0], rows[3]]


def test_bad_records_are_told_at_the_end(nlptools: Any, files: Path) -> None:
    Path("a.jsonl").write_text('{"text": "好"}\nbad\n', encoding="utf-8")
    result = nlptools("corpus", "convert", "a.jsonl", "-o", "b.csv", "-q", "--rejects", "rejects.jsonl")
    assert (result.status, result.out) == (0, "")
    assert result.err == "a.jsonl: 1 document, 1 rejected (1 not valid JSON: a.jsonl:2)\n"
    assert lines("rejects.jsonl")[0]["text"] == "bad"


@pytest.mark.skipif(os.name == "nt", reason="needs /dev/stdout")
def test_through_a_pipe(spawn: Any, files: Path) -> None:
    process = spawn("corpus", "convert", "-", "-o", "/dev/stdout", "-q", stdin=subprocess.PIPE, cwd=files)
    out, err = process.communicate("第一\n第二\n第一\n", timeout=60)
    assert (process.returncode, err) == (0, "")
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["第一", "第二", "第一"]


# ---- new words of known corpora


@pytest.mark.parametrize(
    "arguments", [[], ["--text-column", "value"], ["--text-column", "3", "--no-header"], ["--group-by", "entity"]]
)
def test_new_words_of_triples_without_names(nlptools: Any, files: Path, arguments: list[str]) -> None:
    result = nlptools("newwords", "triples.tsv", "-q", *arguments)
    assert result.status == 0
    Path("values.txt").write_text("".join(row["value"] + "\n" for row in ROWS), encoding="utf-8")
    if arguments[:1] != ["--group-by"]:
        assert result.out == nlptools("newwords", "values.txt", "-q").out


def test_new_words_of_questions(nlptools: Any, files: Path) -> None:
    result = nlptools("newwords", "zhidao.json.gz", "-q")
    assert result.status == 0
    assert result.out == nlptools("newwords", "zhidao.json.gz", "-q", "--text-column", "question").out


# ---- what can go wrong


@pytest.mark.parametrize(
    ("arguments", "value", "remedy"),
    [
        (["list", "nix"], "'nix'", "zhidao, triples"),
        (["sample", "nix", "-o", "a.jsonl"], "nix", "zhidao, triples"),
        (["sample", "triples.tsv", "-o", "a.jsonl", "--gold", "g"], "gold 'g'", "leave it out"),
        (["sample", "triples.tsv", "-o", "a.xlsx"], "a.xlsx", ".parquet"),
        (["sample", "triples.tsv", "-o", "a.jsonl", "--rows", "0"], "--rows 0", "1 or more"),
        (["sample", "triples.tsv", "-o", "triples.tsv"], "triples.tsv", "another name"),
        (["sample", "zhidao", "-o", "a.csv", "--seed", "-1"], "--seed -1", "use 0 or more"),
        (["info"], "INPUT", "corpus info zhidao.json.gz"),
        (["info", "missing.txt"], "missing.txt", "check the path"),
        (["info", "triples.tsv", "--format", "xml"], "--format 'xml'", "table, json"),
        (["info", "triples.tsv", "--top", "-1"], "--top -1", "0 or more"),
        (["info", "triples.tsv", "--text-column", "nix"], "'nix'", "--text-column"),
        (["head", "triples.tsv", "-n", "0"], "--rows 0", "1 or more"),
        (["convert", "triples.tsv"], "--output", "--help"),
        (["convert", "triples.tsv", "-o", "a"], "a: the suffix", ".parquet"),
        (["convert", "triples.tsv", "-o", "triples.tsv"], "triples.tsv", "another name"),
        (["convert", "triples.tsv", "-o", "no/a.csv"], "no/a.csv", "mkdir -p"),
        (["convert", "triples.tsv", "-o", "a.csv", "--columns", "nix"], "'nix'", "name these"),
        (["convert", "triples.tsv", "-o", "a.txt", "--columns", "value"], "--columns", "--text-column"),
        (["convert", "triples.tsv", "-o", "a.csv", "--group-by", "entity"], "--group-by 'entity'", "leave it out"),
        (["convert", "two.jsonl", "-o", "a.csv", "--normalise"], "two.jsonl", "--text-column"),
        (["convert", "bad.jsonl", "-o", "a.csv", "--strict"], "bad.jsonl, line 1", "leave out --strict"),
    ],
)
def test_failures(nlptools: Any, files: Path, arguments: list[str], value: str, remedy: str) -> None:
    Path("two.jsonl").write_text('{"a": "x", "b": "y"}\n', encoding="utf-8")
    Path("bad.jsonl").write_text('bad\n{"text": "x"}\n', encoding="utf-8")
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    result = nlptools("corpus", *arguments)
    assert (result.status, result.out) == (2, "")
    message = next(line for line in result.err.splitlines() if not line.startswith("nlptools: first run"))
    assert message.startswith("nlptools: ")
    assert value in message
    assert remedy in result.err
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_help_is_quick() -> None:
    code = (
        "import sys; from nlptools_cli.main import run; assert run(['corpus', 'convert', '--help']) == 0;"
        "assert run(['corpus', 'list']) == 0;"
        "print({'numba', 'numpy', 'pyarrow'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "set()\n"


@pytest.mark.parametrize("command", ["info", "head", "convert", "sample", "list"])
def test_help_begins_with_what_it_does_and_has_examples(nlptools: Any, command: str) -> None:
    result = nlptools("corpus", command, "--help")
    assert result.status == 0
    assert result.out.startswith(f"Usage: nlptools corpus {command}")
    assert f"  nlptools corpus {command}" in result.out.split("Examples:", 1)[1]
