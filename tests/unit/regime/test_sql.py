"""`regime sql`: what is published comes out as it is, and nothing gets in."""

import csv
import io
import json

import duckdb
import pytest

from regime.commands import sql
from regime.commands.sql import ask
from regime.errors import BadInput


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


# What DuckDB offers beside questions. {out} is a file that must not come into being, {own} the published file itself:
# the one path that stays open to a connection that is shut in, and so the one that a COPY could write.
OFFERS = [
    "copy (pivot marts.numbers on name using sum(value)) to '{own}' (format csv, use_tmp_file false)",
    "explain analyze copy marts.numbers to '{own}' (format csv, use_tmp_file false)",
    "explain analyze copy marts.numbers to '{own}.wal' (format csv, use_tmp_file false)",
    "explain (analyze) copy marts.numbers to '{own}' (format csv, use_tmp_file false)",
    "/* */ explain -- x\n analyze copy marts.numbers to '{own}' (format csv, use_tmp_file false)",
    "explain analyze copy marts.numbers to '{own}.tmp/out.csv'",
    "copy marts.numbers to '{out}'",
    "copy marts.numbers from '{secret}'",
    "export database '{out}'",
    "import database '{out}'",
    "attach '{out}'",
    "attach ':memory:' as m",
    "create table marts.n as pivot marts.numbers on name using sum(value)",
    "create secret (type s3)",
    "install httpfs",
    "load '{out}'",
    "update extensions",
    "set threads = 1",
    "set variable x = 1",
    "reset threads",
    "use marts",
    "pragma profiling_output = '{out}'",
    "pragma enable_profiling",
    "pragma import_database('{out}')",
    "call enable_logging('QueryLog', storage = 'file', storage_path = '{out}')",
    "call checkpoint()",
    "force checkpoint",
    "from enable_logging()",
    "vacuum",
    "begin",
    "prepare p as select 1",
    "execute p",
    "select getenv('HOME')",
    "select * from read_text('{secret}')",
    "select * from read_blob('{secret}')",
    "select * from read_csv('{secret}')",
    "select * from sniff_csv('{secret}')",
    "select * from read_json('{secret}')",
    "select * from '{secret}'",
    "from glob('/etc/*')",
    "from parquet_metadata('{secret}')",
    "from query('from read_text(''{secret}'')')",
    "from query('copy marts.numbers to ''{out}''')",
    "from query_table('{secret}')",
    "from read_duckdb('{secret}')",
    "from json_execute_serialized_sql(json_serialize_sql('from read_text(''{secret}'')'))",
    "pivot (from read_text('{secret}')) on filename using count(*)",
    "from 'http://127.0.0.1:1/x.parquet'",
    "from marts.reads_a_file",
    "from marts.reads_files('{secret}')",
    "from duckdb_secrets()",
    "from OFFERS",
]


@pytest.mark.parametrize("offer", OFFERS)
def test_nothing_is_written_read_or_changed_beside_the_tables(published, tmp_path, offer):
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP-SECRET")
    own = published.warehouse.resolve()
    with duckdb.connect(str(own)) as con:  # a published file that was made by somebody with worse in mind
        con.execute(f"create view marts.reads_a_file as select * from read_text('{secret}')")
        con.execute("create macro marts.reads_files(name) as table select * from read_text(name)")
    before = {path: path.stat().st_size for path in tmp_path.rglob("*")}
    content = own.read_bytes()
    out = io.StringIO()
    with pytest.raises(BadInput) as refused:
        ask(offer.format(out=tmp_path / "out", secret=secret, own=own), "csv", out)
    assert "TOP-SECRET" not in out.getvalue() + str(refused.value) and str(refused.value).isprintable()
    assert {path: path.stat().st_size for path in tmp_path.rglob("*")} == before and own.read_bytes() == content


@pytest.mark.parametrize(
    "query",
    [
        "explain select 1", "explain analyze select * from marts.numbers", "explain (format json) select 1",
        "pivot marts.numbers on name using sum(value)", "from (pivot marts.numbers on name using sum(value))",
        "with n as (from marts.numbers) select count(*) from n", "show tables from marts", "describe marts.numbers",
        "summarize marts.numbers", "table marts.numbers", "values (1)", "(select 1)", "-- a comment\nselect 1",
    ],
)  # fmt: skip
def test_a_question_in_any_form_is_answered(published, query):
    assert answer(query, "csv")


class Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


@pytest.mark.parametrize(
    "query",
    [
        "from repeat(1, 1000000000000)",
        "select count(*) from range(10000000000) a, range(1000000) b",
        "with recursive x as (select 1 as i union all select i + 1 from x) select max(i) from x",
        "from summary(marts.numbers)",
    ],
)
def test_a_query_without_end_is_ended(published, query):
    with pytest.raises(BadInput, match=r"stopped after 0\.3 s.*--timeout"):
        ask(query, "csv", Nowhere(), timeout_s=0.3)


def test_no_files_are_left_open_to_a_query(published):
    settings = (
        "select name, value from duckdb_settings() where name in ('temp_directory', 'allowed_directories',"
        " 'enable_external_access', 'lock_configuration', 'python_enable_replacements')"
    )
    assert {setting["name"]: setting["value"] for setting in json.loads(answer(settings, "json"))} == {
        "temp_directory": "", "allowed_directories": "[]", "enable_external_access": "false",
        "lock_configuration": "true", "python_enable_replacements": "false",
    }  # fmt: skip


def test_csv_starts_no_formula_and_obeys_no_control_code(published):
    query = "select * from (values ('=cmd()'), ('+1'), ('-x'), ('@x'), ('a=b'), ('x' || chr(27) || chr(155) || 'y'))"
    cells = [row[0] for row in csv.reader(io.StringIO(answer(query, "csv")))][1:]
    assert cells == ["'=cmd()", "'+1", "'-x", "'@x", "a=b", "x\\x1b\\x9by"]
    assert answer("select -1.5::double as a, -2 as b, -0.5::decimal(4, 2) as c", "csv") == "a,b,c\n-1.5,-2,-0.50\n"


def test_json_spells_control_codes_out_and_keeps_the_text(published):
    text = answer("select '=x' || chr(155) || chr(8238) || 'é' as name", "json")
    assert json.loads(text) == [{"name": "=x\x9b\u202eé"}] and not {"\x9b", "\u202e"} & set(text)


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
