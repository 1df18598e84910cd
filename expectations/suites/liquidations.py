"""Rules for liquidations.

The largest that was ever reported is some hundred millions of dollars; a thousand millions is a wrong contract size.
"""

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

SUITE = Suite(
    dataset="liquidations",
    derived={
        "names_are_names": are_symbols("venue", "venue_symbol"),
        "worth": lambda rows, now: rows["price"] * rows["quantity"],
        "liquidated_hours_ahead": hours_ahead("liquidated_at"),
    },
    rules=(
        stop(
            "key_is_complete",
            "a liquidation of no instrument, time, side or price: the answer was misread",
            present("venue", "venue_symbol", "liquidated_at", "side", "price", "occurrence"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        quarantine(
            "side_is_known",
            "a position is long or short; anything else was misread",
            one_of("side", "long", "short"),
        ),
        hole(
            "quantity_is_present",
            "contracts of no known size are no amount of coins",
            present("quantity"),
        ),
        quarantine(
            "amounts_are_possible",
            "prices are above zero, nothing negative can be closed, and no single position was ever worth a thousand "
            "million",
            between("price", above=0, at_most=1e7),
            between("quantity", at_least=0),
            between("worth", at_most=1e9),
        ),
        quarantine(
            "liquidation_is_past",
            "nothing can have been closed after the source's clock",
            between("liquidated_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
    ),
)
