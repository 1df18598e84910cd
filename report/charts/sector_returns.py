"""Sector returns: a bar for each sector, best to worst."""

import math
from datetime import timedelta

import altair as alt

from report.charts import look
from report.document import Chart
from report.formatting import show, words
from report.marts import Marts, Row, ranked
from report.text import Day, Fragment, compose

_RETURN = "return_cap_weighted_pct"
_RIGHT = 6
_REBASED = "isValid(datum.level) ? log(datum.level / datum.first) : null"


def chart(marts: Marts) -> Chart | None:
    """Cap-weighted, Monday–Monday; sectors with too few assets for a rank are pale."""
    rows = ranked(marts.weekly_rows("sector_returns_weekly"), _RETURN)
    by_rank = ranked(rows, "rank", highest_first=False)
    if len(by_rank) < 2:
        return None
    drawn = look.Drawn()
    for row in rows:
        value = row.figure(_RETURN)
        is_ranked = row.figure("rank").is_known
        colour = look.PALE if not is_ranked else look.LOSS if (value.number or 0) < 0 else look.GAIN
        drawn.add(id=look.key(row.text("sector")), name=words(row.figure("sector")).text, value=value, colour=colour)
    names = look.room_for(str(row["name"]) for row in drawn.rows)
    x = look.x_from_zero("value", drawn.numbers("value"), look.WIDTH - names - _RIGHT)
    y = look.y_of_names("id")
    bars = alt.Chart(drawn.data).mark_bar().encode(x=x, y=y, color=alt.Color("colour:N", scale=None))
    pale = len(by_rank) < len(rows)
    return look.chart(
        "sector_returns",
        drawn,
        title=_title(by_rank[0], by_rank[-1], rows),
        subtitle=compose("Percent in the week, cap-weighted, Monday–Monday; pale: too few assets for a rank.")
        if pale
        else compose("Percent in the week, cap-weighted, Monday–Monday."),
        alt_text=compose(
            "A bar for each sector, sorted by its return: {best} with {best_return} is first of those with a rank, "
            "{worst} with {worst_return} last.",
            best=words(by_rank[0].figure("sector")),
            best_return=show(by_rank[0].figure(_RETURN), signed=True),
            worst=words(by_rank[-1].figure("sector")),
            worst_return=show(by_rank[-1].figure(_RETURN), signed=True),
        ),
        layers=[
            bars,
            look.zero_line(alt.X(datum=0)),
            look.names_at_left(drawn, y, "id", "name", names),
            *look.figures_at_bars(alt.Chart(drawn.data), x, y, "value"),
        ],
        height=22 * len(rows),
        left=names,
        right=_RIGHT,
        top=4,
        bottom=4,
    )


def index_lines(marts: Marts) -> Chart | None:
    """A small line for each sector's index: how it stood at each week's end, against half a year ago."""
    mondays = look.mondays_to(marts.week)
    rows = ranked(marts.weekly_rows("sector_returns_weekly"), _RETURN)
    drawn, names = look.Drawn(), look.Drawn("names")
    for row in rows:
        sector, lane = row.text("sector"), str(len(names.rows))
        levels = marts.since("index_levels_daily", "market_date", mondays[0], marts.week.last_day, index_id=sector)
        by_day = {
            day: level.figure("level") for level in levels if (day := look.day_of(level, "market_date")) is not None
        }
        ends = {monday: by_day.get(monday + timedelta(days=6)) for monday in mondays}
        if sum(figure is not None for figure in ends.values()) < 2:
            continue
        names.add(lane=lane, name=words(row.figure("sector")).text, now=row.figure(_RETURN))
        for monday, figure in ends.items():
            drawn.add(lane=lane, day=monday, level=figure)
    if len(names.rows) < 2:
        return None
    # Lines start together: a value is the level over the first one known of its sector, which Vega works out.
    reach = _reach(drawn)
    best, worst = rows[0], rows[-1]
    return look.chart(
        "sector_lines",
        drawn,
        names,
        title=compose("Sector indices over half a year, best week first"),
        subtitle=compose(
            "Week by week to {last}, each against half a year ago, on one scale; the figure: this week's percent.",
            last=Day(marts.week.last_day),
        ),
        alt_text=compose(
            "Small lines of the sectors' indices over half a year, sorted by this week's return, from {best} with "
            "{best_return} to {worst} with {worst_return}.",
            best=words(best.figure("sector")),
            best_return=show(best.figure(_RETURN), signed=True),
            worst=words(worst.figure("sector")),
            worst_return=show(worst.figure(_RETURN), signed=True),
        ),
        layers=look.panels(drawn, names, mondays, reach, _REBASED),
        height=look.panels_height(names),
        left=0,
        right=0,
        bottom=6,
    )


def _reach(drawn: look.Drawn) -> tuple[float, float]:
    """How far the lines go apart, as logarithms: only to size the scale."""
    firsts: dict[object, float] = {}
    logs = [0.0]
    for row in drawn.rows:
        level = row["level"]
        if isinstance(level, float | int) and level > 0:
            logs.append(math.log(level / firsts.setdefault(row["lane"], level)))
    return min(logs), max(logs)


def _title(best: Row, worst: Row, rows: list[Row]) -> tuple[Fragment, ...]:
    """Best and worst with a rank; said to be so where a pale bar reaches further than theirs."""
    ends = _ends(best, worst)
    if {rows[0].key, rows[-1].key} == {best.key, worst.key}:
        return ends
    return compose("Of ranked sectors, {ends}", ends=ends)


def _ends(best: Row, worst: Row) -> tuple[Fragment, ...]:
    high, low = best.figure(_RETURN), worst.figure(_RETURN)
    names = {"best": words(best.figure("sector")), "worst": words(worst.figure("sector"))}
    if (low.number or 0) >= 0:
        return compose("{best} rose most: {high}; {worst} least", high=show(high, signed=True), **names)
    if (high.number or 0) <= 0:
        return compose("{worst} fell most: {low}; {best} least", low=show(low, signed=True), **names)
    return compose(
        "{worst} fell most: {low}; {best} rose most: {high}",
        low=show(low, signed=True),
        high=show(high, signed=True),
        **names,
    )
