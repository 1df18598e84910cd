import json
import os
import shutil
from datetime import date, datetime

import duckdb
import pytest

from tests.pipeline.small_home import build, publish_state, published, read
from warehouse.home import HomeError
from warehouse.publishing.history import (
    History,
    Published,
    Retention,
    RolledBack,
    current_number,
    drop_old_versions,
    history,
    size_bytes,
    sweep,
    version_before,
    versions,
)
from warehouse.publishing.rollback import roll_back

NOW = datetime(2025, 11, 24)


def row(number):
    return Published(number, NOW, NOW, "simulated", True, date(2025, 11, 17), date(2025, 11, 17), "test", "")


def told(*events):
    return History(tuple(row(e) if isinstance(e, int) else RolledBack(e[1], e[0], NOW) for e in events))


@pytest.mark.parametrize(
    "events, seen",
    [
        ([], []),
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2, 3, (3, 1)], [1]),
        ([1, 2, 3, (3, 2), 4], [1, 2, 4]),
        ([1, 2, 3, (3, 2), (2, 3)], [1, 2, 3]),
        ([1, 2, 3, (3, 2), (2, 1), 4, (4, 1)], [1]),
    ],
)
def test_what_was_rolled_back_does_not_stand(events, seen):
    assert told(*events).seen == seen


def test_a_history_is_read_as_it_was_written(tmp_path, home):
    version = home.published / "3"
    version.mkdir(parents=True)
    (home.path / "current").symlink_to("published/3")
    events = told(1, 2, 3, (3, 2), (2, 3))
    events.write(version)
    assert history(home) == events


def test_a_destroyed_file_loses_no_row_of_the_history(home):
    published(home.path, 3)
    (home.current / "warehouse.duckdb").write_bytes(b"")
    build(home, 4)
    publish_state(home)
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        rows = connection.execute("select publication_id from raw.publications order by 1").fetchall()
    assert rows == [(1,), (2,), (3,), (4,)]


def test_a_destroyed_history_is_read_from_the_file_and_numbers_are_given_once(home):
    published(home.path, 3)
    (home.current / "publications.json").write_text("{")
    assert sorted(history(home).numbers) == [1, 2, 3]
    (home.current / "warehouse.duckdb").write_bytes(b"")
    assert sorted(history(home).numbers) == [1, 2]
    build(home, 4)
    assert publish_state(home).publication_id == 4


def test_a_version_that_was_never_swapped_in_is_swept_and_its_number_used(home):
    published(home.path, 3)
    os.remove(home.current)
    os.symlink("published/2", home.current)  # 3 was renamed, and its run died before the swap
    shutil.copytree(home.published / "1", home.published / ".building-4")
    sweep(home)
    assert sorted(p.name for p in home.published.iterdir()) == ["1", "2"]
    build(home, 3)
    assert publish_state(home).publication_id == 3 and sorted(history(home).numbers) == [1, 2, 3]


def test_versions_stay_where_the_link_was_lost(home):
    published(home.path, 3)
    os.remove(home.current)
    sweep(home)
    build(home, 4)
    assert publish_state(home).publication_id == 4 and versions(home) == [1, 2, 3, 4]


def test_so_many_versions_stay_as_the_environment_says(home, monkeypatch):
    monkeypatch.setenv("REGIME_KEEP_VERSIONS", "3")
    published(home.path, 5)
    assert versions(home) == [3, 4, 5]


@pytest.mark.parametrize("variable, value", [("REGIME_KEEP_VERSIONS", "1"), ("REGIME_KEEP_GB", "0")])
def test_the_current_version_and_the_one_before_always_stay(home, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    published(home.path, 4)
    assert versions(home) == [3, 4] and version_before(home) == 3


def test_the_budget_counts_bytes(home):
    published(home.path, 4)
    sizes = [size_bytes(home.published / str(number)) for number in (2, 3, 4)]
    drop_old_versions(home, Retention(5, sum(sizes)))
    assert versions(home) == [2, 3, 4]
    drop_old_versions(home, Retention(5, sum(sizes) - 1))
    assert versions(home) == [3, 4]


@pytest.mark.parametrize(
    "variables", [{"REGIME_KEEP_VERSIONS": "0"}, {"REGIME_KEEP_VERSIONS": "many"}, {"REGIME_KEEP_GB": "-1"},
                  {"REGIME_KEEP_GB": "nan"}, {"REGIME_KEEP_GB": "inf"}],
)  # fmt: skip
def test_a_retention_that_is_none_is_one_line(variables):
    with pytest.raises(HomeError, match="number of versions"):
        Retention.read(variables)


def test_a_rollback_goes_to_what_readers_saw_before(home):
    published(home.path, 4)
    assert roll_back(home).publication_id == 3
    assert read(home.path)[:2] == (3, 3) and versions(home) == [1, 2, 3, 4]
    assert roll_back(home).publication_id == 2
    assert [e.publication_id for e in history(home).events if isinstance(e, RolledBack)] == [3, 2]


def test_after_a_rollback_a_publication_continues_with_a_higher_number(home):
    published(home.path, 4)
    roll_back(home, 2)
    build(home, 5)
    assert publish_state(home).publication_id == 5
    assert read(home.path)[:2] == (5, 5)
    assert sorted(history(home).numbers) == [1, 2, 3, 4, 5] and version_before(home) == 2
    assert roll_back(home, 4).publication_id == 4  # 4 is kept: rolled back is not gone
    assert version_before(home) == 5


def test_what_readers_saw_before_stays_however_old_it_is(home, monkeypatch):
    monkeypatch.setenv("REGIME_KEEP_VERSIONS", "2")
    published(home.path, 2)
    roll_back(home, 1)
    build(home, 3)
    publish_state(home)
    assert versions(home) == [1, 3] and roll_back(home).publication_id == 1


def test_a_rollback_that_never_came_to_the_swap_is_no_history(home, monkeypatch):
    published(home.path, 3)

    def dies(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.publishing.swap.swap_link", dies)
        with pytest.raises(KeyboardInterrupt):
            roll_back(home, 1)
    assert current_number(home) == 3 and not any(isinstance(e, RolledBack) for e in history(home).events)
    roll_back(home, 1)
    assert sum(isinstance(e, RolledBack) for e in history(home).events) == 1


@pytest.mark.parametrize("to, words", [(9, "version 9 is not kept; choose from 1, 2"), (2, "see version 2 already")])
def test_a_rollback_to_where_one_cannot_go_is_one_line(home, to, words):
    published(home.path, 2)
    with pytest.raises(HomeError, match=words):
        roll_back(home, to)
    assert current_number(home) == 2


def test_nothing_damaged_is_rolled_back_to(home):
    published(home.path, 2)
    (home.published / "1" / "warehouse.duckdb").write_bytes(b"")
    with pytest.raises(HomeError, match="is damaged"):
        roll_back(home)
    assert current_number(home) == 2


def test_nothing_is_rolled_back_where_nothing_was_before(home):
    home.create()
    with pytest.raises(HomeError, match="nothing is published"):
        roll_back(home)
    published(home.path, 1)
    with pytest.raises(HomeError, match="no version before 1"):
        roll_back(home)


def test_the_history_beside_a_file_says_what_kind_each_event_is(home):
    published(home.path, 2)
    roll_back(home)
    events = json.loads((home.current / "publications.json").read_text())["events"]
    assert [event["kind"] for event in events] == ["publication", "publication", "rollback"]
    assert (events[2]["from_publication_id"], events[2]["publication_id"]) == (2, 1)
