"""The options of reading, in one place: the commands, the Python calls and the docs are made from these fields."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from nlptools.checks import check_choice
from nlptools.corpus.encodings import check_encoding
from nlptools.errors import OptionError
from nlptools.options import option
from nlptools.threads import default_threads

DocumentPer = Literal["line", "file"]
InputFormat = Literal["text", "jsonl", "json", "csv", "tsv", "parquet", "arrow"]
Recognise = Callable[[list[str]], str | None]


@dataclass(frozen=True)
class ReadOptions:
    """How a corpus is read; the same names as the arguments of `open_corpus`."""

    text_column: str | None = option(
        None,
        "Which column or field holds the text; of several, comma separated, the texts are joined. "
        'Default: "text", or what a known corpus has, or the only one with strings.',
        "NAME",
    )
    group_by: str | None = option(
        None, "Make one document of consecutive records that are equal in this column.", "COLUMN"
    )
    document_per: DocumentPer = option("line", "What a document is in plain text.")
    encoding: str | None = option(
        None, "Encoding of text, JSON, CSV and TSV, e.g. gb18030. Default: found out from the first bytes.", "NAME"
    )
    input_format: InputFormat | None = option(None, "Format of the input. Default: what its name and content tell.")
    header: bool = option(
        True,
        "CSV and TSV have no first line with names; columns are called 1, 2 and so on. So they are anyway if a number or a date stands in the first line.",
    )
    strict: bool = option(False, "Stop at the first bad record; else they are counted and reported at the end.")
    rejects: str | Path | None = option(None, "Write bad records to FILE, whole, as JSON lines.")
    max_line_bytes: int = option(256 << 20, "A longer line or record is an error.")
    max_ratio: int = option(
        1000, "More than N bytes from one compressed byte are an error, beyond 64 MiB; 0: no limit."
    )
    max_depth: int = option(64, "A JSON record nested deeper is a bad record.")
    max_members: int = option(10_000, "A zip archive with more members is an error.")
    batch_bytes: int = 8 << 20  # about how much text one batch holds
    threads: int | None = None  # None: all processors, at most 8
    recognise: Recognise | None = None  # column names -> text_column of a known corpus, None for others

    def __post_init__(self) -> None:
        check_choice(get_args(DocumentPer), document_per=self.document_per)
        check_choice((None, *get_args(InputFormat)), input_format=self.input_format)
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise OptionError(f"{name}={getattr(self, name)} leaves no room for text; give at least {least}")
            if getattr(self, name) > _MOST:
                raise OptionError(f"{name}={getattr(self, name)} is more than any machine holds; give at most {_MOST}")
        if self.threads is not None and self.threads < 1:
            raise OptionError(f"threads={self.threads} cannot work: give 1 or more")
        if self.encoding is not None:
            check_encoding(self.encoding)

    @property
    def workers(self) -> int:
        """How many threads read."""
        return self.threads or min(default_threads(), 8)

    def identity(self) -> str:
        """Return what tells options apart that read the same files differently."""
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _SAME_DOCUMENTS}
        return repr(told)


_SAME_DOCUMENTS = {"strict", "rejects", "batch_bytes", "threads", "recognise"}  # whatever these are
_LEAST = {"max_line_bytes": 1, "max_ratio": 0, "max_depth": 1, "max_members": 1, "batch_bytes": 1}
_MOST = 1 << 40
