"""Bitcoin's realised volatility through time, from daily returns and from hourly ones."""

import altair as alt

from report.charts import look
from report.charts.look import label
from report.document import Chart
from report.formatting import show
from report.marts import Marts
from report.text import Day, compose

_HEIGHT = 200
_KINDS = (("rv_7d_daily_pct", "Daily returns", look.ACCENT), ("rv_7d_pct", "Hourly returns", look.SECOND))


def chart(marts: Marts) -> Chart | None:
    """Seven-day spans, by the day on which they end."""
    days = look.days_to(marts.week)
    rows = marts.since("realised_volatility_daily", "market_date", days[0], days[-1], asset_id="bitcoin")
    by_day = {day: row for row in rows if (day := look.day_of(row, "market_date")) is not None}
    if marts.week.last_day not in by_day:
        return None
    daily, hourly = (by_day[marts.week.last_day].figure(column) for column, _, _ in _KINDS)
    if not (daily.is_known or hourly.is_known):
        return None
    drawn = look.Drawn()
    colours = {}
    for column, name, colour in _KINDS:
        figures = {day: row.figure(column) for day, row in by_day.items()}
        if any(figure.number is not None for figure in figures.values()):
            drawn.add_line(label(name), days, figures)
            colours[label(name)] = colour
    x = look.x_of_time("day", days[0], marts.week.end)
    y = alt.Y("value:Q", scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(format="~f", tickCount=5, grid=True))
    return look.chart(
        "volatility",
        drawn,
        title=compose(
            "Bitcoin realised volatility: {daily} from daily returns, {hourly} from hourly",
            daily=show(daily),
            hourly=show(hourly),
        ),
        subtitle=compose("Percent a year, over the 7-day span to each day up to {last}.", last=Day(days[-1])),
        alt_text=compose(
            "Two lines of Bitcoin's realised volatility over half a year; they end at {daily} from daily returns and "
            "at {hourly} from hourly ones.",
            daily=daily,
            hourly=hourly,
        ),
        layers=[look.zero_line(alt.Y(datum=0)), *look.lines(drawn, x, y, colours)],
        height=_HEIGHT,
        top=34,
    )
