"""Estimation against the same in dicts of tuples; what every model must be; hostile counts."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.corpus import open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.lm import estimate as estimation
from nlptools.lm.estimate import discounts_from, estimate
from nlptools.lm.model import LanguageModel
from nlptools.lm.train import train_lm
from nlptools.lm.vocabulary import Vocabulary
from nlptools.lm.windows import CountedWindows, read_words
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.rows import Layout, Rows
from nlptools_corpora.zhidao import sample_questions

Ngram = tuple[str, ...]
Sentences = list[list[str]]

texts = st.lists(st.text("中文字，", max_size=14), min_size=1, max_size=9)
AWKWARD = [
    "𠮷野家，𠮷野家。",
    "👩‍👩‍👧 and ＡＢＣ１２３",
    "\ufeffBOM",
    "a\0b\0\0",
    "第一\r\n第二\r\n",
    "МИР かな 한글 ไทย ½Ⅷ①",
    "中" * 30,
]
REGULAR = [
    "甲乙丙丁戊己庚辛",
    "乙丙丁甲",
    "丙丁甲乙乙",
    "丁丁丁",
    "甲甲乙",
    "戊丙乙甲，甲乙，丙丁，甲乙丙",
    "乙甲",
    "己甲丁乙",
] * 2


def estimate_twin(
    sentences: Sentences, order: int, prune: Sequence[int]
) -> tuple[dict[Ngram, float], dict[Ngram, float]]:
    """Return p of every n-gram, and the weight of what backs off for every history, by the textbook."""
    raw: Counter[Ngram] = Counter()
    for sentence in sentences:
        padded = ("<s>", *sentence, "</s>")
        for n, i in product(range(1, order + 1), range(len(padded))):
            if i + n <= len(padded):
                raw[padded[i : i + n]] += 1
    kinds: dict[Ngram, set[str]] = defaultdict(set)
    for padded in {("<s>", *sentence, "</s>") for sentence in map(tuple, sentences)}:
        for n in range(1, order):
            for i in range(1, len(padded) - n + 1):
                kinds[padded[i : i + n]].add(padded[i - 1])
    del raw[("<s>",)]
    adjusted = {
        ngram: count if len(ngram) == order or ngram[0] == "<s>" else len(kinds[ngram]) for ngram, count in raw.items()
    }
    discounts = {}
    for n in range(1, order + 1):
        of_count = Counter(count for ngram, count in adjusted.items() if len(ngram) == n)
        discounts[n] = [0.0, 0.5, 1.0, 1.5]
        if of_count[1] and of_count[2] and of_count[3]:
            y = of_count[1] / (of_count[1] + 2 * of_count[2])
            found = [k - (k + 1) * y * of_count[k + 1] / of_count[k] for k in (1, 2, 3)]
            if all(0 < discount <= k for k, discount in enumerate(found, 1)):
                discounts[n] = [0.0, *found]

    characters = sorted({character for sentence in sentences for character in sentence})
    vocabulary = [*characters, "</s>", "<unk>"]
    followers: dict[Ngram, list[Ngram]] = defaultdict(list)
    for ngram in adjusted:
        followers[ngram[:-1]].append(ngram)
    p: dict[Ngram, float] = {}
    weights: dict[Ngram, float] = {}
    for n in range(1, order + 1):
        for history in [history for history in followers if len(history) == n - 1]:
            total = sum(adjusted[ngram] for ngram in followers[history])
            kept = [ngram for ngram in followers[history] if raw[ngram] > prune[min(n, len(prune)) - 1]]
            held = float(sum(adjusted[ngram] for ngram in followers[history]) - sum(adjusted[ngram] for ngram in kept))
            held += sum(discounts[n][min(3, adjusted[ngram])] for ngram in kept)
            weights[history] = held / total
            if n == 1:
                for word in vocabulary:
                    count = adjusted.get((word,), 0)
                    p[(word,)] = (count - discounts[1][min(3, count)]) / total + weights[()] / len(vocabulary)
                continue
            for ngram in kept:
                own = (adjusted[ngram] - discounts[n][min(3, adjusted[ngram])]) / total
                p[ngram] = own + weights[history] * p[ngram[1:]]
    return p, {history: weight for history, weight in weights.items() if history in p or history == ("<s>",)}


def model_of(
    sentences: Sentences, order: int, prune: Sequence[int] = (0,), threads: int = 1, **more: Any
) -> LanguageModel:
    """Estimate in double precision from sentences of characters."""
    counts = count_ngrams(["，".join("".join(sentence) for sentence in sentences)], max(order, 2), threads=1)
    characters = counts.layout.characters
    trie = estimate(
        CountedWindows(counts, max(order, 2)), len(characters), order, threads, prune, precision=np.float64, **more
    )
    return LanguageModel(Vocabulary(characters, words=False), order, trie)


def check(model: LanguageModel, sentences: Sentences, prune: Sequence[int], tmp_path: Path, read_plainly: Any) -> None:
    """Compare all numbers with the twin's."""
    path = tmp_path / "model.arpa"
    model.to_arpa(path)
    found = read_plainly(path)
    p, weights = estimate_twin(sentences, model.order, prune)
    assert found.pop(("<s>",))[1] == pytest.approx(math.log10(weights.get(("<s>",), 1.0)), abs=1e-9)
    assert found.keys() == p.keys()
    for ngram, (log10_p, backoff) in found.items():
        assert log10_p == pytest.approx(math.log10(p[ngram]), abs=1e-9)
        assert backoff == pytest.approx(math.log10(weights.get(ngram, 1.0)), abs=1e-9)


