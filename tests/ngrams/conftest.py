"""For the tests of counting: n-grams the slow way, small plans and batches, fresh folders."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest

from nlptools.ngrams import count as counting
from nlptools.ngrams import merge, rows
from nlptools.ngrams.plan import Plan

Twin = Callable[[Iterable[str], int], Counter[str]]
Limits = Callable[..., AbstractContextManager[None]]


def _segments(text: str) -> list[str]:
    found = [""]
    for character in text:
        point = ord(character)
        if point > 0xFFFF:
            is_break = 0xE0000 <= point <= 0xE0FFF
        else:  # compatibility ideographs are Han, assigned or not
            is_break = not 0xF900 <= point <= 0xFAFF and unicodedata.category(character)[0] not in "LMN"
        if is_break:
            found.append("")
        else:
            found[-1] += character
    return [segment for segment in found if segment]


@pytest.fixture(scope="session", autouse=True)
def no_waiting() -> Iterator[None]:
    """Thousands of small files, none of which must outlive a crash of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def segments_of() -> Callable[[str], list[str]]:
    """The segments of a text."""
    return _segments


@pytest.fixture(scope="session")
def twin() -> Twin:
    """Count the n-grams of 1 to `order` characters of some documents."""

    def counted(texts: Iterable[str], order: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for text in texts:
            for segment in _segments(text):
                for n in range(1, order + 1):
                    counts.update(segment[i : i + n] for i in range(len(segment) - n + 1))
        return counts

    return counted


@pytest.fixture(scope="session")
def limits() -> Limits:
    """Make the plan, and the batches of count files, small: what takes gigabytes then happens with a few lines."""

    @contextmanager
    def limited(
        block: int = 1 << 20, per_round: int = 1 << 20, inputs: int = 128, batch: int = 1 << 16
    ) -> Iterator[None]:
        def plan(memory: object, order: int, threads: int) -> Plan:
            return Plan(1 << 30, threads, block, per_round, inputs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(counting, "make_plan", plan)
            patch.setattr(merge, "make_plan", plan)
            patch.setattr(rows, "ROWS", batch)
            yield

    return limited


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A new empty folder at every call, also between the examples of Hypothesis."""
    parent, numbers = tmp_path_factory.mktemp("fresh"), count()

    def folder() -> Path:
        path = parent / str(next(numbers))
        path.mkdir()
        return path

    return folder
