"""JSON arrays, streamed: the elements are those of json.loads, whatever the pieces; nothing wrong is silent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlptools.corpus import open_corpus, open_records
from nlptools.corpus._kernels import split_values
from nlptools.corpus.byte_stream import chunk_stream
from nlptools.corpus.json_values import value_lines
from nlptools.corpus.reading import Content
from nlptools.errors import InputError

some_text = st.text(alphabet='a"\\/\n\r\t\0é中𠮷{}[],: ', max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | some_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(some_text, inner, max_size=3),
    max_leaves=8,
)
styles: Any = st.sampled_from(
    [{}, {"indent": 1}, {"indent": "\t", "ensure_ascii": False}, {"separators": (",", ":")}, {"indent": 0}]
)


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    start = 0
    for size in sizes:
        yield data[start : start + size]
        start += size
    yield data[start:]


def split(data: bytes, sizes: list[int] | None = None) -> list[bytes]:
    """Return the lines that the stream makes of the data, however it is cut."""
    stream = value_lines(Content(chunk_stream(pieces(data, sizes or [])), "x.json")).stream
    out = b""
    while chunk := stream.read(7):
        out += chunk
    return [line for line in out.split(b"\n") if line.strip()]


@settings(max_examples=300)
@given(
    st.lists(values, max_size=6),
    styles,
    st.lists(st.integers(1, 9), max_size=20),
    st.sampled_from(["", "\n", " \r\n\t"]),
)
def test_arrays_are_what_json_says(items: list[Any], style: Any, sizes: list[int], around: str) -> None:
    data = (around + json.dumps(items, **style) + around).encode("utf-8", "surrogatepass")
    assert [json.loads(line) for line in split(data, sizes)] == json.loads(data.decode("utf-8", "surrogatepass"))


@given(
    st.lists(st.dictionaries(some_text, values, max_size=3), max_size=5),
    styles,
    st.lists(st.integers(1, 9), max_size=20),
)
def test_series_of_objects(items: list[Any], style: Any, sizes: list[int]) -> None:
    data = "\n".join(json.dumps(item, **style) for item in items).encode()
    assert [json.loads(line) for line in split(data, sizes)] == items


@settings(max_examples=300)
@given(st.lists(values, max_size=5), styles, st.data())
def test_damage_is_never_silent(items: list[Any], style: Any, data: st.DataObject) -> None:
    """What is no JSON array gives an error or a line that is no JSON; what is one gives its elements."""
    whole = json.dumps(items, **style).encode()
    at = data.draw(st.integers(0, len(whole)))
    damage = data.draw(st.sampled_from([b"", b",", b"]", b"[", b"{", b"}", b'"', b"\n", b" 1 ", b"\\", b",,"]))
    damaged = whole[:at] + damage + whole[at + data.draw(st.integers(0, 2)) :]
    if not damaged.lstrip().startswith(b"["):
        return
    try:
        lines = [json.loads(line) for line in split(damaged)]
    except (ValueError, InputError):
        with pytest.raises(ValueError):
            json.loads(damaged)
    else:
        assert lines == json.loads(damaged)


@pytest.mark.parametrize("kernel", [split_values, getattr(split_values, "py_func", split_values)])
def test_kernel_on_one_array(kernel: Any) -> None:
    data = np.frombuffer(b' [ {"a,]":\n[1,\n{}]} ,"x\\"]\n" ,, ] ', dtype=np.uint8)
    state, out = np.zeros(5, dtype=np.int64), np.zeros(2 * data.size, dtype=np.uint8)
    size, stopped = kernel(data, state, out)
    assert bytes(out[:size]) == b'  {"a,]": [1, {}]} \n"x\\"]\x01" \n,\n ,\n '
    assert (stopped, state[0], state[2]) == (-1, 0, 3)


def read(path: Path, **options: Any) -> Any:
    corpus = open_corpus(path, **options)
    return [text for batch in corpus for text in batch.column("text").to_pylist()], corpus.report


@pytest.mark.parametrize("batch_bytes", [1, 50, 1 << 20])
def test_bad_elements(tmp_path: Path, batch_bytes: int) -> None:
    path = tmp_path / "a.json"
    good, bad = (
        '{"text": "好"}',
        ["1", "null", '"x"', "", '{"text": 1}', '{"text" "x"}', "{]", '{"text":"a\nb"}', "[[]]"],
    )
    path.write_text(f"[{good}, {', '.join(f'{item},{good}' for item in bad)}]", encoding="utf-8")
    texts, report = read(path, batch_bytes=batch_bytes)
    assert texts == ["好"] * 10
    assert report.rejected.total() == 9
    assert report.examples[0].line == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text":"a"}', "the JSON ends early"),
        ('[{"text":"a"},', "the JSON ends early"),
        ("[", "the JSON ends early"),
        ('[{"text":"a', "the JSON ends early"),
        ('[{"text":"a"}] [{"text":"b"}]', "goes on after the end of its JSON array"),
        ('[{"text":"a"}]]', "goes on after the end of its JSON array"),
        ('{"text":"a"', "the JSON ends early"),
        ('{\n"text":"a"', "the JSON ends early"),
        ("[]", "is empty"),
        ("[1, 2]", "none of the first 2 lines is a JSON object"),
        ("", "is empty"),
    ],
)
def test_arrays_that_are_none(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_trailing_comma_is_a_bad_record(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"text":"a"},]', encoding="utf-8")
    texts, report = read(path)
    assert (texts, report.rejected) == (["a"], {"not valid JSON": 1})


def test_duplicate_keys_are_read_as_json_does(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"text":"a","text":"b"},{"text":"c"}]', encoding="utf-8")
    assert read(path)[0] == ["b", "c"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    """The array is never whole in memory: pieces come out before it has ended."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"["
        for number in range(1000):
            taken = number
            yield b'{"text":"' + b"x" * 10_000 + b'"},'

    stream = value_lines(Content(chunk_stream(endless()), "x.json")).stream
    assert len(stream.read(50_000)) > 0
    assert taken < 20


def test_the_published_shape(tmp_path: Path) -> None:
    rows = [
        {"url": f"https://example.com/{n}", "question": f"问题{n}？", "tags": ["a", "乙"][: n % 3]} for n in range(500)
    ]
    path = tmp_path / "zhidao.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=4), encoding="utf-8")
    assert [row for batch in open_records(path, batch_bytes=900) for row in batch.to_pylist()] == rows
    assert read(path, text_column="question,tags")[0][:3] == ["问题0？", "问题1？\na", "问题2？\na\n乙"]
