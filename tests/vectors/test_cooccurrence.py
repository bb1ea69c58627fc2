from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.errors import OutputError
from nlptools.ngrams import grouping
from nlptools.vectors import cooccurrence
from nlptools.vectors.cooccurrence import Cooccurrences, count_cooccurrences


@pytest.fixture(scope="module", autouse=True)
def small_tables() -> Iterator[None]:
    """Tables for grouping that suit small texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "LEADER_BITS", 8)
        yield


def as_ids(ids: list[int]) -> NDArray[np.int32]:
    return np.array(ids, np.int32)


def read_all(pairs: Cooccurrences) -> dict[tuple[int, int], float]:
    """The words of all pairs, the lower first, and the counts."""
    found: dict[tuple[int, int], float] = {}
    for a in range(pairs.blocks):
        for b in range(a, pairs.blocks):
            records = pairs.read(a, b).tolist()
            assert len(records) == pairs.size(a, b)
            for first, second, count in records:
                one, other = sorted((a + first * pairs.blocks, b + second * pairs.blocks))
                assert (one, other) not in found
                found[one, other] = count
    assert len(found) == pairs.pairs
    return found


def count_slowly(ids: list[int], window: int) -> Counter[tuple[int, int]]:
    counts: Counter[tuple[int, int]] = Counter()
    line: list[int] = []
    for word in [*ids, -1]:
        if word < 0:
            for i, one in enumerate(line):
                for other in line[i + 1 : i + 1 + window]:
                    if one != other:
                        counts[min(one, other), max(one, other)] += 1
            line = []
        else:
            line.append(word)
    return counts


@given(
    ids=st.lists(st.one_of(st.integers(0, 4), st.integers(-2, 40)), max_size=100),
    window=st.integers(1, 8),
    blocks=st.sampled_from([1, 2, 16]),
    memory=st.sampled_from([100, 5000, None]),
    threads=st.integers(1, 3),
)
def test_counts_are_those_of_the_slow_twin(
    ids: list[int], window: int, blocks: int, memory: int | None, threads: int
) -> None:
    counted: list[int] = []
    with count_cooccurrences(
        as_ids(ids), 41, blocks, window, memory=memory, threads=threads, progress=counted.append
    ) as pairs:
        expected = count_slowly(ids, window)
        assert read_all(pairs) == expected
        assert pairs.total == 2 * sum(expected.values())
        assert sum(counted) == len(ids)
        assert not pairs.pairs or pairs.path.stat().st_size == 8 * pairs.pairs
    assert not pairs.path.exists()


def test_the_same_file_whatever_memory_and_threads(interpreted: bool) -> None:
    ids = (np.random.default_rng(1).zipf(1.3, 400 if interpreted else 5000) % 500).astype(np.int32)
    files = set()
    for memory, threads in ((None, 1), (200_000, 1), (200_000, 2), (50_000, 3)):
        with count_cooccurrences(ids, 500, 16, 5, memory=memory, threads=threads) as pairs:
            files.add((pairs.path.read_bytes(), pairs.bounds.tobytes(), pairs.total))
    assert len(files) == 1
    with count_cooccurrences(ids, 500, 16, 5, seed=2) as pairs:
        assert pairs.path.read_bytes() not in {file for file, _, _ in files}


def test_tiles_are_shuffled() -> None:
    ids = as_ids(np.random.default_rng(1).permutation(300).tolist())
    with count_cooccurrences(ids, 300, 1, 5) as pairs:
        records = pairs.read(0, 0)
    assert (records["first"] < records["second"]).all()
    places = np.argsort(np.lexsort((records["second"], records["first"])))
    assert abs(np.corrcoef(places, np.arange(places.size))[0, 1]) < 0.15


def test_counts_beyond_one_run_add_up() -> None:
    ids = as_ids([0, 1] * 1000)
    log: list[str] = []
    with count_cooccurrences(ids, 2, 16, 3, memory="2K", threads=1, log=log.append) as pairs:
        assert read_all(pairs) == {(0, 1): 1999 + 1997}
    assert log[0].startswith("pairs: 3,996 in a window of 3, 1 different ones, ")
    assert int(log[0].split()[-2]) > 50


def test_many_words_in_one_block() -> None:
    """Rows use all of their 16 bits."""
    words = cooccurrence.MOST_ROWS
    with count_cooccurrences(as_ids([words - 1, 0, -1, words - 1, words - 2]), words, 1, 5) as pairs:
        assert read_all(pairs) == {(0, words - 1): 1, (words - 2, words - 1): 1}


def test_no_place_for_temporary_files(tmp_path: Path) -> None:
    def count() -> Any:
        with count_cooccurrences(as_ids([0, 1]), 2, 16, 5, directory=tmp_path / "none"):
            pass

    with pytest.raises(OutputError, match="TMPDIR"):
        count()


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cooccurrence._Runs, "add", full)
    with (
        pytest.raises(OutputError, match="No space left"),
        count_cooccurrences(as_ids([0, 1]), 2, 16, 5, directory=tmp_path),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_errors_of_the_caller_stay_what_they_are() -> None:
    with pytest.raises(OSError, match="mine"), count_cooccurrences(as_ids([0, 1]), 2, 16, 5):
        raise OSError("mine")
