"""A corpus as numbers of words, against `collections.Counter`."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus import open_corpus
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.vectors import vocabulary, word_ids
from nlptools.vectors.tokenize import Tokens, make_tokenizer
from nlptools.vectors.vocabulary import Runs, WordTable
from nlptools.vectors.word_ids import WordIds, read_word_ids

WORDS = make_tokenizer()

TEXTS = st.lists(
    st.lists(
        st.sampled_from(["a", "b", "ab", "研究", "𠮷", "🙂", "\0", "e\u0301", "\n", "\r\n", "\u2028", " "]), max_size=20
    ).map(" ".join),
    max_size=9,
)


def counted(texts: list[str], min_count: int = 1) -> tuple[list[str], list[int], list[int], int]:
    """The slow twin: words, counts, ids, tokens."""
    counts = Counter(" ".join(texts).split())
    words = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: (-counts[w], w.encode()))
    ids: list[int] = []
    for text in texts:
        lines = [[words.index(w) for w in line.split() if counts[w] >= min_count] for line in text.splitlines()]
        for line in filter(None, lines):
            ids += [*line, -1]
        if any(lines):
            ids.pop()
        ids.append(-2)
    return words, [counts[w] for w in words], ids, sum(counts.values())


def plain(found: WordIds) -> tuple[list[str], list[int], list[int], int]:
    return found.words.to_pylist(), found.counts.tolist(), found.ids.tolist(), found.tokens


def some_text(size: int, types: int) -> list[str]:
    """Lines of words, some of which are frequent."""
    draw = random.Random(1)
    words = ["".join(draw.choices("abc研究生命𠮷", k=draw.randint(1, 12))) for _ in range(types)]
    return [
        " ".join(words[int(types * draw.random() ** 3)] for _ in range(draw.randint(0, 20))) + "\n" * draw.randint(0, 1)
        for _ in range(size)
    ]


@contextmanager
def small_tables(memory: int, capacity: int = 2) -> Iterator[None]:
    """Let tables hold few words, whatever memory there is for those that are kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "CAPACITY", capacity)
        patch.setattr(word_ids, "WordTable", lambda _: WordTable(memory))
        patch.setattr(word_ids, "BLOCK", 5)
        yield


@given(TEXTS, st.integers(1, 4), st.integers(1, 60), st.integers(1, 2))
def test_numbers_are_those_of_the_twin(texts: list[str], min_count: int, batch_bytes: int, threads: int) -> None:
    texts = ["a a a a\n\nb", *texts]
    with (
        small_tables(1 << 20),
        read_word_ids(
            open_corpus(texts, batch_bytes=batch_bytes), WORDS, min_count, threads=threads, keep_documents=True
        ) as found,
    ):
        assert plain(found) == counted(texts, min_count)
        assert found.documents is not None
        assert found.documents.to_pylist() == [str(n) for n in range(len(texts))]


@given(TEXTS, st.integers(1, 4), st.integers(1, 60))
def test_runs_make_no_difference(texts: list[str], min_count: int, batch_bytes: int) -> None:
    texts = ["a a a a\n\nb", *texts]
    lines: list[str] = []
    with (
        small_tables(1),
        read_word_ids(open_corpus(texts, batch_bytes=batch_bytes), WORDS, min_count, log=lines.append) as found,
    ):
        assert plain(found) == counted(texts, min_count)
        assert found.documents is None
    types = len(set(" ".join(texts).split()))
    assert ("merge: " in "".join(lines)) == (types > 2)


@pytest.mark.parametrize("min_count", [1, 3, 30])
def test_the_same_whatever_batches_threads_and_memory_are(min_count: int, interpreted: bool) -> None:
    texts = some_text(200 if interpreted else 1000, 900)
    expected = counted(texts, min_count)
    runs = []
    for memory, batch_bytes, threads in ((1 << 20, 1 << 20, 1), (30_000, 5000, 2), (4_000, 3000, 3)):
        lines: list[str] = []
        with (
            small_tables(memory, 16),
            read_word_ids(
                open_corpus(texts, batch_bytes=batch_bytes), WORDS, min_count, threads=threads, log=lines.append
            ) as found,
        ):
            assert plain(found) == expected
        runs.append(sum(line.startswith("run ") for line in lines))
    assert runs[0] == 0 < runs[1] < runs[2]


def test_hashes_that_collide() -> None:
    words = [b"a", b"b", b"ab", b"", b"ba", b"abc"] * 2
    data = np.frombuffer(b"".join(words), np.uint8)
    ends = np.cumsum([len(word) for word in words])
    tokens = Tokens(data, ends - [len(word) for word in words], ends, np.full(12, 7 << 40, np.uint64))
    ids = np.empty(12, np.int32)
    with small_tables(1):
        table = WordTable()
        assert table.number(tokens, 0, ids) == 12
    assert ids.tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert table.words().to_pylist() == words[:6]


