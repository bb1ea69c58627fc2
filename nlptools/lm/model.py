"""`LanguageModel`: what it says of a text; `load_lm` and `read_arpa`."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.errors import OptionError
from nlptools.lm import _kernels
from nlptools.lm.arpa import read_arpa_file, write_arpa
from nlptools.lm.estimate import Trie
from nlptools.lm.model_file import read_model, write_model
from nlptools.lm.vocabulary import Vocabulary
from nlptools.threads import default_threads, in_threads, slices

MOST_ORDER = 8


@dataclass(frozen=True)
class Evaluation:
    """What a model says of some text; evaluations add.

    log10_probability: of all sentences. tokens: characters or words. sentences: how many. unknown: how many tokens are not
    in the vocabulary; unknown_log10_probability: what they contribute.
    """

    log10_probability: float = 0.0
    tokens: int = 0
    sentences: int = 0
    unknown: int = 0
    unknown_log10_probability: float = 0.0

    @classmethod
    def of(cls, scores: pa.RecordBatch) -> "Evaluation":
        """Add up what `LanguageModel.score_batches` yields."""
        columns = [scores.column(1 + number).to_numpy() for number in range(5)]
        return cls(*(column.sum().item() for column in columns))

    def __add__(self, other: "Evaluation") -> "Evaluation":
        return Evaluation(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def perplexity(self) -> float:
        """Per token and end of a sentence, unknown tokens included; nan for no text."""
        return _perplexity(self.log10_probability, self.tokens + self.sentences)

    @property
    def known_perplexity(self) -> float:
        """The same without the unknown tokens."""
        known = self.log10_probability - self.unknown_log10_probability
        return _perplexity(known, self.tokens - self.unknown + self.sentences)


class LanguageModel:
    """A back-off model of n-grams of characters or words. Made by `train_lm`, `load_lm` and `read_arpa`.

    A sentence is a segment of a text between punctuation and white space; in a model of words, a whole text. Each is scored
    with its beginning and its end. Logarithms are decimal.
    """

    def __init__(self, vocabulary: Vocabulary, order: int, trie: Trie) -> None:
        self.vocabulary = vocabulary
        self.order = order
        self.trie = Trie(*(array.view() for array in trie))
        for array in self.trie:
            array.flags.writeable = False

    def __repr__(self) -> str:
        tokens = f"{len(self.vocabulary.tokens):,} {self.vocabulary.unit}s"
        return f"<LanguageModel of order {self.order}, {tokens}, {self.trie.symbols.size:,} n-grams>"

    @property
    def sizes(self) -> list[int]:
        """How many n-grams of each order there are."""
        bounds = self.trie.level_bounds(self.order)
        return [end - start for start, end in pairwise(bounds)]

    def encode(self, text: str) -> NDArray[np.uint32]:
        """Return the symbols of a text, (T,), a 0 behind each sentence; see `Vocabulary`. Lone surrogates become "?"."""
        data = text.encode("utf-8", "replace")
        return self.vocabulary.encode(pa.array([data], pa.large_binary()).cast(pa.large_string()))[0]

    def log_probabilities(self, codes: NDArray[np.uint32], threads: int = 1) -> NDArray[np.floating]:
        """Return log10 p(codes[i] | codes[i - h:i]) at [i, h], (T, order).

        codes: as of `encode`; a 0 ends a sentence, and its probability is that of the end. Where the sentence has less than h
        codes before i, the value is -inf; its beginning, <s>, is not among the histories.
        """
        return self._look_up(codes, -1, self.order, threads)

    def token_log_probabilities(self, codes: NDArray[np.uint32], threads: int = 1) -> NDArray[np.floating]:
        """Return log10 p of each code, given all before it in its sentence and the beginning: (T,)."""
        return self._look_up(codes, self.vocabulary.start, 1, threads)[:, 0]

    def score(self, text: str) -> float:
        """Return log10 of the probability of all sentences of a text; 0.0 if there are none."""
        return float(self.token_log_probabilities(self.encode(text)).sum(dtype=np.float64))

    def score_batches(self, batches: Iterable[pa.RecordBatch], threads: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield a record batch of scores for each record batch with the columns `text` and `document`.

        Columns: document; log10_probability; characters and sentences (numbers of them); unknown (characters that are not
        in the vocabulary), unknown_log10_probability (what they contribute); per_character (log10_probability divided by
        the characters, null if there are none). A model of words has words, per_word in the place of characters.
        """
        threads = default_threads() if threads is None else threads
        for batch in batches:
            codes, ends = self.vocabulary.encode(batch.column("text"))
            p = self.token_log_probabilities(codes, threads).astype(np.float64)
            is_unknown = codes == self.vocabulary.unknown
            score, tokens = _sums(p, ends), _sums(codes != 0, ends)
            ratio = score / np.maximum(tokens, 1)
            columns = [
                score,
                tokens,
                _sums(codes == 0, ends),
                _sums(is_unknown, ends),
                _sums(np.where(is_unknown, p, 0.0), ends),
            ]
            arrays = [batch.column("document"), *map(pa.array, columns), pa.array(ratio, mask=tokens == 0)]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.score_schema)

    @property
    def score_schema(self) -> pa.Schema:
        """The schema of what `score_batches` yields."""
        unit = self.vocabulary.unit
        whole = [(name, pa.int64()) for name in (f"{unit}s", "sentences", "unknown")]
        return pa.schema(
            [
                ("document", pa.int64()),
                ("log10_probability", pa.float64()),
                *whole,
                ("unknown_log10_probability", pa.float64()),
                (f"per_{unit}", pa.float64()),
            ]
        )

    def evaluate(self, corpus: CorpusInput, threads: int | None = None) -> Evaluation:
        """Return what the model says of anything that `open_corpus` takes."""
        scores = self.score_batches(open_corpus(corpus), threads)
        return sum(map(Evaluation.of, scores), Evaluation())

    def perplexity(self, corpus: CorpusInput, threads: int | None = None) -> float:
        """Return 10 to the minus mean log10 probability of tokens and ends of sentences, unknown tokens included."""
        return self.evaluate(corpus, threads).perplexity

    def save(self, path: str | Path) -> None:
        """Write the model to a file, which `load_lm` maps into memory."""
        write_model(path, self.vocabulary, self.order, self.trie)

    def to_arpa(self, path: str | Path) -> None:
        """Write the model as ARPA text, which KenLM and SRILM read too."""
        write_arpa(path, self.vocabulary, self.order, self.trie)

    def _look_up(self, codes: NDArray[np.uint32], start: int, columns: int, threads: int) -> NDArray[np.floating]:
        codes = np.ascontiguousarray(codes, np.uint32)
        if codes.max(initial=0) >= self.vocabulary.size:
            raise OptionError(
                f"codes has {codes.max()}, and this model has {self.vocabulary.size} symbols: use its `encode`"
            )
        out = np.empty((codes.size, columns), self.trie.log10_p.dtype)
        ends = np.append(np.flatnonzero(codes == 0) + 1, codes.size)
        cuts = [int(ends[np.searchsorted(ends, cut)]) for cut in slices(codes.size, threads)[1:]]

        def work(lo: int, hi: int) -> None:
            _kernels.log_probabilities(*self.trie, self.order, start, codes, lo, hi, out)

        in_threads(work, [0, *cuts], threads)
        return out


def load_lm(path: str | Path) -> LanguageModel:
    """Return the model of a file that `LanguageModel.save` or `nlptools lm train` wrote, mapped into memory.

    Raises InputError if the file is no such file or is damaged.
    """
    return LanguageModel(*read_model(path))


def read_arpa(path: str | Path, words: bool | None = None) -> LanguageModel:
    """Return the model of an ARPA file, of ours or of another program.

    words: whether its tokens are words; default: they are if any is longer than a character.
    Raises InputError if the file is no ARPA file, is damaged, or has an n-gram without the shorter one it begins with.
    """
    return LanguageModel(*read_arpa_file(path, words))


def _sums(values: NDArray[Any], ends: NDArray[np.int64]) -> NDArray[Any]:
    """Return the sum of the values of each text, (D,); ends: (D,), where the texts end."""
    starts = np.concatenate([[0], ends[:-1]])
    filled = starts < ends
    kind = np.float64 if values.dtype == np.float64 else np.int64
    out = np.zeros(ends.size, kind)
    if filled.any():
        out[filled] = np.add.reduceat(values, starts[filled], dtype=kind)
    return out


def _perplexity(log10_probability: float, tokens: int) -> float:
    return 10 ** (-log10_probability / tokens) if tokens else math.nan
