"""The dbt models as assets: one dbt call per run, and its verdict in the warehouse's ledger."""

import json
import logging
import subprocess
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Failure,
    MaterializeResult,
    Output,
    PartitionsDefinition,
    ResourceParam,
    get_dagster_logger,
)
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from ingestion.planning.endpoints import endpoints
from ingestion.session import Session
from orchestration.assets.origins import OWNER
from orchestration.assets.raw import report_raw_weeks
from orchestration.materialisations import is_deferred, report, weeks_of
from orchestration.preview import preview, row_counts
from orchestration.resources import dbt_project
from warehouse import coverage
from warehouse.builds.failures import what_failed
from warehouse.builds.ledger import EVERYTHING, begin_build, confirm_build, finish_build, is_current
from warehouse.builds.processes import ends_with_us
from warehouse.builds.project import STAGING, adopt_environment, fingerprint
from warehouse.database import connect
from warehouse.home import Home
from warehouse.moments import moment_in
from warehouse.week import Week

STEP = "models"
OP = "warehouse"  # the step's name in Dagster
# How long dbt has to end by itself when a run is interrupted.
STOP_SECONDS = 2.0


class _Translator(DagsterDbtTranslator):
    """Keys need no rule: schema and table are what dbt calls them. Groups are the layers, domains are tags."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return dbt_resource_props["config"].get("schema") or super().get_group_name(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        return super().get_owners(dbt_resource_props) or [OWNER]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        folders = Path(dbt_resource_props["original_file_path"]).parts[2:-1]  # below models/<layer>/
        return {**super().get_tags(dbt_resource_props), **({"domain": folders[0]} if folders else {})}


def seed_specs() -> list[AssetSpec]:
    """The seeds. They are of no week: each build loads them, and nothing else does."""
    project, translator = dbt_project(), _Translator()
    manifest = json.loads(project.manifest_path.read_bytes())
    seeds = (node for node in manifest["nodes"].values() if node["resource_type"] == "seed")
    return [
        AssetSpec(
            translator.get_asset_key(seed),
            description=seed["description"],
            group_name=translator.get_group_name(seed),
            owners=[OWNER],
            kinds={"csv", "dbt"},
        )
        for seed in seeds
    ]


def model_assets(weeks: PartitionsDefinition) -> AssetsDefinition:
    """Every model. A build brings every week that raw has into every model, whichever weeks the run is for.

    The models have the weekly partitions all the same: a backfill of assets from the UI runs the line in one run only
    if all of it shares them (DECISIONS.md). A check then makes sure that the run's weeks are in.
    """
    project = dbt_project()

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        name=OP,
        select="resource_type:model",
        partitions_def=weeks,
        backfill_policy=BackfillPolicy.single_run(),
        dagster_dbt_translator=_Translator(),
    )
    def build(context: AssetExecutionContext, dbt: DbtCliResource, session: ResourceParam[Session]) -> Iterator[Any]:
        session.progress.start(STEP, total=len(context.selected_output_names))
        state = fingerprint()
        with connect(session.home) as connection:
            now = moment_in(connection)
            coverage.update(connection, session.source.now, session.source.starts_at, endpoints())
            if is_deferred(context):
                report_raw_weeks(context, connection, session.source)
            if is_unchanged := is_current(connection, session.source, fingerprint=state):
                confirm_build(connection, as_of=now)
            else:
                rebuild_from = begin_build(
                    connection, session.source, as_of=now, fingerprint=state, is_selection=context.is_subset
                )
        if is_unchanged:
            # Built again, the same rows would give sums that differ in the last bits: what stands is left standing.
            with connect(session.home) as connection:
                yield from _unchanged(context, connection)
            session.progress.finish(STEP, "nothing new since they were built and tested")
            return
        # Seeds are no assets of this step, so dbt is told to load them.
        seeds = [] if context.is_subset else ["--select", "resource_type:seed"]
        refresh = ["--full-refresh"] if rebuild_from == EVERYTHING else []
        adopt_environment(STAGING, session.home.path)  # dbt runs in a process of its own
        invocation = dbt.cli(
            ["build", "--exclude-resource-type", "unit_test", *seeds, *refresh],
            context=context,
            target_path=artefacts(session.home),
            raise_on_error=False,
        )
        built = 0
        ours = context.selected_output_names
        invocation.termination_timeout_seconds = STOP_SECONDS
        # Whatever happens here, no dbt may be left writing.
        with ends_with_us(invocation.process), _without_seed_warnings():
            try:
                for event in invocation.stream():
                    built += isinstance(event, Output)
                    session.progress.advance(STEP, isinstance(event, Output))
                    if _tells_something(event, ours, is_deferred(context)):
                        yield event
                is_passed = invocation.is_successful()
            except subprocess.TimeoutExpired:  # we were interrupted, and dbt does not end when it is asked to
                raise KeyboardInterrupt from None
        with connect(session.home) as connection:
            finish_build(connection, is_passed=is_passed)
            for observation in _marts(connection):
                context.log_event(observation)
            if is_passed:
                for seed in () if context.is_subset else seed_specs():
                    context.log_event(AssetMaterialization(seed.key))
                if is_deferred(context):
                    _report_models(context, connection, is_made=True)
        if not is_passed:
            raise Failure(what_failed(artefacts(session.home), session.home.staging), allow_retries=False)
        since = "" if rebuild_from == EVERYTHING else f" from {rebuild_from:%Y-%m-%d} on"
        session.progress.finish(STEP, f"{built} built{since}, all tests passed")

    return build


@contextmanager
def _without_seed_warnings() -> Iterator[None]:
    """Seeds are loaded by this step and are none of its assets, so dagster-dbt warns of each of their tests."""
    log = get_dagster_logger()

    def is_other(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith("Logging an `AssetObservation`")

    log.addFilter(is_other)
    try:
        yield
    finally:
        log.removeFilter(is_other)


def _tells_something(event: Any, ours: Container[str], is_deferred: bool) -> bool:
    """Seeds are none of this step's assets; where the run reports by itself, only marts have to reach other steps."""
    if isinstance(event, Output):
        return event.output_name in ours and (not is_deferred or event.output_name.startswith("marts__"))
    return not isinstance(event, AssetObservation)  # a test of a seed: it stops the build, and has no check


