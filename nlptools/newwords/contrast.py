"""What is typical of a text against a background: the same words counted in both. Start here: `contrasted`.

Statistics of a word seen a times in a text of A characters, b times in a background of B, (a + b) / (A + B) expected:

    g2        log-likelihood ratio 2 (a ln(a / E_a) + b ln(b / E_b)), Dunning 1993 as in Rayson and Garside 2000;
              negative where the text has fewer than expected
    log_odds  z of the difference of log-odds with an informative Dirichlet prior, Monroe, Colaresi and Quinn 2008, eq. 22
    keyness   simple maths, Kilgarriff 2009: (rate in the text + N) / (rate in the background + N), rates per million
    q_value   false discovery rate of g2 (chi-square, one degree of freedom), Benjamini and Hochberg 1995

Orders, with z the logit of the score if it is a probability:

    new       min(z, 4) + 2 min(ln(rate in the text / rate in the background), 4), half an occurrence added to each count
    typical   min(z, 4) + √g2, with the sign of g2

In both, words that lie in a longer word nearly always (COVERED) come behind all others.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.corpus import CorpusInput, open_corpus
from nlptools.errors import OptionError
from nlptools.newwords.options import NewWordsOptions, Rank
from nlptools.newwords.rows import TEXT_SIZE
from nlptools.newwords.word_counts import count_words, longer_words, size_of_counts
from nlptools.ngrams.count import count_text
from nlptools.ngrams.counts import NgramCounts, read_counts
from nlptools.ngrams.output import is_count_file
from nlptools.text.encode import encode_characters
from nlptools.text.scripts import batch_folder
from nlptools.threads import default_threads
from nlptools.wording import counted

Numbers = NDArray[Any]
Size = int | Numbers  # of a text, in Han characters

BACKGROUND_ORDER = 6
"""How long the n-grams are that are counted in a background text: any alphabet allows it."""


_WHOLE = ("new", "typical")  # orders in which pieces of longer words come last

MOST_LOG_RATIO = 4.0
"""Beyond e⁴ = 55 times the rate, a word is no newer."""

MOST_LOGIT = 4.0
"""Beyond 55 to 1, a word is no surer."""


def contrast(
    words: pa.Table | NgramCounts | CorpusInput,
    background: CorpusInput | NgramCounts,
    *,
    rank: Rank | None = None,
    keyness_n: float = 1.0,
    script: str = "keep",
    threads: int | None = None,
    log: Callable[[str], object] = lambda _: None,
    **options: Any,
) -> pa.Table:
    """Return words with how they contrast with a background: what `find_new_words` returns, and five columns more.

    words: a table of `find_new_words`; or counts or a corpus, whose words are found first, with the `options` of
        `find_new_words`, which a table has had already.
    background: a corpus, in which equal documents count once; or counts (an object, or a file "….ngrams").
    rank, keyness_n: see `NewWordsOptions`. script: what the words were folded to; a background text is folded likewise.

    Columns: background (occurrences there), g2, log_odds, keyness, q_value, which docs/contrast.md explains. A word that is longer than the
    n-grams that were counted has the count of its rarest piece: more it cannot have.
    Raises OptionError if a table does not say how long its text was, InputError if the background cannot be read.
    """
    options.update(background=background, rank=rank, keyness_n=keyness_n, script=script, threads=threads)
    chosen = NewWordsOptions(**options)
    if not isinstance(words, pa.Table) or "word" not in words.column_names:
        from nlptools.newwords.find import find_new_words

        return find_new_words(words, log=log, **options)
    counts = background_counts(background, script, threads, log)
    return contrasted(words, counts, chosen.rank or "new", keyness_n, log)


def contrasted(
    words: pa.Table, background: NgramCounts, rank: Rank, keyness_n: float, log: Callable[[str], object]
) -> pa.Table:
    """Return the words with the five columns, best first."""
    told = (words.schema.metadata or {}).get(TEXT_SIZE)
    if told is None:
        raise OptionError("this table does not say how long its text was: give one that find_new_words returned")
    longer = pc.sum(pc.greater(pc.utf8_length(words["word"]), background.order)).as_py() or 0
    if longer:
        log(
            f"background: {longer:,} words are longer than {background.order} characters; their rarest piece is counted"
        )
    a, b = words["count"].to_numpy(), count_words(background, words["word"].to_pylist())
    sizes = int(told), size_of_counts(background)
    score = words["score"].to_numpy()
    surely = word_logit(score) if "price" in words.column_names else np.zeros(a.size)  # no probability but with mdl
    g2 = log_likelihood(a, b, *sizes)
    keys = {
        "score": score,
        "new": surely + 2 * np.minimum(log_ratio(a, b, *sizes), MOST_LOG_RATIO),
        "typical": surely + np.sign(g2) * np.sqrt(np.abs(g2)),
        "g2": g2,
        "log_odds": log_odds(a, b, *sizes),
        "keyness": keyness(a, b, *sizes, keyness_n),
    }
    words = words.append_column("background", pa.array(b))
    for name in ("g2", "log_odds", "keyness"):
        words = words.append_column(name, pa.array(np.round(keys[name], 4)))
    words = words.append_column("q_value", pa.array(benjamini_hochberg(chi_square_tail(np.abs(g2)))))
    last = [rank in _WHOLE and longer is not None for longer in longer_words(words["word"].to_pylist(), a)]
    order = [("last", "ascending"), ("key", "descending"), ("count", "descending"), ("word", "ascending")]
    keyed = words.append_column("last", pa.array(last, pa.bool_())).append_column("key", pa.array(keys[rank]))
    return keyed.sort_by(order).drop_columns(["last", "key"])


def background_counts(
    background: CorpusInput | NgramCounts, script: str, threads: int | None, log: Callable[[str], object]
) -> NgramCounts:
    """Return the counts of a background: those in a file, or of a text, folded to `script`, equal documents once."""
    if isinstance(background, NgramCounts):
        counts = background
    elif isinstance(background, str | Path) and is_count_file(background):
        counts = read_counts(background)
    else:
        threads = default_threads() if threads is None else threads
        batches = open_corpus(background).batches()
        text = encode_characters(batches, threads, deduplicate=True, prepare=batch_folder(script))
        counts = count_text(text, BACKGROUND_ORDER, threads)
    log(f"background: {counted(counts.total, 'character')}, counted to order {counts.order}")
    if counts.min_count > 1:
        log(f"background: n-grams seen less than {counts.min_count} times were left out; they count as never seen")
    return counts


def log_ratio(a: Numbers, b: Numbers, size_a: Size, size_b: Size) -> Numbers:
    """Return ln of the rate in the text over that in the background, half an occurrence added to each."""
    return np.log((a + 0.5) / np.maximum(1, size_a)) - np.log((b + 0.5) / np.maximum(1, size_b))


def log_likelihood(a: Numbers, b: Numbers, size_a: Size, size_b: Size) -> Numbers:
    """Return g2, negative where the text has the word less often than expected."""
    share = size_a / np.maximum(1, size_a + size_b)
    total = a + b
    g2 = 2 * (_surprise(a, total * share) + _surprise(b, total * (1 - share)))
    return np.asarray(np.where(a >= total * share, 1, -1) * np.maximum(0, g2))


def _surprise(seen: Numbers, expected: Numbers) -> Numbers:
    """Return seen · ln(seen / expected); 0 where nothing was seen."""
    return seen * np.log(np.where(seen > 0, seen, 1) / np.where((seen > 0) & (expected > 0), expected, 1))


def log_odds(a: Numbers, b: Numbers, size_a: int, size_b: int) -> Numbers:
    """Return z of the difference of log-odds.

    The prior are the rates of both texts together, with the weight of as many characters as the smaller one has.
    """
    weight = max(1, min(size_a, size_b))
    prior = (a + b) / max(1, size_a + size_b) * weight

    def odds(count: Numbers, size: int) -> Numbers:
        return np.log((count + prior) / np.maximum(1, size + weight - count - prior))

    with np.errstate(divide="ignore", invalid="ignore"):  # seen in neither
        z = (odds(a, size_a) - odds(b, size_b)) / np.sqrt(1 / (a + prior) + 1 / (b + prior))
    return np.where(a + b > 0, z, 0.0)


def keyness(a: Numbers, b: Numbers, size_a: int, size_b: int, n: float) -> Numbers:
    """Return (rate in the text + n) / (rate in the background + n), rates per million."""
    return (a * 1e6 / max(1, size_a) + n) / (b * 1e6 / max(1, size_b) + n)


def chi_square_tail(g2: Numbers) -> Numbers:
    """Return the probability of as large a g2 by chance: the upper tail of chi-square with one degree of freedom."""
    from scipy.special import erfc  # imported late: only contrast and trends need it

    return np.asarray(erfc(np.sqrt(g2 / 2)))


def benjamini_hochberg(p: Numbers) -> Numbers:
    """Return, for each p value, the expected share of false ones among all that are as small or smaller."""
    order = np.argsort(-p, kind="stable")
    q = np.empty(p.size)
    q[order] = np.minimum.accumulate(np.minimum(1, p[order] * p.size / np.arange(p.size, 0, -1)))
    return q


def word_logit(score: Numbers) -> Numbers:
    """Return the log-odds that each is a word, MOST_LOGIT at most, from the probability."""
    score = np.clip(score, 1e-9, 1 - 1e-9)
    return np.asarray(np.minimum(np.log(score) - np.log1p(-score), MOST_LOGIT))
