"""`regime explain`: from a sentence to its cells, queries and landed files."""

import io
import json

import pytest

from regime.commands.explain import explain
from regime.errors import BadInput
from regime.lineage import sources_of, window_of
from tests.unit.warehouse.batches import CANDLES, START, build, candles, no_guard
from warehouse.database import connect
from warehouse.landing import Landing
from warehouse.loading import load_landed
from warehouse.publishing.publish import publish
from warehouse.source import Source
from warehouse.week import Week

WEEK = "2025-W47"
HOSTILE = "o'hara\x1b[2J"


def cell(column, value, table="funding_weekly", **key):
    key = {"week_start": "2025-11-17", "window_id": "mon_mon", "asset_id": "bitcoin"} | key
    return {"table": table, "key": key, "column": column, "value": value, "unit": "percent", "window_id": "mon_mon"}


SENTENCES = [
    {"id": "s01", "rule": "r", "text": "Funding was -2.8%.", "evidence": [cell("funding_rate_annualised_pct", -2.8)]},
    {"id": "s02", "rule": "r", "text": "It was 9.9%.", "evidence": [cell("funding_rate_annualised_pct", 9.9)]},
    {"id": "s03", "rule": "r", "text": "Not known.", "evidence": [cell("n_venues", None, asset_id="nobody")]},
    {"id": "s10", "rule": "r", "text": HOSTILE, "evidence": [cell("n_venues", 3, asset_id=HOSTILE)]},
]


def write_page(connection, week, directory):
    directory.mkdir(parents=True, exist_ok=True)
    sections = [{"id": "leverage", "sentences": SENTENCES}]
    (directory / "summary.json").write_text(json.dumps({"week_start": str(week), "sections": sections}))
    japanese = [{"id": "leverage", "sentences": [SENTENCES[0] | {"text": "資金調達率は−2.8 %。"}]}]
    summary = {"week_start": str(week), "language": "ja", "sections": japanese}
    (directory / "summary.ja.json").write_text(json.dumps(summary))


@pytest.fixture
def published(home, monkeypatch):
    """A home with a page of four sentences; the file of its candles is known."""
    monkeypatch.setenv("REGIME_HOME", str(home.path))
    home.claim("simulated", market="tiny")
    with connect(home) as connection:
        for closes, symbol in (([1.0, 2.0, 3.0], "BTCUSDT"), ([4.0], "ETHUSDT")):
            Landing(home).land(CANDLES, "binance", candles(closes, symbol=symbol), [], no_guard)
        load_landed(connection, home)
        connection.execute(
            """
            create schema marts; create schema core;
            create table core.core_provider_assets
                (provider varchar, provider_asset_id varchar, asset_id varchar);
            create table marts.instruments as
                select 'binance' as venue, 'perp' as market_type, 'BTCUSDT' as venue_symbol, 'bitcoin' as asset_id;
            create view marts.weekly_summary_sentences as from raw.summary_sentences;
            create table marts.funding_weekly as select * from (values
                (date '2025-11-17', 'mon_mon', 'bitcoin', -2.8, 3), (date '2025-11-17', 'mon_mon', ?, 1.0, 3)
            ) t (week_start, window_id, asset_id, funding_rate_annualised_pct, n_venues);
            """.replace("?", "'" + HOSTILE.replace("'", "''") + "'")
        )
        build(connection, is_passed=True)
    source = Source("simulated", "http://127.0.0.1:1", START, START)
    publish(home, source, [Week.of(START)], write_page, code_version="test")
    return home


def explained(sentence, **options):
    out = io.StringIO()
    explain(WEEK, sentence, options.pop("language", "en"), "json", out=out, **options)
    return json.loads(out.getvalue())


def test_a_figure_leads_to_its_query_and_to_the_file_that_landed(published):
    [figure] = explained("s01")["figures"]
    assert figure["found"] == [-2.8] and figure["is_the_same"]
    assert figure["sql"] == (
        "select funding_rate_annualised_pct from marts.funding_weekly where week_start = '2025-11-17'"
        " and window_id = 'mon_mon' and asset_id = 'bitcoin'"
    )
    assert {"candles", "funding_rates", "open_interest"} <= set(figure["datasets"])
    [file] = figure["files"]  # of bitcoin alone
    with connect(published, read_only=True) as connection:
        named = "select landing_file, sha256 from raw.loads where rows = 3"
        assert [(file["file"], file["sha256"])] == connection.execute(named).fetchall()
    assert (file["rows"], file["state"]) == (3, "unchanged")


def test_a_file_that_was_changed_after_it_landed_is_told(published):
    [file] = explained("s01")["figures"][0]["files"]
    [parquet] = (published.landing / file["file"]).parent.glob(file["file"].split("/")[-1].split(".")[0] + ".parquet")
    parquet.chmod(0o644)
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"x")
    assert "was changed after it landed" in explained("s01")["figures"][0]["files"][0]["state"]


def test_a_figure_that_the_warehouse_no_longer_has_is_told(published):
    [figure] = explained("s02")["figures"]
    assert figure["found"] == [-2.8] and not figure["is_the_same"]
    out = io.StringIO()
    explain(WEEK, "s02", "en", "text", out=out)
    assert "NOT what the page says" in out.getvalue()


def test_what_is_not_known_has_no_row(published):
    [figure] = explained("s03")["figures"]
    assert figure["found"] == [] and figure["is_the_same"]


def test_hostile_names_reach_neither_sql_nor_the_terminal(published):
    [figure] = explained("s10")["figures"]
    assert figure["found"] == [3] and figure["is_the_same"]
    out = io.StringIO()
    explain(WEEK, "s10", "en", "text", out=out)
    assert "\x1b" not in out.getvalue() and "o'hara" in out.getvalue()
    out = io.StringIO()
    explain(WEEK, None, "en", "text", out=out)
    assert "\x1b" not in out.getvalue()


def test_the_other_language_rests_on_the_same(published):
    assert explained("s01", language="ja")["figures"] == explained("s01")["figures"]
    assert explained("s01", language="ja")["text"].startswith("資金")


@pytest.mark.parametrize(
    "asked, said",
    [
        ((WEEK, "s99", "en", "json"), "lists them"),
        ((WEEK, "s01", "de", "json"), "none of en, ja"),
        (("2025-W40", None, "en", "json"), "these have: 2025-W47"),
        (("yesterday", None, "en", "json"), "yesterday"),
        ((WEEK, None, "en", "xml"), "--format xml is none of text, json"),
    ],
)
def test_what_cannot_be_explained_is_one_line(published, asked, said):
    with pytest.raises(BadInput, match=said):
        explain(*asked)


def test_the_window_of_a_cell():
    def days(**evidence):
        start, end = window_of({"column": "x", "window_id": None, "key": {}} | evidence)
        return f"{start:%d}", f"{end:%d %H}"

    assert days(key={"week_start": "2025-11-17"}) == ("17", "24 00")
    assert days(key={"week_start": "2025-11-17", "window_id": "fri_fri"}) == ("13", "22 00")
    assert days(key={"week_start": "2025-11-17", "horizon": "30d"}) == ("25", "24 00")
    assert days(key={"market_date": "2025-11-23"}, column="rv_7d_pct") == ("17", "24 00")
    assert days(key={"market_date": "2025-11-23"}, column="level") == ("23", "24 00")
    assert window_of({"column": "x", "key": {"asset_id": "bitcoin"}}) is None


def test_every_mart_with_figures_has_sources():
    assert "macro_series" in sources_of("macro_weekly")
    assert {"candles", "market_caps"} <= set(sources_of("sector_returns_weekly"))
    assert sources_of("no_such_mart") == []
