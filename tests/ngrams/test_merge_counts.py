"""Count files add: any shards of a text, merged in any order, give the file of the whole text, byte for byte."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlptools.errors import InputError, OptionError
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.merge import merge_counts

compiled = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"), reason="too slow uncompiled")

texts = st.lists(
    st.text("一七三五，", max_size=20) | st.text("𠮷a龘。b", max_size=9) | st.just("。"), min_size=1, max_size=9
)


def shards(folder: Path, documents: list[str], cuts: list[int], order: int) -> list[Path]:
    """Count the parts of a text, each with a character, so that none is empty."""
    edges = [0, *sorted(min(cut, len(documents)) for cut in cuts), len(documents)]
    paths = []
    for number, (lo, hi) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        paths.append(folder / f"{number}.ngrams")
        count_ngrams([*documents[lo:hi], "一"], order, output=paths[-1], threads=1)
    return paths


@settings(max_examples=25)  # each counts up to nine times
@given(
    texts,
    st.lists(st.integers(0, 9), max_size=7),
    st.integers(1, 8) | st.just(30),
    st.integers(0, 99),
    st.sampled_from([(1, 1, 2, 1), (3, 2, 2, 2), (7, 50, 3, 3), (1, 1000, 128, 1 << 16)]),
    st.sampled_from([1, 1, 2, 5]),
)
@example(["一七三" * 5, "𠮷a", "。", "五"], [1, 2, 3], 8, 5, (1, 1, 2, 1), 1)
def test_any_shards_in_any_order(
    fresh: Callable[[], Path],
    limits: Any,
    documents: list[str],
    cuts: list[int],
    order: int,
    seed: int,
    sizes: tuple[int, int, int, int],
    least: int,
) -> None:
    threads, per_round, inputs, batch = sizes
    folder = fresh()
    with limits(per_round=per_round, inputs=inputs, batch=batch):
        paths = shards(folder, documents, cuts, order)
        whole = [*documents, *["一"] * len(paths)]
        count_ngrams(whole, order, min_count=least, output=folder / "whole.ngrams", threads=threads)
        Random(seed).shuffle(paths)
        counts = merge_counts(paths, folder / "merged.ngrams", min_count=least, threads=threads)
        in_memory = merge_counts(paths, min_count=least, threads=threads)
    assert (folder / "merged.ngrams").read_bytes() == (folder / "whole.ngrams").read_bytes()
    assert in_memory.to_table().equals(counts.to_table())
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        ["merged.ngrams", "whole.ngrams", *(p.name for p in paths)]
    )


@settings(max_examples=25)
@given(texts, st.integers(1, 8), st.lists(st.integers(0, 6), max_size=2), st.sampled_from([1, 3]), st.integers(1, 3))
@example(["一七三五" * 5, "一七一三"], 1, [2, 3], 1, 1)
@example(["一七三五" * 5, "一七一三"], 1, [6], 1, 3)
def test_different_orders(
    fresh: Callable[[], Path],
    limits: Any,
    documents: list[str],
    order: int,
    more: list[int],
    batch: int,
    least: int,
) -> None:
    """The longer n-grams are left out; the file is that of counting to the lowest order."""
    folder = fresh()
    with limits(batch=batch, per_round=2):
        paths = []
        for number, extra in enumerate([0, *more]):
            paths.append(folder / f"{number}.ngrams")
            count_ngrams([*documents, "一"], order + extra, output=paths[-1], threads=1)
        count_ngrams([*documents, "一"] * len(paths), order, min_count=least, output=folder / "whole.ngrams", threads=1)
        said: list[str] = []
        merge_counts(paths, folder / "a.ngrams", min_count=least, threads=1, log=said.append)
        merge_counts(paths, folder / "b.ngrams", order=order, min_count=least, threads=2)
    longer = sum(extra > 0 for extra in more)
    words = f"{longer} of {len(paths)} files have longer n-grams, which are left out: the result has order {order}"
    assert any(words in line for line in said) == (longer > 0)
    for name in ("a.ngrams", "b.ngrams"):
        assert (folder / name).read_bytes() == (folder / "whole.ngrams").read_bytes()


def test_many_files_in_passes(tmp_path: Path, limits: Any) -> None:
    documents = [chr(0x4E00 + i % 20) * (i % 4 + 1) for i in range(40)]
    said: list[str] = []
    with limits(inputs=3, per_round=4, batch=5):
        paths = shards(tmp_path, documents, list(range(1, 40)), 3)
        merge_counts(paths[::-1], tmp_path / "merged.ngrams", log=said.append)
    with limits(batch=5):
        count_ngrams([*documents, *["一"] * 40], 3, output=tmp_path / "whole.ngrams")
    assert (tmp_path / "merged.ngrams").read_bytes() == (tmp_path / "whole.ngrams").read_bytes()
    assert [line for line in said if line.endswith("at a time")] == [
        f"merge: {n} files, 3 at a time" for n in (40, 14, 5)
    ]
    assert all(path.exists() for path in paths)


def test_many_shards(tmp_path: Path) -> None:
    chance = Random(3)
    size = 1000 if os.environ.get("NLPTOOLS_FAULTS") == "whole" else 140  # more than are open at a time
    documents = ["".join(chance.choices("一七三五九，", k=chance.randrange(1, 9))) + "一" for _ in range(size)]
    paths = []
    for number, document in enumerate(documents):
        paths.append(tmp_path / f"{number}.ngrams")
        count_ngrams([document], 4, output=paths[-1], threads=1)
    chance.shuffle(paths)
    merge_counts(paths, tmp_path / "merged.ngrams")
    count_ngrams(documents, 4, output=tmp_path / "whole.ngrams")
    assert (tmp_path / "merged.ngrams").read_bytes() == (tmp_path / "whole.ngrams").read_bytes()


@compiled
def test_alphabets_that_need_more_bits_together(tmp_path: Path) -> None:
    """Together 40,000 characters of 16 bits, from files with 12 to 15: one word for a row becomes two."""
    every = [chr(0x20000 + i) for i in range(40_000)]
    cuts = [0, 3_000, 9_000, 40_000]
    paths = []
    for lo, hi in zip(cuts[:-1], cuts[1:], strict=True):
        paths.append(tmp_path / f"{lo}.ngrams")
        counts = count_ngrams(["".join(every[lo:hi])], 5, output=paths[-1])
    merged = merge_counts([paths[2], paths[0], paths[1]], tmp_path / "merged.ngrams")
    count_ngrams(
        ["".join(every[lo:hi]) for lo, hi in zip(cuts[:-1], cuts[1:], strict=True)], 5, output=tmp_path / "whole.ngrams"
    )
    assert (counts.layout.bits, merged.layout.bits, merged.layout.tail_length) == (15, 16, 1)
    assert (tmp_path / "merged.ngrams").read_bytes() == (tmp_path / "whole.ngrams").read_bytes()
    assert merged.count("".join(every[8_998:9_000])) == 1
    assert merged.count("".join(every[8_999:9_001])) == 0


@compiled
def test_together_too_many_characters_for_the_order(tmp_path: Path) -> None:
    every = "".join(chr(0x20000 + i) for i in range(66_000))
    for name, text in (("a", every[:33_000]), ("b", every[33_000:])):
        count_ngrams([text], 8, output=tmp_path / f"{name}.ngrams")
    paths = [tmp_path / "a.ngrams", tmp_path / "b.ngrams"]
    with pytest.raises(OptionError, match=r"order=8 is too high for 66000 .* give at most 6"):
        merge_counts(paths, tmp_path / "c.ngrams")
    assert sorted(tmp_path.iterdir()) == paths
    assert merge_counts(paths, order=6).order == 6


@compiled
def test_min_count_needs_a_code_more(tmp_path: Path) -> None:
    """65,535 characters fit orders to 8, but not with the code of what is too rare to be told."""
    every = "".join(chr(0x20000 + i) for i in range(65_535))
    with pytest.raises(
        OptionError, match=r"order=8 is too high for 65535 different characters with min_count: .* most 6"
    ):
        count_ngrams([every], 8, min_count=2)
    count_ngrams([every], 8, output=tmp_path / "a.ngrams")
    with pytest.raises(OptionError, match=r"order=8 is too high .* with min_count"):
        merge_counts([tmp_path / "a.ngrams"], min_count=2)
    assert merge_counts([tmp_path / "a.ngrams"], order=6, min_count=2).count(every[0]) == 0


def test_merging_one_file_gives_that_file(tmp_path: Path) -> None:
    count_ngrams(["研究生命起源"], 4, output=tmp_path / "a.ngrams")
    merge_counts([tmp_path / "a.ngrams"], tmp_path / "b.ngrams")
    assert (tmp_path / "a.ngrams").read_bytes() == (tmp_path / "b.ngrams").read_bytes()
    before = (tmp_path / "a.ngrams").read_bytes()
    merge_counts([tmp_path / "a.ngrams"], tmp_path / "a.ngrams")  # in the place of its input
    assert (tmp_path / "a.ngrams").read_bytes() == before


def test_files_that_do_not_add(tmp_path: Path) -> None:
    good, rare, text = tmp_path / "good.ngrams", tmp_path / "rare.ngrams", tmp_path / "a.txt"
    count_ngrams(["研究生命"], 2, output=good)
    count_ngrams(["研究生命"], 2, min_count=2, output=rare)
    text.write_text("研究", encoding="utf-8")
    for paths, error, words in (
        ([good, rare], InputError, r"rare.ngrams: has only n-grams seen 2 times or more, so its counts do not add"),
        ([good, text], InputError, r"a.txt: cannot be read as a count file"),
        ([good, tmp_path / "missing.ngrams"], InputError, r"missing.ngrams: .*No such file"),
        ([], OptionError, "no count file is named"),
    ):
        with pytest.raises(error, match=words):
            merge_counts(paths, tmp_path / "out.ngrams")
    with pytest.raises(
        OptionError, match=r"order=3 is too high: .*good.ngrams was counted to order 2; give that or less"
    ):
        merge_counts([good], tmp_path / "out.ngrams", order=3)
    wrong: list[dict[str, Any]] = [
        {"order": 0},
        {"min_count": 0},
        {"threads": 0},
        {"threads": 5000},
        {"min_count": 2**70},
    ]
    for options in wrong:
        with pytest.raises(OptionError, match=f"{next(iter(options))}="):
            merge_counts([good], **options)
    assert sorted(tmp_path.iterdir()) == sorted([good, rare, text])


def test_a_damaged_input_leaves_nothing(tmp_path: Path, limits: Any) -> None:
    with limits(batch=4):
        counts = count_ngrams(["研究生命起源" * 3, "起源研究"], 4, output=tmp_path / "a.ngrams")
        place = (tmp_path / "a.ngrams").read_bytes().rindex(counts.chunks[len(counts.chunks) - 1].heads.tobytes())
        data = bytearray((tmp_path / "a.ngrams").read_bytes())
        data[place] ^= 1
        (tmp_path / "a.ngrams").write_bytes(data)
        with pytest.raises(InputError, match=r"a.ngrams: is damaged \(batch \d of \d\)"):
            merge_counts([tmp_path / "a.ngrams"], tmp_path / "b.ngrams")
    assert [file.name for file in tmp_path.iterdir()] == ["a.ngrams"]


def test_counts_are_sums(tmp_path: Path, twin: Any) -> None:
    monthly = [["红包", "红包大战"], ["微信红包", "包子"], ["大战"]]
    total: Counter[str] = Counter()
    for number, documents in enumerate(monthly):
        count_ngrams(documents, 3, output=tmp_path / f"{number}.ngrams")
        total += twin(documents, 3)
    counts = merge_counts(sorted(tmp_path.iterdir()))
    assert {ngram: counts.count(ngram) for ngram in total} == total
    assert (counts.documents, counts.total) == (5, 14)
