"""The simulated market as contestants meet it: now, and as it stood a week ago."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
NOW = ("-m", "simulator", "serve", "--market")
A_WEEK_AGO = ("-m", "benchmarks.market")


@contextmanager
def serving(clock: tuple[str, ...], market: str, environment: dict[str, str]) -> Iterator[str]:
    """The address of a market server that lives as long as the context. `clock` is NOW or A_WEEK_AGO."""
    server = subprocess.Popen(
        [sys.executable, *clock, market],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, env=environment,
    )  # fmt: skip
    assert server.stdin and server.stdout
    try:
        yield str(json.loads(server.stdout.readline())["url"])
    finally:
        server.stdin.close()  # which ends it
        server.stdout.close()
        server.wait(30)


def _serve_a_week_ago(market_name: str) -> None:
    from simulator.archives.market_archive import kept_history
    from simulator.generation.generate import generate
    from simulator.present import at
    from simulator.server import create_app, serve

    market = generate(market_name)
    earlier = at(market, market.clock.now - timedelta(weeks=1))
    serve(create_app(earlier, kept_history(earlier)), 0, {"kind": earlier.clock.kind})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market")
    parser.add_argument("market", choices=("full", "tiny"))
    _serve_a_week_ago(parser.parse_args().market)
