"""What a test of a fault needs: a market whose faults it commands, a home a week earlier, and marts."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pandas as pd
import pytest

from expectations.runner import judge_at
from ingestion.http import bodies
from ingestion.http.fetch import Patience
from ingestion.ingest import Only, ingest
from ingestion.planning import plan
from ingestion.session import open_session
from ingestion.sources.choice import Choice
from ingestion.venues.client import VenueClient
from orchestration.assets import raw as raw_assets
from orchestration.run import RunOutcome, run_weeks
from simulator.generation.generate import generate
from simulator.present import at
from warehouse.home import Home
from warehouse.week import Week

CHOICE = Choice("simulated", market="tiny")
# The home is published with the first week; the second meets the fault; the third is the next run, without it.
WEEKS = (date(2025, 11, 3), date(2025, 11, 10), date(2025, 11, 17))
NOWS = tuple(datetime(2025, 11, day, 6, tzinfo=UTC) for day in (10, 17, 24))

FLOATS_IN_KEYS = ("band_pct",)
# Columns that tell of when and how often something was learned, and not what it is.
TELLING = ("recorded_at", "as_of", "load_id", "published_at", "tries", "tried_at", "try_at", "reason", "version")
# Marts that tell the history of a home, which a fault belongs to; and sentences, which tell what the other marts say.
HISTORIES = ("archive_disagreements", "publications", "quarantine", "revisions", "weekly_summary_sentences")


@dataclass(frozen=True)
class FaultyMarket:
    """A market server, and its switches."""

    url: str

    def clock(self, now: datetime) -> None:
        """Move the present."""
        self._post("clock", {"now": now.isoformat()})

    def fault(self, host: str, kind: str, path: str = "", **more: Any) -> None:
        """Answers that go wrong (simulator/faults.py)."""
        self._post("faults", {"host": host, "kind": kind, "path": path, **more})

    def edit(self, dataset: str, origin: str, series: str, edit: str, **more: Any) -> None:
        """Rows that are wrong (simulator/edits.py); `first` and `last` are its `from` and `to`."""
        window = {"from": more.pop("first", None), "to": more.pop("last", None)}
        self._post("edits", {"dataset": dataset, "venue": origin, "series": series, "edit": edit, **window, **more})

    def get(self, host: str, path: str, **parameters: Any) -> None:
        """Ask as anybody might."""
        httpx.get(f"{self.url}/{host}{path}", params=parameters, timeout=30).raise_for_status()

    def lift(self) -> None:
        """Everything is well again."""
        for kind in ("faults", "edits"):
            httpx.delete(f"{self.url}/market/{kind}", timeout=30).raise_for_status()

    def _post(self, page: str, content: Mapping[str, Any]) -> None:
        answer = httpx.post(f"{self.url}/market/{page}", json=dict(content), timeout=60)
        assert answer.status_code == 200, answer.text


def run(home: Path, week: date) -> RunOutcome:
    """One run of one week, as `regime run` makes it, in this process."""
    with open_session(Home(home), CHOICE) as session:
        return run_weeks(session, [Week(week)])


def ask_again(home: Path, venue: str, symbol: str, week: date) -> None:
    """What `regime backfill --force` asks: all of one symbol's week, whatever is known of it."""
    start = datetime.combine(week, time(), UTC)
    only = Only(venue, symbol, (start, start + timedelta(days=7, minutes=30)))
    with open_session(Home(home), CHOICE) as session:
        for dataset in ("candles", "funding_rates", "open_interest"):
            ingest(dataset, home=session.home, source=session.source, judge=judge_at(session.source.now), only=only)


def as_tests_run(patch: pytest.MonkeyPatch, market: FaultyMarket) -> None:
    """The line as it is, with less patience: what is waited for otherwise is minutes."""
    patch.setenv("REGIME_SERVER_URL", market.url)
    patch.setattr(
        plan, "IMPATIENT", Patience(attempts=3, first_wait_s=0.01, longest_wait_s=2.0, longest_asked_wait_s=2.0)
    )
    made, retry = VenueClient._exchange, raw_assets.RetryPolicy

    def hasty(client: VenueClient, ccxt_class: str) -> Any:
        exchange = made(client, ccxt_class)
        exchange.timeout = 1000
        return exchange

    patch.setattr(VenueClient, "_exchange", hasty)
    patch.setattr(bodies, "ANSWER_SECONDS", 5.0)
    patch.setattr(raw_assets, "RetryPolicy", lambda **policy: retry(**policy | {"delay": 0.1}))


def copy(home: Path, to: Path) -> Path:
    """A home of one's own, with links that stay its own."""
    shutil.copytree(home, to, symlinks=True)
    return to


@dataclass
class Account:
    """Rows of the venues: for sale, not in raw; of these, held in quarantine or known to be missing; lost: the rest."""

    for_sale: int = 0
    absent: int = 0
    held: int = 0
    known_missing: int = 0
    lost: int = 0
    lost_where: list[str] = field(default_factory=list)


