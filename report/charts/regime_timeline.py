"""The regime through time: the verdict of each week, and the states behind it."""

from datetime import date, timedelta
from typing import Any

import altair as alt

from report.charts import look
from report.charts.look import label
from report.document import Chart
from report.formatting import in_words, words
from report.marts import Marts, Row
from report.text import Day, Fragment, compose

STATES = {
    "leverage_state": "Leverage",
    "funding_state": "Funding",
    "flow_state": "Flow",
    "volatility_state": "Volatility",
    "correlation_state": "Correlation",
    "breadth_state": "Breadth",
    "macro_state": "Macro",
}
# The best at the top; a verdict that the desk adds later comes below.
_VERDICTS = ("euphoria", "risk_on", "recovery", "range", "reset_consolidation", "risk_off", "deleveraging",
             "capitulation")  # fmt: skip
_UNDECIDED = "insufficient_data"
_LEVELS_FROM_WEEKS = 104
_LANE = 19
_BOTTOM = 50


def chart(marts: Marts) -> Chart | None:
    """A lane for each verdict that occurred, then one for each dimension, coloured by its state."""
    mondays = look.mondays_to(marts.week)
    rows = marts.since("regime_weekly", "week_start", mondays[0], mondays[-1])
    by_week = {monday: row for row in rows if (monday := look.day_of(row, "week_start")) is not None}
    this_week = by_week.get(marts.week.start)
    if this_week is None or not this_week.figure("verdict").is_known:
        return None
    cells, names = look.Drawn(), look.Drawn("names")
    found = {row.figure("verdict").value for row in rows}
    verdicts = [v for v in _VERDICTS if v in found]
    verdicts += sorted(str(v) for v in found - {*verdicts, _UNDECIDED, None})
    names.add(lane="of verdicts", name=label("Verdict"), state="", is_heading=True, has_line=False)
    for verdict in [*verdicts, *([_UNDECIDED] if _UNDECIDED in found else [])]:
        names.add(
            lane=look.key(f"verdict {verdict}"), name=in_words(verdict), state="", is_heading=False, has_line=True
        )
    names.add(lane="of states", name=label("States"), state=label("this week"), is_heading=True, has_line=False)
    levels = levels_of_states(marts)
    for column, name in STATES.items():
        state = this_week.figure(column)
        if any(row.figure(column).is_known for row in rows):
            names.add(lane=column, name=label(name), state=words(state).text, is_heading=False, has_line=False)
    for monday, row in by_week.items():
        _add_week(cells, monday, row, levels)
    lanes = [str(row["lane"]) for row in names.rows]
    y = alt.Y("lane:N", sort=lanes, axis=None, scale=alt.Scale(domain=lanes, paddingInner=0.16, paddingOuter=0))
    height = _LANE * len(lanes)
    left = look.room_for((str(row["name"]) for row in names.rows), most=134)
    right = look.room_for((str(row["state"]) for row in names.rows), most=max(110, 250 - left))
    return look.chart(
        "regime_timeline",
        cells,
        names,
        title=_title(this_week),
        subtitle=compose("By week to {last}; hollow: insufficient data.", last=Day(marts.week.last_day)),
        alt_text=compose(
            "A grid of weeks over half a year: in the upper lanes the verdict of each week, in the lower ones the "
            "state of each dimension. The last week's verdict is {verdict}.",
            verdict=words(this_week.figure("verdict")),
        ),
        layers=[
            # A line leads the eye from a verdict's word to its weeks.
            alt.Chart(names.data)
            .transform_filter("datum.has_line")
            .mark_rule(color=look.LINE)
            .encode(x=alt.XValue(0), x2=alt.X2Value(look.WIDTH - left - right), y=y),
            alt.Chart(cells.data)
            .mark_rect(x2Offset=-1.5)
            .encode(
                x=look.x_of_time("week", mondays[0], marts.week.end),
                x2=alt.X2("until:T"),
                y=y,
                color=alt.Color("colour:N", scale=None),
                stroke=alt.Stroke("outline:N", scale=None),
            ),
            *_names(names, y, left, right),
            *_legend(height, left),
        ],
        height=height,
        left=left,
        right=right,
        bottom=_BOTTOM,
    )


