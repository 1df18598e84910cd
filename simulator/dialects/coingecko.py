"""CoinGecko without a key: api.coingecko.com/api/v3.

The list is the newest one that the market has; a replayed market has none of now: an empty list.
"""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import (
    DAY_MS,
    Dialect,
    PageRule,
    RequestError,
    iso_seconds,
    json_response,
)

# Ranges longer than this come as one point a day, at 00:00 UTC.
DAILY_ABOVE_MS = 90 * DAY_MS
RETENTION_MS = 365 * DAY_MS


class CoinGecko(Dialect):
    """CoinGecko's public API."""

    hosts = ("api.coingecko.com",)
    document = "https://docs.coingecko.com/v3.0.1/reference/coins-markets"
    markets_rule = PageRule(default_rows=100, most_rows=250)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        rows = self.market.market_caps
        is_ours = (rows["provider"] == "coingecko").to_numpy() & (rows["observed_at"] <= self.now_naive()).to_numpy()
        rows = rows[is_ours] if self.market.clock.kind == "simulated" else rows[:0]
        self._coins = _current_list(rows)
        self._histories = _histories(rows)
        self._categories = _categories(self._coins, self.market.categories)

    def routes(self) -> list[BaseRoute]:
        """The three endpoints, and ping."""
        return [
            Route("/api/v3/ping", self._ping),
            Route("/api/v3/coins/markets", self._markets),
            Route("/api/v3/coins/categories", self._all_categories),
            Route("/api/v3/coins/{coin_id}/market_chart/range", self._range),
        ]

    def too_many_requests(self) -> Response:
        """CoinGecko's words."""
        status = {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}
        return json_response({"status": status}, 429)

    async def _ping(self, _: Request) -> Response:
        return json_response({"gecko_says": "(V3) To the Moon!"})

    async def _markets(self, request: Request) -> Response:
        parameters = request.query_params
        _require_dollars(parameters.get("vs_currency"))
        size = min(_whole(parameters.get("per_page"), self.markets_rule.default_rows), self.markets_rule.most_rows)
        page = _whole(parameters.get("page"), 1)
        coins = self._coins
        if category := parameters.get("category"):
            members = self._categories.get(category)
            if members is None:
                raise _error("category not found", 404)
            coins = [coin for coin in coins if coin["id"] in members["ids"]]
        if ids := parameters.get("ids"):
            wanted = set(ids.split(","))
            coins = [coin for coin in coins if coin["id"] in wanted]
        return json_response(coins[(page - 1) * size : page * size])

    async def _all_categories(self, _: Request) -> Response:
        return json_response([category["row"] for category in self._categories.values()])

    async def _range(self, request: Request) -> Response:
        parameters = request.query_params
        _require_dollars(parameters.get("vs_currency"))
        history = self._histories.get(request.path_params["coin_id"])
        if history is None:
            raise _error("coin not found", 404)
        start_ms, end_ms = _moment_ms(parameters.get("from")), _moment_ms(parameters.get("to"))
        if self.retention.is_real and start_ms < self.now_ms - RETENTION_MS:
            raise _too_long_ago()
        times = history["time"]
        keep = (times >= start_ms) & (times <= end_ms)
        if end_ms - start_ms > DAILY_ABOVE_MS:
            keep &= times % DAY_MS == 0
        times = times[keep].tolist()
        return json_response(
            {
                field: [list(point) for point in zip(times, history[field][keep].tolist(), strict=True)]
                for field in ("prices", "market_caps", "total_volumes")
            }
        )


