"""Cutting text into words with Spark. Start here: `segment`.

Tasks write the words of their shards to parts on a disk that all machines share; a part appears under its name only when it
is whole, so that a task may run twice. The driver joins the parts of a file.
"""

import hashlib
import posixpath
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nlptools.checks import check_numbers
from nlptools.corpus import atomic_file, check_output, check_place
from nlptools.corpus.compression import SUFFIXES
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.paths import FORMATS
from nlptools.corpus.stream import Corpus
from nlptools.corpus.table_files import CORPUS_FORMATS, output_format
from nlptools.errors import OptionError, OutputError
from nlptools.jobs.spark_reports import REPORT, Outcome, TaskReport, read_shards, summed
from nlptools.jobs.spark_session import (
    Row,
    parallel_tasks,
    run_tasks,
    ship_file,
    shipped_file,
    spark_errors,
    task_threads,
)
from nlptools.jobs.spark_shards import SHARD_BYTES, Shard, plan_shards
from nlptools.segment.lexicon import Lexicon, read_lexicon
from nlptools.segment.model import Segmenter, load_segmenter
from nlptools.segment.options import SegmenterOptions
from nlptools.segment.output import write_segmented
from nlptools.version import __version__

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_JOIN_BYTES = 16 << 20
_NEVER = 1 << 62  # as the size of a shard: no file is cut
_PARTS, _DONE = ".parts", ".done"


def segment(
    spark: "SparkSession",
    model: str | Path,
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    suffix: str = ".txt",
    lexicon: Sequence[str | Path] = (),
    words: Sequence[str | Path] = (),
    lexicon_weight: float = SegmenterOptions.lexicon_weight,
    words_weight: float = SegmenterOptions.words_weight,
    shard_bytes: int = SHARD_BYTES,
    reading: ReadOptions | None = None,
    log: Callable[[str], object] | None = None,
) -> Outcome:
    """Cut text into words; writes the files that `nlptools segment run` writes, to the byte.

    model: of the driver's machine; it is sent to every machine once, and mapped into memory there.
    output: on a disk that all machines share. A folder: a file is written for each input, called after it with another
        `suffix`. A file, *.txt: one file for all. Files of text are cut into shards if the result is text, too; other
        results are written by one task for each input.
    lexicon, words and their weights: as for `nlptools segment run`; files of the driver's machine.
    paths, shard_bytes, reading, log, and what is raised: as for `count_ngrams`.
    """
    check_numbers(shard_bytes=shard_bytes)
    options, log = reading or ReadOptions(), log or (lambda _: None)
    with spark_errors():
        parallel, threads = parallel_tasks(spark), task_threads(spark)
        joined = _is_joined(output, suffix)
        shards = plan_shards(paths, options, parallel if joined else 1, shard_bytes if joined else _NEVER)
        targets = _targets(shards, output, suffix)
        name = _shipped(spark, model, read_lexicon(lexicon, words, lexicon_weight, words_weight))
        with _parts(shards, targets, f"{name} {options.identity()}") if joined else nullcontext(targets) as parts:
            log(f"segment: {len(shards)} tasks, {parallel} at a time")
            settings = replace(options, threads=threads)

            def cut(number: int) -> Iterator[Row]:
                yield 0, REPORT, number, _segment_shard(shards[number], settings, name, parts[number])

            rows = run_tasks(spark, len(shards), cut).collect()
            reports = [TaskReport.from_bytes(bytes(row.data)) for row in sorted(rows, key=lambda row: row.part)]
            outcome = summed(reports, str(paths[0]))
            if joined:
                there = [
                    (part, target)
                    for part, target, one in zip(parts, targets, reports, strict=True)
                    if not one.left_out
                ]
                for target in dict.fromkeys(targets):
                    _join([part for part, its in there if its == target], target)
    return outcome


