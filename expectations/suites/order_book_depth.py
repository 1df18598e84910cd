"""Rules for order-book depth: a book's two sides do not meet, and its bands hold each other.

How much rests in a book is not bounded: an empty book in a crash is real. Whether its price is the market's is asked of
the candles (check_order_books).
"""

from datetime import datetime

import pandas as pd

from expectations.rules import (
    CLOCK_TOLERANCE_HOURS,
    Suite,
    are_symbols,
    between,
    hours_ahead,
    one_of,
    present,
    quarantine,
    stop,
)

_SNAPSHOT = ["venue", "market_type", "venue_symbol", "snapshot_at"]
_AMOUNTS = ["base_amount", "quote_amount"]
# Amounts are printed in decimals: what differs by less is equal.
_TOLERANCE = 1e-9


def _average_price(rows: pd.DataFrame) -> pd.Series:
    """What the orders within a band cost on average; NULL where nothing rests there or nothing is known."""
    return rows["quote_amount"] / rows["base_amount"].where(lambda amount: amount > 0)


def _average_off_best_pct(rows: pd.DataFrame, now: datetime) -> pd.Series:
    """How far the average order lies behind the best one, less what the band allows; above 0 it is not in the band."""
    behind = (_average_price(rows) / rows["best_price"] - 1) * 100
    behind = behind.where(rows["side"] != "bid", -behind)
    # The mid price lies half a spread off the best one: a wide book's band reaches a little further.
    return (behind - 1.1 * rows["band_pct"]).clip(lower=-behind - _TOLERANCE)


def _bands_hold_each_other(rows: pd.DataFrame, now: datetime) -> pd.Series:
    """True where no narrower band of the side holds more; an unknown amount is not judged."""
    ordered = rows.sort_values([*_SNAPSHOT, "side", "band_pct"], kind="stable")
    side = [ordered[name] for name in (*_SNAPSHOT, "side")]
    good = pd.Series(True, index=ordered.index)
    for amount in _AMOUNTS:
        narrower = ordered[amount].groupby(side, sort=False, dropna=False).cummax()
        good &= ordered[amount].isna() | (ordered[amount] >= narrower * (1 - _TOLERANCE))
    return good.reindex(rows.index)


def _sides_do_not_meet(rows: pd.DataFrame, now: datetime) -> pd.Series:
    """True where every bid of the snapshot lies below every ask: by its best price, else by the average of a band."""
    price = rows["best_price"].fillna(_average_price(rows))
    snapshot = [rows[name] for name in _SNAPSHOT]
    highest_bid = price.where(rows["side"] == "bid").groupby(snapshot, sort=False, dropna=False).transform("max")
    lowest_ask = price.where(rows["side"] == "ask").groupby(snapshot, sort=False, dropna=False).transform("min")
    return ~(highest_bid >= lowest_ask)


SUITE = Suite(
    dataset="order_book_depth",
    derived={
        "names_are_names": are_symbols("venue", "venue_symbol"),
        "snapshot_hours_ahead": hours_ahead("snapshot_at"),
        "amounts_come_together": lambda rows, now: rows["base_amount"].isna() == rows["quote_amount"].isna(),
        "average_off_best_pct": _average_off_best_pct,
        "bands_hold": _bands_hold_each_other,
        "sides_are_apart": _sides_do_not_meet,
    },
    rules=(
        stop(
            "key_is_complete",
            "a book of no instrument, time, side or band: the answer was misread",
            present("venue", "market_type", "venue_symbol", "snapshot_at", "side", "band_pct"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        quarantine(
            "side_is_known",
            "a book has bids and asks; anything else was misread",
            one_of("side", "bid", "ask"),
        ),
        quarantine(
            "amounts_are_possible",
            "bands are a part of the price, prices above 0, amounts not negative, both of them known or neither",
            between("band_pct", above=0, at_most=50),
            between("base_amount", at_least=0, at_most=1e18),
            between("quote_amount", at_least=0, at_most=1e13),
            between("best_price", above=0, at_most=1e9),
            one_of("amounts_come_together", True),
        ),
        quarantine(
            "bands_hold_each_other",
            "what rests within 1 % rests within 2 % too, else bands are not cumulative or columns were swapped",
            one_of("bands_hold", True),
        ),
        quarantine(
            "sides_do_not_meet",
            "a bid at or above an ask would have traded: the book is crossed, or its sides were swapped",
            one_of("sides_are_apart", True),
        ),
        quarantine(
            "amounts_lie_in_the_band",
            "orders within a band cost on average a price in it, on their side of the best one; else an amount is in "
            "another unit",
            between("average_off_best_pct", at_most=0),
        ),
        quarantine(
            "snapshot_is_past",
            "no book can be seen after the source's clock",
            between("snapshot_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
    ),
)
