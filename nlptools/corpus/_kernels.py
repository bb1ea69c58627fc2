"""From the bytes of a file to the buffers of Arrow arrays.

`read_lines` and `find_values` take a block of whole lines (only the last may lack its newline). Strings are
written one after another to `out`: string s begins at offsets[s] and ends at offsets[s + 1].

`read_lines` accepts every line that is valid UTF-8. `find_values` accepts every line that is plainly one
JSON object with values of the wanted kinds, and leaves all others to Python's `json`, whose word is final.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _character_size(data: Bytes, i: int, end: int) -> int:
    """Return how many bytes the non-ASCII character at i takes, 0 if they are not valid UTF-8 (RFC 3629)."""
    lead = data[i]
    if 0xE0 <= lead < 0xF0:
        if i + 2 >= end or data[i + 1] & 0xC0 != 0x80 or data[i + 2] & 0xC0 != 0x80:
            return 0
        if (lead == 0xE0 and data[i + 1] < 0xA0) or (lead == 0xED and data[i + 1] >= 0xA0):
            return 0  # overlong, surrogate
        return 3
    if 0xC2 <= lead < 0xE0:
        return 2 if i + 1 < end and data[i + 1] & 0xC0 == 0x80 else 0
    if 0xF0 <= lead < 0xF5:
        if i + 3 >= end or data[i + 1] & 0xC0 != 0x80:
            return 0
        if data[i + 2] & 0xC0 != 0x80 or data[i + 3] & 0xC0 != 0x80:
            return 0
        if (lead == 0xF0 and data[i + 1] < 0x90) or (lead == 0xF4 and data[i + 1] >= 0x90):
            return 0  # overlong, beyond U+10FFFF
        return 4
    return 0


@njit(cache=True, nogil=True)
def _is_common(data: Bytes, i: int, end: int) -> bool:
    """Say whether a character of U+1000 to U+CFFF is at i, as nearly all Chinese ones are: a short cut."""
    return 0xE1 <= data[i] < 0xED and i + 2 < end and data[i + 1] & 0xC0 == 0x80 and data[i + 2] & 0xC0 == 0x80


@njit(cache=True, nogil=True)
def read_lines(data: Bytes, out: Bytes, offsets: Ints, bad: Ints) -> tuple[int, int, int]:
    """Copy the valid lines without LF or CRLF; return how many lines there were, were accepted, were bad.

    data: (N,). out: (N,). offsets: (lines + 1,). bad: (lines, 3), for each line that is not valid UTF-8 the
    number of the line in this block, its first byte and the end of its bytes.
    """
    lines = accepted = bads = 0
    i = o = 0
    end = data.size
    offsets[0] = 0
    while i < end:
        start = i
        valid = True
        while i < end:
            byte = data[i]
            if byte < 0x80:
                if byte == 0x0A:
                    break
                out[o] = byte
                i += 1
                o += 1
            elif _is_common(data, i, end):
                out[o] = byte
                out[o + 1] = data[i + 1]
                out[o + 2] = data[i + 2]
                i += 3
                o += 3
            else:
                size = _character_size(data, i, end)
                if size == 0:
                    valid = False
                    break
                for _ in range(size):
                    out[o] = data[i]
                    i += 1
                    o += 1
        while i < end and data[i] != 0x0A:  # only moves in a bad line
            i += 1
        if valid:
            if i < end and i > start and data[i - 1] == 0x0D:
                o -= 1
            accepted += 1
            offsets[accepted] = o
        else:
            bad[bads, 0] = lines
            bad[bads, 1] = start
            bad[bads, 2] = i
            bads += 1
            o = offsets[accepted]
        lines += 1
        i += 1
    return lines, accepted, bads


@njit(cache=True, nogil=True)
def _skip_spaces(data: Bytes, i: int, end: int) -> int:
    while i < end and (data[i] == 0x20 or data[i] == 0x09 or data[i] == 0x0D):
        i += 1
    return i


@njit(cache=True, nogil=True)
def _hex4(data: Bytes, i: int, end: int) -> int:
    """Return the value of four hexadecimal digits at i, -1 if they are not that."""
    if i + 4 > end:
        return -1
    value = 0
    for j in range(i, i + 4):
        byte = int(data[j])
        if not (0x30 <= byte <= 0x39 or 0x41 <= byte & 0xDF <= 0x46):
            return -1
        value = value << 4 | (byte & 0x0F) + 9 * (byte >> 6)  # a letter has bit 6, and 1 to 6 in its low bits
    return value


@njit(cache=True, nogil=True)
def _is_escape(byte: int) -> bool:
    r"""Say whether the byte may follow a backslash: one of " \ / b f n r t."""
    return (
        byte == 0x22
        or byte == 0x5C
        or byte == 0x2F
        or byte == 0x62
        or byte == 0x66
        or byte == 0x6E
        or byte == 0x72
        or byte == 0x74
    )


