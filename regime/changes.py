"""What differs between two states of the warehouse, for one week: rows, figures, sentences.

The states are attached to one connection, as `was` and `is`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any

import duckdb

from regime.dev.models import grains
from report.document import Document
from warehouse.contracts import DATASETS, Dataset
from warehouse.week import Week

# Sums in parallel are not bit-equal: what agrees to so much is the same figure.
RELATIVE_TOLERANCE = 1e-9
# Before its week's first window a price is carried for so long.
CARRY = timedelta(hours=4)
# Marts that list what there is are of no week; sentences are told apart by themselves.
_OF_NO_WEEK = {"archive_disagreements", "publications", "quarantine", "weekly_summary_sentences"}
# What tells when something was learned is no figure: learning the same again changes it.
_TELLING = ("recorded_at", "tried_at", "try_at")
# On a terminal; JSON has all.
FIGURES_SHOWN = 60
VERSIONS_TOLD = 1000


@dataclass(frozen=True)
class Version:
    """One key whose row is another than was known then; `was` is None for a row that was not known."""

    kind: str
    key: dict[str, Any]
    was: dict[str, Any] | None
    is_now: dict[str, Any]


@dataclass(frozen=True)
class RowChange:
    """The keys of one dataset and origin of which something was learned since: in the week, and before it."""

    dataset: str
    origin: str
    new_rows: int
    revised_rows: int
    released_rows: int
    earlier_rows: int
    versions: list[Version] = field(default_factory=list)


@dataclass(frozen=True)
class FigureChange:
    """A cell of a mart that differs; a row that is there on one side only has its whole row as its cells."""

    table: str
    key: str
    column: str
    was: Any
    is_now: Any
    difference: float | None


@dataclass(frozen=True)
class SentenceChange:
    """A sentence that would read differently; None where it is not said."""

    section: str
    was: str | None
    is_now: str | None


@dataclass(frozen=True)
class Changes:
    """All that differs for one week."""

    week: str
    publication_id: int
    was_known_at: datetime
    is_known_at: datetime
    rows: list[RowChange]
    figures: list[FigureChange]
    sentences: list[SentenceChange]

    @property
    def is_changed(self) -> bool:
        """True if anything does."""
        return bool(self.rows or self.figures or self.sentences)


def changed_rows(connection: duckdb.DuckDBPyConnection, week: Week, known_until: datetime) -> list[RowChange]:
    """Per dataset and origin, the keys with versions recorded since, whose event the week's figures can use."""
    first, last = connection.execute(
        'select min(starts_at), max(ends_at) from "is".core.core_windows where week_start = ?', [week.start]
    ).fetchall()[0]
    found = []
    for dataset in DATASETS.values():
        found += _changed_rows(connection, dataset, first - CARRY, last, known_until)
    return found


def _changed_rows(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, first: datetime, last: datetime, known_until: datetime
) -> list[RowChange]:
    key, columns = ", ".join(dataset.key), [c.name for c in dataset.columns]
    event = f"{dataset.time_column}::timestamp" if dataset.time_column else f"timestamp '{first}'"
    values = ", ".join(f"'{c}': {{side}}.{c}::varchar" for c in dataset.value_columns)
    packed = {side: "map {" + values.format(side=side) + "}" for side in ("n", "w")}
    # As `latest_version` in dbt: a venue's own word before that of its files, which may have said the same.
    counting = f"partition by {key} order by is_in_files, recorded_at desc, load_id desc"
    differs = " or ".join(f"n.{c} is distinct from w.{c}" for c in dataset.value_columns)
    identity = "map {" + ", ".join(f"'{c}': n.{c}::varchar" for c in dataset.key) + "}"
    rows = connection.execute(
        f"""
        with released as (
            select load_id from "is".raw.loads where ends_with(landing_file, '.judgement.json')
        ),
        told as (  -- all that was ever said of what something new was said of
            select r.*, f.archive is not null as is_in_files
            from "is".raw.{dataset.name} r
            semi join (select {key} from "is".raw.{dataset.name} where recorded_at > ? and {event} < ?) using ({key})
            left join (select load_id, archive from "is".raw.loads where archive is not null) f using (load_id)
        ),
        now_known as (
            select {", ".join(columns)}, load_id, recorded_at, {event} as event_at
            from told
            qualify row_number() over ({counting}) = 1
        ),
        was_known as (
            select *, true as is_there from told
            where recorded_at <= ?
            qualify row_number() over ({counting}) = 1
        )
        select n.{dataset.origin_column}, n.event_at < ?, case
                   when n.load_id in (select load_id from released) then 'released'
                   when w.is_there then 'revised' else 'new' end,
               {identity}, case when w.is_there then {packed["w"]} end, {packed["n"]}
        from now_known n left join was_known w using ({key})
        where n.recorded_at > ? and (w.is_there is null or {differs})
        order by 1, n.event_at, {", ".join(f"n.{c}" for c in dataset.key)}
        """,
        [known_until, last, known_until, first, known_until],
    ).fetchall()
    found = []
    for origin in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == origin]
        versions = [Version(kind, key, was, now) for _, is_before, kind, key, was, now in own if not is_before]
        count = {kind: sum(v.kind == kind for v in versions) for kind in ("new", "revised", "released")}
        found.append(
            RowChange(
                dataset.name, origin, count["new"], count["revised"], count["released"],
                sum(is_before for _, is_before, *_ in own), versions[:VERSIONS_TOLD],
            )
        )  # fmt: skip
    return found


