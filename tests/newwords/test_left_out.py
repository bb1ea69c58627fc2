"""Why words rank where they do, and what rejected the others."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import nlptools as nt
from nlptools.errors import OptionError
from nlptools.newwords.description_words import LEAST_PRICE, MIN_SCORE, SURELY_BOUND
from nlptools.newwords.left_out import LeftOut, Limit
from nlptools_corpora.zhidao import sample_questions


@pytest.fixture(scope="module")
def texts(interpreted: bool) -> list[str]:
    return [question["question"] for question in sample_questions(80 if interpreted else 600, seed=5)]


@pytest.fixture(scope="module")
def explained(texts: list[str]) -> tuple[pa.Table, pa.Table]:
    return nt.explain_new_words(texts, left_out=10**6, min_count=2, max_length=6)


@pytest.fixture(scope="module")
def counts(twins: Any, texts: list[str]) -> Counter[tuple[str, ...]]:
    """All n-grams of up to 6 symbols, counted slowly."""
    symbols, _ = twins.symbols_of(texts, lambda _: 2)
    found: Counter[tuple[str, ...]] = Counter()
    for start in range(len(symbols)):
        for size in range(1, 7):
            gram = tuple(symbols[start : start + size])
            if len(gram) == size and all(gram):
                found[gram] += 1
    return found


def spelled(counts: Counter[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {"".join(gram): gram for gram, count in counts.items() if len(gram) > 1 and count >= 2}


def test_words_are_those_of_find_new_words(texts: list[str], explained: tuple[pa.Table, pa.Table]) -> None:
    words, _ = explained
    plain = nt.find_new_words(texts, min_count=2, max_length=6)
    assert words.select(plain.column_names).equals(plain)
    assert words.num_rows > 10
    assert nt.find_new_words(texts, min_count=2, max_length=6, explain=True).equals(words)


def test_terms_add_up_to_the_score(explained: tuple[pa.Table, pa.Table]) -> None:
    words, _ = explained
    names = [name for name in words.column_names if name.startswith("why_")]
    log_odds = sum(words[name].to_numpy() for name in names)
    assert np.abs(1 / (1 + np.exp(-log_odds)) - words["score"].to_numpy()).max() < 1e-3
    rows = {row["word"]: row for row in words.to_pylist()}
    for row in rows.values():
        assert row["why_constant"] == -2.4
        assert row["why_price"] == pytest.approx(1.1 * math.log(row["price"] + 0.05), abs=2e-3)
        assert row["why_pmi"] == pytest.approx(0.1 * row["pmi"], abs=1e-4)
        free = 2.3 * row["left_entropy"] / math.log(row["count"] + 1)
        assert row["why_left_freedom"] == pytest.approx(free, abs=1e-3)
        if row["word"].isalpha() and not row["word"].isascii() and len(row["word"]) == 2:
            assert row["why_length"] in (0, -1.6)  # letters are one symbol, so never more than two


def test_every_frequent_ngram_is_a_word_or_was_rejected(
    explained: tuple[pa.Table, pa.Table], counts: Counter[tuple[str, ...]]
) -> None:
    words, others = explained
    listed, rejected = set(words["word"].to_pylist()), others["word"].to_pylist()
    assert len(rejected) == len(set(rejected)) and not listed & set(rejected)
    grams = spelled(counts)
    frequent = {word for word, gram in grams.items() if not any("\ue000" <= s <= "\ue001" for s in gram)}
    assert listed | set(rejected) == frequent
    assert others["count"].to_pylist() == [counts[grams[word]] for word in rejected]
    assert others["count"].to_pylist() == sorted(others["count"].to_pylist(), reverse=True)


def test_limits_are_true(explained: tuple[pa.Table, pa.Table], counts: Counter[tuple[str, ...]]) -> None:
    _, others = explained
    total = sum(count for gram, count in counts.items() if len(gram) == 1)
    grams = spelled(counts)
    beside: dict[tuple[str, ...], int] = {}
    for gram, count in counts.items():
        for shorter in (gram[1:], gram[:-1]):
            beside[shorter] = max(beside.get(shorter, 0), count)
    for row in others.to_pylist():
        gram = grams[row["word"]]
        solid = min(
            math.log(total * counts[gram] / counts[gram[:cut]] / counts[gram[cut:]]) for cut in range(1, len(gram))
        )
        bound = counts[gram] >= SURELY_BOUND and beside.get(gram) == counts[gram]
        if row["limit"] == "bound":
            assert bound and row["value"] is None and row["least"] is None
        elif row["limit"] == "pmi":
            assert not bound and row["least"] == 0 and row["value"] == pytest.approx(solid, abs=1e-3) and solid <= 1e-9
        elif row["limit"] == "price":
            assert row["least"] == LEAST_PRICE and row["value"] <= LEAST_PRICE and solid > -1e-9
        else:
            assert (row["limit"], row["least"]) == ("score", MIN_SCORE) and row["value"] <= MIN_SCORE


def test_choices_of_the_user_are_limits(tmp_path: Path, texts: list[str], interpreted: bool) -> None:
    plain = nt.find_new_words(texts, min_count=2, min_entropy=1.0)
    first = plain["word"].to_pylist()
    stop, known = tmp_path / "stop.txt", tmp_path / "known.txt"
    stop.write_text(first[0], encoding="utf-8")
    known.write_text("\n".join(first[1:20]), encoding="utf-8")
    words, others = nt.explain_new_words(
        texts, min_count=2, left_out=10**6, stopwords=stop, known=known, new_only=True, top=5, min_entropy=1.0
    )
    reasons = dict(zip(others["word"].to_pylist(), others["limit"].to_pylist(), strict=True))
    assert reasons[first[0]] == "stopword" and reasons[first[5]] == "known"
    assert words.num_rows == 5 or interpreted
    assert {"stopword", "known", "entropy", "score"} <= set(reasons.values())
    assert {"phrase", "top"} <= set(reasons.values()) or interpreted
    entropies = [row for row in others.to_pylist() if row["limit"] == "entropy"]
    assert all(row["value"] < row["least"] == 1.0 for row in entropies)


@pytest.mark.parametrize("method", ["entropy", "cohesion"])
def test_other_methods(method: Any, texts: list[str]) -> None:
    options: dict[str, Any] = {"method": method, "min_count": 3, "min_entropy": 1.0}
    words, others = nt.explain_new_words(texts, left_out=10**6, **options)
    assert words.equals(nt.find_new_words(texts, **options))
    limits = {"entropy": {"pmi", "entropy"}, "cohesion": {"cohesion", "pieces", "entropy"}}[method]
    assert set(others["limit"].to_pylist()) == limits
    assert not set(words["word"].to_pylist()) & set(others["word"].to_pylist())
    for row in others.to_pylist():
        assert row["least"] is None or row["value"] <= row["least"]


def test_from_counts(texts: list[str]) -> None:
    counts = nt.count_ngrams(texts, order=4)
    options: dict[str, Any] = {"min_count": 3, "min_entropy": 1.0, "min_score": 4}
    words, others = nt.explain_new_words(counts, left_out=10**6, **options)
    assert words.equals(nt.find_new_words(counts, **options))
    assert set(others["limit"].to_pylist()) == {"pmi", "entropy", "score"}
    assert not set(words["word"].to_pylist()) & set(others["word"].to_pylist())


def test_only_the_most_frequent_are_kept(texts: list[str], explained: tuple[pa.Table, pa.Table]) -> None:
    _, others = nt.explain_new_words(texts, left_out=30, min_count=2, max_length=6)
    assert others["count"].to_pylist() == explained[1]["count"].to_pylist()[:30]
    with pytest.raises(OptionError, match="left_out=0"):
        nt.explain_new_words(texts, left_out=0)


def test_the_first_limit_counts() -> None:
    left_out = LeftOut(3)
    assert left_out.table.num_rows == 0
    words = pa.array(["a", "b", "c", "d"])
    yes = np.array([True, True, False, True])
    limits = [Limit("x", np.array([True, False, False, False])), Limit("y", yes, np.array([1.0, 2.00004, 3, 4]), 5)]
    left_out.add(np.array([1, 9, 9, 9]), limits, words.take)
    assert left_out.table.to_pylist() == [
        {"word": "b", "count": 9, "limit": "y", "value": 2.0, "least": 5.0},
        {"word": "d", "count": 9, "limit": "y", "value": 4.0, "least": 5.0},
        {"word": "a", "count": 1, "limit": "x", "value": None, "least": None},
    ]
