"""Dagster's event log with its files kept open: what it stores, Dagster's own storage reads."""

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, asset, materialize
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from orchestration.history import MOST_OPEN_FILES, EventLog
from orchestration.instance import instance_of
from warehouse.home import Home


@asset
def things(context) -> None:
    for week in ("2025-11-03", "2025-11-10"):
        context.log_event(AssetMaterialization("other", partition=week, metadata={"rows": 7}))


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("DAGSTER_HOME", "")  # restored afterwards; `instance_of` sets it
    return Home(tmp_path / "home")


def test_what_is_stored_is_read_by_dagsters_own_storage(home):
    with instance_of(home) as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        run = materialize([things], instance=instance)
        ours = instance.all_logs(run.run_id)
    plain = DagsterSqliteStorage(str(home.dagster)).event_log_storage
    assert plain.get_logs_for_run(run.run_id) == ours and len(ours) > 5
    assert plain.get_materialized_partitions(AssetKey("other")) == {"2025-11-03", "2025-11-10"}


def test_a_homes_history_lies_in_it_whatever_it_is_called(tmp_path, home):
    home = Home(tmp_path / "feature%2Fregime#12?")
    with instance_of(home) as instance:
        run = materialize([things], instance=instance)
        assert instance.get_run_by_id(run.run_id).is_success
    written = {path.relative_to(home.dagster).parts[0] for path in tmp_path.rglob("*.db")}
    assert written == {"history", "schedules"} and list(tmp_path.iterdir()) == [home.path]


def test_a_history_that_dagsters_own_storage_wrote_goes_on(home):
    home.create()
    home.dagster.mkdir(parents=True, exist_ok=True)
    with DagsterInstance.local_temp(str(home.dagster)) as before:
        run = materialize([things], instance=before)
    with instance_of(home) as instance:
        assert instance.get_run_by_id(run.run_id).is_success
        assert instance.get_materialized_partitions(AssetKey("other")) == {"2025-11-03", "2025-11-10"}


def test_many_runs_keep_few_files_open(home):
    with instance_of(home) as instance:
        runs = [materialize([things], instance=instance).run_id for _ in range(MOST_OPEN_FILES + 2)]
        storage = instance.event_log_storage
        assert all(len(instance.all_logs(run)) == len(instance.all_logs(runs[0])) for run in runs)
        assert isinstance(storage, EventLog) and len(storage._engines) <= MOST_OPEN_FILES
