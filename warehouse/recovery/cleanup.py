"""What killed runs leave lying: temporary files that never got their name, and what DuckDB had no memory for.

Nothing that has landed is ever removed, and neither is a Parquet file whose manifest is missing: nobody reads it, and
it may be all there is of an answer.
"""

import re
import shutil
from pathlib import Path

from warehouse.home import Home
from warehouse.lock import is_alive
from warehouse.publishing.history import sweep as sweep_versions

# The staging file that is being made anew (rebuild).
REBUILDING = ".rebuilding.duckdb"
# `write_durably` names its process; a link and a Parquet file are made by whoever holds the lock.
_OURS = re.compile(r"\.(?:.+\.(?P<process>\d+)\.tmp|.+\.parquet\.tmp|(?:current|warehouse\.duckdb|reports)\.new)")


def sweep(home: Home) -> None:
    """Remove what runs left that are no more. Only for who holds the lock."""
    for directory, pattern in ((home.path, ".*"), (home.landing, "*/*/*/.*"), (home.published, "*/.*")):
        for path in directory.glob(pattern):
            if _is_left(path):
                path.unlink(missing_ok=True)
    for path in (*home.path.glob(f"{REBUILDING}*"), home.path / f"{home.staging.name}.tmp"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    sweep_versions(home)


def _is_left(path: Path) -> bool:
    found = _OURS.fullmatch(path.name)
    if not found or (path.is_dir() and not path.is_symlink()):
        return False
    process = found["process"]
    return process is None or not is_alive(int(process))
