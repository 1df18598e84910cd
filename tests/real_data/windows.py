"""What the tests of this folder share: which windows they look at, how to ask for one, when two figures are equal.

Does not belong here: any computation of a metric (tests/independent).
"""

import pandas as pd
import pytest

# New York closed at 16:00, which is 21:00 UTC in winter and 20:00 UTC in summer.
WINDOWS = {
    ("2025-11-17", "mon_mon"): ("2025-11-17 00:00", "2025-11-24 00:00"),
    ("2025-11-17", "fri_fri"): ("2025-11-14 21:00", "2025-11-21 21:00"),
    ("2026-03-02", "mon_mon"): ("2026-03-02 00:00", "2026-03-09 00:00"),
    ("2026-03-02", "fri_fri"): ("2026-02-27 21:00", "2026-03-06 21:00"),
    ("2025-11-24", "fri_fri"): ("2025-11-21 21:00", "2025-11-28 21:00"),  # a half day: 16:00 all the same
    ("2025-10-27", "fri_fri"): ("2025-10-24 20:00", "2025-10-31 20:00"),
    ("2025-11-03", "fri_fri"): ("2025-10-31 20:00", "2025-11-07 21:00"),  # clocks change inside: 169 hours
}
IN_ORDER = sorted(WINDOWS)
RELATIVE = 1e-6


def span(week: str, window_id: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    start, end = WINDOWS[(week, window_id)]
    return pd.Timestamp(start), pd.Timestamp(end)


def of_window(marts, table, week, window_id):
    return marts(f"select * from marts.{table} where week_start = '{week}' and window_id = '{window_id}'")


def close(found, expected):
    if isinstance(expected, str):
        return found == expected
    if expected is None:
        return bool(pd.isna(found))
    return found == pytest.approx(expected, rel=RELATIVE, abs=1e-9)
