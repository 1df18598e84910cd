"""Dagster's instance of a home: its directory, its settings, and runs whose process is gone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from sqlalchemy import Engine
from sqlalchemy.event import listens_for

from warehouse.files import write_durably
from warehouse.home import CHECKOUT, Home

PROCESS_TAG = "regime/process"


def prepare(home: Home) -> Path:
    """DAGSTER_HOME of a home, with this version's settings in it."""
    home.create()
    settings = (CHECKOUT / "dagster.yaml").read_bytes()
    placed = home.dagster / "dagster.yaml"
    if not placed.exists() or placed.read_bytes() != settings:
        write_durably(placed, settings)
    return home.dagster


@contextmanager
def instance_of(home: Home) -> Iterator[DagsterInstance]:
    """The instance in which a home's runs are recorded, whoever starts them."""
    os.environ["DAGSTER_HOME"] = str(prepare(home))
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    quicken_history()
    with DagsterInstance.get() as instance:
        _bury_dead_runs(instance)
        yield instance


@cache
def quicken_history() -> None:
    """Do not wait for the disk after each event: a run has about a thousand, each in several transactions.

    Dagster's history survives a killed process like this, and may be lost with the machine's power. It is bookkeeping:
    landing, raw tables and publications are synced where they are written.
    """

    @listens_for(Engine, "connect")
    def relax(connection: Any, record: Any) -> None:
        if type(connection).__module__.startswith("sqlite3"):
            connection.execute("pragma synchronous = off")


def _bury_dead_runs(instance: DagsterInstance) -> None:
    """Runs of the command line that were killed still count as running, and would block Dagster's queue."""
    for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])):
        process = run.tags.get(PROCESS_TAG)
        if process and not _is_alive(int(process)):
            instance.report_run_failed(run, f"process {process} of this run is gone")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