def levels_of_states(marts: Marts) -> dict[tuple[str, str], int]:
    """Where a state lies on the scale of its dimension, as votes of two years tell."""
    week = marts.week
    first = week.start - timedelta(weeks=_LEVELS_FROM_WEEKS)
    rows = marts.since("regime_evidence_weekly", "week_start", first, week.start)
    return {
        (row.text("dimension"), row.text("vote")): int(level)
        for row in rows
        if (level := row.figure("level").number) is not None
    }


def _add_week(cells: look.Drawn, monday: date, row: Row, levels: dict[tuple[str, str], int]) -> None:
    until = monday + timedelta(days=7)
    verdict = row.figure("verdict").value
    if verdict is not None:
        colour = "transparent" if verdict == _UNDECIDED else look.ACCENT
        outline = look.LINE if verdict == _UNDECIDED else colour
        lane = look.key(f"verdict {verdict}")
        cells.add(lane=lane, week=monday, until=until, state=row.figure("verdict"), colour=colour, outline=outline)
    for column in STATES:
        state = row.figure(column)
        if state.is_known:
            level = levels.get((column.removesuffix("_state"), str(state.value)))
            colour = look.LEVELS.get(level, "transparent") if level is not None else "transparent"
            outline = look.LINE if colour == "transparent" else colour
            cells.add(lane=column, week=monday, until=until, state=state, colour=colour, outline=outline)


def _names(names: look.Drawn, y: alt.Y, left: int, right: int) -> list[alt.Chart]:
    """What each lane is, at the left; the state of this week, at the right."""
    lanes = alt.Chart(names.data).encode(x=alt.XValue(-left), y=y, text=alt.Text("name:N"))
    now = alt.Chart(names.data).encode(x=alt.XValue(look.WIDTH - left - right + 6), y=y, text=alt.Text("state:N"))
    written = []
    for texts, limit in ((lanes, left - 4), (now, right - 6)):
        mark: dict[str, Any] = {"align": "left", "baseline": "middle", "limit": limit}
        written.append(texts.transform_filter("!datum.is_heading").mark_text(**mark))
        written.append(texts.transform_filter("datum.is_heading").mark_text(**mark, color=look.SOFT, fontSize=11))
    return written


def _legend(height: int, left: int) -> list[alt.Chart]:
    """The five colours between the words for the ends of a scale; their places are points, not data."""
    y = alt.YValue(height + _BOTTOM - 12)
    low_end, high_end = label("low end of its scale"), label("high end")
    first = look.room_for([low_end]) - left
    squares = alt.Data(
        values=[{"x": first + 10 + 18 * n, "colour": colour} for n, colour in enumerate(look.LEVELS.values())]
    )
    text = alt.Chart(alt.Data(values=[{}])).encode(y=y)
    mark: dict[str, Any] = {"baseline": "middle", "fontSize": 11, "color": look.SOFT}
    return [
        alt.Chart(squares)
        .mark_square(size=210, opacity=1)
        .encode(x=alt.X("x:Q", scale=None), y=y, color=alt.Color("colour:N", scale=None)),
        text.mark_text(align="left", **mark).encode(x=alt.XValue(-left), text=alt.TextValue(low_end)),
        text.mark_text(align="left", **mark).encode(x=alt.XValue(first + 98), text=alt.TextValue(high_end)),
    ]


def _title(row: Row) -> tuple[Fragment, ...]:
    verdict, previous, weeks = (row.figure(column) for column in ("verdict", "previous_verdict", "weeks_in_verdict"))
    if weeks.is_known and weeks.value != 1:
        return compose("The verdict has been {verdict} for {weeks}", verdict=words(verdict), weeks=weeks)
    if previous.is_known and previous.value != verdict.value:
        return compose("The verdict turned from {previous} to {verdict}", previous=words(previous),
                       verdict=words(verdict))  # fmt: skip
    return compose("The verdict is {verdict}", verdict=words(verdict))
