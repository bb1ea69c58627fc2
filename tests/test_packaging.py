"""The public face: names, imports, the wheel."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

import nlptools

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE: dict[str, Any] = {
    "env": {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "NUMBA_DISABLE_JIT": "1",  # so little text is done before the kernels would be compiled
        "PYTHONDONTWRITEBYTECODE": "1",
    },
    "capture_output": True,
    "encoding": "utf-8",
}
"""Run a process that knows nothing of this repository."""


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(nlptools.__all__) == nlptools.__all__
    for name in nlptools.__all__:
        assert getattr(nlptools, name).__doc__, name
    assert set(nlptools.__all__) <= set(dir(nlptools))
    with pytest.raises(AttributeError, match="no_such_name"):
        nlptools.no_such_name  # noqa: B018


def test_import_is_light() -> None:
    code = "import sys, nlptools; print([m for m in ('numpy', 'numba', 'pyarrow', 'gensim') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without network."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    return file


def test_wheel_has_all_files_of_our_three_packages(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    packages = [ROOT / "nlptools", ROOT / "cli" / "nlptools_cli", ROOT / "corpora" / "nlptools_corpora"]
    files = {
        file.relative_to(package.parent).as_posix()
        for package in packages
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert names == files
    assert {Path(name).suffix for name in names} == {".py", ".typed", ".txt", ".html", ".css", ".js"}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a new environment that has our wheel; the dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    install = ["--python", str(scripts / "python"), "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *install], **ELSEWHERE)
    assert done.returncode == 0, done.stderr
    ours = sysconfig.get_path("purelib", vars={"base": str(folder)})
    # a folder in a .pth is searched, but its own .pth files, with which this repository may be installed, are not read
    paths = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (Path(ours) / "dependencies.pth").write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    return scripts


def test_wheel_works_without_the_repository(installed: Path, tmp_path: Path) -> None:
    def run(*command: str) -> str:
        done = subprocess.run([str(installed / command[0]), *command[1:]], cwd=tmp_path, **ELSEWHERE)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    where = "import nlptools, nlptools_cli, nlptools_corpora as c; print(nlptools.__file__, nlptools_cli.__file__, c.__file__)"
    assert all(Path(file).is_relative_to(installed.parent) for file in run("python", "-c", where).split())
    assert run("python", "-m", "nlptools_cli", "--version") == run("nlptools", "--version")
    run("nlptools", "corpus", "sample", "triples", "-o", "triples.tsv", "--rows", "10")
    run("nlptools", "corpus", "sample", "zhidao", "-o", "zhidao.jsonl", "--rows", "50")
    reading = ["zhidao.jsonl", "--text-column", "question"]
    run("nlptools", "newwords", *reading, "-o", "words.csv", "--min-count", "2", "--report", "report.html")
    assert (tmp_path / "words.csv").read_text(encoding="utf-8").startswith("word,count,documents,")
    assert "<script" in (tmp_path / "report.html").read_text(encoding="utf-8")
