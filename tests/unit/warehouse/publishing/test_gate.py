"""What stands against a publication, beside the guards and the build (test_warehouse)."""

from datetime import date

from tests.unit.warehouse.batches import START, candles, no_guard
from warehouse.contracts import CANDLES
from warehouse.database import connect
from warehouse.landing import Landing, Request
from warehouse.loading import load_landed
from warehouse.publishing.gate import refusals, weeks_without_candles
from warehouse.week import Week


def test_a_week_of_which_nobody_gave_a_candle_is_named_with_the_reason(home):
    asked = Request("candles", "bybit", "perp", "*", START, START, 0, "failed", "bybit is down")
    later = Week(date(2030, 1, 7))
    with connect(home) as connection:
        Landing(home).land(CANDLES, "binance", candles([1.0]), [], no_guard)
        Landing(home).land(CANDLES, "bybit", CANDLES.schema.empty_table(), [asked], no_guard)
        load_landed(connection, home)
        ((monday,),) = connection.execute("select date_trunc('week', min(open_time))::date from raw.candles").fetchall()
        assert weeks_without_candles(connection, [Week(monday), later]) == [later]
        assert refusals(connection, "candles") == ["bybit: bybit is down"]
