"""Jobs do what the commands do, only what has to be done, and tell what they did."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import nlptools as nt
from nlptools.errors import InputError, OptionError
from nlptools.jobs import records, run
from nlptools.jobs.engines import Engine
from nlptools.jobs.kinds import KINDS
from nlptools_cli.main import run as command
from nlptools_corpora.zhidao import sample_questions

Job = Callable[..., "nt.JobResult"]

SHARDS = """
[stages.counts]
kind = "count"
inputs = "parts"
output = "counts/{shard}.ngrams"
shards = "each"
order = 3

[stages.sum]
kind = "merge"
inputs = "counts"
output = "sum.ngrams"

[stages.table]
kind = "merge"
inputs = "sum"
output = "table.csv"
min-count = 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a text, and the same in parts, which is the current one."""
    monkeypatch.chdir(tmp_path)
    lines = [str(row["question"]) for row in sample_questions(600, seed=3)]
    lines[::20] = [f"{line}，𠮷野家😀{line}" for line in lines[::20]]
    Path("corpus.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("parts").mkdir()
    for number, name in enumerate(("词", "b c", "😀", "d.2")):
        Path("parts", f"{name}.txt").write_text("\n".join(lines[number::4]) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def job(folder: Path) -> Job:
    """Run a job with this text."""

    def call(text: str | None = None, **options: Any) -> "nt.JobResult":
        if text is not None:
            Path("job.toml").write_text(text, encoding="utf-8")
        return nt.run_job("job.toml", **options)

    return call


COMMANDS = {
    "convert": ("corpus convert corpus.txt --normalise -o {}", "x.jsonl", "normalise = true"),
    "count": ("count corpus.txt --order 2 -o {}", "x.ngrams", "order = 2"),
    "count table": ("count corpus.txt --min-count 3 -o {}", "x.parquet", "min_count = 3"),
    "merge": ("merge a.ngrams b.ngrams --order 2 -o {}", "x.ngrams", "order = 2"),
    "newwords": ("newwords corpus.txt --min-count 3 --known d.txt -o {}", "x.csv", "min-count = 3\nknown = 'd.txt'"),
    "newwords counts": ("newwords a.ngrams b.ngrams --min-pmi 1 --min-entropy 0.5 -o {}", "x.csv", "min-pmi = 1\nmin-entropy=0.5"),
    "newwords why": ("newwords corpus.txt --left-out o.parquet -o {}", "x.parquet", "left-out = 'o.parquet'"),
    "newwords left": ("newwords corpus.txt --explain --left-out o.parquet -o {}", "x.parquet", "explain = true\nleft-out = 'o.parquet'"),
    "report": ("report w.csv --corpus corpus.txt --lines 2 -o {}", "x.html", "words = 'w.csv'\nlines = 2"),
    "lm": ("lm train corpus.txt --order 3 --prune 0,0,1 -o {}", "x.lm", "order = 3\nprune = [0, 0, 1]"),
    "lm counts": ("lm train a.ngrams --order 2 -o {}", "x.lm", "order = 2"),
    "segment train": ("segment train corpus.txt --rounds 1 --no-fold -o {}", "x.seg", "rounds = 1\nfold = false"),
    "segment run": ("segment run -m m.seg --lexicon d.txt corpus.txt -o {}", "x.txt", "model = 'm.seg'\nlexicon = 'd.txt'"),
    "vectors": ("vectors train cut.txt --method pmi --epochs 2 -o {}", "x.kv", "method = 'pmi'\nepochs = 2"),
    "vectors jose": (
        "vectors train cut.txt --method jose --deterministic --epochs 1 --documents d.kv -o {}",
        "x.kv",
        "method = 'jose'\ndeterministic = true\nepochs = 1\ndocuments = 'd.kv'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_stage_writes_what_its_command_writes(job: Job, name: str) -> None:
    typed, output, options = COMMANDS[name]
    Path("d.txt").write_text("红包\n野家\n", encoding="utf-8")
    for made in ("count parts/词.txt -o a.ngrams", "count parts/d.2.txt -o b.ngrams"):
        assert command([*made.split(), "-q"]) == 0
    if "w.csv" in typed:
        assert command(["newwords", "corpus.txt", "-o", "w.csv", "-q"]) == 0
    if "m.seg" in typed:
        assert command(["segment", "train", "corpus.txt", "--method", "lm", "-o", "m.seg", "-q"]) == 0
    Path("cut.txt").write_text(" ".join(Path("corpus.txt").read_text("utf-8")[:20_000]), encoding="utf-8")
    words = typed.split()
    inputs = [
        word
        for before, word in pairwise(words)
        if word.endswith((".txt", ".ngrams")) and (before == "--corpus" or not before.startswith("-"))
    ]
    assert command([*typed.format(output).split(), "-q"]) == 0
    written = [output, *(file for file in ("d.kv", "o.parquet") if file in options)]
    expected = [Path(file).read_bytes() for file in written]
    for file in written:
        Path(file).unlink()
    kind = max((kind for kind in KINDS if name.startswith(kind)), key=len)
    done = job(f"[stages.s]\nkind = '{kind}'\ninputs = {inputs}\noutput = '{output}'\n{options}\n")
    assert done.ran == ["s"]
    assert [Path(file).read_bytes() for file in written] == expected
    assert not list(Path().glob("*.training"))


def test_known_corpora_are_known_to_the_command(folder: Path) -> None:
    rows = "微信\t别名\t微信红包\n微信\t公司\t腾讯公司\n支付宝\t公司\t蚂蚁集团\n" * 40
    Path("triples.tsv").write_text(rows, encoding="utf-8")
    stage = "[stages.{0}]\nkind = '{0}'\ninputs = 'triples.tsv'\noutput = 'job.{1}'\n"
    Path("job.toml").write_text(stage.format("convert", "jsonl") + stage.format("count", "ngrams"), encoding="utf-8")
    assert command(["run", "job.toml", "-q"]) == 0
    assert command(["corpus", "convert", "triples.tsv", "-o", "x.jsonl", "-q"]) == 0
    assert command(["count", "triples.tsv", "-o", "x.ngrams", "-q"]) == 0
    assert Path("job.jsonl").read_bytes() == Path("x.jsonl").read_bytes()
    assert Path("job.ngrams").read_bytes() == Path("x.ngrams").read_bytes()


def test_shards_add_up(job: Job) -> None:
    done = job("[inputs]\nparts = 'parts'\n" + SHARDS)
    assert sorted(done.ran) == sorted(["counts[b c]", "counts[d.2]", "counts[词]", "counts[😀]", "sum", "table"])
    nt.count_ngrams("corpus.txt", order=3, output="all.ngrams")
    assert Path("sum.ngrams").read_bytes() == Path("all.ngrams").read_bytes()


def test_groups_of_shards_add_up(job: Job) -> None:
    done = job("[inputs]\nparts = 'parts/*'\n" + SHARDS.replace('"each"', "3"))
    assert done.ran == ["counts[1]", "counts[2]", "counts[3]", "sum", "table"]
    nt.count_ngrams("corpus.txt", order=3, output="all.ngrams")
    assert Path("sum.ngrams").read_bytes() == Path("all.ngrams").read_bytes()


class TestUpToDate:
    """What is run again, and why."""

    JOB = "[inputs]\nparts = 'parts'\n" + SHARDS

    def again(self, job: Job, text: str | None = None) -> dict[str, str | None]:
        """Run the job once more; return what ran, each with its reason."""
        before = {path: path.read_bytes() for path in Path().glob("*.*") if path.is_file() and path.suffix != ".toml"}
        done = job(text, dry_run=True)
        assert before == {path: path.read_bytes() for path in before}
        reasons = {str(step.task): step.reason for step in done.plan}
        ran = job().ran
        assert job().ran == []
        return {name: reasons[name] for name in ran}

    def test_nothing(self, job: Job) -> None:
        job(self.JOB)
        assert self.again(job) == {}

    def test_after_a_touch(self, job: Job) -> None:
        job(self.JOB)
        os.utime("parts/词.txt", ns=(1, 1))
        assert self.again(job) == {}

    def test_after_another_text(self, job: Job) -> None:
        job(self.JOB)
        text = Path("parts/词.txt").read_text("utf-8")
        Path("parts/词.txt").write_text(text + "又有红包\n", encoding="utf-8")
        ran = self.again(job)
        assert list(ran) == ["counts[词]", "sum", "table"]
        assert ran["counts[词]"] == "parts/词.txt has changed"
        assert ran["sum"] == "if counts makes something new"

    def test_a_stage_that_makes_the_same_again_changes_nothing_behind_it(self, job: Job) -> None:
        job(self.JOB)
        lines = Path("parts/词.txt").read_text("utf-8").splitlines()
        Path("parts/词.txt").write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")  # counts are the same
        assert list(self.again(job)) == ["counts[词]"]

    def test_after_another_option(self, job: Job) -> None:
        job(self.JOB)
        ran = self.again(job, self.JOB.replace("min-count = 5", "min-count = 9"))
        assert ran == {"table": "min_count was 5"}

    def test_after_another_number_of_threads(self, job: Job) -> None:
        job(self.JOB)
        assert self.again(job, self.JOB + "threads = 1\nmemory = '900M'\n[defaults]\nthreads = 2\n") == {}

    def test_after_another_version(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
        job(self.JOB)
        monkeypatch.setattr(records, "__version__", "9")
        monkeypatch.setattr(run, "__version__", "9")
        assert len(self.again(job)) == 6

    def test_after_an_output_was_lost(self, job: Job) -> None:
        job(self.JOB)
        Path("sum.ngrams").unlink()
        assert self.again(job) == {"sum": "sum.ngrams is missing"}

    def test_after_an_output_was_changed(self, job: Job) -> None:
        job(self.JOB)
        Path("table.csv").write_text("mine", encoding="utf-8")
        assert self.again(job) == {"table": "table.csv is not as it was written"}

    def test_after_more_and_fewer_shards(self, job: Job) -> None:
        job(self.JOB)
        shutil.copy("parts/词.txt", "parts/e.txt")
        assert list(self.again(job)) == ["counts[e]", "sum", "table"]
        Path("parts/e.txt").unlink()
        assert list(self.again(job)) == ["sum", "table"]

    def test_after_the_folder_was_moved(self, job: Job, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        job(self.JOB)
        monkeypatch.chdir(folder.parent)
        shutil.copytree(folder, "moved")
        assert nt.run_job("moved/job.toml").ran == []

    @pytest.mark.parametrize("damage", ["", "{}", "[1]", "{\x00", '{"nlptools": "job record 1", "fingerprint": 1}'])
    def test_after_a_record_was_damaged(self, job: Job, damage: str) -> None:
        job(self.JOB)
        Path("job.records/sum.json").write_text(damage, encoding="utf-8")
        assert self.again(job) == {"sum": "was not run before"}

    @pytest.mark.parametrize("key", ["options", "run", "inputs", "outputs", "task", "version", "kind", "engine"])
    @pytest.mark.parametrize("value", [None, [], [1], {"a": []}, [{"name": 1, "size": 1, "modified": 1, "digest": ""}]])
    def test_after_a_record_was_forged(self, job: Job, key: str, value: Any) -> None:
        job("[stages.c]\nkind = 'count'\ninputs = 'corpus.txt'\norder = 1\noutput = 'c.ngrams'\n")
        path = Path("job.records/c.json")
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), key: value}), encoding="utf-8")
        assert job().ran in ([], ["c"])
        assert job().ran == []

    def test_two_stages_whose_names_are_alike(self, job: Job) -> None:
        stage = "[stages.'{}']\nkind = 'count'\ninputs = 'corpus.txt'\norder = 1\noutput = '{}.ngrams'\n"
        job("".join(stage.format(name, number) for number, name in enumerate(("a", "A", "a_", "词"))))
        assert self.again(job) == {}


def test_a_shard_that_fails(job: Job) -> None:
    Path("parts/bad.txt").write_bytes(b"\xff\xff\n")
    lines: list[str] = []
    with pytest.raises(InputError, match=r"1 task failed, and 2 need what they make: counts\[bad\]: parts/bad.txt"):
        job(TestUpToDate.JOB, log=lines.append)
    assert any(line.startswith("counts[bad]: failed: ") for line in lines)
    assert sorted(path.stem for path in Path("counts").iterdir()) == sorted(["b c", "d.2", "词", "😀"])
    assert not Path("sum.ngrams").exists()
    told = json.loads(Path("job.manifest.json").read_text("utf-8"))
    assert [task["done"] for task in told["tasks"]].count(False) == 3
    Path("parts/bad.txt").write_text("好了\n", encoding="utf-8")
    assert job().ran == ["counts[bad]", "sum", "table"]


def test_an_input_that_changes_while_it_is_read(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Engine.run

    def disturbed(self: Any, task: Any, work: Any) -> Any:
        done = before(self, task, work)
        with Path("corpus.txt").open("a", encoding="utf-8") as file:
            file.write("更多\n")
        return done

    text = "[stages.c]\nkind = 'count'\ninputs = 'corpus.txt'\noutput = 'c.ngrams'\n"
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", disturbed)
        with pytest.raises(InputError, match="changed while it was read"):
            job(text)
    assert job().ran == ["c"]


class TestShares:
    """`task` is a part of the shards, and what they need."""

    JOB = (
        "[stages.texts]\nkind = 'convert'\ninputs = 'corpus.txt'\noutput = 'all.txt'\n"
        "[inputs]\nparts = ['parts', 'all.txt']\n" + SHARDS
    )

    def test_parts_and_the_rest(self, job: Job) -> None:
        ran = [job(self.JOB, task=f"{part}/3").ran for part in (1, 2, 3)]
        assert [len(names) for names in ran] == [2 + (0 if "texts" not in ran[0] else 1), len(ran[1]), len(ran[2])]
        names = [name for some in ran for name in some]
        assert len(names) == len(set(names)) == 6  # five shards, and what one of them needs
        assert not Path("sum.ngrams").exists()
        assert [job(task=f"{part}/3").ran for part in (1, 2, 3)] == [[], [], []]
        assert job().ran == ["sum", "table"]

    def test_more_parts_than_shards(self, job: Job) -> None:
        assert job(self.JOB, task="9/9").ran == []

    @pytest.mark.parametrize("task", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5", "", "1/9999999999"])
    def test_no_parts(self, job: Job, task: str) -> None:
        with pytest.raises(OptionError, match="give I/N"):
            job(self.JOB, task=task)

    def test_no_shards(self, job: Job) -> None:
        with pytest.raises(OptionError, match='add shards = "each"'):
            job("[stages.c]\nkind = 'count'\ninputs = 'corpus.txt'\noutput = 'c.ngrams'\n", task="1/2")

    def test_several_processes_at_once(self, job: Job, start: Any) -> None:
        Path("job.toml").write_text(self.JOB, encoding="utf-8")
        processes = [start("job.toml", "--task", f"{part}/2", "--log", "log.jsonl") for part in (1, 2)]
        processes += [start("job.toml", "--log", "log.jsonl")]
        for process in processes:
            _, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
        events = [json.loads(line) for line in Path("log.jsonl").read_text("utf-8").splitlines()]
        done = [event["task"] for event in events if event["event"] == "task done"]
        assert len(done) == len(set(done)) == 8
        assert job().ran == []
        told = json.loads(Path("job.manifest.json").read_text("utf-8"))
        assert all(task["done"] for task in told["tasks"])
        assert len(told["tasks"]) == 8


def test_dry_run_writes_nothing(job: Job, folder: Path) -> None:
    Path("job.toml").write_text(TestUpToDate.JOB, encoding="utf-8")
    before = sorted(folder.rglob("*"))
    plan = job(dry_run=True, log_file="log.jsonl").plan
    assert sorted(folder.rglob("*")) == before
    assert [step.reason for step in plan] == ["was not run before"] * 6
    assert plan[0].size == Path("parts", f"{plan[0].task.shard}.txt").stat().st_size
    assert plan[-1].size is None
    job()
    plan = job(dry_run=True).plan
    assert [step.reason for step in plan] == [None] * 6
    assert plan[-1].size == Path("sum.ngrams").stat().st_size


def test_the_manifest_tells_all(job: Job) -> None:
    text = "[stages.v]\nkind = 'vectors'\ninputs = 'corpus.txt'\noutput = 'v.kv'\nmin-count = 1\nseed = 7\ndeterministic = true\n"
    Path("corpus.txt").write_bytes("今天 天气\n好 天气\n".encode() * 50 + b"\xff\xff\n")
    job(text)
    told = json.loads(Path("job.manifest.json").read_text("utf-8"))
    assert told["versions"]["nlptools"] == nt.__version__
    (task,) = told["tasks"]
    assert (task["task"], task["kind"], task["engine"]) == ("v", "vectors", "local")
    assert (task["options"]["seed"], task["options"]["epochs"], task["options"]["text_column"]) == (7, 5, None)
    assert "workers" not in task["options"]
    assert [file["name"] for file in (*task["inputs"], *task["outputs"])] == ["corpus.txt", "v.kv"]
    assert task["inputs"][0]["size"] == Path("corpus.txt").stat().st_size
    assert len(task["fingerprint"]) == 32
    assert "1 rejected" in task["run"]["rejected"]
    assert task["run"]["seconds"] > 0
    assert task["run"]["peak_memory"] is None or task["run"]["peak_memory"] > 1 << 20


def test_the_log(job: Job) -> None:
    job(TestUpToDate.JOB, log_file="log.jsonl")
    job(log_file="log.jsonl")
    events = [json.loads(line) for line in Path("log.jsonl").read_text("utf-8").splitlines()]
    names = [event["event"] for event in events]
    assert names.count("job began") == names.count("job ended") == 2
    assert names.count("task began") == names.count("task done") == names.count("task up to date") == 6
    assert all(event["time"].endswith("+00:00") for event in events)


def test_resume(job: Job) -> None:
    with pytest.raises(InputError, match="leave --resume out"):
        job(TestUpToDate.JOB, resume=True)
    job()
    assert job(resume=True).ran == []


def test_remote_files_need_spark(job: Job) -> None:
    with pytest.raises(InputError, match="only Spark reads this"):
        job("[stages.c]\nkind = 'count'\ninputs = 's3a://bucket/x.txt'\noutput = 'c.ngrams'\n")


def test_a_folder_that_cannot_be_written(job: Job) -> None:
    Path("job.records").write_text("mine", encoding="utf-8")
    with pytest.raises(nt.OutputError, match=r"job.records: cannot be written"):
        job("[stages.c]\nkind = 'count'\ninputs = 'corpus.txt'\noutput = 'c.ngrams'\n")
    assert not Path("c.ngrams").exists()


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_an_interrupted_job_goes_on(job: Job, start: Any) -> None:
    import signal

    text = "[defaults]\nthreads = 1\n[inputs]\nparts = 'parts'\n" + SHARDS
    Path("job.toml").write_text(text, encoding="utf-8")
    process: subprocess.Popen[str] = start("job.toml")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("counts["):
            process.send_signal(signal.SIGINT)
            break
    process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before it heard")
    assert process.returncode == 130
    assert len(job().ran) < 6
    assert job().ran == []


def test_rejects_and_further_outputs(job: Job) -> None:
    with Path("corpus.txt").open("ab") as file:
        file.write(b"\xff\n")
    text = (
        "[stages.c]\nkind = 'count'\ninputs = 'corpus.txt'\noutput = 'c.ngrams'\nrejects = 'bad.jsonl'\n"
        "[stages.lm]\nkind = 'lm'\ninputs = 'c'\noutput = 'm.lm'\norder = 2\nrejects = 'none.jsonl'\n"
    )
    job(text)
    assert len(Path("bad.jsonl").read_text("utf-8").splitlines()) == 1
    assert job().ran == []
    assert job(text + "arpa = 'm.arpa'\n").ran == ["lm"]
    assert Path("m.arpa").exists()
    Path("m.arpa").unlink()
    Path("bad.jsonl").unlink()
    assert job().ran == ["c", "lm"]
