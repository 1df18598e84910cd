"""Flow: what was traded spot and what with leverage, and what rested in order books, beside the weeks before."""

from report.document import Section
from report.formatting import in_unit, show, words
from report.marts import Marts
from report.sections.since import since
from report.sections.tables import Show, tables_by_window
from report.text import Sentence, Unknown, compose, counted, say, unknown

# The band of order books that the page speaks of, in percent of the mid price.
NEAR_BAND_PCT = 1.0


def section(marts: Marts) -> Section:
    """The share of spot, then spot volume and order books against their own past."""
    said = [_share(marts), *_volume(marts), _depth(marts), *since(marts, "flow")]
    tables = tables_by_window(
        "flow",
        "Volume",
        lambda window: compose("{window}; assets that a venue offers both ways, at those venues.", window=window),
        (
            Show("spot_volume_usd", "Spot"),
            Show("perp_volume_usd", "Perpetuals"),
            Show("spot_share_pct", "Spot share"),
            Show("spot_volume_vs_4w_pct", "Spot vs four-week average", is_signed=True),
            Show("coverage_pct", "Coverage"),
        ),
        lambda window: marts.weekly_rows("spot_perp_volume_weekly", window_id=window),
    )
    return Section(
        id="flow",
        title="Flow",
        sentences=tuple(s.brief if isinstance(s, Unknown) else s for s in said),
        tables=tuple(tables),
        unknowns=tuple(s for s in said if isinstance(s, Unknown)),
        note=compose(
            "Volume as venues report it, for assets that a venue offers both spot and perpetual; the four-week "
            "comparison covers what was offered in all five weeks."
        ),
    )


def _share(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("spot_perp_volume_weekly")
    share = row.figure("spot_share_pct")
    if not share.is_known:
        return unknown("flow_share", "Spot against perpetual volume", share, "no venue offered an asset both ways")
    before = marts.headline("spot_share_pct").figure("previous_value", "percent")
    volumes = {"spot": row.figure("spot_volume_usd"), "perp": row.figure("perp_volume_usd")}
    if not before.is_known:
        return say(
            "flow_share",
            "Spot was {share} of volume: {spot} spot against {perp} in perpetuals.",
            share=share,
            **volumes,
        )
    return say(
        "flow_share",
        "Spot was {share} of volume, after {before} the week before: {spot} spot against {perp} in perpetuals.",
        share=share,
        before=before,
        **volumes,
    )


def _volume(marts: Marts) -> list[Sentence | Unknown]:
    row = marts.weekly("spot_perp_volume_weekly")
    against = row.figure("spot_volume_vs_4w_pct")
    if not row.exists:
        return []
    if not against.is_known:
        return [
            unknown("flow_volume", "Spot volume against its four-week average", against, "it needs four earlier weeks")
        ]
    residual, holiday = row.figure("holiday_adjusted_residual"), words(row.figure("holiday"))
    printed = show(against, signed=True)
    if not holiday.figure.is_known:
        return [
            say(
                "flow_volume",
                "Like for like, spot volume was {against} against its four-week average.",
                against=printed,
            )
        ]
    if not residual.is_known:
        return [
            say(
                "flow_volume",
                "Like for like, spot volume was {against} against its four-week average, in a week with a US holiday "
                "({holiday}).",
                against=printed,
                holiday=holiday,
            )
        ]
    return [
        say(
            "flow_volume",
            "Like for like, spot volume was {against} against its four-week average, in a week with a US holiday "
            "({holiday}); "
            "against {precedents}, the log difference is {residual}.",
            against=printed,
            holiday=holiday,
            residual=in_unit(residual, "", signed=True),
            precedents=counted(row.figure("n_holiday_precedents"), "{count} precedent", "{count} precedents"),
        )
    ]


def _depth(marts: Marts) -> Sentence | Unknown:
    """Order books near the mid price, of what was recorded in this week and the four before it."""
    spot, perp = (
        marts.weekly(
            "depth_weekly", asset_id="ALL", venue="ALL", market_type=market_type, band_pct=NEAR_BAND_PCT
        ).figure("depth_vs_4w_pct")
        for market_type in ("spot", "perp")
    )
    if spot.is_known and perp.is_known:
        return say(
            "flow_depth",
            "Within one percent of the mid price, spot books were {spot} against their four-week average, those of "
            "perpetuals {perp}.",
            spot=show(spot, signed=True),
            perp=show(perp, signed=True),
        )
    if spot.is_known or perp.is_known:
        return say(
            "flow_depth",
            "Within one percent of the mid price, spot books were {against} against their four-week average."
            if spot.is_known
            else "Within one percent of the mid price, books of perpetuals were {against} against their four-week "
            "average.",
            against=show(spot if spot.is_known else perp, signed=True),
        )
    return unknown("flow_depth", "Order-book depth", spot, "no book was recorded in this week and the four before it")
