"""The market server's bulk archive: rows of a replay that no real endpoint would give.

`GET /market/archive` lists Parquet files, each one dataset of one origin, with its checksum. Origins that we have no
venue file for come through under their own names: the coverage names them, nothing is dropped in silence.
"""

import hashlib
import io
from collections.abc import Callable, Set
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.contracts import DATASETS, Dataset
from ingestion.fetch import Answer, Covered, Line, Malformed, Task
from ingestion.references.provider import get_once, read_answer
from ingestion.source import Source

INDEX = "archive"  # the origin of the question for the list of files


def tasks(
    dataset: str,
    source: Source,
    http: httpx.AsyncClient,
    line: Line,
    due: datetime,
    covered_until: Callable[[str, str], datetime | None],
    asked_elsewhere: Set[tuple[str, str | None]] = frozenset(),
) -> list[Task]:
    """The question for the index; its answer names a question per file that has not been read up to now.

    Series of origins and market types in `asked_elsewhere` are not reported as covered: the archive holds only what
    their own endpoints cannot give of them.
    """
    if not source.has_archive:
        return []
    base = f"{source.base_url}/market/archive"

    async def run() -> Answer:
        async def ask() -> list[dict[str, Any]]:
            return read_answer(await get_once(http, base), _index)

        files = [file for file in await line.ask(ask) if file["dataset"] == dataset]
        wanted = [file for file in files if (covered_until(file["origin"], _series(file)) or source.starts_at) < due]
        then = [_file_task(file, base, source, http, line, due, asked_elsewhere) for file in wanted]
        return Answer(None, then=then, is_only_directions=True)

    return [Task(line, INDEX, None, "* index", due, due, run)]


def _index(response: httpx.Response) -> list[dict[str, Any]]:
    files = response.json()["files"]
    for file in files:
        _ = file["dataset"], file["origin"], file["path"], file["rows"], file["sha256"]
    return list(files)


def _series(file: dict[str, Any]) -> str:
    return f"* {file['path']}"


def _file_task(
    file: dict[str, Any],
    base: str,
    source: Source,
    http: httpx.AsyncClient,
    line: Line,
    due: datetime,
    asked_elsewhere: Set[tuple[str, str | None]],
) -> Task:
    async def run() -> Answer:
        async def ask() -> pa.Table:
            return read_file(file, (await get_once(http, f"{base}/{file['path']}")).content)

        rows = await line.ask(ask)
        covers = covered_series(DATASETS[file["dataset"]], rows, source.starts_at, due)
        return Answer(rows, [c for c in covers if (file["origin"], c.market_type) not in asked_elsewhere])

    return Task(line, file["origin"], None, _series(file), source.starts_at, due, run)


def read_file(file: dict[str, Any], content: bytes) -> pa.Table:
    """The rows of one archive file. Malformed unless checksum, columns and number of rows are as the index says."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != file["sha256"]:
        raise Malformed(
            f"archive file {file['path']} has checksum {digest[:12]}…, the index says {file['sha256'][:12]}…"
        )
    dataset = DATASETS[file["dataset"]]
    try:
        rows = pq.read_table(io.BytesIO(content))
        rows = rows.select([c.name for c in dataset.columns]).cast(dataset.schema)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise Malformed(f"archive file {file['path']} is not rows of {dataset.name}: {error}") from error
    if rows.num_rows != file["rows"]:
        raise Malformed(f"archive file {file['path']} has {rows.num_rows} rows, the index says {file['rows']}")
    strangers = set(pc.unique(rows[dataset.origin_column]).to_pylist()) - {file["origin"]}
    if strangers:
        raise Malformed(f"archive file {file['path']} is of {file['origin']} but holds rows of {sorted(strangers)}")
    return rows


def covered_series(dataset: Dataset, rows: pa.Table, start: datetime, end: datetime) -> list[Covered]:
    """What a file speaks of: each series from the archive's beginning (or its own first row, if older) to its last."""
    keys = [dataset.series_column]
    if "market_type" in dataset.schema.names:
        keys.insert(0, "market_type")
    if dataset.time_column is None:
        times: list[tuple[str, str]] = [(dataset.series_column, "count")]
    else:
        times = [(dataset.time_column, "min"), (dataset.time_column, "max"), (dataset.time_column, "count")]
    spans = rows.group_by(keys).aggregate(times).to_pylist()
    covers = []
    for span in spans:
        first, last = start, end
        if dataset.time_column:
            first = min(start, _aware(span[f"{dataset.time_column}_min"]))
            last = _aware(span[f"{dataset.time_column}_max"]) + (dataset.cadence or timedelta(0))
        count = span[f"{dataset.time_column or dataset.series_column}_count"]
        market_type = span.get("market_type", "perp" if "venue" in dataset.schema.names else None)
        covers.append(Covered(market_type, span[dataset.series_column], first, last, count))
    return covers


def _aware(moment: datetime | date) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return moment.replace(tzinfo=UTC)
