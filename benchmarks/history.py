"""`python -m benchmarks.history [--rounds N]`: the models over three months and over three years of 600 hourly symbols.

It prints its part of docs/benchmarks.md. One round: three years take minutes.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks import long_history
from benchmarks.market import CHECKOUT
from benchmarks.measure import Measurement, measure
from tests.incremental.compiling import DATABASE
from tests.incremental.models import Models, opened
from warehouse.builds.project import PROJECT_DIR, dbt_executable, environment

Result = TypeVar("Result")

SIZES = {"3 months": 13, "3 years": 156}


@dataclass(frozen=True)
class Row:
    """One length of history: how many candles, and what each way cost."""

    name: str
    n_candles: int
    dbt_full: Measurement
    bare_full: Measurement
    dbt_increment: Measurement
    bare_increment: Measurement


def main() -> int:
    """Measure, and print the table; or make one bare build, as a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description="Cost by length of history.")
    parser.add_argument("--rounds", type=int, default=1, help="asked of every part; here one round is made")
    parser.add_argument("--weeks", type=int, action="append", help="other lengths than 13 and 156 weeks")
    parser.add_argument("--bare", nargs=3, metavar=("MODELS", "DATABASE", "MOMENT"), help="build once, without dbt")
    options = parser.parse_args()
    if options.bare:
        models, database, moment = options.bare
        with opened(Path(database)) as connection:
            Models.read(Path(models)).build(connection, datetime.fromisoformat(moment))
        return 0
    sizes = {f"{weeks} weeks": weeks for weeks in options.weeks} if options.weeks else SIZES
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    rows = []
    for name, weeks in sizes.items():
        with TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory:
            rows.append(_measure(Path(directory), name, weeks))
    print("\n".join(_section(rows)))
    return 0


def _measure(directory: Path, name: str, weeks: int) -> Row:
    (directory / "models").mkdir()
    models = Models.compiled(directory / "models")
    # Compiled SQL names its database: the bare one bears that name.
    database, bare = directory / "staging.duckdb", directory / "bare" / DATABASE
    bare.parent.mkdir()
    long_history.copy(models.database, database)
    n_candles, moment = _in_a_process(_make, database, weeks)
    long_history.copy(database, bare)
    bare_full = _bare(directory, bare, moment)
    _dbt(directory, database, "parse")
    dbt_full = _dbt(directory, database, "run", "--full-refresh")
    for file in (database, bare):
        moment = _in_a_process(_load_last_week, file, weeks)
    bare_increment = _bare(directory, bare, moment)
    return Row(name, n_candles, dbt_full, bare_full, _dbt(directory, database, "run"), bare_increment)


def _make(database: Path, weeks: int) -> tuple[int, datetime]:
    with opened(database) as connection:
        n_candles = long_history.make(connection, weeks)
        return n_candles, long_history.begin(connection, weeks, long_history.LAST_WEEK)


def _load_last_week(database: Path, weeks: int) -> datetime:
    with opened(database) as connection:
        long_history.end(connection)
        long_history.load_last_week(connection)
        return long_history.begin(connection, weeks, long_history.END)


def _in_a_process(work: Callable[[Path, int], Result], database: Path, weeks: int) -> Result:
    """What is measured afterwards is never told a smaller peak memory than that of this process: it stays small."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, database, weeks).result()


def _bare(directory: Path, database: Path, moment: datetime) -> Measurement:
    command = [sys.executable, "-m", "benchmarks.history", "--bare", str(directory / "models"), str(database)]
    return measure([*command, f"{moment:%Y-%m-%d %H:%M:%S}"], CHECKOUT, dict(os.environ))


def _dbt(directory: Path, database: Path, *command: str) -> Measurement:
    places = {"DBT_TARGET_PATH": directory / "target", "DBT_LOG_PATH": directory / "logs"}
    whole = [dbt_executable(), "--quiet", *command, "--profiles-dir", str(PROJECT_DIR)]
    return measure(whole, PROJECT_DIR, environment(database) | {name: str(path) for name, path in places.items()})


def _section(rows: list[Row]) -> Iterator[str]:
    yield "## The models by length of history: 600 hourly symbols, with funding, open interest and market caps\n"
    yield "| history | candles | | dbt s | bare SQL s | dbt / bare | peak memory of dbt MB |"
    yield "|---|---:|---|---:|---:|---:|---:|"
    for row in rows:
        for kind, dbt, bare in (
            ("full refresh", row.dbt_full, row.bare_full),
            ("weekly increment", row.dbt_increment, row.bare_increment),
        ):
            yield (
                f"| {row.name} | {row.n_candles:,} | {kind} | {dbt.wall_seconds:.1f} | {bare.wall_seconds:.1f} "
                f"| {dbt.wall_seconds / bare.wall_seconds:.1f} | {dbt.peak_memory_mb:,.0f} |"
            )
    yield ""
    if len(rows) > 1:
        first, last = rows[0].dbt_increment.wall_seconds, rows[-1].dbt_increment.wall_seconds
        yield f"- An increment at {rows[-1].name} takes {last / first:.2f} times what it takes at {rows[0].name}."
    yield (
        "- dbt is `dbt run`: the models without their tests. Bare is the same compiled SQL in one DuckDB process, in"
        " the order of its dependencies, with the same replacement of rows."
    )


if __name__ == "__main__":
    sys.exit(main())
