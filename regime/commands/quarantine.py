"""`regime quarantine`: what guards stopped and checks refuse, and why; letting go what is held wrongly.

A guard's rule is released by mending it: its batches are judged again. A check's rows, which are in raw all the time,
are released by decision: it is kept in landing, and the next build honours it.
"""

import getpass
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

import duckdb

from regime.commands.sql import FORMATS, print_rows
from regime.errors import BadInput
from regime.reading import open_newest
from warehouse.clock import remembered_clock
from warehouse.contracts import DATASETS
from warehouse.home import Home
from warehouse.moments import Moments
from warehouse.quarantine.check_releases import ReleasedFact
from warehouse.recovery.upkeep import locked, put_in_order
from warehouse.untrusted import one_line

LOCK_WAIT_SECONDS = 2.0
SUITES = "expectations/suites"
CHECKS = "intermediate.failed_checks"

# Rows of guards and of checks in one shape. What was released stays in sight even if the fact was revised since and no
# longer fails.
_STOPPED_BY_GUARDS = """
    select rule, dataset, origin as venue, severity, event_at, null as value, null as bound, reason, market_type,
           series, recorded_at, released_at, null as released_by, null as release_reason, landing_file, row_number,
           row_json as row
    from raw.quarantine"""
_REFUSED_BY_CHECKS = """
    select coalesce(f.rule, r.rule), coalesce(f.dataset, r.dataset), coalesce(f.venue, r.venue), 'check',
           coalesce(f.event_at, r.event_at), coalesce(f.value, r.value), coalesce(f.bound, r.bound), f.reason,
           coalesce(f.market_type, r.market_type), coalesce(f.series, r.series), f.recorded_at, r.recorded_at,
           r.released_by, r.reason, l.landing_file, null, null
    from ({failed}) f
    full join (
        select * from raw.check_releases
        qualify row_number() over (
            partition by rule, dataset, venue, market_type, series, event_at order by recorded_at, load_id
        ) = 1
    ) r on r.rule = f.rule and r.dataset = f.dataset and r.venue = f.venue and r.series = f.series
        and r.event_at = f.event_at and r.market_type is not distinct from f.market_type
    left join raw.loads l on l.load_id = f.load_id"""
_NO_CHECK_WAS_MADE = """
    select null::varchar as rule, null::varchar as dataset, null::varchar as venue, null::varchar as market_type,
           null::varchar as series, null::timestamp as event_at, null::double as value, null::double as bound,
           null::varchar as reason, null::timestamp as recorded_at, null::bigint as load_id
    where false"""


def list_rules(format: str, out: TextIO = sys.stdout) -> None:
    """A line for each rule, dataset and venue: rows held and released, first and last event."""
    _print(
        """
        select rule, dataset, venue, severity, count(*) filter (released_at is null) as held_rows,
               count(*) filter (released_at is not null) as released_rows,
               min(event_at) as first_event_at, max(event_at) as last_event_at
        from stopped group by all order by held_rows desc, rule, dataset, venue
        """,
        [],
        format,
        out,
    )


def show(rule: str, dataset: str | None, venue: str | None, limit: int, format: str, out: TextIO = sys.stdout) -> None:
    """The rows of a rule: what, why, from which file and row, since when, and whether they are held."""
    _check_dataset(dataset)
    if limit < 1:
        raise BadInput("--limit must be 1 or more")
    where = "rule = ? and dataset = coalesce(?, dataset) and venue = coalesce(?, venue)"
    _print(
        f"""
        select dataset, venue, market_type, series, event_at, value, bound, reason, recorded_at, released_at,
               released_by, release_reason, landing_file, row_number, row
        from stopped where {where}
        order by released_at nulls first, dataset, venue, series, event_at limit {int(limit)}
        """,
        [rule, dataset, venue],
        format,
        out,
        must_hold=rule,
    )


def release(
    rule: str,
    dataset: str | None,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    reason: str | None = None,
    wait_seconds: float = 0.0,
) -> None:
    """Let go what `rule` holds: of a check because of `reason`, of a guard if the rule as it is now lets it pass."""
    _check_dataset(dataset)
    home = Home.at()
    if home.identity() is None:
        raise BadInput(f"nothing has landed in {home.path}; run `regime run` first")
    from warehouse.database import connect
    from warehouse.loading import load_landed
    from warehouse.quarantine.verdicts import stopped_by

    with locked(home, wait_seconds=max(LOCK_WAIT_SECONDS, wait_seconds)):
        put_in_order(home)
        with connect(home) as connection:
            load_landed(connection, home)
            if facts := _failing_facts(connection, rule, dataset, venue, symbol):
                _release_facts(connection, home, rule, facts, reason)
                return
            files = stopped_by(connection, rule, dataset, venue)
            if not files:
                raise BadInput(_why_none(connection, rule, dataset, venue, symbol))
            if symbol or reason:
                raise BadInput(
                    f"rule {one_line(rule, 60)} is a guard's: whole batches are judged again, by the rule as it stands "
                    f"in {SUITES}/; leave --symbol and --reason out"
                )
            moments = Moments(home)
            began = moments.next().replace(tzinfo=None)
            for file in files:
                _judge_again(home, file, rule, moments)
            load_landed(connection, home)
            _report(connection, rule, dataset, len(files), began)


