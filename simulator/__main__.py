"""`python -m simulator serve`: the market server as a process of its own."""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from simulator.archives import PUBLISHERS
from simulator.dialects import DIALECTS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A market, served on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a market until stdin closes")
    source = serve.add_mutually_exclusive_group()
    source.add_argument("--market", choices=("full", "tiny", "paging"), default="full", help="which market")
    source.add_argument("--replay", type=Path, metavar="DIR", help="serve the recorded tables in DIR instead")
    serve.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    serve.add_argument("--seed", type=int, default=None, help="another simulated market of the same kind")
    serve.add_argument("--now", type=_moment, metavar="ISO", help="an earlier present, as 2025-11-17T06:00 (UTC)")
    serve.add_argument("--real-retention", action="store_true", help="forget history as the real venues do")
    serve.add_argument("--rate-limits", action="store_true", help="enforce the declared rate limits")
    serve.add_argument("--down", action="append", default=[], metavar="HOST", help="a host that hangs up on callers")
    serve.add_argument("--keep-running", action="store_true", help="do not end when stdin closes")
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def main(arguments: list[str] | None = None) -> int:
    """Serve what the command line asks for; 2 if it cannot be served."""
    started = time.perf_counter()
    options = _parser().parse_args(arguments)
    hosts = sorted(host for dialect in (*DIALECTS, *PUBLISHERS) for host in dialect.hosts)
    unknown = [host for host in options.down if host not in hosts]
    if unknown:
        print(f"no host is called {unknown[0]}: --down takes one of {', '.join(hosts)}", file=sys.stderr)
        return 2
    from simulator import replay
    from simulator.archives.market_archive import kept_history
    from simulator.server import Options, create_app, serve

    archive: tuple = ()
    notes: tuple[str, ...] = ()
    try:
        if options.replay is not None:
            recorded = replay.load(options.replay)
            market, archive, notes = recorded.market, recorded.archive, recorded.notes
        else:
            from simulator.generation.generate import generate

            market = generate(options.market) if options.seed is None else generate(options.market, options.seed)
            archive = () if options.real_retention else kept_history(market)
    except replay.ReplayError as error:
        print(error, file=sys.stderr)
        return 2
    served = Options(options.real_retention, options.rate_limits, tuple(options.down), options.now)
    try:
        app = create_app(market, archive, notes, served)
    except ValueError as error:
        print(f"--now {options.now:%Y-%m-%dT%H:%M}: {error}", file=sys.stderr)
        return 2
    ready: dict = {"kind": market.clock.kind, "notes": notes, "start_seconds": round(time.perf_counter() - started, 2)}
    try:
        serve(app, options.port, ready, ends_with_stdin=not options.keep_running)
    except OSError as error:
        advice = "take another, or 0 for a free one"
        print(f"port {options.port} cannot be used ({error.strerror}): {advice}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
