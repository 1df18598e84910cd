"""The regime: the verdict, the states behind it, what would change it, and the evidence for each state."""

from report.document import Column, Section, Table
from report.figures import Figure, unit_of
from report.formatting import show, words
from report.marts import Marts, Row
from report.sections.headline import STATES, UNDECIDED
from report.sections.turning import turning
from report.text import Sentence, Unknown, compose, say, series, unknown


def section(marts: Marts) -> Section:
    """Verdict, states, evidence."""
    row = marts.weekly("regime_weekly", window_id=None)
    verdict = row.figure("verdict")
    unknowns: list[Unknown] = []
    sentences: list[Sentence] = []
    if verdict.is_known:
        sentences.append(_verdict(row))
    else:
        unknowns.append(unknown("regime", "The regime's verdict", verdict, "the week has no row in regime_weekly"))
        sentences.append(unknowns[0].brief)
    states = [(compose(STATES[column]), row.figure(column)) for column in STATES if row.figure(column).is_known]
    if states:
        listed = [compose("{dimension} {state}", dimension=name, state=words(figure)) for name, figure in states]
        sentences.append(say("regime_states", "The states behind it: {listed}.", listed=series(listed)))
    sentences += turning(marts)
    evidence = marts.weekly_rows("regime_evidence_weekly", window_id=None)
    thin = [name for name, figure in states if figure.value == UNDECIDED]
    return Section(
        id="regime",
        title="Regime and what would change it",
        sentences=tuple(sentences),
        tables=_evidence(evidence),
        unknowns=tuple(unknowns),
        note=compose(
            "A state needs two votes of its evidence and enough coverage; else it is insufficient data, as this week "
            "for {thin}."
            if thin
            else "A state needs two votes of its evidence and enough coverage; else it is insufficient data.",
            thin=series(thin),
        ),
    )


def verdict_and_states(marts: Marts) -> tuple[Figure, tuple[tuple[str, Figure], ...]]:
    """The verdict and the state of each dimension, as machines and the archive read them."""
    row = marts.weekly("regime_weekly", window_id=None)
    states = [column for column in row.cells if column.endswith("_state")]
    return row.figure("verdict"), tuple((column.removesuffix("_state"), row.figure(column)) for column in states)


def _verdict(row: Row) -> Sentence:
    previous, weeks, coverage = (row.figure(c) for c in ("previous_verdict", "weeks_in_verdict", "coverage_pct"))
    stood = compose(", and it has stood for {weeks}", weeks=weeks)
    if weeks.value == 1:
        stood = compose(", and this is its first week")
    return say(
        "regime_verdict",
        "The verdict is {verdict}{before}{stood}.{rests}",
        verdict=words(row.figure("verdict")),
        before=compose("; the week before it was {previous}", previous=words(previous)) if previous.is_known else (),
        stood=stood if weeks.is_known else (),
        rests=compose(" It rests on {coverage} of the data that it asks for.", coverage=coverage)
        if coverage.is_known
        else (),
    )


def _evidence(rows: list[Row]) -> tuple[Table, ...]:
    if not rows:
        return ()
    lines = []
    for row in rows:
        metric = row.figure("metric_id")
        unit = unit_of(row.text("metric_id"))
        lines.append(
            (
                words(row.figure("dimension")),
                words(metric),
                show(row.figure("value", unit)),
                show(row.figure("percentile")),
                # Of the value or of its percentile, as the next column says: it is printed without a unit.
                show(row.figure("threshold")),
                words(row.figure("measure")),
                words(row.figure("vote")),
                show(row.figure("weight")),
                show(row.figure("source_table")),
            )
        )
    return (
        Table(
            id="regime_evidence",
            title="Evidence",
            caption=compose("What each dimension's state rests on, and the mart that it comes from."),
            columns=(
                Column("Dimension", is_number=False),
                Column("Metric", is_number=False),
                Column("Value"),
                Column("Percentile"),
                Column("Threshold"),
                Column("of its", is_number=False),
                Column("Vote", is_number=False),
                Column("Weight"),
                Column("Mart", is_number=False),
            ),
            rows=tuple(lines),
        ),
    )
