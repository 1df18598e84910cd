"""What would change the regime, and what the coming week holds."""

from dataclasses import dataclass
from datetime import timedelta

from report.figures import unit_of
from report.formatting import in_unit, near_day, percentile, words
from report.marts import Marts, Row
from report.releases import OFFICES
from report.text import Fragment, Part, Sentence, compose, say, series
from report.votes import Dimension, dimensions, level_of

NAMES = {
    "leverage": "Leverage", "funding": "Funding", "flow": "Flow", "volatility": "Volatility",
    "correlation": "Correlation", "breadth": "Breadth", "macro": "Macro",
}  # fmt: skip
# The note names this many; the section on the regime has all.
MOST = 2


@dataclass(frozen=True)
class Turn:
    """A vote that alone could end a state: how far it is from its threshold, in halves of the way from the middle."""

    dimension: Dimension
    vote: Row
    distance: float


def would_change(marts: Marts) -> tuple[Sentence, ...]:
    """The votes nearest to ending a state that hangs on one of them, then the state that one more vote would make."""
    found = dimensions(marts)
    if not found:
        return ()
    turns = sorted((turn for d in found for turn in _turns(d)), key=lambda turn: turn.distance)
    said: list[Sentence] = []
    told: set[str] = set()
    for turn in turns:
        if turn.dimension.name not in told and len(said) < MOST:
            told.add(turn.dimension.name)
            said.append(_end(turn))
    short = next(((d, level) for d in found if (level := d.one_vote_short) is not None), None)
    if short is not None and len(said) < MOST:
        dimension, level = short
        row = dimension.known_states[level]
        said.append(
            say(
                "note_turn_short",
                "{dimension} is one vote short of {state}.",
                dimension=compose(NAMES[dimension.name]),
                state=words(row.figure("vote")),
            )
        )
    if said:
        return tuple(said)
    verdict = marts.weekly("regime_weekly", window_id=None).figure("verdict")
    return (say("note_turn_firm", "No state behind {verdict} hangs on a single vote.", verdict=words(verdict)),)


def _turns(dimension: Dimension) -> list[Turn]:
    distances = [(row, _distance(row)) for row in dimension.deciding]
    return [Turn(dimension, row, distance) for row, distance in distances if distance is not None]


def _distance(row: Row) -> float | None:
    threshold = row.figure("threshold").number
    value = row.figure("percentile" if row.text("measure") == "percentile" else "value").number
    if threshold is None or value is None or level_of(row) == 0:
        return None
    return abs(value - threshold) / max(abs(threshold), abs(value), 1e-9)


def _end(turn: Turn) -> Sentence:
    row = turn.vote
    threshold, is_percentile = row.figure("threshold"), row.text("measure") == "percentile"
    measured, metric = row.figure("percentile" if is_percentile else "value"), row.figure("metric_id")
    unit = unit_of(str(metric.value))
    parts: dict[str, Part] = {
        "dimension": compose(NAMES[turn.dimension.name]),
        "state": words(turn.dimension.state),
        "metric": words(metric),
        "bound": percentile(threshold) if is_percentile else in_unit(threshold, unit),
        "now": percentile(measured, is_short=True) if is_percentile else in_unit(measured, unit),
    }
    is_above = (measured.number or 0.0) > (threshold.number or 0.0)
    if is_percentile:
        return say(
            "note_turn",
            "{dimension} is no longer {state} with {metric} below its {bound} (now the {now})."
            if is_above
            else "{dimension} is no longer {state} with {metric} above its {bound} (now the {now}).",
            **parts,
        )
    return say(
        "note_turn",
        "{dimension} is no longer {state} with {metric} below {bound} (now {now})."
        if is_above
        else "{dimension} is no longer {state} with {metric} above {bound} (now {now}).",
        **parts,
    )


def week_ahead(marts: Marts) -> tuple[Sentence, ...]:
    """Closed markets, releases and expiries of the next week by day, then the next decision if it comes later."""
    rows = [row for row in marts.weekly_rows("week_ahead", window_id=None) if _is_told(row)]
    after = str(marts.week.end + timedelta(days=7))
    soon = [_event(marts, row) for row in rows if row.text("event_date") < after]
    later = [_event(marts, row) for row in rows if row.text("event_date") >= after]
    said = []
    if soon:
        said.append(say("note_ahead", "Next week: {events}.", events=series(soon)))
    if later:
        said.append(say("note_ahead_later", "Later: {events}.", events=series(later)))
    return tuple(said)


def _is_told(row: Row) -> bool:
    """Of releases, those that markets watch and whose day a calendar names: a guessed day is not printed."""
    is_release = row.text("kind") == "release"
    return not is_release or (row.text("event_id") in OFFICES and row.text("is_estimated") != "True")


def _event(marts: Marts, row: Row) -> tuple[Fragment, ...]:
    parts: dict[str, Part] = {
        "day": near_day(row.figure("event_date"), marts.week.last_day),
        "name": words(row.figure("name")),
    }
    match row.text("kind"):
        case "us_holiday":
            return compose("New York closed on {day} ({name})", **parts)
        case "us_half_day":
            return compose("New York closing early on {day}", **parts)
        case "japan_holiday":
            return compose("Tokyo closed on {day}", **parts)
        case "expiry":
            return compose("{name} on {day}", **parts)
        case "decision":
            return compose("FOMC decision on {day}", **parts)
    return compose("{name} on {day}", **parts)
