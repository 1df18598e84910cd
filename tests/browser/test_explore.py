"""The companion in a real browser: it draws under its policy, answers a pointer, zooms, and asks for nothing."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from report.archive.index import write_archive
from report.week import write_week
from tests.browser.test_page import AUDIT, Opened
from tests.unit.report.charts_by_hand import N_WEEKS, charted_marts, hostile_charted_marts
from tests.unit.report.marts_by_hand import WEEK
from warehouse.week import Week

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDTHS = (390, 1440)


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("explored")
    write_week(charted_marts(), Week(WEEK), reports / "2025-W47", "simulated", True)
    write_archive(reports, [Week(WEEK)], datetime(2025, 11, 24, 7, tzinfo=UTC), datetime(2025, 11, 24, 8, tzinfo=UTC))
    return reports / "2025-W47"


def opened_at(browser: Any, path: Path, width: int, scheme: str = "light") -> Opened:
    """The companion, drawn."""
    opened = Opened.at(browser, path, width, scheme)
    opened.page.wait_for_selector("html[data-drawn=yes]", timeout=20_000)
    return opened


def span(opened: Opened) -> tuple[str, str]:
    """The first and the last day in sight."""
    first, last = opened.page.evaluate("[document.documentElement.dataset.from, document.documentElement.dataset.to]")
    return first, last


def pointed_at(opened: Opened, chart: str, share: float) -> str:
    """What is read where the pointer stands, at a share of a chart's width."""
    element = opened.page.locator(f"[data-chart={chart}] svg")
    element.evaluate("chart => chart.scrollIntoView({block: 'center'})")
    opened.page.wait_for_timeout(200)  # scrolling puts away what was read before
    box = element.bounding_box()
    for n in range(2):
        opened.page.mouse.move(box["x"] + box["width"] * share + 2 * n, box["y"] + box["height"] * 0.5)
    opened.page.wait_for_selector("#read:not([hidden])", timeout=5_000)
    told: str = opened.page.locator("#read").inner_text()
    return told


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["explore.html", "explore.ja.html"])
def test_it_draws_asks_for_nothing_and_reads_well(
    browser: Any, explored: Path, name: str, width: int, scheme: str
) -> None:
    opened = opened_at(browser, explored / name, width, scheme)
    assert (explored / name).stat().st_size < 1_500_000
    assert opened.page.locator("[data-chart] svg").count() == opened.page.locator("[data-chart]").count() >= 5
    drawn = "all => all.every(s => s.querySelectorAll('path[d], rect').length > 3)"
    assert opened.page.locator("[data-chart] svg").evaluate_all(drawn)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    # What the library makes is script and styled elements, which the note has none of.
    audit = [
        problem for problem in opened.page.evaluate(AUDIT) if not re.match("does not belong|picture neither", problem)
    ]
    assert audit == []
    assert opened.page.locator(".source strong").inner_text() in ("SIMULATED MARKET", "シミュレーション市場")
    assert opened.misdeeds == []
    opened.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pointer_reads_the_value_of_the_mart(browser: Any, explored: Path, width: int) -> None:
    opened = opened_at(browser, explored / "explore.html", width)
    told = dict(zip(*[iter(pointed_at(opened, "bitcoin", 0.6).split("\n")[1:])] * 2, strict=True))
    day = datetime.strptime(opened.page.locator("#read b").inner_text(), "%d %B %Y").date()
    ((value,),) = charted_marts().execute(
        "select value from marts.metric_values where metric_id = 'btc_price_usd' and value_date = ?", [day]
    ).fetchall()  # fmt: skip
    assert told == {"Bitcoin": f"{value:,.0f}"}
    assert len(pointed_at(opened, "funding", 0.9).split("\n")) == 1 + 2 * 3
    state = pointed_at(opened, "regime", 0.9).split("\n")
    assert len(state) == 3 and "_" not in "".join(state)
    assert opened.misdeeds == []
    opened.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_brush_zooms_all_charts_and_a_button_too(browser: Any, explored: Path, width: int) -> None:
    opened = opened_at(browser, explored / "explore.html", width)
    whole = span(opened)
    axis = "document.querySelector('[data-chart=funding] svg').textContent"
    before = opened.page.evaluate(axis)
    box = opened.page.locator("#strip svg").bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 25)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 25, steps=5)
    opened.page.mouse.up()
    opened.page.wait_for_timeout(400)
    brushed = span(opened)
    assert whole[0] < brushed[0] < brushed[1] < whole[1]
    assert opened.page.evaluate(axis) != before
    opened.page.focus("[data-weeks='13']")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_timeout(400)
    assert span(opened) == ("2025-08-24", "2025-11-23")
    assert opened.page.get_attribute("[data-weeks='13']", "aria-pressed") == "true"
    # Zoomed twice, a value is still what the mart says.
    assert "60,0" in pointed_at(opened, "bitcoin", 0.95)
    assert opened.misdeeds == []
    opened.close()


def test_a_name_makes_its_line_stand_out(browser: Any, explored: Path) -> None:
    opened = opened_at(browser, explored / "explore.html", 1440)
    opened.page.click("#funding [data-line=bitcoin]")
    opened.page.wait_for_timeout(300)
    lines = opened.page.locator("[data-chart=funding] svg .mark-line path")
    told = [float(value) for value in lines.evaluate_all("all => all.map(line => getComputedStyle(line).opacity)")]
    assert sorted(set(told)) == [0.15, 1.0]
    assert opened.misdeeds == []
    opened.close()


def test_the_note_leads_to_it_and_it_leads_back(browser: Any, explored: Path) -> None:
    opened = Opened.at(browser, explored / "index.html", 1440)
    assert opened.page.locator("a[href='explore.html']").count() >= 1
    opened.close()
    opened = opened_at(browser, explored / "explore.html", 1440)
    links = opened.page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert set(links) == {"index.html", "explore.ja.html"}
    opened.close()


def test_hostile_names_do_nothing_there_either(browser: Any, tmp_path: Path) -> None:
    write_week(hostile_charted_marts(), Week(WEEK), tmp_path, "simulated", True)
    opened = opened_at(browser, tmp_path / "explore.html", 1440)
    assert opened.page.locator("img, iframe, [onerror]").count() == 0
    assert opened.misdeeds == []
    opened.close()
    assert N_WEEKS > 26
