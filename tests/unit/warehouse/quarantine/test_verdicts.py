"""Judged again from landing: what a rule holds goes on once the rule is mended, and nothing that landed changes."""

import hashlib

import pytest

from tests.unit.warehouse.batches import CANDLES, START, candles, negative_closes_stop, no_guard
from tests.unit.warehouse.test_revisions import stopping
from warehouse.database import connect, guard_results
from warehouse.landing import Judgement, Landing, LandingError, RuleResult, read_manifest
from warehouse.loading import load_landed
from warehouse.publishing.gate import blocking_reasons
from warehouse.quarantine.verdicts import read_judgement, rejudge, stopped_by

CLOSES = "select close from raw.candles order by open_time, recorded_at"


def land(home, closes, judge, **more):
    return Landing(home, START).land(CANDLES, "binance", candles(closes, **more), [], judge)


def release(home, connection, manifest, judge=stopping(set())):
    path = rejudge(manifest, judge, clock=manifest.clock, rule="close_positive").path
    return path, load_landed(connection, home)


def digests(home):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.landing.rglob("*.*")
        if not path.name.endswith(".judgement.json")
    }


def test_released_rows_go_on_and_their_quarantine_says_when(home):
    with connect(home) as connection:
        manifest = land(home, [1.0, -2.0, 3.0], negative_closes_stop)
        load_landed(connection, home)
        before = digests(home)
        assert stopped_by(connection, "close_positive") == [str(manifest.path.relative_to(home.landing))]
        path, [load] = release(home, connection, manifest)
        judgement = read_judgement(path)
        assert (load.rows, load.new_rows, load.quarantined_rows) == (0, 1, -1)
        assert connection.execute(CLOSES).fetchall() == [(1.0,), (-2.0,), (3.0,)]
        learned = connection.execute("select recorded_at, load_id from raw.candles where close < 0").fetchall()
        assert learned == [(judgement.judged_at.replace(tzinfo=None), load.load_id)]
        released = connection.execute("select recorded_at, released_at from raw.quarantine").fetchall()
        recorded = manifest.recorded_at.replace(tzinfo=None)
        assert released == [(recorded, judgement.judged_at.replace(tzinfo=None))]
        assert stopped_by(connection, "close_positive") == [] and digests(home) == before
        assert load_landed(connection, home) == []


def test_a_staging_made_anew_from_landing_has_the_release_too(home):
    with connect(home) as connection:
        manifest = land(home, [1.0, -2.0], negative_closes_stop)
        load_landed(connection, home)
        land(home, [5.0], no_guard)
        release(home, connection, manifest)
        land(home, [6.0], no_guard)
        load_landed(connection, home)
        tables = ("candles", "quarantine", "guard_results", "loads")
        before = [connection.execute(f"select * from raw.{name} order by all").fetchall() for name in tables]
    home.staging.unlink()
    with connect(home) as connection:
        load_landed(connection, home)
        assert [connection.execute(f"select * from raw.{name} order by all").fetchall() for name in tables] == before


def test_what_was_learned_after_the_batch_is_not_overruled(home):
    with connect(home) as connection:
        manifest = land(home, [-1.0, -2.0], negative_closes_stop)
        land(home, [7.0], no_guard)
        load_landed(connection, home)
        release(home, connection, manifest)
        assert connection.execute(CLOSES).fetchall() == [(7.0,), (-2.0,)]


def test_a_later_reading_of_the_same_value_counts_though_it_added_no_row(home):
    with connect(home) as connection:
        land(home, [1.0], no_guard)
        manifest = land(home, [-1.0], negative_closes_stop)
        land(home, [1.0], no_guard)  # the venue is back at what is known: no new version, and yet newer than -1
        load_landed(connection, home)
        release(home, connection, manifest)
        assert connection.execute(CLOSES).fetchall() == [(1.0,)]


