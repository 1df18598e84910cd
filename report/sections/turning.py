"""What would change the regime: states that hang on one vote, and evidence that lies close to another one."""

from collections.abc import Callable
from dataclasses import dataclass

from report.figures import Figure, unit_of
from report.formatting import in_unit, words
from report.marts import Marts, Row
from report.sections.headline import STATES, UNDECIDED
from report.text import Fragment, Sentence, compose, say, series

# A state needs votes of this weight; the evidence's weights stand in the mart.
NEEDED = 2.0


@dataclass(frozen=True)
class Dimension:
    """One dimension's state, its level (0 is the middle), this week's votes, and a row for each state by its level."""

    name: str
    state: Figure
    level: int
    votes: tuple[Row, ...]
    known_states: dict[int, Row]

    def backing(self, level: int) -> list[Row]:
        """The votes that back the state at `level`: those for it, and for farther ones on its side of the middle."""
        return [row for row in self.votes if abs(_level(row)) >= abs(level) and _level(row) * level > 0]

    @property
    def farther(self) -> list[int]:
        """The levels farther out than the state, of the middle on both sides, the nearest first."""
        beyond = [n for n in self.known_states if abs(n) > abs(self.level) and n * self.level >= 0]
        return sorted(beyond, key=lambda n: (abs(n), n))


def turning(marts: Marts) -> list[Sentence]:
    """What would change the verdict or a state; that no state hangs on one vote, if so."""
    regime = marts.weekly("regime_weekly", window_id=None)
    dimensions = _dimensions(marts, regime)
    if not dimensions:
        return []
    kept = [_named(d) for d in dimensions if d.level and _weight(d.backing(d.level)) < NEEDED]
    said: list[Sentence] = []
    if kept:
        said.append(
            say(
                "turning_kept",
                "Held over from the week before, without the votes to be entered anew: {listed}.",
                listed=series(kept),
            )
        )
    narrow, short = _listed(dimensions, _narrow), _listed(dimensions, _one_vote_short)
    if narrow:
        said.append(
            say("turning_narrow", "On two votes only, so that one fewer could end it: {listed}.", listed=series(narrow))
        )
    if short:
        said.append(say("turning_short", "One vote short: {listed}.", listed=series(short)))
    if not (kept or narrow or short):
        said.append(
            say(
                "turning_firm",
                "No state under the verdict {verdict} hangs on a single vote.",
                verdict=words(regime.figure("verdict")),
            )
        )
    near = [item for d in dimensions for item in _near(d)]
    if near:
        said.append(
            say(
                "turning_near",
                "Close to a farther state, by the margin at which states are left: {listed}.",
                listed=series(near),
            )
        )
    return said


def _dimensions(marts: Marts, regime: Row) -> list[Dimension]:
    found = []
    for column, name in STATES.items():
        state = regime.figure(column)
        known: dict[int, Row] = {}
        votes = marts.weekly_rows("regime_evidence_weekly", window_id=None, dimension=name)
        # What a level is called stands in the votes of any week; this week's are cited first.
        for row in [*votes, *marts.rows("regime_evidence_weekly", dimension=name)]:
            if row.text("vote") and row.text("level"):
                known.setdefault(_level(row), row)
        levels = [level for level, row in known.items() if row.text("vote") == state.value]
        cast = tuple(row for row in votes if row.figure("level").is_known)
        # Votes of unknown weight cannot be counted: nothing is said of their dimension.
        can_count = bool(cast) and all(row.figure("weight").is_known for row in cast)
        if state.is_known and state.value != UNDECIDED and levels and can_count:
            found.append(Dimension(name, state, levels[0], cast, known))
    return found


def _narrow(dimension: Dimension) -> list[tuple[Fragment, ...]]:
    backing = dimension.backing(dimension.level) if dimension.level else []
    weight = _weight(backing)
    if weight < NEEDED or all(weight - _weight([row]) >= NEEDED for row in backing):
        return []
    return [compose("{state} ({evidence})", state=_named(dimension), evidence=_evidence(backing))]


def _one_vote_short(dimension: Dimension) -> list[tuple[Fragment, ...]]:
    for level in dimension.farther:
        backing = dimension.backing(level)
        if backing and NEEDED - 1 <= _weight(backing) < NEEDED:
            state = compose(
                "{dimension} at {state}",
                dimension=compose(STATES[f"{dimension.name}_state"]),
                state=words(dimension.known_states[level].figure("vote")),
            )
            return [compose("{state}, for which {evidence} votes", state=state, evidence=_evidence(backing))]
    return []


def _near(dimension: Dimension) -> list[tuple[Fragment, ...]]:
    """Votes that would back a state farther out than the dimension's own, had it stood."""
    said = []
    for row in dimension.votes:
        for column in ("stays_up_to", "stays_down_to"):
            reach = row.figure(column).number
            level = int(reach) if reach is not None else 0
            if level in dimension.farther and abs(level) > abs(_level(row)):
                metric = row.figure("metric_id")
                said.append(
                    compose(
                        "{metric} at {value} ({dimension}: {state})",
                        metric=words(metric),
                        value=in_unit(row.figure("value"), unit_of(str(metric.value))),
                        dimension=compose(STATES[f"{dimension.name}_state"]),
                        state=words(dimension.known_states[level].figure("vote")),
                    )
                )
    return said


def _listed(
    dimensions: list[Dimension], rule: Callable[[Dimension], list[tuple[Fragment, ...]]]
) -> list[tuple[Fragment, ...]]:
    return [item for dimension in dimensions for item in rule(dimension)]


def _named(dimension: Dimension) -> tuple[Fragment, ...]:
    return compose(
        "{dimension} at {state}",
        dimension=compose(STATES[f"{dimension.name}_state"]),
        state=words(dimension.state),
    )


def _evidence(rows: list[Row]) -> tuple[Fragment, ...]:
    return series([words(row.figure("metric_id")) for row in rows])


def _weight(rows: list[Row]) -> float:
    return sum(row.figure("weight").number or 0.0 for row in rows)


def _level(row: Row) -> int:
    return int(float(row.text("level") or 0))
