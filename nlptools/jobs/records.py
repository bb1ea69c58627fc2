"""What was done, and of what: a small file for each task, and the manifest made of them.

A task is up to date if its record tells the same version, options and inputs, and its outputs are what it wrote. Files are
compared by size and time of change; where only the time differs, by their content. So a stage is not run again because a
file was copied or touched, or because a stage before it made the same bytes once more.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from nlptools.corpus.writing import atomic_file
from nlptools.errors import InputError, OutputError
from nlptools.jobs.job_file import Job, is_remote
from nlptools.jobs.tasks import Task
from nlptools.version import __version__

try:
    import fcntl
except ImportError:  # no Unix: then two processes with one job are not kept apart
    fcntl = None  # type: ignore[assignment]

_RECORD = "job record 1"
_MANIFEST = "job manifest 1"


@dataclass(frozen=True)
class FileState:
    """A file as it was read or written. modified: in nanoseconds; digest: BLAKE2b of the content, 128 bits, hexadecimal."""

    name: str
    size: int
    modified: int
    digest: str


@dataclass(frozen=True)
class Record:
    """What is known of a task that was done."""

    task: str
    kind: str
    version: str
    engine: str
    options: Mapping[str, Any]
    inputs: Sequence[FileState]
    outputs: Sequence[FileState]
    run: Mapping[str, Any] = field(default_factory=dict)  # when, how long, where, how much memory, what it told

    @property
    def fingerprint(self) -> str:
        """Return what is equal for equal work: version, kind, options, names and contents of inputs."""
        told = [self.version, self.kind, self.options, [(file.name, file.digest) for file in self.inputs]]
        return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


class Records:
    """The records of a job, in the folder beside it ("job.records")."""

    def __init__(self, job: Job) -> None:
        self.folder = job.path.with_suffix(".records")
        self.manifest = job.path.with_suffix(".manifest.json")
        self._job = job
        self._digests: dict[tuple[str, int, int], str] = {}

    def read(self, task: Task) -> Record | None:
        """Return the record of a task; None if there is none that can be read."""
        try:
            told = json.loads((self.folder / f"{task.record_name}.json").read_text(encoding="utf-8"))
            if told.pop("nlptools") != _RECORD or told.pop("fingerprint") is None or told["task"] != str(task):
                return None
            for key in ("inputs", "outputs"):
                told[key] = [FileState(**file) for file in told[key]]
            record = Record(**told)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        files = (*record.inputs, *record.outputs)
        if not all(isinstance(told, dict) for told in (record.options, record.run)) or not all(map(_is_whole, files)):
            return None
        for file in files:
            self._digests.setdefault((file.name, file.size, file.modified), file.digest)
        return record

    def write(self, task: Task, record: Record) -> None:
        """Keep a record."""
        told = {"nlptools": _RECORD, "fingerprint": record.fingerprint, **asdict(record)}
        _write_json(self.folder / f"{task.record_name}.json", told)

    def state(self, name: str) -> FileState:
        """Return what a file is like now; of one on another system only its name is known.

        Raises InputError if it cannot be read, or changes meanwhile.
        """
        if is_remote(name):
            return FileState(name, 0, 0, "")
        path = self._job.place(name)
        try:
            size, modified = self._measure(path)
            digest = self._digests.get((name, size, modified))
            if digest is None:
                with open(path, "rb") as file:  # noqa: PTH123
                    digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
                if self._measure(path) != (size, modified):
                    raise InputError(f"{path}: changed while it was read; run again when nobody writes to it")
                self._digests[name, size, modified] = digest
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); check the file, and run again") from error
        return FileState(name, size, modified, digest)

    def size(self, name: str) -> int | None:
        """Return how many bytes a file has; None if it is not there."""
        try:
            return self._measure(self._job.place(name))[0]
        except OSError:
            return None

    def is_same(self, known: FileState) -> bool:
        """Say whether a file is what it was."""
        try:
            size, modified = self._measure(self._job.place(known.name))
            return size == known.size and (modified == known.modified or self.state(known.name).digest == known.digest)
        except (OSError, InputError):
            return False

    @staticmethod
    def _measure(path: str) -> tuple[int, int]:
        found = os.stat(path)  # noqa: PTH116
        return found.st_size, found.st_mtime_ns

    @contextmanager
    def locked(self, name: str, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Keep other processes out of the block; wait until they are out. The lock goes with the process."""
        with _said(self.folder):
            self.folder.mkdir(exist_ok=True)
            file = (self.folder / f"{name}.lock").open("ab")
        with file:
            _lock(file, on_wait)
            yield

    def write_manifest(self, tasks: Iterable[Task]) -> None:
        """Write all records of the job as one file for people and programs."""
        with self.locked("manifest"):
            records = [(task, self.read(task)) for task in tasks]
            told = {
                "nlptools": _MANIFEST,
                "job": self._job.path.name,
                "versions": versions(),
                "tasks": [
                    {"task": str(task), "done": False}
                    if record is None
                    else {"done": True, "fingerprint": record.fingerprint, **asdict(record)}
                    for task, record in records
                ],
            }
            _write_json(self.manifest, told)


