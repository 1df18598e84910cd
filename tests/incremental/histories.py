"""Random histories of what a home learns: batches in any order, revisions, gaps, late weeks, crashes, clocks that move.

All of it follows from one seed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from ingestion.planning.endpoints import endpoints
from warehouse import coverage
from warehouse.builds.ledger import begin_build, finish_build
from warehouse.contracts import DATASETS
from warehouse.source import Source

STARTS = pd.Timestamp("2025-08-04")
WEEKS = 12
ENDS = STARTS + pd.Timedelta(weeks=WEEKS)
HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
# The wall clock at the first load.
FIRST_LEARNED = pd.Timestamp("2026-01-05 12:00:00")


@dataclass
class History:
    """A market and the order in which a home learns it. `steps()` changes raw and stops before each build."""

    seed: int
    connection: duckdb.DuckDBPyConnection
    n_builds: int = 6
    random: np.random.Generator = field(init=False)
    learned: pd.Timestamp = FIRST_LEARNED
    load_id: int = 0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def chance(self, probability: float) -> bool:
        """True in this share of cases."""
        return bool(self.random.random() < probability)

    def builds(self) -> Iterator["Build"]:
        """Loads what comes next, begins a build, and lets the test end it; some are killed, some fail."""
        waiting = self._batches()
        now = STARTS + pd.Timedelta(weeks=self._first_week())
        fingerprint = "models"
        for number in range(self.n_builds):
            is_last = number == self.n_builds - 1
            due = [b for b in waiting if is_last or (b.arrives <= number and b.last_event <= now)]
            self.random.shuffle(due)
            waiting = [b for b in waiting if not any(b is d for d in due)]
            for batch in due:
                self._load(batch)
            if number:
                self._revise()
                self._release()
                self._release_failed_checks()
                self._list_anew()
            as_of = self.learned
            if self.chance(0.1):  # the wall clock was ahead when something landed: it is not seen yet
                as_of -= pd.Timedelta(hours=5)
            if self.chance(0.05):
                fingerprint += " changed"
            source = Source("simulated", "http://127.0.0.1:1", _aware(STARTS), _aware(now))
            coverage.update(self.connection, source.now, source.starts_at, endpoints())
            rebuild_from = begin_build(self.connection, source, as_of=_aware(as_of), fingerprint=fingerprint)
            ends = "passes"
            if number and not is_last and self.chance(0.15):
                ends = "is killed" if self.chance(0.7) else "fails"
            yield Build(number, rebuild_from, now, ends, self)
            self.learned += pd.Timedelta(hours=float(self.random.integers(1, 200)))
            if self.chance(0.85):
                now = min(now + pd.Timedelta(hours=int(self.random.integers(1, 400))), ENDS)

    def _first_week(self) -> int:
        """The week at which the first build stands: later builds are a week or so apart."""
        return WEEKS - 1 - self.n_builds + self.seed % 2

    # --- the market -----------------------------------------------------------------------------------------------

    def _batches(self) -> list["Batch"]:
        """All rows there will ever be, cut into batches of a dataset, an origin and a week, each with its step."""
        frames = _market(self.random, self._coins(), has_sparse_series=self.chance(0.3))
        batches = []
        for dataset, frame in frames.items():
            time = DATASETS[dataset].time_column
            if time is None:
                batches += [Batch(dataset, part, 0, STARTS) for part in self._by_symbol(frame)]
                continue
            moments = pd.to_datetime(frame[time])
            origin = DATASETS[dataset].origin_column
            weeks = ((moments - STARTS) // pd.Timedelta(days=7)).clip(lower=0)
            for (_, week), part in frame.groupby([frame[origin], weeks]):
                for piece in self._torn(part):
                    step = max(0, int(week) - self._first_week() + 1)
                    if self.chance(0.1):  # late, mostly a little
                        step += int(self.random.geometric(0.7))
                    last = pd.to_datetime(piece[time]).max()
                    batches.append(Batch(dataset, piece, step, min(last + HOUR, ENDS)))
        return batches

    def _by_symbol(self, frame: pd.DataFrame) -> list[pd.DataFrame]:
        return [frame[frame["venue_symbol"] != "FOOUSDT"], frame[frame["venue_symbol"] == "FOOUSDT"]]

    def _torn(self, part: pd.DataFrame) -> list[pd.DataFrame]:
        """A batch may come in two, one of them much later: a hole until then; and some rows never come."""
        if self.chance(0.05):
            part = part[self.random.random(len(part)) > 0.02]
        if len(part) > 20 and self.chance(0.2):
            begin, end = sorted(self.random.integers(0, len(part), 2))
            inside = np.zeros(len(part), bool)
            inside[begin:end] = True
            return [p for p in (part[~inside], part[inside]) if len(p)]
        return [part] if len(part) else []

    def _coins(self) -> pd.DataFrame:
        """Coins of the seeds with a sector, so that identities are the real rules'."""
        return self.connection.execute(
            """
            with coins as (
                select v.asset_id, min(v.base) as base, min(s.sector) as sector
                from seeds.venue_symbols v join seeds.sectors s using (asset_id)
                where v.venue = '*' and v.valid_from is null and v.valid_to is null and coalesce(v.multiplier, 1) = 1
                    and s.valid_from is null and s.valid_to is null and length(v.base) between 3 and 5
                    and not exists (select 1 from seeds.exclusions e where e.asset_id = v.asset_id)
                group by v.asset_id
            )
            select asset_id, base, asset_id in ('bitcoin', 'ethereum') as is_major
            from coins
            qualify is_major or row_number() over (partition by sector order by base) <= 6
            order by is_major desc, base
            limit 33
            """
        ).df()

    # --- how it arrives -------------------------------------------------------------------------------------------

    def _load(self, batch: "Batch") -> None:
        """One load: most rows become versions, some are held; asked windows stand beside them."""
        self.learned += pd.Timedelta(minutes=float(self.random.integers(1, 60)))
        # landed some time before it is loaded: a crash lay between
        recorded_at = self.learned - (
            pd.Timedelta(days=float(self.random.integers(1, 9))) if self.chance(0.2) else HOUR
        )
        self._insert(batch.dataset, batch.rows, recorded_at, held_share=0.01 if self.chance(0.15) else 0.0)
        if self.chance(0.1):  # the same again, as only an older loader would
            self._insert(batch.dataset, batch.rows.head(50), recorded_at)

    def _insert(self, dataset: str, rows: pd.DataFrame, recorded_at: pd.Timestamp, *, held_share: float = 0.0) -> None:
        self.load_id += 1
        declared = DATASETS[dataset]
        held = rows[self.random.random(len(rows)) < held_share] if declared.time_column else rows.head(0)
        new = rows.drop(held.index)
        names = ", ".join(c.name for c in declared.columns)
        self.connection.register("new", new)
        self.connection.execute(
            f"insert into raw.{dataset} ({names}, recorded_at, load_id) select {names}, ?, ? from new",
            [recorded_at, self.load_id],
        )
        origin = str(rows[declared.origin_column].iloc[0])
        self.connection.execute(
            "insert into raw.loads (load_id, dataset, origin, landing_file, rows, new_rows, quarantined_rows,"
            " recorded_at, ingest_id) values (?, ?, ?, ?, ?, ?, ?, ?, 'i')",
            [self.load_id, dataset, origin, f"{dataset}/{self.load_id}.parquet", len(rows), len(new), len(held),
             recorded_at],
        )  # fmt: skip
        if declared.time_column:
            self._ask(dataset, rows, recorded_at)
        if len(held):
            market = "market_type" if "market_type" in rows else "NULL"
            self.connection.register("held", held)
            self.connection.execute(
                f"insert into raw.quarantine select ?, {declared.origin_column}, {market}, {declared.series_column},"
                f" {declared.time_column}::timestamp, 'rule', 'row', 'reason',"
                f" to_json(struct_pack({', '.join(f'{c.name} := {c.name}' for c in declared.columns)})),"
                " 'f.parquet', row_number() over (), ?, ?, NULL from held",
                [dataset, recorded_at, self.load_id],
            )

    def _ask(self, dataset: str, rows: pd.DataFrame, recorded_at: pd.Timestamp) -> None:
        declared = DATASETS[dataset]
        series = declared.series_column
        moments = pd.to_datetime(rows[declared.time_column])
        keys = [declared.origin_column, *(["market_type"] if "market_type" in rows else []), series]
        spans = moments.groupby([rows[k] for k in keys]).agg(["min", "max", "count"]).reset_index()
        spans.columns = [*keys, "first_at", "last_at", "n"]
        is_failed = self.chance(0.05)
        market = "market_type" if "market_type" in rows else "'perp'" if "venue" in rows else "NULL"
        self.connection.register("spans", spans)
        self.connection.execute(
            f"insert into raw.requests select ?, {declared.origin_column}, {market}, {series}, first_at,"
            " last_at + interval 1 hour, n, ?, ?, ?, ? from spans",
            [dataset, "failed" if is_failed else "complete", "HTTP 500" if is_failed else None, recorded_at,
             self.load_id],
        )  # fmt: skip

    def _revise(self) -> None:
        """Some rows get another value; some of those their old one back."""
        for dataset, column in (
            ("candles", "close"), ("funding_rates", "funding_rate"), ("open_interest", "open_interest_usd"),
            ("market_caps", "circulating_supply"), ("candles", "quote_volume"), ("order_book_depth", "quote_amount"),
        ):  # fmt: skip
            if self.chance(0.5):
                continue
            share = float(self.random.random() ** 0.3)  # mostly young rows
            key, time = ", ".join(DATASETS[dataset].key), DATASETS[dataset].time_column
            found = self.connection.execute(
                f"select distinct on ({key}) * exclude (recorded_at, load_id) from raw.{dataset}"
                f" where {time} >= ? order by hash({key}, ?), recorded_at, load_id limit 5",
                [STARTS + share * (ENDS - STARTS), self.seed],
            ).df()
            if len(found) and self.chance(0.7):  # else the first value is back
                found[column] = found[column] * (1.0 + 0.03 * self.random.standard_normal(len(found)))
            if len(found):
                self._insert(dataset, found, self.learned)

    def _release(self) -> None:
        """A rule was wrong: what it held in one dataset is rows now."""
        if self.chance(0.5):
            return
        for dataset in ("candles", "funding_rates", "open_interest", "order_book_depth", "market_caps"):
            held = self.connection.execute(
                "select row_json from raw.quarantine where dataset = ? and released_at is null"
                " order by event_at desc, row_json limit 40",
                [dataset],
            ).fetchall()
            if not held:
                continue
            self.connection.executemany(
                "update raw.quarantine set released_at = ? where dataset = ? and row_json = ?",
                [[self.learned, dataset, content] for (content,) in held],
            )
            rows = pd.DataFrame([json.loads(content) for (content,) in held])
            for column in DATASETS[dataset].columns:
                if column.unit == "UTC":
                    rows[column.name] = pd.to_datetime(rows[column.name], format="ISO8601")
            self._insert(dataset, rows, self.learned)

    def _release_failed_checks(self) -> None:
        """Somebody decides that some facts count although a check refuses them."""
        if self.chance(0.5):
            return
        found = self.connection.execute(
            "select dataset, venue, market_type, series, event_at, rule, value, bound from intermediate.failed_checks"
            " where released_at is null order by hash(series, event_at, ?) limit 30",
            [int(self.random.integers(1000))],
        ).fetchall()
        if not found:
            return
        self.load_id += 1
        self.connection.execute(
            "insert into raw.loads (load_id, dataset, origin, landing_file, rows, new_rows, quarantined_rows,"
            " recorded_at) values (?, 'check_releases', 'rule', ?, ?, 0, 0, ?)",
            [self.load_id, f"check_releases/{self.load_id}.release.json", len(found), self.learned],
        )
        self.connection.executemany(
            "insert into raw.check_releases values (?, ?, ?, ?, ?, ?, ?, ?, 'ann', 'they count', ?, ?)",
            [[*row, self.learned, self.load_id] for row in found],
        )

    def _list_anew(self) -> None:
        """A venue changes its list: another base, a symbol that it had not listed, one that turns out to be a share."""
        if self.chance(0.7):
            return
        found = self.connection.execute(
            "select * exclude (recorded_at, load_id) from raw.instruments"
            " order by hash(venue, venue_symbol, ?), recorded_at limit 1",
            [int(self.random.integers(1000))],
        ).df()
        found["base"] = "ANEW" if self.chance(0.5) else "SOL"
        found["asset_class"] = "equity" if self.chance(0.2) else "crypto"
        self._insert("instruments", found, self.learned)


