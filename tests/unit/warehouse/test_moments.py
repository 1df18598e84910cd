"""What is learned later is never stamped earlier, whatever the wall clock does."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.warehouse.batches import START, build, candles, negative_closes_stop, no_guard
from warehouse import moments
from warehouse.builds.as_of import moment
from warehouse.contracts import CANDLES
from warehouse.database import connect
from warehouse.landing import Landing
from warehouse.loading import load_landed
from warehouse.moments import Moments, moment_in
from warehouse.publishing.history import History, Published
from warehouse.quarantine.check_releases import ReleasedFact, release_facts
from warehouse.quarantine.verdicts import in_the_order_learned, rejudge

NOON = datetime(2025, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def wall(monkeypatch):
    """A wall clock that can be set, also back."""

    class Clock(datetime):
        at = NOON

        @classmethod
        def now(cls, tz=None):
            return cls.at

    monkeypatch.setattr(moments, "datetime", Clock)
    return Clock


def test_moments_go_on_when_the_clock_goes_back(home, wall):
    given = Moments(home)
    first = given.next()
    wall.at = NOON - timedelta(hours=2)
    assert first == NOON and given.next() == NOON + timedelta(microseconds=1)
    wall.at = NOON + timedelta(hours=1)
    assert given.next() == wall.at


def test_the_newest_value_counts_though_it_came_by_an_earlier_clock(home, wall):
    landed = [Landing(home, START).land(CANDLES, "binance", candles([1.0]), [], no_guard)]
    wall.at = NOON - timedelta(hours=2)  # set right; another process
    landed.append(Landing(home, START).land(CANDLES, "binance", candles([2.0]), [], no_guard))
    assert landed[0].recorded_at < landed[1].recorded_at
    with connect(home) as connection:
        load_landed(connection, home)
        assert connection.execute("select arg_max(close, recorded_at), count(*) from raw.candles").fetchall() == [
            (2, 2)
        ]


def test_judgements_and_releases_are_learned_after_the_batch(home, wall):
    batch = Landing(home, START).land(CANDLES, "binance", candles([-1.0]), [], negative_closes_stop)
    wall.at = NOON - timedelta(days=40)
    judged = rejudge(batch, no_guard, clock=START, rule="close_positive")
    fact = ReleasedFact("candles", "binance", "perp", "BTCUSDT", START.replace(tzinfo=None), 1.0, 0.5)
    released = release_facts(home, "peers", [fact], released_by="desk", reason="true")
    assert batch.recorded_at < judged.judged_at < released.released_at
    assert in_the_order_learned(home) == [batch.path, judged.path, released.path]


def test_a_build_sees_all_that_is_loaded_and_readers_can_ask_as_of_it(home, wall):
    Landing(home, START).land(CANDLES, "binance", candles([1.0]), [], no_guard)
    wall.at = NOON - timedelta(hours=2)
    with connect(home) as connection:
        load_landed(connection, home)
        as_of = moment_in(connection)
        assert as_of == NOON  # two hours ahead of the wall
        build(connection, is_passed=True, as_of=as_of)
        told = connection.execute("select as_of, finished_at from raw.run_context, raw.builds").fetchall()
        assert told == [(NOON.replace(tzinfo=None),) * 2]
        assert moment_in(connection) == NOON


def test_staging_alone_is_heeded_too(home, wall):
    """A restored landing may lack what staging has loaded."""
    with connect(home) as connection:
        connection.execute("insert into raw.loads (load_id, recorded_at) values (1, ?)", [NOON.replace(tzinfo=None)])
    wall.at = NOON - timedelta(hours=2)
    assert Moments(home).next() > NOON


def test_a_publication_as_of_a_clock_that_was_ahead_can_be_asked_for(home):
    home.create()
    ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=2)
    version = home.published / "1"
    version.mkdir()
    week = START.date()
    History((Published(1, ahead, ahead, "live", False, week, week, "0", ""),)).write(version)
    home.current.symlink_to("published/1")
    assert moment("publication:1", home) == moment(ahead.isoformat(), home) == ahead.replace(tzinfo=UTC)
