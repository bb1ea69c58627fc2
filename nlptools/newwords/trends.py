"""`find_trends`: how the words of dated texts come and go. Start here."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus.dated import DatedCorpus, open_dated
from nlptools.corpus.dictionary import read_dictionary
from nlptools.errors import InputError, OptionError
from nlptools.newwords.contrast import word_logit
from nlptools.newwords.find import find_new_words
from nlptools.newwords.known import mark_known
from nlptools.newwords.options import NewWordsOptions
from nlptools.newwords.trend_counts import TEXT_SCHEMA, PeriodCounts, PeriodTexts, locked
from nlptools.newwords.trend_options import TrendOptions
from nlptools.newwords.trend_periods import label, period_of_day, periods_of_days
from nlptools.newwords.trend_scores import Bursts, Change, births, bursts, changes, peaks
from nlptools.newwords.word_counts import Words, longer_words
from nlptools.text.scripts import folder
from nlptools.wording import counted

ROOM = 256 << 20
"""How many bytes of text wait in memory to be counted, at most; more waits on disk."""

MOST_PERIODS = 4000
"""More than ten years of days; one wrong date could make centuries of them."""

_PERIODS = b"periods"


def find_trends(
    corpus: Any = None,
    *,
    date_column: str = "date",
    words: Sequence[str] | str | Path | None = None,
    progress: Callable[[int], object] | None = None,
    log: Callable[[str], object] | None = None,
    **options: Any,
) -> pa.Table:
    """Return the words of dated texts with their counts in each period, and which are born, rise, burst or die.

    corpus: what `open_dated` returns or takes; of equal documents in one period one counts. None: what is in the folder `counts`.
    words: to follow, as a list or a file with one a line; if not given those that `find_new_words` finds in the corpus, and
        those that were followed before in the folder `counts`.
    options: the fields of `TrendOptions`, and min_count, max_length, min_score, known, stopwords, script and threads of
        `NewWordsOptions`.

    Columns: word; count; score (probability that it is a word; null for words that were given); known; first, last (periods in
    which it occurs, by label); peak, peak_count (the period in which it is most above its mean rate); trend (born, rising,
    bursting: a burst that is over, dying or steady); change (the first period of its new rate, or of the burst), ratio (new rate
    over old), q_value (false discovery rate of that); born, rising, burst, dying (its score in these lists, null if it is in
    none); burst_start, burst_end (of the strongest burst, also of one that goes on); part_of (the longer word in which it lies, as a rule; then it is in no list); series (counts in each period, from
    the first to the last). The metadata of the schema say what the periods are, see `periods_of`.

    Counts are those of n-grams, so overlapping words all count; a word of more than six characters has the count of its rarest
    piece. Raises OptionError for an option that cannot work, InputError for something that cannot be read.
    """
    log = log or (lambda _: None)
    chosen = TrendOptions(**{name: options.pop(name) for name in list(options) if name in _FIELDS})
    finding = NewWordsOptions(**options)
    if chosen.new_only and not finding.known:
        raise OptionError("new_only needs a dictionary to tell what is known: give --known DICT")
    since = None if chosen.since is None else period_of_day(chosen.since, chosen.by, "since")
    given = _given_words(words, finding)
    fold = folder(finding.script)
    known = {word for path in finding.known for word in read_dictionary(path, fold)} if finding.known else None
    with _folder(chosen.counts, corpus, log) as place:
        counts = PeriodCounts(place, chosen.by, finding.script, finding.threads)
        found = _add_texts(counts, corpus, date_column, given is None, options, progress, log)
        followed = _followed(counts, found, chosen) if given is None else given
        periods = _consecutive(counts, chosen.by)
        series, sizes, documents = _series(counts, periods, followed["word"].to_pylist(), log)
    table = mark_known(_scored(followed, series, sizes, periods, chosen), known)
    if chosen.new_only:
        table = table.filter(pc.invert(table["known"]))
    table = table.replace_schema_metadata({_PERIODS: _told(periods, sizes, documents, chosen.by)})
    return _ranked(table, periods, since, chosen)


_FIELDS = frozenset(TrendOptions.__dataclass_fields__)


def periods_of(trends: pa.Table) -> dict[str, Any]:
    """Return what a table of `find_trends` says of its periods: by; and of each its labels, documents and characters."""
    told: dict[str, Any] = json.loads((trends.schema.metadata or {})[_PERIODS])
    return told


def trends_wide(trends: pa.Table) -> pa.Table:
    """Return a table of `find_trends` with a column for each period, named by its label, in place of `series`."""
    labels = periods_of(trends)["labels"]
    counts = trends["series"].combine_chunks().flatten().to_numpy().reshape(-1, len(labels))
    table = trends.drop_columns(["series"])
    for place, name in enumerate(labels):
        table = table.append_column(name, pa.array(counts[:, place]))
    return table


@contextmanager
def _folder(counts: str | Path | None, corpus: Any, log: Callable[[str], object]) -> Iterator[str | Path]:
    if counts is not None:
        if corpus is None and not Path(counts).is_dir():
            raise InputError(f"{counts}: there is no such folder, and no text to count; give text, or another --counts")
        with locked(counts, log):
            yield counts
    elif corpus is None:
        raise OptionError("there is no text, and no folder of counts: give a corpus, or counts")
    else:
        with tempfile.TemporaryDirectory(prefix="nlptools-", ignore_cleanup_errors=True) as place:
            yield place


def _given_words(words: Sequence[str] | str | Path | None, finding: NewWordsOptions) -> pa.Table | None:
    """Return the words that the user wants followed, without scores; None if these shall be found."""
    if words is None:
        return None
    fold = folder(finding.script)
    words = sorted(read_dictionary(words)) if isinstance(words, str | Path) else list(words)
    if not words or not all(isinstance(word, str) and word for word in words):
        raise OptionError("words to follow: give some strings, none of them empty")
    try:
        column = pa.array(dict.fromkeys(map(fold, words)), pa.large_string())
    except UnicodeEncodeError:
        raise OptionError("words to follow: one has a lone surrogate, which no text has; leave it out") from None
    return pa.table({"word": column, "score": pa.nulls(len(column), pa.float64())})


def _add_texts(
    counts: PeriodCounts,
    corpus: Any,
    date_column: str,
    find: bool,
    options: dict[str, Any],
    progress: Callable[[int], object] | None,
    log: Callable[[str], object],
) -> pa.Table | None:
    """Count the texts of a corpus by period; return the words that are found in them, if they shall be."""
    if corpus is None:
        return None
    dated = corpus if isinstance(corpus, DatedCorpus) else open_dated(corpus, date_column)
    with tempfile.TemporaryDirectory(prefix="nlptools-", ignore_cleanup_errors=True) as place:
        texts = PeriodTexts(Path(place), ROOM)
        for batch, days in dated.batches(progress):
            texts.add(batch, periods_of_days(days, counts.by))
        added = {period: counts.add(period, texts.texts(period)) for period in texts.periods}
        grown = [period for period, number in added.items() if number]
        log(
            f"periods: {counted(sum(added.values()), 'document')} added to {counted(len(grown), counts.by)}"
            + (f", {label(grown[0], counts.by)} to {label(grown[-1], counts.by)}" if grown else "")
        )
        if not find:
            return None
        batches = pa.RecordBatchReader.from_batches(TEXT_SCHEMA, texts.all_batches())
        return find_new_words(
            batches, log=log, **{**options, "known": (), "new_only": False}
        )  # parts of known words too


def _followed(counts: PeriodCounts, found: pa.Table | None, chosen: TrendOptions) -> pa.Table:
    """Return the words to follow: those found, and in a folder that is kept those that were found before."""
    if found is None:
        return counts.words()
    return found.select(["word", "score"]) if chosen.counts is None else counts.follow(found)


def _consecutive(counts: PeriodCounts, by: str) -> list[int]:
    """Return all periods from the first to the last one with text."""
    if not counts.periods:
        raise InputError(f"{counts.folder}: holds no counts of a {by} yet; give text to count")
    first, last = counts.periods[0], counts.periods[-1]
    if last - first >= MOST_PERIODS:
        raise InputError(
            f"the dates go from {label(first, counts.by)} to {label(last, counts.by)}: {last - first + 1:,} {by}s are too many; "
            "mend wrong dates, or give a longer period, e.g. --by month"
        )
    return list(range(first, last + 1))


def _series(
    counts: PeriodCounts, periods: list[int], words: Sequence[str], log: Callable[[str], object]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the counts of the words in each period, (W, T), and how many characters and documents periods have, (T,)."""
    wanted = Words(words, counts.order)
    series = np.zeros((len(words), len(periods)), np.int64)
    sizes, documents = np.zeros(len(periods), np.int64), np.zeros(len(periods), np.int64)
    for place, period in enumerate(periods):
        if period in counts.periods:
            ngrams = counts.counts(period)
            series[:, place] = wanted.count_in(ngrams)
            sizes[place], documents[place] = ngrams.total, ngrams.documents
    characters = counted(int(sizes.sum()), "character")
    log(f"series: {counted(len(words), 'word')} in {counted(len(periods), counts.by)} of {characters}")
    return series, sizes, documents


