"""What the tests of the language model share: corpora, and ARPA files read the obvious way."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

Ngrams = dict[tuple[str, ...], tuple[float, float]]


def _segments(text: str) -> list[list[str]]:
    segments: list[list[str]] = [[]]
    for character in text:
        point = ord(character)
        is_han = 0xF900 <= point <= 0xFAFF
        if point > 0xFFFF:
            kept = not 0xE0000 <= point <= 0xE0FFF
        else:
            kept = is_han or unicodedata.category(character)[0] in "LMN"
        if kept:
            segments[-1].append(character)
        elif segments[-1]:
            segments.append([])
    return [segment for segment in segments if segment]


def _read_plainly(path: Path) -> Ngrams:
    ngrams: Ngrams = {}
    order = 0
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.endswith("-grams:"):
            order = int(line[1:].split("-")[0])
        elif order and line and not line.startswith("\\"):
            p, words, *backoff = line.split("\t")
            key = tuple(words.split(" "))
            assert len(key) == order
            ngrams[key] = float(p), float(backoff[0]) if backoff else 0.0
    return ngrams


@pytest.fixture(scope="session")
def segments() -> Callable[[str], list[list[str]]]:
    """Cut a text into segments of characters, one by one."""
    return _segments


@pytest.fixture(scope="session")
def read_plainly() -> Callable[[Path], Ngrams]:
    """Read an ARPA file into a dict: n-gram -> (log10 p, log10 backoff)."""
    return _read_plainly
