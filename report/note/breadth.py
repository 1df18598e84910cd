"""Facts of prices across the market: the index, who fell and who did not, how alike they moved, and how much."""

from collections.abc import Sequence

from report.consistency import Direction, Equal, extremes
from report.figures import Figure
from report.formatting import magnitude, percentile, show, whole, words
from report.marts import Marts, Row, ranked
from report.note.fact import MOST_BITS, WEEKLY_SD_PCT, Clause, Fact, bits_of_absence, bits_of_percentile
from report.text import Fragment, Part, Unknown, compose, say, series, unknown
from report.votes import dimension


def facts(marts: Marts) -> list[Fact | Unknown]:
    """What can be told, in no order, and what is not known."""
    told = (_market, _assets, _sectors, _correlation, _volatility, _dispersion)
    return [fact for facts_of in told for fact in facts_of(marts)]


def _market(marts: Marts) -> list[Fact | Unknown]:
    index = marts.weekly("index_returns_weekly", index_id="top30").figure("return_pct")
    bitcoin = marts.weekly("universe_weekly", asset_id="bitcoin").figure("return_pct")
    cap = marts.row("market_cap_daily", market_date=marts.week.last_day).figure("total_market_cap_usd")
    price = marts.headline("btc_price_usd").figure("value", "USD per coin")
    if not index.is_known and not bitcoin.is_known:
        return [
            unknown("note_market", "The top-30 index", index, "it begins on the first day with enough eligible assets")
        ]
    closed = compose(" (to {price})", price=price) if price.is_known else ()
    total = compose("; total market cap {cap}", cap=cap) if cap.is_known else ()
    parts: dict[str, Part] = {"bitcoin": show(bitcoin, signed=True), "price": closed, "total": total}
    sentence = (
        say(
            "note_market",
            "The top-30 index returned {index} and Bitcoin {bitcoin}{price}{total}.",
            index=show(index, signed=True),
            **parts,
        )
        if index.is_known
        else say("note_market", "Bitcoin returned {bitcoin}{price}{total}.", **parts)
    )
    # The market comes first whatever the week was.
    return [Fact(sentence, MOST_BITS, weight=2)]


def _assets(marts: Marts) -> list[Fact]:
    metric = marts.headline("share_of_assets_negative_pct")
    fell, rows = metric.figure("value", "percent"), marts.weekly_rows("bucket_returns_weekly")
    by_bucket = {row.text("rank_bucket"): row.figure("return_cap_weighted_pct") for row in rows}
    top, tail = by_bucket.get("1-10"), by_bucket.get("51-100")
    if fell.number is None or top is None or tail is None or not (top.is_known and tail.is_known):
        return []
    bits = max(bits_of_percentile(metric.figure("percentile_365d")), abs(fell.number - 50) / 20)
    if fell.number == 100:
        sentence = say(
            "note_assets",
            "All of the top 100 fell: the top 10 by {top}, ranks 51–100 by {tail}.",
            top=magnitude(top),
            tail=magnitude(tail),
        ).claiming(Equal(fell, 100.0), *(Direction(part, is_rise=False) for part in (top, tail)))
    elif fell.number == 0:
        sentence = say(
            "note_assets",
            "All of the top 100 gained: the top 10 {top}, ranks 51–100 {tail}.",
            top=show(top, signed=True),
            tail=show(tail, signed=True),
        ).claiming(Equal(fell, 0.0), *(Direction(part, is_rise=True) for part in (top, tail)))
    else:
        sentence = say(
            "note_assets",
            "{fell} of the top 100 fell; the top 10 returned {top}, ranks 51–100 {tail}.",
            fell=whole(fell, "percent"),
            top=show(top, signed=True),
            tail=show(tail, signed=True),
        )
    return [Fact(sentence, min(bits, MOST_BITS), weight=0.6)]


def _sectors(marts: Marts) -> list[Fact | Unknown]:
    rows = ranked(marts.weekly_rows("sector_returns_weekly"), "rank", highest_first=False)
    if len(rows) < 2:
        missing = marts.absent("sector_returns_weekly").figure("rank")
        return [unknown("note_sectors", "Sector returns", missing, "no sector has enough eligible assets for a rank")]
    best, worst = rows[0], rows[-1]
    claims = extremes("sector returns", rows, "sector", "return_cap_weighted_pct")
    best_return, worst_return = (row.figure("return_cap_weighted_pct").number or 0.0 for row in (best, worst))
    share = marts.headline("sector_dispersion_pp").figure("percentile_365d")
    bits = max(bits_of_percentile(share), (best_return - worst_return) / WEEKLY_SD_PCT)
    if best_return < 0:
        sentence = say(
            "note_sectors",
            "Every ranked sector fell, led by {leaders}; {last} held up best at {last_return}.",
            leaders=_leaders(rows[::-1][:3]),
            **_named("last", best),
        )
        breadth = dimension(marts, "breadth")
        is_told = breadth is not None and breadth.is_news and breadth.level < 0
        clause = Clause(compose("every sector falls"), -1) if is_told else None
        return [Fact(sentence.claiming(*claims), min(bits + 1, MOST_BITS), weight=1.5, clause=clause)]
    if worst_return > 0:
        sentence = say(
            "note_sectors",
            "Every ranked sector gained, led by {leaders}; {last} lagged at {last_return}.",
            leaders=_leaders(rows[:3]),
            **_named("last", worst),
        )
        clause = Clause(compose("every sector gains"), 1)
        return [Fact(sentence.claiming(*claims), min(bits + 1, MOST_BITS), weight=1.5, clause=clause)]
    sentence = say(
        "note_sectors",
        "{best} led the sectors at {best_return}; {worst} came last at {worst_return}.",
        **_named("best", best),
        **_named("worst", worst),
    )
    return [Fact(sentence.claiming(*claims), min(bits, MOST_BITS), weight=1.5)]


