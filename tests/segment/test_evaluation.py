"""Evaluation against sets of spans, and against what `diff` says, as the scorer of the SIGHAN Bakeoff asks it."""

import gzip
import math
import os
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.corpus import open_corpus
from nlptools.errors import BadRecordError, InputError
from nlptools.segment import evaluation
from nlptools.segment.evaluation import Evaluation, evaluate_both, evaluate_segmentation

DATA = Path(os.environ.get("NLPTOOLS_DATA", "no data"))
Line = list[str]
Pair = tuple[Line, Line]

GOLD = ["领导 人 研究 ， 生命", "", "的 的", "， 。", "領導 𠮷野家 5G"]
PREDICTED = ["领导人 研究 ，生 命", " ", "的的", "，。", "領導 𠮷 野家 5G"]


# ---- the slow twins


def spans(words: Line) -> list[tuple[int, int]]:
    ends = [sum(map(len, words[: i + 1])) for i in range(len(words))]
    return [(end - len(word), end) for word, end in zip(words, ends, strict=True)]


def is_counted(word: str) -> bool:
    return any(unicodedata.category(c)[0] in "LN" or 0x20000 <= ord(c) < 0x40000 for c in word)


def twin(pairs: list[Pair], vocabulary: set[str] | None, punctuation: bool) -> Evaluation:
    sums: Counter[str] = Counter(lines=0)
    for gold, predicted in pairs:
        places = set(spans(predicted))
        sums["lines"] += bool(gold)
        sums["predicted"] += sum(punctuation or is_counted(word) for word in predicted)
        for word, place in zip(gold, spans(gold), strict=True):
            if not punctuation and not is_counted(word):
                continue
            sums["gold"] += 1
            sums["correct"] += place in places
            if vocabulary is not None:
                name = "iv" if word in vocabulary else "oov"
                sums[name] += 1
                sums[f"{name}_correct"] += place in places
    found = Counter(difference for gold, predicted in pairs for difference in differences(gold, predicted))
    kept = Counter({texts: count for texts, count in found.items() if punctuation or is_counted(texts[0])})
    return Evaluation(**sums, differences=kept)


def differences(gold: Line, predicted: Line) -> Iterator[tuple[str, str]]:
    """Take words off whichever side is shorter until both are equally long."""
    ours, theirs = list(gold), list(predicted)
    while ours:
        a, b = [ours.pop(0)], [theirs.pop(0)]
        while len("".join(a)) != len("".join(b)):
            if len("".join(a)) < len("".join(b)):
                a.append(ours.pop(0))
            else:
                b.append(theirs.pop(0))
        if a != b:
            yield " ".join(a), " ".join(b)


def common_words(gold: Line, predicted: Line) -> int:
    """Return the length of the longest common subsequence of the words."""
    row = [0] * (len(predicted) + 1)
    for word in gold:
        diagonal = 0
        for j, other in enumerate(predicted, 1):
            diagonal, row[j] = row[j], diagonal + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]


# ---- random text, segmented twice

texts = st.one_of(
    st.sampled_from(
        [
            "",
            "中",
            "𠮷",
            "一二三四五六七八九十",
            "\U00031350",
            "研究生命起源，研究生命。",
            "😀",
            "👩‍👩‍👧",
            "\0",
            "\ufeff",
        ]
    ),
    st.text("研究生命的，。a1𠮷か😀½〇", max_size=20),
    st.text(st.characters(codec="gbk", exclude_categories=["Zs", "Cc"]), max_size=8),
)


@st.composite
def segmented_twice(draw: st.DrawFn, text: st.SearchStrategy[str] = texts) -> Pair:
    line = draw(text)
    cuts = [draw(st.sets(st.integers(1, len(line) - 1))) if len(line) > 1 else set() for _ in range(2)]
    gold, predicted = ([line[a:b] for a, b in zip([0, *sorted(c)], [*sorted(c), len(line)], strict=True)] for c in cuts)
    return [word for word in gold if word], [word for word in predicted if word]


pairs_of_lines = st.lists(segmented_twice(), min_size=1, max_size=8).filter(
    lambda pairs: any(gold for gold, _ in pairs)
)
spaces = st.sampled_from([" ", "  ", "\t", "\u3000", " \u2009"])


def joined(lines: Iterable[Line], space: str) -> list[str]:
    return [space + space.join(line) + space for line in lines]


@given(pairs_of_lines, st.sets(st.text("研究生命", min_size=1, max_size=2)), spaces, spaces, st.integers(9, 90))
@example([(["研究生", "命"], ["研究", "生命"]), ([], []), (["，"], ["，"])], set(), " ", " ", 9)
def test_figures(pairs: list[Pair], vocabulary: set[str], space: str, other: str, size: int) -> None:
    pairs = pairs * 3
    gold = open_corpus(joined((line for line, _ in pairs), space), batch_bytes=size)
    predicted = open_corpus(joined((line for _, line in pairs), other), batch_bytes=2 * size + 5)
    both = evaluate_both(gold, predicted, vocabulary=vocabulary)
    assert both == (twin(pairs, vocabulary, True), twin(pairs, vocabulary, False))


