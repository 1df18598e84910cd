"""An archive's files as rows: unzipped in memory, put together, and read at once.

Rows of several files of one instrument are read by one call of Arrow's CSV reader: on such small files it takes a
seventh of what DuckDB's takes (`benchmarks/archives.py`), and gives the same numbers.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from ingestion.archives.archive import FileKind
from ingestion.http.fetch import Malformed, Refused
from warehouse.contracts import TIMESTAMP, Dataset

# A month of 1-minute candles is 6 MB of text; a kilobyte of zeros unpacks to a megabyte.
MOST_UNPACKED_BYTES = 64 * 2**20
# What one thread reads at a time.
_BLOCK_BYTES = 2**20
# Moments of this many digits are in microseconds, of 13 in milliseconds (up to the year 2286).
_MICROSECONDS_FROM = 10**14


Body = bytes | memoryview


class NotAsPublished(Refused):
    """A file is not what its checksum says. It may stay so for weeks: it is asked for again when its turn comes."""


def check(key: str, content: bytes, sha256: str) -> None:
    """NotAsPublished unless the file is the one that its checksum was made of."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise NotAsPublished(f"{key} has checksum {found[:12]}…, its .CHECKSUM says {sha256[:12]}…")


def unzip(key: str, content: bytes) -> bytes:
    """The one CSV file in a zip. Malformed if it is no zip, has another number of files, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise Malformed(f"{key} holds {len(members)} files, one was expected")
            if members[0].file_size > MOST_UNPACKED_BYTES:
                raise Malformed(f"{key} unpacks to more than {MOST_UNPACKED_BYTES // 2**20} MB")
            with archive.open(members[0]) as member:
                text = member.read(MOST_UNPACKED_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Malformed(f"{key} is no zip that can be read ({error})") from error
    if len(text) > MOST_UNPACKED_BYTES:
        raise Malformed(f"{key} unpacks to more than {MOST_UNPACKED_BYTES // 2**20} MB")
    return text


def read_texts(kind: FileKind, texts: Mapping[str, bytes], symbol: str) -> pa.Table:
    """All rows of CSV texts (by key) of one instrument, in their columns and order; times in `moment`, naive UTC.

    Columns that our datasets need are numbers, NULL where blank. Malformed, naming the file, where one cannot be read.
    """
    by_header: dict[tuple[str, ...], list[Body]] = {}
    for key, text in texts.items():
        header, *body = _split(kind, key, text)
        by_header.setdefault(header, []).extend(body)
    try:
        tables = [_read(kind, header, bodies, symbol) for header, bodies in by_header.items()]
    except (pa.ArrowException, ValueError, OverflowError) as error:
        if len(texts) == 1:
            raise Malformed(f"{next(iter(texts))} is no file of {kind.name} of {symbol}: {error}") from error
        # Which of them it is shows one by one.
        return pa.concat_tables([read_texts(kind, {key: text}, symbol) for key, text in texts.items()])
    return pa.concat_tables(tables) if tables else _schema(kind).empty_table()


def _split(kind: FileKind, key: str, text: bytes) -> tuple[tuple[str, ...], Body, bytes]:
    """A file's names of columns, what is below them, and what its last line lacks; the kind's own names without any.

    The rows are a view: they are copied once, when those of all files are put together.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    if not text or text[:1].isdigit():
        below, header = 0, kind.header
    else:
        end = text.find(b"\n")
        line, below = (text[:end], end + 1) if end >= 0 else (text, len(text))
        header = tuple(name.strip() for name in line.decode(errors="replace").split(","))
        if missing := {field for field in _schema(kind).names if field != _MOMENT} - set(header):
            raise Malformed(f"{key} has no column {', '.join(sorted(missing))}: {line[:120]!r}")
        if kind.time not in header:
            raise Malformed(f"{key} has no column {kind.time}: {line[:120]!r}")
    return header, memoryview(text)[below:], b"" if text.endswith(b"\n") or below == len(text) else b"\n"


_MOMENT = "moment"


