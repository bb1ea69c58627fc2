"""Work on slices, and on the pieces of a stream, in threads: the kernels let go of the interpreter's lock."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
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


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yield work(item) for every item, in order; at most `threads` + 1 items are held at a time.

    What `items` raises is raised after the results of the items before it.
    """

    def done(outcome: Item | _Failure) -> Result:
        if isinstance(outcome, _Failure):
            raise outcome.error
        return work(outcome)

    outcomes = _outcomes(items)
    first = list(islice(outcomes, 2 if threads > 1 else 0))
    if len(first) < 2:
        yield from map(done, chain(first, outcomes))
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for outcome in chain(first, outcomes):
                waiting.append(pool.submit(done, outcome))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class _Failure:
    def __init__(self, error: Exception) -> None:
        self.error = error


def _outcomes(items: Iterable[Item]) -> Iterator[Item | _Failure]:
    try:
        yield from items
    except Exception as error:
        yield _Failure(error)
