"""Stages as tasks: `make_tasks`. Who makes what somebody needs, in which order, and what is missing."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from hashlib import blake2b
from heapq import heappop, heappush
from pathlib import Path, PurePath
from typing import Any

from nlptools.corpus.paths import FORMATS, expand, name_parts, tells_format
from nlptools.corpus.writing import check_place
from nlptools.errors import InputError, NlptoolsError
from nlptools.jobs.job_file import SHARD, Job, Stage, is_remote
from nlptools.jobs.kinds import READING


@dataclass(frozen=True)
class Source:
    """A file that a task reads: its name, and the task that makes it, None if nobody does."""

    name: str
    maker: "Task | None" = None


@dataclass(frozen=True, eq=False)
class Task:
    """A stage, or its work on one shard. shard: its name, None without shards; number: of the shard, from 0.

    inputs: what it reads; files: other files that it reads; outputs: what it writes, first its output. options, reading:
    as for the stage, with files in place of stages. All names are as in the job file: relative to its folder.
    """

    stage: Stage
    shard: str | None
    number: int
    inputs: tuple[Source, ...]
    files: tuple[Source, ...]
    outputs: tuple[str, ...]
    options: Mapping[str, Any]
    reading: Mapping[str, Any]

    def __str__(self) -> str:
        return self.stage.name if self.shard is None else f"{self.stage.name}[{self.shard}]"

    @property
    def sources(self) -> tuple[Source, ...]:
        """Everything it reads."""
        return self.inputs + self.files

    @cached_property
    def needs(self) -> list["Task"]:
        """The tasks that make what it reads."""
        return list(dict.fromkeys(source.maker for source in self.sources if source.maker is not None))

    @cached_property
    def record_name(self) -> str:
        """The name of its record, without suffix; safe as the name of a file."""
        if self.shard is None:
            return self.stage.name
        digest = blake2b(os.fsencode(self.shard), digest_size=6).hexdigest()
        return f"{self.stage.name}@{digest}"

    @property
    def complete_options(self) -> dict[str, Any]:
        """All options, with their defaults."""
        reading = {name: parameter.default for name, parameter in READING.items()} if self.stage.kind.reads else {}
        return {**reading, **self.reading, **self.stage.kind.complete(self.options)}


def make_tasks(job: Job) -> list[Task]:
    """Return the tasks of a job, each behind those that it needs; what is wrong is added to the problems of the job."""
    resolver = _Resolver(job)
    tasks: dict[str, list[Task]] = {}
    for stage in _in_order(job, resolver):
        tasks[stage.name] = _tasks_of(job, stage, resolver, tasks)
    found = [task for some in tasks.values() for task in some]
    _check_places(job, found)
    return found


class _Resolver:
    """Finds out what names in a job stand for."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._makers = {
            key_of(job.place(path)): (stage.name, key)
            for stage in reversed(job.stages.values())
            for key, path in stage.written.items()
        }
        for broken, texts in job.broken.items():
            self._makers.update({key_of(job.place(text)): (broken, "output") for text in texts})

    def maker(self, name: str) -> tuple[str, str] | None:
        """Return the stage that a name stands for, and which of its outputs; None if it is something else."""
        if name in self._job.stages or name in self._job.broken:
            return name, "output"
        return None if is_remote(name) else self._makers.get(key_of(self._job.place(name)))

    def needed(self, stage: Stage) -> list[str]:
        """Return the names of stages that a stage needs."""
        names = [*stage.inputs, *(name for option in stage.kind.files for name in _file_names(stage, option))]
        files = (file for name in names for file in self._job.files_of(name))
        return [maker[0] for maker in map(self.maker, files) if maker is not None]


def _file_names(stage: Stage, option: str) -> tuple[str, ...]:
    """Return what an option names that files are given to."""
    given = stage.options.get(option, ())
    names = (given,) if isinstance(given, str) else tuple(given)
    return () if (option, *names) == ("segmenter", "jieba") else names  # which is no file


def _in_order(job: Job, resolver: _Resolver) -> list[Stage]:
    """Return the stages in the order of the file, but each behind those that it needs; notes cycles."""
    needed = {name: resolver.needed(stage) for name, stage in job.stages.items()}
    _note_cycles(job, needed)
    sorter = TopologicalSorter(needed)
    sorter.prepare()
    places = {name: place for place, name in enumerate(job.stages)}
    ready: list[tuple[int, str]] = []
    order: list[Stage] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (places.get(name, 0), name))
        _, name = heappop(ready)
        if name not in job.broken:
            order.append(job.stages[name])
        sorter.done(name)
    return order


def _note_cycles(job: Job, needed: dict[str, list[str]]) -> None:
    """Note stages that need each other; then they are broken, and need nothing."""
    while True:
        try:
            TopologicalSorter(needed).prepare()
        except CycleError as error:
            circle = error.args[1][::-1]  # each needs the next; the first is at the end again
            way = " needs ".join(circle)
            what = "what it makes itself" if len(circle) == 2 else f"what needs it: {way}"
            first = min((job.stages[name] for name in circle), key=lambda stage: stage.line)
            job.add(first.line, f"{first.name} needs {what}; name other inputs")
            for name in circle:
                job.broken[name] = set()
                needed[name] = []
        else:
            return


