"""`nlptools segment train` and `run`: what goes where. The models themselves are tested with the library."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import nlptools as nt
from nlptools.segment.lexicon import Lexicon

LINES = [
    "我们的研究，今天天气好。",
    "研究生命的起源",
    "",
    "𠮷野家  在北京大学",
    "我们在研究生命",
    "2024年T恤好！",
    "今天的天气",
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlptools.segment.train.BURN_IN", 1)
    monkeypatch.setattr("nlptools.segment.lattice.PIECES", 3)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def model(texts: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.seg"
    nt.train_segmenter(texts, method="lm").save(path)
    return path


def words_of(model: Path) -> list[list[str]]:
    segmenter = nt.load_segmenter(model)
    return [segmenter.segment(line) for line in LINES]


def lines_of(words: list[list[str]]) -> str:
    return "".join(" ".join(word for word in found if word.strip()) + "\n" for found in words)


@pytest.mark.parametrize("method", ["lattice", "lm"])
def test_train(nlptools: Any, texts: Path, tmp_path: Path, method: str) -> None:
    out = tmp_path / "out.seg"
    result = nlptools("segment", "train", texts, "-o", out, "--method", method, "--rounds", 1, "--threads", 1)
    assert (result.status, result.out) == (0, "")
    assert "symbols" in result.err.splitlines()[-1]
    nt.train_segmenter(texts, method=method, rounds=1).save(tmp_path / "same.seg")
    assert out.read_bytes() == (tmp_path / "same.seg").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.seg", "same.seg", "texts.txt"]
    quiet = nlptools("segment", "train", texts, "-o", out, "--method", method, "--rounds", 1, "-q")
    assert quiet == (0, "", "")
    assert out.read_bytes() == (tmp_path / "same.seg").read_bytes()


def test_train_options(nlptools: Any, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("的起源\n", encoding="utf-8")
    (tmp_path / "words.csv").write_text("word,score\n生命的,.5\n", encoding="utf-8")
    out = tmp_path / "out.seg"
    weights = "1,1,1,1,1,1,1,1"
    more = ("--lexicon", tmp_path / "mine.txt", "--words", tmp_path / "words.csv", "--lexicon-weight", 8)
    assert (
        nlptools(
            "segment", "train", texts, "-o", out, "--method", "lm", "--weights", weights, "--memory", "1G", *more
        ).status
        == 0
    )
    segmenter = nt.load_segmenter(out)
    assert segmenter.lexicon is not None
    assert segmenter.lexicon.bonuses == {"的起源": 16.0, "生命的": 1.0}
    assert vars(segmenter.tagger)["weights"] == (1.0,) * 8


def test_a_training_that_was_stopped_goes_on(
    nlptools: Any, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole.seg", tmp_path / "out.seg"
    arguments = ("segment", "train", texts, "--rounds", 2)
    assert nlptools(*arguments, "-o", whole).status == 0
    from nlptools.segment import gaps

    real, calls = gaps.learn, 0

    def stops(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(gaps, "learn", stops)
    assert nlptools(*arguments, "-o", out).status == 130
    assert (tmp_path / "out.seg.training").exists()
    assert not out.exists()
    assert nlptools(*arguments, "-o", out).status == 0
    assert calls == 3
    assert out.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "out.seg.training").exists()


def test_run_to_standard_output(nlptools: Any, texts: Path, model: Path) -> None:
    expected = lines_of(words_of(model))
    assert nlptools("segment", "run", "-m", model, texts) == (0, expected, "")
    assert nlptools("segment", "run", "-m", model, texts, "--threads", 2, "-q") == (0, expected, "")


@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".jsonl.gz", ".txt.zst"])
def test_run_to_a_file(nlptools: Any, texts: Path, model: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"words{suffix}"
    result = nlptools("segment", "run", "-m", model, texts, "-o", out)
    assert (result.status, result.out) == (0, "")
    assert result.err.startswith(f"{len(LINES)} texts in {out}")
    assert nlptools("segment", "run", "-m", model, texts, "-o", out, "-q") == (0, "", "")
    words = words_of(model)
    segmenter = nt.load_segmenter(model)
    starts = [[token.start for token in segmenter.tokens(line)] for line in LINES]
    if suffix.startswith(".txt"):
        with pa.input_stream(str(out), compression="detect") as stream:
            assert stream.read().decode() == lines_of(words)
    elif suffix in (".csv", ".tsv"):
        with out.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ","))
        assert list(table[0]) == ["document", "text", "words"]
        assert [row["text"] for row in table] == LINES
    else:
        if suffix.startswith(".jsonl"):
            with pa.input_stream(str(out), compression="detect") as stream:
                rows = [json.loads(line) for line in stream.read().decode().splitlines()]
        else:
            rows = (pq.read_table(out) if suffix == ".parquet" else feather.read_table(out)).to_pylist()
        assert list(rows[0]) == ["document", "text", "words", "starts", "probabilities"]
        assert [row["document"] for row in rows] == list(range(len(LINES)))
        assert [row["text"] for row in rows] == LINES
        assert [row["words"] for row in rows] == words
        assert [row["starts"] for row in rows] == starts
        assert all(0 <= p <= 1 for row in rows for p in row["probabilities"])


def test_run_with_a_lexicon(nlptools: Any, texts: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("的起 9 n\n", encoding="utf-8")
    arguments = ("segment", "run", "-m", model, texts)
    assert "的起" not in nlptools(*arguments).out
    result = nlptools(*arguments, "--lexicon", tmp_path / "mine.txt", "--lexicon-weight", 90)
    segmenter = nt.load_segmenter(model).with_lexicon(Lexicon({"的起": 90.0}))
    assert result == (0, lines_of([segmenter.segment(line) for line in LINES]), "")
    assert " 的起 " in result.out


def test_run_with_what_newwords_found(nlptools: Any, corpus: Path, model: Path, tmp_path: Path) -> None:
    found = tmp_path / "found.csv"
    assert nlptools("newwords", corpus, "-o", found, "-q").status == 0
    (tmp_path / "line.txt").write_text("今天去𠮷野家吃\n", encoding="utf-8")
    arguments = ("segment", "run", "-m", model, tmp_path / "line.txt")
    result = nlptools(*arguments, "--words", found, "--words-weight", 500)
    assert result.status == 0
    assert "𠮷野家" in result.out.rstrip("\n").split(" ")


def test_other_inputs(nlptools: Any, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    rows = [{"question": "研究\n生命", "answer": "x"}, {"question": "今天"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n", encoding="utf-8")
    result = nlptools("segment", "run", "-m", model, path, "--text-column", "question")
    assert result.status == 0
    assert result.out.replace(" ", "") == "研究生命\n今天\n"
    assert "1 rejected" in result.err


def test_errors_are_one_line(nlptools: Any, texts: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_text("no Chinese\n", encoding="utf-8")
    (tmp_path / "blank.txt").write_text("\n", encoding="utf-8")
    (tmp_path / "damaged.seg").write_bytes(model.read_bytes()[:-50])
    (tmp_path / "counts.csv").write_text("ngram,count\n研究,9\n", encoding="utf-8")
    (tmp_path / "scores.csv").write_text("word,score\n研究,high\n", encoding="utf-8")
    (tmp_path / "bad.jsonl").write_text('{"text": "研究 生命"}\n{"text": \n', encoding="utf-8")
    (tmp_path / "in.seg.training").write_bytes(texts.read_bytes())
    (tmp_path / "other.seg.training").write_text("mine", encoding="utf-8")
    nt.train_lm(["研究"], order=2).save(tmp_path / "model.lm")
    out, none = tmp_path / "out.seg", tmp_path / "none.txt"
    for arguments, reason in (
        (["train", "-o", out], "no INPUT"),
        (["train", texts], "'-o'"),
        (["train", none, "-o", out], "no such file"),
        (["train", texts, "-o", texts], "would overwrite"),
        (["train", texts, "-o", tmp_path / "none" / "m.seg"], "mkdir -p"),
        (["train", tmp_path / "latin.txt", "-o", out], "no Chinese character"),
        (["train", tmp_path / "blank.txt", "-o", out], "blank.txt"),
        (["train", texts, "-o", out, "--method", "magic"], "--method"),
        (["train", texts, "-o", out, "--rounds", 0], "--rounds 0 cannot work"),
        (["train", texts, "-o", out, "--seed", -1], "--seed -1 cannot work"),
        (["train", texts, "-o", out, "--memory", "x"], "--memory 'x' cannot work"),
        (["train", texts, "-o", out, "--weights", "1,2"], "--weights 1,2 cannot work"),
        (["train", texts, "-o", out, "--weights", "1,1,1,1,1,1,1,0"], "eight numbers above 0"),
        (["train", texts, "-o", out, "--weights", "a,b"], "'--weights': 'a,b'; give numbers"),
        (["train", texts, "-o", out, "--lexicon-weight", -1], "--lexicon-weight -1"),
        (["train", texts, "-o", out, "--lexicon", none], "no such dictionary"),
        (["train", texts, "-o", none, "--lexicon", none], "would overwrite"),
        (["train", texts, "-o", out, "--words", tmp_path / "counts.csv"], "the column word"),
        (["train", texts, "-o", out, "--words", tmp_path / "scores.csv"], "numbers as score"),
        (["train", tmp_path / "in.seg.training", "-o", tmp_path / "in.seg"], "would overwrite"),
        (["train", texts, "-o", tmp_path / "other.seg"], "move it away"),
        (["train", texts, "-o", out, "--base", model], "give --gold"),
        (["train", texts, "-o", out, "--gold", texts, "--base", none], "there is no such file"),
        (["train", texts, "-o", out, "--gold", tmp_path / "bad.jsonl"], "bad.jsonl"),
        (["run", texts], "'-m'"),
        (["run", "-m", model], "no INPUT"),
        (["run", "-m", model, none], "no such file"),
        (["run", "-m", none, texts], "there is no such file"),
        (["run", "-m", texts, texts], "cannot be read as a segmenter"),
        (["run", "-m", tmp_path / "model.lm", texts], "no segmenter of this version"),
        (["run", "-m", tmp_path / "damaged.seg", texts], "nlptools segment train"),
        (["run", "-m", model, texts, "-o", texts], "would overwrite"),
        (["run", "-m", model, texts, "-o", model], "suffix"),
        (["run", "-m", model, texts, "-o", tmp_path / "out.xyz"], "suffix"),
        (["run", "-m", model, texts, "-o", tmp_path / "none" / "out.txt"], "mkdir -p"),
        (["run", "-m", model, texts, "--lexicon", none], "no such dictionary"),
        (["run", "-m", model, texts, "--words", tmp_path / "counts.csv"], "the column word"),
        (["run", "-m", model, texts, "--words", none], "no such file"),
        (["run", "-m", model, texts, "--lexicon", texts, "--lexicon-weight", "nan"], "--lexicon-weight"),
        (["run", "-m", model, texts, "--lexicon", texts, "--lexicon-weight", "-3"], "--lexicon-weight"),
        (["run", "-m", model, texts, "--threads", 0], "--threads 0 cannot work"),
        (["run", "-m", model, texts, "--text-column", "x"], "x"),
    ):
        result = nlptools("segment", *arguments)
        assert result.status == 2, (arguments, result)
        assert reason in result.err, (arguments, result.err)
        lines = [line for line in result.err.splitlines() if not line.startswith("Try:")]
        assert len(lines) == 1, (arguments, result.err)
        assert result.out == ""
        assert not out.exists()
    assert texts.read_text(encoding="utf-8") == "\n".join(LINES) + "\n"
    assert sorted(path.name for path in tmp_path.glob("*.training")) == ["in.seg.training", "other.seg.training"]


def test_learning_from_segmented_text(nlptools: Any, texts: Path, model: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.txt"
    gold.write_text("研究 生命 的 起源\n我们 在 北京\n" * 20, encoding="utf-8")
    for number, more in enumerate(([], [texts, "--base", model], [texts, "--rounds", 1])):
        out = tmp_path / f"{number}.seg"
        assert nlptools("segment", "train", "-o", out, "--gold", gold, "-q", *more) == (0, "", "")
        assert nt.load_segmenter(out).segment("研究生命的起源") == ["研究", "生命", "的", "起源"]


def test_output_through_a_pipe(nlptools: Any, texts: Path, tmp_path: Path) -> None:
    result = nlptools("segment", "train", texts, "-o", "/dev/null", "--rounds", 1, "-q")
    assert result == (0, "", "")
    assert not Path("/dev/null.training").exists()
