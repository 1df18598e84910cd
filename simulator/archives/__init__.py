"""Bulk files that the market server offers: those of a real publisher in its own shape, and what no publisher has.

Belongs here: how files are named, listed, packed and spoiled. Not here: where their rows come from (market).
"""

from simulator.archives.binance_vision import BinanceVision
from simulator.dialects.dialect import Dialect

PUBLISHERS: tuple[type[Dialect], ...] = (BinanceVision,)
