"""Rules for hourly candles.

Wild hours are real (on 2025-10-10 one candle fell to a fourteenth), so no rule bounds how far a price moves.
"""

from expectations.rules import (
    CLOCK_TOLERANCE_HOURS,
    Suite,
    are_symbols,
    between,
    hole,
    hours_ahead,
    not_below,
    one_of,
    present,
    quarantine,
    seconds_off_the_hour,
    stop,
    warn,
)

SUITE = Suite(
    dataset="candles",
    derived={
        "names_are_names": are_symbols("venue", "venue_symbol"),
        "body_top": lambda rows, now: rows["open"].where(rows["open"] >= rows["close"], rows["close"]),
        "body_bottom": lambda rows, now: rows["open"].where(rows["open"] <= rows["close"], rows["close"]),
        "open_hours_ahead": hours_ahead("open_time"),
        "open_seconds_off_the_hour": seconds_off_the_hour("open_time"),
        "average_over_close": lambda rows, now: (
            rows["quote_volume"] / (rows["base_volume"] * rows["close"]).where(lambda amount: amount > 0)
        ),
        "takers_share": lambda rows, now: (
            rows["taker_buy_base_volume"] / rows["base_volume"].where(lambda amount: amount > 0)
        ),
    },
    rules=(
        stop(
            "key_is_complete",
            "a candle of no instrument or no hour: the answer was misread",
            present("venue", "market_type", "venue_symbol", "open_time"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        hole(
            "values_are_present",
            "a candle has four prices and a volume; a hole in it is a hole in the hour",
            present("open", "high", "low", "close", "base_volume", "quote_volume"),
        ),
        quarantine(
            "amounts_are_possible",
            "prices are above 0 and finite, volumes not negative",
            between("low", above=0),
            between("high", at_most=1e9),
            between("base_volume", "quote_volume", at_least=0, at_most=1e18),
        ),
        quarantine(
            "prices_are_ordered",
            "open and close lie between low and high, else columns were swapped",
            not_below("high", "body_top"),
            not_below("body_bottom", "low"),
        ),
        quarantine(
            "candle_opens_on_the_hour",
            "a candle that opens inside an hour covers another hour than its name says",
            between("open_seconds_off_the_hour", at_most=0),
        ),
        quarantine(
            "hour_is_over",
            "the unfinished candle still changes, and one in the future is not true",
            between("open_hours_ahead", at_most=-1 + CLOCK_TOLERANCE_HOURS),
        ),
        warn(
            "volumes_fit_each_other",
            "quote over base volume is a price of that hour, and takers bought a part of it; else one is in contracts, "
            "in the other unit, or from another column",
            between("average_over_close", at_least=0.1, at_most=10),
            between("takers_share", at_least=0, at_most=1 + 1e-9),
        ),
    ),
)
