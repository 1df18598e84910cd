"""`regime quarantine`: what it shows, what it refuses, and what a release says."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from expectations.rules import between, quarantine
from expectations.runner import judge_at
from expectations.suites import candles as suite
from expectations.suites import suite_of
from regime.commands.quarantine import list_rules, release, show
from regime.errors import BadInput
from tests.unit.warehouse.batches import CANDLES, START, candles, no_guard
from warehouse.database import connect
from warehouse.landing import Landing
from warehouse.loading import load_landed
from warehouse.lock import write_lock
from warehouse.recovery.rebuild import rebuild

NOW = START + timedelta(days=2)
TIGHT = replace(
    suite.SUITE, rules=(*suite.SUITE.rules, quarantine("cheap", "nothing is so dear", between("close", at_most=10)))
)


def printed(command, *arguments) -> str:
    out = io.StringIO()
    command(*arguments, out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def fresh_suites():
    suite_of.cache_clear()
    yield
    suite_of.cache_clear()


@pytest.fixture
def held(home, monkeypatch):
    """A home in which a rule that is too tight holds two rows."""
    home.claim("simulated", market="tiny")
    with connect(home) as connection, monkeypatch.context() as patch:
        patch.setattr(suite, "SUITE", TIGHT)
        suite_of.cache_clear()
        for symbol, closes in (("BTCUSDT", [1.0, 11.0, 2.0]), ("ETHUSDT", [3.0, 12.0, 4.0])):
            Landing(home, NOW).land(CANDLES, "binance", candles(closes, symbol=symbol), [], judge_at(NOW))
        load_landed(connection, home)
    suite_of.cache_clear()
    return home


def test_the_list_counts_by_rule_dataset_and_venue(held, capsys):
    [cheap] = [row for row in json.loads(printed(list_rules, "json")) if row["rule"] == "cheap"]
    assert (cheap["dataset"], cheap["venue"], cheap["severity"]) == ("candles", "binance", "row")
    assert (cheap["held_rows"], cheap["released_rows"]) == (2, 0)
    assert cheap["first_event_at"] == "2025-11-17 01:00:00"


def test_rows_are_shown_with_their_file_and_no_name_reaches_the_terminal_raw(held, capsys):
    with connect(held) as connection:
        connection.execute("update raw.quarantine set series = 'E\x1b[2JTH'")
    for format in ("table", "csv"):
        out = printed(show, "cheap", None, None, 10, format)
        assert "nothing is so dear" in out and ".parquet" in out and "\x1b" not in out
    assert len(json.loads(printed(show, "cheap", "candles", "binance", 1, "json"))) == 1


def test_a_release_judges_again_with_the_rules_as_they_are(held, capsys):
    release("cheap", None)
    out = capsys.readouterr().out
    assert "2 batches judged again: 2 rows released" in out and "next `regime run`" in out
    [cheap] = [row for row in json.loads(printed(list_rules, "json")) if row["rule"] == "cheap"]
    assert (cheap["held_rows"], cheap["released_rows"]) == (0, 2)


def test_a_rule_as_it_stands_still_holds(held, capsys, monkeypatch):
    monkeypatch.setattr(suite, "SUITE", TIGHT)
    release("cheap", "candles")
    out = capsys.readouterr().out
    assert "0 rows released" in out
    assert "still holds 2 rows of candles; change it in expectations/suites/candles.py" in out


def test_what_cannot_be_done_is_said_in_one_line(held, home):
    for act, words in (
        (lambda: release("no_such_rule", None), "holds nothing; these do: cheap"),
        (lambda: release("cheap", "open_interest"), "holds nothing; nothing is held"),
        (lambda: release("cheap", "stocks"), "is no dataset; choose from"),
        (lambda: show("no_such_rule", None, None, 10, "table"), "stopped nothing"),
        (lambda: show("cheap", None, None, 0, "table"), "--limit must be 1"),
        (lambda: show("cheap", None, None, 10, "xml"), "is none of"),
    ):
        with pytest.raises(BadInput, match=words):
            act()


def test_an_empty_home_has_no_quarantine(home):
    with pytest.raises(BadInput, match="run `regime run` first"):
        list_rules("table")
    with pytest.raises(BadInput, match="run `regime run` first"):
        release("cheap", None)


CHECKED = [
    # series, market type, hour of 17 November, rule, value
    ("BTCUSDT", "perp", 1, "price_fits_peers", 1.25),
    ("BTCUSDT", "perp", 2, "price_fits_peers", 1.5),
    ("ETHUSDT", "perp", 1, "price_fits_peers", 2.0),
    ("BTCUSDT", "perp", 1, "volume_fits_aggregator", 7.0),
]


@pytest.fixture
def checked(held):
    """The same home after a build whose checks refused four facts."""
    build_checks(held)
    return held


def build_checks(home):
    with connect(home) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.failed_checks (dataset varchar, venue varchar, market_type varchar,"
            " series varchar, event_at timestamp, rule varchar, value double, bound double, reason varchar,"
            " recorded_at timestamp, load_id bigint)"
        )
        connection.executemany(
            "insert into intermediate.failed_checks select 'candles', 'binance', $2, $1,"
            " timestamp '2025-11-17' + to_hours($3), $4, $5, 1.1, 'four venues say otherwise', now()::timestamp, 1",
            CHECKED,
        )


def held_and_released(rule="price_fits_peers"):
    [row] = [row for row in json.loads(printed(list_rules, "json")) if row["rule"] == rule]
    return row["held_rows"], row["released_rows"]


def test_what_checks_refuse_is_listed_and_shown_beside_the_guards_rows(checked):
    listed = printed(list_rules, "csv")
    assert "price_fits_peers,candles,binance,check,3,0," in listed and "cheap,candles,binance,row,2,0," in listed
    rows = json.loads(printed(show, "price_fits_peers", None, "binance", 5, "json"))
    assert [(row["series"], row["value"], row["bound"]) for row in rows] == [
        ("BTCUSDT", 1.25, 1.1), ("BTCUSDT", 1.5, 1.1), ("ETHUSDT", 2.0, 1.1),
    ]  # fmt: skip
    assert {row["reason"] for row in rows} == {"four venues say otherwise"}
    assert all(row["landing_file"].endswith(".manifest.json") and row["released_by"] is None for row in rows)


def test_a_checks_rows_are_released_by_a_decision_that_says_who_when_and_why(checked, capsys, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    release("price_fits_peers", None, symbol="BTCUSDT", reason=" the peers were stale ")
    out = capsys.readouterr().out
    assert "2 rows released" in out and "volume_fits_aggregator still refuses 1 of them" in out
    assert "the next `regime run` builds and publishes" in out
    assert held_and_released() == (1, 2) and held_and_released("volume_fits_aggregator") == (1, 0)
    held, *released = json.loads(printed(show, "price_fits_peers", None, None, 5, "json"))
    assert (held["series"], held["released_at"]) == ("ETHUSDT", None)
    assert {(row["series"], row["released_by"], row["release_reason"]) for row in released} == {
        ("BTCUSDT", "ann", "the peers were stale")
    }
    assert all(row["released_at"] for row in released)
    release("price_fits_peers", "candles", venue="binance", reason="so were these")
    assert "1 row released" in capsys.readouterr().out and held_and_released() == (0, 3)
    with pytest.raises(BadInput, match="price_fits_peers holds nothing; these do: cheap, volume_fits_aggregator"):
        release("price_fits_peers", None, reason="once more")


def test_a_staging_made_anew_still_knows_what_was_released_by_whom(checked, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    release("price_fits_peers", None, symbol="ETHUSDT", reason="a real jump")
    ledgers = ("check_releases", "loads")
    with connect(checked) as connection:
        before = [connection.execute(f"from raw.{name} order by all").fetchall() for name in ledgers]
    rebuild(checked)
    with connect(checked) as connection:
        after = [connection.execute(f"from raw.{name} order by all").fetchall() for name in ledgers]
    assert after == before and len(before[0]) == 1
    # before the models are built again, the decision alone tells of it
    [row] = json.loads(printed(show, "price_fits_peers", None, None, 5, "json"))
    assert (row["series"], row["value"], row["released_by"]) == ("ETHUSDT", 2.0, "ann")
    build_checks(checked)
    assert held_and_released() == (2, 1)


def test_a_release_needs_a_reason_and_a_guards_rule_takes_none(checked):
    with pytest.raises(BadInput, match="would release 3 rows: say with --reason why"):
        release("price_fits_peers", None, reason=" ")
    with pytest.raises(BadInput, match="holds nothing; these do"):
        release("price_fits_peers", None, venue="kraken", reason="because")
    with pytest.raises(BadInput, match="is a guard's: whole batches are judged again"):
        release("cheap", None, reason="because")
    assert held_and_released() == (3, 0) and not list(checked.landing.glob("check_releases/*/*/*"))


def test_a_run_that_writes_is_not_disturbed(held):
    with write_lock(held), pytest.raises(BadInput, match="a run is writing"):
        list_rules("table")


def test_nothing_landed_with_no_guard_is_held(home, capsys):
    home.claim("simulated", market="tiny")
    with connect(home) as connection:
        Landing(home, NOW).land(CANDLES, "binance", candles([1.0]), [], no_guard)
        load_landed(connection, home)
    assert "(0 rows)" in printed(list_rules, "table")
