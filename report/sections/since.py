"""First since, longest since: what the week did that had not been for long."""

from datetime import date

from report.consistency import Direction
from report.figures import Figure, unit_of
from report.formatting import as_level, in_unit, words
from report.marts import Marts, Row
from report.text import Fragment, Sentence, compose, say

# Anything may be the first of its kind for a week or two.
LEAST_DAYS = 28
MOST = 3
# Where more of a total than this stood at the prices of lists, the day that it is compared with says so.
LISTED = ("total_market_cap_usd", "total_ex_stablecoins_usd")
MOST_LISTED_PCT = 20.0


def since(marts: Marts, section: str) -> list[Sentence]:
    """What of a section's metrics is so for the first time in long, the longest absence first."""
    rows = marts.weekly_rows("headlines_weekly", window_id=None, section=section)
    news = [(first, row) for row in rows if (first := _news_since(row)) is not None]
    return [_say(marts, row) for _, row in sorted(news, key=lambda n: (n[0], n[1].key))[:MOST]]


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


def _say(marts: Marts, row: Row) -> Sentence:
    metric = row.text("metric_id")
    unit = "USD per coin" if unit_of(metric) == "USD per coin" else row.text("unit")
    change = row.figure("change").number or 0.0
    level = row.figure("level", "USD" if unit == "USD per coin" else unit)
    name, value, since = words(row.figure("name")), in_unit(row.figure("value"), unit), row.figure("first_since_date")
    listed = _listed(marts, metric, since)
    if not level.is_known:
        return say(
            f"since_{metric}",
            "{name} ended the week at {value}, the highest since {since}{listed}."
            if change >= 0
            else "{name} ended the week at {value}, the lowest since {since}{listed}.",
            name=name,
            value=value,
            since=since,
            listed=listed,
        ).claiming(*([Direction(row.figure("change"), is_rise=change > 0)] if change else []))
    return say(
        f"since_{metric}",
        "{name} ended the week at {value}, above {level} for the first time since {since}{listed}."
        if (row.figure("side").number or 0) > 0
        else "{name} ended the week at {value}, below {level} for the first time since {since}{listed}.",
        name=name,
        value=value,
        level=as_level(level) if level.unit == "USD" else in_unit(level, unit),
        since=since,
        listed=listed,
    )


def _listed(marts: Marts, metric: str, since: Figure) -> tuple[Fragment, ...]:
    """How far the day compared with is known: prices between two lists of supplies are those of the older list."""
    if metric not in LISTED or not is_at_list_prices(marts, since):
        return ()
    day = marts.row("market_cap_daily", market_date=since.value)
    share, age = day.figure("share_provider_priced_pct"), day.figure("supply_age_days_max")
    return compose(" (when {share} of it was at list prices up to {age} old)", share=share, age=age)


def is_at_list_prices(marts: Marts, day: Figure) -> bool:
    """True if much of the market cap of that day stood at the prices of providers' lists, which may be weeks old."""
    if not day.is_known:
        return False
    row = marts.row("market_cap_daily", market_date=day.value)
    share, age = row.figure("share_provider_priced_pct"), row.figure("supply_age_days_max")
    return (share.number or 0.0) > MOST_LISTED_PCT and age.is_known
