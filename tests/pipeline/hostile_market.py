"""The tiny market, with guests: instruments, coins and series whose names are attacks, and an endpoint that insults.

The honest rows stay as they are, so that a run has something to publish.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import pandas as pd
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.generation.generate import generate
from simulator.market import Market
from simulator.server import create_app
from tests.unit.simulator.small_market import served

# None of these can be a symbol: each is to be set aside with a reason.
ATTACKS = (
    "<script>alert(1)</script>",
    "'; drop table raw.candles; --",
    '"><img src=x onerror=alert(1)>',
    "../../x",
    "..",
    "/etc/passwd",
    "[click](javascript:alert(1))",
    "![x](http://127.0.0.1:9/x.png)",
    "{{ 7*7 }}{% raw %}",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
    "\x9b31mred",
    "\u202eTDSU",
    "BTC\u200bUSDT",
    "line\nbreak\r\nHost: x",
    "a|b|c",
    "=cmd|' /C calc'!A0",
    "x" * 10_000,
)
# These can: signs that mean something in Markdown, in a spreadsheet, in a pattern or in an address.
ODD = ("=*b*_u_~~s~~", "@107", "$PAC", "币安人生USDT", "www.evil.example")
# More honest guests than others: a list of which most rows are refused counts as misread, and stops the line.
QUIET = tuple(f"QUIET{n}USDT" for n in range(20))
# What a coin may be called, since it is only shown.
TITLES = ("<script>alert(1)</script>", "'; drop table raw.market_caps; --", "[click](javascript:alert(1))", "Fwog 🐸")
KEYS_HEARD: set[str] = set()
INSULT = '{"code":-1100,"msg":"<script>alert(2)</script> \\u001b[31m \\u202e \\u0000 \'; drop table raw.requests; --"}'
INSULTED = "/fapi.binance.com/futures/data/openInterestHist"


def hostile() -> Market:
    """The tiny market and its guests."""
    market = generate("tiny")
    names = (*ATTACKS, *ODD)
    coins = [_coin(market.market_caps, n, asset_id=name) for n, name in enumerate(ATTACKS)]
    coins += [_coin(market.market_caps, 50 + n, asset_id=name.lower()) for n, name in enumerate(QUIET)]
    coins += [
        _coin(market.market_caps, 100 + n, asset_id=f"guest-{n}", symbol=title, name=title)
        for n, title in enumerate(TITLES)
    ]
    return replace(
        market,
        instruments=_with(market.instruments, [_listed(market.instruments, name) for name in (*names, *QUIET)]),
        candles_1h=_with(market.candles_1h, [_of(market.candles_1h, name) for name in names]),
        funding_rates=_with(market.funding_rates, [_of(market.funding_rates, name) for name in names]),
        open_interest=_with(market.open_interest, [_of(market.open_interest, name) for name in names]),
        market_caps=_with(market.market_caps, coins),
        asset_class_prices=_with(
            market.asset_class_prices,
            [
                market.asset_class_prices[market.asset_class_prices["series"] == "SPY"].assign(series=name)
                for name in ATTACKS
            ],
        ),
    )


@contextmanager
def hostile_server() -> Iterator[str]:
    """The address of a server of that market."""
    with served(_Insulting(create_app(hostile()))) as url:
        yield url


class _Insulting:
    """Answers one endpoint with an error whose words are an attack, and some coins' with the caller's own key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(INSULTED):
            await Response(INSULT, 400, media_type="application/json")(scope, receive, send)
        elif scope["type"] == "http" and (echo := _echo(scope)):
            await echo(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _echo(scope: Scope) -> Response | None:
    """The caller's key given back in every way that an error has."""
    key = dict(scope["headers"]).get(b"x-cg-demo-api-key", b"no key").decode()
    told = json.dumps({"error": f"key {key} at /?x_cg_demo_api_key={quote(key)}", "prices": [[key, key]]})
    answers = {
        "arbitrum": Response(told, 302, {"Location": f"/elsewhere?key={quote(key)}"}),
        "optimism": Response(told, 400),
        "pepe": Response(told, 200, media_type="application/json"),
        "solana": Response(f"<html>{key}", 200, {"X-Key": key}),
        "tether": Response(told, 401),
    }
    for coin, answer in answers.items():
        if scope["path"].startswith(f"/api.coingecko.com/api/v3/coins/{coin}/"):
            KEYS_HEARD.add(key)
            return answer
    return None


def _with(frame: pd.DataFrame, more: list[pd.DataFrame]) -> pd.DataFrame:
    """The frame with more rows below, its texts as plain texts."""
    plain = {name: "object" for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    return pd.concat([frame, *more]).astype(plain).reset_index(drop=True)


def _listed(instruments: pd.DataFrame, name: str) -> pd.DataFrame:
    return _of(instruments, name).assign(base=name)


def _of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one small perpetual of one venue, under another name."""
    rows = (frame["venue"] == "binance") & (frame["venue_symbol"] == "OPUSDT")
    if "market_type" in frame:
        rows &= frame["market_type"] == "perp"
    return frame[rows].assign(venue_symbol=name)


def _coin(caps: pd.DataFrame, place: int, **names: str) -> pd.DataFrame:
    rows = caps[(caps["provider"] == "coingecko") & (caps["asset_id"] == "optimism")]
    return rows.assign(rank=rows["rank"] + 100 + place, **names)
