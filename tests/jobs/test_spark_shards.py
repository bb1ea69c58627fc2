"""What tasks read: the same documents as the local engine, wherever files are cut."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus import open_paths
from nlptools.corpus.options import ReadOptions
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.jobs import spark_segment, spark_shards
from nlptools.jobs.spark_reports import TaskReport, read_shards, summed
from nlptools.jobs.spark_shards import Shard, groups, plan_shards


def documents(shards: list[list[Shard]], options: ReadOptions) -> tuple[list[str], list[TaskReport]]:
    """Return the documents of tasks with these shards, and their reports."""
    texts: list[str] = []
    reports = []
    nothing: list[str] = []
    for group in shards:
        found, report = read_shards(
            group,
            options,
            lambda corpus: [text for batch in corpus.batches() for text in batch.column("text").to_pylist()],
            nothing,
        )
        texts += found
        reports.append(report)
    return texts, reports


def planned(paths: list[Path], cut: int, options: ReadOptions) -> list[Shard]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spark_shards, "_LEAST_BYTES", 1)
        return plan_shards(paths, options, 1, cut)


def same_as_local(paths: list[Path], cut: int, options: ReadOptions, together: int = 1) -> list[Shard]:
    """Compare the documents of tasks, each with some shards, with those of the local engine."""
    shards = planned(paths, cut, options)
    corpus = open_paths(paths, options)
    wanted = [text for batch in corpus for text in batch.column("text").to_pylist()]
    tasks = [shards[start : start + together] for start in range(0, len(shards), together)]
    found, reports = documents(tasks, options)
    assert found == wanted
    outcome = summed(reports, "corpus")
    assert outcome.report == corpus.report
    return shards


lines = st.lists(
    st.sampled_from(
        [
            b"",
            b"\xe4\xbd\xa0",
            b"a\rb",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\xed\xa0\x80",
            b"\0",
            b"x" * 90,
            b"\xf0\xa0\xae\xb7",
        ]
    ),
    min_size=1,
    max_size=12,
)


@given(
    found=lines,
    end=st.sampled_from([b"\n", b"\r\n"]),
    marked=st.booleans(),
    cut=st.integers(20, 2000),
    together=st.sampled_from([1, 3, 1000]),
)
def test_lines_are_read_once_wherever_a_file_is_cut(
    found: list[bytes], end: bytes, marked: bool, cut: int, together: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("lines") / "a.txt"
    file.write_bytes(b"\xef\xbb\xbf" * marked + "第一行，你好".encode() * 99 + b"\n" + end.join(found))
    same_as_local([file], cut, ReadOptions(encoding="utf-8"), together)


def test_a_file_is_cut_into_even_pieces(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("你好，世界\n" * 1000, encoding="utf-8")
    shards = same_as_local([file], 4000, ReadOptions())
    assert [shard.start for shard in shards] == [0, 4000, 8000, 12000]
    assert shards[1].name == f"{file} (bytes 4000 to 8000)"


def test_small_files_are_read_together(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02d}.txt").write_text("你好，世界\n" * 20, encoding="utf-8")
    shards = plan_shards([tmp_path], ReadOptions(), 1)
    assert [len(group) for group in groups(shards, 1)] == [40]
    assert [len(group) for group in groups(planned([tmp_path], 2000, ReadOptions()), 4)] == [40]
    same_as_local([tmp_path], 2000, ReadOptions())


def test_a_line_may_be_longer_than_many_shards(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("你好\n" + "研究生命" * 250_000 + "\n世界\n" * 3, encoding="utf-8")
    assert len(same_as_local([file], 100_000, ReadOptions())) == 31
    with pytest.raises(InputError, match=r"no shard with text could be read: .*longer than 5 bytes"):
        summed(documents([planned([file], 100_000, ReadOptions())], ReadOptions(max_line_bytes=5))[1], "corpus")


def test_json_lines_have_the_columns_of_the_beginning(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    records = [{"id": n, "question": f"第{n}个问题", "note": "x"} for n in range(50)]
    text = [json.dumps(record, ensure_ascii=False) for record in records]
    text += ['{"id": 1}', "no JSON", '{"question": 3}', '{"question": "\\ud800"}', "", '{"question": "好"}']
    file.write_text("\n".join(text * 3), encoding="utf-8")
    shards = same_as_local([file], 200, ReadOptions(text_column="question"))
    assert len(shards) > 20


def test_what_cannot_be_cut_is_read_whole(tmp_path: Path) -> None:
    text = "研究生命，你好\n" * 500
    packed, wide, table = tmp_path / "a.txt.gz", tmp_path / "b.txt", tmp_path / "c.parquet"
    packed.write_bytes(gzip.compress(text.encode()))
    wide.write_bytes(text.encode("gb18030"))
    pq.write_table(pa.table({"text": text.splitlines()}), table)
    shards = same_as_local([packed, wide, table], 100, ReadOptions())
    assert [Path(shard.path) for shard in shards] == [packed, wide, table]


def test_documents_of_more_than_a_line_are_not_cut(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("你好\n世界\n" * 100, encoding="utf-8")
    assert len(same_as_local([file], 100, ReadOptions(document_per="file"))) == 1


def test_rejected_lines_have_their_numbers_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("你好，世界\n".encode() * 100 + b"\xff\n" * 3 + b"a\n" * 100 + b"\xfe\xff")
    shards = planned([file], 300, ReadOptions())
    _, reports = documents([[shard] for shard in shards], ReadOptions())
    report = summed(reports, "corpus").report
    assert [(example.file, example.line) for example in report.examples] == [
        (str(file), n) for n in (101, 102, 103, 204)
    ]


def test_uris_are_read_as_files_are(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    texts = {
        "a.txt": b"\xe4\xbd\xa0\n" * 200,
        "b.jsonl": b'{"text": "\xe4\xbd\xa0"}\n',
        "c.txt.gz": gzip.compress(b"abc"),
    }
    for name, data in texts.items():
        (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in" / "_SUCCESS").write_bytes(b"")
    uri = f"file://{tmp_path}/in"
    local, _ = documents([planned([tmp_path / "in"], 100, ReadOptions())], ReadOptions())
    for given_path in (uri, f"{uri}/*.*"):
        shards = planned([given_path], 100, ReadOptions())  # type: ignore[list-item]
        assert len(shards) == 10
        assert documents([shards], ReadOptions())[0] == local
    assert len(planned([f"{uri}/a.txt"], 1 << 20, ReadOptions())) == 1  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("-", "standard input"),
        ("ftp://host/a.txt", "ftp://"),
        ("file:///no/such/*.txt", "no file"),
        ("none.txt", "no such file"),
    ],
)
def test_what_cannot_be_read_is_told(path: str, words: str) -> None:
    with pytest.raises((InputError, OptionError), match=words):
        plan_shards([path], ReadOptions(), 1)


def test_an_empty_corpus_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b" \n\t\n")
    with pytest.raises(InputError, match="is empty"):
        plan_shards([tmp_path / "a.txt"], ReadOptions(), 1)
    _, reports = documents([plan_shards([tmp_path], ReadOptions(), 1)], ReadOptions())
    with pytest.raises(InputError, match="is empty"):
        summed(reports, "corpus")


def test_rejects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="rejects"):
        plan_shards([tmp_path], ReadOptions(rejects=tmp_path / "rejects.jsonl"), 1)


def test_a_uri_that_is_damaged_is_told_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3\x4b\x4c")
    uri = f"file://{tmp_path}/a.txt.gz"
    _, (report,) = documents([plan_shards([uri], ReadOptions(), 1)], ReadOptions())
    assert report.left_out[0][1].startswith(f"{uri}: ")


def test_reports_survive_their_way(tmp_path: Path) -> None:
    report = TaskReport(3, 9, False, {"not valid UTF-8": 1}, facts={"totals": [1, 2, 3]})
    assert TaskReport.from_bytes(report.to_bytes()) == report
    assert nt.InputError is InputError


def test_a_file_of_the_user_is_no_report_of_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, done = tmp_path / "a.txt", tmp_path / "a.csv.done"
    text.write_text("研究\n生命\n", encoding="utf-8")
    done.write_text("mine", encoding="utf-8")
    monkeypatch.setattr(spark_segment, "_segmenter", lambda model: None)
    monkeypatch.setattr(
        spark_segment, "write_segmented", lambda _, batches, *more: sum(batch.num_rows for batch in batches)
    )
    report = spark_segment._segment_shard(Shard(str(text), 0, 14), ReadOptions(), "m.seg", tmp_path / "a.csv")
    assert TaskReport.from_bytes(report).documents == 2
    assert done.read_text("utf-8") == "mine"


@pytest.fixture
def segment_here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`segment` without Spark, and with a model that leaves the text as it is; return what is left out."""

    def run_tasks(spark: Any, tasks: int, work: Callable[[int], Iterator[Any]]) -> Any:
        rows = [SimpleNamespace(part=part, data=data) for task in range(tasks) for _, _, part, data in work(task)]
        return SimpleNamespace(collect=lambda: rows[::-1])

    model = SimpleNamespace(segment_lines=lambda batches, threads: (batch.select(["text"]) for batch in batches))
    for name, value in {
        "run_tasks": run_tasks,
        "parallel_tasks": lambda spark: 2,
        "task_threads": lambda spark: 1,
        "_shipped": lambda *more: "m.seg",
        "_segmenter": lambda name: model,
    }.items():
        monkeypatch.setattr(spark_segment, name, value)
    monkeypatch.setattr(spark_shards, "_LEAST_BYTES", 50)
    return lambda *paths: spark_segment.segment(None, "m.seg", *paths, shard_bytes=50).left_out  # type: ignore[arg-type]


