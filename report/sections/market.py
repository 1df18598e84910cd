"""The market: total capitalisation, the top-30 index, Bitcoin, and returns by rank."""

from report.consistency import extremes
from report.days import WINDOWS, midnight
from report.document import Column, Section, Table
from report.formatting import Printed, show, words
from report.marts import Marts, ranked
from report.sections.since import since
from report.sections.tables import Show, tables_by_window
from report.text import Day, Part, Sentence, Unknown, compose, counted, say, unknown

# A supply older than this is flagged; metrics.md calls it stale.
STALE_SUPPLY_DAYS = 45


def section(marts: Marts) -> Section:
    """Market cap, index, Bitcoin, then the two tables."""
    sentences: list[Sentence] = []
    unknowns: list[Unknown] = []
    ranks = _ranks(marts)
    everything = (_market_cap(marts), _supplies(marts), _index(marts), _bitcoin(marts), *ranks[:1])
    for said in (*everything, *since(marts, "market")):
        if isinstance(said, Unknown):
            unknowns.append(said)
            sentences.append(said.brief)
        elif said is not None:
            sentences.append(said)
    days = _days(marts)
    tables = [*([] if days is None else [days]), *_buckets(marts)]
    if not marts.weekly_rows("bucket_returns_weekly"):
        missing = marts.absent("bucket_returns_weekly").figure("return_cap_weighted_pct")
        unknowns.append(unknown("bucket_returns", "Returns by rank", missing, "no asset had both a price and a supply"))
        sentences.append(unknowns[-1].brief)
    return Section(
        id="market",
        title="Market",
        sentences=tuple(sentences),
        tables=tuple(tables),
        unknowns=tuple(unknowns),
        note=compose(
            "The top-30 index holds the largest eligible assets by market cap, with capped weights and a monthly "
            "rebalance. Levels are at the end of the day (UTC)."
        ),
        on_demand=(*_index_friday(marts), *ranks[1:]),
    )


def _market_cap(marts: Marts) -> Sentence | Unknown:
    week = marts.week
    end = marts.row("market_cap_daily", market_date=week.last_day)
    start = marts.row("market_cap_daily", market_date=week.day_before)
    total = end.figure("total_market_cap_usd")
    if not total.is_known:
        return unknown(
            "market_cap",
            "Total market cap at the end of the week",
            total,
            "no supply and price are known together on {day}",
            day=Day(week.last_day),
        )
    said: dict[str, Part] = {
        "n_assets": counted(end.figure("n_assets"), "{count} asset", "{count} assets"),
        "total": show(total),
        "end_day": Day(week.last_day, with_weekday=True),
        "ex": show(end.figure("total_ex_stablecoins_usd")),
    }
    if not start.exists:
        return say(
            "market_cap",
            "Total market cap ({n_assets}) was {total} at the end of {end_day}, {ex} ex stablecoins.",
            **said,
        )
    return say(
        "market_cap",
        "Total market cap ({n_assets}) was {total} at the end of {end_day}, after {before} a week before; ex "
        "stablecoins {ex}, "
        "after {ex_before}.",
        before=start.figure("total_market_cap_usd"),
        ex_before=start.figure("total_ex_stablecoins_usd"),
        **said,
    )


def _supplies(marts: Marts) -> Sentence | None:
    end = marts.row("market_cap_daily", market_date=marts.week.last_day)
    age, share = end.figure("supply_age_days_max"), end.figure("share_provider_priced_pct")
    if age.number is None:
        return None
    stale = compose("; above 45 days a supply counts as stale") if age.number > STALE_SUPPLY_DAYS else ()
    if not share.is_known:
        return say("supply_age", "The oldest supply in it was {age} old{stale}.", age=age, stale=stale)
    return say(
        "supply_age",
        "{share} of it is at providers' prices, the rest at exchange prices; the oldest supply was {age} old{stale}.",
        share=share,
        age=age,
        stale=stale,
    )


def _index(marts: Marts) -> Sentence | Unknown:
    week = marts.week
    end = marts.row("index_levels_daily", index_id="top30", market_date=week.last_day)
    start = marts.row("index_levels_daily", index_id="top30", market_date=week.day_before)
    level = end.figure("level")
    if not level.is_known:
        return unknown("top30", "The top-30 index", level, "it begins on the first day with enough eligible assets")
    monday = marts.weekly("index_returns_weekly", index_id="top30").figure("return_pct")
    before = start.figure("level")
    if not monday.is_known:
        return say(
            "top30",
            "The top-30 index closed at {level}, after {before} a week before."
            if start.exists
            else "The top-30 index closed at {level}.",
            level=level,
            before=before,
        )
    return say(
        "top30",
        "The top-30 index returned {monday} and closed at {level}, after {before} a week before."
        if start.exists
        else "The top-30 index returned {monday} and closed at {level}.",
        monday=show(monday, signed=True),
        level=level,
        before=before,
    )


