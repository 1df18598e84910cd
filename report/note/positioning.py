"""Facts of positioning and flow: what is open, what it costs to hold, and who trades."""

from datetime import date

from report.consistency import Direction, Extreme, figures
from report.figures import Figure
from report.formatting import in_unit, magnitude, near_day, near_month, percentile, show
from report.marts import Marts, Row, ranked
from report.note.fact import Clause, Fact, bits_of_absence, bits_of_percentile, bits_of_sds
from report.text import Claim, Fragment, Part, Unknown, compose, say, unknown
from report.votes import Backed, dimension

# A bucket that holds less of the positions closed or opened is not where it happened.
LEAST_SHARE = 0.35
# What was so less than three weeks ago is not told as the first since then.
LONG_AGO_DAYS = 21
BUCKETS = {"majors": "majors", "large": "large caps", "mid": "mid caps", "long_tail": "the long tail"}


def facts(marts: Marts) -> list[Fact | Unknown]:
    """What can be told, in no order, and what is not known."""
    return [
        *_open_interest(marts),
        *_bitcoin_funding(marts),
        *_market_funding(marts),
        *_flow(marts),
        *_liquidations(marts),
    ]


def _open_interest(marts: Marts) -> list[Fact | Unknown]:
    row = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    change, position, end = (row.figure(c) for c in ("change_usd", "position_effect_usd", "end_usd"))
    if change.number is None or position.number is None or not end.is_known:
        return [unknown("note_open_interest", "Open interest", end, "no observation at both ends of the week")]
    is_rise, is_built = change.number > 0, position.number > 0
    price = row.figure("price_effect_usd")
    parts: dict[str, Part] = {"change": magnitude(change), "end": show(end), "high": _high(marts)}
    if not (is_rise or is_built) and (price.number or 0.0) < 0:
        sentence = say(
            "note_open_interest",
            "Open interest fell {change} to {end}: {positions} of positions were closed{bucket}, and lower prices took "
            "{price}.{high}",
            positions=magnitude(position),
            bucket=_largest(marts, is_built, is_signed=False),
            price=magnitude(price),
            **parts,
        ).claiming(Direction(price, is_rise=False))
    else:
        sentence = say(
            "note_open_interest",
            "Open interest rose {change} to {end}: positions {positions}{bucket}, prices {price}.{high}"
            if is_rise
            else "Open interest fell {change} to {end}: positions {positions}{bucket}, prices {price}.{high}",
            positions=show(position, signed=True),
            bucket=_largest(marts, is_built, is_signed=True),
            price=show(price, signed=True),
            **parts,
        )
    claims: list[Claim] = [Direction(change, is_rise=is_rise), Direction(position, is_rise=is_built)]
    place = marts.headline("position_effect_usd").figure("percentile_365d")
    evidence = marts.weekly(
        "regime_evidence_weekly", window_id=None, dimension="leverage", evidence_id="leverage_flow"
    ).figure("value")
    bits = max(bits_of_percentile(place), bits_of_sds(evidence.number or 0.0))
    clause = Clause(_leaving(marts, position, is_built=is_built), 1 if is_built else -1)
    return [Fact(sentence.claiming(*claims, *_ends(marts, is_built)), bits, weight=1.5, clause=clause)]


def _by_positions(marts: Marts, is_built: bool) -> list[Row]:
    """The buckets in order of their position effect, the largest of the sign first."""
    rows = [row for row in marts.weekly_rows("open_interest_change_weekly") if row.text("oi_bucket") in BUCKETS]
    return ranked(rows, "position_effect_usd", highest_first=is_built)


def _main_bucket(marts: Marts, is_built: bool) -> Row | None:
    """The bucket where most of it happened, if one stands out."""
    rows = _by_positions(marts, is_built)
    numbers = [row.figure("position_effect_usd").number or 0.0 for row in rows]
    same = sum(number for number in numbers if (number > 0) == is_built)
    return rows[0] if len(rows) > 1 and same and numbers[0] / same >= LEAST_SHARE else None


