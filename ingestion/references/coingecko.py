"""CoinGecko without a key, or with a free one: the list of now with ranks, and a year of daily history per coin.

Ranks and membership exist only for now, so each run's list is kept. The history has price and market cap; their ratio
is the circulating supply of that day.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pyarrow as pa

from ingestion.http.bodies import read_json
from ingestion.http.errors import ErrorRule
from ingestion.http.fetch import Answer, Task, not_kept
from ingestion.references.provider import WHOLE_LIST, FetchContext, Provider, Reading, path_part
from ingestion.secrets import COINGECKO_API_KEY, secret
from warehouse.contracts import MARKET_CAPS
from warehouse.source import Source
from warehouse.untrusted import is_symbol

_API = "https://api.coingecko.com/api/v3"
_MARKETS = f"{_API}/coins/markets"
_HISTORY = f"{_API}/coins/{{series}}/market_chart/range"
# Wrapped in `error` or not, with a status of its own or with 200.
_ERRORS = (
    ErrorRule("retry", ("429",)),
    ErrorRule("narrow", ("10012",)),  # beyond the 365 days that come without a paid plan
    ErrorRule("give_up", ("10002", "10005", "10010", "10011")),  # keys, and what only a paid plan has
)
_PAGE = 250
_DEPTH = timedelta(days=364)  # a year back without a key; the edge itself is refused
_DAILY = timedelta(days=95)  # shorter ranges are answered hour by hour

Coin = tuple[str, str, str]  # CoinGecko's id, symbol, name


def _tasks(context: FetchContext) -> list[Task]:
    gone = [task for coin in context.known_series for task in [*_gone(context, coin), *_too_old(context, coin)]]
    if not context.is_due(WHOLE_LIST):  # a coin whose history failed is asked for again all the same
        return gone + [_history(context, coin) for coin in context.known_series if _wants_history(context, coin[0])]

    async def run() -> Answer:
        listed: list[dict[str, Any]] = []
        wanted = int(context.scope.settings["coins"])
        for page in range(1, -(-wanted // _PAGE) + 1):
            params = {"vs_currency": "usd", "order": "market_cap_desc", "per_page": _PAGE, "page": page}
            more = await context.get(
                _MARKETS,
                params,
                lambda response: _list(response, context.source.now),
                _key_header(context.source),
                _ERRORS,
            )
            listed += more
            if not more:
                break
        rows = listed[:wanted]
        coins_of_now = [(row["provider_asset_id"], row["symbol"], row["name"]) for row in rows]
        still_listed = {coin[0] for coin in coins_of_now}
        # An id that cannot be one is set aside by the guards, and nothing more is asked about it.
        coins = [coin for coin in coins_of_now if is_symbol(coin[0])]
        coins += [coin for coin in context.known_series if coin[0] not in still_listed]
        return Answer(
            pa.Table.from_pylist(rows, schema=MARKET_CAPS.schema),
            then=[_history(context, coin) for coin in coins if _wants_history(context, coin[0])],
        )

    return [*gone, Task(context.throttle, "coingecko", None, WHOLE_LIST, context.due, context.due, run)]


def _wants_history(context: FetchContext, coin_id: str) -> bool:
    if _gaps(context, coin_id):
        return True
    if not context.is_due(coin_id):
        return False
    until = context.covered_until(coin_id)
    refresh = timedelta(days=float(context.scope.settings["history_refresh_days"]))
    return until is None or until <= context.due - refresh


def _gaps(context: FetchContext, coin_id: str) -> list[datetime]:
    """Where gaps begin in what was asked and can still be; the days since then come with the next refresh."""
    until = context.covered_until(coin_id)
    return [
        start
        for start, end in context.gaps(coin_id)
        if (until is None or start < until) and not (context.has_real_retention and end <= context.due - _DEPTH)
    ]


def _gone(context: FetchContext, coin: Coin) -> list[Task]:
    """What is told of gaps that lie further back than is given."""
    words = f"the provider keeps only {_DEPTH.days} days"
    return [
        Task(context.throttle, "coingecko", None, coin[0], start, end, partial(not_kept, words))
        for start, end in context.gaps(coin[0])
        if context.has_real_retention and end <= context.due - _DEPTH
    ]


def _too_old(context: FetchContext, coin: Coin) -> list[Task]:
    """What is told of the time before, where the home's history has become longer than what is given."""
    since, kept_from = context.source.starts_at, context.due - _DEPTH
    if not context.has_real_retention or since >= kept_from or context.reaches(coin[0], since):
        return []
    words = partial(not_kept, f"the provider keeps only {_DEPTH.days} days")
    return [Task(context.throttle, "coingecko", None, coin[0], since, kept_from, words)]


def _history(context: FetchContext, coin: Coin) -> Task:
    until = context.covered_until(coin[0])
    start = context.source.starts_at if until is None else until - timedelta(days=2)
    start = min([start, context.due - _DAILY, *_gaps(context, coin[0])])
    if until is None and context.has_real_retention and context.source.earliest is not None:
        start = context.due - _DEPTH  # a question costs the same, however much it is for
    if context.has_real_retention:
        start = max(start, context.due - _DEPTH)

    async def run() -> Answer:
        params = {"vs_currency": "usd", "from": int(start.timestamp()), "to": int(context.due.timestamp())}
        history = await context.get(
            _HISTORY.format(series=path_part(coin[0])),
            params,
            lambda response: _history_rows(coin, response),
            _key_header(context.source),
            _ERRORS,
        )
        return Answer(history)

    return Task(context.throttle, "coingecko", None, coin[0], start, context.due, run)


def _key_header(source: Source) -> dict[str, str]:
    """The optional key of a free account: it buys more calls, and is shown to nobody but CoinGecko."""
    key = secret(COINGECKO_API_KEY)
    return {"x-cg-demo-api-key": key} if key and source.is_private else {}


def _list(response: httpx.Response, now: datetime) -> list[dict[str, Any]]:
    coins = read_json(response.content)
    if not isinstance(coins, list):
        raise ValueError("a list of coins was expected")
    rows = [_list_row(coin, now) for coin in coins]
    pa.Table.from_pylist(rows, schema=MARKET_CAPS.schema)  # says now what cannot be kept later
    return rows


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
    answer = read_json(response.content)
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


def _listed(response: httpx.Response, _: str, now: datetime) -> pa.Table:
    return pa.Table.from_pylist(_list(response, now), schema=MARKET_CAPS.schema)


def _told(response: httpx.Response, series: str, _: datetime) -> pa.Table:
    """A history names neither its coin's symbol nor its name: here they are its id."""
    return _history_rows((series, series, series), response)


def _last_days(now: datetime) -> dict[str, Any]:
    return {"vs_currency": "usd", "from": int((now - timedelta(days=2)).timestamp()), "to": int(now.timestamp())}


PROVIDER = Provider(
    "coingecko",
    ("market_caps",),
    _tasks,
    readings=(
        Reading(
            "market_caps",
            _MARKETS,
            _listed,
            lambda _: {"vs_currency": "usd", "order": "market_cap_desc", "per_page": 5, "page": 1},
        ),
        Reading("market_caps", _HISTORY, _told, _last_days, "bitcoin"),
    ),
    errors=_ERRORS,
    headers=_key_header,
    key=COINGECKO_API_KEY,
)
