"""Files and the API of one market: what they tell differently is in the ledger, and a file that is replaced is seen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ingestion.ingest import Only
from ingestion.universe import VenueScope
from simulator.server import Options
from tests.unit.ingestion.archives import test_archive_ingest as line
from tests.unit.ingestion.archives.test_archive_ingest import (
    METRICS,
    STARTS_AT,
    fault,
    known_market,
    query,
    run,
    series,
)
from tests.unit.simulator.small_market import serving

DAY = timedelta(days=1)
NOW, BEFORE = datetime(2025, 11, 24, 6, tzinfo=UTC), datetime(2025, 11, 12, 6, tzinfo=UTC)
TOLD = datetime(2025, 10, 15, tzinfo=UTC)  # kept by the API on the first of these days, and not on the second
ONE_DAY = Only("binance", "BTCUSDT", (TOLD, TOLD + DAY))
LINES = (
    "select event_at, field, venue_value, archive_value from raw.archive_disagreements where resolved_at is null"
    " order by event_at, field"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(known_market(), Options(has_real_retention=True)) as url:
        yield url


@pytest.fixture
def url(server: str) -> Iterator[str]:
    yield server
    httpx.delete(f"{server}/market/faults")
    clock(server, NOW)


def clock(url: str, now: datetime) -> None:
    httpx.post(f"{url}/market/clock", json={"now": now.isoformat()}).raise_for_status()


def asked_of_archive(url: str, home, **options) -> tuple[list[str], list[str]]:
    """The lists from a history's beginning on that a run asks an archive for, and the files of its first weeks."""
    keys: list[str] = []
    send = httpx.AsyncClient.send

    async def noted(self, request, **more):
        keys.append(str(request.url))
        return await send(self, request, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.AsyncClient, "send", noted)
        run(url, home, "open_interest", **options)
    lists = [key for key in keys if "prefix=" in key and "metrics-2025-10" in key]
    return lists, [key.rsplit("/", 1)[-1] for key in keys if key.endswith(".zip") and "metrics-2025-10" in key]


def test_what_a_file_says_otherwise_is_told_once_and_the_venues_rows_count(url, home):
    clock(url, BEFORE)
    run(url, home, "instruments", "open_interest")
    kept = series(home, "open_interest", "observed_at", "open_interest_base")
    clock(url, NOW)
    fault(url, "file:replaced", METRICS)  # its rows of 08:00 and 12:00 say a quarter more
    for _ in range(2):
        run(url, home, "open_interest", only=ONE_DAY)
        found = query(home, LINES)
        told = {(at, field): (ours, theirs) for at, field, ours, theirs in found}
        amounts = dict(kept)
        hours = [TOLD.replace(tzinfo=None) + timedelta(hours=hour) for hour in (8, 12)]
        assert list(told) == [(at, field) for at in hours for field in ("open_interest_base", "open_interest_usd")]
        for at in hours:
            assert told[at, "open_interest_base"] == (amounts[at], pytest.approx(amounts[at] * 1.25))


def test_where_files_and_the_api_agree_there_is_no_line(url, home):
    clock(url, BEFORE)
    run(url, home, "instruments", "open_interest")
    clock(url, NOW)
    run(url, home, "open_interest", only=ONE_DAY)
    told = query(
        home,
        "select count(*) filter (archive is null), count(*) filter (archive = 'binance_vision')"
        " from raw.open_interest join raw.loads using (load_id) where venue_symbol = 'BTCUSDT'"
        " and observed_at >= '2025-10-15' and observed_at < '2025-10-16'",
    )
    assert told == [(6, 6)]  # both have said it
    assert query(home, LINES) == []


def test_candles_of_files_are_held_against_the_api_when_a_week_is_forced(url, home, monkeypatch):
    monkeypatch.setattr("ingestion.planning.archives.is_sooner", lambda files, api: files.files > 0)
    monkeypatch.setattr(line, "UNIVERSE", replace(line.UNIVERSE, venues={"binance": VenueScope(("perp",), True)}))
    fault(url, "file:replaced", "/data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-10")
    run(url, home, "instruments", "candles", deepest=STARTS_AT)
    assert query(home, LINES) == []
    run(url, home, "candles", only=ONE_DAY)
    found = query(home, LINES)
    assert {(at.hour, field) for at, field, *_ in found} == {
        (hour, field)
        for hour in (8, 12)
        for field in ("base_volume", "quote_volume", "taker_buy_base_volume", "taker_buy_quote_volume")
    }
    assert all(theirs == pytest.approx(ours * 1.25) for _, _, ours, theirs in found)


def test_a_file_that_was_replaced_is_asked_for_when_a_history_is_asked_for_again_and_nothing_else_is(url, home):
    clock(url, datetime(2025, 11, 20, 6, tzinfo=UTC))
    run(url, home, "instruments")
    lists, files = asked_of_archive(url, home, deepest=STARTS_AT)
    assert len(lists) == 3 and len(files) == 3 * 16  # of three instruments, up to 21 October: the rest the API keeps
    # A run that is only resumed asks for no list again.
    assert asked_of_archive(url, home, deepest=STARTS_AT) == ([], [])
    clock(url, datetime(2025, 11, 22, 6, tzinfo=UTC))
    again, files = asked_of_archive(url, home, deepest=STARTS_AT)
    assert len(again) == len(lists) and files == []  # nothing was replaced: one list for each instrument, no file
    fault(url, "file:replaced", METRICS)
    clock(url, NOW)
    again, files = asked_of_archive(url, home, deepest=STARTS_AT)
    assert len(again) == len(lists) and files == ["BTCUSDT-metrics-2025-10-15.zip"]
    versions: dict[datetime, list[float]] = {}
    for at, amount in series(home, "open_interest", "observed_at", "open_interest_base"):
        versions.setdefault(at, []).append(amount)
    changed = {at: found for at, found in versions.items() if len(set(found)) > 1}
    assert sorted(changed) == [datetime(2025, 10, 15, 8), datetime(2025, 10, 15, 12)]
    assert all(found == [found[0], found[0] * 1.25] for found in changed.values())
    # It has been read since it was replaced.
    assert asked_of_archive(url, home, deepest=STARTS_AT)[1] == []


def test_a_list_that_is_read_for_other_days_shows_what_was_replaced_too(url, home):
    clock(url, datetime(2025, 11, 20, 6, tzinfo=UTC))
    run(url, home, "instruments")
    run(url, home, "open_interest", only=ONE_DAY)
    clock(url, NOW)
    fault(url, "file:replaced", METRICS)
    day_before = Only("binance", "BTCUSDT", (TOLD - DAY, TOLD))
    lists, files = asked_of_archive(url, home, only=day_before)
    assert len(lists) == 1 and sorted(files) == ["BTCUSDT-metrics-2025-10-14.zip", "BTCUSDT-metrics-2025-10-15.zip"]
