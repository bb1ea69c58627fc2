"""How well a segmentation agrees with another one of the same text: precision, recall, F1, and where the two differ."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import tee
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus.reading import array_offsets
from nlptools.corpus.stream import BATCH_SCHEMA, Corpus, open_corpus
from nlptools.errors import InputError
from nlptools.lm.vocabulary import split_words

MOST_ERRORS = 1 << 18
"""How many different errors are counted; if there are more, the rarer half is forgotten."""

# what a word has that is no punctuation: a letter, a number or a Han character, also one of a later Unicode than ours
_COUNTED = r"[\pL\pN\x{20000}-\x{3FFFF}]"
_EXCERPT = 10  # characters shown on either side of a difference


class Segments(Protocol):
    """What segments record batches, such as a `Segmenter`."""

    def segment_batches(self, batches: Iterable[Any], threads: int | None = None) -> Iterator[Any]:
        """Yield the batches with a column `words`, lists of strings."""


Segmented = str | Path | Corpus | Iterable[str] | Iterable[list[str]]
"""Segmented text: a path, a corpus, lines in which white space parts the words, or lists of words."""


@dataclass(frozen=True)
class Evaluation:
    """Sums over the lines of a text. Evaluations of two texts add with +; shares of nothing are NaN."""

    lines: int = 0
    gold: int = 0
    """words of the gold standard"""
    predicted: int = 0
    """words of the segmentation that is judged"""
    correct: int = 0
    """words with the same place in both"""
    oov: int = 0
    """gold words that are not in the vocabulary; 0 without a vocabulary"""
    oov_correct: int = 0
    iv: int = 0
    """gold words that are in the vocabulary; 0 without a vocabulary"""
    iv_correct: int = 0
    differences: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    """how often gold words stand against predicted words, a space between words"""

    def __add__(self, other: "Evaluation") -> "Evaluation":
        """Return the evaluation of both texts together."""
        return Evaluation(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    @property
    def precision(self) -> float:
        """The share of predicted words that are correct."""
        return _share(self.correct, self.predicted)

    @property
    def recall(self) -> float:
        """The share of gold words that were found."""
        return _share(self.correct, self.gold)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.correct, self.gold + self.predicted)

    @property
    def oov_rate(self) -> float:
        """The share of gold words that are not in the vocabulary."""
        return _share(self.oov, self.oov + self.iv)

    @property
    def oov_recall(self) -> float:
        """The share of gold words outside the vocabulary that were found."""
        return _share(self.oov_correct, self.oov)

    @property
    def iv_recall(self) -> float:
        """The share of gold words in the vocabulary that were found."""
        return _share(self.iv_correct, self.iv)

    def errors(self, top: int | None = None) -> list[tuple[str, str, int]]:
        """Return the `top` most frequent differences, most frequent first: gold words, predicted words, count."""
        ranked = sorted(self.differences.items(), key=lambda item: (-item[1], item[0]))
        return [(*pair, count) for pair, count in ranked[:top]]

    def row(self) -> dict[str, Any]:
        """Return the figures as a row of a table; None for NaN."""
        counts = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "differences"}
        names = ("precision", "recall", "f1", "oov_rate", "oov_recall", "iv_recall")
        shares = ((name, getattr(self, name)) for name in names)
        return counts | {name: None if math.isnan(share) else share for name, share in shares}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def evaluate_segmentation(
    gold: Segmented,
    predicted: Segmented | Segments,
    *,
    vocabulary: Collection[str] | None = None,
    punctuation: bool = True,
    threads: int | None = None,
) -> Evaluation:
    """Return how well `predicted` agrees with `gold`.

    gold, predicted: see `Segmented`; a blank line counts for nothing. predicted may be a segmenter, which then
        segments the lines of gold without their white space.
    vocabulary: the words of the training text, for the figures of what is in it and what is not.
    punctuation: count also words that have no letter, number or Han character.
    threads: of the segmenter.

    Raises InputError if the two are not segmentations of one text.
    """
    both = evaluate_both(gold, predicted, vocabulary=vocabulary, threads=threads)
    return both[0 if punctuation else 1]


def evaluate_both(
    gold: Segmented,
    predicted: Segmented | Segments,
    *,
    vocabulary: Collection[str] | None = None,
    threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> tuple[Evaluation, Evaluation]:
    """Return two evaluations, with and without punctuation, of one pass over the text; see `evaluate_segmentation`.

    progress is called with the bytes of gold that were read since its last call.
    """
    first = _opened(gold)
    golden = _read(first, progress)
    if hasattr(predicted, "segment_batches"):
        name = "the segmenter"
        golden, again = tee(golden)
        others = _segment(predicted, again, threads)
    else:
        second = _opened(predicted)
        name = second.name
        others = _read(second, None)
    known = None if vocabulary is None else pa.array(sorted(vocabulary), pa.large_string())
    every, words_only = Evaluation(), Evaluation()
    differences: Counter[tuple[str, str]] = Counter()
    for ours, theirs in _aligned(golden, others, (first.name, name)):
        alignment = _Alignment(ours.words, theirs.words)
        every += alignment.evaluation(len(ours.lengths), known)
        words_only += alignment.evaluation(len(ours.lengths), known, _COUNTED)
        alignment.count_differences(differences)
    every.differences.update(differences)
    words_only.differences.update(_with_words(differences))
    return every, words_only


def _opened(source: Segmented) -> Corpus:
    """Return the source as a corpus in which a bad line is an error: to skip it would shift all others."""
    if isinstance(source, str | Path | Corpus):
        return open_corpus(source, strict=True)
    return open_corpus((line if isinstance(line, str) else " ".join(line) for line in source), strict=True)


@dataclass(frozen=True)
class _Lines:
    """Some lines that are not blank."""

    words: Any  # a large_string array: the words of all lines
    lengths: NDArray[np.int64]  # (L,): how many words each line has
    numbers: NDArray[np.int64]  # (L,): of the lines in the source, from 1

    def split(self, lines: int) -> "tuple[_Lines, _Lines | None]":
        """Return the first lines, and the rest if there is one."""
        if lines == len(self.lengths):
            return self, None
        words = int(self.lengths[:lines].sum())
        head = _Lines(self.words[:words], self.lengths[:lines], self.numbers[:lines])
        return head, _Lines(self.words[words:], self.lengths[lines:], self.numbers[lines:])

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Return where in the UTF-8 of the words each line begins, and the end, (L + 1,)."""
        offsets: NDArray[np.int64] = array_offsets(self.words)[np.concatenate([[0], self.lengths.cumsum()])]
        return offsets

    @property
    def texts(self) -> Any:
        """Return the lines without white space, a large_string array that shares the words' memory."""
        buffers = [None, pa.py_buffer(self.offsets), self.words.buffers()[2]]
        return pa.Array.from_buffers(pa.large_string(), len(self.lengths), buffers)


