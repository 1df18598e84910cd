"""First since, longest since: what the week did that had not been for long.

Belongs here: choosing the rows of `headlines_weekly` that are news, and saying each in one form.
Does not: the mechanism (a macro of the warehouse); which part of the page says it (a seed, and the sections).
"""

from datetime import date

from report.consistency import Direction
from report.figures import unit_of
from report.formatting import in_unit, words
from report.marts import Marts, Row
from report.text import Sentence, say

# Anything may be the first of its kind for a week or two.
LEAST_DAYS = 28
MOST = 3


def since(marts: Marts, section: str) -> list[Sentence]:
    """What of a section's metrics is so for the first time in long, the longest absence first."""
    rows = marts.weekly_rows("headlines_weekly", window_id=None, section=section)
    news = [(first, row) for row in rows if (first := _news_since(row)) is not None]
    return [_say(row) for _, row in sorted(news, key=lambda n: (n[0], n[1].key))[:MOST]]


def _news_since(row: Row) -> date | None:
    """Since when a week's value is news; None where it is none."""
    value_date, first, began = (
        row.figure(column).value for column in ("value_date", "first_since_date", "run_began_on")
    )
    if not isinstance(value_date, date) or not isinstance(first, date) or (value_date - first).days < LEAST_DAYS:
        return None
    if row.figure("level").is_known:
        # With a level, it is news in the week in which it crossed.
        return first if isinstance(began, date) and (value_date - began).days < 7 else None
    return first


def _say(row: Row) -> Sentence:
    metric = row.text("metric_id")
    unit = "USD per coin" if unit_of(metric) == "USD per coin" else row.text("unit")
    change = row.figure("change").number or 0.0
    level = row.figure("level")
    name, value, since = words(row.figure("name")), in_unit(row.figure("value"), unit), row.figure("first_since_date")
    if not level.is_known:
        return say(
            f"since_{metric}",
            "{name} ended the week at {value}, the highest since {since}."
            if change >= 0
            else "{name} ended the week at {value}, the lowest since {since}.",
            name=name,
            value=value,
            since=since,
        ).claiming(*([Direction(row.figure("change"), is_rise=change > 0)] if change else []))
    return say(
        f"since_{metric}",
        "{name} ended the week at {value}, above {level} for the first time since {since}."
        if (row.figure("side").number or 0) > 0
        else "{name} ended the week at {value}, below {level} for the first time since {since}.",
        name=name,
        value=value,
        level=in_unit(level, unit),
        since=since,
    )
