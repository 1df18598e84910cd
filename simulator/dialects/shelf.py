"""Rows of one table, laid out so that a page of them can be cut in microseconds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# How many series keep their rendered text: enough for every series that is being paged through at a time.
RENDERED_SERIES = 96

Render = Callable[[str, "Series"], Iterable[str | pa.Array]]


@dataclass(frozen=True)
class Series:
    """One series in time order: times in milliseconds since 1970, and its columns."""

    times_ms: np.ndarray
    columns: dict[str, np.ndarray]

    def text(self, column: str) -> pa.Array:
        """A column of numbers as plain decimals, each the shortest that reads back as the same number."""
        return decimals(self.columns[column])

    def time_text(self, plus_ms: int = 0) -> pa.Array:
        """The times as digits."""
        return digits(self.times_ms + plus_ms)


@dataclass(frozen=True)
class Page:
    """Rows cut from a shelf: their JSON, joined by commas, and the range they came from."""

    json: bytes
    n_rows: int
    n_left: int


class Shelf:
    """The rows of one table for one venue, by series and time.

    `render` gives the parts of a row's JSON, fixed texts and text columns in order, the first of them opening with a
    comma; they are joined in compiled code, once per series, so that a page is a slice of bytes.
    """

    def __init__(self, series: dict[str, Series], render: Render, is_descending: bool = False) -> None:
        self._series = series
        self._render = render
        self._is_descending = is_descending
        self._rendered = lru_cache(maxsize=RENDERED_SERIES)(self._render_series)

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        series_column: str,
        time_column: str,
        value_columns: tuple[str, ...],
        render: Render,
        is_descending: bool = False,
    ) -> "Shelf":
        """A shelf of the rows of `frame`, whatever their order."""
        codes, names = pd.factorize(frame[series_column], sort=False)
        times_ms = frame[time_column].to_numpy().astype("datetime64[us]").astype(np.int64) // 1000
        order = np.lexsort((times_ms, codes))
        codes, times_ms = codes[order], times_ms[order]
        columns = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan)[order] for name in value_columns}
        edges = np.searchsorted(codes, np.arange(len(names) + 1))
        series = {
            str(name): Series(
                times_ms[edges[i] : edges[i + 1]],
                {column: values[edges[i] : edges[i + 1]] for column, values in columns.items()},
            )
            for i, name in enumerate(names)
        }
        return cls(series, render, is_descending)

    def series(self, name: str) -> Series | None:
        """The series called `name`, None if the shelf has none."""
        return self._series.get(name)

    def thinned(self, period_ms: int) -> "Shelf":
        """The same shelf with only the first row of every period of each series."""
        series = {name: _first_of_periods(series, period_ms) for name, series in self._series.items()}
        return Shelf(series, self._render, self._is_descending)

    def page(
        self,
        name: str,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        keeps: Literal["first", "last"],
        skip: int = 0,
    ) -> Page:
        """At most `limit` rows of the series `name` from `start_ms` to `end_ms`, both inclusive.

        `skip` leaves out that many rows from the end that is kept (a cursor).
        """
        series = self._series.get(name)
        if series is None:
            return Page(b"", 0, 0)
        times = series.times_ms
        low = 0 if start_ms is None else int(np.searchsorted(times, start_ms, "left"))
        high = len(times) if end_ms is None else int(np.searchsorted(times, end_ms, "right"))
        if keeps == "first":
            low = min(low + skip, max(high, low))
            n_left = max(high - low - limit, 0)
            high = min(high, low + limit)
        else:
            high = max(high - skip, low)
            n_left = max(high - low - limit, 0)
            low = max(low, high - limit)
        if high <= low:
            return Page(b"", 0, 0)
        data, offsets = self._rendered(name)
        if self._is_descending:
            first, last = len(times) - high, len(times) - low
        else:
            first, last = low, high
        # Every row's text opens with a comma: the page drops the first one.
        return Page(bytes(data[offsets[first] + 1 : offsets[last]]), high - low, n_left)

    def last(self, name: str, column: str, not_before_ms: int = 0) -> float | None:
        """The newest value of a series, None if it has none at or after `not_before_ms`."""
        series = self._series.get(name)
        if series is None or not len(series.times_ms) or series.times_ms[-1] < not_before_ms:
            return None
        return float(series.columns[column][-1])

    def _render_series(self, name: str) -> tuple[memoryview, np.ndarray]:
        series = self._series[name]
        if self._is_descending:
            series = Series(series.times_ms[::-1], {key: values[::-1] for key, values in series.columns.items()})
        rows = pc.binary_join_element_wise(*self._render(name, series), "")
        _, offsets, data = rows.buffers()
        return memoryview(data), np.frombuffer(offsets, np.int32)[: len(rows) + 1]


def _first_of_periods(series: Series, period_ms: int) -> Series:
    periods = series.times_ms // period_ms
    keep = np.concatenate([[True], periods[1:] != periods[:-1]]) if len(periods) else np.zeros(0, bool)
    return Series(series.times_ms[keep], {name: values[keep] for name, values in series.columns.items()})


def decimals(values: np.ndarray) -> pa.Array:
    """Numbers as plain decimals without an exponent, each the shortest that reads back as the same number; or NaN."""
    text = pc.cast(pa.array(np.ascontiguousarray(values)), pa.string())
    is_none = np.isnan(values)
    if is_none.any():
        text = pc.if_else(pa.array(is_none), "NaN", text)
    has_exponent = pc.match_substring(text, "e").to_numpy(zero_copy_only=False)
    if not has_exponent.any():
        return text
    plain = pa.array([np.format_float_positional(value, trim="-") for value in values[has_exponent]], pa.string())
    return pc.replace_with_mask(text, pa.array(has_exponent), plain)


def digits(values: np.ndarray) -> pa.Array:
    """Whole numbers as text."""
    return pc.cast(pa.array(np.ascontiguousarray(values)), pa.string())