def _tasks_of(job: Job, stage: Stage, resolver: _Resolver, tasks: Mapping[str, list[Task]]) -> list[Task]:
    """Return the tasks of a stage, given those of all that it needs; what is missing is noted."""
    names = [(name, stage.line_of("inputs")) for name in stage.inputs]
    inputs = [source for name, line in names for source in _named(job, stage, name, line, resolver, tasks)]
    options, files = _file_options(job, stage, resolver, tasks)
    reading = _reading(job, stage)
    if inputs:
        _check_inputs(job, stage, [source.name for source in inputs])
    _check_shards(job, stage)
    return [
        _task(stage, shard, number, sources, files, options, reading)
        for number, (shard, sources) in enumerate(_shards(job, stage, inputs))
    ]


def _file_options(
    job: Job, stage: Stage, resolver: _Resolver, tasks: Mapping[str, list[Task]]
) -> tuple[dict[str, Any], tuple[Source, ...]]:
    """Return the options of a stage with the names of files in place of stages, and all files that they name."""
    options = dict(stage.options)
    files: list[Source] = []
    for option in stage.kind.files:
        line = stage.line_of(option)
        names: list[str] = []
        for name in [file for given in _file_names(stage, option) for file in job.files_of(given)]:
            found = _sources(job, stage, option, name, line, resolver, tasks)
            files += found
            names += [source.name for source in found if source.maker is not None] or [name]
        if isinstance(options.get(option), str) and len(names) > 1:
            job.add(line, f"{option}: {len(names)} files are named, {names[0]} the first, and one is needed")
        if names:
            options[option] = names[0] if isinstance(options[option], str) else tuple(names)
    return options, tuple(files)


def _task(
    stage: Stage,
    shard: str | None,
    number: int,
    sources: Sequence[Source],
    files: tuple[Source, ...],
    options: Mapping[str, Any],
    reading: Mapping[str, Any],
) -> Task:
    def of_shard(given: Mapping[str, Any]) -> dict[str, Any]:
        written = stage.kind.all_written
        return {
            name: value.replace(SHARD, shard) if name in written and shard is not None else value
            for name, value in given.items()
        }

    outputs = [of_shard({key: path})[key] for key, path in stage.written.items() if key != "output"]
    output = stage.output if shard is None else stage.output.replace(SHARD, shard)
    return Task(stage, shard, number, tuple(sources), files, (output, *outputs), of_shard(options), of_shard(reading))


def _named(
    job: Job, stage: Stage, name: str, line: int, resolver: _Resolver, tasks: Mapping[str, list[Task]]
) -> list[Source]:
    """Return the files of an input of a stage, which may have a name."""
    found = job.inputs.get(name)
    if found is None:
        return _sources(job, stage, "inputs", name, line, resolver, tasks)
    return [
        source for path in found.files for source in _sources(job, stage, found.name, path, found.line, resolver, tasks)
    ]


def _sources(
    job: Job, stage: Stage, key: str, name: str, line: int, resolver: _Resolver, tasks: Mapping[str, list[Task]]
) -> list[Source]:
    """Return the files that a name stands for; notes what is missing."""
    maker = resolver.maker(name)
    if maker is not None:
        made_by, output = maker
        if made_by in job.broken:
            return []
        number = list(job.stages[made_by].written).index(output)
        return [Source(task.outputs[number], task) for task in tasks[made_by]]
    if is_remote(name):
        return [Source(name)]
    if name == "-":
        job.add(line, f"{key}: a job cannot read standard input; name a file")
        return []
    try:
        return [Source(_relative(job, name, path)) for path in expand(job.place(name))]
    except InputError as error:
        job.add(line, f"{key}: {error}{_no_stage(job, name)}")
        return []


def _no_stage(job: Job, name: str) -> str:
    plain = not set(name) & set("*?[/\\.")
    return f"; no input or stage has this name, there are {', '.join([*job.inputs, *job.stages])}" if plain else ""


def _relative(job: Job, given: str, path: Path) -> str:
    """Return a path as the job would name it."""
    return str(path) if PurePath(given).is_absolute() else str(path.relative_to(job.path.parent))


def _reading(job: Job, stage: Stage) -> dict[str, Any]:
    """Return how a stage reads its inputs: as they say, unless the stage says otherwise."""
    inputs = [job.inputs.get(name) for name in stage.inputs]
    ways = [{} if found is None else {**found.reading} for found in inputs]
    if not stage.kind.reads:
        ways = []
    if any(way != ways[0] for way in ways):
        told = ", ".join(stage.inputs)
        job.add(
            stage.line_of("inputs"),
            f"inputs {told} are read in different ways, and can only be read together in one; convert them first",
        )
    return {**(ways[0] if ways else {}), **stage.reading}


def _check_inputs(job: Job, stage: Stage, names: Sequence[str]) -> None:
    try:
        stage.kind.check_inputs(names)
    except NlptoolsError as error:
        job.add(stage.line_of("inputs"), error)


