"""Two times through the whole line: what was published can be shown again, and what was learned since is named.

A week is published; its venue revises four candles; the next week is published. Then the venue takes it back.
"""

import json

import pytest

from tests.pipeline.fault_line import NOWS, FaultyMarket, query
from tests.pipeline.market import CommandLine, market_server, number
from warehouse.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("two_times")]

EARLIER, LATER = "2025-W46", "2025-W47"
# The last hours of the week: a run reads a day again that it has read.
REVISED = ("2025-11-16 19:00:00", "2025-11-16 20:00:00", "2025-11-16 21:00:00", "2025-11-16 22:00:00")
VERSIONS = (
    "select open_time::varchar, round(close / first(close) over (partition by open_time order by recorded_at), 4)"
    " from raw.candles where venue = 'binance' and market_type = 'spot' and venue_symbol = 'BTCUSDT'"
    " and open_time between '2025-11-16 19:00:00' and '2025-11-16 22:00:00' order by open_time, recorded_at"
)


@pytest.fixture(scope="module")
def market():
    with market_server("--market", "tiny", "--now", NOWS[1].isoformat()) as url:
        yield FaultyMarket(url)


@pytest.fixture(scope="module")
def told(market, tmp_path_factory):
    """The command line in a home that lived through it; the pages of the earlier week as they were published first."""
    directory = tmp_path_factory.mktemp("two_times")
    line = CommandLine(directory / "home", directory, market.url)
    done = line("run", "--week", EARLIER)
    assert done.returncode == 0, done.stderr
    pages = (line.home / "reports" / EARLIER).iterdir()
    first = {path.name: path.read_bytes() for path in pages if path.is_file()}
    market.edit(
        "candles", "binance", "BTCUSDT", "scale:1.01", first="2025-11-16T19:00:00", last="2025-11-16T22:00:00",
        market_type="spot",
    )  # fmt: skip
    market.clock(NOWS[2])
    done = line("run", "--week", LATER)
    assert done.returncode == 0, done.stderr
    return line, first


def test_raw_has_exactly_the_added_versions(told):
    line, _ = told
    staging = Home(line.home).staging
    assert query(staging, VERSIONS) == [(hour, factor) for hour in REVISED for factor in (1.0, 1.01)]
    again = "select count(*) from (select 1 from raw.{} group by {} having count(*) > 1)"
    assert query(staging, again.format("candles", "venue, market_type, venue_symbol, open_time")) == [(4,)]
    assert query(staging, again.format("funding_rates", "venue, venue_symbol, settled_at")) == [(0,)]
    assert query(staging, again.format("open_interest", "venue, venue_symbol, observed_at")) == [(0,)]
    clocks = query(staging, "select distinct clock_at::varchar from raw.loads order by 1")
    assert clocks == [("2025-11-17 06:00:00",), ("2025-11-24 06:00:00",)]


def test_a_report_as_of_the_first_publication_is_that_publication(told):
    line, first = told
    published = query(Home(line.home).warehouse, "select as_of::varchar from raw.publications order by 1")[0][0]
    done = line("report", "--week", EARLIER, "--as-of", published, "--out", str(line.cwd / "then"))
    assert done.returncode == 0, done.stderr
    assert f"as known at {published.rstrip('0')}"[:30] in done.stdout
    for name in ("summary.json", "summary.md"):
        assert (line.cwd / "then" / name).read_bytes() == first[name], name
    assert not (line.home / "scratch").exists()


def test_a_report_as_known_now_tells_the_revised_figures(told):
    line, first = told
    done = line("report", "--week", EARLIER, "--out", str(line.cwd / "now"))
    assert done.returncode == 0, done.stderr
    assert (line.cwd / "now" / "summary.json").read_bytes() != first["summary.json"]
    assert (line.home / "reports" / EARLIER / "summary.json").read_bytes() == first["summary.json"]
    assert number(line.home) == 2


def test_a_week_that_was_not_over_then_is_refused(told):
    line, _ = told
    for arguments, words in (
        (("--week", LATER, "--as-of", "publication:1"), "is not over"),
        (("--week", EARLIER, "--as-of", "publication:9"), "no publication 9"),
        (("--week", EARLIER, "--as-of", "2020-01-01"), "nothing was known at"),
        (("--week", EARLIER, "--as-of", "2999-01-01T00:00+02:00"), "in the future"),
        (("--week", EARLIER, "--as-of", "yesterday"), "is no moment"),
    ):
        done = line("report", *arguments)
        assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_the_differences_are_the_revised_rows_and_what_is_made_of_them(told):
    line, _ = told
    done = line("diff", "--week", EARLIER, "--format", "json")
    assert done.returncode == 0, done.stderr
    changes = json.loads(done.stdout)
    assert changes["is_changed"] and changes["publication_id"] == 1
    [rows] = [row for row in changes["rows"] if row["dataset"] == "candles"]
    assert (rows["origin"], rows["new_rows"], rows["revised_rows"], rows["released_rows"]) == ("binance", 0, 4, 0)
    assert sorted(version["key"]["open_time"] for version in rows["versions"]) == list(REVISED)
    for version in rows["versions"]:
        assert float(version["is_now"]["close"]) == pytest.approx(1.01 * float(version["was"]["close"]))
    assert [(r["dataset"], r["revised_rows"]) for r in changes["rows"] if r["revised_rows"]] == [("candles", 4)]

    # Bitcoin's price is that of this instrument; what else of the week was learned are FRED's later days.
    tables = {figure["table"] for figure in changes["figures"]}
    assert {"prices_hourly", "realised_volatility_daily"} <= tables
    # The week's edges are other hours, so no return moves; funding does, since its hours are weighed by dollars.
    assert not {"index_returns_weekly", "sector_returns_weekly", "universe_weekly", "instruments"} & tables
    prices = [f["key"] for f in changes["figures"] if f["table"] == "prices_hourly"]
    assert {key.split(",")[0] for key in prices} == {"asset_id bitcoin"}
    assert {key.split("price_at ")[1] for key in prices} >= {"2025-11-16 20:00:00", "2025-11-16 23:00:00"}
    assert any("realised volatility" in sentence["is_now"] for sentence in changes["sentences"])
    coverage = [f["key"] for f in changes["figures"] if f["table"] == "data_coverage_weekly"]
    # A day of order books in Binance's files comes when it has been over for a day.
    assert all("venue fred" in key or "order_book_depth, venue binance" in key for key in coverage), coverage
    table = line("diff", "--week", EARLIER).stdout
    assert "Rows learned since" in table and "revised" in table


def test_a_week_of_which_nothing_was_learned_has_no_difference(told):
    line, _ = told
    done = line("diff", "--week", LATER)
    assert done.returncode == 0, done.stderr
    assert "nothing changed since publication 2" in done.stdout


def test_revised_back_is_a_third_version(told, market):
    line, first = told
    market.lift()
    done = line(
        "backfill", "--force", "--venue", "binance", "--symbol", "BTCUSDT", "--week", EARLIER, "--dataset", "candles"
    )
    assert done.returncode == 0, done.stderr
    staging = Home(line.home).staging
    assert query(staging, VERSIONS) == [(hour, factor) for hour in REVISED for factor in (1.0, 1.01, 1.0)]
    now = json.loads((line.home / "reports" / EARLIER / "summary.json").read_bytes())
    texts = [[s["text"] for s in section["sentences"]] for section in now["sections"]]
    before = json.loads(first["summary.json"])
    assert texts == [[s["text"] for s in section["sentences"]] for section in before["sections"]]
