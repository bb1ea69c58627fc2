"""JSON lines: the kernel accepts nothing that Python's json would refuse or read differently."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlptools.corpus import json_lines, open_corpus
from nlptools.corpus._kernels import copy_strings, find_values
from nlptools.errors import BadRecordError, InputError, OptionError

LINES = [
    '{"text":"中文"}',
    ' { "id" : -1.5e+3 , "text" : "𠮷 \\ud842\\udfb7 \\u4e2d\\n\\t\\/\\"\\\\\\b\\f\\r" } \r',
    '{"text":""}',
    '{"a":{"text":[1,{"b":[]},{}]},"text":"x","z":[true,false,null]}',
    '{"text":"a","text":"b"}',
    '{"text":null,"text":"b"}',
    '{"te\\u0078t":"escaped key"}',
    '{"te\\u0078t":"first","text":"second"}',
    '{"text":"\\ud800"}',
    '{"text":"\\udc00\\ud800"}',
    '{"text":"\\ud800\\u0041"}',
    '{"text":"\\ud842","x":1}',
    '{"text":"ok","other":"\\ud800"}',
    '{"text":"tab\there"}',
    '{"text":"nul \\u0000 del \x7f"}',
    '{"text":1}',
    '{"text":["a"]}',
    '{"text":null}',
    '{"Text":"a"}',
    '{"text2":"a","tex":"b"}',
    "{}",
    "[]",
    "null",
    "1",
    '"text"',
    "",
    "  \t",
    '{"text":"a"} {"text":"b"}',
    '{"text":"a"}null{"text":"b"}',
    '{"text":"a"},',
    '{"text":"a",}',
    "{'text':'a'}",
    '{"text":"a"',
    '{"text":"a',
    '{"text":"a\\',
    '{"text":"a\\u12',
    '{"text":"\\x"}',
    '{"text":"\\u12g4"}',
    '{"text"',
    '{"text":',
    '{"n":01,"text":"a"}',
    '{"n":-,"text":"a"}',
    '{"n":1.,"text":"a"}',
    '{"n":.5,"text":"a"}',
    '{"n":+1,"text":"a"}',
    '{"n":1e,"text":"a"}',
    '{"n":1e999,"text":"a"}',
    '{"n":-0.0E-5,"text":"a"}',
    '{"n":NaN,"text":"a"}',
    '{"n":-Infinity,"text":"a"}',
    '{"n":tru,"text":"a"}',
    '{"n":nul,"text":"a"}',
    '{"n":' + "9" * 5000 + ',"text":"many digits"}',
    '{"n":' + "[" * 59 + "]" * 59 + ',"text":"deep"}',
    '{"n":' + "[" * 200 + "]" * 200 + ',"text":"deeper"}',
    '{"n":[1,],"text":"a"}',
    '{"n":[1 2],"text":"a"}',
    '{"n":{"a" 1},"text":"a"}',
    '{"n":[}],"text":"a"}',
    '{"n":{]},"text":"a"}',
    '{"n":[1}],"text":"a"}',
    '{"n":{"a":1],"text":"a"}',
    "﻿" + '{"text":"BOM"}',
    '{"text":"a"}\0',
    '{"\\"":"quote","text":"a"}',
]
BYTES = [line.encode() for line in LINES] + [
    b'{"text":"\xff"}',
    b'{"x":"\xed\xa0\x80","text":"a"}',
    b'{"\xff":1}',
]


def text_twin(line: bytes, column: str = "text") -> Any:
    """Return the text of a line, None for a blank line, or a ValueError that says why not."""
    if not line.strip(b" \t\r"):
        return None
    try:
        record = json.loads(line.decode("utf-8"), parse_int=float)
        if not isinstance(record, dict) or not isinstance(record.get(column), str):
            return ValueError
        record[column].encode("utf-8")
    except (ValueError, RecursionError):
        return ValueError
    return record[column]


def uncompiled(kernel: Any) -> Any:
    return getattr(kernel, "py_func", kernel)


def run_kernels(data: bytes, column: str = "text", mode: Any = lambda kernel: kernel) -> Any:
    """Return for each line its text, None if blank, or ... if doubtful."""
    size = data.count(b"\n") + 1
    spans = np.zeros((size, 1, 2), dtype=np.int64)
    doubtful = np.zeros((size, 4), dtype=np.int64)
    key = np.frombuffer(column.encode(), dtype=np.uint8)
    starts, kinds, required = np.array([0, len(key)]), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    array = np.frombuffer(data, dtype=np.uint8)
    find, copy = mode(find_values), mode(copy_strings)
    end, _, accepted, doubts = find(array, 0, key, starts, kinds, required, False, 64, spans, doubtful)
    assert end >= len(data)
    out = np.zeros(len(data), dtype=np.uint8)
    offsets = np.zeros(accepted + 1, dtype=np.int64)
    valid = np.zeros(accepted, dtype=np.uint8)
    copy(array, spans[:accepted], 0, out, offsets, valid)
    assert valid.all()
    good = iter([bytes(out[offsets[k] : offsets[k + 1]]).decode() for k in range(accepted)])
    doubted = {line for line, _, _, _ in doubtful[:doubts].tolist()}
    lines = data.split(b"\n")
    answer = [... if n in doubted else None if not line.strip(b" \t\r") else next(good) for n, line in enumerate(lines)]
    assert next(good, None) is None
    return answer


some_text = st.text(alphabet='a"\\/\n\t\x7f\0é中𠮷\ud800\udc00', max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | some_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(some_text, inner, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(st.sampled_from(["text", "id", "te", "文"]), values | some_text, max_size=4)


@given(st.lists(records, max_size=5), st.booleans())
def test_kernel_agrees_on_generated_records(items: list[dict[str, Any]], ascii_only: bool) -> None:
    lines = [json.dumps(item, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") for item in items]
    for answer, line in zip(run_kernels(b"\n".join(lines)), lines or [b""], strict=True):
        assert answer is ... or answer == text_twin(line)


@settings(max_examples=500)
@given(st.sampled_from(BYTES), st.data())
def test_kernel_is_sound_on_damaged_lines(line: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(line)))
    damage = data.draw(st.sampled_from([b"", b'"', b"\\", b"{", b"}", b",", b":", b"\xe4", b"0", b" "]))
    skip = data.draw(st.integers(0, 2))
    damaged = line[:at] + damage + line[at + skip :]
    (answer,) = run_kernels(damaged)
    if answer is not ...:
        assert answer == text_twin(damaged)


def read(path: Any, **options: Any) -> Any:
    corpus = open_corpus(path, **options)
    return [text for batch in corpus for text in batch.column("text").to_pylist()], corpus.report


@pytest.mark.parametrize("batch_bytes", [1, 100, 1 << 20])
def test_whole_file_agrees_with_twin(tmp_path: Path, batch_bytes: int) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(b"\n".join(BYTES))
    texts, report = read(path, batch_bytes=batch_bytes, max_depth=300)
    answers = [text_twin(line) for line in BYTES]
    assert texts == [answer for answer in answers if isinstance(answer, str)]
    assert report.rejected.total() == answers.count(ValueError)


@given(st.lists(st.sampled_from(BYTES), max_size=30), st.integers(1, 200))
@example([b'{"text":"\xff"}', b'{"text":"\xff"}'], 1)
@example([b'{"text":"a","text":"b"}', b'{"text":"c"}', b"x", b'{"te\\u0078t":"d"}'], 1000)
@settings(max_examples=50)
def test_order_is_kept_around_doubtful_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], batch_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("j") / "mixed.jsonl"
    first = "f" * (64 << 10)  # so that the odd lines lie beyond what is sniffed
    path.write_bytes(b"\n".join([json.dumps({"text": first}).encode(), *lines]))
    expected = [first] + [text for text in map(text_twin, lines) if isinstance(text, str)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "HEAD_BYTES", 64 << 10)
        options = {"encoding": "utf-8", "max_depth": 300}  # the odd lines may be all there is to sniff
        assert read(path, batch_bytes=batch_bytes, **options)[0] == expected


def test_reasons_and_places(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    lines = [
        b'{"text":"a"}',
        b"",
        b"{oops",
        b"[1]",
        b'{"x":1}',
        b'{"text":2}',
        b'{"text":null}',
        b'{"text":"\\ud800"}',
    ]
    path.write_bytes(b"\n".join([*lines, b'{"text":"\xff"}']))
    texts, report = read(path)
    assert texts == ["a"]
    assert [(e.line, e.reason) for e in report.examples] == [
        (3, "not valid JSON"),
        (4, "not a JSON object"),
        (5, "no column 'text'"),
        (6, "column 'text' is not a string"),
        (7, "column 'text' is null"),
        (8, "lone surrogate"),
        (9, "not valid UTF-8"),
    ]
    assert "1 document, 7 rejected" in report.summary()
    with pytest.raises(BadRecordError, match=r"a\.ndjson, line 3: not valid JSON; .*--strict"):
        read(path, strict=True)


def test_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id":1,"题":"问"}\n{"id":2,"题":"答"}\n', encoding="utf-8")
    assert read(path)[0] == ["问", "答"]
    assert read(path, text_column="题")[0] == ["问", "答"]
    with pytest.raises(InputError, match=r"no column 'body'; its columns are 'id', '题': .*--text-column"):
        read(path, text_column="body")
    path.write_text('{"a":"1","b":"2"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"more than one column holds strings.*'a', 'b'"):
        read(path)
    path.write_text('{"a":1}\n', encoding="utf-8")
    with pytest.raises(InputError, match="no column holds strings"):
        read(path)


def test_column_whose_name_needs_escapes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{'a"\\': "x", "a\\": "no"}, {'a"\\': "y"}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read(path, text_column='a"\\')[0] == ["x", "y"]


def test_not_json_lines_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("就是文本\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"the first line is no JSON object.*--input-format"):
        read(path)


def test_long_first_record(tmp_path: Path) -> None:
    path = tmp_path / "unnamed"
    path.write_text(json.dumps({"text": "长" * 200_000}, ensure_ascii=False) + '\n{"text":"b"}', encoding="utf-8")
    texts, _ = read(path)
    assert [len(text) for text in texts] == [200_000, 1]


def test_not_as_one_document(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"a"}', encoding="utf-8")
    with pytest.raises(OptionError, match="document_per='file'"):
        open_corpus(path, document_per="file")
    path = path.rename(tmp_path / "a")
    with pytest.raises(OptionError, match="document_per='file'"):
        read(path, document_per="file")


@pytest.mark.parametrize("filling", [b'\\"', b'"', b"[", b"\\", b'{"a":', b"9"])
def test_long_hostile_lines_take_no_time(tmp_path: Path, filling: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text":"a"}\n{"text":"' + filling * 300_000 + b'\n{"text":[' + filling * 300_000 + b'\n{"text":"b"}'
    )
    texts, report = read(path)
    assert texts == ["a", "b"]
    assert report.rejected.total() == 2