def _schema(kind: FileKind) -> pa.Schema:
    names = dict.fromkeys(name for columns in kind.datasets.values() for name in columns.values())
    names |= {kind.band: None} if kind.band else {}
    return pa.schema([(_MOMENT, TIMESTAMP), *((name, pa.float64()) for name in names)])


def _read(kind: FileKind, header: Sequence[str], bodies: Iterable[Body], symbol: str) -> pa.Table:
    schema = _schema(kind)
    body = b"".join(bodies)
    if not body or body.isspace():
        return schema.empty_table()
    time_type = pa.int64() if kind.time_kind == "epoch" else pa.timestamp("s")
    types = {name: pa.float64() for name in schema.names[1:]} | {kind.time: time_type}
    if kind.symbol:
        types[kind.symbol] = pa.dictionary(pa.int32(), pa.string())
    rows = csv.read_csv(
        pa.BufferReader(body),
        csv.ReadOptions(column_names=list(header), block_size=_BLOCK_BYTES),
        csv.ParseOptions(quote_char='"'),
        csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=["", "NaN", "nan", "null"]),
    )
    if kind.symbol:
        _check_symbol(rows[kind.symbol], symbol)
    columns = {_MOMENT: _moments(rows[kind.time]), **{name: rows[name] for name in schema.names[1:]}}
    return pa.table(columns, schema=schema)


def _check_symbol(names: pa.ChunkedArray, symbol: str) -> None:
    strangers = set(pc.unique(names.cast(pa.string())).to_pylist()) - {symbol}
    if strangers:
        raise ValueError(f"it holds rows of {sorted(map(str, strangers))[:3]}")


def _moments(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments as files write them, as naive UTC; milliseconds and microseconds are told by their digits."""
    if times.null_count:
        raise ValueError("a row has no time")
    if not pa.types.is_integer(times.type):
        return times.cast(TIMESTAMP)
    in_microseconds = pc.greater_equal(times, _MICROSECONDS_FROM)
    return pc.if_else(in_microseconds, times, pc.multiply(times, 1000)).cast(TIMESTAMP)


def to_dataset(kind: FileKind, rows: pa.Table, dataset: Dataset, venue: str, symbol: str) -> pa.Table:
    """What is a row of a dataset among the rows of files, each once, in the order of time."""
    known: dict[str, pa.ChunkedArray | pa.Array] = {
        "venue": pa.repeat(venue, rows.num_rows),
        "market_type": pa.repeat(kind.market_type, rows.num_rows),
        dataset.series_column: pa.repeat(symbol, rows.num_rows),
        str(dataset.time_column): rows[_MOMENT],
    } | {ours: rows[theirs] for ours, theirs in kind.datasets[dataset.name].items()}
    if kind.band:
        known["side"] = pc.if_else(pc.less(rows[kind.band], 0), "bid", "ask")
        known["band_pct"] = pc.abs(rows[kind.band])
    columns = [
        known[c.name] if c.name in known else pa.nulls(rows.num_rows, c.type) for c in dataset.columns
    ]  # fmt: skip
    table = pa.table(columns, dataset.schema)
    times = rows[_MOMENT].cast(pa.int64()).to_numpy()
    if (times[1:] > times[:-1]).all():  # as nearly always
        return table
    return table.group_by(table.schema.names, use_threads=False).aggregate([]).sort_by(str(dataset.time_column))


def at_asked_moments(kind: FileKind, rows: pa.Table) -> pa.Table:
    """The rows at the moments at which the venue's own history is asked for: all, or those first seen after each."""
    if kind.every is None or not rows.num_rows:
        return rows
    step_us, late_us = (int(span.total_seconds()) * 1_000_000 for span in (kind.every, kind.late_by))
    since_us = rows[_MOMENT].cast(pa.int64()).to_numpy()
    seen_us = np.unique(since_us[since_us % step_us <= late_us])
    _, first = np.unique(seen_us // step_us, return_index=True)
    return rows.filter(pa.array(np.isin(since_us, seen_us[first])))
