"""Trends: counts of periods in a folder, and what is made of them."""

import contextlib
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlptools import find_trends, open_dated
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.newwords import trends
from nlptools.newwords.trend_counts import PeriodCounts
from nlptools.newwords.trends import periods_of, trends_wide

ALWAYS, BORN, OLD, BURST = "银行", "元宇宙", "短信", "世界杯"


def titles() -> pa.Table:
    """Two years of titles: ALWAYS in all, BORN from 2024-03 on, OLD until 2023-09, BURST in 2023-11 most of all."""
    draw = random.Random(7)
    dates, texts = [], []

    def some() -> str:
        return "".join(chr(0x4E00 + draw.randrange(3000)) for _ in range(draw.randint(2, 4)))

    for month in range(24):
        for day in range(1, 29):
            label = f"{2023 + month // 12}-{month % 12 + 1:02}-{day:02}"
            words = (
                [ALWAYS] * (day % 3 == 0)
                + [BORN] * (month >= 14 and day % 2 == 0)
                + [OLD] * (month < 9 and day % 4 == 0)
            )
            words += [BURST] * (month == 10 or day == 28)
            texts += ["，".join(some() + word + some() for word in words), some() * 2]
            dates += [label] * 2
    return pa.table({"date": dates, "text": texts})


TITLES = titles()
FOLLOWED = [ALWAYS, BORN, OLD, BURST, "没有"]


@pytest.fixture(scope="module")
def found() -> pa.Table:
    return find_trends(TITLES, threads=1)


def by_word(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["word"]: row for row in table.to_pylist()}


def slow_series(table: pa.Table, word: str) -> list[int]:
    """Count in the different texts of each month."""
    months: dict[str, set[str]] = {}
    for row in table.to_pylist():
        months.setdefault(row["date"][:7], set()).add(row["text"])
    return [sum(text.count(word) for text in months[month]) for month in sorted(months)]


def test_what_is_found(found: pa.Table) -> None:
    rows = by_word(found)
    assert {word: rows[word]["trend"] for word in (ALWAYS, BORN, OLD, BURST)} == {
        ALWAYS: "steady",
        BORN: "born",
        OLD: "dying",
        BURST: "bursting",
    }
    for word in (ALWAYS, BORN, OLD, BURST):
        series = slow_series(TITLES, word)
        assert rows[word]["series"] == series
        assert rows[word]["count"] == sum(series)
        assert rows[word]["peak_count"] == max(series) or word == ALWAYS
    assert (rows[BORN]["first"], rows[BORN]["change"], rows[BORN]["last"]) == ("2024-03", "2024-03", "2024-12")
    assert rows[BORN]["ratio"] > 50
    assert (rows[OLD]["last"], rows[OLD]["change"]) == ("2023-09", "2023-10")
    assert (rows[BURST]["peak"], rows[BURST]["burst_start"], rows[BURST]["burst_end"]) == ("2023-11",) * 3
    assert rows[BURST]["change"] == "2023-11"
    assert rows[BURST]["ratio"] is None
    assert rows[ALWAYS]["change"] is None


def test_what_the_periods_are(found: pa.Table) -> None:
    periods = periods_of(found)
    assert periods["by"] == "month"
    assert periods["labels"][0] == "2023-01"
    assert len(periods["labels"]) == 24
    months = Counter(row["date"][:7] for row in TITLES.filter(pa.compute.not_equal(TITLES["text"], "")).to_pylist())
    assert periods["documents"] == [months[label] for label in periods["labels"]]
    assert sum(periods["characters"]) == sum(len(text.replace("，", "")) for text in TITLES["text"].to_pylist())


@pytest.mark.parametrize(("rank", "word"), [("born", BORN), ("dying", OLD), ("burst", BURST)])
def test_lists(found: pa.Table, rank: str, word: str) -> None:
    table = find_trends(TITLES, rank=rank, threads=2)
    assert word in table["word"].to_pylist()[:3]
    assert table[rank].null_count == 0
    assert table[rank].to_pylist() == sorted(table[rank].to_pylist(), reverse=True)
    assert table["word"].to_pylist() == [
        row["word"]
        for row in sorted(found.to_pylist(), key=lambda row: (-(row[rank] or 0), -row["count"], row["word"]))
        if row[rank] is not None
    ]


