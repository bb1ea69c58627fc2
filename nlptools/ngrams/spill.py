"""Sorted runs on disk, and a journal of them, so that a count that was killed goes on where it was."""

import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from nlptools.corpus import check_place
from nlptools.errors import InputError, OutputError
from nlptools.ngrams.count_file import NOTHING, CountReader, Totals, write_counts
from nlptools.ngrams.counts import NgramCounts, read_counts
from nlptools.ngrams.rows import Layout, Rows

try:
    import fcntl
except ImportError:  # no Unix: then two processes with one output are not kept apart
    fcntl = None  # type: ignore[assignment]

_OURS = re.compile(r"lock|journal\.(jsonl|new)|result\.ngrams|(run|merged)-[-\d]+\.ngrams")
"""The names of what a process may leave in the folder."""


@dataclass(frozen=True)
class Run:
    """A count file of some documents of the corpus, those behind the run before."""

    path: Path
    totals: Totals


class Spill:
    """A folder for the runs and for the result while it is made; a context manager.

    output: where the result goes; the folder then lies beside it ("counts.ngrams.partial"), and if `key` is not None its
    runs stay when the work fails or is killed, for the next one with the same output and key. None: a temporary folder.
    key: names the input, the options and the version. log: told that runs stay.

    runs: those there are. complete: whether they hold the whole corpus.
    """

    def __init__(self, output: str | Path | None, key: str | None, log: Callable[[str], object]) -> None:
        self.runs: list[Run] = []
        self.complete = False
        self._output = None if output is None else Path(output)
        self._key = key
        self._log = log
        self._lock: IO[bytes] | None = None
        self._journal: IO[str] | None = None

    def __enter__(self) -> "Spill":
        self.folder = self._place()
        try:
            with self._telling(self.folder):
                if self._output is not None:
                    self.folder.mkdir(exist_ok=True)
                    self._lock_folder()
                    self._take_over()
                self._begin_journal()
        except BaseException:
            self._close(failed=True)
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._close(failed=kind is not None)

    def _place(self) -> Path:
        if self._output is None:
            with self._telling(tempfile.gettempdir()):
                return Path(tempfile.mkdtemp(prefix="nlptools-"))
        check_place(self._output)
        target = self._output.resolve()
        return target.with_name(target.name + ".partial")

    def _close(self, failed: bool) -> None:
        """Remove the folder, but leave the runs of work that failed to the next one."""
        if self._journal is not None:
            with suppress(OSError):  # of a line that could not be written, which was told then
                self._journal.close()
        if self._output is not None and self._lock is None:  # it failed, or was interrupted, before that
            with suppress(OSError, OutputError):
                self._lock_folder()
        stay = failed and self._key is not None and self._output is not None and bool(self.runs)
        if self._output is None or self._lock is not None:
            with suppress(OSError):
                self._remove_files(but_runs=stay)
                if not stay:
                    self.folder.rmdir()  # if there is nothing else in it
        if self._lock is not None:
            self._lock.close()
        if stay:
            self._log(f"runs: {len(self.runs)} stay in {self.folder.name}: the same command will go on from there")

    @property
    def totals(self) -> Totals:
        """What the runs hold."""
        return sum((run.totals for run in self.runs), NOTHING)

    def write(self, name: str, layout: Layout, totals: Totals, rows: Iterable[Rows], to_disk: bool = False) -> Path:
        """Write a count file into the folder; to_disk: see to it that it is on disk."""
        path = self.folder / name
        with self._telling(self.folder):
            write_counts(path, layout, totals, rows, to_disk)
        return path

    def add(self, layout: Layout, rows: Rows, totals: Totals) -> None:
        """Write a run and put it into the journal."""
        run = Run(self.write(f"run-{len(self.runs)}.ngrams", layout, totals, [rows]), totals)
        with self._telling(self.folder):
            self._write_line(asdict(totals))
        self.runs.append(run)

    def finish(self) -> None:
        """Say that the runs hold the whole corpus."""
        with self._telling(self.folder):
            self._write_line({"complete": True})

    def forget(self) -> None:
        """Do not keep the runs: they are of no use to the next one."""
        self._key = None

    def write_result(self, layout: Layout, totals: Totals, rows: Iterable[Rows]) -> NgramCounts:
        """Write the result, flush it to disk, give it its real name if it has one, and return it mapped into memory."""
        path = self.write("result.ngrams", layout, totals, rows, to_disk=True)
        if self._output is None:
            return read_counts(path)  # which may be removed then: the mapping holds it
        target = self._output.resolve()
        with self._telling(target):
            if target.exists():
                path.chmod(stat.S_IMODE(target.stat().st_mode))
            path.replace(target)
        return read_counts(target)

    def _remove_files(self, but_runs: bool) -> None:
        """Remove what is ours from the folder, and nothing else."""
        kept = {"lock", "journal.jsonl", *(run.path.name for run in self.runs)} if but_runs else set()
        for file in self.folder.iterdir():
            if _OURS.fullmatch(file.name) and file.name not in kept:
                file.unlink()

    def _lock_folder(self) -> None:
        """Lock the folder; raise OutputError if another process has it."""
        with ExitStack() as stack:
            lock = stack.enter_context((self.folder / "lock").open("ab"))
            if _is_locked(lock):
                raise OutputError(f"{self._output}: another process is writing it; wait for it, or give another name")
            self._lock = lock
            stack.pop_all()

    def _take_over(self) -> None:
        """Take over the whole runs of an earlier process; remove the rest."""
        lines = self._journal_lines()
        if self._key is not None and lines and lines[0] == {"key": self._key}:
            for line in lines[1:]:
                if line == {"complete": True}:
                    self.complete = True
                    break
                run = _whole_run(self.folder / f"run-{len(self.runs)}.ngrams", line)
                if run is None:
                    break
                self.runs.append(run)
        self._remove_files(but_runs=True)

    def _journal_lines(self) -> list[Any]:
        """Return the lines of the journal, up to one that a crash cut off."""
        lines = []
        with suppress(OSError, ValueError), (self.folder / "journal.jsonl").open("rb") as journal:
            for line in journal:
                lines.append(json.loads(line))
        return lines

    def _begin_journal(self) -> None:
        """Begin a journal of what there is, and put it in the place of an older one."""
        path = self.folder / "journal.new"
        self._journal = path.open("w", encoding="utf-8")
        self._write_line({"key": self._key})
        for run in self.runs:
            self._write_line(asdict(run.totals))
        if self.complete:
            self.finish()
        path.replace(self.folder / "journal.jsonl")

    def _write_line(self, line: dict[str, Any]) -> None:
        assert self._journal is not None  # noqa: S101  # for the type checker: it is open between enter and exit
        self._journal.write(json.dumps(line) + "\n")
        self._journal.flush()

    @contextmanager
    def _telling(self, place: str | Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{place}: cannot be written ({error.strerror or error}); make room or give another place"
            ) from error


def _is_locked(file: IO[bytes]) -> bool:
    """Lock a file; return whether another process has done so."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # any other: this file system knows no locks
        return isinstance(error, BlockingIOError)
    return os.fstat(file.fileno()).st_nlink == 0  # the other one has just removed it


def _whole_run(path: Path, line: Any) -> Run | None:
    """Return the run that a line of the journal tells of, if it is on disk as it was written.

    It need not be: runs are not flushed to disk, so that no work waits for them.
    """
    try:
        run = Run(path, Totals(**line))
        with closing(CountReader(path)) as reader:
            for _ in reader:  # which are checked
                pass
            return run if reader.totals == run.totals else None
    except (InputError, TypeError):
        return None