@dataclass
class Batch:
    """Rows that arrive together: at or after a step, and not before they have happened."""

    dataset: str
    rows: pd.DataFrame
    arrives: int
    last_event: pd.Timestamp


@dataclass
class Build:
    """A build that was begun: how it is to end."""

    number: int
    rebuild_from: datetime
    now: pd.Timestamp
    ends: str
    history: History

    def finish(self, *, is_passed: bool) -> None:
        """It ended by itself."""
        finish_build(self.history.connection, is_passed=is_passed)

    def __str__(self) -> str:
        return f"build {self.number} at {self.now} from {self.rebuild_from:%Y-%m-%d} on {self.ends}"


def _market(random: np.random.Generator, coins: pd.DataFrame, *, has_sparse_series: bool) -> dict[str, pd.DataFrame]:
    hours = pd.date_range(STARTS, ENDS, freq="h", inclusive="left")
    n = len(hours)
    market = np.cumsum(random.standard_normal(n) * 0.004)
    prices = {
        coin.asset_id: 10 ** random.uniform(-1, 4) * np.exp(0.8 * market + np.cumsum(random.standard_normal(n) * 0.006))
        for coin in coins.itertuples()
    } | {"foo": 7.0 * np.exp(np.cumsum(random.standard_normal(n) * 0.005))}
    units = _units(random, coins, n)
    prices = {asset: price / units.get(asset, 1) for asset, price in prices.items()}
    symbols = _symbols(coins)
    candles, funding, interest = [], [], []
    for number, s in enumerate(symbols.itertuples()):
        price = prices[s.asset_id] * s.multiplier * np.exp(0.0005 * random.standard_normal(n))
        volume = 10 ** random.uniform(4, 6) * np.exp(0.3 * random.standard_normal(n))
        is_alive = _alive(random, number, n)
        keys = {"venue": s.venue, "venue_symbol": s.venue_symbol}
        if s.venue_symbol != "GHOSTUSDT" or random.random() < 0.5:
            traded = is_alive if s.venue_symbol != "GHOSTUSDT" else hours >= STARTS + pd.Timedelta(weeks=6)
            candles.append(pd.DataFrame(keys | {
                "market_type": s.market_type, "open_time": hours, "open": price, "high": price * 1.002,
                "low": price * 0.998, "close": price, "base_volume": volume / price, "quote_volume": volume,
                "taker_buy_base_volume": np.nan, "taker_buy_quote_volume": np.nan,
            })[traded])  # fmt: skip
        if s.market_type == "spot":
            continue
        settled = _settlements(random, s, number, has_sparse_series)
        funding.append(pd.DataFrame(keys | {
            "settled_at": settled + pd.to_timedelta(random.integers(0, 900, len(settled)), unit="ms"),
            "funding_rate": 0.00005 + 0.0001 * random.standard_normal(len(settled)),
        }))  # fmt: skip
        observed = hours[:: 4 if number % 3 else 1][random.random(len(hours[:: 4 if number % 3 else 1])) > 0.05]
        at = np.searchsorted(hours, observed)
        coins_open = 10 ** random.uniform(3, 5) * np.exp(np.cumsum(0.02 * random.standard_normal(len(observed))))
        coins_open = coins_open * units.get(s.asset_id, np.ones(n))[at]
        has_usd, has_base = s.venue != "hyperliquid", number % 4 > 0 or s.venue == "hyperliquid"
        alive_then = is_alive[at]
        interest.append(pd.DataFrame(keys | {
            "observed_at": observed,
            "open_interest_base": coins_open if has_base else np.nan,
            "open_interest_usd": coins_open * price[at] if has_usd else np.nan,
        })[alive_then])  # fmt: skip
    return {
        "instruments": _instruments(symbols),
        "candles": pd.concat(candles, ignore_index=True),
        "funding_rates": pd.concat(funding, ignore_index=True),
        "open_interest": pd.concat(interest, ignore_index=True),
        "order_book_depth": _books(candles),
        "market_caps": _market_caps(random, coins, prices, units, hours),
        "macro_series": pd.DataFrame({
            "provider": "fred", "series": "DGS10", "reference_date": pd.date_range("2020-01-01", ENDS, freq="MS"),
            "value": 4.0, "released_at": pd.NaT,
        }).astype({"released_at": "datetime64[us]"}),
    }  # fmt: skip


