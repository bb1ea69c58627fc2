"""The words of a corpus and how often each occurs, with Spark. Start here: `count_vocabulary`.

A map task numbers the words of some shards in a hash table, as training does, and cuts the table by the words' hashes. A
reduce task adds up the words of its hashes. Only the words that are kept come to the driver.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from nlptools.checks import check_numbers
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.stream import Corpus
from nlptools.errors import InputError
from nlptools.jobs.spark_reports import REPORT, Outcome, TaskReport, read_shards, summed
from nlptools.jobs.spark_runs import Places, Spool
from nlptools.jobs.spark_session import (
    Row,
    by_partition,
    parallel_tasks,
    partition_keys,
    run_tasks,
    ship_file,
    shipped_file,
    spark_errors,
    task_threads,
)
from nlptools.jobs.spark_shards import SHARD_BYTES, Shard, ShardSource, groups, plan_shards
from nlptools.memory import parse_memory
from nlptools.threads import in_order
from nlptools.vectors import _token_kernels
from nlptools.vectors.tokenize import (
    Tokenizer,
    Tokens,
    WhiteSpaceTokenizer,
    between_white_space,
    make_tokenizer,
    text_pieces,
)
from nlptools.vectors.vocabulary import PARTS, WordTable, merged_tables, sorted_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WORDS_MEMORY = "1G"
"""What the table of words of a task may use."""

PART_BYTES = 512 << 20
"""Bytes of the input whose words are added up in one task, about."""

_RUNS = 20  # bits for the number of a table of a task
_WORDS = 1 << 16  # of a row of the result


def count_vocabulary(
    spark: "SparkSession",
    paths: Sequence[str | Path],
    segmenter: str | Path | None = None,
    *,
    min_count: int = 5,
    memory: int | str | None = None,
    shard_bytes: int = SHARD_BYTES,
    reading: ReadOptions | None = None,
    log: Callable[[str], object] | None = None,
) -> tuple[Any, Outcome]:
    """Return the words that occur `min_count` times or more, a table word, count; and what was read.

    The words, the counts and their order are those of training vectors: by count descending, then by UTF-8 bytes.
    segmenter: None for text whose words stand between white space, the path of a model, or "jieba".
    memory: what the words of a task may use, default WORDS_MEMORY. paths, shard_bytes, and what is raised: as for `count_ngrams`.
    """
    check_numbers(min_count=min_count, shard_bytes=shard_bytes)
    options, budget = reading or ReadOptions(), parse_memory(memory or WORDS_MEMORY)
    log = log or (lambda _: None)
    with spark_errors():
        parallel, threads = parallel_tasks(spark), task_threads(spark)
        shards = plan_shards(paths, options, parallel, shard_bytes)
        name = _checked(segmenter, shards, options)
        model = name if name in (None, "jieba") else ship_file(spark, name)
        tasks = groups(shards, parallel, shard_bytes)
        partitions = max(2 * parallel, -(-sum(shard.bytes for shard in shards) // PART_BYTES))
        keys = partition_keys(partitions)
        log(
            f"vocabulary: {len(tasks)} tasks on {len(shards)} shards, {partitions} parts to add up, {parallel} at a time"
        )
        settings = replace(options, threads=threads)

        def count(number: int) -> Iterator[Row]:
            return _count_shards(tasks[number], number, settings, model, budget, keys)

        def add_up(rows: Iterable[Row]) -> Iterator[Row]:
            return _add_up(rows, min_count)

        rows = by_partition(run_tasks(spark, len(tasks), count), partitions, add_up).collect()
    return _vocabulary(rows, str(paths[0]), min_count)


def _checked(segmenter: str | Path | None, shards: Sequence[Shard], options: ReadOptions) -> str | None:
    """Return the segmenter's name, if it can be used; raises InputError for a text that nobody has segmented."""
    tokenizer = make_tokenizer(segmenter)
    if isinstance(tokenizer, WhiteSpaceTokenizer):
        next(tokenizer.tokens(Corpus(ShardSource(shards), options).batches(), 1), None)
    return None if segmenter is None else str(segmenter)


# A map task.


