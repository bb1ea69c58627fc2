"""What counts by period tell, against plain Python: every place, every sequence of states."""

import math
from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlptools.newwords.trend_scores import STRAY, births, bursts, changes, peaks


@st.composite
def counted(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Counts (W, T) and sizes (T,), some periods without text."""
    periods = draw(st.integers(1, 7))
    sizes = draw(st.lists(st.sampled_from([0, 40, 100, 1000]), min_size=periods, max_size=periods))
    sizes[draw(st.integers(0, periods - 1))] = 500
    row = st.tuples(*(st.integers(0, min(size, 30)) for size in sizes))
    return np.array(draw(st.lists(row, min_size=1, max_size=4)), np.int64).reshape(-1, periods), np.array(sizes)


def g2(before: int, after: int, size_before: int, size_after: int) -> float:
    """Return the signed log-likelihood ratio of two rates against one."""
    if not size_before or not size_after:
        return 0.0
    share = size_after / (size_before + size_after)
    total = before + after
    value = sum(seen * math.log(seen / (total * part)) for seen, part in ((after, share), (before, 1 - share)) if seen)
    return 2 * value if after >= total * share else -2 * value


def halves(series: list[int], sizes: list[int], place: int) -> tuple[int, int, int, int]:
    return sum(series[:place]), sum(series[place:]), sum(sizes[:place]), sum(sizes[place:])


@given(counted())
def test_births(case: tuple[np.ndarray, np.ndarray]) -> None:
    series, sizes = case
    found = births(series, sizes)
    for word, row in enumerate(series.tolist()):
        birth = next((t for t in range(len(row)) if sum(row[: t + 1]) > STRAY * sum(row)), 0)
        assert found.start[word] == birth
        end = birth + 1
        while end < len(row) and sizes[birth:end].sum() < sizes[:birth].sum():
            end += 1
        before, after, size_before, size_after = halves(row[:end], sizes[:end].tolist(), birth)
        assert math.isclose(found.g2[word], max(0.0, g2(before, after, size_before, size_after)), abs_tol=1e-7)
        if not before and size_before and size_after:  # then it is the probability itself
            chance = (size_after / (size_before + size_after)) ** after
            assert math.isclose(math.exp(-found.g2[word] / 2), chance, abs_tol=1e-9)


@given(counted())
def test_changes(case: tuple[np.ndarray, np.ndarray]) -> None:
    series, sizes = case
    found = changes(series, sizes)
    for word, row in enumerate(series.tolist()):
        every = [abs(g2(*halves(row, sizes.tolist(), place))) for place in range(1, len(row))]
        assert math.isclose(abs(found.g2[word]), max([0.0, *every]), abs_tol=1e-7)
        if found.start[word]:
            before, after, size_before, size_after = halves(row, sizes.tolist(), found.start[word])
            assert math.isclose(found.g2[word], g2(before, after, size_before, size_after), abs_tol=1e-7)
            ratio = (after + 0.5) * size_before / ((before + 0.5) * size_after)
            assert math.isclose(found.log_ratio[word], math.log(ratio), abs_tol=1e-9)


def saved(row: list[int], sizes: list[int], ratio: float) -> list[float]:
    """Return what the upper state saves in each period: the ratio of two binomial probabilities, in nats."""
    low = sum(row) / sum(sizes)
    high = min(low * ratio, 0.9999)
    if low == 0:
        return [0.0] * len(row)
    low = min(low, 0.9999)
    return [
        r * math.log(high / low) + (size - r) * (math.log(1 - high) - math.log(1 - low))
        for r, size in zip(row, sizes, strict=True)
    ]


@given(counted(), st.sampled_from([1.5, 2.0, 5.0]), st.sampled_from([0.3, 1.0]))
def test_bursts(case: tuple[np.ndarray, np.ndarray], ratio: float, cost: float) -> None:
    series, sizes = case
    found = bursts(series, sizes, ratio, cost)
    for word, row in enumerate(series.tolist()):
        if sum(row) > 0.4 * sizes.sum():  # the rates would not be those of two states
            continue
        gains = saved(row, sizes.tolist(), ratio)
        step = cost * math.log(max(2, len(row)))
        best, best_states = -math.inf, (0,) * len(row)
        for states in product((0, 1), repeat=len(row)):
            ups = sum(now > before for before, now in zip((0, *states), states, strict=False))
            value = sum(gain for gain, state in zip(gains, states, strict=True) if state) - step * ups
            if value > best + 1e-12:
                best, best_states = value, states
        runs: list[list[int]] = []
        for t, state in enumerate(best_states):
            if state and (t == 0 or not best_states[t - 1]):
                runs.append([t, t])
            elif state:
                runs[-1][1] = t
        weights = [sum(gains[start : end + 1]) for start, end in runs]
        assert math.isclose(found.weight[word], max([0.0, *weights]), abs_tol=1e-6)
        if runs:
            start, end = int(found.start[word]), int(found.end[word])
            assert math.isclose(sum(gains[start : end + 1]), max(weights), abs_tol=1e-6)
            inside, size = sum(row[start : end + 1]), int(sizes[start : end + 1].sum())
            expected = g2(sum(row) - inside, inside, int(sizes.sum()) - size, size)
            assert math.isclose(found.g2[word], expected, abs_tol=1e-7)
        else:
            assert found.start[word] == found.end[word] == -1
            assert found.g2[word] == 0


def test_a_burst_by_hand() -> None:
    """10 of 1,000 in every month, then 60 and 50, then 10 again."""
    series = np.array([[10, 10, 60, 50, 10, 10, 10, 10], [10] * 8])
    found = bursts(series, np.full(8, 1000), 2.0, 1.0)
    assert (found.start[0], found.end[0]) == (2, 3)
    assert (found.start[1], found.end[1], found.weight[1]) == (-1, -1, 0.0)
    assert found.q_value[0] < 1e-6 < found.q_value[1]


@given(counted())
def test_peaks(case: tuple[np.ndarray, np.ndarray]) -> None:
    series, sizes = case
    for row, peak in zip(series.tolist(), peaks(series, sizes).tolist(), strict=True):
        expected = [sum(row) * size / sizes.sum() for size in sizes.tolist()]
        above = [(r - e) / math.sqrt(e) if e else -math.inf for r, e in zip(row, expected, strict=True)]
        assert math.isclose(above[peak], max(above)) or max(above) == -math.inf
