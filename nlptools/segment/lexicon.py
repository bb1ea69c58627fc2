"""Words that a user gives, and what each is worth."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.dictionary import read_dictionary
from nlptools.corpus.records import open_records
from nlptools.errors import InputError, OptionError
from nlptools.segment import _lexicon_kernels as kernels
from nlptools.segment.options import check_lexicon_weight
from nlptools.segment.units import Units


class Lexicon:
    """Words, each with a bonus in nats: so much is added to the score of a segmentation that has the word.

    A word may hold anything but nothing: punctuation and white space, too. Raises OptionError for an empty word, or a bonus
    that is below 0 or no number.
    """

    def __init__(self, bonuses: Mapping[str, float]) -> None:
        for word, bonus in bonuses.items():
            if not word or not 0 <= bonus < np.inf:
                raise OptionError(f"a lexicon with {word!r} and the bonus {bonus}: give words, and numbers from 0")
        self.bonuses = dict(sorted(bonuses.items()))

    def __len__(self) -> int:
        return len(self.bonuses)

    def __or__(self, other: "Lexicon") -> "Lexicon":
        """Return the words of both; of a word that both have the bonus of the other."""
        return Lexicon({**self.bonuses, **other.bonuses})

    @cached_property
    def _table(self) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        data, lengths = self._encoded()
        offsets = np.append(0, np.cumsum(lengths))
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
        data, lengths = self._encoded()
        return {"lexicon": data, "lengths": lengths, "bonuses": np.array(list(self.bonuses.values()), np.float32)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "Lexicon":
        """Return the lexicon of a model file; raises ValueError or KeyError if the arrays make none."""
        data, lengths = arrays["lexicon"].tobytes(), arrays["lengths"].tolist()
        ends = list(accumulate(lengths, initial=0))
        if ends[-1] != len(data):
            raise ValueError
        words = [data[begin:end].decode("utf-8", "surrogatepass") for begin, end in pairwise(ends)]
        return cls(dict(zip(words, arrays["bonuses"].tolist(), strict=True)))

    def _encoded(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the words as UTF-8, one behind the other, and how many bytes each has."""
        words = [word.encode("utf-8", "surrogatepass") for word in self.bonuses]
        return np.frombuffer(b"".join(words), np.uint8), np.array([len(word) for word in words], np.int64)


def read_lexicon(lexicon: Iterable[str | Path], words: Iterable[str | Path], weight: float) -> Lexicon | None:
    """Return the words of dictionaries, and of tables with the columns word and perhaps score; None if there is neither.

    weight: the bonus of a word, in nats; one of a table with a score, which is a probability, has that share of it.
    Raises InputError for a file that cannot be used, OptionError for a weight that is not from 0 to 1000.
    """
    check_lexicon_weight(weight)
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
        try:
            column = batch.column("word").cast(pa.large_string()).to_pylist()
            scores = [1.0] * len(column)
            if "score" in names:
                scores = batch.column("score").cast(pa.float64()).to_pylist()
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: {reason}; give a table with strings as word and numbers as score") from error
        for word, score in zip(column, scores, strict=True):
            if word:
                yield word, min(max(0.0, score or 0.0), 1.0)
