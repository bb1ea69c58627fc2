"""The corpora the toolkit knows, one card for each, and seeded samples that have their shape.

from nlptools_corpora import SAMPLES
SAMPLES["zhidao"].write_sample("questions.jsonl.gz", rows=20_000, seed=0, gold="gold.txt")
"""

from nlptools_corpora import zhidao
from nlptools_corpora.card import Card, WrittenSample

SAMPLES: dict[str, Card] = {card.name: card for card in (zhidao.CARD,)}

__all__ = ["SAMPLES", "Card", "WrittenSample"]
