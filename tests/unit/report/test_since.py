"""What is so for the first time in long, and what a reader must know of the day that it is compared with."""

from datetime import date

import duckdb
import pytest

from report.week import read_week
from tests.unit.report.marts_by_hand import WEEK, insert
from warehouse.week import Week

THEN = date(2025, 4, 30)


def said(con: duckdb.DuckDBPyConnection, section: str) -> dict[str, str]:
    document = read_week(con, Week(WEEK), "simulated", True)
    return {sentence.rule: sentence.text for sentence in document.section(section).sentences}


@pytest.mark.parametrize(
    ("share_pct", "told"),
    [
        (31.6, "since 30 April 2025 (when 31.6% of it was at list prices up to 126 days old)."),
        (20.0, "since 30 April 2025."),
        (None, "since 30 April 2025."),
    ],
)
def test_a_day_that_stood_at_the_prices_of_lists_says_so(
    two_weeks: duckdb.DuckDBPyConnection, share_pct: float | None, told: str
) -> None:
    insert(two_weeks, "market_cap_daily", (THEN, 2.91e12, 2.7e12, 230, 126, share_pct))
    assert said(two_weeks, "market")["since_total_market_cap_usd"] == (
        f"Total market cap ended the week at $2.97tn, below $3 trillion for the first time {told}"
    )


def test_open_interest_without_a_day_to_compare_with_names_none(two_weeks: duckdb.DuckDBPyConnection) -> None:
    known = said(two_weeks, "leverage")["open_interest_level"]
    assert "Like for like, its high on record was" in known
    two_weeks.execute("update marts.open_interest_market_daily set total_like_for_like_usd = null")
    assert said(two_weeks, "leverage")["open_interest_level"] == known.partition(" Like for like")[0]
