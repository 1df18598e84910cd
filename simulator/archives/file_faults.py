"""Spoiled files: an archive's zip with what real ones have had, and the checksum that fits it."""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from simulator.archives.binance_vision import KLINE_NAMES, pack

# The rows that are spoiled are those of these hours of the day.
HOURS = (8, 12)
Lines = list[str]


def _hour(line: str) -> int:
    first = line.split(",", 1)[0]
    if not first.isdigit():
        return datetime.fromisoformat(first).hour
    seconds = int(first) / (1_000 if len(first) < 16 else 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).hour


def _with_amounts(change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    """Amounts of the spoiled hours changed: open interest, volumes, the rate of funding, what books hold."""

    def altered(rows: Lines) -> Lines:
        return [_changed(row, change) if _hour(row) in HOURS else row for row in rows]

    return altered


def _changed(row: str, change: Callable[[str], str]) -> str:
    cells = row.split(",")
    places: Sequence[int] = {8: (2, 3), 12: (5, 7, 9, 10), 4: (2, 3), 3: (2,)}[len(cells)]
    for place in places:
        cells[place] = change(cells[place])
    return ",".join(cells)


_ROWS: dict[str, Callable[[Lines], Lines]] = {
    "zeros": _with_amounts(lambda _: "0"),
    "blanks": _with_amounts(lambda _: ""),
    "replaced": _with_amounts(lambda amount: repr(float(amount) * 1.25) if amount else ""),
    "missing_hours": lambda rows: [row for row in rows if _hour(row) not in HOURS],
    "duplicates": lambda rows: [row for row in rows for _ in range(2 if _hour(row) in HOURS else 1)],
    "out_of_order": lambda rows: rows[::-1],
    "microseconds": lambda rows: [re.sub(r"(^|,)(\d{13})(?=,)", r"\g<1>\g<2>000", row) for row in rows],
}
FILE_FAULTS = (*_ROWS, "header", "no_header", "checksum")


def spoiled(content: bytes, name: str) -> bytes:
    """A zip spoiled as a fault says: its rows, or the line of names above them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.namelist()[0]
        lines = archive.read(member).decode().splitlines()
    names = [line for line in lines[:1] if not line[:1].isdigit()]
    rows = lines[len(names) :]
    if name == "no_header":
        names = []
    elif name == "header" and not names:
        names = [KLINE_NAMES]
    elif name in _ROWS:
        rows = _ROWS[name](rows)
    return pack("\n".join([*names, *rows, ""]), member)
