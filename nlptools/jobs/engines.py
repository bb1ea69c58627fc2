"""Who does the work of a stage: this process, or Spark."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nlptools.corpus import write_table
from nlptools.corpus.reading import ReadReport
from nlptools.errors import InputError, OptionError
from nlptools.jobs.job_file import is_remote
from nlptools.jobs.stages import Done, Work
from nlptools.jobs.tasks import Task
from nlptools.ngrams.output import is_count_file
from nlptools.wording import counted

LOCAL = "local"

_MASTER = re.compile(r"spark|yarn|local\[[^\]]+\]|local-cluster\[[^\]]+\]|(spark|k8s)://.+")


class EngineError(OptionError):
    """An engine that cannot be started; no other task can use it either."""


def check_engine(name: str) -> None:
    """Raise OptionError if there is no engine of that name."""
    if name != LOCAL and not _MASTER.fullmatch(name):
        raise OptionError(f"engine={name!r} cannot work: give local, local[N], spark://HOST:PORT, yarn or spark")


class Engine:
    """Runs stages in this process, or in Spark those that it can; a context manager.

    name: "local", or the master of a Spark cluster ("spark://HOST:PORT", "local[N]", "yarn"), or "spark" for the one that the
    environment names.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._session: Any = None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            with suppress(Exception):  # the cluster may be gone
                self._session.stop()

    def run(self, task: Task, work: Work) -> Done:
        """Do a task. Raises what the library raises, and EngineError if Spark cannot be started."""
        on_spark = None if self.name == LOCAL else _ON_SPARK.get(task.stage.kind_name)
        if on_spark is not None and on_spark.suits(work):
            return on_spark.run(self._spark(), work)
        for path in (*work.inputs, work.output):
            if is_remote(path):
                raise InputError(
                    f"{path}: only Spark reads this, and only in stages {', '.join(_ON_SPARK)}; "
                    "give --engine, or a file of this machine"
                )
        return task.stage.kind.run(work)

    def _spark(self) -> Any:
        if self._session is None:
            from nlptools.jobs.spark import start_spark

            try:
                self._session = start_spark(None if self.name == "spark" else self.name)
            except OptionError as error:
                raise EngineError(str(error)) from error
        return self._session


@dataclass(frozen=True)
class _OnSpark:
    """A stage in Spark. suits: whether Spark can do it with these options; else this process does."""

    run: Callable[[Any, Work], Done]
    suits: Callable[[Work], bool]


def _count(session: Any, work: Work) -> Done:
    from nlptools.jobs.spark import count_ngrams

    options = work.others("threads")
    return _done(count_ngrams(session, work.inputs, work.output, reading=work.read_options, log=work.log, **options))


def _newwords(session: Any, work: Work) -> Done:
    from nlptools.jobs.spark import find_new_words

    table, outcome = find_new_words(session, work.inputs, reading=work.read_options, log=work.log, **work.options)
    write_table(table, work.output)
    return _done(outcome, counted(table.num_rows, "word"))


def _segment(session: Any, work: Work) -> Done:
    from nlptools.jobs.spark import segment

    options = work.others("model", "threads")
    model, reading = work.options["model"], work.read_options
    return _done(segment(session, model, work.inputs, work.output, reading=reading, log=work.log, **options))


def _done(outcome: Any, summary: str | None = None) -> Done:
    report: ReadReport = outcome.report
    rejected = report.summary() if report.rejected else None
    return Done(summary or counted(report.documents, "document"), rejected, outcome.left_out)


def _keeps_no_rejects(work: Work) -> bool:
    return "rejects" not in work.reading


def _are_texts(work: Work) -> bool:
    return not any(map(is_count_file, work.inputs)) and "left_out" not in work.options


_ON_SPARK = {
    "count": _OnSpark(_count, lambda work: _keeps_no_rejects(work) and is_count_file(work.output)),
    "newwords": _OnSpark(_newwords, lambda work: _keeps_no_rejects(work) and _are_texts(work)),
    "segment run": _OnSpark(_segment, lambda work: _keeps_no_rejects(work) and work.output.lower().endswith(".txt")),
}
