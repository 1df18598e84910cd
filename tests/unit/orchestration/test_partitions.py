"""The weeks on offer are Mondays, and only those that the source has closed."""

from datetime import UTC, datetime

from orchestration.partitions import weekly
from warehouse.clock import Clock

SIMULATED = Clock(datetime(2025, 3, 31, tzinfo=UTC), datetime(2025, 11, 24, 6, tzinfo=UTC))


def test_keys_are_the_mondays_of_closed_weeks():
    keys = weekly(SIMULATED, is_live=False).get_partition_keys()
    assert (keys[0], keys[-1], len(keys)) == ("2025-03-31", "2025-11-17", 34)
    assert {datetime.fromisoformat(key).weekday() for key in keys} == {0}


def test_a_source_may_be_ahead_of_this_machines_clock():
    ahead = Clock(SIMULATED.starts_at, datetime(2199, 1, 2, tzinfo=UTC))
    assert weekly(ahead, is_live=False).get_last_partition_key() == "2198-12-24"


def test_a_live_source_offers_what_the_wall_clock_has_closed():
    last = weekly(SIMULATED, is_live=True).get_last_partition_key()
    assert last is not None
    week = datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert week.weekday() == 0 and 7 <= (datetime.now(UTC) - week).days < 14


def test_before_a_clock_is_known_every_week_since_the_first_perpetual_is_on_offer():
    assert weekly(None, is_live=False).get_first_partition_key() == "2019-09-02"
