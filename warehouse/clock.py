"""What a source's clock says, remembered so that the weeks on offer are known while the source is closed."""

import json
from dataclasses import dataclass
from datetime import datetime

from warehouse.files import write_durably
from warehouse.home import Home
from warehouse.source import Source


@dataclass(frozen=True)
class Clock:
    """From when on a home has a source's data, and what time it is there (both aware, UTC).

    `is_chosen`: it has less than the source could give, by somebody's choice.
    """

    starts_at: datetime
    now: datetime
    is_chosen: bool = False


def remember_clock(home: Home, source: Source) -> None:
    """Keep what the clock says now."""
    content = {
        "starts_at": source.starts_at.isoformat(),
        "now": source.now.isoformat(),
        "is_chosen": source.earliest is not None,
    }
    write_durably(home.path / "clock.json", json.dumps(content, indent=2).encode())


def remembered_clock(home: Home) -> Clock | None:
    """The clock as it was last seen; None if it never was."""
    try:
        content = json.loads((home.path / "clock.json").read_bytes())
        starts_at, now = (datetime.fromisoformat(content[name]) for name in ("starts_at", "now"))
        return Clock(starts_at, now, bool(content.get("is_chosen")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
