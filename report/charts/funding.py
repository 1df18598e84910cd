"""Funding through time: the market and Bitcoin, against zero and the neutral rate."""

from datetime import datetime

import altair as alt

from report.charts import look
from report.charts.look import label
from report.days import midnight
from report.document import Chart
from report.figures import Figure
from report.formatting import near_day, show
from report.marts import Marts, Row
from report.text import Day, Fragment, Part, compose

# What the venues' formula charges where longs and shorts balance: 0.01% per 8 hours.
NEUTRAL_PCT = 10.95
_RATE = "funding_rate_annualised_pct"
_HEIGHT = 210
_LEFT, _RIGHT = 44, 50
_MOST_ASSETS = 9
# Shorter runs would be hairs that nobody can tell from a line.
_SHADED_FROM_HOURS = 24


def chart(marts: Marts) -> Chart | None:
    """Daily rates, with the runs of hours shaded in which the market's funding was below zero."""
    days = look.days_to(marts.week)
    drawn, runs = look.Drawn(), look.Drawn("runs")
    colours = {}
    for asset_id, name, colour in (("ALL", label("Market"), look.ACCENT), ("bitcoin", label("Bitcoin"), look.SECOND)):
        rows = marts.since("funding_daily", "market_date", days[0], days[-1], asset_id=asset_id)
        figures = {day: row.figure(_RATE) for row in rows if (day := look.day_of(row, "market_date")) is not None}
        if any(figure.number is not None for figure in figures.values()):
            drawn.add_line(name, days, figures)
            colours[name] = colour
    if not colours:
        return None
    first, last = days[0], marts.week.end
    negative = _negative_runs(marts, midnight(first))
    for row in (row for row in negative if (row.figure("hours").number or 0) >= _SHADED_FROM_HOURS):
        began, ended = (row.figure(column).value for column in ("run_start", "run_end"))
        if isinstance(began, datetime) and isinstance(ended, datetime):
            # A run may have begun before the picture, and may go on after the week: neither is drawn.
            runs.add(began=max(began, midnight(first)), ended=min(ended, midnight(marts.week.end)))
    x = look.x_of_time("day", first, last)
    low, high = min([0.0, *drawn.numbers("value")]), max([NEUTRAL_PCT, *drawn.numbers("value")])
    y = alt.Y("value:Q", scale=alt.Scale(domain=[low, high], nice=True), axis=alt.Axis(format="~f", tickCount=6))
    shaded = (
        alt.Chart(runs.data)
        .mark_rect(color=look.SHADE)
        .encode(x=alt.X("began:T", scale=alt.Scale(type="utc")), x2=alt.X2("ended:T"))
    )
    neutral = alt.Chart(alt.Data(values=[{}]))
    return look.chart(
        "funding",
        drawn,
        runs,
        title=_title(marts, negative),
        subtitle=compose(
            "Percent a year, by day, to {last}; dashed: neutral, 10.95% a year; shaded: the market a day or more "
            "below zero.",
            last=Day(marts.week.last_day),
        ),
        alt_text=compose(
            "Lines of the daily funding rates of the market and of Bitcoin over half a year, beside zero and the "
            "neutral rate of 10.95% a year. The last day stands at {market} for the market.",
            market=show(_of_last_day(marts), signed=True),
        ),
        layers=[
            shaded,
            look.zero_line(alt.Y(datum=0)),
            neutral.mark_rule(color=look.SOFT, strokeDash=[5, 4]).encode(y=alt.Y(datum=NEUTRAL_PCT)),
            neutral.mark_text(align="left", baseline="middle", color=look.SOFT).encode(
                x=alt.XValue(look.WIDTH - _LEFT - _RIGHT + 4),
                y=alt.Y(datum=NEUTRAL_PCT),
                text=alt.TextValue(label("neutral")),
            ),
            *look.lines(drawn, x, y, colours),
        ],
        height=_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        top=34,
    )


