"""Classes of symbols: associations against counting in a dictionary, classes against a text whose classes are known."""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.segment import classes
from nlptools.segment.classes import CLASSES, symbol_classes

Codes = NDArray[np.uint16]
KINDS, MEMBERS = 30, 6


def associations_twin(codes: list[int], symbols: int, contexts: list[int]) -> list[list[float]]:
    """Return the positive PMI of symbols and contexts: behind, before, behind at distance 2, before at distance 2."""
    rows: list[list[float]] = [[] for _ in range(symbols)]
    for distance in (1, 2):
        pairs = Counter(zip(codes, codes[distance:], strict=False))
        for counts in (pairs, Counter({(b, a): count for (a, b), count in pairs.items()})):
            seen = {pair: count for pair, count in counts.items() if pair[0] != 0 and pair[1] in contexts}
            of_symbol: Counter[int] = Counter()
            of_context: Counter[int] = Counter()
            for (symbol, context), count in seen.items():
                of_symbol[symbol] += count
                of_context[context] += count
            smoothed = {context: count**0.75 for context, count in of_context.items()}
            whole = sum(smoothed.values())
            for symbol, row in enumerate(rows):
                for context in contexts:
                    count = seen.get((symbol, context), 0)
                    ratio = count / (of_symbol[symbol] * smoothed[context] / max(whole, 1)) if count else 0
                    row.append(max(0.0, math.log(ratio)) if ratio else 0.0)
    return rows


@given(st.lists(st.integers(0, 5), min_size=3, max_size=40), st.integers(1, 8), st.integers(1, 3))
def test_associations(codes: list[int], contexts: int, threads: int) -> None:
    counts = np.bincount(codes, minlength=7)
    counts[0] = 0
    frequent = sorted(range(7), key=lambda code: (-counts[code], code))[:contexts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classes, "_CONTEXTS", contexts)
        found = classes._associations(np.array(codes, np.uint16), counts, threads)
    np.testing.assert_allclose(found, associations_twin(codes, 7, frequent), rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module", autouse=True)
def small_tables() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)  # quicker for small texts
        yield


@pytest.fixture(scope="module")
def codes() -> Codes:
    """A text in which a symbol of each kind follows one of the kind before it; symbol 0 now and then."""
    random = np.random.default_rng(1)
    kinds = np.arange(3000) % KINDS
    text = 1 + kinds * MEMBERS + random.integers(0, MEMBERS, kinds.size)
    text[random.random(kinds.size) < 0.01] = 0
    return text.astype(np.uint16)


def test_symbols_of_a_class_stand_beside_the_same_symbols(codes: Codes) -> None:
    found = symbol_classes(codes, 1 + KINDS * MEMBERS + 3, 0, 2)  # three of them do not occur
    assert found.dtype == np.uint8
    assert found[0] == 0
    assert not found[-3:].any()
    kinds_of: dict[int, set[int]] = {}
    for symbol, own in enumerate(found[1:-3].tolist()):
        kinds_of.setdefault(own, set()).add(symbol // MEMBERS)
    assert min(kinds_of) > 0
    assert max(kinds_of) < CLASSES
    assert all(len(kinds) == 1 for kinds in kinds_of.values())


def test_threads_change_nothing(codes: Codes) -> None:
    one, many = (symbol_classes(codes, 1 + KINDS * MEMBERS, 0, threads).tobytes() for threads in (1, 3))
    assert one == many
    assert symbol_classes(codes, 1 + KINDS * MEMBERS, 1, 1).tobytes() != one


@pytest.mark.parametrize("text", [[0], [1, 1], [0, 5, 0], [3, 2, 1] * 30])
def test_fewer_symbols_than_classes_have_none(text: list[int]) -> None:
    assert symbol_classes(np.array(text, np.uint16), 300, 0, 1).tolist() == [0] * 300
