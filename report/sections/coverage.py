"""Data quality: what was due, what came, what was set aside, and who was missing."""

from report.consistency import Extreme, figures
from report.document import Section, Table
from report.formatting import words
from report.marts import Marts, Row, ranked
from report.sections.tables import Show, table_of
from report.text import Sentence, Unknown, compose, say, series, unknown

COMPLETE_PCT = 100.0


def section(marts: Marts) -> Section:
    """Silent venues first, then the thinnest coverage, what counts nowhere, quarantine, and the table."""
    rows = marts.weekly_rows("data_coverage_weekly", window_id=None)
    if not rows:
        missing = marts.absent("data_coverage_weekly", window_id=None).figure("coverage_pct")
        found: Unknown = unknown(
            "coverage", "Coverage of the week", missing, "the week has no row in data_coverage_weekly"
        )
        return Section("coverage", "Data quality", sentences=(found.brief,), unknowns=(found,))
    said = (_silent(rows), _thinnest(rows), _partly_unknown(rows), _without_return(marts), _quarantined(rows))
    return Section(
        id="coverage",
        title="Data quality",
        sentences=tuple(sentence for sentence in said if sentence is not None),
        tables=_tables(rows),
        unknowns=tuple(_unknowns(rows)),
        note=compose("A venue that is down costs coverage, not the page; changes compare like with like."),
    )


COLUMNS = (
    Show("dataset", "Dataset", is_word=True),
    Show("venue", "Venue", is_name=True),
    Show("expected_rows", "Expected"),
    Show("received_rows", "Received"),
    Show("quarantined_rows", "Quarantined"),
    Show("missing_rows", "Missing"),
    Show("coverage_pct", "Coverage", has_bar=True),
    Show("first_missing_at", "First missing"),
)


def _tables(rows: list[Row]) -> tuple[Table, ...]:
    """What is missing, then on demand what is whole."""
    holes = [row for row in rows if not _is_whole(row)]
    whole = [row for row in rows if _is_whole(row)]
    tables = []
    if holes:
        caption = compose("Rows due and received for the week; a row that a guard refused is in quarantine, not lost.")
        tables.append(table_of("coverage", "Where something is missing", caption, COLUMNS, holes))
    if whole:
        caption = compose("Datasets and venues of which every row came.")
        tables.append(table_of("coverage_whole", "Complete", caption, COLUMNS, whole, is_on_demand=True))
    return tuple(tables)


def _is_whole(row: Row) -> bool:
    coverage = row.figure("coverage_pct").number
    refused = row.figure("quarantined_rows").number or 0
    return coverage is not None and coverage >= COMPLETE_PCT and not refused and not _is_partly_unknown(row)


def _is_silent(row: Row) -> bool:
    expected, received = row.figure("expected_rows").number, row.figure("received_rows").number
    return received == 0 and (expected is None or expected > 0)


def _silent(rows: list[Row]) -> Sentence | None:
    silent = [row for row in rows if _is_silent(row)]
    if not silent:
        return None
    listed = [
        compose(
            "{venue} ({dataset}: {received} rows)",
            venue=row.figure("venue"),
            dataset=words(row.figure("dataset")),
            received=row.figure("received_rows"),
        )
        for row in silent
    ]
    return say("coverage_silent", "Nothing came from {listed}.", listed=series(listed))


def _thinnest(rows: list[Row]) -> Sentence | None:
    known = ranked([row for row in rows if not _is_silent(row)], "coverage_pct", highest_first=False)
    if not known:
        return None
    least = known[0]
    coverage = least.figure("coverage_pct")
    if coverage.number is not None and coverage.number >= COMPLETE_PCT:
        if any(_is_partly_unknown(row) for row in known):
            return None  # nobody can say that everything came
        return say("coverage_complete", "Every dataset is complete ({least} at the least).", least=coverage)
    return say(
        "coverage_thinnest",
        "Thinnest coverage: {dataset} of {venue} at {coverage}, with {missing} of {expected} rows missing.",
        dataset=words(least.figure("dataset")),
        venue=least.figure("venue"),
        coverage=coverage,
        missing=least.figure("missing_rows"),
        expected=least.figure("expected_rows"),
    ).claiming(
        Extreme(
            "coverage",
            "lowest",
            f"{least.text('dataset')} of {least.text('venue')}",
            coverage,
            figures(known, "coverage_pct"),
        )
    )


def _is_partly_unknown(row: Row) -> bool:
    return row.figure("expected_rows").is_known and row.text("is_cadence_unknown") == str(True)


def _partly_unknown(rows: list[Row]) -> Sentence | None:
    """Series of which nothing ever came have no schedule: what they owe is in no percentage."""
    found = [row for row in rows if _is_partly_unknown(row)]
    if not found:
        return None
    listed = [
        compose(
            "{dataset} of {venue} ({coverage} of what is known to be due)",
            dataset=words(row.figure("dataset")),
            venue=row.figure("venue"),
            coverage=row.figure("coverage_pct"),
        )
        for row in found
    ]
    return say(
        "coverage_partly_unknown",
        "Not counted, as nothing of them ever came and what was due is not known: further series in {listed}.",
        listed=series(listed),
    )


def _without_return(marts: Marts) -> Sentence | None:
    """Eligible assets whose return nobody knows: they are in no return of a bucket or sector."""
    found = [
        row
        for row in marts.weekly_rows("universe_weekly", is_eligible=True)
        if row.figure("return_missing_reason").is_known
    ]
    if not found:
        return None
    listed = [
        compose("{name} ({reason})", name=row.figure("symbol"), reason=words(row.figure("return_missing_reason")))
        for row in ranked(found, "market_cap_usd")
    ]
    return say("coverage_without_return", "In no return of the week: {listed}.", listed=series(listed))


def _quarantined(rows: list[Row]) -> Sentence | None:
    most = [row for row in ranked(rows, "quarantined_rows") if (row.figure("quarantined_rows").number or 0) > 0][:3]
    if not most:
        return None
    listed = [
        compose(
            "{rows} rows of {dataset} from {venue}",
            rows=row.figure("quarantined_rows"),
            dataset=words(row.figure("dataset")),
            venue=row.figure("venue"),
        )
        for row in most
    ]
    return say("coverage_quarantined", "Most rows set aside by guards: {listed}.", listed=series(listed))


def _unknowns(rows: list[Row]) -> list[Unknown]:
    return [
        unknown(
            "coverage_unknown",
            "What {venue} owes of {dataset}",
            row.figure("expected_rows"),
            "its schedule is not known",
            venue=row.figure("venue"),
            dataset=words(row.figure("dataset")),
        )
        for row in rows
        if not row.figure("expected_rows").is_known
    ]
