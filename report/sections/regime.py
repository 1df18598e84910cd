"""The regime: the verdict, the states behind it, what would change it, and the evidence for each state."""

from datetime import timedelta

from report.document import Column, Section, Table
from report.figures import Figure, unit_of
from report.formatting import show, words
from report.marts import Marts, Row
from report.sections.turning import turning
from report.text import Fragment, Part, Sentence, Unknown, compose, say, series, unknown
from report.votes import STATES, UNDECIDED, Backed, dimensions, fits

# As long as a score looks ahead.
WEEKS_SCORED = 4


def section(marts: Marts) -> Section:
    """Verdict, states, evidence."""
    row = marts.weekly("regime_weekly", window_id=None)
    verdict = row.figure("verdict")
    unknowns: list[Unknown] = []
    sentences: list[Sentence] = []
    if verdict.is_known:
        sentences.append(_verdict(row).claiming(fits(marts, verdict)))
    else:
        unknowns.append(unknown("regime", "The regime's verdict", verdict, "the week has no row in regime_weekly"))
        sentences.append(unknowns[0].brief)
    states = [(compose(STATES[column]), row.figure(column)) for column in STATES if row.figure(column).is_known]
    sentences += _states(marts, row)
    sentences += [*_second_opinion(marts), *_score(marts), *turning(marts)]
    evidence = marts.weekly_rows("regime_evidence_weekly", window_id=None)
    thin = [name for name, figure in states if figure.value == UNDECIDED]
    return Section(
        id="regime",
        title="Regime and what would change it",
        sentences=tuple(sentences),
        tables=_evidence(evidence),
        unknowns=tuple(unknowns),
        note=compose(
            "A state needs two votes and enough coverage; without them it is insufficient data, as this week for "
            "{thin}."
            if thin
            else "A state needs two votes and enough coverage; without them it is insufficient data.",
            thin=series(thin),
        ),
    )


def _states(marts: Marts, row: Row) -> list[Sentence]:
    """The states that this week's votes make, then those that only stand over from before."""
    voting = dimensions(marts)
    held = {d.name for d in voting if not d.is_news}
    news = [d for d in voting if d.is_news]
    told = [c for c in STATES if row.figure(c).is_known and STATES[c] not in held]
    kept = [c for c in STATES if row.figure(c).is_known and STATES[c] in held]
    said = []
    if told:
        sentence = say(
            "regime_states", "The states behind it: {listed}.", listed=series([_state(row, c) for c in told])
        )
        said.append(sentence.claiming(*(Backed(d) for d in news)))
    if kept:
        said.append(
            say(
                "regime_states_held",
                "Held over from before, without this week's votes: {listed}.",
                listed=series([_state(row, c) for c in kept]),
            )
        )
    return said


def _second_opinion(marts: Marts) -> list[Sentence]:
    """What the jump model makes of the week, beside the rules."""
    row = marts.weekly("regime_scoreboard", window_id=None, model="jump_model")
    label = row.figure("label")
    if not label.is_known or label.value == UNDECIDED:
        return []
    agrees = row.text("agrees_with_rules")
    return [
        say(
            "regime_second_opinion",
            "The jump model, a second opinion, is in its {label}-return state and agrees."
            if agrees == "True"
            else "The jump model, a second opinion, is in its {label}-return state and disagrees."
            if agrees == "False"
            else "The jump model, a second opinion, is in its {label}-return state.",
            label=words(label),
        )
    ]


def _score(marts: Marts) -> list[Sentence]:
    """What the rules said four weeks ago, and what came of it: known at this week's end."""
    then = marts.week.start - timedelta(weeks=WEEKS_SCORED)
    row = marts.row("regime_scoreboard", week_start=then, model="rules")
    label, since = row.figure("label"), row.figure("forward_4w_return_pct")
    if not (label.is_known and since.is_known) or label.value == UNDECIDED:
        return []
    parts: dict[str, Part] = {"label": words(label), "since": show(since, signed=True)}
    return [
        say(
            "regime_score",
            "Scoreboard: four weeks ago the rules said {label} (computed later, not published then); the top-30 index "
            "has since returned {since}."
            if row.text("is_backfilled") == "True"
            else "Scoreboard: four weeks ago the rules said {label}; the top-30 index has since returned {since}.",
            **parts,
        )
    ]


def _state(row: Row, column: str) -> tuple[Fragment, ...]:
    return compose("{dimension} {state}", dimension=compose(STATES[column]), state=words(row.figure(column)))


def verdict_and_states(marts: Marts) -> tuple[Figure, tuple[tuple[str, Figure], ...]]:
    """The verdict and the state of each dimension, as machines and the archive read them."""
    row = marts.weekly("regime_weekly", window_id=None)
    states = [column for column in row.cells if column.endswith("_state")]
    return row.figure("verdict"), tuple((column.removesuffix("_state"), row.figure(column)) for column in states)


def _verdict(row: Row) -> Sentence:
    previous, weeks, coverage = (row.figure(c) for c in ("previous_verdict", "weeks_in_verdict", "coverage_pct"))
    confirmed = row.figure("confirmed_verdict")
    stood = compose(", now for {weeks}", weeks=weeks)
    if weeks.value == 1:
        stood = compose(" in its first week")
    return say(
        "regime_verdict",
        "The week's verdict is {verdict}{stood}{before}.{confirmed}{rests}",
        verdict=words(row.figure("verdict")),
        before=compose(", after {previous}", previous=words(previous)) if previous.is_known else (),
        stood=stood if weeks.is_known else (),
        confirmed=compose(
            " The confirmed verdict, slow on the way up, is {confirmed}.",
            confirmed=words(confirmed),
        )
        if confirmed.is_known and confirmed.value != row.figure("verdict").value
        else (),
        rests=compose(" It rests on {coverage} of the data it asks for.", coverage=coverage)
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
            is_on_demand=True,
            caption=compose("What each state rests on, and the mart it comes from."),
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
