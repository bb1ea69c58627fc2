"""The four states of kexue.fm 3956, which make a language model of characters a segmenter.

State s of a character: it is the character s + 1 of its word, the last state the fourth or a later one. What it emits is
ln p(character | the s characters before it); the weights of the transitions hold down long words.
"""

from collections.abc import Sequence

import numpy as np

from nlptools.errors import OptionError
from nlptools.segment.chain import Chain

STATES = 4

WEIGHTS = (1.0, 0.15, 1.0, 0.01, 1.0, 0.01, 1.0, 0.001)
"""Of the transitions bb, bc, cb, cd, db, de, eb, ee of that article."""

_MOVES = ((0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 3), (3, 0), (3, 3))


def four_states(weights: Sequence[float] = WEIGHTS) -> Chain:
    """Return the chain for weights of the eight transitions; raises OptionError if they are not eight positive numbers."""
    if len(weights) != len(_MOVES) or not all(0 < weight < np.inf for weight in weights):
        shown = ",".join(f"{weight:g}" for weight in weights)
        example = ",".join(f"{weight:g}" for weight in WEIGHTS)
        raise OptionError(
            f"weights={shown} cannot work: give eight numbers above 0 for bb,bc,cb,cd,db,de,eb,ee: {example}"
        )
    transitions = np.full((STATES, STATES), -np.inf, np.float32)
    for (before, after), weight in zip(_MOVES, weights, strict=True):
        transitions[before, after] = np.log(weight)
    only_first = np.arange(STATES) == 0
    return Chain(transitions, only_first, np.ones(STATES, np.bool_), only_first)
