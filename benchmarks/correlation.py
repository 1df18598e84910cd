"""`python -m benchmarks.correlation [--rounds N]`: a week's correlation marts for 100 and for 500 assets, beside peers.

It prints its part of docs/benchmarks.md. All averages are compared: who computes something else is no peer.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd

from benchmarks.market import CHECKOUT
from tests.incremental.models import Models

SIZES = (100, 500)
MONDAY = datetime(2025, 11, 17)
WINDOWS = {
    "mon_mon": (MONDAY, MONDAY + timedelta(days=7)),
    "fri_fri": (MONDAY - timedelta(days=3, hours=3), MONDAY + timedelta(days=4, hours=21)),
}
OURS = (
    "int_correlation_blocks", "int_return_blocks", "int_correlation_panel", "int_pair_correlations",
    "int_bitcoin_variance_increase", "int_correlation_estimates", "int_jackknife_correlations",
)  # fmt: skip
BASELINE_DAYS = 215

Averages = dict[tuple[str, str], float]
# Of a window, horizon, kind of group, group and block left out (0: none): mean, Fisher's mean, with bitcoin, adjusted.
Estimates = dict[tuple[str, str, str, str, int], tuple[float | None, ...]]


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.correlation", description="Correlation beside peers.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default 3)")
    rounds = parser.parse_args().rounds
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory:
        models = {model["name"]: model for model in Models.compiled(Path(directory)).models}
    rows = [_measure(models, n_assets, rounds) for n_assets in SIZES]
    print("\n".join(_section(rows, rounds)))
    return 0


def _measure(models: dict[str, dict], n_assets: int, rounds: int) -> dict[str, float]:
    contestants: dict[str, Callable[[duckdb.DuckDBPyConnection], Averages]] = {
        "ours": lambda connection: _ours(connection, models),
        "self-join": _self_join,
        "pandas": _pandas,
        "numpy": lambda connection: _numpy(connection, with_intervals=False),
        "numpy, with intervals": lambda connection: _numpy(connection, with_intervals=True),
        "numpy, with all": _numpy_with_all,
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    with duckdb.connect() as connection:
        _make(connection, models, n_assets)
        for _ in range(rounds):
            said: dict[str, Averages] = {}
            for name, compute in contestants.items():
                started = time.perf_counter()
                said[name] = compute(connection)
                seconds[name].append(time.perf_counter() - started)
            for name, averages in said.items():
                for key, value in said["numpy"].items():
                    assert abs(averages[key] - value) < 1e-9, f"{name} says {averages[key]} of {key}, numpy {value}"
        _compare(connection, models)
    return {name: median(values) for name, values in seconds.items()} | {"n_assets": n_assets}


def _make(connection: duckdb.DuckDBPyConnection, models: dict[str, dict], n_assets: int) -> None:
    """Prices, windows and members as the models before these leave them; one factor moves all coins."""
    random = np.random.default_rng(n_assets)
    hours = pd.date_range(
        MONDAY - timedelta(days=BASELINE_DAYS), MONDAY + timedelta(days=7), freq="h", inclusive="right"
    )
    market = random.standard_t(4, len(hours)) * 0.004
    names = np.array(["bitcoin", *(f"coin-{i:04}" for i in range(1, n_assets))])
    recent = hours > MONDAY - timedelta(days=40)
    frames = []
    for number, name in enumerate(names):
        kept = np.ones(len(hours), bool) if number == 0 else recent
        returns = market + random.standard_t(4, len(hours)) * 0.005
        frames.append(pd.DataFrame({"asset_id": name, "price_at": hours[kept], "log_return": returns[kept]}))
    connection.register("made_prices", pd.concat(frames))
    ranks = np.arange(1, n_assets + 1)
    members = pd.DataFrame(
        {
            "asset_id": names,
            "rank": ranks,
            "rank_bucket": np.where(ranks <= 10, "1-10", np.where(ranks <= 50, "11-50", "51-100")),
            "sector": [f"sector {i % 12}" for i in range(n_assets)],
        }
    )
    connection.register("made_members", members)
    values = ", ".join(
        f"(date '{MONDAY:%Y-%m-%d}', '{name}', timestamp '{start}', timestamp '{end}',"
        f" {int((end - start).total_seconds() // 3600)})"
        for name, (start, end) in WINDOWS.items()
    )
    for schema in {model["schema"] for model in models.values()}:
        connection.execute(f"create schema if not exists {schema}")
    connection.execute(
        f"create table {_relation(models, 'core_windows')} as select * from (values {values})"
        " as made (week_start, window_id, starts_at, ends_at, n_hours)"
    )
    connection.execute(
        f"create table {_relation(models, 'core_members_weekly')} as select windows.week_start, windows.window_id,"
        f" made_members.* from {_relation(models, 'core_windows')} as windows cross join made_members"
    )
    connection.execute(f"create table {_relation(models, 'core_prices_hourly')} as select * from made_prices")
    connection.unregister("made_prices")


def _relation(models: dict[str, dict], name: str) -> str:
    return f"{models[name]['schema']}.{name}"


def _ours(connection: duckdb.DuckDBPyConnection, models: dict[str, dict]) -> Averages:
    for name in OURS:
        # The SQL names its database; here it stands in one without a name of its own.
        sql = models[name]["full_sql"].replace('"market".', "")
        kind = "view" if models[name]["materialized"] == "view" else "table"
        connection.execute(f"create or replace {kind} {_relation(models, name)} as {sql}")
    found = connection.execute(
        f"select window_id, horizon, average_pairwise_correlation from {_relation(models, 'int_correlation_estimates')}"
        " where group_kind = 'bucket' and member_group = 'all'"
    ).fetchall()
    return {(window, horizon): value for window, horizon, value in found}


def _compare(connection: duckdb.DuckDBPyConnection, models: dict[str, dict]) -> None:
    """What the marts' SQL has left in its last tables is what numpy says, figure by figure."""
    rows = connection.execute(
        "select window_id, horizon, group_kind, member_group, 0, average_pairwise_correlation,"
        " average_pairwise_correlation_fisher, average_correlation_to_btc, volatility_adjusted_correlation"
        f" from {_relation(models, 'int_correlation_estimates')} union all"
        " select window_id, horizon, 'bucket', rank_bucket, left_out_block, average_pairwise_correlation,"
        " null, null, null"
        f" from {_relation(models, 'int_jackknife_correlations')}"
    ).fetchall()
    ours: Estimates = {row[:5]: row[5:] for row in rows}
    theirs = _estimates(connection)
    assert ours.keys() == theirs.keys(), sorted(ours.keys() ^ theirs.keys())[:5]
    for key, values in theirs.items():
        for said, value in zip(ours[key], values, strict=True):
            assert (said is None) == (value is None), f"{said} of {key}, numpy {value}"
            assert said is None or value is None or abs(said - value) < 1e-9, f"{said} of {key}, numpy {value}"


