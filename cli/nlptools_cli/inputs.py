"""The corpus of a command: its options, and how it is opened."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nlptools.errors import OutputError
from nlptools_cli.options import Option, Words

if TYPE_CHECKING:
    from nlptools.corpus import Corpus

Function = TypeVar("Function", bound=Callable[..., Any])

_SECTION = "Reading"


def reading_options(function: Function) -> Function:
    """Give a command the options of `open_inputs`."""
    options = (
        click.option(
            "--text-column",
            metavar="NAME",
            cls=Option,
            section=_SECTION,
            help='Which field of JSON lines holds the text. Default: "text", or the only one with strings.',
        ),
        click.option(
            "--document-per",
            type=Words(("line", "file")),
            default="line",
            show_default=True,
            cls=Option,
            section=_SECTION,
            help="What a document is in plain text.",
        ),
        click.option(
            "--max-line-bytes",
            type=int,
            metavar="N",
            cls=Option,
            section=_SECTION,
            help="A longer line is an error. Default: 268435456 (256 MiB).",
        ),
        click.option(
            "--strict",
            is_flag=True,
            cls=Option,
            section=_SECTION,
            help="Stop at the first bad record; else they are counted and reported at the end.",
        ),
        click.option(
            "--rejects",
            metavar="FILE",
            cls=Option,
            section=_SECTION,
            help="Write bad records to FILE, whole, as JSON lines.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def open_inputs(
    inputs: tuple[str, ...],
    text_column: str | None,
    document_per: str,
    max_line_bytes: int | None,
    strict: bool,
    rejects: str | None,
) -> "Corpus":
    """Return the corpus that was named on the command line; raises UsageError if none was."""
    if not inputs:
        path = click.get_current_context().command_path
        raise click.UsageError(
            f"no INPUT: name a file, a glob, a folder, or - for standard input, e.g. {path} corpus.txt"
        )
    from nlptools.corpus import ReadOptions, open_paths

    options = ReadOptions(
        text_column=text_column,
        document_per=document_per,
        strict=strict,
        rejects=rejects,
        max_line_bytes=ReadOptions.max_line_bytes if max_line_bytes is None else max_line_bytes,
    )
    return open_paths(inputs, options)


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
            raise OutputError(f"{output}: is also {file}, which it would overwrite; give another name to {flag}")


def _is_device(file: Path) -> bool:
    return file.exists() and not file.is_file()
