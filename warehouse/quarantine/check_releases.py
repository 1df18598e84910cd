"""Releases of failed checks: which facts count although a check refuses them, and who says so, when and why.

What a check refuses is in raw all the time, and judged anew by each build. A release is a decision about such facts:
one immutable file in landing, and once loaded, rows of `raw.check_releases`, which the next build honours.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.files import write_durably
from warehouse.home import Home
from warehouse.landing import LandingError
from warehouse.moments import Moments

TABLE = "check_releases"
SUFFIX = ".release.json"
FORMAT = 1


@dataclass(frozen=True)
class ReleasedFact:
    """A fact as `failed_checks` names it, with what was compared when it was released."""

    dataset: str
    venue: str
    market_type: str | None
    series: str
    event_at: datetime
    value: float | None
    bound: float | None


@dataclass(frozen=True)
class CheckRelease:
    """One decision: these facts count although they fail `rule`."""

    path: Path
    rule: str
    released_at: datetime
    released_by: str
    reason: str
    facts: list[ReleasedFact]


def release_facts(
    home: Home, rule: str, facts: Sequence[ReleasedFact], *, released_by: str, reason: str
) -> CheckRelease:
    """Keep a decision durably in landing. Nothing that landed changes, and nothing is loaded."""
    now = Moments(home).next()
    directory = home.landing / TABLE / rule / f"{now:%Y-%m-%d}"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{now:%H%M%S%f}-{uuid.uuid4().hex[:8]}{SUFFIX}"
    content = {
        "format": FORMAT,
        "rule": rule,
        "released_at": now.isoformat(),
        "released_by": released_by,
        "reason": reason,
        "facts": [asdict(fact) | {"event_at": fact.event_at.isoformat()} for fact in facts],
    }
    write_durably(path, json.dumps(content, separators=(",", ":")).encode())
    return read_release(path)


def read_release(path: Path) -> CheckRelease:
    """The decision at `path`; LandingError if it cannot be understood."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] > FORMAT:
            raise LandingError(f"{path} was written by a newer version of this program; update before you load it")
        return CheckRelease(
            path=path,
            rule=content["rule"],
            released_at=datetime.fromisoformat(content["released_at"]),
            released_by=content["released_by"],
            reason=content["reason"],
            facts=[
                ReleasedFact(**fact | {"event_at": datetime.fromisoformat(fact["event_at"])})
                for fact in content["facts"]
            ],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LandingError(
            f"{path} is damaged ({error}); move it out of landing/ and release its rule again"
        ) from error


def landed_releases(home: Home) -> Iterator[Path]:
    """Every release in a home."""
    yield from home.landing.glob(f"{TABLE}/*/*/*{SUFFIX}")


def is_release(path: Path) -> bool:
    """True for the name of a release."""
    return path.name.endswith(SUFFIX)


def insert_release(connection: duckdb.DuckDBPyConnection, release: CheckRelease, load_id: int) -> None:
    """A decision as rows of raw, one per fact."""
    columns = list(ReleasedFact.__dataclass_fields__)
    rows = pa.Table.from_pylist(
        [asdict(fact) for fact in release.facts],
        schema=pa.schema(
            [(name, pa.string()) for name in columns[:4]]
            + [("event_at", pa.timestamp("us")), ("value", pa.float64()), ("bound", pa.float64())]
        ),
    )
    connection.register("released", rows)
    connection.execute(
        f"insert into raw.{TABLE} select dataset, venue, market_type, series, event_at, ?, value, bound, ?, ?, ?, ?"
        " from released",
        [release.rule, release.released_by, release.reason,
         release.released_at.astimezone(UTC).replace(tzinfo=None), load_id],
    )  # fmt: skip
    connection.unregister("released")
