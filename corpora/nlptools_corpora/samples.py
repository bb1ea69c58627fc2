"""What the sample generators have in common: seeds, planted words, files."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nlptools.errors import OptionError
from nlptools_corpora._grammar import Lists, read_lists
from nlptools_corpora.card import WrittenSample
from nlptools_corpora.writing import write_counts, write_rows

MakeRows = Callable[[int, int, "Counter[str] | None"], Iterable[Any]]
"""Makes a number of rows from a seed, and counts the invented words that it plants, if asked to."""


def check_sample(rows: int, seed: int) -> None:
    """Raise OptionError unless rows >= 1 and seed >= 0."""
    if rows < 1:
        raise OptionError(f"rows={rows} would be an empty sample; ask for 1 or more")
    if seed < 0:
        raise OptionError(f"seed={seed} gives the sample of seed {-seed} (the sign is lost); use 0 or more")


def write_planted(
    path: str | Path,
    make_rows: MakeRows,
    rows: int,
    seed: int,
    gold: str | Path | None,
    **shape: Any,
) -> WrittenSample:
    """Write a sample to `path` as `write_rows` does, and the words planted in it to `gold`.

    `gold` gets one `word count` a line: every invented word of this sample and how often it was planted, by
    falling count, then by word; UTF-8. Raises OptionError for rows < 1, seed < 0, or a gold file that is the
    output itself, and OutputError for an unknown suffix or where nothing can be written.
    """
    from nlptools.corpus.table_files import CORPUS_FORMATS, check_output

    check_sample(rows, seed)
    check_output(path, CORPUS_FORMATS)
    if gold is not None:
        _check_gold(gold, path)
    planted: Counter[str] = Counter()
    write_rows(path, make_rows(rows, seed, planted), **shape)
    counts = dict(sorted(planted.items(), key=lambda item: (-item[1], item[0])))
    if gold is not None:
        write_counts(gold, counts)
    return WrittenSample(rows=rows, planted=counts)


def _check_gold(gold: str | Path, path: str | Path) -> None:
    from nlptools.corpus import check_place

    if Path(gold).resolve() == Path(path).resolve():
        raise OptionError(f"gold {str(gold)!r} is also the output; give the gold list a file of its own")
    check_place(gold)  # now, not after the sample is written


@cache
def word_lists(folder: str, names: tuple[str, ...]) -> dict[str, Lists]:
    """Return the lists of the files `names` of a folder of `word_lists`, by file."""
    place = resources.files("nlptools_corpora") / "word_lists" / folder
    return {name: read_lists((place / f"{name}.txt").read_text(encoding="utf-8")) for name in names}


def rank_weights(count: int, flatness: int) -> list[int]:
    """Return falling weights for ranks 0 to count - 1, added up; the greater the flatness, the slower they fall."""
    total, up_to = 0, []
    for rank in range(count):
        total += 1_000_000 // (rank + flatness)
        up_to.append(total)
    return up_to
