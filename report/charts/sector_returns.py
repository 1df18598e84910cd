"""Sector returns: a bar for each sector, best to worst."""

import altair as alt

from report.charts import look
from report.document import Chart
from report.formatting import show, words
from report.marts import Marts, Row, ranked
from report.text import Fragment, compose

_RETURN = "return_cap_weighted_pct"
_NAMES = 118
_RIGHT = 6


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
    x = look.x_from_zero("value", drawn.numbers("value"), look.WIDTH - _NAMES - _RIGHT)
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
            look.names_at_left(drawn, y, "id", "name", _NAMES),
            *look.figures_at_bars(alt.Chart(drawn.data), x, y, "value"),
        ],
        height=22 * len(rows),
        left=_NAMES,
        right=_RIGHT,
        top=4,
        bottom=4,
    )


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
