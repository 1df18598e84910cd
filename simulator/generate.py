"""Make a market: the same tables for the same name and seed.

Belongs here: the order of the parts.
Does not: the parts (prices.py, trading.py, leverage.py, positioning.py, references.py), the market for pagers
(paging_market.py).
"""

from datetime import UTC

import pandas as pd

from simulator import assets as listed
from simulator.calibration import calibration
from simulator.leverage import funding_table, make_funding, make_open_interest, open_interest_table
from simulator.market import Clock, Market
from simulator.paging_market import make_paging_market
from simulator.positioning import (
    liquidations_table,
    long_short_table,
    make_liquidations,
    make_long_short,
    publishing_instruments,
)
from simulator.prices import make_prices
from simulator.references import categories, make_asset_class_prices, make_macro_series, make_market_caps
from simulator.trading import make_candles, make_instruments

DEFAULT_SEED = 20251124
MARKETS = ("full", "tiny", "paging")


def generate(market: str = "full", seed: int = DEFAULT_SEED) -> Market:
    """The market called `market` ("full", "tiny" or "paging"), drawn with `seed`."""
    if market not in MARKETS:
        raise ValueError(f"there is no market {market!r}; choose one of {', '.join(MARKETS)}")
    if market == "paging":
        return make_paging_market(seed)
    cal = calibration()
    coins = listed.assets(market)
    listings = listed.listings(market, coins)
    rules = listed.funding_rules()
    model = make_prices(market, coins, listed.starts_at(market, cal.starts_at), cal, seed)
    funding = make_funding(model, listings, rules, cal, seed)
    interest = make_open_interest(model, listings, cal, seed)
    long_short = make_long_short(model, listings, seed)
    liquidations = make_liquidations(model, market, seed)
    asset_classes = make_asset_class_prices(cal, seed)
    return Market(
        clock=Clock(
            kind="simulated",
            starts_at=model.starts_at.replace(tzinfo=UTC),
            now=model.now.replace(tzinfo=UTC),
            label=f"simulated {market} market, seed {seed}",
        ),
        instruments=pd.concat([make_instruments(model, listings), publishing_instruments(market)], ignore_index=True),
        candles_1h=make_candles(model, listings, cal, seed),
        funding_rates=funding_table(funding, model, listings, rules, seed),
        open_interest=open_interest_table(interest, model),
        market_caps=make_market_caps(model, cal, seed),
        asset_class_prices=asset_classes,
        macro_series=make_macro_series(cal, asset_classes, seed),
        long_short_ratios=long_short_table(long_short, model),
        liquidations=liquidations_table(liquidations, model),
        categories=categories(coins),
        truth={
            "model": model,
            "listings": listings,
            "funding": funding,
            "open_interest": interest,
            "long_short": long_short,
            "liquidations": liquidations,
        },
    )
