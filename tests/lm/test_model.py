"""What a model says of a text, against a scorer that backs off in a dict; models of other programs; KenLM."""

import gzip
import math
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.lm.model import Evaluation, LanguageModel
from nlptools.lm.vocabulary import split_words
from nlptools_corpora.zhidao import sample_questions

Ngrams = dict[tuple[str, ...], tuple[float, float]]

TRAINING = [question["question"] for question in sample_questions(200, seed=5)]
TRAINING += ["𠮷野家，𠮷野家。", "研究生命起源", "МИР かな", "a\0b", "中中中中"]
DATA = Path(os.environ.get("NLPTOOLS_DATA", "no data"))


class Twin:
    """A back-off model as a dict."""

    def __init__(self, ngrams: Ngrams, order: int) -> None:
        self.ngrams, self.order = ngrams, order

    def p(self, history: tuple[str, ...], word: str) -> float:
        if (*history, word) in self.ngrams:
            return self.ngrams[(*history, word)][0]
        backoff = self.ngrams[history][1] if history in self.ngrams else 0.0
        return backoff + self.p(history[1:], word)

    def known(self, sentence: list[str]) -> list[str]:
        return [word if (word,) in self.ngrams else "<unk>" for word in sentence]

    def scores(self, sentence: list[str]) -> list[float]:
        padded = ("<s>", *self.known(sentence), "</s>")
        return [self.p(padded[max(0, i - self.order + 1) : i], padded[i]) for i in range(1, len(padded))]


@pytest.fixture(scope="module", params=[1, 2, 4])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    return nt.train_lm(TRAINING, order=request.param, threads=2)


@pytest.fixture(scope="module")
def twin(model: LanguageModel, tmp_path_factory: pytest.TempPathFactory, read_plainly: Any) -> Twin:
    path = tmp_path_factory.mktemp("arpa") / "model.arpa"
    model.to_arpa(path)
    return Twin(read_plainly(path), model.order)


some_text = st.one_of(
    st.text("怎么样的研究，龘𠮷 a", max_size=20),
    st.text(max_size=12),
    st.sampled_from([*TRAINING[-12:], "", "中", "\r\n", "\ufeff怎么", "怎\ud800么", "\0", "👩‍👩‍👧", "怎么" * 50]),
)


@given(some_text, some_text, st.integers(1, 3))
@example("怎么样，怎么样。龘", "", 2)
def test_scores(
    model: LanguageModel,
    twin: Twin,
    segments: Callable[[str], list[list[str]]],
    text: str,
    other: str,
    threads: int,
) -> None:
    sentences = segments(text)
    expected = [twin.scores(sentence) for sentence in sentences]
    assert model.score(text) == pytest.approx(sum(map(sum, expected)), abs=1e-4)
    found = model.token_log_probabilities(model.encode(text), threads)
    assert found.tolist() == pytest.approx([p for sentence in expected for p in sentence], abs=1e-5)
    together = model.token_log_probabilities(model.encode(f"{text}，{other}"), threads)
    assert together[: found.size].tolist() == found.tolist()


@given(some_text, st.integers(1, 3))
def test_every_length_of_history(
    model: LanguageModel, twin: Twin, segments: Callable[[str], list[list[str]]], text: str, threads: int
) -> None:
    found = model.log_probabilities(model.encode(text), threads)
    expected = []
    for sentence in segments(text):
        words = [*twin.known(sentence), "</s>"]
        for i, word in enumerate(words):
            row = [twin.p(tuple(words[i - h : i]), word) if h <= i else -math.inf for h in range(model.order)]
            expected.append(row)
    assert found.shape == (len(expected), model.order)
    assert found.ravel().tolist() == pytest.approx([p for row in expected for p in row], abs=1e-5)


