"""The options of the command are those of the library."""

import inspect
import re
from dataclasses import fields
from typing import Any

import click
import pytest

from nlptools.corpus import ReadOptions, open_corpus
from nlptools.newwords.options import NewWordsOptions
from nlptools_cli.newwords import newwords
from nlptools_cli.options import as_typed

PARAMS: dict[str, Any] = {param.name or "": param for param in newwords.params}


@pytest.mark.parametrize("field", fields(NewWordsOptions), ids=lambda field: field.name)
def test_every_field_is_an_option(field: Any) -> None:
    param = PARAMS[field.name]
    assert isinstance(param, click.Option)
    assert param.opts == ["--" + field.name.replace("_", "-")]
    assert param.help == field.metadata["help"]


def test_defaults_are_those_of_the_library() -> None:
    with newwords.make_context("newwords", ["x.txt"]) as context:
        values = context.params
    assert NewWordsOptions(**{field.name: values[field.name] for field in fields(NewWordsOptions)}) == NewWordsOptions()
    reading = [field.name for field in fields(ReadOptions) if "help" in field.metadata]
    assert ReadOptions(**{name: values[name] for name in reading}) == ReadOptions()


def test_the_options_of_reading_are_those_of_open_corpus() -> None:
    parameters = inspect.signature(open_corpus).parameters
    assert [name for name in parameters if name != "source"] == [field.name for field in fields(ReadOptions)]
    for field in fields(ReadOptions):
        assert parameters[field.name].default == field.default
        if "help" in field.metadata:
            flag = "--" + field.name.replace("_", "-")
            assert PARAMS[field.name].opts == [flag if field.default is not True else "--no-header"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("min_count=0 cannot work: give 1", "--min-count 0 cannot work: give 1"),
        (
            "new_only needs a dictionary: give --known DICT",
            "--new-only needs a dictionary: give --known DICT",
        ),
        ("top=0 cannot work", "--top 0 cannot work"),
        ("the top 3; known words; --top=3", "the top 3; known words; --top=3"),
        ("top 3 is low", "--top 3 is low"),
        ("give --min-count or another min_count", "give --min-count or another --min-count"),
    ],
)
def test_as_typed(message: str, shown: str) -> None:
    assert as_typed(message, ["min_count", "new_only", "top", "known"]) == shown


def test_every_option_has_help() -> None:
    for param in newwords.params:
        if isinstance(param, click.Option):
            assert re.search(r"\.( |$)", param.help or ""), param.name
