"""Binance Vision: files of klines, funding, metrics and books, their checksums, and the list of them as S3 gives it."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import HOUR_MS, VenueDialect
from simulator.dialects.shelf import Series, Shelf, digits
from simulator.dialects.shelves import (
    TAKER_COLUMNS,
    candle_shelf,
    funding_shelf,
    long_short_shelf,
    open_interest_shelf,
)

MOST_KEYS = 1000
FIVE_MINUTES_MS = 300_000
DEPTH_COLUMNS = ("percentage", "base_amount", "quote_amount")
MICROSECONDS_SINCE_MS = int(pd.Timestamp("2025-01-01").value // 1_000_000)  # of spot files
# When a file is there: so long after its day or month is over.
DAY_LAG, MONTH_LAG = pd.Timedelta(hours=8), pd.Timedelta(hours=36)
KLINE_NAMES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
METRIC_NAMES = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
FUNDING_NAMES = "calc_time,funding_interval_hours,last_funding_rate"
DEPTH_NAMES = "timestamp,percentage,depth,notional"
# Real files have a snapshot every 30 seconds. These have each hour's own and one half an hour later, of books that
# hold a little more, so that a reader must choose.
HALF_HOUR_MS, HALF_HOUR_SIZE = HOUR_MS // 2, 1.05
# futures/um or spot, monthly or daily, what, whose, what the name begins with, and the period.
_KEY = re.compile(
    r"data/(?P<market>spot|futures/um)/(?P<length>monthly|daily)/(?P<kind>klines|fundingRate|metrics|bookDepth)/"
    r"(?P<symbol>[^/]+)/(?:1h/)?(?P<stem>[^/]+?-(?:1h|fundingRate|metrics|bookDepth))-"
    r"(?P<period>[0-9-]*)(?P<ending>\.zip(?:\.CHECKSUM)?)?"
)


@dataclass(frozen=True)
class _Folder:
    """The files of one instrument, kind and length."""

    market: str
    length: str
    kind: str
    symbol: str
    stem: str

    @property
    def path(self) -> str:
        inner = "/1h" if self.kind == "klines" else ""
        return f"data/{self.market}/{self.length}/{self.kind}/{self.symbol}{inner}/{self.stem}-"


class BinanceVision(VenueDialect):
    """Binance's public files."""

    hosts = ("data.binance.vision", "s3-ap-northeast-1.amazonaws.com")
    document = "https://github.com/binance/binance-public-data"
    venue = "binance"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._file = lru_cache(maxsize=4096)(self._packed)

    # Made when they are first asked for: most runs ask for no files.

    @cached_property
    def _candles(self) -> dict[str, Shelf]:
        markets = {"spot": "spot", "futures/um": "perp"}
        return {market: candle_shelf(self, name, _unrendered) for market, name in markets.items()}

    @cached_property
    def _funding(self) -> Shelf:
        return funding_shelf(self, _unrendered)

    @cached_property
    def _open_interest(self) -> Shelf:
        return open_interest_shelf(self, ("open_interest_base", "open_interest_usd"), _unrendered)

    @cached_property
    def _ratios(self) -> Shelf:
        return long_short_shelf(self, _unrendered)

    @cached_property
    def _depth(self) -> Shelf:
        rows = self.rows("order_book_depth", "perp")
        rows = rows[(rows["snapshot_at"] <= self.now_naive()).to_numpy()]
        # Bids lie so many percent below the mid, asks above it.
        sign = np.where(rows["side"] == "bid", -1.0, 1.0)
        rows = rows.assign(percentage=sign * rows["band_pct"].to_numpy(dtype=np.float64))
        return Shelf.of(rows, "venue_symbol", "snapshot_at", DEPTH_COLUMNS, _unrendered)

    def routes(self) -> list[BaseRoute]:
        """Files by their keys; the list below the name of the bucket."""
        return [Route("/data.binance.vision", self._list), Route("/{key:path}", self._get)]

    async def _get(self, request: Request) -> Response:
        key = request.path_params["key"]
        match = _KEY.fullmatch(key)
        folder = _folder(match) if match else None
        if folder is None or match is None or match["ending"] is None or match["period"] not in self._periods(folder):
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        content = self._file(folder, match["period"])
        if match["ending"] == ".zip":
            return Response(content, media_type="application/zip")
        return Response(checksum(content, f"{folder.stem}-{match['period']}.zip"), media_type="binary/octet-stream")

    async def _list(self, request: Request) -> Response:
        prefix, marker = request.query_params.get("prefix", ""), request.query_params.get("marker", "")
        match = _KEY.match(prefix)
        keys: list[tuple[str, int, pd.Timestamp, bytes]] = []
        is_truncated = False
        for key, folder, period in self._keys(_folder(match), prefix, marker) if match else ():
            if len(keys) == MOST_KEYS:
                is_truncated = True
                break
            content = self._file(folder, period)
            if key.endswith(".CHECKSUM"):
                content = checksum(content, f"{folder.stem}-{period}.zip")
            keys.append((key, len(content), _published_at(period), content))
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
            f"<ETag>&quot;{hashlib.md5(content, usedforsecurity=False).hexdigest()}&quot;</ETag><Size>{size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key, size, at, content in keys
        )
        following = f"<NextMarker>{escape(keys[-1][0])}</NextMarker>" if is_truncated else ""
        return Response(
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>data.binance.vision</Name><Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker>"
            f"{following}<MaxKeys>{MOST_KEYS}</MaxKeys><Delimiter>/</Delimiter>"
            f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>{entries}</ListBucketResult>",
            media_type="application/xml",
        )

    def _keys(self, folder: _Folder | None, prefix: str, marker: str) -> Iterator[tuple[str, _Folder, str]]:
        for period in self._periods(folder) if folder else ():
            for ending in (".zip", ".zip.CHECKSUM"):
                assert folder is not None
                key = f"{folder.path}{period}{ending}"
                if key.startswith(prefix) and key > marker:
                    yield key, folder, period

    def _periods(self, folder: _Folder) -> list[str]:
        """The days or months that a folder has files of, oldest first: those that are over, and have rows."""
        times = self._times(folder)
        if not len(times) or folder.length not in _LENGTHS.get(folder.kind, ()):
            return []
        unit = "D" if folder.length == "daily" else "M"
        names = np.unique(times.astype("datetime64[ms]").astype(f"datetime64[{unit}]")).astype(str)
        return [str(name) for name in names if _published_at(str(name)) <= self.now_naive()]

    def _times(self, folder: _Folder) -> np.ndarray:
        if folder.kind == "klines":
            series = self._candles[folder.market].series(folder.symbol)
        elif folder.market == "futures/um":
            series = self._shelf(folder.kind).series(folder.symbol)
        else:
            series = None
        return series.times_ms if series is not None else np.zeros(0, np.int64)

    def _shelf(self, kind: str) -> Shelf:
        """What says of which days or months there are files of a kind."""
        if kind == "fundingRate":
            return self._funding
        return self._depth if kind == "bookDepth" else self._open_interest

    def _packed(self, folder: _Folder, period: str) -> bytes:
        text = {
            "klines": self._klines,
            "fundingRate": self._settlements,
            "metrics": self._metrics,
            "bookDepth": self._books,
        }[folder.kind]
        return pack(text(folder, *_edges_ms(period)), f"{folder.stem}-{period}.csv")

    def _klines(self, folder: _Folder, start_ms: int, end_ms: int) -> str:
        rows = _between(self._candles[folder.market].series(folder.symbol), start_ms, end_ms)
        unit = 1000 if folder.market == "spot" and start_ms >= MICROSECONDS_SINCE_MS else 1
        taken = [rows.text(name) if name in rows.columns else "" for name in TAKER_COLUMNS]
        values = [rows.text(name) for name in ("open", "high", "low", "close", "base_volume")]
        opened, closed = digits(rows.times_ms * unit), digits((rows.times_ms + HOUR_MS) * unit - 1)
        lines = _lines(opened, *values, closed, rows.text("quote_volume"), "0", *taken, "0")
        return "\n".join([*([] if folder.market == "spot" else [KLINE_NAMES]), *lines, ""])

    def _settlements(self, folder: _Folder, start_ms: int, end_ms: int) -> str:
        series = self._funding.series(folder.symbol)
        assert series is not None
        rows = _between(series, start_ms, end_ms)
        hours = np.round(np.diff(series.times_ms, prepend=series.times_ms[0]) / HOUR_MS).astype(np.int64)
        hours = hours[np.searchsorted(series.times_ms, rows.times_ms)]
        return "\n".join([FUNDING_NAMES, *_lines(rows.time_text(), digits(hours), rows.text("funding_rate")), ""])

    def _metrics(self, folder: _Folder, start_ms: int, end_ms: int) -> str:
        """A row each five minutes of an hour that was observed; between two observations the earlier one stands."""
        times = np.arange(start_ms, end_ms, FIVE_MINUTES_MS)
        observed, counted = self._open_interest.series(folder.symbol), self._ratios.series(folder.symbol)
        assert observed is not None
        rows = _standing(observed, times, HOUR_MS)
        ratios = _standing(counted, times, 4 * HOUR_MS) if counted else None
        is_known = ~np.isnan(rows.columns["open_interest_base"])
        ratio = _blank(ratios, "long_short_account_ratio", is_known) if ratios else ""
        lines = _lines(
            _seconds(times[is_known]), folder.symbol,
            *(_blank(rows, name, is_known) for name in ("open_interest_base", "open_interest_usd")),
            "", "", ratio, "",
        )  # fmt: skip
        return "\n".join([METRIC_NAMES, *lines, ""])

    def _books(self, folder: _Folder, start_ms: int, end_ms: int) -> str:
        """Ten rows a snapshot, from the lowest bids to the highest asks; amounts hold each other from the mid on."""
        rows = _between(self._depth.series(folder.symbol), start_ms, end_ms)
        half_later = rows.times_ms // HOUR_MS * HOUR_MS + HALF_HOUR_MS + rows.times_ms % 10_000
        times = np.concatenate([rows.times_ms, half_later])
        percentage, depth, notional = (
            np.concatenate([rows.columns[name], rows.columns[name] * size])
            for name, size in zip(DEPTH_COLUMNS, (1.0, HALF_HOUR_SIZE, HALF_HOUR_SIZE), strict=True)
        )
        at = _seconds(times)
        lines = [
            f"{at[i]},{percentage[i]:.0f},{_eight(depth[i])},{_eight(notional[i])}"
            for i in np.lexsort((percentage, times))
        ]
        return "\n".join([DEPTH_NAMES, *lines, ""])


