"""The engine on a real cluster: a master and two workers on this machine, of which one dies in the middle of the work."""

import gzip
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import nlptools as nt
from nlptools.corpus.options import ReadOptions
from nlptools.errors import InputError, OptionError
from nlptools.jobs import spark_count, spark_shards
from nlptools.jobs.spark_session import partition_keys
from nlptools.segment.output import write_segmented
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import read_word_ids

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed (extra spark)")
if shutil.which("java") is None:
    pytest.skip("there is no Java on this machine", allow_module_level=True)

from nlptools.jobs import spark as engine  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of pyspark about pandas
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of its sockets
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SPECULATION = {  # every task that is a little slower than the others runs twice
    "spark_speculation": "true",
    "spark_speculation_interval": "50ms",
    "spark_speculation_multiplier": "1.01",
    "spark_speculation_quantile": "0.2",
    "spark_speculation_minTaskRuntime": "0ms",
}
"""Duplicates never run on the host of the first: the workers are of two hosts."""


JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""Quick to start, and short-lived."""


@dataclass
class Cluster:
    """A standalone cluster on the loopback addresses."""

    folder: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"spark://127.0.0.1:{self.port}"

    def start(self, kind: str, *arguments: str, host: str) -> subprocess.Popen[bytes]:
        command = [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}"]
        environment = {
            **os.environ,
            "SPARK_LOCAL_IP": host,
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": JAVA,
        }
        log = (self.folder / f"{kind}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [*command, "--host", host, "--webui-port", "0", *arguments], env=environment, stdout=log, stderr=log
        )
        self.processes.append(process)
        return process

    def add_worker(self) -> None:
        number = len(self.processes)
        host = f"127.0.0.{1 + number}"
        work = str(self.folder / f"work-{number}")
        worker = self.start("worker.Worker", self.url, "--cores", "1", "--memory", "1g", "-d", work, host=host)
        self.workers.append(worker)

    def kill_worker(self) -> None:
        """End a worker as a power cut does; its executor ends when it sees that."""
        worker = self.workers.pop()
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def kill_executor(self) -> None:
        """End the executor of a worker."""
        threads = Path(f"/proc/{self.workers[-1].pid}/task").iterdir()
        pids = " ".join((thread / "children").read_text() for thread in threads).split()
        assert pids, "the worker has no executor"
        for pid in pids:
            os.kill(int(pid), signal.SIGKILL)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(30)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Cluster(tmp_path_factory.mktemp("cluster"), port)
    try:
        found.start("master.Master", "--port", str(port), host="127.0.0.1")
        for _ in range(2):
            found.add_worker()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="session")
def spark(cluster: Cluster) -> Iterator[Any]:
    session = engine.start_spark(
        cluster.url,
        spark_driver_host="127.0.0.1",
        spark_driver_bindAddress="127.0.0.1",
        spark_driver_memory="512m",
        spark_executor_memory="512m",
        spark_driver_extraJavaOptions=JAVA,
        spark_executor_extraJavaOptions=JAVA,
        spark_ui_enabled="false",
        **SPECULATION,
    )
    yield session
    session.stop()


@pytest.fixture(autouse=True)
def both_executors(spark: Any) -> None:
    wait_for(lambda: len(executors(spark)) == 2)


def executors(spark: Any) -> list[str]:
    """Return the addresses of the executors that are there."""
    found = spark.sparkContext._jsc.sc().statusTracker().getExecutorInfos()
    return [f"{one.host()}:{one.port()}" for one in found if one.cacheSize() >= 0][1:]  # the first is the driver


def wait_for(happened: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_shards, "_LEAST_BYTES", 1000)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of all kinds that hold text; one has lines that are no text."""
    folder = tmp_path_factory.mktemp("corpus")
    draw = random.Random(7)
    words = [
        "研究",
        "生命",
        "起源",
        "北京",
        "大学",
        "微信",
        "红包",
        "𠮷野家",
        "5G",
        "手机",
        "的",
        "是",
        "了",
        "不",
        "在",
        "😀",
        "か",
    ]
    lines = ["".join(draw.choices(words, k=draw.randint(0, 30))) + "，。" for _ in range(3000)]
    plain, records, packed, table = (folder / name for name in ("a.txt", "b.jsonl", "c.txt.gz", "d.parquet"))
    plain.write_bytes("\r\n".join(lines[:2000]).encode() + b"\n\xff\xfe\n" + b"\xef\xbb\xbfabc\n")
    records.write_text(
        "".join(f'{{"id": {n}, "text": "{line}"}}\n' for n, line in enumerate(lines[2000:2500])), "utf-8"
    )
    packed.write_bytes(gzip.compress("\n".join(lines[2500:2750]).encode()))
    pq.write_table(pa.table({"text": lines[2750:]}), table)
    return [plain, records, packed, table]


