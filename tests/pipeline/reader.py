"""A reader as the desk has them: a process that opens the published file and asks it something, again and again."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.home import CHECKOUT

QUESTION = "select max(publication_id), count(*) from marts.publications"
PAUSE_SECONDS = 0.1


@dataclass
class Reading:
    """How often a reader opened the file, and what went wrong."""

    opens: int = 0
    errors: list[str] = field(default_factory=list)


@contextmanager
def reading(warehouse: Path) -> Iterator[Reading]:
    """A reader of `warehouse` at work for as long as the context; what it saw is told at its end."""
    found = Reading()
    # It belongs to no run: what tells a run's processes by their environment must not find it.
    others = {name: value for name, value in os.environ.items() if not name.startswith("REGIME_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.reader", str(warehouse)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True,
        env=others | {"PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip
    try:
        yield found
    finally:
        told = process.communicate(timeout=60)[0]
        seen = json.loads(told)
        found.opens, found.errors = seen["opens"], seen["errors"]


def main() -> None:
    """Open, ask, close until stdin closes; then one line of JSON."""
    import duckdb

    path, opens, errors = sys.argv[1], 0, []
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.is_set() or not opens:
        opens += 1
        try:
            with duckdb.connect(path, read_only=True) as connection:
                number, rows = connection.execute(QUESTION).fetchall()[0]
                if not number or not rows:
                    errors.append("a published file without a publication")
        except Exception as error:  # whatever a reader meets is what the test is about
            errors.append(f"{type(error).__name__}: {error}"[:200])
        time.sleep(PAUSE_SECONDS)
    print(json.dumps({"opens": opens, "errors": errors[:20]}))


if __name__ == "__main__":
    main()