@njit(cache=True, nogil=True)
def _point(data: Bytes, i: int, end: int) -> int:
    """Return the code point of the escape \\u.... at i, or of two that make a surrogate pair; -1 if it is none."""
    point = _hex4(data, i + 2, end)
    if point < 0xD800 or point >= 0xE000:
        return point
    if point >= 0xDC00 or i + 7 >= end or data[i + 6] != 0x5C or data[i + 7] != 0x75:
        return -1
    low = _hex4(data, i + 8, end)
    if low < 0xDC00 or low >= 0xE000:
        return -1
    return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)


@njit(cache=True, nogil=True)
def _string_end(data: Bytes, i: int, end: int) -> int:
    """Return where the string whose first byte is at i has its closing quote.

    -1 if it is not valid JSON, not valid UTF-8, or holds a lone surrogate.
    """
    while i < end:
        byte = data[i]
        if byte >= 0x80:
            if _is_common(data, i, end):
                i += 3
            else:
                size = _character_size(data, i, end)
                if size == 0:
                    return -1
                i += size
        elif byte == 0x22:
            return i
        elif byte < 0x20:
            return -1
        elif byte != 0x5C:
            i += 1
        elif i + 1 >= end:
            return -1
        elif data[i + 1] == 0x75:  # u
            size = 6 if _point(data, i, end) < 0x10000 else 12
            if _point(data, i, end) < 0:
                return -1
            i += size
        elif _is_escape(data[i + 1]):
            i += 2
        else:
            return -1
    return -1


@njit(cache=True, nogil=True)
def _digits_end(data: Bytes, i: int, end: int) -> int:
    while i < end and 0x30 <= data[i] <= 0x39:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _scalar_end(data: Bytes, i: int, end: int) -> int:
    """Return the end of the string, number, true, false or null at i, -1 if there is none."""
    byte = data[i]
    if byte == 0x22:
        close = _string_end(data, i + 1, end)
        return close if close < 0 else close + 1
    if byte == 0x74 and i + 4 <= end and data[i + 1] == 0x72 and data[i + 2] == 0x75 and data[i + 3] == 0x65:
        return i + 4
    if byte == 0x6E and i + 4 <= end and data[i + 1] == 0x75 and data[i + 2] == 0x6C and data[i + 3] == 0x6C:
        return i + 4
    if byte == 0x66 and i + 5 <= end and data[i + 1] == 0x61 and data[i + 2] == 0x6C:
        return i + 5 if data[i + 3] == 0x73 and data[i + 4] == 0x65 else -1
    if byte == 0x2D:
        i += 1
    first = i
    i = _digits_end(data, i, end)
    if i == first or (data[first] == 0x30 and i > first + 1):
        return -1
    if i < end and data[i] == 0x2E:
        first = i + 1
        i = _digits_end(data, first, end)
        if i == first:
            return -1
    if i < end and (data[i] == 0x65 or data[i] == 0x45):
        i += 1
        if i < end and (data[i] == 0x2B or data[i] == 0x2D):
            i += 1
        first = i
        i = _digits_end(data, first, end)
        if i == first:
            return -1
    return i


