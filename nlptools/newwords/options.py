"""The options of new-word discovery, in one place: the command, the Python call and the docs are made from these fields."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from nlptools.checks import check_choice, check_numbers
from nlptools.errors import OptionError
from nlptools.options import option
from nlptools.threads import default_threads

Method = Literal["mdl", "cohesion", "entropy"]
Script = Literal["keep", "simplified", "traditional"]
Rank = Literal["score", "new", "typical", "g2", "log_odds", "keyness"]


@dataclass(frozen=True)
class NewWordsOptions:
    """How to look for words; every field has a default that suits any corpus."""

    method: Method | None = option(
        None,
        "How words are found. mdl: description length over all segmentations, the best list. cohesion: cohesion "
        "thresholds, cutting at weak gaps, backtracking (kexue.fm 4256). entropy: PMI and both branching entropies "
        "(kexue.fm 3491). Default: mdl for a text, entropy for a count file.",
    )
    top: int | None = option(None, "Keep only the N best words.")
    min_count: int | None = option(
        None,
        "Least number of occurrences of a word. Default: grows slowly with the corpus (mdl: 2 at 1 MB, 6 at 100 MB).",
    )
    max_length: int | None = option(
        None,
        "Longest word, in characters; mdl counts a run of letters and digits, such as 5G, as one. Default: 12, entropy 4.",
    )
    min_pmi: float | None = option(
        None,
        "Least solidity (PMI over the weakest split) in nats; cohesion asks it for each character beyond the first. "
        "Default: mdl 0, entropy ln 30, cohesion ln 5.",
    )
    min_entropy: float | None = option(
        None, "Least branching entropy on both sides in nats. Default: entropy 3, the others no limit."
    )
    min_score: float | None = option(None, "Least score of a word. Default: mdl 0.3, the others no limit.")
    known: tuple[str | Path, ...] = option(
        (),
        "A dictionary whose words are marked as known: a jieba dictionary or one word a line. May be repeated.",
    )
    new_only: bool = option(
        False,
        "Leave out known words, and phrases that begin or end with a function word. Needs a dictionary (--known).",
    )
    stopwords: str | Path | None = option(None, "A file of words to leave out, one a line.")
    script: Script = option(
        "keep", "Fold the text and the dictionaries to simplified or traditional characters first (OpenCC)."
    )
    background: str | Path | Any = option(  # in Python anything that can be read as a corpus
        None,
        "General text, or counts of it (.ngrams), to compare with: adds columns background, g2, log_odds, keyness and "
        "q_value, and ranks by what is new.",
    )
    rank: Rank | None = option(
        None,
        "Which words come first. score: the surest words. With a background also new: words that it has not; typical: words "
        "that are much more frequent here; or one of g2, log_odds, keyness. Default: score, with a background new.",
    )
    keyness_n: float = option(
        1.0, "What simple-maths keyness adds to both rates per million: 1 favours rare words, 100 frequent ones."
    )
    explain: bool = option(
        False, "Add columns why_...: what each feature adds to the score, in nats of log-odds (mdl only)."
    )
    threads: int | None = option(None, "Threads to use. Default: all processors. The result does not depend on it.")

    def __post_init__(self) -> None:
        """Raise OptionError for the first option that cannot work."""
        if isinstance(self.known, str | Path):
            object.__setattr__(self, "known", (self.known,))
        check_choice((None, *get_args(Method)), method=self.method)
        check_choice(get_args(Script), script=self.script)
        check_choice((None, *get_args(Rank)), rank=self.rank)
        check_numbers(top=self.top, min_count=self.min_count)
        check_numbers(least=2, max_length=self.max_length)
        check_numbers(threads=self.threads)
        for name in ("min_pmi", "min_entropy", "min_score"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | float) or value != value):
                raise OptionError(f"{name}={value!r} cannot work: give a number")
        if not isinstance(self.keyness_n, int | float) or not 0 < self.keyness_n < float("inf"):
            raise OptionError(f"keyness_n={self.keyness_n!r} cannot work: give a number above 0")
        if self.rank not in (None, "score") and self.background is None:
            raise OptionError(f"rank={self.rank!r} compares with a background: give --background CORPUS or COUNTS")
        if self.new_only and not self.known:
            raise OptionError("new_only needs a dictionary to tell what is known: give --known DICT")

    @property
    def thread_count(self) -> int:
        """How many threads to use."""
        return default_threads() if self.threads is None else self.threads
