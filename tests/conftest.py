"""What all tests share: where real market data lies, and a home that is never the user's own."""

import os
from pathlib import Path

import pytest

from simulator.generation.generate import generate
from simulator.generation.truth import Truth, truth
from simulator.market import Market
from tests.incremental.models import Models
from warehouse.home import CHECKOUT, Home

# What takes longest begins first, so that of two workers neither waits for the other at the end. Groups and files.
LONGEST_FIRST = (
    "real_data", "full_market", "test_kill.py", "gaps", "tiny_market", "raw_weeks", "models", "hostile",
    "test_models_by_hand.py", "test_readers.py",
)  # fmt: skip
# Whoever asks for one of these makes the full market first, which takes as long as a hundred small tests.
NEEDS_THE_FULL_MARKET = {"full_market", "full_truth"}

MARKET_DATA = Path(os.environ.get("REGIME_MARKET_DATA", CHECKOUT.parent / "shared" / "market_data"))


@pytest.hookimpl(tryfirst=True)  # before groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the full market go to one worker; long groups go first."""
    for item in items:
        needs_it = NEEDS_THE_FULL_MARKET & set(getattr(item, "fixturenames", ()))
        if needs_it and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("full_market"))

    def rank(item: pytest.Item) -> int:
        group = item.get_closest_marker("xdist_group")
        names = {item.path.name, group.args[0] if group else ""}
        return next((n for n, name in enumerate(LONGEST_FIRST) if name in names), len(LONGEST_FIRST))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def full_market() -> Market:
    """The full market itself. Nobody may change it."""
    return generate("full")


@pytest.fixture(scope="session")
def full_truth(full_market: Market) -> Truth:
    """What its generator knows of it."""
    return truth(full_market)


@pytest.fixture(scope="session")
def tiny_market() -> Market:
    """The tiny market itself. Nobody may change it."""
    return generate("tiny")


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Models:
    """The models as SQL, compiled once."""
    return Models.compiled(tmp_path_factory.mktemp("models"))


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
