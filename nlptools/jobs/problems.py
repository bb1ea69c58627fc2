"""What is wrong with a job file: all of it at once, each with its line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlptools.errors import InputError, one_line
from nlptools.wording import counted


@dataclass(frozen=True, order=True)
class Problem:
    """Something to be mended. line: in the job file, from 1."""

    line: int
    text: str


class JobFileError(InputError):
    """A job file that cannot be run. problems: all that is wrong with it, by line."""

    def __init__(self, path: str | Path, problems: Sequence[Problem]) -> None:
        self.problems = sorted(set(problems))
        told = [f"line {problem.line}: {one_line(problem.text)}" for problem in self.problems]
        self.lines = [f"{path}, {line}" for line in told]
        errors = counted(len(told), "error")
        super().__init__(f"{path}: {errors}: {'; '.join(told)}")
