"""The options of training word vectors, in one place: the command, the Python call and the docs are made from these fields."""

from dataclasses import dataclass
from math import inf
from typing import Any, Literal, get_args

from nlptools.checks import check_choice, check_numbers
from nlptools.errors import OptionError
from nlptools.options import option
from nlptools.threads import default_threads

VectorMethod = Literal["sgns", "nce", "pmi", "jose"]

ALPHA = {"sgns": 0.025, "nce": 0.025, "pmi": 0.1}
EPOCHS = {"sgns": 5, "nce": 5, "pmi": 50}
LARGEST = {"vector_size": 65_536, "window": 1000, "negative": 1000, "workers": 1024}


@dataclass(frozen=True)
class VectorOptions:
    """How to learn vectors of words; names and meaning as in gensim."""

    method: VectorMethod = option(
        "sgns",
        "What the vectors are made to predict. sgns: skip-gram with negative sampling, as word2vec. nce: the same with "
        "noise-contrastive estimation, whose scores are log-probabilities. pmi: a regression on pointwise mutual "
        "information (kexue.fm 4667), which makes sums of vectors mean something. jose: words and documents on one sphere, by "
        "margins (Meng and others 2019).",
    )
    vector_size: int = option(100, "Numbers in a vector.")
    window: int = option(5, "How many words to each side of a word are its contexts, at most.")
    min_count: int = option(5, "Leave out words that occur less often.")
    sample: float = option(
        1e-3,
        "Of words with a larger share of the text, leave out occurrences by chance. 0 leaves out none. Not for pmi.",
    )
    negative: int = option(5, "How many noise words for each word and context; for jose the default is 2. Not for pmi.")
    ns_exponent: float = option(0.75, "Noise words are drawn in proportion to their counts to this power. Not for pmi.")
    alpha: float | None = option(None, "Rate of learning at the beginning. Default: 0.025; for pmi 0.1; for jose 0.04.")
    min_alpha: float = option(0.0001, "Rate of learning at the end. For sgns and nce.")
    epochs: int | None = option(None, "How often to read the text. Default: 5; for pmi 50; for jose 10.")
    x_max: float = option(100.0, "Pairs that occur less often than this weigh less: (count / x_max) ^ 0.75. For pmi.")
    truncate: bool = option(
        True,
        "Let pairs that occur more often than x_max weigh more, too, which makes the vectors of frequent words better sums. For pmi.",
    )
    contexts: bool = option(False, "Keep the second matrix, of words as contexts, and the biases of nce. Not for pmi.")
    deterministic: bool = option(
        False,
        "Let sgns and nce learn with one thread, so that equal seeds give equal vectors at any number of workers; more change "
        "the vectors as they come. pmi always gives the same.",
    )
    seed: int = option(1, "Seed of all that is drawn.")
    memory: str | int | None = option(
        None,
        "How much memory to use for the vocabulary while words are counted, and for pairs, e.g. 4G. "
        "Default: half of what the machine has; for pairs 400M.",
        metavar="SIZE",
    )
    workers: int | None = option(None, "Threads to use. Default: all processors.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        check_choice(get_args(VectorMethod), method=self.method)
        if self.method == "jose":
            raise OptionError("method='jose' learns documents, too, and has other options: call nlptools.train_jose")
        for name, defaults in (("alpha", ALPHA), ("epochs", EPOCHS)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, defaults[self.method])
        check_sizes(self)
        check_ranges(self, sample=(0, 1), ns_exponent=(-10, 10), alpha=(0, 10), min_alpha=(0, 10))
        if not isinstance(self.x_max, int | float) or not 0 < self.x_max < inf:
            raise OptionError(f"x_max={self.x_max!r} cannot work: give a number above 0")

    @property
    def thread_count(self) -> int:
        """How many threads to use."""
        return default_threads() if self.workers is None else self.workers


def check_sizes(options: Any) -> None:
    """Raise OptionError for a size of `options`, of words or on the sphere, that is no whole number or out of its limits."""
    names = ("vector_size", "window", "min_count", "negative", "epochs", "workers")
    check_numbers(**{name: getattr(options, name) for name in names})
    for name, largest in LARGEST.items():
        if (getattr(options, name) or 0) > largest:
            raise OptionError(f"{name}={getattr(options, name)} cannot work: give {largest} at most")
    check_numbers(least=0, seed=options.seed)


def check_ranges(options: Any, **ranges: tuple[float, float]) -> None:
    """Raise OptionError for the first of these fields of `options` that is no number, or out of its range."""
    for name, (least, most) in ranges.items():
        value = getattr(options, name)
        if not isinstance(value, int | float) or not least <= value <= most:
            raise OptionError(f"{name}={value!r} cannot work: give a number from {least} to {most}")
