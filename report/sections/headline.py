"""The week in five lines: the verdict, the market, leverage, volatility and correlation, sectors."""

from dataclasses import dataclass

from report.consistency import extremes
from report.days import WINDOWS
from report.document import Section, Tile
from report.figures import Figure
from report.formatting import show, words
from report.marts import Marts, ranked
from report.text import Fragment, Sentence, clauses, compose, say, series

STATES = {
    "leverage_state": "leverage",
    "funding_state": "funding",
    "flow_state": "flow",
    "volatility_state": "volatility",
    "correlation_state": "correlation",
    "breadth_state": "breadth",
    "macro_state": "macro",
}
UNDECIDED = "insufficient_data"


@dataclass(frozen=True)
class Clause:
    """A part of a line: how it is said, how it is said that it is not known, and the figure that decides which."""

    text: tuple[Fragment, ...]
    without: tuple[Fragment, ...]
    needs: Figure


def section(marts: Marts) -> Section:
    """Five lines, in one order, whatever the week was."""
    return Section(
        id="headline",
        title="The week in five lines",
        sentences=(_verdict(marts), _market(marts), _leverage(marts), _risk(marts), _sectors(marts)),
        tiles=_tiles(marts),
        note=compose("Weekly figures are Monday–Monday (00:00 UTC) unless a line says otherwise."),
    )


def _verdict(marts: Marts) -> Sentence:
    regime = marts.weekly("regime_weekly", window_id=None)
    verdict = words(regime.figure("verdict"))
    states = [(compose(STATES[column]), regime.figure(column)) for column in STATES]
    decided = [
        compose("{dimension} {state}", dimension=name, state=words(state))
        for name, state in states
        if state.is_known and state.value != UNDECIDED
    ]
    undecided = [
        compose("{missing} on {dimension}", missing=words(state), dimension=name)
        for name, state in states
        if state.value == UNDECIDED
    ]
    if decided and undecided:
        return say(
            "headline_verdict",
            "Regime: {verdict}, with {decided}; {undecided}.",
            verdict=verdict,
            decided=series(decided),
            undecided=series(undecided),
        )
    if decided:
        return say("headline_verdict", "Regime: {verdict}, with {decided}.", verdict=verdict, decided=series(decided))
    if undecided:
        return say("headline_verdict", "Regime: {verdict}; {undecided}.", verdict=verdict, undecided=series(undecided))
    return say("headline_verdict", "Regime: {verdict}.", verdict=verdict)


def _market(marts: Marts) -> Sentence:
    cap = marts.row("market_cap_daily", market_date=marts.week.last_day).figure("total_market_cap_usd")
    top30 = marts.weekly("index_returns_weekly", index_id="top30").figure("return_pct")
    bitcoin = marts.weekly("universe_weekly", asset_id="bitcoin").figure("return_pct")
    known = _line(
        Clause(compose("total cap {cap}", cap=cap), compose("total cap: {missing}", missing=cap), cap),
        Clause(
            compose("the capped top-30 index returned {top30}", top30=show(top30, signed=True)),
            compose("the top-30 index: {missing}", missing=top30),
            top30,
        ),
        Clause(
            compose("Bitcoin {bitcoin}", bitcoin=show(bitcoin, signed=True)),
            compose("Bitcoin: {missing}", missing=bitcoin),
            bitcoin,
        ),
    )
    return say("headline_market", "Market: {line}.", line=known or cap)


def _leverage(marts: Marts) -> Sentence:
    funding = marts.weekly("funding_weekly", asset_id="bitcoin").figure("funding_rate_annualised_pct")
    interest = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    end, change, positions = (interest.figure(c) for c in ("end_usd", "change_usd", "position_effect_usd"))
    known = _line(
        Clause(
            compose("Bitcoin funding averaged {funding} a year", funding=show(funding, signed=True)),
            compose("Bitcoin funding: {missing}", missing=funding),
            funding,
        ),
        Clause(
            compose(
                "perpetual open interest {end}, a change of {change}, of which positions {positions}",
                end=end,
                change=show(change, signed=True),
                positions=show(positions, signed=True),
            ),
            compose("open interest: {missing}", missing=end),
            end,
        ),
    )
    return say("headline_leverage", "Leverage: {line}.", line=known or funding)


