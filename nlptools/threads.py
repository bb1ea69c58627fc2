"""Work on slices, in threads: the kernels let go of the interpreter's lock."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def default_threads() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slices(size: int, pieces: int) -> list[int]:
    """Return the pieces + 1 bounds of pieces of range(size), as even as can be.

    >>> slices(10, 4)
    [0, 2, 5, 7, 10]
    """
    return [size * p // pieces for p in range(pieces + 1)]


def in_threads(work: Callable[[int, int], Result], bounds: list[int], threads: int) -> list[Result]:
    """Return work(bounds[p], bounds[p + 1]) for every p, in order."""
    if threads == 1 or len(bounds) < 3:
        return [work(lo, hi) for lo, hi in zip(bounds[:-1], bounds[1:], strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, bounds[:-1], bounds[1:]))
