"""When something is learned: by the wall clock, and never before what was learned earlier.

A clock may have been ahead, and be set right. Landing, raw and the ledgers are ordered by such moments, and models see
what was learned by the build's: a row stamped before an older one would count as the older, and a build stamped before
its rows would see none of them.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.database import connect
from warehouse.home import Home

# The smallest difference that landing's names and raw's timestamps keep.
TICK = timedelta(microseconds=1)
_NAME = re.compile(r"\d{8}T\d{12}")
_OWN_MOMENT = re.compile(r"\.(\d{8}T\d{12})\.[a-z_]+\.json")


class Moments:
    """Gives out moments (aware, UTC), each later than the one before it and than all that a home knows."""

    def __init__(self, home: Home) -> None:
        self._last = max(_newest_landed(home), _newest_in_staging(home))

    def next(self) -> datetime:
        """The moment of what is learned now."""
        self._last = max(datetime.now(UTC), self._last + TICK)
        return self._last


def moment_in(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The moment (aware, UTC) of what is made now from all that a database knows."""
    return max(datetime.now(UTC), _newest_in(connection))


def name_of_moment(path: Path) -> str:
    """When a manifest, judgement or release was learned, by its name: `20251124T060001123456`.

    Manifests and releases are named by day (their directory) and time, a judgement by the moment of its own.
    """
    found = _OWN_MOMENT.search(path.name)
    return found[1] if found else f"{path.parent.name.replace('-', '')}T{path.name[:12]}"


def _newest_landed(home: Home) -> datetime:
    names = filter(_NAME.fullmatch, map(name_of_moment, home.landing.glob("*/*/*/*.json")))
    newest = max(names, default=None)
    return (datetime.strptime(newest, "%Y%m%dT%H%M%S%f") if newest else datetime.min).replace(tzinfo=UTC)


def _newest_in_staging(home: Home) -> datetime:
    if not home.staging.exists():
        return datetime.min.replace(tzinfo=UTC)
    with connect(home) as connection:
        return _newest_in(connection)


def _newest_in(connection: duckdb.DuckDBPyConnection) -> datetime:
    found = connection.execute(
        """
        select max(moment) from (
            select max(recorded_at) as moment from raw.loads
            union all select max(as_of) from raw.run_context
            union all select max(finished_at) from raw.builds
            union all select max(changed_at) from raw.coverage_state
            union all select greatest(max(published_at), max(as_of)) from raw.publications
        )
        """
    ).fetchall()[0][0]
    return (found or datetime.min).replace(tzinfo=UTC)
