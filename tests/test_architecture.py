"""The code is laid out as ARCHITECTURE.md says; public names exist, are documented and cost nothing to import."""

import ast
import inspect
import re
import tomllib
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

import nlptools
import nlptools.corpus
import nlptools_corpora
from nlptools_cli.commands import nlptools as command

ROOT = Path(__file__).parents[1]
KERNELS = sorted(ROOT.glob("nlptools/**/*_kernels.py"))
GUIDES = [
    path for path in sorted(ROOT.glob("docs/*.md")) if path.name not in ("reference.md", "python.md", "benchmarks.md")
]
LAZY = pytest.mark.parametrize("module", [nlptools, nlptools.corpus], ids=lambda module: str(module.__name__))


@cache
def architecture() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(tree: ast.AST) -> set[str]:
    """The modules that a file imports, whole names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


# public names


@LAZY
def test_lazy_names_are_those_of_all(module: ModuleType) -> None:
    assert list(vars(module)["_HOME"]) == module.__all__
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match="has no attribute 'nix'"):
        module.nix  # noqa: B018


@LAZY
def test_type_checkers_see_the_same_names(module: ModuleType) -> None:
    """What stands under TYPE_CHECKING is what is found at run time."""
    home = vars(module)["_HOME"]
    blocks = [node for node in tree_of(Path(str(module.__file__))).body if isinstance(node, ast.If)]
    (checked,) = (block for block in blocks if ast.unparse(block.test) == "TYPE_CHECKING")
    found: dict[str, str | None] = {}
    for node in checked.body:
        assert isinstance(node, ast.ImportFrom)
        found |= {name.asname or name.name: node.module for name in node.names}
    prefix = "" if module is nlptools else "nlptools.corpus."
    assert found == {name: f"{prefix}{place}" for name, place in home.items()}


@pytest.mark.parametrize("module", [nlptools, nlptools.corpus, nlptools_corpora], ids=lambda module: module.__name__)
def test_public_names_are_sorted_and_documented(module: ModuleType) -> None:
    kinds = {name: (not name.isupper(), not name[0].isupper(), name) for name in module.__all__}
    assert module.__all__ == sorted(kinds, key=kinds.__getitem__)  # constants, classes, functions
    for name in module.__all__:
        found = getattr(module, name)
        if inspect.isclass(found) or inspect.isroutine(found):
            assert inspect.getdoc(found), name
            assert not (inspect.getdoc(found) or "").startswith(f"{name}("), f"{name}: the docstring of a dataclass"


def test_the_reference_for_python_has_every_name(make_reference: ModuleType) -> None:
    written = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert written == make_reference.python_reference(), "run: make docs"
    assert sorted(re.findall(r"^### (\w+)$", written, re.MULTILINE)) == sorted(nlptools.__all__)


@pytest.mark.parametrize("path", [ROOT / "README.md", *GUIDES], ids=lambda path: path.name)
def test_names_in_the_docs_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"\bnt\.(\w+)", text):
        assert name in nlptools.__all__, name
    for module, names in re.findall(r"from (nlptools(?:_corpora)?[\w.]*) import ([\w, ]+)", text):
        for name in names.split(","):
            found = getattr(import_module(module), name.strip())
            assert inspect.getdoc(found), f"{module}.{name}"


# layers and kernels


def test_layers_are_the_tree() -> None:
    """Each module and package of the library has its place in the contract, once."""
    (contract,) = (one for one in project()["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    layers = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    parts = [path.stem for path in ROOT.glob("nlptools/*.py") if path.stem != "__init__"]
    parts += [path.parent.name for path in ROOT.glob("nlptools/*/__init__.py")]
    assert sorted(layers) == sorted([*(f"nlptools.{part}" for part in parts), "nlptools_cli", "nlptools_corpora"])


def test_layers_are_told() -> None:
    """ARCHITECTURE.md lists the packages in the order of the contract."""
    (contract,) = (one for one in project()["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    section = architecture().split("\n## Layers\n")[1].split("\n## ")[0]
    lines = [line.split()[0] for line in section.splitlines() if line.startswith("    nlptools")]
    packages = [layer for layer in contract["layers"] if "|" not in layer]
    assert lines[:-1] == packages
    for name in "|".join(layer for layer in contract["layers"] if "|" in layer).replace(" ", "").split("|"):
        assert f".{name.rpartition('.')[2]}" in section, name


def test_kernel_files_are_listed() -> None:
    """In the contract that keeps them closed, and among those that mypy checks as kernels."""
    contracts = project()["tool"]["importlinter"]["contracts"]
    (closed,) = (one for one in contracts if one["type"] == "forbidden")
    names = [module_name(path) for path in KERNELS]
    assert closed["source_modules"] == names
    (override,) = (one for one in project()["tool"]["mypy"]["overrides"] if "disable_error_code" in one)
    for pattern in override["module"]:
        assert any(fnmatch(name, pattern) for name in names), pattern
    for name in names:
        assert any(fnmatch(name, pattern) for pattern in override["module"]), name


@pytest.mark.parametrize("path", KERNELS, ids=module_name)
def test_kernel_files_are_closed(path: Path) -> None:
    outside = {"numpy", "numpy.typing", "numba", "math", "typing", "collections.abc"}
    assert imported(tree_of(path)) <= outside


@pytest.mark.parametrize("path", KERNELS, ids=module_name)
def test_kernels_release_the_lock_and_are_kept(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                assert ast.unparse(decorator).startswith("njit(cache=True, nogil=True"), f"{path.name}: {node.name}"


def test_directions_are_checked_with_every_change() -> None:
    assert re.search(r"^check:.*\n(\t.*\n)*\t.*lint-imports", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert "for target in test check" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


# ARCHITECTURE.md


def test_every_folder_is_named() -> None:
    for path in chain(ROOT.glob("nlptools/*/__init__.py"), ROOT.glob("c*/nlptools_*/__init__.py")):
        assert module_name(path.parent).removeprefix("cli.").removeprefix("corpora.") in architecture(), path


@pytest.mark.parametrize("path", sorted(ROOT.glob("nlptools/*/__init__.py")), ids=lambda path: path.parent.name)
def test_every_package_says_where_to_start(path: Path) -> None:
    told = ast.get_docstring(tree_of(path)) or ""
    for name in re.findall(r"\w+\.py", told):
        assert (path.parent / name).is_file(), name
    assert "start at" in told or path.parent.name == "corpus"


def test_files_that_are_named_exist() -> None:
    places = [ROOT, ROOT / "nlptools", ROOT / "cli" / "nlptools_cli", *ROOT.glob("nlptools/*/")]
    for name in re.findall(r"`([\w/]+\.py)`", architecture()):
        if "…" not in name:
            assert any((place / name).is_file() for place in places), name


def test_dependencies_are_told() -> None:
    """Each dependency, also of an extra, stands in ARCHITECTURE.md with what it is for."""
    told = architecture().split("\n## Dependencies\n")[1]
    metadata = project()["project"]
    extras = chain.from_iterable(metadata["optional-dependencies"].values())
    for requirement in chain(metadata["dependencies"], extras):
        name = re.split(r"[\[<>=! ]", requirement)[0]
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", told), name


def test_every_command_has_a_guide() -> None:
    told = "\n".join(path.read_text(encoding="utf-8") for path in GUIDES)
    for name in paths_of(command):
        assert re.search(rf"\bnlptools {name}\b", told), name


def paths_of(group: click.Group, prefix: str = "") -> list[str]:
    """The commands, with their groups: "newwords", "vectors train"."""
    found = []
    for name, one in group.commands.items():
        found += paths_of(one, f"{prefix}{name} ") if isinstance(one, click.Group) else [f"{prefix}{name}"]
    return found
