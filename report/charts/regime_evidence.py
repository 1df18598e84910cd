"""The evidence of the week: what each measurement votes for, dimension by dimension."""

import altair as alt

from report.charts import look
from report.charts.look import label
from report.charts.regime_timeline import STATES
from report.document import Chart
from report.formatting import words
from report.marts import Marts, Row
from report.text import Fragment, Part, compose, series

_LANE = 30


def chart(marts: Marts) -> Chart | None:
    """A field for each piece of evidence with the state that it votes for; an empty one casts no vote."""
    rows = marts.weekly_rows("regime_evidence_weekly", window_id=None)
    by_dimension = {
        column.removesuffix("_state"): [row for row in rows if row.text("dimension") == column.removesuffix("_state")]
        for column in STATES
    }
    by_dimension = {dimension: found for dimension, found in by_dimension.items() if found}
    if not any(row.figure("vote").is_known for row in rows) or not by_dimension:
        return None
    drawn = look.Drawn()
    for dimension, found in by_dimension.items():
        for place, row in enumerate(found):
            vote, level = row.figure("vote"), row.figure("level").number
            colour = look.LEVELS.get(int(level), "transparent") if level is not None else "transparent"
            drawn.add(
                dimension=label(STATES[f"{dimension}_state"]),
                place="abcdefgh"[place : place + 1],
                evidence=row.figure("evidence_id"),
                vote=words(vote).text if vote.is_known else label("no vote"),
                has_vote=vote.is_known,
                colour=colour,
                outline=look.LINE if colour == "transparent" else colour,
            )
    names = look.room_for(str(row["dimension"]) for row in drawn.rows)
    n_places = max(len(found) for found in by_dimension.values())
    width = (look.WIDTH - names) / n_places
    # Longer words get smaller letters before any is cut.
    longest = max(look.width_of(str(row["vote"])) for row in drawn.rows)
    size = round(max(9.6, min(11.0, 12 * (width - 6) / longest)), 1)
    y = alt.Y("dimension:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.16, paddingOuter=0))
    x = alt.X("place:N", axis=None, scale=alt.Scale(paddingInner=0.03, paddingOuter=0))
    base = alt.Chart(drawn.data).encode(x=x, y=y)
    votes = base.encode(text=alt.Text("vote:N"))
    return look.chart(
        "regime_evidence",
        drawn,
        title=_title(by_dimension),
        subtitle=compose(
            "What each piece of evidence votes for, from the low end of its scale (blue) to the high end (orange)."
        ),
        alt_text=compose(
            "A field for each piece of evidence, by dimension, with the state that it votes for. {title}.",
            title=_title(by_dimension),
        ),
        layers=[
            base.mark_rect().encode(
                color=alt.Color("colour:N", scale=None), stroke=alt.Stroke("outline:N", scale=None)
            ),
            votes.transform_filter("datum.has_vote").mark_text(baseline="middle", fontSize=size, limit=width - 3),
            votes.transform_filter("!datum.has_vote").mark_text(
                baseline="middle", fontSize=size, limit=width - 3, color=look.SOFT
            ),
            look.names_at_left(drawn, y, "dimension", "dimension", names),
        ],
        height=_LANE * len(by_dimension),
        left=names,
        right=2,
        top=6,
        bottom=6,
    )


def _title(by_dimension: dict[str, list[Row]]) -> tuple[Fragment, ...]:
    agreed: list[Part] = []
    divided: list[Part] = []
    for found in by_dimension.values():
        votes = {row.text("vote") for row in found if row.figure("vote").is_known}
        if votes:
            (agreed if len(votes) == 1 else divided).append(words(found[0].figure("dimension")))
    if not divided:
        return compose("All evidence that votes agrees, on {agreed}", agreed=series(agreed))
    if not agreed:
        return compose("The evidence is divided on {divided}", divided=series(divided))
    return compose(
        "The evidence agrees on {agreed}; it is divided on {divided}", agreed=series(agreed), divided=series(divided)
    )
