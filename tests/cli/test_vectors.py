"""`nlptools vectors train`: what goes where, and how it is stopped. The vectors themselves are tested with the library."""

import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

import nlptools as nt
from nlptools.vectors.files import read_table, read_vectors
from nlptools.vectors.options import VectorOptions
from nlptools_cli.vectors import train

LINES = [" ".join(f"词{(7 * n + i) % 30}" for i in range(1 + n % 13)) for n in range(60)]

QUICK = ("--vector-size", 6, "--epochs", 2, "--min-count", 1, "--workers", 1, "--sample", 0)

METHODS = pytest.mark.parametrize("method", ["sgns", "nce", "pmi"])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("nlptools.vectors.skipgram.PIECE", 60)
    monkeypatch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may have none
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(nlptools: Any) -> Callable[..., Any]:
    return lambda *arguments: nlptools("vectors", "train", *arguments)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@METHODS
def test_the_same_as_in_python(run: Any, text: Path, tmp_path: Path, method: str) -> None:
    out = tmp_path / "words.kv"
    result = run(text, "-o", out, "--method", method, *QUICK)
    assert (result.status, result.out) == (0, "")
    lines = result.err.splitlines()
    assert any(re.fullmatch(r"epoch 2 of 2: [\d,]+ words/s, loss \d+\.\d{4}", line) for line in lines)
    assert lines[-1].startswith(f"{out}: 30 words, 6 numbers each (")
    expected = nt.train_vectors(text, method=method, vector_size=6, epochs=2, min_count=1, workers=1, sample=0.0)
    found = read_vectors(out)
    assert found.index_to_key == expected.index_to_key
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    assert found.get_vecattr("词1", "count") == expected.get_vecattr("词1", "count")
    assert found.facts == expected.facts
    assert run(text, "-o", out, "--method", method, *QUICK, "-q") == (0, "", "")
    np.testing.assert_array_equal(read_vectors(out).vectors, expected.vectors)
    assert names(tmp_path) == ["text.txt", "words.kv"]


