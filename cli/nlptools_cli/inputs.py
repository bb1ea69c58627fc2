"""The corpus of a command: its options, and how it is opened."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from nlptools.corpus.options import ReadOptions
from nlptools_cli.options import example, options_from

if TYPE_CHECKING:
    from nlptools.corpus import Corpus, Records
    from nlptools.corpus.dated import DatedCorpus

Function = TypeVar("Function", bound=Callable[..., Any])


def reading_options(function: Function) -> Function:
    """Give a command the options of `open_inputs`, which it gets as one argument `reading`."""
    names = [field.name for field in fields(ReadOptions) if "help" in field.metadata]

    @wraps(function)
    def command(**arguments: Any) -> Any:
        return function(reading={name: arguments.pop(name) for name in names}, **arguments)

    return cast("Function", options_from(ReadOptions, "Reading")(command))


def open_inputs(inputs: tuple[str, ...], reading: dict[str, Any]) -> "Corpus":
    """Return the corpus that was named on the command line; raises UsageError if none was."""
    _check_named(inputs)
    from nlptools.corpus import open_paths

    return open_paths(inputs, read_options(inputs, reading))


def open_input_records(inputs: tuple[str, ...], reading: dict[str, Any], columns: list[str] | None = None) -> "Records":
    """Return the records of what was named on the command line; raises UsageError if nothing was."""
    _check_named(inputs)
    from nlptools.corpus import open_record_paths

    return open_record_paths(inputs, read_options(inputs, reading), columns)


def open_dated_inputs(inputs: tuple[str, ...], date_column: str, reading: dict[str, Any]) -> "DatedCorpus":
    """Return the dated texts that were named on the command line; raises UsageError if none were."""
    _check_named(inputs)
    from nlptools.corpus.dated import open_dated_paths

    return open_dated_paths(inputs, date_column, read_options(inputs, reading))


def read_options(inputs: tuple[str, ...], reading: dict[str, Any]) -> "ReadOptions":
    """Return how inputs are read, if they are corpora that we know by their columns, too."""
    from nlptools_corpora import bare_card, recognise

    options = ReadOptions(**reading, recognise=recognise)
    card = bare_card(inputs, options.input_format, options.max_ratio)
    if card is None:
        return options
    return replace(
        options,
        header=False,
        recognise=card.text_column,
        text_column=card.numbered(options.text_column),
        group_by=card.numbered(options.group_by),
    )


def _check_named(inputs: tuple[str, ...]) -> None:
    if not inputs:
        line = example(click.get_current_context())
        raise click.UsageError(f"no INPUT: name a file, a glob, a folder, or - for standard input, e.g. {line}")
