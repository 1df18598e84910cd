"""One replay of the real tables through the whole line, and the raw tables themselves: shared by all tests here."""

import fcntl
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.independent import funding as independent_funding
from tests.independent import open_interest as independent_oi
from tests.independent.prices import HOUR, Prices, Supplies, believable_supplies, reference_prices

REPLAYED_WEEKS = ("2025-W47", "2026-W10")


@pytest.fixture(scope="session")
def replayed_home(market_data, tmp_path_factory) -> Path:
    """A home in which both weeks were published, made once for all test processes.

    REGIME_REPLAYED_HOME names one that is kept between test runs.
    """
    shared = tmp_path_factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else None
    kept = os.environ.get("REGIME_REPLAYED_HOME")
    home = Path(kept) if kept else (shared or tmp_path_factory.getbasetemp()) / "replayed-home"
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for week in REPLAYED_WEEKS:
            if (home / "reports" / week).exists():
                continue
            command = [Path(sys.executable).parent / "regime", "run", "--replay", market_data, "--week", week]
            environment = os.environ | {"REGIME_HOME": str(home)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home


@pytest.fixture(scope="session")
def marts(replayed_home):
    """Ask the published warehouse: SQL → frame."""
    connection = duckdb.connect(str(replayed_home / "warehouse.duckdb"), read_only=True)
    yield lambda sql: connection.execute(sql).df()
    connection.close()


@pytest.fixture(scope="session")
def now(marts) -> pd.Timestamp:
    """Where the replay's clock stands: it serves nothing later."""
    return pd.Timestamp(marts("select now_at from raw.run_context")["now_at"].iloc[0])


@pytest.fixture(scope="session")
def raw(market_data, now):
    """Raw frames straight from the Parquet tables, zone-less: table name and its time column → frame."""

    def read(table: str, time: str) -> pd.DataFrame:
        files = [str(market_data / f"{table}{suffix}.parquet") for suffix in ("", "_deep")]
        union = " union all by name ".join(f"select * from '{f}'" for f in files if Path(f).exists())
        frame = duckdb.sql(
            f"select * replace (({time} at time zone 'UTC')::timestamp as {time}) from ({union})"
            f" where {time} <= '{now}'"
        ).df()
        return frame.drop_duplicates(
            subset=[c for c in ("venue", "market_type", "venue_symbol", "provider", "rank", time) if c in frame]
        )

    return lru_cache(read)


@pytest.fixture(scope="session")
def candles(raw, now) -> pd.DataFrame:
    frame = raw("candles_1h", "open_time")
    return frame[frame["open_time"] + HOUR <= now]


@pytest.fixture(scope="session")
def instruments(marts) -> pd.DataFrame:
    """On coins: what is on metals, shares or money counts in no figure (Hyperliquid's PAXG is gold)."""
    return marts("select * from marts.instruments where asset_class = 'crypto' and not is_premarket")


@pytest.fixture(scope="session")
def prices(candles, instruments) -> Prices:
    return reference_prices(candles, instruments)


@pytest.fixture(scope="session")
def supplies(raw, marts, prices) -> Supplies:
    # the identities come from the warehouse: which coin a provider's row speaks of is a judgement, tested apart
    names = marts("select distinct provider, provider_asset_id, asset_id from core.core_provider_rows")
    caps = raw("market_caps", "observed_at").rename(columns={"asset_id": "provider_asset_id"})
    return believable_supplies(caps.merge(names, on=["provider", "provider_asset_id"]), prices)


@pytest.fixture(scope="session")
def excluded(marts) -> set[str]:
    return set(marts("select asset_id from seeds.exclusions")["asset_id"])


@pytest.fixture(scope="session")
def perps(instruments) -> pd.DataFrame:
    """Which coin each perpetual stands for, and how many of it one unit is."""
    frame = instruments[instruments["market_type"] == "perp"]
    return frame[["venue", "venue_symbol", "asset_id", "multiplier", "is_inverse"]]


@pytest.fixture(scope="session")
def observed(raw, candles) -> pd.DataFrame:
    """Open interest of symbols that are believed to be instruments of their venue."""
    traded = candles[candles["market_type"] == "perp"][["venue", "venue_symbol"]]
    settled = raw("funding_rates", "settled_at")[["venue", "venue_symbol"]]
    pairs = set(pd.concat([traded, settled]).drop_duplicates().itertuples(index=False, name=None))
    return independent_oi.believable(raw("open_interest", "observed_at"), pairs)


@pytest.fixture(scope="session")
def settlements(raw, perps) -> pd.DataFrame:
    found = independent_funding.settlements(raw("funding_rates", "settled_at"))
    return found.merge(perps[["venue", "venue_symbol", "asset_id"]], on=["venue", "venue_symbol"])


@pytest.fixture(scope="session")
def missed_settlements(settlements, perps, now) -> pd.DataFrame:
    found = pd.concat([independent_funding.missing(settlements), independent_funding.silent(settlements, now)])
    return found.merge(perps[["venue", "venue_symbol", "asset_id"]], on=["venue", "venue_symbol"])


@pytest.fixture(scope="session")
def funding_hours(settlements, observed, perps) -> pd.DataFrame:
    recent = settlements[settlements["settled_at"] >= "2025-09-01"].reset_index(drop=True)
    hours = independent_funding.hourly_rates(recent)
    named = hours.merge(perps[["venue", "venue_symbol", "asset_id"]], on=["venue", "venue_symbol"])
    return independent_funding.weigh(named, observed)
