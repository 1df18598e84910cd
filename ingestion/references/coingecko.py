"""CoinGecko without a key: the list of now with ranks, and a year of daily history per coin.

Ranks and membership exist only for now, so each run's list is kept. The history has price and market cap; their ratio
is the circulating supply of that day.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyarrow as pa

from ingestion.contracts import MARKET_CAPS
from ingestion.fetch import Answer, Task
from ingestion.references.provider import WHOLE_LIST, Desk, Provider

_API = "https://api.coingecko.com/api/v3"
_PAGE = 250
_DEPTH = timedelta(days=364)  # a year back without a key; the edge itself is refused
_DAILY = timedelta(days=95)  # shorter ranges are answered hour by hour

Coin = tuple[str, str, str]  # CoinGecko's id, symbol, name


def _tasks(desk: Desk) -> list[Task]:
    if not desk.is_due(WHOLE_LIST):  # a coin whose history failed is asked for again all the same
        return [_history(desk, coin) for coin in desk.known_series if _wants_history(desk, coin[0])]

    async def run() -> Answer:
        listed: list[dict[str, Any]] = []
        wanted = int(desk.scope.settings["coins"])
        for page in range(1, -(-wanted // _PAGE) + 1):
            params = {"vs_currency": "usd", "order": "market_cap_desc", "per_page": _PAGE, "page": page}
            more = await desk.get(f"{_API}/coins/markets", params, _list)
            listed += more
            if not more:
                break
        rows = [_list_row(coin, desk.source.now) for coin in listed[:wanted]]
        coins_of_now = [(row["provider_asset_id"], row["symbol"], row["name"]) for row in rows]
        still_listed = {coin[0] for coin in coins_of_now}
        coins = coins_of_now + [coin for coin in desk.known_series if coin[0] not in still_listed]
        return Answer(
            pa.Table.from_pylist(rows, schema=MARKET_CAPS.schema),
            then=[_history(desk, coin) for coin in coins if _wants_history(desk, coin[0])],
        )

    return [Task(desk.line, "coingecko", None, WHOLE_LIST, desk.due, desk.due, run)]


def _wants_history(desk: Desk, coin_id: str) -> bool:
    if not desk.is_due(coin_id):
        return False
    until = desk.covered_until(coin_id)
    refresh = timedelta(days=float(desk.scope.settings["history_refresh_days"]))
    return until is None or until <= desk.due - refresh


def _history(desk: Desk, coin: Coin) -> Task:
    until = desk.covered_until(coin[0])
    start = desk.source.starts_at if until is None else until - timedelta(days=2)
    start = min(start, desk.due - _DAILY)
    if desk.has_real_retention:
        start = max(start, desk.due - _DEPTH)

    async def run() -> Answer:
        params = {"vs_currency": "usd", "from": int(start.timestamp()), "to": int(desk.due.timestamp())}
        history = await desk.get(
            f"{_API}/coins/{coin[0]}/market_chart/range", params, lambda response: _history_rows(coin, response)
        )
        return Answer(history)

    return Task(desk.line, "coingecko", None, coin[0], start, desk.due, run)


def _list(response: httpx.Response) -> list[dict[str, Any]]:
    coins = response.json()
    if not isinstance(coins, list):
        raise ValueError("a list of coins was expected")
    for coin in coins:
        _ = coin["id"], coin["symbol"], coin["name"]
    return coins


def _list_row(coin: dict[str, Any], now: datetime) -> dict[str, Any]:
    updated = coin.get("last_updated")
    observed_at = datetime.fromisoformat(updated) if updated else now
    return {
        "provider": "coingecko",
        "provider_asset_id": coin["id"],
        "observed_at": observed_at.astimezone(UTC).replace(tzinfo=None),
        "symbol": coin["symbol"].upper(),
        "name": coin["name"],
        "rank": coin.get("market_cap_rank"),
        "price_usd": _number(coin.get("current_price")),
        "circulating_supply": _number(coin.get("circulating_supply")),
        "market_cap_usd": _number(coin.get("market_cap")),
        "volume_24h_usd": _number(coin.get("total_volume")),
    }


def _history_rows(coin: Coin, response: httpx.Response) -> pa.Table:
    answer = response.json()
    caps = dict(answer["market_caps"])
    volumes = dict(answer["total_volumes"])
    coin_id, symbol, name = coin
    rows = []
    for moment, price in answer["prices"]:
        cap = caps.get(moment)
        rows.append(
            {
                "provider": "coingecko",
                "provider_asset_id": coin_id,
                "observed_at": datetime.fromtimestamp(moment / 1000, UTC).replace(tzinfo=None),
                "symbol": symbol,
                "name": name,
                "rank": None,
                "price_usd": _number(price),
                "circulating_supply": cap / price if cap and price else None,
                "market_cap_usd": _number(cap),
                "volume_24h_usd": _number(volumes.get(moment)),
            }
        )
    return pa.Table.from_pylist(rows, schema=MARKET_CAPS.schema)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


PROVIDER = Provider("coingecko", ("market_caps",), _tasks)
