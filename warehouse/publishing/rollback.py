"""Bringing an older version back: the same swap as a publication, of a version that is still kept."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.home import Home, HomeError
from warehouse.publishing.history import (
    Published,
    RolledBack,
    current_number,
    history,
    sweep,
    version_before,
    versions,
)
from warehouse.publishing.swap import check_links, make_current


def roll_back(home: Home, to: int | None = None) -> Published:
    """Let readers see an older version again (None: the one before). HomeError, and no change, where that cannot be.

    The version gets the whole history, this rollback too, before the link names it: if we die in between, it is the
    history of a version that nobody sees, and the next rollback writes it anew.
    """
    sweep(home)
    check_links(home)
    now, told = current_number(home), history(home)
    if now is None:
        raise HomeError(f"nothing is published in {home.path}; run `regime run` first")
    kept = [number for number in versions(home) if number in told.numbers]
    to = version_before(home) if to is None else to
    if to is None:
        raise HomeError(f"no version before {now} is kept; `regime rollback --list` shows which are")
    if to not in kept:
        raise HomeError(f"version {to} is not kept; choose from {', '.join(map(str, kept))}")
    if to == now:
        raise HomeError(f"readers see version {now} already")
    version = home.published / str(to)
    _check_whole(version)
    event = RolledBack(to, now, datetime.now(UTC).replace(tzinfo=None))
    told.with_event(event).write(version)
    make_current(home, to)
    return next(row for row in told.publications if row.publication_id == to)


def _check_whole(version: Path) -> None:
    """HomeError unless a version has all that readers look for."""
    try:
        with duckdb.connect(str(version / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute("select count(*) from raw.publications").fetchall()
        is_whole = (version / "reports").is_dir()
    except duckdb.Error:
        is_whole = False
    if not is_whole:
        raise HomeError(f"{version} is damaged; choose another from `regime rollback --list`")
