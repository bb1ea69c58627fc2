"""New words with Spark: from counts that Spark has made, or from the text, on one of its machines."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nlptools.corpus.options import ReadOptions
from nlptools.jobs.spark_count import count_ngrams
from nlptools.jobs.spark_reports import REPORT, Outcome, TaskReport, read_shards, summed
from nlptools.jobs.spark_session import Row, run_tasks, spark_errors, task_threads
from nlptools.jobs.spark_shards import plan_shards
from nlptools.newwords.find import find_new_words as find_locally
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.published import ENTROPY_MAX_LENGTH
from nlptools.ngrams.counts import read_counts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def find_new_words(
    spark: "SparkSession",
    paths: Sequence[str | Path],
    *,
    from_counts: bool = False,
    reading: ReadOptions | None = None,
    log: Callable[[str], object] | None = None,
    **options: Any,
) -> tuple[pa.Table, Outcome]:
    """Return the words of a corpus, best first, and what was read; the table is that of `nlptools.find_new_words`.

    from_counts: find words by the method "entropy" in counts that all machines make together: the table is the one that
        `find_new_words` makes of a count file, for a corpus of any size. Otherwise one task reads the whole text, and needs
        the memory for it: the table is the one of the text, by any method.
    options: the fields of `NewWordsOptions`; dictionaries lie on a disk that all machines share.
    paths, reading, log, and what is raised: as for `count_ngrams`.
    """
    chosen = NewWordsOptions(**options)
    log = log or (lambda _: None)
    if not from_counts:
        return _from_text(spark, paths, chosen, reading or ReadOptions(), log)
    order = 1 + (chosen.max_length or ENTROPY_MAX_LENGTH)
    with tempfile.TemporaryDirectory(prefix="nlptools-") as folder:
        output = Path(folder, "counts.ngrams")
        outcome = count_ngrams(spark, paths, output, order, reading=reading, log=log)
        return find_locally(read_counts(output), log=log, **options), outcome


def _from_text(
    spark: "SparkSession",
    paths: Sequence[str | Path],
    options: NewWordsOptions,
    reading: ReadOptions,
    log: Callable[[str], object],
) -> tuple[pa.Table, Outcome]:
    with spark_errors():
        shards = plan_shards(paths, reading, 1)
        threads = task_threads(spark)
        log(f"newwords: one task reads {len(shards)} shards")
        settings, own = replace(reading, threads=threads), vars(replace(options, threads=threads))

        def find(_: int) -> Iterator[Row]:
            table, report = read_shards(
                shards, settings, lambda corpus: find_locally(corpus, **own), pa.table({}), may_be_blank=False
            )
            yield 0, 0, 0, _to_bytes(table)
            yield 0, REPORT, 0, report.to_bytes()

        rows = {row.run: bytes(row.data) for row in run_tasks(spark, 1, find).collect()}
    outcome = summed([TaskReport.from_bytes(rows[REPORT])], str(paths[0]))
    return pa.ipc.open_stream(rows[0]).read_all().combine_chunks(), outcome


def _to_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
