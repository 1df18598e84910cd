"""Volatility and correlation: how much prices moved, and how much they moved together."""

from report.consistency import Extreme, figures
from report.days import WINDOWS
from report.document import Column, Section, Table
from report.formatting import Printed, show, words
from report.marts import Marts, Row, ranked
from report.sections.since import since
from report.sections.tables import Show, table_of
from report.text import Day, Fragment, Sentence, Unknown, compose, say, series, unknown

# How a bucket is said of its own correlation, and where it is missed.
RANKS = {
    "1-10": "{correlation} in ranks 1–10",
    "11-50": "{correlation} in ranks 11–50",
    "51-100": "{correlation} in ranks 51–100",
    "all": "{correlation} for all ranks 1–100",
}
UNKNOWN_RANKS = {
    "1-10": "Correlation in ranks 1–10, {window}",
    "11-50": "Correlation in ranks 11–50, {window}",
    "51-100": "Correlation in ranks 51–100, {window}",
    "all": "Correlation in ranks 1–100, {window}",
}
BUCKETS = tuple(RANKS)
MEAN = "average_pairwise_correlation"
LARGEST = 10


def section(marts: Marts) -> Section:
    """Bitcoin's volatility, the largest ten, then correlation by rank and between sectors."""
    found: list[Sentence | Unknown | None] = [
        _bitcoin(marts),
        *_correlations(marts, "mon_mon"),
        *_gap(marts, "mon_mon"),
        _sectors(marts),
        *since(marts, "volatility"),
    ]
    asked = [*_correlations(marts, "fri_fri"), *_gap(marts, "fri_fri")]
    said = [s for s in found if s is not None]
    tables = (_largest(marts), _correlation_table(marts), _detail_table(marts))
    return Section(
        id="volatility",
        title="Volatility and correlation",
        sentences=tuple(s.brief if isinstance(s, Unknown) else s for s in said),
        tables=tuple(t for t in tables if t is not None),
        unknowns=tuple(s for s in (*said, *asked) if isinstance(s, Unknown)),
        note=compose(
            "Realised volatility is annualised with zero mean. Correlation is the plain mean over all pairs of hourly "
            "log "
            "returns; 7-day is the window itself, 30-day ends with it."
        ),
        on_demand=tuple(s.brief if isinstance(s, Unknown) else s for s in asked),
    )


def _bitcoin(marts: Marts) -> Sentence | Unknown:
    row = marts.row("realised_volatility_daily", asset_id="bitcoin", market_date=marts.week.last_day)
    daily, hourly = row.figure("rv_7d_daily_pct"), row.figure("rv_7d_pct")
    if not (daily.is_known or hourly.is_known):
        return unknown("volatility_bitcoin", "Bitcoin's realised volatility", daily, "it needs 90% of the hours")
    return say(
        "volatility_bitcoin",
        "Bitcoin's 7-day realised volatility to the end of {day} was {daily} from daily returns and {hourly} from "
        "hourly ones; "
        "over 30-day it was {month} (hourly).",
        day=Day(marts.week.last_day, with_weekday=True),
        daily=daily,
        hourly=hourly,
        month=row.figure("rv_30d_pct"),
    )


def _correlations(marts: Marts, window: str) -> list[Sentence | Unknown]:
    rows = {bucket: _row(marts, window, "7d", bucket) for bucket in BUCKETS}
    known = {bucket: row.figure(MEAN) for bucket, row in rows.items() if row.figure(MEAN).is_known}
    name, rule = compose(WINDOWS[window]), f"correlation_{window}"
    if not known:
        return [
            unknown(
                rule,
                "Correlation by rank, {window}",
                rows[BUCKETS[0]].figure(MEAN),
                "it needs two assets whose hours are complete, and at least 100 hours",
                window=name,
            )
        ]
    listed = [compose(RANKS[bucket], correlation=mean) for bucket, mean in known.items()]
    return [
        say(rule, "{window}, average pairwise correlation was {listed}.", window=name, listed=series(listed)),
        *(
            unknown(
                rule,
                UNKNOWN_RANKS[bucket],
                row.figure(MEAN),
                "it needs two assets whose hours are complete, and at least 100 hours",
                window=name,
            )
            for bucket, row in rows.items()
            if bucket not in known
        ),
    ]


def _gap(marts: Marts, window: str) -> list[Sentence]:
    """Whether the ten largest moved closer together than the tail, where an interval says so or not."""
    row = marts.weekly("correlation_gap_weekly", window_id=window, horizon="7d")
    low, high = row.figure("ci_low"), row.figure("ci_high")
    if not (low.is_known and high.is_known):
        return []
    return [
        say(
            f"correlation_gap_{window}",
            "{window}, correlation in ranks 1–10 less that in ranks 51–100 was {gap}, a significant gap (interval "
            "{low} to "
            "{high})."
            if row.text("is_significant") == "True"
            else "{window}, correlation in ranks 1–10 less that in ranks 51–100 was {gap}, not a significant gap "
            "(interval "
            "{low} to {high}).",
            window=compose(WINDOWS[window]),
            gap=show(row.figure("top10_minus_tail", "correlation"), signed=True),
            low=show(low, signed=True),
            high=show(high, signed=True),
        )
    ]


