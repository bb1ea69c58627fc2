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
from pathlib import Path
from random import Random
from typing import NamedTuple, TypedDict

from nlptools_corpora._grammar import Emit, Lists, compile_list
from nlptools_corpora.card import Card, WrittenSample
from nlptools_corpora.samples import check_sample, rank_weights, word_lists, write_planted

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
    check_sample(rows, seed)
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

    The suffix of `path` picks the format, see `writing.write_rows`; `samples.write_planted` says what `gold`
    gets and what is raised.
    """
    return write_planted(path, _questions, rows, seed, gold, schema=CARD.schema, text_field="question")


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


def _files() -> dict[str, Lists]:
    return word_lists("zhidao", ("common", *TOPICS))


@cache
def _topics() -> _Topics:
    files = _files()
    common = files["common"]
    topics = [_Topic(compile_list("句", files[name], common), files[name].words["标签"]) for name in TOPICS]
    up_to = rank_weights(len(TOPICS), flatness=20)
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
    lists=("tags",),
    texts={"question": "question", "question+tags": "question,tags"},
    key="question",
    signs=(("question", "tags"), ("question", "url")),
    size="about 10 million questions; bytes unknown",
    published="2018-01-30 by its author on the blog kexue.fm: https://kexue.fm/tag/语料",
    format="shown as one JSON array of objects, indented; name, encoding and compression of the file are unknown",
    licence="unknown: none is stated where it was published",
    sample="made from word lists and sentence patterns of our own; MIT",
    write_sample=write_sample,
    gold_words=gold_words,
)
