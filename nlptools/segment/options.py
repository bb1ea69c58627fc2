"""The options of training a segmenter, in one place: the command, the Python call and the docs are made from these fields."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from nlptools.checks import check_numbers
from nlptools.errors import OptionError
from nlptools.threads import default_threads

SegmentMethod = Literal["lattice", "lm"]

WEIGHTS = (1.0, 0.15, 1.0, 0.01, 1.0, 0.01, 1.0, 0.001)
"""Of the transitions bb, bc, cb, cd, db, de, eb, ee of kexue.fm 3956."""


def _option(default: Any, help_text: str, **more: Any) -> Any:
    return field(default=default, metadata={"help": help_text, **more})


@dataclass(frozen=True)
class SegmenterOptions:
    """How to learn to segment; every field has a default that suits any corpus."""

    method: SegmentMethod = _option(
        "lattice",
        "How it learns. lattice: words that a sampler finds, smoothed by a classifier of gaps; the best. lm: a language model "
        "of characters and four states (kexue.fm 3956), in a fraction of the time.",
    )
    rounds: int = _option(5, "How often lattice and classifier teach each other.")
    seed: int = _option(1, "Seed of the sampler. Equal seeds give equal models.")
    fold: bool = _option(
        True, "Do not take traditional and simplified characters for the same. The text always stays as it is."
    )
    numerals: bool = _option(True, "Let runs of Chinese numerals be cut, 三百, which digits never are. For lattice.")
    weights: tuple[float, ...] = _option(
        WEIGHTS,
        "The transition weights of lm: bb,bc,cb,cd,db,de,eb,ee. Lower bc, cd, de, ee make shorter words.",
    )
    gold: str | Path | None = _option(
        None,
        "Segmented text, white space between words: the model then learns from that, and from the raw text what words look "
        "like. The raw text may be missing.",
    )
    base: str | Path | None = _option(
        None, "With --gold: a model that segments the raw text first, so that none need be trained for that."
    )
    discover: bool = _option(
        True,
        "Do not look for words in the raw text, as `nlptools newwords` does, to prefer them; segmentation is then worse and "
        "twice as fast. For lattice.",
    )
    lexicon: tuple[str | Path, ...] = _option(
        (),
        "A dictionary of words to prefer: a jieba dictionary or one word a line. May be repeated.",
    )
    words: tuple[str | Path, ...] = _option(
        (),
        "A table of words to prefer, as `nlptools newwords` writes it; where it has a score, a word counts by that. May be "
        "repeated.",
    )
    lexicon_weight: float = _option(
        4.0, "How much a word of a lexicon is preferred: nats for each of its characters but the first."
    )
    words_weight: float = _option(
        1.0, "The same for words found in the raw text, and those of --words, times their score."
    )
    memory: str | int | None = _option(
        None,
        "How much memory to use, e.g. 4G. Of a text that needs more, a part of the documents is taken, from all over it. "
        "Default: half of what the machine has.",
        metavar="SIZE",
    )
    threads: int | None = _option(None, "Threads to use. Default: all processors. The model does not depend on it.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        for name in ("lexicon", "words"):
            if isinstance(value := getattr(self, name), str | Path):
                object.__setattr__(self, name, (value,))
        if self.method not in get_args(SegmentMethod):
            raise OptionError(
                f"method={self.method!r} is not known: choose one of {', '.join(get_args(SegmentMethod))}"
            )
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

    @classmethod
    def help(cls, name: str) -> str:
        """Return the one-line description of an option."""
        return str(next(f for f in fields(cls) if f.name == name).metadata["help"])


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
