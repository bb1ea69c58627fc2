"""The terms of the score, and their weights, which were fitted once: written out a second time, word by word."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.newwords.description_length import Prices
from nlptools.newwords.evidence import Evidence
from nlptools.newwords.score import probability, word_terms
from nlptools.ngrams.trie import build_trie
from nlptools.text.encode import encode_symbols

FUNCTION = set("的了是，")  # of those below


@given(st.lists(st.text("的了是研究生命，", min_size=2, max_size=12), min_size=1, max_size=3), st.integers(0, 9))
@example(["研究生命的研究", "的研究了，是生"], 0)
@example(["研究研究研究研究"], 1)
@example(["的的的的的的"], 2)
def test_terms(texts: list[str], seed: int) -> None:
    text = encode_symbols(
        [pa.record_batch({"text": pa.array(texts, pa.large_string())})], 1, deduplicate=False, min_run_count=lambda _: 1
    )
    trie = build_trie(text, 1, 7, 1)
    random = np.random.default_rng(seed)
    nodes = trie.counts.size
    words = np.flatnonzero(trie.lengths >= 2)
    prices = Prices(
        gains=random.choice([0.0, 0.45, 0.95, 7.0], nodes),
        expected=trie.counts * random.random(nodes),
        kept=random.random(nodes) < 0.5,
        gaps=np.ones(text.codes.size, np.float32),
    )
    evidence = Evidence(
        documents=np.ones(words.size, np.int64),
        left_entropy=random.random(words.size),
        right_entropy=random.random(words.size),
        largest_neighbour=random.integers(0, 5, words.size),
        openness=random.random(words.size),
    )
    terms = word_terms(text, trie, prices, words, evidence)

    symbols = [text.alphabet.to_pylist()[code] for code in text.codes.tolist()]
    at = zip(trie.example.tolist(), trie.lengths.tolist(), strict=True)
    grams = ["".join(symbols[place : place + length]) for place, length in at]
    node_of = {gram: node for node, gram in enumerate(grams)}

    def alone(character: str) -> float:
        node = node_of[character]
        return float(prices.expected[node] / trie.counts[node])

    for row, node in enumerate(words.tolist()):
        word, count = grams[node], int(trie.counts[node])
        rest_is_word = len(word) > 2 and bool(prices.kept[node_of[word[1:]]])
        by_hand = {
            "constant": -2.4,
            "length": {2: 0.0, 3: -1.6, 4: -2.7}.get(len(word), -3.3),
            "price": 1.1 * math.log(prices.gains[node] + 0.05),
            "left_freedom": 2.3 * evidence.left_entropy[row] / math.log(count + 1),
            "right_freedom": 2.5 * evidence.right_entropy[row] / math.log(count + 1),
            "loose_end": -1.1 * max(alone(word[0]), alone(word[-1])),
            "known_rest": -1.6 * alone(word[0]) if rest_is_word else 0.0,
            "first_is_function": -0.8 if word[0] in FUNCTION else 0.0,
            "last_is_function": -1.0 if word[-1] in FUNCTION else 0.0,
            "company": 1.1 * evidence.largest_neighbour[row] / count,
            "pmi": 0.1 * trie.pmi[node],
            "openness": -3.6 * evidence.openness[row],
        }
        assert {name: float(term[row]) for name, term in terms.items()} == pytest.approx(by_hand), word
        if row == 0:
            assert next(iter(terms)) == "constant"
        assert probability(terms)[row] == pytest.approx(1 / (1 + math.exp(-sum(by_hand.values()))))
