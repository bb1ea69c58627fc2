"""Records with all their columns, from every kind of source."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus import json_lines, open_records
from nlptools.errors import BadRecordError, InputError, OptionError

STRINGS = pa.list_(pa.large_string())


def rows(source: Any, **options: Any) -> list[dict[str, Any]]:
    return [row for batch in open_records(source, **options) for row in batch.to_pylist()]


def json_file(path: Path, *records: Any) -> Path:
    path.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in records), encoding="utf-8")
    return path


def test_the_schema_is_what_the_first_records_hold(tmp_path: Path) -> None:
    path = json_file(
        tmp_path / "a.jsonl",
        {"s": "中", "l": ["a"], "i": 1, "f": 1.5, "b": True, "n": None, "o": {"x": [1]}, "m": "文", "big": 2**64},
        {"s": None, "l": [], "i": None, "f": 2, "b": False, "m": 3, "late": [1]},
    )
    records = nt.open_records(path)
    assert isinstance(records, nt.Records)
    assert [(field.name, field.type) for field in records.schema] == [
        ("s", pa.large_string()),
        ("l", STRINGS),
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("b", pa.bool_()),
        ("n", pa.large_string()),
        ("o", pa.large_string()),
        ("m", pa.large_string()),
        ("big", pa.large_string()),
        ("late", pa.large_string()),
    ]
    assert next(iter(records)).schema.equals(records.schema)
    nothing = dict.fromkeys(records.schema.names)
    assert rows(path) == [
        nothing
        | {"s": "中", "l": ["a"], "i": 1, "f": 1.5, "b": True, "o": '{"x": [1]}', "m": '"文"', "big": str(2**64)},
        nothing | {"l": [], "f": 2.0, "b": False, "m": "3", "late": "[1]"},
    ]
    assert rows(path, columns=["m", "s"]) == [{"m": '"文"', "s": "中"}, {"m": "3", "s": None}]


BAD: list[tuple[str, str]] = [
    ('{"s":1}', "column 's' is not a string"),
    ('{"l":"a"}', "column 'l' is not a list of strings"),
    ('{"l":["a",null]}', "column 'l' is not a list of strings"),
    ('{"i":1.5}', "column 'i' is not a 64-bit integer"),
    ('{"i":9223372036854775808}', "column 'i' is not a 64-bit integer"),
    ('{"i":true}', "column 'i' is not a 64-bit integer"),
    ('{"f":"1"}', "column 'f' is not a number"),
    ('{"b":1}', "column 'b' is not true or false"),
    ('{"o":[NaN]}', "a number out of range"),
    ('{"o":"\\ud800"}', "lone surrogate"),
    ('{"s":"\\udc00"}', "lone surrogate"),
    ('{"l":["\\ud800"]}', "lone surrogate"),
    ('{"s":"a","new":1}', "unknown field 'new'"),
    ('{"s":"a"', "not valid JSON"),
    ("[]", "not a JSON object"),
]
GOOD = {"s": "a", "l": ["b"], "i": 1, "f": 1.5, "b": True, "o": {}}


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_what_does_not_fit_is_rejected(tmp_path: Path, line: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = json_file(tmp_path / "a.jsonl", GOOD, {})
    monkeypatch.setattr(json_lines, "HEAD_BYTES", path.stat().st_size)
    path.write_text(path.read_text("utf-8") + f"\n{line}\n" + '{"s":"z"}\n', encoding="utf-8")
    rejects = tmp_path / "r.jsonl"
    records = open_records(path, rejects=rejects)
    assert [row["s"] for batch in records for row in batch.to_pylist()] == ["a", None, "z"]
    assert records.report.documents == 3
    assert [(e.line, e.reason) for e in records.report.examples] == [(3, reason)]
    assert json.loads(rejects.read_text("utf-8"))["text"] == line


def test_without_all_columns_other_fields_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "HEAD_BYTES", 20)
    path = json_file(tmp_path / "a.jsonl", {"s": "a", "i": 1}, {"s": "b", "i": "x", "new": 1})
    assert rows(path, columns=["s"]) == [{"s": "a"}, {"s": "b"}]


values: dict[str, Any] = {
    "s": st.text(alphabet='a"\\\n\0é中𠮷', max_size=4),
    "l": st.lists(st.text(alphabet='a"\\,]中', max_size=3), max_size=3),
    "i": st.integers(-(2**63), 2**63 - 1),
    "f": st.floats(allow_nan=False),
    "b": st.booleans(),
    "o": st.recursive(st.integers() | st.text(max_size=2), lambda x: st.lists(x, max_size=2), max_leaves=4),
}
odd = st.one_of(st.none(), *values.values(), st.just("\ud800"), st.just({"x": 1}))
items = st.lists(st.fixed_dictionaries({}, optional={k: v | st.none() | odd for k, v in values.items()}), max_size=8)


@settings(max_examples=200)
@given(items, st.booleans(), st.integers(1, 300))
def test_columns_are_those_of_python(
    tmp_path_factory: pytest.TempPathFactory, items: Any, plain: bool, size: int
) -> None:
    """Slow twin: json.loads for each line, and the types by hand."""
    fits: dict[str, Any] = {
        "s": lambda v: isinstance(v, str),
        "l": lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v),
        "i": lambda v: type(v) is int and -(2**63) <= v < 2**63,
        "f": lambda v: type(v) in (int, float),
        "b": lambda v: type(v) is bool,
        "o": lambda v: True,
    }
    path = tmp_path_factory.mktemp("r") / "a.jsonl"
    head = [GOOD, {"pad": "x" * 100}]
    lines = [json.dumps(item, ensure_ascii=plain) for item in [*head, *items]]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    expected = []
    for item in items:
        texts = [v for v in item.values() if isinstance(v, str)] + [
            x for v in item.values() if isinstance(v, list) for x in v if isinstance(x, str)
        ]
        if any("\ud800" in text for text in texts):
            continue
        if all(item[k] is None or fits[k](item[k]) for k in item):
            row = {k: item.get(k) for k in fits}
            row["o"] = None if row["o"] is None else json.dumps(row["o"], ensure_ascii=False)
            row["f"] = None if row["f"] is None else float(row["f"])
            expected.append(row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "HEAD_BYTES", len(lines[0]) + len(lines[1]) + 2)
        records = open_records(path, columns=list(fits), batch_bytes=size, encoding="utf-8")
        found = [row for batch in records for row in batch.to_pylist()]
    assert found[2:] == expected
    assert records.report.documents + records.report.rejected.total() == len(lines)


def test_several_inputs_share_a_schema(tmp_path: Path) -> None:
    one = json_file(tmp_path / "a.jsonl", {"text": "一", "n": 1})
    two = json_file(tmp_path / "b.jsonl", {"n": 1.5, "tags": ["x"]})
    pq.write_table(pa.table({"text": ["三"], "day": pa.array([3], pa.date32())}), tmp_path / "c.parquet")
    records = open_records([one, two, tmp_path / "c.parquet"])
    assert records.schema.names == ["text", "n", "tags", "day"]
    assert records.schema.field("n").type == pa.float64()
    assert [[row["text"], row["n"], row["tags"]] for batch in records for row in batch.to_pylist()] == [
        ["一", 1.0, None],
        [None, 1.5, ["x"]],
        ["三", None, None],
    ]
    assert [file.format for file in records.files] == ["JSON lines", "JSON lines", "Parquet"]
    assert [row["day"] is None for row in rows([one, tmp_path / "c.parquet"], columns=["day"])] == [True, False]
    with pytest.raises(InputError, match="its records have no fields"):
        rows(json_file(tmp_path / "e.jsonl", {}, {}))
    three = json_file(tmp_path / "d.jsonl", {"text": ["一"]})
    with pytest.raises(InputError, match=r"d\.jsonl: column 'text' is list.*but large_string in .*a\.jsonl; read them"):
        rows([one, three])
    assert rows([one, three], columns=["n"])[0] == {"n": 1}


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    path = json_file(tmp_path / "a.jsonl", {"a": 1})
    with pytest.raises(InputError, match=r"no column 'b'; its columns are 'a'"):
        rows(path, columns=["b"])
    nothing: list[str] = []
    for columns in (nothing, "ab"):
        with pytest.raises(OptionError, match="at least one name"):
            open_records(path, columns=columns)
    with pytest.raises(TypeError):
        open_records(path, colour="red")


def test_other_sources() -> None:
    assert rows(["一", "二"]) == [{"text": "一"}, {"text": "二"}]
    table = pa.table({"text": ["一", None], "n": [1, 2]})
    assert rows(table) == [{"text": "一", "n": 1}, {"text": None, "n": 2}]
    records = open_records(table.to_reader(), columns=["n"])
    assert not records.restartable
    assert records.schema.names == ["n"]
    assert sum(batch.num_rows for batch in records) == 2
    with pytest.raises(InputError, match="can be read only once"):
        list(records)
    invalid = pa.array([b"a", b"\xff"], pa.binary()).view(pa.utf8())
    records = open_records(pa.table({"text": invalid, "n": [1, 2]}))
    assert [row for batch in records for row in batch.to_pylist()] == [{"text": "a", "n": 1}]
    assert records.report.rejected == {"not valid UTF-8": 1}


def test_strict_and_repr(tmp_path: Path) -> None:
    path = json_file(tmp_path / "a.jsonl", {"a": 1}, [])
    with pytest.raises(BadRecordError, match=r"a\.jsonl, line 2: not a JSON object"):
        rows(path, strict=True)
    assert repr(open_records(path)) == f"<Records {path}>"


def test_progress_and_stopping_early(tmp_path: Path) -> None:
    path = json_file(tmp_path / "a.jsonl", *({"text": "文" * 40, "n": n} for n in range(5000)))
    steps: list[int] = []
    records = open_records(path, batch_bytes=10_000)
    for _ in records.batches(steps.append):
        break
    assert 0 < sum(steps) < path.stat().st_size
    steps.clear()
    assert sum(batch.num_rows for batch in records.batches(steps.append)) == 5000
    assert sum(steps) == records.size == path.stat().st_size


def test_parquet_reads_only_the_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    read = pq.ParquetFile.iter_batches

    def spy(self: Any, *arguments: Any, **options: Any) -> Any:
        asked.update(options["columns"])
        return read(self, *arguments, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", spy)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["一", "二"], "b": [1, 2], "c": ["x", "y"]}), path, row_group_size=1)
    assert [t for batch in nt.open_corpus(path) for t in batch["text"].to_pylist()] == ["一", "二"]
    assert asked == {"text"}
    asked.clear()
    assert rows(path, columns=["c", "b"]) == [{"c": "x", "b": 1}, {"c": "y", "b": 2}]
    assert asked == {"b", "c"}


def test_kinds_of_columns_in_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "d": pa.array(["a", None, "a"]).dictionary_encode(),
            "v": pa.array(["一", "二", None], pa.string_view()),
            "l": pa.array([["x", None], [], None], pa.large_list(pa.string())),
            "s": pa.array([{"x": 1}, None, {"x": 2}]),
        }
    )
    for write in (lambda path: pq.write_table(table, path), lambda path: _write_ipc(table, path)):
        path = tmp_path / "a.parquet"
        write(path)
        path = path.rename(tmp_path / "any")
        assert [field.type for field in open_records(path).schema][:3] == [
            pa.large_string(),
            pa.large_string(),
            STRINGS,
        ]
        assert rows(path) == table.to_pylist()
        corpus = nt.open_corpus(path, text_column="d,l")
        assert [t for batch in corpus for t in batch["text"].to_pylist()] == ["a\nx", "", "a"]


def _write_ipc(table: Any, path: Path) -> None:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    path.write_bytes(out.getvalue())
