"""Slow twins of the segmenter: strings, dictionaries, enumeration. Nothing of the package is imported here."""

import itertools
import math
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

# ---- text

WORDS = ["我们", "的", "研究", "生命", "起源", "北京", "大学", "生", "研究生", "在", "是", "今天", "天气", "好", "人"]
WORDS += ["𠮷野家", "〇"]
BETWEEN = ["，", "。", "！", "2024年", "5G", " ", "T恤", "", "", ""]

AWKWARD = [
    "",
    "的",
    "。",
    "𠮷",
    "😀😀👍🏽👨‍👩‍👧",
    "研究生命起源，研究生的命！",
    "a\r\nb\r\n研究\r\n",
    "\ufeff研究\x00\x00生命\x00",
    "Hello, world. 3.14% 1,000,000 12:30:05 e-mail A.B.C 5G T恤 K线图",
    "全角１２．５％ＡＢＣ　空格",
    "かなカナ한글Привет е́ ½Ⅳ",
    "1.2..3 4/5/ 6%% a--b a-1 -a a.",
    "○〇零 ——……！！？！ \u2028\u2029\x85\x1c",
    "的" * 40,
    "豈㐀𪚥龥",
    "\U000e0001\U000e0041x\U0001d7ce\U0001d7ce",
]


def sentences(count: int, seed: int = 1, least: int = 3, most: int = 9) -> list[str]:
    """Return made-up sentences whose words return often."""
    draw = random.Random(seed)
    lines = []
    for _ in range(count):
        parts = draw.choices(WORDS, k=draw.randint(least, most))
        parts.insert(draw.randrange(len(parts) + 1), draw.choice(BETWEEN))
        lines.append("".join(parts))
    return lines


# ---- units

HAN, NUMBER, LETTERS, EDGE = "han", "number", "letters", "edge"

_HAN = "〇○\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_DIGIT = "0-9０-９"
_LETTER = "A-Za-zＡ-Ｚａ-ｚÀ-ÖØ-öø-ɏḀ-ỿ"
_PATTERN = re.compile(
    f"(?P<han>[{_HAN}])"
    f"|(?P<number>[{_DIGIT}]+(?:[.．／/:：,][{_DIGIT}]+)*[%％‰]?)"
    f"|(?P<letters>[{_LETTER}][{_LETTER}{_DIGIT}]*(?:[-.．－·@][{_LETTER}{_DIGIT}]+)*)"
    r"|(?P<space>\s+)|(?P<nul>\x00)|(?P<other>(.)\7*)",
    re.DOTALL,
)


def _is_other_letter(character: str) -> bool:
    return ord(character) < 0x10000 and unicodedata.category(character)[0] in "LMN"


def units(text: str) -> list[tuple[str, str]]:
    """Return kind and characters of each unit."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        assert match is not None
        kind, end = str(match.lastgroup), match.end()
        if kind == "other" and _is_other_letter(text[at]):
            kind, end = LETTERS, at + 1
            while (
                end < len(text)
                and _is_other_letter(text[end])
                and not re.match(f"[{_HAN}{_DIGIT}{_LETTER}]", text[end])
            ):
                end += 1
        found.append((kind if kind in (HAN, NUMBER, LETTERS) else EDGE, text[at:end]))
        at = end
    return found


def symbols(text: str, characters: Sequence[str]) -> list[int]:
    """Return the symbol of each unit, and a 0 behind the text."""
    first = {EDGE: 0, NUMBER: 1, LETTERS: 2}
    known = {character: 4 + index for index, character in enumerate(characters)}
    return [first[kind] if kind in first else known.get(unit, 3) for kind, unit in units(text)] + [0]


def segments(codes: Iterable[int]) -> list[tuple[int, ...]]:
    """Return the runs between zeros."""
    return [tuple(run) for is_edge, run in itertools.groupby(codes, lambda code: code == 0) if not is_edge]


def cuts(size: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to cut so many things: where pieces begin, and the end."""
    for chosen in itertools.product((False, True), repeat=max(0, size - 1)):
        yield (0, *(i + 1 for i, cut in enumerate(chosen) if cut), size)


# ---- chains


class Path(NamedTuple):
    score: float
    begins: tuple[int, ...]


def paths(emissions: Any, transitions: Any, first: Any, last: Any, begins: Any) -> list[Path]:
    """Return all sequences of states of one segment that may be."""
    found = []
    for states in itertools.product(range(len(first)), repeat=len(emissions)):
        if not (first[states[0]] and last[states[-1]]):
            continue
        score = sum(float(emissions[t][s]) for t, s in enumerate(states))
        score += sum(float(transitions[a][b]) for a, b in itertools.pairwise(states))
        if score > -math.inf:
            found.append(Path(score, tuple(int(begins[s]) for s in states)))
    return sorted(found, reverse=True)


def log_sum(values: Iterable[float]) -> float:
    values = list(values)
    most = max(values, default=-math.inf)
    return most if most == -math.inf else most + math.log(math.fsum(math.exp(value - most) for value in values))


# ---- what stands around n-grams


class Around(NamedTuple):
    counts: Counter[tuple[int, ...]]
    begins: Counter[tuple[int, ...]]
    ends: Counter[tuple[int, ...]]
    after: dict[tuple[int, ...], Counter[Any]]
    before: dict[tuple[int, ...], Counter[Any]]


def around(codes: Sequence[int], longest: int) -> Around:
    """Count the n-grams of up to so many symbols and their neighbours; an end of a segment is one of its own."""
    found = Around(Counter(), Counter(), Counter(), {}, {})
    for number, segment in enumerate(segments(codes)):
        for i, j in itertools.combinations(range(len(segment) + 1), 2):
            if j - i > longest:
                continue
            gram = segment[i:j]
            found.counts[gram] += 1
            found.begins[gram] += i == 0
            found.ends[gram] += j == len(segment)
            after = segment[j] if j < len(segment) else ("end", number)
            before = segment[i - 1] if i else ("begin", number)
            found.after.setdefault(gram, Counter())[after] += 1
            found.before.setdefault(gram, Counter())[before] += 1
    return found