def test_a_rule_that_still_holds_keeps_its_rows_and_another_may_take_them(home):
    with connect(home) as connection:
        manifest = land(home, [1.0, -2.0, -3.0], negative_closes_stop)
        load_landed(connection, home)
        release(home, connection, manifest, stopping({-3.0}))
        held = connection.execute(
            "select rule, row_number, released_at is null from raw.quarantine order by row_number, rule"
        ).fetchall()
        assert held == [("close_positive", 1, False), ("close_positive", 2, False), ("not_bad", 2, True)]
        assert connection.execute(CLOSES).fetchall() == [(1.0,), (-2.0,)]
        release(home, connection, manifest)
        assert connection.execute(CLOSES).fetchall() == [(1.0,), (-2.0,), (-3.0,)]
        assert connection.execute("select count(*) from raw.quarantine where released_at is null").fetchall() == [(0,)]


def test_rows_that_went_on_are_not_taken_back_by_a_tighter_rule(home):
    with connect(home) as connection:
        manifest = land(home, [1.0, -2.0], negative_closes_stop)
        load_landed(connection, home)
        release(home, connection, manifest, stopping({1.0}))
        assert connection.execute(CLOSES).fetchall() == [(1.0,), (-2.0,)]
        assert connection.execute("select count(*) from raw.quarantine where released_at is null").fetchall() == [(0,)]


def test_the_same_rows_in_many_batches_are_released_once(home):
    with connect(home) as connection:
        manifests = [land(home, [1.0, -2.0], negative_closes_stop) for _ in range(3)]
        load_landed(connection, home)
        for manifest in manifests:
            rejudge(manifest, no_guard, clock=START, rule="close_positive")
        assert [load.new_rows for load in load_landed(connection, home)] == [1, 0, 0]
        assert connection.execute("select count(*), count(released_at) from raw.quarantine").fetchall() == [(1, 1)]


def test_a_critical_guard_that_no_longer_holds_frees_the_gate(home):
    def misread(dataset, frame):
        return Judgement([], [RuleResult("clock", "critical", "no row is from the future", len(frame), 1, False)])

    def understood(dataset, frame):
        return Judgement([], [RuleResult("clock", "critical", "no row is from the future", len(frame), 0, True)])

    with connect(home) as connection:
        manifest = land(home, [1.0], misread)
        load_landed(connection, home)
        assert "guard clock stopped candles of binance" in blocking_reasons(connection)[0]
        assert stopped_by(connection, "clock", "candles") and not stopped_by(connection, "clock", "open_interest")
        release(home, connection, manifest, understood)
        assert not any("guard" in reason for reason in blocking_reasons(connection))
        assert [row[6] for row in guard_results(connection, "candles")] == [True]
        # A rule that is no more has no result in the newest judgement: it stands against nothing.
        manifest = land(home, [2.0], misread)
        load_landed(connection, home)
        release(home, connection, manifest)
        assert not any("guard" in reason for reason in blocking_reasons(connection))


def test_a_judgement_that_is_damaged_or_newer_is_named(home):
    manifest = land(home, [1.0], no_guard)
    path = rejudge(manifest, no_guard, clock=START, rule="r").path
    path.write_text('{"format": 99}')
    with pytest.raises(LandingError, match="newer version"):
        read_judgement(path)
    path.write_text("{}")
    with pytest.raises(LandingError, match="damaged"):
        read_judgement(path)
    manifest.path.write_text('{"format": 99}')
    with pytest.raises(LandingError, match="newer version"):
        read_manifest(manifest.path)


def test_a_batch_that_was_changed_is_not_judged(home):
    manifest = land(home, [1.0], no_guard)
    manifest.parquet.chmod(0o644)
    manifest.parquet.write_bytes(b"x")
    with pytest.raises(LandingError, match="changed after it landed"):
        rejudge(manifest, no_guard, clock=START, rule="r")


def test_an_interrupted_release_is_loaded_by_the_next_run(home):
    with connect(home) as connection:
        manifest = land(home, [-2.0], negative_closes_stop)
        load_landed(connection, home)
    rejudge(manifest, no_guard, clock=START, rule="close_positive")  # and then the process dies
    with connect(home) as connection:
        assert [load.new_rows for load in load_landed(connection, home)] == [1]
