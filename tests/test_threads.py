"""Work on the pieces of a stream: results in order, few pieces held, errors where they belong."""

import time
from collections.abc import Iterator

import pytest

from nlptools.errors import InputError
from nlptools.threads import in_order


def test_in_order_keeps_the_order_and_little_in_memory() -> None:
    held = most = 0

    def items() -> Iterator[int]:
        nonlocal held, most
        for number in range(50):
            held += 1
            most = max(most, held)
            yield number

    def work(number: int) -> int:
        time.sleep(0.001 * (number % 3))
        return number * number

    found = []
    for result in in_order(work, items(), 3):
        held -= 1
        found.append(result)
    assert found == [number * number for number in range(50)]
    assert most <= 5


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("good", [0, 1, 2, 9])
def test_in_order_raises_after_what_came_before(threads: int, good: int) -> None:
    def items() -> Iterator[int]:
        yield from range(good)
        raise InputError("the end is missing")

    found = []
    with pytest.raises(InputError, match="the end is missing"):
        for result in in_order(str, items(), threads):
            found.append(result)
    assert found == [str(number) for number in range(good)]
