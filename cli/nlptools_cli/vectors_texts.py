"""--texts: what documents say, shown beside their keys."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, cast, get_args

import click

from nlptools.corpus.options import DocumentPer, ReadOptions
from nlptools.errors import InputError
from nlptools_cli.inputs import open_inputs
from nlptools_cli.options import Function, Option, Words

_HELP = {field.name: field.metadata["help"] for field in fields(ReadOptions) if "help" in field.metadata}


class Texts:
    """The corpus that documents come from, if it was named."""

    def __init__(self, path: str | None, reading: dict[str, Any]) -> None:
        self.path = path
        self._corpus = None if path is None else open_inputs((path,), reading)

    def of(self, keys: Any) -> Any:
        """Return the beginnings of the texts of documents, (N,), large_string with nulls.

        Raises InputError if the corpus has none of them.
        """
        from nlptools.vectors.texts import document_texts

        if self._corpus is None:
            return None
        texts = document_texts(self._corpus, keys)
        if len(texts) and texts.null_count == len(texts):
            raise InputError(
                f"{self.path}: has no document {keys[0].as_py()!r}, nor another of those to be shown; give the corpus that "
                "the documents come from, read as for training"
            )
        return texts


def texts_options(function: Function) -> Function:
    """Give a command the option --texts, and how it is read; the command gets one argument `texts`."""

    @wraps(function)
    def command(
        texts: str | None, text_column: str | None, group_by: str | None, document_per: Any, **arguments: Any
    ) -> Any:
        reading = {"text_column": text_column, "group_by": group_by, "document_per": document_per}
        return function(texts=Texts(texts, reading), **arguments)

    options: list[Callable[[Any], Any]] = [
        click.option(
            "--texts",
            metavar="CORPUS",
            cls=Option,
            section="Texts",
            help="Show the beginnings of the texts of documents, which are in CORPUS.",
        ),
        click.option("--text-column", metavar="NAME", cls=Option, section="Texts", help=_HELP["text_column"]),
        click.option("--group-by", metavar="COLUMN", cls=Option, section="Texts", help=_HELP["group_by"]),
        click.option(
            "--document-per",
            type=Words(get_args(DocumentPer)),
            default=ReadOptions.document_per,
            show_default=True,
            cls=Option,
            section="Texts",
            help=_HELP["document_per"],
        ),
    ]
    decorated: Any = command
    for option in reversed(options):
        decorated = option(decorated)
    return cast("Function", decorated)
