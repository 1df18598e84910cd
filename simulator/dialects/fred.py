"""FRED's download without a key: fred.stlouisfed.org/graph/fredgraph.csv."""

from typing import Any

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import Dialect, RequestError
from simulator.dialects.shelf import decimals


class Fred(Dialect):
    """The St. Louis Fed's CSV files."""

    hosts = ("fred.stlouisfed.org",)
    document = "https://fred.stlouisfed.org/graph/fredgraph.csv"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        rows = self.market.macro_series
        rows = rows[(rows["provider"] == "fred").to_numpy()].rename(columns={"reference_date": "date"})
        prices = self.market.asset_class_prices
        if "provider" in prices:
            # Daily closes of indices are series of FRED's too.
            closes = prices[(prices["provider"] == "fred").to_numpy()]
            closes = closes.rename(columns={"close_date": "date", "close": "value"})
            rows = pd.concat([rows, closes[["series", "date", "value"]]], ignore_index=True)
        rows = rows.assign(series=rows["series"].astype(str))
        self._series = {str(name): _text_by_date(part, self.now_naive()) for name, part in rows.groupby("series")}

    def routes(self) -> list[BaseRoute]:
        """The CSV download."""
        return [Route("/graph/fredgraph.csv", self._graph)]

    async def _graph(self, request: Request) -> Response:
        parameters = request.query_params
        names = [name for name in parameters.get("id", "").split(",") if name]
        if not names or any(name not in self._series for name in names):
            raise RequestError(Response("<html><body>Not Found</body></html>", 404, media_type="text/html"))
        low, high = _day(parameters, "cosd"), _day(parameters, "coed")
        known = _day(parameters, "vintage_date")
        columns = []
        for name in names:
            series = self._series[name]
            if known is not None:
                series = series[(series["released_at"] < known + pd.Timedelta(days=1)) | series["released_at"].isna()]
            columns.append(series["text"].rename(name))
        table = pd.concat(columns, axis=1).sort_index()
        table = table[(table.index >= low) if low is not None else slice(None)]
        table = table[(table.index <= high) if high is not None else slice(None)]
        lines = [",".join(("observation_date", *names))]
        days = pd.DatetimeIndex(table.index).strftime("%Y-%m-%d")
        cells = table.fillna("").to_numpy(dtype=object)
        lines += [",".join((day, *row)) for day, row in zip(days, cells, strict=True)]
        return Response("\n".join(lines) + "\n", media_type="application/csv")


def _text_by_date(rows: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """One series up to the clock: its values as text, by date; a value counts from its release, where that is known."""
    released = pd.to_datetime(rows["released_at"]) if "released_at" in rows else pd.Series(pd.NaT, index=rows.index)
    dates = pd.to_datetime(rows["date"])
    # A day without a known moment of release is over before it is told.
    is_out = (released <= now) | (released.isna() & (dates + pd.Timedelta(days=1) <= now))
    values = rows["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    text = np.where(np.isnan(values), ".", decimals(np.nan_to_num(values)).to_numpy(zero_copy_only=False))
    table = pd.DataFrame({"text": text, "released_at": released.to_numpy()}, index=pd.DatetimeIndex(dates))
    table = table[is_out.to_numpy()].sort_index(kind="stable")
    return table[~table.index.duplicated(keep="last")]


def _day(parameters: Any, name: str) -> pd.Timestamp | None:
    text = parameters.get(name)
    try:
        return pd.Timestamp(text) if text else None
    except ValueError:
        message = f"<html><body>Bad Request: {name}</body></html>"
        raise RequestError(Response(message, 400, media_type="text/html")) from None
