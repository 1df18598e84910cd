"""Rules for daily closes of other asset classes. Oil closed at −37 dollars once, so a close may be negative."""

import pandas as pd

from expectations.rules import Suite, are_symbols, between, days_ahead, hole, one_of, present, quarantine, stop, warn


def _over_previous(rows: pd.DataFrame) -> pd.Series:
    ordered = rows.sort_values(["provider", "series", "close_date"])
    previous = ordered.groupby(["provider", "series"], observed=True)["close"].shift()
    return (ordered["close"] / previous.where(previous > 0)).where(ordered["close"] > 0).reindex(rows.index)


SUITE = Suite(
    dataset="asset_class_prices",
    derived={
        "names_are_names": are_symbols("provider", "series"),
        "close_days_ahead": days_ahead("close_date"),
        "close_over_previous": lambda rows, now: _over_previous(rows),
    },
    rules=(
        stop(
            "key_is_complete",
            "a close of no series or no day: the answer was misread",
            present("provider", "series", "close_date"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        hole("close_is_present", "a day without a close is a day without a row", present("close")),
        quarantine(
            "close_is_possible",
            "no index, price or rate in use lies outside of these bounds; beyond, the number was misread",
            between("close", at_least=-1_000, at_most=1e7),
        ),
        quarantine(
            "day_is_not_ahead",
            "a market cannot have closed on a day after the source's clock",
            between("close_days_ahead", at_least=-80_000, at_most=0),
        ),
        warn(
            "close_follows_the_one_before",
            "a close three times or a third of the one before is a split, a change of unit, or 1987",
            between("close_over_previous", at_least=1 / 3, at_most=3),
        ),
    ),
)
