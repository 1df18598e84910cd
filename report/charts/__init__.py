"""The charts of a page, in their order: one file each, one line here; each a pure function of the marts.

Not here: how charts look (look), how they become SVG and PNG (render/charts), words (each chart has its own).
"""

from collections.abc import Callable
from dataclasses import replace

from altair.utils import schemapi

from report.charts import (
    asset_classes,
    correlation,
    coverage,
    funding,
    levels,
    open_interest,
    open_interest_change,
    open_interest_since_high,
    regime_evidence,
    regime_timeline,
    sector_returns,
    spot_share,
    volatility,
)
from report.document import Chart, Section
from report.marts import Marts

ORDER: dict[str, tuple[Callable[[Marts], Chart | None], ...]] = {
    "macro": (asset_classes.chart,),
    "market": (levels.total_cap, levels.bitcoin),
    "leverage": (
        funding.chart,
        open_interest.chart,
        open_interest_change.chart,
        open_interest_since_high.chart,
        funding.by_asset,
    ),
    "flow": (spot_share.chart,),
    "volatility": (volatility.chart, correlation.chart),
    "sectors": (sector_returns.chart, sector_returns.index_lines),
    "regime": (regime_timeline.chart, regime_evidence.chart),
    "coverage": (coverage.chart,),
}


def attached(marts: Marts, section: Section) -> Section:
    """The section with its charts; one that has nothing to show is not there."""
    with schemapi.debug_mode(False):  # no check of each part against the schema: the tests do that
        charts = [chart(marts) for chart in ORDER.get(section.id, ())]
    return replace(section, charts=tuple(chart for chart in charts if chart is not None))
