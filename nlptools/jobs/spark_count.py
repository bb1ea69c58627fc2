"""Counting with Spark. Start here: `count_ngrams`.

A map task counts some shards, as the local engine does a block, and cuts the sorted rows by ranges of first characters. A
reduce task merges all runs of a range. The driver writes the merged ranges behind each other.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from nlptools.checks import check_numbers
from nlptools.corpus import check_place
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.stream import Corpus
from nlptools.errors import InputError
from nlptools.jobs.spark_pruning import Left, prune_range
from nlptools.jobs.spark_reports import REPORT, Outcome, TaskReport, read_shards, summed
from nlptools.jobs.spark_runs import (
    PackedRun,
    Spool,
    WithOther,
    cut_by_range,
    pack_characters,
    pack_pieces,
    pack_run,
    range_bounds,
    unpack_characters,
    unpack_rows,
)
from nlptools.jobs.spark_session import (
    Row,
    by_partition,
    mapped,
    parallel_tasks,
    partition_keys,
    run_tasks,
    spark_errors,
    task_threads,
)
from nlptools.jobs.spark_shards import SHARD_BYTES, Shard, ShardSource, groups, plan_shards
from nlptools.ngrams.count import check_size, count_block
from nlptools.ngrams.count_file import NOTHING, CountReader, Totals
from nlptools.ngrams.merge_rows import merge_rows
from nlptools.ngrams.plan import Plan, make_plan
from nlptools.ngrams.rows import Layout, Rows, check_order
from nlptools.ngrams.spill import Spill
from nlptools.text.encode import encode_character_blocks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TASK_MEMORY = "1.5G"
"""What a task may use: enough to count a shard at once."""

RANGE_BYTES = 512 << 20
"""Bytes of the input whose n-grams are merged in one task, about."""

DRIVER_BYTES = 64 << 20
"""Bytes of the result, packed, that the driver holds at a time, about."""

_BLOCK = 64  # parts of a range that come to the driver together
_ROWS, _LEFT = b"R", b"L"  # what a chunk of a merged range is
_RUNS = 20  # bits for the number of a block of a task
_SAMPLES = 8  # shards of which the beginning is looked at
_SAMPLE_BYTES = 1 << 18


class _Job(NamedTuple):
    """What the tasks of a count need. keys: of the ranges; bounds: where they begin, but the first."""

    order: int
    min_count: int
    plan: Plan
    keys: list[int]
    bounds: list[str]


def count_ngrams(
    spark: "SparkSession",
    paths: Sequence[str | Path],
    output: str | Path,
    order: int = 4,
    *,
    min_count: int = 1,
    memory: int | str | None = None,
    shard_bytes: int = SHARD_BYTES,
    reading: ReadOptions | None = None,
    log: Callable[[str], object] | None = None,
) -> Outcome:
    """Count every n-gram of 1 to `order` characters; writes the file that `nlptools.count_ngrams` writes, to the byte.

    paths: files, folders and globs on a disk that all machines share, or URIs (hdfs://, s3a://, …).
    output: a file of the driver's machine. memory: what a task may use, default TASK_MEMORY; the more, the less goes
        over the network.
    shard_bytes: about how much of the input a task reads.
    A shard that cannot be read is left out and told of in the outcome; under `strict` it raises InputError.
    Raises OptionError if an option cannot work, InputError if nothing can be read, OutputError if Spark fails or there is
    no room.
    """
    check_numbers(order=order, min_count=min_count, shard_bytes=shard_bytes)
    check_place(output)
    options = reading or ReadOptions()
    log = log or (lambda _: None)
    with spark_errors():
        parallel, threads = parallel_tasks(spark), task_threads(spark)
        shards = plan_shards(paths, options, parallel, shard_bytes)
        ranges = max(2 * parallel, -(-sum(shard.bytes for shard in shards) // RANGE_BYTES))
        bounds = range_bounds(_sample(shards, options), ranges, order)
        job = _Job(
            order, min_count, make_plan(memory or TASK_MEMORY, order, threads), partition_keys(len(bounds) + 1), bounds
        )
        tasks = groups(shards, parallel, shard_bytes)
        log(f"count: {len(tasks)} tasks on {len(shards)} shards, {len(job.keys)} ranges to merge, {parallel} at a time")
        merged = _merged(spark, tasks, replace(options, threads=threads), job).persist()
        try:
            return _write(merged, job, output, str(paths[0]), log)
        finally:
            merged.unpersist()


def _merged(spark: "SparkSession", tasks: list[list[Shard]], options: ReadOptions, job: _Job) -> "DataFrame":
    """Return the merged rows of all ranges, packed, and the reports of the tasks, which come with the first range."""

    def count(number: int) -> Iterator[Row]:
        yield from _count_shards(tasks[number], number, options, job)

    def merge(rows: Iterable[Row]) -> Iterator[Row]:
        yield from _merge_range(rows, job)

    return by_partition(run_tasks(spark, len(tasks), count), len(job.keys), merge)


def _sample(shards: Sequence[Shard], options: ReadOptions) -> str:
    """Return some text of the corpus; "" if it is not quickly at hand."""
    near = [shard for shard in shards if shard.schema is not None or "://" not in shard.path]
    texts: list[str] = []
    for shard in near[:: max(1, -(-len(near) // _SAMPLES))]:
        with suppress(InputError, StopIteration):  # the task that reads it tells why
            batch = next(Corpus(ShardSource([shard]), replace(options, batch_bytes=_SAMPLE_BYTES)).batches())
            texts += batch.column("text").to_pylist()
    return "".join(texts)


# A map task.


def _count_shards(shards: Sequence[Shard], task: int, options: ReadOptions, job: _Job) -> Iterator[Row]:
    """Count some shards; yield runs of each range, packed, and the report."""
    with Spool() as spool:
        counted, report = read_shards(
            shards, options, lambda corpus: _count(corpus.batches(), task, job, spool), _Counted()
        )
        if report.error is None:
            for range_, run, part, place in counted.chunks:
                yield job.keys[range_], run, part, spool.read(*place)
        report.facts = {"totals": [*_numbers(counted.totals)]}
        yield job.keys[0], REPORT, task, report.to_bytes()


class _Counted(NamedTuple):
    """chunks: range, run, part, place in the spool."""

    totals: Totals = NOTHING
    chunks: Sequence[tuple[int, int, int, tuple[int, int]]] = ()


def _count(batches: Iterator[Any], task: int, job: _Job, spool: Spool) -> _Counted:
    totals = NOTHING
    chunks = []
    threads = job.plan.threads
    for number, (text, _) in enumerate(encode_character_blocks(batches, threads, job.plan.block)):
        check_size(text, job.plan)
        block = count_block(text, job.order, threads)
        totals += block.totals
        run = task << _RUNS | number
        for range_, rows in enumerate(cut_by_range(block.rows, block.layout, job.bounds)):
            if rows.heads.size:
                packed = enumerate(pack_run(block.layout, [rows]))
                chunks += [(range_, run, part, spool.add(chunk)) for part, chunk in packed]
        del text, block  # before the next one is made
    return _Counted(totals, chunks)


def _numbers(totals: Totals) -> tuple[int, int, int]:
    return totals.characters, totals.documents, totals.fingerprint


# A reduce task.


def _merge_range(rows: Iterable[Row], job: _Job) -> Iterator[Row]:
    """Merge the runs of a range; yield them as one, packed, numbered by the range, and the reports as they are."""
    with Spool() as spool:
        places: dict[int, dict[int, tuple[int, int]]] = {}
        key = 0
        for key, run, part, data in rows:
            if run == REPORT:
                yield key, REPORT, part, data
            else:
                places.setdefault(run, {})[part] = spool.add(data)
        if places:
            runs = [_run(spool, places[run], job.order) for run in sorted(places)]
            layout, merged = _merge(runs, job, spool)
            number = job.keys.index(key)
            for part, data in enumerate(_packed_range(layout, merged, ["", *job.bounds, ""][number : number + 2])):
                yield key, number, part, data


def _packed_range(layout: Layout, rows: Iterator[Rows], bounds: Sequence[str]) -> Iterator[bytes]:
    """Yield a range as chunks: its alphabet, then rows and what is left, each with a letter before."""
    yield pack_characters(layout.characters)
    for piece in prune_range(rows, layout, *bounds) if layout.min_count > 1 else rows:
        if isinstance(piece, Left):
            yield _LEFT + piece.to_bytes()
        else:
            yield from (_ROWS + chunk for chunk in pack_pieces(piece))


def _run(spool: Spool, places: dict[int, tuple[int, int]], order: int) -> PackedRun:
    first, *others = (places[part] for part in range(len(places)))
    return PackedRun(Layout(unpack_characters(spool.read(*first)), order), spool, others)


def _merge(runs: list[PackedRun], job: _Job, spool: Spool) -> tuple[Layout, Iterator[Rows]]:
    """Return the layout and the rows of all runs together."""
    plan = job.plan
    while len(runs) > plan.inputs:
        runs = [
            _packed(*_merge(runs[start : start + plan.inputs], job._replace(min_count=1), spool), spool)
            for start in range(0, len(runs), plan.inputs)
        ]
    characters = "".join(sorted(set().union(*(run.layout.characters for run in runs))))
    layout = Layout(characters, job.order, job.min_count)
    check_order(layout)
    readers = cast("list[CountReader]", runs)  # of a reader merging asks for its layout and its rows
    return layout, merge_rows(readers, layout, plan.threads, plan.rows)


def _packed(layout: Layout, rows: Iterator[Rows], spool: Spool) -> PackedRun:
    _, *places = (spool.add(chunk) for chunk in pack_run(layout, rows))
    return PackedRun(layout, spool, places)


# The driver.


def _write(merged: "DataFrame", job: _Job, output: str | Path, name: str, log: Callable[[str], object]) -> Outcome:
    """Run the job, and write the ranges behind each other."""
    from pyspark.sql import functions as sf

    heads = merged.filter((sf.col("run") == REPORT) | (sf.col("part") == 0)).collect()
    log("write: the ranges come to the driver")
    ranges = _small_partitions(merged.filter(sf.col("run") != REPORT)).toLocalIterator(prefetchPartitions=True)
    return _write_ranges(map(tuple, heads), map(tuple, ranges), job, output, name)


def _small_partitions(ranges: "DataFrame") -> "DataFrame":
    """Return the parts of all ranges in the same order, in partitions that the driver can hold."""
    from pyspark.sql import functions as sf

    block = (sf.col("part") / _BLOCK).cast("int").alias("block")
    blocks = ranges.groupBy("run", block).agg(sf.sum(sf.length("data")).alias("size")).collect()
    size_of: Counter[int] = Counter()
    for row in blocks:
        size_of[row.run] += row.size
    if max(size_of.values(), default=0) <= DRIVER_BYTES:
        return ranges
    sizes = {(row.run, row.block): row.size for row in blocks}
    before = dict(zip(sorted(sizes), accumulate((sizes[place] for place in sorted(sizes)), initial=0), strict=False))
    keys = partition_keys(1 + max(before.values()) // DRIVER_BYTES)
    key_of = {place: keys[size // DRIVER_BYTES] for place, size in before.items()}

    def rekeyed(rows: Iterable[Row]) -> Iterator[Row]:
        return ((key_of[run, part // _BLOCK], run, part, data) for _, run, part, data in rows)

    def in_order(rows: Iterable[Row]) -> Iterator[Row]:
        return iter(sorted(rows, key=lambda row: row[1:3]))

    return by_partition(mapped(ranges, rekeyed), len(keys), in_order)


def _write_ranges(heads: Iterable[Row], ranges: Iterable[Row], job: _Job, output: str | Path, name: str) -> Outcome:
    """Write the count file. heads: the reports, and the first part of each range; ranges: all parts, in order."""
    reports, characters = _reports(heads)
    outcome = summed(reports, name)
    layout = Layout(characters, job.order, job.min_count)
    check_order(layout)
    totals = sum((Totals(*report.facts["totals"]) for report in reports), NOTHING)
    with Spill(output, None, lambda _: None) as spill:
        spill.write_result(layout, totals, _rows(ranges, layout))
    return outcome


def _reports(heads: Iterable[Row]) -> tuple[list[TaskReport], str]:
    """Return the reports in the order of the tasks, and the alphabet of the corpus."""
    reports: dict[int, TaskReport] = {}
    characters: set[str] = set()
    for _, run, part, data in heads:
        if run == REPORT:
            reports[part] = TaskReport.from_bytes(data)
        else:
            characters.update(unpack_characters(data))
    return [reports[task] for task in sorted(reports)], "".join(sorted(characters))


def _rows(ranges: Iterable[Row], layout: Layout) -> Iterator[Rows]:
    """Yield the rows of all ranges in the codes of `layout`, and a row for what is left of a character, or of all."""
    rest = 0
    left: Left | None = None  # of a character that the next range may share
    for _, _, part, data in ranges:
        if part == 0:
            translate = WithOther(Layout(unpack_characters(data), layout.order, layout.min_count), layout)
        elif data[:1] == _LEFT:
            found = Left.from_bytes(data[1:])
            if found.character is None:
                rest += found.number
            elif left is not None and left.character == found.character:
                left = Left(left.character, left.number + found.number, left.kept or found.kept)
            else:
                rest += yield from _finished(left, layout)
                left = found
        else:
            rows = translate(unpack_rows(data[1:]))
            if left is not None and layout.characters[_first_code(rows, layout) - 1] != left.character:
                rest += yield from _finished(left, layout)
                left = None
            yield rows
    rest += yield from _finished(left, layout)
    if rest:
        yield _row_of_rest(layout, "", rest)


def _first_code(rows: Rows, layout: Layout) -> int:
    """Return the first code of the first row."""
    return int(rows.heads[0]) >> layout.bits * (layout.head_length - 1)


def _finished(left: Left | None, layout: Layout) -> Generator[Rows, None, int]:
    """Yield the row of what is left of a character; return how much of it is in no row, for the character is too rare."""
    if left is None or not left.number:
        return 0
    if not left.kept and left.number < layout.min_count:
        return left.number
    yield _row_of_rest(layout, left.character or "", left.number)
    return 0


def _row_of_rest(layout: Layout, prefix: str, count: int) -> Rows:
    """Return the row (prefix, OTHER)."""
    codes = [*(layout.code_of[character] for character in prefix), layout.other or 0]
    head = sum(code << layout.bits * (layout.head_length - place) for place, code in enumerate(codes, 1))
    tails = np.zeros(1 if layout.tail_length else 0, np.uint64)
    return Rows(np.array([head], np.uint64), tails, np.array([count], np.int64))
