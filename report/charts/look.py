"""What all charts have in common: their size, colours and letters, and the rows that they draw.

Sizes are in points of a picture `WIDTH` wide, which a phone shows a little smaller and a desk a little larger.
Margins are fixed (`autosize` none): no chart depends on how wide a machine's letters are.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt

from report.document import Chart
from report.figures import Figure
from report.languages import translate
from report.marts import Row
from report.text import Fragment
from warehouse.week import Week

WIDTH = 420
# The history that charts of time show; a year of it would be too narrow for a phone.
WEEKS = 26

# Each colour is a token: the page's style sheet gives it another value in the dark (templates/week.css).
INK, SOFT, LINE = "#1a1d23", "#575e69", "#e3e0d8"
GAIN, LOSS, ACCENT, SECOND = "#17705a", "#b23a2b", "#0e5a6b", "#b8620e"
PALE, SHADE = "#b3aea2", "#f6dcd3"
# From one end of a scale over its middle to the other: blue, grey, orange, which all eyes tell apart.
LEVELS = {-2: "#6ba3d6", -1: "#b5d0ea", 0: "#e6e3dc", 1: "#f5c898", 2: "#e0893f"}
# Half an em and a whole one, of the font's letters and of its Japanese.
_LETTER, _WIDE_LETTER = 6.6, 12.2
# From much to little of one kind.
TINTS = ("#0f4c5c", "#3c7f90", "#84b3bf", "#c5dde2")

_SIZE = 12
PANELS_BESIDE = 3
# How much of its place a panel fills; the rest keeps it from its neighbour.
_PANEL = 0.9
_CONFIG = {
    # A wheel brings the font along (render/fonts): every machine cuts long names at the same letter.
    "font": "Noto Sans JP, sans-serif",
    "background": "transparent",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT,
        "labelFontSize": _SIZE,
        "labelPadding": 6,
        "gridColor": LINE,
        "domain": False,
        "ticks": False,
        "title": None,
    },
    "legend": {"labelColor": INK, "labelFontSize": _SIZE, "title": None, "orient": "none", "symbolStrokeWidth": 2.5},
    "text": {"fontSize": _SIZE, "color": INK},
    "scale": {"bandPaddingInner": 0.25, "bandPaddingOuter": 0.1},
}

# Labels of an axis of dollars; its unit, the billion, stands in the subtitle.
IN_BILLIONS = "format(datum.value / 1e9, ',~f')"

Cell = Figure | date | str | bool | None


def label(text: str) -> str:
    """A word of a chart that is no sentence, as the page's language has it."""
    return translate(text)


def key(text: str) -> str:
    """A foreign name to tell rows by: no two become one, and no letter of it means anything to a machine."""
    return text.encode("unicode_escape").decode("ascii")


def room_for(names: Iterable[str], least: int = 40, most: int = 150) -> int:
    """The width that the longest of some names needs, in points, and a gap beside it."""
    return min(max(round(max(map(width_of, names), default=0.0)) + 12, least), most)


def width_of(text: str) -> float:
    """About how wide a text is in points, a little more rather than less."""
    return sum(
        _WIDE_LETTER if unicodedata.east_asian_width(letter) in "WF" else _LETTER + 1.6 * letter.isupper()
        for letter in text
    )


class Drawn:
    """The rows that a chart draws, and the figures in them; a number comes in as a figure only."""

    def __init__(self, name: str = "rows") -> None:
        """No rows yet; `name` tells them from others in the same chart."""
        self.name = name
        self.rows: list[dict[str, float | int | str | bool | None]] = []
        self.figures: list[Figure] = []

    def add(self, **cells: Cell) -> None:
        """One row. A day becomes its date, a figure the value that machines read."""
        row: dict[str, float | int | str | bool | None] = {}
        for name, cell in cells.items():
            if isinstance(cell, Figure):
                self.figures.append(cell)
                row[name] = cell.plain_value()
            else:
                # Days are read as UTC; a moment must say so, or the machine's own clock decides.
                moment = "Z" if isinstance(cell, datetime) else ""
                row[name] = cell.isoformat() + moment if isinstance(cell, date) else cell
        self.rows.append(row)

    def add_line(self, name: str, days: Sequence[date], figures: dict[date, Figure]) -> None:
        """A line through days: one without a figure breaks it, and one that stands alone is marked to be a point."""
        known = {day for day, figure in figures.items() if figure.number is not None}
        step = days[1] - days[0]
        for day in days:
            is_alone = day in known and not {day - step, day + step} & known
            self.add(line=name, day=day, value=figures.get(day), alone=is_alone)

    @property
    def data(self) -> alt.NamedData:
        """The rows for Altair: by name, as it would copy and check each of them in every layer."""
        return alt.NamedData(name=self.name)

    def numbers(self, column: str) -> list[float]:
        """The numbers in a column, to size a scale by."""
        return [float(v) for row in self.rows if isinstance(v := row.get(column), float | int)]


