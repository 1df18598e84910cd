"""The final asset: the week's summary, published with the warehouse it was read from."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    PartitionsDefinition,
    ResourceParam,
    multi_asset,
)

from ingestion.session import Session
from orchestration.assets.origins import OWNER
from orchestration.materialisations import is_deferred, report, weeks_of
from report.archive import chain
from report.archive.index import write_archive
from report.week import WeekPages, write_week
from warehouse.database import connect
from warehouse.publishing.code_version import code_version
from warehouse.publishing.digests import DatabaseDigests
from warehouse.publishing.gate import refusals, weeks_without_candles
from warehouse.publishing.history import Published
from warehouse.publishing.labels import Labels
from warehouse.publishing.publish import NotPublishable, publish
from warehouse.week import Week, WeekError, closed_weeks

STEP = "publication"
# The schedule begins at 00:30 on Mondays; a first live run takes hours at the venues' own limits.
DEADLINE, SINCE_THE_WEEK_CLOSED = "0 4 * * 1", timedelta(hours=4)
KEY = AssetKey("weekly_regime_summary")


def weekly_regime_summary(weeks: PartitionsDefinition, marts: Sequence[AssetKey]) -> AssetsDefinition:
    """The summary, made from all marts."""
    spec = AssetSpec(
        KEY,
        deps=marts,
        group_name="publication",
        owners=[OWNER],
        kinds={"duckdb", "html"},
        description=(
            "The weekly regime summary: warehouse.duckdb and reports/<week>/, made visible together by one swap. "
            "Published only if every blocking check of this state of the warehouse passed, whatever this run did."
        ),
        freshness_policy=FreshnessPolicy.cron(deadline_cron=DEADLINE, lower_bound_delta=SINCE_THE_WEEK_CLOSED),
    )

    @multi_asset(
        specs=[spec],
        name=KEY.to_python_identifier(),
        partitions_def=weeks,
        backfill_policy=BackfillPolicy.single_run(),
    )
    def publish_weeks(context: AssetExecutionContext, session: ResourceParam[Session]) -> MaterializeResult:
        asked = weeks_of(context)
        session.progress.start(STEP, total=len(asked))
        source = session.source

        def write_page(connection: duckdb.DuckDBPyConnection, week: Week, out: Path) -> WeekPages:
            session.progress.advance(STEP)
            as_of = connection.execute("select as_of from raw.run_context").fetchall()[0][0]
            return write_week(connection, week, out, source.kind, source.is_simulated, as_of)

        def write_all_weeks(reports: Path, written: list[Week], as_of: datetime, labels: Labels) -> None:
            # As of when the models know is never before what was published earlier, whatever the wall clock says.
            write_archive(reports, written, as_of, max(datetime.now(UTC), as_of.replace(tzinfo=UTC)), labels)

        def seal(reports: Path, row: Published, told: DatabaseDigests) -> None:
            chain.seal(
                reports, row.publication_id, row.digest, database=told.file, marts=told.marts, engine=told.engine,
                recorded_at=row.published_at,
            )  # fmt: skip

        try:
            closed_weeks(min(asked), max(asked), source)
            _check_is_known(session, asked)
            publication = publish(
                session.home,
                source,
                asked,
                write_page,
                code_version=code_version(),
                write_archive=write_all_weeks,
                seal=seal,
            )
        except (NotPublishable, WeekError) as error:
            raise Failure(str(error), allow_retries=False) from error
        session.progress.finish(STEP, f"number {publication.publication_id}")
        newest = session.home.reports / max(asked).label
        metadata: dict[str, Any] = {
            "publication_id": publication.publication_id,
            "weeks": ", ".join(week.label for week in asked),
            "digest": publication.digest,
            "source": source.kind,
            "page": MetadataValue.path(newest / "index.html"),
            "warehouse": MetadataValue.path(session.home.warehouse),
            "preview": MetadataValue.md((newest / "summary.md").read_text(encoding="utf-8")),
            "charts": MetadataValue.md(_embedded(newest / "charts")),
        }
        if is_deferred(context):
            for week in asked:
                report(context, KEY, [week], metadata if week == max(asked) else None)
        return MaterializeResult(asset_key=KEY, metadata=metadata)

    return publish_weeks


def _embedded(pictures: Path) -> str:
    """The pictures as Markdown that holds them: Dagster's page has no way to files of a home."""
    shown = (
        f"![{path.stem}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})"
        for path in sorted(pictures.glob("*.png"))
        if path.name.count(".") == 1  # those in English
    )
    return "\n\n".join(shown) or "No chart could be drawn of this week."


def _check_is_known(session: Session, asked: Sequence[Week]) -> None:
    """NotPublishable where no venue gave a single candle: one venue that is down costs coverage, all cost the week."""
    with connect(session.home) as connection:
        unknown = weeks_without_candles(connection, asked)
        if unknown:
            why = "; ".join(refusals(connection, "candles")) or "the source has none"
            weeks = ", ".join(week.label for week in unknown[:5]) + (" …" if len(unknown) > 5 else "")
            raise NotPublishable(f"no candle of {weeks} is known ({why}); run again when a venue answers")
