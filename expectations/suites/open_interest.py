"""Rules for open interest.

Whether a figure fits the instrument's price (a matter of contract sizes) is for the models, which have the prices.
"""

from datetime import datetime

import pandas as pd

from expectations.rules import (
    CLOCK_TOLERANCE_HOURS,
    Suite,
    are_symbols,
    between,
    hole,
    hours_ahead,
    one_of,
    present,
    quarantine,
    stop,
)


def _is_zero_amid_others(rows: pd.DataFrame, now: datetime) -> "pd.Series[bool]":
    """Nothing held of an instrument of which something was held in the same batch."""
    amounts = rows["open_interest_base"]
    most = amounts.groupby([rows["venue"], rows["venue_symbol"]], dropna=False).transform("max")
    return (amounts == 0) & (most > 0)


SUITE = Suite(
    dataset="open_interest",
    derived={
        "names_are_names": are_symbols("venue", "venue_symbol"),
        "amounts_known": lambda rows, now: rows[["open_interest_base", "open_interest_usd"]].notna().sum(axis=1),
        "implied_price_usd": lambda rows, now: (
            rows["open_interest_usd"] / rows["open_interest_base"].where(rows["open_interest_base"] > 0)
        ).where(rows["open_interest_usd"] > 0),
        "zero_amid_others": _is_zero_amid_others,
        "observed_hours_ahead": hours_ahead("observed_at"),
    },
    rules=(
        stop(
            "key_is_complete",
            "an observation of no instrument or no time: the answer was misread",
            present("venue", "venue_symbol", "observed_at"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        hole(
            "an_amount_is_present",
            "an observation has coins or dollars; without either it says nothing",
            between("amounts_known", at_least=1),
        ),
        hole(
            "amount_is_no_gap",
            "an open interest of 0 of an instrument that has some before or after is a hole, not a value",
            one_of("zero_amid_others", False),
        ),
        quarantine(
            "amounts_are_possible",
            "open interest is not negative, and no instrument has ever had a trillion dollars of it",
            between("open_interest_base", at_least=0, at_most=1e18),
            between("open_interest_usd", at_least=0, at_most=1e12),
        ),
        quarantine(
            "implied_price_is_possible",
            "dollars over coins is a price; outside of all prices ever seen, one of the two is in contracts",
            between("implied_price_usd", at_least=1e-10, at_most=1e7),
        ),
        quarantine(
            "observation_is_past",
            "nothing can be observed after the source's clock",
            between("observed_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
    ),
)
