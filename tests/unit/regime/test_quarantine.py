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


def test_the_list_counts_by_rule_dataset_and_origin(held, capsys):
    [cheap] = [row for row in json.loads(printed(list_rules, "json")) if row["rule"] == "cheap"]
    assert (cheap["dataset"], cheap["origin"], cheap["severity"]) == ("candles", "binance", "row")
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


def test_a_check_among_peers_cannot_be_released(held, capsys):
    with connect(held) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_peer_verdicts as select 'candles' as dataset, 'binance' as venue,"
            " 'perp' as market_type, 'BTCUSDT' as series, timestamp '2025-11-17' as event_at,"
            " 'price_agrees' as rule, 'four venues say otherwise' as reason"
        )
    assert "price_agrees,candles,binance,peers,1,0," in printed(list_rules, "csv")
    assert "four venues say otherwise" in printed(show, "price_agrees", None, None, 5, "table")
    with pytest.raises(BadInput, match="check among peers and made anew by each build"):
        release("price_agrees", None)


def test_a_run_that_writes_is_not_disturbed(held):
    with write_lock(held), pytest.raises(BadInput, match="a run is writing"):
        list_rules("table")


def test_nothing_landed_with_no_guard_is_held(home, capsys):
    home.claim("simulated", market="tiny")
    with connect(home) as connection:
        Landing(home, NOW).land(CANDLES, "binance", candles([1.0]), [], no_guard)
        load_landed(connection, home)
    assert "(0 rows)" in printed(list_rules, "table")
