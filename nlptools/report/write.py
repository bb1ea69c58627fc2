"""`write_report`: a page on which to read words, with their evidence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from nlptools.concordance.open import is_index, open_concordance, place_of, ready_index
from nlptools.concordance.search import Concordance
from nlptools.corpus import BATCH_SCHEMA, Corpus, CorpusInput, atomic_file, check_place, open_corpus
from nlptools.corpus.writing import writes_through
from nlptools.errors import OptionError, OutputError
from nlptools.report.evidence import Record, evidence_of
from nlptools.report.options import SIZE, ReportOptions
from nlptools.report.page import CHUNK, chunks_within, page
from nlptools.report.words_table import check_columns, columns_of, page_values, periods_of, terms_of
from nlptools.text.scripts import batch_folder
from nlptools.version import __version__
from nlptools.wording import counted


def write_report(
    words: pa.Table,
    corpus: CorpusInput | None,
    path: str | Path,
    *,
    left_out: pa.Table | None = None,
    log: Callable[[str], object] | None = None,
    **options: Any,
) -> int:
    """Write a page of HTML, which needs nothing else, to read words with their evidence; return its size in bytes.

    words: a table of `find_new_words`, `explain_new_words` or `find_trends`, best word first, or any other with a column
        `word`. corpus: the text, from which the evidence comes: whatever `open_concordance` takes; None for no evidence.
    left_out: n-grams that are no words, from `explain_new_words`: who looks for one is told why.
    options: the fields of `ReportOptions`.

    Equal arguments give equal bytes. Raises InputError if there is no column `word`, OptionError if an index shall be
    folded, OutputError if nothing can be written.
    """
    chosen = ReportOptions(**options)
    check_page(path)
    if is_index(corpus) and chosen.script != "keep":
        raise OptionError(f"script={chosen.script!r} cannot fold {corpus}, an index: give the text that it was made of")
    corpus = corpus if corpus is None or is_index(corpus) else open_corpus(corpus)
    log = log or (lambda _: None)
    check_columns(words, {"word": "text"}, "the table", "one of find_new_words or find_trends")
    others = None if left_out is None else _left_out(left_out)
    shown = words.slice(0, chosen.top)
    names, terms = terms_of(shown)
    described, columns = columns_of(shown)
    spelled = [word or "" for word in columns["word"]]
    if corpus is not None:
        log("report: looking the words up in the text")
    with _opened(corpus, chosen.script) as concordance:
        records = _records(spelled, terms, concordance, chosen)
        chunks = list(chunks_within(records, SIZE << 20 if chosen.evidence is None else None))
        about = {
            "version": __version__,
            "title": chosen.title or _name(corpus),
            "words": len(spelled),
            "found": words.num_rows,
            "documents": None if concordance is None else concordance.documents,
            "evidence": min(len(chunks) * CHUNK, len(spelled[: chosen.evidence])),
            "chunk": CHUNK,
            "columns": described,
            "terms": names,
            "periods": periods_of(shown),
        }
    log(f"report: {counted(about['words'], 'word')}, evidence for {about['evidence']:,}")
    data = page(about["title"] or "nlptools", about, columns, others, chunks).encode("utf-8", "replace")
    with atomic_file(path) as file:
        file.write(data)
    return len(data)


def check_page(path: str | Path) -> None:
    """Raise OutputError now if a page could not be written to `path` later."""
    if Path(path).suffix.lower() not in (".html", ".htm") and not writes_through(path):
        raise OutputError(f"{path}: a report is a page of HTML; give a name that ends with .html")
    check_place(path)


@contextmanager
def _opened(corpus: CorpusInput | None, script: str) -> Iterator[Concordance | None]:
    """Open the index of a corpus: the one that it has, else one that goes when the report is done."""
    if corpus is None:
        yield None
        return
    if script != "keep":
        corpus = _folded(open_corpus(corpus), script)
    if is_index(corpus):
        with open_concordance(corpus) as concordance:
            yield concordance
        return
    found = ready_index(open_corpus(corpus), place_of(open_corpus(corpus), None))
    if found is not None:
        with Concordance(found) as concordance:
            yield concordance
        return
    with (
        TemporaryDirectory(prefix="nlptools-", ignore_cleanup_errors=True) as folder,
        open_concordance(corpus, index=Path(folder, "corpus.kwic")) as concordance,
    ):
        yield concordance


def _folded(corpus: Corpus, script: str) -> Corpus:
    """Return the documents of a corpus in simplified or traditional characters; to be read once."""
    fold = batch_folder(script)
    return open_corpus(pa.RecordBatchReader.from_batches(BATCH_SCHEMA, map(fold, corpus)), text_column="text")


def _name(corpus: CorpusInput | None) -> str | None:
    return (
        None
        if corpus is None
        else Path(str(corpus)).name
        if is_index(corpus)
        else open_corpus(corpus).name.rsplit("/", 1)[-1]
    )


def _records(words: list[str], terms: list[list[float]], concordance: Any, chosen: ReportOptions) -> Iterator[Record]:
    """Yield the evidence of each word, with the terms of its score; of all that shall have any."""
    if concordance is None:
        found: Iterator[Record] = ({} for _ in words) if terms and terms[0] else iter(())
    else:
        found = evidence_of(words[: chosen.evidence], concordance, chosen.lines)
    for record, why in zip(islice(found, chosen.evidence), terms, strict=False):
        yield {**record, "terms": why}


def _left_out(table: pa.Table) -> dict[str, list[Any]]:
    kinds = {"word": "text", "count": "int", "limit": "text", "value": "float", "least": "float"}
    check_columns(table, kinds, "the table of n-grams left out", "one of explain_new_words")
    return {name: page_values(table[name], kind) for name, kind in kinds.items()}
