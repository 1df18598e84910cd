"""Charts: what they draw is what the marts say, what is missing is not drawn, and nothing foreign does harm."""

import ast
import os
import re
import string
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import altair
import duckdb
import pytest

from report import charts
from report.charts import look
from report.document import Chart, Document, Section
from report.errors import UnbackedFigureError
from report.figure_check import check
from report.marts import Marts
from report.render import charts as drawing
from report.text import compose, figures_of, plain
from report.week import read_week, write_week
from tests.unit.report.charts_by_hand import (
    ALONE,
    HOLES,
    STATES,
    SUNDAY,
    WEEK_WITHOUT_SPOT,
    charted_marts,
    hostile_charted_marts,
)
from tests.unit.report.marts_by_hand import MARTS, WEEK
from tests.unit.report.notes import NEXT_TO_NOTHING
from warehouse.week import Week

ALL = (
    *("asset_classes", "total_cap", "bitcoin", "funding", "open_interest", "open_interest_change"),
    *("open_interest_since_high", "funding_by_asset", "spot_share", "volatility", "correlation", "sector_returns"),
    *("sector_lines", "regime_timeline", "regime_evidence", "coverage"),
)
FIRST_DAY = SUNDAY - timedelta(days=26 * 7 - 1)
FIRST_WEEK = WEEK - timedelta(weeks=25)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = charted_marts()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def drawn(con: duckdb.DuckDBPyConnection) -> dict[str, Chart]:
    return all_charts(con)


def all_charts(con: duckdb.DuckDBPyConnection, week: date = WEEK) -> dict[str, Chart]:
    marts = Marts(con, Week(week))
    sections = [charts.attached(marts, Section(section_id, section_id)) for section_id in charts.ORDER]
    return {chart.id: chart for section in sections for chart in section.charts}


def one(con: duckdb.DuckDBPyConnection, chart_id: str) -> Chart | None:
    return all_charts(con).get(chart_id)


def rows(chart: Chart, name: str = "rows") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart.spec["datasets"][name]
    return found


def query(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    return con.execute(sql, list(parameters)).fetchall()


def shapes(chart: Chart, tag: str) -> list[dict[str, str]]:
    svg = ElementTree.fromstring(str(drawing.svg(chart)))
    return [dict(node.attrib) for node in svg.iter(tag)]


def texts(chart: Chart) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(str(drawing.svg(chart))).iter("text")]


def bars(chart: Chart) -> list[tuple[float, float]]:
    """From where to where each rectangle of a colour reaches, from left to right, in the order drawn."""
    found = [re.fullmatch(r"M([-\d.]+),[-\d.]+h([-\d.]+)v.*", path["d"]) for path in shapes(chart, "path")]
    return [(float(m[1]), float(m[1]) + float(m[2])) for m in found if m]


def lengths(chart: Chart) -> list[float]:
    return [abs(b - a) for a, b in bars(chart)]


def test_all_charts_are_drawn_in_the_order_of_the_page(drawn: dict[str, Chart]) -> None:
    assert tuple(drawn) == ALL


def test_specs_are_vega_lite(drawn: dict[str, Chart]) -> None:
    for chart in drawn.values():
        altair.LayerChart.from_dict(dict(chart.spec), validate=True)


