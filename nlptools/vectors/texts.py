"""The texts of some documents, to show beside their keys."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nlptools.corpus.stream import Corpus

CHARACTERS = 60


def document_texts(corpus: Corpus, keys: Any, characters: int = CHARACTERS) -> pa.LargeStringArray:
    """Return the beginnings of the texts of documents, (N,), white space within as one blank; null where there is none.

    keys: (N,), strings. Reads the corpus as far as the last of them.
    """
    wanted = pc.unique(keys).cast(pa.large_string())
    text_of: dict[str, str] = {}
    for batch in corpus.batches():
        documents = batch.column("document").cast(pa.large_string())
        here = pc.is_in(documents, wanted)
        texts = pc.utf8_slice_codeunits(batch.column("text").filter(here), 0, 10 * characters).to_pylist()
        for key, text in zip(documents.filter(here).to_pylist(), texts, strict=True):
            text_of[key] = " ".join(text.split())[:characters]
        if len(text_of) == len(wanted):
            break
    return pa.array([text_of.get(key) for key in keys.to_pylist()], pa.large_string())