def _count_shards(
    shards: Sequence[Shard], task: int, options: ReadOptions, model: str | None, memory: int, keys: list[int]
) -> Iterator[Row]:
    """Count the words of some shards; yield them by their hashes, and the report."""
    with Spool() as spool:

        def count(corpus: Corpus) -> tuple[int, Places]:
            return _count(_tokens(corpus.batches(), model, options.workers), memory, len(keys), spool)

        nothing: tuple[int, Places] = 0, []
        (words, chunks), report = read_shards(shards, options, count, nothing)
        for number, (partition, place) in enumerate(chunks if report.error is None else []):
            yield keys[partition], task << _RUNS | number, 0, spool.read(*place)
        report.facts = {"words": words}
        yield keys[0], REPORT, task, report.to_bytes()


def _tokens(batches: Iterator[Any], model: str | None, threads: int) -> Iterator[Tokens]:
    if model is None:  # whether it is segmented the driver has seen
        pieces = (piece for batch in batches for piece in text_pieces(batch.column("text")))
        return in_order(between_white_space, pieces, threads)
    return _tokenizer(model).tokens(batches, threads)


@cache
def _tokenizer(model: str) -> Tokenizer:
    return make_tokenizer(model if model == "jieba" else shipped_file(model))


def _count(pieces: Iterable[Tokens], memory: int, partitions: int, spool: Spool) -> tuple[int, Places]:
    """Return how many words there are, and for tables of words the partition and the place of each part."""
    total = 0
    chunks: Places = []
    table = WordTable(memory)
    for tokens in pieces:
        ids = np.empty(tokens.starts.size, np.int32)
        done = 0
        while done < ids.size:
            first, done = done, table.number(tokens, done, ids)
            total += _token_kernels.count_ids(ids[first:done], table.counts)
            if done < ids.size:
                chunks += _spooled(table, partitions, spool)
                table = WordTable(memory)
    return total, [*chunks, *_spooled(table, partitions, spool)]


def _spooled(table: WordTable, partitions: int, spool: Spool) -> Iterator[tuple[int, tuple[int, int]]]:
    """Put a table of words into the spool; yield the partition and the place of each part."""
    for part, batch in table.parts():
        yield part * partitions // PARTS, spool.add(_to_bytes(batch))


def _to_bytes(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _from_bytes(data: bytes) -> Any:
    return pa.ipc.open_stream(data).read_next_batch()


# A reduce task.


def _add_up(rows: Iterable[Row], min_count: int) -> Iterator[Row]:
    """Add up the words of a partition; yield those that occur `min_count` times, and the reports as they are."""
    with Spool() as spool:
        places: dict[int, tuple[int, int]] = {}
        key = 0
        for key, run, part, data in rows:
            if run == REPORT:
                yield key, REPORT, part, data
            else:
                places[run] = spool.add(data)
        table, _ = merged_tables(_from_bytes(spool.read(*places[run])) for run in sorted(places))
    counts = table.counts[: table.size]
    kept = np.flatnonzero(counts >= min_count)
    for start in range(0, kept.size, _WORDS):
        own = kept[start : start + _WORDS]
        batch = pa.RecordBatch.from_arrays(
            [table.words().take(pa.array(own)), pa.array(counts[own])], ["word", "count"]
        )
        yield key, 0, start // _WORDS, _to_bytes(batch)


# The driver.


def _vocabulary(rows: Sequence[Any], name: str, min_count: int) -> tuple[Any, Outcome]:
    reports = [TaskReport.from_bytes(bytes(row.data)) for row in sorted(rows, key=lambda row: row.part) if row.run < 0]
    outcome = summed(reports, name)
    batches = [_from_bytes(bytes(row.data)) for row in rows if row.run >= 0]
    if not batches:
        total = sum(report.facts["words"] for report in reports)
        raise InputError(
            f"{name}: none of its {total:,} words occurs {min_count} times or more; give more text, or a smaller min_count"
        )
    words, counts = [batch.column("word") for batch in batches], [batch.column("count").to_numpy() for batch in batches]
    vocabulary, _ = sorted_table(words, counts)
    return pa.table({"word": vocabulary.words, "count": vocabulary.counts}), outcome
