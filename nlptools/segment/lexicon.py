"""Words that a user gives, and what each is worth."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.dictionary import read_dictionary
from nlptools.corpus.reading import array_offsets
from nlptools.corpus.records import open_records
from nlptools.errors import InputError
from nlptools.segment import _lexicon_kernels as kernels
from nlptools.segment.units import Units


class Lexicon:
    """Words, each with a bonus in nats: so much is added to the score of a segmentation that has the word.

    A word may hold anything but nothing: punctuation and white space, too.
    """

    def __init__(self, bonuses: Mapping[str, float]) -> None:
        self.bonuses = dict(sorted(bonuses.items()))

    def __len__(self) -> int:
        return len(self.bonuses)

    def __or__(self, other: "Lexicon") -> "Lexicon":
        """Return the words of both; of a word that both have the bonus of the other."""
        return Lexicon({**self.bonuses, **other.bonuses})

    @cached_property
    def _table(self) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        words = pa.array(list(self.bonuses), pa.large_string())
        offsets, data = array_offsets(words), np.frombuffer(words.buffers()[2] or b"", np.uint8)
        size = 1 << max(4, int(2 * data.size).bit_length())
        keys, values = np.zeros(size, np.uint64), np.full(size, np.nan, np.float32)
        kernels.fill(data, offsets, np.array(list(self.bonuses.values()), np.float32), keys, values)
        return keys, values

    def begins(self, units: Units, log_odds: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return where words begin in the best segmentation, (U,), given the log-odds of each gap."""
        begins = np.ones(units.symbols.size, np.uint8)
        kernels.best_segmentation(units.data, units.starts, units.ends, log_odds, *self._table, begins)
        return begins

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a model file holds."""
        text = "\0".join(self.bonuses).encode()
        bonuses = np.array(list(self.bonuses.values()), np.float32)
        return {"lexicon": np.frombuffer(text, np.uint8), "bonuses": bonuses}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "Lexicon":
        """Return the lexicon of a model file; raises ValueError or KeyError if the arrays make none."""
        words = arrays["lexicon"].tobytes().decode().split("\0")
        bonuses = arrays["bonuses"].tolist()
        if "" in words or not np.isfinite(bonuses).all():
            raise ValueError
        return cls(dict(zip(words, bonuses, strict=True)))


def read_lexicon(lexicon: Iterable[str | Path], words: Iterable[str | Path], weight: float) -> Lexicon | None:
    """Return the words of dictionaries, and of tables with the columns word and perhaps score; None if there is neither.

    weight: the bonus of a word, in nats; one of a table with a score, which is a probability, has that share of it.
    Raises InputError for a file that cannot be used.
    """
    bonuses: dict[str, float] = {}
    for path in words:
        bonuses.update({word: weight * score for word, score in _scored_words(path)})
    for path in lexicon:
        bonuses.update(dict.fromkeys(read_dictionary(path), weight))
    return Lexicon(bonuses) if bonuses else None


def _scored_words(path: str | Path) -> Iterable[tuple[str, float]]:
    records = open_records(path, strict=True)
    names = records.schema.names
    if "word" not in names:
        raise InputError(f"{path}: the columns are {', '.join(names)}; give a table with the column word")
    for batch in records:
        column = batch.column("word").cast(pa.large_string()).to_pylist()
        scores = [1.0] * len(column)
        if "score" in names:
            scores = batch.column("score").cast(pa.float64()).to_pylist()
        yield from ((word, min(score or 0.0, 1.0)) for word, score in zip(column, scores, strict=True) if word)
