"""The panels as Vega-Lite: lines that answer a pointer, a grid, and the strip in which a reader brushes a span.

Colours are tokens (`$accent`), to which the page's script gives the values of light or dark; `from` and `to` are
signals that the strip sets in every other chart. The script also brings the rows, its days in milliseconds.
"""

from typing import Any

from report.charts.look import label
from report.explore.panels import Panel, Point

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
COLOURS = (
    "$accent", "$second", "$gain", "$loss", "$violet", "$soft", "$low2", "$high2", "$olive", "$rose", "$tint2", "$sand"
)  # fmt: skip
_HEIGHT, _STRIP = 220, 56
_DAY = 86_400_000
Spec = dict[str, Any]


def spec(panel: Panel) -> Spec:
    """The chart of a panel."""
    return _grid(panel) if panel.fields else _lines(panel)


def strip(panel: Panel) -> Spec:
    """The whole year of a panel's first line, small; what is brushed in it all charts show."""
    return {
        "$schema": SCHEMA,
        "height": _STRIP,
        "data": {"name": "rows"},
        "transform": [{"filter": {"field": "line", "equal": panel.lines[0].id}}],
        "mark": {"type": "line", "color": "$accent", "strokeWidth": 1.4},
        "params": [
            {
                "name": "brush",
                "select": {"type": "interval", "encodings": ["x"], "mark": {"fill": "$accent", "stroke": "$accent"}},
            }
        ],
        "encoding": {
            "x": {**_x(), "axis": _time_axis(), "scale": {"type": "utc", "nice": False}},
            "y": {"field": "value", "type": "quantitative", "axis": None, "scale": {"zero": False}},
        },
    }


def rows(panel: Panel) -> dict[str, Any]:
    """The panel's data as the script unpacks it: values of each line from a first day on, or the fields of a grid."""
    if panel.fields:
        return {
            "fields": [
                [cell.monday.isoformat(), cell.lane, cell.state.plain_value(), cell.colour] for cell in panel.fields
            ]
        }
    by_line: dict[str, list[Point]] = {}
    for point in panel.points:
        by_line.setdefault(point.line, []).append(point)
    return {
        "lines": [
            {
                "id": line,
                "from": points[0].day.isoformat(),
                "days": (points[1].day - points[0].day).days if len(points) > 1 else 1,
                "values": [None if point.figure is None else point.figure.plain_value() for point in points],
            }
            for line, points in by_line.items()
        ]
    }


def _lines(panel: Panel) -> Spec:
    colours = {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": [line.id for line in panel.lines], "range": list(COLOURS[: len(panel.lines)])},
        "legend": None,
    }
    value = {
        "field": "drawn",
        "type": "quantitative",
        "scale": {"zero": panel.has_zero, "nice": True},
        "axis": {"tickCount": 5, "format": ",~f", "labelPadding": 6},
    }
    hovered = {
        "transform": [
            {"pivot": "line", "value": "drawn", "groupby": ["day", "date"]},
            # The script reads these: a tooltip of fields would be asked of the cells that find the nearest day.
            *(
                {
                    "calculate": f"isValid(datum['{line.id}']) ? format(datum['{line.id}'], '{panel.number}') : '–'",
                    "as": f"shown_{line.id}",
                }
                for line in panel.lines
            ),
        ],
        "mark": {"type": "rule", "color": "$soft", "strokeWidth": 1},
        "params": [
            {
                "name": "hover",
                "select": {
                    "type": "point",
                    "fields": ["day"],
                    "nearest": True,
                    "on": "pointermove",
                    "clear": "pointerout",
                },
            }
        ],
        "encoding": {
            "x": _x(),
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 0.8}, "value": 0},
            "tooltip": {"value": "read"},
        },
    }
    drawn: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": 1.8, "clip": True, "invalid": "break-paths-filter-domains"},
            "encoding": {"x": _x_in_sight(), "y": value, "color": colours, "opacity": _picked()},
        },
        {
            "transform": [{"filter": {"param": "hover", "empty": False}}, {"filter": "isValid(datum.drawn)"}],
            "mark": {"type": "point", "filled": True, "size": 44, "opacity": 1},
            "encoding": {"x": _x(), "y": value, "color": colours},
        },
        *(
            {
                "data": {"values": [{"drawn": level.value, "name": level.name}]},
                "layer": [
                    {"mark": {"type": "rule", "color": "$second", "strokeDash": [5, 4]}},
                    {
                        "mark": {"type": "text", "align": "left", "baseline": "bottom", "dx": 3, "dy": -3,
                                 "color": "$soft", "fontSize": 11},
                        "encoding": {"text": {"field": "name"}, "x": {"value": 0}},
                    },
                ],
                "encoding": {"y": {"field": "drawn", "type": "quantitative"}},
            }
            for level in panel.levels
        ),
        hovered,
    ]  # fmt: skip
    return {
        "$schema": SCHEMA,
        "height": _HEIGHT,
        "params": [*_span(), {"name": "pick", "value": ""}],
        "data": {"name": "rows"},
        "transform": [
            {"filter": "datum.day >= from && datum.day <= to"},
            *_scaled(panel),
            {"calculate": f"utcFormat(datum.day, '{label('%-d %B %Y')}')", "as": "date"},
        ],
        "layer": drawn,
    }