def _ends(marts: Marts, is_built: bool) -> list[Extreme]:
    row, among = _main_bucket(marts, is_built), figures(_by_positions(marts, is_built), "position_effect_usd")
    if row is None:
        return []
    value = row.figure("position_effect_usd")
    return [Extreme("position effect", "highest" if is_built else "lowest", row.text("oi_bucket"), value, among)]


def _largest(marts: Marts, is_built: bool, *, is_signed: bool) -> tuple[Fragment, ...]:
    row = _main_bucket(marts, is_built)
    if row is None:
        return ()
    amount = row.figure("position_effect_usd")
    return compose(
        " ({amount} in {bucket})",
        bucket=compose(BUCKETS[row.text("oi_bucket")]),
        amount=show(amount, signed=True) if is_signed else magnitude(amount),
    )


def _leaving(marts: Marts, position: Figure, *, is_built: bool) -> tuple[Fragment, ...]:
    row = _main_bucket(marts, is_built)
    if row is None:
        return compose(
            "traders add {positions} of positions" if is_built else "traders close {positions} of positions",
            positions=magnitude(position),
        )
    return compose(
        "leverage builds in {bucket}" if is_built else "leverage leaves {bucket}",
        bucket=compose(BUCKETS[row.text("oi_bucket")]),
    )


def _high(marts: Marts) -> tuple[Fragment, ...]:
    """The highest day on record, like for like, where it is not this week's."""
    peak = marts.highest("open_interest_market_daily", "total_like_for_like_usd", until=marts.week.last_day)
    day = peak.figure("market_date")
    if not isinstance(day.value, date) or day.value >= marts.week.start:
        return ()
    return compose(
        " Its record here is {peak}, on {day}.",
        peak=peak.figure("total_like_for_like_usd"),
        day=near_day(day, marts.week.last_day),
    )


def _bitcoin_funding(marts: Marts) -> list[Fact | Unknown]:
    rate = marts.weekly("funding_weekly", asset_id="bitcoin").figure("funding_rate_annualised_pct")
    if not rate.is_known:
        return [unknown("note_funding", "Bitcoin funding", rate, "no settlement with a known interval in the week")]
    row = marts.headline("btc_funding_annualised_pct")
    last, place, side = (row.figure(c) for c in ("value", "percentile_365d", "side"))
    bits = max(bits_of_percentile(place), bits_of_absence(row))
    averaged = show(rate, signed=True)
    if side.number == -1 and last.is_known:
        since = row.figure("longest_run_since_date")
        parts: dict[str, Part] = {"last": in_unit(last, row.text("unit"), signed=True), "averaged": averaged}
        turned = _began_this_week(marts, row)
        if _is_long_ago(marts, since):
            sentence = say(
                "note_funding",
                "Bitcoin funding averaged {averaged} annualised and ended the week at {last}: negative since {began}, "
                "its longest such run since the one that ended on {since}.",
                began=near_day(row.figure("run_began_on"), marts.week.last_day),
                since=near_day(since, marts.week.last_day),
                **parts,
            )
        else:
            sentence = say(
                "note_funding",
                "Bitcoin funding turned negative: it averaged {averaged} annualised and ended the week at {last}."
                if turned
                else "Bitcoin funding stayed negative: it averaged {averaged} annualised and ended the week at {last}.",
                **parts,
            )
        clause = Clause(compose("Bitcoin funding turns negative"), -1) if turned else None
        return [Fact(sentence.claiming(Direction(last, is_rise=False)), bits, clause=clause)]
    if place.is_known and last.is_known:
        sentence = say(
            "note_funding",
            "Bitcoin funding averaged {averaged} annualised and ended the week at {last}, the {place} of its year.",
            averaged=averaged,
            last=in_unit(last, row.text("unit"), signed=True),
            place=percentile(place),
        )
    else:
        sentence = say("note_funding", "Bitcoin funding averaged {averaged} annualised.", averaged=averaged)
    return [Fact(sentence, bits)]


