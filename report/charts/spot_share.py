"""The share of spot in volume, week by week."""

import altair as alt

from report.charts import look
from report.document import Chart
from report.figures import Figure
from report.formatting import show
from report.marts import Marts
from report.text import Day, Fragment, compose

_SHARE = "spot_share_pct"
_HEIGHT = 190


def chart(marts: Marts) -> Chart | None:
    """Monday–Monday; a week without a share breaks the line."""
    mondays = look.mondays_to(marts.week)
    rows = marts.since("spot_perp_volume_weekly", "week_start", mondays[0], mondays[-1], window_id="mon_mon")
    shares = {monday: row.figure(_SHARE) for row in rows if (monday := look.day_of(row, "week_start")) is not None}
    share = shares.get(marts.week.start)
    if share is None or share.number is None:
        return None
    drawn = look.Drawn()
    drawn.add_line("share", mondays, shares)
    x = look.x_of_weeks("day", mondays)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format="~f", tickCount=5))
    base = alt.Chart(drawn.data).encode(x=x, y=y)
    now = look.Drawn("now")
    now.add(day=marts.week.start, value=share)
    before = shares.get(marts.week.previous.start)
    has_before = before is not None and before.is_known
    return look.chart(
        "spot_share",
        drawn,
        now,
        title=_title(share, before if has_before else None),
        subtitle=compose(
            "Percent of spot and perpetual volume, by week to {last}; the scale does not start at zero.",
            last=Day(marts.week.last_day),
        ),
        alt_text=compose(
            "A line of spot's share of the volume, week by week over half a year; it ends at {share}.", share=share
        ),
        layers=[
            base.mark_line(color=look.ACCENT, strokeWidth=2, invalid="break-paths-filter-domains"),
            base.mark_point(color=look.ACCENT, filled=True, size=18, opacity=1),
            alt.Chart(now.data).mark_point(color=look.ACCENT, filled=True, size=80, opacity=1).encode(x=x, y=y),
        ],
        height=_HEIGHT,
    )


def _title(share: Figure, before: Figure | None) -> tuple[Fragment, ...]:
    if before is None:
        return compose("Spot took {share} of volume", share=share)
    if (share.number or 0.0) > (before.number or 0.0) and show(share).text != show(before).text:
        return compose("Spot took {share} of volume, up from {before}", share=share, before=before)
    return compose("Spot took {share} of volume, after {before}", share=share, before=before)
