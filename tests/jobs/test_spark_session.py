"""Sessions that cannot be, and errors of Spark in one line."""

import builtins
import logging
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest

from nlptools.errors import OptionError, OutputError
from nlptools.jobs.spark_session import _batches, _quieten_py4j, partition_keys, spark_errors, start_spark


def test_a_machine_without_pyspark_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "pyspark":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    with pytest.raises(OptionError, match=r"install the extra: nlptools-corpus\[spark\]"):
        start_spark("local[1]")


def test_a_machine_without_java_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(OptionError, match="install Java 17"):
        start_spark("local[1]")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("An error occurred while calling o1.collect.\n: java.lang.X: no room\n\tat java", "java.lang.X: no room"),
        (
            "Traceback\n  File x\nnlptools.errors.InputError: a.txt: is gone\n",
            "nlptools.errors.InputError: a.txt: is gone",
        ),
        ("nobody\nknows", "nobody"),
    ],
)
def test_errors_of_spark_become_one_line(words: str, shown: str) -> None:
    errors = pytest.importorskip("pyspark.errors")
    with pytest.raises(OutputError) as caught, spark_errors():
        raise errors.PySparkException(words)
    assert str(caught.value) == f"Spark: the job failed ({shown}); see the logs of the driver and of the executors"


def test_every_partition_has_a_key_of_its_own() -> None:
    assert len(set(partition_keys(50))) == 50


def test_rows_are_handed_over_in_batches_of_some_megabytes() -> None:
    rows = [(1, 2, part, bytes(3 << 20)) for part in range(5)]
    assert [batch.num_rows for batch in _batches(rows)] == [2, 2, 1]
    assert list(_batches([])) == []


def test_py4j_logs_no_tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    root, own = logging.getLogger(), logging.getLogger("py4j")
    monkeypatch.setattr(root, "filters", [])
    monkeypatch.setattr(own, "level", own.level)
    _quieten_py4j()
    _quieten_py4j()
    assert len(root.filters) == 1
    assert [bool(root.filter(logging.makeLogRecord({"pathname": path}))) for path in ("/a/py4j/b.py", "/a/b.py")] == [
        False,
        True,
    ]