def _read(corpus: Corpus, progress: Callable[[int], object] | None) -> Iterator[_Lines]:
    for batch in corpus.batches(progress):
        words, lengths = split_words(batch.column("text"))
        yield from _not_blank(words, lengths, batch)


def _segment(segmenter: Any, golden: Iterable[_Lines], threads: int | None) -> Iterator[_Lines]:
    batches = (pa.RecordBatch.from_arrays([lines.texts, lines.numbers - 1], schema=BATCH_SCHEMA) for lines in golden)
    for batch in segmenter.segment_batches(batches, threads):
        lists = batch.column("words")
        lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
        yield from _not_blank(lists.flatten().cast(pa.large_string()), lengths, batch)


def _not_blank(words: Any, lengths: NDArray[np.int64], batch: Any) -> Iterator[_Lines]:
    full = lengths > 0
    if full.any():
        yield _Lines(words, lengths[full], batch.column("document").to_numpy()[full] + 1)


def _aligned(
    golden: Iterator[_Lines], others: Iterator[_Lines], names: tuple[str, str]
) -> Iterator[tuple[_Lines, _Lines]]:
    """Yield equally many lines of both; raises InputError where their characters differ."""
    ours = theirs = None
    while True:
        ours = ours or next(golden, None)
        theirs = theirs or next(others, None)
        if ours is None or theirs is None:
            break
        lines = min(len(ours.lengths), len(theirs.lengths))
        head, ours = ours.split(lines)
        other_head, theirs = theirs.split(lines)
        _check_same_text(head, other_head, names)
        yield head, other_head
    for rest, name, other in ((ours, names[0], names[1]), (theirs, names[1], names[0])):
        if rest is not None:
            raise InputError(
                f"{name}, line {rest.numbers[0]}: {_excerpt(rest.texts[0].as_py(), 0)!r} has no counterpart, {other} "
                "ends before; give two segmentations of the same text"
            )