def test_sectors_are_the_marts_numbers_best_first(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    expected = query(
        con,
        "select sector, return_cap_weighted_pct, rank is null from marts.sector_returns_weekly "
        "where week_start = ? and window_id = 'mon_mon' order by 2 desc",
        WEEK,
    )
    chart = drawn["sector_returns"]
    assert [(row["name"], row["value"]) for row in rows(chart)] == [(name, value) for name, value, _ in expected]
    assert [row["colour"] == "#b3aea2" for row in rows(chart)] == [is_unranked for *_, is_unranked in expected]
    longest, values = max(lengths(chart)), [abs(value) for _, value, _ in expected]
    assert lengths(chart) == pytest.approx([longest * v / max(values) for v in values], abs=0.11)
    shown = [text for text in texts(chart) if re.fullmatch(r"[+−][\d.]+", text)]
    assert sorted(shown) == sorted(f"{value:+.1f}".replace("-", "−") for _, value, _ in expected)
    assert plain(chart.title) == "Layer 2 fell most: -14.9%; Privacy rose most: +3.4%"
    assert chart.source == "marts.sector_returns_weekly"


@pytest.mark.parametrize(
    ("shift", "title"),
    [(20.0, "Privacy rose most: +23.4%; Layer 2 least"), (-20.0, "Layer 2 fell most: -34.9%; Privacy least")],
)
def test_the_title_says_what_kind_of_week_it_was(shift: float, title: str) -> None:
    con = charted_marts()
    con.execute("update marts.sector_returns_weekly set return_cap_weighted_pct = return_cap_weighted_pct + ?", [shift])
    chart = one(con, "sector_returns")
    assert chart is not None and plain(chart.title) == title


def test_a_pale_bar_that_reaches_further_is_not_passed_over() -> None:
    con = charted_marts()
    best = query(con, "select max(return_cap_weighted_pct) from marts.sector_returns_weekly where rank = 1")[0][0]
    con.execute("update marts.sector_returns_weekly set return_cap_weighted_pct = ? where rank is null", [best + 1])
    chart = one(con, "sector_returns")
    assert chart is not None
    assert plain(chart.title) == "Of ranked sectors, Layer 2 fell most: -14.9%; Privacy rose most: +3.4%"


def test_asset_classes_mark_out_crypto(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    chart = drawn["asset_classes"]
    expected = query(con, "select asset_class, return_pct from marts.asset_class_returns_weekly order by 2 desc")
    assert [(row["name"], row["value"]) for row in rows(chart)] == expected
    assert [row["name"] for row in rows(chart) if row["colour"] == "#0e5a6b"] == ["crypto"]
    assert plain(chart.title) == "Crypto came last of 5 asset classes: -10.6%"


def test_the_waterfall_adds_up_and_each_effect_starts_where_the_last_ended() -> None:
    con = charted_marts()
    effects = (-8.9e9, 4.2e9, -0.5e9, 1.7e9)
    con.execute(
        "update marts.open_interest_change_weekly set price_effect_usd = ?, position_effect_usd = ?,"
        " listing_effect_usd = ?, coverage_effect_usd = ?, change_usd = ? where week_start = ? and oi_bucket = 'all'",
        [*effects, sum(effects), WEEK],
    )
    chart = one(con, "open_interest_change")
    assert chart is not None
    assert [row["usd"] for row in rows(chart)] == [*effects, pytest.approx(sum(effects))]
    drawn = bars(chart)
    assert len(drawn) == 5
    (zero,) = [float(line["transform"][10:].split(",")[0]) for line in shapes(chart, "line")]
    per_dollar = (drawn[0][1] - drawn[0][0]) / abs(effects[0])
    at = 0.0
    for (left, right), effect in zip(drawn, effects, strict=False):
        ends = sorted((zero + at * per_dollar, zero + (at + effect) * per_dollar))
        assert [left, right] == pytest.approx(ends, abs=0.2)
        at += effect
    assert list(drawn[4]) == pytest.approx(sorted((zero, zero + at * per_dollar)), abs=0.2)


def test_since_the_high_each_bucket_has_its_effects(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    chart = drawn["open_interest_since_high"]
    names = {"majors": "BTC and ETH", "large": "Large", "mid": "Mid", "long_tail": "Long tail"}
    expected = query(con, "select oi_bucket, price_effect_usd, position_effect_usd"
                     " from marts.open_interest_since_high_weekly where oi_bucket <> 'all'")  # fmt: skip
    found = {(row["name"], row["effect"]): row["usd"] for row in rows(chart)}
    # Nothing was listed, and what went out of sight is a hair.
    assert found == {
        (names[bucket], effect): usd
        for bucket, *effects in expected
        for effect, usd in zip(("Prices", "Positions"), effects, strict=True)
    }
    assert plain(chart.title) == ("Open interest -$74.2bn since its high on 5 October; long tail closed most: -$9.00bn")
    shown = [text for text in texts(chart) if re.fullmatch(r"[+−][\d.]+", text)]
    assert sorted(shown) == sorted(["−30.0", "−4.0", "−14.0", "+2.0", "−9.0", "−3.2", "−7.0", "−9.0"])
    connection = charted_marts()
    connection.execute("update marts.open_interest_since_high_weekly set change_usd = 0")
    assert one(connection, "open_interest_since_high") is None


def test_a_level_is_drawn_where_it_is_near(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    sql = "select value_date, value from marts.metric_values where metric_id = ? and value_date between ? and ?"
    for chart_id, metric in (("bitcoin", "btc_price_usd"), ("total_cap", "total_market_cap_usd")):
        expected = {str(day): value for day, value in query(con, sql, metric, FIRST_DAY, SUNDAY)}
        assert {row["day"]: row["value"] for row in rows(drawn[chart_id])} == pytest.approx(expected)
    assert rows(drawn["total_cap"], "levels") == [{"level": 3e12, "name": "$3 trillion"}]
    assert "$3 trillion" in texts(drawn["total_cap"]) and rows(drawn["bitcoin"], "levels") == []
    assert plain(drawn["bitcoin"].title) == "Bitcoin ended the week at $60,070"
    assert plain(drawn["total_cap"].title).endswith("below $3 trillion since 20 November")


def test_small_multiples_share_one_scale(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    sql = "select week_start, asset_id, funding_rate_annualised_pct from marts.funding_weekly"
    expected = {(str(w), a): r for w, a, r in query(con, sql + " where window_id = 'mon_mon' and asset_id <> 'ALL'"
                                                    " and week_start between ? and ?", FIRST_WEEK, WEEK)}  # fmt: skip
    assets = {"0": "bitcoin", "1": "ethereum"}
    found = {(row["day"], assets[row["lane"]]): row["value"] for row in rows(drawn["funding_by_asset"])}
    assert found == pytest.approx(expected) and len(found) == 2 * 26
    lines = [path["d"] for path in shapes(drawn["funding_by_asset"], "path") if path.get("fill") == "none"]
    assert len(lines) == 2
    # From a value to a height: one factor in both panels.
    per_percent = []
    for asset_id, d in zip(("bitcoin", "ethereum"), lines, strict=True):
        heights = [float(y) for y in re.findall(r"[ML][-\d.]+,([-\d.]+)", d)]
        values = [found[str(FIRST_WEEK + timedelta(weeks=n)), asset_id] for n in range(26)]
        per_percent.append((heights[0] - heights[-1]) / (values[-1] - values[0]))
    assert per_percent[0] == pytest.approx(per_percent[1], rel=0.05) and per_percent[0] > 1


def test_sector_lines_start_together_at_nothing(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    chart = drawn["sector_lines"]
    sql = "select market_date, level from marts.index_levels_daily where index_id = ? and market_date between ? and ?"
    for lane, sector in (("0", "Privacy"), ("1", "Layer 2")):
        expected = [level for _, level in sorted(query(con, sql, sector, FIRST_WEEK, SUNDAY))]
        assert [row["level"] for row in rows(chart) if row["lane"] == lane] == expected and len(expected) == 26
    zero = {float(line["transform"][10:-1].split(",")[1]) for line in shapes(chart, "line")}
    lines = [path["d"] for path in shapes(chart, "path") if path.get("fill") == "none"]
    assert len(zero) == 1 and len(lines) == 2
    for line in lines:
        assert float(line.split(",")[1].split("L")[0]) == pytest.approx(zero.copy().pop(), abs=0.6)
    assert [row["name"] for row in rows(chart, "names")] == ["Privacy", "Layer 2"]


def test_open_interest_stacks_the_buckets_of_each_week(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    names = {"majors": "BTC and ETH", "large": "Large", "mid": "Mid", "long_tail": "Long tail"}
    expected = query(
        con,
        "select week_start, oi_bucket, end_usd from marts.open_interest_change_weekly where window_id = 'mon_mon'"
        " and oi_bucket <> 'all' and week_start between ? and ?",
        FIRST_WEEK,
        WEEK,
    )
    found = {(row["week"], row["bucket"]): row["end"] for row in rows(drawn["open_interest"])}
    assert found == {(str(week), names[bucket]): pytest.approx(end) for week, bucket, end in expected}
    assert len(found) == 26 * 4
    # The last bar's parts are as high as its buckets are large, one upon the other.
    tinted = [path["d"] for path in shapes(drawn["open_interest"], "path") if path.get("fill") in look.TINTS]
    blocks = [[float(n) for n in m.groups()] for d in tinted
              if (m := re.fullmatch(r"M([\d.]+),([\d.]+)h[\d.]+v([\d.]+)h.*", d))]  # fmt: skip
    assert len(blocks) == 26 * 4
    rightmost = max(x for x, _, _ in blocks)
    parts = sorted((top, height) for x, top, height in blocks if x == rightmost)
    assert len(parts) == 4
    shares = [height / sum(height for _, height in parts) for _, height in parts]
    assert shares == pytest.approx([0.18, 0.12, 0.15, 0.55], abs=0.003)
    for (top, height), (below, _) in pairwise(parts):
        assert top + height == pytest.approx(below, abs=0.15)


@pytest.mark.parametrize(
    ("chart_id", "table", "where", "columns"),
    [
        ("funding", "funding_daily", "asset_id = 'ALL'", {"Market": "funding_rate_annualised_pct"}),
        ("funding", "funding_daily", "asset_id = 'bitcoin'", {"Bitcoin": "funding_rate_annualised_pct"}),
        (
            "volatility",
            "realised_volatility_daily",
            "asset_id = 'bitcoin'",
            {"Daily returns": "rv_7d_daily_pct", "Hourly returns": "rv_7d_pct"},
        ),
    ],
)
def test_lines_have_a_point_for_each_day_and_none_where_there_is_none(
    con: duckdb.DuckDBPyConnection,
    drawn: dict[str, Chart],
    chart_id: str,
    table: str,
    where: str,
    columns: dict[str, str],
) -> None:
    for name, column in columns.items():
        found = {row["day"]: row["value"] for row in rows(drawn[chart_id]) if row["line"] == name}
        sql = f"select market_date, {column} from marts.{table} where {where} and market_date between ? and ?"
        expected = {str(day): value for day, value in query(con, sql, FIRST_DAY, SUNDAY)}
        assert {day: value for day, value in found.items() if value is not None} == pytest.approx(expected)
        assert len(found) == 26 * 7


def test_missing_days_break_a_line_and_a_day_alone_is_a_point(drawn: dict[str, Chart]) -> None:
    found = {row["day"]: row for row in rows(drawn["funding"]) if row["line"] == "Market"}
    assert all(found[str(day)]["value"] is None for day in HOLES)
    assert [day for day, row in found.items() if row["alone"]] == [str(ALONE)]
    svg = [path for path in shapes(drawn["funding"], "path") if path.get("stroke") == "#0e5a6b"]
    line = max(svg, key=lambda path: len(path["d"]))["d"]
    # No stroke leads over a hole.
    assert [piece.count("L") + 1 for piece in line.split("M")[1:]] == [107, 18, 1, 51]
    assert len(shapes(drawn["volatility"], "path")[-1]["d"].split("M")) == 2
    # The point of the day alone, once in each line.
    assert (
        sum(
            "A" in path["d"] and path.get("fill") in ("#0e5a6b", "#b8620e") for path in shapes(drawn["funding"], "path")
        )
        == 2
    )


def test_runs_below_zero_are_shaded_to_the_end_of_the_week(drawn: dict[str, Chart]) -> None:
    found = [(row["began"], row["ended"]) for row in rows(drawn["funding"], "runs")]
    # Four hours are no run to see; what began before the week's end goes on to it and no farther.
    assert found == [("2025-10-10T01:00:00Z", "2025-10-13T00:00:00Z"), ("2025-11-18T01:00:00Z", "2025-11-24T00:00:00Z")]
    assert plain(drawn["funding"].title) == ("Funding averaged -4.0% a year, negative since 18 November")


def test_spot_share_breaks_at_a_week_without_one(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    found = {row["day"]: row["value"] for row in rows(drawn["spot_share"])}
    sql = "select week_start, spot_share_pct from marts.spot_perp_volume_weekly where week_start between ? and ?"
    expected = {str(week): share for week, share in query(con, sql, FIRST_WEEK, WEEK)}
    assert found.pop(str(WEEK_WITHOUT_SPOT)) is None
    assert found == expected
    (line,) = [path["d"] for path in shapes(drawn["spot_share"], "path") if path.get("fill") == "none"]
    assert line.count("M") == 2 and line.count("L") == 25 - 2


def test_correlation_has_both_windows_and_their_intervals(
    con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]
) -> None:
    windows = {"mon_mon": "Monday–Monday", "fri_fri": "Friday–Friday"}
    buckets = {"1-10": "1–10", "11-50": "11–50", "51-100": "51–100", "all": "1–100"}
    expected = query(
        con,
        "select rank_bucket, window_id, average_pairwise_correlation, ci_low, ci_high "
        "from marts.bucket_correlation_weekly where week_start = ? and horizon = '7d'",
        WEEK,
    )
    found = {(row["name"], row["window"]): (row["mean"], row["low"], row["high"]) for row in rows(drawn["correlation"])}
    assert found == {(buckets[b], windows[w]): pytest.approx(numbers) for b, w, *numbers in expected}
    assert len([line for line in shapes(drawn["correlation"], "line") if line.get("stroke-width") == "2.5"]) == 8
    assert plain(drawn["correlation"].title).endswith("a significant gap")
    con = charted_marts()
    con.execute("update marts.correlation_gap_weekly set is_significant = false")
    chart = one(con, "correlation")
    assert chart is not None and plain(chart.title).endswith("no significant gap")
    con.execute("update marts.bucket_correlation_weekly set ci_low = null, ci_high = null")
    con.execute("update marts.correlation_gap_weekly set ci_low = null, ci_high = null")
    chart = one(con, "correlation")
    assert chart is not None and "gap" not in plain(chart.title)
    assert not [line for line in shapes(chart, "line") if line.get("stroke-width") == "2.5"]


def test_the_timeline_has_each_weeks_verdict_and_states(
    con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]
) -> None:
    found = {(row["week"], row["lane"]): row for row in rows(drawn["regime_timeline"])}
    columns = [f"{dimension}_state" for dimension in STATES]
    sql = f"select week_start, verdict, {', '.join(columns)} from marts.regime_weekly where week_start between ? and ?"
    weeks = query(con, sql, FIRST_WEEK, WEEK)
    assert len(weeks) == 26 and len(found) == 26 * 8
    colours = {-2: "#6ba3d6", -1: "#b5d0ea", 0: "#e6e3dc", 1: "#f5c898", 2: "#e0893f"}
    for week, verdict, *states in weeks:
        assert found[str(week), f"verdict {verdict}"]["state"] == verdict
        for dimension, state in zip(STATES, states, strict=True):
            (level,) = [level for level, name in STATES[dimension].items() if name == state]
            cell = found[str(week), f"{dimension}_state"]
            assert (cell["state"], cell["colour"]) == (state, colours[level])


def test_evidence_shows_each_vote(con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]) -> None:
    sql = "select evidence_id, vote from marts.regime_evidence_weekly where week_start = ?"
    expected = {evidence: (vote or "no vote").replace("_", " ") for evidence, vote in query(con, sql, WEEK)}
    spelled = {"over levered": "over-levered", "broad risk off": "broad risk-off", "broad risk on": "broad risk-on"}
    spelled |= {"deleveraging": "unwinding"}
    found = {row["evidence"]: row["vote"] for row in rows(drawn["regime_evidence"])}
    assert found == {evidence: spelled.get(vote, vote) for evidence, vote in expected.items()}
    assert len(found) == 6 * 3 + 4
    assert plain(drawn["regime_evidence"].title).startswith("All evidence that votes agrees, on leverage, ")


def test_coverage_has_a_field_for_each_venue_that_owed_something(
    con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]
) -> None:
    sql = "select dataset, venue, coverage_pct from marts.data_coverage_weekly where week_start = ?"
    expected = {(dataset, venue): coverage for dataset, venue, coverage in query(con, sql, WEEK)}
    found = {(row["dataset"], row["venue"]): row["coverage"] for row in rows(drawn["coverage"])}
    assert found == {key: None if coverage is None else pytest.approx(coverage) for key, coverage in expected.items()}
    assert "–" in texts(drawn["coverage"]) and "97.5" in texts(drawn["coverage"])
    assert plain(drawn["coverage"].title) == "No row of candles came from hyperliquid"


def test_every_drawn_figure_is_found_again_in_the_marts(
    con: duckdb.DuckDBPyConnection, drawn: dict[str, Chart]
) -> None:
    n_found = 0
    for chart in drawn.values():
        sample = [*figures_of((*chart.title, *chart.subtitle, *chart.alt)), *chart.figures[::7]]
        for evidence in (figure.evidence() for figure in sample if figure.is_known):
            where = " and ".join(f'"{column}"::text = ?' for column in evidence["key"])
            sql = f'select "{evidence["column"]}" from marts.{evidence["table"]} where {where}'
            (cell,) = query(con, sql, *evidence["key"].values())
            value = cell[0].isoformat() if isinstance(cell[0], date) else cell[0]
            assert value == evidence["value"] or value == pytest.approx(evidence["value"], rel=1e-8)
            n_found += 1
    assert n_found > 100


def test_a_chart_does_not_look_past_the_week() -> None:
    whole, cut = charted_marts(), charted_marts()
    end = WEEK + timedelta(days=7)
    for table in ("spot_perp_volume_weekly", "open_interest_change_weekly", "regime_weekly", "regime_evidence_weekly"):
        cut.execute(f"delete from marts.{table} where week_start >= ?", [end])
    for table in ("funding_daily", "realised_volatility_daily"):
        cut.execute(f"delete from marts.{table} where market_date >= ?", [end])
    cut.execute("delete from marts.funding_runs where run_start >= ?", [end])
    cut.execute("update marts.funding_runs set run_end = ? where run_end > ?", [end, end])
    before, after = all_charts(whole), all_charts(cut)
    assert before.keys() == after.keys()
    for chart_id, chart in before.items():
        assert chart.spec == after[chart_id].spec, chart_id
        assert plain(chart.title) == plain(after[chart_id].title)


@pytest.mark.parametrize("made", [*sorted(MARTS), "charted", "hostile_charted"])
def test_charts_say_nothing_that_they_do_not_know(made: str, tmp_path: Path) -> None:
    con = {"charted": charted_marts, "hostile_charted": hostile_charted_marts, **MARTS}[made]()
    document = read_week(con, Week(WEEK), "simulated", True)
    for chart in (chart for section in document.sections for chart in section.charts):
        said = " ".join(plain(part) for part in (chart.title, chart.subtitle, chart.alt))
        assert not re.search(r"\b(None|nan|NaN|null|inf)\b", said + " ".join(texts(chart)))
        assert len(plain(chart.alt)) > 40 and "insufficient data" not in plain(chart.title)
    ids = {chart.id for section in document.sections for chart in section.charts}
    # Without numbers there are still the words of the regime.
    assert ids == {"charted": set(ALL), "empty": set(), "nan": {"regime_timeline", "regime_evidence"}}.get(made, ids)


def test_a_chart_without_data_is_not_there_and_its_picture_goes(tmp_path: Path) -> None:
    con = charted_marts()
    pages = write_week(con, Week(WEEK), tmp_path, "simulated", True)
    names = ["total_cap.png", "funding.png", "sector_returns.png", "regime_timeline.png"]
    names += [name.replace(".png", ".ja.png") for name in names]
    assert [picture.name for picture in pages.pictures] == names
    assert sorted(path.name for path in (tmp_path / "charts").iterdir()) == sorted(names)
    assert "](charts/sector_returns.png)" in pages.summary_md.read_text()
    con.execute("delete from marts.sector_returns_weekly")
    pages = write_week(con, Week(WEEK), tmp_path, "simulated", True)
    assert sorted(path.name for path in (tmp_path / "charts").iterdir()) == sorted(
        {*names} - {"sector_returns.png", "sector_returns.ja.png"}
    )
    assert "sector_returns.png" not in pages.summary_md.read_text()
    assert 'id="chart-sector_returns"' not in pages.index_html.read_text()


def rogue(chart: Chart, column: str, value: float) -> Chart:
    changed = [row | {column: value} if n == 0 else row for n, row in enumerate(rows(chart))]
    return replace(chart, spec={**chart.spec, "datasets": {**chart.spec["datasets"], "rows": changed}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda chart: rogue(chart, "value", -14.8), "draws -14.8 as value"),
        (lambda chart: replace(chart, title=compose("Layer 2 fell by 15%")), "states a figure"),
        (lambda chart: replace(chart, alt=compose("Bars of 10 sectors.")), "states a figure"),
    ],
)
def test_the_guard_refuses_what_no_mart_backs(
    drawn: dict[str, Chart], change: Callable[[Chart], Chart], message: str
) -> None:
    chart = drawn["sector_returns"]
    check(Document(Week(WEEK), "simulated", True, NEXT_TO_NOTHING, (Section("s", "S", charts=(chart,)),)))
    with pytest.raises(UnbackedFigureError, match=f"sector_returns.*{message}"):
        check(Document(Week(WEEK), "simulated", True, NEXT_TO_NOTHING, (Section("s", "S", charts=(change(chart),)),)))


def test_hostile_names_are_text_and_nothing_else() -> None:
    kept = {"svg", "g", "path", "line", "rect", "text"}
    attributes = {
        *("class", "role", "aria-label", "viewBox", "d", "transform", "fill", "stroke", "x", "y", "x2", "y2", "width"),
        *("height", "opacity", "text-anchor", "font-size", "font-weight", "stroke-width", "stroke-dasharray"),
        "stroke-linejoin",
    }
    drawn = all_charts(hostile_charted_marts())
    assert set(drawn) == set(ALL)
    for chart in drawn.values():
        svg = ElementTree.fromstring(str(drawing.svg(chart)))
        for node in svg.iter():
            assert node.tag in kept and set(node.attrib) <= attributes
            assert not any(
                re.search(r"url\(|javascript|data:", value) for k, value in node.attrib.items() if k != "aria-label"
            )
            assert not re.search("[\\x00-\\x1f\\u202a-\\u202e\\u2066-\\u2069]", node.text or "")
        assert all(len(text) <= 41 for text in texts(chart))
        assert svg.attrib["aria-label"] == "".join(drawing.typeset(fragment) for fragment in chart.alt)
    assert "<script>alert(1)</script>" in texts(drawn["sector_returns"])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawing.svg(drawn["sector_returns"])


def test_the_same_marts_give_the_same_drawings(drawn: dict[str, Chart]) -> None:
    again = all_charts(charted_marts())
    document = Document(Week(WEEK), "simulated", True, NEXT_TO_NOTHING, ())
    for chart_id, chart in drawn.items():
        assert again[chart_id].spec == chart.spec
        assert drawing.svg(again[chart_id]) == drawing.svg(chart)
        assert len(drawing.svg(chart)) < 30_000
    assert drawing.png(again["funding"], document) == drawing.png(drawn["funding"], document)


def test_the_clock_of_the_machine_does_not_matter(drawn: dict[str, Chart]) -> None:
    code = (
        "from tests.unit.report.test_charts import *; import sys\n"
        "sys.stdout.buffer.write(drawing.svg(all_charts(charted_marts())['funding']).encode())"
    )
    far = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"TZ": "Pacific/Auckland"}, capture_output=True, check=True
    )
    assert far.stdout.decode() == drawing.svg(drawn["funding"])


def test_a_picture_says_what_it_is_wherever_it_goes(drawn: dict[str, Chart]) -> None:
    chart = drawn["sector_returns"]
    pictures = {}
    for source, label in (("simulated", "SIMULATED MARKET"), ("replay", "Replay of recorded public data")):
        document = Document(Week(WEEK), source, source == "simulated", NEXT_TO_NOTHING, ())  # type: ignore[arg-type]
        pictures[source] = drawing.png(chart, document)
        assert pictures[source][:8] == b"\x89PNG\r\n\x1a\n" and len(pictures[source]) < 100_000
        framed = ElementTree.fromstring(str(drawing.framed(chart, document)))
        said = [node.text for node in framed.findall("{http://www.w3.org/2000/svg}text")]
        assert said[0] == f"{label} · 2025-W47" and said[-1] == "marts.sector_returns_weekly"
        assert said[1] == "Layer 2 fell most: −14.9%; Privacy rose most:"
    assert pictures["simulated"] != pictures["replay"]


def test_titles_are_broken_where_a_language_breaks_them() -> None:
    assert drawing.lines_of("one two three four", 9) == ["one two", "three", "four"]
    assert drawing.lines_of("下落率の首位はゲームの−15.9\u202f%", 12) == ["下落率の首位", "はゲームの", "−15.9\u202f%"]
    assert drawing.lines_of("a" * 30 + " b", 10) == ["a" * 30, "b"]


def said_by_charts() -> set[str]:
    """Every template and label of the chart modules: literals handed to `compose` and `label`, and words in tables."""
    found = set()
    for path in sorted(Path(charts.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("compose", "label"):
                first = node.args[0]
                if node.func.id == "compose":
                    assert isinstance(first, ast.Constant), f"{path.name}: a template is a literal"
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_every_template_has_words_in_japanese_with_the_same_parts() -> None:
    words = tomllib.loads(
        (Path(charts.__file__).parent.parent / "languages/ja/charts.toml").read_text(encoding="utf-8")
    )

    def parts(template: str) -> list[str]:
        return sorted(name for _, name, _, _ in string.Formatter().parse(template) if name)

    assert said_by_charts() <= set(words), said_by_charts() - set(words)
    for english, japanese in words.items():
        assert parts(english) == parts(japanese), english
