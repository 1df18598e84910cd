"""Who can be asked for what, as venues and providers declare it."""

from functools import cache

from ingestion.references import PROVIDERS
from ingestion.venues import VENUES
from ingestion.venues.venue import Snapshot
from warehouse.coverage import Endpoint


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every dataset of every venue's markets and of every provider."""
    of_venues = [
        Endpoint(dataset, venue.name, market.market_type, "snapshot" if isinstance(asked, Snapshot) else "history")
        for venue in VENUES.values()
        for market in venue.markets
        for dataset, asked in market.datasets.items()
    ]
    of_providers = [
        Endpoint(dataset, name, None, "history")
        for name, provider in PROVIDERS.items()
        for dataset in provider.datasets
    ]
    return (*of_venues, *of_providers)
