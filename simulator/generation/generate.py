"""Make a market: the same tables for the same name and seed."""

from datetime import UTC

import pandas as pd

from simulator.generation import assets as listed
from simulator.generation.books import books_table, make_books
from simulator.generation.calibration import calibration
from simulator.generation.leverage import (
    funding_table,
    make_funding,
    make_inverse_open_interest,
    make_open_interest,
    open_interest_table,
)
from simulator.generation.oddities import read_oddities
from simulator.generation.positioning import (
    liquidations_table,
    long_short_table,
    make_liquidations,
    make_long_short,
    publishing_instruments,
)
from simulator.generation.prices import make_prices, points_of
from simulator.generation.references import categories, make_asset_class_prices, make_macro_series, make_market_caps
from simulator.generation.trading import make_candles, make_instruments, with_takers
from simulator.market import Clock, Market
from simulator.paging_market import make_paging_market

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
    usual = listed.listings(market, coins)
    odd = read_oddities(market, coins)
    listings = odd.named(usual)
    rules = listed.funding_rules()
    starts_at = listed.starts_at(market, cal.starts_at)
    without_price = odd.without_price(usual, coins, starts_at, points_of(starts_at, cal))
    model = make_prices(market, coins, starts_at, cal, seed, without_price)
    # What is odd is drawn after or apart from the usual, which stays what it would have been.
    funding = odd.in_funding(make_funding(model, (*usual, *odd.inverse), rules, cal, seed), usual, model)
    inverse_interest = make_inverse_open_interest(model, odd.inverse, odd.contracts_usd, seed)
    usual_interest = make_open_interest(model, usual, cal, seed, inverse_interest)
    interest = odd.in_open_interest(usual_interest, inverse_interest, usual, model)
    inverse_candles = make_candles(model, odd.inverse, cal, seed + 1) if odd.inverse else None
    candles = odd.in_candles(make_candles(model, usual, cal, seed), inverse_candles, usual)
    long_short = make_long_short(model, usual, seed, odd.inverse)
    liquidations = make_liquidations(model, market, seed)
    books = make_books(model, usual, cal, seed)
    asset_classes = make_asset_class_prices(cal, seed)
    return Market(
        clock=Clock(
            kind="simulated",
            starts_at=model.starts_at.replace(tzinfo=UTC),
            now=model.now.replace(tzinfo=UTC),
            label=f"simulated {market} market, seed {seed}",
        ),
        instruments=pd.concat([make_instruments(model, listings), publishing_instruments(market)], ignore_index=True),
        candles_1h=with_takers(candles),
        funding_rates=funding_table(funding, model, listings, rules, seed),
        open_interest=open_interest_table(interest, model),
        market_caps=make_market_caps(model, cal, seed),
        asset_class_prices=asset_classes,
        macro_series=make_macro_series(cal, asset_classes, seed),
        long_short_ratios=long_short_table(long_short, model),
        liquidations=liquidations_table(liquidations, model),
        order_book_depth=books_table(books, model),
        categories=categories(coins),
        truth={
            "model": model,
            "listings": listings,
            "oddities": odd,
            "funding": funding,
            "open_interest": interest,
            "long_short": long_short,
            "liquidations": liquidations,
            "books": books,
        },
    )
