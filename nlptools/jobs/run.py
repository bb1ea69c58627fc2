"""`run_job`: the stages of running a job, in order. The start of all reading."""

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from nlptools.errors import InputError, NlptoolsError, OptionError
from nlptools.jobs.engines import LOCAL, Engine, EngineError, check_engine
from nlptools.jobs.job_file import Job, is_remote, read_job
from nlptools.jobs.journal import Journal, now
from nlptools.jobs.peak import forget_peak, peak_memory
from nlptools.jobs.plan import Step, plan_job, share_of
from nlptools.jobs.records import Record, Records, recorded_options, why
from nlptools.jobs.stages import Done, Opener, PlainOpener, Work
from nlptools.jobs.tasks import Task, make_tasks
from nlptools.memory import show_memory
from nlptools.version import __version__
from nlptools.wording import counted

Log = Callable[[str], object]
Watch = Callable[[str, int | None], AbstractContextManager[Callable[[int], object] | None]]


@dataclass(frozen=True)
class JobResult:
    """What a job has done. plan: all tasks as they were found; ran, up_to_date: names of tasks; manifest: where it is told."""

    plan: list[Step]
    ran: list[str]
    up_to_date: list[str]
    manifest: Path


def run_job(
    path: str | Path,
    *,
    task: str | None = None,
    engine: str = LOCAL,
    dry_run: bool = False,
    resume: bool = False,
    log_file: str | Path | None = None,
    log: Log | None = None,
    watch: Watch | None = None,
    opener: Opener | None = None,
) -> JobResult:
    """Run the stages of a job file that are not up to date; the file is checked whole before anything starts.

    path: a TOML file; docs/jobs.md describes it. Relative paths in it begin at its folder.
    task: "I/N": only part I of N of the shards, and what these need; other processes may do other parts at the same time.
    engine: "local", or the master of a Spark cluster; "spark" for the one that the environment names.
    dry_run: only return the plan. resume: go on with a job that was begun; it is an error if there is none.
    log_file: append a JSON line for each event. log: called with a line for each task.
    watch: called with the name of a task and the bytes that it reads; gives a context manager, which gives what is called
        with the number of bytes read since its last call, or None. opener: how inputs are read; default: as `open_corpus` does.

    A task that fails does not keep others from running that do not need it; an engine that cannot be started ends the job.
    What is done stays, and the next call goes on.
    Raises JobFileError for all that is wrong with the job file, OptionError, InputError or OutputError if a task fails.
    """
    log = log or (lambda _: None)
    check_engine(engine)
    job = read_job(path)
    tasks = make_tasks(job)
    job.check()
    chosen = share_of(tasks, task)
    records = Records(job)
    if resume and not any(records.read(one) for one in tasks):
        raise InputError(f"{path}: nothing of this job was done yet; leave --resume out to begin it")
    plan = plan_job(chosen, records)
    if dry_run:
        return JobResult(plan, [], [], records.manifest)
    with Journal(log_file) as journal, Engine(engine) as chosen_engine:
        journal.write("job began", job=str(path), version=__version__, engine=engine, share=task, tasks=len(chosen))
        run = _Run(job, records, chosen_engine, journal, log, watch or _unwatched, opener or PlainOpener())
        try:
            run.all(chosen)
        finally:
            if records.folder.exists():
                records.write_manifest(tasks)
        journal.write("job ended", ran=len(run.ran), up_to_date=len(run.up_to_date), failed=len(run.failed))
    run.check()
    return JobResult(plan, run.ran, run.up_to_date, records.manifest)


def _unwatched(name: str, size: int | None) -> AbstractContextManager[None]:
    return nullcontext()


