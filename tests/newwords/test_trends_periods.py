"""Dates and periods, against the standard library."""

import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.corpus.dated import open_dated, read_days
from nlptools.errors import BadRecordError, InputError, OptionError
from nlptools.newwords.trend_periods import label, period_of_day, period_of_label, periods_of_days

KINDS: tuple[Any, ...] = ("day", "week", "month", "year")


def slow_label(day: datetime.date, by: str) -> str:
    year, week, _ = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{year:04}-W{week:02}",
        "month": f"{day.year:04}-{day.month:02}",
        "year": f"{day.year:04}",
    }[by]


days_of = st.dates(datetime.date(1000, 1, 8), datetime.date(9998, 12, 1))


@given(days_of, st.sampled_from(KINDS))
def test_labels(day: datetime.date, by: Any) -> None:
    (period,) = periods_of_days(np.array([day], "datetime64[D]"), by).tolist()
    assert label(period, by) == slow_label(day, by)
    assert period_of_label(label(period, by), by) == period
    assert label(period, by) < label(period + 1, by)


@given(days_of, st.sampled_from(KINDS), st.sampled_from(KINDS))
def test_the_period_of_what_is_typed(day: datetime.date, kind: Any, by: Any) -> None:
    typed = slow_label(day, kind)
    first = {
        "day": day,
        "week": day - datetime.timedelta(day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[kind]
    assert label(period_of_day(typed, by, "since"), by) == slow_label(first, by)


@pytest.mark.parametrize("text", ["", "24", "2024-13", "2024-02-30", "2024-W54", "２０２４", "now"])
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(OptionError, match=r"since=.* is no day: give 2024"):
        period_of_day(text, "month", "since")


FORMS = ["{0:%Y-%m-%d}", "{0:%Y-%m-%d}T08:30:00Z", "{0:%Y-%m-%d} 23:59", "{0:%Y%m%d}", "{0.year:04}/{0.month}/{0.day}"]
FORMS += ["{0.year:04}.{0.month}.{0.day}", "{0.year:04}年{0.month}月{0.day}日", "  {0:%Y-%m-%d} "]


@given(st.lists(st.tuples(st.dates(datetime.date(1000, 1, 1)), st.sampled_from(FORMS)), max_size=8))
def test_dates_in_many_forms(dates: list[tuple[datetime.date, str]]) -> None:
    texts = [form.format(day) for day, form in dates]
    assert read_days(pa.array(texts, pa.large_string())).tolist() == [day for day, _ in dates]


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-01", "2024-1-32", "2023-02-29", "20240230", "2024131", "0000-01-01", "31.1.2024", "2024-01-31x"],
)
def test_what_is_no_date(text: str) -> None:
    assert np.isnat(read_days(pa.array([text, text + "𠮷", "\x00", "1706659200", "٢٠٢٤-٠١-٠١"]))).all()


def test_dates_of_arrow() -> None:
    moment = datetime.datetime(2024, 1, 31, 23, 30)
    shanghai = pa.array([moment, None], pa.timestamp("us", "UTC")).cast(pa.timestamp("us", "Asia/Shanghai"))
    first, null = read_days(shanghai).tolist()
    assert (first, null) == (datetime.date(2024, 2, 1), None)
    assert read_days(pa.array([moment], pa.timestamp("ms"))).tolist() == [datetime.date(2024, 1, 31)]
    assert read_days(pa.array([datetime.datetime(1969, 12, 31, 1)])).tolist() == [datetime.date(1969, 12, 31)]
    for kind in (pa.date32(), pa.date64()):
        assert read_days(pa.array([datetime.date(1960, 2, 29)], kind)).tolist() == [datetime.date(1960, 2, 29)]
    assert read_days(pa.array([20240131, 20240132, None, -5])).tolist() == [datetime.date(2024, 1, 31), *[None] * 3]
    assert read_days(pa.array(["2024-01-31"] * 2).dictionary_encode()).tolist() == [datetime.date(2024, 1, 31)] * 2


def test_days_stay_with_their_texts() -> None:
    days = [f"2024-01-{day:02}" if day % 7 else f"no {day}" for day in range(1, 32)]
    table = pa.table({"date": days, "text": [f"天{day}" for day in days]})
    corpus = open_dated(table, batch_bytes=40)
    read = [pair for texts, dates in corpus.batches() for pair in zip(texts.to_pylist(), dates.tolist(), strict=True)]
    assert read == [(f"天{day}", datetime.date.fromisoformat(day)) for day in days if "no" not in day]
    assert corpus.report.rejected == {"not a date in column 'date'": 4}
    assert [example.line for example in corpus.report.examples] == [7, 14, 21, 28]
    assert list(corpus.batches())  # it can be read again


def test_bad_dates_in_files(tmp_path: Any) -> None:
    path, rejects = tmp_path / "titles.csv", tmp_path / "rejects.jsonl"
    path.write_bytes("\ufeffday,title\r\n2024/1/5,天地\r\n,玄黄\r\nlate,宇宙\r\n2024/1/6,𠮷\r\n".encode())
    corpus = open_dated(path, "day", rejects=rejects)
    assert [texts.to_pylist() for texts, _ in corpus.batches()] == [["天地", "𠮷"]]
    assert corpus.report.summary().startswith("2 documents, 2 rejected (")
    assert corpus.report.rejected == {"no date in column 'day'": 1, "not a date in column 'day'": 1}
    assert "late" in rejects.read_text(encoding="utf-8")
    with pytest.raises(BadRecordError, match=r"titles.csv \(records\), line 2: no(t a)? date in column 'day'"):
        list(open_dated(path, "day", strict=True).batches())


@pytest.mark.parametrize(
    ("column", "options", "error", "words"),
    [
        (
            "when",
            {},
            InputError,
            "no column 'when'; its columns are 'date', 'text', 'size': name one with --date-column",
        ),
        ("size", {}, InputError, "column 'size' is double, which is no date"),
        ("date", {"group_by": "text"}, OptionError, "group_by='text' joins records of different dates"),
    ],
)
def test_errors(column: str, options: dict[str, Any], error: type[Exception], words: str) -> None:
    table = pa.table({"date": ["2024-01-01"], "text": ["天地"], "size": [1.5]})
    with pytest.raises(error, match=words):
        list(open_dated(table, column, **options).batches())


def test_strings_have_no_dates() -> None:
    with pytest.raises(InputError, match="no column 'date'"):
        list(open_dated(["天地"]).batches())
