"""The regime's labels as they were first published: out of the warehouse for the chain, and out of the chain again.

Only a label that was published before the week after was over (by the source's clock) can be held against what came.
The chain keeps it; that it is never computed anew is what makes a score of it worth something.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.week import Week, WeekError

_log = logging.getLogger(__name__)

CHAIN = "chain.jsonl"
TABLE = "raw.published_labels"
# Of each week that is told in time: model → its label, and the probability that it states.
Labels = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class PublishedLabel:
    """One model's label of a week, as raw.published_labels has it: the same columns in the same order."""

    week_start: date
    model: str
    label: str
    probability: float | None
    published_at: datetime


def in_time(staging: duckdb.DuckDBPyConnection, weeks: Sequence[Week]) -> Labels:
    """The labels of those of `weeks` after which no whole week has passed yet; nothing where no model gives labels."""
    has_labels = "select 1 from duckdb_views() where schema_name = 'marts' and view_name = 'regime_scoreboard'"
    if not staging.execute(has_labels).fetchall():
        return {}
    rows = staging.execute(
        "select week_start, model, label, probability from marts.regime_scoreboard, raw.run_context"
        " where now_at < week_start + interval '14 days' and week_start in (select unnest(?::date[])) order by 1, 2",
        [[week.start for week in weeks]],
    ).fetchall()
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for start, model, label, probability in rows:
        stated = {} if probability is None else {"probability": probability}
        told.setdefault(Week(start).label, {})[model] = {"label": label} | stated
    return told


def put(connection: duckdb.DuckDBPyConnection, reports: Path) -> None:
    """Let a warehouse that nobody reads yet know the labels that the chain beside `reports` tells of, and no others."""
    first: dict[tuple[date, str], PublishedLabel] = {}
    for row in _read(reports):
        first.setdefault((row.week_start, row.model), row)
    connection.execute(f"delete from {TABLE}")
    if first:
        connection.executemany(f"insert into {TABLE} values (?, ?, ?, ?, ?)", [astuple(row) for row in first.values()])


def _read(reports: Path) -> Iterator[PublishedLabel]:
    """Every label in the chain, oldest line first. A line that somebody damaged has none, with a warning."""
    try:
        texts = (reports / CHAIN).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for number, text in enumerate(texts, start=1):
        try:
            line = json.loads(text)
            labels = line.get("labels") or {}
            found = [_label(line, model, told) for model, told in labels.items()]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, WeekError) as error:
            _log.warning("line %d of %s cannot be read (%r): its labels are not scored", number, CHAIN, error)
            continue
        yield from found


def _label(line: Mapping[str, Any], model: str, told: Mapping[str, Any]) -> PublishedLabel:
    at = datetime.fromisoformat(line["recorded_at"]).astimezone(UTC).replace(tzinfo=None)
    label, probability = told["label"], told.get("probability")
    is_stated = isinstance(probability, int | float) and math.isfinite(probability) and 0 <= probability <= 1
    if not isinstance(label, str) or not (probability is None or is_stated):
        raise ValueError(f"{model} has no label there")
    return PublishedLabel(Week.parse(line["week"]).start, model, label, probability, at)
