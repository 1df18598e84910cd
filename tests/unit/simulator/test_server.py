"""The server itself: the clock, faults, limits, loopback, speed of one call, and how the process starts and ends."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simulator.dialects.hyperliquid import Hyperliquid
from simulator.server import Options
from tests.unit.simulator.small_market import make_market, serving

CHECKOUT = Path(__file__).resolve().parents[3]
TIME = "/api.bybit.com/v5/market/time"


@pytest.fixture
def url() -> Iterator[str]:
    with serving(make_market()) as address:
        yield address


def add_fault(url: str, **fault: object) -> None:
    httpx.post(f"{url}/market/faults", json=fault).raise_for_status()


def test_the_clock(url: str) -> None:
    clock = httpx.get(f"{url}/market/clock").json()
    assert clock["kind"] == "simulated"
    assert (clock["starts_at"], clock["now"]) == ("2025-09-01T00:00:00+00:00", "2025-11-24T06:00:00+00:00")
    assert clock["has_archive"] is False
    assert httpx.get(f"{url}/market/archive").json() == {"files": []}
    assert httpx.get(f"{url}/market/archive/none.parquet").status_code == 404


def test_contents_name_what_may_be_asked_for(url: str) -> None:
    contents = httpx.get(f"{url}/market/contents").json()
    assert contents["series"] == {"fred": ["DGS10", "UNRATE"], "mof": ["JGB_10Y", "JGB_40Y"], "yahoo": ["GC=F", "SPY"]}
    assert contents["venues"]["coinbase"] == {"spot": ["BTC-USD"]}
    assert contents["datasets"]["coinbase"] == ["candles"]


def test_a_host_that_is_down_hangs_up_as_often_as_was_asked(url: str) -> None:
    add_fault(url, host="api.bybit.com", kind="down", times=2)
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            httpx.get(url + TIME)
        assert httpx.get(f"{url}/fapi.binance.com/fapi/v1/ping").status_code == 200
    assert httpx.get(url + TIME).status_code == 200


def test_other_faults(url: str) -> None:
    add_fault(url, host="api.bybit.com", kind="status:451", path="/v5/market/time")
    assert httpx.get(url + TIME).status_code == 451
    assert httpx.get(f"{url}/api.bybit.com/v5/market/instruments-info?category=spot").json()["retCode"] == 0
    assert len(httpx.get(f"{url}/market/faults").json()["faults"]) == 1
    assert httpx.delete(f"{url}/market/faults").json() == {"faults": []}
    add_fault(url, host="api.bybit.com", kind="html")
    page = httpx.get(url + TIME)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    httpx.delete(f"{url}/market/faults")
    add_fault(url, host="api.bybit.com", kind="timeout", times=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url + TIME, timeout=0.3)
    assert httpx.get(url + TIME).status_code == 200


@pytest.mark.parametrize("fault", [{"host": "x"}, {"host": "x", "kind": "status:200"}, {"host": "x", "kind": "tired"}])
def test_a_fault_that_is_none_is_refused(url: str, fault: dict[str, str]) -> None:
    answer = httpx.post(f"{url}/market/faults", json=fault)
    assert answer.status_code == 400
    assert "not a fault" in answer.text


def test_limits_hold_only_where_they_are_enforced(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hyperliquid, "requests_per_minute", 3)
    ask = {"json": {"type": "meta"}}
    assert {httpx.post(f"{url}/api.hyperliquid.xyz/info", **ask).status_code for _ in range(8)} == {200}
    with serving(make_market(), Options(enforces_rate_limits=True)) as strict:
        answers = [httpx.post(f"{strict}/api.hyperliquid.xyz/info", **ask) for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert int(refused[0].headers["retry-after"]) <= 60
        assert httpx.get(strict + TIME).status_code == 200


def test_an_unknown_host_is_named(url: str) -> None:
    answer = httpx.get(f"{url}/api.kraken.com/0/public/OHLC")
    assert answer.status_code == 404
    assert "fapi.binance.com" in answer.text


def test_one_call_takes_no_delayed_acknowledgement(url: str) -> None:
    path = f"{url}/fapi.binance.com/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=1000"
    with httpx.Client() as client:
        client.get(path)
        seconds = []
        for _ in range(30):
            start = time.perf_counter()
            client.get(path)
            seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[15] < 0.03  # 2 ms here; a delayed acknowledgement would be 40


def test_the_process_ends_with_its_parents_pipe_and_on_a_signal(small_recording: Path) -> None:
    for end in ("stdin", "signal"):
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "serve", "--replay", str(small_recording), "--down", "api.bybit.com"],
            cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["pid"] == process.pid
        assert ready["url"].startswith("http://127.0.0.1:")
        assert httpx.get(f"{ready['url']}/market/clock").json()["kind"] == "replay"
        with pytest.raises(httpx.TransportError):
            httpx.get(ready["url"] + TIME)
        if end == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None and process.stderr.read() == ""


def test_a_host_that_is_not_served_cannot_be_down() -> None:
    command = [sys.executable, "-m", "simulator", "serve", "--down", "api.nowhere.com"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
