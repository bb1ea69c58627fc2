"""Which words a dictionary has."""

import pyarrow as pa
import pyarrow.compute as pc


def is_member(words: pa.ChunkedArray, dictionary: set[str]) -> pa.ChunkedArray:
    """Return which of `words` are in the dictionary."""
    return pc.is_in(words, pa.array(sorted(dictionary), words.type))
