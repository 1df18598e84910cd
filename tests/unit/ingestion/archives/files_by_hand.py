"""Files of Binance Vision as one would write them by hand: texts in its columns, zips, checksums, pages of its list."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta

KLINE_NAMES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
METRIC_NAMES = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


def kline(at: datetime, close: float, *, unit: int = 1000) -> str:
    """`unit` per second: 1,000 in milliseconds, 1,000,000 in microseconds."""
    start = int(at.timestamp()) * unit
    return f"{start},{close},{close},{close},{close},2.5,{start + 3600 * unit - 1},{2.5 * close},7,1.5,{1.5 * close},0"


def metric(at: datetime, amount: str, ratio: str = "1.25", *, symbol: str = "BTCUSDT") -> str:
    value = "" if amount == "" else str(float(amount) * 100)
    return f"{at:%Y-%m-%d %H:%M:%S},{symbol},{amount},{value},1.1,1.2,{ratio},0.9"


def zipped(text: str, name: str = "file.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


def summed(key: str, content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}  {key.rsplit('/', 1)[-1]}\n".encode()


def listed(
    prefix: str, marker: str, keys: dict[str, bytes], *, most: int = 1000, modified: str = "2025-12-01"
) -> bytes:
    """The page of an S3 list (Amazon S3 API reference, ListObjects) after `marker`."""
    wanted = sorted(key for key in keys if key.startswith(prefix) and key > marker)
    page, more = wanted[:most], len(wanted) > most
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>{modified}T04:05:06.000Z</LastModified><ETag>&quot;0&quot;</ETag>"
        f"<Size>{len(keys[key])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key in page
    )
    following = f"<NextMarker>{page[-1]}</NextMarker>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>data.binance.vision</Name><Prefix>{prefix}</Prefix><Marker>{marker}</Marker>{following}"
        f"<MaxKeys>{most}</MaxKeys><Delimiter>/</Delimiter><IsTruncated>{str(more).lower()}</IsTruncated>{contents}"
        "</ListBucketResult>"
    ).encode()


def hours(first: datetime, n: int, step: timedelta = timedelta(hours=1)) -> list[datetime]:
    return [first.replace(tzinfo=UTC) + i * step for i in range(n)]
