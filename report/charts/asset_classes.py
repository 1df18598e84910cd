"""The ranking of asset classes: a bar for each, crypto marked out."""

import altair as alt

from report.charts import look
from report.document import Chart
from report.formatting import show, words
from report.marts import Marts, ranked
from report.text import Part, compose

_CRYPTO = "crypto"
_RIGHT = 6


def chart(marts: Marts) -> Chart | None:
    """Friday–Friday returns, best to worst."""
    rows = ranked(marts.weekly_rows("asset_class_returns_weekly", window_id=None), "return_pct")
    crypto = next((row for row in rows if row.text("asset_class") == _CRYPTO), None)
    if crypto is None or len(rows) < 2:
        return None
    drawn = look.Drawn()
    for row in rows:
        drawn.add(
            id=look.key(row.text("asset_class")),
            name=words(row.figure("asset_class")).text,
            value=row.figure("return_pct"),
            colour=look.ACCENT if row is crypto else look.PALE,
        )
    names = look.room_for(str(row["name"]) for row in drawn.rows)
    x = look.x_from_zero("value", drawn.numbers("value"), look.WIDTH - names - _RIGHT)
    y = look.y_of_names("id")
    result = show(crypto.figure("return_pct"), signed=True)
    n_classes, place = crypto.figure("n_classes"), crypto.figure("rank")
    if crypto is rows[-1]:
        title = compose("Crypto came last of {n_classes} asset classes: {crypto}", n_classes=n_classes, crypto=result)
    elif crypto is rows[0]:
        title = compose("Crypto came first of {n_classes} asset classes: {crypto}", n_classes=n_classes, crypto=result)
    else:
        parts: dict[str, Part] = {"place": place, "n_classes": n_classes, "crypto": result}
        title = compose("Crypto in place {place} of {n_classes} asset classes: {crypto}", **parts)
    return look.chart(
        "asset_classes",
        drawn,
        title=title,
        subtitle=compose("Percent in the week, from one US cash close to the next (Friday–Friday)."),
        alt_text=compose(
            "A bar for each asset class, sorted by its return: {best} with {best_return} is first, {worst} with "
            "{worst_return} last; crypto, with {crypto}, is marked out.",
            best=words(rows[0].figure("asset_class")),
            best_return=show(rows[0].figure("return_pct"), signed=True),
            worst=words(rows[-1].figure("asset_class")),
            worst_return=show(rows[-1].figure("return_pct"), signed=True),
            crypto=result,
        ),
        layers=[
            alt.Chart(drawn.data).mark_bar().encode(x=x, y=y, color=alt.Color("colour:N", scale=None)),
            look.zero_line(alt.X(datum=0)),
            look.names_at_left(drawn, y, "id", "name", names),
            *look.figures_at_bars(alt.Chart(drawn.data), x, y, "value"),
        ],
        height=22 * len(rows),
        left=names,
        right=_RIGHT,
        top=4,
        bottom=4,
    )
