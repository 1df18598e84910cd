"""A proxy in the environment: a market server is asked directly, the real services through it, all of them alike."""

import contextlib

import httpx
import pytest
import yarl

from ingestion.http import proxies
from ingestion.http.bodies import open_session
from ingestion.ingest import ingest
from ingestion.sources.choice import Choice
from ingestion.sources.opening import open_source, served
from tests.unit.ingestion.http.greedy_server import greedy_server
from tests.unit.simulator.small_market import make_market, serving
from tests.unit.warehouse.batches import no_guard
from warehouse.source import SourceError

NOBODY = "127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("name, scheme", [("HTTP_PROXY", "http"), ("all_proxy", "socks5"), ("ALL_PROXY", "nonsense")])
def test_a_market_server_is_asked_directly(home, monkeypatch, name, scheme):
    with serving(make_market()) as url:
        monkeypatch.setenv(name, f"{scheme}://{NOBODY}")
        for dataset in ("macro_series", "instruments", "market_caps"):
            done = ingest(dataset, home=home, source=served(url), judge=no_guard)
            assert done.requests > len(done.failed) and not any(NOBODY in str(r.reason) for r in done.failed)


@pytest.mark.parametrize("name", ["https_proxy", "ALL_PROXY"])
async def test_exchanges_and_references_go_through_the_same_proxy(monkeypatch, name):
    async with greedy_server("cut") as (proxy, heard):
        monkeypatch.setenv(name, proxy)
        session = open_session(verify=True)
        with contextlib.suppress(Exception):
            async with session.get(yarl.URL("https://api.example.com/exchange")):
                pass
        await session.close()
        async with httpx.AsyncClient() as http:
            with contextlib.suppress(httpx.HTTPError):
                await http.get("https://api.example.com/reference")
        assert heard == ["CONNECT api.example.com:443 HTTP/1.1"] * 2


def test_the_proxy_of_an_address(monkeypatch):
    assert proxies.proxy_of("https://fapi.binance.com/") is None
    monkeypatch.setenv("ALL_PROXY", "desk:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://secure:3128")
    monkeypatch.setenv("NO_PROXY", "bybit.com,localhost")
    assert proxies.proxy_of("https://fapi.binance.com/") == "http://secure:3128"
    assert proxies.proxy_of("http://www.mof.go.jp/") == "http://desk:3128"
    assert proxies.proxy_of("https://api.bybit.com/") is None


def test_a_proxy_that_cannot_be_used_is_named_before_anybody_is_asked(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", f"socks5://{NOBODY}")
    with pytest.raises(SourceError, match="ALL_PROXY names a socks5 proxy"), open_source(Choice("live")):
        pass
