"""Inputs for the fuzz run: small valid files of every format, and what is done to them."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from functools import cache
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SUFFIX = {"text": ".txt", "jsonl": ".jsonl", "json": ".json", "csv": ".csv", "tsv": ".tsv"}
PACKINGS = ("gz", "bz2", "xz", "zst")
CODECS = (
    *("utf-8", "gb18030", "gbk", "big5", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"),
    *("shift_jis", "latin-1", "cp1252", "utf-7", "hz", "iso2022_jp", "euc_kr", "gb2312"),
)

_LINES = ["打印机怎么安装？", "𠮷野家的牛丼", "", "a", "emoji 😀👩‍👩‍👧", " 空格　", "tab\there", "NUL\0"]
_LINES += ["中英 mixed 2024 混排", "的是不了在人有我"]
_RECORDS: list[dict[str, Any]] = [
    {"text": "打印机", "id": 1, "tags": ["甲", "乙"], "score": 0.5, "ok": True},
    {"text": '引号" 与 \\ 与\n换行', "id": -(2**63), "tags": [], "score": -1e300, "ok": False},
    {"text": "𠮷😀", "id": None, "tags": None, "score": None, "ok": None, "other": {"深": [1, {"a": [None]}]}},
    {"text": "", "id": 10**18, "tags": ["\0"], "other": "mixed"},
    {"text": None, "id": 0},
    {"id": 7, "text": "b", "score": 3},
]
_TABLE = [["id", "text"], ["1", "打印机"], ["2", '引号"和,逗号'], ["3", "两\n行"], ["", "𠮷"], ["5", ""]]

_COMMON = [b"", b"\n", b"\r\n", b"\r", b"\0", b" ", b"\t", b'"', b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\x80", b"a"]
_COMMON += ["中".encode(), "𠮷".encode(), b"\xe4\xb8", b"\xf0\xa0", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"]
_JSON = [b"{", b"}", b"[", b"]", b",", b":", b"\\", b'\\"', b"\\u", b"\\ud842", b"\\udfb7", b"\\u0000", b"\\n", b"null"]
_JSON += [b"true", b"1e999", b"-", b"01", b"9" * 19, b"9" * 5000, b"NaN", b'"text":', b'"text":"x"', b'"te\\u0078t":1']
_JSON += [b"[" * 70, b"{}", b"[]", b'{"text":"a"}', b"\x01", b"\x7f", b"\x0b", b"\x0c"]
_CSV = [b",", b'""', b'",', b',"', b'"\n', b'"\r\n', b'"\r', b",,", b"\n\n", b'"a\nb"', b"\t", b'"\t"']
TOKENS = {"text": _COMMON, "jsonl": _COMMON + _JSON, "json": _COMMON + _JSON, "csv": _COMMON + _CSV}
TOKENS["tsv"] = TOKENS["csv"]


def plain(form: str, rng: Random) -> str:
    """Return a small valid file of the format, as text."""
    line_end = rng.choice(["\n", "\n", "\r\n"])
    if form == "text":
        return line_end.join(rng.choices(_LINES, k=rng.randrange(6))) + rng.choice(["", line_end])
    if form in ("csv", "tsv"):
        out = io.StringIO(newline="")
        rows = [_TABLE[0], *rng.choices(_TABLE[1:], k=rng.randrange(5))]
        quoting: Any = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        delimiter = "," if form == "csv" else "\t"
        csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
        return out.getvalue()
    records = rng.choices(_RECORDS, k=rng.randrange(1, 5))
    if form == "json" and rng.random() < 0.8:
        return json.dumps(records, ensure_ascii=rng.random() < 0.3, indent=rng.choice([None, None, 1]))
    return line_end.join(json.dumps(record, ensure_ascii=rng.random() < 0.3) for record in records)


def damaged_text(form: str, rng: Random) -> bytes:
    """Return a small file of the format, damaged or not, or random bytes."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(60))
    if rng.random() < 0.05:
        return b"".join(rng.choices(TOKENS[form], k=rng.randrange(20)))
    return damaged(plain(form, rng).encode(), rng, TOKENS[form])


