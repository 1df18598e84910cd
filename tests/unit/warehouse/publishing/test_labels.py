"""Labels of the regime: which are told in time, and what the chain says of them for ever."""

import json
from datetime import date, datetime

import pytest

from report.archive import chain
from tests.unit.report.test_archive import a_page
from warehouse.database import connect
from warehouse.publishing import labels
from warehouse.week import Week

W45, W46, W47 = map(Week.parse, ("2025-W45", "2025-W46", "2025-W47"))
AT = datetime(2025, 11, 24, 8)


def rows(connection):
    return connection.execute(
        "select week_start, model, label, probability, published_at from raw.published_labels order by 1, 2"
    ).fetchall()


@pytest.fixture
def staging(home):
    with connect(home) as connection:
        connection.execute(
            "create schema marts; create view marts.regime_scoreboard as from (values"
            " (date '2025-11-03', 'rules', 'range', null), (date '2025-11-10', 'rules', 'risk_off', null),"
            " (date '2025-11-17', 'jump_model', 'low', 0.8e0), (date '2025-11-17', 'rules', 'deleveraging', null))"
            " as board (week_start, model, label, probability)"
        )
        yield connection


def at(connection, now):
    connection.execute("delete from raw.run_context")
    connection.execute("insert into raw.run_context (as_of, now_at) values ('2026-12-01', ?)", [now])


def test_a_week_is_in_time_until_the_one_after_is_over(staging):
    at(staging, datetime(2025, 11, 24, 6))  # the week of 17 November has just ended
    told = labels.in_time(staging, [W45, W46, W47])
    assert told == {
        "2025-W47": {"rules": {"label": "deleveraging"}, "jump_model": {"label": "low", "probability": 0.8}},
    }
    at(staging, datetime(2025, 11, 23, 23))
    assert list(labels.in_time(staging, [W45, W46])) == ["2025-W46"]
    at(staging, datetime(2025, 12, 1))
    assert labels.in_time(staging, [W45, W46, W47]) == {}


def test_a_warehouse_without_models_tells_none(home):
    with connect(home) as connection:
        at(connection, AT)
        assert labels.in_time(connection, [W47]) == {}


def test_what_was_published_first_stands(staging, tmp_path):
    for n, (verdict, told) in enumerate(
        (("range", {"rules": {"label": "range"}}), ("risk_on", {"rules": {"label": "risk_on"}}))
    ):
        a_page(tmp_path, "2025-W47", verdict=verdict)
        chain.record(tmp_path, ["2025-W47"], as_of=AT, recorded_at=AT.replace(minute=n), labels={"2025-W47": told})
    a_page(tmp_path, "2025-W46")
    chain.record(tmp_path, ["2025-W46"], as_of=AT, recorded_at=AT)  # told too late: it has no labels
    assert chain.check(tmp_path).findings == () and len(chain.entries(tmp_path)) == 3
    for _ in range(2):
        labels.put(staging, tmp_path)
        assert rows(staging) == [(date(2025, 11, 17), "rules", "range", None, AT)]
    labels.put(staging, tmp_path / "nowhere")
    assert rows(staging) == []


def test_an_edited_label_breaks_the_chain(tmp_path):
    a_page(tmp_path, "2025-W47")
    told = {"2025-W47": {"jump_model": {"label": "low", "probability": 0.8}}}
    chain.record(tmp_path, ["2025-W47"], as_of=AT, recorded_at=AT, labels=told)
    path = tmp_path / chain.FILE
    path.write_text(path.read_text().replace('"label":"low"', '"label":"high"'))
    assert [(f.what, f.how) for f in chain.check(tmp_path).findings] == [
        ("line 1 (2025-W47)", "it was edited: its own hash does not fit"),
    ]


@pytest.mark.parametrize(
    "told",
    [{"rules": "range"}, {"rules": {}}, {"rules": {"label": 7}}, {"rules": {"label": "x", "probability": 1.5}}, ["x"],
     {"rules": {"label": "x", "probability": "nan"}}],
)  # fmt: skip
def test_a_damaged_line_has_no_labels_and_stops_nothing(staging, tmp_path, caplog, told):
    good = {"week": "2025-W46", "recorded_at": "2025-11-24T08:00:00Z", "labels": {"rules": {"label": "range"}}}
    bad = {"week": "2025-W47", "recorded_at": "2025-11-24T08:00:00Z", "labels": told}
    (tmp_path / chain.FILE).write_text(f"{json.dumps(bad)}\n{{\n{json.dumps(good)}\n")
    labels.put(staging, tmp_path)
    assert rows(staging) == [(date(2025, 11, 10), "rules", "range", None, AT)]
    assert "line 1 of chain.jsonl cannot be read" in caplog.text and "line 2" in caplog.text
