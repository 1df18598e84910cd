"""A reader that checks what it reads: every answer belongs to one version, and the database and its pages agree.

It works with any DuckDB from 1.5 on, so that the same file can be run by an older client.
"""

import json
import os
import sys
import time

import duckdb

ROWS = 1000


def open_and_ask(home: str, errors: list[str]) -> int:
    """Open the published file as an analyst would, through its link, and check all that it says. The number seen."""
    before = _linked(home)
    with duckdb.connect(os.path.join(home, "warehouse.duckdb"), read_only=True) as connection:
        number = connection.execute("select max(publication_id) from raw.publications").fetchall()[0][0]
        told = connection.execute("select count(*), max(publication_id) from marts.publications").fetchall()[0]
        rows, least, most, total = connection.execute(
            "select count(*), min(state), max(state), sum(row) from marts.states"
        ).fetchall()[0]
    after = _linked(home)
    if not before <= number <= after:
        errors.append(f"publication {number} was read while the link went from {before} to {after}")
    if told != (number, number):
        errors.append(f"the mart tells of {told}, raw of {number}")
    if (rows, least, most, total) != (ROWS, number, number, ROWS * (ROWS - 1) // 2):
        errors.append(f"publication {number} holds {rows} rows of states {least} to {most}")
    return number


def read_page(home: str, errors: list[str]) -> None:
    """The page and the database of one version, as a page's link would lead to it."""
    version = os.path.realpath(os.path.join(home, "current"))
    with open(os.path.join(version, "reports", "2025-W47", "summary.md")) as page:
        text = page.read()
    if text != f"state {os.path.basename(version)}":
        errors.append(f"the page of version {os.path.basename(version)} says {text}")


def _linked(home: str) -> int:
    return int(os.readlink(os.path.join(home, "current")).rpartition("/")[2])


def main() -> None:
    """Open so often, as fast as can be; then one line of JSON: errors, versions seen, seconds of each open."""
    home, opens = sys.argv[1], int(sys.argv[2])
    errors: list[str] = []
    seen: set[int] = set()
    seconds = []
    for n in range(opens):
        started = time.perf_counter()
        try:
            seen.add(open_and_ask(home, errors))
            if n % 10 == 0:
                read_page(home, errors)
        except Exception as error:  # whatever a reader meets is what this is about
            errors.append(f"{type(error).__name__}: {error}"[:300])
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"opens": opens, "errors": errors[:20], "n_errors": len(errors), "versions": len(seen),
                      "seconds": seconds, "duckdb": duckdb.__version__}))  # fmt: skip


if __name__ == "__main__":
    main()
