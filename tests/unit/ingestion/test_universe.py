"""universe.toml: what it says, and what is said about it when it is wrong."""

import pytest

from ingestion.archives import ARCHIVES
from ingestion.references import PROVIDERS
from ingestion.universe import UNIVERSE_FILE, Universe, UniverseError
from ingestion.venues import VENUES


def test_the_shipped_universe_names_every_venue_and_provider_there_is():
    universe = Universe.read()
    assert set(universe.venues) == set(VENUES)
    assert set(universe.references) == set(PROVIDERS)
    assert set(universe.archives) == set(ARCHIVES)
    assert universe.quotes == {"USD", "USDT", "USDC"}
    for name, scope in universe.venues.items():
        assert set(scope.market_types) <= {market.market_type for market in VENUES[name].markets}
    assert not universe.references["yahoo"].is_required
    assert "PAYEMS" in universe.references["fred"].series("macro_series")


def test_bases_narrow_one_market_type_only(tmp_path):
    text = UNIVERSE_FILE.read_text() + '\n[venues.bybit.bases]\nspot = ["BTC"]\n'
    (tmp_path / "u.toml").write_text(text)
    scope = Universe.read(tmp_path / "u.toml").venues["bybit"]
    assert scope.includes("spot", "BTC")
    assert not scope.includes("spot", "ETH")
    assert scope.includes("perp", "ETH")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("[venues.bybit]", "[venues.mtgox]", "mtgox.*no file in ingestion/venues/"),
        ("[references.mof]", "[references.bank]", "bank.*no file in ingestion/references/"),
        ("[archives.binance_vision]", "[archives.tape]", "tape.*no file in ingestion/archives/"),
        ('market_types = ["spot"]', 'market_types = ["option"]', "coinbase has no market type"),
        ("[instruments]", "[instrument]", "cannot be used"),
        ("[instruments]", "[instruments", "cannot be used"),
    ],
)
def test_a_wrong_universe_is_named(tmp_path, before, after, says):
    text = UNIVERSE_FILE.read_text()
    assert before in text
    (tmp_path / "u.toml").write_text(text.replace(before, after))
    with pytest.raises(UniverseError, match=says):
        Universe.read(tmp_path / "u.toml")


def test_no_universe_at_all(tmp_path):
    with pytest.raises(UniverseError, match="cannot be used"):
        Universe.read(tmp_path / "none.toml")
