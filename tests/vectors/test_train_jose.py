"""`train_jose`: from text to words and documents, stopped and gone on with. What the kernels learn is in test_jose."""

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
import pyarrow as pa
import pytest

import nlptools as nt
from nlptools.corpus import open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.ngrams import grouping
from nlptools.vectors import jose, train
from nlptools.vectors.checkpoint import Checkpoint, read_checkpoint
from nlptools.vectors.files import read_table, write_vectors
from nlptools.vectors.infer import infer_documents
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.table import VectorTable
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.train import Trained
from nlptools.vectors.train_jose import train_jose_tables
from nlptools.vectors.word_ids import read_word_ids

LINES = [" ".join(f"w{(7 * n + i) % 30}" for i in range(1 + n % 13)) for n in range(60)]

AWKWARD = [
    "",
    "a",
    "𠮷 野 家 𠮷 𠮷",
    "\ufeff🙂 👨‍👩‍👧 a 🙂",
    "once",
    "研究 a\r\n生命 b\r\n\r\n\0 x\0y 研究",
    " \u3000\r\n",
    "e\u0301 é \u3000 a\u2028b a",
    "w" * 300 + " a b 研究",
    "a b 研究 " * 99,
    "b",
]

OBJECTIVES = pytest.mark.parametrize("objective", ["reference", "paper", "centroid"])


COMPILED = pytest.mark.usefixtures("compiled")


