"""The exchanges: one small file each, which declares how this exchange differs, over one ccxt client.

A new venue is its file, its name in the list below, and its block in `universe.toml`.
"""

from ingestion.venues import binance, bitget, bybit, coinbase, gate, hyperliquid, kraken, okx
from ingestion.venues.venue import Venue

VENUES: dict[str, Venue] = {
    module.VENUE.name: module.VENUE for module in (binance, bybit, hyperliquid, coinbase, okx, bitget, gate, kraken)
}
