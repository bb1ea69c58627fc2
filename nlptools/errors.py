"""What can go wrong, as the library says it.

    NlptoolsError            anything the user can mend; the command prints its one line and exits with 2
    ├── InputError           a corpus, dictionary or other file that cannot be used as it is
    │   └── BadRecordError   one bad record, raised only under `strict`
    ├── OptionError          an option whose value, or combination with others, cannot work (also a ValueError)
    └── OutputError          a place where the result cannot be written

Every message names the value, the reason and the remedy, in one line.
"""


class NlptoolsError(Exception):
    """Base of all errors that the user can mend."""


class InputError(NlptoolsError):
    """A corpus, dictionary or other input that cannot be used as it is."""


class BadRecordError(InputError):
    """A record that cannot be used, met while `strict` was asked for."""


class OptionError(NlptoolsError, ValueError):
    """An option whose value cannot work."""


class OutputError(NlptoolsError):
    """A place where the result cannot be written."""