@njit(cache=True, nogil=True)
def _key_end(data: Bytes, i: int, end: int) -> int:
    """Return where the value begins after spaces, a key and its colon at i, -1 if it does not."""
    i = _skip_spaces(data, i, end)
    if i >= end or data[i] != 0x22:
        return -1
    i = _string_end(data, i + 1, end)
    if i < 0:
        return -1
    i = _skip_spaces(data, i + 1, end)
    return i + 1 if i < end and data[i] == 0x3A else -1


@njit(cache=True, nogil=True)
def _value_end(data: Bytes, i: int, end: int, max_depth: int) -> int:
    """Return the end of the JSON value at i, -1 if it is not valid or nested deeper than max_depth, at most 64."""
    depth = 0
    objects = np.uint64(0)  # one bit for each open bracket, the innermost lowest: 1 object, 0 array
    one = np.uint64(1)
    while True:
        i = _skip_spaces(data, i, end)
        if i >= end:
            return -1
        byte = data[i]
        if byte == 0x7B or byte == 0x5B:
            if depth == max_depth:
                return -1
            depth += 1
            objects = (objects << one) | np.uint64(byte == 0x7B)
            i = _skip_spaces(data, i + 1, end)
            if i >= end:
                return -1
            if data[i] != byte + 2:  # not empty; } and ] stand two above { and [
                if byte == 0x7B:
                    i = _key_end(data, i, end)
                    if i < 0:
                        return -1
                continue
        else:
            i = _scalar_end(data, i, end)
            if i < 0:
                return -1
        while depth > 0:  # a value has just ended, or an empty bracket is about to close
            i = _skip_spaces(data, i, end)
            if i >= end:
                return -1
            inside_object = objects & one
            if data[i] == (0x7D if inside_object else 0x5D):
                depth -= 1
                objects >>= one
                i += 1
            elif data[i] == 0x2C:
                i += 1
                if inside_object:
                    i = _key_end(data, i, end)
                    if i < 0:
                        return -1
                break
            else:
                return -1
        else:
            return i


@njit(cache=True, nogil=True)
def _strings_end(data: Bytes, i: int, end: int) -> int:
    """Return the end of the list of strings whose bracket is at i, -1 if it is none."""
    i = _skip_spaces(data, i + 1, end)
    if i < end and data[i] == 0x5D:
        return i + 1
    while i < end and data[i] == 0x22:
        i = _string_end(data, i + 1, end)
        if i < 0:
            return -1
        i = _skip_spaces(data, i + 1, end)
        if i < end and data[i] == 0x5D:
            return i + 1
        if i >= end or data[i] != 0x2C:
            return -1
        i = _skip_spaces(data, i + 1, end)
    return -1


@njit(cache=True, nogil=True)
def _whole_number_end(data: Bytes, i: int, end: int) -> int:
    """Return the end of the integer of up to 18 digits at i, -1 if there is none."""
    close = _scalar_end(data, i, end)
    for j in range(i + (data[i] == 0x2D), close):
        if not 0x30 <= data[j] <= 0x39:
            return -1
    return close if close - i <= 18 else -1


@njit(cache=True, nogil=True)
def _typed_end(data: Bytes, i: int, end: int, kind: int, max_depth: int) -> int:
    """Return the end of the value at i, -1 if it is not plainly of the kind (see `find_values`)."""
    byte = data[i]
    if byte == 0x6E:  # null fits every kind
        return _scalar_end(data, i, end)
    if kind == 0:
        return _scalar_end(data, i, end) if byte == 0x22 else -1
    if kind == 1:
        return _strings_end(data, i, end) if byte == 0x5B and max_depth > 0 else -1
    if kind == 2:
        return _whole_number_end(data, i, end)
    if kind == 3:
        return _scalar_end(data, i, end) if byte == 0x2D or 0x30 <= byte <= 0x39 else -1
    if kind == 4:
        return _scalar_end(data, i, end) if byte == 0x74 or byte == 0x66 else -1
    return _value_end(data, i, end, max_depth)


