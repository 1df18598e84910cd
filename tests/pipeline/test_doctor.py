"""`regime doctor` against a market server whose endpoints are well, and then are not, one way after the other."""

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from ingestion.probes import examine
from ingestion.sources.opening import served
from ingestion.universe import Universe
from tests.pipeline.fault_line import FaultyMarket
from tests.pipeline.market import CommandLine, market_server

BINANCE = "fapi.binance.com"


@pytest.fixture(scope="module")
def server():
    with market_server("--market", "tiny") as url:
        yield FaultyMarket(url)


@pytest.fixture
def market(server):
    yield server
    server.lift()


def findings(market):
    return {found.endpoint: found for found in asyncio.run(examine(served(market.url), Universe.read()))}


def test_every_endpoint_of_what_a_market_lists_is_asked_and_is_well(market):
    found = findings(market)
    assert {finding.state for finding in found.values()} == {"well"}
    # The tiny market has four venues and all providers; of a venue, its list and each of its datasets.
    assert Counter(finding.service for finding in found.values()) == {
        "binance": 7, "bybit": 5, "hyperliquid": 5, "coinbase": 2, "coingecko": 2, "fred": 1, "mof": 2, "yahoo": 1,
        "binance_vision": 7,
    }  # fmt: skip
    assert found["api.hyperliquid.xyz/info fundingHistory"].rows == 48  # an hour each, of two days
    assert found["api.exchange.coinbase.com/products/…/candles"].datasets == ("candles",)
    # Of the archive the list, the newest file of each kind, and a checksum.
    assert found["data.binance.vision/data/spot/…/klines/…/1h/….zip"].rows == 24
    assert found["data.binance.vision/data/futures/um/…/metrics/…/….zip"].rows == 72
    assert "no month that is over" in found["data.binance.vision/data/futures/um/…/fundingRate/…/….zip"].told
    assert found["s3-ap-northeast-1.amazonaws.com/data.binance.vision"].rows > 0
    assert found["data.binance.vision/….zip.CHECKSUM"].rows == 1


def test_what_a_market_has_none_of_is_well_without_a_row():
    """The full market's Gate lists contracts, and has nothing of them but liquidations."""
    everyone = Universe.read()
    gate = replace(everyone, venues={"gate": everyone.venues["gate"]}, references={})
    with market_server("--market", "full") as url:
        found = asyncio.run(examine(served(url), gate))
    assert {finding.state for finding in found} == {"well"}
    none = {finding.datasets for finding in found if finding.told == "the market has none of it"}
    assert none == {("candles",), ("funding_rates",), ("open_interest",)}


@pytest.mark.parametrize(
    ("kind", "state", "says"),
    [
        ("down", "unreachable", ""),
        ("status:451", "blocked", "451"),
        ("status:403", "blocked", "403"),
        ("status:429:retry_after=7", "limited", "429"),
        ("status:418", "limited", "418"),
        ("status:400", "rejected", "400"),
        ("status:503", "unreachable", "503"),
        ("html", "malformed", ""),
        ("truncated", "malformed", ""),
        ("reshaped", "malformed", ""),
        ("empty", "empty", "without a row"),
        ("clock:90", "clock", "90 s ahead"),
        ("clock:-3600", "clock", "3600 s behind"),
    ],
)
def test_one_endpoint_that_is_not_well_is_told_and_harms_no_other(market, kind, state, says):
    market.fault(BINANCE, kind, "/fapi/v1/fundingRate")
    found = findings(market)
    ill = found.pop(f"{BINANCE}/fapi/v1/fundingRate")
    assert (ill.state, says in ill.told) == (state, True), ill
    assert {finding.state for finding in found.values()} == {"well"}
    if "retry_after" in kind:
        assert ill.limits == {"retry-after": "7"}


@pytest.mark.parametrize(
    ("kind", "state"),
    [("down", "unreachable"), ("status:403", "blocked"), ("truncated", "malformed"), ("html", "malformed")],
)
def test_files_of_an_archive_that_are_not_well_are_told_by_kind(market, kind, state):
    market.fault("data.binance.vision", kind, "/data/futures/um/daily/metrics")
    found = findings(market)
    ill = found.pop("data.binance.vision/data/futures/um/…/metrics/…/….zip")
    assert (ill.service, ill.state, ill.datasets) == ("binance_vision", state, ("open_interest", "long_short_ratios"))
    assert {finding.state for finding in found.values()} == {"well"}


def test_the_command_says_it_in_a_table_or_as_json_with_an_exit_code(market, tmp_path):
    line = CommandLine(tmp_path / "home", tmp_path, market.url)
    well = line("doctor", "--format", "json")
    told = json.loads(well.stdout)
    assert (well.returncode, told["is_well"], len(told["endpoints"])) == (0, True, 32), well.stderr
    market.fault(BINANCE, "status:451")
    ill = line("doctor")
    *table, last = ill.stdout.splitlines()
    blocked = [row.split()[0] for row in table if "blocked" in row.split()]
    assert ill.returncode == 1 and blocked == ["binance"] * 5
    assert last.startswith("5 of 32 endpoints of ")
    assert line("doctor", "--format", "xml").returncode == 2
    assert not (tmp_path / "home").exists()  # it keeps nothing


def test_without_a_network_one_line_says_so(tmp_path):
    line = CommandLine(tmp_path / "home", tmp_path)
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    done = line("doctor", "--live", **nowhere)
    told = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1 and len(told) == 1 and "no network here" in told[0], told