def _unchanged(context: AssetExecutionContext, connection: duckdb.DuckDBPyConnection) -> Iterator[MaterializeResult]:
    """What a build would yield, in the order of the models."""
    if is_deferred(context):
        _report_models(context, connection, is_made=False)
    depends = context.assets_def.asset_deps
    order = TopologicalSorter({key: depends[key] for key in context.selected_asset_keys}).static_order()
    for key in order:
        if key in context.selected_asset_keys and (not is_deferred(context) or key.path[0] == "marts"):
            yield MaterializeResult(asset_key=key, metadata={"unchanged": True})


def _report_models(context: AssetExecutionContext, connection: duckdb.DuckDBPyConnection, *, is_made: bool) -> None:
    """The weeks in each weekly mart; for any other model those of the run: it has no weeks of its own."""
    asked = set(weeks_of(context))
    weekly = weekly_marts(connection)
    for key in sorted(context.selected_asset_keys):
        is_weekly = key.path[0] == "marts" and key.path[1] in weekly
        report(context, key, weeks_in(connection, key.path[1]) if is_weekly else asked, is_made=is_made)


def weekly_marts(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The marts that have weeks."""
    found = connection.execute(
        "select table_name from duckdb_columns() where schema_name = 'marts' and column_name = 'week_start'"
    ).fetchall()
    return {name for (name,) in found}


def weeks_in(connection: duckdb.DuckDBPyConnection, mart: str) -> list[Week]:
    """The weeks of which a weekly mart has a row."""
    return [
        Week(start) for (start,) in connection.execute(f'select distinct week_start from marts."{mart}"').fetchall()
    ]


def artefacts(home: Home) -> Path:
    """Where dbt writes its logs and results for this home."""
    return home.path / "dbt"


def _marts(connection: duckdb.DuckDBPyConnection) -> Iterator[AssetObservation]:
    """Row count and newest rows of each mart. They are read when dbt has ended: while it writes, nobody else can."""
    weekly = weekly_marts(connection)
    for (schema, table), rows in row_counts(connection).items():
        if schema == "marts":
            order = "week_start desc" if table in weekly else "1"
            shown = preview(connection, f'select * from marts."{table}" order by {order}')
            yield AssetObservation(AssetKey([schema, table]), metadata={"dagster/row_count": rows, "preview": shown})
