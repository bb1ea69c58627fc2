"""What the toolkit knows of a corpus: one card for each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class WrittenSample:
    """What `write_sample` wrote."""

    rows: int
    planted: dict[str, int]  # invented word -> times it was planted; most frequent first, then by word


class SampleWriter(Protocol):
    """Writes a sample to `path`, in the format of its suffix, and the words planted in it to `gold`."""

    def __call__(
        self, path: str | Path, rows: int = ..., seed: int = ..., gold: str | Path | None = None
    ) -> WrittenSample:
        """Return the number of rows and the planted words, as written."""


@dataclass(frozen=True)
class Card:
    """A corpus: what is in it, who published it, and how to get a sample like it."""

    name: str  # as typed: `nlptools corpus sample NAME`
    title: str
    description: str
    fields: dict[str, str]  # field of a record -> what it holds
    published: str  # where the original was published; we neither ship nor fetch it
    licence: str  # of the sample
    write_sample: SampleWriter
    gold_words: Callable[[], list[str]]  # the invented words that a sample may hold
