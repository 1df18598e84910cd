"""How far back a home's history reaches."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.sources.depth import EARLIEST, beginning, parse_length, with_depth
from warehouse.clock import remember_clock
from warehouse.home import Home
from warehouse.source import Source, SourceError

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)  # a Monday; the last closed week is that of the 23rd
LIVE = Source("live", None, EARLIEST, NOW)
SERVER = Source("simulated", "http://127.0.0.1:9", datetime(2026, 6, 1, tzinfo=UTC), NOW)


@pytest.fixture
def made(home: Home) -> Home:
    home.path.mkdir(parents=True)
    return home


def test_lengths_are_weeks_months_or_years():
    assert parse_length("20w") == timedelta(weeks=20)
    assert beginning(NOW, parse_length("1w")) == datetime(2026, 11, 23, tzinfo=UTC)
    assert beginning(NOW, parse_length("3y")) == datetime(2023, 11, 27, tzinfo=UTC)
    for wrong in ("3", "0w", "-1y", "3 years", "y"):
        with pytest.raises(SourceError, match="write it like 20w"):
            parse_length(wrong)


def test_a_first_live_home_has_thirteen_weeks_and_keeps_their_beginning(made):
    first = with_depth(made, LIVE)
    assert first.starts_at == datetime(2026, 8, 31, tzinfo=UTC)
    remember_clock(made, first)
    later = Source("live", None, EARLIEST, NOW + timedelta(weeks=5))
    assert with_depth(made, later).starts_at == first.starts_at  # it grows, and does not roll
    remember_clock(made, first.since(datetime(2024, 1, 1, tzinfo=UTC)))
    assert with_depth(made, later).starts_at == datetime(2024, 1, 1, tzinfo=UTC)


def test_another_source_is_whole_unless_somebody_chose(made):
    assert with_depth(made, SERVER) is SERVER
    remember_clock(made, SERVER)
    assert with_depth(made, SERVER) is SERVER
    with pytest.raises(SourceError, match="backfill --history"):
        with_depth(made, SERVER, timedelta(weeks=2))


def test_a_new_home_may_begin_later_than_its_source_and_never_earlier(made):
    few = with_depth(made, SERVER, timedelta(weeks=2))
    assert few.starts_at == datetime(2026, 11, 16, tzinfo=UTC)
    assert with_depth(made, SERVER, timedelta(weeks=200)).starts_at == SERVER.starts_at
    remember_clock(made, few)
    assert with_depth(made, SERVER).starts_at == few.starts_at
