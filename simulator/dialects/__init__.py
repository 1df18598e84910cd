"""The dialects in which the market server answers: one module per venue or provider.

Each declares its host, the document it imitates, its page rules and caps. Not here: where the rows come from (market)
and how they are sent (server).
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
