"""One pass from the bytes of a file to the buffers of an Arrow large_string array.

Both kernels take a block of whole lines (only the last may lack its newline), write the accepted documents
one after another to `out`, and for document d its start to offsets[d] and its end to offsets[d + 1].

`read_lines` accepts every line that is valid UTF-8. `read_strings` accepts every line that is plainly one
JSON object with one string at the wanted key, and leaves all others to Python's `json`, whose word is
final.
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
def _string_end(data: Bytes, i: int, end: int) -> int:
    """Return where the string whose first byte is at i has its closing quote, -1 if it is not valid."""
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
            if _hex4(data, i + 2, end) < 0:
                return -1
            i += 6
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
def _value_end(data: Bytes, i: int, end: int) -> int:
    """Return the end of the JSON value at i, -1 if it is not valid or nested more than 60 deep."""
    depth = 0
    objects = np.uint64(0)  # one bit for each open bracket, the innermost lowest: 1 object, 0 array
    one = np.uint64(1)
    while True:
        i = _skip_spaces(data, i, end)
        if i >= end:
            return -1
        byte = data[i]
        if byte == 0x7B or byte == 0x5B:
            if depth == 60:
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
def _copy_string(data: Bytes, i: int, end: int, out: Bytes, o: int) -> tuple[int, int]:
    """Write the string whose first byte is at i, without its escapes, to out[o:].

    Return where its closing quote is and where its copy ends; the first is -1 if it is not a valid string.
    """
    while i < end:
        byte = data[i]
        if byte >= 0x80:
            size = 3 if _is_common(data, i, end) else _character_size(data, i, end)
            if size == 0:
                return -1, o
            for _ in range(size):
                out[o] = data[i]
                i += 1
                o += 1
        elif byte == 0x22:
            return i, o
        elif byte < 0x20:
            return -1, o
        elif byte != 0x5C:
            out[o] = byte
            i += 1
            o += 1
        elif i + 1 >= end:
            return -1, o
        elif data[i + 1] == 0x75:  # u
            point = _hex4(data, i + 2, end)
            i += 6
            if 0xDC00 <= point < 0xE000:
                return -1, o
            if 0xD800 <= point < 0xDC00:
                if i + 1 >= end or data[i] != 0x5C or data[i + 1] != 0x75:
                    return -1, o
                low = _hex4(data, i + 2, end)
                i += 6
                if low < 0xDC00 or low >= 0xE000:
                    return -1, o
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
            if point < 0:
                return -1, o
            if point < 0x80:
                out[o] = point
                o += 1
            elif point < 0x800:
                out[o] = 0xC0 | point >> 6
                out[o + 1] = 0x80 | point & 0x3F
                o += 2
            elif point < 0x10000:
                out[o] = 0xE0 | point >> 12
                out[o + 1] = 0x80 | point >> 6 & 0x3F
                out[o + 2] = 0x80 | point & 0x3F
                o += 3
            else:
                out[o] = 0xF0 | point >> 18
                out[o + 1] = 0x80 | point >> 12 & 0x3F
                out[o + 2] = 0x80 | point >> 6 & 0x3F
                out[o + 3] = 0x80 | point & 0x3F
                o += 4
        elif _is_escape(data[i + 1]):
            kind = int(data[i + 1])
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
            i += 2
            o += 1
        else:
            return -1, o
    return -1, o


@njit(cache=True, nogil=True)
def _record_string(data: Bytes, i: int, end: int, key: Bytes, out: Bytes, o: int) -> int:
    """Write the string at `key` of the object in data[i:end] to out[o:]; return its end, -1 when in doubt."""
    if data[i] != 0x7B:
        return -1
    found = False
    i += 1
    while True:
        key_start = _skip_spaces(data, i, end) + 1
        i = _key_end(data, key_start - 1, end)
        if i < 0:
            return -1
        wanted = key_start + key.size < end and data[key_start + key.size] == 0x22
        j = 0
        while wanted and j < key.size:
            wanted = data[key_start + j] == key[j]
            j += 1
        if not wanted:
            j = key_start
            while data[j] != 0x22:
                if data[j] == 0x5C:  # may spell the wanted key with escapes
                    return -1
                j += 1
            i = _value_end(data, i, end)
            if i < 0:
                return -1
        else:
            i = _skip_spaces(data, i, end)
            if found or i >= end or data[i] != 0x22:
                return -1  # the key twice, or not a string
            found = True
            i, o = _copy_string(data, i + 1, end, out, o)
            if i < 0:
                return -1
            i += 1
        i = _skip_spaces(data, i, end)
        if i >= end:
            return -1
        if data[i] == 0x7D:
            break
        if data[i] != 0x2C:
            return -1
        i += 1
    if not found or _skip_spaces(data, i + 1, end) < end:
        return -1
    return o


@njit(cache=True, nogil=True)
def read_strings(data: Bytes, key: Bytes, out: Bytes, offsets: Ints, doubtful: Ints) -> tuple[int, int, int]:
    """Copy the string at `key` of every line; return how many lines there were, were accepted, are doubtful.

    data: (N,). key: UTF-8 of the wanted key, which needs no escapes. out: (N,). offsets: (lines + 1,).
    doubtful: (lines, 4), for each line that is not plainly as wished the number of the line in this block,
    its first byte, the end of its bytes, and how many lines were accepted before it. Blank lines are passed
    over.
    """
    lines = accepted = doubts = 0
    i = o = 0
    offsets[0] = 0
    while i < data.size:
        start = i
        while i < data.size and data[i] != 0x0A:
            i += 1
        first = _skip_spaces(data, start, i)
        if first < i:
            written = _record_string(data, first, i, key, out, o)
            if written >= 0:
                o = written
                accepted += 1
                offsets[accepted] = o
            else:
                doubtful[doubts, 0] = lines
                doubtful[doubts, 1] = start
                doubtful[doubts, 2] = i
                doubtful[doubts, 3] = accepted
                doubts += 1
        lines += 1
        i += 1
    return lines, accepted, doubts
