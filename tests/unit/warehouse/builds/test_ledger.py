"""From when on a build rewrites, and when what stands needs no build at all."""

from datetime import UTC, datetime, timedelta

import pytest

from warehouse.builds.ledger import EVERYTHING, begin_build, confirm_build, finish_build, is_current
from warehouse.database import connect
from warehouse.source import Source

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)
STARTS = datetime(2025, 3, 31, tzinfo=UTC)
LEARNED = datetime(2026, 1, 5, 12, tzinfo=UTC)


def source(now=NOW, starts=STARTS):
    return Source("simulated", "http://127.0.0.1:1", starts, now)


@pytest.fixture
def raw(home):
    """A staging database whose first load was built, at NOW, as of an hour after it was learned."""
    with connect(home) as connection:
        load(connection, 1)
        build(connection)
        yield connection


def load(connection, load_id, *, recorded_at=LEARNED, **events):
    """A load of rows at the given event times: `candles="2025-11-20"`, `funding_rates=("A", "2025-11-20 08:00")`."""
    stamp = recorded_at.replace(tzinfo=None)
    connection.execute("insert into raw.loads (load_id, recorded_at) values (?, ?)", [load_id, stamp])
    for dataset, event in events.items():
        column = {"candles": "open_time", "funding_rates": "settled_at", "macro_series": "reference_date"}.get(
            dataset, "observed_at"
        )
        series, moment = event if isinstance(event, tuple) else ("A", event)
        name = {"macro_series": "series", "market_caps": "provider_asset_id"}.get(dataset, "venue_symbol")
        origin = "provider" if name != "venue_symbol" else "venue"
        connection.execute(
            f"insert into raw.{dataset} ({origin}, {name}, {column}, recorded_at, load_id) values ('v', ?, ?, ?, ?)",
            [series, moment, stamp, load_id],
        )


def begin(connection, *, now=NOW, as_of=None, fingerprint="f", **more):
    as_of = as_of or LEARNED + timedelta(hours=1)
    return begin_build(connection, source(now), as_of=as_of, fingerprint=fingerprint, **more)


def build(connection, *, is_passed=True, **more):
    moment = begin(connection, **more)
    finish_build(connection, is_passed=is_passed)
    return moment


def monday(text):
    return datetime.fromisoformat(text)


def test_the_first_build_rewrites_everything(home):
    with connect(home) as connection:
        assert begin(connection) == EVERYTHING
        context = connection.execute("select as_of, now_at, starts_at, source, rebuild_from from raw.run_context")
        expected = [t.replace(tzinfo=None) for t in (LEARNED + timedelta(hours=1), NOW, STARTS)]
        assert context.fetchall() == [(*expected, "simulated", EVERYTHING)]


def test_nothing_new_but_a_later_clock_rewrites_what_has_closed_since(raw):
    # NOW is a Monday, 24 November: two weeks before it is Monday, 10 November
    assert build(raw, now=NOW + timedelta(days=7)) == monday("2025-11-10")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ({"candles": "2025-11-20 03:00"}, "2025-11-03"),
        ({"open_interest": "2025-09-01 00:00"}, "2025-08-18"),
        ({"market_caps": "2024-01-01 00:00"}, "2023-12-18"),  # a coin new to the list, with its history
        ({"macro_series": "1990-01-01"}, "2025-11-10"),  # read whole by what reads it
        ({"candles": "2025-11-20 03:00", "funding_rates": ("A", "2025-10-01 08:00")}, "2025-09-15"),
        ({"candles": "1970-01-01 00:00"}, "1970-01-01"),
    ],
)
def test_the_earliest_event_loaded_since_decides(raw, events, expected):
    load(raw, 2, **events)
    assert build(raw) == monday(expected)
    assert build(raw, now=NOW + timedelta(days=7)) == monday("2025-11-10")  # once


def test_settlements_before_a_new_one_are_rewritten_however_long_before(raw):
    for number, moment in enumerate(["2025-06-02 00:00", "2025-06-02 08:00", "2025-06-02 16:00", "2025-06-03 00:00"]):
        load(raw, 2 + number, funding_rates=("SPARSE", moment))
    load(raw, 7, funding_rates=("OTHER", "2025-04-07 00:00"))
    build(raw)
    load(raw, 8, funding_rates=("SPARSE", "2025-11-20 08:00"))
    # three back is 08:00 on Monday, 2 June; another series' past does not matter
    assert build(raw) == monday("2025-05-19")


