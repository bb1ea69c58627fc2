"""Chains of states over the symbols of a text: the best segmentations, drawn ones, and how probable each gap is.

Everywhere: symbols (T,), 0 between segments; emissions (T, S) in nats; a chain as in four_states.py. The score of a
segmentation is the sum of its emissions and transitions, its probability within a segment proportional to e to that power.
Slow twins: tests/segment.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _segment_end(symbols: NDArray[np.unsignedinteger], i: int) -> int:
    while i < symbols.size and symbols[i] != 0:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _longest(symbols: NDArray[np.unsignedinteger]) -> int:
    longest = 0
    length = 0
    for symbol in symbols:
        length = length + 1 if symbol != 0 else 0
        longest = max(longest, length)
    return longest


@njit(cache=True, nogil=True)
def viterbi(
    symbols: NDArray[np.unsignedinteger],
    emissions: NDArray[np.float32],
    transitions: NDArray[np.float32],
    first: NDArray[np.bool_],
    last: NDArray[np.bool_],
    word_begins: NDArray[np.bool_],
    begins: NDArray[np.uint8],
) -> None:
    """Write where words begin in the best segmentation; of equal ones that of the lower last state. 1 at edges, too."""
    states = first.size
    back = np.empty((_longest(symbols), states), np.int8)
    best, new = np.empty(states), np.empty(states)
    i = 0
    while i < symbols.size:
        if symbols[i] == 0:
            begins[i] = 1
            i += 1
            continue
        end = _segment_end(symbols, i)
        for s in range(states):
            best[s] = emissions[i, s] if first[s] else -np.inf
        for t in range(i + 1, end):
            for s in range(states):
                most = -np.inf
                back[t - i, s] = 0
                for before in range(states):
                    value = best[before] + transitions[before, s]
                    if value > most:
                        most = value
                        back[t - i, s] = before
                new[s] = most + emissions[t, s]
            best, new = new, best
        state = -1
        for s in range(states):
            if last[s] and (state < 0 or best[s] > best[state]):
                state = s
        for t in range(end - 1, i - 1, -1):
            begins[t] = word_begins[state]
            state = back[t - i, state]
        i = end


@njit(cache=True, nogil=True)
def _log_sum(values: NDArray[np.float64]) -> float:
    most = values.max()
    if most == -np.inf:
        return most
    total = 0.0
    for value in values:
        total += math.exp(value - most)
    return most + math.log(total)


@njit(cache=True, nogil=True)
def forward(
    symbols: NDArray[np.unsignedinteger],
    emissions: NDArray[np.float32],
    transitions: NDArray[np.float32],
    first: NDArray[np.bool_],
    inverse_temperature: float,
    sums: NDArray[np.float64],
) -> None:
    """Write ln of the sum over all ways to come to each state, its emission included: (T, S); scores times the factor."""
    states = first.size
    values = np.empty(states)
    for i in range(symbols.size):
        if symbols[i] == 0:
            continue
        for s in range(states):
            if i == 0 or symbols[i - 1] == 0:
                come = 0.0 if first[s] else -np.inf
            else:
                for before in range(states):
                    values[before] = sums[i - 1, before] + inverse_temperature * transitions[before, s]
                come = _log_sum(values)
            sums[i, s] = come + inverse_temperature * emissions[i, s]


@njit(cache=True, nogil=True)
def draw(
    symbols: NDArray[np.unsignedinteger],
    transitions: NDArray[np.float32],
    last: NDArray[np.bool_],
    word_begins: NDArray[np.bool_],
    inverse_temperature: float,
    sums: NDArray[np.float64],
    uniform: NDArray[np.float64],
    begins: NDArray[np.uint8],
) -> None:
    """Write where words begin in a segmentation drawn with its probability; sums: of `forward`; uniform: (T,) in [0, 1)."""
    states = last.size
    values = np.empty(states)
    state = -1
    for i in range(symbols.size - 1, -1, -1):
        if symbols[i] == 0:
            begins[i] = 1
            state = -1
            continue
        for s in range(states):
            if state < 0:
                values[s] = sums[i, s] if last[s] else -np.inf
            else:
                values[s] = sums[i, s] + inverse_temperature * transitions[s, state]
        whole = _log_sum(values)
        left = uniform[i]
        chosen = -1
        for s in range(states):
            if values[s] > -np.inf:
                chosen = s
                left -= math.exp(values[s] - whole)
                if left < 0.0:
                    break
        state = chosen
        begins[i] = word_begins[state]


@njit(cache=True, nogil=True)
def backward(
    symbols: NDArray[np.unsignedinteger],
    emissions: NDArray[np.float32],
    transitions: NDArray[np.float32],
    last: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> None:
    """Write ln of the sum over all ways on from each state, its own emission not included: (T, S)."""
    states = last.size
    values = np.empty(states)
    for i in range(symbols.size - 1, -1, -1):
        if symbols[i] == 0:
            continue
        for s in range(states):
            if i + 1 == symbols.size or symbols[i + 1] == 0:
                sums[i, s] = 0.0 if last[s] else -np.inf
            else:
                for after in range(states):
                    values[after] = transitions[s, after] + emissions[i + 1, after] + sums[i + 1, after]
                sums[i, s] = _log_sum(values)


@njit(cache=True, nogil=True)
def word_log_probabilities(
    symbols: NDArray[np.unsignedinteger],
    emissions: NDArray[np.float32],
    transitions: NDArray[np.float32],
    first: NDArray[np.bool_],
    last: NDArray[np.bool_],
    word_begins: NDArray[np.bool_],
    forwards: NDArray[np.float64],
    backwards: NDArray[np.float64],
    begins: NDArray[np.uint8],
    out: NDArray[np.float64],
) -> None:
    """Write ln of the probability that there is a word where `begins` has one, at the unit where it begins; 0 at edges."""
    states = first.size
    inner, new = np.empty(states), np.empty(states)
    values = np.empty(states)
    i = 0
    while i < symbols.size:
        if symbols[i] == 0:
            out[i] = 0.0
            i += 1
            continue
        end = i + 1
        while end < symbols.size and symbols[end] != 0 and begins[end] == 0:
            end += 1
        for s in range(states):
            inner[s] = forwards[i, s] if word_begins[s] else -np.inf
            values[s] = forwards[i, s] + backwards[i, s]
        whole = _log_sum(values)
        for t in range(i + 1, end):
            for s in range(states):
                if word_begins[s]:
                    new[s] = -np.inf
                    continue
                for before in range(states):
                    values[before] = inner[before] + transitions[before, s]
                new[s] = _log_sum(values) + emissions[t, s]
            inner, new = new, inner
        if end == symbols.size or symbols[end] == 0:
            for s in range(states):
                values[s] = inner[s] if last[s] else -np.inf
            ways = _log_sum(values)
        else:
            for s in range(states):
                new[s] = -np.inf
                if word_begins[s]:
                    for before in range(states):
                        values[before] = inner[before] + transitions[before, s]
                    new[s] = _log_sum(values) + emissions[end, s] + backwards[end, s]
            ways = _log_sum(new)
        out[i] = min(0.0, ways - whole)
        i = end


@njit(cache=True, nogil=True)
def n_best(
    symbols: NDArray[np.unsignedinteger],
    emissions: NDArray[np.float32],
    transitions: NDArray[np.float32],
    first: NDArray[np.bool_],
    last: NDArray[np.bool_],
    word_begins: NDArray[np.bool_],
    begins: NDArray[np.uint8],
    scores: NDArray[np.float64],
) -> int:
    """Write the N best segmentations of one segment, (N, T), the best first, and their scores; return how many there are.

    A path of states is a segmentation here: the chains of this package have one path for each. Of equal ones the order
    does not depend on anything but the scores and the states.
    """
    n, t_end, states = begins.shape[0], symbols.size, first.size
    best = np.full((t_end, states, n), -np.inf)
    back = np.zeros((t_end, states, n), np.int32)
    at = np.empty(states, np.int64)
    for s in range(states):
        if first[s]:
            best[0, s, 0] = emissions[0, s]
    for t in range(1, t_end):
        for s in range(states):
            at[:] = 0
            for rank in range(n):
                most = -np.inf
                source = -1
                for before in range(states):
                    if at[before] < n:
                        value = best[t - 1, before, at[before]] + transitions[before, s]
                        if value > most:
                            most = value
                            source = before
                if source < 0:
                    break
                best[t, s, rank] = most + emissions[t, s]
                back[t, s, rank] = source * n + at[source]
                at[source] += 1
    at[:] = 0
    for found in range(n):
        state = -1
        for s in range(states):
            score = best[t_end - 1, s, at[s]] if last[s] and at[s] < n else -np.inf
            if score > (-np.inf if state < 0 else best[t_end - 1, state, at[state]]):
                state = s
        if state < 0:
            return found
        rank = at[state]
        at[state] += 1
        scores[found] = best[t_end - 1, state, rank]
        for t in range(t_end - 1, -1, -1):
            begins[found, t] = word_begins[state]
            origin = back[t, state, rank]
            state, rank = origin // n, origin % n
    return n
