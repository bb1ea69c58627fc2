"""JSON that is not one record a line: an array of objects, or objects one after another, made into lines."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nlptools.corpus.byte_stream import ByteStream, chunk_stream
from nlptools.corpus.reading import Content
from nlptools.errors import InputError

CHUNK_BYTES = 1 << 20


def value_lines(content: Content) -> Content:
    """Return the same records as JSON lines: record n of the array is line n.

    Reading raises InputError if the array ends early, or text goes on after its end. What is wrong inside an
    element makes that line wrong JSON; nothing is mended.
    """
    return replace(content, stream=chunk_stream(_lines(content.stream, content.name)))


def _lines(stream: ByteStream, name: str) -> Iterator[bytes]:
    from nlptools.corpus._kernels import split_values  # here, because numba takes its time to import

    state = np.zeros(5, dtype=np.int64)
    while chunk := stream.read(CHUNK_BYTES):
        data = np.frombuffer(chunk, dtype=np.uint8)
        out = np.empty(2 * data.size, dtype=np.uint8)
        size, stopped = split_values(data, state, out)
        yield out[:size].tobytes()
        if stopped >= 0:
            raise InputError(f"{name}: goes on after the end of its JSON array; what is the rest? Cut it off")
    if state[0]:
        raise InputError(f"{name}: the JSON ends early, inside of an array or object; copy the file again")
