"""What the counts of a word by period tell: born, rising, bursting, dying. Slow twins: tests/newwords/test_trend_scores.py.

Periods may have any size, also none: rates are relative to the characters of a period. W words, T periods.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlptools.newwords.contrast import benjamini_hochberg, chi_square_tail, log_likelihood, log_ratio

Numbers = NDArray[Any]
Places = NDArray[np.int64]

STRAY = 0.002
"""Up to this share of its occurrences may lie before a word is born: accidents of n-grams, and homonyms."""


@dataclass(frozen=True)
class Change:
    """Two rates in place of one: up to a period, and from it on; (W,) each.

    start: the first period of the new rate; 0 where there is no change. g2: log-likelihood ratio against one rate, negative
    where the rate falls. log_ratio: ln of the new rate over the old one, half an occurrence added to each count. q_value:
    false discovery rate over all words.
    """

    start: Places
    g2: Numbers
    log_ratio: Numbers
    q_value: Numbers


@dataclass(frozen=True)
class Bursts:
    """The strongest burst of each word, (W,): first and last period, -1 if there is none.

    weight: nats that it saves, 0 if there is none. g2: log-likelihood ratio of two rates, inside and outside, against one,
    negative where it is less inside; 0 if there is none. q_value: false discovery rate over all words.
    """

    start: Places
    end: Places
    weight: Numbers
    g2: Numbers
    q_value: Numbers


def births(series: Numbers, sizes: Numbers) -> Change:
    """Return where each word was first seen, but for STRAY, and how surprising it is that it was not before.

    series: (W, T), counts. sizes: (T,), characters.
    Compared with the text before is as much text from there on, if there is as much: what a word does years later says nothing
    of its first days. With n occurrences in both, k of them before, and a share s of the text before,
    P(X <= k) <= exp(-n KL(k/n, s)) = exp(-g2 / 2), and equal for k = 0.
    """
    sums, size_sums = np.cumsum(series, axis=1), np.cumsum(sizes)
    start = np.argmax(sums > STRAY * sums[:, -1:], axis=1)
    size_before = np.where(start > 0, size_sums[np.maximum(start - 1, 0)], 0)
    end = np.minimum(np.searchsorted(size_sums, 2 * size_before), sizes.size - 1)
    change = _changed(sums, size_sums, start, np.maximum(end, start))
    g2 = np.where(start > 0, np.maximum(change.g2, 0), 0.0)
    return Change(start, g2, change.log_ratio, benjamini_hochberg(np.exp(-g2 / 2)))


def changes(series: Numbers, sizes: Numbers) -> Change:
    """Return where the rate of each word changes most; the false discovery rate counts all places (Bonferroni)."""
    sums, size_sums = np.cumsum(series, axis=1), np.cumsum(sizes)
    words, periods = series.shape
    start, largest = np.zeros(words, np.int64), np.zeros(words)
    for place in range(1, periods):
        g2 = np.abs(_changed(sums, size_sums, np.full(words, place)).g2)
        better = g2 > largest
        start[better], largest[better] = place, g2[better]
    change = _changed(sums, size_sums, start)
    p = np.minimum(1, chi_square_tail(largest) * max(1, periods - 1))
    return Change(start, change.g2, change.log_ratio, benjamini_hochberg(p))


def _changed(sums: Numbers, size_sums: Numbers, start: Places, end: Places | None = None) -> Change:
    """Return the change of each word at `start`, in the text up to `end`, or all; sums (W, T), size_sums (T,) add up to a period."""
    inside = start > 0
    before = np.where(inside, np.take_along_axis(sums, np.maximum(start - 1, 0)[:, None], axis=1)[:, 0], 0)
    size_before = np.where(inside, size_sums[np.maximum(start - 1, 0)], 0)
    last = np.full(start.size, size_sums.size - 1) if end is None else end
    after, size_after = sums[np.arange(start.size), last] - before, size_sums[last] - size_before
    both = inside & (size_before > 0) & (size_after > 0)
    g2 = np.where(both, log_likelihood(after, before, size_after, size_before), 0.0)
    ratio = np.where(both, log_ratio(after, before, size_after, size_before), 0.0)
    return Change(start, g2, ratio, np.ones(start.size))


def bursts(series: Numbers, sizes: Numbers, ratio: float, cost: float) -> Bursts:
    """Return the strongest burst of each word by Kleinberg's automaton of two states (2002, section 4: batches).

    In the lower state a character is the word's with its mean rate p, in the upper one with `ratio` · p, both binomial. Going up
    costs `cost` · ln T, going down nothing. The sequence of states of least cost is found for all words at once (Viterbi); the
    weight of a burst is what it saves over the lower state, in nats: the log-likelihood ratio of its periods. By chance it is w or
    more with a probability of e⁻ʷ at most, in each of the T (T + 1) / 2 places.
    """
    words, periods = series.shape
    low = np.sum(series, axis=1) / max(1.0, float(np.sum(sizes)))
    high = np.minimum(low * ratio, 0.9999)
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(low > 0, np.log(high / low), 0.0)
        down = np.log1p(-high) - np.log1p(-np.minimum(low, 0.9999))
    step = cost * np.log(max(2, periods))
    gains = series * up[:, None] + np.maximum(0, sizes - series) * down[:, None]  # of the upper state

    best_low, best_high = np.zeros(words), np.full(words, -step)
    came_up = np.zeros((periods, words), np.bool_)  # whether the best way to the upper state comes from the lower one
    fell = np.zeros((periods, words), np.bool_)  # whether the best way to the lower state comes from the upper one
    for t in range(periods):
        if t > 0:
            came_up[t] = best_low - step >= best_high
            fell[t] = best_high > best_low
            best_low, best_high = np.maximum(best_low, best_high), np.maximum(best_low - step, best_high)
        best_high = best_high + gains[:, t]

    state = best_high > best_low
    start, end, weight = np.full(words, -1), np.full(words, -1), np.zeros(words)
    run_end, run = np.full(words, -1), np.zeros(words)
    for t in range(periods - 1, -1, -1):
        run_end = np.where(state & (run_end < 0), t, run_end)
        run = np.where(state, run + gains[:, t], 0.0)
        before = np.where(state, ~came_up[t], fell[t]) & (t > 0)
        heavier = state & ~before & (run > weight)
        start[heavier], end[heavier], weight[heavier] = t, run_end[heavier], run[heavier]
        run_end = np.where(before, run_end, -1)
        state = before
    p = np.minimum(1, np.exp(-weight) * (periods * (periods + 1) / 2))
    return Bursts(start, end, weight, _inside(series, sizes, start, end), benjamini_hochberg(p))


def _inside(series: Numbers, sizes: Numbers, start: Places, end: Places) -> Numbers:
    """Return the log-likelihood ratio of two rates, from `start` to `end` and elsewhere; 0 where start is -1."""
    sums = np.concatenate([np.zeros((series.shape[0], 1)), np.cumsum(series, axis=1)], axis=1)
    size_sums = np.concatenate([[0], np.cumsum(sizes)])
    words = np.arange(start.size)
    seen, size = sums[words, end + 1] - sums[words, start], size_sums[end + 1] - size_sums[start]
    g2 = log_likelihood(seen, sums[:, -1] - seen, size, size_sums[-1] - size)
    return np.where(start >= 0, g2, 0.0)


def peaks(series: Numbers, sizes: Numbers) -> Places:
    """Return the period in which each word is most above its mean rate: the largest (seen - expected) / √expected."""
    expected = np.outer(np.sum(series, axis=1), sizes / max(1.0, float(np.sum(sizes))))
    above = (series - expected) / np.sqrt(np.where(expected > 0, expected, 1))
    return np.asarray(np.argmax(np.where(expected > 0, above, -np.inf), axis=1))
