"""Which stages go to Spark, and with what; tests/jobs/test_spark_*.py runs a real one."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import nlptools as nt
from nlptools.corpus import ReadOptions
from nlptools.corpus.reading import ReadReport
from nlptools.errors import OptionError

JOB = """
[defaults]
threads = 1

[stages.counts]
kind = "count"
inputs = ["corpus.txt"]
output = "out/c.ngrams"
order = 2
encoding = "utf-8"

[stages.table]
kind = "count"
inputs = ["corpus.txt"]
output = "c.csv"
order = 1

[stages.words]
kind = "newwords"
inputs = ["corpus.txt"]
output = "w.csv"
top = 5

[stages.model]
kind = "segment train"
inputs = "corpus.txt"
output = "m.seg"
method = "lm"

[stages.cut]
kind = "segment run"
inputs = "corpus.txt"
model = "model"
lexicon = "d.txt"
output = "cut.txt"
"""


class Outcome(NamedTuple):
    report: ReadReport
    left_out: list[str]


class Spark(ModuleType):
    """In place of `nlptools.jobs.spark`: remembers what it is asked for."""

    def __init__(self) -> None:
        super().__init__("nlptools.jobs.spark")
        self.calls: list[tuple[Any, ...]] = []
        self.left_out: list[str] = []
        self.stopped = False

    def start_spark(self, master: str | None) -> "Spark":
        self.calls.append(("start", master))
        return self

    def stop(self) -> None:
        self.stopped = True

    def count_ngrams(self, spark: Any, paths: Any, output: Any, **options: Any) -> Outcome:
        return self._done("count", output, paths, options)

    def find_new_words(self, spark: Any, paths: Any, **options: Any) -> tuple[Any, Outcome]:
        table = nt.find_new_words("corpus.txt")
        return table, self._done("newwords", None, paths, options)

    def segment(self, spark: Any, model: Any, paths: Any, output: Any, **options: Any) -> Outcome:
        return self._done("segment", output, [model, *paths], options)

    def _done(self, name: str, output: str | None, paths: Any, options: dict[str, Any]) -> Outcome:
        options.pop("log")("a message")
        reading = options.pop("reading")
        assert isinstance(reading, ReadOptions)
        self.calls.append((name, list(paths), options, reading.encoding))
        if output is not None:
            Path(output).write_text("made by Spark", encoding="utf-8")
        return Outcome(ReadReport(documents=3), self.left_out)


@pytest.fixture
def spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spark:
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("微信红包\n抢红包\n今天天气好\n" * 20, encoding="utf-8")
    Path("d.txt").write_text("红包\n", encoding="utf-8")
    Path("job.toml").write_text(JOB, encoding="utf-8")
    found = Spark()
    monkeypatch.setitem(sys.modules, "nlptools.jobs.spark", found)
    return found


def test_what_goes_to_spark(spark: Spark) -> None:
    nt.run_job("job.toml", engine="local[2]")
    assert spark.calls == [
        ("start", "local[2]"),
        ("count", ["corpus.txt"], {"order": 2}, "utf-8"),
        ("newwords", ["corpus.txt"], {"threads": 1, "top": 5}, None),
        ("segment", ["m.seg", "corpus.txt"], {"lexicon": ("d.txt",)}, None),
    ]
    assert spark.stopped
    assert Path("c.csv").read_text("utf-8").startswith("ngram,")
    assert nt.run_job("job.toml").ran == []  # the engine makes no difference


def test_the_cluster_of_the_environment(spark: Spark) -> None:
    nt.run_job("job.toml", engine="spark")
    assert spark.calls[0] == ("start", None)


def test_local_needs_no_spark(spark: Spark) -> None:
    nt.run_job("job.toml")
    assert spark.calls == []


def test_what_was_left_out_is_told_and_tried_again(spark: Spark) -> None:
    spark.left_out = ["b.gz: ends early"]
    lines: list[str] = []
    nt.run_job("job.toml", engine="yarn", log=lines.append, log_file="log.jsonl")
    assert "counts: left out: b.gz: ends early" in lines
    events = [json.loads(line) for line in Path("log.jsonl").read_text("utf-8").splitlines()]
    assert ["b.gz: ends early"] in [event.get("left_out") for event in events]
    assert nt.run_job("job.toml", dry_run=True).plan[0].reason == "had to leave out what it could not read"
    assert nt.run_job("job.toml").ran[0] == "counts"


def test_remote_files(spark: Spark) -> None:
    job = "[stages.c]\nkind = 'count'\ninputs = 'hdfs://n/a/*.txt'\noutput = 'c.ngrams'\n"
    Path("job.toml").write_text(job, encoding="utf-8")
    nt.run_job("job.toml", engine="spark://x:1")
    assert spark.calls[1][1] == ["hdfs://n/a/*.txt"]
    (step,) = nt.run_job("job.toml", dry_run=True).plan
    assert step.reason == "nobody knows whether hdfs://n/a/*.txt has changed"


def test_spark_is_asked_only_when_needed(spark: Spark) -> None:
    nt.run_job("job.toml")
    nt.run_job("job.toml", engine="local[2]")
    assert spark.calls == []


@pytest.mark.parametrize("engine", ["lokal", "", "local[", "local[]", "spark://", "yarn 2"])
def test_no_such_engine(spark: Spark, engine: str) -> None:
    with pytest.raises(OptionError, match=r"engine=.* cannot work: give local, "):
        nt.run_job("job.toml", engine=engine, dry_run=True)


def test_an_engine_that_cannot_be_started_ends_the_job(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(master: str | None) -> None:
        spark.calls.append(("start", master))
        raise OptionError("there is no Java; install it")

    monkeypatch.setattr(spark, "start_spark", missing)
    lines: list[str] = []
    with pytest.raises(OptionError, match=r"^there is no Java; install it$"):
        nt.run_job("job.toml", engine="yarn", log=lines.append)
    assert spark.calls == [("start", "yarn")]
    assert lines == []
    assert nt.run_job("job.toml").ran[0] == "counts"
