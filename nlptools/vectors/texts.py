"""The texts of some documents, to show beside their keys."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nlptools.corpus.stream import Corpus
from nlptools.vectors.document_keys import DocumentKeys

CHARACTERS = 60


def document_texts(corpus: Corpus, keys: Any, characters: int = CHARACTERS) -> pa.LargeStringArray:
    """Return the beginnings of the texts of documents, (N,), white space within as one blank; null where there is none.

    keys: (N,), strings, as training gives them. Reads the corpus as far as the last of them, or whole if its documents
    have names.
    """
    wanted = pc.unique(keys).cast(pa.large_string())
    of_number: dict[str, str] = {}
    of_name: dict[str, str] = {}
    known = DocumentKeys()
    for batch in known.batches(corpus):
        _take(batch, batch.column("document").cast(pa.large_string()), wanted, characters, of_number)
        _take(batch, batch.column("name"), wanted, characters, of_name)
        if len(of_number) == len(wanted) and not known.named:
            break
    text_of = of_name if known.are_names() else of_number
    return pa.array([text_of.get(key) for key in keys.to_pylist()], pa.large_string())


def _take(batch: Any, keys: Any, wanted: Any, characters: int, text_of: dict[str, str]) -> None:
    """Put the beginnings of the wanted texts of a batch into a dict."""
    here = pc.is_in(keys, wanted)
    texts = pc.utf8_slice_codeunits(batch.column("text").filter(here), 0, 10 * characters).to_pylist()
    for key, text in zip(keys.filter(here).to_pylist(), texts, strict=True):
        text_of[key] = " ".join(text.split())[:characters]
