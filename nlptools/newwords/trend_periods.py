"""Periods: days, weeks (from Monday, ISO 8601), months and years, as numbers and as labels."""

import re
from datetime import date, timedelta
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.newwords.trend_options import By

_MONDAY = 3  # days from a Monday to 1970-01-01
_LABELS = {
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII),
    "week": re.compile(r"(\d{4})-W(\d\d)", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d\d)", re.ASCII),
    "year": re.compile(r"(\d{4})", re.ASCII),
}


def periods_of_days(days: NDArray[np.datetime64], by: By) -> NDArray[np.int64]:
    """Return the number of the period in which each day lies, (N,); numbers of consecutive periods are consecutive."""
    if by == "week":
        return (days.astype("datetime64[D]").astype(np.int64) + _MONDAY) // 7
    return days.astype(f"datetime64[{by[0].upper()}]").astype(np.int64)


def label(period: int, by: By) -> str:
    """Return what a period is called: "2024-01-31", "2024-W05", "2024-01", "2024"; names sort as the periods do.

    >>> [label(number, by) for number, by in ((0, "day"), (0, "week"), (0, "month"), (0, "year"))]
    ['1970-01-01', '1970-W01', '1970-01', '1970']
    """
    if by == "week":
        year, week, _ = (date(1970, 1, 1) + timedelta(days=7 * period - _MONDAY)).isocalendar()
        return f"{year:04}-W{week:02}"
    return str(_start(period, by))


def _start(period: int, by: By) -> np.datetime64:
    """Return the first day, month or year of a period, in its unit; of a week its Monday."""
    if by == "week":
        return np.datetime64(7 * period - _MONDAY, "D")
    units: dict[str, Literal["D", "M", "Y"]] = {"day": "D", "month": "M", "year": "Y"}
    return np.datetime64(period, units[by])


def period_of_label(text: str, by: By) -> int | None:
    """Return the number of the period that is called so; None if none is."""
    found = _LABELS[by].fullmatch(text)
    if found is None:
        return None
    numbers = [int(part) for part in found.groups()]
    try:
        day = date.fromisocalendar(numbers[0], numbers[1], 1) if by == "week" else date(*[*numbers, 1, 1][:3])
    except ValueError:
        return None
    return int(periods_of_days(np.array([day], "datetime64[D]"), by)[0])


def period_of_day(text: str, by: By, name: str) -> int:
    """Return the period in which a day lies that was typed as 2024, 2024-01, 2024-01-31 or 2024-W05.

    name: of the option. Raises OptionError if it is none of these.
    """
    for kind in get_args(By):
        first = period_of_label(text, kind)
        if first is not None:
            return int(periods_of_days(np.array([_start(first, kind)]), by)[0])
    raise OptionError(f"{name}={text!r} is no day: give 2024, 2024-01, 2024-01-31 or 2024-W05")