def _books(candles: list[pd.DataFrame]) -> pd.DataFrame:
    """Books of the first two instruments, each three hours; one in forty at a price that nobody traded at."""
    told = pd.concat(candles[:2]).iloc[::3].reset_index(drop=True)
    number = told.index.to_numpy()
    price = told["open"] * np.where(number % 40 == 7, 0.8, 1.0)
    parts = []
    for side, band, sign in (("bid", 1.0, -1), ("bid", 5.0, -1), ("ask", 1.0, 1), ("ask", 5.0, 1)):
        amount = band * (1000 + 100 * np.sin(number)) / price
        parts.append(told[["venue", "market_type", "venue_symbol"]].assign(
            snapshot_at=told["open_time"] + pd.to_timedelta(number % 50, unit="s"), side=side, band_pct=band,
            base_amount=amount, quote_amount=amount * price * (1 + sign * band / 200),
            best_price=price * (1 + sign * 0.0001),
        ))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _units(random: np.random.Generator, coins: pd.DataFrame, n: int) -> dict[str, np.ndarray]:
    """By hour, what one coin of the beginning has become, of those that are redenominated on the way."""
    found = {}
    for coin, into in zip(coins["asset_id"].iloc[[3, 7, 12, 20]], (1000.0, 0.001, 100.0, 5.0), strict=True):
        units = np.ones(n)
        units[random.integers(n // 4, n) :] = into
        found[coin] = units
    return found


def _symbols(coins: pd.DataFrame) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, coin in enumerate(coins.itertuples()):
        base, asset = coin.base, coin.asset_id
        rows.append({"venue": "binance", "market_type": "perp", "venue_symbol": f"{base}USDT", "asset_id": asset})
        if number % 3 == 0:
            rows.append({"venue": "binance", "market_type": "spot", "venue_symbol": f"{base}USDT", "asset_id": asset})
        if number < 6:
            rows.append({"venue": "bybit", "market_type": "perp", "venue_symbol": f"{base}USDT", "asset_id": asset})
        if number < 3:
            rows.append({"venue": "hyperliquid", "market_type": "perp", "venue_symbol": base, "asset_id": asset})
    rows += [
        {"venue": "kraken", "market_type": "perp", "venue_symbol": "PI_XBTUSD", "asset_id": "bitcoin"},
        {"venue": "bybit", "market_type": "perp", "venue_symbol": "FOOUSDT", "asset_id": "foo"},
        {"venue": "bybit", "market_type": "perp", "venue_symbol": "GHOSTUSDT", "asset_id": "foo"},
    ]
    return pd.DataFrame(rows).assign(multiplier=1.0)


def _alive(random: np.random.Generator, number: int, n: int) -> np.ndarray:
    """Some symbols are listed late, some vanish, some come back."""
    alive = np.ones(n, bool)
    kind = random.integers(0, 12) if number > 4 else 11
    begin, end = sorted(random.integers(n // 5, n, 2))
    if kind == 0:
        alive[:begin] = False
    elif kind == 1:
        alive[end:] = False
    elif kind == 2:
        alive[begin:end] = False
    elif kind == 3:
        alive[random.random(n) < 0.05] = False
    return alive


def _settlements(random: np.random.Generator, symbol: Any, number: int, has_sparse: bool) -> pd.DatetimeIndex:
    """Every 8 h, 4 h or 1 h, or a switch between them; one series settles when it likes."""
    if symbol.venue == "hyperliquid":
        moments = pd.date_range(STARTS, ENDS, freq="h", inclusive="left")
    elif has_sparse and number % 11 == 7:  # sparse: neighbours are days or weeks apart
        days = np.cumsum(random.exponential(6.0, 60))
        moments = pd.DatetimeIndex([STARTS + pd.Timedelta(hours=round(24 * d)) for d in days if d < 7 * WEEKS])
    elif number % 7 == 3:
        turn = STARTS + pd.Timedelta(days=int(random.integers(15, 55)))
        moments = pd.date_range(STARTS, turn, freq="8h").append(
            pd.date_range(turn + pd.Timedelta(hours=4), ENDS, freq="4h", inclusive="left")
        )
    else:
        moments = pd.date_range(STARTS, ENDS, freq="4h" if number % 5 == 4 else "8h", inclusive="left")
    return moments[random.random(len(moments)) > 0.01]


def _instruments(symbols: pd.DataFrame) -> pd.DataFrame:
    listed = symbols[~symbols["venue_symbol"].isin(["GHOSTUSDT", "PI_XBTUSD"])]
    return pd.DataFrame({
        "venue": listed["venue"], "market_type": listed["market_type"], "venue_symbol": listed["venue_symbol"],
        "base": listed["venue_symbol"].str.replace("USDT", ""),
        "quote": np.where(listed["venue"] == "hyperliquid", "USDC", "USDT"), "settle": "USDT", "contract_size": 1.0,
        "is_inverse": False, "is_active": True, "listed_at": pd.NaT, "asset_class": "crypto", "is_premarket": False,
    }).astype({"listed_at": "datetime64[us]"}).reset_index(drop=True)  # fmt: skip


def _market_caps(
    random: np.random.Generator,
    coins: pd.DataFrame,
    prices: dict[str, np.ndarray],
    units: dict[str, np.ndarray],
    hours: pd.DatetimeIndex,
) -> pd.DataFrame:
    """A provider every few days, its dated lists every Sunday, and a coin that is new to the list with its history.

    A list may be days behind a redenomination.
    """
    frames = []
    ids = {row.asset_id: row.base for row in coins.itertuples()} | {"foo": "FOO"}
    for asset, base in ids.items():
        supply = 10 ** random.uniform(9, 10) / prices[asset][0]  # no coin so small that its sector does not feel it
        for provider, moments in (
            ("coingecko", pd.date_range(STARTS + 6 * HOUR, ENDS, freq=f"{random.integers(1, 6)}D", inclusive="left")),
            ("coinmarketcap", pd.date_range(STARTS + 6 * DAY, ENDS, freq="7D", inclusive="left")),
        ):
            price = prices[asset][np.searchsorted(hours, moments)] * np.where(random.random(len(moments)) < 0.03, 2, 1)
            amounts = supply * (1 + 0.001 * np.arange(len(moments)))
            if asset in units:
                known = moments - pd.Timedelta(hours=int(random.integers(0, 100)))
                amounts = amounts * units[asset][np.searchsorted(hours, known).clip(0, len(hours) - 1)]
            name = asset if provider == "coingecko" else f"{base.lower()}-coin"
            frames.append(pd.DataFrame({
                "provider": provider, "provider_asset_id": name, "observed_at": moments, "symbol": base, "name": base,
                "rank": pd.array([None] * len(moments), "Int64"), "price_usd": price, "circulating_supply": amounts,
                "market_cap_usd": price * amounts, "volume_24h_usd": 1e9,
            }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _aware(moment: pd.Timestamp) -> datetime:
    return moment.to_pydatetime().replace(tzinfo=UTC)
