"""a is to b as c is to what? After Levy and Goldberg, Linguistic regularities in sparse and explicit word representations, 2014."""

from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.checks import check_choice, check_numbers
from nlptools.threads import default_threads, in_threads, slices
from nlptools.vectors import _kernels
from nlptools.vectors.neighbours import Floats, best_rows, known_rows, unit, unit_blocks
from nlptools.vectors.table import table_of

Method = Literal["add", "mul"]

EPSILON = 0.001
"""What is added to the divisor of 3CosMul, as in the paper."""

_QUESTIONS = 64  # in a piece of work for a thread


def analogy(vectors: Any, a: str, b: str, c: str, top: int = 10, *, method: Method = "add") -> pa.Table:
    """Return the `top` words x for which a is to b as c is to x, best first; a, b and c are left out.

    method: add: 3CosAdd, the largest cos(x, b) - cos(x, a) + cos(x, c). mul: 3CosMul, the largest
    cos(x, b) · cos(x, c) / (cos(x, a) + 0.001), where cosines are moved to 0 to 1 first: (cos + 1) / 2.

    Columns: rank (from 1), word, score, and count if there are counts. Raises InputError for a word that is not there.
    """
    check_numbers(top=top)
    check_choice(get_args(Method), method=method)
    table = table_of(vectors)
    rows = known_rows(table, [a, b, c])
    combine = _add if method == "add" else _mul
    ((places, scores),) = best_rows(table.vectors, unit(table.vectors[rows]), combine, top, [rows.tolist()])
    columns = {
        "rank": pa.array(np.arange(1, len(places) + 1)),
        "word": table.words.take(pa.array(places)),
        "score": pa.array(scores),
    }
    if table.counts is not None:
        columns["count"] = pa.array(table.counts[places])
    return pa.table(columns)


def _add(cosines: Floats) -> Floats:
    a, b, c = cosines.T
    score: Floats = b - a + c
    return score[:, np.newaxis]


def _mul(cosines: Floats) -> Floats:
    a, b, c = (1 + cosines.T) / 2
    score: Floats = b * c / (a + np.float32(EPSILON))
    return score[:, np.newaxis]


def answers(
    vectors: Floats, questions: NDArray[np.int64], threads: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best answer to each question by 3CosAdd and by 3CosMul, (Q,) each, rows; -1 if there is none.

    questions: (Q, 3), the rows of a, b and c. Every distinct word is multiplied with all vectors once.
    """
    threads = threads or default_threads()
    rows, numbers = np.unique(questions, return_inverse=True)
    numbers = numbers.reshape(questions.shape)
    directions = unit(vectors[rows])
    add, mul = (np.full(len(questions), -np.inf, np.float32) for _ in range(2))
    add_rows, mul_rows = (np.full(len(questions), -1, np.int64) for _ in range(2))
    mul[:] = -1
    bounds = slices(len(questions), len(questions) // _QUESTIONS + 1)
    for first, block in unit_blocks(vectors, len(rows)):
        cosines = directions @ block.T

        def look(lo: int, hi: int, cosines: Floats = cosines, first: int = first) -> None:
            part = slice(lo, hi)
            _kernels.answer_analogies(
                cosines, first, numbers[part], rows, EPSILON, add[part], add_rows[part], mul[part], mul_rows[part]
            )

        in_threads(look, bounds, threads)
    return add_rows, mul_rows
