"""Which publication wrote each page: a publication carries the pages of older ones along."""

import json
from collections.abc import Sequence
from pathlib import Path

from warehouse.files import write_durably
from warehouse.home import Home
from warehouse.week import Week

FILE = "pages.json"


def keep(home: Home, version: Path, weeks: Sequence[Week], number: int) -> None:
    """Write down that publication `number`, which lies in `version`, wrote the pages of `weeks`."""
    known = written_by(home.current) | {week.label: number for week in weeks}
    write_durably(version / FILE, json.dumps(known, indent=1, sort_keys=True).encode())


def written_by(version: Path) -> dict[str, int]:
    """The publication that wrote each week's page; empty where a version does not say, as older ones."""
    try:
        found = json.loads((version / FILE).read_bytes())
        return {str(week): int(number) for week, number in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
