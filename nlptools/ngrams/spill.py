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
from typing import Any

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

    def __enter__(self) -> "Spill":
        with ExitStack() as stack:
            if self._output is None:
                with self._telling(tempfile.gettempdir()):
                    self.folder = Path(tempfile.mkdtemp(prefix="nlptools-"))
                stack.push(self._leave)
            else:
                check_place(self._output)
                target = self._output.resolve()
                self.folder = target.with_name(target.name + ".partial")
                with self._telling(self.folder):
                    self.folder.mkdir(exist_ok=True)
                    self._lock(stack)
                    stack.push(self._leave)
                    self._take_over()
            with self._telling(self.folder):
                self._begin_journal(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

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

    def _leave(self, kind: object, *_: object) -> None:
        """Remove the folder, but leave the runs of work that failed to the next one."""
        stay = kind is not None and self._key is not None and self._output is not None and bool(self.runs)
        with suppress(OSError):
            self._remove_files(but_runs=stay)
            if not stay:
                self.folder.rmdir()  # if there is nothing else in it
        if stay:
            self._log(f"runs: {len(self.runs)} stay in {self.folder.name}: the same command will go on from there")

    def _remove_files(self, but_runs: bool) -> None:
        """Remove what is ours from the folder, and nothing else."""
        kept = {"lock", "journal.jsonl", *(run.path.name for run in self.runs)} if but_runs else set()
        for file in self.folder.iterdir():
            if _OURS.fullmatch(file.name) and file.name not in kept:
                file.unlink()

    def _lock(self, stack: ExitStack) -> None:
        """Lock the folder; raise OutputError if another process has it."""
        lock = stack.enter_context((self.folder / "lock").open("ab"))
        if fcntl is None:
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            busy = os.fstat(lock.fileno()).st_nlink == 0  # the other one has just removed it
        except OSError as error:  # else this file system knows no locks
            busy = isinstance(error, BlockingIOError)
        if busy:
            raise OutputError(f"{self._output}: another process is writing it; wait for it, or give another name")

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

    def _begin_journal(self, stack: ExitStack) -> None:
        """Begin a journal of what there is, and put it in the place of an older one."""
        path = self.folder / "journal.new"
        self._journal = path.open("w", encoding="utf-8")
        stack.callback(self._close_journal)
        self._write_line({"key": self._key})
        for run in self.runs:
            self._write_line(asdict(run.totals))
        if self.complete:
            self.finish()
        path.replace(self.folder / "journal.jsonl")

    def _write_line(self, line: dict[str, Any]) -> None:
        self._journal.write(json.dumps(line) + "\n")
        self._journal.flush()

    def _close_journal(self) -> None:
        with suppress(OSError):  # of a line that could not be written, which was told then
            self._journal.close()

    @contextmanager
    def _telling(self, place: str | Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{place}: cannot be written ({error.strerror or error}); make room or give another place"
            ) from error


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
