"""What venues and providers publish, landed, judged and loaded: one asset per dataset."""

import time
from collections.abc import Sequence
from typing import Any

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Backoff,
    DagsterRun,
    Failure,
    MaterializeResult,
    MetadataValue,
    PartitionsDefinition,
    ResourceParam,
    RetryPolicy,
    multi_asset,
)

from expectations.runner import judge_at
from ingestion.http.fetch import NotKept, NotOffered
from ingestion.ingest import Ingested, ingest
from ingestion.planning.endpoints import endpoints
from ingestion.planning.known_weeks import span, week_states
from ingestion.session import Session
from ingestion.universe import Universe
from orchestration.assets.origins import OWNER, origins_of
from orchestration.materialisations import is_deferred, report, weeks_of
from orchestration.preview import preview, row_counts
from warehouse import coverage
from warehouse.contracts import DATASETS, INSTRUMENTS, Dataset
from warehouse.database import connect
from warehouse.loading import Load, load_landed
from warehouse.source import Source
from warehouse.week import Week

GROUP = "raw"

_WEEKS_IN_WORDS = (
    "Materialised for some weeks, it asks for what is not known of them. In a run that builds the models too, it asks "
    "for everything from the source's start to its present: percentiles and baselines reach back. A week is "
    "materialised when everyone required has answered for all of it and no gap is open, whichever run brought it."
)

# Tables of schema raw that come with any of the datasets.
LEDGERS = {
    "loads": "Which landed file was loaded when, and how many of its rows were new.",
    "requests": "What was asked of whom, and how it ended: what a coverage is measured against.",
    "coverage": "Per series and week: what was due, what came, what is missing, why, and when it is asked for again.",
    "quarantine": "Rows that a guard stopped, whole, with the rule.",
    "check_releases": "Failed checks that somebody released: which facts, who, when and why.",
    "archive_disagreements": "Where a venue and an archive of its files tell the same row differently.",
    "run_context": "One row: what time it is at the source, and as of when the models may know things.",
    "publications": "What has been published, and when.",
    "summary_sentences": "What the published pages say, with the evidence of each sentence.",
    "published_labels": "The regime's labels as they were first published, while nobody could know what came.",
}


def raw_key(dataset: Dataset) -> AssetKey:
    """The key of a dataset's asset: its schema and its table."""
    return AssetKey([GROUP, dataset.name])


def ledger_specs() -> list[AssetSpec]:
    """The ledgers, as what models read beside the datasets."""
    return [
        AssetSpec(AssetKey([GROUP, name]), group_name=GROUP, description=description, owners=[OWNER], kinds={"duckdb"})
        for name, description in LEDGERS.items()
    ]


def raw_assets(weeks: PartitionsDefinition) -> list[AssetsDefinition]:
    """An asset for each dataset, by week."""
    return [_raw_asset(dataset, weeks) for dataset in DATASETS.values()]


def _raw_asset(dataset: Dataset, weeks: PartitionsDefinition) -> AssetsDefinition:
    upstream = list(origins_of(dataset))
    if _needs_instruments(dataset):
        upstream.append(raw_key(INSTRUMENTS))  # what a venue lists says what to ask it for

    key = raw_key(dataset)
    spec = AssetSpec(
        key,
        deps=upstream,
        description=f"{dataset.description}\n\n{_WEEKS_IN_WORDS}",
        group_name=GROUP,
        owners=[OWNER],
        kinds={"parquet", "duckdb"},
    )

    @multi_asset(  # `asset` has no backfill policy that is out of beta
        specs=[spec],
        name=key.to_python_identifier(),
        partitions_def=weeks,
        backfill_policy=BackfillPolicy.single_run(),
        retry_policy=RetryPolicy(max_retries=1, delay=5, backoff=Backoff.EXPONENTIAL),
    )
    def fetch_and_load(context: AssetExecutionContext, session: ResourceParam[Session]) -> MaterializeResult:
        started = time.monotonic()
        session.progress.start(dataset.name)
        asked = None if runs_models(context.run) else weeks_of(context)
        if asked is not None and _needs_instruments(dataset):
            _know_instruments(session)
        ingested = _ingest(dataset, session, asked)
        with connect(session.home) as connection:
            loads = load_landed(connection, session.home)
            if dataset is INSTRUMENTS or not is_deferred(context):
                # What is listed again was due all along: the gap is known before anything is asked.
                coverage.update(connection, session.source.now, session.source.starts_at, endpoints())
        session.progress.finish(dataset.name, _in_words(ingested, loads))
        metadata = _metadata(dataset, session) | {"seconds": time.monotonic() - started}
        if is_deferred(context):  # the weeks are reported when the ledger is up to date, before the models are built
            context.log_event(AssetObservation(key, metadata=metadata))
        else:
            with connect(session.home) as connection:
                _hold_to_its_weeks(context, dataset, connection, session.source)
        return MaterializeResult(asset_key=key, metadata=metadata)

    return fetch_and_load


