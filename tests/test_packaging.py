"""The public face: names, imports, the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nlptools

ROOT = Path(__file__).resolve().parent.parent


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


def test_wheel_has_exactly_our_three_names(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "nlptools",
        "nlptools_cli",
        "nlptools_corpora",
    }
    assert any(name.startswith("nlptools_corpora/word_lists/") and name.endswith(".txt") for name in names)
    assert "nlptools/py.typed" in names