# A dataset of raw, its table in the market, its series and time there and in raw, and when a row counts as an event.
_SOLD = (
    ("candles", "candles_1h", ("venue", "market_type", "venue_symbol", "open_time"), pd.Timedelta(hours=1)),
    ("funding_rates", "funding_rates", ("venue", "venue_symbol", "settled_at"), pd.Timedelta(0)),
    ("open_interest", "open_interest", ("venue", "venue_symbol", "observed_at"), pd.Timedelta(0)),
    ("market_caps", "market_caps", ("provider", "asset_id", "observed_at"), pd.Timedelta(0)),
)


def account(home: Path, now: datetime, not_for_sale: str = "") -> Account:
    """What the untouched market had for sale up to `now` (one symbol aside), and where each row is in this home."""
    market, found = at(generate("tiny"), now), Account()
    with duckdb.connect(str(Home(home).staging), read_only=True) as con:
        for dataset, table, key, to_event in _SOLD:
            sold = market.table(table)
            if dataset == "candles":
                sold = sold[sold["open_time"] + pd.Timedelta(hours=1) <= pd.Timestamp(now.replace(tzinfo=None))]
            if dataset == "market_caps":  # the daily histories: a list is of its moment
                sold = sold[sold["rank"].isna()]
            sold = sold.astype(dict.fromkeys(key[:-1], str))
            rows = pd.DataFrame(
                {
                    "origin": sold[key[0]],
                    "market_type": sold.get("market_type", ""),
                    "series": sold[key[-2]],
                    "row_at": sold[key[-1]],
                    # Venues stamp a settlement with milliseconds of jitter; it is due on the hour.
                    "event_at": sold[key[-1]].dt.round("h") + to_event,
                }
            )
            rows = rows[rows["series"] != not_for_sale]
            con.register("sold", rows)
            series = "provider_asset_id" if dataset == "market_caps" else key[-2]
            same_market = "market_type = s.market_type" if dataset == "candles" else "true"
            absent = con.execute(
                f"""
                with absent as (
                    select s.*, exists (
                        select 1 from raw.quarantine q where q.dataset = '{dataset}' and q.origin = s.origin
                        and q.series = s.series and q.event_at = s.row_at) as is_held
                    from sold s where not exists (
                        select 1 from raw.{dataset} r where r.{key[0]} = s.origin and r.{series} = s.series
                        and r.{key[-1]} = s.row_at and {same_market})
                )
                select origin, market_type, series,
                    date_trunc('week', event_at - interval '1 microsecond')::date as week,
                    count(*) as n_absent, count(*) filter (is_held) as n_held
                from absent group by all order by all
                """
            ).fetchall()
            con.unregister("sold")
            found.for_sale += len(rows)
            for origin, market_type, name, week, n_absent, n_held in absent:
                told = con.execute(
                    "select coalesce(sum(coalesce(missing_rows, 1000000)), 0) from raw.coverage where dataset = ?"
                    " and origin = ? and (series = ? or starts_with(series, '*')) and week_start = ?"
                    " and (? = '' or coalesce(market_type, '') in ('', ?))",
                    [dataset, origin, name, week, market_type, market_type],
                ).fetchall()[0][0]
                missing = min(int(told), n_absent - n_held)
                found.absent += n_absent
                found.held += n_held
                found.known_missing += missing
                if lost := n_absent - n_held - missing:
                    found.lost += lost
                    found.lost_where.append(f"{dataset} {origin} {market_type} {name} {week}: {lost} of {n_absent}")
    return found


def query(database: Path, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """The rows of a question to a database file."""
    with duckdb.connect(str(database.resolve()), read_only=True) as con:
        return con.execute(sql, list(parameters)).fetchall()


def differences(home: Path, other: Path, aside: Sequence[str] = (), only_weeks: bool = False) -> list[str]:
    """Where the published marts of two homes differ, one line each; times of learning and histories aside."""
    found = []
    with duckdb.connect() as con:
        for name, path in (("mine", home), ("theirs", other)):
            con.execute(f"attach '{Home(path).warehouse.resolve()}' as {name} (read_only)")
        tables = {
            name: [row[0] for row in con.execute(
                "select table_name from information_schema.tables where table_catalog = ? and table_schema = 'marts'"
                " order by 1", [name]).fetchall()]
            for name in ("mine", "theirs")
        }  # fmt: skip
        if tables["mine"] != tables["theirs"]:
            return [f"tables {sorted(set(tables['mine']) ^ set(tables['theirs']))}"]
        for table in tables["mine"]:
            if table not in (*HISTORIES, *aside) and (table.endswith("_weekly") or not only_weeks):
                mine, theirs = (_sorted(con.execute(f'from {n}.marts."{table}"').df()) for n in ("mine", "theirs"))
                try:
                    pd.testing.assert_frame_equal(mine, theirs, rtol=1e-9, atol=1e-12)
                except AssertionError as error:
                    found.append(f"{table} ({len(mine)} and {len(theirs)} rows): {' '.join(str(error).split())[:300]}")
    return found


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[[name for name in rows if not any(word in name for word in TELLING)]]
    is_float = [pd.api.types.is_float_dtype(kind) and name not in FLOATS_IN_KEYS for name, kind in rows.dtypes.items()]
    exact = [name for name, inexact in zip(rows, is_float, strict=True) if not inexact]
    keys = rows[exact].map(str)
    return rows.loc[keys.sort_values(exact, kind="stable").index].reset_index(drop=True)
