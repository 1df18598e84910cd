"""The figures to see first."""

from report.days import WINDOWS
from report.document import Tile
from report.formatting import show, words
from report.marts import Marts
from report.text import compose


def tiles(marts: Marts) -> tuple[Tile, ...]:
    """Six figures, in one order whatever the week was."""
    last_day = marts.week.last_day
    cap = marts.row("market_cap_daily", market_date=last_day)
    top30 = marts.weekly("index_returns_weekly", index_id="top30")
    funding = marts.weekly("funding_weekly", asset_id="bitcoin")
    interest = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    volatility = marts.row("realised_volatility_daily", asset_id="bitcoin", market_date=last_day)
    verdict = marts.weekly("regime_weekly", window_id=None)
    monday, at_the_end = compose(WINDOWS["mon_mon"]), compose("at the end of the week")
    change = interest.figure("change_usd")
    on_the_week = compose("{change} on the week", change=show(change, signed=True))
    return (
        Tile("Regime", words(verdict.figure("verdict")), compose("this week's call")),
        Tile("Top-30 index", show(top30.figure("return_pct"), signed=True), monday),
        Tile("Total market cap", show(cap.figure("total_market_cap_usd")), at_the_end),
        Tile("Open interest", show(interest.figure("end_usd")), on_the_week if change.is_known else at_the_end),
        Tile(
            "Bitcoin funding",
            show(funding.figure("funding_rate_annualised_pct"), signed=True),
            compose("annualised average"),
        ),
        Tile("Bitcoin volatility", show(volatility.figure("rv_7d_daily_pct")), compose("7-day, daily returns")),
    )