def _index_friday(marts: Marts) -> list[Sentence]:
    friday = marts.weekly("index_returns_weekly", window_id="fri_fri", index_id="top30").figure("return_pct")
    if not friday.is_known:
        return []
    return [say("top30_friday", "Friday–Friday the top-30 index returned {friday}.", friday=show(friday, signed=True))]


def _bitcoin(marts: Marts) -> Sentence | Unknown:
    week = marts.week
    end = marts.row("prices_hourly", asset_id="bitcoin", price_at=midnight(week.end))
    start = marts.row("prices_hourly", asset_id="bitcoin", price_at=midnight(week.start))
    price = end.figure("reference_price_usd")
    if not price.is_known:
        return unknown("bitcoin", "Bitcoin's price at the end of the week", price, "no reference instrument had it")
    weekly = marts.weekly("universe_weekly", asset_id="bitcoin").figure("return_pct")
    begun = compose(", from {before}", before=start.figure("reference_price_usd"))
    returned = compose(" ({weekly})", weekly=show(weekly, signed=True))
    return say(
        "bitcoin",
        "Bitcoin ended the week at {price}{begun}{returned}.",
        price=price,
        begun=begun if start.exists else (),
        returned=returned if weekly.is_known else (),
    )


def _ranks(marts: Marts) -> list[Sentence]:
    """Which ranks did best and worst, in both windows: a week may say one thing to Monday and another to Friday."""
    said: list[Sentence] = []
    ends: tuple[str, str] | None = None
    for window, name in WINDOWS.items():
        rows = [
            r for r in marts.weekly_rows("bucket_returns_weekly", window_id=window) if r.text("rank_bucket") != "all"
        ]
        order = ranked(rows, "return_cap_weighted_pct")
        if len(order) < 2:
            continue
        best, worst = order[0], order[-1]
        found = (best.text("rank_bucket"), worst.text("rank_bucket"))
        said.append(
            say(
                f"bucket_ends_{window}",
                "{window}, ranks {best} did best at {best_return} and ranks {worst} worst at {worst_return} "
                "(cap-weighted)."
                if ends is None
                else "{window} the order was the same: ranks {best} best at {best_return}, ranks {worst} worst at "
                "{worst_return}."
                if found == ends
                else "{window} the order was reversed: ranks {best} best at {best_return}, ranks {worst} worst at "
                "{worst_return}."
                if found == ends[::-1]
                else "{window} the order differed: ranks {best} best at {best_return}, ranks {worst} worst at "
                "{worst_return}.",
                window=name,
                best=words(best.figure("rank_bucket")),
                best_return=show(best.figure("return_cap_weighted_pct"), signed=True),
                worst=words(worst.figure("rank_bucket")),
                worst_return=show(worst.figure("return_cap_weighted_pct"), signed=True),
            ).claiming(*extremes("returns by rank", order, "rank_bucket", "return_cap_weighted_pct"))
        )
        ends = ends or found
    return said


def _days(marts: Marts) -> Table | None:
    rows: list[tuple[Printed | str, ...]] = []
    for day in marts.week.days:
        index = marts.row("index_levels_daily", index_id="top30", market_date=day)
        cap = marts.row("market_cap_daily", market_date=day)
        source = index if index.exists else cap
        if not source.exists:
            continue
        rows.append(
            (
                show(source.figure("market_date")),
                show(index.figure("level")),
                show(index.figure("return_1d_pct"), signed=True),
                show(cap.figure("total_market_cap_usd")),
            )
        )
    if not rows:
        return None
    return Table(
        id="days",
        title="Day by day",
        caption=compose("The top-30 index and the total market cap at the end of each day (UTC)."),
        columns=(
            Column("Day", is_number=False),
            Column("Top-30 index"),
            Column("Return of the day", has_bar=True),
            Column("Total market cap"),
        ),
        rows=tuple(rows),
    )


def _buckets(marts: Marts) -> list[Table]:
    return tables_by_window(
        "bucket_returns",
        "Returns by rank",
        lambda window: compose("{window}; ranks and weights as of the window's start.", window=window),
        (
            Show("rank_bucket", "Ranks", is_word=True),
            Show("return_cap_weighted_pct", "Cap-weighted", is_signed=True, has_bar=True),
            Show("return_equal_weighted_pct", "Equal-weighted", is_signed=True),
            Show("return_median_pct", "Median", is_signed=True),
            Show("share_negative_pct", "Share negative"),
            Show("n_assets", "Assets"),
        ),
        lambda window: marts.weekly_rows("bucket_returns_weekly", window_id=window),
    )
