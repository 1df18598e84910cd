"""The week in five lines: the verdict, the market, leverage, volatility and correlation, sectors.

Belongs here: one line for each, and the tiles above them.
Does not: detail (the sections that follow).
"""

from dataclasses import dataclass

from report.document import Section, Tile
from report.figures import Figure
from report.formatting import show, words
from report.marts import Marts, ranked
from report.text import Part, Sentence, compose, say, series
from report.weeks import WINDOWS

STATES = (
    ("leverage_state", "leverage"),
    ("funding_state", "funding"),
    ("flow_state", "flow"),
    ("volatility_state", "volatility"),
    ("correlation_state", "correlation"),
    ("breadth_state", "breadth"),
    ("macro_state", "macro"),
)
UNDECIDED = "insufficient_data"


@dataclass(frozen=True)
class Clause:
    """A part of a line: what it is about, how it is said, and the figure without which it cannot be said."""

    subject: str
    text: list[Part]
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
    states = [(name, regime.figure(column)) for column, name in STATES]
    if not any(state.is_known for _, state in states):
        return say("headline_verdict", "Regime: {verdict}.", verdict=verdict)
    text, parts = "Regime: {verdict}", {}
    decided: list[Part] = [[f"{name} ", words(f)] for name, f in states if f.is_known and f.value != UNDECIDED]
    undecided: list[Part] = [[words(f), f" on {name}"] for name, f in states if f.value == UNDECIDED]
    if decided:
        text += ", with {decided}"
        parts["decided"] = series(decided)
    if undecided:
        text += "; {undecided}"
        parts["undecided"] = series(undecided)
    return say("headline_verdict", text + ".", verdict=verdict, **parts)


def _market(marts: Marts) -> Sentence:
    cap = marts.row("market_cap_daily", market_date=marts.week.last_day).figure("total_market_cap_usd")
    top30 = marts.weekly("index_returns_weekly", index_id="top30").figure("return_pct")
    bitcoin = marts.weekly("universe_weekly", asset_id="bitcoin").figure("return_pct")
    return _line(
        "headline_market",
        "Market: ",
        Clause("total cap", ["total cap ", cap], cap),
        Clause("the top-30 index", ["the capped top-30 index returned ", show(top30, signed=True)], top30),
        Clause("Bitcoin", ["Bitcoin ", show(bitcoin, signed=True)], bitcoin),
    )


def _leverage(marts: Marts) -> Sentence:
    funding = marts.weekly("funding_weekly", asset_id="bitcoin").figure("funding_rate_annualised_pct")
    interest = marts.weekly("open_interest_change_weekly", oi_bucket="all")
    end, change, positions = (interest.figure(c) for c in ("end_usd", "change_usd", "position_effect_usd"))
    return _line(
        "headline_leverage",
        "Leverage: ",
        Clause("Bitcoin funding", ["Bitcoin funding averaged ", show(funding, signed=True), " a year"], funding),
        Clause(
            "open interest",
            [
                *("perpetual open interest ", end, ", a change of ", show(change, signed=True)),
                *(", of which positions ", show(positions, signed=True)),
            ],
            end,
        ),
    )


def _risk(marts: Marts) -> Sentence:
    day = marts.row("realised_volatility_daily", asset_id="bitcoin", market_date=marts.week.last_day)
    volatility = day.figure("rv_7d_daily_pct")
    buckets = (marts.weekly("bucket_correlation_weekly", rank_bucket=b, horizon="7d") for b in ("1-10", "51-100"))
    top, tail = (row.figure("average_pairwise_correlation") for row in buckets)
    return _line(
        "headline_risk",
        "Risk: ",
        Clause(
            "Bitcoin's realised volatility",
            ["Bitcoin's realised volatility was ", volatility, " a year (7-day, daily returns)"],
            volatility,
        ),
        Clause("correlation in ranks 1–10", ["average pairwise correlation ", top, " in ranks 1–10"], top),
        Clause("correlation in ranks 51–100", [tail, " in ranks 51–100"], tail),
    )


def _sectors(marts: Marts) -> Sentence:
    rows = ranked(marts.weekly_rows("sector_returns_weekly"), "rank", highest_first=False)
    if not rows:
        missing = marts.absent("sector_returns_weekly").figure("return_cap_weighted_pct")
        return say("headline_sectors", "Sectors: {missing}.", missing=missing)
    best, worst = rows[0], rows[-1]
    return say(
        "headline_sectors",
        "Sectors: {best} came first with {best_return}, {worst} last with {worst_return} (cap-weighted).",
        best=best.figure("sector"),
        best_return=show(best.figure("return_cap_weighted_pct"), signed=True),
        worst=worst.figure("sector"),
        worst_return=show(worst.figure("return_cap_weighted_pct"), signed=True),
    )


def _line(rule: str, lead: str, *clauses: Clause) -> Sentence:
    """One line: what is known, then what is not."""
    known = [clause.text for clause in clauses if clause.needs.is_known]
    missing: list[list[Part]] = [[f"{c.subject}: ", c.needs] for c in clauses if not c.needs.is_known]
    if not known:
        return say(rule, f"{lead}{{missing}}.", missing=clauses[0].needs)
    parts: list[Part] = []
    for position, clause in enumerate([*known, *missing]):
        parts += ["; ", *clause] if position else clause
    return say(rule, f"{lead}{{parts}}.", parts=parts)


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
