"""Rules for what a venue lists."""

from expectations.rules import (
    Suite,
    are_symbols,
    between,
    contains,
    days_ahead,
    one_of,
    present,
    quarantine,
    stop,
    unique,
    warn,
)
from warehouse.contracts import ASSET_CLASSES

SUITE = Suite(
    dataset="instruments",
    derived={
        "listed_days_ahead": days_ahead("listed_at"),
        "names_are_names": are_symbols("venue", "venue_symbol", "base", "quote", "settle"),
    },
    rules=(
        stop(
            "key_is_complete",
            "an instrument without a name cannot be told from another: the answer was misread",
            present("venue", "market_type", "venue_symbol"),
        ),
        stop(
            "something_trades",
            "a venue that lists nothing as trading was misread: every instrument would be delisted",
            contains("is_active", True),
            min_rows=5,
        ),
        quarantine(
            "names_can_be_names",
            "a symbol goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        quarantine(
            "kind_is_known",
            "only spot and perpetual markets have a place here, and a class that nobody knows is in no figure",
            one_of("market_type", "spot", "perp"),
            one_of("asset_class", *ASSET_CLASSES),
        ),
        quarantine(
            "contract_size_is_positive",
            "amounts are multiplied by it: 0, a negative or an absurd size makes every one of them wrong",
            present("contract_size"),
            between("contract_size", above=0, at_most=1e12),
        ),
        quarantine(
            "listing_is_whole",
            "what is traded for what, inverse or not, trading or not, decides how it is valued",
            present("base", "quote", "is_inverse", "is_active"),
        ),
        quarantine(
            "instrument_is_listed_once",
            "two rows for one instrument in one answer contradict each other, or repeat a page",
            unique("venue", "market_type", "venue_symbol"),
        ),
        warn(
            "listing_date_is_plausible",
            "nothing traded before 2009, and a listing over a year ahead is a misread date",
            between("listed_days_ahead", at_least=-20_000, at_most=366),
        ),
    ),
)
