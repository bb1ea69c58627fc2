"""How good vectors are: rank correlation with judgements of similarity, and the share of analogies that they solve."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.checks import check_numbers
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.stream import open_paths
from nlptools.errors import InputError, OptionError
from nlptools.vectors.analogy import answers
from nlptools.vectors.files import read_table
from nlptools.vectors.table import VectorTable, table_of

RESTRICT_VOCAB = 300_000
"""How many words from the beginning take part, as in gensim."""

SCHEMA = pa.schema(
    [
        pa.field("file", pa.large_string()),
        pa.field("section", pa.large_string()),
        pa.field("questions", pa.int64()),
        pa.field("oov", pa.int64()),
        pa.field("spearman", pa.float64()),
        pa.field("add", pa.float64()),
        pa.field("mul", pa.float64()),
    ]
)

_PART_OF_SPEECH = re.compile("[A-Za-z]{1,4}")

Paths = str | Path | Sequence[str | Path]


class Pair(NamedTuple):
    """Two words, and how similar people find them."""

    first: str
    second: str
    score: float


class Question(NamedTuple):
    """a is to b as c is to d."""

    section: str
    words: tuple[str, str, str, str]


def evaluate_vectors(
    vectors: Any,
    *,
    similarity: Paths = (),
    analogy: Paths = (),
    lower: bool = False,
    restrict_vocab: int | None = RESTRICT_VOCAB,
    threads: int | None = None,
) -> pa.Table:
    """Return how well vectors agree with people, a row for each file, and for each section of files with analogies.

    vectors: gensim `KeyedVectors`, a model, a `VectorTable`, or a file of vectors. similarity: files with lines of two words
    and a number, see `read_pairs`; analogy: files with lines of four words, see `read_questions`. A word that is not
    there is looked for in lower case; with lower always. restrict_vocab: of the vectors only the first so many take part;
    None: all.

    Columns: file; section (null in the row of a whole file); questions, the pairs or analogies all of whose words are
    there; oov, the others, which do not count; spearman, the rank correlation with the cosines, ties averaged; add and
    mul, the share that 3CosAdd and 3CosMul solve. Shares of nothing are null. Raises InputError for a file that is no such.
    """
    check_numbers(restrict_vocab=restrict_vocab, threads=threads)
    pair_files, question_files = _paths(similarity), _paths(analogy)
    if not pair_files + question_files:
        raise OptionError("there is nothing to evaluate with; give a file for similarity or for analogy")
    pairs = [(Path(path).name, read_pairs(path)) for path in pair_files]
    questions = [(Path(path).name, read_questions(path)) for path in question_files]
    table = read_table(vectors) if isinstance(vectors, str | Path) else table_of(vectors)
    words = _Words(table, lower, restrict_vocab)
    rows = [_similarity_row(words, name, found) for name, found in pairs]
    for name, found in questions:
        rows += _analogy_rows(words, name, found, threads)
    return pa.Table.from_pylist(rows, SCHEMA)


class _Words:
    """The words that take part, and how a word in a question is found among them."""

    def __init__(self, table: VectorTable, lower: bool, restrict_vocab: int | None) -> None:
        self._table = table
        self._lower = lower
        self.vectors = table.vectors[:restrict_vocab]

    def rows(self, words: Iterable[Sequence[str]], width: int) -> NDArray[np.int64]:
        """Return the rows of words, (N, width); -1 for those that are not there."""
        flat = [word.lower() if self._lower else word for some in words for word in some]
        distinct = list(dict.fromkeys(flat))
        found = self._exact(distinct)
        found = np.where(found < 0, self._exact([word.lower() for word in distinct]), found)
        row_of = dict(zip(distinct, found.tolist(), strict=True))
        return np.array([row_of[word] for word in flat], np.int64).reshape(-1, width)

    def _exact(self, words: list[str]) -> NDArray[np.int64]:
        rows = self._table.rows_of(words)
        return np.where(rows < len(self.vectors), rows, -1)


def _similarity_row(words: _Words, name: str, pairs: list[Pair]) -> dict[str, Any]:
    rows = words.rows((pair[:2] for pair in pairs), 2)
    known = (rows >= 0).all(axis=1)
    first, second = (words.vectors[rows[known, side]].astype(np.float64) for side in range(2))
    gold = np.array([pair.score for pair in pairs])[known]
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / np.where(lengths > 0, lengths, 1)
    oov = len(pairs) - len(gold)
    return {"file": name, "questions": len(gold), "oov": oov, "spearman": _spearman(gold, cosines)}


def _spearman(gold: NDArray[np.float64], found: NDArray[np.float64]) -> float | None:
    """Return the rank correlation; None if one side has no two different numbers."""
    if min(np.unique(gold).size, np.unique(found).size) < 2:
        return None
    from scipy.stats import spearmanr  # here, because it takes a second to import

    return float(spearmanr(gold, found).statistic)


def _analogy_rows(words: _Words, name: str, questions: list[Question], threads: int | None) -> list[dict[str, Any]]:
    rows = words.rows((question.words for question in questions), 4)
    known = (rows >= 0).all(axis=1)
    solved = np.zeros((2, len(questions)), np.bool_)
    for right, given in zip(solved, answers(words.vectors, rows[known, :3], threads), strict=True):
        right[known] = given == rows[known, 3]
    sections = np.array([question.section for question in questions])
    found: list[dict[str, Any]] = []
    for section in [*dict.fromkeys(sections.tolist()), None]:
        part = np.full(len(questions), True) if section is None else sections == section
        asked = int((part & known).sum())
        add, mul = (float(right[part].sum()) / asked if asked else None for right in solved)
        oov = int(part.sum()) - asked
        found.append({"file": name, "section": section, "questions": asked, "oov": oov, "add": add, "mul": mul})
    return found


def read_pairs(path: str | Path) -> list[Pair]:
    """Return the pairs of a similarity set: lines of two words and a number, with tabs, commas or blanks between.

    So are WordSim-353, wordsim-240 and MEN; between the words and the number may stand a part of speech, as in SimLex-999.
    Lines that begin with # and a first line without a number, the header, are left out. Raises InputError at another line without one.
    """
    pairs = []
    for number, line in enumerate(_lines(path)):
        fields = _fields(line)
        scores = fields[3:] if fields[2:] and _PART_OF_SPEECH.fullmatch(fields[2]) else fields[2:]
        score = _number(scores[0]) if scores and all(fields[:2]) else None
        if score is not None:
            pairs.append(Pair(fields[0], fields[1], score))
        elif number:
            raise InputError(f"{path}: {line[:80]!r} is no pair; give lines of two words and a number")
    if not pairs:
        raise InputError(f"{path}: has no pairs; give lines of two words and a number")
    return pairs


def read_questions(path: str | Path) -> list[Question]:
    """Return the analogies of a file as Google's (questions-words.txt) and CA8's: lines of four words, blanks between.

    A line ": name" begins a section. Lines that begin with # or // are left out. Raises InputError at another line.
    """
    questions: list[Question] = []
    section = ""
    for line in _lines(path):
        if line.startswith(":"):
            section = line[1:].strip()
            continue
        words = line.split()
        if len(words) != 4:
            raise InputError(f"{path}: {line[:80]!r} is no analogy; give lines of four words, and of ': section'")
        questions.append(Question(section, (words[0], words[1], words[2], words[3])))
    if not questions:
        raise InputError(f"{path}: has no analogies; give lines of four words, and of ': section'")
    return questions


def _lines(path: str | Path) -> Iterator[str]:
    """Yield the lines of a text file that are neither empty nor comments."""
    corpus = open_paths([path], ReadOptions(input_format="text", strict=True))
    for batch in corpus.batches():
        for line in batch.column("text").to_pylist():
            if line.strip() and not line.startswith(("#", "//")):
                yield line.strip()


def _fields(line: str) -> list[str]:
    for separator in "\t,":
        if separator in line:
            return [field.strip() for field in line.split(separator)]
    return line.split()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _paths(paths: Paths) -> list[str | Path]:
    return [paths] if isinstance(paths, str | Path) else list(paths)
