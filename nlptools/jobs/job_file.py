"""What a job file says: `read_job`. Everything that is wrong is told at once, with its line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlptools.corpus.options import ReadOptions
from nlptools.errors import InputError, NlptoolsError, OptionError
from nlptools.jobs.kinds import KINDS, READING, Kind
from nlptools.jobs.parameters import Parameters, find_option, meant
from nlptools.jobs.problems import JobFileError, Problem
from nlptools.jobs.toml_lines import Key, TomlError, read_toml

SHARD = "{shard}"
"""What stands in the output of a stage with shards for the name of the shard."""

LARGEST = 1 << 20  # bytes of a job file

_NAME = re.compile(r"\w[\w.-]{0,59}")
_SECTIONS = ("inputs", "stages", "defaults")
_STAGE = ("kind", "inputs", "output", "shards")
_SUFFIXES = {
    "count": "ngrams",
    "merge": "ngrams",
    "lm": "lm",
    "segment train": "seg",
    "vectors": "kv",
    "newwords": "csv",
}


@dataclass(frozen=True)
class Input:
    """Files with a name. reading: how they are read, unless the stage says otherwise."""

    name: str
    line: int
    files: tuple[str, ...]
    reading: Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """What a stage is, as the file says it.

    inputs: names of inputs or stages, or paths. output: a path; with shards it has "{shard}" in it. shards: None for one
    task, "each" for one for each input file, or how many. options, reading: those that were given. lines: of its keys.
    """

    name: str
    line: int
    kind: Kind
    kind_name: str
    inputs: tuple[str, ...]
    output: str
    shards: str | int | None
    options: Mapping[str, Any]
    reading: Mapping[str, Any]
    lines: Mapping[str, int]

    def line_of(self, key: str) -> int:
        """Return the line of a key, or of the stage if it does not have it."""
        return self.lines.get(key, self.line)

    @property
    def written(self) -> dict[str, str]:
        """Return what it writes: key -> path, its output first."""
        more = {**self.options, **self.reading}
        return {"output": self.output, **{key: more[key] for key in self.kind.all_written if key in more}}


@dataclass
class Job:
    """A job file. problems: what is wrong with it. broken: stages of which no task can be made, each with the texts in it."""

    path: Path
    inputs: dict[str, Input] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: dict[str, set[str]] = field(default_factory=dict)

    def add(self, line: int, text: str | Exception) -> None:
        """Note what is wrong."""
        self.problems.append(Problem(line, str(text)))

    def check(self) -> None:
        """Raise JobFileError if anything is wrong."""
        if self.problems:
            raise JobFileError(self.path, self.problems)

    def files_of(self, name: str) -> tuple[str, ...]:
        """Return what an input of a stage stands for: the files of the input of that name, or the name itself."""
        return self.inputs[name].files if name in self.inputs else (name,)

    def place(self, name: str) -> str:
        """Return the path of a file that the job names: paths begin at the folder of the job file."""
        return name if is_remote(name) else str(self.path.parent / name)


def is_remote(name: str) -> bool:
    """Say whether a name is that of a file which only Spark can read: hdfs://…, s3a://…."""
    return "://" in name


def read_job(path: str | Path) -> Job:
    """Return what a job file says, with all that is wrong with it but what depends on files.

    Raises InputError if it cannot be read, JobFileError if it is no TOML.
    """
    job = Job(Path(path))
    try:
        told, lines = read_toml(_text(job.path))
    except TomlError as error:
        raise JobFileError(path, [error.problem]) from error
    for name in told:
        if name not in _SECTIONS:
            job.add(lines[name,], f"[{name}] is no part of a job{meant(name, _SECTIONS)}")
    sections = {name: _table(job, told, name, lines) for name in _SECTIONS}
    for name, value in sections["inputs"].items():
        _read_input(job, name, value, lines)
    defaults = _Defaults(job, sections["defaults"], lines)
    for name, value in sections["stages"].items():
        _read_stage(job, name, value, lines, defaults)
    if told.get("stages", {}) == {}:
        job.add(1, "there are no stages; add one, e.g. [stages.words] with kind, inputs and output")
    defaults.check()
    return job


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason}); give the path of a job file, e.g. job.toml") from error
    if len(data) > LARGEST:
        raise InputError(f"{path}: is larger than a job file may be (1 MiB); give files by a pattern, e.g. data/*.txt")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise JobFileError(path, [Problem(line, "is not UTF-8; save it as UTF-8")]) from error


