"""What there is to tell of the published weeks: changes of the verdict, and thresholds that were crossed.

It reads marts and the seed alert_rules, and computes nothing but the comparison of a value with its threshold.

A threshold is crossed upwards in the week whose value is above it while the week before was not; downwards likewise.
A value that is not known, in either week, crosses nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import duckdb

from report.figures import Figure, clean_name
from report.formatting import in_unit, in_words
from warehouse.home import Home
from warehouse.week import Week

PICTURE = Path("charts") / "regime_timeline.png"
# A verdict is what the desk acts on; thresholds say in the seed how loud they are.
VERDICT_SEVERITY = "warning"
LONGEST_TEXT = 300

_NAMESPACE = UUID("6a1e7c52-92f4-5c39-8a37-0d6f4c3b9e11")

_VERDICTS = """
select week_start, previous_verdict, verdict from marts.regime_weekly
where previous_verdict is not null and verdict <> previous_verdict order by week_start
"""
_THRESHOLDS = """
with told as (
    select h.week_start, r.alert_id, r.metric_id, r.text, r.severity, r.threshold, h.value, h.previous_value, h.unit,
        r.comparison in ('above', 'crosses') and h.previous_value <= r.threshold and h.value > r.threshold as is_up,
        r.comparison in ('below', 'crosses') and h.previous_value >= r.threshold and h.value < r.threshold as is_down
    from seeds.alert_rules r
    inner join marts.headlines_weekly h on h.metric_id = r.metric_id
    where isfinite(h.value) and isfinite(h.previous_value)
)
select * from told where is_up or is_down order by week_start, alert_id
"""


@dataclass(frozen=True)
class EvidenceCell:
    """A cell of a mart that an alert rests on."""

    table: str
    key: dict[str, str]
    column: str
    value: float | str | None
    unit: str


@dataclass(frozen=True)
class Alert:
    """One thing to tell once. `id` names home, week and change: it is the same in every process, after every restart.

    The paths are relative to the home. All texts are clean for one line and not escaped for any medium.
    """

    id: str
    week: str
    kind: str
    name: str
    severity: str
    text: str
    evidence: tuple[EvidenceCell, ...]
    sql: str
    page: str
    picture: str | None
    source: str
    is_simulated: bool

    def content(self) -> dict[str, Any]:
        """The alert as a file carries it."""
        return asdict(self)

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Alert":
        """The alert that a file carries."""
        evidence = tuple(EvidenceCell(**told) for told in content["evidence"])
        return cls(**{**content, "evidence": evidence})


@dataclass(frozen=True)
class Published:
    """What a version tells: its weeks with a page, and the alerts in them, oldest week first."""

    weeks: tuple[str, ...]
    alerts: tuple[Alert, ...]


def read(home: Home) -> Published | None:
    """The alerts of the version that readers see; None where nothing is published."""
    try:
        version = home.current.resolve(strict=True)  # one version for database and pages, whatever is swapped meanwhile
    except OSError:
        return None
    database, reports = version / "warehouse.duckdb", version / "reports"
    if not database.is_file() or not reports.is_dir():
        return None
    weeks = tuple(sorted(path.name for path in reports.iterdir() if path.is_dir()))
    with duckdb.connect(str(database), read_only=True) as connection:
        writer = _Writer(home, reports, *_origin(home, connection))
        alerts = [
            alert for alert in (*writer.verdicts(connection), *writer.thresholds(connection)) if alert.week in weeks
        ]
    return Published(weeks, tuple(sorted(alerts, key=lambda alert: alert.week)))


@dataclass(frozen=True)
class _Writer:
    """Writes the alerts of one version."""

    home: Home
    reports: Path
    source: str
    is_simulated: bool

    def verdicts(self, connection: duckdb.DuckDBPyConnection) -> list[Alert]:
        if not _has(connection, "marts", "regime_weekly"):
            return []
        alerts = []
        for week, before, now in connection.execute(_VERDICTS).fetchall():
            was, became = (in_words(clean_name(str(verdict))) for verdict in (before, now))
            key = {"week_start": str(week)}
            evidence = (
                EvidenceCell("regime_weekly", key, "verdict", clean_name(str(now)), ""),
                EvidenceCell("regime_weekly", key, "previous_verdict", clean_name(str(before)), ""),
            )
            text = f"The verdict changed from {was} to {became}."
            alerts.append(self._alert(week, "verdict", f"{before}>{now}", VERDICT_SEVERITY, text, evidence))
        return alerts

    def thresholds(self, connection: duckdb.DuckDBPyConnection) -> list[Alert]:
        if not _has(connection, "seeds", "alert_rules") or not _has(connection, "marts", "headlines_weekly"):
            return []
        alerts = []
        for found in connection.execute(_THRESHOLDS).fetchall():
            week, rule, metric, text, severity, threshold, value, before, unit, is_up, _ = found
            key = {"week_start": str(week), "metric_id": str(metric)}
            evidence = (
                EvidenceCell("headlines_weekly", key, "value", value, str(unit)),
                EvidenceCell("headlines_weekly", key, "previous_value", before, str(unit)),
            )
            was, became, limit = (_printed(number, str(unit)) for number in (before, value, threshold))
            side = "above" if is_up else "below"
            words = f"{clean_name(str(text), LONGEST_TEXT)}: {became}, {side} {limit}; {was} the week before."
            alerts.append(self._alert(week, "threshold", f"{rule}:{side}", str(severity), words, evidence))
        return alerts

    def _alert(
        self, week_start: date, kind: str, name: str, severity: str, text: str, evidence: Sequence[EvidenceCell]
    ) -> Alert:
        week = Week(week_start).label
        page, picture = Path("reports") / week / "index.html", self.reports / week / PICTURE
        return Alert(
            id=identity(self.home, week, kind, name),
            week=week,
            kind=kind,
            name=clean_name(name, LONGEST_TEXT),
            severity=clean_name(severity),
            text=text,
            evidence=tuple(evidence),
            sql=_sql(evidence),
            page=page.as_posix(),
            picture=(page.parent / PICTURE).as_posix() if picture.is_file() else None,
            source=self.source,
            is_simulated=self.is_simulated,
        )


def identity(home: Home, week: str, kind: str, name: str) -> str:
    """The id of an alert: of two homes never the same, of one home always."""
    owner = home.identity()
    born = [owner.kind, owner.created_at] if owner else []
    return str(uuid5(_NAMESPACE, json.dumps([*born, week, kind, name])))


def _sql(evidence: Sequence[EvidenceCell]) -> str:
    """The query that finds the evidence again."""
    where = " and ".join(
        f"{column} = '{value.replace(chr(39), chr(39) * 2)}'" for column, value in evidence[0].key.items()
    )
    return f"select {', '.join(told.column for told in evidence)} from marts.{evidence[0].table} where {where}"


def _printed(number: float, unit: str) -> str:
    return in_unit(Figure(float(number), unit, "headlines_weekly", (), "value"), unit).text


def _origin(home: Home, connection: duckdb.DuckDBPyConnection) -> tuple[str, bool]:
    """Source and label of a version. What does not say that it happened is called simulated."""
    rows = connection.execute(
        "select source, is_simulated from raw.publications order by publication_id desc limit 1"
    ).fetchall()
    owner = home.identity()
    source, is_simulated = rows[0] if rows else (owner.kind if owner else "unknown source", None)
    return clean_name(str(source)), is_simulated is not False or (owner is not None and owner.kind == "simulated")


def _has(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """False where an older version published: it had no such table."""
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
    ).fetchall()
    return bool(found)
