"""The fuzz run of the readers: `python tests/faults/fuzz_readers.py STATE TARGET:FIRST:END...`.

Input n of a target is made from the target's name and n alone, so every run makes the same ones, and
`TARGET:n:n+1` repeats one. STATE is a file that always holds the target and the number of the input at work:
after a crash it tells which one it was. Findings are printed, one JSON object a line.
"""

import faulthandler
import json
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import fuzz_files
import fuzz_inputs
import fuzz_kernels
import fuzz_streams

SECONDS = 30  # for one input, on a machine that is busy
Check = Callable[[bytes, Random], None]


class Target(NamedTuple):
    """How inputs are made, and what must hold of each."""

    make: Callable[[Random], bytes]
    check: Check


def _text(*forms: str) -> Callable[[Random], bytes]:
    return lambda rng: fuzz_inputs.damaged_text(rng.choice(forms), rng)


def _limited(rng: Random) -> bytes:
    number = rng.randrange(5)
    return bytes([number]) + fuzz_inputs.damaged_text(("text", "jsonl", "json", "csv", "tsv")[number], rng)


def _encoded(rng: Random) -> bytes:
    number = rng.randrange(len(fuzz_inputs.CODECS))
    text = fuzz_inputs.plain(rng.choice(["text", "jsonl", "csv"]), rng)
    if rng.random() < 0.5:
        text = fuzz_inputs.damaged_text("text", rng).decode("utf-8", "replace") + text
    return bytes([number]) + fuzz_inputs.damaged(text.encode(fuzz_inputs.CODECS[number], "ignore"), rng)


def _compressed(rng: Random) -> bytes:
    number = rng.randrange(4)
    data = fuzz_inputs.damaged_text(rng.choice(["text", "jsonl"]), rng) * rng.choice([1, 1, 30])
    return bytes([number]) + fuzz_inputs.damaged(fuzz_inputs.packed(data, fuzz_inputs.PACKINGS[number], rng), rng)


def _named(rng: Random) -> bytes:
    number = rng.randrange(len(fuzz_files.NAMES))
    parts = fuzz_files.NAMES[number].split(".")
    data = _content(rng.choice([*parts[1:2], "txt"]) if rng.random() < 0.8 else "json", rng)
    packing = parts[-1] if parts[-1] in fuzz_inputs.PACKINGS else None
    if packing is not None and rng.random() < 0.95:
        data = fuzz_inputs.packed(data, packing, rng)
        if rng.random() < 0.3:
            data = fuzz_inputs.damaged(data, rng)
    return bytes([number]) + data


def _content(form: str, rng: Random) -> bytes:
    if form == "parquet":
        return fuzz_inputs.damaged(rng.choice(fuzz_inputs.parquet_files()), rng)
    if form == "arrow":
        return fuzz_inputs.damaged(rng.choice(fuzz_inputs.arrow_files()), rng)
    if form == "zip":
        return _zip(rng)
    data = fuzz_inputs.damaged_text(form if form in fuzz_inputs.TOKENS else "text", rng)
    if rng.random() < 0.3:
        codec = rng.choice(["gb18030", "big5", "utf-16", "utf-32", "utf-16-le"])
        data = fuzz_inputs.damaged(data.decode("utf-8", "ignore").encode(codec, "ignore"), rng)
    return data


_MEMBERS = ("a.txt", "b.txt", "c/d.txt", "e.csv", "f.jsonl", ".hidden.txt", "__MACOSX/a.txt", "../up.txt", "g.bin")


def _zip(rng: Random) -> bytes:
    names = rng.choices(_MEMBERS[:4] if rng.random() < 0.6 else _MEMBERS, k=rng.randrange(4))
    forms = {".csv": "csv", ".jsonl": "jsonl"}
    members = [
        (name, fuzz_inputs.damaged_text(forms.get(Path(name).suffix, "text"), rng)) for name in dict.fromkeys(names)
    ]
    if rng.random() < 0.1:
        members.append(("folder/", b""))
    data = fuzz_inputs.zipped(members, rng)
    return fuzz_inputs.damaged(data, rng) if rng.random() < 0.8 else data


TARGETS = {
    "lines kernel": Target(_text("text", "text", "json"), fuzz_kernels.lines),
    "values kernel": Target(_text("jsonl"), fuzz_kernels.values),
    "elements kernel": Target(_text("json"), fuzz_kernels.elements),
    "cells kernel": Target(_text("csv", "csv", "tsv"), fuzz_kernels.cells),
    "text": Target(_text("text"), fuzz_streams.documents("text")),
    "JSON lines": Target(_text("jsonl"), fuzz_streams.documents("jsonl")),
    "JSON": Target(_text("json"), fuzz_streams.array),
    "CSV": Target(_text("csv"), fuzz_streams.documents("csv")),
    "TSV": Target(_text("tsv"), fuzz_streams.documents("tsv")),
    "JSON records": Target(_text("jsonl"), fuzz_streams.records),
    "narrow limits": Target(_limited, fuzz_streams.limits),
    "encodings": Target(_encoded, fuzz_streams.encoded),
    "guessed encodings": Target(lambda rng: _encoded(rng)[1:], fuzz_streams.guessed),
    "compression": Target(_compressed, fuzz_streams.compressed),
    "zip": Target(_zip, fuzz_files.archive),
    "named files": Target(_named, fuzz_files.named),
    "Parquet": Target(lambda rng: _content("parquet", rng), fuzz_files.table),
    "Arrow": Target(lambda rng: _content("arrow", rng), fuzz_files.table),
}


def check(name: str, data: bytes) -> None:
    """Check an input of a target."""
    TARGETS[name].check(data, Random(zlib.crc32(data)))


def run(name: str, first: int, end: int, state: Path) -> None:
    """Check inputs of a target; print what is found."""
    armed = 0.0
    with state.open("wb", buffering=0) as file:
        for number in range(first, end):
            file.seek(0)
            file.write(f"{name}:{number}\n".encode())
            if time.monotonic() > armed + 1:
                faulthandler.dump_traceback_later(SECONDS, exit=True)
                armed = time.monotonic()
            data = TARGETS[name].make(Random(f"{name} {number}"))
            try:
                check(name, data)
            except Exception as error:
                what = "".join(traceback.format_exception(error, limit=-3))[-1500:]
                finding = {"target": name, "number": number, "input": repr(data[:300]), "error": what}
                print(json.dumps(finding, ensure_ascii=False), flush=True)  # noqa: T201
    faulthandler.cancel_dump_traceback_later()


def main() -> None:
    """Run what the arguments name."""
    faulthandler.enable()
    for argument in sys.argv[2:]:
        name, first, end = argument.split(":")
        begun = time.monotonic()
        run(name, int(first), int(end), Path(sys.argv[1]))
        done = {"target": name, "done": int(end) - int(first), "seconds": round(time.monotonic() - begun, 1)}
        print(json.dumps(done), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
