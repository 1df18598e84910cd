"""A made-up market of 600 hourly symbols over any number of weeks, as rows of raw; the last week waits to be loaded.

No figure of it means anything: its size does.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.builds.ledger import begin_build, finish_build
from warehouse.source import Source

END = datetime(2025, 11, 24, tzinfo=UTC)
LAST_WEEK = END - timedelta(days=7)
_SETTLED = timedelta(hours=6)
_TIMES = {
    "candles": "open_time",
    "funding_rates": "settled_at",
    "open_interest": "observed_at",
    "market_caps": "observed_at",
}


def make(connection: duckdb.DuckDBPyConnection, weeks: int) -> int:
    """Fill the empty tables of raw, all but the last week; the number of candles in all. The seeds must be there."""
    start = END - timedelta(weeks=weeks)
    connection.execute(
        f"""
        create temp table coins as
        select *, row_number() over (order by asset_id not in ('bitcoin', 'ethereum'), asset_id) - 1 as n from (
            select v.asset_id, min(v.base) as base from seeds.venue_symbols v
            where v.venue = '*' and v.valid_from is null and v.valid_to is null and coalesce(v.multiplier, 1) = 1
                and length(v.base) <= 8 and v.asset_id in (select asset_id from seeds.sectors)
                and v.asset_id not in (select asset_id from seeds.exclusions)
            group by 1
        ) limit 300;
        create temp table symbols as
            select 'binance' as venue, 'perp' as market_type, base || 'USDT' as venue_symbol, asset_id, base from coins
            union all select 'bybit', 'perp', base || 'USDT', asset_id, base from coins where n < 150
            union all select 'binance', 'spot', base || 'USDT', asset_id, base from coins where n < 150;
        create temp table hours as
            select unnest(generate_series(timestamp '{_plain(start)}', timestamp '{_plain(END)}' - interval 1 hour,
                interval 1 hour)) as h;
        create temp table market as select h, sum(0.014 * (random() - 0.5)) over (order by h) as log_price from hours;
        create temp table prices as
            select asset_id, n, h, 10 * (1 + n % 7) * exp(log_price
                + sum(0.02 * (random() - 0.5)) over (partition by asset_id order by h)) as price
            from coins cross join market;
        create schema later;
        create table later.candles as
            select venue, market_type, venue_symbol, h as open_time, price as open, price * 1.003 as high,
                price * 0.997 as low, price * (1 + 0.0005 * (random() - 0.5)) as close, 1e5 / price as base_volume,
                1e5 * (1 + random()) as quote_volume, 5e4 / price as taker_buy_base_volume,
                5e4::double as taker_buy_quote_volume
            from symbols join prices using (asset_id) order by h;
        create table later.funding_rates as
            select venue, venue_symbol, h as settled_at, 0.00005 + 0.0002 * (random() - 0.4) as funding_rate
            from symbols, hours where market_type = 'perp' and hour(h) % 8 = 0 order by h;
        create table later.open_interest as
            select venue, venue_symbol, h as observed_at, 1e5 * (1 + 0.01 * (random() - 0.5)) as open_interest_base,
                1e5 * price as open_interest_usd
            from symbols join prices using (asset_id) where market_type = 'perp' and hour(h) % 4 = 0 order by h;
        create table later.market_caps as
            select 'coingecko' as provider, asset_id as provider_asset_id, h + interval 6 hour as observed_at,
                base as symbol, base as name, null::bigint as rank, price as price_usd,
                1e8 / (p.n + 1) as circulating_supply, price * 1e8 / (p.n + 1) as market_cap_usd,
                1e9::double as volume_24h_usd
            from prices p join coins using (asset_id) where hour(h) = 0 order by h;
        insert into raw.instruments
            select venue, market_type, venue_symbol, base, 'USDT', 'USDT', 1, false, true, null, 'crypto', false,
                timestamp '{_plain(start)}', 1
            from symbols;
        drop table prices
        """
    )
    n_candles = int(connection.execute("select count(*) from later.candles").fetchall()[0][0])
    _load(connection, 1, LAST_WEEK)
    return n_candles


def begin(connection: duckdb.DuckDBPyConnection, weeks: int, now: datetime) -> datetime:
    """Begin a build as a run does; from when on it rewrites."""
    source = Source("simulated", "http://127.0.0.1:1", END - timedelta(weeks=weeks), now + _SETTLED)
    return begin_build(connection, source, as_of=now + _SETTLED, fingerprint="benchmark")


def end(connection: duckdb.DuckDBPyConnection) -> None:
    """The build has passed."""
    finish_build(connection, is_passed=True)


def load_last_week(connection: duckdb.DuckDBPyConnection) -> None:
    """What waited is loaded."""
    _load(connection, 2, END)


def _load(connection: duckdb.DuckDBPyConnection, load_id: int, until: datetime) -> None:
    known = f"timestamp '{_plain(until)}', {load_id}"
    for name, time in _TIMES.items():
        waiting = f"from later.{name} where {time} < timestamp '{_plain(until)}'"
        connection.execute(f"insert into raw.{name} by position select *, {known} {waiting}")
        connection.execute(f"delete {waiting}")
    connection.execute(
        "insert into raw.loads (load_id, dataset, origin, recorded_at, rows, new_rows)"
        f" values ({load_id}, 'candles', 'binance', timestamp '{_plain(until)}', 1, 1)"
    )


def _plain(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def copy(database: Path, to: Path) -> Path:
    """The same database once more."""
    return Path(shutil.copyfile(database, to))
