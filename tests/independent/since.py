"""Since when: the last earlier day on which a metric stood so, and how long runs were. In plain loops, day by day."""

import pandas as pd

from tests.independent.weekly import percentile

DAY = pd.Timedelta(days=1)
WEEK = pd.Timedelta(days=7)


def sides(values: pd.Series, level: float | None) -> pd.Series:
    """1 above, −1 below a level (at it is above), or the value a week before (0 where that is the same or unknown)."""
    found = {}
    for day, value in values.items():
        against = level if level is not None else values.get(day - WEEK)
        if against is None:
            found[day] = 0
        elif value == against:
            found[day] = 1 if level is not None else 0
        else:
            found[day] = 1 if value > against else -1
    return pd.Series(found, dtype=int)


def runs(side: pd.Series, cadence: pd.Timedelta) -> list[tuple[pd.Timestamp, pd.Timestamp, int, int]]:
    """(first day, last day, side, observations) of what lies in a row on one side."""
    found: list[list] = []
    for day, own in side.items():
        if found and found[-1][2] == own and day - found[-1][1] == cadence:
            found[-1][1], found[-1][3] = day, found[-1][3] + 1
        else:
            found.append([day, day, own, 1])
    return [tuple(run) for run in found]


def headline(
    values: pd.Series,
    monday: pd.Timestamp,
    level: float | None,
    cadence_days: int,
    members: pd.Series | None = None,
) -> dict | None:
    """A metric's row of a week, from what is known at the week's end; None without a value in the week.

    `members` says over how many each value is: it is compared with earlier ones over half as many and more.
    """
    # What differs in the last bits of a sum only is equal: 0.01 % per 8 h is the same rate in every week.
    known = values[values.index < monday + WEEK].sort_index().round(9)
    week, before = known[known.index >= monday], known[(known.index >= monday - WEEK) & (known.index < monday)]
    if week.empty:
        return None
    day, value = week.index[-1], week.iloc[-1]
    previous = before.iloc[-1] if len(before) else None
    earlier = known[known.index < day]
    if members is not None:
        earlier = earlier[[2 * members[past] >= members[day] for past in earlier.index]]
    in_a_row = runs(sides(known, level), cadence_days * DAY)
    *past, (began, _, side, length) = in_a_row
    same_side = [run for run in past if run[2] == side]
    if level is not None:
        since = max((run[1] for run in same_side), default=None)
    elif previous is None:
        since = None
    else:
        past_weeks = earlier[earlier.index < monday]
        extreme = past_weeks[past_weeks >= value] if value >= previous else past_weeks[past_weeks <= value]
        since = extreme.index[-1] if len(extreme) else None
    as_long = [run[1] for run in same_side if run[3] >= length] if side else []
    span = earlier[earlier.index >= day - 365 * DAY]
    return {
        "value": value,
        "previous_value": previous,
        "change": None if previous is None else value - previous,
        "percentile_365d": percentile(value, span.tolist(), 90 if cadence_days == 1 else 26),
        "first_since_date": since,
        "run_weeks": -(-length * cadence_days // 7),
        "longest_run_since_date": max(as_long, default=None),
        "value_date": day,
        "run_began_on": began,
    }