def _check_same_text(ours: _Lines, theirs: _Lines, names: tuple[str, str]) -> None:
    """Raise InputError at the first line whose characters differ."""
    if ours.texts.equals(theirs.texts):
        return
    same = pc.equal(ours.texts, theirs.texts).to_numpy(zero_copy_only=False)
    line = int(np.argmin(same))
    text, other = ours.texts[line].as_py(), theirs.texts[line].as_py()
    pairs = enumerate(zip(text, other, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(text), len(other)))
    raise InputError(
        f"{names[0]}, line {ours.numbers[line]}: reads {_excerpt(text, at)!r}, but {names[1]}, line "
        f"{theirs.numbers[line]}: {_excerpt(other, at)!r}; give two segmentations of the same text"
    )


def _excerpt(text: str, at: int) -> str:
    """Return what stands around a place."""
    start, end = max(0, at - _EXCERPT), at + _EXCERPT
    return "…" * (start > 0) + text[start:end] + "…" * (end < len(text))


class _Alignment:
    """Two segmentations of one text, cut into stretches at all places where both have a boundary.

    The segmentations agree on a stretch that is one word in both.
    """

    def __init__(self, gold: Any, predicted: Any) -> None:
        self.gold, self.predicted = gold, predicted
        ours, theirs = array_offsets(gold), array_offsets(predicted)
        ours, theirs = ours - ours[0], theirs - theirs[0]
        place = np.searchsorted(theirs, ours)
        common = theirs[place] == ours
        first, first_predicted = np.flatnonzero(common), place[common]
        self.gold_words = np.diff(first)  # of each stretch
        self.predicted_words = np.diff(first_predicted)
        self.agree = (self.gold_words == 1) & (self.predicted_words == 1)
        self.correct = first[:-1][self.agree]  # which gold words

    def evaluation(self, lines: int, known: Any, pattern: str | None = None) -> Evaluation:
        """Return the counts of the words that match the pattern."""
        gold, predicted = _matching(self.gold, pattern), _matching(self.predicted, pattern)
        figures = Evaluation(lines, _count(gold), _count(predicted), _count(gold[self.correct]))
        if known is None:
            return figures
        is_known = pc.is_in(self.gold, known).to_numpy(zero_copy_only=False)
        outside, inside = gold & ~is_known, gold & is_known
        return replace(
            figures,
            oov=_count(outside),
            oov_correct=_count(outside[self.correct]),
            iv=_count(inside),
            iv_correct=_count(inside[self.correct]),
        )

    def count_differences(self, counter: Counter[tuple[str, str]]) -> None:
        """Add the stretches on which the two do not agree to a counter of bounded size."""
        wrong = ~self.agree
        columns = {
            "gold": _joined(self.gold, self.gold_words, wrong),
            "predicted": _joined(self.predicted, self.predicted_words, wrong),
        }
        groups = pa.table(columns).group_by(["gold", "predicted"]).aggregate([([], "count_all")])
        for gold, predicted, count in zip(
            *(groups.column(name).to_pylist() for name in (*columns, "count_all")), strict=True
        ):
            counter[gold, predicted] += count
        if len(counter) > MOST_ERRORS:
            kept = counter.most_common(MOST_ERRORS // 2)
            counter.clear()
            counter.update(dict(kept))


def _count(flags: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(flags))


def _matching(words: Any, pattern: str | None) -> NDArray[np.bool_]:
    """Return which words match a pattern; all of them if there is none."""
    if pattern is None:
        return np.ones(len(words), np.bool_)
    matching: NDArray[np.bool_] = pc.match_substring_regex(words, pattern).to_numpy(zero_copy_only=False)
    return matching


def _joined(words: Any, lengths: NDArray[np.int64], stretches: NDArray[np.bool_]) -> Any:
    """Return the words of each of some stretches, a space between them; lengths: words of every stretch."""
    chosen = words.filter(pa.array(np.repeat(stretches, lengths)))
    offsets = np.concatenate([[0], lengths[stretches].cumsum()]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(offsets, chosen), pa.scalar(" ", pa.large_string()))


def _with_words(differences: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Return the differences that are not of punctuation alone."""
    texts = pa.array([gold for gold, _ in differences], pa.large_string())
    return Counter(
        {pair: differences[pair] for pair, real in zip(differences, _matching(texts, _COUNTED), strict=True) if real}
    )
