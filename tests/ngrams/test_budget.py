"""However little memory, however many threads and shards: the same file, and the counts of DuckDB."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlptools.corpus import open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts, read_counts
from nlptools.ngrams.merge import merge_counts
from nlptools.ngrams.plan import FIXED, LEAST, PER_THREAD, make_plan

texts = st.lists(
    st.text("一七三五，", max_size=20) | st.text("𠮷a龘。b\r\n", max_size=20) | st.just(""), min_size=1, max_size=12
)


@settings(max_examples=30)  # each counts three times
@given(
    texts,
    st.integers(1, 8),
    st.sampled_from([1, 2, 7]),
    st.sampled_from([11, 12, 30, 100]),
    st.sampled_from([1, 3, 1000]),
    st.sampled_from([2, 5, 128]),
    st.sampled_from([1, 20, 1 << 20]),
    st.sampled_from([1, 1, 3]),
)
@example(["一七三五" * 5] * 12, 5, 7, 11, 1, 2, 1, 1)
def test_any_budget_gives_the_same_file(
    fresh: Callable[[], Path],
    limits: Any,
    documents: list[str],
    order: int,
    threads: int,
    block: int,
    per_round: int,
    inputs: int,
    batch_bytes: int,
    least: int,
) -> None:
    documents = [*documents, "一"]
    folder = fresh()
    count_ngrams(documents, order, min_count=least, output=folder / "whole.ngrams", threads=1)
    with limits(block=block, per_round=per_round, inputs=inputs):
        corpus = open_corpus(documents, batch_bytes=batch_bytes)
        count_ngrams(corpus, order, min_count=least, output=folder / "small.ngrams", threads=threads)
        passing = count_ngrams(documents, order, min_count=least, threads=threads)
    assert (folder / "small.ngrams").read_bytes() == (folder / "whole.ngrams").read_bytes()
    columns = [[c.astype(np.int64).tobytes() for c in chunk] for chunk in passing.chunks]
    again = read_counts(folder / "small.ngrams").chunks
    assert [[c.astype(np.int64).tobytes() for c in chunk] for chunk in again] == columns
    assert sorted(file.name for file in folder.iterdir()) == ["small.ngrams", "whole.ngrams"]


def test_a_block_is_never_much_larger_than_planned(tmp_path: Path, limits: Any) -> None:
    """A batch of many short documents is divided, whatever its size; ASCII has most characters in a byte."""
    said: list[str] = []
    with limits(block=100):
        count_ngrams(["abc"] * 200, 4, output=tmp_path / "a.ngrams", log=said.append)
    runs = [line for line in said if line.startswith("run ")]
    assert len(runs) == 8
    assert all(line.endswith(": 75 characters, 3 windows") for line in runs)


def test_a_document_that_is_too_large(limits: Any, tmp_path: Path) -> None:
    with limits(block=10), pytest.raises(OptionError) as caught:
        count_ngrams(["一七", "一" * 40], 2, output=tmp_path / "a.ngrams")
    message = str(caught.value)
    assert message.startswith("memory=1024M is too little for a document of 42 characters: give 4300M or more")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_least_memory_named_by_the_error_works(tmp_path: Path, threads: int) -> None:
    with pytest.raises(OptionError, match=r"memory=1M is too little for \d threads?: give (\d+)M or more") as caught:
        count_ngrams(["一七"], 2, memory="1M", threads=threads)
    least = str(caught.value).split("give ")[1].split(" ")[0]
    assert count_ngrams(["一七" * 100], 2, memory=least, threads=threads).count("一七") == 100
    with pytest.raises(OptionError, match="too little"):
        make_plan(int(least[:-1]) * 2**20 - 1, 2, threads)


def test_plans() -> None:
    for order in (1, 4, 5, 8):
        for memory in ("500M", "1G", "16G", "500T", None):
            plan = make_plan(memory, order, 2)
            assert 1 << 20 < plan.block < 1 << 31  # positions have 32 bits, and a document may be two blocks
            assert plan.rows > plan.inputs
            assert 2 <= plan.inputs <= 128
            assert plan.memory >= FIXED + 2 * PER_THREAD + LEAST
    assert str(make_plan("1G", 4, 1)).startswith("plan: 1 GiB of memory, 1 thread: ")
    assert make_plan("2G", 8, 1).block < make_plan("2G", 4, 1).block < make_plan("4G", 4, 1).block


def duckdb_counts(texts: list[str], order: int, segments_of: Callable[[str], list[str]]) -> Any:
    """Return ngram, count, by code points, of the n-grams of each length: DuckDB's GROUP BY over all windows."""
    duckdb = pytest.importorskip("duckdb")
    import pyarrow as pa

    segments = pa.table({"s": [segment for text in texts for segment in segments_of(text)]})
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("segments", segments)
        return [
            connection.execute(
                "SELECT substr(s, i::INT, $n) AS ngram, count(*) FROM segments, "
                "LATERAL (SELECT unnest(range(1, length(s) - $n + 2)) AS i) GROUP BY ngram ORDER BY ngram",
                {"n": n},
            ).fetchall()
            for n in range(1, order + 1)
        ]


