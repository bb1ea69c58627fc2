"""The segmenter of kexue.fm 3956 against its formula, with a language model looked up in dictionaries."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlptools as nt
from nlptools.lm.model import LanguageModel
from nlptools.segment.lm_tagger import LmTagger, train_lm_tagger
from nlptools.segment.units import Alphabet

CHARACTERS = "研究生的"
SEGMENTS = ["研究生", "研究", "研究生的研究", "的", "研究1的", "a研究", "生的研究生", "研究生的生"]
WEIGHTS = {1: 1.0, 2: 0.15, 3: 0.15 * 0.01, 4: 0.15 * 0.01 * 0.01}


def tagger_of(texts: Sequence[str], twins: ModuleType, **options: Any) -> LmTagger:
    codes = [0, *itertools.chain.from_iterable(twins.symbols(text, CHARACTERS) for text in texts)]
    weights = options.get("weights", (1.0, 0.15, 1.0, 0.01, 1.0, 0.01, 1.0, 0.001))
    return train_lm_tagger(
        np.array(codes, np.uint16), Alphabet(CHARACTERS), weights, 1 << 30, options.get("threads", 1)
    )


Probability = Callable[[tuple[int, ...], int], float]


def looked_up(model: LanguageModel, path: Path) -> Probability:
    """Return ln p(symbol | history) from what an ARPA file says."""
    model.to_arpa(path)
    names = ["", *model.vocabulary.tokens]
    found: dict[tuple[str, ...], tuple[float, float]] = {}
    order = 0
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.endswith("-grams:"):
            order = int(line[1:].split("-")[0])
        elif order and line and not line.startswith("\\"):
            p, words, *backoff = line.split("\t")
            found[tuple(words.split(" "))] = float(p), float(backoff[0]) if backoff else 0.0

    def log10(history: tuple[str, ...], name: str) -> float:
        if (*history, name) in found:
            return found[*history, name][0]
        if not history:
            return found["<unk>",][0]
        return found.get(history, (0.0, 0.0))[1] + log10(history[1:], name)

    return lambda history, symbol: math.log(10) * log10(tuple(names[c] for c in history), names[symbol])


def scores(codes: tuple[int, ...], p: Probability, unigram: Callable[[int], float], twins: ModuleType) -> Any:
    """Return the score of each segmentation of a segment: the sum over its words."""
    found = {}
    for cut in twins.cuts(len(codes)):
        score = 0.0
        for a, b in itertools.pairwise(cut):
            score += math.log(WEIGHTS[min(b - a, 4)] * 0.001 ** max(0, b - a - 4)) + unigram(codes[a])
            score += math.fsum(p(codes[max(a, t - 3) : t], codes[t]) for t in range(a + 1, b))
        found[cut] = score
    return found


@pytest.fixture(scope="module")
def trained(twins: ModuleType) -> LmTagger:
    return tagger_of(SEGMENTS * 3, twins)


@pytest.fixture(scope="module")
def probability(trained: LmTagger, tmp_path_factory: pytest.TempPathFactory) -> Probability:
    return looked_up(trained.lm, tmp_path_factory.mktemp("lm") / "model.arpa")


def unigrams(twins: ModuleType) -> Callable[[int], float]:
    counts = Counter(code for text in SEGMENTS for code in twins.symbols(text, CHARACTERS) if code)
    return lambda code: math.log(counts[code] / counts.total())


@given(st.text("研究生的1a", max_size=7))
@settings(max_examples=30)
def test_the_best_path(twins: ModuleType, trained: LmTagger, probability: Probability, text: str) -> None:
    codes = np.array(twins.symbols(text, CHARACTERS), np.uint16)
    begins = trained.begins(codes)
    assert begins[-1] == 1
    if codes.size > 1:
        expected = scores(tuple(codes[:-1].tolist()), probability, unigrams(twins), twins)
        here = (*np.flatnonzero(begins[:-1]).tolist(), codes.size - 1)
        assert expected[here] == pytest.approx(max(expected.values()), abs=1e-3)


def test_emissions(twins: ModuleType, trained: LmTagger, probability: Probability) -> None:
    codes = twins.symbols("研究生的研", CHARACTERS)
    emissions = trained.emissions(np.array(codes, np.uint16))
    for t, code in enumerate(codes[:-1]):
        assert emissions[t, 0] == pytest.approx(unigrams(twins)(code), abs=1e-5)
        for h in (1, 2, 3):
            expected = probability(tuple(codes[t - h : t]), code) if h <= t else -math.inf
            assert emissions[t, h] == pytest.approx(expected, abs=1e-4)


def test_symbols_that_were_never_seen(twins: ModuleType) -> None:
    """Numbers, letters and unknown characters have some probability all the same."""
    tagger = tagger_of(["研究研究", "研研"], twins)
    codes = np.array(twins.symbols("1研a究龘生1a，龘", CHARACTERS), np.uint16)
    inside = codes != 0
    emissions = tagger.emissions(codes)
    assert np.isfinite(emissions[inside, 0]).all()
    assert not np.isnan(emissions[inside]).any()
    assert tagger.begins(codes)[0] == 1
    odds = tagger.log_odds(codes)
    assert not np.isnan(odds).any()


def test_threads_do_not_matter(twins: ModuleType) -> None:
    first, other = (tagger_of(SEGMENTS, twins, threads=threads).arrays() for threads in (1, 3))
    assert all(np.array_equal(first[name], other[name]) for name in first)


def test_weights_decide(twins: ModuleType) -> None:
    """Long words for nothing, or hardly at any price."""
    codes = np.array(twins.symbols("研究生的研究", CHARACTERS), np.uint16)
    assert tagger_of(SEGMENTS, twins, weights=(1e-9,) + (1e9,) * 7).begins(codes).sum() == 2
    assert tagger_of(SEGMENTS, twins, weights=(1e9,) + (1e-9,) * 7).begins(codes).all()
    with pytest.raises(nt.OptionError, match="give eight numbers"):
        tagger_of(SEGMENTS, twins, weights=(1.0,))