def _began_this_week(marts: Marts, row: Row) -> bool:
    began = row.figure("run_began_on").value
    return isinstance(began, date) and began >= marts.week.start


def _is_long_ago(marts: Marts, since: Figure) -> bool:
    return isinstance(since.value, date) and (marts.week.last_day - since.value).days >= LONG_AGO_DAYS


def _market_funding(marts: Marts) -> list[Fact]:
    week = marts.weekly("funding_weekly", asset_id="ALL")
    rate, share = week.figure("funding_rate_annualised_pct"), week.figure("share_of_open_interest_negative_pct")
    if not (rate.is_known and share.is_known):
        return []
    row = marts.headline("market_funding_annualised_pct")
    since = row.figure("first_since_date")
    bits = bits_of_percentile(row.figure("percentile_365d"))
    is_first = row.figure("side").number == -1 and _began_this_week(marts, row) and _is_long_ago(marts, since)
    # What the share is of is what the rates are weighted by.
    is_by_interest = week.text("weighting") == "open_interest"
    negative = compose(
        "funding was negative on {share} of open interest" if is_by_interest else "{share} of the hours were negative",
        share=share,
    )
    parts: dict[str, Part] = {"rate": show(rate, signed=True), "negative": negative}
    if is_first:
        sentence = say(
            "note_market_funding",
            "Across all perpetuals funding averaged {rate} and ended below zero for the first time since {month}; "
            "{negative}.",
            month=near_month(since, marts.week.last_day),
            **parts,
        ).claiming(Direction(row.figure("value"), is_rise=False))
        return [Fact(sentence, max(bits, bits_of_absence(row)), weight=0.7)]
    sentence = say("note_market_funding", "Across all perpetuals funding averaged {rate}; {negative}.", **parts)
    return [Fact(sentence, bits, weight=0.6)]


def _flow(marts: Marts) -> list[Fact | Unknown]:
    row = marts.weekly("spot_perp_volume_weekly")
    share, against = row.figure("spot_share_pct"), row.figure("spot_volume_vs_4w_pct")
    metric = marts.headline("spot_share_pct")
    before = metric.figure("previous_value", "percent")
    if not share.is_known:
        return [unknown("note_flow", "Spot against perpetual volume", share, "no venue offered an asset both ways")]
    bits = max(bits_of_percentile(metric.figure("percentile_365d")), 1.0)
    volume = (
        compose(
            "; spot volume was {against} above its four-week average"
            if (against.number or 0) >= 0
            else "; spot volume was {against} below its four-week average",
            against=magnitude(against),
        )
        if against.is_known
        else ()
    )
    sentence = say(
        "note_flow",
        "Spot took {share} of volume, after {before} the week before{volume}."
        if before.is_known
        else "Spot took {share} of volume{volume}.",
        share=share,
        before=before,
        volume=volume,
    )
    if against.number:
        sentence = sentence.claiming(Direction(against, is_rise=against.number > 0))
    flow = dimension(marts, "flow")
    if flow is None or not flow.is_news or not flow.level:
        return [Fact(sentence, bits, weight=0.8)]
    clause = Clause(compose("trading moves to spot" if flow.level > 0 else "trading moves to perpetuals"), 0)
    return [Fact(sentence.claiming(Backed(flow)), bits, weight=0.8, clause=clause)]


def _liquidations(marts: Marts) -> list[Fact]:
    row = next(
        (r for r in marts.weekly_rows("liquidations_weekly", window_id=None) if r.text("asset_id") == "ALL"), None
    )
    if row is None or row.text("status") != "complete":
        return []
    long, short = row.figure("long_usd"), row.figure("short_usd")
    if not (long.is_known and short.is_known):
        return []
    sentence = say(
        "note_liquidations", "{long} of longs and {short} of shorts were liquidated.", long=long, short=short
    )
    return [Fact(sentence, 1.0, weight=0.8)]
