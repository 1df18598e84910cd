"""The [expect] of a recorded answer, held against what was read: one comparison per key, the same for every service."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from regime.dev.read import Made
from regime.dev.recorded import RecordedAnswer
from warehouse.contracts import DATASETS

# Where a figure of an expectation stands in our rows. Units at the end of a name are the expectation's own.
COLUMNS = {
    "open": "open", "high": "high", "low": "low", "close": "close", "base_volume": "base_volume",
    "base_volume_btc": "base_volume", "base_volume_kpepe": "base_volume", "turnover_btc": "base_volume",
    "quote_volume": "quote_volume", "quote_volume_usdt": "quote_volume", "volume_usd": "quote_volume",
    "taker_buy_base_volume": "taker_buy_base_volume", "taker_buy_quote_volume": "taker_buy_quote_volume",
    "rate": "funding_rate", "paid_rate": "funding_rate", "ratio": "long_short_account_ratio",
    "long_over_short": "long_short_account_ratio", "accounts_long_short": "long_short_account_ratio",
    "open_interest_btc": "open_interest_base",
    "open_interest_ltc": "open_interest_base", "open_interest_coins": "open_interest_base",
    "open_interest_usd": "open_interest_usd", "open_interest_usdt": "open_interest_usd",
    "open_interest_usd_one_sided": "open_interest_usd", "symbol": "venue_symbol", "coin": "venue_symbol",
    "contract": "venue_symbol", "side": "side", "price": "price", "price_usd": "price_usd",
    "market_cap_usd": "market_cap_usd", "volume_24h_usd": "volume_24h_usd", "id": "provider_asset_id",
    "current_price": "price_usd", "market_cap": "market_cap_usd", "market_cap_rank": "rank",
    "total_volume": "volume_24h_usd", "circulating_supply": "circulating_supply", "last_updated": "observed_at",
}  # fmt: skip
# Figures that no contract has a column for, and why none is missed.
NOT_KEPT = {
    "mark_price_usdt": "settlements are kept without a price: candles have it",
    "forecast_rate": "what was forecast was not paid",
    "contracts": "amounts are kept in coins",
    "finished": "the clock decides",
    "buy": "kept as their quotient", "sell": "kept as their quotient", "long": "kept as their quotient",
    "short": "kept as their quotient",
    "open_interest_contracts": "amounts are kept in coins; whose contract it was is not said",
    "long_over_short_accounts": "not taken of this venue",
    "both_sides": "open interest is one-sided",
    "closed_contracts": "compared as an amount of coins",
    "mark_price": "compared as dollars over coins",
    "close_time": "an hour's end follows from its start",
    "interval_hours": "an interval is seen in the data",
    "has_checksum": "compared with the whole list of files",
}  # fmt: skip
NOT_KEPT_OF = {("okx", "open_interest_usd"): "its dollars have had another unit (DECISIONS 33): coins are taken"}
TIMES = ("time", "open_time")

ERRORS = {
    "not offered": "not_offered", "give up": "give_up", "retry": "retry", "malformed": "malformed",
    "ask again within 365 days": "narrow", "ask again with a later from": "narrow",
}  # fmt: skip


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def all_rows(made: Made) -> list[dict[str, Any]]:
    """What was read: rows that go on, and those that are set aside with a reason."""
    return [*made.rows, *(refused["row"] for refused in made.refused)]


def named(made: Made, symbol: str) -> dict[str, Any]:
    return next(row for row in all_rows(made) if row["venue_symbol"] == symbol)


def symbols(made: Made, **wanted: Any) -> set[str]:
    return {row["venue_symbol"] for row in made.rows if all(row[name] == value for name, value in wanted.items())}


def _row(made: Made, expected: Mapping[str, Any]) -> dict[str, Any]:
    """The row that an expectation speaks of: by its time, else by its name."""
    column = DATASETS[made.dataset or ""].time_column
    at = next((moment(expected[name]) for name in TIMES if name in expected), None)
    found = [row for row in all_rows(made) if at is None or row[column] == at]
    assert found, f"there is no row of {at}"
    return found[0]


def compare(made: Made, answer: RecordedAnswer, expected: Mapping[str, Any]) -> None:
    row = _row(made, expected)
    for name, value in expected.items():
        if name in TIMES or name in NOT_KEPT or (answer.service, name) in NOT_KEPT_OF:
            continue
        found = row[name if name in row else COLUMNS[name]]
        if isinstance(found, datetime):
            assert found == moment(value)
        elif isinstance(found, str):
            assert found.lower() == str(value).lower(), name
        else:
            assert found == pytest.approx(float(value), rel=1e-6), name
    if "buy" in expected or "long" in expected:
        over, under = (float(expected[a if a in expected else b]) for a, b in (("buy", "long"), ("sell", "short")))
        assert row["long_short_account_ratio"] == pytest.approx(over / under, rel=1e-3)
    if "mark_price" in expected:
        assert row["open_interest_usd"] / row["open_interest_base"] == pytest.approx(float(expected["mark_price"]))


def _rows(made: Made, answer: RecordedAnswer, value: int) -> None:
    assert len(all_rows(made)) == value


def _all(made: Made, answer: RecordedAnswer, value: list[dict[str, Any]]) -> None:
    for expected in value:
        compare(made, answer, expected)


def _values(made: Made, answer: RecordedAnswer, value: Any) -> None:
    if isinstance(value, list):
        return _all(made, answer, value)
    for day, expected in value.items():
        rows = [row for row in made.rows if row["reference_date"] == date.fromisoformat(day)]
        if not isinstance(expected, Mapping):
            assert [row["value"] for row in rows] == [float(expected)]
            continue
        found = {row["series"]: row["value"] for row in rows}
        assert {name: found[f"JGB_{name}"] for name in expected} == {n: float(v) for n, v in expected.items()}
    return None


def _at(place: int) -> Callable[[Made, RecordedAnswer, Any], None]:
    """The first or the last row in time."""

    def check(made: Made, answer: RecordedAnswer, value: dict[str, Any]) -> None:
        compare(made, answer, value)
        column = DATASETS[made.dataset or ""].time_column
        at = next((moment(value[name]) for name in TIMES if name in value), None)
        rows = all_rows(made)
        if at is not None and answer.expect.get("rows") == len(rows):
            written = [row[column] for row in rows]
            assert at in (sorted(written)[place], written[place])

    return check


def _written(place: int) -> Callable[[Made, RecordedAnswer, Any], None]:
    def check(made: Made, answer: RecordedAnswer, value: dict[str, Any]) -> None:
        compare(made, answer, value)

    return check


def _descending(made: Made, answer: RecordedAnswer, value: bool) -> None:
    column = DATASETS[made.dataset or ""].time_column
    times = [row[column] for row in made.rows]
    assert times == sorted(times, reverse=value)


def _ascending(made: Made, answer: RecordedAnswer, value: bool) -> None:
    _descending(made, answer, not value)


def _step(made: Made, answer: RecordedAnswer, value: float) -> None:
    times = sorted(row["open_time"] for row in all_rows(made))
    assert {(later - earlier).total_seconds() / 3600 for earlier, later in pairwise(times)} == {value}


def _is(column: str, wanted: Any) -> Callable[[Made, RecordedAnswer, Any], None]:
    def check(made: Made, answer: RecordedAnswer, value: list[str]) -> None:
        assert {named(made, symbol)[column] for symbol in value} == {wanted}

    return check


def _error(made: Made, answer: RecordedAnswer, value: str) -> None:
    if value == "none":
        assert made.error is None
        return
    assert made.error is not None and made.error["class"] == ERRORS[value] and made.rows == []
    assert made.error["next"]


def _wait(made: Made, answer: RecordedAnswer, value: float) -> None:
    assert made.error is not None and made.error["wait_s"] == value


def _nulls(made: Made, answer: RecordedAnswer, value: list[str]) -> None:
    day_column, column = ("reference_date", "value") if made.dataset == "macro_series" else ("close_date", "close")
    found = {str(row[day_column]): row[column] for row in all_rows(made)}
    assert {day: found[day] for day in value} == dict.fromkeys(value)


def _closes(made: Made, answer: RecordedAnswer, value: dict[str, float]) -> None:
    found = {str(row["close_date"]): row["close"] for row in made.rows}
    assert found == pytest.approx(value)


def _crypto(made: Made, answer: RecordedAnswer, value: Any) -> None:
    found = symbols(made, asset_class="crypto")
    assert found == set(value) if isinstance(value, list) else len(found) == value


def _trading(made: Made, answer: RecordedAnswer, value: Any) -> None:
    found = symbols(made, asset_class="crypto", is_active=True)
    assert found == set(value) if isinstance(value, list) else len(found) == value


def _kinds(made: Made, answer: RecordedAnswer, value: dict[str, Any]) -> None:
    """Perpetuals are rows, and nothing else; what trades is active, what is an index no coin."""
    pairs = value.items() if all(isinstance(v, str) for v in value.values()) else [
        (symbol, kind) for kind, found in value.items() for symbol in found
    ]  # fmt: skip
    for symbol, kind in pairs:
        contract, status, underlying = kind.split("|")
        if contract.split(" ")[0] not in ("PERPETUAL", "TRADIFI_PERPETUAL"):
            assert symbol not in symbols(made)
            continue
        row = named(made, symbol)
        assert row["is_active"] == (status == "TRADING"), symbol
        is_coin = contract == "PERPETUAL" and underlying in ("COIN", "PREMARKET")
        assert (row["asset_class"] == "crypto") == is_coin, symbol
        assert row["is_premarket"] == (underlying == "PREMARKET"), symbol


def _dated(made: Made, answer: RecordedAnswer, value: list[str]) -> None:
    assert {refused["row"]["venue_symbol"] for refused in made.refused} >= set(value)
    assert symbols(made).isdisjoint(value)


def _kept_names(made: Made, answer: RecordedAnswer, value: Any) -> None:
    """Multipliers are read from the base by the models: it must come as it is written."""
    for symbol in value:
        assert symbol.startswith(named(made, symbol)["base"])


def _listed_at(made: Made, answer: RecordedAnswer, value: Any) -> None:
    wanted = value if isinstance(value, Mapping) else {made.rows[0]["venue_symbol"]: value}
    assert {symbol: named(made, symbol)["listed_at"] for symbol in wanted} == {s: moment(t) for s, t in wanted.items()}


def _sizes(made: Made, answer: RecordedAnswer, value: dict[str, str]) -> None:
    assert {s: named(made, s)["contract_size"] for s in value} == {s: float(v.split()[0]) for s, v in value.items()}


def _column(column: str) -> Callable[[Made, RecordedAnswer, Any], None]:
    def check(made: Made, answer: RecordedAnswer, value: Mapping[str, Any]) -> None:
        assert {symbol: named(made, symbol)[column] for symbol in value} == dict(value)

    return check


def _status(made: Made, answer: RecordedAnswer, value: Any) -> None:
    trading = {"online", "Trading", "live", "normal"}
    found = value if isinstance(value, Mapping) else {made.rows[0]["venue_symbol"]: value}
    assert {symbol: named(made, symbol)["is_active"] for symbol in found} == {s: v in trading for s, v in found.items()}


def _open_interest(made: Made, answer: RecordedAnswer, value: dict[str, float]) -> None:
    """Of inverse contracts in dollars, of others in coins."""
    for symbol, amount in value.items():
        is_inverse = symbol.startswith(("PI_", "FI_"))
        assert named(made, symbol)["open_interest_usd" if is_inverse else "open_interest_base"] == amount


def _marks(made: Made, answer: RecordedAnswer, value: dict[str, float]) -> None:
    for symbol, mark in value.items():
        row = named(made, symbol)
        assert row["open_interest_usd"] / row["open_interest_base"] == pytest.approx(mark)


def _events(made: Made, answer: RecordedAnswer, value: list[dict[str, Any]]) -> None:
    _all(made, answer, value)
    for expected in value:
        row = _row(made, expected)
        assert row["quantity"] == pytest.approx(expected["closed_contracts"] * 0.0001)  # BTC_USDT


def _closed(made: Made, answer: RecordedAnswer, value: float) -> None:
    assert sum(row["quantity"] for row in made.rows) == pytest.approx(value * 0.0001)


def _days(made: Made, answer: RecordedAnswer, value: int) -> None:
    assert len({row["reference_date"] for row in made.rows}) == value


def _yields(made: Made, answer: RecordedAnswer, value: dict[str, str]) -> None:
    day = date(*map(int, value["day"].split("/")))
    found = {row["series"]: row["value"] for row in made.rows if row["reference_date"] == day}
    wanted = {f"JGB_{n}": None if v == "-" else float(v) for n, v in value.items() if n != "day"}
    assert {name: found[name] for name in wanted} == wanted


def _files(made: Made, answer: RecordedAnswer, value: list[dict[str, Any]]) -> None:
    names = ("day", "bytes", "has_checksum")
    assert [{name: row[name] for name in names} for row in made.rows] == [
        {**wanted, "day": date.fromisoformat(wanted["day"])} for wanted in value
    ]


def _sum(name: str) -> Callable[[Made, RecordedAnswer, Any], None]:
    def check(made: Made, answer: RecordedAnswer, value: str) -> None:
        assert made.rows[0][name] == value

    return check


def _refused(made: Made, answer: RecordedAnswer, value: list[dict[str, str]]) -> None:
    column = DATASETS[made.dataset or ""].time_column
    assert [refused["row"][column] for refused in made.refused] == [moment(wanted["time"]) for wanted in value]


def _folded(made: Made, answer: RecordedAnswer, value: list[dict[str, str]]) -> None:
    times = [row[DATASETS[made.dataset or ""].time_column] for row in all_rows(made)]
    assert [times.count(moment(wanted["time"])) for wanted in value] == [1] * len(value)


def _null(made: Made, answer: RecordedAnswer, value: list[Any]) -> None:
    """Days without a value; or, where columns are named, moments at which they are blank."""
    if not isinstance(value[0], Mapping):
        return _nulls(made, answer, value)
    for wanted in value:
        assert wanted["columns"] == ["count_long_short_ratio"]
        assert _row(made, wanted)["long_short_account_ratio"] is None
    return None


def _snapshots(made: Made, answer: RecordedAnswer, value: int) -> None:
    assert len({row["snapshot_at"] for row in all_rows(made)}) == value


def _within(column: str, band_pct: float) -> Callable[[Made, RecordedAnswer, Any], None]:
    """What rests on both sides of an order book within a band."""

    def check(made: Made, answer: RecordedAnswer, value: Mapping[str, str]) -> None:
        found = {row["side"]: row[column] for row in all_rows(made) if row["band_pct"] == band_pct}
        assert found == {side: float(amount) for side, amount in value.items()}

    return check


def _nothing(made: Made, answer: RecordedAnswer, value: Any) -> None:
    """Told by another comparison, or no column of ours; see UNCOMPARED."""


# Keys that say something that no column holds, and where it is held instead.
UNCOMPARED = {
    "unit": "a series' unit is the seed's",
    "funding_hours": "an interval is seen in the data, never taken from a list",
    "both_edges_inclusive": "the pager asks both edges and folds what comes twice (test_paging)",
    "currency": "closes are in the series' own unit; pence are tested with an answer of ours",
    "zone": "the days compared are the zone's",
    "dexes": "they are asked next, one list each (test_venues)",
    "header": "a file is read alike with a line of names and without (test_archives)",
    "time_unit": "the moments compared are in it",
    "market": "the moments compared are in its unit",
    "member": "a zip has one file, whatever it is called",
    "zip_sha256": "compared with its checksum where it was recorded (regime dev read)",
    "archives": "the list of files is compared whole",
    "checksums": "the list of files is compared whole",
    "truncated": "the pages of a list are asked one after the other (test_archives)",
}

COMPARISONS: dict[str, Callable[[Made, RecordedAnswer, Any], None]] = {
    "rows": _rows, "moments": _rows, "first": _at(0), "last": _at(-1), "first_row": _written(0),
    "last_row": _written(-1), "settlements": _all, "values": _values, "newest_first": _descending,
    "oldest_first": _ascending, "step_hours": _step, "trading": _is("is_active", True),
    "not_active": _is("is_active", False), "error": _error, "wait_s": _wait, "null": _null, "closes": _closes,
    "crypto_perps": _crypto, "crypto_spot": _crypto, "crypto_perps_trading": _trading,
    "crypto_perps_trading_symbols": _trading, "kinds": _kinds, "by_contractType_status_underlyingType": _kinds,
    "not_crypto": lambda made, answer, value: _disjoint(made, value), "dated": _dated,
    "multiplier_in_name": _kept_names, "no_multiplier_in_name": _kept_names, "active": _column("is_active"),
    "base": _column("base"), "listed_at": _listed_at, "contract_size": _sizes, "status": _status,
    "symbol": lambda made, answer, value: _column("venue_symbol")(made, answer, {value: value}),
    "is_pre_listing": lambda made, answer, value: _only(made, "is_premarket", value),
    "trading_disabled": lambda made, answer, value: _column("is_active")(
        made, answer, {symbol: not is_disabled for symbol, is_disabled in value.items()}
    ),
    "linear_perps": _is("is_inverse", False), "inverse_perps": _is("is_inverse", True),
    "open_interest": _open_interest, "mark": _marks, "events": _events, "closed_contracts_in_all": _closed,
    "files": _files, "sha256": _sum("sha256"), "file": _sum("file"), "second": _at(1), "refuse": _refused,
    "rows_to_keep": lambda made, answer, value: _same([str(len(made.rows))], [str(value)]), "fold": _folded,
    "names": lambda made, answer, value: _same(list(symbols(made)), value), "days": _days, "first_day": _yields,
    "last_day": _yields, "snapshots": _snapshots, "depth_btc_within_1_percent": _within("base_amount", 1),
    "notional_usdt_within_5_percent": _within("quote_amount", 5), **dict.fromkeys(UNCOMPARED, _nothing),
}  # fmt: skip


def _disjoint(made: Made, value: list[str]) -> None:
    assert symbols(made, asset_class="crypto").isdisjoint(value)


def _only(made: Made, column: str, value: Any) -> None:
    assert {row[column] for row in made.rows} == {value}


def _same(found: list[str], wanted: list[str]) -> None:
    assert sorted(found) == sorted(wanted)


def compared(made: Made, answer: RecordedAnswer) -> Iterator[str]:
    """Hold every key of [expect] against what was read; KeyError where no comparison is written for one."""
    for key, value in answer.expect.items():
        if key != "must":
            COMPARISONS[key](made, answer, value)
            yield key