@pytest.fixture(scope="session")
def model(corpus: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.seg"
    nt.train_segmenter(corpus[0], method="lm").save(path)
    return path


def in_the_middle(spark: Any, harm: Callable[[], None]) -> Thread:
    """Do harm as soon as some tasks of the next job are done and others are not."""
    tracker = spark.sparkContext.statusTracker()
    before = set(tracker.getActiveStageIds())

    def watched() -> bool:
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds() if stage not in before]
        return any(one and one.numTasks > 3 and 0 < one.numCompletedTasks < one.numTasks - 1 for one in stages)

    def work() -> None:
        wait_for(watched)
        harm()

    thread = Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize(("order", "min_count"), [(4, 1), (6, 3)])
def test_counts_are_those_of_the_local_engine(
    spark: Any, corpus: list[Path], tmp_path: Path, order: int, min_count: int
) -> None:
    nt.count_ngrams(corpus, order, min_count=min_count, output=tmp_path / "local")
    outcome = engine.count_ngrams(
        spark, corpus, tmp_path / "spark", order, min_count=min_count, shard_bytes=50_000, memory="400M"
    )
    assert (tmp_path / "spark").read_bytes() == (tmp_path / "local").read_bytes()
    assert not outcome.left_out
    assert outcome.report.rejected == {"not valid UTF-8": 1}
    assert [(one.file, one.line) for one in outcome.report.examples] == [(str(corpus[0]), 2001)]


def test_a_result_that_the_driver_cannot_hold_comes_in_pieces(
    spark: Any, corpus: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_count, "DRIVER_BYTES", 10_000)
    monkeypatch.setattr(spark_count, "_BLOCK", 2)
    nt.count_ngrams(corpus[:1], 5, output=tmp_path / "local")
    engine.count_ngrams(spark, corpus[:1], tmp_path / "spark", 5)
    assert (tmp_path / "spark").read_bytes() == (tmp_path / "local").read_bytes()


def test_keys_are_put_where_they_belong(spark: Any) -> None:
    for partitions in (1, 3, 200):
        numbers = ", ".join(map(str, partition_keys(partitions)))
        places = spark.sql(f"select pmod(hash(col), {partitions}) from (select explode(array({numbers})))").collect()
        assert [place for (place,) in places] == list(range(partitions))


def test_counts_are_the_same_when_a_worker_dies(
    spark: Any, cluster: Cluster, corpus: list[Path], tmp_path: Path
) -> None:
    nt.count_ngrams(corpus[:1], 4, min_count=2, output=tmp_path / "local")
    death = in_the_middle(spark, cluster.kill_worker)
    engine.count_ngrams(spark, corpus[:1], tmp_path / "spark", 4, min_count=2, shard_bytes=10_000, memory="400M")
    death.join()
    assert (tmp_path / "spark").read_bytes() == (tmp_path / "local").read_bytes()
    cluster.add_worker()


def test_segmented_text_is_the_same_when_an_executor_dies(
    spark: Any, cluster: Cluster, corpus: list[Path], model: Path, tmp_path: Path
) -> None:
    write_segmented(nt.load_segmenter(model), nt.open_corpus(corpus[0]), tmp_path / "local.txt")
    death = in_the_middle(spark, cluster.kill_executor)
    engine.segment(spark, model, corpus[:1], tmp_path / "spark.txt", shard_bytes=10_000)
    death.join()
    assert (tmp_path / "spark.txt").read_bytes() == (tmp_path / "local.txt").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["local.txt", "spark.txt"]


