"""What code made a publication."""

import os
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from warehouse.home import CHECKOUT


@cache
def code_version() -> str:
    """The package's version and, in a git checkout, its commit (`+changed` where files differ from it)."""
    try:
        package = version("market-regime-warehouse")
    except PackageNotFoundError:
        package = "0"
    commit = _git("rev-parse", "--short=12", "HEAD")
    if not commit:
        return package
    changed = "+changed" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return f"{package} {commit}{changed}"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(CHECKOUT), *arguments],
            env={
                name: value for name, value in os.environ.items() if not name.startswith("GIT_")
            },  # another checkout's
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""