def chart(
    chart_id: str,
    *drawn: Drawn,
    title: tuple[Fragment, ...],
    subtitle: tuple[Fragment, ...],
    alt_text: tuple[Fragment, ...],
    layers: Sequence[alt.Chart | alt.LayerChart],
    height: int,
    left: int = 44,
    right: int = 14,
    top: int = 10,
    bottom: int = 24,
) -> Chart:
    """The layers in a frame with fixed margins."""
    # The tests check specs against the schema; to do so here would take half of a page's time.
    spec = alt.layer(*layers).to_dict(validate=False) | {
        "width": WIDTH - left - right,
        "height": height,
        "padding": {"left": left, "right": right, "top": top, "bottom": bottom},
        "autosize": "none",
        "config": _CONFIG,
        "datasets": {rows.name: rows.rows for rows in drawn},
    }
    figures = tuple(dict.fromkeys(figure for rows in drawn for figure in rows.figures))
    return Chart(chart_id, title, subtitle, alt_text, spec, figures)


def y_of_names(column: str = "name") -> alt.Y:
    """Names from top to bottom in the order of the rows; `names_at_left` writes them."""
    return alt.Y(f"{column}:N", sort=None, axis=None)


def names_at_left(drawn: Drawn, y: alt.Y, column: str, written: str, width: int) -> alt.Chart:
    """The name of each line at the chart's left edge, as data: whoever lists a coin chooses its name."""
    return (
        alt.Chart(drawn.data)
        .transform_aggregate(groupby=list(dict.fromkeys((column, written))))
        .mark_text(align="left", baseline="middle", limit=width - 8)
        .encode(x=alt.XValue(-width), y=y, text=alt.Text(f"{written}:N"))
    )


