"""The options of training on the sphere, in one place: the command, the Python call and the docs are made from these fields."""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from nlptools.checks import check_choice
from nlptools.errors import InputError, OptionError
from nlptools.options import option
from nlptools.threads import default_threads
from nlptools.vectors.options import check_ranges, check_sizes
from nlptools.version import __version__

JoseObjective = Literal["reference", "paper", "centroid"]

_FACTS = (
    "objective",
    "window",
    "min_count",
    "sample",
    "negative",
    "ns_exponent",
    "margin",
    "document_margin",
    "document_sample",
    "alpha",
    "epochs",
    "document_weight",
    "seed",
)
"""Options that a file of vectors tells, of which the vectors of more documents are made."""


@dataclass(frozen=True)
class JoseOptions:
    """How to learn words and documents on the unit sphere; names and meaning as in gensim where it has them."""

    objective: JoseObjective = option(
        "reference",
        "reference: words by the words around them and documents by their words, each by margins, as the program of the "
        "authors. paper: one margin for both, and the factors of the paper. centroid: words as in reference; a document is "
        "the direction of the sum of its words, rare ones counting more.",
    )
    vector_size: int = option(100, "Numbers in a vector.")
    window: int = option(5, "How many words to each side of a word are its contexts, at most.")
    min_count: int = option(5, "Leave out words that occur less often.")
    sample: float = option(
        1e-3, "Of words with a larger share of the text, leave out occurrences by chance. 0 leaves out none."
    )
    negative: int = option(2, "How many noise words for each word and context, and each word and document.")
    ns_exponent: float = option(0.75, "Noise words are drawn in proportion to their counts to this power.")
    margin: float = option(0.15, "How much closer than a noise word a word shall be, in cosines.")
    document_margin: float = option(
        None, "The same for a word and its document. Default: as margin; 1.5 for centroid. Not for paper."
    )
    document_sample: float = option(
        None,
        "Of words with a larger share of the text, a document learns of some occurrences only. Default: as sample; 1e-4 "
        "for centroid. Not for paper.",
    )
    alpha: float = option(0.04, "Rate of learning at the beginning; it falls to a ten thousandth of that.")
    epochs: int = option(10, "How often to read the text.")
    document_weight: float = option(
        1e-4, "For centroid: a word weighs a / (a + its share of the text), with this for a; 1 for about equal weights."
    )
    contexts: bool = option(False, "Keep the second matrix, of words as contexts.")
    deterministic: bool = option(
        False,
        "Let the threads wait for each other, so that equal seeds give equal vectors at any number of workers. Slower.",
    )
    seed: int = option(1, "Seed of all that is drawn.")
    memory: str | int | None = option(
        None,
        "How much memory to use for the vocabulary while words are counted, e.g. 4G. "
        "Default: half of what the machine has.",
        metavar="SIZE",
    )
    workers: int | None = option(None, "Threads to use. Default: all processors.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        check_choice(get_args(JoseObjective), objective=self.objective)
        own = self.objective == "centroid"
        if self.document_margin is None:
            object.__setattr__(self, "document_margin", 1.5 if own else self.margin)
        if self.document_sample is None:
            object.__setattr__(self, "document_sample", 1e-4 if own else self.sample)
        check_sizes(self)
        check_ranges(self, sample=(0, 1), document_sample=(0, 1), ns_exponent=(-10, 10))
        check_ranges(self, margin=(0, 4), document_margin=(0, 4), alpha=(0, 1))
        for name, shared in (("document_margin", "margin"), ("document_sample", "sample")):
            if self.objective == "paper" and getattr(self, name) != getattr(self, shared):
                raise OptionError(
                    f"{name}={getattr(self, name)!r} cannot be with objective paper, which learns words and documents "
                    f"together; give {shared}"
                )
        if not isinstance(self.document_weight, int | float) or not 0 < self.document_weight <= 1e9:
            raise OptionError(
                f"document_weight={self.document_weight!r} cannot work: give a number above 0, 1e9 at most"
            )

    @property
    def min_alpha(self) -> float:
        """Rate of learning at the end."""
        return self.alpha * 1e-4

    @property
    def thread_count(self) -> int:
        """How many threads to use."""
        return default_threads() if self.workers is None else self.workers

    @property
    def facts(self) -> dict[str, str]:
        """What a file of vectors tells about how they were made."""
        return {"version": __version__, "method": "jose", **{name: str(getattr(self, name)) for name in _FACTS}}


def options_of(facts: dict[str, str], vector_size: int) -> JoseOptions:
    """Return the options that vectors were made with. Raises InputError if they are not of this method, or unclear."""
    if facts.get("method") != "jose":
        raise InputError(
            f"vectors of method {facts.get('method', 'unknown')} cannot be used for documents; "
            "give those of words that jose has trained, in our own format (.kv)"
        )
    known = {name: facts[name] for name in _FACTS if name in facts}
    numbers: dict[str, Any] = {field.name: field.type for field in fields(JoseOptions) if field.type in (int, float)}
    try:
        return JoseOptions(
            vector_size=vector_size, **{name: numbers.get(name, str)(value) for name, value in known.items()}
        )
    except (ValueError, OptionError) as error:
        raise InputError(f"the facts of the vectors are damaged ({error}); train again") from error