@njit(cache=True, nogil=True)
def _column_of(data: Bytes, i: int, keys: Bytes, key_starts: Ints, likely: int) -> int:
    """Return which of the keys the string with its first byte at i is: -1 none, -2 if escapes leave a doubt."""
    columns = key_starts.size - 1
    for step in range(columns):
        column = (likely + step) % columns
        start = key_starts[column]
        size = key_starts[column + 1] - start
        j = 0
        while j < size and data[i + j] == keys[start + j]:  # a key of ours needs no escapes, so has no quote
            j += 1
        if j == size and data[i + j] == 0x22:
            return column
    while data[i] != 0x22:
        if data[i] == 0x5C:
            return -2
        i += 1
    return -1


@njit(cache=True, nogil=True)
def _find_record(
    data: Bytes,
    i: int,
    keys: Bytes,
    key_starts: Ints,
    kinds: Ints,
    required: Ints,
    closed: bool,
    max_depth: int,
    spans: Ints,
) -> int:
    """Fill spans, shape (K, 2), from the line that begins at i; return its end, -1 when in doubt."""
    end = data.size  # no part of valid JSON steps over a line feed
    spans[:] = -1
    if data[i] != 0x7B or max_depth < 1:
        return -1
    likely = 0
    i = _skip_spaces(data, i + 1, end)
    empty = i < end and data[i] == 0x7D
    while not empty:
        key_start = _skip_spaces(data, i, end) + 1
        i = _key_end(data, key_start - 1, end)
        if i < 0:
            return -1
        i = _skip_spaces(data, i, end)
        if i >= end:
            return -1
        column = _column_of(data, key_start, keys, key_starts, likely)
        if column >= 0:
            start = i
            i = _typed_end(data, i, end, kinds[column], max_depth - 1)
            if i < 0 or spans[column, 0] >= 0:  # the same key twice
                return -1
            null = data[start] == 0x6E
            spans[column, 0] = 0 if null else start
            spans[column, 1] = 0 if null else i
            likely = column + 1
        elif column == -2 or closed:
            return -1
        else:
            i = _value_end(data, i, end, max_depth - 1)
            if i < 0:
                return -1
        i = _skip_spaces(data, i, end)
        if i >= end:
            return -1
        if data[i] == 0x7D:
            break
        if data[i] != 0x2C:
            return -1
        i += 1
    i = _skip_spaces(data, i + 1, end)
    if i < end and data[i] != 0x0A:
        return -1
    for column in required:
        if spans[column, 1] > 0:
            return i
    return i if required.size == 0 else -1


@njit(cache=True, nogil=True)
def find_values(
    data: Bytes,
    i: int,
    keys: Bytes,
    key_starts: Ints,
    kinds: Ints,
    required: Ints,
    closed: bool,
    max_depth: int,
    spans: Ints,
    doubtful: Ints,
) -> tuple[int, int, int, int]:
    """Find the values of K keys in the JSON objects of the lines from data[i] on, until there is no more room.

    keys: UTF-8 of all keys, one after another; key_starts: (K + 1,). kinds: (K,), what each value must be:
    0 string, 1 list of strings, 2 integer, 3 number, 4 true or false, 5 anything; null is always allowed.
    required: keys of which at least one must have a value, if there are any. closed: no other key may occur.
    spans: (R, K, 2), for each accepted record where each value begins and ends: -1 for a missing one, 0 for
    null. doubtful: (R, 4), for each line that is not plainly as wished its number from 0, its first byte, the
    end of its bytes, and how many records were accepted before it. Blank lines are passed over.

    Returns where it stopped, and how many lines there were, were accepted, are doubtful.
    """
    lines = accepted = doubts = 0
    while i < data.size and accepted + doubts < spans.shape[0]:
        start = i
        i = _skip_spaces(data, start, data.size)
        if i < data.size and data[i] != 0x0A:
            end = _find_record(data, i, keys, key_starts, kinds, required, closed, min(max_depth, 64), spans[accepted])
            if end >= 0:
                i = end
                accepted += 1
            else:
                while i < data.size and data[i] != 0x0A:
                    i += 1
                doubtful[doubts, 0] = lines
                doubtful[doubts, 1] = start
                doubtful[doubts, 2] = i
                doubtful[doubts, 3] = accepted
                doubts += 1
        lines += 1
        i += 1
    return i, lines, accepted, doubts


