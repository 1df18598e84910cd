"""`python -m benchmarks [--market tiny] [--rounds N]`: measure, show, and write down."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.contestants import CONTESTANTS, WEEKLY, has_published
from benchmarks.homes import Homes
from benchmarks.market import CHECKOUT, NOW, serving
from benchmarks.measure import CommandFailed, Measurement, measure
from benchmarks.results import Results
from benchmarks.table import document, show

DOCUMENT = CHECKOUT / "docs" / "benchmarks.md"
SCRATCH = CHECKOUT / "tmp"
# Each measures in a process of its own, and prints its part of the document.
PARTS = (
    "benchmarks.correlation",
    "benchmarks.paging",
    "benchmarks.archives",
    "benchmarks.download",
    "benchmarks.readers",
    "benchmarks.publication",
    "benchmarks.pages",
    "benchmarks.history",
    "benchmarks.first_page",
)


def main() -> int:
    """Measure what the command line asks for; 1 if a contestant did not do its work."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as after Ctrl-C: nothing is left running or lying
    console = Console()
    SCRATCH.mkdir(exist_ok=True)
    try:
        with TemporaryDirectory(dir=SCRATCH, prefix="benchmark-") as directory:
            results = _measure(Homes(Path(directory), options.market), options.rounds, console)
        show(results, console)
        parts = [_part(module, options.rounds, console) for module in PARTS]
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    results.write(SCRATCH / "benchmarks" / "results.json")
    if options.market == "full":
        DOCUMENT.write_text("\n".join([document(results, "make bench"), *parts]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against peers, from one run.")
    parser.add_argument(
        "--market", choices=("full", "tiny"), default="full", help="tiny is for a quick look; only full is written down"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each contestant runs (default 3)")
    return parser


def _measure(homes: Homes, rounds: int, console: Console) -> Results:
    load_at_start = os.getloadavg()[0]
    homes.set_up()
    homes.empty()
    first = measure(WEEKLY.command_in(homes.home), CHECKOUT, homes.environment(None))
    _tell(console, "first full run", first)
    results = Results(homes.market, first, load_at_start)
    with serving(NOW, homes.market, homes.environment(None)) as url:
        homes.prepare(url)
        for _ in range(rounds):
            for contestant in CONTESTANTS:
                homes.put(contestant.start)
                run = measure(contestant.command_in(homes.home), homes.home, homes.environment(url))
                if contestant.publishes and not has_published(homes.home):
                    raise CommandFailed(f"{contestant.name} ended well and published nothing")
                results.runs[contestant.name].append(run)
                _tell(console, contestant.name, run)
    return results


def _part(module: str, rounds: int, console: Console) -> str:
    command = [sys.executable, "-m", module, "--rounds", str(rounds)]
    told = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    if told.returncode:
        raise CommandFailed(f"{module} ended with code {told.returncode}:\n{told.stdout[-3000:]}")
    console.print(told.stdout, highlight=False, markup=False)
    return told.stdout


def _tell(console: Console, name: str, run: Measurement) -> None:
    console.print(f"{name:<24} {run.wall_seconds:6.1f} s", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