def _horizons() -> Iterator[tuple[tuple[str, str], datetime, datetime]]:
    for window, (start, end) in WINDOWS.items():
        yield (window, "7d"), start, end
        yield (window, "30d"), end - timedelta(days=30), end


def _self_join(connection: duckdb.DuckDBPyConnection) -> Averages:
    prices = _prices(connection)
    return {
        key: connection.execute(
            f"""
            with hours as (select * from {prices} where price_at > ? and price_at <= ?)
            select avg(rho) from (
                select corr(a.log_return, b.log_return) as rho
                from hours a join hours b on a.price_at = b.price_at and a.asset_id < b.asset_id
                group by a.asset_id, b.asset_id
            )
            """,
            [start, end],
        ).fetchall()[0][0]
        for key, start, end in _horizons()
    }


def _wide(connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> pd.DataFrame:
    rows = connection.execute(
        f"select asset_id, price_at, log_return from {_prices(connection)} where price_at > ? and price_at <= ?",
        [start, end],
    ).df()
    return rows.pivot(index="price_at", columns="asset_id", values="log_return")


def _pandas(connection: duckdb.DuckDBPyConnection) -> Averages:
    return {key: _mean_of_pairs(_wide(connection, start, end).corr().to_numpy()) for key, start, end in _horizons()}


def _numpy(connection: duckdb.DuckDBPyConnection, *, with_intervals: bool) -> Averages:
    averages = {}
    for key, start, end in _horizons():
        returns = _wide(connection, start, end).to_numpy()
        averages[key] = _mean_of_pairs(np.corrcoef(returns, rowvar=False))
        if with_intervals:
            buckets = (slice(0, 10), slice(10, 50), slice(50, None), slice(None))
            for first in range(0, len(returns), 24):
                left = np.delete(returns, slice(first, first + 24), axis=0)
                for bucket in buckets:
                    _mean_of_pairs(np.corrcoef(left[:, bucket], rowvar=False))
    return averages


def _numpy_with_all(connection: duckdb.DuckDBPyConnection) -> Averages:
    estimates = _estimates(connection)
    return {
        (window, horizon): float(values[0] or 0)
        for (window, horizon, _, group, left_out), values in estimates.items()
        if group == "all" and not left_out
    }


def _estimates(connection: duckdb.DuckDBPyConnection) -> Estimates:
    """Everything that int_correlation_estimates and int_jackknife_correlations hold, by numpy."""
    found: Estimates = {}
    members = connection.execute("select asset_id, rank_bucket, sector from made_members order by asset_id").df()
    for (window, horizon), start, end in _horizons():
        wide = _wide(connection, start, end)
        returns = wide.to_numpy()
        bitcoin = wide.columns.get_loc("bitcoin")
        of = members.set_index("asset_id").loc[wide.columns]
        buckets = {name: np.flatnonzero(of["rank_bucket"] == name) for name in sorted(set(of["rank_bucket"]))}
        buckets["all"] = np.arange(len(of))
        sectors = {name: np.flatnonzero(of["sector"] == name) for name in sorted(set(of["sector"]))}
        past = connection.execute(
            f"select log_return from {_prices(connection)}"
            " where asset_id = 'bitcoin' and price_at > ? and price_at <= ?",
            [start - timedelta(days=182), start],
        ).df()
        delta = returns[:, bitcoin].var(ddof=1) / past["log_return"].var() - 1
        matrix = np.corrcoef(returns, rowvar=False)
        for kind, groups in (("bucket", buckets), ("sector", sectors)):
            for name, chosen in groups.items():
                pairs = matrix[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)]
                fisher = float(np.tanh(np.arctanh(pairs).mean()))
                adjusted = float((pairs / np.sqrt(1 + delta * (1 - pairs**2))).mean())
                beside = float(matrix[bitcoin, chosen[chosen != bitcoin]].mean()) if kind == "bucket" else None
                found[window, horizon, kind, name, 0] = (float(pairs.mean()), fisher, beside, adjusted)
        for number, first in enumerate(range(0, len(returns), 24), start=1):
            left = np.delete(returns, slice(first, first + 24), axis=0)
            for name, chosen in buckets.items():
                mean = _mean_of_pairs(np.corrcoef(left[:, chosen], rowvar=False))
                found[window, horizon, "bucket", name, number] = (mean, None, None, None)
    return found


