"""The headline: what prices did, and what stands out beside it; then what it means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from report.consistency import Below, Direction, Equal, FirstSince
from report.figures import Figure
from report.formatting import as_level, magnitude, near_month, show, spelled, whole, words
from report.marts import Marts, Row
from report.note.fact import MOST_BITS, WEEKLY_SD_PCT, Fact, bits_of_absence, bits_of_percentile
from report.sections.since import LISTED, is_at_list_prices
from report.text import Claim, Fragment, Part, Sentence, Unknown, compose, say, series
from report.votes import STATES, UNDECIDED, fits

# A smaller move is no direction.
FLAT_PCT = 1.0
# A worst or best week of less than two months is not worth a headline.
LEAST_WEEKS = 8
# A clause less unusual than one week in four makes no headline.
LEAST_CLAUSE_BITS = 2.0
# The levels that people watch, with how much they care for each.
LEVELS = {"total_market_cap_usd": 1.3, "btc_price_usd": 1.2}


@dataclass(frozen=True)
class Move:
    """What prices did: in words, whether up or down, how unusual, and what the words claim."""

    text: tuple[Fragment, ...]
    tone: int
    score: float
    claims: tuple[Claim, ...] = ()


def headline(marts: Marts, facts: Sequence[Fact | Unknown]) -> Sentence:
    """What prices did, as or even as what was most unusual beside it."""
    moves = [*_crossings(marts), *_returns(marts)]
    if not moves:
        missing = marts.weekly("index_returns_weekly", index_id="top30").figure("return_pct")
        return say("headline", "Crypto's week: {missing}", missing=missing)
    move = max(moves, key=lambda m: m.score)
    beside = [f for f in facts if isinstance(f, Fact) and f.clause is not None and f.surprise_bits >= LEAST_CLAUSE_BITS]
    if not beside:
        return say("headline", "{move}", move=move.text).claiming(*move.claims)
    fact = max(beside, key=lambda f: f.score)
    clause = fact.clause
    assert clause is not None
    return say(
        "headline",
        "{move} even as {clause}" if clause.tone * move.tone < 0 else "{move} as {clause}",
        move=move.text,
        clause=clause.text,
    ).claiming(*move.claims, *fact.sentence.claims)


def _crossings(marts: Marts) -> list[Move]:
    """Levels crossed this week for the first time in long."""
    return [move for metric, weight in LEVELS.items() if (move := _crossing(marts, metric, weight)) is not None]


def _crossing(marts: Marts, metric: str, weight: float) -> Move | None:
    row = marts.headline(metric)
    since, began, today = (row.figure(c) for c in ("first_since_date", "run_began_on", "value_date"))
    level, side = row.figure("level", "USD"), row.figure("side").number
    if not (isinstance(since.value, date) and isinstance(began.value, date) and isinstance(today.value, date)):
        return None
    if side is None or side == 0 or (today.value - began.value).days >= 7:
        return None
    if (today.value - since.value).days < 7 * LEAST_WEEKS:
        return None
    is_below = side < 0
    claims: tuple[Claim, ...] = (Below(row.figure("value", "USD"), level, is_below=is_below),)
    if metric in LISTED and is_at_list_prices(marts, since):
        # What it is compared with is too rough for "the first time since".
        text = compose(
            "Crypto falls below {level}" if is_below else "Crypto climbs above {level}", level=as_level(level)
        )
        return Move(text, int(side), weight * LEAST_CLAUSE_BITS, claims)
    parts: dict[str, Part] = {"level": as_level(level), "month": near_month(since, marts.week.last_day)}
    if metric == "btc_price_usd":
        text = compose(
            "Bitcoin below {level} for the first time since {month}"
            if is_below
            else "Bitcoin back above {level} for the first time since {month}",
            **parts,
        )
    else:
        text = compose(
            "Crypto below {level} for the first time since {month}"
            if is_below
            else "Crypto back above {level} for the first time since {month}",
            **parts,
        )
    return Move(text, int(side), weight * bits_of_absence(row), (*claims, FirstSince(since, today.value)))


def _returns(marts: Marts) -> list[Move]:
    """The index's return, or Bitcoin's where there is no index."""
    index = marts.weekly("index_returns_weekly", index_id="top30").figure("return_pct")
    if index.number is not None:
        place = marts.headline("top30_return_pct").figure("percentile_365d")
        score = max(bits_of_percentile(place), min(2 * abs(index.number) / WEEKLY_SD_PCT, MOST_BITS))
        return [_move(marts, compose("Crypto"), index, score, _last_as_far(marts, index.number))]
    bitcoin = marts.weekly("universe_weekly", asset_id="bitcoin").figure("return_pct")
    return [_move(marts, compose("Bitcoin"), bitcoin, 1.0, None)] if bitcoin.is_known else []


def _move(marts: Marts, who: tuple[Fragment, ...], returned: Figure, score: float, last: Row | None) -> Move:
    """A return in words; `last` is the week in which it was as far, if that is long ago."""
    number = returned.number or 0.0
    if abs(number) < FLAT_PCT:
        change = show(returned, signed=True)
        return Move(compose("{who} little changed over the week ({change})", who=who, change=change), 0, 1.0)
    tone = int(math.copysign(1, number))
    claims: tuple[Claim, ...] = (Direction(returned, is_rise=tone > 0),)
    parts: dict[str, Part] = {"who": who, "size": magnitude(returned)}
    if last is None:
        return Move(compose("{who} falls {size}" if tone < 0 else "{who} gains {size}", **parts), tone, score, claims)
    since = last.figure("week_start")
    text = compose(
        "{who} falls {size} in its worst week since {month}"
        if tone < 0
        else "{who} gains {size} in its best week since {month}",
        month=near_month(since, marts.week.last_day),
        **parts,
    )
    return Move(text, tone, score, (*claims, FirstSince(since, marts.week.start)))


def _last_as_far(marts: Marts, number: float) -> Row | None:
    """The last earlier week in which the index moved as far to this side, if that is long ago."""
    this = marts.week.start
    past = marts.since(
        "index_returns_weekly", "week_start", this - timedelta(weeks=260), this - timedelta(weeks=1),
        index_id="top30", window_id="mon_mon",
    )  # fmt: skip
    as_far = [row for row in past if _reaches(row.figure("return_pct").number, number)]
    if not as_far:
        return None
    last = as_far[-1]
    week = last.figure("week_start").value
    return last if isinstance(week, date) and (this - week).days >= 7 * LEAST_WEEKS else None


def _reaches(earlier: float | None, number: float) -> bool:
    return earlier is not None and (earlier <= number if number < 0 else earlier >= number)


def so_what(marts: Marts) -> Sentence:
    """The regime in a line: the verdict, how long it stands, what it means, and what cannot be told."""
    row = marts.weekly("regime_weekly", window_id=None)
    verdict = row.figure("verdict")
    if not verdict.is_known or verdict.value == UNDECIDED:
        return say("so_what", "Regime: {verdict}.", verdict=words(verdict))
    fell = marts.headline("share_of_assets_negative_pct").figure("value", "percent")
    those, claims = _those_that_fell(fell)
    untold = [compose(STATES[column]) for column in STATES if row.figure(column).value == UNDECIDED]
    sentence = say(
        "so_what",
        "Regime: {verdict}{standing}.{meaning}{untold}{confirmed}",
        verdict=words(verdict),
        standing=_standing(row),
        meaning=_meaning(row, those) if fell.is_known else (),
        untold=compose(" No call on {untold}: the data are incomplete.", untold=series(untold)) if untold else (),
        confirmed=_confirmed(row),
    )
    return sentence.claiming(fits(marts, verdict), *claims)


def _standing(row: Row) -> tuple[Fragment, ...]:
    previous, weeks = row.figure("previous_verdict"), row.figure("weeks_in_verdict")
    if (weeks.number or 0) > 1:
        return compose(", now in its {nth} week", nth=spelled(weeks, is_ordinal=True))
    if previous.is_known and previous.value != UNDECIDED:
        return compose(", after {previous} the week before", previous=words(previous))
    return ()


def _confirmed(row: Row) -> tuple[Fragment, ...]:
    """A better verdict has to stand two weeks before it is confirmed."""
    confirmed = row.figure("confirmed_verdict")
    if not confirmed.is_known or confirmed.value in (row.figure("verdict").value, UNDECIDED):
        return ()
    return compose(
        " It takes a second such week to confirm it: until then the confirmed regime is {confirmed}.",
        confirmed=words(confirmed),
    )


def _meaning(row: Row, those: tuple[Fragment, ...]) -> tuple[Fragment, ...]:
    """What the verdict rests on this week; `those` are who fell."""
    parts: dict[str, Part] = {"fell": those}
    match row.figure("verdict").value:
        case "capitulation":
            return compose(" {fell} fell in stressed markets, and positions were closed.", **parts)
        case "deleveraging":
            return compose(" {fell} fell, and positions were closed, not just marked down.", **parts)
        case "reset_consolidation":
            return compose(" Leverage is low and cheap; {fell} fell.", **parts)
        case "recovery":
            return compose(" Only {fell} fell, and leverage did not pay for the rise.", **parts)
        case "euphoria":
            return compose(" Leverage is high, and longs pay up for it; {fell} fell.", **parts)
        case "risk_on":
            return compose(" Only {fell} fell.", **parts)
        case "risk_off" if row.figure("leverage_state").value != UNDECIDED:
            return compose(" {fell} fell, without a clearing of leverage.", **parts)
        case "risk_off" | "range":
            return compose(" {fell} fell.", **parts)
    return ()


def _those_that_fell(fell: Figure) -> tuple[tuple[Fragment, ...], tuple[Claim, ...]]:
    """Who fell, in words, and what the words claim."""
    if fell.number == 100:
        return compose("All of the top 100"), (Equal(fell, 100.0),)
    return compose("{fell} of the top 100", fell=whole(fell, "percent")), ()
