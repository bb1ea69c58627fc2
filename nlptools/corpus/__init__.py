"""Text in, as a restartable stream of Arrow record batches; results out, written whole or not at all.

Names are imported when they are first used: the options of a command are made from `options`, without Arrow.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlptools.corpus.options import ReadOptions
    from nlptools.corpus.reading import InputFile, ReadReport, RejectedRecord
    from nlptools.corpus.records import Records, open_record_paths, open_records
    from nlptools.corpus.stream import BATCH_SCHEMA, Corpus, CorpusInput, open_corpus, open_paths
    from nlptools.corpus.table_files import TABLE_FORMATS, check_output, write_table, write_table_to
    from nlptools.corpus.writing import atomic_file, check_place

_HOME = {
    "BATCH_SCHEMA": "stream",
    "TABLE_FORMATS": "table_files",
    "Corpus": "stream",
    "CorpusInput": "stream",
    "InputFile": "reading",
    "ReadOptions": "options",
    "ReadReport": "reading",
    "Records": "records",
    "RejectedRecord": "reading",
    "atomic_file": "writing",
    "check_output": "table_files",
    "check_place": "writing",
    "open_corpus": "stream",
    "open_paths": "stream",
    "open_record_paths": "records",
    "open_records": "records",
    "write_table": "table_files",
    "write_table_to": "table_files",
}

__all__ = [
    "BATCH_SCHEMA",
    "TABLE_FORMATS",
    "Corpus",
    "CorpusInput",
    "InputFile",
    "ReadOptions",
    "ReadReport",
    "Records",
    "RejectedRecord",
    "atomic_file",
    "check_output",
    "check_place",
    "open_corpus",
    "open_paths",
    "open_record_paths",
    "open_records",
    "write_table",
    "write_table_to",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nlptools.corpus' has no attribute {name!r}")
    return getattr(import_module(f"nlptools.corpus.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
