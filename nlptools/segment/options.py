"""The options of training a segmenter, in one place: the command, the Python call and the docs are made from these fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal, get_args

from nlptools.checks import check_choice, check_numbers
from nlptools.errors import OptionError
from nlptools.options import option
from nlptools.threads import default_threads

SegmentMethod = Literal["lattice", "lm"]

WEIGHTS = (1.0, 0.15, 1.0, 0.01, 1.0, 0.01, 1.0, 0.001)
"""Of the transitions bb, bc, cb, cd, db, de, eb, ee of kexue.fm 3956."""


@dataclass(frozen=True)
class SegmenterOptions:
    """How to learn to segment; every field has a default that suits any corpus."""

    method: SegmentMethod = option(
        "lattice",
        "How it learns. lattice: words that a sampler finds, smoothed by a classifier of gaps; the best. lm: a language model "
        "of characters and four states (kexue.fm 3956), in a fraction of the time.",
    )
    rounds: int = option(5, "How often lattice and classifier teach each other.")
    seed: int = option(1, "Seed of the sampler. Equal seeds give equal models.")
    fold: bool = option(
        True, "Do not take traditional and simplified characters for the same. The text always stays as it is."
    )
    numerals: bool = option(True, "Let runs of Chinese numerals be cut, 三百, which digits never are. For lattice.")
    weights: tuple[float, ...] = option(
        WEIGHTS,
        "The transition weights of lm: bb,bc,cb,cd,db,de,eb,ee. Lower bc, cd, de, ee make shorter words.",
    )
    gold: str | Path | None = option(
        None,
        "Segmented text, white space between words: the model then learns from that, and from the raw text what words look "
        "like. The raw text may be missing.",
    )
    base: str | Path | None = option(
        None, "With --gold: a model that segments the raw text first, so that none need be trained for that."
    )
    discover: bool = option(
        True,
        "Do not look for words in the raw text, as `nlptools newwords` does, to prefer them; segmentation is then worse and "
        "twice as fast. For lattice.",
    )
    lexicon: tuple[str | Path, ...] = option(
        (),
        "A dictionary of words to prefer: a jieba dictionary or one word a line. May be repeated.",
    )
    words: tuple[str | Path, ...] = option(
        (),
        "A table of words to prefer, as `nlptools newwords` writes it; where it has a score, a word counts by that. May be "
        "repeated.",
    )
    lexicon_weight: float = option(
        4.0, "How much a word of a lexicon is preferred: nats for each of its characters but the first."
    )
    words_weight: float = option(
        1.0, "The same for words found in the raw text, and those of --words, times their score."
    )
    memory: str | int | None = option(
        None,
        "How much memory to use, e.g. 4G. Of a text that needs more, a part of the documents is taken, from all over it. "
        "Default: half of what the machine has.",
        metavar="SIZE",
    )
    threads: int | None = option(None, "Threads to use. Default: all processors. The model does not depend on it.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        for name in ("lexicon", "words"):
            if isinstance(value := getattr(self, name), str | Path):
                object.__setattr__(self, name, (value,))
        check_choice(get_args(SegmentMethod), method=self.method)
        check_numbers(rounds=self.rounds, threads=self.threads)
        check_numbers(least=0, seed=self.seed)
        check_weights(self.weights)
        if self.base is not None and self.gold is None:
            raise OptionError(f"base={self.base} is for learning from segmented text: give --gold, too")
        check_weights_of_words(lexicon_weight=self.lexicon_weight, words_weight=self.words_weight)

    @property
    def thread_count(self) -> int:
        """How many threads to use."""
        return default_threads() if self.threads is None else self.threads


def check_weights(weights: Sequence[float]) -> None:
    """Raise OptionError if the weights of the transitions are not eight positive numbers."""
    if len(weights) != len(WEIGHTS) or not all(0 < weight < inf for weight in weights):
        shown, example = (",".join(f"{weight:g}" for weight in some) for some in (weights, WEIGHTS))
        raise OptionError(
            f"weights={shown} cannot work: give eight numbers above 0 for bb,bc,cb,cd,db,de,eb,ee: {example}"
        )


def check_weights_of_words(**weights: float) -> None:
    """Raise OptionError for the first that is no number from 0 to 1000."""
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not 0 <= weight <= 1000:
            raise OptionError(f"{name}={weight!r} cannot work: give a number from 0 to 1000")