@njit(cache=True, nogil=True)
def _unescape(data: Bytes, i: int, out: Bytes, o: int) -> tuple[int, int]:
    """Write the character of the valid escape at i to out[o:]; return the ends of both."""
    kind = int(data[i + 1])
    if kind != 0x75:
        if kind == 0x6E:
            kind = 0x0A
        elif kind == 0x74:
            kind = 0x09
        elif kind == 0x72:
            kind = 0x0D
        elif kind == 0x62:
            kind = 0x08
        elif kind == 0x66:
            kind = 0x0C
        out[o] = kind
        return i + 2, o + 1
    point = _point(data, i, data.size)
    if point < 0x80:
        out[o] = point
        return i + 6, o + 1
    if point < 0x800:
        out[o] = 0xC0 | point >> 6
        out[o + 1] = 0x80 | point & 0x3F
        return i + 6, o + 2
    if point < 0x10000:
        out[o] = 0xE0 | point >> 12
        out[o + 1] = 0x80 | point >> 6 & 0x3F
        out[o + 2] = 0x80 | point & 0x3F
        return i + 6, o + 3
    out[o] = 0xF0 | point >> 18
    out[o + 1] = 0x80 | point >> 12 & 0x3F
    out[o + 2] = 0x80 | point >> 6 & 0x3F
    out[o + 3] = 0x80 | point & 0x3F
    return i + 12, o + 4


@njit(cache=True, nogil=True)
def _copy_string(data: Bytes, i: int, out: Bytes, o: int) -> tuple[int, int]:
    """Write the valid string whose first byte is at i to out[o:]; return where its quote is and its copy ends."""
    while data[i] != 0x22:
        if data[i] == 0x5C:
            i, o = _unescape(data, i, out, o)
        else:
            out[o] = data[i]
            i += 1
            o += 1
    return i, o


@njit(cache=True, nogil=True)
def copy_strings(data: Bytes, spans: Ints, column: int, out: Bytes, offsets: Ints, valid: Bytes) -> None:
    """Copy the strings that `find_values` found in a column, without escapes.

    out: (N,) as data. offsets: (R + 1,). valid: (R,), 0 where there is no value.
    """
    o = 0
    offsets[0] = 0
    for row in range(offsets.size - 1):
        valid[row] = spans[row, column, 1] > 0
        if valid[row]:
            _, o = _copy_string(data, spans[row, column, 0] + 1, out, o)
        offsets[row + 1] = o


@njit(cache=True, nogil=True)
def copy_lists(
    data: Bytes, spans: Ints, column: int, out: Bytes, offsets: Ints, lists: NDArray[np.int32], valid: Bytes
) -> int:
    """Copy the strings of the lists that `find_values` found in a column; return how many there are.

    out: (N,) as data. offsets: (strings + 1,). lists: (R + 1,), the first string of each list, and the end.
    valid: (R,), 0 where there is no value.
    """
    o = strings = 0
    offsets[0] = lists[0] = 0
    for row in range(lists.size - 1):
        valid[row] = spans[row, column, 1] > 0
        if valid[row]:
            i = spans[row, column, 0] + 1
            close = spans[row, column, 1] - 1
            while i < close:
                if data[i] == 0x22:
                    i, o = _copy_string(data, i + 1, out, o)
                    strings += 1
                    offsets[strings] = o
                i += 1
        lists[row + 1] = strings
    return strings