@pytest.mark.parametrize("suffix", [".vec", ".bin", ".vec.gz", ".parquet", ".arrow"])
def test_other_formats(run: Any, text: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"words{suffix}"
    assert run(text, "-o", out, *QUICK, "-q") == (0, "", "")
    assert run(text, "-o", tmp_path / "same.kv", *QUICK, "-q") == (0, "", "")
    np.testing.assert_array_equal(read_table(out).vectors, read_table(tmp_path / "same.kv").vectors)
    if suffix in (".vec", ".bin"):
        from gensim.models import KeyedVectors

        keyed = KeyedVectors.load_word2vec_format(out, binary=suffix == ".bin")
        np.testing.assert_array_equal(keyed.vectors, read_table(out).vectors)


def test_contexts(run: Any, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "words.kv"
    for method, has_biases in (("sgns", False), ("nce", True)):
        assert run(text, "-o", out, *QUICK, "-q", "--method", method, "--contexts").status == 0
        table = read_table(out)
        assert table.contexts is not None
        assert table.contexts.shape == table.vectors.shape
        assert (table.biases is not None) == has_biases
    assert run(text, "-o", out, *QUICK, "-q").status == 0
    assert read_table(out).contexts is None


def test_workers_give_the_same_bytes_if_they_wait(run: Any, text: Path, tmp_path: Path) -> None:
    files = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.kv"
        assert run(text, "-o", out, *QUICK, "--deterministic", "--workers", workers, "-q") == (0, "", "")
        files.append(out.read_bytes())
    assert files[0] == files[1]


def test_other_inputs(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("jieba")
    path, out = tmp_path / "questions.jsonl", tmp_path / "words.kv"
    path.write_text(
        '{"question": "北京在中国\\n东京在日本", "x": "a"}\n{"question": "𠮷野家"}\n{broken\n', encoding="utf-8"
    )
    result = run(path, "-o", out, "--text-column", "question", "--segmenter", "jieba", *QUICK)
    assert result.status == 0
    assert "1 rejected" in result.err
    words = read_table(out).words.to_pylist()
    assert words[0] == "在"
    assert {"北京", "中国", "东京", "日本"} <= set(words)
    quiet = run(path, "-o", out, "--text-column", "question", "--segmenter", "jieba", *QUICK, "-q")
    assert quiet.out == ""
    assert len(quiet.err.splitlines()) == 1


# stopped, and gone on with


@METHODS
def test_ctrl_c_keeps_the_state(
    run: Any, nlptools: Any, text: Path, tmp_path: Path, interrupt: Any, method: str
) -> None:
    whole, out, state = tmp_path / "whole.kv", tmp_path / "words.kv", tmp_path / "words.kv.training"
    arguments = (text, "--method", method, *QUICK)
    assert run(*arguments, "-o", whole, "-q").status == 0
    for resume in ([], ["--resume"]):
        interrupt(9)
        result = run(*arguments, "-o", out)
        assert (result.status, result.out) == (130, "")
        assert f"{state}: the vectors as they are; the same command goes on from there" in result.err
        assert result.err.splitlines()[-1] == "nlptools: interrupted"
        assert "Traceback" not in result.err
        assert names(tmp_path) == ["text.txt", "whole.kv", "words.kv.training"]
        assert nlptools("vectors", "nearest", state, "词1", "--top", 3, "-q").out.count("\n") == 4
        result = run(*arguments, "-o", out, *resume)
        assert result.status == 0
        assert re.search(r"^going on in epoch \d, after [\d,]+ of 800 words$", result.err, re.MULTILINE)
        assert out.read_bytes() == whole.read_bytes()
        assert not state.exists()
        out.unlink()


def test_quiet_when_interrupted(run: Any, text: Path, tmp_path: Path, interrupt: Any) -> None:
    interrupt(3)
    assert run(text, "-o", tmp_path / "words.kv", *QUICK, "-q") == (130, "", "nlptools: interrupted\n")
    assert (tmp_path / "words.kv.training").exists()


def test_nothing_to_go_on_from(run: Any, text: Path, tmp_path: Path, interrupt: Any) -> None:
    out, state = tmp_path / "words.kv", tmp_path / "words.kv.training"
    result = run(text, "-o", out, *QUICK, "-q", "--resume")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"nlptools: {state}: there is no such file; ")
    assert result.err.count("\n") == 1
    interrupt(3)
    assert run(text, "-o", out, *QUICK, "-q").status == 130
    kept = state.read_bytes()
    result = run(text, "-o", out, *QUICK, "-q", "--resume", "--window", 3)
    assert result.status == 2
    assert "another text, options or version" in result.err
    assert result.err.count("\n") == 1
    assert state.read_bytes() == kept
    state.write_bytes(kept[:-99])
    result = run(text, "-o", out, *QUICK, "-q", "--resume")
    assert result.status == 2
    assert result.err.startswith(f"nlptools: {state}: ")
    assert result.err.count("\n") == 1
    assert run(text, "-o", out, *QUICK, "-q", "--window", 3).status == 0  # begins anew
    assert names(tmp_path) == ["text.txt", "words.kv"]


def test_ctrl_c_while_words_are_counted(run: Any, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: Any) -> Any:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("nlptools.vectors.word_ids._Numbering.add", stops)
    result = run(text, "-o", tmp_path / "words.kv", *QUICK)
    assert result.status == 130
    assert result.err.splitlines()[-1] == "nlptools: interrupted"
    assert "goes on from there" not in result.err
    assert names(tmp_path) == ["text.txt"]


def test_a_process_that_hears_ctrl_c(spawn: Any, text: Path, tmp_path: Path, interpreted: bool) -> None:
    """For real: threads, and more epochs than one would wait for."""
    if interpreted:
        pytest.skip("slow uncompiled")
    out, state = tmp_path / "words.kv", tmp_path / "words.kv.training"
    arguments = ("vectors", "train", text, "-o", out, *QUICK, "--workers", 2, "--epochs", 2 * 10**4)
    process = spawn(*arguments)
    for line in process.stderr:
        if line.startswith("epoch "):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.endswith("nlptools: interrupted\n")
    assert "Traceback" not in err
    assert names(tmp_path) == ["text.txt", "words.kv.training"]
    assert len(read_table(state)) == 30


# what cannot work


def test_errors_are_one_line(run: Any, text: Path, tmp_path: Path) -> None:
    out, none, state = tmp_path / "out.kv", tmp_path / "none.txt", tmp_path / "mine.kv.training"
    state.write_text("mine", encoding="utf-8")
    (tmp_path / "blank.txt").write_text("\r\n \n", encoding="utf-8")
    (tmp_path / "raw.txt").write_text("研究生命的起源是一个很有意思的问题\n" * 9, encoding="utf-8")
    for arguments, reason in (
        (["-o", out], "no INPUT"),
        ([text], "'-o'"),
        ([none, "-o", out], "no such file"),
        ([text, "-o", text], "would overwrite"),
        ([text, "-o", tmp_path / "out.xyz"], "suffix"),
        ([text, "-o", tmp_path / "out.training"], "give another suffix"),
        ([text, "-o", tmp_path / "none" / "out.kv"], "mkdir -p"),
        ([text, "-o", tmp_path / "mine.kv"], "move it away"),
        ([tmp_path / "blank.txt", "-o", out], "blank.txt"),
        ([tmp_path / "raw.txt", "-o", out], "--segmenter"),
        ([text, "-o", out, "--segmenter", none], "no such file"),
        ([text, "-o", out, "--segmenter", text], "segmenter"),
        ([text, "-o", out, "--min-count", 999], "a smaller --min-count"),
        ([text, "-o", out, "--text-column", "x"], "x"),
        ([text, "-o", out, "--method", "magic"], "--method 'magic' is not known: choose one of sgns, nce, pmi"),
        ([text, "-o", out, "--vector-size", 0], "--vector-size 0 cannot work"),
        ([text, "-o", out, "--window", 0], "--window 0 cannot work"),
        ([text, "-o", out, "--min-count", 0], "--min-count 0 cannot work"),
        ([text, "-o", out, "--sample", 2], "--sample 2.0 cannot work"),
        ([text, "-o", out, "--negative", 0], "--negative 0 cannot work"),
        ([text, "-o", out, "--ns-exponent", 99], "--ns-exponent 99.0 cannot work"),
        ([text, "-o", out, "--alpha", -1], "--alpha -1.0 cannot work"),
        ([text, "-o", out, "--min-alpha", "nan"], "--min-alpha nan cannot work"),
        ([text, "-o", out, "--epochs", 0], "--epochs 0 cannot work"),
        ([text, "-o", out, "--x-max", 0], "--x-max 0.0 cannot work"),
        ([text, "-o", out, "--seed", -1], "--seed -1 cannot work"),
        ([text, "-o", out, "--memory", "x"], "--memory 'x' cannot work"),
        ([text, "-o", out, "--workers", 0], "--workers 0 cannot work"),
        ([text, "-o", out, "--window", "x"], "'--window': 'x'"),
    ):
        result = run(*arguments)
        assert result.status == 2, (arguments, result)
        assert reason in result.err, (arguments, result.err)
        told = [line for line in result.err.splitlines() if line.startswith("nlptools: ")]
        assert len(told) == 1, (arguments, result.err)
        assert "Traceback" not in result.err
        assert result.out == ""
        assert not out.exists()
    assert state.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "out.kv.training").exists()
    assert text.read_text(encoding="utf-8") == "\n".join(LINES) + "\n"


def test_the_input_is_not_the_state(run: Any, text: Path, tmp_path: Path) -> None:
    state = tmp_path / "text.kv.training"
    text.rename(state)
    result = run(state, "-o", tmp_path / "text.kv", *QUICK)
    assert result.status == 2
    assert state.read_text(encoding="utf-8") == "\n".join(LINES) + "\n"


def test_output_to_a_device(run: Any, text: Path, tmp_path: Path) -> None:
    link = tmp_path / "null.vec"
    link.symlink_to("/dev/null")
    assert run(text, "-o", link, *QUICK, "-q") == (0, "", "")
    assert names(tmp_path) == ["null.vec", "text.txt"]


# options


def test_help(run: Any) -> None:
    result = run("--help")
    assert (result.status, result.err) == (0, "")
    assert "nlptools vectors train words.txt -o words.kv\n" in result.out
    for field in fields(VectorOptions):
        assert f"--{'no-' if field.default is True else ''}{field.name.replace('_', '-')}" in result.out


def test_every_field_is_an_option_with_its_default() -> None:
    with train.make_context("train", ["x.txt", "-o", "x.kv"]) as context:
        values = context.params
    names = [field.name for field in fields(VectorOptions)]
    assert VectorOptions(**{name: values[name] for name in names}) == VectorOptions()
    for param in train.params:
        if isinstance(param, click.Option):
            assert re.search(r"\.( |$)", param.help or ""), param.name
