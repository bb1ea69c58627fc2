"""What the tests of vectors share: a small segmenter, and Ctrl-C."""

import signal
from collections.abc import Callable

import pytest

import nlptools as nt


@pytest.fixture(scope="session")
def segmenter() -> nt.Segmenter:
    """One that was trained quickly, on next to nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlptools.segment.train.BURN_IN", 1)
        patch.setattr("nlptools.segment.train.SWEEPS", 1)
        patch.setattr("nlptools.segment.lattice.PIECES", 3)
        patch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)
        return nt.train_segmenter(["你好，世界！研究生命的起源"] * 9, rounds=1, threads=1, discover=False)


@pytest.fixture
def interrupt_after() -> Callable[[int], Callable[[object], None]]:
    """Return what makes an `on_trained` that interrupts after so many pieces, as the main thread hears Ctrl-C."""

    def after(pieces: int) -> Callable[[object], None]:
        calls = -1  # the first call is before the first piece

        def on_trained(_: object) -> None:
            nonlocal calls
            calls += 1
            if calls == pieces:
                signal.raise_signal(signal.SIGINT)

        return on_trained

    return after
