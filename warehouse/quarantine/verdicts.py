"""Judgements: what a guard says of a batch that has landed before, kept beside it.

A batch and its manifest never change. Judged again, a batch gets one more file; the newest of them counts. A row that
went on once stays known: a judgement releases rows that were held, and holds none that had passed.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.contracts import DATASETS
from warehouse.files import write_durably
from warehouse.home import Home
from warehouse.landing import (
    Judge,
    LandingError,
    Manifest,
    RuleResult,
    Verdict,
    held_rows,
    manifests,
    read_rows,
    verify,
)
from warehouse.moments import Moments, name_of_moment
from warehouse.quarantine.check_releases import landed_releases

MANIFEST = ".manifest.json"
JUDGEMENT = ".judgement.json"
FORMAT = 1


@dataclass(frozen=True)
class Rejudged:
    """One judgement of one landed batch: to release `rule`, by what the source's clock said (`clock`)."""

    path: Path
    dataset: str
    origin: str
    manifest: str
    judged_at: datetime
    clock: datetime
    rule: str
    results: list[RuleResult]
    verdicts: list[Verdict]

    @property
    def manifest_path(self) -> Path:
        """The manifest of the batch that was judged."""
        return self.path.with_name(self.manifest)


def rejudge(
    manifest: Manifest, judge: Judge, *, clock: datetime, rule: str, moments: Moments | None = None
) -> Rejudged:
    """Judge a landed batch again, and keep the answer durably beside it. Nobody is asked, nothing landed changes."""
    verify(manifest)
    if manifest.parquet is None:
        raise LandingError(f"{manifest.path} has no rows to judge")
    dataset = DATASETS[manifest.dataset]
    judgement = judge(dataset, read_rows(manifest, dataset).to_pandas())
    judged_at = (moments or Moments(Home(manifest.path.parents[4]))).next()
    stem = manifest.path.name.removesuffix(MANIFEST)
    path = manifest.path.with_name(f"{stem}.{judged_at:%Y%m%dT%H%M%S%f}{JUDGEMENT}")
    content = {
        "format": FORMAT,
        "dataset": manifest.dataset,
        "origin": manifest.origin,
        "manifest": manifest.path.name,
        "judged_at": judged_at.isoformat(),
        "clock": clock.astimezone(UTC).isoformat(),
        "rule": rule,
        "results": [asdict(r) for r in judgement.results],
        "verdicts": [asdict(v) for v in judgement.verdicts],
    }
    write_durably(path, json.dumps(content, separators=(",", ":")).encode())
    return read_judgement(path)


def stopped_by(
    connection: duckdb.DuckDBPyConnection, rule: str, dataset: str | None = None, origin: str | None = None
) -> list[str]:
    """The manifests (paths below landing/) of the loaded batches in which a rule, as last judged, stopped something."""
    found = connection.execute(
        """
        select l.landing_file from guards.newest_results g join raw.loads l using (load_id)
        where g.dataset = coalesce(?, g.dataset) and g.origin = coalesce(?, g.origin) and g.rule = ?
            and not g.is_passed and g.severity <> 'warn' and l.rows > 0
        group by l.landing_file, l.load_id order by l.load_id
        """,
        [dataset, origin, rule],
    ).fetchall()
    return [file for (file,) in found]


def read_judgement(path: Path) -> Rejudged:
    """The judgement at `path`; LandingError if it cannot be understood."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] > FORMAT:
            raise LandingError(f"{path} was written by a newer version of this program; update before you load it")
        return Rejudged(
            path=path,
            dataset=content["dataset"],
            origin=content["origin"],
            manifest=content["manifest"],
            judged_at=datetime.fromisoformat(content["judged_at"]),
            clock=datetime.fromisoformat(content["clock"]),
            rule=content["rule"],
            results=[RuleResult(**r) for r in content["results"]],
            verdicts=[Verdict(**v) for v in content["verdicts"]],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LandingError(
            f"{path} is damaged ({error}); move it out of landing/ and release its rule again"
        ) from error


def in_the_order_learned(home: Home) -> list[Path]:
    """Every manifest, judgement and release in a home, in the order in which they became known; by name alone."""
    found = {path: _learned(path) for path in (*manifests(home), *landed_releases(home))}
    found |= {path: _learned(path) for path in home.landing.glob(f"*/*/*/*{JUDGEMENT}")}
    return sorted(found, key=found.__getitem__)


def is_judgement(path: Path | str) -> bool:
    """True for the name of a judgement."""
    return str(path).endswith(JUDGEMENT)


def releases(manifest: Manifest, judgements: list[Rejudged]) -> Iterator[tuple[Rejudged, set[int]]]:
    """For each judgement of a batch, in order, the rows that it lets go on."""
    held = manifest.held_rows
    for judgement in sorted(judgements, key=lambda j: j.judged_at):
        released = held - held_rows(judgement.verdicts)
        yield judgement, released
        held -= released


def _learned(path: Path) -> tuple[str, str]:
    return name_of_moment(path), path.name
