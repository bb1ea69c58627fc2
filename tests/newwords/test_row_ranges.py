"""Sums over ranges of rows, both ends included, against a look at every row."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.newwords._count_kernels import add_ranges

LAST = 2**64 - 1
Key = tuple[int, int]

values = st.sampled_from([0, 1, 2, 3, LAST - 1, LAST])
keys = st.tuples(values, values)


@given(
    st.dictionaries(keys, st.integers(1, 9), min_size=1), st.lists(st.tuples(keys, keys), max_size=20), st.booleans()
)
@example({(1, 2): 1, (1, 3): 2, (2, 0): 4}, [((1, 2), (1, 2)), ((1, 3), (1, 3)), ((1, 0), (1, LAST))], True)
@example({(1, 2): 1, (LAST, LAST): 2}, [((0, 0), (LAST, LAST)), ((LAST, LAST), (LAST, LAST))], True)
@example({(1, 0): 1, (2, 0): 2}, [((1, 0), (1, LAST)), ((2, 0), (2, LAST)), ((3, 0), (3, LAST))], False)
def test_any_ranges(counts: dict[Key, int], ranges: list[tuple[Key, Key]], two_words: bool) -> None:
    if not two_words:
        counts = {(head, 0): count for (head, _), count in counts.items()}
        ranges = [((first, 0), (last, LAST)) for (first, _), (last, _) in ranges]
    ranges = [pair for pair in ranges if pair[0] <= pair[1]]
    rows = sorted(counts)
    heads, tails = (np.array([row[side] for row in rows], np.uint64) for side in (0, 1))
    sums = np.concatenate([[0], np.cumsum([counts[row] for row in rows])])
    bounds = np.array([[*first, *last] for first, last in ranges], np.uint64).reshape(-1, 4).T.copy()
    out = np.arange(len(ranges))  # what is there is added to
    add_ranges(heads, tails if two_words else tails[:0], sums, bounds, out)
    expected = [sum(count for row, count in counts.items() if first <= row <= last) for first, last in ranges]
    assert out.tolist() == [number + count for number, count in enumerate(expected)]
