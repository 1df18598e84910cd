"""Answers without end, packed, slow or pointing elsewhere cost a reason and little memory, over both HTTP clients."""

import asyncio
import gzip
import json
import subprocess
import sys

import httpx
import pytest

from ingestion.http import bodies
from ingestion.http.bodies import MOST_BODY_BYTES, open_session, read_json
from ingestion.http.fetch import FetchError, Malformed, Refused, Unreachable
from ingestion.references.provider import get_once
from tests.unit.ingestion.http.greedy_server import ask_ccxt, ask_httpx, greedy_server
from warehouse.home import CHECKOUT

# The body as it grows, once more as it is handed on, and what a client buffers.
MOST_GROWTH_MB = 3 * MOST_BODY_BYTES // 2**20
# Other ways to the same end.
ALIKE = ("endless_chunks", "long", "deflate_bomb")
CLIENTS = {"httpx": ask_httpx, "ccxt": ask_ccxt}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", ["endless", "gzip_bomb", *(pytest.param(k, marks=pytest.mark.slow) for k in ALIKE)])
def test_a_body_beyond_the_limit_is_not_read_to_its_end(client, kind):
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.ingestion.http.greedy_server", client, kind],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["ended"] == "TooLarge" and "larger than 64 MB" in told["reason"], told
    assert told["grown_mb"] < MOST_GROWTH_MB and len(told["heard"]) == 1, told


async def reason(client: str, kind: str) -> FetchError:
    async with greedy_server(kind) as (url, _):
        with pytest.raises(FetchError) as caught:
            await CLIENTS[client](url)
        return caught.value


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", ["nested_bomb", "brotli", "half_gzip"])
async def test_what_cannot_be_unpacked_is_told(client, kind):
    assert isinstance(await reason(client, kind), Malformed | Unreachable | Refused)


@pytest.mark.parametrize("client", CLIENTS)
async def test_an_answer_that_breaks_off_is_asked_for_again(client):
    assert isinstance(await reason(client, "cut"), Unreachable)


@pytest.mark.parametrize("kind", ["slow", "slow_head"])
async def test_a_slow_answer_ends_at_the_deadline_of_the_whole(kind, monkeypatch):
    monkeypatch.setattr(bodies, "ANSWER_SECONDS", 0.4)
    async with asyncio.timeout(5):
        assert "did not answer within" in str(await reason("httpx", kind))


async def test_ccxt_is_given_a_deadline_for_the_whole_answer():
    from ingestion.venues import VENUES
    from ingestion.venues.client import VenueClient

    async with greedy_server("cut") as (url, _):
        from datetime import UTC, datetime

        from ingestion.http.fetch import Throttle
        from warehouse.source import Source

        now = datetime(2025, 11, 24, tzinfo=UTC)
        for venue in VENUES.values():
            async with VenueClient(venue, Source("simulated", url, now, now), Throttle("x")) as client:
                for exchange in client._exchanges.values():
                    assert 0 < exchange.timeout <= 60_000 and not exchange.own_session


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_redirect_is_not_followed(client):
    async with greedy_server("redirect") as (url, heard):
        with pytest.raises(Refused, match="not followed"):
            await CLIENTS[client](url)
        assert len(heard) == 1 and "secret" not in heard[0]


async def test_real_services_are_asked_over_tls_only():
    import yarl

    session = open_session(verify=True)
    try:
        with pytest.raises(Refused, match="without TLS"):
            session.get(yarl.URL("http://api.example.com/"))
        with pytest.raises(Refused, match="no address has"):
            session.get(yarl.URL("https://api.example.com/a b", encoded=True))
    finally:
        await session.close()


def test_all_real_addresses_are_https():
    import ccxt

    from ingestion.references import coingecko, fred, mof, yahoo
    from ingestion.venues import VENUES

    def texts(value):
        if isinstance(value, dict):
            return [text for inner in value.values() for text in texts(inner)]
        return [value] if isinstance(value, str) else []

    for venue in VENUES.values():
        for market in venue.markets:
            addresses = texts(getattr(ccxt, market.ccxt_class)().urls["api"])
            assert addresses and all(a.startswith(("https://", "wss://")) for a in addresses), venue.name
    for address in (coingecko._API, fred._CSV, mof._FOLDER, yahoo._CHART):
        assert address.startswith("https://")


@pytest.mark.parametrize("encoding, pack", [("gzip", gzip.compress), ("identity", bytes)])
async def test_a_packed_answer_is_read(encoding, pack):
    content = b"hourly " * 100_000
    transport = httpx.MockTransport(
        lambda request: httpx.Response(
            200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(pack(content))
        )
    )
    async with httpx.AsyncClient(transport=transport) as http:
        answer = await get_once(http, "http://office/file")
        assert answer.content == content and answer.text.startswith("hourly")


@pytest.mark.parametrize(
    "text",
    ["NaN", "[NaN]", "[Infinity]", "[" * 100_000, "{" * 50, '{"a":' * 5000, "9" * 10_000 + "x", "[1,", "", "\x00",
     '["\\ud800", NaN]', '["\\ud800"' + "[" * 100_000],
)  # fmt: skip
def test_what_is_not_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        read_json(text)


def test_half_a_character_costs_its_text_and_not_the_answer():
    assert read_json('[{"name": "x\\ud800y", "n": 1}, "\\ud83d\\ude00"]') == [{"name": "x\ufffdy", "n": 1}, "😀"]


def test_the_last_of_equal_keys_counts_as_in_every_client():
    assert read_json('{"a": 1, "a": 2}') == {"a": 2}
