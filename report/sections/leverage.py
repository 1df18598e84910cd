"""Leverage: what longs pay (funding) and how much is open (open interest)."""

from report.consistency import Sum, extremes
from report.document import Section, Table
from report.formatting import show, words
from report.marts import Marts, Row, ranked
from report.sections.since import since
from report.sections.tables import Show, table_of, tables_by_window
from report.text import Day, Fragment, Sentence, Unknown, compose, counted, say, unknown

FUNDED = ("bitcoin", "ethereum", "ALL")
OI_BUCKETS = ("all", "majors", "large", "mid", "long_tail")
WEIGHTING = {"open_interest": "weighted by open interest", "equal": "equal weights, as open interest is missing"}

EFFECTS = ("price", "position", "listing", "coverage")


def section(marts: Marts) -> Section:
    """Funding first, then open interest."""
    said = [
        _funding(marts),
        *_run(marts),
        _funding_market(marts),
        *_open_interest(marts),
        *since(marts, "leverage"),
        _positioning(marts),
        _liquidations(marts),
    ]
    unknowns = tuple(s for s in said if isinstance(s, Unknown))
    change = _change_table(marts)
    return Section(
        id="leverage",
        title="Leverage",
        sentences=tuple(s.brief if isinstance(s, Unknown) else s for s in said),
        tables=(*_funding_tables(marts), *(() if change is None else (change,))),
        unknowns=unknowns,
        note=compose(
            "Funding is annualised from each settlement's own interval and averaged over the hours; neutral is 0.01% "
            "per 8 "
            "hours, 10.95% a year. The change in open interest is split into prices, positions, listings and "
            "coverage: a "
            "venue that falls silent is not money leaving."
        ),
        on_demand=tuple(_funding_friday(marts)),
    )


def _funding(marts: Marts) -> Sentence | Unknown:
    monday = marts.weekly("funding_weekly", asset_id="bitcoin")
    rate = monday.figure("funding_rate_annualised_pct")
    if not rate.is_known:
        return unknown(
            "funding_bitcoin", "Bitcoin's funding rate", rate, "no settlement with a known interval in the week"
        )
    return say(
        "funding_bitcoin",
        "Bitcoin's funding averaged {rate} a year ({weighting}); it was negative for {negative}, {run} of them in a "
        "row.",
        rate=show(rate, signed=True),
        weighting=_weighting(monday),
        negative=monday.figure("negative_hours"),
        run=monday.figure("longest_negative_run_hours"),
    )


def _funding_friday(marts: Marts) -> list[Sentence]:
    friday = marts.weekly("funding_weekly", window_id="fri_fri", asset_id="bitcoin").figure(
        "funding_rate_annualised_pct"
    )
    if not friday.is_known:
        return []
    return [
        say(
            "funding_bitcoin_friday",
            "Friday–Friday Bitcoin's funding averaged {rate} a year.",
            rate=show(friday, signed=True),
        )
    ]


