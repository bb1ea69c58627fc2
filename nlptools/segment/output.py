"""Segmented text as files."""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from nlptools.corpus.table_files import CORPUS_FORMATS, output_format, write_batches, write_batches_to
from nlptools.errors import OutputError
from nlptools.segment.model import Segmenter

_LINES = pa.schema([("text", pa.large_string())])


def write_segmented(
    segmenter: Segmenter, batches: Iterable[Any], path: str | Path | None = None, threads: int | None = None
) -> int:
    """Segment record batches with the columns document and text, and write them as they come; return how many texts.

    path: the suffix decides. .txt: a line for each text, one blank between words. Others: document, text, words and, unless
        it is .csv or .tsv, starts and probabilities, as of `Segmenter.segment_batches`. None: lines to standard output.
    Raises OutputError if the place or the suffix does not allow it.
    """
    count = _Count()
    if path is None:
        if sys.stdout is None:
            raise OutputError("standard output is closed; name a file: -o words.txt")
        write_batches_to(count.of(segmenter.segment_lines(batches, threads)), _LINES, sys.stdout.buffer, "txt")
        sys.stdout.flush()
    elif (kind := output_format(path, CORPUS_FORMATS)) == "txt":
        write_batches(count.of(segmenter.segment_lines(batches, threads)), _LINES, path)
    else:
        ordered = (batch.select(["document", "text"]) for batch in batches)
        segmented = count.of(segmenter.segment_batches(ordered, threads, evidence=kind not in ("csv", "tsv")))
        first = next(segmented, None)
        if first is not None:
            write_batches(chain([first], segmented), first.schema, path)
    return count.rows


class _Count:
    """Counts the rows of record batches that pass."""

    def __init__(self) -> None:
        self.rows = 0

    def of(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the batches."""
        for batch in batches:
            self.rows += batch.num_rows
            yield batch
