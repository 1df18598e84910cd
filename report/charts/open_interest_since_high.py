"""Who left since open interest was at its highest: price and position effects, bucket by bucket."""

import altair as alt

from report.charts import look
from report.charts.look import label
from report.charts.open_interest import BUCKETS
from report.document import Chart
from report.formatting import near_day, show, words
from report.marts import Marts
from report.text import Fragment, Part, compose

_EFFECTS = {
    "price_effect_usd": "Prices",
    "position_effect_usd": "Positions",
    "listing_effect_usd": "Listings",
    "coverage_effect_usd": "Coverage",
}
_COLOURS = {
    "price_effect_usd": look.PALE,
    "position_effect_usd": look.ACCENT,
    "listing_effect_usd": look.SECOND,
    "coverage_effect_usd": look.TINTS[3],
}
# Effects that are nowhere this share of the largest are left out: their bars would be hairs.
_SEEN = 0.02
_RIGHT = 6


def chart(marts: Marts) -> Chart | None:
    """From the day of the high to the week's end; nothing where the high is this week's end."""
    rows = {row.text("oi_bucket"): row for row in marts.weekly_rows("open_interest_since_high_weekly", window_id=None)}
    whole = rows.get("all")
    if whole is None or not whole.figure("change_usd").number or not set(BUCKETS) <= rows.keys():
        return None
    sizes = {column: max(abs(rows[bucket].figure(column).number or 0.0) for bucket in BUCKETS) for column in _EFFECTS}
    seen = [column for column, size in sizes.items() if size >= _SEEN * max(sizes.values())]
    drawn = look.Drawn()
    for bucket in BUCKETS:
        for column in seen:
            drawn.add(name=label(BUCKETS[bucket]), effect=label(_EFFECTS[column]), usd=rows[bucket].figure(column))
    names = look.room_for(str(row["name"]) for row in drawn.rows)
    x = look.x_from_zero("usd", drawn.numbers("usd"), look.WIDTH - names - _RIGHT)
    y = alt.Y("name:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.1))
    effects = [label(_EFFECTS[column]) for column in seen]
    colour = alt.Color(
        "effect:N",
        scale=alt.Scale(domain=effects, range=[_COLOURS[column] for column in seen]),
        legend=alt.Legend(legendX=-names, legendY=-30, direction="horizontal", symbolType="square", columnPadding=14),
    )
    offset = alt.YOffset("effect:N", sort=effects, scale=alt.Scale(paddingInner=0.1))
    base = alt.Chart(drawn.data).transform_calculate(billions="datum.usd / 1e9").encode(yOffset=offset)
    return look.chart(
        "open_interest_since_high",
        drawn,
        title=_title(marts),
        subtitle=compose(
            "Billion US dollars from the end of {high_date} to the week's end, by rank of the asset in each week.",
            high_date=whole.figure("high_date"),
        ),
        alt_text=compose(
            "Bars of the effects of prices and of positions for each bucket since open interest was at its high, from "
            "{high} on {high_date} to {now}.",
            high=show(whole.figure("high_usd")),
            high_date=whole.figure("high_date"),
            now=show(whole.figure("now_usd")),
        ),
        layers=[
            base.mark_bar().encode(x=x, y=y, color=colour),
            look.zero_line(alt.X(datum=0)),
            look.names_at_left(drawn, y, "name", "name", names),
            *look.figures_at_bars(base, alt.X("usd:Q", axis=None), y, "billions"),
        ],
        height=max(22 * len(seen), 28) * len(BUCKETS),
        left=names,
        right=_RIGHT,
        top=34,
        bottom=4,
    )


def _title(marts: Marts) -> tuple[Fragment, ...]:
    whole = marts.weekly("open_interest_since_high_weekly", window_id=None, oi_bucket="all")
    change = whole.figure("change_usd")
    high_date = near_day(whole.figure("high_date"), marts.week.last_day)
    parts: dict[str, Part] = {"change": show(change, signed=True), "high_date": high_date}
    positions = whole.figure("position_effect_usd")
    buckets = {
        bucket: marts.weekly("open_interest_since_high_weekly", window_id=None, oi_bucket=bucket) for bucket in BUCKETS
    }
    closed = {bucket: row.figure("position_effect_usd") for bucket, row in buckets.items()}
    most = min(closed, key=lambda bucket: closed[bucket].number or 0.0)
    if (positions.number or 0.0) >= 0:
        return compose("Open interest {change} since its high on {high_date}", **parts)
    return compose(
        "Open interest {change} since its high on {high_date}; {bucket} closed most: {closed}",
        **parts,
        bucket=words(buckets[most].figure("oi_bucket")),
        closed=show(closed[most], signed=True, scale_of=change.number),
    )
