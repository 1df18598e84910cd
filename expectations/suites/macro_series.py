"""Rules for macro-economic series. A missing value is a fact (October 2025 CPI was never published), not an error."""

from expectations.rules import (
    CLOCK_TOLERANCE_HOURS,
    Suite,
    are_symbols,
    between,
    days_ahead,
    hours_ahead,
    not_below,
    one_of,
    present,
    quarantine,
    stop,
)

SUITE = Suite(
    dataset="macro_series",
    derived={
        "names_are_names": are_symbols("provider", "series"),
        "reference_days_ahead": days_ahead("reference_date"),
        "released_hours_ahead": hours_ahead("released_at"),
        "released_days_ahead": days_ahead("released_at"),
    },
    rules=(
        stop(
            "key_is_complete",
            "a value of no series or no date: the file was misread",
            present("provider", "series", "reference_date"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        quarantine(
            "value_is_possible",
            "no published series has values beyond a quadrillion; an infinity is a division by zero",
            between("value", at_least=-1e15, at_most=1e15),
        ),
        quarantine(
            "date_is_possible",
            "dates after the source's clock or before 1800 are two-digit years or swapped days",
            between("reference_days_ahead", at_least=-83_000, at_most=0),
        ),
        quarantine(
            "release_is_past",
            "a value cannot have been released after the source's clock",
            between("released_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
        quarantine(
            "release_follows_the_period",
            "an office does not publish a value before the period it describes has begun",
            not_below("released_days_ahead", "reference_days_ahead"),
        ),
    ),
)
