"""What changed open interest: a waterfall of the four effects, which add up to the change."""

import altair as alt

from report.charts import look
from report.charts.look import label
from report.document import Chart
from report.formatting import show
from report.marts import Marts
from report.text import compose

_EFFECTS = {
    "price_effect_usd": "Prices",
    "position_effect_usd": "Positions",
    "listing_effect_usd": "Listings",
    "coverage_effect_usd": "Coverage",
}
_CHANGE = "change_usd"
_RIGHT = 6


def chart(marts: Marts) -> Chart | None:
    """The whole market, Monday–Monday; each effect starts where the one before it ended."""
    row = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    figures = {column: row.figure(column) for column in (*_EFFECTS, _CHANGE)}
    if not all(figure.number is not None for figure in figures.values()):
        return None
    drawn = look.Drawn()
    for column, name in _EFFECTS.items():
        drawn.add(name=label(name), usd=figures[column], is_total=False)
    drawn.add(name=label("Change"), usd=figures[_CHANGE], is_total=True)
    # Where a bar ends is for Vega to add up; only the reach of the scale is needed here.
    ends, at = [figures[_CHANGE].number or 0.0], 0.0
    for column in _EFFECTS:
        at += figures[column].number or 0.0
        ends.append(at)
    names = look.room_for(str(row["name"]) for row in drawn.rows)
    x = look.x_from_zero("from", ends, look.WIDTH - names - _RIGHT)
    y = look.y_of_names()
    colour = (
        alt.when("datum.is_total")
        .then(alt.value(look.ACCENT))
        .when("datum.usd < 0")
        .then(alt.value(look.LOSS))
        .otherwise(alt.value(look.GAIN))
    )
    placed = (
        alt.Chart(drawn.data)
        .transform_window(sum_to_here="sum(usd)", frame=[None, 0])
        .transform_calculate(
            to="datum.is_total ? datum.usd : datum.sum_to_here",
            **{"from": "datum.is_total ? 0 : datum.sum_to_here - datum.usd"},
        )
        .transform_calculate(
            end="datum.usd < 0 ? min(datum.from, datum.to) : max(datum.from, datum.to)", billions="datum.usd / 1e9"
        )
    )
    change, price, position = (figures[c] for c in (_CHANGE, "price_effect_usd", "position_effect_usd"))
    scale = change.number
    shown = {
        "change": show(change, signed=True, scale_of=scale),
        "price": show(price, signed=True, scale_of=scale),
        "position": show(position, signed=True, scale_of=scale),
    }
    return look.chart(
        "open_interest_change",
        drawn,
        title=compose("Open interest {change}: prices {price}, positions {position}", **shown),
        subtitle=compose("Billion US dollars, Monday–Monday; the four effects add up to the change."),
        alt_text=compose(
            "A waterfall: prices {price}, positions {position}, listings {listing} and coverage {coverage} add up to "
            "the change of {change}.",
            listing=show(figures["listing_effect_usd"], signed=True, scale_of=scale),
            coverage=show(figures["coverage_effect_usd"], signed=True, scale_of=scale),
            **shown,
        ),
        layers=[
            placed.mark_bar().encode(x=x, x2=alt.X2("to:Q"), y=y, color=colour),
            look.zero_line(alt.X(datum=0)),
            look.names_at_left(drawn, y, "name", "name", names),
            *look.figures_at_bars(placed, alt.X("end:Q", axis=None), y, "billions"),
        ],
        height=34 * len(drawn.rows),
        left=names,
        right=_RIGHT,
        top=4,
        bottom=4,
    )