def test_codes_of_another_model() -> None:
    model = nt.train_lm(["中文"], order=2)
    with pytest.raises(nt.OptionError, match="symbols"):
        model.log_probabilities(np.array([model.vocabulary.size], np.uint32))
    assert model.log_probabilities(np.empty(0, np.uint32)).shape == (0, 2)


def test_batches(model: LanguageModel, segments: Callable[[str], list[list[str]]]) -> None:
    lines = ["怎么样，怎么样", "", "，", "龘怎龘", " \u3000", "中", "𠮷a，b"]
    expected: dict[str, list[Any]] = {
        "document": list(range(len(lines))),
        "log10_probability": [model.score(line) for line in lines],
        "characters": [sum(map(len, segments(line))) for line in lines],
        "sentences": [len(segments(line)) for line in lines],
        "unknown": [2 * (line == "龘怎龘") for line in lines],
    }
    tables = []
    for threads, size in ((1, 1), (2, 8), (3, 1 << 20)):
        corpus = nt.open_corpus(lines, batch_bytes=size)
        rows = [row for batch in model.score_batches(corpus, threads) for row in batch.to_pylist()]
        tables.append(rows)
        for name, column in expected.items():
            assert [row[name] for row in rows] == (pytest.approx(column, abs=1e-5) if "log" in name else column)
        assert [row["per_character"] for row in rows] == [
            row["log10_probability"] / row["characters"] if row["characters"] else None for row in rows
        ]
    assert tables[0] == tables[1] == tables[2]
    unknown = model.token_log_probabilities(model.encode(lines[3]))[[0, 2]]
    assert tables[0][3]["unknown_log10_probability"] == pytest.approx(float(unknown.sum()))

    evaluation = model.evaluate(lines)
    tokens, sentences = sum(expected["characters"]), sum(expected["sentences"])
    total = sum(expected["log10_probability"])
    assert (evaluation.tokens, evaluation.sentences, evaluation.unknown) == (tokens, sentences, 2)
    assert model.perplexity(lines) == pytest.approx(10 ** (-total / (tokens + sentences)), rel=1e-4)
    known = total - float(unknown.sum())
    assert evaluation.known_perplexity == pytest.approx(10 ** (-known / (tokens + sentences - 2)), rel=1e-4)
    assert math.isnan(Evaluation().perplexity)


def test_words() -> None:
    model = nt.train_lm(["研究 生命\u3000起源", "", "研究 生命", "的"], order=3, words=True)
    assert model.vocabulary.tokens == ["生命", "的", "研究", "起源"]
    assert model.encode(" 研究\t生命  <s> ").tolist() == [3, 1, model.vocabulary.unknown, 0]
    assert model.encode("  ").tolist() == []
    (batch,) = model.score_batches(nt.open_corpus(["研究 生命", "", " x 的 "]))
    assert batch.column("words").to_pylist() == [2, 0, 2]
    assert batch.column("unknown").to_pylist() == [0, 0, 1]
    assert batch.column("sentences").to_pylist() == [1, 0, 1]
    assert batch.column("per_word")[1].as_py() is None
    assert model.score("研究 生命") > model.score("生命 研究")


@given(
    st.lists(st.one_of(st.text(" \u3000研a\x1c\x85\xa0\u1680\u2009\u2028　\n\0𠮷", max_size=12), st.text(max_size=6)))
)
@example(["研究\t", "", " ", "\u3000a", "𠮷 \u200b", "é\x85"])
def test_white_space_is_that_of_python(texts: list[str]) -> None:
    column = pa.array(["x y", *texts, "z"], pa.large_string())[1:-1]
    words, lengths = split_words(column)
    words.validate(full=True)
    assert words.to_pylist() == [word for text in texts for word in text.split()]
    assert lengths.tolist() == [len(text.split()) for text in texts]


def test_ten_megabytes_without_a_break(interpreted: bool) -> None:
    model = nt.train_lm(["中文字" * (1000 if interpreted else 1_200_000)], order=5)
    assert model.sizes == [6, 5, 5, 5, 5]
    assert model.score("中文字" * (100 if interpreted else 1_200_000)) > -500_000


