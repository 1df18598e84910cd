"""The present of a market: what of it is known at an earlier moment, and how it stands once its tables are edited."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.archives.market_archive import ArchiveFile
from simulator.edits import TABLES, VENUES_DATASETS, Edit, edited_market, edited_rows, rows_meant
from simulator.market import Market

HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)
INSTRUMENT = ["venue", "market_type", "venue_symbol"]


class Present:
    """A market, its archive, the clock they are shown at, and the edits made to them.

    `version` grows with each change, so that whoever made something of `market` knows that it is old.
    """

    def __init__(self, market: Market, archive: Sequence[ArchiveFile] = (), now: datetime | None = None) -> None:
        self._whole, self._archived = market, tuple(archive)
        self._now = market.clock.now
        self.edits: list[Edit] = []
        self.version = 0
        self.market, self.archive = self._whole, self._archived
        if now is not None:
            self.move(now)

    def move(self, now: datetime) -> None:
        """Set the clock; ValueError if the market does not reach there."""
        now = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
        clock = self._whole.clock
        if not clock.starts_at < now <= clock.now:
            raise ValueError(
                f"this market's time runs from {clock.starts_at:%Y-%m-%dT%H:%M} to {clock.now:%Y-%m-%dT%H:%M} UTC: "
                "choose a moment after the one and not beyond the other"
            )
        self._now = now
        self._show()

    def edit(self, edit: Edit) -> None:
        """Make one more edit; ValueError if there is no row that it speaks of."""
        here = sum(rows_meant(name, self._whole.table(table), edit) for name, (table, *_) in TABLES.items())
        files = [file for file in self._archived if file.origin == edit.origin]
        archived = sum(rows_meant(file.dataset, _rows(file).to_pandas(), edit) for file in files)
        if not here and not archived and not self.edits:
            raise ValueError(f"{edit.origin} has no rows of {edit.dataset} for {edit.series} in that time")
        self._show([*self.edits, edit])
        self.edits.append(edit)

    def clear_edits(self) -> None:
        """All tables as they were."""
        self.edits.clear()
        self._show()

    def _show(self, edits: Sequence[Edit] | None = None) -> None:
        edits = self.edits if edits is None else edits
        market = at(edited_market(self._whole, edits), self._now)
        self.archive = tuple(_archived(file, edits, self._now) for file in self._archived)
        self.market = market
        self.version += 1


def at(market: Market, now: datetime) -> Market:
    """The market as it was known at `now`, an earlier present of it: nothing later is in any of its tables."""
    if now == market.clock.now:
        return market
    moment = _zoneless(now)
    known: dict[str, Any] = {name: _known(name, market.table(name), moment) for name in _TIME_COLUMNS}
    if market.clock.kind == "simulated":
        known["candles_1h"] = _with_unfinished(market.candles_1h, known["candles_1h"], moment)
        known["market_caps"] = _with_list(market, known["market_caps"], moment)
    instruments = _listed(market, moment)
    return replace(market, clock=replace(market.clock, now=now), instruments=instruments, **known)


_TIME_COLUMNS = {
    "candles_1h": "open_time",
    "funding_rates": "settled_at",
    "open_interest": "observed_at",
    "long_short_ratios": "observed_at",
    "liquidations": "liquidated_at",
    "order_book_depth": "snapshot_at",
    "market_caps": "observed_at",
    "asset_class_prices": "close_date",
    "macro_series": "reference_date",
}


def _is_known(name: str, rows: pd.DataFrame, now: pd.Timestamp) -> np.ndarray:
    """Which rows of a table are out at `now`: candles when their hour is over, days when they are."""
    times = pd.to_datetime(rows[_TIME_COLUMNS[name]])
    if name == "candles_1h":
        return (times + HOUR <= now).to_numpy()
    if name in (*VENUES_DATASETS, "market_caps"):
        return (times <= now).to_numpy()
    is_over = times + DAY <= now
    if "released_at" in rows:
        released = pd.to_datetime(rows["released_at"])
        is_over = (released <= now) | (released.isna() & is_over)
    return is_over.to_numpy()


def _known(name: str, rows: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    return rows[_is_known(name, rows, now)].reset_index(drop=True)


def _with_unfinished(candles: pd.DataFrame, finished: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """The candle of the present hour as well: it has its first price, and nothing of what is still to come."""
    unfinished = candles[(candles["open_time"] == now.floor("h")).to_numpy()]
    unfinished = unfinished.assign(high=unfinished["open"], low=unfinished["open"], close=unfinished["open"])
    unfinished = unfinished.assign(**{str(name): 0.0 for name in unfinished if str(name).endswith("_volume")})
    return pd.concat([finished, unfinished], ignore_index=True).sort_values([*INSTRUMENT, "open_time"]).reset_index(
        drop=True
    )  # fmt: skip


def _with_list(market: Market, known: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """The provider's list of now: the generator makes the one of its own present only."""
    later = market.market_caps[market.market_caps["rank"].notna().to_numpy()]
    newest = known.sort_values("observed_at", kind="stable").groupby("asset_id", observed=True).tail(1)
    newest = newest[newest["provider"].isin(set(later["provider"].astype(str))).to_numpy()]
    if newest.empty or known["rank"].notna().any():
        return known
    prices = newest["asset_id"].astype(str).map(_prices_at(market, now)).to_numpy(dtype=np.float64, na_value=np.nan)
    prices = np.where(np.isnan(prices), newest["price_usd"], prices)
    caps = prices * newest["circulating_supply"].to_numpy(dtype=np.float64)
    listed = newest.assign(
        observed_at=now.floor("h").as_unit("us"), price_usd=prices, market_cap_usd=caps,
        rank=pd.array((-caps).argsort().argsort() + 1, dtype="Int64"),
    )  # fmt: skip
    return pd.concat([known, listed.sort_values("rank")], ignore_index=True)