def _scored(
    followed: pa.Table, series: NDArray[np.int64], sizes: NDArray[np.int64], periods: list[int], chosen: TrendOptions
) -> pa.Table:
    """Return all columns, words in the order in which they are followed."""
    words, total = followed["word"].to_pylist(), series.sum(axis=1)
    birth, change = births(series, sizes), changes(series, sizes)
    burst = bursts(series, sizes, chosen.burst_ratio, chosen.burst_cost)
    part_of = longer_words(words, total)
    whole = np.array([longer is None for longer in part_of], np.bool_) & (total > 0)
    born, passed, rising, dying, bursting = _trends(birth, change, burst, whole, len(periods), chosen.max_q)
    trend = np.select([born, passed, rising, dying], ["born", "bursting", "rising", "dying"], "steady")

    surely = word_logit(followed["score"].fill_null(0.5).to_numpy())
    strength = surely + np.sqrt(np.abs(change.g2))
    with np.errstate(divide="ignore"):
        surprise = surely + 2 * np.log(birth.g2 / 2)
    cases = [born, passed, rising | dying]
    at = np.select(cases, [birth.start, burst.start, change.start], -1)
    q_value = np.select(cases, [birth.q_value, burst.q_value, change.q_value], change.q_value)
    names = [label(period, chosen.by) for period in periods]

    def named(places: NDArray[np.int64], known: NDArray[np.bool_]) -> pa.Array:
        return pa.array(
            [names[place] if there else None for place, there in zip(places, known, strict=True)], pa.large_string()
        )

    def where(known: NDArray[np.bool_], values: NDArray[np.float64]) -> pa.Array:
        return pa.array(np.round(np.where(known, values, 0), 4), mask=~known)

    peak = peaks(series, sizes)
    seen = total > 0
    last = len(periods) - 1 - np.argmax(series[:, ::-1] > 0, axis=1)
    ratio = np.exp(np.where(born, birth.log_ratio, change.log_ratio))
    offsets = np.arange(len(words) + 1, dtype=np.int32) * len(periods)
    return pa.table(
        {
            "word": followed["word"].combine_chunks(),
            "count": total,
            "score": followed["score"].combine_chunks(),
            "first": named(np.argmax(series > 0, axis=1), seen),
            "last": named(last, seen),
            "peak": named(peak, seen),
            "peak_count": np.take_along_axis(series, peak[:, None], axis=1)[:, 0],
            "trend": pa.array(trend, pa.large_string()),
            "change": named(at, at >= 0),
            "ratio": where(born | rising | dying, ratio),
            "q_value": q_value,
            "born": where(born, surprise),
            "rising": where(rising, strength),
            "burst": where(bursting, surely + np.sqrt(2 * burst.weight)),
            "dying": where(dying, strength),
            "burst_start": named(burst.start, bursting),
            "burst_end": named(burst.end, bursting),
            "part_of": pa.array(part_of, pa.large_string()),
            "series": pa.ListArray.from_arrays(offsets, series.reshape(-1)),
        }
    )