def _check_shards(job: Job, stage: Stage) -> None:
    for key, path in stage.written.items():
        line = stage.line_of(key)
        if stage.shards is not None and SHARD not in path:
            job.add(
                line, f"{key} = {path!r} is one file for all shards; put {SHARD} into its name, e.g. out/{SHARD}.txt"
            )
        if stage.shards is None and SHARD in path:
            job.add(line, f'{key} = {path!r} has {SHARD} in it, and there are no shards; add shards = "each"')


def _shards(job: Job, stage: Stage, inputs: list[Source]) -> Iterator[tuple[str | None, list[Source]]]:
    """Yield the name and the inputs of each shard; of None all inputs, for a stage without shards."""
    if stage.shards is None:
        yield None, inputs
    elif isinstance(stage.shards, int):
        groups = min(stage.shards, len(inputs))
        for group in range(groups):
            some = inputs[group * len(inputs) // groups : (group + 1) * len(inputs) // groups]
            yield f"{group + 1:0{len(str(groups))}}", some
    else:
        shards = [_shard_name(source.name) for source in inputs]
        for shard, times in Counter(shards).items():
            if times > 1:
                alike = [source.name for source, other in zip(inputs, shards, strict=True) if other == shard]
                told = f"{alike[0]} and {alike[1]} would be the same shard, {shard}"
                job.add(stage.line_of("shards"), f"{told}; rename one, or give shards a number, of groups")
        yield from {shard: (shard, [source]) for shard, source in zip(shards, inputs, strict=True)}.values()


def _shard_name(path: str) -> str:
    """Return the name of a file without the suffixes that tell what it is: "data/2026-01.txt.gz" → "2026-01"."""
    name = PurePath(path).name
    suffix, compression = name_parts(name)
    if compression is not None:
        name = name[: -len(PurePath(name).suffix)]
    known = suffix in FORMATS or suffix in (".ngrams", ".zip", ".seg")
    return (name[: -len(suffix)] if known and len(name) > len(suffix) else name) or name


def _check_places(job: Job, tasks: Sequence[Task]) -> None:
    """Note outputs that cannot be written, that two tasks write, or that are read as something else."""
    read = {
        key_of(job.place(source.name)): source.name for task in tasks for source in task.sources if not source.maker
    }
    read[key_of(str(job.path))] = "the job file"
    writers: dict[str, Task] = {}
    patterns = _patterns(job)
    for task in tasks:
        for (key, _), output in zip(task.stage.written.items(), task.outputs, strict=True):
            line = task.stage.line_of(key)
            if is_remote(output):
                continue
            place = key_of(job.place(output))
            other = writers.setdefault(place, task)
            if other is not task or task.outputs.count(output) > 1:
                job.add(
                    line, f"{key} = {output!r} is also written by {other} (line {other.stage.line}); give another name"
                )
            elif pattern := _matching(PurePath(os.path.normpath(job.place(output))), patterns):
                told = f"lies among the inputs {pattern}, so that the job would read what it writes"
                job.add(line, f"{key} = {output!r} {told}; write it into another folder")
            elif place in read:
                job.add(
                    line, f"{key} = {output!r} would overwrite {read[place]}, which the job reads; give another name"
                )
            else:
                _check_place(job, task, key, output, line)


def _check_place(job: Job, task: Task, key: str, output: str, line: int) -> None:
    """Note an output whose suffix or place does not allow it; folders are made when it is written."""
    path = Path(job.place(output))
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    check = task.stage.kind.check_output if key in ("output", "documents") else check_place
    try:
        check(str(path if folder == path.parent else folder / path.name))
    except NlptoolsError as error:
        job.add(line, error)


def _patterns(job: Job) -> list[tuple[str, PurePath, bool]]:
    """Return the patterns and folders among the inputs: each as it is named, its path, and whether it is a folder."""
    named = {file for stage in job.stages.values() for name in stage.inputs for file in job.files_of(name)}
    paths = [(name, PurePath(os.path.normpath(job.place(name)))) for name in sorted(named)]
    found = [(name, path, Path(path).is_dir()) for name, path in paths]
    return [one for one in found if one[2] or set("*?[") & set(one[0])]


def _matching(path: PurePath, patterns: Sequence[tuple[str, PurePath, bool]]) -> str | None:
    """Return the name of the pattern or folder in which a file would be found, also one that is not there yet."""
    for name, pattern, is_folder in patterns:
        if is_folder and pattern in path.parents and tells_format(path.name):
            if not any(part.startswith(".") for part in path.relative_to(pattern).parts):
                return name
        elif not is_folder and _matches(path, pattern):
            return name
    return None


def _matches(path: PurePath, pattern: PurePath) -> bool:
    if "**" in pattern.parts:
        return fnmatchcase(str(path), str(pattern))
    alike = len(path.parts) == len(pattern.parts)
    return alike and all(map(fnmatchcase, path.parts, pattern.parts))


def key_of(path: str) -> str:
    """Return what is equal for two names of the same file, also of one that is not there yet."""
    return os.path.realpath(path) if "\0" not in path else path
