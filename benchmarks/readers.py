"""`python -m benchmarks.readers [--rounds N]`: a reader while others publish, and while they write.

It prints its part of docs/benchmarks.md.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.market import CHECKOUT
from benchmarks.sized_home import make, move_on, publish_once
from warehouse.home import Home

SIZE_MB = 100.0
SECONDS = 10.0
QUESTION = "select count(*), min(state), max(state) from marts.states"


@dataclass(frozen=True)
class Read:
    """What a reader met: the seconds of each open with its question, and how many were refused."""

    seconds: list[float]
    failed: int
    changes: int  # versions published, or transactions written, meanwhile

    @property
    def opens(self) -> int:
        """How often it tried."""
        return len(self.seconds) + self.failed

    def percentile_ms(self, percent: int) -> float:
        """Of the opens that were answered."""
        return quantiles(self.seconds, n=100)[percent - 1] * 1000 if len(self.seconds) > 1 else float("nan")


def main() -> int:
    """Measure, and print the table; 1 if a reader of what is published met an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers", description="A reader beside a writer.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default 3)")
    parser.add_argument("--part", choices=("read", "publish", "write"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        {"read": _read, "publish": _publish, "write": _write}[options.part](options.home)
        return 0
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory:
        results = _measure(Path(directory), options.rounds)
    print("\n".join(_section(results, options.rounds)))
    return 0 if not (results["at rest"].failed or results["while versions are published"].failed) else 1


def _measure(directory: Path, rounds: int) -> dict[str, Read]:
    home = make(directory / "home", SIZE_MB)
    move_on(home, 1)
    publish_once(home)
    found: dict[str, list[Read]] = {}
    for _ in range(rounds):
        found.setdefault("at rest", []).append(_reading(home.warehouse, None))
        found.setdefault("while versions are published", []).append(_reading(home.warehouse, "publish"))
        found.setdefault("of a database being written", []).append(_reading(home.staging, "write"))
    return {
        name: Read(
            [s for read in reads for s in read.seconds], sum(r.failed for r in reads), sum(r.changes for r in reads)
        )
        for name, reads in found.items()
    }


def _reading(file: Path, beside: str | None) -> Read:
    with _at_work(beside, file.parent) as changes:
        told = subprocess.run(
            _command("read", file), cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
    read = json.loads(told)
    return Read(read["seconds"], read["failed"], changes() if beside else 0)


@contextmanager
def _at_work(part: str | None, home: Path) -> Iterator[Callable[[], int]]:
    """A writer beside the reader; it ends when its stdin closes, and says how often it was done."""
    if part is None:
        yield lambda: 0
        return
    process = subprocess.Popen(
        _command(part, home), cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.readline()  # it has begun
    told: list[str] = []
    try:
        yield lambda: int(told[0])
    finally:
        told.append(process.communicate(timeout=120)[0].strip())


def _command(part: str, path: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.readers", "--part", part, "--home", str(path)]


def _read(file: Path) -> None:
    seconds, failed, until = [], 0, time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        started = time.perf_counter()
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                connection.execute(QUESTION).fetchall()
            seconds.append(time.perf_counter() - started)
        except duckdb.Error:
            failed += 1
    print(json.dumps({"seconds": seconds, "failed": failed}))


def _publish(path: Path) -> None:
    """One version after another, as fast as can be."""

    def once(state: int) -> None:
        move_on(Home(path), state)
        publish_once(Home(path))

    _until_told(once)


def _write(path: Path) -> None:
    """The same build, and nothing published: analysts would read the file that is written in."""
    _until_told(lambda state: move_on(Home(path), state))


def _until_told(work: Callable[[int], None]) -> None:
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("begun", flush=True)
    done = 0
    while not over.is_set():
        done += 1
        work(done)
    print(done)


def _section(results: dict[str, Read], rounds: int) -> Iterator[str]:
    yield f"## A reader beside a writer ({SIZE_MB:.0f} MB, {rounds} × {SECONDS:.0f} s)\n"
    yield "| one process opens, asks, closes | answers / s | p50 ms | p99 ms | refused | meanwhile |"
    yield "|---|---:|---:|---:|---:|---|"
    words = {"while versions are published": "{} publications", "of a database being written": "{} builds"}
    for name, read in results.items():
        rate = len(read.seconds) / (rounds * SECONDS)
        refused = f"{read.failed:,} of {read.opens:,}"
        meanwhile = words.get(name, "").format(read.changes)
        yield (
            f"| {name} | {rate:,.0f} | {read.percentile_ms(50):.1f} | {read.percentile_ms(99):.1f} | {refused} "
            f"| {meanwhile} |"
        )
    yield ""
    yield (
        "- The writer writes, or writes and publishes, without a pause, which no home does: a reader beside a weekly"
        " run is nearer to the first line. A refused open is DuckDB's lock on a file that another process has open for"
        " writing; percentiles are of the opens that were answered."
    )


if __name__ == "__main__":
    sys.exit(main())
