"""What the classes of options are made of: fields of which the command, the Python call and the docs are made."""

from dataclasses import field
from typing import Any


def option(default: Any, help_text: str, metavar: str | None = None) -> Any:
    """Return a field of a dataclass that is an option of the command, too.

    help_text: its line in --help. metavar: what its value is called there; None: what its type suggests.
    """
    return field(default=default, metadata={"help": help_text, "metavar": metavar})