_LENGTHS = {"klines": ("daily", "monthly"), "fundingRate": ("monthly",), "metrics": ("daily",), "bookDepth": ("daily",)}


def _unrendered(_: str, __: Series) -> list[str | pa.Array]:
    return []


def _folder(match: "re.Match[str] | None") -> _Folder | None:
    """The folder that a key or the beginning of one lies in; None where names do not fit together."""
    if match is None:
        return None
    folder = _Folder(match["market"], match["length"], match["kind"], match["symbol"], match["stem"])
    ending = "1h" if folder.kind == "klines" else folder.kind
    return folder if folder.stem == f"{folder.symbol}-{ending}" else None


def _edges_ms(period: str) -> tuple[int, int]:
    start = pd.Timestamp(period)
    end = start + (pd.Timedelta(days=1) if len(period) > 7 else pd.offsets.MonthBegin(1))
    return int(start.value // 1_000_000), int(end.value // 1_000_000)


def _published_at(period: str) -> pd.Timestamp:
    end = pd.Timestamp(_edges_ms(period)[1], unit="ms")
    return end + (DAY_LAG if len(period) > 7 else MONTH_LAG)


def _between(series: Series | None, start_ms: int, end_ms: int) -> Series:
    assert series is not None
    low, high = np.searchsorted(series.times_ms, [start_ms, end_ms])
    return Series(series.times_ms[low:high], {name: values[low:high] for name, values in series.columns.items()})


def _standing(series: Series, times: np.ndarray, for_ms: int) -> Series:
    """What was last observed at each time, NaN where that is so long ago."""
    at = np.searchsorted(series.times_ms, times, "right") - 1
    is_known = (at >= 0) & (times - series.times_ms[np.maximum(at, 0)] < for_ms)
    columns = {name: np.where(is_known, values[np.maximum(at, 0)], np.nan) for name, values in series.columns.items()}
    return Series(times, columns)


def _seconds(times_ms: np.ndarray) -> pa.Array:
    """Times as text, to the whole second."""
    return pc.utf8_slice_codeunits(pc.strftime(pa.array(times_ms, pa.timestamp("ms")), "%Y-%m-%d %H:%M:%S"), 0, 19)


def _eight(amount: float) -> str:
    """An amount with eight decimals, blank where it is not known."""
    return "" if np.isnan(amount) else f"{amount:.8f}"


def _blank(series: Series, name: str, keep: np.ndarray) -> pa.Array:
    """A column as text, blank where it is not known."""
    kept = Series(series.times_ms[keep], {name: series.columns[name][keep]})
    return pc.if_else(pa.array(np.isnan(kept.columns[name])), "", kept.text(name))


def _lines(*columns: "pa.Array | str") -> list[str]:
    length = next(len(column) for column in columns if not isinstance(column, str))
    if not length:
        return []
    lines: list[str] = pc.binary_join_element_wise(*columns, ",").to_pylist()
    return lines


def pack(text: str, name: str) -> bytes:
    """A text as the one file of a zip, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, text)
    return buffer.getvalue()


def checksum(content: bytes, name: str) -> bytes:
    """What stands in the file beside a file."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


def _error(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(body, status, media_type="application/xml")
