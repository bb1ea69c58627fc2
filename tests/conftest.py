"""For all tests: one Hypothesis profile compiled, a smaller one with NUMBA_DISABLE_JIT=1."""

import os
import signal
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numba
import pytest
from hypothesis import HealthCheck, settings

INTERPRETED = bool(vars(numba.config)["DISABLE_JIT"])

# the same examples in every run, so that a failure is one of the change; `make faults` draws new ones
settings.register_profile(
    "compiled",
    deadline=None,
    max_examples=80,
    derandomize=os.environ.get("NLPTOOLS_FAULTS") != "whole",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("interpreted", settings.get_profile("compiled"), max_examples=20)
settings.load_profile("interpreted" if INTERPRETED else "compiled")


def pytest_configure(config: pytest.Config) -> None:
    with suppress(ValueError):  # not the main thread
        signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # a job in the background ignores it, and so would commands that are interrupted
    if INTERPRETED:  # the hashes of the kernels are products modulo 2^64
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered in scalar (add|multiply):RuntimeWarning")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files after their argument: packed ones hold the time, so that each process would name its tests otherwise."""
    return argname if isinstance(val, bytes) and len(val) > 12 else None


@pytest.fixture(scope="session")
def interpreted() -> bool:
    """Whether the kernels run as plain Python, so that sizes should be small."""
    return INTERPRETED


@pytest.fixture(scope="session")
def make_reference() -> ModuleType:
    """The script that writes docs/reference.md and docs/python.md, which is in no package."""
    spec = spec_from_file_location("make_reference", Path(__file__).parents[1] / "docs" / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
