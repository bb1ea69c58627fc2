"""Keys of documents: names where each has one of its own, else numbers."""

from typing import Any

import pyarrow as pa
import pytest

import nlptools as nt
from nlptools.vectors.document_keys import DocumentKeys


def keys_of(names: list[Any], batch_bytes: int = 1) -> list[str]:
    table = pa.table({"name": names, "text": [f"{number}" for number in range(len(names))]})
    keys = DocumentKeys()
    for _ in keys.batches(nt.open_corpus(table, text_column="text", group_by="name", batch_bytes=batch_bytes)):
        pass
    found = keys.array()
    assert found.type == pa.large_string()
    assert keys.named == any(name is not None for name in names)
    return list(found.to_pylist())


@pytest.mark.parametrize("batch_bytes", [1, 4, 1 << 20])
def test_names_or_numbers(batch_bytes: int) -> None:
    assert keys_of(["𠮷", "𠮷", "b c", "2"], batch_bytes) == ["𠮷", "b c", "2"]
    assert keys_of([30, 20, 20, 10], batch_bytes) == ["30", "20", "10"]
    assert keys_of(["a", "b", "a"], batch_bytes) == ["0", "1", "2"]
    assert keys_of(["a b", "a_b"], batch_bytes) == ["0", "1"]  # the same in .vec and .bin
    assert keys_of(["a", ""], batch_bytes) == ["0", "1"]
    assert keys_of(["a", None], batch_bytes) == ["0", "1"]
    assert keys_of([None, "a", "b"], batch_bytes) == ["0", "1", "2"]
    assert keys_of([None, None], batch_bytes) == ["0"]


def test_documents_without_names() -> None:
    keys = DocumentKeys()
    assert keys.array().to_pylist() == []
    assert sum(batch.num_rows for batch in keys.batches(nt.open_corpus(["a", "", "b"], batch_bytes=1))) == 3
    assert keys.array().to_pylist() == ["0", "1", "2"]