class _Run:
    """A job on its way. failed: tasks that failed, or need one that did, each with why."""

    def __init__(
        self, job: Job, records: Records, engine: Engine, journal: Journal, log: Log, watch: Watch, opener: Opener
    ) -> None:
        self.ran: list[str] = []
        self.up_to_date: list[str] = []
        self.failed: dict[Task, NlptoolsError] = {}
        self._waiting: set[Task] = set()
        self._job = job
        self._records = records
        self._engine = engine
        self._journal = journal
        self._log = log
        self._watch = watch
        self._opener = opener

    def all(self, tasks: Sequence[Task]) -> None:
        """Run tasks, each behind those that it needs. Raises EngineError at once."""
        for task in tasks:
            if any(need in self.failed or need in self._waiting for need in task.needs):
                self._waiting.add(task)
                continue
            try:
                self._one(task)
            except NlptoolsError as error:
                self._journal.write("task failed", task=str(task), error=str(error))
                if isinstance(error, EngineError):
                    raise
                self.failed[task] = error
                self._log(f"{task}: failed: {error}")

    def check(self) -> None:
        """Raise what went wrong."""
        for task, error in self.failed.items():
            if len(self.failed) == 1 and not self._waiting:
                raise type(error)(f"{task}: {error}")
            waiting = f", and {len(self._waiting)} need what they make" if self._waiting else ""
            raise type(error)(
                f"{self._job.path}: {counted(len(self.failed), 'task')} failed{waiting}: "
                f"{task}: {error}; what is done stays, and the same command goes on from there"
            )

    def _one(self, task: Task) -> None:
        """Run a task if it is not up to date. Another process that runs it is waited for."""
        with self._records.locked(task.record_name, lambda: self._log(f"{task}: another process runs it; waiting")):
            reason = why(task, self._records)
            if reason is None:
                self.up_to_date.append(str(task))
                if task.shard is None:  # of shards there may be thousands
                    self._log(f"{task}: {task.outputs[0]} is up to date")
                self._journal.write("task up to date", task=str(task))
                return
            self._journal.write("task began", task=str(task), reason=reason)
            self._run(task, reason)

    def _run(self, task: Task, reason: str) -> None:
        inputs = [self._records.state(source.name) for source in task.sources]
        self._make_folders(task)
        forget_peak()
        began, start = now(), perf_counter()
        size = None if any(is_remote(file.name) for file in inputs) else sum(file.size for file in inputs)
        with self._watch(str(task), size) as progress:
            done = self._engine.run(task, self._work(task, progress))
        seconds, peak = perf_counter() - start, peak_memory()
        if inputs != [self._records.state(source.name) for source in task.sources]:
            raise InputError("an input changed while it was read; run the job again when nobody writes to it")
        written = [
            name for name in task.outputs if self._records.size(name) is not None
        ]  # of counts there are no rejects
        outputs = [self._records.state(name) for name in written]
        run = {
            "reason": reason,
            "result": done.summary,
            "rejected": done.rejected,
            "left_out": list(done.left_out),
            "began": began,
            "seconds": round(seconds, 3),
            "peak_memory": peak,
            "host": socket.gethostname(),
            "processors": os.cpu_count(),
            "given": {name: value for name, value in task.options.items() if name in task.stage.kind.machine},
        }
        name = self._engine.name
        kind = task.stage.kind_name
        record = Record(str(task), kind, __version__, name, recorded_options(task), inputs, outputs, run)
        self._records.write(task, record)
        self.ran.append(str(task))
        self._tell(task, done, seconds, peak)

    def _tell(self, task: Task, done: Done, seconds: float, peak: int | None) -> None:
        facts = {"result": done.summary, "rejected": done.rejected, "left_out": list(done.left_out)}
        self._journal.write("task done", task=str(task), **facts, seconds=round(seconds, 3), peak_memory=peak)
        for line in ([done.rejected] if done.rejected else []) + [f"left out: {line}" for line in done.left_out]:
            self._log(f"{task}: {line}")
        memory = "" if peak is None else f", {show_memory(peak)}"
        self._log(f"{task}: {done.summary} in {', '.join(task.outputs)} ({seconds:.1f} s{memory})")

    def _work(self, task: Task, progress: Callable[[int], object] | None) -> Work:
        """Return what the stage is given: the task, with paths in place of names."""
        kind, place = task.stage.kind, self._job.place
        named = {*kind.files, *kind.all_written}

        def placed(name: str, value: Any) -> Any:
            if name not in named or value == "jieba":
                return value
            return place(value) if isinstance(value, str) else tuple(map(place, value))

        def log(line: str) -> None:
            self._journal.write("message", task=str(task), text=line)

        return Work(
            [place(source.name) for source in task.inputs],
            place(task.outputs[0]),
            {name: placed(name, value) for name, value in task.reading.items()},
            {name: placed(name, value) for name, value in task.options.items()},
            self._opener,
            progress,
            log,
        )

    def _make_folders(self, task: Task) -> None:
        for name in task.outputs:
            folder = Path(self._job.place(name)).parent
            if is_remote(name):
                continue
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OptionError(
                    f"{name}: the folder {folder} cannot be made ({error.strerror}); give another"
                ) from error
