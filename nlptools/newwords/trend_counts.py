"""Counts of each period, in a folder: what a new month is added to.

Of each period there are two files, named by its label:

    2024-01.ngrams      a count file (nlptools.ngrams) of its documents, equal ones once
    2024-01.documents   the hashes of these documents, so that none is counted twice whatever is added, and when

and of all together `words.parquet`: the words that are followed. So the files of a period are a function of the set of its
documents: adding them in parts, in any order, again and again, gives the same bytes as counting them at once. Both files of a
period are written aside (2024-01.new.ngrams) and then renamed; who is killed in between is helped by the next one.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nlptools.corpus import write_table
from nlptools.corpus.array_file import read_arrays, write_arrays
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.newwords.trend_options import By
from nlptools.newwords.trend_periods import label, period_of_label
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts, read_counts
from nlptools.ngrams.merge import merge_counts
from nlptools.text.scripts import batch_folder

try:
    import fcntl
except ImportError:  # no Unix: then two processes with one folder are not kept apart
    fcntl = None  # type: ignore[assignment]

ORDER = 6
"""How long the n-grams are that are counted: any alphabet allows it. Longer words are known by their pieces."""

_HASHES = "period documents 1"
_WORDS = "words.parquet"
_NEW = "new."  # what files are called behind the label until they are whole; a killed process may leave some
_SCHEMA = pa.schema([("text", pa.large_string())])
_WORD_SCHEMA = pa.schema([("word", pa.large_string()), ("score", pa.float64())])


class PeriodCounts:
    """The counts of all periods in a folder.

    by: which periods these are. script: to which documents are folded before they are counted.
    Raises InputError if the folder holds something else, or other periods, or if files in it are damaged.
    """

    def __init__(self, folder: str | Path, by: By, script: str, threads: int | None = None) -> None:
        self.folder, self.by, self.order = Path(folder), by, ORDER
        self._facts = {"by": by, "script": script}
        self._script, self._threads = script, threads
        try:
            self.folder.mkdir(exist_ok=True)
            names = sorted(file.name for file in self.folder.iterdir() if file.name.endswith(".ngrams"))
        except OSError as error:
            raise OutputError(f"{folder}: is no folder for counts ({error.strerror}); give another --counts") from error
        self.periods = sorted(self._period(name) for name in names if not name.endswith(f".{_NEW}ngrams"))
        for period in self.periods:
            self._complete(period)
            self._hashes(period)

    def _period(self, name: str) -> int:
        file = self.folder / name
        period = period_of_label(file.stem, self.by)
        if period is None:
            raise InputError(
                f"{file}: is not the counts of a {self.by}; give the --by of the other files, or a new folder"
            )
        return period

    def counts(self, period: int) -> NgramCounts:
        """Return the counts of a period, mapped into memory."""
        return read_counts(self._path(period, "ngrams"))

    def add(self, period: int, texts: Iterable[pa.LargeStringArray]) -> int:
        """Count the documents of a period that are not counted yet; return how many."""
        known = _Known(self._hashes(period) if period in self.periods else np.empty(0, np.uint64))
        fresh = known.fresh(texts)
        first = next(fresh, None)
        if first is None:
            return 0
        before = known.hashes.size - len(first)
        target, new = self._path(period, "ngrams"), self._path(period, f"{_NEW}ngrams")
        self._count(chain([first], fresh), new)
        if period in self.periods:
            merge_counts([target, new], new, threads=self._threads)
        self._write_hashes(period, known.hashes)
        self._rename(period, "ngrams")
        self._rename(period, "documents")
        self.periods = sorted({*self.periods, period})
        return known.hashes.size - before

    def _rename(self, period: int, suffix: str) -> None:
        self._path(period, _NEW + suffix).replace(self._path(period, suffix))

    def _complete(self, period: int) -> None:
        """Rename the hashes of a period if a process was killed when it had renamed the counts; remove what else it left."""
        new = self._path(period, f"{_NEW}documents")
        with suppress(InputError, OSError):  # there is none, it is damaged, or we may only read
            _, facts = read_arrays(new, _HASHES, "")
            if facts.get("fingerprint") == self._fingerprint(self._path(period, "ngrams")):
                self._rename(period, "documents")
        with suppress(OSError):
            new.unlink(missing_ok=True)
            self._path(period, f"{_NEW}ngrams").unlink(missing_ok=True)

    def _count(self, parts: Iterable[pa.LargeStringArray], output: Path) -> None:
        fold = batch_folder(self._script)
        batches = (fold(pa.RecordBatch.from_arrays([part], schema=_SCHEMA)) for part in parts)
        count_ngrams(pa.RecordBatchReader.from_batches(_SCHEMA, batches), ORDER, output=output, threads=self._threads)

    def words(self) -> pa.Table:
        """Return the words that are followed, in their order: word, score; score is null for words that were given."""
        if not self._words_file.exists():
            return _WORD_SCHEMA.empty_table()
        try:
            table = pq.read_table(self._words_file)
            table.validate(full=True)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(self._words_file) from error
        if not table.schema.equals(_WORD_SCHEMA):
            raise self._damaged(self._words_file)
        return table

    def follow(self, words: pa.Table) -> pa.Table:
        """Follow more words, with the larger of two scores, and return all."""
        both = pa.concat_tables([self.words(), words.select(["word", "score"]).cast(_WORD_SCHEMA)])
        merged = both.group_by("word").aggregate([("score", "max")]).rename_columns(["word", "score"]).sort_by("word")
        write_table(merged.cast(_WORD_SCHEMA), self._words_file)
        return merged

    @property
    def _words_file(self) -> Path:
        return self.folder / _WORDS

    def _path(self, period: int, suffix: str) -> Path:
        return self.folder / f"{label(period, self.by)}.{suffix}"

    def _hashes(self, period: int) -> NDArray[np.uint64]:
        """Return the hashes of the documents of a period, sorted."""
        path = self._path(period, "documents")
        arrays, facts = read_arrays(path, _HASHES, f"delete {path.with_suffix('.*')} and add its documents again")
        hashes = arrays.get("hashes")
        if hashes is None or hashes.dtype != np.uint64:
            raise self._damaged(path)
        for name, value in self._facts.items():
            if facts.get(name) != value:
                raise OptionError(f"{name}={value!r} does not fit {path}: there it is {facts.get(name)!r}; give that")
        counts = self.counts(period)
        if (counts.documents, f"{counts.totals.fingerprint:016x}") != (hashes.size, facts.get("fingerprint")):
            raise self._damaged(path)
        return hashes

    def _write_hashes(self, period: int, hashes: NDArray[np.uint64]) -> None:
        """Write the hashes of the documents that the new counts of a period have."""
        facts = {**self._facts, "fingerprint": self._fingerprint(self._path(period, f"{_NEW}ngrams"))}
        write_arrays(self._path(period, f"{_NEW}documents"), _HASHES, {"hashes": hashes}, facts)

    @staticmethod
    def _fingerprint(path: Path) -> str:
        return f"{read_counts(path).totals.fingerprint:016x}"

    def _damaged(self, path: Path) -> InputError:
        return InputError(f"{path}: is damaged; delete {path.with_suffix('.*')} and add its documents again")


@contextmanager
def locked(folder: str | Path, log: Callable[[str], object]) -> Iterator[None]:
    """Keep other processes out of a folder of counts; wait until they are out, and say so.

    Raises OutputError if it is no folder.
    """
    if fcntl is None:
        yield
        return
    try:
        Path(folder).mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{folder}: is no folder for counts ({error.strerror}); give another --counts") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"{folder}: another process is at work there; waiting until it ends")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


class _Known:
    """The hashes of documents that were seen, sorted."""

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self.hashes = hashes

    def fresh(self, texts: Iterable[pa.LargeStringArray]) -> Iterator[pa.LargeStringArray]:
        """Yield the documents that were not seen before, once each, and know them from then on; no array is empty."""
        for part in texts:
            hashes, first = np.unique(_hashes(part), return_index=True)
            new = ~np.isin(hashes, self.hashes, assume_unique=True)
            if new.any():
                self.hashes = np.union1d(self.hashes, hashes[new])
                yield part.take(pa.array(np.sort(first[new])))


def _hashes(texts: pa.LargeStringArray) -> NDArray[np.uint64]:
    """Return the hash of each text."""
    digests = (blake2b(text, digest_size=8).digest() for text in texts.cast(pa.large_binary()).to_pylist())
    return np.frombuffer(b"".join(digests), "<u8")


class PeriodTexts:
    """Texts by period while they are read: in memory up to `room` bytes, then in files in a folder."""

    def __init__(self, folder: Path, room: int) -> None:
        self._folder, self._room = folder, room
        self._held: dict[int, list[Any]] = {}
        self._bytes = 0
        self._files: dict[int, list[Path]] = {}

    @property
    def periods(self) -> list[int]:
        """Those of which there are texts, in order."""
        return sorted({*self._held, *self._files})

    def add(self, texts: pa.LargeStringArray, periods: NDArray[np.int64]) -> None:
        """Take texts and their periods, (N,); texts of nothing but white space are left out."""
        keep = pc.not_equal(pc.utf8_trim_whitespace(texts), "")
        texts, periods = texts.filter(keep), periods[np.asarray(keep)]
        order = np.argsort(periods, kind="stable")
        texts, periods = texts.take(pa.array(order)), periods[order]
        bounds = np.flatnonzero(np.diff(periods, prepend=periods[:1] - 1, append=periods[-1:] + 1))
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            self._held.setdefault(int(periods[start]), []).append(texts[start:stop])
        self._bytes += texts.nbytes
        if self._bytes > self._room:
            self._spill()

    def _spill(self) -> None:
        for period, parts in self._held.items():
            files = self._files.setdefault(period, [])
            path = self._folder / f"{period}.{len(files)}.arrow"
            write_table(pa.table({"text": pa.chunked_array(parts)}, schema=_SCHEMA), path)
            files.append(path)
        self._held, self._bytes = {}, 0

    def texts(self, period: int) -> Iterator[pa.LargeStringArray]:
        """Yield the texts of a period."""
        for path in self._files.get(period, []):
            with pa.memory_map(str(path)) as file:
                yield pa.ipc.open_file(file).read_all().column("text").combine_chunks()
        yield from self._held.get(period, [])

    def all_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the texts of all periods as record batches of `text`."""
        for period in self.periods:
            for part in self.texts(period):
                yield pa.RecordBatch.from_arrays([part], schema=_SCHEMA)


TEXT_SCHEMA = _SCHEMA