def by_asset(marts: Marts) -> Chart | None:
    """A small line for each of the largest assets with a rate: week by week, on one scale."""
    mondays = look.mondays_to(marts.week)
    members = sorted(
        (row for row in marts.weekly_rows("universe_weekly") if row.figure("rank").number is not None),
        key=lambda row: row.figure("rank").number or 0.0,
    )
    rates = {
        row.text("asset_id"): row.figure(_RATE)
        for row in marts.weekly_rows("funding_weekly")
        if row.figure(_RATE).number is not None
    }
    drawn, names = look.Drawn(), look.Drawn("names")
    shown: list[tuple[Figure, Figure]] = []
    for member in members:
        asset_id = member.text("asset_id")
        if asset_id not in rates or len(names.rows) == _MOST_ASSETS:
            continue
        rate = rates[asset_id]
        rows = marts.since("funding_weekly", "week_start", mondays[0], mondays[-1],
                           window_id="mon_mon", asset_id=asset_id)  # fmt: skip
        figures = {monday: row.figure(_RATE) for row in rows if (monday := look.day_of(row, "week_start")) is not None}
        lane = str(len(names.rows))
        names.add(lane=lane, name=member.figure("symbol"), now=rate)
        for monday in mondays:
            drawn.add(lane=lane, day=monday, value=figures.get(monday))
        shown.append((member.figure("symbol"), rate))
    if len(shown) < 2:
        return None
    values = drawn.numbers("value")
    lowest = min(shown, key=lambda pair: pair[1].number or 0.0)
    highest = max(shown, key=lambda pair: pair[1].number or 0.0)
    parts: dict[str, Part] = {
        "highest": highest[0],
        "high": show(highest[1], signed=True),
        "lowest": lowest[0],
        "low": show(lowest[1], signed=True),
    }
    return look.chart(
        "funding_by_asset",
        drawn,
        names,
        title=compose("Funding of the largest: {highest} {high} to {lowest} {low}", **parts),
        subtitle=compose(
            "Percent a year, by week to {last}, on one scale; the line is zero, the figure this week's mean.",
            last=Day(marts.week.last_day),
        ),
        alt_text=compose(
            "Small lines of weekly funding rates over half a year for the largest assets; this week the highest is "
            "{highest} with {high}, the lowest {lowest} with {low}.",
            **parts,
        ),
        layers=look.panels(drawn, names, mondays, (min([0.0, *values]), max([0.0, *values]))),
        height=look.panels_height(names),
        left=0,
        right=0,
        bottom=6,
    )


def _negative_runs(marts: Marts, first: datetime) -> list[Row]:
    """The market's runs below zero that reach into the picture."""
    rows = marts.since("funding_runs", "run_end", first, datetime.max, asset_id="ALL", sign=-1)
    return [row for row in rows if (began := row.figure("run_start").value) is not None
            and isinstance(began, datetime) and began < midnight(marts.week.end)]  # fmt: skip


def _of_last_day(marts: Marts) -> Figure:
    return marts.row("funding_daily", asset_id="ALL", market_date=marts.week.last_day).figure(_RATE)


def _title(marts: Marts, negative: list[Row]) -> tuple[Fragment, ...]:
    rate = marts.weekly("funding_weekly", asset_id="ALL").figure(_RATE)
    if not rate.is_known:
        return compose("Funding through time; this week's mean: {rate}", rate=rate)
    shown = show(rate, signed=True)
    stands = [row for row in negative if _reaches(row, midnight(marts.week.end))]
    if stands:
        since = near_day(stands[-1].figure("run_start"), marts.week.last_day)
        if (rate.number or 0.0) > 0:
            return compose("Funding averaged {rate} a year, and turned negative on {since}", rate=shown, since=since)
        return compose("Funding averaged {rate} a year, negative since {since}", rate=shown, since=since)
    if (rate.number or 0.0) < 0:
        return compose("Funding averaged {rate} a year: shorts pay", rate=shown)
    if (rate.number or 0.0) < NEUTRAL_PCT:
        return compose("Funding averaged {rate} a year, below neutral", rate=shown)
    return compose("Funding averaged {rate} a year, at neutral or above", rate=shown)


def _reaches(row: Row, end: datetime) -> bool:
    ended = row.figure("run_end").value
    return isinstance(ended, datetime) and ended >= end
