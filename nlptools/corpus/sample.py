"""`sample_corpus`: some records of a corpus, drawn at random."""

from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.record_texts import Progress, as_records
from nlptools.errors import OptionError


def sample_corpus(source: Any, rows: int, *, seed: int = 0, progress: Progress = None, **reading: Any) -> Any:
    """Return `rows` records of `source`, each as likely as any other, in their order, as a pyarrow Table.

    All of them if there are not so many. Equal seeds give equal samples. In memory are at most two times as many
    records as asked for, and one batch. source, reading: as in `open_records`. Raises OptionError unless rows >= 1
    and seed >= 0, InputError if the source cannot be read.
    """
    if rows < 1:
        raise OptionError(f"rows={rows} would be an empty sample; ask for 1 or more")
    if seed < 0:
        raise OptionError(f"seed={seed} cannot be used; give 0 or more")
    records = as_records(source, reading)
    draw = np.random.PCG64(seed)  # its raw numbers are promised to stay
    kept = records.schema.empty_table()
    lots = np.empty(0, np.uint64)  # of each record that is kept; the lowest win
    for batch in records.batches(progress):
        kept = pa.concat_tables([kept, pa.Table.from_batches([batch], kept.schema)])
        lots = np.concatenate([lots, draw.random_raw(batch.num_rows)])
        if len(lots) > 2 * rows:
            kept, lots = _lowest(kept, lots, rows)
    return _lowest(kept, lots, rows)[0]


def _lowest(kept: Any, lots: Any, rows: int) -> tuple[Any, Any]:
    winners = np.sort(np.argsort(lots, kind="stable")[:rows])
    return kept.take(pa.array(winners)).combine_chunks(), lots[winners]