prunes = st.sampled_from([(0,), (0, 0, 1), (0, 1), (0, 1, 2, 2, 5)])


@given(texts, st.integers(1, 8), prunes, st.integers(1, 3))
@example(AWKWARD, 8, (0,), 2)
@example(AWKWARD, 3, (0, 1), 1)
@example(REGULAR, 3, (0,), 2)
@example(REGULAR, 2, (0, 1), 2)
@example(["中"], 8, (0,), 1)
@example(["中"], 1, (0,), 1)
def test_any_text(
    tmp_path_factory: pytest.TempPathFactory,
    segments: Callable[[str], Sentences],
    read_plainly: Any,
    texts: list[str],
    order: int,
    prune: tuple[int, ...],
    threads: int,
) -> None:
    sentences = [segment for text in texts for segment in segments(text)]
    if sentences:
        model = model_of(sentences, order, prune, threads)
        check(model, sentences, prune, tmp_path_factory.getbasetemp(), read_plainly)


def test_discounts_are_estimated_where_they_can_be(
    tmp_path: Path, segments: Callable[[str], Sentences], read_plainly: Any, interpreted: bool
) -> None:
    """A larger text, so that the twin's discounts are not all the fallback."""
    lines = [question["question"] for question in sample_questions(300 if interpreted else 1500, seed=7)]
    sentences = [segment for line in lines for segment in segments(line)]
    lines_of_log: list[str] = []
    model = model_of(sentences, 3, log=lines_of_log.append)
    assert not any("taken are" in line for line in lines_of_log)
    check(model, sentences, (0,), tmp_path, read_plainly)


@pytest.mark.parametrize(
    ("of_count", "discounts"),
    [
        ([0, 8, 4, 2, 1], (0.5, 1.25, 2.0)),
        ([9, 10, 5, 2, 0], (0.5, 1.4, 3.0)),
        ([0, 5, 0, 1, 1], None),
        ([0, 0, 5, 1, 1], None),
        ([0, 5, 5, 0, 1], None),
        ([0, 10, 3, 9, 1], None),  # the second would be negative
    ],
)
def test_discounts(of_count: list[int], discounts: tuple[float, float, float] | None) -> None:
    assert discounts_from(of_count) == (None if discounts is None else pytest.approx(discounts))


@given(texts, st.integers(1, 4), prunes)
@example(AWKWARD, 3, (0, 0, 1))
@example(REGULAR, 4, (0,))
def test_probabilities_add_up_to_one(
    segments: Callable[[str], Sentences], texts: list[str], order: int, prune: tuple[int, ...]
) -> None:
    """After every history that was seen, with the beginning of a sentence and without; and after some that were not."""
    sentences = [segment for text in texts for segment in segments(text)]
    if not sentences:
        return
    model = model_of(sentences, order, prune)
    code_of, unknown = model.vocabulary.code_of, model.vocabulary.unknown
    coded = [[code_of[character] for character in sentence] for sentence in sentences]
    histories = {tuple(s[i : i + n]) for s in coded[:4] for i in range(min(5, len(s))) for n in range(1, order)}
    histories |= {(), (unknown,), (1, unknown, 1), (1, 1, 1, 1), tuple(range(1, unknown))[:5]}
    for history in histories:
        with_start, without = 0.0, 0.0
        for symbol in range(unknown + 1):
            codes = np.array([*history, symbol, *([0] if symbol else [])], np.uint32)
            with_start += 10 ** model.token_log_probabilities(codes)[len(history)]
            without += 10 ** model.log_probabilities(codes)[len(history), min(len(history), order - 1)]
        assert with_start == pytest.approx(1, abs=1e-9)
        assert without == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("prune", [(0,), (0, 0, 1)])
