"""The models of dbt as assets: staging, intermediate, marts, and the seeds they read.

Belongs here: one dbt call per run, its verdict in the warehouse's ledger, what is told about each table.
Does not: any SQL that computes (dbt_project).
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    BackfillPolicy,
    Failure,
    MaterializeResult,
    Output,
    PartitionsDefinition,
    ResourceParam,
)
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from ingestion.planning.endpoints import endpoints
from ingestion.session import Session
from orchestration.preview import preview, row_counts
from orchestration.resources import dbt_project
from warehouse import coverage
from warehouse.builds.failures import what_failed
from warehouse.builds.ledger import EVERYTHING, begin_build, confirm_build, finish_build, is_current
from warehouse.builds.processes import ends_with_us
from warehouse.builds.project import fingerprint
from warehouse.database import connect
from warehouse.home import Home

STEP = "models"
# How long dbt has to end by itself when a run is interrupted.
STOP_SECONDS = 2.0


class _Layers(DagsterDbtTranslator):
    """Groups are the layers. Keys need no rule: schema and table are what dbt calls them."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return dbt_resource_props["config"].get("schema") or super().get_group_name(dbt_resource_props)


def warehouse_assets(weeks: PartitionsDefinition) -> AssetsDefinition:
    """Every model. They ignore the weeks they are run for: a model always covers every week the source reaches."""
    project = dbt_project()

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name="warehouse",
        partitions_def=weeks,
        backfill_policy=BackfillPolicy.single_run(),
        dagster_dbt_translator=_Layers(),
    )
    def build(context: AssetExecutionContext, dbt: DbtCliResource, session: ResourceParam[Session]) -> Iterator[Any]:
        session.progress.start(STEP, total=len(context.selected_output_names))
        state = fingerprint()
        now = datetime.now(UTC)
        with connect(session.home) as connection:
            coverage.update(connection, session.source.now, session.source.starts_at, endpoints())
            if is_unchanged := is_current(connection, session.source, fingerprint=state):
                confirm_build(connection, as_of=now)
            else:
                rebuild_from = begin_build(
                    connection, session.source, as_of=now, fingerprint=state, is_selection=context.is_subset
                )
        if is_unchanged:
            # Built again, the same rows would give sums that differ in the last bits: what stands is left standing.
            depends = context.assets_def.asset_deps
            order = TopologicalSorter({key: depends[key] for key in context.selected_asset_keys}).static_order()
            for key in (key for key in order if key in context.selected_asset_keys):
                yield MaterializeResult(asset_key=key, metadata={"unchanged": True})
            session.progress.finish(STEP, "nothing new since they were built and tested")
            return
        refresh = ["--full-refresh"] if rebuild_from == EVERYTHING else []
        os.environ["REGIME_STAGING"] = str(session.home.staging)  # dbt runs in a process of its own
        invocation = dbt.cli(
            ["build", "--exclude-resource-type", "unit_test", *refresh],
            context=context,
            target_path=artefacts(session.home),
            raise_on_error=False,
        )
        built = 0
        invocation.termination_timeout_seconds = STOP_SECONDS
        with ends_with_us(invocation.process):  # whatever happens here, no dbt may be left writing
            try:
                for event in invocation.stream():
                    built += isinstance(event, Output)
                    session.progress.advance(STEP, isinstance(event, Output))
                    yield event
                is_passed = invocation.is_successful()
            except subprocess.TimeoutExpired:  # we were interrupted, and dbt does not end when it is asked to
                raise KeyboardInterrupt from None
        with connect(session.home) as connection:
            finish_build(connection, is_passed=is_passed)
            for observation in _marts(connection):
                context.log_event(observation)
        if not is_passed:
            raise Failure(what_failed(artefacts(session.home), session.home.staging), allow_retries=False)
        since = "" if rebuild_from == EVERYTHING else f" from {rebuild_from:%Y-%m-%d} on"
        session.progress.finish(STEP, f"{built} built{since}, all tests passed")

    return build


def artefacts(home: Home) -> Path:
    """Where dbt writes its logs and results for this home."""
    return home.path / "dbt"


def _marts(connection: duckdb.DuckDBPyConnection) -> Iterator[AssetObservation]:
    """Row count and newest rows of each mart. They are read when dbt has ended: while it writes, nobody else can."""
    for (schema, table), rows in row_counts(connection).items():
        if schema == "marts":
            order = "week_start desc" if _has_weeks(connection, table) else "1"
            told = preview(connection, f'select * from marts."{table}" order by {order}')
            yield AssetObservation(AssetKey([schema, table]), metadata={"dagster/row_count": rows, "preview": told})


def _has_weeks(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = connection.execute(
        "select count(*) from duckdb_columns() where schema_name = 'marts' and table_name = ?"
        " and column_name = 'week_start'",
        [table],
    ).fetchall()
    return bool(found[0][0])
