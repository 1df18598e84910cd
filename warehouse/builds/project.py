"""The dbt project: where it lies, what state its files are in, and a manifest that fits them."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from warehouse.builds.processes import DIRECTORY
from warehouse.home import CHECKOUT

PROJECT_DIR = CHECKOUT / "dbt_project"
TARGET = "target"
# dbt starts in the home and finds the database there, by the same name in every home: dbt compares the path with that
# of its last parse, and need not parse the project again for each.
STAGING = Path("staging.duckdb")
_SUFFIXES = {".sql", ".py", ".yml", ".csv", ".md"}


class ProjectError(RuntimeError):
    """The dbt project cannot be read; the message says why."""


def dbt_executable() -> str:
    """The dbt of this environment, also where its directory is not on PATH."""
    beside = Path(sys.executable).parent / "dbt"
    return str(beside) if beside.exists() else "dbt"


def environment(staging: Path, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What dbt may know of the environment: where to build, and not what the shell says for some other project.

    Each of dbt's options can be a variable. DBT_RESOURCE_TYPES=model alone would build without a single test.
    """
    kept = {name: value for name, value in variables.items() if not name.startswith("DBT_")}
    return kept | {"REGIME_STAGING": str(staging), "PYTHONUTF8": "1"}


def adopt_environment(staging: Path, directory: Path | None = None) -> None:
    """The same for this process, where a library starts dbt in it, or from it and in `directory`."""
    ours = environment(staging) | ({DIRECTORY: str(directory)} if directory else {})
    for name in os.environ.keys() - ours.keys() | {DIRECTORY}:
        os.environ.pop(name, None)
    os.environ.update(ours)


def fingerprint() -> str:
    """One value for the content of every file that decides what is built."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT_DIR.rglob("*")):
        relative = path.relative_to(PROJECT_DIR)
        if path.suffix in _SUFFIXES and relative.parts[0] not in {TARGET, "logs"}:
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def manifest() -> Path:
    """The manifest of the project as its files are now; parses them first where there is none that fits."""
    path = PROJECT_DIR / TARGET / "manifest.json"
    parsed = path.with_name(".fingerprint")
    state = fingerprint()
    path.parent.mkdir(exist_ok=True)
    with open(path.with_name(".lock"), "wb") as lock:  # runs in two homes may find at once that the project has changed
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or not parsed.exists() or parsed.read_text(encoding="utf-8") != state:
            _parse()
            parsed.write_text(state, encoding="utf-8")
    return path


def keep_parse(artefacts: Path) -> None:
    """Give a new directory of dbt's artefacts what the last parse found, so that dbt need not read everything again."""
    shutil.copy(manifest().with_name("partial_parse.msgpack"), artefacts)


def _parse() -> None:
    done = subprocess.run(
        [dbt_executable(), "--quiet", "parse", "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)],
        cwd=PROJECT_DIR,
        env=environment(STAGING),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        told = " ".join((done.stdout + done.stderr).split())
        raise ProjectError(f"dbt cannot parse {PROJECT_DIR.name}: {told[-600:]}")


if __name__ == "__main__":  # part of set-up: `python -m warehouse.builds.project`
    manifest()
