"""Coverage: how much of what was due came, for each dataset and venue."""

import altair as alt

from report.charts import look
from report.document import Chart
from report.formatting import show, words
from report.marts import Marts, Row, ranked
from report.text import Fragment, Part, compose

_COVERAGE = "coverage_pct"
_COMPLETE = 100.0
# Under each bound a warmer colour; the last is for what is above all.
_COLOURS = ((80.0, look.LEVELS[2]), (95.0, look.LEVELS[1]), (_COMPLETE, look.LEVELS[0]))
_RIGHT, _TOP = 40, 86
_LANE = 26


def chart(marts: Marts) -> Chart | None:
    """A field where a venue owed a dataset; empty where it owes none, a dash where nobody knows what was due."""
    rows = marts.weekly_rows("data_coverage_weekly", window_id=None)
    known = ranked(rows, _COVERAGE, highest_first=False)
    if not known:
        return None
    drawn = look.Drawn()
    for row in rows:
        coverage = row.figure(_COVERAGE)
        colour = _colour(coverage.number)
        drawn.add(
            dataset=look.key(row.text("dataset")),
            name=words(row.figure("dataset")).text,
            venue=look.key(row.text("venue")),
            venue_name=row.figure("venue"),
            coverage=coverage,
            colour=colour,
            outline=look.LINE if colour == "transparent" else colour,
        )
    names = look.room_for((str(row["name"]) for row in drawn.rows), least=90)
    n_venues = len({row["venue"] for row in drawn.rows})
    n_datasets = len({row["dataset"] for row in drawn.rows})
    size = 11 if n_venues <= 8 else 10
    x = alt.X("venue:N", axis=None, scale=alt.Scale(paddingInner=0.06, paddingOuter=0))
    y = alt.Y("dataset:N", axis=None, scale=alt.Scale(paddingInner=0.12, paddingOuter=0))
    base = alt.Chart(drawn.data).encode(x=x, y=y)
    written = base.transform_calculate(
        written="!isValid(datum.coverage) ? '–' : datum.coverage >= 100 ? '100' : format(datum.coverage, '.1f')"
    )
    return look.chart(
        "coverage",
        drawn,
        title=_title(known),
        subtitle=compose("Percent of the rows that were due in the week, by dataset and venue; a dash: not known."),
        alt_text=compose(
            "A field for each dataset of each venue with the share of the rows that came; the least is {dataset} of "
            "{venue} with {coverage}.",
            dataset=words(known[0].figure("dataset")),
            venue=known[0].figure("venue"),
            coverage=known[0].figure(_COVERAGE),
        ),
        layers=[
            base.mark_rect().encode(
                color=alt.Color("colour:N", scale=None), stroke=alt.Stroke("outline:N", scale=None)
            ),
            # Fields too narrow for a figure show their colour alone; the table has the figures.
            *(
                [written.mark_text(baseline="middle", fontSize=size).encode(text=alt.Text("written:N"))]
                if n_venues <= 13
                else []
            ),
            look.names_at_left(drawn, y, "dataset", "name", names),
            alt.Chart(drawn.data)
            .transform_aggregate(groupby=["venue", "venue_name"])
            .mark_text(align="left", baseline="middle", angle=300, limit=_TOP - 8)
            .encode(x=x, y=alt.YValue(-7), text=alt.Text("venue_name:N")),
        ],
        height=_LANE * n_datasets,
        left=names,
        right=_RIGHT,
        top=_TOP,
        bottom=4,
    )


def _colour(coverage: float | None) -> str:
    if coverage is None:
        return "transparent"
    return next((colour for bound, colour in _COLOURS if coverage < bound), look.LEVELS[-1])


def _title(known: list[Row]) -> tuple[Fragment, ...]:
    least = known[0]
    coverage = least.figure(_COVERAGE)
    if (coverage.number or 0.0) >= _COMPLETE:
        return compose("Every dataset that was due came complete")
    said: dict[str, Part] = {"dataset": words(least.figure("dataset")), "venue": least.figure("venue")}
    if coverage.number == 0:
        return compose("No row of {dataset} came from {venue}", **said)
    return compose("Thinnest coverage: {dataset} of {venue} with {coverage}", coverage=show(coverage), **said)
