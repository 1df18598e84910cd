"""Open interest by bucket: a bar for each week's end, its parts by size of the asset."""

import altair as alt

from report.charts import look
from report.charts.look import label
from report.document import Chart
from report.marts import Marts
from report.text import Day, compose

# From below to above: the largest stand on the ground, where they can be compared.
BUCKETS = {"majors": "BTC and ETH", "large": "Large", "mid": "Mid", "long_tail": "Long tail"}
_HEIGHT = 200


def chart(marts: Marts) -> Chart | None:
    """Ends of Monday–Monday weeks; a week without open interest is a gap."""
    mondays = look.mondays_to(marts.week)
    rows = marts.since("open_interest_change_weekly", "week_start", mondays[0], mondays[-1], window_id="mon_mon")
    ends = {row.text("oi_bucket"): row.figure("end_usd") for row in rows if row.text("week_start") == str(mondays[-1])}
    if not all(ends[bucket].is_known if bucket in ends else False for bucket in ("all", "majors")):
        return None
    drawn = look.Drawn()
    for row in rows:
        bucket, monday = row.text("oi_bucket"), look.day_of(row, "week_start")
        if bucket in BUCKETS and monday is not None and row.figure("end_usd").number is not None:
            order = list(BUCKETS).index(bucket)
            drawn.add(week=monday, bucket=label(BUCKETS[bucket]), end=row.figure("end_usd"), order="abcd"[order])
    names = [label(name) for name in BUCKETS.values()]
    colour = alt.Color(
        "bucket:N",
        scale=alt.Scale(domain=names, range=list(look.TINTS)),
        legend=alt.Legend(legendX=0, legendY=-30, direction="horizontal", symbolType="square", columnPadding=14),
    )
    bars = (
        alt.Chart(drawn.data)
        .mark_bar(size=10)
        .encode(
            x=look.x_of_weeks("week", mondays),
            y=alt.Y("end:Q", stack="zero", axis=alt.Axis(labelExpr=look.IN_BILLIONS, tickCount=5)),
            color=colour,
            order=alt.Order("order:N", sort="ascending"),
        )
    )
    return look.chart(
        "open_interest",
        drawn,
        title=compose(
            "Open interest ended at {end}, {majors} of it in Bitcoin and Ether",
            end=ends["all"],
            majors=ends["majors"],
        ),
        subtitle=compose(
            "Billion US dollars in perpetuals at the end of each week to {last}, by rank of the asset.",
            last=Day(marts.week.last_day),
        ),
        alt_text=compose(
            "A bar for the end of each week over half a year, its parts by size of the asset; the last stands at "
            "{end}, of which {majors} in Bitcoin and Ether.",
            end=ends["all"],
            majors=ends["majors"],
        ),
        layers=[bars, look.zero_line(alt.Y(datum=0))],
        height=_HEIGHT,
        top=34,
    )
