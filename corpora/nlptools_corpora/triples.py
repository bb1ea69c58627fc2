"""Triples (entity, attribute, value) as in the info-boxes of Baidu Baike (百度百科): a seeded sample of our own.

The words and patterns stand in `word_lists/triples`, a file for each kind of entity and `common.txt` for what
all kinds use; nothing in them was copied, and no entity exists but by accident. `_grammar` says how these files
are read and drawn from.

Some words are invented: no dictionary has them. `gold_words` says which, and a gold file how often the values
of a sample hold each.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple, TypedDict

from nlptools_corpora._grammar import Emit, Lists, Rand, compile_list
from nlptools_corpora.card import Card, WrittenSample
from nlptools_corpora.samples import check_sample, rank_weights, word_lists, write_planted

# The files of word_lists/triples, the kind of most entities first.
KINDS = (
    "person", "village", "book", "film", "company", "plant", "school", "animal", "game", "dish", "medicine",
    "software",
)  # fmt: skip


class Triple(TypedDict):
    """One record."""

    entity: str
    attribute: str
    value: str


class _Attribute(NamedTuple):
    name: str
    odds: float  # that an entity of its kind has it
    value: Emit | None  # None: the entity's own name


class _Kind(NamedTuple):
    name: Emit
    apart: Emit  # what tells an entity from its namesakes
    attributes: list[_Attribute]


class _Kinds(NamedTuple):
    kinds: list[_Kind]
    up_to: list[int]  # cumulative weights of the kinds
    invented: frozenset[str]


def sample_triples(rows: int = 20_000, seed: int = 0) -> Iterator[Triple]:
    """Yield `rows` triples; those of one entity follow one another, some eight of them.

    Equal seeds give equal triples, on every platform and Python, and a longer sample begins with the shorter
    one. Rows are made as they are asked for. Raises OptionError unless rows >= 1 and seed >= 0.
    """
    check_sample(rows, seed)
    return _triples(rows, seed, None)


def gold_words() -> list[str]:
    """Return the invented words that a sample may hold, sorted."""
    return sorted(_kinds().invented)


def write_sample(
    path: str | Path,
    rows: int = 20_000,
    seed: int = 0,
    gold: str | Path | None = None,
) -> WrittenSample:
    """Write `sample_triples(rows, seed)` to `path` and return how often each invented word is in the values.

    The suffix of `path` picks the format, see `writing.write_rows`: .tsv has three columns without names, .txt
    the values. `samples.write_planted` says what `gold` gets and what is raised.
    """
    return write_planted(path, _triples, rows, seed, gold, schema=CARD.schema, text_field="value", tsv_header=False)


def _triples(rows: int, seed: int, planted: Counter[str] | None) -> Iterator[Triple]:
    kinds, up_to, invented = _kinds()
    rand = Random(seed).random  # noqa: S311 (a sample, not a secret)
    left = rows
    while left:
        kind = kinds[bisect_right(up_to, int(rand() * up_to[-1]))]
        name: list[str] = []
        kind.name(rand, name)
        entity = "".join(name)
        if rand() < 0.25:
            entity += f"（{_drawn(kind.apart, rand)}）"
        for attribute in kind.attributes:
            if left and rand() < attribute.odds:
                value = name
                if attribute.value is not None:
                    value = []
                    attribute.value(rand, value)
                if planted is not None:
                    planted.update(piece for piece in value if piece in invented)
                left -= 1
                yield {"entity": entity, "attribute": attribute.name, "value": "".join(value)}


def _drawn(emit: Emit, rand: Rand) -> str:
    pieces: list[str] = []
    emit(rand, pieces)
    return "".join(pieces)


def _files() -> dict[str, Lists]:
    return word_lists("triples", ("common", *KINDS))


@cache
def _kinds() -> _Kinds:
    files = _files()
    invented = frozenset[str]().union(*(lists.invented for lists in files.values()))
    return _Kinds([_kind(files[name], files["common"]) for name in KINDS], rank_weights(len(KINDS), 3), invented)


def _kind(lists: Lists, common: Lists) -> _Kind:
    own_name = common.words["自"]
    odds = {name: 6 / (6 + rank) for rank, name in enumerate(lists.words["属性"])}
    odds |= {name: 0.12 / (1 + rank) for rank, name in enumerate(lists.words["罕"])}
    attributes = [
        _Attribute(name, chance, None if name in own_name else compile_list(name, lists, common))
        for name, chance in odds.items()
    ]
    return _Kind(compile_list("名", lists, common), compile_list("辨", lists, common), attributes)


CARD = Card(
    name="triples",
    title="Baidu Baike triples (百度百科三元组)",
    description="What the info-boxes of an encyclopaedia say of its entities: one attribute and its value a row.",
    fields={
        "entity": "what the entry is about; namesakes are told apart in brackets",
        "attribute": "the name of a property",
        "value": "its value, a short text",
    },
    texts={"value": "value", "entity+value": "entity,value"},
    key="entity,attribute,value",
    signs=(("entity", "attribute", "value"),),
    other_names={
        "entity": ("subject", "head", "实体", "主体"),
        "attribute": ("predicate", "relation", "property", "属性", "关系"),
        "value": ("object", "tail", "值", "属性值"),
    },
    attributes=("entity", "attribute", "value"),
    bare=True,
    size="about 25 million triples of a few million entries; bytes unknown",
    published="2017-04-24 by its author on the blog kexue.fm: https://kexue.fm/archives/4359",
    format="unknown: line format, separator and name of the file; read are three columns of TSV or CSV, with names "
    "in the first line or without, and JSON",
    licence="unknown: none is stated where it was published",
    sample="made from word lists and patterns of our own, its entities are invented; MIT",
    write_sample=write_sample,
    gold_words=gold_words,
)
