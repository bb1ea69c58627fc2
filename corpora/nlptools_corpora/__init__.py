"""The corpora the toolkit knows, one card for each, and seeded samples that have their shape.

from nlptools_corpora import CARDS
corpus = CARDS["triples"].open("triples.tsv", text="entity+value", group_by="entity")
CARDS["zhidao"].write_sample("questions.jsonl.gz", rows=20_000, seed=0, gold="gold.txt")
"""

from collections.abc import Sequence
from pathlib import Path

from nlptools_corpora import known, triples, zhidao
from nlptools_corpora.card import Card, WrittenSample

CARDS: dict[str, Card] = {card.name: card for card in (zhidao.CARD, triples.CARD)}


def recognise_card(columns: list[str]) -> Card | None:
    """Return the card of the corpus whose columns these are, None if we know none."""
    return next((card for card in CARDS.values() if card.columns(columns)), None)


def recognise(columns: list[str]) -> str | None:
    """Return the columns, comma separated, that hold the text of a known corpus; None if it is not known.

    >>> recognise(["url", "question", "tags"])
    'question'
    """
    card = recognise_card(columns)
    return None if card is None else card.text_column(columns)


def bare_card(paths: Sequence[str | Path], input_format: str | None = None, max_ratio: int = 1000) -> Card | None:
    """Return the card of the corpus that CSV or TSV files without a line of names hold; None if they are others.

    paths: as on the command line; the first file decides. input_format, max_ratio: as for `open_corpus`; without the
    format the names of the files must tell that they are CSV or TSV. Raises InputError if nothing can be read.
    """
    from nlptools.corpus.paths import expand, name_parts

    suffixes = {f".{input_format}"} if input_format is not None else {name_parts(str(path))[0] for path in paths}
    delimiter = {".csv": ",", ".tsv": "\t"}.get(*suffixes) if len(suffixes) == 1 else None
    if delimiter is None or "-" in map(str, paths):
        return None
    first = expand(str(paths[0]))[0]
    if not first.is_file():
        return None
    return next((card for card in CARDS.values() if known.lacks_names(first, delimiter, card, max_ratio)), None)


__all__ = ["CARDS", "Card", "WrittenSample", "bare_card", "recognise", "recognise_card"]
