"""What the tests of vectors share: a small segmenter."""

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