def _named(name: str, row: Row) -> dict[str, tuple[Fragment, ...]]:
    return {
        name: (words(row.figure("sector")),),
        f"{name}_return": (show(row.figure("return_cap_weighted_pct"), signed=True),),
    }


def _leaders(rows: Sequence[Row]) -> tuple[Fragment, ...]:
    return series(
        [
            compose(
                "{sector} ({returned})",
                sector=words(row.figure("sector")),
                returned=show(row.figure("return_cap_weighted_pct"), signed=True),
            )
            for row in rows
        ]
    )


def _mean(marts: Marts, bucket: str) -> Figure:
    row = marts.weekly("bucket_correlation_weekly", horizon="7d", rank_bucket=bucket)
    return row.figure("average_pairwise_correlation")


def _correlation(marts: Marts) -> list[Fact]:
    gap = marts.weekly("correlation_gap_weekly", horizon="7d")
    top, tail, everything = (_mean(marts, bucket) for bucket in ("1-10", "51-100", "all"))
    difference = gap.figure("top10_minus_tail", "correlation")
    metric = marts.headline("correlation_gap_7d")
    if gap.text("is_significant") == "True" and top.is_known and tail.is_known and difference.number:
        parts: dict[str, Part] = {"top": top, "tail": tail}
        sentence = say(
            "note_correlation",
            "The top 10 moved more closely together ({top}) than ranks 51–100 ({tail}), a significant gap."
            if difference.number > 0
            else "Ranks 51–100 moved more closely together ({tail}) than the top 10 ({top}), a significant gap.",
            **parts,
        ).claiming(Direction(difference, is_rise=difference.number > 0))
        return [Fact(sentence, max(bits_of_percentile(metric.figure("percentile_365d")), bits_of_absence(metric), 2.0))]
    if not everything.is_known:
        return []
    place = marts.headline("correlation_all_7d").figure("percentile_365d")
    sentence = say(
        "note_correlation",
        "Average correlation in the top 100 was {mean}, the {place} of its year; no gap between the top 10 and the "
        "tail is significant."
        if place.is_known
        else "Average correlation in the top 100 was {mean}; no gap between the top 10 and the tail is significant.",
        mean=everything,
        place=percentile(place),
    )
    return [Fact(sentence, max(bits_of_percentile(place), 0.5))]


def _volatility(marts: Marts) -> list[Fact]:
    day = marts.row("realised_volatility_daily", asset_id="bitcoin", market_date=marts.week.last_day)
    daily, hourly = day.figure("rv_7d_daily_pct"), day.figure("rv_7d_pct")
    metric = marts.headline("btc_rv_7d_daily_pct")
    place, before = metric.figure("percentile_365d"), metric.figure("previous_value", "percent")
    if not (daily.is_known and hourly.is_known):
        return []
    parts: dict[str, Part] = {"daily": daily, "hourly": hourly}
    if before.number is None or daily.number is None or show(before).text == show(daily).text:
        sentence = say(
            "note_volatility",
            "Bitcoin's realised volatility was {daily} on daily returns, {hourly} on hourly ones.",
            **parts,
        )
    else:
        is_rise = daily.number > before.number
        sentence = say(
            "note_volatility",
            "Bitcoin's realised volatility was {daily} on daily returns ({hourly} on hourly ones), up from {before}."
            if is_rise
            else "Bitcoin's realised volatility was {daily} on daily returns ({hourly} on hourly ones), down from "
            "{before}.",
            before=before,
            **parts,
        ).claiming(Direction(metric.figure("change"), is_rise=is_rise))
    state = dimension(marts, "volatility")
    is_stressed = state is not None and state.is_news and state.level >= 2
    clause = Clause(compose("volatility jumps to {daily}", daily=daily), -1) if is_stressed else None
    return [Fact(sentence, bits_of_percentile(place), weight=0.8, clause=clause)]


def _dispersion(marts: Marts) -> list[Fact]:
    row = marts.weekly("sector_dispersion_weekly")
    spread, place = row.figure("dispersion_pp"), row.figure("percentile_104w")
    if not (spread.is_known and place.is_known):
        return []
    sentence = say(
        "note_dispersion",
        "Sector dispersion was {spread}, the {place} of two years.",
        spread=spread,
        place=percentile(place),
    )
    return [Fact(sentence, bits_of_percentile(place), weight=0.7)]