def _risk(marts: Marts) -> Sentence:
    day = marts.row("realised_volatility_daily", asset_id="bitcoin", market_date=marts.week.last_day)
    volatility = day.figure("rv_7d_daily_pct")
    buckets = (marts.weekly("bucket_correlation_weekly", rank_bucket=b, horizon="7d") for b in ("1-10", "51-100"))
    top, tail = (row.figure("average_pairwise_correlation") for row in buckets)
    known = _line(
        Clause(
            compose(
                "Bitcoin's realised volatility was {volatility} a year (7-day, daily returns)", volatility=volatility
            ),
            compose("Bitcoin's realised volatility: {missing}", missing=volatility),
            volatility,
        ),
        Clause(
            compose("average pairwise correlation {top} in ranks 1–10", top=top),
            compose("correlation in ranks 1–10: {missing}", missing=top),
            top,
        ),
        Clause(
            compose("{tail} in ranks 51–100", tail=tail),
            compose("correlation in ranks 51–100: {missing}", missing=tail),
            tail,
        ),
    )
    return say("headline_risk", "Risk: {line}.", line=known or volatility)


def _sectors(marts: Marts) -> Sentence:
    rows = ranked(marts.weekly_rows("sector_returns_weekly"), "rank", highest_first=False)
    if not rows:
        missing = marts.weekly("sector_returns_weekly", sector="any with a rank").figure("return_cap_weighted_pct")
        return say("headline_sectors", "Sectors: {line}.", line=missing)
    best, worst = rows[0], rows[-1]
    return say(
        "headline_sectors",
        "Ranked sectors: {best} came first with {best_return}, {worst} last with {worst_return} (cap-weighted, "
        "Monday–Monday).",
        best=words(best.figure("sector")),
        best_return=show(best.figure("return_cap_weighted_pct"), signed=True),
        worst=words(worst.figure("sector")),
        worst_return=show(worst.figure("return_cap_weighted_pct"), signed=True),
    ).claiming(*extremes("sector returns", rows, "sector", "return_cap_weighted_pct"))


def _line(*parts: Clause) -> tuple[Fragment, ...]:
    """One line: what is known, then what is not; nothing where nothing is."""
    known = [part.text for part in parts if part.needs.is_known]
    return clauses([*known, *(part.without for part in parts if not part.needs.is_known)]) if known else ()


def _tiles(marts: Marts) -> tuple[Tile, ...]:
    week = marts.week
    cap = marts.row("market_cap_daily", market_date=week.last_day)
    top30 = marts.weekly("index_returns_weekly", index_id="top30")
    funding = marts.weekly("funding_weekly", asset_id="bitcoin")
    interest = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    volatility = marts.row("realised_volatility_daily", asset_id="bitcoin", market_date=week.last_day)
    at_the_end = compose("at the end of the week")
    monday = compose(WINDOWS["mon_mon"])
    verdict = marts.weekly("regime_weekly", window_id=None)
    return (
        Tile("Regime", words(verdict.figure("verdict")), compose("verdict of the week")),
        Tile("Total market cap", show(cap.figure("total_market_cap_usd")), at_the_end),
        Tile("Top-30 index", show(top30.figure("return_pct"), signed=True), monday),
        Tile("Bitcoin funding", show(funding.figure("funding_rate_annualised_pct"), signed=True), compose("a year")),
        Tile("Open interest", show(interest.figure("end_usd")), at_the_end),
        Tile("Bitcoin volatility", show(volatility.figure("rv_7d_daily_pct")), compose("7-day, daily returns")),
    )
