"""Average correlation by rank, both windows side by side, with their intervals."""

import altair as alt

from report.charts import look
from report.charts.look import label
from report.days import WINDOWS
from report.document import Chart
from report.figures import Figure
from report.marts import Marts
from report.text import Fragment, compose

_MEAN = "average_pairwise_correlation"
_BUCKETS = {"1-10": "1–10", "11-50": "11–50", "51-100": "51–100", "all": "1–100"}
_COLOURS = {"mon_mon": look.ACCENT, "fri_fri": look.SECOND}
_NAMES = 58


def chart(marts: Marts) -> Chart | None:
    """The 7-day horizon; a point for each mean, a line for its jackknife interval."""
    drawn = look.Drawn()
    for bucket, ranks in _BUCKETS.items():
        for window in WINDOWS:
            row = marts.weekly("bucket_correlation_weekly", window_id=window, rank_bucket=bucket, horizon="7d")
            mean = row.figure(_MEAN)
            if mean.number is not None:
                low, high = row.figure("ci_low"), row.figure("ci_high")
                drawn.add(name=ranks, window=label(WINDOWS[window]), mean=mean, low=low, high=high)
    top, tail = (_mean(marts, bucket) for bucket in ("1-10", "51-100"))
    if not (top.is_known and tail.is_known):
        return None
    values = [value for column in ("mean", "low", "high") for value in drawn.numbers(column)]
    domain = [min(0.0, *values), max(1.0, *values)]
    axis = alt.Axis(format=".1f", grid=True, labelFlush=False, values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    x = alt.X("mean:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)
    y = alt.Y("name:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.15))
    names = [label(name) for name in WINDOWS.values()]
    # A second sign beside the colour: a disc and a diamond.
    legend = alt.Legend(legendX=0, legendY=-30, direction="horizontal", columnPadding=18, symbolSize=80)
    base = alt.Chart(drawn.data).encode(
        y=y,
        yOffset=alt.YOffset("window:N", sort=names, scale=alt.Scale(paddingInner=0.1)),
        color=alt.Color("window:N", scale=alt.Scale(domain=names, range=list(_COLOURS.values())), legend=legend),
    )
    shape = alt.Shape("window:N", scale=alt.Scale(domain=names, range=["circle", "diamond"]), legend=legend)
    return look.chart(
        "correlation",
        drawn,
        title=_title(marts, top, tail),
        subtitle=compose("Average pairwise correlation of hourly returns by rank, in 7-day windows, with intervals."),
        alt_text=compose(
            "Points with intervals for each bucket of ranks and both windows; Monday–Monday the mean is {top} in ranks "
            "1–10 and {tail} in ranks 51–100.",
            top=top,
            tail=tail,
        ),
        layers=[
            base.transform_filter("isValid(datum.low) && isValid(datum.high)")
            .mark_rule(strokeWidth=2.5)
            .encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
            base.mark_point(filled=True, size=90, opacity=1).encode(x=x, shape=shape),
            look.names_at_left(drawn, y, "name", "name", _NAMES),
        ],
        height=40 * len({row["name"] for row in drawn.rows}),
        left=_NAMES,
        top=34,
    )


def _mean(marts: Marts, bucket: str) -> Figure:
    return marts.weekly("bucket_correlation_weekly", rank_bucket=bucket, horizon="7d").figure(_MEAN)


def _title(marts: Marts, top: Figure, tail: Figure) -> tuple[Fragment, ...]:
    gap = marts.weekly("correlation_gap_weekly", horizon="7d")
    if not (gap.figure("ci_low").is_known and gap.figure("ci_high").is_known):
        return compose("Correlation: {top} in ranks 1–10, {tail} in ranks 51–100", top=top, tail=tail)
    if gap.text("is_significant") == "True":
        return compose(
            "Correlation: {top} in ranks 1–10, {tail} in ranks 51–100, a significant gap", top=top, tail=tail
        )
    return compose("Correlation: {top} in ranks 1–10, {tail} in ranks 51–100, no significant gap", top=top, tail=tail)
