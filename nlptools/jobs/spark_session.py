"""A Spark session, rows of bytes by partition, and Spark's errors in one line."""

import atexit
import hashlib
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nlptools.errors import OptionError, OutputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROWS = "key int, run long, part int, data binary"
"""What tasks hand on, to Spark. key: says the partition, see `partition_keys`; run, part: what `data` is and its place."""

ROWS_SCHEMA = pa.schema([("key", pa.int32()), ("run", pa.int64()), ("part", pa.int32()), ("data", pa.binary())])
"""The same to Arrow."""

Row = tuple[int, int, int, bytes]
Task = Callable[[Iterable[Row]], Iterator[Row]]

_AT_ONCE = 4 << 20  # bytes of rows that are handed over at a time, about


def start_spark(master: str | None = None, **conf: str) -> "SparkSession":
    """Return a Spark session; one that runs in this process is taken as it is.

    master: "local[N]", "spark://HOST:PORT" or "yarn"; None: what spark-submit or the cluster's configuration says.
    conf: of Spark, with _ in place of the dots of a name: spark_executor_memory="4g".
    Raises OptionError if pyspark or Java is missing, or if there is no such cluster.
    """
    _check_installed()
    _quieten_py4j()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("nlptools")
    if master is not None:
        builder = builder.master(master)
    for name, value in {**_defaults(), **{name.replace("_", "."): value for name, value in conf.items()}}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except _spark_errors() as error:
        raise OptionError(
            f"Spark cannot be started on {master or 'the cluster of the environment'} ({_last_words(error)}); check that it "
            "runs and can be reached, or give local[N]"
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _check_installed() -> None:
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise OptionError(
            "the Spark engine cannot work: pyspark is not installed; install the extra: nlptools-corpus[spark]"
        ) from error
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and (home is None or not Path(home, "bin", "java").exists()):
        raise OptionError("the Spark engine cannot work: there is no Java; install Java 17 or newer, or set JAVA_HOME")


def _quieten_py4j() -> None:
    """Keep py4j from logging the tracebacks of interrupts and errors, which it raises as well; it takes the root logger."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in Path(record.pathname).parts


def _defaults() -> dict[str, str]:
    """Return settings with which workers on this machine run this code as this process does."""
    settings = {
        "spark.log.level": "OFF",  # while it starts: errors are raised as well
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "64",  # of megabytes each
        "spark.executorEnv.PYTHONPATH": _joined(Path(__file__).parents[2], os.environ.get("PYTHONPATH")),
    }
    if "NUMBA_CACHE_DIR" in os.environ:
        settings["spark.executorEnv.NUMBA_CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
    return settings


def _joined(first: Path, others: str | None) -> str:
    return os.pathsep.join([str(first), *filter(None, [others])])


def parallel_tasks(spark: "SparkSession") -> int:
    """Return how many tasks run at the same time."""
    return max(1, int(spark.sparkContext.defaultParallelism) // task_threads(spark))


def task_threads(spark: "SparkSession") -> int:
    """Return how many processors a task has."""
    return int(spark.conf.get("spark.task.cpus", "1") or 1)


def run_tasks(spark: "SparkSession", tasks: int, work: Callable[[int], Iterator[Row]]) -> "DataFrame":
    """Return the rows of work(0), work(1), …, each in a partition of its own, in that order."""

    def numbered(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from _batches(work(number))

    return _in_arrow(spark.range(0, tasks, 1, tasks), numbered)


def by_partition(rows: "DataFrame", partitions: int, work: Task) -> "DataFrame":
    """Return what `work` makes of all rows with the same key of `partition_keys`; partitions in that order."""
    return mapped(rows.repartition(partitions, "key"), work)


def mapped(rows: "DataFrame", work: Task) -> "DataFrame":
    """Return what `work` makes of the rows of each partition."""
    return _in_arrow(rows, lambda batches: _batches(work(_rows(batches))))


def _in_arrow(rows: "DataFrame", work: Callable[[Iterable[Any]], Iterator[Any]]) -> "DataFrame":
    with warnings.catch_warnings():  # of versions of pandas, which we do not use
        warnings.simplefilter("ignore", FutureWarning)
        return rows.mapInArrow(work, ROWS)


def partition_keys(partitions: int) -> list[int]:
    """Return a key for each partition, such that Spark puts rows with that key there."""
    keys: dict[int, int] = {}
    key = 0
    while len(keys) < partitions:
        keys.setdefault(_hash(key) % partitions, key)
        key += 1
    return [keys[partition] for partition in range(partitions)]


def _hash(key: int) -> int:
    """Return what Spark's `hash` makes of an int: MurmurHash3 with seed 42, signed."""
    mixed = key * 0xCC9E2D51 & _LOW
    mixed = (mixed << 15 | mixed >> 17) * 0x1B873593 & _LOW
    h = 42 ^ mixed
    h = ((h << 13 | h >> 19) & _LOW) * 5 + 0xE6546B64 & _LOW
    h ^= 4
    h = (h ^ h >> 16) * 0x85EBCA6B & _LOW
    h = (h ^ h >> 13) * 0xC2B2AE35 & _LOW
    h ^= h >> 16
    return h - (1 << 32) if h >> 31 else h


_LOW = 0xFFFFFFFF


def ship_file(spark: "SparkSession", path: str | Path) -> str:
    """Send a file to every machine once; return the name by which `shipped_file` finds it there."""
    data = Path(path).read_bytes()
    name = f"nlptools-{hashlib.sha256(data).hexdigest()[:16]}{Path(path).suffix}"
    if name not in _shipped:
        folder = Path(tempfile.mkdtemp(prefix="nlptools-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # Spark takes it from there as long as it runs
        (folder / name).write_bytes(data)
        _shipped[name] = str(folder / name)
    spark.sparkContext.addFile(_shipped[name])
    return name


_shipped: dict[str, str] = {}


def shipped_file(name: str) -> Path:
    """Return where a file of `ship_file` is on the machine of a task."""
    from pyspark import SparkFiles

    return Path(SparkFiles.get(name))


def _rows(batches: Iterable[Any]) -> Iterator[Row]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _batches(rows: Iterable[Row]) -> Iterator[Any]:
    """Yield rows in record batches of about _AT_ONCE bytes."""
    waiting: list[Row] = []
    size = 0
    for row in rows:
        waiting.append(row)
        size += len(row[3])
        if size >= _AT_ONCE:
            yield _batch(waiting)
            waiting, size = [], 0
    if waiting:
        yield _batch(waiting)


def _batch(rows: Sequence[Row]) -> Any:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), ROWS_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=ROWS_SCHEMA)


@contextmanager
def spark_errors() -> Iterator[None]:
    """Raise OutputError in place of the errors of Spark and of Java."""
    try:
        yield
    except _spark_errors() as error:
        raise OutputError(
            f"Spark: the job failed ({_last_words(error)}); see the logs of the driver and of the executors"
        ) from error


def _spark_errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return PySparkException, Py4JError


def _last_words(error: Exception) -> str:
    """Return the line of an error of Spark that says most: of a Python traceback the last, else what Java says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    python = [line for line in lines if line.split(":")[0].replace(".", "").isidentifier() and "Error:" in line]
    java = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (python[-1:] or java or lines or [type(error).__name__])[0][:300]
