"""Keys of documents: what the corpus calls them, or their numbers from 0."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nlptools.corpus.stream import Corpus
from nlptools.vectors.word2vec_files import BROKEN


class DocumentKeys:
    """The keys of documents that pass.

    named: whether a document so far has a name, which is its value of `group_by`, or its file if that is a document.
    """

    def __init__(self) -> None:
        self.named = False
        self._names: list[Any] = []
        self._documents = 0

    def batches(self, corpus: Corpus, progress: Callable[[int], object] | None = None) -> Iterator[Any]:
        """Yield the batches of a corpus, with a column `name`."""
        for batch in corpus.batches(progress, names=True):
            names = batch.column("name")
            if names.null_count < len(names):
                self.named = True
                self._names.append(names)
            self._documents += batch.num_rows
            yield batch

    def are_names(self) -> bool:
        """Return whether the names are the keys.

        They are if each document has one, and no two are the same, also in .vec and .bin, where white space is _.
        """
        if not self.named:
            return False
        names = pa.concat_arrays(self._names)
        if len(names) < self._documents or names.null_count or pc.any(pc.equal(names, "")).as_py():
            return False
        distinct: int = pc.count_distinct(pc.replace_substring_regex(names, BROKEN, "_")).as_py()
        return distinct == len(names)

    def array(self) -> Any:
        """Return the keys, large_string (N,): names, or the numbers of all documents."""
        if self.are_names():
            return pa.concat_arrays(self._names)
        return pa.array(np.arange(self._documents)).cast(pa.large_string())