def _failing_facts(
    connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None, venue: str | None, symbol: str | None
) -> list[ReleasedFact]:
    """What a check of the last build refuses by this rule and nobody has released."""
    if not _has_checks(connection):
        return []
    found = connection.execute(
        f"""
        select dataset, venue, market_type, series, event_at, value, bound
        from {CHECKS} f
        where rule = ? and dataset = coalesce(?, dataset) and venue = coalesce(?, venue)
            and series = coalesce(?, series)
            and not exists (
                select 1 from raw.check_releases r
                where r.rule = f.rule and r.dataset = f.dataset and r.venue = f.venue and r.series = f.series
                    and r.event_at = f.event_at and r.market_type is not distinct from f.market_type
            )
        order by all
        """,
        [rule, dataset, venue, symbol],
    ).fetchall()
    return [ReleasedFact(*row) for row in found]


def _release_facts(
    connection: duckdb.DuckDBPyConnection, home: Home, rule: str, facts: list[ReleasedFact], reason: str | None
) -> None:
    from warehouse.loading import load_landed
    from warehouse.quarantine.check_releases import release_facts

    if not (reason or "").strip():
        raise BadInput(
            f"rule {one_line(rule, 60)} is a check's and would release {_many(len(facts), 'row', 'rows')}: say with "
            "--reason why they count; narrow it with --venue and --symbol"
        )
    release_facts(home, rule, facts, released_by=_who(), reason=str(reason).strip())
    load_landed(connection, home)
    print(f"{_many(len(facts), 'row', 'rows')} released")
    others = connection.execute(
        f"""
        select f.rule, count(*)
        from {CHECKS} f
        semi join raw.check_releases r
            on r.rule = ? and r.dataset = f.dataset and r.venue = f.venue and r.series = f.series
            and r.event_at = f.event_at and r.market_type is not distinct from f.market_type
        anti join raw.check_releases o
            on o.rule = f.rule and o.dataset = f.dataset and o.venue = f.venue and o.series = f.series
            and o.event_at = f.event_at and o.market_type is not distinct from f.market_type
        group by f.rule order by f.rule
        """,
        [rule],
    ).fetchall()
    for other, rows in others:
        print(f"{other} still refuses {rows:,} of them")
    print("the next `regime run` builds and publishes")


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return f"user {os.getuid()}"


def _judge_again(home: Home, file: str, rule: str, moments: Moments) -> None:
    from expectations.runner import judge_at
    from warehouse.landing import read_manifest
    from warehouse.quarantine.verdicts import rejudge

    manifest = read_manifest(home.landing / file)
    remembered = remembered_clock(home)
    clock = manifest.clock or (remembered.now if remembered else None)
    if clock is None:
        raise BadInput(f"what time it was when {Path(file).name} landed is not known; run `regime run` first")
    rejudge(manifest, judge_at(clock), clock=clock, rule=rule, moments=moments)


def _report(
    connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None, batches: int, began: datetime
) -> None:
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


def _why_none(
    connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None, venue: str | None, symbol: str | None
) -> str:
    asked = f"rule {one_line(rule, 60)}" + (f" in {dataset}" if dataset else "")
    asked += f" of {one_line(venue, 40)}" if venue else ""
    asked += f" for {one_line(symbol, 40)}" if symbol else ""
    known = [
        name
        for (name,) in connection.execute(
            f"select distinct rule from ({_stopped(connection)}) where released_at is null"
            " and dataset = coalesce(?, dataset) order by rule",
            [dataset],
        ).fetchall()
    ]
    return f"{asked} holds nothing; " + (f"these do: {', '.join(known)}" if known else "nothing is held")


def _print(query: str, parameters: list[object], format: str, out: TextIO, *, must_hold: str | None = None) -> None:
    if format not in FORMATS:
        raise BadInput(f"--format {one_line(format, 40)} is none of {', '.join(FORMATS)}")
    with open_newest(Home.at()) as (connection, _):
        try:
            stopped = _stopped(connection)
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


def _stopped(connection: duckdb.DuckDBPyConnection) -> str:
    """The query of all that is or was held."""
    failed = f"from {CHECKS}" if _has_checks(connection) else _NO_CHECK_WAS_MADE
    return f"{_STOPPED_BY_GUARDS} union all {_REFUSED_BY_CHECKS.format(failed=failed)}"


def _has_checks(connection: duckdb.DuckDBPyConnection) -> bool:
    schema, table = CHECKS.split(".")
    found = connection.execute(
        "select count(*) from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchall()
    return bool(found[0][0])


def _check_dataset(dataset: str | None) -> None:
    if dataset is not None and dataset not in DATASETS:
        raise BadInput(f"{one_line(dataset, 40)} is no dataset; choose from {', '.join(DATASETS)}")


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
