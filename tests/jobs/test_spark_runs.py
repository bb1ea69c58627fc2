"""Rows on their way through Spark, and counting as its tasks do it, without Spark."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus.options import ReadOptions
from nlptools.errors import InputError
from nlptools.jobs import spark_count, spark_runs
from nlptools.jobs.spark_count import _count_shards, _Job, _merge_range, _write_ranges
from nlptools.jobs.spark_reports import REPORT, Outcome
from nlptools.jobs.spark_runs import Spool, cut_by_range, pack_rows, range_bounds, unpack_rows
from nlptools.jobs.spark_session import Row
from nlptools.jobs.spark_shards import Shard, plan_shards
from nlptools.ngrams.plan import Plan
from nlptools.ngrams.rows import Layout, Rows

numbers = st.integers(0, 2**64 - 1)


@given(st.lists(numbers, max_size=50, unique=True), st.data())
def test_packed_rows_are_the_same_rows(heads: list[int], data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(1, 2**62), min_size=len(heads), max_size=len(heads)))
    tails = data.draw(st.sampled_from([[], heads[::-1]]))
    rows = Rows(np.array(sorted(heads), np.uint64), np.array(tails, np.uint64), np.array(counts, np.int64))
    again = unpack_rows(pack_rows(rows))
    assert [column.tolist() for column in again] == [column.tolist() for column in rows]


@given(st.text(max_size=30), st.lists(st.characters(codec="utf-8"), unique=True, max_size=5), st.integers(1, 6))
def test_rows_are_in_the_range_of_their_first_character(text: str, bounds: list[str], order: int) -> None:
    layout = Layout("".join(sorted(set(text))), order)
    codes = range(1, len(layout.characters) + 1)
    heads = np.array([code << layout.bits * (layout.head_length - 1) for code in codes], np.uint64)
    cut = cut_by_range(Rows(heads, np.empty(0, np.uint64), np.ones(heads.size)), layout, sorted(bounds))
    found = [
        [layout.characters[(int(head) >> layout.bits * (layout.head_length - 1)) - 1] for head in p.heads] for p in cut
    ]
    edges = ["", *sorted(bounds), "\U0010ffff\U0010ffff"]
    wanted = [[c for c in layout.characters if lo <= c < hi] for lo, hi in zip(edges[:-1], edges[1:], strict=True)]
    assert found == wanted


@given(st.text("的一是𠮷a，", max_size=40), st.integers(2, 9), st.integers(1, 2))
def test_ranges_rise_and_are_no_more_than_asked_for(sample: str, ranges: int, order: int) -> None:
    bounds = range_bounds(sample, ranges, order)
    assert bounds == sorted(set(bounds))
    assert len(bounds) < ranges
    assert all(len(bound) <= order and "，" not in bound and bound in sample for bound in bounds if sample.strip("，"))


def test_a_spool_gives_back_what_it_was_given() -> None:
    with Spool() as spool:
        places = [spool.add(data) for data in (b"abc", b"", b"d" * 9)]
        assert [spool.read(*place) for place in reversed(places)] == [b"d" * 9, b"", b"abc"]


def counted_by_tasks(
    shards: list[list[Shard]], output: Path, job: _Job, options: ReadOptions, order_of_rows: random.Random
) -> Outcome:
    """Count as Spark does: rows of all tasks to the partitions of their keys, in any order."""
    rows = [row for number, group in enumerate(shards) for row in _count_shards(group, number, options, job)]
    order_of_rows.shuffle(rows)
    merged: list[Row] = []
    for key in job.keys:
        merged += _merge_range((row for row in rows if row[0] == key), job)
    heads = [row for row in merged if row[1] == REPORT or row[2] == 0]
    return _write_ranges(heads, (row for row in merged if row[1] != REPORT), job, output, "corpus")


few = st.text("的一是，", max_size=60)
many = st.text(
    st.sampled_from("的一是不在了𠮷😀aｂ1 ，。\n\r\ufeff\u2028か")
    | st.characters(codec="utf-8", exclude_categories=["Cc"]),
    max_size=60,
)
pieces = few | many


@settings(max_examples=40)
@given(texts=st.lists(pieces, min_size=1, max_size=4), data=st.data())
def test_tasks_count_what_the_local_engine_counts(
    texts: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("count")
    order, min_count = data.draw(st.sampled_from([1, 2, 4, 6])), data.draw(st.sampled_from([1, 2, 3]))
    files = [folder / f"{number}.txt" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_bytes(text.encode())
    known = sorted(set("".join(texts)) | {"的"})
    bound = st.text(st.sampled_from(known), min_size=1, max_size=min(order, 2))
    bounds = data.draw(st.lists(bound, unique=True, max_size=5))
    plan = Plan(1 << 30, 1, data.draw(st.integers(1, 50)), 1 << 20, data.draw(st.sampled_from([2, 128])))
    job = _Job(order, min_count, plan, list(range(len(bounds) + 1)), sorted(bounds))
    shuffled = random.Random(data.draw(st.integers(0, 9)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spark_runs, "CHUNK_ROWS", data.draw(st.sampled_from([1, 3, 1 << 17])))
        patch.setattr(spark_count, "check_size", lambda *_: None)
        try:
            nt.count_ngrams(files, order, min_count=min_count, output=folder / "local")
        except InputError:
            with pytest.raises(InputError, match="is empty"):
                shards = plan_shards(files, ReadOptions(), 1)
                counted_by_tasks([[shard] for shard in shards], folder / "spark", job, ReadOptions(), shuffled)
            return
        shards = plan_shards(files, ReadOptions(), 1)
        cut = data.draw(st.integers(0, len(shards)))
        tasks = [group for group in (shards[:cut], shards[cut:]) if group]
        counted_by_tasks(tasks, folder / "spark", job, ReadOptions(), shuffled)
    assert (folder / "spark").read_bytes() == (folder / "local").read_bytes()


@pytest.fixture
def damaged(tmp_path: Path) -> list[Path]:
    """Three files, of which the second is no longer whole."""
    good = [tmp_path / "a.txt", tmp_path / "c.txt"]
    for file in good:
        file.write_text("你好，世界\n研究生命" * 50, encoding="utf-8")
    bad = tmp_path / "b.txt.gz"
    bad.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3\x4b\x4c")
    return [good[0], bad, good[1]]


def test_a_shard_that_cannot_be_read_is_left_out_and_told_of(damaged: list[Path], tmp_path: Path) -> None:
    plan = Plan(1 << 30, 1, 1 << 20, 1 << 20, 128)
    job = _Job(3, 1, plan, [5, 7], ["世"])
    options = ReadOptions()
    shards = plan_shards(damaged, options, 1)
    outcome = counted_by_tasks([shards], tmp_path / "spark", job, options, random.Random(1))
    nt.count_ngrams([damaged[0], damaged[2]], 3, output=tmp_path / "local")
    assert (tmp_path / "spark").read_bytes() == (tmp_path / "local").read_bytes()
    assert len(outcome.left_out) == 1
    assert str(damaged[1]) in outcome.left_out[0]
    with pytest.raises(InputError, match=r"b\.txt\.gz"):
        counted_by_tasks([shards], tmp_path / "spark", job, replace(options, strict=True), random.Random(1))