def _mean_of_pairs(matrix: np.ndarray) -> float:
    return float(matrix[np.triu_indices(len(matrix), 1)].mean())


def _prices(connection: duckdb.DuckDBPyConnection) -> str:
    schema = connection.execute(
        "select table_schema from information_schema.tables where table_name = 'core_prices_hourly'"
    ).fetchall()[0][0]
    return f"{schema}.core_prices_hourly"


def _section(rows: list[dict[str, float]], rounds: int) -> Iterator[str]:
    yield f"## Correlation of a week: two windows, two horizons (median of {rounds})\n"
    yield (
        "| assets | pairs | the marts' SQL s | SQL self-join s | pandas `corr` s | numpy s "
        "| numpy with the same intervals s | numpy with all s | ours / numpy with intervals | ours / numpy with all |"
    )
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        n = int(row["n_assets"])
        yield (
            f"| {n} | {n * (n - 1) // 2:,} | {row['ours']:.2f} | {row['self-join']:.2f} | {row['pandas']:.2f} "
            f"| {row['numpy']:.2f} | {row['numpy, with intervals']:.2f} "
            f"| {row['numpy, with all']:.2f} | {row['ours'] / row['numpy, with intervals']:.2f} "
            f"| {row['ours'] / row['numpy, with all']:.2f} |"
        )
    yield ""
    yield (
        "- Ours is all that the marts hold, as tables: averages, Fisher means, correlations to Bitcoin,"
        " volatility-adjusted ones, of buckets and sectors, and the jackknife of each bucket. The self-join, pandas and"
        " the first numpy compute the four averages of all pairs alone; the second numpy leaves each day out in turn,"
        " as the jackknife does; the third computes all that the marts hold. All read the same table, and every figure"
        " of ours is the third numpy's to nine digits."
    )


if __name__ == "__main__":
    sys.exit(main())
