"""What would change the regime: states that hang on one vote, and evidence that lies close to another one."""

from collections.abc import Callable

from report.figures import unit_of
from report.formatting import in_unit, words
from report.marts import Marts, Row
from report.text import Fragment, Sentence, compose, say, series
from report.votes import STATES, Dimension, dimensions, level_of


def turning(marts: Marts) -> list[Sentence]:
    """What would change the verdict or a state; that no state hangs on one vote, if so."""
    found = dimensions(marts)
    if not found:
        return []
    said = []
    narrow, short = _listed(found, _narrow), _listed(found, _one_vote_short)
    if narrow:
        said.append(
            say("turning_narrow", "Resting on two votes, so that losing one ends it: {listed}.", listed=series(narrow))
        )
    if short:
        said.append(say("turning_short", "One vote short: {listed}.", listed=series(short)))
    if not (narrow or short):
        verdict = marts.weekly("regime_weekly", window_id=None).figure("verdict")
        said.append(say("turning_firm", "No state behind {verdict} hangs on a single vote.", verdict=words(verdict)))
    near = [item for d in found for item in _near(d)]
    if near:
        said.append(
            say(
                "turning_near",
                "Close to a more extreme vote: {listed}.",
                listed=series(near),
            )
        )
    return said


def _narrow(dimension: Dimension) -> list[tuple[Fragment, ...]]:
    if not dimension.deciding:
        return []
    evidence = _evidence(dimension.backing(dimension.level))
    return [compose("{state} ({evidence})", state=_named(dimension), evidence=evidence)]


def _one_vote_short(dimension: Dimension) -> list[tuple[Fragment, ...]]:
    level = dimension.one_vote_short
    if level is None:
        return []
    state = compose(
        "{dimension} at {state}",
        dimension=compose(STATES[f"{dimension.name}_state"]),
        state=words(dimension.known_states[level].figure("vote")),
    )
    return [compose("{state} ({evidence} votes for it)", state=state, evidence=_evidence(dimension.backing(level)))]


def _near(dimension: Dimension) -> list[tuple[Fragment, ...]]:
    """Votes that would back a state farther out than the dimension's own, had it stood."""
    said = []
    for row in dimension.votes:
        for column in ("stays_up_to", "stays_down_to"):
            reach = row.figure(column).number
            level = int(reach) if reach is not None else 0
            if level in dimension.farther and abs(level) > abs(level_of(row)):
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
