"""Amounts of memory, as typed and as shown."""

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools import memory
from nlptools.checks import check_numbers
from nlptools.errors import OptionError
from nlptools.memory import default_memory, parse_memory, show_memory


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (1, 1),
        (500_000_000, 500_000_000),
        ("500000000", 500_000_000),
        ("1K", 1024),
        ("500M", 500 << 20),
        ("2G", 2 << 30),
        ("2g", 2 << 30),
        (" 2 GB ", 2 << 30),
        ("1.5GiB", 3 << 29),
        ("0.5T", 1 << 39),
        ("3B", 3),
        ("1.9", 1),
    ],
)
def test_amounts(value: int | str, size: int) -> None:
    assert parse_memory(value) == size


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "0G",
        "-1G",
        "G",
        "1X",
        "1 2G",
        "1e9",
        "nan",
        "inf",
        "0.1",
        "9" * 400,
        "99999999T",
        "２G",
        "2\u212a",  # the sign of the kelvin
        "1,5G",
        "2G\0",
        0,
        -5,
        2**62,
        True,
        None,
        1.5,
    ],
)
def test_amounts_that_cannot_be(value: Any) -> None:
    with pytest.raises(OptionError, match=r"memory=.* cannot work: give an amount such as 2G or 500M"):
        parse_memory(value)


@given(st.text(max_size=6) | st.from_regex(r"\s*\d*\.?\d* ?[KMGTkmgt\u212a]?i?B?", fullmatch=True))
def test_any_text_is_an_amount_or_an_error(text: str) -> None:
    try:
        assert parse_memory(text) >= 1
    except OptionError as error:
        assert len(str(error)) > 40


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (416 << 20, "416 MiB"),
        (1 << 30, "1 GiB"),
        (5 << 40, "5 TiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_shown(size: int, words: str) -> None:
    assert show_memory(size) == words


def test_half_of_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_memory() > 1 << 20
    limits: dict[str, str] = {}

    class Files:
        def __init__(self, name: str) -> None:
            self.name = name

        def read_text(self, encoding: str) -> str:
            if self.name not in limits:
                raise FileNotFoundError(self.name)
            return limits[self.name]

    monkeypatch.setattr(memory, "Path", Files)
    whole = default_memory()
    limits["/sys/fs/cgroup/memory.max"] = "max\n"
    assert default_memory() == whole
    limits["/sys/fs/cgroup/memory.max"] = "1000000\n"
    assert default_memory() == 500_000
    limits["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "600000\n"
    assert default_memory() == 300_000
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert default_memory() == 300_000
    limits.clear()
    assert default_memory() == 2 << 30


def test_whole_numbers() -> None:
    check_numbers(a=1, b=2**62, threads=1024, c=None)
    check_numbers(least=2, a=2)
    for values, words in (
        ({"a": 0}, "a=0 cannot work: give 1 or more"),
        ({"a": -(2**70)}, "give 1 or more"),
        ({"a": 2**62 + 1}, f"give {2**62} at most"),
        ({"threads": 1025}, "threads=1025 cannot work: give 1024 at most"),
        ({"a": True}, "a=True cannot work: give a whole number"),
        ({"a": "1"}, "a='1' cannot work: give a whole number"),
        ({"a": 1, "b": 1.0}, "b=1.0 cannot work: give a whole number"),
    ):
        with pytest.raises(OptionError, match=words):
            check_numbers(**values)
