"""The dbt project: where it lies, what state its files are in, and a manifest that fits them."""

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from warehouse.home import CHECKOUT, Home

PROJECT_DIR = CHECKOUT / "dbt_project"
TARGET = "target"
_SUFFIXES = {".sql", ".yml", ".csv", ".md"}


class ProjectError(RuntimeError):
    """The dbt project cannot be read; the message says why."""


def dbt_executable() -> str:
    """The dbt of this environment, also where its directory is not on PATH."""
    beside = Path(sys.executable).parent / "dbt"
    return str(beside) if beside.exists() else "dbt"


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
    if not path.exists() or not parsed.exists() or parsed.read_text(encoding="utf-8") != state:
        _parse()
        parsed.write_text(state, encoding="utf-8")
    return path


def _parse() -> None:
    done = subprocess.run(
        [dbt_executable(), "--quiet", "parse", "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)],
        cwd=PROJECT_DIR,
        # The path is part of what dbt compares when it decides whether it must parse again.
        env={k: v for k, v in os.environ.items() if k != "DBT_TARGET_PATH"}
        | {"REGIME_STAGING": str(Home.at().staging)},
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
