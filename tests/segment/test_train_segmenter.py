"""Training: the same bytes for the same text, however it is read and however often it was stopped."""

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.segment import gaps
from nlptools.segment import train as train_module
from nlptools.segment._gap_kernels import SYMBOL_COLUMNS
from nlptools.segment.lexicon import Lexicon
from nlptools.segment.reading import read_symbols
from nlptools.segment.units import Alphabet
from nlptools.segment.vocabulary_counts import LONGEST, MIN_COUNT, count_words

METHODS = ["lattice", "lm"]
Train = Callable[..., nt.Segmenter]


def batches_of(texts: list[str], size: int = 1 << 20) -> list[pa.RecordBatch]:
    return [
        pa.record_batch(
            {
                "document": pa.array(range(i, min(i + size, len(texts))), pa.int64()),
                "text": pa.array(texts[i : i + size], pa.large_string()),
            }
        )
        for i in range(0, len(texts), size)
    ]


# ---- a corpus as symbols

lines = st.lists(st.text("研究生𠮷〇1a，。 ", max_size=8), min_size=1, max_size=12)


@given(lines.filter(lambda texts: any(set("研究生𠮷〇") & set(text) for text in texts)), st.integers(1, 5))
def test_symbols_of_a_corpus(twins: ModuleType, texts: list[str], size: int) -> None:
    found = read_symbols(batches_of(texts, size), 1 << 30, 1 + size % 3)
    counts = Counter(unit for text in texts for kind, unit in twins.units(text) if kind == twins.HAN)
    characters = sorted(character for character, n in counts.items() if n >= 2)
    assert list(found.alphabet.characters) == characters
    expected = [0]
    for code in itertools.chain.from_iterable(twins.symbols(text, characters) for text in texts):
        if code or expected[-1]:
            expected.append(code)
    assert found.codes.tolist() == expected
    assert found.codes[-1] == 0
    assert (found.kept, found.documents) == (len(texts), len(texts))


def test_a_corpus_that_is_thinned_out(twins: ModuleType) -> None:
    """A part of the documents, whatever the batches and threads; as many as may be, from all over the corpus."""
    texts: list[str] = [f"{text}{chr(0x4E00 + i)}" * 2 for i, text in enumerate(twins.sentences(300))]
    whole = read_symbols(batches_of(texts), 1 << 30, 1)
    for most in (whole.codes.size // 2, whole.codes.size // 7, 100):
        found = [read_symbols(batches_of(texts, size), most, threads) for size, threads in ((1, 2), (7, 3), (999, 1))]
        first = found[0]
        assert most / 4 < first.codes.size <= most + 2
        assert first.documents == 300
        assert 0 < first.kept < 300
        for other in found[1:]:
            assert np.array_equal(first.codes, other.codes)
            assert first.alphabet.characters == other.alphabet.characters
            assert first.kept == other.kept
        named = [ord(character) - 0x4E00 for character in first.spelling.characters]
        kept = [i for i in named if 0 <= i < 300 and chr(0x4E00 + i) not in "".join(twins.WORDS)]
        assert kept
        assert most == 100 or (min(kept) < 60 and max(kept) > 240)


def test_traditional_characters() -> None:
    """They share the symbols of the simplified ones, unless told otherwise; what is counted is spelled as it was."""
    batches = batches_of(["學習学习", "學生，学生", "後来", "后來"])
    found = read_symbols(batches, 1 << 30, 1)
    symbol_of = {c: int(found.alphabet.symbol_of[ord(c)]) for c in "學学習习生後后來来"}
    for traditional, simplified in ("學学", "習习", "後后", "來来"):
        assert symbol_of[traditional] == symbol_of[simplified] >= 4
    assert len(set(symbol_of.values())) == 5
    own = read_symbols(batches, 1 << 30, 1, fold=False)
    assert list(own.spelling.characters) == list(own.alphabet.characters) == sorted("學学生")
    assert np.array_equal(own.codes, found.spelled)
    assert np.array_equal(found.codes == 0, found.spelled == 0)
    given = read_symbols(batches, 1 << 30, 1, alphabet=own.alphabet)
    assert np.array_equal(given.codes, own.codes)


def test_one_document_is_never_left_out() -> None:
    found = read_symbols(batches_of(["研究" * 50]), 10, 1)
    assert (found.kept, found.documents) == (1, 1)
    assert found.codes.size == 102


@pytest.mark.parametrize("texts", [["abc 123"], ["，。"], ["かな", "한글"]])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_learn(train: Train, texts: list[str], method: str) -> None:
    with pytest.raises(nt.InputError, match="no Chinese character"):
        train(texts, method=method)


# ---- words

segments_ = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=30), max_size=8)