@pytest.fixture
def kenlm() -> Any:
    return pytest.importorskip(
        "kenlm", reason="the package kenlm is not installed: pip install kenlm (needs a C++ compiler)"
    )


def compare(kenlm: Any, model: LanguageModel, sentences: list[list[str]], joiner: str, path: Path) -> None:
    """Compare the probability of every token, and which tokens are unknown."""
    model.to_arpa(path)
    theirs = kenlm.Model(str(path))
    for sentence in sentences:
        scores = list(theirs.full_scores(" ".join(sentence), bos=True, eos=True))
        codes = model.encode(joiner.join(sentence))
        assert model.token_log_probabilities(codes).tolist() == pytest.approx([p for p, _, _ in scores], abs=1e-4)
        assert (codes == model.vocabulary.unknown).tolist() == [unknown for _, _, unknown in scores]


@pytest.mark.parametrize("order", [2, 3, 6])
@pytest.mark.parametrize("prune", [(0,), (0, 0, 1)])
def test_kenlm_reads_our_files(
    kenlm: Any, segments: Callable[[str], list[list[str]]], tmp_path: Path, order: int, prune: tuple[int, ...]
) -> None:
    model = nt.train_lm(TRAINING, order=order, prune=prune)
    others = [question["question"] for question in sample_questions(50, seed=6)]
    sentences = [s for text in (*others, *TRAINING[-20:], "龘龘怎么龘") for s in segments(text) if s != list("a\0b")]
    compare(kenlm, model, sentences, "", tmp_path / "model.arpa")
    words = nt.train_lm(["研究 生命 起源", "的 起源", "研究 的"] * 3, order=order, words=True)
    compare(kenlm, words, [["研究", "的", "生命"], ["x", "起源"]], " ", tmp_path / "words.arpa")


@pytest.mark.skipif(not (DATA / "zh").exists(), reason="no evaluation data: set NLPTOOLS_DATA")
def test_kenlm_on_real_text(
    kenlm: Any, segments: Callable[[str], list[list[str]]], tmp_path: Path, interpreted: bool
) -> None:
    with gzip.open(DATA / "zh" / "mixed.txt.gz", "rb") as file:
        lines = file.read(20_000 if interpreted else 2_000_000).decode("utf-8", "ignore").splitlines()
    text = (DATA / "zh" / "cws" / "pku_dev.seg").read_text(encoding="utf-8").replace(" ", "")
    compare(kenlm, nt.train_lm(lines, order=5), segments(text[:20_000]), "", tmp_path / "model.arpa")


@pytest.mark.skipif(shutil.which("lmplz") is None, reason="KenLM's lmplz is not installed")
@pytest.mark.parametrize("prune", [(0,), (0, 0, 1)])
def test_lmplz_estimates_the_same(
    segments: Callable[[str], list[list[str]]], tmp_path: Path, read_plainly: Any, prune: tuple[int, ...]
) -> None:
    lines = [question["question"] for question in sample_questions(2000, seed=7)]
    nt.train_lm(lines, order=4, prune=prune).to_arpa(tmp_path / "ours.arpa")
    text = "\n".join(" ".join(segment) for line in lines for segment in segments(line)) + "\n"
    command = ["lmplz", "-o", "4", "-S", "100M", "--discount_fallback", "--prune", *map(str, prune)]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    (tmp_path / "theirs.arpa").write_bytes(done.stdout)
    ours, theirs = read_plainly(tmp_path / "ours.arpa"), read_plainly(tmp_path / "theirs.arpa")
    ours["<s>",], theirs["<s>",] = (0, ours["<s>",][1]), (0, theirs["<s>",][1])
    assert ours.keys() == theirs.keys()
    for ngram, numbers in ours.items():
        assert numbers == pytest.approx(theirs[ngram], abs=1e-5)
