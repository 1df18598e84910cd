"""Weeks by name, and which of them can be run."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from warehouse.source import Source
from warehouse.week import Week, WeekError, closed_weeks

SIMULATED = Source(
    "simulated", "http://127.0.0.1:1", datetime(2025, 3, 31, tzinfo=UTC), datetime(2025, 11, 24, 6, tzinfo=UTC)
)
W47 = Week(date(2025, 11, 17))


def test_a_week_is_its_monday():
    assert Week.parse("2025-W47") == W47
    assert Week.parse("2026-W01").start == date(2025, 12, 29)
    assert Week.parse("2020-W53").start == date(2020, 12, 28)


def test_a_day_that_is_no_monday_starts_no_week():
    with pytest.raises(WeekError, match="starts on a Monday and 2025-11-18 is none"):
        Week(date(2025, 11, 18))


def test_weeks_are_written_as_people_write_them():
    assert (W47.label, f"{W47}") == ("2025-W47", "2025-W47")
    assert Week(date(2024, 12, 30)).label == "2025-W01"


def test_a_moment_near_midnight_belongs_to_the_week_of_its_utc_day():
    east = timezone(timedelta(hours=9))
    assert Week.of(datetime(2025, 11, 24, 8, 59, tzinfo=east)) == W47
    assert Week.of(datetime(2025, 11, 24, 9, 0, tzinfo=east)) == W47.next
    assert Week.of(date(2025, 11, 23)) == W47


def test_the_edges_of_a_week():
    week = Week(date(2025, 12, 29))
    assert (week.label, week.last_day, week.day_before) == ("2026-W01", date(2026, 1, 4), date(2025, 12, 28))
    assert (week.starts_at, week.ends_at) == (datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))
    assert (week.days[0], week.days[-1], len(week.days)) == (date(2025, 12, 29), date(2026, 1, 4), 7)
    assert week.previous.end == week.start and week.next.start == week.end


@pytest.mark.parametrize(
    "text",
    ["2025-47", "2025W47", "47", "2025-W1", "2025-W00", "2025-W53", "2025-W60", "", "W47", "0000-W01", "٢٠٢٥-W47"],
)
def test_what_is_no_week_is_refused(text):
    with pytest.raises(WeekError):
        Week.parse(text)


def test_a_week_is_closed_when_it_has_ended():
    assert Week.last_closed(datetime(2025, 11, 24, 0, 0, tzinfo=UTC)) == W47
    assert Week.last_closed(datetime(2025, 11, 23, 23, 59, tzinfo=UTC)) == W47.previous


def test_the_first_week_is_the_one_that_the_source_begins_in():
    assert Week.of(datetime(2025, 3, 31, tzinfo=UTC)).start == date(2025, 3, 31)
    assert Week.of(datetime(2019, 9, 8, 17, tzinfo=UTC)).start == date(2019, 9, 2)


def test_a_range_has_all_its_mondays():
    weeks = closed_weeks(Week.parse("2025-W40"), Week.parse("2025-W47"), SIMULATED)
    assert len(weeks) == 8 and weeks[0].start == date(2025, 9, 29) and weeks[-1] == W47


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
        closed_weeks(Week.parse(first), Week.parse(last), SIMULATED)