def _prices_at(market: Market, now: pd.Timestamp) -> dict[str, float]:
    """What each coin cost in the hour of `now`, where the market knows the truth of it."""
    model: Any = market.truth.get("model")
    if model is None:
        return {}
    hour = int((now - pd.Timestamp(model.starts_at)) / HOUR)
    return {asset.asset_id: float(price) for asset, price in zip(model.assets, model.prices[hour], strict=True)}


def _listed(market: Market, now: pd.Timestamp) -> pd.DataFrame:
    """The instruments of `now`: what was listed later is not there yet, and what went on then was still active."""
    instruments = market.instruments
    funding = market.funding_rates.assign(market_type="perp")
    parts = [
        rows.groupby(INSTRUMENT, observed=True)[time].agg(["min", "max"]).reset_index()
        for rows, time in ((market.candles_1h, "open_time"), (funding, "settled_at"))
    ]
    spans = pd.concat([part.astype(dict.fromkeys(INSTRUMENT, str)) for part in parts])
    spans = spans.groupby(INSTRUMENT).agg({"min": "min", "max": "max"})
    keys = pd.MultiIndex.from_frame(instruments[INSTRUMENT].astype(str))
    first, last = (spans[edge].reindex(keys).to_numpy() for edge in ("min", "max"))
    listed_at = instruments["listed_at"].to_numpy()
    is_later = (listed_at > now.to_datetime64()) | (np.isnat(listed_at) & (first > now.to_datetime64()))
    is_active = instruments["is_active"].to_numpy(dtype=bool) | (last > now.to_datetime64())
    return instruments.assign(is_active=is_active)[~is_later].reset_index(drop=True)


def _archived(file: ArchiveFile, edits: Sequence[Edit], now: datetime) -> ArchiveFile:
    """A file of the archive as it is at `now`, edited; the very same file where nothing of it is other."""
    table = _rows(file)
    rows = edited_rows(file.dataset, table.to_pandas(), edits)
    name = "candles_1h" if file.dataset == "candles" else file.dataset
    keep = _is_known(name, rows, _zoneless(now)) if name in _TIME_COLUMNS else np.ones(len(rows), bool)
    if keep.all() and not any(edit.concerns(file.dataset, file.origin) for edit in edits):
        return file
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(rows[keep], table.schema, preserve_index=False), buffer, compression="zstd")
    content = buffer.getvalue()
    return replace(file, rows=int(keep.sum()), sha256=hashlib.sha256(content).hexdigest(), content=content)


def _rows(file: ArchiveFile) -> pa.Table:
    return pq.read_table(io.BytesIO(file.content))


def _zoneless(moment: datetime) -> pd.Timestamp:
    return pd.Timestamp(moment.astimezone(UTC).replace(tzinfo=None))
