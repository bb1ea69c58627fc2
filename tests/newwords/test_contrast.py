"""Contrast with a background: each statistic against plain Python and scipy, and what reaches the table."""

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nlptools import contrast, count_ngrams, find_new_words
from nlptools.errors import InputError, OptionError
from nlptools.newwords import contrast as statistics

counts_of = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=20)
sizes_of = st.tuples(st.integers(600, 10**7), st.integers(600, 10**7))


def slow_g2(a: int, b: int, size_a: int, size_b: int) -> float:
    expected_a = float(Fraction((a + b) * size_a, size_a + size_b))
    expected_b = float(Fraction((a + b) * size_b, size_a + size_b))
    total = (a * math.log(a / expected_a) if a else 0.0) + (b * math.log(b / expected_b) if b else 0.0)
    return 2 * total if a >= expected_a else -2 * total


def slow_z(a: int, b: int, size_a: int, size_b: int) -> float:
    """Follow equation 22 of Monroe, Colaresi and Quinn."""
    prior_size = Fraction(min(size_a, size_b))
    prior = Fraction(a + b, size_a + size_b) * prior_size
    if prior == 0:
        return 0.0
    odds_a = (a + prior) / (size_a + prior_size - a - prior)
    odds_b = (b + prior) / (size_b + prior_size - b - prior)
    return math.log(odds_a / odds_b) / math.sqrt(1 / (a + prior) + 1 / (b + prior))


@given(counts_of, sizes_of)
def test_the_statistics_are_those_of_plain_python(counts: list[tuple[int, int]], sizes: tuple[int, int]) -> None:
    a, b = np.array(counts).T
    for fast, slow in ((statistics.log_likelihood, slow_g2), (statistics.log_odds, slow_z)):
        expected = [slow(*pair, *sizes) for pair in counts]
        np.testing.assert_allclose(fast(a, b, *sizes), expected, rtol=1e-9, atol=1e-7)
    simple = [(x * 1e6 / sizes[0] + 2) / (y * 1e6 / sizes[1] + 2) for x, y in counts]
    np.testing.assert_allclose(statistics.keyness(a, b, *sizes, 2), simple)
    ratios = [math.log((x + 0.5) * sizes[1] / ((y + 0.5) * sizes[0])) for x, y in counts]
    np.testing.assert_allclose(statistics.log_ratio(a, b, *sizes), ratios, atol=1e-12)


@given(counts_of.filter(lambda counts: all(map(sum, counts))), sizes_of)
def test_the_statistics_are_those_of_scipy(counts: list[tuple[int, int]], sizes: tuple[int, int]) -> None:
    a, b = np.array(counts).T
    shares = np.array(sizes) / sum(sizes)
    g2 = statistics.log_likelihood(a, b, *sizes)
    expected = [stats.power_divergence(pair, sum(pair) * shares, lambda_="log-likelihood") for pair in counts]
    np.testing.assert_allclose(np.abs(g2), [result.statistic for result in expected], rtol=1e-9, atol=1e-7)
    p = statistics.chi_square_tail(np.abs(g2))
    np.testing.assert_allclose(p, stats.chi2.sf(np.abs(g2), 1), rtol=1e-7, atol=1e-12)
    q = statistics.benjamini_hochberg(p)
    np.testing.assert_allclose(q, stats.false_discovery_control(p, method="bh"), rtol=1e-9)


def test_a_word_is_no_surer_than_so() -> None:
    logits = statistics.word_logit(np.array([0.5, 0.3, 0.9999, 1.0]))
    np.testing.assert_allclose(logits, [0, math.log(3 / 7), 4, 4], atol=1e-12)


def around(words: list[str], documents: int, seed: int) -> list[str]:
    """Put each word between characters that are drawn; a document has one of each."""
    draw = random.Random(seed)

    def some() -> str:
        return "".join(chr(0x4E00 + draw.randrange(2000)) for _ in range(draw.randint(1, 3)))

    return ["，".join(some() + word + some() for word in words) for _ in range(documents)]


TEXT = around(["元宇宙", "人工智能"], 60, 1)
BACKGROUND = around(["人工智能", "手机"], 20, 2)


def size_of(texts: list[str]) -> int:
    return sum(len(text.replace("，", "")) for text in texts)


def by_word(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["word"]: row for row in table.to_pylist()}


def test_new_words_come_first() -> None:
    plain = find_new_words(TEXT, min_count=3)
    words = find_new_words(TEXT, min_count=3, background=BACKGROUND)
    assert words.column_names == [*plain.column_names, "background", "g2", "log_odds", "keyness", "q_value"]
    rows = by_word(words)
    assert rows["元宇宙"]["background"] == 0
    assert rows["人工智能"]["background"] == len(BACKGROUND)
    assert words["word"][0].as_py() == "元宇宙"
    assert rows["元宇宙"]["g2"] > 0 > rows["人工智能"]["g2"]
    assert rows["元宇宙"]["q_value"] < 0.05
    sizes = size_of(TEXT), size_of(BACKGROUND)
    assert rows["元宇宙"]["g2"] == pytest.approx(slow_g2(60, 0, *sizes), abs=1e-4)
    assert rows["人工智能"]["log_odds"] == pytest.approx(slow_z(60, 20, *sizes), abs=1e-4)
    assert by_word(plain).keys() == rows.keys()


