"""Texts that differ only in width, in compatibility forms or in white space become one.

Two things are done, in this order:

1. Unicode NFKC (Unicode annex 15): full-width letters, digits and punctuation become half-width (Ａ１，→ A1,),
   half-width kana full-width (ｶﾞ → ガ), compatibility forms their plain equivalents (㎏ → kg, ① → 1, … → ...),
   and sequences with combining marks one character where there is one (e + ´ → é). Chinese punctuation without
   a half-width twin stays: 。、《》「」. Traditional and simplified characters stay, as does the case of letters.
2. White space (what `str.isspace` is true of): a run that holds a line break becomes one newline, any other
   run one blank, and none is left at the two ends.

Nothing else is changed, and doing it twice changes nothing more.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa

_BREAKS = r"\n\r\v\f\x1c-\x1e\x{85}\x{2028}\x{2029}"
_BLANKS = r" \t\x1f\x{1680}"  # NFKC has made blanks of the others
_UNTIDY = f"^[{_BREAKS}{_BLANKS}]|[{_BREAKS}{_BLANKS}]$|[{_BREAKS}{_BLANKS}]{{2}}|[{_BREAKS[2:]}{_BLANKS[1:]}]"


def normalise(text: str) -> str:
    r"""Return `text` in NFKC, and with its white space tidied.

    >>> normalise("　Ｗｉ－Ｆｉ 　很慢！\r\n\r\n ㎏")
    'Wi-Fi 很慢!\nkg'
    """
    normal: str = normalise_array(pa.array([text], pa.large_string()))[0].as_py()
    return normal


def normalise_array(array: Any) -> Any:
    """Return the large_string array, or the list array of such, of the normalised strings; nulls stay nulls.

    array: of any type of string, or of lists of one.
    """
    if not is_list(array.type):
        return _normalised(array.cast(pa.large_string()))
    import pyarrow.compute as pc

    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    strings = _normalised(array.flatten().cast(pa.large_string()))
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), strings, mask=array.is_null()).cast(
        pa.list_(pa.large_string())
    )


def normalise_columns(batch: Any, columns: Collection[str]) -> Any:
    """Return the record batch with these columns normalised."""
    for place, name in enumerate(batch.schema.names):
        if name in columns:
            batch = batch.set_column(place, name, normalise_array(batch.column(place)))
    return batch


def is_list(kind: Any) -> bool:
    """Say whether an Arrow type is that of lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _normalised(strings: Any) -> Any:
    import pyarrow.compute as pc

    strings = pc.utf8_normalize(strings, form="NFKC")
    untidy = pc.match_substring_regex(strings, _UNTIDY)
    tidied = pa.array(map(_tidy, strings.filter(untidy).to_pylist()), pa.large_string())
    return pc.replace_with_mask(strings, untidy, tidied) if len(tidied) else strings


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
