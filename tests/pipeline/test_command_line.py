"""The whole line on the tiny market, as a user runs it: published once, published again, and refused."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime

import duckdb
import pytest

from tests.pipeline.market import WEEKS, CommandLine, market_server, number, pages
from tests.pipeline.reading_back import unfounded
from tests.pipeline.test_dagster_page import misread_candles
from warehouse.database import connect
from warehouse.home import Home
from warehouse.lock import write_lock

pytestmark = pytest.mark.xdist_group("tiny_market")


@pytest.fixture(scope="module")
def server():
    with market_server("--market", "tiny") as url:
        yield url


@pytest.fixture(scope="module")
def first_run(server, tmp_path_factory):
    """A home after its first backfill of all three weeks, and what that said."""
    directory = tmp_path_factory.mktemp("tiny")
    line = CommandLine(directory / "home", directory, server)
    return line, line("backfill", "--from", WEEKS[0], "--to", WEEKS[-1])


@pytest.fixture
def line(first_run) -> CommandLine:
    """A command line on the published home, for tests that leave it as it is."""
    return first_run[0]


@pytest.fixture
def copied(line, tmp_path) -> CommandLine:
    """A copy of the published home, for tests that change it."""
    shutil.copytree(line.home, tmp_path / "home", symlinks=True)
    return CommandLine(tmp_path / "home", tmp_path, line.server_url)


def contents(home) -> dict[str, tuple]:
    """Rows and a hash of every table that a second run must not change."""
    found = {}
    with duckdb.connect(str((home / "warehouse.duckdb").resolve()), read_only=True) as con:
        tables = con.execute(
            "select table_schema, table_name from information_schema.tables where table_schema in ('raw', 'marts')"
            " and table_name not in ('publications', 'loads', 'requests', 'guard_results', 'builds', 'run_context')"
        ).fetchall()
        for schema, table in tables:
            found[f"{schema}.{table}"] = con.execute(
                f'select count(*), sum(hash(t)::hugeint) from {schema}."{table}" t'
            ).fetchone()
    return found


def test_a_range_of_weeks_is_published_in_one_run(first_run):
    line, done = first_run
    assert done.returncode == 0, done.stderr
    assert pages(line.home) == list(WEEKS) and number(line.home) == 1
    for week in WEEKS:
        names = {p.name for p in (line.home / "reports" / week).iterdir()}
        assert {"summary.md", "index.html", "summary.json"} <= names


def test_the_terminal_shows_the_last_week_labelled_simulated(first_run):
    line, done = first_run
    assert "simulated" in done.stdout.lower() and WEEKS[-1] in done.stdout
    assert str(line.home / "reports" / WEEKS[-1] / "index.html") in done.stdout
    assert "Traceback" not in done.stderr and "DEBUG" not in done.stderr and len(done.stderr.splitlines()) < 20


def test_the_second_run_adds_no_row_and_changes_no_table(line, copied):
    before = contents(line.home)
    done = copied("backfill", "--from", WEEKS[0], "--to", WEEKS[-1])
    assert done.returncode == 0, done.stderr
    assert number(copied.home) == 2
    assert contents(copied.home) == before
    assert min(rows for name, (rows, _) in before.items() if name in {"raw.candles", "marts.prices_hourly"}) > 1000


def test_marts_are_asked_while_a_run_is_writing(line):
    home = Home(line.home)
    with write_lock(home), connect(home):
        asked = line("sql", "select sector, rank from marts.sector_returns_weekly order by rank", "--format", "csv")
        assert asked.returncode == 0 and len(list(csv.reader(io.StringIO(asked.stdout)))) > 1, asked.stderr
        with duckdb.connect(str(line.home / "warehouse.duckdb"), read_only=True) as con:
            assert con.execute("select count(*) from marts.universe_weekly").fetchall()[0][0] > 0
        shown = line("status")
        assert shown.returncode == 0 and "writing now" in shown.stdout
        refused = line("run")
        assert refused.returncode == 2 and "is being written by process" in refused.stderr


def test_status_tells_what_the_home_holds(line):
    shown = line("status")
    assert shown.returncode == 0, shown.stderr
    for words in (str(line.home), "simulated tiny market", "number 1", "SIMULATED", "3 weeks", "candles", "success",
                  "nothing: the warehouse may be published"):  # fmt: skip
        assert words in shown.stdout


def test_the_publication_says_what_it_is(line):
    asked = line("sql", "select * from marts.publications", "--format", "json")
    (row,) = json.loads(asked.stdout)
    assert (row["publication_id"], row["source"], row["is_simulated"]) == (1, "simulated", True)
    assert (row["first_week"], row["last_week"]) == ("2025-11-03", "2025-11-17")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "--week", "47"], "write it like 2025-W47"),
        (["run", "--week", "2025-W53"], "there is no week 2025-W53"),
        (["run", "--week", "2025-W48"], "is not over"),
        (["run", "--week", "2030-W01"], "lies in the future"),
        (["run", "--week", "2025-W01"], "before this source's first data"),
        (["backfill", "--from", "2025-W47", "--to", "2025-W45"], "earlier week first"),
        (["run", "--replay", "nowhere"], "holds the simulated tiny market's data, not a replay"),
        (["run", "--live"], "holds the simulated tiny market's data, not live data"),
        (["sql", "selec 1"], "syntax error"),
        (["sql", "delete from marts.publications"], "read-only"),
        (["sql", "select 1", "--format", "xml"], "none of table, csv, json"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(line, arguments, words):
    done = line(*arguments)
    said = [text for text in done.stderr.splitlines() if text.startswith("regime: ")]
    assert done.returncode == 2 and len(said) == 1 and words in said[0], done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert number(line.home) == 1 and pages(line.home) == list(WEEKS)


@pytest.mark.slow
def test_a_clock_that_was_ahead_and_is_set_right_loses_nothing(copied):
    """A day ahead while the home was filled: what is published since stays whole, and as-of times go on."""
    with duckdb.connect(str(Home(copied.home).staging)) as staging:
        for table, column in staging.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'raw' and not internal"
            " and column_name in ('recorded_at', 'as_of', 'finished_at', 'changed_at', 'published_at')"
            " and table_name not like '%guard_results'"
        ).fetchall():
            staging.execute(f"update raw.{table} set {column} = {column} + interval 1 day")
    before = copied("sql", "select count(*) from marts.universe_weekly", "--format", "csv").stdout
    for expected in (2, 3):
        done = copied("run")
        assert done.returncode == 0 and number(copied.home) == expected, done.stderr
        assert copied("sql", "select count(*) from marts.universe_weekly", "--format", "csv").stdout == before
    asked = copied("sql", "select as_of from marts.publications order by publication_id", "--format", "csv").stdout
    known = asked.splitlines()[1:]
    assert len(known) == 3 and known == sorted(known)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("localedef") is None, reason="needs localedef")
def test_the_locale_changes_what_is_printed_and_nothing_that_is_written(server, tmp_path):
    locale = tmp_path / "ja_JP.eucjp"
    subprocess.run(["localedef", "--no-archive", "-f", "EUC-JP", "-i", "ja_JP", str(locale)], check=False)
    if not locale.exists():
        pytest.skip("needs the source of ja_JP.eucjp")
    line = CommandLine(tmp_path / "home", tmp_path, server)
    for arguments in (["run"], ["diff", "--week", WEEKS[-1]], ["explain", WEEKS[-1], "--language", "ja"]):
        done = subprocess.run(
            [sys.executable, "-m", "regime", *arguments], cwd=tmp_path, capture_output=True, timeout=540, check=False,
            env=line.environment(LOCPATH=str(tmp_path), LC_ALL="ja_JP.eucjp"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "週" in done.stdout.decode("euc_jp")
    for page in (line.home / "reports").rglob("*.html"):
        page.read_text(encoding="utf-8")


def test_a_replay_with_a_malformed_table_is_one_line(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "candles_1h.parquet").write_bytes(b"not parquet")
    done = CommandLine(tmp_path / "home", tmp_path, market=None)("run", "--replay", "tables")
    assert done.returncode == 2 and "candles_1h" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "home" / "home.json").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_one_line(server, tmp_path):
    (tmp_path / "shut").mkdir(mode=0o500)
    done = CommandLine(tmp_path / "shut" / "home", tmp_path, server)("run")
    assert done.returncode == 2 and "cannot write" in done.stderr


def test_a_home_that_is_no_directory_is_one_line(server, tmp_path):
    (tmp_path / "file").write_text("")
    done = CommandLine(tmp_path / "file" / "home", tmp_path, server)("run")
    assert done.returncode == 2 and "cannot" in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_a_critical_guard_stops_the_line_and_the_last_good_week_stays(copied):
    misread_candles(Home(copied.home))
    done = copied("run")
    assert done.returncode == 1 and "guard most_rows_go_on stopped candles of misread" in done.stderr, done.stderr
    assert "models" not in done.stderr.split("nothing was published")[0]
    assert number(copied.home) == 1 and pages(copied.home) == list(WEEKS)
    asked = copied("sql", "select count(*) as n from raw.quarantine", "--format", "csv")
    assert asked.stdout.split() == ["n", "0"]  # what readers see is the last good publication
    assert "blocked by:   guard" in copied("status").stdout


def test_a_venue_that_is_down_costs_coverage_and_not_the_week(tmp_path):
    with market_server("--market", "tiny", "--down", "api.bybit.com") as url:
        line = CommandLine(tmp_path / "home", tmp_path, url)
        done = line("run")
        assert done.returncode == 0, done.stderr
        assert pages(line.home) == [WEEKS[-1]] and "bybit" in done.stderr
        failed = line("sql", "select distinct origin from raw.requests where status = 'failed'", "--format", "csv")
        assert failed.stdout.split() == ["origin", "bybit"]


def test_every_figure_of_the_text_is_found_again_by_its_query(line):
    checked = 0
    with duckdb.connect(str((line.home / "warehouse.duckdb").resolve()), read_only=True) as con:
        for week in WEEKS:
            said = con.execute(
                "select sentence_id, text, evidence from marts.weekly_summary_sentences"
                " where language = 'en' and week_start = ? order by 1",
                [datetime.strptime(f"{week}-1", "%G-W%V-%u").date()],
            ).fetchall()
            assert len(said) > 10, week
            for sentence, text, evidence in said:
                numbers, missing = unfounded(con, text, evidence)
                assert not missing, f"{week} {sentence}: nothing backs {missing} in: {text}"
                checked += numbers
    assert checked > 100


def test_a_sentence_is_explained_down_to_its_files(line):
    listed = line("explain", WEEKS[-1])
    assert listed.returncode == 0 and "headline" in listed.stdout, listed.stderr
    figures = json.loads(line("explain", WEEKS[-1], "note-market", "--format", "json").stdout)["figures"]
    assert figures and all(figure["is_the_same"] for figure in figures)
    files = [file for figure in figures for file in figure["files"]]
    assert files and all(file["state"] == "unchanged" and len(file["sha256"]) == 64 for file in files)
    queried = line("sql", figures[0]["sql"], "--format", "json")
    assert queried.returncode == 0 and len(json.loads(queried.stdout)) == 1
    assert line("explain", WEEKS[-1], "no-such-sentence").returncode == 2
