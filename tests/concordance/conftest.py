"""What the tests of the concordance share: a cache of their own, small blocks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import nlptools as nt

Opened = Callable[..., AbstractContextManager[nt.Concordance]]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "nlptools" / "concordance"


@pytest.fixture(scope="session")
def opened() -> Opened:
    """Open a concordance of texts; with small blocks, so that there are many, and long documents are cut."""

    @contextmanager
    def call(texts: Sequence[str], block: int = 48, margin: int = 64) -> Iterator[nt.Concordance]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("nlptools.concordance.build.BLOCK_BYTES", block)
            patch.setattr("nlptools.concordance.build.MARGIN", margin)
            with nt.open_concordance(list(texts), threads=2) as found:
                yield found

    return call
