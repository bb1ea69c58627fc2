"""The options of a report: the command, the Python call and the docs are made from these fields."""

from dataclasses import dataclass
from typing import get_args

from nlptools.checks import check_choice, check_numbers
from nlptools.errors import OptionError
from nlptools.newwords.options import Script
from nlptools.options import option

SIZE = 16
"""Mebibytes of evidence, packed, beyond which no further words get any."""

MOST_WORDS = 200_000
"""That a page holds."""


@dataclass(frozen=True)
class ReportOptions:
    """What a report shows."""

    top: int = option(MOST_WORDS, "Show only the N best words.")
    evidence: int | None = option(
        None, f"How many of the best words get their evidence. Default: as many as fit into {SIZE} MiB."
    )
    lines: int = option(5, "Lines of the text for each word.")
    script: Script = option(
        "keep", "The script to which `nlptools newwords --script` folded the words: the text is folded, too."
    )
    title: str | None = option(None, "What the page is called. Default: the name of the corpus.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        check_numbers(top=self.top)
        check_numbers(0, evidence=self.evidence, lines=self.lines)
        check_choice(get_args(Script), script=self.script)
        if self.top > MOST_WORDS:
            raise OptionError(f"top={self.top} cannot work: a page holds at most {MOST_WORDS:,} words")