def _sectors(marts: Marts) -> Sentence | Unknown:
    rows = marts.weekly_rows("sector_correlation_weekly")
    pairs = ranked([row for row in rows if row.text("sector_a") < row.text("sector_b")], "correlation")
    if not pairs:
        missing = marts.weekly("sector_correlation_weekly", sector_a="any", sector_b="another").figure("correlation")
        return unknown(
            "sector_correlation", "Correlation between sectors", missing, "fewer than two sectors are large enough"
        )
    if len(pairs) == 1:
        return say("sector_correlation", "Correlation between sectors: {pair}.", pair=_pair(pairs[0]))
    among = figures(pairs, "correlation")
    return say(
        "sector_correlation",
        "Between sectors, {closest} moved most alike and {loosest} least.",
        closest=_pair(pairs[0]),
        loosest=_pair(pairs[-1]),
    ).claiming(
        Extreme("sector correlation", "highest", _named(pairs[0]), pairs[0].figure("correlation"), among),
        Extreme("sector correlation", "lowest", _named(pairs[-1]), pairs[-1].figure("correlation"), among),
    )


def _named(pair: Row) -> str:
    return f"{pair.text('sector_a')} and {pair.text('sector_b')}"


def _pair(row: Row) -> tuple[Fragment, ...]:
    return compose(
        "{a} and {b} ({correlation})",
        a=words(row.figure("sector_a")),
        b=words(row.figure("sector_b")),
        correlation=row.figure("correlation"),
    )


def _row(marts: Marts, window: str, horizon: str, bucket: str) -> Row:
    return marts.weekly("bucket_correlation_weekly", window_id=window, horizon=horizon, rank_bucket=bucket)


def _largest(marts: Marts) -> Table | None:
    members = ranked(marts.weekly_rows("universe_weekly"), "rank", highest_first=False)[:LARGEST]
    rows: list[tuple[Printed | str, ...]] = []
    for member in members:
        row = marts.row("realised_volatility_daily", asset_id=member.text("asset_id"), market_date=marts.week.last_day)
        if not row.exists:
            continue
        rows.append(
            (
                show(member.figure("symbol")),
                show(member.figure("rank")),
                show(row.figure("rv_7d_daily_pct")),
                show(row.figure("rv_7d_pct")),
                show(row.figure("rv_30d_pct")),
                show(row.figure("n_observations")),
            )
        )
    if not rows:
        return None
    return Table(
        id="volatility",
        title="Realised volatility of the largest",
        caption=compose("Annualised, to the end of {day}; ranks at the week's start.", day=Day(marts.week.last_day)),
        columns=(
            Column("Asset", is_number=False),
            Column("Rank"),
            Column("7-day, daily", has_bar=True),
            Column("7-day, hourly"),
            Column("30-day, hourly"),
            Column("Hours"),
        ),
        rows=tuple(rows),
    )


def _correlation_table(marts: Marts) -> Table | None:
    rows: list[tuple[Printed | str, ...]] = []
    for bucket in BUCKETS:
        cells = [_row(marts, window, horizon, bucket) for horizon in ("7d", "30d") for window in WINDOWS]
        named = next((row for row in cells if row.exists), None)
        if named is not None:
            label = words(named.figure("rank_bucket"))
            rows.append((label, *(show(row.figure(MEAN)) for row in cells), show(cells[0].figure("n_assets"))))
    if not rows:
        return None
    return Table(
        id="correlation",
        title="Average pairwise correlation",
        caption=compose("Plain mean of Pearson over all pairs; all is ranks 1–100; members as of the window's start."),
        columns=(
            Column("Ranks", is_number=False),
            Column("7-day, Monday–Monday"),
            Column("7-day, Friday–Friday"),
            Column("30-day, Monday–Monday"),
            Column("30-day, Friday–Friday"),
            Column("Assets, 7-day Monday–Monday"),
        ),
        rows=tuple(rows),
    )


def _detail_table(marts: Marts) -> Table | None:
    rows = [row for bucket in BUCKETS if (row := _row(marts, "mon_mon", "7d", bucket)).exists]
    columns = tuple(
        column
        for column in (
            Show("rank_bucket", "Ranks", is_word=True),
            Show(MEAN, "Average"),
            Show("ci_low", "Interval from"),
            Show("ci_high", "to"),
            Show("average_pairwise_correlation_fisher", "Fisher mean"),
            Show("average_correlation_to_btc", "To Bitcoin"),
            Show("volatility_adjusted_correlation", "Volatility-adjusted"),
            Show("n_assets", "Assets"),
            Show("n_observations", "Hours"),
        )
        # Intervals come with a later version of the mart: a column of blanks would tell nobody anything.
        if any(row.figure(column.column).is_known for row in rows)
    )
    if not rows or len(columns) < 2:
        return None
    return table_of(
        "correlation_detail",
        "Correlation in detail",
        compose("7-day, Monday–Monday."),
        columns,
        rows,
        is_on_demand=True,
    )
