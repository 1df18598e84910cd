"""Rules for ratios of accounts long to accounts short.

Ratios of large coins lie between about 0.4 and 5. One venue prints its own a hundred times too small; the bounds are
wide enough for any crowd, and narrow enough for that.
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
    dataset="long_short_ratios",
    derived={
        "names_are_names": are_symbols("venue", "venue_symbol"),
        "observed_hours_ahead": hours_ahead("observed_at"),
    },
    rules=(
        stop(
            "key_is_complete",
            "a ratio of no instrument or no time: the answer was misread",
            present("venue", "venue_symbol", "observed_at"),
        ),
        quarantine(
            "names_can_be_names",
            "a name goes into addresses, keys and pages: what holds markup, a path or what cannot be seen is none",
            one_of("names_are_names", True),
        ),
        hole(
            "ratio_is_present",
            "an observation without a ratio, or with nobody on one side, says nothing",
            present("long_short_account_ratio"),
        ),
        quarantine(
            "ratio_is_possible",
            "beyond 50 to 1 either way it is a share, a percentage, or a ratio of something else",
            between("long_short_account_ratio", at_least=0.02, at_most=50),
        ),
        quarantine(
            "observation_is_past",
            "nothing can be observed after the source's clock",
            between("observed_hours_ahead", at_most=CLOCK_TOLERANCE_HOURS),
        ),
    ),
)
