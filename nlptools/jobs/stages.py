"""What stages do, each by a call of the library; as the command of the same name does it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nlptools.corpus import Corpus, open_paths, open_record_paths, write_table
from nlptools.corpus.convert import Conversion, convert_corpus
from nlptools.corpus.options import ReadOptions
from nlptools.lm.train import train_lm
from nlptools.memory import show_memory
from nlptools.newwords.find import explain_new_words, find_new_words, without_terms
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.counts import NgramCounts
from nlptools.ngrams.merge import merge_counts
from nlptools.ngrams.output import is_count_file, read_added_up, write_counts_table
from nlptools.report.words_table import read_words
from nlptools.report.write import write_report
from nlptools.segment import checkpoint as segment_checkpoint
from nlptools.segment.lexicon import read_lexicon
from nlptools.segment.model import load_segmenter
from nlptools.segment.options import SegmenterOptions
from nlptools.segment.output import write_segmented
from nlptools.segment.train import train_segmenter
from nlptools.vectors import checkpoint as vectors_checkpoint
from nlptools.vectors.files import write_vectors
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.train import train_table
from nlptools.vectors.train_jose import train_jose_tables
from nlptools.wording import counted


class Opener(Protocol):
    """How stages read their inputs. The command knows corpora that the library does not."""

    def options(self, paths: Sequence[str], reading: Mapping[str, Any]) -> ReadOptions:
        """Return how some files are read as documents."""

    def records(self, paths: Sequence[str], reading: Mapping[str, Any], output: str) -> tuple[Any, dict[str, Any]]:
        """Return the records of some files, and with what further options `convert_corpus` shall write them to `output`."""


class PlainOpener:
    """Reads files as `open_corpus` and `open_records` do."""

    def options(self, paths: Sequence[str], reading: Mapping[str, Any]) -> ReadOptions:
        """Return how the files are read as documents."""
        return ReadOptions(**reading)

    def records(self, paths: Sequence[str], reading: Mapping[str, Any], output: str) -> tuple[Any, dict[str, Any]]:
        """Return the records of the files, and how they were to be read."""
        return open_record_paths(paths, ReadOptions(**reading)), dict(reading)


@dataclass(frozen=True)
class Work:
    """What a stage is given. inputs, output: paths; reading: options of reading; options: the others that were given."""

    inputs: Sequence[str]
    output: str
    reading: Mapping[str, Any]
    options: Mapping[str, Any]
    opener: Opener
    progress: Callable[[int], object] | None
    log: Callable[[str], object]

    @property
    def read_options(self) -> ReadOptions:
        """How the inputs are read."""
        return self.opener.options(self.inputs, self.reading)

    def corpus(self) -> Corpus:
        """Return the documents of the inputs."""
        return open_paths(self.inputs, self.read_options)

    def others(self, *names: str) -> dict[str, Any]:
        """Return the options but these."""
        return {name: value for name, value in self.options.items() if name not in names}

    @property
    def watched(self) -> dict[str, Any]:
        """How the library shall tell how far it is."""
        return {"progress": self.progress, "log": self.log}


@dataclass(frozen=True)
class Done:
    """What a stage tells when it is done. rejected: a line on bad records, None if there were none.

    left_out: a line for each input that could not be read (Spark goes on without it, unless `strict`).
    """

    summary: str
    rejected: str | None = None
    left_out: Sequence[str] = ()


def _done(summary: str, read: Corpus | Conversion | None = None) -> Done:
    return Done(summary, read.report.summary() if read is not None and read.report.rejected else None)


def convert(work: Work) -> Done:
    """Write records in another format."""
    records, options = work.opener.records(work.inputs, work.reading, work.output)
    done = convert_corpus(records, work.output, progress=work.progress, **options, **work.options)
    return _done(done.summary(), done)


def count(work: Work) -> Done:
    """Count n-grams."""
    corpus = work.corpus()
    output = work.output if is_count_file(work.output) else None
    counts = count_ngrams(corpus, output=output, **work.options, **work.watched)
    return _done_counting(counts, work, corpus)


def merge(work: Work) -> Done:
    """Add up count files."""
    output = work.output if is_count_file(work.output) else None
    return _done_counting(merge_counts(work.inputs, output, log=work.log, **work.options), work)


def _done_counting(counts: NgramCounts, work: Work, corpus: Corpus | None = None) -> Done:
    write_counts_table(counts, work.output)
    return _done(f"{counted(counts.total, 'character')} of {counted(counts.documents, 'document')}", corpus)


def newwords(work: Work) -> Done:
    """Find words."""
    corpus = None if all(map(is_count_file, work.inputs)) else work.corpus()
    source = corpus or read_added_up(work.inputs, work.options.get("threads"), work.log)
    options = work.others("left_out")
    if "left_out" in work.options:
        words, others = explain_new_words(source, **options, **work.watched)
        write_table(others, work.options["left_out"])
        if not options.get("explain"):
            words = without_terms(words)
    else:
        words = find_new_words(source, **options, **work.watched)
    write_table(words, work.output)
    return _done(counted(words.num_rows, "word"), corpus)


def lm(work: Work) -> Done:
    """Train a language model."""
    corpus = None if is_count_file(work.inputs[0]) else work.corpus()
    model = train_lm(corpus or work.inputs[0], **work.others("arpa"), **work.watched)
    model.save(work.output)
    if "arpa" in work.options:
        model.to_arpa(work.options["arpa"])
    return _done(counted(sum(model.sizes), "n-gram"), corpus)


def train_segmentation(work: Work) -> Done:
    """Learn to segment; the state of the training is kept beside the model until that is there."""
    corpus = work.corpus() if work.inputs else None
    state = Path(f"{work.output}.training")
    segment_checkpoint.check_state(state)
    model = train_segmenter(corpus, resume=state, **work.options, **work.watched)
    model.save(work.output)
    state.unlink(missing_ok=True)
    return _done(f"{counted(model.alphabet.size, 'symbol')}, {counted(model.words().num_rows, 'word')}", corpus)


def segment(work: Work) -> Done:
    """Cut text into words."""
    corpus = work.corpus()
    chosen = SegmenterOptions(**work.others("model", "threads"))
    segmenter = load_segmenter(work.options["model"])
    more = read_lexicon(chosen.lexicon, chosen.words, chosen.lexicon_weight, chosen.words_weight)
    if more is not None:
        segmenter = segmenter.with_lexicon(more)
    batches = corpus.batches(work.progress)
    documents = write_segmented(segmenter, batches, work.output, work.options.get("threads"))
    return _done(counted(documents, "text"), corpus)


def train_vectors(work: Work) -> Done:
    """Learn vectors; the state of the training is kept beside them until they are there."""
    corpus = work.corpus()
    state = Path(f"{work.output}.training")
    vectors_checkpoint.check_state(state)
    options = vector_options(work.others("segmenter", "documents"))
    told: dict[str, Any] = {"segmenter": work.options.get("segmenter"), "resume": state, **work.watched}
    if isinstance(options, JoseOptions):
        table, documents = train_jose_tables(corpus, options, **told)
        if "documents" in work.options:
            write_vectors(documents, work.options["documents"], log=work.log)
    else:
        table = train_table(corpus, options, **told)
    write_vectors(table, work.output, log=work.log)
    state.unlink(missing_ok=True)
    return _done(f"{counted(len(table), 'word')}, {table.vector_size} numbers each", corpus)


def report(work: Work) -> Done:
    """Write the page of a table of words."""
    corpus = work.corpus() if work.inputs else None
    others = read_words(work.options["left_out"]) if "left_out" in work.options else None
    words = read_words(work.options["words"])
    size = write_report(words, corpus, work.output, left_out=others, log=work.log, **work.others("words", "left_out"))
    return _done(show_memory(size), corpus)


def vector_options(given: Mapping[str, Any]) -> VectorOptions | JoseOptions:
    """Return the options of the method that is chosen."""
    if given.get("method") == "jose":
        return JoseOptions(**{name: value for name, value in given.items() if name != "method"})
    return VectorOptions(**given)
