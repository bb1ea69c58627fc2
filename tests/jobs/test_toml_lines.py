"""Lines of keys in TOML, against texts of which they are known."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.jobs.toml_lines import TomlError, read_toml

NAMES = st.text(st.sampled_from("ab1-_词𠮷 .#[]\"'=\\\u2028"), max_size=4)
SPACE = st.sampled_from(["", "# [x]", "  ", "\t# a = 1", '#"""'])
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON strings are basic strings of TOML


VALUES = st.one_of(
    st.integers(-9, 9).map(str),
    NAMES.map(quoted),
    st.lists(NAMES.map(quoted), max_size=3).map(lambda items: "[\n " + ",\n ".join(items) + "\n]"),
    st.lists(st.integers(0, 9).map(str), max_size=3).map(
        lambda items: "[ # [\n" + "".join(f"{one}, # ]\n" for one in items) + "]"
    ),
    st.sampled_from(
        ["'''\n[t]\na = 1\n'''", '"""a\n\\"""\n]\n"""', "[[1,\n2], [\n3]]", "{x = 1, y = [\n1]}", "1979-05-27"]
    ),
)


@given(
    tables=st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4),
    space=st.lists(SPACE, min_size=1, max_size=5),
    end=LINE_ENDS,
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_lines_are_those_where_keys_were_written(
    tables: dict[str, dict[str, str]], space: list[str], end: str, mark: str
) -> None:
    written: list[str] = []
    expected: dict[Any, int] = {}
    fill = 0

    def write(text: str) -> int:
        nonlocal fill
        written.append(space[fill % len(space)])
        fill += 1
        line = "\n".join(written).count("\n") + 2
        written.append(text)
        return line

    for table, keys in tables.items():
        expected[table,] = write(f"[{quoted(table)}] # of a table")
        for key, value in keys.items():
            expected[table, key] = write(f"{quoted(key)} = {value}")
    text = "\n".join(written)
    told, lines = read_toml(mark + text.replace("\n", end))
    assert told == tomllib.loads(text)
    assert {key: line for key, line in lines.items() if len(key) < 3} == expected


def test_dotted_keys_and_headers() -> None:
    _, lines = read_toml("a.b.c = 1\n\n[x.y]\nz = {p = 1}\n[[list]]\nq = 1\n[[list]]\nq = 2\n")
    assert lines == {
        **{("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1},
        **{("x",): 3, ("x", "y"): 3, ("x", "y", "z"): 4, ("x", "y", "z", "p"): 4},
        **{("list",): 5, ("list", "q"): 6},
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb =\n", 2),
        ("a = 1\na = 2\n", 2),
        ("\n\n[a\n", 3),
        ('a = """\n\n', 3),
        ("[a]\n[a]\n", 2),
        ("a = 1\n\x00\n", 2),
    ],
)
def test_what_is_no_toml(text: str, line: int) -> None:
    with pytest.raises(TomlError) as caught:
        read_toml(text)
    assert caught.value.problem.line == line
    assert "\n" not in caught.value.problem.text


def test_too_deep() -> None:
    with pytest.raises(TomlError):
        read_toml("a = " + "[" * 100_000)


def test_long_lists_take_no_time() -> None:
    files = ",\n".join(f'"part-{number}.txt"' for number in range(20_000))
    _, lines = read_toml(f"[inputs]\nfiles = [\n{files}\n]\nlast = 1\n")
    assert lines["inputs", "last"] == 20_004


@given(st.text(st.sampled_from("ab=[]\"'{},#\n\r\t .1\x00\ud800\ufeff词"), max_size=40))
def test_anything(text: str) -> None:
    try:
        told, lines = read_toml(text)
    except TomlError as error:
        assert 1 <= error.problem.line <= text.count("\n") + 2
        return
    assert {key[0] for key in lines} == set(told)
