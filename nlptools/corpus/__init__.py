"""Text in, as a restartable stream of Arrow record batches; results out, written whole or not at all."""

from nlptools.corpus.reading import ReadOptions, ReadReport, RejectedRecord
from nlptools.corpus.stream import BATCH_SCHEMA, Corpus, CorpusInput, open_corpus, open_paths
from nlptools.corpus.table_files import TABLE_FORMATS, check_output, write_table, write_table_to
from nlptools.corpus.writing import atomic_file, check_place

__all__ = [
    "BATCH_SCHEMA",
    "TABLE_FORMATS",
    "Corpus",
    "CorpusInput",
    "ReadOptions",
    "ReadReport",
    "RejectedRecord",
    "atomic_file",
    "check_output",
    "check_place",
    "open_corpus",
    "open_paths",
    "write_table",
    "write_table_to",
]