def _scaled(panel: Panel) -> list[Spec]:
    """The values in the axis's unit, in a column of their own: a span chosen anew works them out once more."""
    if not panel.is_rebased:
        return [{"calculate": f"isValid(datum.value) ? datum.value / {panel.divisor!r} : null", "as": "drawn"}]
    return [
        {"window": [{"op": "first_value", "field": "value", "as": "first"}], "frame": [None, None],
         "groupby": ["line"], "sort": [{"field": "day"}]},
        {"calculate": "100 * datum.value / datum.first", "as": "drawn"},
    ]  # fmt: skip


def _grid(panel: Panel) -> Spec:
    lanes = [line.name for line in panel.lines]
    return {
        "$schema": SCHEMA,
        "height": 24 * len(lanes),
        "params": _span(),
        "data": {"name": "rows"},
        "transform": [
            {"calculate": f"datum.day + {7 * _DAY}", "as": "until"},
            {"filter": "datum.until > from && datum.day <= to"},
            {"calculate": "max(datum.day, from)", "as": "begins"},
            {"calculate": "min(datum.until, to)", "as": "ends"},
            {"calculate": f"utcFormat(datum.day, '{label('%-d %B %Y')}')", "as": "date"},
        ],
        "mark": {"type": "rect", "stroke": "$paper", "strokeWidth": 0.6, "clip": True},
        "encoding": {
            "x": {**_x_in_sight(), "field": "begins"},
            "x2": {"field": "ends"},
            "y": {"field": "lane", "type": "nominal", "sort": lanes, "axis": {"title": None, "labelLimit": 120}},
            "color": {"field": "colour", "type": "nominal", "scale": None},
            "tooltip": {"value": "read"},
        },
    }


def _span() -> list[Spec]:
    return [{"name": "from", "value": 0}, {"name": "to", "value": 0}]


def _picked() -> Spec:
    """A line whose name was chosen in the legend stands out."""
    return {"condition": {"test": "pick === '' || datum.line === pick", "value": 1}, "value": 0.15}


def _x() -> Spec:
    return {"field": "day", "type": "temporal"}


def _x_in_sight() -> Spec:
    scale = {"type": "utc", "domainMin": {"expr": "from"}, "domainMax": {"expr": "to"}, "nice": False}
    return {**_x(), "scale": scale, "axis": _time_axis()}


def _time_axis() -> Spec:
    year, month, day = label("%Y"), label("%b"), label("%-d %b")
    by_month = f"utcmonth(datum.value) == 0 && utcdate(datum.value) == 1 ? '{year}' : '{month}'"
    return {
        "tickCount": {"expr": "max(3, floor(width / 90))"},
        "labelExpr": f"utcdate(datum.value) == 1 ? utcFormat(datum.value, {by_month}) "
        f": utcFormat(datum.value, '{day}')",
        "title": None,
        "labelOverlap": True,
        "labelPadding": 8,
        "grid": False,
    }
