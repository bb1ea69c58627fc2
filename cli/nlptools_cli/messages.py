"""Standard error: one line for each stage, and a bar of bytes on a terminal."""

import sys
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlptools.corpus import Corpus
    from nlptools.corpus.dated import DatedCorpus


def say(line: str) -> None:
    """Print one line on standard error; if nobody can read it, the work goes on without."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(printable(line), file=sys.stderr, flush=True)


def tell_rejected(corpus: "Corpus | DatedCorpus | None") -> None:
    """Print how many records could not be used, and why, if there were some."""
    if corpus is not None and corpus.report.rejected:
        say(f"{corpus.name}: {corpus.report.summary()}")


def printable(text: str) -> str:
    """Return `text` on one line, with control characters, which could steer a terminal, escaped: "a\\nb"."""
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        else character
        for character in text
    )


class Messages:
    """What a command tells while it works; a context manager."""

    def __init__(self, quiet: bool, size: int | None) -> None:
        """Take whether to be silent, and how many bytes will be read, None if not known."""
        self.quiet = quiet
        self._size = size
        self._bar: Any = None

    def __enter__(self) -> "Messages":
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # no thread of its own
            self._bar = tqdm(total=self._size, desc="reading", unit="B", unit_scale=True, leave=False, file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def progress(self) -> Callable[[int], object] | None:
        """What to call with the number of bytes read since the last call; None if nothing is shown."""
        return None if self._bar is None else self._advance

    def _advance(self, size: int) -> None:
        self._bar.update(size)
        if self._size is not None and self._bar.n >= self._size:
            self._bar.close()  # the stages after reading are told in lines

    def log(self, line: str) -> None:
        """Tell a stage."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.clear()
        say(line)
