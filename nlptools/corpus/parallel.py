"""Work on the pieces of a stream in threads, results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
