"""Questions as people ask them on Baidu Zhidao (百度知道): a seeded sample of our own making.

The words and the sentence patterns stand in `word_lists/zhidao`, a file for each topic and `common.txt` for
what all topics use; nothing in them was copied. `_grammar` says how these files are read and drawn from.

Some words are invented: no dictionary has them, so a program that finds new words should list them.
`gold_words` says which they are, and a gold file how often a sample holds each.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple, TypedDict

from nlptools.errors import OptionError
from nlptools_corpora._grammar import Emit, Lists, compile_list, read_lists
from nlptools_corpora.card import Card, WrittenSample
from nlptools_corpora.writing import format_of, write_counts, write_rows

# The files of word_lists/zhidao, most asked about first: the first is drawn twice as often as the last.
TOPICS = (
    "game", "phone", "health", "computer", "study", "food", "money", "love", "film", "law", "car", "travel",
    "baby", "home", "work", "beauty", "shop", "pet", "history", "sport", "camera", "garden",
)  # fmt: skip


class Question(TypedDict):
    """One record, in the published shape."""

    url: str
    question: str
    tags: list[str]


class _Topic(NamedTuple):
    sentence: Emit
    tags: list[str]


class _Topics(NamedTuple):
    topics: list[_Topic]
    up_to: list[int]  # cumulative weights of the topics
    invented: frozenset[str]


def sample_questions(rows: int = 20_000, seed: int = 0) -> Iterator[Question]:
    """Yield `rows` questions: url, question (one line of text) and tags (one to four, of its topic).

    Equal seeds give equal questions, on every platform and Python, and a longer sample begins with the
    shorter one. Rows are made as they are asked for. Raises OptionError unless rows >= 1 and seed >= 0.
    """
    _check(rows, seed)
    return _questions(rows, seed, None)


def gold_words() -> list[str]:
    """Return the invented words that a sample may hold, sorted."""
    return sorted(_topics().invented)


def ordinary_words() -> list[str]:
    """Return the real words of our lists, sorted; the patterns hold others."""
    words: set[str] = set()
    for lists in _files().values():
        words.update(*(lists.words[name] for name in lists.words if name != "标签"))
    return sorted(words - _topics().invented)


def write_sample(
    path: str | Path,
    rows: int = 20_000,
    seed: int = 0,
    gold: str | Path | None = None,
) -> WrittenSample:
    """Write `sample_questions(rows, seed)` to `path` and return how often each invented word was planted.

    The suffix of `path` picks the format, see `writing.write_rows`. `gold` gets one `word count` a line:
    every invented word of this sample and how often it was planted, by falling count, then by word; UTF-8.
    Raises OptionError for rows < 1, seed < 0, an unknown suffix, or a gold file that is the output itself,
    and OutputError where nothing can be written.
    """
    _check(rows, seed)
    format_of(path)
    if gold is not None:
        _check_gold(gold, path)
    planted: Counter[str] = Counter()
    write_rows(path, _questions(rows, seed, planted), text_field="question")
    counts = dict(sorted(planted.items(), key=lambda item: (-item[1], item[0])))
    if gold is not None:
        write_counts(gold, counts)
    return WrittenSample(rows=rows, planted=counts)


def _check(rows: int, seed: int) -> None:
    if rows < 1:
        raise OptionError(f"rows={rows} would be an empty sample; ask for 1 or more")
    if seed < 0:
        raise OptionError(f"seed={seed} gives the sample of seed {-seed} (the sign is lost); use 0 or more")


def _check_gold(gold: str | Path, path: str | Path) -> None:
    from nlptools.corpus import check_place

    if Path(gold).resolve() == Path(path).resolve():
        raise OptionError(f"gold {str(gold)!r} is also the output; give the gold list a file of its own")
    check_place(gold)  # now, not after the sample is written


def _questions(rows: int, seed: int, planted: Counter[str] | None) -> Iterator[Question]:
    topics, up_to, invented = _topics()
    rand = Random(seed).random  # noqa: S311 (a sample, not a secret)
    number = 100_000_000 + int(rand() * 100_000_000)
    for _ in range(rows):
        topic = topics[bisect_right(up_to, int(rand() * up_to[-1]))]
        pieces: list[str] = []
        topic.sentence(rand, pieces)
        if planted is not None:
            planted.update(piece for piece in pieces if piece in invented)
        number += 1 + int(rand() * 30)
        yield {
            "url": f"http://zhidao.example/question/{number}.html",
            "question": "".join(pieces).strip(),
            "tags": _tags(topic.tags, rand()),
        }


def _tags(tags: list[str], number: float) -> list[str]:
    """Return the topic's first tag and up to three that follow one another in its list."""
    x = int(number * 4 * (len(tags) - 1))
    more, start = x % 4, 1 + x // 4
    return tags[:1] + tags[start : start + more]


@cache
def _files() -> dict[str, Lists]:
    folder = resources.files("nlptools_corpora") / "word_lists" / "zhidao"
    names = ("common", *TOPICS)
    return {name: read_lists((folder / f"{name}.txt").read_text(encoding="utf-8")) for name in names}


@cache
def _topics() -> _Topics:
    files = _files()
    common = files["common"]
    topics = [_Topic(compile_list("句", files[name], common), files[name].words["标签"]) for name in TOPICS]
    up_to = list(accumulate(1_000_000 // (rank + 20) for rank in range(len(TOPICS))))
    invented = frozenset[str]().union(*(lists.invented for lists in files.values()))
    return _Topics(topics, up_to, invented)


CARD = Card(
    name="zhidao",
    title="Baidu Zhidao questions (百度知道)",
    description="Questions people asked on a Chinese question-and-answer site, with tags; no answers.",
    fields={
        "url": "the page of the question; in a sample it leads nowhere",
        "question": "the question, one line of text",
        "tags": "a list of the question's topics",
    },
    published="about 10 million questions, 2018-01-30, on the blog kexue.fm: a JSON array of objects",
    licence="MIT: the sample is made from word lists and sentence patterns of our own",
    write_sample=write_sample,
    gold_words=gold_words,
)
