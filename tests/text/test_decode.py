"""The decode kernel on any bytes, between guards, against Python's decoder, asked for each character."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.text._kernels import decode
from nlptools.text.characters import class_table
from nlptools.text.encode import encode_characters

GUARD = 0xABABABAB

AWKWARD = [
    b"",
    b"\0",
    b"a\0b",
    b"\x80",  # a lone continuation byte
    b"\xbf\xbf\xbf\xbf\xbf",
    b"a\x80\xe4\xb8\xad",
    b"\xe4\xb8",  # characters cut at the end
    b"\xe4",
    b"\xc3",
    b"\xf0\xa0\xae",
    b"\xf0\xa0",
    b"\xf0",
    b"\xe4AB",  # and in the middle
    b"\xe4\xb8A",
    b"\xc3A",
    b"\xf0ABC",
    b"\xf0\xa0\xaeA",
    b"\xe4\xe4\xb8\xad",
    b"\xc0\x80\xc1\x81\xe0\x81\x81\xf0\x80\x81\x81",  # overlong NUL and A
    b"\xed\xa0\x80\xed\xbf\xbf",  # surrogates
    b"\xf4\x8f\xbf\xbf",  # the last code point, and beyond
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf8\xa0\x80\x80",
    b"\xff\xa0\x80\x80",
    b"\xff\xff\xff\xff",
    b"\xef\xbb\xbfBOM",
    b"a\r\nb\r\n",
    "𠮷野家，👩‍👩‍👧 ＡＢＣ１２３ 中é".encode(),
]

documents = st.one_of(
    st.sampled_from(AWKWARD),
    st.binary(max_size=12),
    st.text("a，中é𠮷👩\r\n\0", max_size=6).map(str.encode),
    st.lists(st.sampled_from([b"\xe4", b"\xb8", b"\xad", b"a", b"\xc3", b"\xa9", b"\xf0", b"\xa0", b"\xff"])).map(
        b"".join
    ),
)


def is_break(character: str) -> bool:
    point = ord(character)
    if point > 0xFFFF:
        return 0xE0000 <= point <= 0xE0FFF
    if "\uf900" <= character <= "\ufaff":  # Han, whether assigned or not
        return False
    return unicodedata.category(character)[0] not in "LMN"


def decode_twin(document: bytes) -> list[int]:
    """Return code points, 0 for a break; a byte that begins no valid character is one."""
    found = []
    i = 0
    while i < len(document):
        for length in (1, 2, 3, 4):
            try:
                character = document[i : i + length].decode("utf-8")
            except UnicodeDecodeError:
                continue
            found.append(0 if is_break(character) else ord(character))
            i += length
            break
        else:
            found.append(0)
            i += 1
    return found


def text_twin(texts: list[bytes]) -> tuple[list[int], list[int]]:
    """Return the codes of all documents, with breaks around them, none twice; and document ends."""
    codes, ends = [0], []
    for text in texts:
        for code in [*decode_twin(text), 0]:
            if code or codes[-1]:
                codes.append(code)
        ends.append(len(codes))
    return codes, ends


def decoded(
    texts: list[bytes], before: bytes = b"", behind: bytes = b""
) -> tuple[NDArray[np.uint32], list[int], list[int]]:
    """Run the kernel on documents that lie between other bytes, its outputs between guards."""
    data = np.frombuffer(before + b"".join(texts) + behind, np.uint8)
    offsets = len(before) + np.cumsum([0] + [len(text) for text in texts], dtype=np.int64)
    size = sum(map(len, texts)) + len(texts) + 1
    codes = np.full(size + 8, GUARD, np.uint32)
    ends = np.full(len(texts) + 4, -7, np.int64)
    hashes = np.full(len(texts) + 4, GUARD, np.uint64)
    out = slice(2, 2 + len(texts))
    n = int(decode(data, offsets, class_table(), codes[4 : 4 + size], ends[out], hashes[out]))
    assert 1 <= n <= size
    assert set(codes[:4].tolist()) | set(codes[4 + n :].tolist()) == {GUARD}
    assert ends[:2].tolist() + ends[-2:].tolist() == [-7] * 4
    assert hashes[:2].tolist() + hashes[-2:].tolist() == [GUARD] * 4
    return codes[4 : 4 + n], ends[out].tolist(), hashes[out].tolist()


@given(st.lists(documents, max_size=6))
@example(AWKWARD)
@example(AWKWARD[::-1])
def test_any_bytes(texts: list[bytes]) -> None:
    codes, ends, _ = decoded(texts)
    assert (codes.tolist(), ends) == text_twin(texts)


@pytest.mark.parametrize("text", AWKWARD, ids=repr)
def test_one_awkward_document(text: bytes) -> None:
    codes, ends, _ = decoded([text])
    assert (codes.tolist(), ends) == text_twin([text])


@given(st.lists(documents, max_size=4), st.binary(max_size=4), st.sampled_from([b"", b"\xbf" * 4, b"\xad\xae"]))
def test_bytes_outside_the_documents_change_nothing(texts: list[bytes], before: bytes, behind: bytes) -> None:
    codes, ends, hashes = decoded(texts)
    others, other_ends, other_hashes = decoded(texts, before, behind)
    assert (codes.tolist(), ends, hashes) == (others.tolist(), other_ends, other_hashes)


@given(st.lists(documents, min_size=1, max_size=4))
def test_a_document_does_not_see_the_next(texts: list[bytes]) -> None:
    _, _, hashes = decoded(texts)
    for text, digest in zip(texts, hashes, strict=True):
        assert decoded([text])[2] == [digest]


@given(st.lists(st.text("ab中，\0 ", max_size=4), max_size=30))
def test_hashes_are_equal_where_the_texts_are(texts: list[str]) -> None:
    _, _, hashes = decoded([text.encode() for text in texts])
    assert len(set(hashes)) == len(set(texts))
    assert len(set(zip(texts, hashes, strict=True))) == len(set(texts))


@given(st.lists(documents, max_size=5), st.integers(1, 3))
def test_invalid_bytes_in_an_arrow_array(texts: list[bytes], threads: int) -> None:
    offsets = np.cumsum([0] + [len(text) for text in texts], dtype=np.int64)
    array = pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(b"".join(texts)))
    text = encode_characters([pa.record_batch({"text": array})], threads)
    codes, ends = text_twin(texts)
    alphabet = sorted(set(codes))
    assert text.codes.tolist() == [alphabet.index(code) for code in codes]
    assert text.alphabet.to_pylist() == ["", *map(chr, alphabet[1:])]
    assert text.document_ends.tolist() == ends
