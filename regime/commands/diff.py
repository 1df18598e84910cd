"""`regime diff`: what was learned of a week since its page was published, and what would be said differently now."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

import duckdb

from ingestion.planning.endpoints import endpoints
from regime.changes import FIGURES_SHOWN, Changes, changed_figures, changed_rows, changed_sentences
from regime.commands.report import LOCK_WAIT_SECONDS, in_words
from regime.errors import BadInput
from regime.progress import Steps
from regime.weeks import parse
from warehouse.home import Home
from warehouse.publishing import pages
from warehouse.publishing.history import Published, current_number, history
from warehouse.untrusted import one_line
from warehouse.week import Week, WeekError

FORMATS = ("table", "json")


def show_differences(week: str, format: str, out: TextIO = sys.stdout, *, wait_seconds: float = 0.0) -> None:
    """Print what revisions changed since the week was last published."""
    named = parse(week)
    if format not in FORMATS:
        raise BadInput(f"--format {one_line(format, 40)} is none of {', '.join(FORMATS)}")
    home = Home.at()
    publication = last_published(home, named)
    changes = _compare(home, named, publication, max(LOCK_WAIT_SECONDS, wait_seconds))
    (_print_json if format == "json" else _print_table)(changes, out)


def last_published(home: Home, week: Week) -> Published:
    """The publication that wrote the page of a week that readers see. BadInput where none did."""
    told = {row.publication_id: row for row in history(home).publications}
    name, current = week.label, current_number(home)
    if current is None or not (home.reports / name).is_dir():
        raise BadInput(f"{name} is not published in {home.path}; publish it with: regime run --week {name}")
    number = pages.written_by(home.current).get(name)
    if number is None:  # a version of before this was written down: the first one that can have written it
        number = min((n for n, row in told.items() if row.first_week <= week.start <= row.last_week), default=current)
    if number not in told:
        raise BadInput(f"publication {number} is in no history of {home.path}; publish {name} again")
    return told[number]


def _compare(home: Home, week: Week, publication: Published, wait_seconds: float) -> Changes:
    from report.week import read_week
    from warehouse.builds.as_of import AsOfError, known_at

    as_of = publication.as_of.replace(tzinfo=UTC)
    try:
        with Steps() as steps, ExitStack() as stack:
            known = stack.enter_context(
                known_at(home, None, week, endpoints(), wait_seconds=wait_seconds, progress=steps)
            )
            then = _kept(home, publication)
            if then is None:
                built = known_at(home, as_of, week, endpoints(), wait_seconds=wait_seconds, progress=steps)
                then = stack.enter_context(built).database
            kind, is_simulated = known.source.kind, known.source.is_simulated
            connection = stack.enter_context(duckdb.connect())
            connection.execute("set TimeZone = 'UTC'")
            for name, path in (("was", then), ("is", known.database)):
                escaped = str(path).replace("'", "''")
                connection.execute(f"attach '{escaped}' as \"{name}\" (read_only)")
            documents = []
            for name in ("was", "is"):
                connection.execute(f'use "{name}"')
                documents.append(read_week(connection, week, kind, is_simulated))
            connection.execute("use memory")
            return Changes(
                week=week.label,
                publication_id=publication.publication_id,
                was_known_at=as_of,
                is_known_at=known.as_of,
                rows=changed_rows(connection, week, publication.as_of),
                figures=changed_figures(connection, week),
                sentences=changed_sentences(*documents),
            )
    except (AsOfError, WeekError) as error:
        raise BadInput(str(error)) from None


def _kept(home: Home, publication: Published) -> Path | None:
    """The published file itself, if it is kept and was built by the models as they are: else they would differ too."""
    from warehouse.builds.project import fingerprint

    path = home.published / str(publication.publication_id) / "warehouse.duckdb"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            built = connection.execute("select fingerprint from raw.builds order by build_id desc limit 1").fetchall()
            as_of = connection.execute("select as_of from raw.run_context").fetchall()
    except duckdb.Error:
        return None
    return path if built == [(fingerprint(),)] and as_of == [(publication.as_of,)] else None


def _print_json(changes: Changes, out: TextIO) -> None:
    text = json.dumps(asdict(changes) | {"is_changed": changes.is_changed}, default=_plain, indent=1, allow_nan=False)
    out.write(f"{text}\n")


def _print_table(changes: Changes, out: TextIO) -> None:
    since = f"publication {changes.publication_id} (as of {in_words(changes.was_known_at)})"
    if not changes.is_changed:
        out.write(f"{changes.week}: nothing changed since {since}\n")
        return
    out.write(f"{changes.week} since {since}\n\n")
    counts = [(r.dataset, r.origin, r.new_rows, r.revised_rows, r.released_rows, r.earlier_rows) for r in changes.rows]
    out.write("Rows learned since\n" if counts else "No row that this week uses was learned since\n")
    if counts:
        _columns(["dataset", "origin", "new", "revised", "released", "before the week"], counts, out)
    figures = [(f.table, f.key, f.column, f.was, f.is_now, f.difference) for f in changes.figures]
    out.write("\nFigures that differ\n" if figures else "\nNo figure of the week differs\n")
    if figures:
        _columns(["mart", "key", "column", "then", "now", "difference"], figures[:FIGURES_SHOWN], out)
        if len(figures) > FIGURES_SHOWN:
            out.write(f"({len(figures) - FIGURES_SHOWN:,} more; --format json gives all)\n")
    out.write("\nSentences that would read differently\n" if changes.sentences else "\nEvery sentence stays\n")
    for sentence in changes.sentences:
        for sign, text in (("-", sentence.was), ("+", sentence.is_now)):
            if text:
                out.write(f"{sign} {one_line(text)}\n")


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]], out: TextIO) -> None:
    texts = [list(names), *([_text(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(names))]
    for row in texts:
        cells = (
            text.rjust(width) if isinstance(rows[0][i], int | float) else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        out.write("  ".join(cells).rstrip() + "\n")


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.10g}" if isinstance(value, float) else one_line(str(value), 80)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
