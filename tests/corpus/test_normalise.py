"""Normalising against `unicodedata` and a plain loop."""

import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlptools.corpus.normalise import normalise, normalise_array, normalise_columns

BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
TRICKY = st.text(
    st.sampled_from(
        "a１ｶﾞﾊﾟ㎏①…ｅ\u0301é\u0300¨½ﬁ豈，。！～　 \t\xa0\u1680\u2003\u202f\x1f\ufeff\u200b𠮷👩\u200d💻\0" + BREAKS
    )
    | st.characters(exclude_categories=["Cs", "Cn"])
)


def twin(text: str) -> str:
    """NFKC, then each run of white space in its turn."""
    out, run = "", ""
    for character in [*unicodedata.normalize("NFKC", text), None]:
        if character is not None and character.isspace():
            run += character
            continue
        if run and out and character is not None:
            out += "\n" if any(space in BREAKS for space in run) else " "
        run = ""
        out += character or ""
    return out


@given(st.lists(TRICKY, max_size=8))
def test_it_is_its_twin(texts: list[str]) -> None:
    assert normalise_array(pa.array(texts, pa.large_string())).to_pylist() == [twin(text) for text in texts]


@given(TRICKY)
def test_twice_is_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_every_character() -> None:
    """Among others too, with which it may be composed. Code points that Python does not know yet are left out."""
    characters = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) not in ("Cs", "Cn")]
    for before, after in (("", ""), ("か", "\u0301b"), (" ", "\t.")):
        texts = [before + character + after for character in characters]
        once = normalise_array(pa.array(texts, pa.large_string()))
        assert [pair for pair in zip(once.to_pylist(), map(twin, texts), strict=True) if pair[0] != pair[1]] == []
        assert normalise_array(once).equals(once)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ａ１，ｗ！", "A1,w!"),
        ("ｶﾞ", "ガ"),
        ("㎏①…", "kg1..."),
        ("e\u0301", "é"),
        ("。、《》「」臺后 ABC", "。、《》「」臺后 ABC"),
        ("　　第一段　完\r\n\r\n　　第二段\n", "第一段 完\n第二段"),
        ("\u200b\ufeff", "\u200b\ufeff"),
        ("", ""),
    ],
)
def test_what_the_docs_say(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_lists_and_nulls() -> None:
    lists = pa.array([["Ａ ", None], None, [], ["　"]], pa.list_(pa.large_string()))
    assert normalise_array(lists).to_pylist() == [["A", None], None, [], [""]]
    assert normalise_array(lists[1:]).to_pylist() == [None, [], [""]]
    assert normalise_array(lists).type == lists.type
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        array = normalise_array(pa.array(["Ａ", None], pa.string()).cast(kind))
        assert (array.type, array.to_pylist()) == (pa.large_string(), ["A", None])


def test_only_the_columns_that_are_named() -> None:
    batch = pa.record_batch({"url": ["ｈ"], "question": ["ｑ"], "n": [1]})
    assert normalise_columns(batch, ["question"]).to_pylist() == [{"url": "ｈ", "question": "q", "n": 1}]
