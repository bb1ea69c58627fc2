"""Sums of floats that depend on nothing but the numbers."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Let scikit-learn and BLAS use one thread: with more, the last bits of sums depend on how many."""
    import sklearn.cluster  # noqa: F401 - only libraries that are loaded by now are held back
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
