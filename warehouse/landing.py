"""Landing: every answer that parses is kept whole, as an immutable Parquet file with a manifest beside it.

The manifest is written last: a Parquet file without one has not landed, and nobody reads it.
"""

import hashlib
import json
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.contracts import Dataset
from warehouse.files import sync_directory, write_durably
from warehouse.home import Home
from warehouse.moments import Moments

Severity = Literal["critical", "row", "warn"]

# How the reason of a failed request begins where asking again is useless: by that the ledger of coverage knows it.
NOT_OFFERED = "not offered"
NOT_KEPT = "not kept"
# And where nobody was asked, since the page came first: what a home is thin of.
NOT_ASKED = "not asked yet"

# What a manifest is written in. Older ones have no format and no clock, and stay readable.
FORMAT = 2


@dataclass(frozen=True)
class Verdict:
    """One failed row: its position in the landed file, and the rule that stopped it."""

    row: int
    rule: str
    severity: Severity
    reason: str


@dataclass(frozen=True)
class RuleResult:
    """What one rule found in one batch. `critical` stops the line, `row` quarantines, `warn` only tells."""

    rule: str
    severity: Severity
    reason: str
    evaluated_rows: int
    failed_rows: int
    is_passed: bool


@dataclass(frozen=True)
class Judgement:
    """A guard's answer for a batch: the rows that do not go on, and every rule's result."""

    verdicts: list[Verdict] = field(default_factory=list)
    results: list[RuleResult] = field(default_factory=list)


Judge = Callable[[Dataset, pd.DataFrame], Judgement]


