"""Append-only versions against a plain model: whatever the batches, whatever the order of loading, the same history."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.unit.warehouse.batches import CANDLES, START, candles, no_guard
from warehouse.database import connect, create_tables
from warehouse.home import Home
from warehouse.landing import Judgement, Landing, RuleResult, Verdict, read_manifest
from warehouse.loading import load_landed
from warehouse.quarantine.verdicts import in_the_order_learned, read_judgement, rejudge

HOURS, VALUES = 3, (1.0, 2.0, 3.0)
QUARANTINE = "select * exclude (load_id) from raw.quarantine order by all"
LOADS = "select * exclude (load_id) from raw.loads order by all"
DIFFERENCES = "select * exclude (load_id) from raw.archive_disagreements order by all"


def stopping(bad: set[float]):
    """A guard that holds the rows with these closes."""

    def judge(dataset, frame):
        rows = [int(i) for i in frame.index[frame["close"].isin(bad)]]
        verdicts = [Verdict(i, "not_bad", "row", "it is bad") for i in rows]
        return Judgement(verdicts, [RuleResult("not_bad", "row", "it is bad", len(frame), len(rows), not rows)])

    return judge


@dataclass
class Batch:
    """What is landed: (hour, close) rows, the closes that its guard holds, and whose files they came from."""

    rows: list[tuple[int, float]]
    bad: set[float]
    archive: str | None = None


@dataclass
class Release:
    """A judgement of an earlier batch (modulo how many there are) by a guard that holds these closes."""

    batch: int
    bad: set[float]


rows = st.lists(st.tuples(st.integers(0, HOURS - 1), st.sampled_from(VALUES)), min_size=1, max_size=5)
guards = st.sets(st.sampled_from(VALUES), max_size=2)
batches = st.builds(Batch, rows, guards, st.sampled_from((None, None, "files")))
events = st.lists(st.one_of(batches, batches, st.builds(Release, st.integers(0, 5), guards)), min_size=1, max_size=7)


def model(log) -> list[tuple[int, float, int]]:
    """The versions (hour, close, number of the event that made it known), told one event at a time.

    A venue and its files have a history each.
    """
    versions: dict[tuple[int, str | None], list[tuple[float, int]]] = {}
    newest: dict[tuple[int, str | None], tuple[int, int]] = {}  # of each the newest row known: its batch, its place
    held: dict[int, set[int]] = {}

    def learn(event: int, batch: int, hour: int, close: float, place: int) -> None:
        told = (hour, log[batch].archive)
        if newest.get(told, (-1, -1)) > (batch, place):
            return
        newest[told] = (batch, place)
        known = versions.setdefault(told, [])
        if not known or known[-1][0] != close:
            known.append((close, event))

    for number, event in enumerate(log):
        batch = number if isinstance(event, Batch) else event.batch
        rows = log[batch].rows
        stopped = {i for i, (_, close) in enumerate(rows) if close in event.bad}
        if isinstance(event, Batch):
            held[batch] = stopped
            goes_on = set(range(len(rows))) - stopped
        else:
            goes_on = held[batch] - stopped
            held[batch] &= stopped
        for hour in range(HOURS):
            if places := [i for i in goes_on if rows[i][0] == hour]:
                learn(number, batch, hour, rows[places[-1]][1] if places == sorted(places) else 0, max(places))
    return sorted((hour, close, event) for (hour, _), known in versions.items() for close, event in known)


@contextmanager
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Raw without a file: many of them are made."""
    with duckdb.connect() as connection:
        create_tables(connection)
        yield connection


def land(home: Home, log) -> list:
    """Land every event; the paths in their order. Releases name batches by their place in the log from here on."""
    paths = []
    for event in log:
        if isinstance(event, Batch):
            tables = [candles([close], first_hour=hour) for hour, close in event.rows]
            batch = pa.concat_tables(tables)
            landed = Landing(home, START).land(CANDLES, "binance", batch, [], stopping(event.bad), event.archive)
            paths.append(landed.path)
        else:
            manifest = read_manifest(paths[event.batch])
            paths.append(rejudge(manifest, stopping(event.bad), clock=START, rule="not_bad").path)
    return paths


def history(connection, paths) -> list[tuple[int, float, int]]:
    """Raw's versions, with the event that made each known."""
    moments = {}
    for number, path in enumerate(paths):
        learned = read_judgement(path).judged_at if "judgement" in path.name else read_manifest(path).recorded_at
        moments[learned.replace(tzinfo=None)] = number
    found = connection.execute("select hour(open_time), close, recorded_at from raw.candles").fetchall()
    return sorted((hour, close, moments[at]) for hour, close, at in found)


