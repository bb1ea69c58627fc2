"""The model file: named arrays, which are mapped into memory."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from nlptools.corpus.array_file import Arrays, damaged, read_arrays, write_arrays
from nlptools.lm import _kernels
from nlptools.lm.estimate import Trie
from nlptools.lm.vocabulary import Vocabulary

_KIND = "language model 1"
_TYPES = {
    "symbols": ("<u2", "<u4"),
    "log10_p": ("<f4", "<f8"),
    "backoff": ("<f4", "<f8"),
    "first_child": ("<u4", "<u8"),
}
_REMEDY = "give a file that `nlptools lm train` wrote, or train again"


def write_model(path: str | Path, vocabulary: Vocabulary, order: int, trie: Trie) -> None:
    """Write a model; the file appears under its name only when it is whole."""
    arrays = {"vocabulary": np.frombuffer("\n".join(vocabulary.tokens).encode(), np.uint8), **trie._asdict()}
    write_arrays(path, _KIND, arrays, {"order": str(order), "unit": vocabulary.unit})


def read_model(path: str | Path) -> tuple[Vocabulary, int, Trie]:
    """Return the vocabulary, the order and the trie of a file; raises InputError if it is no such file, or damaged."""
    arrays, facts = read_arrays(path, _KIND, _REMEDY)
    try:
        return _checked(arrays, facts)
    except (ValueError, KeyError) as error:
        raise damaged(path, _REMEDY) from error


def _checked(arrays: Arrays, facts: dict[str, str]) -> tuple[Vocabulary, int, Trie]:
    """Return the model of the arrays; raises ValueError if it is not one that kernels may look up in."""
    if list(arrays) != ["vocabulary", *_TYPES]:
        raise ValueError
    trie = Trie(*(arrays[name] for name in _TYPES))
    words, order = facts["unit"] == "word", int(facts["order"])
    text = arrays["vocabulary"].tobytes().decode()
    vocabulary = Vocabulary(text.split("\n") if text else [], words)
    if not (are_tokens(vocabulary) and order > 0 and is_model(trie, vocabulary.size, order)):
        raise ValueError
    return vocabulary, order, trie


def are_tokens(vocabulary: Vocabulary) -> bool:
    """Say whether the tokens are in order, and each a character unless they are words."""
    tokens = vocabulary.tokens
    if not vocabulary.words and any(len(token) != 1 for token in tokens):
        return False
    return all(a < b for a, b in pairwise(["", *tokens]))


def is_model(trie: Trie, size: int, order: int) -> bool:
    """Say whether the arrays are a trie of `size` symbols and this order."""
    if any(array.dtype.str not in kinds for array, kinds in zip(trie, _TYPES.values(), strict=True)):
        return False
    if not _kernels.is_trie(*trie, size):
        return False
    bounds = [0]
    while len(bounds) <= order and bounds[-1] <= trie.backoff.size:
        bounds.append(int(trie.first_child[bounds[-1]]))
    return bounds[order - 1 :] == [trie.backoff.size, trie.symbols.size]