@dataclass(frozen=True)
class Request:
    """What was asked of one origin for one series and window (aware, UTC), and how it ended."""

    dataset: str
    origin: str
    market_type: str | None
    series: str
    window_start: datetime
    window_end: datetime
    rows_received: int
    status: Literal["complete", "failed"]
    reason: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What lies beside a landed file. `path` is the manifest's own; `file` is relative to it, None without rows.

    `clock` is what the source's clock said when the batch landed; None in manifests that did not keep it. `archive` is
    whose files the rows came from; None: the origin itself was asked.
    """

    path: Path
    dataset: str
    origin: str
    file: str | None
    sha256: str | None
    rows: int
    recorded_at: datetime
    ingest_id: str
    requests: list[dict[str, Any]]
    results: list[RuleResult]
    verdicts: list[Verdict]
    clock: datetime | None = None
    archive: str | None = None

    @property
    def held_rows(self) -> set[int]:
        """The rows (positions in the file) that did not go on when they landed."""
        return held_rows(self.verdicts)

    @property
    def parquet(self) -> Path | None:
        """The landed rows, if there are any."""
        return self.path.parent / self.file if self.file else None


class LandingError(RuntimeError):
    """A landed file is not what its manifest says; the message says what to do."""


class Landing:
    """Writes the batches of one ingestion; all share an `ingest_id`, so that guards are judged over all of it.

    `clock` is what the source's clock says: the same rows could not be judged again without it.
    """

    def __init__(self, home: Home, clock: datetime | None = None) -> None:
        self.home = home
        self.clock = clock
        self.ingest_id = uuid.uuid4().hex
        self._moments = Moments(home)

    def land(
        self,
        dataset: Dataset,
        origin: str,
        rows: pa.Table,
        requests: list[Request],
        judge: Judge,
        archive: str | None = None,
    ) -> Manifest:
        """Keep one batch: rows first, then the guard's verdicts and what was asked, in the manifest.

        `rows` has exactly the dataset's columns (any number of rows, 0 too: then only the requests are kept).
        """
        rows = rows.select([c.name for c in dataset.columns]).cast(dataset.schema)
        recorded_at = self._moments.next()
        directory = self.home.landing / dataset.name / _safe(origin) / f"{recorded_at:%Y-%m-%d}"
        directory.mkdir(parents=True, exist_ok=True)
        stem = f"{recorded_at:%H%M%S%f}-{uuid.uuid4().hex[:8]}"
        name, digest, judgement = None, None, Judgement()
        if rows.num_rows:
            name = f"{stem}.parquet"
            digest = _write_parquet(directory / name, rows)
            judgement = judge(dataset, rows.to_pandas())
        manifest = {
            "format": FORMAT,
            "dataset": dataset.name,
            "origin": origin,
            "archive": archive,
            "file": name,
            "sha256": digest,
            "rows": rows.num_rows,
            "recorded_at": recorded_at.isoformat(),
            "clock": self.clock.astimezone(UTC).isoformat() if self.clock else None,
            "ingest_id": self.ingest_id,
            "requests": [
                asdict(r) | {"window_start": r.window_start.isoformat(), "window_end": r.window_end.isoformat()}
                for r in requests
            ],
            "results": [asdict(r) for r in judgement.results],
            "verdicts": [asdict(v) for v in judgement.verdicts],
        }
        path = directory / f"{stem}.manifest.json"
        write_durably(path, json.dumps(manifest, separators=(",", ":")).encode())
        return read_manifest(path)


def manifests(home: Home) -> Iterator[Path]:
    """Every manifest in a home, oldest day and time first."""
    found = home.landing.glob("*/*/*/*.manifest.json")
    yield from sorted(found, key=lambda path: (path.parent.name, path.name))


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`; LandingError if it cannot be understood."""
    try:
        content = json.loads(path.read_bytes())
        if content.get("format", 1) > FORMAT:
            raise LandingError(f"{path} was written by a newer version of this program; update before you load it")
        clock = content.get("clock")
        return Manifest(
            path=path,
            dataset=content["dataset"],
            origin=content["origin"],
            file=content["file"],
            sha256=content["sha256"],
            rows=content["rows"],
            recorded_at=datetime.fromisoformat(content["recorded_at"]),
            ingest_id=content["ingest_id"],
            requests=content["requests"],
            results=[RuleResult(**r) for r in content["results"]],
            verdicts=[Verdict(**v) for v in content["verdicts"]],
            clock=datetime.fromisoformat(clock) if clock else None,
            archive=content.get("archive"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LandingError(f"{path} is damaged ({error}); move it and its Parquet file out of landing/") from error


def landed_rows(dataset: Dataset) -> str:
    """Landed files as a table in SQL, their paths bound to the one `?`, with each row's file and position.

    What landed before a column is NULL in it. A directory called `venue=x` does not become a column.
    """
    options = "union_by_name = true, hive_partitioning = false, filename = true, file_row_number = true"
    return (
        f"(select * from read_parquet(?, {options}) union all by name"
        f" select {', '.join(c.name for c in dataset.columns)} from raw.{dataset.name} where false)"
    )


def read_rows(manifest: Manifest, dataset: Dataset) -> pa.Table:
    """A landed batch with all columns of its dataset; what it landed before is NULL in it."""
    assert manifest.parquet is not None
    rows = pq.read_table(manifest.parquet)
    known = set(rows.schema.names)
    return pa.table(
        [rows[c.name] if c.name in known else pa.nulls(rows.num_rows, c.type) for c in dataset.columns],
        schema=dataset.schema,
    )


def held_rows(verdicts: Iterable[Verdict]) -> set[int]:
    """The rows that verdicts keep from going on; a warning keeps none."""
    return {v.row for v in verdicts if v.severity != "warn"}


def verify(manifest: Manifest) -> None:
    """LandingError unless the landed rows are bit for bit those that the manifest speaks of."""
    parquet = manifest.parquet
    if parquet is None:
        return
    if not parquet.exists():
        raise LandingError(f"{parquet} is missing though its manifest is there; restore it from a backup")
    if _sha256(parquet) != manifest.sha256:
        raise LandingError(f"{parquet} was changed after it landed; restore it from a backup, or move it away")


def _safe(origin: str) -> str:
    """An origin as a directory name: names come from outside and must not reach out of landing/."""
    return re.sub(r"[^a-z0-9_-]", lambda m: f"%{ord(m.group()):02x}", origin)[:100]


def _write_parquet(path: Path, rows: pa.Table) -> str:
    temporary = path.with_name(f".{path.name}.tmp")
    pq.write_table(rows, temporary, compression="zstd")
    with open(temporary, "rb+") as handle:
        os.fsync(handle.fileno())
    os.chmod(temporary, 0o444)
    digest = _sha256(temporary)
    os.replace(temporary, path)
    sync_directory(path.parent)
    return digest


def _sha256(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
