"""Counts under the names that users give them: a count file, or a table of n-grams. Arrow is imported when it is needed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nlptools.errors import OutputError

if TYPE_CHECKING:
    from nlptools.ngrams.counts import NgramCounts


def is_count_file(path: str | Path) -> bool:
    """Say whether a name is that of a count file."""
    return str(path).lower().endswith(".ngrams")


def check_counts_output(path: str) -> None:
    """Raise OutputError now if counts could not be written to `path` later."""
    from nlptools.corpus import TABLE_FORMATS, check_output, check_place

    if is_count_file(path):
        check_place(path)
        return
    try:
        check_output(path, {name: write for name, write in TABLE_FORMATS.items() if name != "dict"})
    except OutputError as error:
        raise OutputError(str(error).replace("known are ", "known are .ngrams, ")) from error


def write_counts_table(counts: "NgramCounts", path: str) -> None:
    """Write counts as a table of ngram, n, count, unless the path is that of a count file, which has them already."""
    if not is_count_file(path):
        from nlptools.corpus.table_files import write_batches
        from nlptools.ngrams.counts import TABLE_SCHEMA

        write_batches(counts.to_batches(counts.min_count), TABLE_SCHEMA, path)


def read_added_up(paths: Sequence[str | Path], threads: int | None, log: Callable[[str], object]) -> "NgramCounts":
    """Return the counts in a count file, or in several added up."""
    from nlptools.ngrams.counts import read_counts
    from nlptools.ngrams.merge import merge_counts

    return read_counts(paths[0]) if len(paths) == 1 else merge_counts(paths, threads=threads, log=log)
