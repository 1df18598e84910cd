"""`regime quarantine`: what guards stopped, why and from which file, and letting go what a wrong rule held."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import duckdb

from regime.commands.sql import FORMATS, print_rows
from regime.errors import BadInput
from regime.reading import open_newest
from warehouse.clock import remembered_clock
from warehouse.contracts import DATASETS
from warehouse.home import Home
from warehouse.recovery.upkeep import locked, put_in_order
from warehouse.untrusted import one_line

LOCK_WAIT_SECONDS = 2.0
SUITES = "expectations/suites"
PEERS = "intermediate.int_peer_verdicts"

# What guards stopped as it landed, and what the build holds because other facts refuse it: one shape for both.
_LANDED = """
    select rule, dataset, origin, severity, event_at, reason, market_type, series, recorded_at, released_at,
           landing_file, row_number, row_json as row
    from raw.quarantine"""
_REFUSED = f"""
    select rule, dataset, venue, 'peers', event_at, reason, market_type, series, null, null, null, null, null
    from {PEERS}"""


def list_rules(format: str, out: TextIO = sys.stdout) -> None:
    """A line for each rule, dataset and origin: rows held and released, first and last event."""
    _print(
        """
        select rule, dataset, origin, severity, count(*) filter (released_at is null) as held_rows,
               count(*) filter (released_at is not null) as released_rows,
               min(event_at) as first_event_at, max(event_at) as last_event_at
        from stopped group by all order by held_rows desc, rule, dataset, origin
        """,
        [],
        format,
        out,
    )


def show(rule: str, dataset: str | None, origin: str | None, limit: int, format: str, out: TextIO = sys.stdout) -> None:
    """The rows of a rule: what, why, from which file and row, since when, and whether they are held."""
    _check_dataset(dataset)
    if limit < 1:
        raise BadInput("--limit must be 1 or more")
    where = "rule = ? and dataset = coalesce(?, dataset) and origin = coalesce(?, origin)"
    _print(
        f"""
        select dataset, origin, market_type, series, event_at, reason, recorded_at, released_at, landing_file,
               row_number, row
        from stopped where {where}
        order by released_at nulls first, dataset, origin, series, event_at limit {int(limit)}
        """,
        [rule, dataset, origin],
        format,
        out,
        must_hold=rule,
    )


def release(rule: str, dataset: str | None, *, wait_seconds: float = 0.0) -> None:
    """Judge again, with the rules as they are now, every batch in which `rule` stopped rows; load what passes."""
    _check_dataset(dataset)
    home = Home.at()
    if home.identity() is None:
        raise BadInput(f"nothing has landed in {home.path}; run `regime run` first")
    from warehouse.database import connect
    from warehouse.loading import load_landed
    from warehouse.verdicts import stopped_by

    with locked(home, wait_seconds=max(LOCK_WAIT_SECONDS, wait_seconds)):
        put_in_order(home)
        with connect(home) as connection:
            load_landed(connection, home)
            files = stopped_by(connection, rule, dataset)
            if not files:
                raise BadInput(_why_none(connection, rule, dataset))
            began = datetime.now(UTC).replace(tzinfo=None)
            for file in files:
                _judge_again(home, file, rule)
            load_landed(connection, home)
            _tell(connection, rule, dataset, len(files), began)


def _judge_again(home: Home, file: str, rule: str) -> None:
    from expectations.runner import judge_at
    from warehouse.landing import read_manifest
    from warehouse.verdicts import rejudge

    manifest = read_manifest(home.landing / file)
    remembered = remembered_clock(home)
    clock = manifest.clock or (remembered.now if remembered else None)
    if clock is None:
        raise BadInput(f"what time it was when {Path(file).name} landed is not known; run `regime run` first")
    rejudge(manifest, judge_at(clock), clock=clock, rule=rule)


def _tell(connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None, batches: int, began: datetime) -> None:
    """How many rows went, how many stay, and whose turn it is."""
    released, others = connection.execute(
        """
        with gone as (
            select distinct dataset, row_json from raw.quarantine
            where rule = ? and dataset = coalesce(?, dataset) and released_at >= ?
        )
        select count(*) filter (still.dataset is null), count(*) filter (still.dataset is not null)
        from gone left join (
            select distinct dataset, row_json from raw.quarantine where released_at is null
        ) still using (dataset, row_json)
        """,
        [rule, dataset, began],
    ).fetchall()[0]
    held = connection.execute(
        "select dataset, count(*) from raw.quarantine where rule = ? and dataset = coalesce(?, dataset)"
        " and released_at is null group by dataset order by dataset",
        [rule, dataset],
    ).fetchall()
    print(f"{_many(batches, 'batch', 'batches')} judged again: {_many(released, 'row', 'rows')} released")
    if others:
        print(f"{_many(others, 'more row', 'more rows')} pass this rule and are held by others")
    for name, rows in held:
        print(
            f"the rule as it stands still holds {_many(rows, 'row', 'rows')} of {name}; change it in {SUITES}/{name}.py"
        )
    if stopped := _still_stopped(connection, rule, dataset):
        print(f"the rule as it stands still stops the line ({stopped}); change it in {SUITES}/")
    if released or not held:
        print("the next `regime run` builds and publishes")


def _still_stopped(connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None) -> str:
    from warehouse.publishing.gate import blocking_reasons

    return "; ".join(
        one_line(reason)
        for reason in blocking_reasons(connection)
        if reason.startswith(f"guard {rule} stopped {dataset or ''}")
    )


def _why_none(connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None) -> str:
    asked = f"rule {one_line(rule, 60)}" + (f" in {dataset}" if dataset else "")
    if _has_peers(connection):
        found = connection.execute(
            f"select count(*) from {PEERS} where rule = ? and dataset = coalesce(?, dataset)", [rule, dataset]
        ).fetchall()
        if found[0][0]:
            return (
                f"{asked} is a check among peers and made anew by each build; change its limit in "
                "dbt_project/macros/rules, then `regime run`"
            )
    known = [
        name
        for (name,) in connection.execute(
            "select distinct rule from raw.quarantine where released_at is null and dataset = coalesce(?, dataset)"
            " order by rule",
            [dataset],
        ).fetchall()
    ]
    return f"{asked} holds nothing; " + (f"these do: {', '.join(known)}" if known else "nothing is held")


def _print(query: str, parameters: list[object], format: str, out: TextIO, *, must_hold: str | None = None) -> None:
    if format not in FORMATS:
        raise BadInput(f"--format {one_line(format, 40)} is none of {', '.join(FORMATS)}")
    with open_newest(Home.at()) as (connection, _):
        try:
            stopped = _LANDED + (f" union all {_REFUSED}" if _has_peers(connection) else "")
            if (
                must_hold
                and not connection.execute(
                    f"with stopped as ({stopped}) select 1 from stopped where rule = ? limit 1", [must_hold]
                ).fetchall()
            ):
                raise BadInput(f"rule {one_line(must_hold, 60)} stopped nothing; see: regime quarantine list")
            found = connection.execute(f"with stopped as ({stopped}) {query}", parameters)
            print_rows([column[0] for column in found.description or ()], found, format, out)
        except duckdb.Error as error:
            raise BadInput(
                f"the quarantine cannot be read: {one_line(str(error), 200)}; `regime run` mends it"
            ) from None


def _has_peers(connection: duckdb.DuckDBPyConnection) -> bool:
    schema, table = PEERS.split(".")
    found = connection.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchall()
    return bool(found[0][0])


def _check_dataset(dataset: str | None) -> None:
    if dataset is not None and dataset not in DATASETS:
        raise BadInput(f"{one_line(dataset, 40)} is no dataset; choose from {', '.join(DATASETS)}")


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
