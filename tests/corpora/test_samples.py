"""What holds of every sample generator: seeds, laziness, invented words."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pytest

from nlptools_corpora import triples, zhidao

Sample = Callable[..., Iterator[Any]]
samples = pytest.mark.parametrize(
    "sample", [zhidao.sample_questions, triples.sample_triples], ids=["zhidao", "triples"]
)


@samples
def test_same_seed_same_records(sample: Sample) -> None:
    assert list(sample(300, seed=7)) == list(sample(300, seed=7))
    assert list(sample(300, seed=7)) != list(sample(300, seed=8))


@samples
def test_a_longer_sample_begins_with_the_shorter(sample: Sample) -> None:
    assert list(islice(sample(1000), 200)) == list(sample(200))


@samples
def test_rows_are_made_as_they_are_asked_for(sample: Sample) -> None:
    assert len(list(islice(sample(10**15), 5))) == 5


@pytest.mark.parametrize("gold_words", [zhidao.gold_words, triples.gold_words], ids=["zhidao", "triples"])
def test_no_dictionary_has_the_invented_words(gold_words: Callable[[], Iterable[str]]) -> None:
    jieba = pytest.importorskip("jieba")
    with jieba.dt.get_dict_file() as file:
        known = {line.split()[0].decode("utf-8") for line in file}
    assert known.isdisjoint(gold_words())
    cuts = [(word[:at], word[at:]) for word in gold_words() for at in range(2, len(word) - 1)]
    assert [(a, b) for a, b in cuts if a in known and b in known] == []
