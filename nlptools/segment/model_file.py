"""The model file of a segmenter: named arrays, which are mapped into memory."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from nlptools.corpus.array_file import Arrays, damaged, read_arrays, write_arrays
from nlptools.errors import OptionError
from nlptools.segment._unit_kernels import HAN
from nlptools.segment.gap_tagger import GapTagger
from nlptools.segment.lexicon import Lexicon
from nlptools.segment.lm_tagger import LmTagger
from nlptools.segment.model import Segmenter, Tagger
from nlptools.segment.supervised import SupervisedTagger
from nlptools.segment.units import MOST_CHARACTERS, Alphabet, unit_classes

_KIND = "segmenter 2"
_REMEDY = "give a file that `nlptools segment train` wrote, or train again"
_TAGGERS: dict[str, Callable[[Arrays, Alphabet], Tagger]] = {
    "gaps": GapTagger.from_arrays,
    "lm": LmTagger.from_arrays,
    "supervised": SupervisedTagger.from_arrays,
}


def write_segmenter(path: str | Path, segmenter: Segmenter) -> None:
    """Write a segmenter; the file appears under its name only when it is whole."""
    words = segmenter.words()
    arrays = {
        "alphabet": np.frombuffer("".join(segmenter.alphabet.characters).encode(), np.uint8),
        "folds": np.frombuffer("".join(a + b for a, b in segmenter.alphabet.folds.items()).encode(), np.uint8),
        "vocabulary": np.frombuffer("\0".join(words["word"].to_pylist()).encode(), np.uint8),
        "counts": words["count"].to_numpy(),
        **{f"tagger.{name}": array for name, array in segmenter.tagger.arrays().items()},
        **(segmenter.lexicon.arrays() if segmenter.lexicon else {}),
    }
    write_arrays(path, _KIND, arrays, {"method": segmenter.tagger.method, "facts": json.dumps(segmenter.facts)})


def read_segmenter(path: str | Path) -> Segmenter:
    """Return the segmenter of a file; raises InputError if it is no such file, or damaged."""
    arrays, facts = read_arrays(path, _KIND, _REMEDY)
    try:
        alphabet = _alphabet(arrays)
        own = {name.removeprefix("tagger."): array for name, array in arrays.items() if name.startswith("tagger.")}
        tagger = _TAGGERS[facts["method"]](own, alphabet)
        lexicon = Lexicon.from_arrays(arrays) if "lexicon" in arrays else None
        return Segmenter(tagger, alphabet, _vocabulary(arrays), lexicon, json.loads(facts["facts"]))
    except (ValueError, TypeError, KeyError, IndexError, OptionError, pa.ArrowException) as error:
        raise damaged(path, _REMEDY) from error


def _alphabet(arrays: Arrays) -> Alphabet:
    characters, folds = (arrays[name].tobytes().decode() for name in ("alphabet", "folds"))
    points = np.array([ord(character) for character in characters], np.int64)
    if points.size > MOST_CHARACTERS or not _are_han(characters + folds) or (np.diff(points) <= 0).any():
        raise ValueError
    folded = dict(zip(folds[::2], folds[1::2], strict=True))
    if not set(folded.values()) <= set(characters):
        raise ValueError
    return Alphabet(list(characters), folded)


def _are_han(characters: str) -> bool:
    points = np.array([ord(character) for character in characters], np.int64)
    return bool((unit_classes()[points] & 15 == HAN).all())


def _vocabulary(arrays: Arrays) -> pa.Table:
    text = arrays["vocabulary"].tobytes().decode()
    words = pa.array(text.split("\0") if text else [], pa.string())
    return pa.table({"word": words, "count": pa.array(arrays["counts"], pa.int64())})
