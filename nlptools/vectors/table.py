"""`VectorTable`: words or documents and their vectors, as they go from training to files and to gensim."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nlptools.errors import InputError

Kind = Literal["word", "document"]

METADATA = b"nlptools"
LAYOUT = "vectors 1"
"""What the metadata of our Arrow tables say under `METADATA`."""


@dataclass(frozen=True)
class VectorTable:
    """Vectors with their keys. Nothing is copied on the way in or out."""

    words: pa.LargeStringArray
    """(V,), keys; of documents too"""
    vectors: NDArray[np.float32]
    """(V, D)"""
    counts: NDArray[np.int64] | None = None
    """(V,), how often each word occurred"""
    contexts: NDArray[np.float32] | None = None
    """(V, D), the vectors of the same words as contexts"""
    biases: NDArray[np.float32] | None = None
    """(V,), of the words as contexts"""
    facts: dict[str, str] = field(default_factory=dict)
    """how the vectors were made"""
    kind: Kind = "word"

    def __post_init__(self) -> None:
        """Raise InputError if the shapes do not agree."""
        if self.vectors.ndim != 2:
            raise InputError(
                f"vectors of shape {self.vectors.shape} cannot be used; give a matrix, a row for each word"
            )
        size, dimension = self.vectors.shape
        for name, shape in (
            ("words", (size,)),
            ("counts", (size,)),
            ("contexts", (size, dimension)),
            ("biases", (size,)),
        ):
            part = getattr(self, name)
            found = (len(part),) if name == "words" else None if part is None else part.shape
            if found not in (None, shape):
                raise InputError(
                    f"{name} of shape {found} do not belong to vectors of shape {size, dimension}; give one for each"
                )

    def __len__(self) -> int:
        """Return V, the number of keys."""
        return len(self.words)

    @property
    def vector_size(self) -> int:
        """D, how many numbers a vector has."""
        return int(self.vectors.shape[1])

    def rows_of(self, words: Iterable[str]) -> NDArray[np.int64]:
        """Return the row of each word, (N,); -1 where it is not in the table. Of equal keys the first counts."""
        asked = list(words)
        encoded = [word.encode("utf-8", "surrogatepass") for word in asked]  # what is no UTF-8 is no key
        distinct = pa.array(dict.fromkeys(encoded), pa.large_binary())
        numbers = pc.index_in(self.words.cast(pa.large_binary()), distinct)
        rows = pc.indices_nonzero(numbers.is_valid()).to_numpy().astype(np.int64)
        row_of = np.full(len(distinct), -1, np.int64)
        row_of[numbers.drop_null().to_numpy()[::-1]] = rows[::-1]
        found: NDArray[np.int64] = row_of[pc.index_in(pa.array(encoded, pa.large_binary()), distinct).to_numpy()]
        return found

    def keyed_vectors(self) -> Any:
        """Return gensim `KeyedVectors` that share the matrix.

        The counts are its attribute "count" of each key; `contexts`, `biases`, `facts` and `kind` are attributes of the
        object, so that `from_keyed_vectors` finds them again.
        """
        from gensim.models import KeyedVectors

        keyed = KeyedVectors(self.vector_size)
        keyed.index_to_key = self.words.to_pylist()
        keyed.key_to_index = dict(zip(keyed.index_to_key, range(len(self)), strict=True))
        keyed.next_index = len(self)
        keyed.vectors = self.vectors
        if self.counts is not None:
            keyed.expandos["count"] = self.counts
        keyed.contexts, keyed.biases = self.contexts, self.biases
        keyed.facts, keyed.kind = self.facts, self.kind
        return keyed

    @classmethod
    def from_keyed_vectors(cls, keyed: Any) -> "VectorTable":
        """Return the table of gensim `KeyedVectors`, also of those that we did not make."""
        try:
            words = pa.array([str(key) for key in keyed.index_to_key], pa.large_string())
        except UnicodeEncodeError as error:
            raise InputError("a key of the vectors has a lone surrogate, which UTF-8 cannot say; rename it") from error
        counts = keyed.expandos.get("count")
        if counts is not None and counts.dtype.kind not in "iu":  # gensim: words that its vocabulary file lacks
            counts = None
        contexts, biases = getattr(keyed, "contexts", None), getattr(keyed, "biases", None)
        return cls(
            words,
            np.asarray(keyed.vectors, np.float32),
            None if counts is None else np.asarray(counts, np.int64),
            contexts,
            biases,
            dict(getattr(keyed, "facts", {})),
            getattr(keyed, "kind", "word"),
        )

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow, sharing the memory: `word` or `document`, `count`, `vector`, `context`, `bias`.

        Columns that the table does not have are left out. The metadata of the schema say the kind and the facts.
        """
        columns: dict[str, Any] = {self.kind: self.words}
        if self.counts is not None:
            columns["count"] = pa.array(self.counts)
        columns["vector"] = _lists(self.vectors)
        if self.contexts is not None:
            columns["context"] = _lists(self.contexts)
        if self.biases is not None:
            columns["bias"] = pa.array(self.biases)
        fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
        facts = json.dumps(self.facts, ensure_ascii=False, sort_keys=True)
        return pa.table(list(columns.values()), schema=pa.schema(fields, {METADATA: LAYOUT, "facts": facts}))


def table_of(vectors: Any) -> VectorTable:
    """Return a `VectorTable` of what a user gives: a `VectorTable`, gensim `KeyedVectors`, or a model that has some."""
    if isinstance(vectors, VectorTable):
        return vectors
    keyed = getattr(vectors, "wv", vectors)
    if not hasattr(keyed, "index_to_key"):
        raise InputError(f"{type(vectors).__name__} has no vectors; give a VectorTable or gensim KeyedVectors")
    return VectorTable.from_keyed_vectors(keyed)


def _lists(matrix: NDArray[np.float32]) -> pa.FixedSizeListArray:
    """Return the rows of a matrix, where they are."""
    item = pa.field("item", pa.float32(), nullable=False)
    flat = pa.array(np.ascontiguousarray(matrix, np.float32).reshape(-1))
    return pa.Array.from_buffers(pa.list_(item, matrix.shape[1]), matrix.shape[0], [None], children=[flat])
