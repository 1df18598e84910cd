"""What venues and providers publish, landed, judged and loaded: one asset per dataset.

Belongs here: the order of the datasets, and what is told about them.
Does not: asking and loading (ingestion), judging (expectations).
"""

import time
from collections.abc import Sequence
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Backoff,
    MaterializeResult,
    MetadataValue,
    PartitionsDefinition,
    ResourceParam,
    RetryPolicy,
    asset,
)

from expectations.runner import judge_at
from ingestion.http.fetch import NotKept, NotOffered
from ingestion.ingest import Ingested, ingest
from ingestion.planning.endpoints import endpoints
from ingestion.session import Session
from orchestration.assets.origins import origins_of
from orchestration.preview import preview, row_counts
from warehouse import coverage
from warehouse.contracts import DATASETS, INSTRUMENTS, Dataset
from warehouse.database import connect
from warehouse.loading import Load, load_landed

GROUP = "raw"

# Tables of schema raw that come with any of the datasets.
LEDGERS = {
    "requests": "What was asked of whom, and how it ended: what a coverage is measured against.",
    "coverage": "Per series and week: what was due, what came, what is missing, why, and when it is asked for again.",
    "quarantine": "Rows that a guard stopped, whole, with the rule.",
    "check_releases": "Failed checks that somebody released: which facts, who, when and why.",
    "run_context": "One row: what time it is at the source, and as of when the models may know things.",
    "publications": "What has been published, and when.",
    "summary_sentences": "What the published pages say, with the evidence of each sentence.",
}


def raw_key(dataset: Dataset) -> AssetKey:
    """The key of a dataset's asset: its schema and its table."""
    return AssetKey([GROUP, dataset.name])


def ledger_specs() -> list[AssetSpec]:
    """The ledgers, as what models read beside the datasets."""
    return [
        AssetSpec(AssetKey([GROUP, name]), group_name=GROUP, description=description, kinds={"duckdb"})
        for name, description in LEDGERS.items()
    ]


def raw_assets(weeks: PartitionsDefinition) -> list[AssetsDefinition]:
    """An asset for each dataset. A run brings all of them up to the source's clock, whichever weeks it is for."""
    return [_raw_asset(dataset, weeks) for dataset in DATASETS.values()]


def _raw_asset(dataset: Dataset, weeks: PartitionsDefinition) -> AssetsDefinition:
    upstream = list(origins_of(dataset))
    if dataset is not INSTRUMENTS and dataset.origin_column == INSTRUMENTS.origin_column:
        upstream.append(raw_key(INSTRUMENTS))  # what a venue lists says what to ask it for

    @asset(
        key=raw_key(dataset),
        deps=upstream,
        description=dataset.description,
        group_name=GROUP,
        kinds={"parquet", "duckdb"},
        partitions_def=weeks,
        backfill_policy=BackfillPolicy.single_run(),
        retry_policy=RetryPolicy(max_retries=1, delay=5, backoff=Backoff.EXPONENTIAL),
    )
    def fetch_and_load(context: AssetExecutionContext, session: ResourceParam[Session]) -> MaterializeResult:
        started = time.monotonic()
        session.progress.start(dataset.name)
        ingested = ingest(
            dataset.name,
            home=session.home,
            source=session.source,
            judge=judge_at(session.source.now),
            progress=session.progress,
        )
        with connect(session.home) as connection:
            loads = load_landed(connection, session.home)
            if dataset is INSTRUMENTS:
                # What is listed again was due all along: the gap is known before anything is asked.
                coverage.update(connection, session.source.now, session.source.starts_at, endpoints())
        session.progress.finish(dataset.name, _in_words(ingested, loads))
        return MaterializeResult(metadata=_metadata(dataset, session) | {"seconds": time.monotonic() - started})

    return fetch_and_load


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