@given(segments_, st.randoms(use_true_random=False), st.sampled_from([0.05, 0.4, 0.9]))
def test_words_are_counted(segments: list[list[int]], random: Any, share: float) -> None:
    alphabet = Alphabet("研究𠮷")
    codes = np.array([0, *itertools.chain.from_iterable([*codes, 0] for codes in segments)], np.uint16)
    begins = np.array([random.random() < share for _ in codes], np.uint8)
    begins[codes == 0] = 1
    begins[1:][codes[:-1] == 0] = 1
    expected: Counter[str] = Counter()
    starts = [*np.flatnonzero(begins).tolist(), codes.size]
    for a, b in itertools.pairwise(starts):
        word = codes[a:b].tolist()
        if min(word) >= 4 and len(word) <= LONGEST:
            expected["".join("研究𠮷"[code - 4] for code in word)] += 1
    rows = sorted(((n, word) for word, n in expected.items() if n >= MIN_COUNT), key=lambda row: (-row[0], row[1]))
    for threads in (1, 2):
        found = count_words(codes, begins, alphabet, threads)
        assert found.schema.names == ["word", "count"]
        assert found["word"].to_pylist() == [word for _, word in rows]
        assert found["count"].to_pylist() == [n for n, _ in rows]


# ---- training


@pytest.fixture
def few(texts: list[str], interpreted: bool) -> list[str]:
    return texts[: 8 if interpreted else 40]


def data_of(model: nt.Segmenter, path: Path) -> bytes:
    model.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("method", METHODS)
def test_threads_and_batches_do_not_matter(train: Train, few: list[str], method: str, tmp_path: Path) -> None:
    first = data_of(train(few, method=method), tmp_path / "a.seg")
    assert data_of(train(few, method=method, threads=3), tmp_path / "b.seg") == first
    (tmp_path / "corpus.txt").write_text("\n".join(few) + "\n", encoding="utf-8")
    corpus = nt.open_corpus(tmp_path / "corpus.txt", batch_bytes=200)
    assert data_of(train(corpus, method=method, memory="3G", threads=2), tmp_path / "c.seg") == first
    other = data_of(train(few, method=method, seed=2), tmp_path / "d.seg")
    assert (nt.load_segmenter(tmp_path / "d.seg").facts["seed"], other != first) == ("2", True)


def test_a_model_tells_nothing_of_the_machine(train: Train, texts: list[str], tmp_path: Path) -> None:
    words = tmp_path / "secret-name.txt"
    words.write_text("研究生命\n", encoding="utf-8")
    model = train(texts[:30], method="lm", lexicon=words, memory="3G", threads=2)
    data = data_of(model, tmp_path / "a.seg")
    assert b"secret-name" not in data
    assert not {"threads", "memory"} & model.facts.keys()
    assert model.facts["method"] == "lm"
    assert model.lexicon is not None
    assert "研究生命" in model.lexicon.bonuses


def test_what_it_learns(train: Train, twins: ModuleType, interpreted: bool) -> None:
    """The words that the made-up sentences are made of."""
    texts = twins.sentences(80 if interpreted else 800, seed=5)
    model = train(texts, rounds=1 if interpreted else 2)
    counts = dict(zip(*model.words().to_pydict().values(), strict=True))
    assert counts
    assert all(n >= MIN_COUNT for n in counts.values())
    known = sum(n for word, n in counts.items() if word in twins.WORDS)
    assert known > (0.3 if interpreted else 0.8) * sum(counts.values())
    found: Counter[str] = Counter(word for text in texts for word in model.segment(text))
    assert all(found[word] == n for word, n in counts.items())


