"""--texts: what documents say, shown beside their keys."""

from functools import wraps
from typing import Any, cast

import click

from nlptools.corpus.options import ReadOptions
from nlptools.errors import InputError
from nlptools_cli.inputs import open_inputs
from nlptools_cli.options import Function, Option, options_from

_READING = ("text_column", "group_by", "document_per", "encoding", "input_format", "header")
"""Fields of ReadOptions that say how CORPUS is read."""


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
    def command(texts: str | None, **arguments: Any) -> Any:
        reading = {name: arguments.pop(name) for name in _READING}
        return function(texts=Texts(texts, reading), **arguments)

    texts_option = click.option(
        "--texts",
        metavar="CORPUS",
        cls=Option,
        section="Texts",
        help="Show the beginnings of the texts of documents, which are in CORPUS.",
    )
    return cast("Function", texts_option(options_from(ReadOptions, "Texts", only=_READING)(command)))
