"""The index file: where it is kept, when it is made again, and what happens if it is damaged."""

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import nlptools as nt
from nlptools.concordance.index_file import Block, write_index
from nlptools.concordance.open import UNUSED_DAYS, has_index
from nlptools.errors import InputError, OptionError, OutputError

LINES = ["研究生命起源", "红包", "", "𠮷野家 5G", "抢红包 红包"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def index(tmp_path: Path, corpus: Path) -> Path:
    path = tmp_path / "corpus.kwic"
    nt.open_concordance(corpus, index=path).close()
    return path


def test_an_index_is_made_once(corpus: Path, cache: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with nt.open_concordance(corpus, log=said.append) as found:
            assert found.count("红包") == 3
    (path,) = cache.iterdir()
    assert said == [f"index of {corpus}: {said[0].split(': ')[1].split(' in ')[0]} in {path}"]
    assert has_index(nt.open_corpus(corpus), None)
    assert not has_index(nt.open_corpus(corpus, document_per="file"), None)


def test_a_corpus_that_has_changed_is_indexed_again(corpus: Path, cache: Path) -> None:
    nt.open_concordance(corpus).close()
    corpus.write_text("红包红包\n红包红包", encoding="utf-8")
    with nt.open_concordance(corpus) as found:
        assert found.count("红包") == 4
    assert len(list(cache.iterdir())) == 1  # the other one was of no use any more


def test_what_nobody_uses_is_deleted(corpus: Path, cache: Path, tmp_path: Path) -> None:
    nt.open_concordance(corpus).close()
    (old,) = cache.iterdir()
    (tmp_path / "other.txt").write_text("研究", encoding="utf-8")
    nt.open_concordance(tmp_path / "other.txt").close()
    assert len(list(cache.iterdir())) == 2
    month_ago = old.stat().st_mtime - UNUSED_DAYS * 24 * 3600 - 1
    os.utime(old, (month_ago, month_ago))
    (tmp_path / "third.txt").write_text("研究", encoding="utf-8")
    nt.open_concordance(tmp_path / "third.txt").close()
    assert len(list(cache.iterdir())) == 2
    assert not old.exists()


def test_a_damaged_index_in_the_cache_is_made_again(corpus: Path, cache: Path) -> None:
    nt.open_concordance(corpus).close()
    (path,) = cache.iterdir()
    path.write_bytes(b"")
    with nt.open_concordance(corpus) as found:
        assert found.count("红包") == 3


def test_a_place_of_its_own(corpus: Path, index: Path, cache: Path) -> None:
    before = index.stat().st_mtime_ns
    os.utime(index, ns=(before - 10**9, before - 10**9))
    data = index.read_bytes()
    with nt.open_concordance(corpus, index=index) as found:
        assert found.find("红包", width=1).column("right").to_pylist() == ["", " ", ""]
    assert index.read_bytes() == data
    corpus.write_text("红包", encoding="utf-8")
    with nt.open_concordance(corpus, index=index) as found:
        assert found.count("红包") == 1
    assert not cache.exists() or not list(cache.iterdir())


def test_an_index_alone(corpus: Path, index: Path) -> None:
    with nt.open_concordance(index) as found:
        assert (found.count("红包"), found.documents) == (3, 5)
    corpus.write_text("红包", encoding="utf-8")
    with pytest.warns(UserWarning, match="has changed since this index was made"), nt.open_concordance(index) as found:
        assert found.count("红包") == 3
    said: list[str] = []
    nt.open_concordance(index, log=said.append).close()
    assert len(said) == 1
    corpus.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nt.open_concordance(index).close()


def test_closed(index: Path) -> None:
    with nt.open_concordance(index) as found:
        assert found.count("红包") == 3
    for call in (found.count, found.find, found.neighbours):
        with pytest.raises(InputError, match="was closed"):
            call("红包")
    with pytest.raises(InputError, match="was closed"):
        found.counts(["红包"])


def test_the_same_bytes(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlptools.concordance.build.BLOCK_BYTES", 24)
    data = set()
    for number, batch_bytes in enumerate((1, 20, 1000)):
        path = tmp_path / f"{number}.kwic"
        nt.open_concordance(nt.open_corpus(corpus, batch_bytes=batch_bytes), index=path, threads=number + 1).close()
        data.add(path.read_bytes())
    assert len(data) == 1


def test_sources_without_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    for source in (LINES, iter(LINES), pa.table({"text": LINES}), nt.open_corpus(LINES)):
        with nt.open_concordance(source) as found:
            assert found.count("红包") == 3
            assert len(list(folder.iterdir())) == 1
        assert not list(folder.iterdir())
    with pytest.raises(InputError, match="is empty"):
        nt.open_concordance([" "])
    assert not list(folder.iterdir())


def test_nowhere_to_keep_it(corpus: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(corpus))  # no folder
    with nt.open_concordance(corpus) as found:
        assert found.count("红包") == 3
    with pytest.raises(OptionError, match=r"ends with \.kwic"):
        nt.open_concordance(corpus, index=tmp_path / "index.txt")
    with pytest.raises(OutputError, match="mkdir -p"):
        nt.open_concordance(corpus, index=tmp_path / "none" / "index.kwic")
    with pytest.raises(InputError, match="no such file"):
        nt.open_concordance(tmp_path / "none.kwic")


def test_what_is_no_index(tmp_path: Path, corpus: Path, index: Path) -> None:
    path = tmp_path / "other.kwic"
    nt.count_ngrams(LINES, 2, output=tmp_path / "counts.ngrams")
    for content, reason in (
        (b"", "cannot be read as a concordance index"),
        (b"ARROW1", "cannot be read"),
        (corpus.read_bytes() * 9, "cannot be read"),
        (index.read_bytes()[:-20], "cannot be read"),
        ((tmp_path / "counts.ngrams").read_bytes(), "no concordance index of this version"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"^{path}: .*{reason}.*nlptools concordance") as caught:
            nt.open_concordance(path)
        assert "\n" not in str(caught.value)


def answers(path: Path) -> list[Any]:
    with nt.open_concordance(path) as found:
        words = ["红包", "的", "究", "x"]
        tables = [found.find(word, width=5, top=20) for word in words]
        bulk = [found.find_all(words, width=5), found.neighbours_all(words), found.neighbours("红包")]
        return [found.documents, found.counts(words).tolist(), *tables, *bulk]


def damaged_bytes(data: bytes) -> Iterator[bytes]:
    """Yield the data with one byte changed, or a page's worth of zeros, in places all over it."""
    rng = random.Random(1)
    for at in [
        *range(0, 800, 7),
        *(len(data) - 1 - at for at in range(0, 1500, 7)),
        *rng.sample(range(len(data)), 150),
    ]:
        yield data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    for at in rng.sample(range(len(data)), 10):
        yield data[:at] + bytes(len(data[at : at + 4096])) + data[at + 4096 :]


def test_damage_is_seen_or_without_effect(tmp_path: Path, interpreted: bool) -> None:
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("红包的研究 x"), 30)) for _ in range(100 if interpreted else 500)]
    whole = tmp_path / "whole.kwic"
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    nt.open_concordance(tmp_path / "texts.txt", index=whole).close()
    data, expected = whole.read_bytes(), answers(whole)
    seen = 0
    for number, content in enumerate(damaged_bytes(data)):
        path = tmp_path / f"{number}.kwic"
        path.write_bytes(content)
        try:
            assert answers(path) == expected
        except InputError as error:
            assert str(error).startswith(f"{path}: ")
            seen += 1
        path.unlink()
    assert seen > 200


TEXT = np.frombuffer(b"\xff" + "红包".encode() + b"\xff", np.uint8)
INSIDE = np.array([[4, 0, 0], [1, 0, 0]], np.uint8)
OUTSIDE = np.array([[1, 0, 0], [255, 255, 255]], np.uint8)
ONE = np.ones(1, np.uint32)
NO_UTF8 = np.frombuffer(b"\xff\xe5\x8c\x85\xe7\xe7\xe7\xff", np.uint8)


@pytest.mark.parametrize(
    "block",
    [
        Block(TEXT[:0], INSIDE, ONE, 1, 7, 0, 0),
        Block(TEXT[1:], INSIDE, ONE, 1, 6, 0, 0),
        Block(TEXT, INSIDE, ONE, 1, 70, 0, 0),
        Block(TEXT, INSIDE, ONE, 4, 7, 0, 0),
        Block(TEXT, INSIDE, 9 * ONE, 1, 7, 0, 0),
        Block(TEXT, INSIDE, ONE[:0], 1, 7, 0, 0),
        Block(NO_UTF8, INSIDE, ONE, 1, 7, 0, 0),
    ],
)
def test_a_forged_index(tmp_path: Path, block: Block) -> None:
    """Right checksums, but edges, positions or documents where they cannot be, or no UTF-8."""
    path = tmp_path / "forged.kwic"
    write_index(path, None, [block])
    for call in ("find_all", "neighbours", "neighbours_all"):  # nothing worse than our error
        for word in ("红", "包", "龥"):
            with suppress(InputError), nt.open_concordance(path) as found:
                getattr(found, call)([word] if call.endswith("all") else word)
    with pytest.raises(InputError, match="is damaged"), nt.open_concordance(path) as found:
        for word in ("红", "包", "龥"):
            found.find(word)


def test_positions_outside_the_text(tmp_path: Path) -> None:
    path = tmp_path / "forged.kwic"
    write_index(path, None, [Block(TEXT, OUTSIDE, ONE, 1, 7, 0, 0)])
    with nt.open_concordance(path) as found:
        assert found.counts(["红", "包", "龥"]).tolist() == [found.count(word) for word in ("红", "包", "龥")]