class StoppedError(Exception):
    pass


def stop_at(number: int) -> Callable[[str], None]:
    """Return a log that stops a training when it begins that round."""

    def log(line: str) -> None:
        if line.startswith(f"round {number} "):
            raise StoppedError

    return log


def test_a_training_that_was_stopped(train: Train, few: list[str], tmp_path: Path) -> None:
    state = tmp_path / "state"
    rounds = 3
    whole = data_of(train(few, rounds=rounds), tmp_path / "whole.seg")
    for number in (1, 2, 3):
        with pytest.raises(StoppedError):
            train(few, rounds=rounds, resume=state, log=stop_at(number))
        assert state.exists() == (number > 1)
        heard: list[str] = []
        model = train(few, rounds=rounds, resume=state, log=heard.append, threads=2)
        assert sum(line.startswith("round") for line in heard) == rounds - number + 1
        assert data_of(model, tmp_path / f"{number}.seg") == whole
        model = train(few, rounds=rounds, resume=state, log=heard.append)  # all rounds were finished
        assert sum(line.startswith("round") for line in heard) == rounds - number + 1
        assert data_of(model, tmp_path / f"{number}.seg") == whole
        state.unlink()
    # twice
    for number in (2, 3):
        with pytest.raises(StoppedError):
            train(few, rounds=rounds, resume=state, log=stop_at(number))
    assert data_of(train(few, rounds=rounds, resume=state), tmp_path / "twice.seg") == whole