def test_parts_are_joined(segment_here: Callable[..., list[str]], tmp_path: Path) -> None:
    """Those of files that cannot be read are left out, those without text are there."""
    text, blank, broken = tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.txt.gz"
    text.write_text("研究\n生命\n起源\n" * 5, encoding="utf-8")
    blank.write_text("  \n", encoding="utf-8")
    broken.write_bytes(gzip.compress(text.read_bytes())[:-9])
    (left_out,) = segment_here([text, blank, broken, text], tmp_path / "out.txt")
    assert str(broken) in left_out
    assert (tmp_path / "out.txt").read_bytes() == text.read_bytes() + blank.read_bytes() + text.read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_a_part_that_was_removed_is_missed(
    segment_here: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes with the same work one is done first."""
    text, output = tmp_path / "a.txt", tmp_path / "out.txt"
    text.write_text("研究\n生命\n起源\n" * 5, encoding="utf-8")
    output.write_text("whole", encoding="utf-8")

    def remove_one(*arguments: Any) -> Any:
        next(tmp_path.glob(".nlptools-*.parts/1.txt")).unlink()
        return summed(*arguments)

    monkeypatch.setattr(spark_segment, "summed", remove_one)
    with pytest.raises(OutputError, match=r"out\.txt: another process has removed .*; run the same command again"):
        segment_here([text], output)
    assert output.read_text("utf-8") == "whole"
