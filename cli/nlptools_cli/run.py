"""`nlptools run`: a job of several stages, described in one file."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from nlptools.wording import counted
from nlptools_cli.corpus import known_records
from nlptools_cli.inputs import read_options
from nlptools_cli.interrupts import held
from nlptools_cli.messages import Messages, say
from nlptools_cli.options import Command, Option, quiet_option
from nlptools_cli.start_up import compiled_kernels
from nlptools_cli.table import clip, format_table

if TYPE_CHECKING:
    from nlptools.corpus import ReadOptions
    from nlptools.jobs.plan import Step


@click.command(cls=Command)
@click.argument("job", metavar="JOB")
@click.option(
    "--dry-run", is_flag=True, cls=Option, section="Job", help="Print what would be done, and why; do nothing."
)
@click.option(
    "--task",
    metavar="I/N",
    cls=Option,
    section="Job",
    help="Do only part I of N of the shards, and what they need. Other processes may do other parts at the same time; the "
    "same command without --task then does the rest.",
)
@click.option(
    "--engine",
    metavar="NAME",
    default="local",
    show_default=True,
    cls=Option,
    section="Job",
    help="Who does the work: local, this process; spark://HOST:PORT, local[N], yarn or another master of a Spark cluster; "
    "spark, the one that the environment names.",
)
@click.option(
    "--resume",
    is_flag=True,
    cls=Option,
    section="Job",
    help="Go on with a job that was begun; it is an error if there is none. Without it a job goes on, too.",
)
@click.option(
    "--log",
    "log_file",
    metavar="FILE",
    cls=Option,
    section="Job",
    help="Append all that happens to FILE, as JSON lines.",
)
@quiet_option("Print no messages but errors.")
def run(
    job: str, dry_run: bool, task: str | None, engine: str, resume: bool, log_file: str | None, quiet: bool
) -> None:
    """Run the stages of a job that are not up to date: count, find words, train, segment.

    JOB is a TOML file that names inputs and stages, each with the options of its command; it is checked whole before anything
    starts. A stage runs if its inputs, its options or the version have changed since. If the work is killed, the same command
    goes on where it was.

    \b
    Examples:
      nlptools run job.toml --dry-run
      nlptools run job.toml
      nlptools run job.toml --task 3/10
      nlptools run job.toml --log job.log.jsonl
    """
    started = perf_counter()
    log: Callable[[str], object] = (lambda _: None) if quiet else say
    with compiled_kernels((lambda _: None) if dry_run else log):
        with held():
            from nlptools.jobs.problems import JobFileError
            from nlptools.jobs.run import run_job

        try:
            done = run_job(
                job,
                task=task,
                engine=engine,
                dry_run=dry_run,
                resume=resume,
                log_file=log_file,
                log=log,
                watch=_watch(quiet),
                opener=_KnownCorpora(),
            )
        except JobFileError as error:
            for line in error.lines:
                say(f"nlptools: {line}")
            raise click.exceptions.Exit(2) from error
        if dry_run:
            click.echo(_plan(done.plan))
            raise click.exceptions.Exit(0)  # nothing was compiled
    tasks = f"{counted(len(done.ran), 'task')} done, {len(done.up_to_date):,} up to date"
    log(f"{job}: {tasks}; {done.manifest} tells all ({perf_counter() - started:.1f} s)")


class _KnownCorpora:
    """How stages read their inputs: as the commands do, which know some corpora."""

    def options(self, paths: Sequence[str], reading: Mapping[str, Any]) -> "ReadOptions":
        return read_options(tuple(paths), dict(reading))

    def records(self, paths: Sequence[str], reading: Mapping[str, Any], output: str) -> tuple[Any, dict[str, Any]]:
        from nlptools.corpus.table_files import CORPUS_FORMATS, output_format
        from nlptools_corpora import recognise

        options = {"text_column": None, "group_by": None, **reading}
        records, card = known_records(tuple(paths), options)
        if card is not None and options["text_column"] is None and output_format(output, CORPUS_FORMATS) != "txt":
            options["text_column"] = card.key_column(records.schema.names)
        return records, {**options, "recognise": recognise}


def _watch(quiet: bool) -> Any:
    @contextmanager
    def watch(name: str, size: int | None) -> Iterator[Callable[[int], object] | None]:
        with Messages(quiet, size) as messages:
            yield messages.progress

    return watch


def _plan(steps: "list[Step]") -> str:
    """Return the plan as a table; tasks of a stage with the same fate share a row."""
    from nlptools.memory import show_memory

    groups: dict[tuple[str, str, str], list[Step]] = {}
    for step in steps:
        what = "up to date" if step.reason is None else f"{'may run' if step.waits else 'runs'}: {step.reason}"
        key = (step.task.stage.name, step.task.stage.kind_name, what if step.task.shard is None else what.split(":")[0])
        groups.setdefault(key, []).append(step)
    rows = []
    for (stage, kind, _), group in groups.items():
        sizes = [step.size for step in group]
        known = [size for size in sizes if size is not None]
        told = "?" if not known else f"{'' if len(known) == len(sizes) else '≥ '}{show_memory(sum(known))}"
        reason, times = Counter(_fate(step) for step in group).most_common(1)[0]
        first = group[0].task.outputs[0]
        output = first if len(group) == 1 else f"{first}, … {group[-1].task.outputs[0]}"
        more = "" if times == len(group) else f" ({times} of {len(group)})"
        rows.append([stage, kind, str(len(group)), told, clip(output, 50), f"{reason}{more}"])
    header = ["stage", "kind", "tasks", "reads", "writes", "what"]
    return format_table(header, rows, "<<>><<")


def _fate(step: "Step") -> str:
    if step.reason is None:
        return "up to date"
    return f"{'may run, ' if step.waits else 'runs: '}{step.reason}"
