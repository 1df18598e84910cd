"""`python -m benchmarks.pages [--rounds N]`: what a page costs, and thirty, and how heavy one is.

REGIME_FULL_HOME names a published full-market home to use; without it one is made.

It prints its part of docs/benchmarks.md.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.homes import Homes
from benchmarks.market import CHECKOUT
from benchmarks.measure import Measurement, measure

LAST = date(2025, 11, 17)
COUNTS = (1, 30)


def main() -> int:
    """Measure, and print the table; or write pages once, as a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description="Cost of pages.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default 3)")
    parser.add_argument("--write", nargs=3, metavar=("WAREHOUSE", "WEEKS", "DIR"), help="write pages once")
    options = parser.parse_args()
    if options.write:
        warehouse, weeks, directory = options.write
        return _write(warehouse, int(weeks), Path(directory))
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory:
        warehouse = _warehouse(Path(directory))
        runs = {
            count: [_measured(warehouse, count, Path(directory) / f"{count}-{n}") for n in range(options.rounds)]
            for count in COUNTS
        }
        print("\n".join(_section(runs, _weights(Path(directory) / f"{COUNTS[-1]}-0"), options.rounds)))
    return 0


def _warehouse(directory: Path) -> Path:
    kept = os.environ.get("REGIME_FULL_HOME")
    if kept:
        return (Path(kept) / "warehouse.duckdb").resolve()
    homes = Homes(directory, "full")
    homes.empty()
    measure([sys.executable, "-m", "regime", "run"], CHECKOUT, homes.environment(None))
    return (homes.home / "warehouse.duckdb").resolve()


def _measured(warehouse: Path, count: int, directory: Path) -> Measurement:
    command = [sys.executable, "-m", "benchmarks.pages", "--write", str(warehouse), str(count), str(directory)]
    return measure(command, CHECKOUT, dict(os.environ))


def _write(warehouse: str, weeks: int, directory: Path) -> int:
    """Pages of the last weeks, until `weeks` are written."""
    from report.week import write_week
    from warehouse.week import Week

    with duckdb.connect(warehouse, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for back in range(weeks):
            week = Week(LAST - timedelta(weeks=back))
            write_week(connection, week, directory / week.label, "simulated", True)
    return 0


def _weights(directory: Path) -> dict[str, list[int]]:
    """The bytes of each kind of file, a number a week."""
    weights: dict[str, list[int]] = {}
    for week in sorted(directory.iterdir()):
        for path in sorted(p for p in week.rglob("*") if p.is_file()):
            weights.setdefault(str(path.relative_to(week)), []).append(path.stat().st_size)
    return weights


def _section(runs: dict[int, list[Measurement]], weights: dict[str, list[int]], rounds: int) -> Iterator[str]:
    yield f"## The pages of a week, both languages (median of {rounds})\n"
    yield "| weeks | s | processor s | peak memory MB |"
    yield "|---:|---:|---:|---:|"
    walls = {count: median(run.wall_seconds for run in found) for count, found in runs.items()}
    for count, found in runs.items():
        cpu, memory = (median(getattr(run, name) for run in found) for name in ("cpu_seconds", "peak_memory_mb"))
        yield f"| {count} | {walls[count]:.1f} | {cpu:.1f} | {memory:,.0f} |"
    yield ""
    few, many = min(COUNTS), max(COUNTS)
    yield f"- A further week costs {(walls[many] - walls[few]) / (many - few):.2f} s; the first pays for the imports."
    yield ""
    yield "| file | median kB | heaviest kB |"
    yield "|---|---:|---:|"
    for name, sizes in weights.items():
        yield f"| {name} | {median(sizes) / 1000:,.0f} | {max(sizes) / 1000:,.0f} |"


if __name__ == "__main__":
    sys.exit(main())