def test_hashes_that_collide_in_different_runs(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for words in ([b"b", b"a"], [b"c", b"a", b"d"]):
        table = WordTable()
        data = np.frombuffer(b"".join(words), np.uint8)
        places = np.arange(len(words))
        tokens = Tokens(data, places, places + 1, np.full(len(words), 1 << 63, np.uint64))
        table.number(tokens, 0, np.empty(len(words), np.int32))
        table.counts[: len(words)] = 3
        runs.add(table)
    merged, types = runs.merge(2, 1000)
    assert (merged.words.to_pylist(), merged.counts.tolist(), types) == (["a", "b", "c", "d"], [6, 3, 3, 3], 4)
    assert [runs.numbers(0).tolist(), runs.numbers(1).tolist()] == [[1, 0], [2, 0, 3]]
    merged, _ = runs.merge(4, 1000)
    assert [runs.numbers(0).tolist(), runs.numbers(1).tolist()] == [[-1, 0], [-1, 0, -1]]


@pytest.mark.parametrize("memory", [1, 1 << 20])
def test_a_word_that_is_longer_than_the_budget(memory: int) -> None:
    texts = ["a " + "long" * 5000, "b", "long" * 5000 + " 𠮷" * 3]
    with small_tables(memory), read_word_ids(texts, WORDS, 1) as found:
        assert plain(found) == counted(texts)


def test_real_segmentation(segmenter: nt.Segmenter) -> None:
    text = "你好，世界！\n\n研究 世界"
    words = [[w for w in segmenter.segment(line) if w.strip()] for line in text.splitlines()]
    with read_word_ids([text, "你好"], make_tokenizer(segmenter), 1) as found:
        numbers = found.words.to_pylist()
        assert [numbers[i] if i >= 0 else i for i in found.ids] == [
            *words[0],
            -1,
            *words[2],
            -2,
            *segmenter.segment("你好"),
            -2,
        ]


def test_texts_that_cannot_be_used_are_left_out() -> None:
    corpus = open_corpus(["a b", "\ud800 a", "\ufeffb\r\na"])
    with read_word_ids(corpus, WORDS, 1) as found:
        assert plain(found) == counted(["a b", "\ufeffb\r\na"])
    assert corpus.report.documents == 2


def test_files_and_progress(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("b a\r\n\r\na 𠮷", encoding="utf-8")
    steps: list[int] = []
    with read_word_ids(path, WORDS, 1, progress=steps.append) as found:
        assert plain(found) == counted(["b a", "", "a 𠮷"])
    assert sum(steps) == path.stat().st_size


def test_one_pass_is_enough() -> None:
    with read_word_ids((text for text in ["a b", "a"]), WORDS, 1) as found:
        assert plain(found) == counted(["a b", "a"])


@pytest.mark.parametrize("tables", [1, 1 << 20])
def test_the_file_goes_with_the_context(tmp_path: Path, tables: int) -> None:
    with small_tables(tables), read_word_ids(["a b c"], WORDS, 1, directory=tmp_path) as found:
        (folder,) = tmp_path.iterdir()
        assert [file.name for file in folder.iterdir()] == ["ids"]
        assert isinstance(found.ids, np.memmap) and found.ids.mode == "r"
        assert found.ids.dtype == np.int32
        with pytest.raises(ValueError, match="read-only"):
            found.ids[0] = 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_of_work_that_failed(tmp_path: Path, error: type[BaseException]) -> None:
    def fail(_: int) -> None:
        raise error

    with pytest.raises(error), read_word_ids(["a b"], WORDS, 1, directory=tmp_path, progress=fail):
        pass
    with pytest.raises(error), read_word_ids(["a b"], WORDS, 1, directory=tmp_path):
        raise error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("tables", [1, 1 << 20])
def test_no_word_is_left(tables: int) -> None:
    message = r"list: none of its 5 words \(3 different ones\) occurs 4 times or more; give more text, or a smaller --min-count"
    with small_tables(tables), pytest.raises(InputError, match=message), read_word_ids(["a b c", "a b"], WORDS, 4):
        pass


def test_too_many_words_are_left() -> None:
    texts = some_text(500, 900)
    message = r"than fit into 3.91 KiB of memory .*; raise --min-count or --memory"
    with small_tables(4000), pytest.raises(InputError, match=message), read_word_ids(texts, WORDS, 1, memory=4000):
        pass


def test_options() -> None:
    for options in ({"min_count": 0}, {"threads": 0}, {"memory": "much"}):
        with pytest.raises(OptionError), read_word_ids(["a"], WORDS, **options):
            pass


def test_there_is_no_such_folder(tmp_path: Path) -> None:
    message = r"none: no temporary file can be written here \(No such file or directory\)"
    with pytest.raises(OutputError, match=message), read_word_ids(["a"], WORDS, 1, directory=tmp_path / "none"):
        pass


@pytest.fixture
def file_size() -> Iterator[Callable[[int], None]]:
    """Limit what may be written to a file."""
    resource = pytest.importorskip("resource", reason="needs POSIX limits")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("tables", [300, 1 << 20])
@pytest.mark.parametrize("size", [0, 600, 5000])
def test_a_disk_that_is_full(tmp_path: Path, file_size: Callable[[int], None], tables: int, size: int) -> None:
    """As it is for a user who may not write more: the file of numbers, or a run, is too large."""
    corpus = open_corpus(some_text(300, 300), batch_bytes=200)
    message = r"no temporary file can be written here \(.*too large.*TMPDIR"
    file_size(size)
    with (
        small_tables(tables),
        pytest.raises(OutputError, match=message),
        read_word_ids(corpus, WORDS, 1, directory=tmp_path),
    ):
        pass
    assert not list(tmp_path.iterdir())
