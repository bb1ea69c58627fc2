"""TOML with line numbers, which tomllib reads but does not tell.

tomllib stays the judge: a statement ends with the first line at which it takes what has come since the last one.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from nlptools.jobs.problems import Problem

Key = tuple[str, ...]

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class TomlError(ValueError):
    """A text that is no TOML; `problem` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def read_toml(text: str) -> tuple[dict[str, Any], dict[Key, int]]:
    """Return what TOML says, and for each table and key of it the line, from 1, on which it stands.

    Raises TomlError.

    >>> read_toml("[a]\\nb.c = 1")[1]
    {('a',): 1, ('a', 'b'): 2, ('a', 'b', 'c'): 2}
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        return tomllib.loads(text), dict(_lines(text))
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        reason = _PLACE.sub("", str(error))
        raise TomlError(Problem(line, f"is no TOML: {reason[:1].lower()}{reason[1:]}")) from error
    except RecursionError as error:
        raise TomlError(Problem(1, "is nested too deep")) from error


def _lines(text: str) -> Iterator[tuple[Key, int]]:
    """Yield the tables and keys of valid TOML with their lines; the first line of what comes again is the one that counts."""
    seen: set[Key] = set()
    table: Key = ()
    for line, statement in _statements(text):
        keys = list(_keys(tomllib.loads(statement), ()))
        if statement.lstrip(" \t").startswith("["):
            table = keys[-1]
        else:
            keys = [table + key for key in keys]
        for key in keys:
            if key not in seen:
                seen.add(key)
                yield key, line


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the statements of valid TOML, each with its line."""
    waiting: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        waiting.append(line)
        if len(waiting) > 1 and not any(end in line for end in ("]", '"""', "'''")):
            continue  # what goes over several lines ends with one of these
        statement = "\n".join(waiting)
        try:
            tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        yield number + 1 - len(waiting), statement
        waiting = []


def _keys(value: object, key: Key) -> Iterator[Key]:
    if key:
        yield key
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(inner, (*key, name))
