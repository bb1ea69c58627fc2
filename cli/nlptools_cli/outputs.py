"""The results of a command: where they may go, and what is printed of a table."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from nlptools.errors import OutputError


def check_not_read(output: str | None, inputs: Iterable[str], others: Iterable[str | None], flag: str = "-o") -> None:
    """Raise OutputError if `output` is also a file that is read, or one that is written besides."""
    if output is None:
        return
    from nlptools.corpus.paths import expand

    place = Path(output).resolve()
    read = [file for path in inputs if path != "-" for file in expand(path)]
    for file in (*read, *(Path(other) for other in others if other is not None)):
        same = file.samefile(place) if file.is_file() and place.is_file() else file.resolve() == place
        if same and not _is_device(file):
            reason = f"is also {file}, which it would overwrite"
            if str(file) == output:
                reason = "is named twice, and one would overwrite the other"
            raise OutputError(f"{output}: {reason}; give another name to {flag}")


def _is_device(file: Path) -> bool:
    return file.exists() and not file.is_file()


def check_stdout(example: str) -> None:
    """Raise OutputError if a result cannot be printed; example: what names a file for it, "-o words.csv"."""
    if sys.stdout is None:
        raise OutputError(f"standard output is closed; name a file: {example}")


def print_csv(table: Any) -> None:
    """Print a table for programs."""
    from nlptools.corpus import write_table_to

    write_table_to(table, sys.stdout.buffer, "csv")
    sys.stdout.flush()


SHOWN = 30
"""How many rows are shown on a terminal if nothing else is asked for."""


def print_best(
    table: Any,
    output: str | None,
    show: int | None,
    top: int | None,
    for_people: Callable[[Any], str],
    for_programs: Callable[[Any], Any] = lambda table: table,
) -> int | None:
    """Print the first rows for people, or all for programs, or nothing; return how many rows people see.

    output: the file that has the table, else it is printed. show: how many people want to see, with a file, too.
    top: how many were asked for.
    """
    if output is not None and show is None:
        return None
    if show is None and not sys.stdout.isatty():
        print_csv(for_programs(table))
        return None
    best = table.slice(0, show or top or SHOWN)
    if best.num_rows:
        click.echo(for_people(best))
    return int(best.num_rows)
