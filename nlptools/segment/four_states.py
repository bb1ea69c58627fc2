"""The four states of kexue.fm 3956, which make a language model of characters a segmenter.

State s of a character: it is the character s + 1 of its word, the last state the fourth or a later one. What it emits is
ln p(character | the s characters before it); the weights of the transitions hold down long words.
"""

from collections.abc import Sequence

import numpy as np

from nlptools.segment.chain import Chain
from nlptools.segment.options import WEIGHTS, check_weights

STATES = 4

_MOVES = ((0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 3), (3, 0), (3, 3))


def four_states(weights: Sequence[float] = WEIGHTS) -> Chain:
    """Return the chain for weights of the eight transitions; raises OptionError if they are not eight positive numbers."""
    check_weights(weights)
    transitions = np.full((STATES, STATES), -np.inf, np.float32)
    for (before, after), weight in zip(_MOVES, weights, strict=True):
        transitions[before, after] = np.log(weight)
    only_first = np.arange(STATES) == 0
    return Chain(transitions, only_first, np.ones(STATES, np.bool_), only_first)
