"""Sectors: which did best and worst, and against what."""

from report.consistency import extremes
from report.document import Section, Table
from report.formatting import percentile, show, words
from report.marts import Marts, Row, ranked
from report.sections.since import since
from report.sections.tables import Show, table_of
from report.text import Part, Sentence, Unknown, compose, counted, say, series, unknown


def section(marts: Marts) -> Section:
    """First and last sector, where conventions disagree, the table."""
    rows = marts.weekly_rows("sector_returns_weekly")
    by_rank = ranked(rows, "rank", highest_first=False)
    if not by_rank:
        missing = (rows[0] if rows else marts.absent("sector_returns_weekly")).figure("rank")
        found = [unknown("sectors", "Sector returns", missing, "no sector has enough eligible assets for a rank")]
    else:
        found = []
    sentences: list[Sentence] = [g.brief for g in found]
    if by_rank:
        sentences += [
            _ends(by_rank),
            _median(by_rank[-1]),
            *_dispersion(marts),
            *since(marts, "sectors"),
        ]
    unranked = [row for row in rows if not row.figure("rank").is_known]
    unknowns: list[Unknown] = list(found)
    if by_rank and unranked:
        unknowns.append(_unranked(unranked))
    return Section(
        id="sectors",
        title="Sectors",
        sentences=tuple(sentences),
        tables=_table([*by_rank, *unranked]),
        unknowns=tuple(unknowns),
        note=compose(
            "One primary sector per asset as of the window's start; every eligible asset with a sector counts. "
            "Weights are "
            "those at the start; excess is over the top-30 index."
        ),
        on_demand=tuple(_friday(marts, by_rank)) if by_rank else (),
    )


def _unranked(rows: list[Row]) -> Unknown:
    listed = [
        compose(
            "{sector} ({n_assets})",
            sector=words(row.figure("sector")),
            n_assets=counted(row.figure("n_assets"), "{count} eligible asset", "{count} eligible assets"),
        )
        for row in rows
    ]
    return unknown(
        "sector_rank",
        "Ranks of {sectors}",
        rows[0].figure("rank"),
        "they have too few assets for a rank",
        sectors=series(listed),
    )


def _ends(by_rank: list[Row]) -> Sentence:
    best, worst = by_rank[0], by_rank[-1]
    return say(
        "sector_ends",
        "{best} was the best ranked sector at {best_return} ({best_excess} against the top-30 index) and {worst} the "
        "worst at "
        "{worst_return} ({worst_excess}).",
        best=words(best.figure("sector")),
        best_return=show(best.figure("return_cap_weighted_pct"), signed=True),
        best_excess=show(best.figure("excess_over_top30_pct"), signed=True),
        worst=words(worst.figure("sector")),
        worst_return=show(worst.figure("return_cap_weighted_pct"), signed=True),
        worst_excess=show(worst.figure("excess_over_top30_pct"), signed=True),
    ).claiming(*extremes("sector returns", by_rank, "sector", "return_cap_weighted_pct"))


def _median(worst: Row) -> Sentence:
    contributor = worst.figure("top_contributor")
    said: dict[str, Part] = {
        "worst": words(worst.figure("sector")),
        "n_assets": counted(worst.figure("n_assets"), "{count} asset", "{count} assets"),
        "median": show(worst.figure("return_median_pct"), signed=True),
        "equal": show(worst.figure("return_equal_weighted_pct"), signed=True),
    }
    if not contributor.is_known:
        return say(
            "sector_worst_median",
            "In {worst} ({n_assets}) the median return was {median}, the equal-weighted one {equal}.",
            **said,
        )
    return say(
        "sector_worst_median",
        "In {worst} ({n_assets}) the median return was {median}, the equal-weighted one {equal}; {contributor} moved "
        "it most.",
        contributor=contributor,
        **said,
    )


def _friday(marts: Marts, by_rank: list[Row]) -> list[Sentence]:
    friday = ranked(marts.weekly_rows("sector_returns_weekly", window_id="fri_fri"), "rank", highest_first=False)
    if not friday:
        return []
    best, worst = friday[0], friday[-1]
    n_same = sum(a.text("sector") == b.text("sector") for a, b in ((by_rank[0], best), (by_rank[-1], worst)))
    return [
        say(
            "sector_ends_friday",
            "Friday–Friday the order was the same: {best} best at {best_return}, {worst} worst at {worst_return}."
            if n_same == 2
            else "Friday–Friday one end differed: {best} best at {best_return}, {worst} worst at {worst_return}."
            if n_same
            else "Friday–Friday both ends differed: {best} best at {best_return}, {worst} worst at {worst_return}.",
            best=words(best.figure("sector")),
            best_return=show(best.figure("return_cap_weighted_pct"), signed=True),
            worst=words(worst.figure("sector")),
            worst_return=show(worst.figure("return_cap_weighted_pct"), signed=True),
        ).claiming(*extremes("sector returns", friday, "sector", "return_cap_weighted_pct"))
    ]


def _dispersion(marts: Marts) -> list[Sentence]:
    row = marts.weekly("sector_dispersion_weekly")
    spread, place = row.figure("dispersion_pp"), row.figure("percentile_104w")
    if not spread.is_known:
        return []
    return [
        say(
            "sector_dispersion",
            "Sector dispersion was {spread} (one standard deviation; {reach} from first to last), the {place} of two "
            "years."
            if place.is_known
            else "Sector dispersion was {spread} (one standard deviation; {reach} from first to last).",
            spread=spread,
            reach=row.figure("range_pp"),
            place=percentile(place),
        )
    ]


def _table(rows: list[Row]) -> tuple[Table, ...]:
    if not rows:
        return ()
    columns = (
        Show("sector", "Sector", is_word=True),
        Show("rank", "Rank"),
        Show("return_cap_weighted_pct", "Cap-weighted", is_signed=True, has_bar=True),
        Show("return_equal_weighted_pct", "Equal-weighted", is_signed=True),
        Show("return_median_pct", "Median", is_signed=True),
        Show("n_assets", "Assets"),
        Show("excess_over_top30_pct", "Excess over top-30", is_signed=True),
        Show("top_contributor", "Largest contributor", is_name=True),
    )
    caption = compose("Monday–Monday; rank one is best, among sectors with enough assets.")
    return (table_of("sectors", "Sector returns", caption, columns, rows),)