def _table(job: Job, told: Mapping[str, Any], name: str, lines: Mapping[Key, int]) -> dict[str, Any]:
    """Return a section; nothing if it is missing, or no table."""
    value = told.get(name, {})
    if not isinstance(value, dict):
        job.add(
            lines[name,], f"{name} is no table; write e.g. [{name}.NAME]" if name != "defaults" else "write [defaults]"
        )
        return {}
    return value


def _read_input(job: Job, name: str, value: object, lines: Mapping[Key, int]) -> None:
    key: Key = ("inputs", name)
    line = lines[key]
    reading: dict[str, Any] = {}
    files = value
    _check_name(job, name, line)
    if isinstance(value, dict):
        files = value.get("files")
        for given, option in value.items():
            if given != "files":
                _read_option(job, lines[*key, given], given, option, READING, reading)
        own = {given: lines[*key, given] for given in value}
        _check_options(job, lambda: ReadOptions(**reading), reading, own, line)
    if not (paths := _strings(files)):
        job.add(lines.get((*key, "files"), line), f"{name}: name files in quotes, one or a list")
    if "rejects" in reading:
        job.add(line, "rejects is for stages, which write the file; leave it out here")
    job.inputs[name] = Input(name, line, paths or (), reading)


def _read_stage(job: Job, name: str, value: object, lines: Mapping[Key, int], defaults: "_Defaults") -> None:
    line = lines["stages", name]
    _check_name(job, name, line)
    if name in job.inputs:
        job.add(line, f"{name} is already the name of an input (line {job.inputs[name].line}); give another")
    if not isinstance(value, dict):
        job.add(line, f"{name} is no stage; write [stages.{name}] and below it kind, inputs and output")
        job.broken[name] = set()
        return
    own = {given: lines["stages", name, given] for given in value}
    job.broken[name] = {text for text in value.values() if isinstance(text, str)}  # until it is known better
    kind_name, kind = _kind(job, value.get("kind"), own.get("kind", line))
    if kind is None:
        return
    given = {**value, "inputs": value.get("inputs", ())}
    options, reading = _stage_options(job, given, kind, own, line, defaults)
    inputs = _strings(given["inputs"])
    if inputs is None or (not inputs and ("inputs" in value or kind.needs_inputs(options))):
        job.add(own.get("inputs", line), f"{name}: name inputs in quotes, one or a list: inputs, stages or files")
        inputs = None
    output = value.get("output")
    if not isinstance(output, str) or not output:
        example = f'output = "{name}.{_SUFFIXES.get(kind_name, "txt")}"'
        job.add(own.get("output", line), f"{name}: name one output in quotes, e.g. {example}")
    elif inputs is not None:
        shards = _shards(job, value.get("shards"), own.get("shards", line))
        del job.broken[name]
        job.stages[name] = Stage(name, line, kind, kind_name, inputs, output, shards, options, reading, own)