def named(log):
    """Releases that name a batch before them; those that cannot are left out."""
    kept: list = []
    for event in log:
        before = [i for i, e in enumerate(kept) if isinstance(e, Batch)]
        if isinstance(event, Batch):
            kept.append(event)
        elif before:
            kept.append(Release(before[event.batch % len(before)], event.bad))
    return kept


def hide(path):
    path.rename(path.with_name(f"{path.name}.hidden"))


def find(path):
    path.with_name(f"{path.name}.hidden").rename(path)


@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(events, st.randoms(use_true_random=False))
def test_raw_is_what_the_plain_model_says_in_any_order_of_loading(tmp_path_factory, log, chance: random.Random):
    log = named(log)
    home = Home(tmp_path_factory.mktemp("home"))
    paths = land(home, log)
    assert in_the_order_learned(home) == paths
    expected = model(log)
    with empty() as connection:
        load_landed(connection, home)
        assert history(connection, paths) == expected
        quarantine = connection.execute(QUARANTINE).fetchall()
        loads = connection.execute(LOADS).fetchall()
        differences = connection.execute(DIFFERENCES).fetchall()
        assert load_landed(connection, home) == []

    # Some of it is found later: a batch that landed earlier is loaded after one that landed later.
    order = [i for i in range(len(paths)) if chance.random() < 0.5]
    chance.shuffle(order)
    orphans = {i for i, event in enumerate(log) if isinstance(event, Release) and event.batch in order}
    order = [i for i in order if i not in orphans] + sorted(orphans)  # a judgement is never found before its batch
    for i in order:
        hide(paths[i])
    with empty() as connection:
        load_landed(connection, home)
        for i in order:
            find(paths[i])
            load_landed(connection, home)
        assert history(connection, paths) == expected
        assert connection.execute(QUARANTINE).fetchall() == quarantine
        assert connection.execute(LOADS).fetchall() == loads
        assert connection.execute(DIFFERENCES).fetchall() == differences


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)])
def test_a_value_that_was_dropped_as_the_same_comes_back_when_what_lay_between_is_found(home, order):
    paths = land(home, [Batch([(0, close)], set()) for close in (1.0, 2.0, 1.0)])
    for path in paths:
        path.rename(path.with_name(f"{path.name}.hidden"))
    with connect(home) as connection:
        for i in order:
            paths[i].with_name(f"{paths[i].name}.hidden").rename(paths[i])
            load_landed(connection, home)
        assert history(connection, paths) == [(0, 1.0, 0), (0, 1.0, 2), (0, 2.0, 1)]


def test_a_batch_found_late_makes_the_next_build_a_whole_one_if_it_takes_versions_away(home):
    paths = land(home, [Batch([(0, close)], set()) for close in (1.0, 2.0, 2.0)])
    paths[1].rename(paths[1].with_name("hidden"))
    with connect(home) as connection:
        load_landed(connection, home)
        connection.execute("insert into raw.builds (build_id, load_id, is_passed) values (1, 2, true)")
        paths[1].with_name("hidden").rename(paths[1])
        assert [load.new_rows for load in load_landed(connection, home)] == [1]
        builds = connection.execute("select build_id, is_passed from raw.builds order by 1").fetchall()
        assert builds == [(1, True), (2, False)]


def test_directories_above_a_home_are_no_columns(tmp_path):
    home = Home(tmp_path / "venue=desk" / "close=7" / "row=9")
    paths = land(home, [Batch([(0, 1.0), (1, 2.0)], {2.0}), Release(0, set()), Batch([(0, 3.0)], set())])
    with connect(home) as connection:
        load_landed(connection, home)
        assert history(connection, paths) == [(0, 1.0, 0), (0, 3.0, 2), (1, 2.0, 1)]
        assert connection.execute("select distinct venue from raw.candles").fetchall() == [("binance",)]
        assert connection.execute("select distinct origin from raw.quarantine").fetchall() == [("binance",)]


def test_a_batch_without_guard_results_is_loaded_too(home):
    with connect(home) as connection:
        Landing(home).land(CANDLES, "binance", candles([1.0]), [], no_guard)
        assert [load.new_rows for load in load_landed(connection, home)] == [1]
        assert connection.execute("select clock_at from raw.loads").fetchall() == [(None,)]
