"""Vectors of unseen documents, against the same in plain Python, and on texts of which we know the topics."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import nlptools as nt
from nlptools.errors import InputError, OptionError
from nlptools.vectors import _jose_kernels as kernels
from nlptools.vectors import infer
from nlptools.vectors.infer import infer_documents
from nlptools.vectors.jose import hinge_of, learn_jose, sampling_of, start_jose
from nlptools.vectors.jose_options import JoseOptions, options_of
from nlptools.vectors.table import VectorTable
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import read_word_ids

Float = NDArray[np.float64]

MASK = 2**64 - 1
TOPICS = [["sun", "moon", "star", "sky", "𠮷"], ["fish", "sea", "ship", "wave", "😀"]]
OBJECTIVES = pytest.mark.parametrize("objective", ["reference", "paper", "centroid"])


def texts_of(documents: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(TOPICS[number % 2], 12)) for number in range(documents)]


def trained(objective: str) -> tuple[VectorTable, NDArray[np.float32]]:
    """Vectors of words, and of the documents they were trained with."""
    options = JoseOptions(objective, vector_size=6, window=2, epochs=20, alpha=0.1, workers=1)  # type: ignore[arg-type]
    with read_word_ids(texts_of(10, 5), make_tokenizer(), 1, threads=1) as text:
        state = start_jose(text, options)
        learn_jose(text, options, state)
        return VectorTable(text.words, state.sphere.vectors, text.counts, facts=options.facts), state.sphere.documents


@pytest.fixture(scope="module")
def tables() -> dict[str, tuple[VectorTable, NDArray[np.float32]]]:
    return {objective: trained(objective) for objective in ("reference", "paper", "centroid")}


class SlowRandom:
    """Marsaglia's xorshift with Vigna's multiplier, begun from the words of a document (FNV-1a)."""

    def __init__(self, words: list[int]) -> None:
        x = 0xCBF29CE484222325
        for word in words:
            x = (x ^ word) * 0x100000001B3 & MASK
        self.state = (x ^ x >> 29) | 1

    def bits(self) -> int:
        x = self.state
        x ^= x >> 12
        x = (x ^ x << 25) & MASK
        self.state = x ^ x >> 27
        return self.state * 2685821657736338717 & MASK

    def happens(self, chance: int) -> bool:
        return chance == 2**32 - 1 or self.bits() >> 32 <= chance

    def noise(self, sampling: kernels.Sampling) -> int:
        bits = self.bits()
        word = (bits >> 32) * sampling.cut.size >> 32
        return int(word if bits & 0xFFFFFFFF < sampling.cut[word] else sampling.other[word])


def unit(x: Float) -> Float:
    return x / np.linalg.norm(x)


def infer_slowly(words: list[int], vectors: Float, sampling: kernels.Sampling, options: JoseOptions) -> Float:
    random = SlowRandom(words)
    document = unit(np.array([(random.bits() >> 11) * 2.0**-53 - 0.5 for _ in range(options.vector_size)]))
    steps = options.epochs * len(words)
    for step in range(steps):
        word = words[step % len(words)]
        if not (random.happens(sampling.keep[word]) and random.happens(sampling.told[word])):
            continue
        alpha = options.alpha * max(1e-4, 1 - step / steps)
        for _ in range(options.negative):
            noise = random.noise(sampling)
            f, h = vectors[word] @ document, vectors[noise] @ document
            if noise != word and f - h < options.document_margin:
                step_of = vectors[word] - f * document + h * document - vectors[noise]
                document = unit(document + alpha * (1 - (f - h)) * step_of)
    return document


@given(st.lists(st.lists(st.integers(0, 8), max_size=9), min_size=1, max_size=4), st.integers(0, 9))
def test_infers_as_the_same_in_python(documents: list[list[int]], seed: int) -> None:
    options = JoseOptions(vector_size=7, sample=0.05, document_sample=0.02, epochs=3, document_margin=0.4)
    counts = np.arange(9, 0, -1) ** 2
    sampling = sampling_of(counts, options)
    vectors = np.random.default_rng(seed).normal(size=(9, 7))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    ids = np.array([word for document in documents for word in [*document, -2]], np.int32)
    found = np.empty((len(documents), 7), np.float32)
    hinge = hinge_of(options)
    kernels.infer_documents(ids, 0, ids.size, sampling, hinge, options.alpha, options.epochs, vectors, found)
    for document, vector in zip(documents, found, strict=True):
        wanted = infer_slowly(document, vectors.astype(float), sampling, options)
        assert vector == pytest.approx(wanted, abs=1e-4)


@OBJECTIVES
def test_unseen_documents_are_near_their_topic(tables: Any, objective: str) -> None:
    table, documents = tables[objective]
    found = infer_documents(texts_of(20, 77), table, threads=1)
    assert found.kind == "document"
    assert found.words.to_pylist() == [str(number) for number in range(20)]
    assert np.abs(np.linalg.norm(found.vectors, axis=1) - 1).max() < 1e-5
    cosines = found.vectors @ documents.T
    same = np.equal.outer(np.arange(20) % 2, np.arange(10) % 2)
    assert cosines[same].mean() > cosines[~same].mean() + 0.2


def test_centroid_makes_the_same_of_the_training_documents(tables: Any) -> None:
    table, documents = tables["centroid"]
    assert infer_documents(texts_of(10, 5), table, threads=1).vectors == pytest.approx(documents, abs=1e-5)


@OBJECTIVES
def test_a_document_does_not_depend_on_others(tables: Any, objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = tables[objective]
    texts = [*texts_of(30, 7), "", "sun", "𠮷 unheard\nsea\r\n\n sky \0 moon\ufeff", "unheard \ud800" * 9]
    texts[-1] = texts[-1].replace("\ud800", "�")
    whole = infer_documents(texts, table, threads=1).vectors
    monkeypatch.setattr(infer, "PIECE", 20)
    assert (infer_documents(texts, table, threads=3).vectors == whole).all()
    assert (infer_documents(texts[::-1], table, threads=1).vectors == whole[::-1]).all()
    some = [*range(4), 32]
    for number in some:
        assert (infer_documents([texts[number]], table, threads=1).vectors[0] == whole[number]).all()


@OBJECTIVES
def test_unknown_words_count_nothing(tables: Any, objective: str) -> None:
    table, _ = tables[objective]
    texts = ["sun moon", "sun unheard moon", "unheard", "", "also unheard"]
    found = infer_documents(texts, table, threads=1).vectors
    assert (found[2] == found[3]).all() and (found[2] == found[4]).all()
    assert np.abs(np.linalg.norm(found, axis=1) - 1).max() < 1e-5
    nothing = np.empty(6, np.float32)
    kernels.direction_of_nothing(nothing)
    assert (found[3] == nothing).all()
    if objective == "centroid":
        assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_keys_of_documents(tables: Any, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("b.txt", "a.txt")]
    for path, text in zip(paths, ("sun\n\nmoon", "sea"), strict=True):
        path.write_text(text, encoding="utf-8")
    corpus = nt.open_corpus(paths, document_per="file")
    assert infer_documents(corpus, tables["centroid"][0], threads=1).words.to_pylist() == [str(path) for path in paths]
    corpus = nt.open_corpus(paths)
    assert infer_documents(corpus, tables["centroid"][0], threads=1).words.to_pylist() == ["0", "1", "2", "3"]


def test_gensim_and_other_epochs(tables: Any) -> None:
    table, _ = tables["reference"]
    found = infer_documents(["sun moon"], table.keyed_vectors(), threads=1).vectors
    assert (found == infer_documents(["sun moon"], table, threads=1).vectors).all()
    assert not (found == infer_documents(["sun moon"], table, epochs=1, threads=1).vectors).all()
    with pytest.raises(OptionError, match="epochs=0 cannot work"):
        infer_documents(["sun moon"], table, epochs=0)


@pytest.mark.parametrize("objective", ["reference", "paper", "centroid"])
def test_facts_are_enough(objective: str) -> None:
    options = JoseOptions(objective=objective, vector_size=3, margin=0, sample=1, document_weight=1)  # type: ignore[arg-type]
    assert options_of(options.facts, 3) == options
    if objective != "paper":
        options = replace(options, document_margin=1 / 3, document_sample=1e-5)
        assert options_of(options.facts, 3) == options


def test_documents_have_the_margin_of_the_training(tables: Any) -> None:
    table, _ = tables["reference"]
    wide = replace(table, facts={**table.facts, "document_margin": "1.7"})
    found = [infer_documents(["sun moon"], words, threads=1).vectors for words in (table, wide)]
    assert not (found[0] == found[1]).all()


def test_vectors_that_cannot_be_used(tables: Any) -> None:
    table, _ = tables["reference"]
    with pytest.raises(InputError, match="of method sgns cannot be used for documents"):
        infer_documents(["sun"], replace(table, facts={"method": "sgns"}))
    with pytest.raises(InputError, match="of method unknown"):
        infer_documents(["sun"], VectorTable(pa.array(["a"], pa.large_string()), np.ones((1, 1), np.float32)))
    with pytest.raises(InputError, match="facts of the vectors are damaged"):
        infer_documents(["sun"], replace(table, facts={**table.facts, "alpha": "much"}))
    with pytest.raises(InputError, match="of a training that was stopped"):
        infer_documents(["sun"], replace(table, facts={"method": "jose"}))
    with pytest.raises(InputError, match="vectors of documents cannot be used"):
        infer_documents(["sun"], replace(table, kind="document"))
    with pytest.raises(InputError, match="without the counts of their words"):
        infer_documents(["sun"], replace(table, counts=None))