@pytest.fixture
def compiled(interpreted: bool) -> None:
    """Leave out what is not about kernels if they are slow."""
    if interpreted:
        pytest.skip("slow uncompiled")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Pieces that suit a small text; no temporary file is left."""
    monkeypatch.setattr(jose, "PIECE", 24)
    monkeypatch.setattr(jose, "DRAW", 32)
    monkeypatch.setattr(jose, "BLOCK", 4)
    monkeypatch.setattr(jose, "LANES", 3)
    monkeypatch.setattr(jose, "ROUND", 2)
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


def tables_of(corpus: Any = None, **options: Any) -> tuple[VectorTable, VectorTable]:
    names = ("resume", "on_trained", "segmenter", "strict", "log", "progress")
    more = {name: options.pop(name) for name in names if name in options}
    return train_jose_tables(LINES if corpus is None else corpus, JoseOptions(**options_of(**options)), **more)


def bytes_of(tables: tuple[VectorTable, VectorTable]) -> list[Any]:
    words, documents = tables
    contexts = b"" if words.contexts is None else words.contexts.tobytes()
    return [words.vectors.tobytes(), contexts, documents.vectors.tobytes(), documents.words.to_pylist()]


def check_norms(*matrices: Any) -> None:
    for matrix in matrices:
        assert np.abs(np.linalg.norm(matrix.astype(float), axis=1) - 1).max() < 1e-5


@OBJECTIVES
def test_gensim_gets_what_was_learned(objective: str) -> None:
    options = options_of(objective=objective, contexts=True)
    words, documents = nt.train_jose(LINES, **options)
    counts = Counter(" ".join(LINES).split())
    assert words.index_to_key == sorted(counts, key=lambda word: (-counts[word], word))
    assert [words.get_vecattr(word, "count") for word in words.index_to_key] == sorted(counts.values(), reverse=True)
    assert documents.index_to_key == [str(number) for number in range(60)]
    assert (words.kind, documents.kind) == ("word", "document")
    check_norms(words.vectors, words.contexts, documents.vectors)
    assert words.facts == documents.facts
    assert (words.facts["method"], words.facts["objective"]) == ("jose", objective)
    assert len(words.similar_by_vector(documents["7"])) == 10
    again = tables_of(**options)
    assert (again[0].vectors == words.vectors).all()
    assert (again[1].vectors == documents.vectors).all()
    assert tables_of(objective=objective)[0].contexts is None


@pytest.mark.parametrize("seed", range(5))
def test_rounding_is_no_direction(seed: int) -> None:
    _, documents = tables_of(["a b", "b a", "", "a", "b"], objective="centroid", seed=seed)
    assert (documents.vectors[:2] == documents.vectors[2]).all()  # words that cancel each other out, as none at all
    assert not (documents.vectors[3] == documents.vectors[2]).all()


@COMPILED
@pytest.mark.parametrize("suffix", [".kv", ".vec", ".bin", ".vec.gz", ".parquet", ".arrow"])
def test_files_of_what_was_learned(suffix: str, tmp_path: Path) -> None:
    for table in tables_of():
        path = tmp_path / f"x{suffix}"
        write_vectors(table, path)
        found = read_table(path)
        assert (found.vectors == table.vectors).all()
        assert found.words.to_pylist() == table.words.to_pylist()
        if suffix in (".kv", ".parquet", ".arrow"):
            assert (found.kind, found.facts) == (table.kind, table.facts)


# documents


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("min_count", [1, 2])
@OBJECTIVES
def test_awkward_documents(objective: str, min_count: int, deterministic: bool) -> None:
    words, documents = tables_of(AWKWARD, objective=objective, min_count=min_count, deterministic=deterministic)
    assert documents.words.to_pylist() == [str(number) for number in range(len(AWKWARD))]
    check_norms(words.vectors, documents.vectors)
    empty = [0, 6] if min_count == 1 else [0, 4, 6]
    for number in range(len(AWKWARD)):
        assert (documents.vectors[number] == documents.vectors[0]).all() == (number in empty)


@COMPILED
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_last_line_of_a_file(end: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(("\n".join(LINES) + end).encode())
    assert bytes_of(tables_of(path)) == bytes_of(tables_of())
    path.write_bytes(("\r\n".join(["\ufeff" + LINES[0], *LINES[1:]]) + end).encode())
    assert bytes_of(tables_of(path)) == bytes_of(tables_of())


def test_a_document_of_many_lines_is_one(tmp_path: Path) -> None:
    table = pa.table({"post": ["甲", "甲", "𠮷 b", "甲 乙"], "text": ["a b", "b c", "", "c a b"]})
    found = tables_of(nt.open_corpus(table, group_by="post", text_column="text"))[1]
    assert found.words.to_pylist() == ["甲", "𠮷 b", "甲 乙"]
    whole = tables_of(["a b\nb c", "", "c a b"])[1]
    assert (found.vectors == whole.vectors).all()
    log: list[str] = []
    same = pa.table({"post": ["甲", "乙", "甲"], "text": ["a b", "b c", "c"]})
    found = tables_of(nt.open_corpus(same, group_by="post", text_column="text"), log=log.append)[1]
    assert found.words.to_pylist() == ["0", "1", "2"]
    assert "names of documents: two are the same, or one is missing; the keys are numbers" in log
    path = tmp_path / "long.txt"
    path.write_text("a b\n" * 200, encoding="utf-8")
    found = tables_of(nt.open_corpus(path, document_per="file"))[1]
    assert found.words.to_pylist() == [str(path)]


@COMPILED
@pytest.mark.parametrize("tokenizer", ["segmenter", "jieba"])
def test_raw_text(tokenizer: str, segmenter: nt.Segmenter) -> None:
    if tokenizer == "jieba":
        pytest.importorskip("jieba")
    lines = ["研究生命的起源", "", "你好，世界！\n研究", "𠮷野家🙂"]
    chosen = segmenter if tokenizer == "segmenter" else tokenizer
    words, documents = tables_of(lines, segmenter=chosen, objective="centroid")
    assert "研究" in words.words.to_pylist()
    check_norms(words.vectors, documents.vectors)
    found = infer_documents(lines, words, segmenter=chosen, threads=1)
    assert (found.vectors == documents.vectors).all()


@OBJECTIVES
@pytest.mark.parametrize("corpus", [["a"], ["a a a a", "a"], ["𠮷 b", "b 𠮷"], ["a " * 500]])
@pytest.mark.parametrize("vector_size", [1, 2, 9])
def test_few_words(corpus: list[str], vector_size: int, objective: str) -> None:
    words, documents = tables_of(corpus, vector_size=vector_size, objective=objective)
    check_norms(words.vectors, documents.vectors)
    assert len(documents) == len(corpus)


@OBJECTIVES
def test_large_steps_stay_on_the_sphere(objective: str) -> None:
    words, documents = tables_of(objective=objective, alpha=1, margin=4.0, negative=9, window=50)
    check_norms(words.vectors, documents.vectors)


@pytest.mark.parametrize("corpus", [[], [""], ["\n\r\n", " \u3000"]])
def test_texts_without_words(corpus: list[str]) -> None:
    with pytest.raises(InputError, match=r"none of its .* words|empty|no text"):
        tables_of(corpus)


def test_no_word_is_frequent_enough() -> None:
    with pytest.raises(InputError, match="a smaller --min-count"):
        tables_of(["a b c"], min_count=2)


def test_raw_chinese_is_told() -> None:
    with pytest.raises(InputError, match="--segmenter"):
        tables_of(["研究生命的起源是一个很有意思的问题"] * 9)


def test_options_that_are_not_known() -> None:
    with pytest.raises(OptionError, match="objective='magic' is not known"):
        nt.train_jose(LINES, objective="magic")
    with pytest.raises(OptionError, match="segmenter=3 cannot work"):
        nt.train_jose(LINES, segmenter=3)  # type: ignore[arg-type]


@OBJECTIVES
def test_batches_and_workers_do_not_matter(objective: str) -> None:
    expected = bytes_of(tables_of(objective=objective, deterministic=True))
    for workers, batch_bytes in ((2, 1), (3, 99)):
        corpus = open_corpus(LINES, batch_bytes=batch_bytes)
        found = tables_of(corpus, objective=objective, deterministic=True, workers=workers)
        assert bytes_of(found) == expected


def test_progress() -> None:
    told: list[Trained] = []
    lines: list[str] = []
    read: list[int] = []
    words, _ = tables_of(on_trained=told.append, log=lines.append, progress=read.append)
    assert words.counts is not None
    assert [one.words for one in told] == sorted(one.words for one in told)
    assert (told[0].words, told[-1].words) == (0, 2 * words.counts.sum())
    assert all(one.total == told[-1].words and one.epochs == 2 for one in told)
    assert all(np.isfinite(one.loss) and one.loss > 0 for one in told[1:])
    assert sum(read) == len("".join(LINES))
    assert lines[0] == "counting words"
    assert any("in the vocabulary of 30" in line for line in lines)
    assert lines[-1].startswith("loss ")


# unseen documents


@pytest.mark.parametrize("suffix", [".kv", ".arrow", ".parquet"])
def test_centroid_infers_what_it_learned(suffix: str, tmp_path: Path) -> None:
    corpus = [*LINES, *AWKWARD]
    words, documents = tables_of(corpus, objective="centroid", min_count=2, document_weight=0.3)
    write_vectors(words, tmp_path / f"words{suffix}")
    for table in (words, read_table(tmp_path / f"words{suffix}")):
        found = infer_documents(corpus, table, threads=2)
        assert (found.vectors == documents.vectors).all()
        assert found.words.to_pylist() == documents.words.to_pylist()


# stopped, and gone on with


def pieces_of(**options: Any) -> int:
    calls: list[Trained] = []
    tables_of(on_trained=calls.append, **options)
    return len(calls) - 1


@OBJECTIVES
@pytest.mark.parametrize("deterministic", [False, True])
def test_an_interrupt_keeps_the_state(
    objective: str, deterministic: bool, tmp_path: Path, interpreted: bool, interrupt_after: Any
) -> None:
    options: dict[str, Any] = {"objective": objective, "deterministic": deterministic, "contexts": True, "sample": 0.1}
    whole, pieces = tables_of(**options), pieces_of(**options)
    assert pieces > 8
    path = tmp_path / "words.kv.training"
    handler = signal.getsignal(signal.SIGINT)
    for at in {pieces} if interpreted else {1, 2, pieces // 2, pieces // 2 + 1, pieces - 1, pieces}:
        with pytest.raises(KeyboardInterrupt):
            tables_of(**options, resume=path, on_trained=interrupt_after(at))
        assert signal.getsignal(signal.SIGINT) is handler
        stopped = read_table(path)
        assert stopped.words.to_pylist() == whole[0].words.to_pylist()
        check_norms(stopped.vectors)
        assert stopped.counts is not None
        assert whole[0].counts is not None
        assert stopped.counts.tolist() == whole[0].counts.tolist()
        assert stopped.facts["method"] == "jose"
        lines: list[str] = []
        found = tables_of(**options, resume=path, strict=True, log=lines.append)
        assert bytes_of(found) == bytes_of(whole)
        assert any(line.startswith("going on in epoch ") for line in lines)
        path.unlink()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["temporary"]


@COMPILED
@OBJECTIVES
def test_other_workers_go_on(objective: str, tmp_path: Path, interrupt_after: Any) -> None:
    path, options = tmp_path / "words.kv.training", {"objective": objective, "deterministic": True}
    expected = bytes_of(tables_of(**options))
    with pytest.raises(KeyboardInterrupt):
        tables_of(**options, workers=3, resume=path, on_trained=interrupt_after(4))
    assert bytes_of(tables_of(**options, workers=2, resume=path, strict=True)) == expected


@COMPILED
def test_interrupted_again_and_again(tmp_path: Path, interrupt_after: Any) -> None:
    path, times = tmp_path / "words.kv.training", 0
    while True:
        try:
            found = tables_of(deterministic=True, resume=path, on_trained=interrupt_after(2))
            break
        except KeyboardInterrupt:
            times += 1
    assert times > 3
    assert bytes_of(found) == bytes_of(tables_of(deterministic=True))


@COMPILED
def test_the_state_is_kept_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "words.kv.training", 0
    expected = bytes_of(tables_of())
    monkeypatch.setattr(train, "KEEP_SECONDS", 1)
    monkeypatch.setattr(train, "monotonic", partial(next, count()))  # a second passes whenever it is asked for

    def on_trained(_: Trained) -> None:
        nonlocal seen
        seen += path.exists()

    assert bytes_of(tables_of(resume=path, on_trained=on_trained)) == expected
    assert seen > 3
    kept = path.read_bytes()
    assert bytes_of(tables_of(resume=path, strict=True)) == expected
    assert path.read_bytes() == kept


@COMPILED
def test_no_room_for_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(train, "KEEP_SECONDS", 1)
    monkeypatch.setattr(train, "monotonic", partial(next, count()))
    found = tables_of(resume=tmp_path / "none" / "words.kv.training", log=lines.append)
    assert bytes_of(found) == bytes_of(tables_of())
    assert any(line.endswith("the training goes on, and its state is not kept") for line in lines)


@COMPILED
def test_a_thread_hears_no_interrupt(tmp_path: Path) -> None:
    found: list[Any] = []
    thread = Thread(target=lambda: found.append(tables_of(resume=tmp_path / "words.kv.training")))
    thread.start()
    thread.join()
    assert bytes_of(found[0]) == bytes_of(tables_of())


def test_an_interrupt_while_words_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "words.kv.training"
    with pytest.raises(KeyboardInterrupt):
        tables_of(resume=path, progress=lambda _: signal.raise_signal(signal.SIGINT))
    assert not path.exists()


@pytest.fixture
def stopped(tmp_path: Path, compiled: None, interrupt_after: Any) -> Path:
    """The state of a training that was stopped."""
    path = tmp_path / "words.kv.training"
    with pytest.raises(KeyboardInterrupt):
        tables_of(resume=path, on_trained=interrupt_after(5))
    return path


@pytest.mark.parametrize(
    "more",
    [{"seed": 2}, {"alpha": 0.5}, {"epochs": 9}, {"objective": "paper"}, {"margin": 0.1}, {"deterministic": True},
     {"document_weight": 2}],
)  # fmt: skip
def test_other_options_begin_anew(more: dict[str, Any], stopped: Path) -> None:
    with pytest.raises(InputError, match=r"words\.kv\.training: is the state of a training with another text, options"):
        tables_of(**more, resume=stopped, strict=True)
    assert bytes_of(tables_of(**more, resume=stopped)) == bytes_of(tables_of(**more))


@pytest.mark.parametrize("lines", [LINES[:-1], [*LINES, ""], ["\n".join(LINES[:2]), *LINES[2:]], LINES[::-1]])
def test_another_text_begins_anew(lines: list[str], stopped: Path) -> None:
    with pytest.raises(InputError, match="another text, options or version"):
        tables_of(lines, resume=stopped, strict=True)
    assert bytes_of(tables_of(lines, resume=stopped)) == bytes_of(tables_of(lines))


def test_the_state_of_another_method(stopped: Path, interrupt_after: Any) -> None:
    same: dict[str, Any] = {"vector_size": 6, "window": 2, "min_count": 1, "epochs": 2, "workers": 1, "sample": 0.0}
    for method in ("sgns", "pmi"):
        words = nt.train_vectors(LINES, method=method, resume=stopped, **same)
        assert (words.vectors == nt.train_vectors(LINES, method=method, **same).vectors).all()
        with pytest.raises(KeyboardInterrupt):
            nt.train_vectors(LINES, method=method, resume=stopped, on_trained=interrupt_after(1), **same)
        assert read_checkpoint(stopped).facts["method"] == method
        with pytest.raises(InputError, match="another text, options or version"):
            tables_of(resume=stopped, strict=True)
        assert bytes_of(tables_of(resume=stopped)) == bytes_of(tables_of())


def test_damage_is_told(stopped: Path) -> None:
    whole = stopped.read_bytes()
    expected = read_checkpoint(stopped)
    options = JoseOptions(**options_of())
    with read_word_ids(LINES, make_tokenizer(), 1, threads=1) as text:
        state = Checkpoint(stopped, text, options, strict=True).jose()
        assert state is not None
        assert all(matrix.flags.writeable for matrix in state.sphere)

        def check() -> None:
            try:
                assert (read_checkpoint(stopped).vectors == expected.vectors).all()
            except InputError as error:
                assert str(error).startswith(f"{stopped}: ")
                assert "\n" not in str(error)
                assert Checkpoint(stopped, text, options).jose() is None
                with pytest.raises(InputError):
                    Checkpoint(stopped, text, options, strict=True)

        for place in range(0, len(whole), 97):
            stopped.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
            check()
        for size in range(0, len(whole), 499):
            stopped.write_bytes(whole[:size])
            check()
