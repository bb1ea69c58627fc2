"""Numbers, and choices among some words, that a user gives."""

from collections.abc import Iterable

from nlptools.errors import OptionError

LARGEST = 2**62  # of a whole number
MOST_THREADS = 1024


def check_numbers(least: int = 1, **values: object) -> None:
    """Raise OptionError for the first value that is no whole number, less than `least` or beyond reason; None passes."""
    for name, value in values.items():
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise OptionError(f"{name}={value!r} cannot work: give a whole number")
        if value < least:
            raise OptionError(f"{name}={value} cannot work: give {least} or more")
        if value > (most := MOST_THREADS if name == "threads" else LARGEST):
            raise OptionError(f"{name}={value} cannot work: give {most} at most")


def check_choice(known: Iterable[str | None], **values: object) -> None:
    """Raise OptionError for the first value that is none of `known`; None passes only if it is among these."""
    choices = list(known)
    for name, value in values.items():
        if value not in choices:
            words = ", ".join(word for word in choices if word is not None)
            raise OptionError(f"{name}={value!r} is not known: choose one of {words}")