@njit(cache=True, nogil=True)
def copy_values(data: Bytes, spans: Ints, column: int, out: Bytes, offsets: Ints, valid: Bytes) -> None:
    """Copy the values that `find_values` found in a column, as they are written; arguments as `copy_strings`."""
    o = 0
    offsets[0] = 0
    for row in range(offsets.size - 1):
        valid[row] = spans[row, column, 1] > 0
        if valid[row]:
            for i in range(spans[row, column, 0], spans[row, column, 1]):
                out[o] = data[i]
                o += 1
        offsets[row + 1] = o


@njit(cache=True, nogil=True)
def split_values(data: Bytes, state: Ints, out: Bytes) -> tuple[int, int]:
    """Copy JSON so that each element of its array, or each value if it is no array, is on a line of its own.

    data: (N,), the next piece. out: (2 N,). state: (5,), zeros at first, kept from piece to piece:
    0 how many brackets are open; 1 whether inside a string, 2 if a backslash was last there; 2 whether the
    whole is an array: 0 not known yet, 1 yes, 2 no, 3 it was and has ended; 3 whether the element has begun;
    4 whether a comma has promised another element.

    Between tokens a line break becomes a blank; in a string, where JSON has none, it becomes a byte that
    leaves the string invalid. An empty element becomes a comma, which is no JSON either. Returns how much of
    `out` is used, and where something follows the end of the array, or -1.
    """
    depth, string, whole, begun, promised = state[0], state[1], state[2], state[3], state[4]
    o = 0
    for i in range(data.size):
        byte = data[i]
        if string > 0:
            out[o] = 0x01 if byte == 0x0A else byte
            o += 1
            if string == 2:
                string = 1
            elif byte == 0x5C:
                string = 2
            elif byte == 0x22:
                string = 0
        elif byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09:
            out[o] = 0x20
            o += 1
        elif whole == 3:
            return o, i
        elif whole == 0 and byte == 0x5B:
            whole = 1
            depth = 1
        else:
            if whole == 0:
                whole = 2
            base = 1 if whole == 1 else 0
            if whole == 1 and depth == 1 and (byte == 0x2C or byte == 0x5D):
                if begun == 0 and (byte == 0x2C or promised > 0):
                    out[o] = 0x2C
                    o += 1
                    begun = 1
                if begun > 0:
                    out[o] = 0x0A
                    o += 1
                begun = 0
                promised = 1
                if byte == 0x5D:
                    whole = 3
                    depth = 0
            else:
                out[o] = byte
                o += 1
                begun = 1
                if byte == 0x22:
                    string = 1
                elif byte == 0x7B or byte == 0x5B:
                    depth += 1
                elif (byte == 0x7D or byte == 0x5D) and depth > base:
                    depth -= 1
                    if whole == 2 and depth == 0:
                        out[o] = 0x0A
                        o += 1
                        begun = 0
    state[0], state[1], state[2], state[3], state[4] = depth, string, whole, begun, promised
    return o, -1


@njit(cache=True, nogil=True)
def _quoted_cell(data: Bytes, i: int, limit: int, delimiter: int, out: Bytes, o: int) -> tuple[int, int]:
    """Copy the quoted cell whose first byte is at i; return what follows its closing quote, and the end of its copy.

    The first is -1 if something else follows than the end of a cell, so that it is no quoted cell after all;
    -2 if it does not end before `limit`.
    """
    end = data.size
    while i < limit:
        if data[i] != 0x22:
            out[o] = data[i]
            i += 1
            o += 1
        elif i + 1 < end and data[i + 1] == 0x22:
            out[o] = 0x22
            i += 2
            o += 1
        else:
            i += 1
            line_end = i < end and data[i] == 0x0D and (i + 1 == end or data[i + 1] == 0x0A)
            return (i if i == end or data[i] == delimiter or data[i] == 0x0A or line_end else -1), o
    return -2, o