@pytest.mark.parametrize("suffix", [".txt", ".jsonl"])
def test_a_folder_takes_a_file_for_each_input(
    spark: Any, corpus: list[Path], model: Path, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "words.dict").write_text("研究生命 3\n", "utf-8")
    from nlptools.segment.lexicon import read_lexicon

    lexicon = read_lexicon([tmp_path / "words.dict"], [], 1.0, 1.0)
    assert lexicon is not None
    segmenter = nt.load_segmenter(model).with_lexicon(lexicon)
    out = tmp_path / "out"
    engine.segment(
        spark, model, corpus[:3], f"{out}/", suffix=suffix, lexicon=[tmp_path / "words.dict"], lexicon_weight=1.0
    )
    for file in corpus[:3]:
        name = file.name.split(".")[0] + suffix
        write_segmented(segmenter, nt.open_corpus(file), tmp_path / name)
        assert (out / name).read_bytes() == (tmp_path / name).read_bytes()
    assert len(list(out.iterdir())) == 3


def test_several_inputs_make_one_file_of_lines_but_no_other(
    spark: Any, corpus: list[Path], model: Path, tmp_path: Path
) -> None:
    write_segmented(nt.load_segmenter(model), nt.open_corpus(corpus), tmp_path / "local.txt")
    engine.segment(spark, model, corpus, tmp_path / "spark.txt")
    assert (tmp_path / "spark.txt").read_bytes() == (tmp_path / "local.txt").read_bytes()
    with pytest.raises(OptionError, match="name a folder"):
        engine.segment(spark, model, corpus, tmp_path / "spark.jsonl")


@pytest.mark.parametrize("segmented", [False, True])
def test_the_vocabulary_is_that_of_training_vectors(
    spark: Any, corpus: list[Path], model: Path, tmp_path: Path, segmented: bool
) -> None:
    paths = corpus
    if not segmented:
        paths = [tmp_path / "words.txt"]
        write_segmented(nt.load_segmenter(model), nt.open_corpus(corpus[0]), paths[0])
    segmenter = model if segmented else None
    with read_word_ids(paths, make_tokenizer(segmenter), min_count=3) as local:
        found, _ = engine.count_vocabulary(spark, paths, segmenter, min_count=3, shard_bytes=40_000)
        assert found["word"].to_pylist() == local.words.to_pylist()
        assert found["count"].to_pylist() == local.counts.tolist()
    with pytest.raises(InputError, match="occurs 1000000 times"):
        engine.count_vocabulary(spark, paths, segmenter, min_count=1_000_000)


def test_text_that_nobody_has_segmented_is_refused(spark: Any, corpus: list[Path]) -> None:
    with pytest.raises(InputError, match="does not look segmented"):
        engine.count_vocabulary(spark, corpus)


def test_words_are_those_of_the_local_engine(spark: Any, corpus: list[Path], tmp_path: Path) -> None:
    options: dict[str, Any] = {"min_count": 2, "min_pmi": 0.1, "min_entropy": 0.1}
    counts = nt.count_ngrams(corpus, 5)
    found, _ = engine.find_new_words(spark, corpus, from_counts=True, **options)
    assert found.equals(nt.find_new_words(counts, **options))
    assert found.num_rows
    found, _ = engine.find_new_words(spark, corpus)
    assert found.equals(nt.find_new_words(corpus))


def test_a_shard_that_cannot_be_read_is_told_of(spark: Any, corpus: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt.gz"
    bad.write_bytes(corpus[2].read_bytes()[:-200])
    nt.count_ngrams(corpus, 2, output=tmp_path / "local")
    outcome = engine.count_ngrams(spark, [corpus[0], bad, *corpus[1:]], tmp_path / "spark", 2)
    assert (tmp_path / "spark").read_bytes() == (tmp_path / "local").read_bytes()
    assert [line.startswith(f"{bad}: ") for line in outcome.left_out] == [True]
    with pytest.raises(InputError, match="ends early"):
        engine.count_ngrams(spark, [corpus[1], bad], tmp_path / "no", 2, reading=ReadOptions(strict=True))
    assert not (tmp_path / "no").exists()