@given(
    segmented_twice(st.text("一二三四五六七八九十甲乙丙丁", max_size=14).map(lambda text: "".join(dict.fromkeys(text))))
)
def test_the_words_that_both_have_in_order(pair: Pair) -> None:
    """Where no word comes twice, words with the same place are just those an alignment of the words finds."""
    gold, predicted = pair
    if gold:
        assert evaluate_segmentation([gold], [predicted]).correct == common_words(gold, predicted)


@given(segmented_twice())
def test_an_alignment_finds_no_fewer(pair: Pair) -> None:
    gold, predicted = pair
    if gold:
        assert evaluate_segmentation([gold], [predicted]).correct <= common_words(gold, predicted)


def test_an_alignment_may_match_words_at_different_places() -> None:
    gold, predicted = ["是", "不是"], ["是不", "是"]
    assert common_words(gold, predicted) == 1
    assert evaluate_segmentation([gold], [predicted]).correct == 0


# ---- the scorer of the SIGHAN Bakeoff: diff of the words, line by line


def count_by_diff(pairs: Iterable[Pair], folder: Path) -> tuple[int, int]:
    """Return how many gold words, and how many predicted ones, `diff` leaves unchanged."""
    ours = theirs = 0
    for gold, predicted in pairs:
        for name, words in (("gold", gold), ("predicted", predicted)):
            (folder / name).write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
        done = subprocess.run(["diff", "gold", "predicted"], cwd=folder, capture_output=True, check=False)
        lines = done.stdout.splitlines()
        ours += len(gold) - sum(line.startswith(b"<") for line in lines)
        theirs += len(predicted) - sum(line.startswith(b">") for line in lines)
    return ours, theirs


needs_diff = pytest.mark.skipif(shutil.which("diff") is None, reason="diff is not installed")


@needs_diff
def test_diff_counts_the_same(tmp_path: Path) -> None:
    pairs = [(gold.split(), predicted.split()) for gold, predicted in zip(GOLD, PREDICTED, strict=True)]
    found = evaluate_segmentation(GOLD, PREDICTED)
    assert count_by_diff(pairs, tmp_path) == (found.correct, found.correct)


@needs_diff
@pytest.mark.skipif(not (DATA / "zh").exists(), reason="no evaluation data: set NLPTOOLS_DATA")
def test_diff_counts_the_same_on_real_text(tmp_path: Path, interpreted: bool) -> None:
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(60)
    lines = (DATA / "zh" / "cws" / "udc_dev.seg").read_text(encoding="utf-8").splitlines()[: 50 if interpreted else 500]
    pairs = [(line.split(), jieba.lcut("".join(line.split()), HMM=False)) for line in lines]
    found = evaluate_segmentation([gold for gold, _ in pairs], [predicted for _, predicted in pairs])
    assert count_by_diff(pairs, tmp_path) == (found.correct, found.correct)


# ---- what goes in


def write(path: Path, lines: list[str], end: str = "\n", encoding: str = "utf-8") -> Path:
    data = end.join([*lines, ""]).encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_files_of_all_kinds_strings_and_lists(tmp_path: Path) -> None:
    expected = evaluate_segmentation(GOLD, PREDICTED)
    gold = write(tmp_path / "gold.txt", GOLD, "\r\n", "utf-8-sig")
    predicted = write(tmp_path / "predicted.txt.gz", PREDICTED, encoding="utf-16")
    assert evaluate_segmentation(gold, str(predicted)) == expected
    assert evaluate_segmentation([line.split() for line in GOLD], (line.split() for line in PREDICTED)) == expected
    assert evaluate_segmentation(open_corpus(gold), [[" ", *line.split(), "\u3000"] for line in PREDICTED]) == expected


def test_blank_lines_count_for_nothing(tmp_path: Path) -> None:
    gold = write(tmp_path / "gold.txt", ["", *GOLD, "", " \u3000"])
    assert evaluate_segmentation(gold, [line for line in PREDICTED if line.strip()]) == evaluate_segmentation(
        GOLD, PREDICTED
    )


def test_figures_of_nothing_are_nan() -> None:
    empty = Evaluation()
    shares = (empty.precision, empty.recall, empty.f1, empty.oov_rate, empty.oov_recall, empty.iv_recall)
    assert all(map(math.isnan, shares))
    assert empty.row()["f1"] is None
    only_punctuation = evaluate_segmentation(["， 。"], ["，。"], punctuation=False)
    assert (only_punctuation.lines, only_punctuation.gold, only_punctuation.predicted) == (1, 0, 0)
    assert not only_punctuation.differences


def test_they_add() -> None:
    parts = [evaluate_segmentation([a], [b], vocabulary={"的"}) for a, b in zip(GOLD, PREDICTED, strict=True) if a]
    assert sum(parts, Evaluation()) == evaluate_segmentation(GOLD, PREDICTED, vocabulary={"的"})


