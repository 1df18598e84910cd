"""Venues and providers: what lies before the line, and where every lineage begins.

They are observed, never made by a run.
"""

from functools import cache

from dagster import AssetKey, AssetSpec

from ingestion.references import PROVIDERS
from ingestion.universe import Universe
from ingestion.venues import VENUES
from warehouse.contracts import DATASETS, Dataset

OWNER = "team:market-data"
ARCHIVE = AssetKey(["archive", "bulk"])


@cache
def origins_of(dataset: Dataset) -> tuple[AssetKey, ...]:
    """Who gives a dataset: `venue/binance`, `provider/fred`; the bulk archive of a replay may give any."""
    universe = Universe.read()
    venues = (
        name
        for name, scope in universe.venues.items()
        if dataset.name == "instruments"
        or any(dataset.name in VENUES[name].market(market).datasets for market in scope.market_types)
    )
    providers = (name for name in universe.references if dataset.name in PROVIDERS[name].datasets)
    keys = [AssetKey(["venue", name]) for name in venues] if dataset.origin_column == "venue" else []
    keys += [AssetKey(["provider", name]) for name in providers]
    return (*keys, ARCHIVE)


def origin_specs() -> list[AssetSpec]:
    """Every origin once."""
    keys = {key for dataset in DATASETS.values() for key in origins_of(dataset)}
    return [
        AssetSpec(key, group_name="origins", description=_description(key), owners=[OWNER], kinds={"http"})
        for key in sorted(keys, key=AssetKey.to_user_string)
    ]


def _description(key: AssetKey) -> str:
    if key == ARCHIVE:
        return "Rows of a replay that no dialect of a real venue can give, as bulk files."
    return f"The {key.path[0]} {key.path[1]}, as it answers over HTTP; simulated or replayed unless the home is live."
