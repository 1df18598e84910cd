"""Weeks by name, and which of them can be run."""

from datetime import UTC, date, datetime

import pytest

from warehouse.source import Source
from warehouse.week import WeekError, check_weeks, first_week, last_closed_week, parse_week

SIMULATED = Source(
    "simulated", "http://127.0.0.1:1", datetime(2025, 3, 31, tzinfo=UTC), datetime(2025, 11, 24, 6, tzinfo=UTC)
)
W47 = date(2025, 11, 17)


def test_a_week_is_its_monday():
    assert parse_week("2025-W47") == W47
    assert parse_week("2026-W01") == date(2025, 12, 29)
    assert parse_week("2020-W53") == date(2020, 12, 28)


@pytest.mark.parametrize(
    "text",
    ["2025-47", "2025W47", "47", "2025-W1", "2025-W00", "2025-W53", "2025-W60", "", "W47", "0000-W01", "٢٠٢٥-W47"],
)
def test_what_is_no_week_is_refused(text):
    with pytest.raises(WeekError):
        parse_week(text)


def test_a_week_is_closed_when_it_has_ended():
    assert last_closed_week(datetime(2025, 11, 24, 0, 0, tzinfo=UTC)) == W47
    assert last_closed_week(datetime(2025, 11, 23, 23, 59, tzinfo=UTC)) == date(2025, 11, 10)


def test_the_first_week_is_the_one_that_the_source_begins_in():
    assert first_week(datetime(2025, 3, 31, tzinfo=UTC)) == date(2025, 3, 31)
    assert first_week(datetime(2019, 9, 8, 17, tzinfo=UTC)) == date(2019, 9, 2)


def test_a_range_has_all_its_mondays():
    weeks = check_weeks(parse_week("2025-W40"), parse_week("2025-W47"), SIMULATED)
    assert len(weeks) == 8 and weeks[0] == date(2025, 9, 29) and weeks[-1] == W47


@pytest.mark.parametrize(
    "first, last, words",
    [
        ("2025-W47", "2025-W46", "earlier week first"),
        ("2025-W13", "2025-W47", "before this source's first data; choose from 2025-W14 to 2025-W47"),
        ("2025-W47", "2025-W48", "is not over: it ends on 2025-12-01"),
        ("2025-W49", "2025-W49", "in the future"),
    ],
)
def test_weeks_that_cannot_be_run_say_which_can(first, last, words):
    with pytest.raises(WeekError, match=words):
        check_weeks(parse_week(first), parse_week(last), SIMULATED)