@pytest.mark.parametrize("rank", ["score", "g2", "log_odds", "keyness"])
def test_ranks_by_a_column(rank: str) -> None:
    values = find_new_words(TEXT, min_count=3, background=BACKGROUND, rank=rank)[rank].to_pylist()
    assert values == sorted(values, reverse=True)


def test_typical_words() -> None:
    words = find_new_words(TEXT, min_count=3, background=BACKGROUND, rank="typical", top=1)
    assert words["word"].to_pylist() == ["元宇宙"]


def test_pieces_of_longer_words_come_last() -> None:
    rows = [("宇宙", 9), ("元宇宙", 9), ("人工", 9), ("工智", 1), ("人工智能", 5)]
    table = pa.table({"word": [word for word, _ in rows], "count": [count for _, count in rows], "score": [0.5] * 5})
    table = table.replace_schema_metadata({"text_size": "100"})
    for rank in ("new", "typical"):
        words = contrast(table, BACKGROUND, rank=rank)["word"].to_pylist()
        assert words[:3] == ["元宇宙", "人工", "人工智能"]
        assert set(words[3:]) == {"宇宙", "工智"}
    assert contrast(table, BACKGROUND, rank="g2")["word"].to_pylist()[:2] == ["元宇宙", "宇宙"]


def test_the_same_from_a_table_from_counts_and_from_a_file(tmp_path: Any) -> None:
    expected = find_new_words(TEXT, min_count=3, background=BACKGROUND)
    words = find_new_words(TEXT, min_count=3)
    file = tmp_path / "background.ngrams"
    for background in (BACKGROUND, count_ngrams(BACKGROUND, 6, output=file), file, str(file)):
        assert contrast(words, background).equals(expected)
    assert contrast(TEXT, file, min_count=3).equals(expected)


def test_words_of_counts() -> None:
    counts = count_ngrams(TEXT, order=5)
    options: dict[str, Any] = {"min_count": 3, "min_pmi": 0.0, "min_entropy": 0.0}
    words = contrast(counts, BACKGROUND, **options)
    assert words["word"][0].as_py() in {"元宇宙", "元宇", "宇宙"}
    assert by_word(words)["人工智能"]["background"] == len(BACKGROUND)


def test_equal_documents_of_the_background_count_once() -> None:
    words = find_new_words(TEXT, min_count=3)
    assert contrast(words, BACKGROUND * 3).equals(contrast(words, BACKGROUND))


def test_text_and_background_are_folded_alike() -> None:
    words = find_new_words(TEXT, min_count=3, background=["人工智慧與語言學習機器"], script="simplified")
    assert by_word(words)["人工智能"]["background"] == 0
    background = ["元宇宙與學習"]
    text = around(["学习"], 30, 3)
    folded = by_word(find_new_words(text, min_count=2, background=background, script="simplified"))
    assert folded["学习"]["background"] == 1
    assert by_word(find_new_words(text, min_count=2, background=background))["学习"]["background"] == 0


def test_longer_words_count_as_their_rarest_piece() -> None:
    told: list[str] = []
    words = find_new_words(TEXT, min_count=3)
    table = contrast(words, count_ngrams(BACKGROUND, order=2), log=told.append)
    assert by_word(table)["人工智能"]["background"] == len(BACKGROUND)
    assert any("are longer than 2 characters; their rarest piece is counted" in line for line in told)


def test_what_a_background_left_out_is_told() -> None:
    told: list[str] = []
    table = contrast(find_new_words(TEXT, min_count=3), count_ngrams(BACKGROUND, 4, min_count=30), log=told.append)
    assert by_word(table)["人工智能"]["background"] == 0
    assert any("seen less than 30 times were left out" in line for line in told)


def test_nothing_found_and_awkward_backgrounds() -> None:
    for background in (["，。"], ["𠮷😀\x00\r\n"], ["no Han at all"]):
        words = contrast(find_new_words(["天地", "玄黄"], min_count=3), background)
        assert words.num_rows == 0
        assert find_new_words(TEXT, min_count=3, background=background)["background"].to_pylist()[0] == 0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"rank": "new"}, OptionError, "rank='new' compares with a background"),
        ({"rank": "best", "background": BACKGROUND}, OptionError, "rank='best' is not known"),
        ({"background": BACKGROUND, "keyness_n": 0}, OptionError, "keyness_n=0 cannot work"),
        ({"background": "missing.txt"}, InputError, "missing.txt"),
        ({"background": "missing.ngrams"}, InputError, "missing.ngrams"),
        ({"background": [" "]}, InputError, "is empty"),
    ],
)
def test_errors(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        find_new_words(TEXT, **options)


def test_a_table_of_somebody_else() -> None:
    with pytest.raises(OptionError, match="how long its text was"):
        contrast(pa.table({"word": ["天地"], "count": [3], "score": [0.5]}), BACKGROUND)
