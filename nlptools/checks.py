"""Numbers that a user gives."""

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