def x_from_zero(column: str, values: Iterable[float], width: int, room: int = 46) -> alt.X:
    """A scale with zero in it, and at each end that has a bar room for the bar's figure."""
    numbers = list(values)
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    # Room is wanted in points: the reach of the bars gets what is left of the width.
    per_point = (high - low or 1.0) / (width - room * ((low < 0) + (high > 0)))
    domain = [low - room * per_point * (low < 0), high + room * per_point * (high > 0)]
    return alt.X(f"{column}:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))


def figures_at_bars(bars: alt.Chart, x: alt.X, y: alt.Y, value: str) -> list[alt.Chart]:
    """The figure of each bar at its end, on the side to which it grows; what rounds to nothing has no sign."""
    base = bars.transform_calculate(shown=f"abs(datum.{value}) < 0.05 ? '0.0' : format(datum.{value}, '+,.1f')").encode(
        x=x, y=y, text=alt.Text("shown:N")
    )
    return [
        base.transform_filter(f"datum.{value} < 0").mark_text(align="right", dx=-5, baseline="middle"),
        base.transform_filter(f"datum.{value} >= 0").mark_text(align="left", dx=5, baseline="middle"),
    ]


def panels(
    drawn: Drawn, names: Drawn, days: Sequence[date], domain: tuple[float, float], value: str | None = None
) -> list[alt.Chart | alt.LayerChart]:
    """Small multiples: for each row of `names` (lane: its number, name, now) a line, `PANELS_BESIDE` in a row.

    All share both scales, with a line at zero. Above each stand who it is and the figure of the week. `value` works a
    row's value out of its `level` and of `first`, the first known level of its lane.
    """
    low, high = domain
    first, last = days[0].isoformat(), days[-1].isoformat()
    n = "toNumber(datum.lane)"
    column, line = f"({n} % {PANELS_BESIDE})", f"floor({n} / {PANELS_BESIDE})"
    when = f"(toDate(datum.day) - toDate('{first}')) / (toDate('{last}') - toDate('{first}'))"
    height = f"{line} + 0.94 - 0.62 * (datum.value - ({low})) / {max(high - low, 1e-9)}"
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, PANELS_BESIDE], nice=False))
    y = alt.Y(
        "y:Q", axis=None, scale=alt.Scale(domain=[0, -(-len(names.rows) // PANELS_BESIDE)], reverse=True, nice=False)
    )
    rows = alt.Chart(drawn.data)
    if value is not None:
        rows = (
            rows.transform_filter("isValid(datum.level)")
            .transform_window(first="first_value(level)", groupby=["lane"], frame=[None, None])
            .transform_calculate(value=value)
        )
    points = rows.transform_calculate(
        x=f"{column} + {_PANEL} * {when}", y=f"isValid(datum.value) ? {height} : null"
    ).encode(x=x, y=y)
    edges = alt.Chart(names.data).transform_calculate(value="0", x=column, x2=f"{column} + {_PANEL}")
    written = alt.Chart(names.data).transform_calculate(y=f"{line} + 0.16")
    return [
        edges.transform_calculate(y=height).mark_rule(color=SOFT, strokeWidth=0.8).encode(x=x, x2=alt.X2("x2:Q"), y=y),
        points.mark_line(color=ACCENT, strokeWidth=1.6, invalid="break-paths-filter-domains").encode(
            detail=alt.Detail("lane:N")
        ),
        points.transform_filter(f"datum.day == '{last}' && isValid(datum.value)").mark_point(
            color=ACCENT, filled=True, size=24, opacity=1
        ),
        written.transform_calculate(x=column)
        .mark_text(align="left", baseline="middle", limit=WIDTH / PANELS_BESIDE - 54)
        .encode(x=x, y=y, text=alt.Text("name:N")),
        written.transform_calculate(
            x=f"{column} + {_PANEL}", shown="abs(datum.now) < 0.05 ? '0.0' : format(datum.now, '+,.1f')"
        )
        .mark_text(align="right", baseline="middle", color=SOFT)
        .encode(x=x, y=y, text=alt.Text("shown:N")),
    ]


def panels_height(names: Drawn) -> int:
    """The height of small multiples, in points."""
    return 72 * -(-len(names.rows) // PANELS_BESIDE)


def zero_line(x_or_y: alt.X | alt.Y) -> alt.Chart:
    """The line of nothing."""
    rule = alt.Chart(alt.Data(values=[{}])).mark_rule(color=SOFT, strokeWidth=1)
    return rule.encode(x=x_or_y) if isinstance(x_or_y, alt.X) else rule.encode(y=x_or_y)


def days_to(week: Week) -> list[date]:
    """The days of the history shown, up to the week's Sunday."""
    return [week.last_day - timedelta(days=n) for n in reversed(range(WEEKS * 7))]


def mondays_to(week: Week) -> list[date]:
    """The Mondays of the history shown, this week's last."""
    return [week.start - timedelta(weeks=n) for n in reversed(range(WEEKS))]


def x_of_time(column: str, first: date, last: date, **more: Any) -> alt.X:
    """Time from left to right in UTC, with a line at each month's first day; January shows its year."""
    months = [day for n in range((last - first).days + 1) if (day := first + timedelta(days=n)).day == 1]
    year, month = label("%Y"), label("%b")
    written = f"utcFormat(datum.value, utcmonth(datum.value) == 0 ? '{year}' : '{month}')"
    return alt.X(
        f"{column}:T",
        scale=alt.Scale(type="utc", domain=[first.isoformat(), last.isoformat()], nice=False),
        axis=alt.Axis(values=[day.isoformat() for day in months], labelExpr=written, grid=True, gridDash=[2, 3]),
        **more,
    )


def x_of_weeks(column: str, mondays: Sequence[date]) -> alt.X:
    """Weeks as points of time at their Mondays, with half a week of room at both ends."""
    return x_of_time(column, mondays[0] - timedelta(days=4), mondays[-1] + timedelta(days=4))


def lines(drawn: Drawn, x: alt.X, y: alt.Y, colours: dict[str, str], legend_x: int = 0) -> list[alt.Chart]:
    """Lines that break where a day is missing; a day between two missing ones is a point."""
    colour = alt.Color(
        "line:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(legendX=legend_x, legendY=-30, direction="horizontal", symbolType="stroke", columnPadding=18),
    )
    base = alt.Chart(drawn.data).encode(x=x, y=y, color=colour)
    return [
        base.mark_line(strokeWidth=2, invalid="break-paths-filter-domains", strokeJoin="round"),
        base.transform_filter("datum.alone").mark_point(filled=True, size=14, opacity=1),
    ]


def day_of(row: Row, column: str) -> date | None:
    """The day in a column of a row."""
    value = row.figure(column).value
    return value if isinstance(value, date) else None