def damaged(data: bytes, rng: Random, tokens: list[bytes] = _COMMON) -> bytes:
    """Flip, set, cut, insert, duplicate and splice regions, none to six times."""
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3, 6])):
        size = len(data)
        at = rng.randrange(size + 1)
        end = min(size, at + rng.choice([1, 2, 4, rng.randrange(size + 1)]))
        kind = rng.randrange(8)
        if kind == 0 and at < size:
            data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        elif kind == 1 and at < size:
            data = data[:at] + bytes([rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])]) + data[at + 1 :]
        elif kind == 2:
            data = data[:at] + data[end:]
        elif kind == 3 and size < 5000:
            data = data[:end] + data[at:]
        elif kind == 4:
            data = data[:at] if rng.random() < 0.5 else data[at:]
        elif kind == 5 and size < 5000:
            other = rng.randrange(size + 1)
            data = data[:at] + data[other : other + end - at] + data[end:]
        else:
            data = data[:at] + rng.choice(tokens) + data[at:]
    return data


def packed(data: bytes, packing: str, rng: Random) -> bytes:
    """Return the data compressed, in one part or two."""
    if rng.random() < 0.2 and packing != "zip":
        cut = rng.randrange(len(data) + 1)
        return _packed(data[:cut], packing, rng) + _packed(data[cut:], packing, rng)
    return _packed(data, packing, rng)


def _packed(data: bytes, packing: str, rng: Random) -> bytes:
    if packing == "gz":
        return gzip.compress(data, rng.randrange(10), mtime=0)
    if packing == "bz2":
        return bz2.compress(data)
    if packing == "xz":
        return lzma.compress(data, check=rng.choice([lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64]), preset=0)
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def zipped(members: list[tuple[str, bytes]], rng: Random) -> bytes:
    """Return a zip archive with these members, each compressed in some way."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            kind = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
            archive.writestr(info, data, kind)
    return out.getvalue()


_TABLES: list[dict[str, Any]] = [
    {"text": pa.array(["打印机", "𠮷", None, "", "a" * 300], pa.string()), "id": pa.array([1, 2, None, 4, 5])},
    {"text": pa.array(["重", "复", "重"] * 20).dictionary_encode(), "when": pa.array([0] * 60, pa.timestamp("us"))},
    {"text": pa.array([["甲", "乙"], [], None, [None]]), "f": pa.array([1.5, None, 2, 3]), "b": pa.array([True] * 4)},
    {"text": pa.array(["视", "图" * 20, None], pa.string_view()), "x": pa.array([{"a": [1]}, {"a": None}, None])},
    {"text": pa.array(["大"] * 3, pa.large_string()), "d": pa.array([b"1", b"", None], pa.binary()), "n": pa.nulls(3)},
    {"text": pa.array([], pa.string())},
]
_PAGES = (("1.0", "none", True), ("2.0", "zstd", False), ("2.0", "snappy", True))


@cache
def parquet_files() -> list[bytes]:
    """Return small Parquet files: plain and dictionary pages of both versions, each compression."""
    files = []
    for number, columns in enumerate(_TABLES):
        for version, compression, dictionaries in _PAGES:
            out = io.BytesIO()
            table = pa.table(columns)
            if number == 3:
                table = table.cast(pa.schema([pa.field("text", pa.string()), table.schema.field("x")]))
            pq.write_table(
                table,
                out,
                row_group_size=2 + number * 7,
                compression=compression,
                use_dictionary=dictionaries,
                data_page_version=version,
                write_page_checksum=compression == "snappy",
                store_schema=number % 2 == 0,
            )
            files.append(out.getvalue())
    return files


@cache
def arrow_files() -> list[bytes]:
    """Return small Arrow IPC files and streams, plain and compressed."""
    files = []
    for columns in _TABLES:
        for new in (pa.ipc.new_file, pa.ipc.new_stream):
            for compression in (None, "lz4", "zstd"):
                out = io.BytesIO()
                table = pa.table(columns)
                with new(out, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
                    writer.write_table(table, max_chunksize=3)
                files.append(out.getvalue())
    return files
