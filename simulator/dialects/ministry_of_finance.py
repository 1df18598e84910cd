"""Japan's Ministry of Finance: the yields of government bonds, www.mof.go.jp."""

import re
from typing import Any

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import Dialect
from simulator.dialects.shelf import decimals

FOLDER = "/english/policy/jgbs/reference/interest_rate"
YEARS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40)
TITLE = "Interest Rate" + "," * len(YEARS) + "(Unit : %)"
HEADER = ",".join(("Date", *(f"{years}Y" for years in YEARS)))


class MinistryOfFinance(Dialect):
    """The ministry's files of the yield curve."""

    hosts = ("www.mof.go.jp",)
    document = "https://www.mof.go.jp/english/policy/jgbs/reference/interest_rate/index.htm"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        rows = self.market.macro_series
        curve = _curve(rows[(rows["provider"] == "mof").to_numpy()])
        # Today's curve is published after the day's close in Tokyo: what stands at the clock is yesterday's.
        today = self.now_naive().normalize()
        curve = curve[curve.index < today]
        this_month = today.replace(day=1)
        self._all = _csv(curve[curve.index < this_month])
        self._current = _csv(curve[curve.index >= this_month])

    def routes(self) -> list[BaseRoute]:
        """The two files."""
        return [
            Route(f"{FOLDER}/historical/jgbcme_all.csv", self._all_months),
            Route(f"{FOLDER}/jgbcme.csv", self._this_month),
        ]

    async def _all_months(self, _: Request) -> Response:
        return Response(self._all, media_type="text/csv")

    async def _this_month(self, _: Request) -> Response:
        return Response(self._current, media_type="text/csv")


def _curve(rows: pd.DataFrame) -> pd.DataFrame:
    """The yields by day and years to maturity; a series' maturity is in its name (`JGB_10Y`)."""
    years = [re.search(r"(\d+)Y$", str(series)) for series in rows["series"]]
    known = np.array([match is not None for match in years], bool)
    rows = rows[known].assign(years=[int(match.group(1)) for match in years if match is not None])
    rows = rows.assign(reference_date=pd.to_datetime(rows["reference_date"]))
    curve = rows.pivot_table(index="reference_date", columns="years", values="value", aggfunc="last", dropna=False)
    return curve.reindex(columns=list(YEARS)).sort_index()


def _csv(curve: pd.DataFrame) -> str:
    lines = [TITLE, HEADER]
    values = curve.to_numpy(dtype=np.float64)
    text = decimals(np.nan_to_num(values).ravel()).to_numpy(zero_copy_only=False).reshape(values.shape)
    cells = np.where(np.isnan(values), "-", text)
    for day, row in zip(curve.index, cells, strict=True):
        lines.append(",".join((f"{day.year}/{day.month}/{day.day}", *row)))
    return "\r\n".join(lines) + "\r\n"