def test_the_model_depends_on_nothing_but_the_text(
    tmp_path: Path, prune: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bytes_of(corpus: Any, **options: Any) -> bytes:
        train_lm(corpus, order=3, prune=prune, **options).save(tmp_path / "model.lm")
        return (tmp_path / "model.lm").read_bytes()

    lines = AWKWARD + REGULAR
    expected = bytes_of(lines, threads=1)
    assert bytes_of(lines[::-1], threads=3) == expected
    path = tmp_path / "counts.ngrams"
    count_ngrams(lines, order=5, output=path, threads=2)
    assert bytes_of(path, threads=2) == expected
    assert bytes_of(str(path), memory=1000) == expected  # temporary files
    monkeypatch.setattr(estimation, "_PIECE", 7)
    assert bytes_of(path, threads=2, memory=1000) == expected


words = st.lists(
    st.lists(st.sampled_from(["研究", "生命", "起源", "的", "5G", "a"]), max_size=9), min_size=1, max_size=8
)


@given(words, st.integers(1, 5))
def test_words(tmp_path_factory: pytest.TempPathFactory, read_plainly: Any, lines: Sentences, order: int) -> None:
    sentences = [line for line in lines if line]
    if not sentences:
        return
    corpus = open_corpus(["  ".join(line) + "\t" for line in lines], batch_bytes=10)
    vocabulary, windows = read_words(corpus.batches(), max(order, 2), 2, 1 << 30)
    trie = estimate(windows, len(vocabulary.tokens), order, 1, precision=np.float64)
    model = LanguageModel(vocabulary, order, trie)
    check(model, sentences, (0,), tmp_path_factory.getbasetemp(), read_plainly)


def test_reserved_words_are_refused() -> None:
    with pytest.raises(InputError, match="<s>"):
        train_lm(["a <s> b"], order=2, words=True)


def test_words_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OptionError, match="too little"):
        train_lm(["a b c"], order=2, words=True, memory=100)


def test_options_that_cannot_work(tmp_path: Path) -> None:
    for options in (
        {"order": 0},
        {"order": 9},
        {"order": True},
        {"threads": 0},
        {"prune": ()},
        {"prune": (1,)},
        {"prune": (0, 2, 1)},
        {"prune": (0, -1)},
        {"prune": (0, 0.5)},
        {"memory": "much"},
    ):
        with pytest.raises(OptionError):
            train_lm(["中文"], **options)
    counts = count_ngrams(["中文字"], order=3)
    with pytest.raises(OptionError, match="order=4 is too high"):
        train_lm(counts, order=4)
    with pytest.raises(OptionError, match="segmented text"):
        train_lm(counts, order=2, words=True)
    with pytest.raises(InputError, match="needs all"):
        train_lm(count_ngrams(["中文字中文"], order=3, min_count=2), order=3)
    with pytest.raises(OptionError):
        train_lm(count_ngrams(["中文"], order=1), order=1)
    for words in (False, True):
        with pytest.raises(InputError):
            train_lm([" ", ""], order=2, words=words)
    with pytest.raises(InputError, match="no character"):
        train_lm(["，。"], order=2)
    with pytest.raises(InputError, match="cannot be read"):
        train_lm(tmp_path / "missing.ngrams")


def counts_of(windows: dict[tuple[int, ...], int], characters: str, order: int) -> NgramCounts:
    layout = Layout(characters, order)
    keys = [sum(code << layout.bits * (order - 1 - j) for j, code in enumerate(window)) for window in windows]
    rows = Rows(np.array(keys, np.uint64), np.empty(0, np.uint64), np.array([*windows.values()], np.int64))
    return NgramCounts(layout, count_ngrams(["x"]).totals, [rows])


@given(
    st.dictionaries(st.tuples(*[st.integers(0, 3)] * 3), st.integers(0, 3), min_size=1, max_size=12),
    st.booleans(),
)
def test_counts_of_no_text(windows: dict[tuple[int, ...], int], in_order: bool) -> None:
    """Whatever the rows of a file are, in whatever order: an error, or a model in which one can look up."""
    rows = {window: windows[window] for window in (sorted(windows) if in_order else windows)}
    try:
        with np.errstate(all="ignore"):
            model = train_lm(counts_of(rows, "中文", 3), order=3, threads=1)
    except InputError:
        return
    model.log_probabilities(np.array([1, 2, 1, 0, 2, 2, 2, 0], np.uint32))