def test_since_and_top() -> None:
    assert find_trends(TITLES, words=FOLLOWED, since="2024-03")["word"].to_pylist() == [BORN]
    assert find_trends(TITLES, words=FOLLOWED, since="2024-04").num_rows == 0
    assert find_trends(TITLES, words=FOLLOWED, rank="burst", since="2023-W30")["word"].to_pylist() == [BORN, BURST]
    assert find_trends(TITLES, words=FOLLOWED, top=2).num_rows == 2


def test_given_words(tmp_path: Path) -> None:
    table = find_trends(TITLES, words=[*FOLLOWED, BORN])
    assert sorted(table["word"].to_pylist()) == sorted(FOLLOWED)
    assert table["score"].null_count == len(FOLLOWED)
    nothing = by_word(table)["没有"]
    assert (nothing["count"], nothing["trend"], nothing["first"], nothing["peak"]) == (0, "steady", None, None)
    file = tmp_path / "words.txt"
    file.write_text("\n".join(FOLLOWED), encoding="utf-8")
    assert find_trends(TITLES, words=file).equals(table)


def test_known_words_can_be_left_out(tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text(f"{ALWAYS} 3\n{OLD}\n", encoding="utf-8")
    marked = by_word(find_trends(TITLES, words=FOLLOWED, known=known))
    assert {word: row["known"] for word, row in marked.items()} == {word: word in (ALWAYS, OLD) for word in FOLLOWED}
    left = find_trends(TITLES, words=FOLLOWED, known=known, new_only=True)
    assert sorted(left["word"].to_pylist()) == sorted({*FOLLOWED} - {ALWAYS, OLD})


def test_parts_of_longer_words_are_in_no_list() -> None:
    rows = by_word(find_trends(TITLES, words=[BORN, BORN[:2], BORN[1:], BORN[1:2], ALWAYS]))
    assert rows[BORN[:2]]["part_of"] == rows[BORN[1:]]["part_of"] == BORN
    assert rows[BORN[:2]]["born"] is None
    assert rows[BORN[:2]]["trend"] == "steady"
    assert rows[BORN]["part_of"] is None
    assert rows[ALWAYS]["part_of"] is None


def test_wide(found: pa.Table) -> None:
    wide = trends_wide(found)
    labels = periods_of(found)["labels"]
    assert wide.column_names == [name for name in found.column_names if name != "series"] + labels
    assert [list(row) for row in zip(*(wide[label].to_pylist() for label in labels), strict=True)] == found[
        "series"
    ].to_pylist()
    assert trends_wide(found.slice(0, 0)).num_rows == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix in (".ngrams", ".documents")}


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("once") / "counts"
    find_trends(TITLES, counts=folder, words=FOLLOWED)
    return folder


def test_counting_in_parts_gives_the_same_bytes(tmp_path: Path, at_once: Path) -> None:
    folder = tmp_path / "counts"
    cut = TITLES.num_rows // 3 + 5  # within a month
    for part in (TITLES.slice(cut), TITLES.slice(0, cut + 9), TITLES.slice(cut - 9, 30)):
        table = find_trends(part, counts=folder, words=FOLLOWED)
    assert contents(folder) == contents(at_once)
    assert table.equals(find_trends(TITLES, words=FOLLOWED))
    assert find_trends(counts=folder, words=FOLLOWED).equals(table)


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.sampled_from(["day", "week", "year"]), st.integers(1, 4))
def test_any_parts_in_any_order(tmp_path_factory: pytest.TempPathFactory, seed: int, by: Any, parts: int) -> None:
    draw = random.Random(seed)
    rows = [
        {"date": f"2024-0{draw.randint(1, 3)}-05", "text": draw.choice(["天地", "玄黄𠮷", "a，。", " "])}
        for _ in range(9)
    ]
    rows.append({"date": "2024-02-01", "text": "宇宙"})
    folder = tmp_path_factory.mktemp("parts")
    find_trends(pa.Table.from_pylist(rows), counts=folder / "once", by=by, words=["天地"], threads=1)
    draw.shuffle(rows)
    for part in range(parts):
        chosen = rows[part::parts]
        if any(row["text"].strip() for row in chosen):
            find_trends(pa.Table.from_pylist(chosen), counts=folder / "parts", by=by, words=["天地"], threads=1)
    assert contents(folder / "once") == contents(folder / "parts")