def test_rows_held_or_released_count_at_their_own_time(raw):
    held = "insert into raw.quarantine (dataset, origin, series, event_at, recorded_at, load_id) values "
    raw.execute(held + "('candles', 'v', 'A', timestamp '2025-10-15', timestamp '2026-01-05 12:00:00', 1)")
    assert build(raw, now=NOW + timedelta(hours=1)) == monday("2025-11-10")
    raw.execute("update raw.quarantine set released_at = timestamp '2026-01-06'")
    later = LEARNED + timedelta(days=2)
    assert build(raw, now=NOW + timedelta(hours=1), as_of=later) == monday("2025-09-29")
    load(raw, 2)
    raw.execute(held + "('candles', 'v', 'A', timestamp '2025-10-22', timestamp '2026-01-07', 2)")
    assert build(raw, now=NOW + timedelta(hours=1), as_of=later) == monday("2025-10-06")


def test_what_a_release_lets_count_is_rewritten_from_its_own_time(raw):
    later = LEARNED + timedelta(days=2)
    released = "insert into raw.check_releases (dataset, venue, series, event_at, recorded_at, load_id) values "
    load(raw, 2, recorded_at=LEARNED + timedelta(days=1))
    raw.execute(released + "('candles', 'v', 'A', timestamp '2025-10-15', timestamp '2026-01-06 12:00:00', 2)")
    assert not is_current(raw, source(), fingerprint="f")
    assert build(raw, as_of=later) == monday("2025-09-29")
    assert build(raw, as_of=later) == monday("2025-11-10")


def test_a_released_settlement_changes_the_interval_of_those_before_it(raw):
    load(raw, 2, funding_rates=("A", "2025-08-01 08:00"))
    build(raw)
    load(raw, 3)
    released = "insert into raw.check_releases (dataset, venue, series, event_at, recorded_at, load_id) values "
    raw.execute(released + "('funding_rates', 'v', 'A', timestamp '2025-10-15', timestamp '2026-01-05 12:00:00', 3)")
    assert build(raw) == monday("2025-07-14")  # the one before lies in August, and the margin before it


def test_a_row_from_a_clock_ahead_counts_once_it_is_seen(raw):
    load(raw, 2, recorded_at=LEARNED + timedelta(days=30), candles="2025-10-01 00:00")
    build(raw)  # as of before: the row is loaded and not seen
    assert not is_current(raw, source(), fingerprint="f")
    assert build(raw, as_of=LEARNED + timedelta(days=31)) == monday("2025-09-15")
    assert is_current(raw, source(), fingerprint="f")


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda raw: build(raw, is_passed=False),
        lambda raw: begin(raw),  # and killed
        lambda raw: build(raw, fingerprint="other models"),
        lambda raw: build(raw, now=NOW + timedelta(hours=1)),
        lambda raw: build(raw, as_of=LEARNED + timedelta(days=1)),
        lambda raw: raw.execute("update raw.run_context set starts_at = timestamp '2025-01-01'"),
        lambda raw: build(raw, is_selection=True),
        lambda raw: raw.execute("delete from raw.builds"),
        lambda raw: raw.execute("update raw.builds set now_at = NULL"),  # of a version that did not keep it
    ],
)
def test_everything_is_rewritten_after_a_build_that_cannot_be_built_upon(raw, spoiled):
    spoiled(raw)
    load(raw, 2, candles="2025-11-20 03:00")
    assert build(raw) == EVERYTHING
    load(raw, 3, candles="2025-11-20 04:00")
    assert build(raw) == monday("2025-11-03")


def verdicts(raw):
    return raw.execute(
        "select load_id, is_passed, finished_at is not null from raw.builds order by build_id"
    ).fetchall()


def test_a_build_is_unfinished_until_it_is_finished(raw):
    load(raw, 2)
    begin(raw)
    assert verdicts(raw) == [(1, True, True), (2, False, False)]
    finish_build(raw, is_passed=True)
    assert verdicts(raw)[-1] == (2, True, True)


def test_a_selection_is_no_proof_for_the_rest(raw):
    load(raw, 2)
    build(raw, is_selection=True)
    assert verdicts(raw)[-1] == (1, True, True)  # what was loaded since is still to be built
    build(raw, is_selection=True, is_passed=False)
    build(raw, is_selection=True)
    assert verdicts(raw)[-1] == (1, False, True)  # and a selection that passes mends nothing
    build(raw)
    assert verdicts(raw)[-1] == (2, True, True)


def test_a_selection_before_any_build_passes_nothing(home):
    with connect(home) as connection:
        build(connection, is_selection=True)
        assert verdicts(connection)[-1][1:] == (False, True)


def test_what_stands_is_current_until_anything_changes(raw):
    assert is_current(raw, source(), fingerprint="f")
    confirm_build(raw, as_of=LEARNED + timedelta(days=1))
    assert is_current(raw, source(), fingerprint="f")
    assert not is_current(raw, source(), fingerprint="other models")
    assert not is_current(raw, source(NOW + timedelta(hours=1)), fingerprint="f")
    load(raw, 2)
    assert not is_current(raw, source(), fingerprint="f")
    begin(raw, as_of=LEARNED + timedelta(days=1))
    assert not is_current(raw, source(), fingerprint="f")