def _stage_options(
    job: Job, given: Mapping[str, Any], kind: Kind, lines: Mapping[str, int], line: int, defaults: "_Defaults"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of a stage, and those of reading, with what is wrong noted."""
    told: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _STAGE:
            _read_option(job, lines[name], name, value, kind.all_parameters, told)
    told = {**defaults.of(kind), **told}
    options = {name: value for name, value in told.items() if name in kind.parameters}
    reading = {name: value for name, value in told.items() if name not in kind.parameters}
    for name in kind.required:
        if name not in given:
            job.add(line, f"the option {name} is missing; kind {given['kind']!r} needs it")
    lines = {**defaults.lines, **lines}
    _check_options(job, lambda: kind.complete(options), options, lines, line)
    _check_options(job, lambda: ReadOptions(**reading), reading, lines, line)
    return options, reading


def _kind(job: Job, given: object, line: int) -> tuple[str, Kind | None]:
    if isinstance(given, str) and given in KINDS:
        return given, KINDS[given]
    if given is None:
        job.add(line, f"a stage lacks its kind{meant('', KINDS)}")
    else:
        job.add(line, f"kind {given!r} is not known{meant(str(given), KINDS)}")
    return "", None


def _shards(job: Job, given: object, line: int) -> str | int | None:
    if given is None or given == "each" or (type(given) is int and 1 <= given <= 100_000):
        return given
    job.add(line, f'shards = {given!r} cannot work: give "each", or how many groups of files, 1 to 100000')
    return None


def _read_option(
    job: Job, line: int, given: str, value: object, parameters: Parameters, options: dict[str, Any]
) -> None:
    """Add an option to those that were given, or a problem."""
    try:
        name, value = find_option(given, value, parameters)
        if name in options:
            job.add(line, f"{given}: is given twice; leave one out")
        options[name] = parameters[name].value(value)
    except OptionError as error:
        job.add(line, error)


def _check_options(
    job: Job, make: Callable[[], object], options: Mapping[str, Any], lines: Mapping[str, int], line: int
) -> None:
    """Note what the library says of options when they are made."""
    try:
        make()
    except NlptoolsError as error:
        job.add(_line_of_option(error, options, lines, line), error)


def _line_of_option(error: Exception, options: Mapping[str, Any], lines: Mapping[str, int], line: int) -> int:
    """Return the line of the option that a message begins with: "min_count=0 cannot work"."""
    named = [name for name in options if str(error).startswith((f"{name}=", f"{name} "))]
    given = {name.replace("-", "_").removeprefix("no_"): where for name, where in lines.items()}
    return next((given[name.removeprefix("no_")] for name in named if name.removeprefix("no_") in given), line)


def _strings(value: object) -> tuple[str, ...] | None:
    """Return text, or a list of texts, as a tuple; None if it is something else."""
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)) or not all(isinstance(one, str) and one for one in values):
        return None
    return tuple(values)


def _check_name(job: Job, name: str, line: int) -> None:
    if not _NAME.fullmatch(name):
        job.add(line, f"{name!r} is no name: letters, digits, _ - and . are, 60 at most, the first no - or .")


class _Defaults:
    """Options that all stages have unless they say otherwise; of each kind those that it knows."""

    def __init__(self, job: Job, given: Mapping[str, Any], lines: Mapping[Key, int]) -> None:
        self._job = job
        self._given = {name: (value, lines["defaults", name]) for name, value in given.items()}
        self._used: set[str] = set()

    @property
    def lines(self) -> dict[str, int]:
        """The line of each."""
        return {name: line for name, (_, line) in self._given.items()}

    def of(self, kind: Kind) -> dict[str, Any]:
        """Return those that a kind has."""
        options: dict[str, Any] = {}
        for given, (value, line) in self._given.items():
            try:
                name, value = find_option(given, value, kind.all_parameters)
            except OptionError:
                continue
            if given not in self._used or not any(problem.line == line for problem in self._job.problems):
                _read_option(self._job, line, name, value, kind.all_parameters, options)
            self._used.add(given)
        return options

    def check(self) -> None:
        """Note defaults that no stage has."""
        known = {name: parameter for kind in KINDS.values() for name, parameter in kind.all_parameters.items()}
        for given, (value, line) in self._given.items():
            try:
                find_option(given, value, known)
            except OptionError as error:
                self._job.add(line, error)
            else:
                if given not in self._used and not self._job.broken:
                    self._job.add(line, f"{given}: no stage of this job has such an option; leave it out")