def _current_list(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The newest list of all coins, by rank."""
    listed = rows[rows["rank"].notna().to_numpy()]
    if listed.empty:
        return []
    observed_at = listed["observed_at"].max()
    newest = listed[(listed["observed_at"] == observed_at).to_numpy()].sort_values("rank")
    updated = iso_seconds(observed_at)
    return [_coin(row, updated) for row in newest.to_dict("records")]


def _coin(row: dict[str, Any], updated: str) -> dict[str, Any]:
    supply, price = row["circulating_supply"], row["price_usd"]
    return {
        "id": row["asset_id"],
        "symbol": str(row["symbol"]).lower(),
        "name": row["name"],
        "image": "",
        "current_price": price,
        "market_cap": row["market_cap_usd"],
        "market_cap_rank": int(row["rank"]),
        "fully_diluted_valuation": row["market_cap_usd"],
        "total_volume": row["volume_24h_usd"],
        "high_24h": None,
        "low_24h": None,
        "price_change_24h": None,
        "price_change_percentage_24h": None,
        "market_cap_change_24h": None,
        "market_cap_change_percentage_24h": None,
        "circulating_supply": supply,
        "total_supply": supply,
        "max_supply": None,
        "ath": None,
        "ath_change_percentage": None,
        "ath_date": None,
        "atl": None,
        "atl_change_percentage": None,
        "atl_date": None,
        "roi": None,
        "last_updated": updated,
    }


def _histories(rows: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Every coin's points in time order; where list and history have the same moment, the history's."""
    rows = rows.sort_values(["asset_id", "observed_at", "rank"], na_position="first")
    rows = rows.drop_duplicates(["asset_id", "observed_at"])
    columns = {
        "time": rows["observed_at"].to_numpy().astype("datetime64[ms]").astype(np.int64),
        "prices": rows["price_usd"].to_numpy(dtype=np.float64, na_value=np.nan),
        "market_caps": rows["market_cap_usd"].to_numpy(dtype=np.float64, na_value=np.nan),
        "total_volumes": rows["volume_24h_usd"].to_numpy(dtype=np.float64, na_value=np.nan),
    }
    names = rows["asset_id"].astype(str).to_numpy(dtype=object)
    edges = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)] if len(names) else []
    return {names[low]: {field: values[low:high] for field, values in columns.items()} for low, high in pairwise(edges)}


def _categories(coins: list[dict[str, Any]], categories: Any) -> dict[str, dict[str, Any]]:
    """Each category by its id, largest first, with the ids of its members."""
    found: dict[str, dict[str, Any]] = {}
    for coin in coins:
        for name in categories.get(coin["id"], ()):
            category_id = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            category = found.setdefault(category_id, {"name": name, "coins": []})
            category["coins"].append(coin)
    rows = {category_id: _category(category_id, **category) for category_id, category in found.items()}
    return dict(sorted(rows.items(), key=lambda item: -item[1]["row"]["market_cap"]))


def _category(category_id: str, name: str, coins: list[dict[str, Any]]) -> dict[str, Any]:
    top = [coin["id"] for coin in coins[:3]]
    return {
        "ids": {coin["id"] for coin in coins},
        "row": {
            "id": category_id,
            "name": name,
            "market_cap": float(np.nansum([coin["market_cap"] or 0.0 for coin in coins])),
            "market_cap_change_24h": None,
            "content": "",
            "top_3_coins_id": top,
            "top_3_coins": ["" for _ in top],
            "volume_24h": float(np.nansum([coin["total_volume"] or 0.0 for coin in coins])),
            "updated_at": coins[0]["last_updated"],
        },
    }


def _error(message: str, status: int) -> RequestError:
    return RequestError(json_response({"error": message}, status))


def _require_dollars(currency: str | None) -> None:
    if currency is None:
        raise _error("Missing parameter vs_currency", 422)
    if currency.lower() != "usd":
        raise _error("invalid vs_currency", 422)


def _whole(text: str | None, default: int) -> int:
    try:
        return default if not text else max(1, int(text))
    except ValueError:
        return default


def _moment_ms(text: str | None) -> int:
    try:
        return int(float(text or "") * 1000)
    except ValueError:
        raise _error("Missing parameter from or to", 422) from None


def _too_long_ago() -> RequestError:
    message = (
        "Your request exceeds the allowed time range. Public API users are limited to querying historical data "
        "within the past 365 days."
    )
    return RequestError(json_response({"error": {"status": {"error_code": 10012, "error_message": message}}}, 401))
