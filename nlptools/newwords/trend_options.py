"""The options of trends, in one place: the command, the Python call and the docs are made from these fields."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from nlptools.checks import check_choice, check_numbers
from nlptools.errors import OptionError
from nlptools.options import option

By = Literal["day", "week", "month", "year"]
TrendRank = Literal["all", "born", "rising", "burst", "dying"]

WORD_OPTIONS = ("min_count", "max_length", "min_score", "known", "stopwords", "script", "threads")
"""The fields of `NewWordsOptions` that say which words are followed."""


@dataclass(frozen=True)
class TrendOptions:
    """How words are followed over time."""

    by: By = option("month", "How long a period is. Weeks begin on Monday (ISO 8601).")
    counts: str | Path | None = option(
        None,
        "A folder that keeps the counts of each period: the documents of INPUT are added to it, and documents that it has "
        "are not counted again. Default: a temporary one.",
        "FOLDER",
    )
    words: str | Path | None = option(
        None, "Follow these words, one a line. Default: the words that are found in INPUT, and those followed before."
    )
    rank: TrendRank = option(
        "all",
        "Which words, best first. born: never seen before. rising, dying: more or less frequent from some period on. burst: "
        "much more frequent for some time. all: every word, those that changed most first.",
    )
    since: str | None = option(
        None,
        "Only words that were born, or changed, in this period or later: 2024, 2024-03, 2024-03-15 or 2024-W11.",
        "PERIOD",
    )
    new_only: bool = option(False, "Leave out the words of the dictionaries (--known).")
    top: int | None = option(None, "Keep only the N best words.")
    max_q: float = option(0.05, "Highest false discovery rate of what is called born, rising or dying.")
    burst_ratio: float = option(2.0, "How many times its mean rate a word has in a burst.")
    burst_cost: float = option(1.0, "What a burst must save before it is one: this times ln(periods), in nats.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        check_choice(get_args(By), by=self.by)
        check_choice(get_args(TrendRank), rank=self.rank)
        check_numbers(top=self.top)
        for name, least, most in (("max_q", 0.0, 1.0), ("burst_ratio", 1.0, 1e6), ("burst_cost", 0.0, 1e6)):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not least < value <= most:
                raise OptionError(f"{name}={value!r} cannot work: give a number above {least:g}, {most:g} at most")