@njit(cache=True, nogil=True)
def _is_utf8(data: Bytes, i: int, end: int) -> bool:
    while i < end:
        if data[i] < 0x80:
            i += 1
        elif _is_common(data, i, end):
            i += 3
        else:
            size = _character_size(data, i, end)
            if size == 0:
                return False
            i += size
    return True


@njit(cache=True, nogil=True)
def read_cells(
    data: Bytes, delimiter: int, columns: int, last: bool, longest: int, out: Bytes, offsets: Ints, bad: Ints
) -> tuple[int, int, int, int]:
    """Copy the cells of the whole rows in data, as RFC 4180 has them; one row if columns is 0.

    columns: cells in a row. last: whether no more data follows. longest: bytes of a row, at most. out: (N,).
    offsets: (cells + 1,) for the cells of all rows accepted. bad: (rows, 5), for each other row the number of its
    first line in this data, its first byte, the end of its bytes, why, and its number of cells; why is 0 for their
    number, 1 for invalid UTF-8, 2 for a quote that is not closed within `longest`: then it has one line, 3 if it is
    too long. Blank lines are no rows. A cell that begins with a quote, but does not end after its closing one, is
    taken as it is written.

    Returns where the first row begins that is not whole, and how many lines were before that, rows were
    accepted, are bad. With columns = 0 the third is the number of cells.
    """
    end = data.size
    i = o = lines = accepted = bads = 0
    offsets[0] = 0
    while i < end:
        start = i
        limit = start + min(end - start, longest)
        first_line = lines
        base = accepted * columns
        row_o = o
        cells = 0
        why = -1
        whole = False
        while not whole:
            cell = i
            quoted = False
            if i < end and data[i] == 0x22:
                after, quoted_o = _quoted_cell(data, i + 1, limit, delimiter, out, o)
                if after == -2 and limit - start < longest and not last:
                    return start, first_line, accepted, bads
                if after == -2:
                    why = 2
                    while i < end and data[i] != 0x0A:
                        i += 1
                elif after >= 0:
                    quoted = True
                    for j in range(i, after):
                        if data[j] == 0x0A:
                            lines += 1
                    i = after
                    o = quoted_o
                    if i < end and data[i] == 0x0D:
                        i += 1  # before a line feed, or the end
            if not quoted:
                while i < end and data[i] != delimiter and data[i] != 0x0A:
                    out[o] = data[i]
                    i += 1
                    o += 1
                if why != 2 and i < end and data[i] == 0x0A and i > cell and data[i - 1] == 0x0D:
                    o -= 1
            if i == end and not last:
                return start, first_line, accepted, bads
            cells += 1
            if cells <= columns or columns == 0:
                offsets[base + cells] = o
            whole = i >= end or data[i] == 0x0A
            i += 1
        lines += 1
        stop = min(i - 1, end)
        if cells == 1 and (stop == start or (stop == start + 1 and data[start] == 0x0D)):
            o = row_o
            continue
        if stop - start > longest:
            why = 3
        if why < 0 and not _is_utf8(data, start, stop):
            why = 1
        if why < 0 and columns > 0 and cells != columns:
            why = 0
        if why < 0:
            accepted += 1
        else:
            o = row_o
            bad[bads, 0] = first_line
            bad[bads, 1] = start
            bad[bads, 2] = stop
            bad[bads, 3] = why
            bad[bads, 4] = cells
            bads += 1
        if columns == 0:
            return min(i, end), lines, cells, bads
    return min(i, end), lines, accepted, bads
