"""Bitcoin and the total market cap through time, each beside the level that notes name."""

from datetime import date

import altair as alt

from report.charts import look
from report.document import Chart
from report.figures import Figure
from report.formatting import as_level, near_day, show
from report.marts import Marts, Row
from report.text import Day, Fragment, Part, compose

_HEIGHT = 180
_LEFT = 48
# A level farther off than this share of the picture's own reach would flatten the line.
_NEAR = 0.6


def bitcoin(marts: Marts) -> Chart | None:
    """Its price at each day's end."""
    return _chart(
        marts,
        "bitcoin",
        "btc_price_usd",
        "USD per coin",
        compose("Bitcoin"),
        "format(datum.value / 1e3, ',~f')",
        compose("Thousand US dollars at each day's end, to {last}.", last=Day(marts.week.last_day)),
    )


def total_cap(marts: Marts) -> Chart | None:
    """What all assets are worth at each day's end, stablecoins included."""
    return _chart(
        marts,
        "total_cap",
        "total_market_cap_usd",
        "USD",
        compose("Total crypto cap"),
        "format(datum.value / 1e12, ',~f')",
        compose(
            "Trillion US dollars at each day's end, stablecoins included, to {last}.", last=Day(marts.week.last_day)
        ),
    )


# A level that was crossed longer ago is no news.
_NEWS_DAYS = 28


def _chart(
    marts: Marts, chart_id: str, metric_id: str, unit: str, name: Part, axis: str, subtitle: tuple[Fragment, ...]
) -> Chart | None:
    days = look.days_to(marts.week)
    rows = marts.since("metric_values", "value_date", days[0], days[-1], metric_id=metric_id)
    by_day = {day: row.figure("value", unit) for row in rows if (day := look.day_of(row, "value_date")) is not None}
    row = marts.headline(metric_id)
    ended, level = row.figure("value", unit), row.figure("level", unit)
    if marts.week.last_day not in by_day or ended.number is None:
        return None
    drawn, lines = look.Drawn(), look.Drawn("levels")
    drawn.add_line("line", days, by_day)
    numbers = drawn.numbers("value")
    reach = max(numbers) - min(numbers)
    near = level.number is not None and min(numbers) - _NEAR * reach <= level.number <= max(numbers) + _NEAR * reach
    if near:
        lines.add(level=level, name=as_level(level).text)
    right = look.room_for((str(row["name"]) for row in lines.rows), least=14)
    now = look.Drawn("now")
    now.add(day=marts.week.last_day, value=ended)
    x = look.x_of_time("day", days[0], marts.week.end)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(labelExpr=axis, tickCount=5, format=""))
    levelled = alt.Chart(lines.data).encode(y=alt.Y("level:Q"))
    base = alt.Chart(drawn.data).encode(x=x, y=y)
    return look.chart(
        chart_id,
        drawn,
        lines,
        now,
        title=_title(name, row, ended, level if near else None, marts.week.last_day),
        subtitle=compose("{subtitle} The scale does not start at zero.", subtitle=subtitle),
        alt_text=compose(
            "A line of {name} day by day over half a year; it ends the week at {ended}.", name=name, ended=show(ended)
        ),
        layers=[
            levelled.mark_rule(color=look.SECOND, strokeDash=[5, 4], strokeWidth=1.3),
            levelled.mark_text(align="left", baseline="middle", color=look.SOFT, fontSize=11).encode(
                x=alt.XValue(look.WIDTH - _LEFT - right + 4), text=alt.Text("name:N")
            ),
            base.mark_line(color=look.ACCENT, strokeWidth=2, invalid="break-paths-filter-domains", strokeJoin="round"),
            alt.Chart(now.data).mark_point(color=look.ACCENT, filled=True, size=60, opacity=1).encode(x=x, y=y),
        ],
        height=_HEIGHT,
        left=_LEFT,
        right=right,
    )


def _title(name: Part, row: Row, ended: Figure, level: Figure | None, last_day: date) -> tuple[Fragment, ...]:
    began, side = row.figure("run_began_on"), row.figure("side").number
    if level is None or not isinstance(began.value, date) or not side:
        return compose("{name} ended the week at {ended}", name=name, ended=show(ended))
    if (last_day - began.value).days > _NEWS_DAYS:
        return compose("{name} ended the week at {ended}", name=name, ended=show(ended))
    parts: dict[str, Part] = {
        "name": name,
        "ended": show(ended),
        "level": as_level(level),
        "began": near_day(began, last_day),
    }
    if side > 0:
        return compose("{name} ended the week at {ended}, above {level} since {began}", **parts)
    return compose("{name} ended the week at {ended}, below {level} since {began}", **parts)
