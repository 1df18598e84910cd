"""Providers of reference data: market caps, macro series, prices of other asset classes; one small file each.

A new provider is its file, its name in the list below, and its block in `universe.toml`.
"""

from ingestion.references import coingecko, fred, mof, yahoo
from ingestion.references.provider import Provider

PROVIDERS: dict[str, Provider] = {module.PROVIDER.name: module.PROVIDER for module in (coingecko, fred, mof, yahoo)}
