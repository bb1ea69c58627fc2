"""What is in a corpus, as text for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nlptools.wording import counted
from nlptools_cli.table import clip, display_width, format_table

if TYPE_CHECKING:
    from nlptools.corpus.describe import Description, Field, Texts

FILES = 10
"""How many files are listed."""


def description_text(found: "Description", corpus: str | None) -> str:
    """Return the description as lines; corpus: the title of the known corpus that it is."""
    parts = [
        f"{found.name}: {counted(found.records, 'record')}" + (f" like {corpus}" if corpus is not None else ""),
        _files(found),
        _bad_records(found),
        _fields(found),
        _texts(found.texts) if found.texts is not None else f"no text: {found.no_texts}",
        _attributes(found),
    ]
    return "\n\n".join(part for part in parts if part)


def _files(found: "Description") -> str:
    rows = [
        [file.name, file.format, file.compression or "-", file.encoding or "-", _or_dash(file.bytes)]
        for file in found.files[:FILES]
    ]
    more = len(found.files) - FILES
    table = format_table(["file", "format", "packed", "encoding", "bytes"], rows, "<<<<>")
    return table + (f"\nand {counted(more, 'file')} more" if more > 0 else "")


def _bad_records(found: "Description") -> str:
    if not found.bad_records:
        return ""
    rows = [[reason, f"{count:,}"] for reason, count in found.bad_records.items()]
    return "\n".join([format_table(["bad records", "count"], rows, "<>"), *(f"  {bad}" for bad in found.bad_examples)])


def _fields(found: "Description") -> str:
    rows = []
    for field in found.fields:
        different = "many" if field.different is None else f"{field.different:,}"
        nulls = f"{field.nulls / found.records:.1%}" if found.records else "-"
        rows.append([clip(field.name, 30), field.type, nulls, different, _frequent(field)])
    return format_table(["field", "type", "null", "different", "most frequent"], rows, "<<>><")


def _frequent(field: "Field") -> str:
    """Return as many of the frequent values as go on a line: "游戏 1,326  手机 1,239"."""
    line = ""
    for value, count in field.frequent:
        more = f"{'≥' if field.missed else ''}{count:,} {clip(str(value), 20)}"
        if line and display_width(line) + display_width(more) > 60:
            break
        line += ("  " if line else "") + more
    return line


def _texts(texts: "Texts") -> str:
    without = f"; {counted(texts.without_text, 'record')} without text" if texts.without_text else ""
    if not texts.documents:
        return f"0 documents{without}"
    lines = [
        f"{counted(texts.documents, 'document')} of {texts.shortest:,} to {texts.longest:,} characters, "
        f"the median {texts.median:,}{without}",
        f"{counted(texts.characters, 'character')}, {texts.different_characters:,} different",
    ]
    rows = [
        [script, f"{count:,}", f"{count / texts.characters:.1%}"] for script, count in texts.scripts.items() if count
    ]
    if rows:
        lines += ["", format_table(["script", "characters", "share"], rows, "<>>")]
    return "\n".join(lines)


def _attributes(found: "Description") -> str:
    if not found.attributes:
        return ""
    rows: list[Sequence[str]] = [
        [
            clip(attribute.name, 30),
            f"{attribute.count:,}",
            f"{attribute.entities:,}",
            clip(attribute.example or "-", 40),
        ]
        for attribute in found.attributes
    ]
    different = "many" if found.different_attributes is None else f"{found.different_attributes:,}"
    table = format_table(["attribute", "count", "entities", "example"], rows, "<>><")
    return f"{table}\n{different} different attributes"


def _or_dash(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
