"""`regime doctor`: whether every endpoint that is asked answers as it should, before anything else is asked of it."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingestion import secrets
from ingestion.http import proxies
from ingestion.probes import MOST_CLOCK_DIFFERENCE_S, Finding, examine, no_network
from ingestion.sources.choice import Choice, choose
from ingestion.sources.opening import open_source
from ingestion.universe import Universe
from regime.errors import RUN_FAILED, BadInput, say
from regime.output import as_file
from warehouse.home import Home
from warehouse.source import Source
from warehouse.untrusted import one_line

FORMATS = ("table", "json")
# A difference of several hosts' clocks in the same direction is one of our own.
_OURS_FROM_HOSTS = 3


def examine_source(format: str, *, is_live: bool) -> int:
    """Print what came of each endpoint. 0 if all is well, 1 if anything is amiss. Writes nothing, in no home."""
    if format not in FORMATS:
        raise BadInput(f"--format {format[:20]} is none of {', '.join(FORMATS)}")
    choice = _choice(is_live)
    if choice.kind == "live":
        proxies.check()
    live = nullcontext(Source.live(datetime.now(UTC)))
    with live if choice.kind == "live" else open_source(choice) as source:
        findings = asyncio.run(examine(source, Universe.read()))
    _show_json(choice, findings) if format == "json" else _show(choice, findings)
    return 0 if all(finding.state == "well" for finding in findings) else RUN_FAILED


def _choice(is_live: bool) -> Choice:
    """The home's source; the real services need no home that is theirs, since nothing is kept."""
    if not is_live:
        return choose(Home.at())
    secrets.check()
    return Choice("live")


def _show(choice: Choice, findings: Sequence[Finding]) -> None:
    if nobody := no_network(findings):
        say(nobody)
        return
    table = Table(box=None, pad_edge=False)
    for name in ("service", "endpoint", "datasets", "state", "status", "clock", "limits", "what came"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        colour = "green" if finding.state == "well" else "red"
        clock = "" if finding.clock_ahead_s is None else f"{finding.clock_ahead_s:+.0f} s"
        limits = ", ".join(f"{name} {value}" for name, value in finding.limits.items())
        cells = (finding.service, finding.endpoint, ", ".join(finding.datasets))
        told = (str(finding.status or ""), clock, one_line(limits), one_line(finding.told))
        table.add_row(*map(Text, cells), Text(finding.state, colour), *map(Text, told))
    console = Console()
    console.print(table) if console.is_terminal else _print_wide(table)
    print(_summary(choice, findings))


def _print_wide(table: Table) -> None:
    """One line per endpoint, whatever its length, for whoever reads it by program."""
    console = Console(width=10_000, file=sys.stdout)
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _summary(choice: Choice, findings: Sequence[Finding]) -> str:
    amiss = Counter(finding.state for finding in findings if finding.state != "well")
    if not amiss:
        return f"all {len(findings)} endpoints of {choice.words} are well"
    words = ", ".join(f"{count} {state}" for state, count in amiss.items())
    return f"{sum(amiss.values())} of {len(findings)} endpoints of {choice.words} are not well: {words}" + _our_clock(
        findings
    )


def _our_clock(findings: Sequence[Finding]) -> str:
    by_host = {finding.host: finding.clock_ahead_s for finding in findings if finding.clock_ahead_s is not None}
    off = [seconds for seconds in by_host.values() if abs(seconds) > MOST_CLOCK_DIFFERENCE_S]
    if len(off) < _OURS_FROM_HOSTS or len(off) * 2 <= len(by_host) or len({seconds > 0 for seconds in off}) > 1:
        return ""
    return f"; {len(off)} of {len(by_host)} hosts' clocks differ from this machine's in the same direction: set it"


def _show_json(choice: Choice, findings: Sequence[Finding]) -> None:
    content = {
        "source": choice.kind,
        "is_well": all(finding.state == "well" for finding in findings),
        "told": no_network(findings) or _summary(choice, findings),
        "endpoints": [asdict(finding) for finding in findings],
    }
    print(json.dumps(content, ensure_ascii=False, indent=1), file=as_file(sys.stdout))
