"""What the tests of the segmenter share: the twins, and small models."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nlptools as nt


@pytest.fixture(scope="session")
def twins() -> ModuleType:
    spec = importlib.util.spec_from_file_location("segment_twins", Path(__file__).with_name("twins.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its classes look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def texts(twins: ModuleType, interpreted: bool) -> list[str]:
    """A small corpus."""
    lines: list[str] = twins.sentences(60 if interpreted else 300)
    return lines


@pytest.fixture(scope="session")
def train() -> Callable[..., nt.Segmenter]:
    """Train quickly: with fewer sweeps, and with smaller tables, for small texts."""

    def call(texts: Any, **options: Any) -> nt.Segmenter:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("nlptools.segment.train.BURN_IN", 1)
            patch.setattr("nlptools.segment.train.SWEEPS", 1)
            patch.setattr("nlptools.segment.lattice.PIECES", 3)
            patch.setattr("nlptools.ngrams.grouping.LEADER_BITS", 8)
            return nt.train_segmenter(texts, **{"rounds": 1, "threads": 1, **options})

    return call


@pytest.fixture(scope="session")
def models(train: Callable[..., nt.Segmenter], texts: list[str]) -> dict[str, nt.Segmenter]:
    """A model of each method, without words found in the text."""
    return {method: train(texts, method=method, discover=False) for method in ("lattice", "lm")}
