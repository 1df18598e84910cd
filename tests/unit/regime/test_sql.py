"""`regime sql`: what is published comes out as it is, and nothing gets in."""

import csv
import io
import json

import duckdb
import pytest

from regime import sql
from regime.errors import BadInput
from regime.sql import ask


@pytest.fixture
def published(home):
    version = home.published / "1"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "warehouse.duckdb")) as con:
        con.execute("create schema marts; create table marts.numbers (name varchar, value double, day date)")
        con.execute("insert into marts.numbers values ('a,b', 1.5, '2025-11-17'), (null, 'nan', null)")
    home.current.symlink_to("published/1")
    home.warehouse.symlink_to("current/warehouse.duckdb")
    return home


def answer(query: str, format: str) -> str:
    out = io.StringIO()
    ask(query, format, out)
    return out.getvalue()


def test_csv_is_csv(published):
    rows = list(csv.reader(io.StringIO(answer("select * from marts.numbers", "csv"))))
    assert rows == [["name", "value", "day"], ["a,b", "1.5", "2025-11-17"], ["", "nan", ""]]


def test_json_is_json_without_nan(published):
    assert json.loads(answer("select * from marts.numbers", "json")) == [
        {"name": "a,b", "value": 1.5, "day": "2025-11-17"},
        {"name": None, "value": None, "day": None},
    ]


def test_a_table_shows_every_column_and_counts_rows(published):
    text = answer("select name, value from marts.numbers", "table")
    assert text.splitlines()[0].split() == ["name", "value"]
    assert text.endswith("(2 rows)\n") and "NULL" in text


@pytest.mark.parametrize(
    "query, words",
    [
        ("selec 1", "syntax error"),
        ("select * from marts.nothing", "does not exist"),
        ("insert into marts.numbers values ('c', 1, null)", "read-only"),
        ("create table t (i int)", "read-only"),
        ("drop table marts.numbers", "read-only"),
        ("select * from read_csv('/etc/hostname')", "disabled"),
        ("select * from read_text('/etc/hostname')", "only the published tables"),
        ("explain analyze delete from marts.numbers", "read-only"),
        ("pragma enable_external_access = true", "is no question"),
        ("copy marts.numbers to '/tmp/out.csv'", "COPY is no question"),
        ("attach '/tmp/other.duckdb'", "ATTACH is no question"),
        ("set enable_external_access = true", "SET is no question"),
        ("install httpfs", "LOAD is no question"),
        ("create temp table t as select 1", "CREATE is no question"),
        ("export database '/tmp/out'", "EXPORT is no question"),
        ("select 1; delete from marts.numbers", "2 statements"),
        ("-- a comment", "no query"),
        ("", "no query"),
        ("   ;", "no query"),
    ],
)
def test_what_is_wrong_or_would_write_is_refused(published, query, words):
    with pytest.raises(BadInput, match=words):
        answer(query, "table")


def test_json_of_nothing_is_an_empty_list(published):
    assert json.loads(answer("select * from marts.numbers where false", "json")) == []


def test_json_does_not_lose_a_column_in_silence(published):
    with pytest.raises(BadInput, match="two columns are called a"):
        answer("select 1 as a, 2 as a", "json")


def test_a_table_of_too_many_rows_says_that_there_are_more(published, monkeypatch):
    monkeypatch.setattr(sql, "TABLE_ROWS", 3)
    assert answer("select range from range(4)", "table").endswith("(the first 3 rows; --format csv gives all)\n")
    assert answer("select range from range(3)", "table").endswith("(3 rows)\n")


def test_a_table_does_not_obey_control_codes_of_a_name(published):
    text = answer("select 'x' || chr(27) || '[31m' || chr(13) || chr(8238) as name", "table")
    assert "\\x1b[31m\\r\\u202e" in text and not {"\x1b", "\r", "\u202e"} & set(text)


def test_an_unknown_format_is_refused(published):
    with pytest.raises(BadInput, match="--format xml"):
        answer("select 1", "xml")


def test_an_empty_home_says_what_to_do(home):
    with pytest.raises(BadInput, match="regime run"):
        answer("select 1", "table")


def test_a_second_reader_is_not_in_the_way(published):
    with duckdb.connect(str(published.warehouse), read_only=True) as con:
        assert con.execute("select count(*) from marts.numbers").fetchall() == [(2,)]
    assert "2" in answer("select count(*) as n from marts.numbers", "csv")
