"""The state of a training, kept in a file after each round, so that a run that was stopped can go on."""

from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlptools.corpus.array_file import Arrays, check_own, read_arrays, write_arrays
from nlptools.errors import InputError
from nlptools.segment._gap_kernels import Weights
from nlptools.segment.lattice import Lattice
from nlptools.segment.options import SegmenterOptions
from nlptools.version import __version__

_KIND = "segmenter in training 2"


class Checkpoint:
    """The state after the last round that was finished. round: its number, 0 if there is none.

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

    def restore(self, lattice: Lattice) -> None:
        """Bring a lattice to the state that was kept."""
        lattice.begins[:] = self._arrays["begins"]
        lattice.sweeps = self._sweeps

    def student(self) -> Weights:
        """Return the student of that round."""
        return Weights(*(np.array(self._arrays[name]) for name in Weights._fields))

    def save(self, number: int, lattice: Lattice, student: Weights) -> None:
        """Keep the state after round `number`."""
        if self._path is not None:
            facts = {"key": self._key, "round": str(number), "sweeps": str(lattice.sweeps)}
            write_arrays(self._path, _KIND, {"begins": lattice.begins, **student._asdict()}, facts)


def check_state(path: Path) -> None:
    """Raise OutputError if there is a file of this name that is no state of a training."""
    check_own(path, _KIND)
