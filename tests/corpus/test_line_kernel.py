"""Bytes to lines: the kernel and the blocks around it against a slow twin."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.corpus import ReadOptions
from nlptools.corpus._kernels import read_lines
from nlptools.corpus.byte_stream import ByteStream
from nlptools.corpus.plain_text import TEXT_SCHEMA, TextReader
from nlptools.corpus.reading import Content, Reading, Wanted

AWKWARD = [
    b"",
    b"a",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n\n",
    b"a\rb\r\r\nc\r",
    "中文，𠮷野家。\nEmoji 👩‍👩‍👧 and 全角ＡＢＣ\n\n末行".encode(),
    b"ok\n\xed\xa0\x80\nok\n",  # a lone surrogate
    b"\xc0\xaf\n\xe0\x80\xaf\n\xf0\x80\x80\xaf\n",  # overlong
    b"\xf4\x8f\xbf\xbf\n\xf4\x90\x80\x80\n\xf5\x80\x80\x80",  # the last character, and beyond
    b"\xef\xbb\xbfBOM\n\xef\xbb\xbfBOM",
    b"a\0b\n\0\n",
    b"\xe4\xb8\n\xad\n\xe4\n\xe4\xb8\xad",  # characters cut by a newline
    b"cut at the end \xf0\xa0\xae",
    b"\x80\n\xbf\r\n\xff\xfe\n",
    b"caf\xc3\xa9 \xc2\n\xdf\xbf\xc1\xbf\n",
]

pieces = st.one_of(
    st.sampled_from(
        [b"\n", b"\r\n", b"\r", b"\0", b"\xed\xa0\x80", b"\xc0\xaf", b"\xe4\xb8", b"\xef\xbb\xbf", b"\xff"]
    ),
    st.text(alphabet="a中é𠮷👩\n", max_size=5).map(str.encode),
    st.binary(max_size=6),
)
contents = st.lists(pieces, max_size=20).map(b"".join)


def lines_twin(data: bytes) -> tuple[list[str], list[tuple[int, bytes]]]:
    """Return the valid lines, and (number, bytes) of the others, the slow way."""
    good: list[str] = []
    bad: list[tuple[int, bytes]] = []
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        last = number == len(lines)
        if last and not line:
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            bad.append((number, line))
        else:
            good.append(text[:-1] if text.endswith("\r") and not last else text)
    return good, bad


def run_kernel(kernel: Any, data: bytes) -> Any:
    size = data.count(b"\n") + 1
    out = np.zeros(len(data), dtype=np.uint8)
    offsets = np.zeros(size + 1, dtype=np.int64)
    bad = np.zeros((size, 3), dtype=np.int64)
    lines, accepted, bads = kernel(np.frombuffer(data, dtype=np.uint8), out, offsets, bad)
    assert lines == accepted + bads
    good = [bytes(out[offsets[k] : offsets[k + 1]]).decode() for k in range(accepted)]
    return good, [(line + 1, data[start:end]) for line, start, end in bad[:bads].tolist()]


def read_in_blocks(data: bytes, block_bytes: int) -> tuple[list[str], list[tuple[int, bytes]]]:
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        position += size
        return data[position - size : position]

    rejected: list[tuple[int, bytes]] = []

    class Noting(Reading):
        def reject(self, file: str, line: int, reason: str, data: bytes | str | None) -> None:
            assert isinstance(data, bytes)
            rejected.append((line, data))

    reading = Noting(ReadOptions(batch_bytes=block_bytes))
    good: list[str] = []
    reader = TextReader(Content(ByteStream(read), "twin.txt"), reading.options)
    for batch in reader.batches(Wanted(TEXT_SCHEMA), reading):
        batch.validate(full=True)
        good += batch.column("text").to_pylist()
    return good, rejected


@pytest.mark.parametrize("data", AWKWARD)
@pytest.mark.parametrize("kernel", [read_lines, getattr(read_lines, "py_func", read_lines)], ids=["compiled", "python"])
def test_kernel_on_awkward_bytes(kernel: Any, data: bytes) -> None:
    assert run_kernel(kernel, data) == lines_twin(data)


@given(contents)
def test_kernel_agrees_with_twin(data: bytes) -> None:
    assert run_kernel(read_lines, data) == lines_twin(data)


@given(contents, st.integers(1, 64))
@example(b"\xe4\xb8\xad\r\n\xf0\xa0\xae\xb7\r\n\xff\r\n", 1)
def test_blocks_do_not_matter(data: bytes, block_bytes: int) -> None:
    assert read_in_blocks(data, block_bytes) == lines_twin(data)


@given(st.binary(min_size=1, max_size=4))
def test_every_short_sequence_is_judged_as_python_judges_it(data: bytes) -> None:
    assert run_kernel(read_lines, data) == lines_twin(data)


def test_all_two_byte_and_lead_sequences() -> None:
    tails = [b"", b"\x80", b"\x8f", b"\x90", b"\x9f", b"\xa0", b"\xbf", b"\xc0", b"a"]
    whole = b"".join(
        bytes([lead]) + a + b + c + b"\n" for lead in range(256) for a in tails for b in tails for c in tails
    )
    assert run_kernel(read_lines, whole) == lines_twin(whole)


def test_ten_megabytes_on_one_line() -> None:
    data = "一二三四五".encode() * 700_000 + b"\nshort\n"
    good, bad = read_in_blocks(data, 1 << 20)
    assert [len(text) for text in good] == [3_500_000, 5]
    assert not bad
