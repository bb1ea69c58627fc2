"""The state of a training, kept in a file after each round, so that a run that was stopped can go on."""

from hashlib import blake2b
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from nlptools.corpus.array_file import Arrays, read_arrays, write_arrays
from nlptools.errors import InputError
from nlptools.segment._gap_kernels import Weights
from nlptools.segment.lattice import Lattice
from nlptools.segment.options import SegmenterOptions
from nlptools.version import __version__

_KIND = "segmenter in training 1"


class Checkpoint:
    """The last round that was finished, 0 if none was; a context manager: the file is removed when all went well.

    path: where it is kept; None: nowhere.
    """

    def __init__(
        self, path: str | Path | None, codes: NDArray[np.uint16] | None = None, options: SegmenterOptions | None = None
    ) -> None:
        self._path = None if path is None else Path(path)
        self._key = ""
        self._arrays: Arrays = {}
        self.round = 0
        if self._path is None or codes is None or options is None:
            return
        told = f"{__version__} {options.rounds} {options.seed}".encode()
        self._key = blake2b(codes.tobytes() + told, digest_size=16).hexdigest()
        try:
            arrays, facts = read_arrays(self._path, _KIND, "")
            if facts["key"] == self._key and ["begins", *Weights._fields] == list(arrays):
                self._arrays, self.round, self._sweeps = arrays, int(facts["round"]), int(facts["sweeps"])
        except (InputError, KeyError, ValueError):
            self.round = 0

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._arrays = {}
        if kind is None and self._path is not None:
            self._path.unlink(missing_ok=True)

    def restore(self, lattice: Lattice) -> Weights:
        """Bring a lattice to the state that was kept; return the student of that round."""
        lattice.begins[:] = self._arrays["begins"]
        lattice.sweeps = self._sweeps
        return Weights(*(np.array(self._arrays[name]) for name in Weights._fields))

    def save(self, number: int, lattice: Lattice, student: Weights) -> None:
        """Keep the state after round `number`."""
        if self._path is not None:
            facts = {"key": self._key, "round": str(number), "sweeps": str(lattice.sweeps)}
            write_arrays(self._path, _KIND, {"begins": lattice.begins, **student._asdict()}, facts)
