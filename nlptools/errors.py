"""What can go wrong, as the library says it.

    NlptoolsError            anything the user can mend; the command prints its one line and exits with 2
    ├── InputError           a corpus, dictionary or other file that cannot be used as it is
    │   └── BadRecordError   one bad record, raised only under `strict`
    ├── OptionError          an option whose value, or combination with others, cannot work (also a ValueError)
    └── OutputError          a place where the result cannot be written

Every message names the value, the reason and the remedy, in one line.
"""

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    """Return the text with control characters written as escapes: names in hostile files have some."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


class NlptoolsError(Exception):
    """Base of all errors that the user can mend."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class InputError(NlptoolsError):
    """A corpus, dictionary or other input that cannot be used as it is."""


class BadRecordError(InputError):
    """A record that cannot be used, met while `strict` was asked for."""


class OptionError(NlptoolsError, ValueError):
    """An option whose value cannot work."""


class OutputError(NlptoolsError):
    """A place where the result cannot be written."""


def reason_of(error: Exception) -> str:
    """Return what an error of another package says, on one line that is not too long."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
