"""Edits of a market's tables: rows that are missing, wrong, doubled, late or another's, or that a venue has revised."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from simulator.market import TEXTS, Market

# The tables by their datasets' names: where the series is named, its time, and the columns that an edit changes where
# it names none.
TABLES: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "candles": ("candles_1h", "venue_symbol", "open_time", ("open", "high", "low", "close")),
    "funding_rates": ("funding_rates", "venue_symbol", "settled_at", ("funding_rate",)),
    "open_interest": (
        "open_interest", "venue_symbol", "observed_at", ("open_interest_base", "open_interest_usd"),
    ),
    "long_short_ratios": ("long_short_ratios", "venue_symbol", "observed_at", ("long_short_account_ratio",)),
    "liquidations": ("liquidations", "venue_symbol", "liquidated_at", ("price", "quantity")),
    "order_book_depth": ("order_book_depth", "venue_symbol", "snapshot_at", ("base_amount", "quote_amount")),
    "market_caps": ("market_caps", "asset_id", "observed_at", ("price_usd", "market_cap_usd")),
    "asset_class_prices": ("asset_class_prices", "series", "close_date", ("close",)),
    "macro_series": ("macro_series", "series", "reference_date", ("value",)),
}  # fmt: skip
VENUES_DATASETS = (
    "candles", "funding_rates", "open_interest", "long_short_ratios", "liquidations", "order_book_depth",
)  # fmt: skip
ANY = "*"
ABSURD = 1e18
NEEDS_NUMBER, NEEDS_NAME = ("scale", "shift_hours"), ("rows_of", "alias")
ALONE = ("drop", "nan", "negative", "absurd", "high_below_low", "duplicate", "vanish")


@dataclass(frozen=True)
class Edit:
    """One change to the rows of a series between two moments (both inclusive, UTC; None: from or to the end).

    `origin` is a venue or a provider, `series` the instrument or series as its origin writes it (`*`: every one).
    `edit` is drop, nan, negative, absurd, high_below_low, duplicate, vanish, scale:FACTOR, shift_hours:HOURS,
    rows_of:SYMBOL or alias:NAME. `vanish` and `alias` of a venue concern its list and all tables.
    """

    dataset: str
    origin: str
    series: str
    edit: str
    first: datetime | None = None
    last: datetime | None = None
    column: str | None = None
    market_type: str | None = None

    def __post_init__(self) -> None:
        kind, argument = self.kind, self.argument
        if kind in NEEDS_NUMBER:
            float(argument)
        elif (kind in NEEDS_NAME) != bool(argument) or kind not in (*NEEDS_NAME, *ALONE):
            wanted = ", ".join((*ALONE, "scale:FACTOR", "shift_hours:HOURS", "rows_of:SYMBOL", "alias:NAME"))
            raise ValueError(f"no edit is called {self.edit!r}: use one of {wanted}")
        if self.dataset not in (*TABLES, "instruments"):
            raise ValueError(f"no dataset is called {self.dataset!r}: use one of {', '.join(TABLES)}, instruments")
        if self.dataset == "instruments" and kind not in ("vanish", "alias"):
            raise ValueError(f"instruments can be edited by vanish and alias, not by {kind}")
        if self.dataset in TABLES and self.column is not None and self.column not in _columns_of(self.dataset):
            raise ValueError(f"{self.dataset} has no column {self.column!r} that an edit can change")

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Edit":
        """An edit as it is sent: `from` and `to` as ISO text, its origin as `venue` or `provider`."""
        known = {"dataset", "venue", "provider", "series", "from", "to", "edit", "column", "market_type"}
        if unknown := sorted(set(content) - known):
            raise ValueError(f"an edit has no {unknown[0]!r}")
        return cls(
            str(content["dataset"]),
            str(content.get("venue") or content["provider"]),
            str(content.get("series") or ANY),
            str(content["edit"]),
            _moment(content.get("from")),
            _moment(content.get("to")),
            content.get("column"),
            content.get("market_type"),
        )

    @property
    def kind(self) -> str:
        """What is done."""
        return self.edit.partition(":")[0]

    @property
    def argument(self) -> str:
        """What it is done with; empty if it needs nothing."""
        return self.edit.partition(":")[2]

    def concerns(self, dataset: str, origin: str) -> bool:
        """True if rows of `dataset` of `origin` are changed by this edit."""
        is_whole = self.kind in ("vanish", "alias") and dataset in VENUES_DATASETS
        return self.origin == origin and (self.dataset == dataset or is_whole)


def edited_market(market: Market, edits: Sequence[Edit]) -> Market:
    """The market with `edits` made to its tables, in their order."""
    if not edits:
        return market
    changed: dict[str, pd.DataFrame] = {}
    for dataset, (table, *_) in TABLES.items():
        rows = edited_rows(dataset, market.table(table), edits)
        if rows is not market.table(table):
            changed[table] = rows
    for edit in edits:
        if edit.kind in ("vanish", "alias"):
            changed["instruments"] = _edited_list(changed.get("instruments", market.instruments), edit)
    return replace(market, **changed)  # type: ignore[arg-type]


def edited_rows(dataset: str, rows: pd.DataFrame, edits: Sequence[Edit]) -> pd.DataFrame:
    """The rows of one dataset with those of `edits` made that concern it; names stay categories where they were."""
    if dataset not in TABLES:
        return rows
    _, series, time, values = TABLES[dataset]
    if series not in rows:
        series = "provider_asset_id"
    for edit in edits:
        origin = "provider" if "provider" in rows else "venue"
        if origin not in rows or not edit.concerns(dataset, edit.origin):
            continue
        is_meant = _is_meant(rows, edit, origin, series, time)
        columns = [name for name in ((edit.column,) if edit.column else values) if name in rows]
        rows = _EDITS[edit.kind](rows, is_meant, edit, _Names(origin, series, time, columns))
    return rows


def rows_meant(dataset: str, rows: pd.DataFrame, edit: Edit) -> int:
    """How many rows of one dataset an edit speaks of."""
    origin = "provider" if "provider" in rows else "venue"
    if dataset not in TABLES or origin not in rows or not edit.concerns(dataset, edit.origin):
        return 0
    _, series, time, _ = TABLES[dataset]
    return int(_is_meant(rows, edit, origin, series if series in rows else "provider_asset_id", time).sum())


@dataclass(frozen=True)
class _Names:
    origin: str
    series: str
    time: str
    values: list[str]


def _is_meant(rows: pd.DataFrame, edit: Edit, origin: str, series: str, time: str) -> np.ndarray:
    mask = (rows[origin] == edit.origin).to_numpy()
    if edit.series != ANY:
        mask = mask & (rows[series] == edit.series).to_numpy()
    if edit.market_type and "market_type" in rows:
        mask = mask & (rows["market_type"] == edit.market_type).to_numpy()
    times = pd.to_datetime(rows[time])
    if edit.first is not None:
        mask = mask & (times >= edit.first).to_numpy()
    if edit.last is not None:
        mask = mask & (times <= edit.last).to_numpy()
    return mask


def _drop(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
    return rows[~is_meant].reset_index(drop=True)


def _changed(change: Callable[[pd.Series, Edit], Any]) -> Callable[..., pd.DataFrame]:
    def apply(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
        return rows.assign(**{name: rows[name].mask(is_meant, change(rows[name], edit)) for name in names.values})

    return apply


def _shift(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
    shifted = rows[names.time] + pd.Timedelta(hours=float(edit.argument))
    return rows.assign(**{names.time: rows[names.time].mask(is_meant, shifted)})


def _swap(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
    return rows.assign(high=rows["high"].mask(is_meant, rows["low"]), low=rows["low"].mask(is_meant, rows["high"]))


def _duplicate(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
    return _joined(rows, rows[is_meant])


def _rows_of(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
    others = rows[_is_meant(rows, replace(edit, series=edit.argument), names.origin, names.series, names.time)]
    return _joined(rows[~is_meant], _named(others, names.series, edit.series))


def _alias(rows: pd.DataFrame, is_meant: np.ndarray, edit: Edit, names: _Names) -> pd.DataFrame:
    return _joined(rows, _named(rows[is_meant], names.series, edit.argument))


_EDITS: Mapping[str, Callable[[pd.DataFrame, np.ndarray, Edit, _Names], pd.DataFrame]] = {
    "drop": _drop,
    "vanish": _drop,
    "nan": _changed(lambda values, edit: np.nan),
    "negative": _changed(lambda values, edit: -values.abs()),
    "absurd": _changed(lambda values, edit: ABSURD),
    "scale": _changed(lambda values, edit: values * float(edit.argument)),
    "shift_hours": _shift,
    "high_below_low": _swap,
    "duplicate": _duplicate,
    "rows_of": _rows_of,
    "alias": _alias,
}


def _edited_list(instruments: pd.DataFrame, edit: Edit) -> pd.DataFrame:
    mask = (instruments["venue"] == edit.origin).to_numpy() & (instruments["venue_symbol"] == edit.series).to_numpy()
    if edit.market_type:
        mask = mask & (instruments["market_type"] == edit.market_type).to_numpy()
    if edit.kind == "vanish":
        return instruments[~mask].reset_index(drop=True)
    return pd.concat([instruments, instruments[mask].assign(venue_symbol=edit.argument)], ignore_index=True)


def _named(rows: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    return rows.assign(**{column: name})


def _joined(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in TEXTS if name in rows and isinstance(rows[name].dtype, pd.CategoricalDtype)]
    plain, categories = dict.fromkeys(names, str), dict.fromkeys(names, "category")
    return pd.concat([rows.astype(plain), more.astype(plain)], ignore_index=True).astype(categories)


def _columns_of(dataset: str) -> tuple[str, ...]:
    more = {
        "candles": ("base_volume", "quote_volume"),
        "order_book_depth": ("best_price",),
        "market_caps": ("circulating_supply", "volume_24h_usd"),
    }
    return (*TABLES[dataset][3], *more.get(dataset, ()))


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
