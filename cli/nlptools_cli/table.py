"""Tables for people: columns aligned by the width that a terminal gives to Chinese characters and emoji."""

import unicodedata
from collections.abc import Sequence

from nlptools_cli.messages import printable

_VARIATION_16 = "\ufe0f"  # the character before it is shown as an emoji
_JOINER = "\u200d"  # the character after it melts into the one before: 👩 + 💻


def display_width(text: str) -> int:
    """Return how many columns a terminal gives to `text`: "𠮷野家 5G" has 9.

    East Asian wide and full-width characters and emoji take two, combining marks none (Unicode annex 11;
    ambiguous characters take one).
    """
    if text.isascii():
        return len(text)
    width = last = 0
    joined = False
    for character in text:
        size = _character_width(character)
        if character == _VARIATION_16 and last == 1:
            width, last = width + 1, 2
        elif joined or (last == 2 and "🏻" <= character <= "🏿"):  # skin tones
            size = 0
        if size:
            width, last = width + size, size
        joined = character == _JOINER
    return width


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0  # combining marks, invisible ones, and the later parts of a Korean syllable
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, columns: int) -> str:
    """Return `text`, cut to at most `columns` with "…" at the end."""
    if display_width(text) <= columns:
        return text
    while display_width(text) >= columns:
        text = text[:-1]
    return text + "…"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    """Return the lines of a table with two spaces between its columns.

    align: for each column < (left) or > (right).
    """
    cells = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = []
        for cell, width, side in zip(row, widths, align, strict=True):
            space = " " * (width - display_width(cell))
            padded.append(space + cell if side == ">" else cell + space)
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
