"""A venue and an archive of its files on the same rows: what differs is a line, what is equal or rounded is none."""

from datetime import timedelta

import duckdb
import pyarrow as pa
import pytest

from tests.unit.warehouse.batches import START, candles, no_guard
from warehouse.contracts import CANDLES, FUNDING_RATES, LONG_SHORT_RATIOS, Dataset
from warehouse.database import connect
from warehouse.home import CHECKOUT, Home
from warehouse.landing import Landing
from warehouse.loading import load_landed

HOUR = timedelta(hours=1)
MIDNIGHT = START.replace(tzinfo=None)


def say(home: Home, rows: pa.Table, archive: str | None, dataset: Dataset = CANDLES) -> None:
    Landing(home, START).land(dataset, "binance", rows, [], no_guard, archive)
    with connect(home) as connection:
        load_landed(connection, home)


def of_one_field(dataset: Dataset, field: str, values: list[float]) -> pa.Table:
    rows = [
        {"venue": "binance", "venue_symbol": "BTCUSDT", dataset.time_column: MIDNIGHT + 8 * i * HOUR, field: value}
        for i, value in enumerate(values)
    ]
    return pa.Table.from_pylist(rows, schema=dataset.schema)


def ledger(home: Home) -> list[tuple[object, ...]]:
    """The open lines: when, which field, what the venue says, what the archive says."""
    with connect(home) as connection:
        return connection.execute(
            "select event_at, field, venue_value, archive_value from raw.archive_disagreements"
            " where resolved_at is null order by all"
        ).fetchall()


def counting(home: Home) -> list[float]:
    """The closes that count, by the very SQL of the staging model."""
    model = (CHECKOUT / "dbt_project" / "models" / "staging" / "stg_candles.sql").read_text()
    macros = (CHECKOUT / "dbt_project" / "macros" / "rules" / "versions.sql").read_text()
    from jinja2 import Environment

    sql = (
        Environment()
        .from_string(macros + model)
        .render(config=lambda **_: "", source=lambda schema, table: f"{schema}.{table}")
    )
    with connect(home) as connection:
        connection.execute("insert into raw.run_context (as_of) values ('2100-01-01')")
        rows = connection.execute(f"select close from ({sql}) order by open_time").fetchall()
        connection.execute("delete from raw.run_context")
    return [close for (close,) in rows]


@pytest.mark.parametrize("first", [None, "files"])
def test_the_venues_word_counts_whichever_was_learned_first_and_the_difference_is_told_once(home, first):
    said = {None: [1.0, 2.0, 3.0], "files": [1.0, 2.5, 3.0]}
    for archive in (first, "files" if first is None else None) * 2:  # and the same again
        say(home, candles(said[archive]), archive)
    assert ledger(home) == [(MIDNIGHT + HOUR, field, 2.0, 2.5) for field in ("close", "high", "low", "open")]
    assert counting(home) == [1.0, 2.0, 3.0]


def test_what_is_equal_is_no_line_and_counts_once(home):
    say(home, candles([1.0, 2.0]), None)
    say(home, candles([1.0, 2.0]), "files")
    assert ledger(home) == [] and counting(home) == [1.0, 2.0]


def test_what_only_one_of_them_tells_is_no_line(home):
    say(home, candles([1.0]), "files")
    say(home, candles([2.0], first_hour=1), None)
    assert ledger(home) == [] and counting(home) == [1.0, 2.0]


def test_a_line_is_resolved_when_either_gives_in_and_the_ledger_knows_since_when(home):
    say(home, candles([1.0]), None)
    say(home, candles([2.0]), "files")
    say(home, candles([1.0]), "files")  # the file was put right
    assert ledger(home) == [] and counting(home) == [1.0]
    say(home, candles([3.0]), "files")
    say(home, candles([3.0]), None)  # the venue gave in
    assert ledger(home) == [] and counting(home) == [3.0]
    with connect(home) as connection:
        spans = connection.execute(
            "select distinct venue_value, archive_value, recorded_at < resolved_at from raw.archive_disagreements"
            " order by all"
        ).fetchall()
    assert spans == [(1.0, 2.0, True), (1.0, 3.0, True)]


@pytest.mark.parametrize(
    ("dataset", "field", "ours", "theirs", "is_told"),
    [
        (CANDLES, "close", 87_000.0, 87_000.0 * (1 + 9e-7), False),
        (CANDLES, "close", 87_000.0, 87_000.0 * (1 + 2e-6), True),
        # Four digits of 0.5795 / 0.4205, and the division itself of accounts that round so.
        (LONG_SHORT_RATIOS, "long_short_account_ratio", 1.3781, 0.57954 / 0.42046, False),
        (LONG_SHORT_RATIOS, "long_short_account_ratio", 1.3781, 1.3881, True),
        # Rates have eight digits.
        (FUNDING_RATES, "funding_rate", 0.00000012, 0.000000124, False),
        (FUNDING_RATES, "funding_rate", 0.00000012, 0.00000013, True),
        (FUNDING_RATES, "funding_rate", 0.0001, -0.0001, True),
    ],
)
def test_a_rounding_is_no_disagreement(home, dataset, field, ours, theirs, is_told):
    rows = candles if dataset is CANDLES else lambda values: of_one_field(dataset, field, values)
    say(home, rows([ours]), None, dataset)
    say(home, rows([theirs]), "files", dataset)
    told = [line for line in ledger(home) if line[1] == field]
    assert told == ([(MIDNIGHT, field, ours, theirs)] if is_told else [])


def test_loaded_late_or_rebuilt_the_ledger_is_the_same(home):
    for archive, closes in ((None, [1.0, 2.0]), ("files", [1.0, 3.0]), (None, [4.0, 2.0]), ("files", [4.0, 5.0])):
        Landing(home, START).land(CANDLES, "binance", candles(closes), [], no_guard, archive)
    manifests = sorted(home.landing.glob("*/*/*/*.manifest.json"), key=lambda path: path.name)
    expected = []
    for late in (None, 1, 2):
        home.staging.unlink(missing_ok=True)
        aside = manifests[late].with_suffix(".later") if late is not None else None
        if aside:
            manifests[late].rename(aside)
            with connect(home) as connection:
                load_landed(connection, home)
            aside.rename(manifests[late])
        with connect(home) as connection:
            load_landed(connection, home)
            found = connection.execute(
                "select * exclude (load_id) from raw.archive_disagreements order by all"
            ).fetchall()
        expected = expected or found
        assert found == expected and len(found) == 12, late
    assert counting(home) == [4.0, 2.0]


def test_status_tells_the_largest(home):
    from regime.ledger import disagreements_of

    say(home, candles([100.0, 100.0, 100.0]), None)
    say(home, candles([100.0, 90.0, 80.0]), "binance_vision")
    with connect(home) as connection:
        (line,) = disagreements_of(connection)
    assert line.startswith("candles of binance: rows that differ in binance_vision: 2 (series: 1, days: 1); most: ")
    assert "of BTCUSDT on 2025-11-17, by 20 %; the venue's count" in line
    with duckdb.connect() as empty:
        assert list(disagreements_of(empty)) == []
