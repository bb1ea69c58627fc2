"""What tasks tell of their shards: records read and rejected, shards left out; and all of it as one report."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, TypeVar

from nlptools.corpus.options import ReadOptions
from nlptools.corpus.reading import EXAMPLES, ReadReport, RejectedRecord
from nlptools.corpus.stream import Corpus
from nlptools.errors import BadRecordError, InputError, NlptoolsError, OptionError, OutputError
from nlptools.jobs.spark_shards import Shard, ShardSource

Result = TypeVar("Result")

REPORT = -1
"""The run of a row that holds the report of a task; its part is the number of the task."""

_ERRORS = {kind.__name__: kind for kind in (BadRecordError, InputError, OptionError, OutputError)}


class Outcome(NamedTuple):
    """What a job has read. left_out: a line for each shard that could not be read, and is not in the result."""

    report: ReadReport
    left_out: list[str]


@dataclass
class TaskReport:
    """What a task tells the driver. facts: of the result. error: kind and words of what ends the job."""

    documents: int = 0
    text_bytes: int = 0
    blank: bool = True  # no text but white space
    rejected: dict[str, int] = field(default_factory=dict)
    examples: list[tuple[str, int, str]] = field(default_factory=list)  # file, line of the shard, reason
    lines: list[tuple[str, str, int]] = field(default_factory=list)  # name of a shard, path, line feeds of a range
    left_out: list[tuple[str, str]] = field(default_factory=list)  # path, why
    facts: dict[str, Any] = field(default_factory=dict)
    error: tuple[str, str] | None = None

    def to_bytes(self) -> bytes:
        """Return the report as JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TaskReport":
        """Return the report of `to_bytes`."""
        return cls(**json.loads(data))


def read_shards(
    shards: Sequence[Shard],
    options: ReadOptions,
    work: Callable[[Corpus], Result],
    nothing: Result,
    may_be_blank: bool = True,
) -> tuple[Result, TaskReport]:
    """Return what `work` makes of the documents of some shards, and the report.

    If a shard cannot be read, all begins again without it; if none is left, or something else is wrong, the result is
    `nothing`. Under `strict` a shard that cannot be read ends the job.
    may_be_blank: no text at all is no error, for other tasks have other shards.
    """
    left_out: list[tuple[str, str]] = []
    good = list(shards)
    while good:
        source = ShardSource(good)
        corpus = _ShardCorpus(source, options, may_be_blank)
        try:
            result = work(corpus)
        except NlptoolsError as error:
            words, shard = _renamed(str(error), source), source.current
            if shard is None or options.strict or not isinstance(error, InputError):
                kind = next((name for name, one in _ERRORS.items() if isinstance(error, one)), "OutputError")
                return nothing, TaskReport(left_out=left_out, error=(kind, words))
            left_out.append((shard.path, words if shard.name in words else f"{shard.name}: {words}"))
            good.remove(shard)
        else:
            return result, _report(corpus, source, left_out)
    return nothing, TaskReport(left_out=left_out)


class _ShardCorpus(Corpus):
    """A corpus of which other tasks have other parts, so that it may be blank."""

    def __init__(self, source: ShardSource, options: ReadOptions, may_be_blank: bool) -> None:
        super().__init__(source, options)
        self.blank = False
        self._shards, self._may_be_blank = source, may_be_blank

    def batches(self, *arguments: Any, **named: Any) -> Iterator[Any]:
        """Yield what a corpus does."""
        try:
            yield from super().batches(*arguments, **named)
        except InputError:
            if self._shards.current is not None or not self._may_be_blank:
                raise
            self.blank = True


def _report(corpus: _ShardCorpus, source: ShardSource, left_out: list[tuple[str, str]]) -> TaskReport:
    report = corpus.report
    return TaskReport(
        documents=report.documents,
        text_bytes=report.text_bytes,
        blank=corpus.blank,
        rejected=dict(report.rejected),
        examples=[(_renamed(one.file, source), one.line, one.reason) for one in report.examples],
        lines=[(shard.name, shard.path, lines) for shard, lines in zip(source.shards, source.lines, strict=True)],
        left_out=left_out,
    )


def _renamed(words: str, source: ShardSource) -> str:
    for copy, name in source.copies.items():
        words = words.replace(copy, name)
    return words


def summed(reports: Sequence[TaskReport], name: str) -> Outcome:
    """Return what all tasks read together; reports: in the order of the tasks.

    Raises the error that a task met, or InputError if the corpus called `name` holds no text.
    """
    for report in reports:
        if report.error is not None:
            raise _ERRORS[report.error[0]](report.error[1])
    total = ReadReport(sum(report.documents for report in reports), sum(report.text_bytes for report in reports))
    for report in reports:
        total.rejected.update(report.rejected)
    total.examples = _examples(reports)
    left_out = [words for report in reports for _, words in report.left_out]
    if all(report.blank for report in reports):
        raise _nothing(name, total, left_out)
    return Outcome(total, left_out)


def _nothing(name: str, report: ReadReport, left_out: list[str]) -> InputError:
    if left_out:
        return InputError(f"{name}: no shard with text could be read: {left_out[0]}")
    if report.rejected:
        return InputError(f"{name}: no record could be used: {report.summary()}; check the input")
    return InputError(f"{name}: is empty; give text that holds more than white space")


def _examples(reports: Sequence[TaskReport]) -> list[RejectedRecord]:
    """Return the first rejected records of each reason, with their lines in the files."""
    gaps = {path for report in reports for path, _ in report.left_out}  # files of which not all lines are known
    before: Counter[str] = Counter()  # lines of a file that were read so far
    places: dict[str, tuple[str, int]] = {}
    for report in reports:
        for shard, path, lines in report.lines:
            if path not in gaps:
                places[shard] = path, before[path]
            before[path] += lines
    found: list[RejectedRecord] = []
    seen: Counter[str] = Counter()
    for file, line, reason in (example for report in reports for example in report.examples):
        path, first = places.get(file, (file, 0))
        if seen[reason] < EXAMPLES:
            found.append(RejectedRecord(path, first + line, reason))
        seen[reason] += 1
    return found
