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
from nlptools.corpus.reading import large_strings
from nlptools.corpus.records import open_records
from nlptools.errors import InputError, OptionError, reason_of
from nlptools.segment import _lexicon_kernels as kernels
from nlptools.segment._unit_kernels import EDGE
from nlptools.segment.options import check_weights_of_words
from nlptools.segment.units import Alphabet, Units


class Lexicon:
    """Words, each with a bonus in nats: so much is added to the score of a segmentation that has the word.

    A word may hold anything but nothing: punctuation and white space, too. Raises OptionError for an empty word, or a bonus
    that is below 0 or no number.
    """

    def __init__(self, bonuses: Mapping[str, float]) -> None:
        for word, bonus in bonuses.items():
            if not word or not 0 <= bonus < np.inf:
                raise OptionError(f"a lexicon with {word!r} and the bonus {bonus}: give words, and numbers from 0")
        self.bonuses = {word: float(np.float32(bonus)) for word, bonus in sorted(bonuses.items())}

    def __len__(self) -> int:
        return len(self.bonuses)

    def __or__(self, other: "Lexicon") -> "Lexicon":
        """Return the words of both; of a word that both have the bonus of the other."""
        return Lexicon({**self.bonuses, **other.bonuses})

    @cached_property
    def _table(self) -> tuple[NDArray[np.uint64], NDArray[np.float32], float]:
        """Return keys, values and what is sure, as `best_segmentation` takes them."""
        data, lengths = self._encoded()
        offsets = np.append(0, np.cumsum(lengths))
        size = 1 << max(4, int(2 * data.size).bit_length())
        keys, values = np.zeros(size, np.uint64), np.full(size, np.nan, np.float32)
        kernels.fill(data, offsets, np.array(list(self.bonuses.values()), np.float32), keys, values)
        edges = int(np.count_nonzero(Alphabet([]).find_units(large_strings(offsets, data)).symbols == EDGE))
        is_han_alone = edges == len(self)  # those behind each word
        return keys, values, max([1.0, *self.bonuses.values()]) if is_han_alone else np.inf

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


def read_lexicon(
    lexicon: Iterable[str | Path], words: Iterable[str | Path], lexicon_weight: float, words_weight: float
) -> Lexicon | None:
    """Return the words of dictionaries, and of tables with the columns word and perhaps score; None if there is neither.

    The bonus of a word is its weight in nats for each of its characters but the first; of one of a table with a score, which
    is a probability, that share of it. So many short words are not better than a long one.
    Raises InputError for a file that cannot be used, OptionError for a weight that is not from 0 to 1000.
    """
    check_weights_of_words(lexicon_weight=lexicon_weight, words_weight=words_weight)
    bonuses: dict[str, float] = {}
    for path in words:
        bonuses.update({word: words_weight * score * (len(word) - 1) for word, score in _scored_words(path)})
    for path in lexicon:
        bonuses.update({word: lexicon_weight * (len(word) - 1) for word in read_dictionary(path)})
    return Lexicon(bonuses) if bonuses else None


def _scored_words(path: str | Path) -> Iterable[tuple[str, float]]:
    records = open_records(Path(path), strict=True)
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
            raise InputError(
                f"{path}: {reason_of(error)}; give a table with strings as word and numbers as score"
            ) from error
        for word, score in zip(column, scores, strict=True):
            if word:
                yield word, min(max(0.0, score or 0.0), 1.0)
