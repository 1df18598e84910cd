"""Who can be asked for what, as venues and providers declare it."""

from functools import cache

from ingestion.archives import ARCHIVES
from ingestion.references import PROVIDERS
from ingestion.venues import VENUES
from ingestion.venues.venue import Snapshot
from warehouse.coverage import Endpoint


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every dataset of every venue's markets and of every provider, and what an archive alone has of a venue."""
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
    of_archives = [
        Endpoint(dataset, archive.venue, kind.market_type, "history", max(kind.lag.values()))
        for archive in ARCHIVES.values()
        for kind in archive.kinds
        for dataset in kind.datasets
        if dataset not in VENUES[archive.venue].market(kind.market_type).datasets
    ]
    return (*of_venues, *of_providers, *of_archives)