def entropy(counts: Counter[Any]) -> float:
    total = counts.total()
    return -math.fsum(n / total * math.log(n / total) for n in counts.values())


def witten_bell(history: tuple[int, ...], symbol: int, counted: Around, total: int) -> float:
    """Return p(symbol | history) by Witten and Bell; only followers within a segment count, and no n-gram seen once."""
    if not history:
        return counted.counts[(symbol,)] / total
    shorter = witten_bell(history[1:], symbol, counted, total)
    followers = [n for follower, n in counted.after.get(history, Counter()).items() if not isinstance(follower, tuple)]
    if not followers or (len(history) > 1 and counted.counts[history] < 2):
        return shorter
    seen = counted.counts[(*history, symbol)]
    seen = seen if seen >= 2 else 0
    return (seen + len(followers) * shorter) / (sum(followers) + len(followers))


# ---- a lattice of words

Word = tuple[int, ...]


def bigrams(segmented: Iterable[Sequence[Word]]) -> Counter[tuple[Word, Word]]:
    """Count the bigrams of segmented segments; () stands at both ends of each."""
    return Counter(pair for words in segmented for pair in itertools.pairwise([(), *words, ()]))


def word_probability(
    before: Word,
    word: Word,
    counted: Counter[tuple[Word, Word]],
    whole: Counter[tuple[Word, Word]],
    base: float,
    discount: float,
    strength: float,
    less: int = 0,
) -> float:
    """Return P(word | before) by interpolated Kneser-Ney over the spelling.

    counted: the bigrams that count for `before` and `word`; whole: those of all the text, for the number of types.
    less: how often `before` is left out besides.
    """
    types, distinct = len({b for _, b in whole}), len(whole)
    kinds = sum(1 for a, b in counted if b == word)
    unigram = (max(kinds - discount, 0) + (strength + discount * types) * base) / (strength + distinct)
    times = sum(n for (a, _), n in counted.items() if a == before) - less
    followers = sum(1 for a, _ in counted if a == before)
    seen = counted[before, word]
    return (max(seen - discount, 0) + (strength + discount * followers) * unigram) / (strength + times)


# ---- gaps

Feature = tuple[Any, ...]


def features(codes: Sequence[int], i: int) -> list[Feature]:
    """Return the features of the gap before i: the table, the place in it, the n-gram; nothing counts beyond an edge."""
    a3, a2, a, b, b2, b3 = (codes[j] if 0 <= j < len(codes) else 0 for j in range(i - 3, i + 3))
    found: list[Feature] = [("symbols", 0, a), ("symbols", 1, b), ("symbols", 2, a2), ("symbols", 3, b2)]
    found += [("pairs", 0, a2, a), ("pairs", 1, a, b), ("pairs", 2, b, b2)]
    found += [("apart", 0, a, b2), ("apart", 1, a2, b)]
    found += [("triples", 0, a2, a, b), ("triples", 1, a, b, b2)]
    if a2:
        found += [("pairs", 3, a3, a2), ("triples", 3, a3, a2, a)]
    if b2:
        found += [("pairs", 4, b2, b3), ("triples", 2, b, b2, b3)]
    return found


def gaps(codes: Sequence[int]) -> list[int]:
    """Return the places with a symbol on both sides."""
    return [i for i in range(1, len(codes)) if codes[i] and codes[i - 1]]


class Student:
    """A logistic regression with AdaGrad, in dictionaries. key: what a feature shares its weight by."""

    def __init__(self, key: Callable[[Feature], Any]) -> None:
        self.key = key
        self.weights: dict[Any, float] = {}
        self.squares: dict[Any, float] = {}

    def odds(self, codes: Sequence[int], i: int, more: Sequence[Feature] = ()) -> float:
        return math.fsum(self.weights.get(self.key(f), 0.0) for f in [*features(codes, i), *more])

    def learn(
        self,
        codes: Sequence[int],
        target: Sequence[float],
        rate: float,
        counts: Callable[[int], bool] = lambda i: True,
        more: Callable[[int], Sequence[Feature]] = lambda i: (),
    ) -> float:
        """Go through the text once; return the mean cross entropy."""
        losses = []
        for i in filter(counts, gaps(codes)):
            p = 1 / (1 + math.exp(-self.odds(codes, i, more(i))))
            losses.append(-target[i] * math.log(p + 1e-9) - (1 - target[i]) * math.log(1 - p + 1e-9))
            gradient = p - target[i]
            for key in map(self.key, [*features(codes, i), *more(i)]):
                self.squares[key] = self.squares.get(key, 0.0) + gradient**2
                self.weights[key] = self.weights.get(key, 0.0) - rate * gradient / math.sqrt(self.squares[key] + 1)
        return math.fsum(losses) / max(1, len(losses))


# ---- a lexicon


def lexicon_score(pieces: Sequence[str], cut: Sequence[int], odds: Sequence[float], bonuses: dict[str, float]) -> float:
    """Return the score of a segmentation of units: half the log-odds of each gap, and bonuses; -inf if it may not be."""
    score = 0.0
    for begin, end in itertools.pairwise(cut):
        word = "".join(pieces[begin:end])
        inside = odds[begin + 1 : end]
        if word in bonuses:
            score += bonuses[word]
        elif math.inf in inside:
            return -math.inf
        score -= sum(gap / 2 for gap in inside if gap != math.inf)
        if begin and odds[begin] != math.inf:
            score += odds[begin] / 2
    return score
