"""`train_vectors`: from text to vectors, stopped and gone on with. What the kernels learn is in test_skipgram and test_pmi."""

import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import nlptools as nt
from nlptools.corpus import open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.ngrams import grouping
from nlptools.vectors import skipgram, train
from nlptools.vectors.files import read_table, read_vectors, write_vectors
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.table import VectorTable
from nlptools.vectors.train import Trained, train_table

LINES = [" ".join(f"w{(7 * n + i) % 30}" for i in range(1 + n % 13)) for n in range(60)]

METHODS = pytest.mark.parametrize("method", ["sgns", "nce", "pmi"])

AWKWARD = [
    "",
    "\n",
    "a",
    "𠮷 野 家 𠮷 𠮷",
    "\ufeff🙂 👨‍👩‍👧 a 🙂",
    "研究 a\r\n生命 b\r\n\r\n\0 x\0y 研究",
    "e\u0301 é \u3000 a\u2028b a",
    "研究生命的起源，你好！",
    "w" * 300 + " a b 研究",
]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Pieces that suit a small text; no temporary file is left."""
    monkeypatch.setattr(skipgram, "PIECE", 60)
    monkeypatch.setattr(grouping, "LEADER_BITS", 8)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may have none
    yield
    signal.signal(signal.SIGINT, before)
    assert not list(folder.glob("nlptools*"))


def options_of(**options: Any) -> dict[str, Any]:
    return {"vector_size": 6, "window": 2, "min_count": 1, "epochs": 2, "workers": 1, "sample": 0.0, **options}


def table_of(corpus: Any = None, **options: Any) -> VectorTable:
    names = ("resume", "on_trained", "segmenter", "strict", "log", "progress")
    more = {name: options.pop(name) for name in names if name in options}
    return train_table(LINES if corpus is None else corpus, VectorOptions(**options_of(**options)), **more)


def bytes_of(table: VectorTable) -> list[Any]:
    return [None if part is None else part.tobytes() for part in (table.vectors, table.contexts, table.biases)]


@METHODS
def test_gensim_gets_what_was_learned(method: str) -> None:
    keyed = nt.train_vectors(LINES, **options_of(method=method))
    counts = Counter(" ".join(LINES).split())
    assert keyed.index_to_key == sorted(counts, key=lambda word: (-counts[word], word))
    assert [keyed.get_vecattr(word, "count") for word in keyed.index_to_key] == sorted(counts.values(), reverse=True)
    assert keyed["w3"].shape == (6,)
    assert np.isfinite(keyed.vectors).all()
    assert len(keyed.most_similar("w3")) == 10
    assert (keyed.contexts, keyed.biases) == (None, None)
    assert keyed.facts["method"] == method
    assert keyed.facts["epochs"] == "2"


def test_contexts_and_biases() -> None:
    for method, has_biases in (("sgns", False), ("nce", True)):
        keyed = nt.train_vectors(LINES, **options_of(method=method, contexts=True))
        assert keyed.contexts.shape == keyed.vectors.shape
        assert keyed.contexts.any()
        assert (keyed.biases is not None) == has_biases


@METHODS
@pytest.mark.parametrize("suffix", [".vec", ".bin", ".kv"])
def test_files_of_what_was_learned(method: str, suffix: str, tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    path = tmp_path / f"words{suffix}"
    table = table_of(method=method)
    write_vectors(table, path)
    found = read_vectors(path) if suffix == ".kv" else KeyedVectors.load_word2vec_format(path, binary=suffix == ".bin")
    assert found.index_to_key == table.words.to_pylist()
    np.testing.assert_array_equal(found.vectors, table.vectors)


def test_neighbours_of_a_text_with_sense(interpreted: bool) -> None:
    """Words of two topics, which never stand on a line together."""
    random = np.random.default_rng(1)
    if interpreted:
        pytest.skip("slow uncompiled")
    lines = [" ".join(f"{'ab'[n % 2]}{word}" for word in random.integers(0, 8, 8)) for n in range(1000)]
    for method in ("sgns", "nce", "pmi"):
        keyed = nt.train_vectors(lines, **options_of(method=method, epochs=8, alpha=0.05))
        for topic in "ab":
            near = [word for word, _ in keyed.most_similar(f"{topic}0", topn=4)]
            assert [word[0] for word in near] == [topic] * 4, method


@METHODS
@pytest.mark.parametrize("batch_bytes", [1, 100, 1 << 20])
def test_batches_and_workers_do_not_matter(method: str, batch_bytes: int) -> None:
    options = {"method": method, "deterministic": True, "contexts": method != "pmi", "sample": 0.05}
    one = table_of(**options)
    corpus = open_corpus(LINES, batch_bytes=batch_bytes)
    assert bytes_of(table_of(corpus, **options, workers=1 + batch_bytes % 3)) == bytes_of(one)
    assert bytes_of(table_of(**options, seed=2)) != bytes_of(one)


@pytest.mark.parametrize("tokenizer", ["white space", "segmenter", "jieba"])
@METHODS
def test_awkward_text(method: str, tokenizer: str, segmenter: nt.Segmenter) -> None:
    if tokenizer == "jieba":
        pytest.importorskip("jieba")
    chosen = {"white space": None, "segmenter": segmenter, "jieba": "jieba"}[tokenizer]
    table = table_of(AWKWARD, method=method, segmenter=chosen, deterministic=True, workers=2)
    words = table.words.to_pylist()
    assert "𠮷" in words
    assert any("\0" in word for word in words)
    assert not any(set(word) & set(" \n\r\u3000\u2028") for word in words)
    assert np.isfinite(table.vectors).all()
    assert len(set(words)) == len(words) == len(table.vectors)


@pytest.mark.parametrize("character", ["a", "研", "𠮷", "🙂", "\0"])
@pytest.mark.parametrize("method", ["sgns", "nce"])
def test_one_word(character: str, method: str) -> None:
    for text in (character, f"{character} {character}\n{character}"):
        table = table_of([text], method=method)
        assert table.words.to_pylist() == [character]
        assert np.isfinite(table.vectors).all()


@METHODS
@pytest.mark.parametrize("corpus", [[], [""], ["\n\r\n", " \u3000"]])
def test_texts_without_words(method: str, corpus: list[str]) -> None:
    with pytest.raises(InputError, match=r"none of its .* words|empty|no text"):
        table_of(corpus, method=method)


@METHODS
def test_no_word_is_frequent_enough(method: str) -> None:
    with pytest.raises(InputError, match="a smaller --min-count"):
        table_of(["a b c"], method=method, min_count=2)


def test_a_lone_surrogate_is_told(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"a b a\n" + b"a \xed\xa0\x80 b\n" + b"b a\n")
    corpus = open_corpus(path)
    assert table_of(corpus).words.to_pylist() == ["a", "b"]
    assert corpus.report.rejected.total() == 1


def test_no_segmenter_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        table_of(segmenter=tmp_path / "none.seg")


@METHODS
def test_progress(method: str) -> None:
    told: list[Trained] = []
    lines: list[str] = []
    read: list[int] = []
    table = table_of(method=method, on_trained=told.append, log=lines.append, progress=read.append)
    words = 2 * int(table.counts.sum()) if table.counts is not None else 0
    assert [one.words for one in told] == sorted(one.words for one in told)
    assert told[-1].words == told[-1].total == words
    assert told[-1].epochs == 2
    assert method == "pmi" or told.pop(0).words == 0  # before the first piece
    assert all(np.isfinite(one.loss) and one.loss > 0 for one in told)
    assert sum(read) == len("".join(LINES))
    assert lines[0] == "counting words"
    assert any("in the vocabulary of 30" in line for line in lines)
    assert lines[-1].startswith("loss ")


# stopped, and gone on with


def pieces_of(**options: Any) -> int:
    calls: list[Trained] = []
    table_of(on_trained=calls.append, **options)
    return len(calls) - 1


@METHODS
@pytest.mark.parametrize("deterministic", [False, True])
def test_an_interrupt_keeps_the_state(
    method: str, deterministic: bool, tmp_path: Path, interpreted: bool, interrupt_after: Any
) -> None:
    options = {"method": method, "deterministic": deterministic, "contexts": method != "pmi", "sample": 0.1}
    whole, pieces = table_of(**options), pieces_of(**options)
    assert pieces > 10
    path = tmp_path / "words.kv.training"
    handler = signal.getsignal(signal.SIGINT)
    for at in {pieces} if interpreted else {1, 2, pieces // 2, pieces // 2 + 1, pieces - 1, pieces}:
        with pytest.raises(KeyboardInterrupt):
            table_of(**options, resume=path, on_trained=interrupt_after(at))
        assert signal.getsignal(signal.SIGINT) is handler
        stopped = read_table(path)
        assert stopped.words.to_pylist() == whole.words.to_pylist()
        assert stopped.vectors.shape == whole.vectors.shape
        assert stopped.counts is not None
        assert whole.counts is not None
        assert stopped.counts.tolist() == whole.counts.tolist()
        lines: list[str] = []
        found = table_of(**options, resume=path, strict=True, log=lines.append)
        assert bytes_of(found) == bytes_of(whole)
        assert any(line.startswith("going on in epoch ") for line in lines)
        path.unlink()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["temporary"]


@METHODS
def test_interrupted_again_and_again(method: str, tmp_path: Path, interrupt_after: Any) -> None:
    options = {"method": method, "deterministic": True, "workers": 1}
    path, times = tmp_path / "words.kv.training", 0
    while True:
        try:
            found = table_of(**options, resume=path, on_trained=interrupt_after(3))
            break
        except KeyboardInterrupt:
            times += 1
    assert times > 3
    assert bytes_of(found) == bytes_of(table_of(**options))


@METHODS
def test_the_state_is_kept_from_time_to_time(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "words.kv.training", 0
    expected = table_of(method=method)
    monkeypatch.setattr(train, "KEEP_SECONDS", 3)
    monkeypatch.setattr(train, "monotonic", partial(next, count()))  # a second passes whenever it is asked for

    def on_trained(_: Trained) -> None:
        nonlocal seen
        seen += path.exists()

    assert bytes_of(table_of(method=method, resume=path, on_trained=on_trained)) == bytes_of(expected)
    assert seen > 5
    kept = path.read_bytes()
    assert bytes_of(table_of(method=method, resume=path, strict=True)) == bytes_of(expected)
    assert path.read_bytes() == kept


@METHODS
def test_a_thread_hears_no_interrupt(method: str, tmp_path: Path) -> None:
    found: list[VectorTable] = []
    path = tmp_path / "words.kv.training"
    thread = Thread(target=lambda: found.append(table_of(method=method, resume=path)))
    thread.start()
    thread.join()
    assert bytes_of(found[0]) == bytes_of(table_of(method=method))
    assert not path.exists()


@METHODS
def test_an_interrupt_while_words_are_counted(method: str, tmp_path: Path) -> None:
    path = tmp_path / "words.kv.training"
    with pytest.raises(KeyboardInterrupt):
        table_of(method=method, resume=path, progress=lambda _: signal.raise_signal(signal.SIGINT))
    assert not path.exists()


def test_a_second_interrupt_is_heard_at_once(tmp_path: Path) -> None:
    def on_trained(trained: Trained) -> None:
        if trained.words:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("not reached")

    with pytest.raises(KeyboardInterrupt):
        table_of(resume=tmp_path / "x.training", on_trained=on_trained)


@METHODS
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's, where kernels are not compiled
def test_alpha_is_too_large(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "start_pmi" if method == "pmi" else "start_skipgram"
    real = getattr(train, name)

    def far_off(*arguments: Any) -> Any:
        state = real(*arguments)
        (state.state[:, 0] if method == "pmi" else state.matrices.vectors)[:] = 1e37
        if method != "pmi":
            state.matrices.contexts[:] = -1e37
        return state

    monkeypatch.setattr(train, name, far_off)
    with pytest.raises(OptionError, match=r"alpha=10(\.0)? is too large"):
        table_of(method=method, alpha=10.0)
