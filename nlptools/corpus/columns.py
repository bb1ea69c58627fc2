"""Arrow columns from buffers. `pyarrow.array` would do, but loads pandas where there is one: half a second."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nlptools.corpus.reading import large_strings


def integers(values: NDArray[np.int64] | Sequence[int]) -> Any:
    """Return an int64 array."""
    values = np.ascontiguousarray(values, np.int64)
    return pa.Array.from_buffers(pa.int64(), values.size, [None, pa.py_buffer(values)])


def strings(values: Sequence[str]) -> Any:
    """Return a large_string array."""
    encoded = [value.encode() for value in values]
    offsets = np.concatenate([[0], np.cumsum(list(map(len, encoded)))]).astype(np.int64)
    return large_strings(offsets, np.frombuffer(b"".join(encoded), np.uint8))