def _funding_market(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("funding_weekly", asset_id="ALL")
    rate = row.figure("funding_rate_annualised_pct")
    if not rate.is_known:
        return unknown("funding_market", "Market-wide funding", rate, "no settlement with a known interval")
    return say(
        "funding_market",
        "Across the market funding averaged {rate} a year ({weighting}), {median} for the median asset; {below} of the "
        "weight was below neutral and {negative} below zero.",
        rate=show(rate, signed=True),
        weighting=_weighting(row),
        median=show(row.figure("median_across_assets_pct"), signed=True),
        below=row.figure("share_below_neutral_pct"),
        negative=row.figure("share_of_open_interest_negative_pct"),
    )


def _run(marts: Marts) -> list[Sentence]:
    """Since when Bitcoin's funding has been negative, and when it last was for as long."""
    row = marts.headline("btc_funding_annualised_pct")
    as_long = row.figure("longest_run_since_date")
    if row.figure("side").number != -1 or not as_long.is_known:
        return []
    return [
        say(
            "funding_run",
            "By the day, Bitcoin's funding has been negative since {began}, the longest run since the one that ended "
            "on "
            "{as_long}.",
            began=row.figure("run_began_on"),
            as_long=as_long,
        )
    ]


def _weighting(row: Row) -> tuple[Fragment, ...]:
    weighting = row.figure("weighting")
    if weighting.value in WEIGHTING:
        return compose(WEIGHTING[str(weighting.value)])
    return compose("weighting: {weighting}", weighting=words(weighting))


def _open_interest(marts: Marts) -> list[Sentence | Unknown]:
    return [said for said in (_level(marts), _change(marts), _positions(marts)) if said is not None]


def _level(marts: Marts) -> Sentence | Unknown | None:
    day = marts.row("open_interest_market_daily", market_date=marts.week.last_day)
    total = day.figure("total_usd")
    if not total.is_known:
        if not marts.weekly("open_interest_change_weekly", oi_bucket="all").exists:
            # The change over the week, missed just below, tells the reader the same.
            return None
        return unknown(
            "open_interest_level", "Open interest at the end of the week", total, "no observation close enough to it"
        )
    peak = marts.highest("open_interest_market_daily", "total_like_for_like_usd", until=marts.week.last_day)
    return say(
        "open_interest_level",
        "Perpetual open interest was {total} across {n_venues} at the end of {day}, {share} of market cap ex "
        "stablecoins.{highest}",
        total=total,
        n_venues=counted(day.figure("n_venues"), "{count} venue", "{count} venues"),
        day=Day(marts.week.last_day, with_weekday=True),
        share=day.figure("to_market_cap_pct"),
        highest=compose(
            " Like for like, its high on record was {peak} on {peak_day}.",
            peak_day=peak.figure("market_date"),
            peak=peak.figure("total_like_for_like_usd"),
        )
        if peak.exists
        else (),
    )


def _change(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    start, end = row.figure("start_usd"), row.figure("end_usd")
    if not (start.is_known and end.is_known):
        missing = end if not end.is_known else start
        first = marts.first("open_interest_market_daily", "total_usd").figure("market_date")
        if not first.is_known:
            return unknown("open_interest_change", "Open interest over the week", missing, "none was observed at all")
        if first.value is not None and str(first.value) > str(marts.week.start):
            return unknown(
                "open_interest_change",
                "Open interest over the week",
                missing,
                "none was observed before {first}",
                first=first,
            )
        return unknown(
            "open_interest_change", "Open interest over the week", missing, "no observation at both its ends"
        )
    scale = start.number
    return say(
        "open_interest_change",
        "Over the week it went from {start} to {end}, a change of {change}: prices {price}, positions {position}, "
        "listings "
        "and delistings {listing}, coverage {coverage}.",
        start=show(start, scale_of=scale),
        end=show(end, scale_of=scale),
        change=show(row.figure("change_usd"), signed=True, scale_of=scale),
        price=show(row.figure("price_effect_usd"), signed=True, scale_of=scale),
        position=show(row.figure("position_effect_usd"), signed=True, scale_of=scale),
        listing=show(row.figure("listing_effect_usd"), signed=True, scale_of=scale),
        coverage=show(row.figure("coverage_effect_usd"), signed=True, scale_of=scale),
    ).claiming(
        Sum(row.figure("end_usd"), (row.figure("start_usd"), row.figure("change_usd"))),
        Sum(row.figure("change_usd"), tuple(row.figure(f"{effect}_effect_usd") for effect in EFFECTS)),
    )


def _positions(marts: Marts) -> Sentence | None:
    buckets = [r for r in marts.weekly_rows("open_interest_change_weekly") if r.text("oi_bucket") != "all"]
    by_effect = ranked(buckets, "position_effect_usd", highest_first=False)
    if len(by_effect) < 2:
        return None
    least, most = by_effect[0], by_effect[-1]
    scale = least.figure("position_effect_usd").number
    return say(
        "open_interest_positions",
        "By size, the position effect was lowest in {least} ({least_effect}) and highest in {most} ({most_effect}).",
        least=words(least.figure("oi_bucket")),
        least_effect=show(least.figure("position_effect_usd"), signed=True, scale_of=scale),
        most=words(most.figure("oi_bucket")),
        most_effect=show(most.figure("position_effect_usd"), signed=True, scale_of=scale),
    ).claiming(*extremes("position effects by size", by_effect, "oi_bucket", "position_effect_usd"))


def _positioning(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("positioning_weekly", window_id=None, asset_id="bitcoin")
    ratio = row.figure("long_short_account_ratio")
    if not ratio.is_known:
        return unknown(
            "positioning", "Long and short accounts in Bitcoin", ratio, "no venue published a count for the week"
        )
    return say(
        "positioning",
        "{ratio} Bitcoin accounts were long for each one short, at {n_venues}. Longs always equal shorts in size: "
        "a net short is only inferred from the price of leverage.",
        ratio=ratio,
        n_venues=counted(row.figure("n_venues"), "{count} venue", "{count} venues"),
    )


def _liquidations(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("liquidations_weekly", window_id=None, asset_id="ALL")
    long, short, status = (row.figure(column) for column in ("long_usd", "short_usd", "status"))
    if not long.is_known:
        return unknown("liquidations", "Liquidations", long, "no venue that publishes them answered")
    return say(
        "liquidations",
        "Liquidations: {long} of longs and {short} of shorts, {share} of open interest at the start ({status}: "
        "{n_venues} "
        "publish them).",
        long=long,
        short=short,
        share=row.figure("to_open_interest_pct"),
        status=words(status),
        n_venues=counted(row.figure("n_venues"), "{count} venue", "{count} venues"),
    )


def _funding_tables(marts: Marts) -> list[Table]:
    def rows(window: str) -> list[Row]:
        found = (marts.weekly("funding_weekly", window_id=window, asset_id=name) for name in FUNDED)
        return [row for row in found if row.exists]

    return tables_by_window(
        "funding",
        "Funding",
        lambda window: compose(
            "{window}, annualised; hours below zero; ALL is every perpetual with settlements.", window=window
        ),
        (
            Show("asset_id", "Asset", is_word=True),
            Show("funding_rate_annualised_pct", "A year", is_signed=True, has_bar=True),
            Show("weighting", "Weighting", is_word=True),
            Show("median_across_assets_pct", "Median asset", is_signed=True),
            Show("negative_hours", "Negative"),
            Show("longest_negative_run_hours", "Longest run"),
            Show("n_venues", "Venues"),
            Show("n_settlements", "Settlements"),
            Show("coverage_pct", "Coverage"),
        ),
        rows,
    )


def _change_table(marts: Marts) -> Table | None:
    found = {row.text("oi_bucket"): row for row in marts.weekly_rows("open_interest_change_weekly")}
    rows = [found[bucket] for bucket in OI_BUCKETS if bucket in found]
    if not rows:
        return None
    return table_of(
        "open_interest_change",
        "Open interest and what changed it",
        compose(
            "Monday–Monday, by rank at the start: majors are Bitcoin and Ether, large caps the rest of ranks 1–10, "
            "mid caps "
            "ranks 11–50, the long tail everything after. The four effects add up to the change."
        ),
        (
            Show("oi_bucket", "Bucket", is_word=True),
            Show("start_usd", "Start"),
            Show("end_usd", "End"),
            Show("change_usd", "Change", is_signed=True, has_bar=True),
            Show("price_effect_usd", "Prices", is_signed=True),
            Show("position_effect_usd", "Positions", is_signed=True),
            Show("listing_effect_usd", "Listings", is_signed=True),
            Show("coverage_effect_usd", "Coverage", is_signed=True),
        ),
        rows,
    )
