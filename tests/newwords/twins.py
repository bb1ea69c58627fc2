"""Slow twins of new-word discovery: strings, dictionaries, obvious loops. Nothing of the package is imported here.

A text is a list of symbols, "" for a break, and the exclusive end of each document in it. An n-gram is a tuple of
symbols, so that "5G" is one. Where a decision hangs on a comparison of two floats, the twin tells by how little.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Gram = tuple[str, ...]
LETTERS, DIGITS = "\ue000", "\ue001"


# ---- symbols


def is_han(character: str) -> bool:
    return character == "〇" or unicodedata.name(character, "").startswith("CJK UNIFIED IDEOGRAPH")


def is_digit(character: str) -> bool:
    return character in "0123456789０１２３４５６７８９"


def is_letter(character: str) -> bool:
    return "LATIN" in unicodedata.name(character, "").split()


def characters_of(texts: Iterable[str]) -> tuple[list[str], list[int]]:
    """Return the characters of all different texts, "" for anything that is no Han character, digit or letter."""
    symbols, ends = [""], []
    for text in dict.fromkeys(texts):
        for c in text + "\n":
            if is_han(c) or is_digit(c) or is_letter(c):
                symbols.append(c)
            elif symbols[-1]:
                symbols.append("")
        ends.append(len(symbols))
    return symbols, ends


def symbols_of(texts: Iterable[str], least_of: Callable[[int], int]) -> tuple[list[str], list[int]]:
    """Return Han characters and runs; runs with a letter seen less often than least_of(symbols) are LETTERS."""
    documents = []
    for text in dict.fromkeys(texts):
        document = []
        run = ""
        for c in text + "\n":
            if is_digit(c) or is_letter(c):
                run += unicodedata.normalize("NFKC", c) if "！" <= c <= "～" else c
            else:
                if run:
                    document.append(run)
                run = ""
                document.append(c if is_han(c) else "")
        documents.append(document)
    counts = Counter(symbol for document in documents for symbol in document if symbol)
    least = least_of(counts.total())
    symbols, ends = [""], []
    for document in documents:
        for symbol in document:
            if symbol and not is_han(symbol[0]):
                if all(is_digit(c) for c in symbol):
                    symbol = DIGITS
                elif counts[symbol] < least or len(symbol) > 24:
                    symbol = LETTERS
            if symbol or symbols[-1]:
                symbols.append(symbol)
        ends.append(len(symbols))
    return symbols, ends


def segments_of(symbols: list[str]) -> list[Gram]:
    segments: list[Gram] = []
    segment: Gram = ()
    for symbol in [*symbols, ""]:
        if symbol:
            segment += (symbol,)
        elif segment:
            segments.append(segment)
            segment = ()
    return segments


# ---- n-grams


def grams_of(segment: Gram, longest: int) -> Iterator[tuple[int, Gram]]:
    """Yield (start, n-gram) for all n-grams of 1 to `longest` symbols."""
    for start in range(len(segment)):
        for end in range(start + 1, min(start + longest, len(segment)) + 1):
            yield start, segment[start:end]


def count_grams(symbols: list[str], longest: int) -> Counter[Gram]:
    return Counter(gram for segment in segments_of(symbols) for _, gram in grams_of(segment, longest))


def frequent_grams(symbols: list[str], longest: int, min_count: int) -> dict[Gram, int]:
    """Return the n-grams seen min_count times; single symbols in any case."""
    counts = count_grams(symbols, longest)
    return {gram: count for gram, count in counts.items() if count >= min_count or len(gram) == 1}


def solidity(gram: Gram, counts: Mapping[Gram, int], total: int) -> float:
    if len(gram) == 1:
        return 0.0
    ratios = [total * counts[gram] / (counts[gram[:i]] * counts[gram[i:]]) for i in range(1, len(gram))]
    return math.log(min(ratios))


def longest_at(symbols: list[str], i: int, grams: Iterable[Gram]) -> Gram:
    """Return the longest of `grams`, a container, that starts at i; () if none does."""
    found: Gram = ()
    end = i + 1
    while end <= len(symbols) and "" not in symbols[i:end]:
        if tuple(symbols[i:end]) in grams:
            found = tuple(symbols[i:end])
        end += 1
    return found


# ---- segmentations


def segmentations(segment: Gram) -> Iterator[list[Gram]]:
    """Yield all 2^(n - 1) of them."""
    if not segment:
        yield []
    for end in range(1, len(segment) + 1):
        for rest in segmentations(segment[end:]):
            yield [segment[:end], *rest]


def expected_by_hand(segment: Gram, weights: Mapping[Gram, float]) -> tuple[float, dict[Gram, float], list[float]]:
    """Return the sum of the weights of all segmentations, the expected counts, the probability of each gap."""
    total = 0.0
    counts: defaultdict[Gram, float] = defaultdict(float)
    gaps = [0.0] * len(segment)
    for words in segmentations(segment):
        weight = math.prod(weights.get(word, 0.0) for word in words)
        total += weight
        start = 0
        for word in words:
            counts[word] += weight
            gaps[start] += weight
            start += len(word)
    return total, {word: count / total for word, count in counts.items()}, [gap / total for gap in gaps]


def log_add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))


def log_of(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def expected_counts(segment: Gram, logs: Mapping[Gram, float]) -> tuple[dict[Gram, float], list[float]]:
    """Return expected counts and gaps, from the logarithms of the weights, by forward and backward sums."""
    longest = max(len(word) for word in logs)
    edges = [(start, start + len(word), word) for start, word in grams_of(segment, longest) if word in logs]
    forward = [0.0] + [-math.inf] * len(segment)
    for start, end, word in edges:
        forward[end] = log_add(forward[end], forward[start] + logs[word])
    backward = [-math.inf] * len(segment) + [0.0]
    for start, end, word in reversed(edges):
        backward[start] = log_add(backward[start], logs[word] + backward[end])
    counts: defaultdict[Gram, float] = defaultdict(float)
    for start, end, word in edges:
        counts[word] += math.exp(forward[start] + logs[word] + backward[end] - forward[-1])
    return counts, [math.exp(f + b - forward[-1]) for f, b in zip(forward[:-1], backward[:-1], strict=True)]


def best_split(word: Gram, logs: Mapping[Gram, float]) -> float:
    """Return the largest sum of logs of shorter words that spell the word."""
    best = [0.0] + [-math.inf] * len(word)
    for start, piece in grams_of(word, len(word)):
        if piece in logs and piece != word:
            end = start + len(piece)
            best[end] = max(best[end], best[start] + logs[piece])
    return best[-1]


# ---- description length

PRICES = (0.5, 1.0, 2.0)
WARM_UP = 2
RARE = 0.5
LEAST_COUNT = 1.0
FLOOR = 0.1
COUNT_UNIT = 2**-24  # each share of an expected count is rounded to a multiple of it
SPELLING = 6.0
LONGEST_SEGMENT = 100


@dataclass
class Priced:
    gains: dict[Gram, float] = field(default_factory=dict)
    expected: dict[Gram, float] = field(default_factory=dict)
    kept: set[Gram] = field(default_factory=set)
    gaps: list[float] = field(default_factory=list)  # for each symbol of the text
    doubt: float = math.inf  # how far the closest of all decisions was from the other side


def price_words(symbols: list[str], counts: Mapping[Gram, int], candidates: Iterable[Gram]) -> Priced:
    """Return λ of each n-gram that ever was in the lexicon; `candidates` are longer than one symbol."""
    segments = []
    for segment in segments_of(symbols):
        segments += [segment[i : i + LONGEST_SEGMENT] for i in range(0, len(segment), LONGEST_SEGMENT)]
    lexicon: dict[Gram, float] = {gram: float(count) for gram, count in counts.items() if len(gram) == 1}
    lexicon |= {gram: float(counts[gram]) for gram in candidates}
    result = Priced(gains=dict.fromkeys(lexicon, 0.0))

    def logs() -> dict[Gram, float]:
        total = max(1.0, sum(lexicon.values()))
        raised = {word: max(count, FLOOR) if len(word) == 1 else count for word, count in lexicon.items()}
        return {word: log_of(count / total) for word, count in raised.items()}

    def step() -> list[list[float]]:
        probabilities = logs()
        lexicon.update(dict.fromkeys(lexicon, 0.0))
        all_gaps = []
        for segment in segments:
            expected, gaps = expected_counts(segment, probabilities)
            for word, count in expected.items():
                lexicon[word] += round(count / COUNT_UNIT) * COUNT_UNIT
            all_gaps.append(gaps)
        return all_gaps

    def gains() -> dict[Gram, float]:
        probabilities = logs()
        found: dict[Gram, float] = {}
        for word, count in lexicon.items():
            found[word] = 0.0
            if len(word) > 1 and count > 0:
                saved = count * (probabilities[word] - best_split(word, probabilities))
                found[word] = saved / (SPELLING * len(word))
        return found

    def doubt(*distances: float) -> None:
        result.doubt = min(result.doubt, *map(abs, distances))

    for number in range(WARM_UP):
        gaps = step()
        if number == 0:
            for word, count in list(lexicon.items()):
                if len(word) > 1:
                    doubt(count - RARE)
                    if count < RARE:
                        del lexicon[word]
    flat = iter(gap for segment_gaps in gaps for gap in segment_gaps)
    result.gaps = [next(flat) if symbol else 1.0 for symbol in symbols]
    for price in PRICES:
        for word, gain in gains().items():
            if len(word) > 1:
                if lexicon[word] >= LEAST_COUNT:
                    doubt(gain - price)
                if gain >= price:
                    doubt(lexicon[word] - LEAST_COUNT)
                if gain < price or lexicon[word] < LEAST_COUNT:
                    result.gains[word] = min(max(gain, 0.0), price)
                    del lexicon[word]
        step()
    result.gains |= gains()
    result.expected = dict(lexicon)
    result.kept = set(lexicon)
    return result


# ---- evidence


@dataclass
class Evidence:
    documents: int
    left_entropy: float
    right_entropy: float
    largest_neighbour: int
    openness: float


def entropy(neighbours: Counter[str]) -> float:
    """Return it in nats, each break ("") being a neighbour of its own."""
    total = neighbours.total()
    counts = [1] * neighbours[""] + [count for symbol, count in neighbours.items() if symbol]
    return -sum(count / total * math.log(count / total) for count in counts)


def collect_evidence(gram: Gram, symbols: list[str], ends: list[int], gaps: list[float] | None = None) -> Evidence:
    documents = set()
    left, right = Counter[str](), Counter[str]()
    widest = []
    for i in range(1, len(symbols) - len(gram) + 1):
        if tuple(symbols[i : i + len(gram)]) == gram:
            documents.add(sum(end <= i for end in ends))
            left[symbols[i - 1]] += 1
            right[symbols[i + len(gram)]] += 1
            if gaps is not None:
                widest.append(max([0.0, *gaps[i + 1 : i + len(gram)]]))
    largest = max(count for side in (left, right) for count in [0, *(side - Counter({"": side[""]})).values()])
    openness = sum(widest) / len(widest) if widest else 0.0
    return Evidence(len(documents), entropy(left), entropy(right), largest, openness)


# ---- the three methods: tables, as {word: row}


@dataclass
class Table:
    rows: dict[str, dict[str, float]] = field(default_factory=dict)
    doubt: float = math.inf


SURELY_BOUND = 4


def is_bound(gram: Gram, symbols: list[str]) -> bool:
    """Say whether the n-gram always stands behind one symbol, or before one, the same everywhere."""
    places = [i for i in range(1, len(symbols) - len(gram)) if tuple(symbols[i : i + len(gram)]) == gram]
    sides = {symbols[i - 1] for i in places}, {symbols[i + len(gram)] for i in places}
    return any(len(side) == 1 and "" not in side for side in sides)


def mdl_min_count(size: int) -> int:
    return max(2, round(2.0 * math.sqrt(math.sqrt(size / 350_000))))


def find_by_description_length(
    texts: Iterable[str],
    weights: Any,
    function_characters: Iterable[str],
    min_count: int | None = None,
    max_length: int = 12,
    min_pmi: float = 0.0,
    min_score: float = 0.3,
    min_entropy: float = -math.inf,
) -> Table:
    """weights: with the attributes of nlptools.newwords.score.Weights. function_characters: a container."""
    symbols, ends = symbols_of(texts, mdl_min_count)
    size = sum(symbol != "" for symbol in symbols)
    counts = frequent_grams(symbols, max_length, min_count or mdl_min_count(size))
    pmi = {gram: solidity(gram, counts, size) for gram in counts}
    longer = [gram for gram in counts if len(gram) > 1]
    table = Table()
    if not counts:
        return table
    if longer:
        table.doubt = min(abs(pmi[gram] - min_pmi) for gram in longer)
    candidates = [
        gram
        for gram in longer
        if pmi[gram] >= min_pmi
        and (counts[gram] < SURELY_BOUND or len(gram) == max_length or not is_bound(gram, symbols))
    ]
    priced = price_words(symbols, counts, candidates)
    table.doubt = min(table.doubt, priced.doubt)
    for gram in longer:
        price = priced.gains.get(gram, 0.0)
        if {LETTERS, DIGITS} & set(gram) or pmi[gram] <= min_pmi:
            continue
        table.doubt = min(table.doubt, abs(price - 0.3))
        if price <= 0.3:
            continue
        n, count = len(gram), counts[gram]
        found = collect_evidence(gram, symbols, ends, priced.gaps)
        first, last = ((priced.expected[c,] / counts[c,]) for c in (gram[0], gram[-1]))
        z = weights.constant
        z += {2: 0.0, 3: weights.three, 4: weights.four}.get(n, weights.five_or_more)
        z += weights.log_price * math.log(price + 0.05)
        z += weights.left_freedom * found.left_entropy / math.log(count + 1)
        z += weights.right_freedom * found.right_entropy / math.log(count + 1)
        z += weights.loose_end * max(first, last)
        z += weights.known_rest * first if n >= 3 and gram[1:] in priced.kept else 0.0
        z += weights.first_is_function if gram[0] in function_characters else 0.0
        z += weights.last_is_function if gram[-1] in function_characters else 0.0
        z += weights.company * found.largest_neighbour / count
        z += weights.pmi * pmi[gram] + weights.openness * found.openness
        score = 1 / (1 + math.exp(-z))
        least = min(found.left_entropy, found.right_entropy)
        table.doubt = min(table.doubt, abs(score - min_score), abs(least - min_entropy))
        if score >= min_score and least >= min_entropy:
            table.rows["".join(gram)] = {
                "count": count,
                "documents": found.documents,
                "pmi": pmi[gram],
                "left_entropy": found.left_entropy,
                "right_entropy": found.right_entropy,
                "score": score,
                "price": price,
                "standalone": priced.expected.get(gram, 0.0) / count,
            }
    return table


def _row(gram: Gram, symbols: list[str], ends: list[int], counts: Mapping[Gram, int], size: int) -> dict[str, float]:
    found = collect_evidence(gram, symbols, ends)
    return {
        "count": counts[gram],
        "documents": found.documents,
        "pmi": solidity(gram, counts, size),
        "left_entropy": found.left_entropy,
        "right_entropy": found.right_entropy,
        "score": counts[gram],
    }


def find_by_cohesion(
    texts: Iterable[str],
    min_count: int,
    max_length: int = 12,
    min_pmi: float = math.log(5),
    min_score: float = -math.inf,
    min_entropy: float = -math.inf,
) -> Table:
    """4256: cohesive n-grams of 2 to 4 characters; cut where none of them lies across; look back at all substrings."""
    symbols, ends = characters_of(texts)
    segments = segments_of(symbols)
    every = count_grams(symbols, max([4, *map(len, segments)]))
    counts = {gram: count for gram, count in every.items() if len(gram) <= 4 and count >= min_count}
    total = sum(count for gram, count in counts.items() if len(gram) == 1)
    table = Table()
    cohesive = set()
    for gram in counts:
        if len(gram) > 1:
            beyond = solidity(gram, counts, total) - min_pmi * (len(gram) - 1)
            table.doubt = min(table.doubt, abs(beyond))
            if beyond > 0:
                cohesive.add(gram)
    pieces = Counter[Gram]()
    for segment in segments:
        joined = {
            gap
            for start, gram in grams_of(segment, 4)
            if gram in cohesive
            for gap in range(start + 1, start + len(gram))
        }
        cuts = [0, *(gap for gap in range(1, len(segment)) if gap not in joined), len(segment)]
        pieces.update(segment[lo:hi] for lo, hi in zip(cuts[:-1], cuts[1:], strict=True))
    size = sum(symbol != "" for symbol in symbols)
    for piece, count in pieces.items():
        inside = [gram for _, gram in grams_of(piece, 4) if len(gram) >= 3]
        if count < min_count or not 2 <= len(piece) <= max_length or not cohesive.issuperset(inside):
            continue
        row = _row(piece, symbols, ends, every, size)
        row |= {"count": count, "score": count, "occurrences": every[piece]}
        least = min(row["left_entropy"], row["right_entropy"])
        table.doubt = min(table.doubt, abs(least - min_entropy))
        if count >= min_score and least > min_entropy:
            table.rows["".join(piece)] = row
    return table


def find_by_entropy(
    texts: Iterable[str],
    min_count: int = 10,
    max_length: int = 4,
    min_pmi: float = math.log(30),
    min_score: float = -math.inf,
    min_entropy: float = 3.0,
) -> Table:
    """3491: n-grams whose solidity and both branching entropies are beyond the thresholds."""
    symbols, ends = characters_of(texts)
    counts = count_grams(symbols, max_length)
    size = sum(symbol != "" for symbol in symbols)
    table = Table()
    for gram, count in counts.items():
        if len(gram) > 1 and count >= min_count:
            row = _row(gram, symbols, ends, counts, size)
            least = min(row["left_entropy"], row["right_entropy"])
            table.doubt = min(table.doubt, abs(row["pmi"] - min_pmi))
            if row["pmi"] > min_pmi:
                table.doubt = min(table.doubt, abs(least - min_entropy))
            if row["pmi"] > min_pmi and least > min_entropy and count >= min_score:
                table.rows["".join(gram)] = row
    return table