def test_the_state_of_another_training(train: Train, few: list[str], tmp_path: Path) -> None:
    """Of another text, of other options, damaged or no state at all: the training begins anew."""
    state = tmp_path / "state"
    whole = data_of(train(few, rounds=2), tmp_path / "whole.seg")

    def stopped(given_texts: list[str], **options: Any) -> bytes:
        with pytest.raises(StoppedError):
            train(given_texts, resume=state, log=stop_at(2), **options)
        return state.read_bytes()

    own = stopped(few, rounds=2)
    others = [
        stopped(few[1:], rounds=2),
        stopped(few, rounds=2, seed=2),
        stopped(few, rounds=3),
        own[:-100],
        own[: len(own) // 2] + b"x" + own[len(own) // 2 + 1 :],
        b"",
        b"some text",
    ]
    for content in others:
        state.write_bytes(content)
        heard: list[str] = []
        model = train(few, rounds=2, resume=state, log=heard.append)
        assert sum(line.startswith("round") for line in heard) == 2
        assert data_of(model, tmp_path / "other.seg") == whole


def test_a_large_text_begins_with_a_part(
    train: Train, few: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_module, "SMALL", 3 * len(few))
    monkeypatch.setattr(train_module, "FIRST_ROUNDS", 1)
    predict = gaps.predict

    def checked(codes: Any, model: Any, threads: int) -> Any:
        assert int(codes.max()) < model.symbols.size // SYMBOL_COLUMNS  # what the part has not, too
        return predict(codes, model, threads)

    monkeypatch.setattr(gaps, "predict", checked)
    heard: list[str] = []
    whole = data_of(train(few, rounds=2, log=heard.append, memory="1G"), tmp_path / "a.seg")
    assert any(line.startswith("a first look at") for line in heard)
    state = tmp_path / "state"
    with pytest.raises(StoppedError):
        train(few, rounds=2, resume=state, log=stop_at(2), memory="1G", threads=2)
    heard.clear()
    assert data_of(train(few, rounds=2, resume=state, log=heard.append, memory="1G"), tmp_path / "b.seg") == whole
    assert not any(line.startswith("a first look at") for line in heard)
    train(few, method="lm", memory=400 * len(few), log=heard.append)
    assert "more need more memory" in heard[-3]


def test_the_part_of_a_text() -> None:
    codes = np.array([0, *([1, 2, 0, 3, 0] * 500)], np.uint16)
    part = train_module._part(codes, 300)
    assert part[-1] == 0
    assert 150 <= part.size <= 600
    assert "0 0" not in " ".join(map(str, part.tolist()))


TINY = [
    ["的"],
    ["研究"],
    ["一二三"],
    ["的" * 50],
    ["研究生命", "研究生命"],
    ["的。的。的", "", "的", "1的a"],
    ["𠮷𠮷😀𠮷", "\ufeff𠮷\r\n"],
    ["你好，世界！"] * 9,
    ["研究 2024 abc"] * 3,
]


@pytest.mark.parametrize("texts", TINY, ids=lambda texts: texts[0][:4])
@pytest.mark.parametrize("method", METHODS)
def test_tiny_texts(train: Train, texts: list[str], method: str, tmp_path: Path) -> None:
    model = train(texts, method=method)
    data = data_of(model, tmp_path / "a.seg")
    loaded = nt.load_segmenter(tmp_path / "a.seg")
    for text in [*texts, "研究1a龘，的"]:
        assert "".join(model.segment(text)) == text
        assert loaded.tokens(text) == model.tokens(text)
    assert data_of(loaded, tmp_path / "b.seg") == data


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"method": "magic"}, "choose one of"),
        ({"rounds": 0}, "rounds"),
        ({"seed": -1}, "seed"),
        ({"threads": 0}, "threads"),
        ({"memory": "x"}, "memory"),
        ({"weights": (1.0,)}, "eight numbers"),
        ({"lexicon_weight": -1}, "lexicon_weight"),
        ({"lexicon_weight": float("nan")}, "lexicon_weight"),
    ],
)
def test_options_that_cannot_work(train: Train, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(nt.OptionError, match=reason):
        train(["研究"], **options)


def test_large_seeds(train: Train) -> None:
    assert train(["研究生命"] * 3, seed=2**62).segment("研究") is not None


def is_counted(word: str, model: nt.Segmenter) -> bool:
    return len(word) <= 12 and set(word) <= {*model.alphabet.characters, *model.alphabet.folds}


def test_words_found_in_the_text(train: Train, texts: list[str], tmp_path: Path) -> None:
    """They are preferred, and the words of the model are those of the text segmented by it."""
    model = train(texts)
    assert model.lexicon is not None
    assert all(0 < bonus <= 2 for bonus in model.lexicon.bonuses.values())
    counts = Counter(word for text in texts for word in model.segment(text) if is_counted(word, model))
    expected = {word: count for word, count in counts.items() if count > 1}
    assert dict(zip(*model.words().to_pydict().values(), strict=True)) == expected
    assert data_of(train(texts, threads=2), tmp_path / "a.seg") == data_of(model, tmp_path / "b.seg")
    assert train(texts, discover=False).lexicon is None
    for text in texts[:10]:
        assert model.n_best(text, 1)[0][0] == model.segment(text)
        assert sum(p > 0 for *_, p in model.tokens(text)) == len(model.segment(text))


def test_a_lexicon_over_edges(train: Train, texts: list[str]) -> None:
    model = train(texts).with_lexicon(Lexicon({"，研究": 30.0, "C++": 30.0, "！！的": 30.0}))
    for text in ("生命，研究", "，研究", "C++", "的C++的", "a！！的，研究C++", "，"):
        words = model.segment(text)
        assert "".join(words) == text
        assert model.n_best(text, 1)[0][0] == words
        assert [token.word for token in model.tokens(text)] == words
        assert all(0 < token.probability <= 1 for token in model.tokens(text))


def test_options_that_cannot_go_together(texts: list[str], tmp_path: Path) -> None:
    with pytest.raises(nt.OptionError, match="give --gold"):
        nt.train_segmenter(texts, base=tmp_path / "model.seg")
    with pytest.raises(nt.OptionError, match="name an input"):
        nt.train_segmenter()
