"""Words found in the raw text, and a text of symbols segmented with them."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.newwords.description_words import words_of_text
from nlptools.newwords.options import NewWordsOptions
from nlptools.segment._unit_kernels import LETTERS, NUMBER, UNKNOWN
from nlptools.segment.lattice import segment_bounds
from nlptools.segment.lexicon import Lexicon
from nlptools.segment.model import Tagger
from nlptools.segment.reading import SymbolText
from nlptools.segment.supervised import segmented
from nlptools.segment.units import STAND_INS, Alphabet, Units
from nlptools.text import encode
from nlptools.threads import in_threads

MIN_SCORE = 0.9
"""Least probability that something is a word."""

JOINTS = 2
"""So many characters behind the first count, at most: a longer word has no higher bonus."""

_PIECES = 64


def discover_words(text: SymbolText, weight: float, threads: int) -> Lexicon:
    """Return the words of a text that pay for themselves, as `find_new_words` finds them; weight: nats for a character."""
    names = {NUMBER: encode.DIGITS, LETTERS: encode.LETTERS, UNKNOWN: encode.LETTERS}
    alphabet = pa.array(["", *(names[symbol] for symbol in sorted(names)), *text.spelling.characters], pa.string())
    encoded = encode.EncodedText(text.spelled, alphabet, np.array([text.spelled.size]))
    table = words_of_text(encoded, NewWordsOptions(min_score=MIN_SCORE, threads=threads), lambda _: None)
    scored = zip(table["word"].to_pylist(), table["score"].to_pylist(), strict=True)
    return Lexicon({word: weight * score * min(len(word) - 1, JOINTS) for word, score in scored})


def segment_symbols(tagger: Tagger, lexicon: Lexicon | None, text: SymbolText, threads: int) -> NDArray[np.uint8]:
    """Return where words begin in a text of symbols, (T,)."""
    if lexicon is None:
        return segmented(tagger, text.codes, threads)
    begins = np.empty(text.codes.size, np.uint8)

    def work(lo: int, hi: int) -> None:
        odds = tagger.log_odds(text.codes[lo:hi])
        begins[lo:hi] = lexicon.begins(_spell(text.spelled[lo:hi], text.spelling), odds)

    in_threads(work, segment_bounds(text.codes, _PIECES), threads)
    return begins


def _spell(symbols: NDArray[np.uint16], spelling: Alphabet) -> Units:
    """Return the units of a text whose characters are those of the symbols; it ends with an edge."""
    names = np.array(["\n", *STAND_INS, *spelling.characters])
    data = np.frombuffer("".join(names[symbols].tolist()).encode(), np.uint8)
    lengths = np.array([len(name.encode()) for name in names.tolist()])
    starts = np.cumsum(lengths[symbols]) - lengths[symbols]
    return Units(symbols, starts, np.array([symbols.size]), data)