def _is_whole(file: FileState) -> bool:
    return tuple(map(type, asdict(file).values())) == (str, int, int, str)


def why(task: Task, records: Records, made_later: Collection[str] = ()) -> str | None:
    """Return why a task has to be run; None if it is up to date. made_later: inputs that are not looked at."""
    record = records.read(task)
    if record is None:
        return "was not run before"
    if record.version != __version__:
        return f"was made by version {record.version}"
    if record.run.get("left_out"):
        return "had to leave out what it could not read"
    return (
        _other_options(task, record) or _other_inputs(task, record, records, made_later) or _lost(task, record, records)
    )


def _other_options(task: Task, record: Record) -> str | None:
    if record.kind != task.stage.kind_name:
        return f"kind was {record.kind}"
    options = recorded_options(task)
    for name in sorted({*options, *record.options}):
        if options.get(name) != record.options.get(name):
            return f"{name} was {json.dumps(record.options.get(name), ensure_ascii=False)}"
    return None


def _other_inputs(task: Task, record: Record, records: Records, made_later: Collection[str]) -> str | None:
    if [source.name for source in task.sources] != [file.name for file in record.inputs]:
        return "has other inputs"
    for file in record.inputs:
        if is_remote(file.name):
            return f"nobody knows whether {file.name} has changed"
        if file.name not in made_later and not records.is_same(file):
            return f"{file.name} has changed"
    return None


def _lost(task: Task, record: Record, records: Records) -> str | None:
    """Return which output is no longer what the task wrote."""
    if task.outputs[0] not in [file.name for file in record.outputs]:
        return f"did not write {task.outputs[0]} before"
    for file in record.outputs:
        if is_remote(file.name):
            return f"nobody knows whether {file.name} is there"
        if records.size(file.name) is None:
            return f"{file.name} is missing"
        if not records.is_same(file):
            return f"{file.name} is not as it was written"
    return None


def recorded_options(task: Task) -> dict[str, Any]:
    """Return the options of a task that matter to its result, as JSON has them."""
    machine = task.stage.kind.machine
    options = {name: value for name, value in task.complete_options.items() if name not in machine}
    return dict(json.loads(json.dumps(options, default=str)))


def versions() -> dict[str, str]:
    """Return what the job was run with."""
    import platform
    from importlib.metadata import version

    packages = {name: version(name) for name in ("numpy", "numba", "pyarrow")}
    return {"nlptools": __version__, "python": platform.python_version(), **packages, "system": platform.platform()}


def _write_json(path: Path, told: Mapping[str, Any]) -> None:
    text = json.dumps(told, ensure_ascii=False, indent=1, default=str) + "\n"
    with _said(path.parent):
        path.parent.mkdir(exist_ok=True)
    with atomic_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def _lock(file: IO[bytes], on_wait: Callable[[], object]) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # a file system without locks
        return


@contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); make room, or free the name") from error
