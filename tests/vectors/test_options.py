"""What can be asked for."""

from dataclasses import fields
from math import inf, nan
from typing import Any

import pytest

import nlptools as nt
from nlptools.errors import OptionError
from nlptools.vectors.options import ALPHA, EPOCHS, VectorOptions


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("method", ["jose", "", "SGNS", None, 1]),
        ("vector_size", [0, -1, 1.5, "100", True, 2**63]),
        ("window", [0, -5, 2.0, 2**62 + 1]),
        ("min_count", [0, -1, 1.5]),
        ("sample", [-1e-9, 1.1, nan, inf, "0"]),
        ("negative", [0, -5, 0.5]),
        ("ns_exponent", [-11, 11, nan, "x"]),
        ("alpha", [-0.1, 11, nan, inf, "x"]),
        ("min_alpha", [-0.1, 11, nan, None]),
        ("epochs", [0, -1, 1.5, "5"]),
        ("x_max", [0, -1, nan, inf, "x"]),
        ("seed", [-1, 0.5, "1"]),
        ("workers", [0, -1, 1.5, 5000]),
    ],
)
def test_values_out_of_range(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(OptionError) as told:
            VectorOptions(**{name: value})
        message = str(told.value)
        assert message.startswith(f"{name}=")
        assert str(value) in message
        assert "\n" not in message


@pytest.mark.parametrize("name", ["vector_size", "window", "negative"])
@pytest.mark.parametrize("value", [10**9, 2**62])
def test_sizes_beyond_any_machine(name: str, value: int) -> None:
    with pytest.raises(OptionError, match=f"{name}={value} cannot work"):
        VectorOptions(**{name: value})  # type: ignore[arg-type]


def test_workers_are_named_as_they_were_given() -> None:
    with pytest.raises(OptionError, match=r"^workers=0 cannot work"):
        VectorOptions(workers=0)


@pytest.mark.parametrize("memory", ["x", "-1", 0, "1Q"])
def test_memory(memory: Any) -> None:
    with pytest.raises(OptionError, match="memory="):
        nt.train_vectors(["a b a b"], min_count=1, memory=memory)


def test_unknown_options() -> None:
    with pytest.raises(TypeError, match="size"):
        nt.train_vectors(["a b"], size=3)


def test_defaults() -> None:
    for method in ("sgns", "nce", "pmi"):
        options = VectorOptions(method=method)
        assert options.alpha == ALPHA[method]
        assert options.epochs == EPOCHS[method]
    assert VectorOptions(method="pmi", alpha=0.3, epochs=2).alpha == 0.3
    assert VectorOptions(workers=3).thread_count == 3
    assert VectorOptions().thread_count >= 1


def test_names_and_defaults_are_those_of_gensim() -> None:
    from inspect import signature

    from gensim.models import Word2Vec

    gensim = signature(Word2Vec.__init__).parameters
    ours = {field.name: getattr(VectorOptions(), field.name) for field in fields(VectorOptions)}
    shared = set(ours) & set(gensim)
    assert shared == {
        "vector_size", "window", "min_count", "sample", "negative", "ns_exponent", "alpha", "min_alpha", "epochs",
        "seed", "workers",
    }  # fmt: skip
    for name in shared - {"workers"}:
        assert ours[name] == gensim[name].default, name


def test_every_option_has_help() -> None:
    for field in fields(VectorOptions):
        assert field.metadata["help"].endswith("."), field.name


def test_extremes_that_work() -> None:
    options: dict[str, Any] = {"min_count": 1, "workers": 1, "epochs": 1, "vector_size": 1}
    extremes: list[dict[str, Any]] = [
        {"sample": 1},
        {"ns_exponent": -10},
        {"ns_exponent": 10},
        {"alpha": 0},
        {"seed": 2**62},
        {"seed": 0},
        {"window": 1000},
    ]
    for more in extremes:
        for method in ("sgns", "nce"):
            assert len(nt.train_vectors(["a b a c a"] * 9, method=method, **options, **more)) == 3
