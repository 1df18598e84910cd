"""The dialects in which the market server answers: one module per venue or provider.

Belongs here: the list of dialects. Each module declares its host, the document it imitates, its page rules and caps.
Does not: where the rows come from (market.py) and how they are sent (server.py).
"""

from simulator.dialects.binance_spot import BinanceSpot
from simulator.dialects.binance_usdm import BinanceCoinMargined, BinanceUsdMargined
from simulator.dialects.bitget import Bitget
from simulator.dialects.bybit import Bybit
from simulator.dialects.coinbase import Coinbase
from simulator.dialects.coingecko import CoinGecko
from simulator.dialects.dialect import Dialect
from simulator.dialects.fred import Fred
from simulator.dialects.gate import Gate
from simulator.dialects.hyperliquid import Hyperliquid
from simulator.dialects.kraken import Kraken
from simulator.dialects.ministry_of_finance import MinistryOfFinance
from simulator.dialects.okx import Okx
from simulator.dialects.yahoo import Yahoo

DIALECTS: tuple[type[Dialect], ...] = (
    BinanceUsdMargined,
    BinanceCoinMargined,
    BinanceSpot,
    Bybit,
    Hyperliquid,
    Coinbase,
    Okx,
    Bitget,
    Gate,
    Kraken,
    CoinGecko,
    Fred,
    MinistryOfFinance,
    Yahoo,
)