def changed_figures(connection: duckdb.DuckDBPyConnection, week: Week) -> list[FigureChange]:
    """Every cell of the week's rows, in every mart that both states have, that differs."""
    found: list[FigureChange] = []
    for table, grain in grains().items():
        columns = [_columns(connection, side, table) for side in ("was", "is")]
        shared = {name: kind for name, kind in columns[1].items() if name in columns[0]}
        if table not in _OF_NO_WEEK and set(grain) <= set(shared) and (of_week := _of_week(grain, shared)):
            found += _changed_cells(connection, table, grain, shared, of_week, week)
    return found


def _changed_cells(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    grain: list[str],
    columns: dict[str, str],
    of_week: str,
    week: Week,
) -> list[FigureChange]:
    key = ", ".join(f'"{name}"' for name in grain)
    found: list[FigureChange] = []
    sides = [f'(select *, true as is_there from "{side}".marts."{table}" where {of_week})' for side in ("was", "is")]
    identity = " || ', ' || ".join(f"'{name} ' || coalesce(\"{name}\"::varchar, '–')" for name in grain)
    cells = [name for name in columns if name not in grain and not name.endswith(_TELLING)]
    differing = {name: _differs(name, columns[name]) for name in cells}
    if not cells:
        return []
    rows = connection.execute(
        f"""
        select {identity}, w.is_there, n.is_there, {", ".join(f'w."{c}", n."{c}"' for c in cells)}
        from {sides[0]} w full join {sides[1]} n using ({key})
        where w.is_there is null or n.is_there is null or {" or ".join(differing.values())}
        order by {key}
        """,
        {"week": week.start},
    ).fetchall()
    for identity_text, was_there, is_there, *values in rows:
        for place, name in enumerate(cells):
            was, now = values[2 * place], values[2 * place + 1]
            if not (was_there and is_there) or not _same(was, now):
                if was is None and now is None:
                    continue
                both = [float(v) for v in (was, now) if isinstance(v, int | float) and not isinstance(v, bool)]
                difference = both[1] - both[0] if len(both) == 2 else None
                found.append(FigureChange(table, identity_text, name, _finite(was), _finite(now), _finite(difference)))
    return found


def _differs(column: str, kind: str) -> str:
    was, now = f'w."{column}"', f'n."{column}"'
    if kind not in ("DOUBLE", "FLOAT"):
        return f"{was} is distinct from {now}"
    close = f"abs({was} - {now}) <= {RELATIVE_TOLERANCE} * greatest(abs({was}), abs({now}))"
    return f"({was} is distinct from {now} and not coalesce({close}, false))"


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, float) and isinstance(now, float):
        return (
            was == now or abs(was - now) <= RELATIVE_TOLERANCE * max(abs(was), abs(now)) or (was != was and now != now)
        )
    return bool(was == now)


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and value - value != 0 else value


def changed_sentences(was: Document, now: Document) -> list[SentenceChange]:
    """The sentences of the page that are not said in the same words."""
    found: list[SentenceChange] = []
    earlier = dict(_said(was))
    for section, after in _said(now):
        before = earlier.get(section, [])
        for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag != "equal":
                for i in range(max(b - a, d - c)):
                    old = before[a + i] if a + i < b else None
                    found.append(SentenceChange(section, old, after[c + i] if c + i < d else None))
    return found


def _said(document: Document) -> Iterator[tuple[str, list[str]]]:
    """What each part of the page says, the note first."""
    yield "note", [sentence.text for sentence in document.note.sentences]
    for section in document.sections:
        yield section.id, [sentence.text for sentence in section.all_sentences]


def _columns(connection: duckdb.DuckDBPyConnection, side: str, table: str) -> dict[str, str]:
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = ? and schema_name = 'marts'"
            " and table_name = ? order by column_index",
            [side, table],
        ).fetchall()
    )


def _of_week(grain: list[str], columns: dict[str, str]) -> str | None:
    """The condition on a mart's rows that makes them the week's: the week itself, its days, or its hours."""
    if "week_start" in grain:
        return "week_start = $week"
    for name in grain:
        if columns[name] == "DATE":
            return f'"{name}" >= $week and "{name}" < $week::date + interval 7 days'
        if columns[name] == "TIMESTAMP":
            return f'"{name}" > $week::date and "{name}" <= $week::date + interval 7 days'
    return None