def _trends(
    birth: Change, change: Change, burst: Bursts, whole: NDArray[np.bool_], periods: int, max_q: float
) -> tuple[NDArray[np.bool_], ...]:
    """Return which words are born, had a burst that is over, rise, die, and have or had a burst, (W,) each.

    whole: words that are there, and no parts of others. A word has one trend at most; the last may go with any.
    """
    born = whole & (birth.start > 0) & (birth.q_value <= max_q)
    changed = whole & (change.start > 0) & (change.q_value <= max_q)
    bursting = whole & (burst.start >= 0) & (burst.q_value <= max_q)
    passed = bursting & ~born & (burst.start > 0) & (burst.end < periods - 1) & (burst.g2 > np.abs(change.g2))
    rising, dying = (changed & ~born & ~passed & sign for sign in (change.g2 > 0, change.g2 < 0))
    return born, passed, rising, dying, bursting


def _told(periods: list[int], sizes: NDArray[np.int64], documents: NDArray[np.int64], by: Any) -> bytes:
    told = {"by": by, "labels": [label(period, by) for period in periods], "documents": documents.tolist()}
    return json.dumps({**told, "characters": sizes.tolist()}).encode()


def _ranked(table: pa.Table, periods: list[int], since: int | None, chosen: TrendOptions) -> pa.Table:
    """Return the words of the list that is wanted, best first; equal ones by count, then by the word."""
    lists = ("born", "rising", "burst", "dying")
    if chosen.rank == "all":
        key = pc.max_element_wise(*(table[name] for name in lists))
    else:
        table = table.filter(table[chosen.rank].is_valid())
        key = table[chosen.rank]
    if since is not None:
        when = table["burst_start" if chosen.rank == "burst" else "change"]
        late = pc.greater_equal(when, label(since, chosen.by)).fill_null(False)
        table, key = table.filter(late), key.filter(late)
    order = [("key", "descending"), ("count", "descending"), ("word", "ascending")]
    ranked = table.append_column("key", key).sort_by(order).drop_columns(["key"])
    return ranked.slice(0, chosen.top).combine_chunks()
