"""The kinds of stages: which options they have, what they read and write, what they do. A new kind is an entry in KINDS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nlptools.checks import check_numbers
from nlptools.corpus import check_output, check_place
from nlptools.corpus.convert import convert_corpus
from nlptools.corpus.options import ReadOptions
from nlptools.corpus.table_files import CORPUS_FORMATS
from nlptools.errors import OptionError
from nlptools.jobs import stages
from nlptools.jobs.parameters import Parameter, Parameters, arguments_of, parameters_of
from nlptools.lm.train import train_lm
from nlptools.newwords.options import NewWordsOptions
from nlptools.ngrams.count import count_ngrams
from nlptools.ngrams.merge import merge_counts
from nlptools.ngrams.output import check_counts_output, is_count_file
from nlptools.ngrams.plan import make_plan
from nlptools.report.options import ReportOptions
from nlptools.report.write import check_page
from nlptools.segment.options import SegmenterOptions
from nlptools.threads import default_threads
from nlptools.vectors.files import check_vectors_output
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.options import VectorOptions

Options = Mapping[str, Any]

READING = parameters_of(ReadOptions)
MACHINE = frozenset(("threads", "workers", "memory"))
"""Options that do not change a result."""


@dataclass(frozen=True)
class Kind:
    """A kind of stage.

    run: does it. parameters: its options but those of reading. complete: returns the options with their defaults, and
    raises OptionError if they cannot work. check_output: raises OutputError if the suffix or the place does not allow it.
    check_inputs: the same for the names of inputs. reads: whether it takes the options of reading. more_files, written:
    options that name files which it reads, beside those of which the library says so, or writes beside its output.
    required: options without a default.
    needs_inputs: whether it can do without, given the options. machine: options that do not change the result.
    """

    run: Callable[[stages.Work], stages.Done]
    parameters: Parameters
    complete: Callable[[Options], Options]
    check_output: Callable[[str], None]
    check_inputs: Callable[[Sequence[str]], None] = lambda names: None
    reads: bool = True
    more_files: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    needs_inputs: Callable[[Options], bool] = lambda options: True
    machine: frozenset[str] = field(default=MACHINE)

    @property
    def all_parameters(self) -> Parameters:
        """All options, those of reading too."""
        return {**READING, **self.parameters} if self.reads else self.parameters

    @property
    def files(self) -> tuple[str, ...]:
        """All options that name files which it reads."""
        return (*(name for name, parameter in self.parameters.items() if parameter.is_file), *self.more_files)

    @property
    def all_written(self) -> tuple[str, ...]:
        """Options that name files which are written besides the output."""
        return (*self.written, "rejects") if self.reads else self.written


def _fields(options: type) -> Callable[[Options], Options]:
    return lambda given: vars(options(**given))


def _defaults(parameters: Parameters) -> Callable[[Options], Options]:
    return lambda given: {**{name: parameter.default for name, parameter in parameters.items()}, **given}


def _counting(parameters: Parameters) -> Callable[[Options], Options]:
    def complete(given: Options) -> Options:
        options = _defaults(parameters)(given)
        check_numbers(order=options["order"], min_count=options["min_count"], threads=options["threads"])
        make_plan(options["memory"], options["order"] or 1, options["threads"] or default_threads())
        return options

    return complete


def _modelling(given: Options) -> Options:
    options = _defaults(LM)(given)
    check_numbers(order=options["order"], threads=options["threads"])
    return options


def _segmenting(given: Options) -> Options:
    chosen = vars(SegmenterOptions(**{name: value for name, value in given.items() if name in _PREFERRED}))
    return {"model": given.get("model"), **{name: chosen[name] for name in _PREFERRED}}


def _finding(given: Options) -> Options:
    chosen = vars(NewWordsOptions(**{name: value for name, value in given.items() if name != "left_out"}))
    return {**chosen, "left_out": given.get("left_out")}


def _reporting(given: Options) -> Options:
    files = {name: given.get(name) for name in ("words", "left_out")}
    return {**files, **vars(ReportOptions(**{name: value for name, value in given.items() if name not in files}))}


def _learning(given: Options) -> Options:
    vectors = {name: value for name, value in given.items() if name not in ("segmenter", "documents")}
    _check_method(vectors)
    chosen = stages.vector_options(vectors)
    if "documents" in given and not isinstance(chosen, JoseOptions):
        raise OptionError(f"documents={given['documents']!r} is for method jose; leave it out")
    return {"segmenter": None, "documents": None, "method": "jose", **given, **vars(chosen)}


def _check_method(given: Options) -> None:
    """Raise OptionError for an option that the method does not have."""
    method = given.get("method", VectorOptions.method)
    known = {"method", *parameters_of(JoseOptions if method == "jose" else VectorOptions)}
    for name in given:
        if name not in known:
            raise OptionError(f"{name}={given[name]!r} is not for method {method}; leave it out")


def _check_lm_inputs(names: Sequence[str]) -> None:
    if len(names) > 1 and any(map(is_count_file, names)):
        raise OptionError("a count file can only stand alone; add several up first, in a stage merge")


def _check_merge_inputs(names: Sequence[str]) -> None:
    for name in names:
        if not is_count_file(name):
            raise OptionError(f"{name}: is no count file (.ngrams); count it first, in a stage count")


def _check_newwords_inputs(names: Sequence[str]) -> None:
    if 0 < sum(map(is_count_file, names)) < len(names):
        raise OptionError("count files and texts cannot be read together; name either")


CONVERT = arguments_of(convert_corpus, "columns", "deduplicate", "normalise")
COUNT = arguments_of(count_ngrams, "order", "min_count", "memory", "threads")
MERGE = arguments_of(merge_counts, "order", "min_count", "memory", "threads")
LM = {**arguments_of(train_lm, "order", "memory", "prune", "words", "threads"), "arpa": Parameter("arpa", str)}
_PREFERRED = parameters_of(SegmenterOptions, ("lexicon", "words", "lexicon_weight", "words_weight", "threads"))
SEGMENT = {"model": Parameter("model", str), **_PREFERRED}
NEWWORDS = {**parameters_of(NewWordsOptions), "left_out": Parameter("left_out", str)}
REPORT = {
    "words": Parameter("words", str),
    "left_out": Parameter("left_out", str),
    **parameters_of(ReportOptions),
}
VECTORS = {
    **parameters_of(JoseOptions),
    **parameters_of(VectorOptions),
    "segmenter": Parameter("segmenter", str),
    "documents": Parameter("documents", str),
}

KINDS = {
    "convert": Kind(stages.convert, CONVERT, _defaults(CONVERT), partial(check_output, formats=CORPUS_FORMATS)),
    "count": Kind(stages.count, COUNT, _counting(COUNT), check_counts_output),
    "merge": Kind(stages.merge, MERGE, _counting(MERGE), check_counts_output, _check_merge_inputs, reads=False),
    "newwords": Kind(
        stages.newwords,
        NEWWORDS,
        _finding,
        check_output,
        _check_newwords_inputs,
        written=("left_out",),
    ),
    "lm": Kind(stages.lm, LM, _modelling, check_place, _check_lm_inputs, written=("arpa",)),
    "segment train": Kind(
        stages.train_segmentation,
        parameters_of(SegmenterOptions),
        _fields(SegmenterOptions),
        check_place,
        needs_inputs=lambda options: "gold" not in options or "base" in options,
        machine=MACHINE - {"memory"},  # a text that needs more is not read whole
    ),
    "segment run": Kind(
        stages.segment,
        SEGMENT,
        _segmenting,
        partial(check_output, formats=CORPUS_FORMATS),
        more_files=("model",),
        required=("model",),
    ),
    "vectors": Kind(
        stages.train_vectors,
        VECTORS,
        _learning,
        check_vectors_output,
        more_files=("segmenter",),
        written=("documents",),
    ),
    "report": Kind(
        stages.report,
        REPORT,
        _reporting,
        check_page,
        more_files=("words", "left_out"),
        required=("words",),
        needs_inputs=lambda options: False,
    ),
}
"""What `kind` in a job file may be."""
