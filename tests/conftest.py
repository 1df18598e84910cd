"""What all tests share: where real market data lies, and a home that is never the user's own."""

import os
from pathlib import Path

import pytest

from warehouse.home import CHECKOUT, Home

MARKET_DATA = Path(os.environ.get("REGIME_MARKET_DATA", CHECKOUT.parent / "shared" / "market_data"))


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """No test may touch the home of the person who runs it."""
    monkeypatch.setenv("REGIME_HOME", str(tmp_path / "home"))
    for name in ("REGIME_SOURCE", "REGIME_REPLAY_DIR", "REGIME_MARKET", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(own_home) -> Home:
    return Home.at()


@pytest.fixture(scope="session")
def market_data() -> Path:
    if not (MARKET_DATA / "candles_1h.parquet").exists():
        pytest.skip(f"real market data is not at {MARKET_DATA}; set REGIME_MARKET_DATA to where it is")
    return MARKET_DATA