def report_raw_weeks(context: AssetExecutionContext, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Say which weeks of each dataset are in, also those that came along. The coverage ledger is up to date."""
    universe = Universe.read()
    for dataset in DATASETS.values():
        states = week_states(connection, dataset.name, source, universe)
        report(context, raw_key(dataset), [week for week, state in states.items() if state.is_in])


def runs_models(run: DagsterRun) -> bool:
    """True if a run builds models too. They need all history and the present, so its weeks narrow nothing."""
    return not run.asset_selection or any(key.path[0] == "marts" for key in run.asset_selection)


def _needs_instruments(dataset: Dataset) -> bool:
    return dataset is not INSTRUMENTS and dataset.origin_column == INSTRUMENTS.origin_column


def _know_instruments(session: Session) -> None:
    """Read what venues list, where that was never done: without it there is nothing to ask them for."""
    with connect(session.home) as connection:
        if connection.execute("select count(*) from raw.instruments").fetchall()[0][0]:
            return
    _ingest(INSTRUMENTS, session, None)
    with connect(session.home) as connection:
        load_landed(connection, session.home)


def _ingest(dataset: Dataset, session: Session, weeks: Sequence[Week] | None) -> Ingested:
    if session.is_asked and weeks is None:
        return Ingested(dataset.name)
    return ingest(
        dataset.name,
        home=session.home,
        source=session.source,
        judge=judge_at(session.source.now),
        progress=session.progress,
        wanted=None if weeks is None else [span(week) for week in weeks],
    )


def _hold_to_its_weeks(
    context: AssetExecutionContext, dataset: Dataset, connection: duckdb.DuckDBPyConnection, source: Source
) -> None:
    """Failure unless each week of this run is in: Dagster would report them all. Those that are in are said to be."""
    states = week_states(connection, dataset.name, source, Universe.read())
    asked = set(weeks_of(context))
    missing = {
        week: state.reason
        for week, state in states.items()
        # In a run of the whole line, what nobody can be asked for any more must not keep the week from its page.
        if week in asked and not state.is_in and (state.can_be_asked or not runs_models(context.run))
    }
    # If it does not fail, Dagster reports the weeks of the run.
    by_dagster = set() if missing else asked
    came_along = {week for week, state in states.items() if state.is_in} - by_dagster
    report(context, raw_key(dataset), came_along)
    if missing:
        week, reason = max(missing.items())
        others = f" and {len(missing) - 1} more weeks" if len(missing) > 1 else ""
        raise Failure(
            f"{dataset.name} of {week}{others} is not in ({reason}); run it again when the venue answers, "
            "or run the job weekly_regime, which goes on without it",
            allow_retries=False,
        )


def _in_words(ingested: Ingested, loads: Sequence[Load]) -> str:
    words = [f"{sum(load.new_rows for load in loads):,} new rows"]
    if stopped := sum(load.quarantined_rows for load in loads):
        words.append(f"{stopped:,} in quarantine")
    not_offered = [r for r in ingested.failed if (r.reason or "").startswith(NotOffered.PREFIX)]
    answered_no = (NotKept.PREFIX, NotOffered.PREFIX)
    if unanswered := [r for r in ingested.failed if not (r.reason or "").startswith(answered_no)]:
        origins = ", ".join(sorted({r.origin for r in unanswered}))
        words.append(f"{len(unanswered)} of {ingested.requests} questions unanswered ({origins})")
    if not_offered:  # an answer too: this source simply has no such series
        words.append(f"{len(not_offered)} series not offered")
    return ", ".join(words)


def _metadata(dataset: Dataset, session: Session) -> dict[str, Any]:
    with connect(session.home) as connection:
        rows = row_counts(connection)["raw", dataset.name]
        loads = connection.execute(
            "select coalesce(sum(rows), 0), coalesce(sum(new_rows), 0), coalesce(sum(quarantined_rows), 0)"
            " from raw.loads where dataset = ? and ingest_id = (select max_by(ingest_id, load_id) from raw.loads"
            " where dataset = ?)",
            [dataset.name, dataset.name],
        ).fetchall()[0]
        covered = preview(
            connection,
            "select origin, market_type, count(*) as series, max(window_end) as known_until,"
            " count(*) filter (last_status = 'failed') as failing_series, any_value(last_reason) as reason from ("
            "  select origin, market_type, series, max(window_end) filter (status = 'complete') as window_end,"
            "  max_by(status, load_id) as last_status, max_by(reason, load_id) as last_reason"
            f"  from raw.requests where dataset = '{dataset.name}' group by all) group by all order by all",
        )
        newest = preview(connection, f"select * from raw.{dataset.name} order by load_id desc")
    return {
        "dagster/row_count": rows,
        "received_rows": int(loads[0]),
        "new_rows": int(loads[1]),
        "quarantined_rows": int(loads[2]),
        "coverage": covered,
        "preview": newest,
        "source": MetadataValue.text(session.source.kind),
    }
