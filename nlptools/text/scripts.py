"""Folding of traditional to simplified characters and back, by OpenCC (phrase by phrase: 乾隆 stays, 乾淨 becomes 干净)."""

from collections.abc import Callable

import pyarrow as pa

_CONFIGURATIONS = {"simplified": "t2s", "traditional": "s2t"}


def folder(script: str) -> Callable[[str], str]:
    """Return the function that folds a text to `script`: keep, simplified or traditional."""
    if script == "keep":
        return lambda text: text
    from opencc import OpenCC  # loads its dictionaries: some milliseconds, and only where asked for

    convert: Callable[[str], str] = OpenCC(_CONFIGURATIONS[script]).convert
    return convert


def batch_folder(script: str) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Return the function that folds the `text` column of a record batch to `script`."""
    if script == "keep":
        return lambda batch: batch
    fold = folder(script)

    def fold_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
        texts = batch.column("text").to_pylist()
        folded = fold("\n".join(texts)).split("\n")
        if len(folded) != len(texts):  # a document has line ends of its own
            folded = [fold(text) for text in texts]
        column = pa.array(folded, pa.large_string())
        return batch.set_column(batch.schema.get_field_index("text"), "text", column)

    return fold_batch
