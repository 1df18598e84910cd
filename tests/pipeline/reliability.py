"""What the reliability tests found, kept line by line, and docs/reliability.md made of it."""

import argparse
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from warehouse.home import CHECKOUT

# The file that findings are added to; where it is not named, nothing is kept.
VARIABLE = "REGIME_RELIABILITY"
PAGE = CHECKOUT / "docs" / "reliability.md"
SECTIONS = {
    "faults": "Faults, each through the whole line",
    "kills": "Runs killed with `kill -9`",
    "readers": "Readers while others publish",
}


@dataclass(frozen=True)
class Finding:
    """One fault: what was tried, what came out, and what it cost rows and readers."""

    fault: str
    tried: str
    outcome: str
    rows_lost: int
    reader_opens: int
    reader_errors: int
    section: str = "faults"
    seen_on: str = ""


def record(
    fault: str,
    tried: str,
    outcome: str,
    rows_lost: int,
    reader_opens: int,
    reader_errors: int,
    *,
    section: str = "faults",
) -> None:
    """Add a finding to the file that `REGIME_RELIABILITY` names; `section` is faults, kills or readers."""
    finding = Finding(
        fault, tried, outcome, rows_lost, reader_opens, reader_errors, section, f"{datetime.now(UTC):%Y-%m-%d}"
    )
    if section not in SECTIONS:
        raise ValueError(f"there is no section {section!r}: use one of {', '.join(SECTIONS)}")
    path = os.environ.get(VARIABLE)
    if path:
        with open(path, "a") as file:  # one short line at once: tests in two processes do not mix theirs
            file.write(json.dumps(asdict(finding)) + "\n")


def read(path: Path) -> list[Finding]:
    """The last finding of each fault in a file, in the order of the sections and of their names."""
    order = list(SECTIONS)
    found = [Finding(**json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
    latest = {(finding.section, finding.fault): finding for finding in found}
    return sorted(latest.values(), key=lambda finding: (order.index(finding.section), finding.fault))


def page(findings: Iterable[Finding], made_at: datetime) -> str:
    """The findings as a page."""
    findings = list(findings)
    opens, errors = (sum(getattr(f, name) for f in findings) for name in ("reader_opens", "reader_errors"))
    lost = sum(finding.rows_lost for finding in findings)
    lines = [
        "# Reliability",
        "",
        "Made by `make reliability` from the run of its tests; do not edit. **The market is simulated**: the tiny one",
        "of `simulator/`, served in the venues' own dialects. "
        f"Made at {made_at:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {os.cpu_count()} cores.",
        "",
        f"{len(findings)} things tried · {lost} rows lost · {errors} errors in {opens:,} opens by readers.",
        "",
        "- **Rows lost**: rows that the venue had for sale and that, after the run that met the fault, are neither in",
        "  raw, nor in quarantine, nor counted as missing in the ledger; or not in raw after the next run.",
        "- **Reader errors**: another process opened the published file and asked it a question, again and again, for",
        "  as long as the fault and the run after it lasted.",
        "- After each fault the next run is made without it. Its marts are compared, table by table, with those of a",
        "  home that never met the fault (floats within 1e-9 relative). A test that fails is not in the tables.",
        "- **Seen on**: the day of the run that a line is of; what was not tried again keeps its day.",
    ]  # fmt: skip
    for section, group in groupby(findings, key=lambda finding: finding.section):
        lines += ["", f"## {SECTIONS[section]}", ""]
        lines += [
            "| fault | what was tried | what came out | rows lost | reader errors | seen on |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {_cell(f.fault)} | {_cell(f.tried)} | {_cell(f.outcome)} | {f.rows_lost} "
            f"| {f.reader_errors} of {f.reader_opens:,} | {f.seen_on} |"
            for f in group
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page from the findings that a run of the tests has left."""
    parser = argparse.ArgumentParser(description="Write docs/reliability.md from what the tests found.")
    parser.add_argument("findings", type=Path, help=f"the file that {VARIABLE} named in the run of the tests")
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args()
    asked.out.write_text(page(read(asked.findings), datetime.now(UTC)))


if __name__ == "__main__":
    main()
