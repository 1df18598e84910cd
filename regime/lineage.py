"""From a cell of a mart to the landed files that it was made from."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import duckdb

from warehouse.builds.project import manifest
from warehouse.contracts import DATASETS, Dataset
from warehouse.home import Home
from warehouse.landing import LandingError, read_manifest, verify

UNCHANGED = "unchanged"


@dataclass(frozen=True)
class LandedFile:
    """A landed batch with rows of a figure's window: whose, how many, which file, its hash, and its state now."""

    dataset: str
    origin: str
    rows: int
    file: str
    sha256: str | None
    state: str


def sources_of(mart: str) -> list[str]:
    """The datasets that a mart is made of, however many models lie between."""
    project = _project()
    parents: Mapping[str, list[str]] = project["parent_map"]
    todo, seen = [f"model.{project['metadata']['project_name']}.{mart}"], set[str]()
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += parents.get(node, [])
    names = {node.split(".")[-1] for node in seen if node.startswith("source.")}
    return [name for name in DATASETS if name in names]


def window_of(evidence: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """The time from which rows went into a cell directly: its week, its day, or the days that its name says.

    Both ends in UTC; None where the key names no time. Models look further back (for percentiles, for the last price
    before), which is not in it.
    """
    key, column = evidence["key"], evidence["column"]
    window = evidence.get("window_id") or key.get("window_id")
    if "week_start" in key:
        monday = datetime.fromisoformat(key["week_start"])
        start, end = monday, monday + timedelta(days=7)
        if window == "fri_fri":  # from the last close of the week before, at the latest on its Friday
            start, end = monday - timedelta(days=4), monday + timedelta(days=5)
        return (end - timedelta(days=30), end) if key.get("horizon") == "30d" else (start, end)
    for name in ("market_date", "level_at", "price_at", "run_start"):
        if name in key:
            moment = datetime.fromisoformat(key[name])
            end = moment + timedelta(days=1) if name == "market_date" else moment
            days = re.search(r"_(\d+)d(_|$)", column)
            return end - timedelta(days=int(days[1]) if days else 1), end
    return None


def landed_files(
    connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset, evidence: Mapping[str, Any]
) -> Iterator[LandedFile]:
    """The batches of a dataset with rows of the cell's window, and of its asset or venue where it names one.

    Those with most rows first.
    """
    conditions, parameters = _conditions(connection, dataset, evidence)
    found = connection.execute(
        f"""
        select l.origin, count(*) as n, l.landing_file, l.sha256
        from raw."{dataset.name}" r join raw.loads l on l.load_id = r.load_id
        where {" and ".join(conditions) or "true"}
        group by l.origin, l.landing_file, l.sha256 order by n desc, l.landing_file
        """,
        parameters,
    ).fetchall()
    for origin, rows, file, sha256 in found:
        yield LandedFile(dataset.name, origin, rows, file, sha256, _state(home, file))


def _conditions(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, evidence: Mapping[str, Any]
) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    parameters: list[object] = []
    key, window = evidence["key"], window_of(evidence)
    if window and dataset.time_column:
        conditions.append(f'r."{dataset.time_column}" >= ? and r."{dataset.time_column}" <= ?')
        parameters += [_as(dataset, moment) for moment in window]
    if "venue" in key:
        conditions.append(f'r."{dataset.origin_column}" = ?')
        parameters.append(key["venue"])
    own = _own_series(connection, dataset, key)
    if own:
        conditions.append(own)
        parameters.append(key["asset_id"])
    return conditions, parameters


def _as(dataset: Dataset, moment: datetime) -> date:
    is_day = dataset.time_column and str(dataset.column(dataset.time_column).type).startswith("date")
    return moment.date() if is_day else moment


def _own_series(connection: duckdb.DuckDBPyConnection, dataset: Dataset, key: Mapping[str, str]) -> str | None:
    """The condition for the series of the asset that a key names; None where it names none, or names the market."""
    names = {column.name for column in dataset.columns}
    if "asset_id" not in key:
        return None
    if "venue_symbol" in names:
        among = "select venue, venue_symbol from marts.instruments where asset_id = ?"
        condition = f"(r.venue, r.venue_symbol) in ({among})"
    elif dataset.series_column == "provider_asset_id":
        among = "select provider, provider_asset_id from intermediate.int_provider_assets where asset_id = ?"
        condition = f"(r.provider, r.provider_asset_id) in ({among})"
    else:
        return None
    return condition if connection.execute(f"{among} limit 1", [key["asset_id"]]).fetchall() else None


def _state(home: Home, file: str) -> str:
    try:
        verify(read_manifest(home.landing / file))
    except LandingError as error:
        return f"NOT as it landed: {error}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return UNCHANGED


@cache
def _project() -> dict[str, Any]:
    return dict(json.loads(manifest().read_bytes()))
