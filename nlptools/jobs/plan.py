"""What a job has to do: which tasks run, and why. `plan_job` for people, before anything runs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlptools.errors import OptionError
from nlptools.jobs.records import Records, why
from nlptools.jobs.tasks import Task


@dataclass(frozen=True)
class Step:
    """A task of the plan. reason: why it runs; None: it is up to date. size: bytes of what it reads; None: not all known.

    waits: whether it runs only if a task before it makes something new.
    """

    task: Task
    reason: str | None
    size: int | None
    waits: bool = False


def plan_job(tasks: Sequence[Task], records: Records) -> list[Step]:
    """Return what would be done, in order; nothing is written."""
    steps: dict[Task, Step] = {}
    for task in tasks:
        running = [need for need in task.needs if need in steps and steps[need].reason]
        made_later = {source.name for source in task.sources if source.maker in running}
        reason = why(task, records, made_later)
        waits = reason is None and bool(running)
        if waits:
            reason = f"if {running[0].stage.name} makes something new"
        sizes = [None if source.name in made_later else records.size(source.name) for source in task.sources]
        known = [size for size in sizes if size is not None]
        steps[task] = Step(task, reason, sum(known) if len(known) == len(sizes) else None, waits)
    return list(steps.values())


def share_of(tasks: Sequence[Task], share: str | None) -> list[Task]:
    """Return part I of N ("I/N") of the shards, and what they need; None: all tasks.

    Raises OptionError if the share is none, or nothing has shards.
    """
    if share is None:
        return list(tasks)
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", share, re.ASCII)
    part, parts = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= parts:
        raise OptionError(f"task={share!r} cannot work: give I/N, task I of N, I from 1 to N, e.g. 3/10")
    if not any(task.shard is not None for task in tasks):
        raise OptionError(
            f'task={share!r} is for jobs whose stages have shards: add shards = "each" to one, or leave it out'
        )
    chosen: set[Task] = set()
    for task in reversed(tasks):
        if task in chosen or (task.shard is not None and task.number % parts == part - 1):
            chosen.update((task, *task.needs))
    return [task for task in tasks if task in chosen]
