"""The state of a training, kept in a file, so that a run that was stopped can go on, and its vectors can be used as they are."""

from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from nlptools.corpus.array_file import Arrays, check_own, damaged, read_arrays, write_arrays
from nlptools.errors import InputError
from nlptools.vectors._jose_kernels import Sphere
from nlptools.vectors._skipgram_kernels import Matrices
from nlptools.vectors.jose import JoseState
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.pmi import PmiState
from nlptools.vectors.skipgram import Progress, SkipgramState
from nlptools.vectors.table import VectorTable
from nlptools.vectors.word_ids import WordIds
from nlptools.version import __version__

KIND = "vectors in training 1"

_MACHINE = ("memory", "workers", "contexts")
"""Options that may differ when a training goes on."""

_PROGRESS: dict[str, type] = {field.name: type(field.default) for field in fields(Progress)}

_REMEDY = "give a file of vectors, or train again"


class Checkpoint:
    """The state that was kept last, if it is of this text and these options.

    path: where; None: nowhere. strict: raise InputError if there is no such state.
    """

    def __init__(
        self, path: str | Path | None, text: WordIds, options: VectorOptions | JoseOptions, strict: bool = False
    ) -> None:
        self._path = None if path is None else Path(path)
        self._text = text
        self._key = _key(text, options) if path is not None else ""
        self._facts: dict[str, str] = {"method": method_of(options)}
        self._arrays: Arrays = {}
        if self._path is None:
            return
        try:
            arrays, facts = read_arrays(self._path, KIND, _REMEDY)
        except InputError:
            if strict:
                raise
            return
        if facts.get("key") == self._key:
            self._arrays, self._facts = arrays, facts
        elif strict:
            raise InputError(
                f"{self._path}: is the state of a training with another text, options or version; give those, or leave "
                "--resume out to begin anew"
            )

    def skipgram(self) -> SkipgramState | None:
        """Return the state of a training by `train_skipgram` that was kept, None if there is none."""
        if not self._arrays:
            return None
        matrices = Matrices(*(np.array(self._arrays[name]) for name in Matrices._fields))
        return SkipgramState(matrices, **self._progress())

    def keep_skipgram(self, state: SkipgramState) -> None:
        """Keep the state."""
        self._keep(state.matrices._asdict(), state, *_PROGRESS)

    def pmi(self) -> PmiState | None:
        """Return the state of a training by `train_pmi` that was kept, None if there is none."""
        if not self._arrays:
            return None
        told = self._facts
        epoch, number, pairs, total = (int(told[name]) for name in ("epoch", "round", "pairs", "total"))
        return PmiState(np.array(self._arrays["state"]), epoch, number, pairs, float(told["loss"]), total)

    def keep_pmi(self, state: PmiState) -> None:
        """Keep the state."""
        self._keep({"state": state.state}, state, "epoch", "round", "pairs", "loss", "total")

    def jose(self) -> JoseState | None:
        """Return the state of a training by `learn_jose` that was kept, None if there is none."""
        if not self._arrays:
            return None
        sphere = Sphere(*(np.array(self._arrays[name]) for name in Sphere._fields))
        return JoseState(sphere, **self._progress())

    def keep_jose(self, state: JoseState) -> None:
        """Keep the state."""
        self._keep(state.sphere._asdict(), state, *_PROGRESS)

    def _progress(self) -> dict[str, Any]:
        """Return the fields of `Progress` that were kept."""
        return {name: kind(self._facts[name]) for name, kind in _PROGRESS.items()}

    def _keep(self, arrays: Arrays, state: Any, *numbers: str) -> None:
        if self._path is None:
            return
        words = self._text.words
        offsets = np.frombuffer(words.buffers()[1], np.int64)[words.offset : words.offset + len(words) + 1]
        spelled = np.frombuffer(words.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
        arrays = {"keys": spelled, "offsets": offsets - offsets[0], "counts": self._text.counts, **arrays}
        told = {name: str(getattr(state, name)) for name in numbers}
        write_arrays(self._path, KIND, arrays, {"key": self._key, "method": self._facts["method"], **told})


def read_checkpoint(path: str | Path) -> VectorTable:
    """Return the vectors of a training that was stopped. Raises InputError if the file is none, or damaged."""
    arrays, facts = read_arrays(path, KIND, _REMEDY)
    try:
        words = pa.LargeStringArray.from_buffers(
            arrays["offsets"].size - 1, pa.py_buffer(arrays["offsets"]), pa.py_buffer(arrays["keys"])
        )
        words.validate(full=True)
        vectors = arrays["vectors"] if "vectors" in arrays else np.ascontiguousarray(arrays["state"][:, 0])
        return VectorTable(words, vectors, arrays["counts"], arrays.get("contexts"), facts={"method": facts["method"]})
    except (KeyError, ValueError, IndexError, pa.ArrowException) as error:
        raise damaged(path, _REMEDY) from error


def method_of(options: VectorOptions | JoseOptions) -> str:
    """Return the method that options belong to."""
    return "jose" if isinstance(options, JoseOptions) else options.method


def _key(text: WordIds, options: VectorOptions | JoseOptions) -> str:
    """Return what must be equal for a training to go on: text, options that matter, version."""
    digest = blake2b(digest_size=16)
    for lo in range(0, text.ids.size, 1 << 24):
        digest.update(np.ascontiguousarray(text.ids[lo : lo + (1 << 24)]).data)
    digest.update(text.counts.tobytes())
    chosen = {name: value for name, value in vars(options).items() if name not in _MACHINE}
    digest.update(f"{__version__} {method_of(options)} {sorted(chosen.items())}".encode())
    return digest.hexdigest()


def check_state(path: Path) -> None:
    """Raise OutputError if there is a file of this name that is no state of a training."""
    check_own(path, KIND)
