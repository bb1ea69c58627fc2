"""The options of a report: the command, the Python call and the docs are made from these fields."""

from dataclasses import dataclass, field
from typing import Any, get_args

from nlptools.checks import check_numbers
from nlptools.errors import OptionError
from nlptools.newwords.options import Script

SIZE = 16
"""Mebibytes of evidence, packed, beyond which no further words get any."""

MOST_WORDS = 200_000
"""That a page holds."""


def _option(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True)
class ReportOptions:
    """What a report shows."""

    top: int = _option(MOST_WORDS, "Show only the N best words.")
    evidence: int | None = _option(
        None, f"How many of the best words get their evidence. Default: as many as fit into {SIZE} MiB."
    )
    lines: int = _option(5, "Lines of the text for each word.")
    script: Script = _option(
        "keep", "The script to which `nlptools newwords --script` folded the words: the text is folded, too."
    )
    title: str | None = _option(None, "What the page is called. Default: the name of the corpus.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        check_numbers(top=self.top)
        check_numbers(0, evidence=self.evidence, lines=self.lines)
        if self.script not in get_args(Script):
            raise OptionError(f"script={self.script!r} is not known: choose one of {', '.join(get_args(Script))}")
        if self.top > MOST_WORDS:
            raise OptionError(f"top={self.top} cannot work: a page holds at most {MOST_WORDS:,} words")
