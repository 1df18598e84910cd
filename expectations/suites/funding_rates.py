"""Rules for settled funding rates.

Rates of 2.5 % in one hour are real (Hyperliquid, 2025), so the bound on one row is wide and units are judged by the
median of the batch.
"""

from expectations.rules import (
    CLOCK_TOLERANCE_HOURS,
    Suite,
    are_symbols,
    between,
    hole,
    hours_ahead,
    median_at_most,
    one_of,
    present,
    quarantine,
    seconds_off_the_hour,
    stop,
    warn,
)

SUITE = Suite(
    dataset="funding_rates",
    derived={
        "names_are_names": are_symbols("venue", "venue_symbol"),
        "absolute_rate": lambda rows, now: rows["funding_rate"].abs(),
        "settled_hours_ahead": hours_ahead("settled_at"),
        "settled_seconds_off_the_hour": seconds_off_the_hour("settled_at"),
    },
    rules=(
        stop(
            "key_is_complete",
            "a settlement of no instrument or no time: the answer was misread",
            present("venue", "venue_symbol", "settled_at"),
        ),
        stop(
            "typical_rate_is_a_fraction",
            "a normal settlement is about 0.0001; a median over 0.003 is a rate in percent, or in money per contract",
            median_at_most("absolute_rate", 0.003),
            min_rows=50,
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        hole("rate_is_present", "a settlement without a rate says nothing", present("funding_rate")),
        quarantine(
            "rate_is_possible",
            "venues cap a settlement at a few percent; beyond 10 % it is another unit",
            between("absolute_rate", at_most=0.1),
        ),
        quarantine(
            "settlement_is_past",
            "a rate announced for the next settlement is not settled and still changes",
            between("settled_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
        warn(
            "settlement_is_near_a_full_hour",
            "venues settle on the hour with milliseconds of jitter; over a minute off is another kind of stamp",
            between("settled_seconds_off_the_hour", at_most=60),
        ),
    ),
)
