"""Rules for providers' lists of coins.

A supply of 0 is how providers write "unknown", a price of 0 how they round a very small one, and colliding symbols are
normal. The models use supply and our own price, so what only the provider's own cap contradicts is told, not stopped.
"""

from expectations.rules import (
    CLOCK_TOLERANCE_HOURS,
    Suite,
    are_symbols,
    are_titles,
    between,
    hours_ahead,
    one_of,
    present,
    quarantine,
    stop,
    warn,
)

SUITE = Suite(
    dataset="market_caps",
    derived={
        "names_are_names": are_symbols("provider", "provider_asset_id"),
        "titles_are_titles": are_titles("symbol", "name"),
        "amounts_known": lambda rows, now: (
            rows[["price_usd", "circulating_supply", "market_cap_usd"]].notna().sum(axis=1)
        ),
        "product_over_cap": lambda rows, now: (
            (rows["price_usd"] * rows["circulating_supply"]).where(rows["circulating_supply"] > 0)
            / rows["market_cap_usd"].where(rows["market_cap_usd"] > 0)
        ),
        "observed_hours_ahead": hours_ahead("observed_at"),
    },
    rules=(
        stop(
            "key_is_complete",
            "a row of no coin or no time: the answer was misread",
            present("provider", "provider_asset_id", "observed_at"),
        ),
        quarantine(
            "names_can_be_names",
            "an id goes into addresses and keys, a name onto pages: what holds a path or what cannot be seen is none",
            one_of("names_are_names", True),
            one_of("titles_are_titles", True),
        ),
        quarantine(
            "an_amount_is_present",
            "a row has a price, a supply or a cap; without any it says nothing",
            between("amounts_known", at_least=1),
        ),
        quarantine(
            "amounts_are_possible",
            "prices, supplies and caps are not negative, and no coin was ever worth a hundred trillion dollars",
            between("price_usd", at_least=0, at_most=1e9),
            between("circulating_supply", at_least=0, at_most=1e30),
            between("market_cap_usd", at_least=0, at_most=1e14),
        ),
        quarantine(
            "rank_is_possible",
            "ranks begin at 1; 0 or below is a missing rank in disguise",
            between("rank", at_least=1, at_most=100_000),
        ),
        quarantine(
            "observation_is_past",
            "nothing can be observed after the source's clock",
            between("observed_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
        warn(
            "price_times_supply_is_the_cap",
            "off by a factor of two, the provider counts another supply than it prints, or rounds the price",
            between("product_over_cap", at_least=0.5, at_most=2),
        ),
    ),
)