def test_what_a_killed_process_left(tmp_path: Path, at_once: Path) -> None:
    folder = tmp_path / "counts"
    shutil.copytree(at_once, folder)
    (folder / "2023-01.new.ngrams").write_bytes(b"half")
    more = pa.table({"date": ["2023-01-05"], "text": ["天地玄黄"]})
    find_trends(more, counts=folder, words=FOLLOWED)
    assert not (folder / "2023-01.new.ngrams").exists()
    assert contents(folder).keys() == contents(at_once).keys()


@pytest.mark.parametrize("renamed", range(4))
def test_a_kill_while_files_are_renamed(
    tmp_path: Path, at_once: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    folder, half, rename = tmp_path / "counts", TITLES.num_rows // 2, PeriodCounts._rename
    find_trends(TITLES.slice(0, half), counts=folder, words=FOLLOWED)
    left = iter(range(renamed))

    def rename_some(counts: PeriodCounts, period: int, suffix: str) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        rename(counts, period, suffix)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(PeriodCounts, "_rename", rename_some)
        find_trends(TITLES.slice(half), counts=folder, words=FOLLOWED)
    find_trends(counts=folder, words=FOLLOWED)
    find_trends(TITLES.slice(half), counts=folder, words=FOLLOWED)
    assert contents(folder) == contents(at_once)


def test_words_are_followed_on(tmp_path: Path) -> None:
    """A word of the first year is still followed in the second, whose text has it no more."""
    folder = tmp_path / "counts"
    half = TITLES.num_rows // 2
    first = find_trends(TITLES.slice(0, half), counts=folder)
    assert BORN not in first["word"].to_pylist()
    second = by_word(find_trends(TITLES.slice(half), counts=folder))
    assert second[BORN]["trend"] == "born"
    assert second[BORN]["series"] == slow_series(TITLES, BORN)
    assert second[OLD]["trend"] == "dying"
    assert second.keys() == by_word(find_trends(counts=folder)).keys()


def test_texts_that_wait_on_disk(found: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trends, "ROOM", 1000)
    corpus = open_dated(TITLES, batch_bytes=700)
    assert find_trends(corpus, threads=2).equals(found)


def test_periods_without_text() -> None:
    rows = [{"date": date, "text": f"天地{i}玄黄"} for i, date in enumerate(["2023-11-30", "2024-02-01", "2024-02-02"])]
    table = find_trends(pa.Table.from_pylist(rows), words=["天地", "龘"])
    assert by_word(table)["天地"]["series"] == [1, 0, 0, 2]
    assert periods_of(table)["labels"] == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert periods_of(table)["documents"] == [1, 0, 0, 2]


def test_one_period_and_no_word() -> None:
    table = pa.table({"date": ["2024-01-01"], "text": ["𠮷😀\r\n\x00a"]})
    assert find_trends(table).num_rows == 0
    assert trends_wide(find_trends(table)).num_rows == 0
    assert find_trends(table, words=["𠮷", "a"])["count"].to_pylist() == [1, 1]


def test_script_is_folded() -> None:
    table = pa.table({"date": ["2024-01-01", "2024-02-01"], "text": ["學習", "学习"]})
    assert find_trends(table, words=["學習"], script="simplified").to_pylist()[0]["series"] == [1, 1]
    assert find_trends(table, words=["學習"]).to_pylist()[0]["series"] == [1, 0]


def test_damaged_folders(tmp_path: Path) -> None:
    table = pa.table({"date": ["2024-01-01", "2024-02-01"], "text": ["天地", "玄黄"]})
    folder = tmp_path / "counts"

    def fresh() -> None:
        for file in folder.iterdir() if folder.exists() else []:
            file.unlink()
        find_trends(table, counts=folder)

    fresh()
    (folder / "2024-01.documents").unlink()
    with pytest.raises(InputError, match=r"2024-01\.documents: there is no such file"):
        find_trends(table, counts=folder)
    fresh()
    whole = find_trends(counts=folder, words=["天地"])
    for name in ("2024-01.documents", "2024-01.ngrams"):
        data = (folder / name).read_bytes()
        seen = 0
        for place in range(0, len(data), len(data) // 23):
            (folder / name).write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
            with contextlib.suppress(InputError, OptionError):  # else it was a byte that nobody reads
                assert find_trends(counts=folder, words=["天地"]).equals(whole)
                seen += 1
        assert seen < 20
        (folder / name).write_bytes(data)
    (folder / "2024-01.documents").write_bytes((folder / "2024-02.documents").read_bytes())
    with pytest.raises(InputError, match=r"2024-01.documents: is damaged; delete .*2024-01\.\* and add"):
        find_trends(table, counts=folder)
    fresh()
    (folder / "words.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"words\.parquet: is damaged"):
        find_trends(table, counts=folder)
    pq.write_table(pa.table({"word": ["天地"]}), folder / "words.parquet")
    with pytest.raises(InputError, match=r"words\.parquet: is damaged"):
        find_trends(counts=folder)


def test_what_does_not_fit_a_folder(tmp_path: Path, at_once: Path) -> None:
    with pytest.raises(InputError, match=r"2023-01\.ngrams: is not the counts of a day"):
        find_trends(TITLES, counts=at_once, by="day")
    with pytest.raises(OptionError, match="script='simplified' does not fit"):
        find_trends(TITLES, counts=at_once, script="simplified")
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(OutputError, match="is no folder for counts"):
        find_trends(TITLES, counts=file)
    with pytest.raises(InputError, match="there is no such folder, and no text"):
        find_trends(counts=tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no counts of a month yet"):
        find_trends(counts=tmp_path / "empty")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "hour"}, "by='hour' is not known: choose one of day, week, month, year"),
        ({"rank": "best"}, "rank='best' is not known"),
        ({"top": 0}, "top=0 cannot work"),
        ({"max_q": 0}, "max_q=0 cannot work"),
        ({"max_q": float("nan")}, "max_q=nan cannot work"),
        ({"burst_ratio": 1}, "burst_ratio=1 cannot work"),
        ({"burst_cost": -1}, "burst_cost=-1 cannot work"),
        ({"since": "spring"}, "since='spring' is no day"),
        ({"words": []}, "words to follow: give some"),
        ({"words": ["天", ""]}, "words to follow: give some"),
        ({"words": ["\ud800"]}, "lone surrogate"),
        ({"new_only": True}, "new_only needs a dictionary"),
        ({"min_count": 0}, "min_count=0 cannot work"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        find_trends(TITLES, **options)


def test_neither_text_nor_counts() -> None:
    with pytest.raises(OptionError, match="there is no text, and no folder of counts"):
        find_trends()


def test_wrong_dates_do_not_make_centuries() -> None:
    table = pa.table({"date": ["1024-01-01", "2024-02-01"], "text": ["天地", "玄黄"]})
    with pytest.raises(InputError, match=r"the dates go from 1024-01 to 2024-02: 12,002 months are too many"):
        find_trends(table)


def test_threads_and_batches_change_nothing(found: pa.Table, tmp_path: Path) -> None:
    for threads, size in ((1, 300), (2, 5000)):
        assert find_trends(open_dated(TITLES, batch_bytes=size), threads=threads).equals(found)
    assert np.array(found["series"].to_pylist()).shape == (found.num_rows, 24)
