"""The options of stages, taken from those of the library: names, types and defaults are written nowhere else."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from inspect import signature
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from nlptools.errors import OptionError


@dataclass(frozen=True)
class Parameter:
    """An option. type: its annotation; default: what it is if it is not given."""

    name: str
    type: Any
    default: Any = None

    def value(self, given: object) -> Any:
        """Return what a job file gives as the library takes it. Raises OptionError if the type is another."""
        for kind in _alternatives(self.type):
            taken = _taken(kind, given)
            if taken is not None:
                return taken
        raise OptionError(f"{self.name} = {_shown(given)} cannot work: give {self._wanted()}")

    @property
    def is_file(self) -> bool:
        """Whether it names files."""
        items = get_args(self.type)
        return Path in items or any(Path in get_args(item) for item in items)

    def _wanted(self) -> str:
        return " or ".join(dict.fromkeys(_named(kind) for kind in _alternatives(self.type)))


Parameters = dict[str, Parameter]


def parameters_of(options: type, only: Iterable[str] | None = None) -> Parameters:
    """Return the options that the fields of a dataclass are: those with a help text, or some of them."""
    names = None if only is None else set(only)
    return {
        field.name: Parameter(field.name, field.type, field.default)
        for field in fields(options)
        if "help" in field.metadata and (names is None or field.name in names)
    }


def arguments_of(function: Callable[..., Any], *names: str) -> Parameters:
    """Return the options that some arguments of a function are."""
    known = signature(function).parameters
    return {name: Parameter(name, known[name].annotation, known[name].default) for name in names}


def find_option(given: str, value: object, parameters: Parameters) -> tuple[str, object]:
    """Return the name and the value of an option as it was given: "min-count" is min_count, no-header = true is header = false.

    Raises OptionError, with what was perhaps meant, if there is none of that name.
    """
    name = given.replace("-", "_")
    if name in parameters:
        return name, value
    positive = name.removeprefix("no_")
    if positive != name and positive in parameters and parameters[positive].default is True and isinstance(value, bool):
        return positive, not value
    raise OptionError(f"{given}: there is no such option{meant(name, parameters)}")


def meant(given: str, known: Iterable[str]) -> str:
    """Return what to give in place of a name that is not known: "; did you mean 'count'?", or all there are."""
    names = list(known)
    close = get_close_matches(given, names, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; give one of {', '.join(sorted(names))}"


def _alternatives(kind: Any) -> list[Any]:
    """Return the types of a union that TOML can have; a path is text there."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return [str if kind is Path else kind for kind in kinds if kind not in (type(None), Any)]


def _taken(kind: Any, given: object) -> Any:
    """Return a value of TOML as one of a type; None if it is of another."""
    if get_origin(kind) is Literal:
        return given if given in get_args(kind) else None
    if get_origin(kind) in (tuple, Sequence):
        return _taken_all(Parameter("", get_args(kind)[0]), given)
    if kind is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    return given if type(given) is kind else None


def _taken_all(item: Parameter, given: object) -> tuple[Any, ...] | None:
    """Return a list, or text with commas as on the command line, as a tuple; None if an item has another type."""
    if isinstance(given, str):
        if item.is_file:  # its name may have a comma
            return (given,)
        given = [part if str in _alternatives(item.type) else _number(part) for part in given.split(",")]
    if not isinstance(given, list):
        return None
    try:
        return tuple(item.value(one) for one in given)
    except OptionError:
        return None


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _named(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'"{word}"' for word in get_args(kind))
    if get_origin(kind) in (tuple, Sequence):
        return f"a list, each item {Parameter('', get_args(kind)[0])._wanted()}"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}[kind]


def _shown(value: object) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
