"""The gate: what stands against publishing this state of the warehouse, in words.

Imports no more than a reader needs.
"""

from collections.abc import Sequence

import duckdb

from warehouse.week import Week


def blocking_reasons(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What stands against publishing this state of the warehouse, in words; empty if nothing does."""
    reasons = [
        f"guard {rule} stopped {dataset} of {origin}: {failed} of {evaluated} rows ({reason})"
        for dataset, origin, rule, failed, evaluated, reason in connection.execute(
            """
            select dataset, origin, rule, sum(failed_rows), sum(evaluated_rows), any_value(reason)
            from guards.last_results
            where severity = 'critical' and not is_passed
            group by all order by all
            """
        ).fetchall()
    ]
    builds = connection.execute(
        "select is_passed, load_id, finished_at from raw.builds order by build_id desc limit 1"
    ).fetchall()
    newest = connection.execute("select coalesce(max(load_id), 0) from raw.loads").fetchall()[0][0]
    if not builds:
        reasons.append("the models have never been built")
    elif builds[0][2] is None:
        reasons.append("the last build of the models did not end")
    elif not builds[0][0]:
        reasons.append("the last build of the models failed its tests")
    elif builds[0][1] < newest:
        reasons.append(f"{newest - builds[0][1]} batches were loaded after the last build of the models")
    return reasons


def weeks_without_candles(connection: duckdb.DuckDBPyConnection, weeks: Sequence[Week]) -> list[Week]:
    """The weeks of which no venue gave a single candle: a page of them would say nothing."""
    known = {
        Week(monday)
        for (monday,) in connection.execute(
            "select distinct date_trunc('week', open_time)::date from raw.candles"
            " where open_time >= ? and open_time < ?",
            [min(weeks).start, max(weeks).end],
        ).fetchall()
    }
    return [week for week in weeks if week not in known]


def refusals(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[str]:
    """Why the venues did not answer when they were last asked for a dataset, a line for each venue."""
    return [
        f"{origin}: {reason}"
        for origin, reason in connection.execute(
            "select origin, max_by(reason, load_id) from raw.requests where dataset = ? and status = 'failed'"
            " group by origin order by origin",
            [dataset],
        ).fetchall()
    ]