def test_an_example() -> None:
    found = evaluate_segmentation(GOLD, PREDICTED, vocabulary={"研究", "，", "的", "領導"})
    assert (found.lines, found.gold, found.predicted, found.correct) == (4, 12, 10, 3)
    assert (found.precision, found.recall, found.f1) == (3 / 10, 3 / 12, 6 / 22)
    assert (found.oov_rate, found.oov_recall, found.iv_recall) == (6 / 12, 1 / 6, 2 / 6)
    assert len(found.errors(2)) == 2
    assert ("𠮷野家", "𠮷 野家", 1) in found.errors()
    words_only = evaluate_segmentation(GOLD, PREDICTED, punctuation=False)
    assert (words_only.gold, words_only.predicted, words_only.correct) == (9, 9, 3)
    assert ("， 。", "，。", 1) not in words_only.errors()
    assert ("， 生命", "，生 命", 1) in words_only.errors()
    assert len(words_only.errors()) == len(found.errors()) - 1


def test_the_most_frequent_errors_come_first() -> None:
    gold = ["领导 人", "生 命"] * 2 + ["生 命"]
    assert evaluate_segmentation(gold, [line.replace(" ", "") for line in gold]).errors() == [
        ("生 命", "生命", 3),
        ("领导 人", "领导人", 2),
    ]


def test_rare_errors_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "MOST_ERRORS", 10)
    gold = [line for i in range(50) for line in ("领导 人", f"生 命{i}")]
    corpora = [open_corpus(lines, batch_bytes=100) for lines in (gold, [line.replace(" ", "") for line in gold])]
    found = evaluate_segmentation(*corpora)
    assert found.errors()[0] == ("领导 人", "领导人", 50)
    assert len(found.differences) <= 10
    assert (found.gold, found.predicted) == (200, 100)


# ---- a segmenter


class Cutter:
    """Cuts every text into pieces of two characters, in batches of other sizes than it is given."""

    def __init__(self, drop: int = 0) -> None:
        self.drop = drop

    def segment_batches(self, batches: Iterable[Any], threads: int | None = None) -> Iterator[Any]:
        table = pa.Table.from_batches(batches)
        for batch in table.to_batches(max_chunksize=3):
            texts = batch.column("text").to_pylist()
            lists = [[text[i : i + 2] for i in range(self.drop, len(text), 2)] for text in texts]
            yield batch.append_column("words", pa.array(lists, pa.list_(pa.string())))


@given(pairs_of_lines)
def test_a_segmenter_reads_the_gold_text_without_white_space(pairs: list[Pair]) -> None:
    gold = [line for line, _ in pairs]
    texts = ["".join(line) for line in gold]
    cut = [[text[i : i + 2] for i in range(0, len(text), 2)] for text in texts]
    assert evaluate_segmentation(open_corpus(joined(gold, " "), batch_bytes=20), Cutter()) == twin(
        list(zip(gold, cut, strict=True)), None, True
    )


def test_a_segmenter_that_changes_the_text() -> None:
    with pytest.raises(InputError, match="line 1: reads '领导人研究，生命', but the segmenter, line 1: '导人"):
        evaluate_segmentation(GOLD, Cutter(drop=1))


# ---- what cannot be compared


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (["a b", "", "中 文"], ["ab", "中问"], "line 3: reads '中文', but .*, line 2: '中问'; give two segmentations"),
        (["a b c"], ["ab"], "line 1: reads 'abc', but .*, line 1: 'ab'"),
        (["x" * 50 + "y z"], ["x" * 50 + "zz"], "line 1: reads '…xxxxxxxxxxyz', but .*, line 1: '…xxxxxxxxxxzz'"),
        (["a b", "c"], ["ab"], "line 2: 'c' has no counterpart, .* ends before"),
        (["ab"], ["a b", "", "c d"], "line 3: 'cd' has no counterpart, .* ends before"),
        (["a"], [" "], "is empty"),
        ([" "], ["a"], "is empty"),
    ],
)
def test_different_texts(tmp_path: Path, gold: list[str], predicted: list[str], message: str) -> None:
    files = write(tmp_path / "gold.txt", gold), write(tmp_path / "predicted.txt", predicted)
    for sources in (files, (gold, predicted)):
        with pytest.raises(InputError, match=message):
            evaluate_segmentation(*sources)


def test_a_bad_line_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"a b\n\xff\xff\n" * 50)
    with pytest.raises(BadRecordError):
        evaluate_segmentation(open_corpus(tmp_path / "bad.txt", encoding="utf-8", strict=True), ["a b"])
    with pytest.raises(InputError):
        evaluate_segmentation(["a \ud800"], ["a \ud800"])


def test_a_long_line_in_linear_time(interpreted: bool) -> None:
    words = ["研究", "生命"] * (500 if interpreted else 1_000_000)
    other = ["研", "究生命"] * (len(words) // 2)
    found = evaluate_segmentation([words], [other])
    assert (found.gold, found.predicted, found.correct) == (len(words), len(words), 0)
    assert found.errors() == [("研究 生命", "研 究生命", len(words) // 2)]
