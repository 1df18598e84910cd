"""The market server's bulk archive: rows of a replay that no real endpoint would give.

`GET /market/archive` lists Parquet files, each one dataset of one origin, with its checksum. Origins that we have no
venue file for come through under their own names: the coverage names them, nothing is dropped in silence.
"""

import asyncio
import hashlib
import io
import re
from collections.abc import Callable, Set
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.http.bodies import MOST_FILE_BYTES, read_json
from ingestion.http.fetch import Answer, Covered, Malformed, Task, Throttle
from ingestion.references.provider import get_once, read_answer
from warehouse.contracts import DATASETS, Dataset
from warehouse.source import Source
from warehouse.untrusted import is_symbol

INDEX = "archive"  # the origin of the question for the list of files

# Three years of hourly candles of 800 instruments are 20 million rows.
MOST_FILE_ROWS = 20_000_000
# The widest dataset has ten columns; a file may bring some of its own, which are not read.
MOST_FILE_COLUMNS = 100
# 20 million candles are 1.6 GB of numbers; a file that big is to be split by who makes it.
MOST_UNPACKED_BYTES = 2**30
# The longest names have some 200 characters; guards judge those, this only bounds memory.
MOST_TEXT_BYTES = 4096


def tasks(
    dataset: str,
    source: Source,
    http: httpx.AsyncClient,
    throttle: Throttle,
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

        files = [file for file in await throttle.ask(ask) if file["dataset"] == dataset]
        wanted = [file for file in files if (covered_until(file["origin"], _series(file)) or source.starts_at) < due]
        then = [_file_task(file, base, source, http, throttle, due, asked_elsewhere) for file in wanted]
        return Answer(None, then=then, is_indirect=True)

    return [Task(throttle, INDEX, None, "* index", due, due, run)]


def _index(response: httpx.Response) -> list[dict[str, Any]]:
    files = read_json(response.content)["files"]
    for file in files:
        for name in ("dataset", "origin", "path"):
            if not is_symbol(file[name]):
                raise ValueError(f"{name} {file[name]!r} cannot be one")
        if not isinstance(file["rows"], int) or not 0 <= file["rows"] <= MOST_FILE_ROWS:
            raise ValueError(f"{file['path']} has {file['rows']!r} rows, at most {MOST_FILE_ROWS} are read")
        if not isinstance(file["sha256"], str) or not re.fullmatch("[0-9a-f]{64}", file["sha256"]):
            raise ValueError(f"{file['path']} has no SHA-256")
    return list(files)


def _series(file: dict[str, Any]) -> str:
    return f"* {file['path']}"


def _file_task(
    file: dict[str, Any],
    base: str,
    source: Source,
    http: httpx.AsyncClient,
    throttle: Throttle,
    due: datetime,
    asked_elsewhere: Set[tuple[str, str | None]],
) -> Task:
    async def run() -> Answer:
        async def ask() -> pa.Table:
            address = f"{base}/{quote(file['path'])}"
            answer = await get_once(http, address, limit_bytes=MOST_FILE_BYTES)
            # Unpacking millions of rows takes seconds: the other answers are read meanwhile.
            return await asyncio.to_thread(read_file, file, answer.content)

        rows = await throttle.ask(ask)
        covers = covered_series(DATASETS[file["dataset"]], rows, source.starts_at, due)
        return Answer(rows, [c for c in covers if (file["origin"], c.market_type) not in asked_elsewhere])

    return Task(throttle, file["origin"], None, _series(file), source.starts_at, due, run)


def read_file(file: dict[str, Any], content: bytes) -> pa.Table:
    """The rows of one archive file. Malformed unless checksum, columns and number of rows are as the index says."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != file["sha256"]:
        raise Malformed(
            f"archive file {file['path']} has checksum {digest[:12]}…, the index says {file['sha256'][:12]}…"
        )
    dataset = DATASETS[file["dataset"]]
    try:
        parquet = pq.ParquetFile(io.BytesIO(content), read_dictionary=_texts(dataset))
        _check_size(file, dataset, parquet.metadata)
        rows = parquet.read(columns=[c.name for c in dataset.columns])
        _check_texts(file, rows)
        for column in dataset.columns:  # an archive that is older than a column does not know it
            if column.nullable and column.name not in rows.column_names:
                rows = rows.append_column(column.name, pa.nulls(rows.num_rows, column.type))
        rows = rows.select([c.name for c in dataset.columns]).cast(dataset.schema)
    except (pa.ArrowException, KeyError, ValueError, OSError, NotImplementedError) as error:
        raise Malformed(f"archive file {file['path']} is not rows of {dataset.name}: {error}") from error
    strangers = set(pc.unique(rows[dataset.origin_column]).to_pylist()) - {file["origin"]}
    if strangers:
        raise Malformed(f"archive file {file['path']} is of {file['origin']} but holds rows of {sorted(strangers)}")
    return rows


def _texts(dataset: Dataset) -> list[str]:
    return [c.name for c in dataset.columns if pa.types.is_string(c.type)]


def _check_size(file: dict[str, Any], dataset: Dataset, footer: pq.FileMetaData) -> None:
    """Malformed unless the footer promises what the index says, in a size that such rows can have.

    A few kilobytes can hold a billion rows of one value, or one value of gigabytes: it is decided before unpacking.
    """
    if footer.num_rows != file["rows"]:
        raise Malformed(f"archive file {file['path']} has {footer.num_rows} rows, the index says {file['rows']}")
    if footer.num_columns > MOST_FILE_COLUMNS:
        raise Malformed(f"archive file {file['path']} has {footer.num_columns} columns")
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    if sum(group.num_rows for group in groups) != footer.num_rows:
        raise Malformed(f"archive file {file['path']} contradicts itself in its number of rows")
    wanted = {column.name for column in dataset.columns}
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in wanted)
    if unpacked > MOST_UNPACKED_BYTES:
        raise Malformed(
            f"archive file {file['path']} unpacks to {unpacked // 2**20} MB, over the limit of "
            f"{MOST_UNPACKED_BYTES // 2**20} MB"
        )


def _check_texts(file: dict[str, Any], rows: pa.Table) -> None:
    """Malformed if a text is too long to be a name. Texts come as a dictionary: each is kept once, however often it is.

    A text of a megabyte that stands in a million rows would unpack to a terabyte.
    """
    for column in rows.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
            if longest > MOST_TEXT_BYTES:
                raise Malformed(f"archive file {file['path']} has a name of {longest} bytes")


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