def _segment_shard(shard: Shard, options: ReadOptions, model: str, part: Path) -> bytes:
    """Write the words of a shard, unless they are there already; return the report, which is then beside them."""
    keeps = part.parent.name.endswith(_PARTS)
    done = part.with_name(part.name + _DONE)
    if keeps and done.exists() and part.exists():
        return done.read_bytes()

    def write(corpus: Corpus) -> int:
        return write_segmented(_segmenter(model), corpus.batches(), part, options.workers)

    _, report = read_shards([shard], options, write, 0)
    data = report.to_bytes()
    if keeps and report.error is None and not report.left_out:
        with atomic_file(done) as file:
            file.write(data)
    return data


@cache
def _segmenter(name: str) -> Segmenter:
    return load_segmenter(shipped_file(name))


def _shipped(spark: "SparkSession", model: str | Path, lexicon: Lexicon | None) -> str:
    """Send the model, with the words of the lexicon in it, to every machine."""
    segmenter = load_segmenter(model)  # so that an error comes now
    if lexicon is None:
        return ship_file(spark, model)
    with tempfile.TemporaryDirectory(prefix="nlptools-") as folder:
        whole = Path(folder, "model.seg")
        segmenter.with_lexicon(lexicon).save(whole)
        return ship_file(spark, whole)


def _is_joined(output: str | Path, suffix: str) -> bool:
    """Say whether the result is lines of text, that can be made in parts and joined."""
    name = f"words{suffix}" if _is_folder(output) else output
    return output_format(name, CORPUS_FORMATS) == "txt" and Path(name).suffix in (".txt", ".text")


def _is_folder(output: str | Path) -> bool:
    return Path(output).is_dir() or str(output).endswith("/")


def _targets(shards: Sequence[Shard], output: str | Path, suffix: str) -> list[Path]:
    """Return the file to which the words of each shard go; raises OptionError if two inputs would go to one."""
    paths = list(dict.fromkeys(shard.path for shard in shards))
    if not _is_folder(output):
        check_output(output, CORPUS_FORMATS)
        if len(paths) > 1 and not _is_joined(output, suffix):
            raise OptionError(f"{output}: only text (.txt) of {len(paths)} inputs goes to one file; name a folder")
        return [Path(output).resolve()] * len(shards)
    if not Path(output).is_dir():
        check_place(output)
        Path(output).mkdir()
    names: dict[str, str] = {}
    for path in paths:
        name = _stem(posixpath.basename(path)) + suffix
        if name in names:
            raise OptionError(f"{output}: {names[name]} and {path} would both be written to {name}; rename one")
        names[name] = path
        check_output(Path(output, name), CORPUS_FORMATS)
    of_path = {path: Path(output, name).resolve() for name, path in names.items()}
    return [of_path[shard.path] for shard in shards]


def _stem(name: str) -> str:
    """Return a name without what tells the format and the compression."""
    for known in (SUFFIXES, FORMATS):
        stem, suffix = posixpath.splitext(name)
        name = stem if suffix.lower() in known else name
    return name


@contextmanager
def _parts(shards: Sequence[Shard], targets: Sequence[Path], how: str) -> Iterator[list[Path]]:
    """Yield the file for the part of each shard; the parts stay if the work fails, for the next one that is the same."""
    what = repr([how, __version__, *((shard, _changed(shard.path)) for shard in shards)])
    folder = targets[0].parent / f".nlptools-{hashlib.sha256(what.encode('utf-8', 'replace')).hexdigest()[:16]}{_PARTS}"
    folder.mkdir(exist_ok=True)
    yield [folder / f"{number}.txt" for number in range(len(shards))]
    shutil.rmtree(folder, ignore_errors=True)


def _changed(path: str) -> int | str:
    """Return when a file was changed; of one that is elsewhere something that is never the same."""
    return Path(path).stat().st_mtime_ns if "://" not in path else secrets.token_hex(8)


def _join(parts: Iterable[Path], target: Path) -> None:
    """Write the parts behind each other; two processes with the same work share them, and the first that is done removes them."""
    with atomic_file(target) as file:
        for part in parts:
            try:
                source = part.open("rb")
            except OSError as error:
                raise OutputError(
                    f"{target}: another process has removed {part}; run the same command again"
                ) from error
            with source:
                shutil.copyfileobj(source, file, _JOIN_BYTES)