def check_with_duckdb(counts: NgramCounts, expected: Any) -> None:
    table = counts.to_table()
    found = list(zip(table["n"].to_pylist(), table["ngram"].to_pylist(), table["count"].to_pylist(), strict=True))
    assert found == [(n, ngram, count) for n, rows in enumerate(expected, 1) for ngram, count in rows]


def random_texts(size: int) -> list[str]:
    chance = Random(11)
    letters = "的一是不了人我在有他𠮷龘aZ9か，。 \r\n"
    weights = [1 / rank for rank in range(1, len(letters) + 1)]
    return ["".join(chance.choices(letters, weights, k=chance.randrange(60))) for _ in range(size)]


def test_duckdb_counts_the_same(tmp_path: Path, limits: Any, segments_of: Any, interpreted: bool) -> None:
    """At orders 1 to 8, 1, 2 and 7 threads, small blocks and one, 1 and 10 shards: one file, DuckDB's counts."""
    texts = random_texts(40 if interpreted else 600)
    expected = duckdb_counts(texts, 8, segments_of)
    for order in range(1, 9):
        whole = tmp_path / f"{order}.ngrams"
        check_with_duckdb(count_ngrams(texts, order, output=whole), expected[:order])
        for threads, block, per_round in (
            (1, 400 if interpreted else 8_000, 2_000),
            (2, 5_000, 100_000),
            (7, 3_000, 50_000),
        ):
            with limits(block=block, per_round=per_round, inputs=4):
                count_ngrams(texts, order, output=tmp_path / "small.ngrams", threads=threads)
            assert (tmp_path / "small.ngrams").read_bytes() == whole.read_bytes()
        shards = [tmp_path / f"shard-{number}.ngrams" for number in range(10)]
        for number, shard in enumerate(shards):
            count_ngrams(texts[number::10], order, output=shard)
        for some in (shards, shards[::-1], [*shards[5:], *shards[:5]]):
            merge_counts(some, tmp_path / "merged.ngrams", threads=2)
            assert (tmp_path / "merged.ngrams").read_bytes() == whole.read_bytes()


@pytest.mark.skipif(os.environ.get("NLPTOOLS_FAULTS") != "whole", reason="make faults: real text, a minute")
def test_duckdb_counts_real_text_the_same(tmp_path: Path, limits: Any, segments_of: Any) -> None:
    data = os.environ.get("NLPTOOLS_DATA")
    if data is None:
        pytest.skip("NLPTOOLS_DATA names no folder with zh/mixed.txt.gz")
    with gzip.open(Path(data, "zh", "mixed.txt.gz"), "rt", encoding="utf-8", newline="\n") as file:
        texts = file.read(1_000_000).split("\n")
    expected = duckdb_counts(texts, 8, segments_of)
    for order in range(1, 9):
        whole = tmp_path / f"{order}.ngrams"
        check_with_duckdb(count_ngrams(texts, order, output=whole), expected[:order])
        for threads, block in ((1, 40_000), (2, 200_000), (7, 400_000)):
            with limits(block=block, per_round=block, inputs=8):
                count_ngrams(texts, order, output=tmp_path / "small.ngrams", threads=threads)
            assert (tmp_path / "small.ngrams").read_bytes() == whole.read_bytes()
    for size in (10, 1000):
        shards = []
        for number in range(size):
            if any(text.strip() for text in texts[number::size]):
                shards.append(tmp_path / f"shard-{number}.ngrams")
                count_ngrams(texts[number::size], 8, output=shards[-1], threads=1)
        Random(size).shuffle(shards)
        merge_counts(shards, tmp_path / "merged.ngrams", threads=2)
        assert (tmp_path / "merged.ngrams").read_bytes() == (tmp_path / "8.ngrams").read_bytes()


def test_options_beyond_reason() -> None:
    wrong: list[dict[str, Any]] = [{"threads": 100_000}, {"min_count": 2**63}, {"order": 2**70}, {"order": 2.0}]
    for options in wrong:
        with pytest.raises(OptionError, match=f"{next(iter(options))}="):
            count_ngrams(["一"], **options)


def test_nothing_is_left_of_an_input_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        count_ngrams(["  "], 2, output=tmp_path / "a.ngrams")
    assert list(tmp_path.iterdir()) == []
