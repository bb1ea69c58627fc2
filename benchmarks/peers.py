"""The packages that we are compared with, in an environment of their own: build/peers.

    python benchmarks/peers.py            install what was not tried yet
    python benchmarks/peers.py --again    begin anew

Each is installed for itself; what cannot be installed is recorded with the reason. A script for a peer lies in
peer_scripts/, imports neither nlptools nor the other benchmarks, and is run with the interpreter of that environment.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from common import ROOT, Run, attempt, without_places

HOME = ROOT / "build" / "peers"
SCRIPTS = Path(__file__).resolve().parent / "peer_scripts"
PEERS = (
    *("polars", "duckdb", "scikit-learn", "gensim", "kenlm"),
    *("jieba", "rjieba", "sentencepiece", "pkuseg", "spacy-pkuseg", "thulac"),
    *("harvesttext", "smoothnlp", "jiagu", "pyhanlp"),
)
SECONDS = 600  # for one installation


def peer_python() -> Path:
    """Return the interpreter of the environment; SystemExit with the remedy if there is none."""
    path = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not path.exists():
        sys.exit(f"{HOME} is missing: run python benchmarks/peers.py")
    return path


def installed() -> dict[str, str]:
    """Return the peers that are installed, each with its version."""
    return _state()["installed"]


def failures() -> dict[str, str]:
    """Return the peers that could not be installed, each with the last line of the reason."""
    return _state()["failed"]


def run_peer(script: str | Path, *arguments: str | Path, timeout: float | None = None, **environment: str) -> Run:
    """Run a script (a name in peer_scripts/, or a path) with the peers' interpreter, and return what it took.

    The run has the script's standard output, and in `failure` why it did not end well, if so. timeout: seconds.
    """
    path = script if isinstance(script, Path) else SCRIPTS / script
    command = [str(peer_python()), str(path), *map(str, arguments)]
    return attempt(command, timeout=timeout, PYTHONPATH="", **environment)


def _state() -> dict[str, dict[str, str]]:
    path = HOME / "peers.json"
    if not path.exists():
        return {"installed": {}, "failed": {}}
    state: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return state


def _install(name: str) -> str:
    """Install a package; return the reason if that fails, else an empty string.

    A second attempt is without an isolated build, since some builds need numpy and Cython without saying so.
    """
    pip = [str(peer_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    reason = ""
    for command in ([*pip, name], [*pip, "--no-build-isolation", name]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"not installed after {SECONDS} s"
        if not done.returncode:
            return ""
        reason = reason or _reason(done.stderr)
    return reason


def _reason(output: str) -> str:
    """Return the last line that names an error, without what pip says about itself."""
    lines = [line.strip(" │╰─>×") for line in output.splitlines() if line.strip(" │╰─>×")]
    errors = [line for line in lines if "Error:" in line or line.startswith(("ERROR:", "error:", "fatal"))]
    named = [line for line in errors if "subprocess-exited-with-error" not in line]
    return without_places((named or errors or lines or ["no reason given"])[0 if named else -1])


def _versions() -> dict[str, str]:
    code = "import importlib.metadata as m, json; print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
    done = subprocess.run([str(peer_python()), "-c", code], capture_output=True, text=True, check=True)
    versions: dict[str, str] = {name.replace("_", "-"): found for name, found in json.loads(done.stdout).items()}
    return versions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="remove the environment first")
    if parser.parse_args().again:
        shutil.rmtree(HOME, ignore_errors=True)
    if not HOME.exists():
        venv.create(HOME, with_pip=True)
        _install("setuptools<81")  # pkg_resources, which older packages import
        for name in ("wheel", "numpy", "cython"):
            _install(name)
    before = _versions()
    failed = failures()
    failed |= {name: reason for name in PEERS if name not in {*before, *failed} and (reason := _install(name))}
    versions = _versions()
    state = {"installed": {name: versions[name] for name in PEERS if name in versions}, "failed": failed}
    (HOME / "peers.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
    for name in PEERS:
        print(f"{name}: {versions.get(name) or 'did not install here: ' + failed[name]}")


if __name__ == "__main__":
    main()
