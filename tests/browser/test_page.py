"""The week's page in a real browser: three widths, light and dark, on paper, and with hostile names."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from report.archive.index import write_archive
from report.week import write_week
from tests.unit.report.charts_by_hand import charted_marts, hostile_charted_marts
from tests.unit.report.marts_by_hand import WEEK
from warehouse.week import Week

# One browser is enough: the tests of this file stay with one worker.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
WIDTHS = (390, 820, 1440)


@dataclass
class Opened:
    """An open page, and what it did that it should not."""

    page: Any
    misdeeds: list[str] = field(default_factory=list)

    @classmethod
    def at(
        cls,
        browser: Any,
        path: Path,
        width: int,
        scheme: str = "light",
        media: str = "screen",
        *,
        is_unfolded: bool = True,
    ) -> "Opened":
        """Open the file in a window `width` wide; what it asks for beside itself is noted and refused."""
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        opened = cls(context.new_page())
        address = path.as_uri()

        def on_request(route: Any) -> None:
            if route.request.url == address:
                route.continue_()
            else:
                opened.misdeeds.append(f"asks for {route.request.url}")
                route.abort()

        context.route("**/*", on_request)
        opened.page.on("dialog", lambda dialog: (opened.misdeeds.append(f"dialog {dialog.message}"), dialog.dismiss()))
        opened.page.on("console", lambda message: opened.misdeeds.append(f"console: {message.text}"))
        opened.page.on("pageerror", lambda error: opened.misdeeds.append(f"error: {error}"))
        opened.page.emulate_media(media=media)
        opened.page.goto(address)
        if is_unfolded:
            opened.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        return opened

    def close(self) -> None:
        self.page.context.close()


def written(con: duckdb.DuckDBPyConnection, out: Path) -> Path:
    return write_week(con, Week(WEEK), out, "simulated", True).index_html


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of reports as a publication leaves it."""
    reports = tmp_path_factory.mktemp("reports")
    written(charted_marts(), reports / "2025-W47")
    write_archive(reports, [Week(WEEK)], datetime(2025, 11, 24, 7, tzinfo=UTC), datetime(2025, 11, 24, 8, tzinfo=UTC))
    return reports


@pytest.fixture(scope="session")
def week_page(reports: Path) -> Path:
    return reports / "2025-W47" / "index.html"


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(hostile_charted_marts(), tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_reads_well(browser: Any, week_page: Path, width: int, scheme: str) -> None:
    opened = Opened.at(browser, week_page, width, scheme)
    assert opened.page.evaluate(AUDIT) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.misdeeds == []
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["2025-W47/index.ja.html", "index.html"])
def test_its_translation_and_the_archive_read_well(
    browser: Any, reports: Path, name: str, width: int, scheme: str
) -> None:
    opened = Opened.at(browser, reports / name, width, scheme)
    assert opened.page.evaluate(AUDIT) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.misdeeds == []
    opened.close()


@pytest.mark.parametrize("name", ["2025-W47/index.html", "2025-W47/index.ja.html", "index.html"])
def test_no_link_is_dead(browser: Any, reports: Path, name: str) -> None:
    opened = Opened.at(browser, reports / name, 1440)
    links = opened.page.locator("[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    beside = {link for link in links if not link.startswith("#")}
    assert beside and all((reports / name).parent.joinpath(link.split("#")[0]).is_file() for link in beside), beside
    opened.close()


@pytest.mark.parametrize("name", ["index.html", "index.ja.html"])
def test_no_table_of_a_desk_needs_scrolling(browser: Any, reports: Path, name: str) -> None:
    opened = Opened.at(browser, reports / "2025-W47" / name, 1440)
    too_wide = "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.ariaLabel)"
    assert opened.page.locator(".scroll").count() > 5
    assert opened.page.locator(".scroll").evaluate_all(too_wide) == []
    opened.close()


def test_the_page_has_its_structure(browser: Any, week_page: Path) -> None:
    opened = Opened.at(browser, week_page, 1440)
    page = opened.page
    assert page.locator("h1").count() == 1 and len(page.locator("h1").inner_text()) > 20
    sections = page.locator("details.section > section").evaluate_all("all => all.map(s => s.id)")
    assert len(sections) >= 8 and page.locator("details.section > summary h2").count() == len(sections)
    assert page.locator("article.note .paragraphs h2").count() == 3
    assert page.locator("svg.chart").count() == 16
    assert page.locator("figure.picture figcaption b").evaluate_all("all => all.every(b => b.textContent.length > 20)")
    assert page.locator(".source strong").inner_text() == "SIMULATED MARKET"
    assert page.get_attribute("html", "lang") == "en"
    assert opened.misdeeds == []
    opened.close()


def test_sections_fold_by_keyboard(browser: Any, week_page: Path) -> None:
    opened = Opened.at(browser, week_page, 1440, is_unfolded=False)
    section, summary = (opened.page.locator(f"details.section:not([open]){part}").last for part in ("", " > summary"))
    title = summary.inner_text()
    assert not section.locator("section").is_visible()
    summary.focus()
    opened.page.keyboard.press("Enter")
    unfolded = opened.page.locator(
        "details.section[open]", has=opened.page.get_by_text(title.split("\n")[0], exact=True)
    )
    assert unfolded.locator("section").first.is_visible()
    opened.page.keyboard.press("Enter")
    assert opened.page.locator("details.section:not([open])").last.locator("section").is_hidden()
    opened.close()


def test_light_and_dark_are_two_looks_of_one_page(browser: Any, week_page: Path) -> None:
    looks = {}
    for scheme in ("light", "dark"):
        opened = Opened.at(browser, week_page, 820, scheme)
        colours = "all => all.map(t => getComputedStyle(t).fill)"
        looks[scheme] = set(opened.page.locator("svg.chart path[fill]:not([fill=none])").evaluate_all(colours))
        opened.close()
    # No shape of a chart keeps the light's colour in the dark: each has its own name in the style sheet.
    assert len(looks["light"]) >= 10 and not looks["light"] & looks["dark"]


def test_the_page_prints(browser: Any, week_page: Path) -> None:
    opened = Opened.at(browser, week_page, 718, media="print")
    assert opened.page.evaluate(AUDIT) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 718
    assert not opened.page.locator("nav.neighbours").is_visible()
    assert opened.page.pdf(format="A4")[:5] == b"%PDF-"
    assert opened.misdeeds == []
    opened.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_do_nothing(browser: Any, hostile_page: Path, width: int) -> None:
    opened = Opened.at(browser, hostile_page, width)
    page = opened.page
    assert "<script>alert(1)</script>" in page.locator("main").inner_text()
    assert page.locator("script, img, iframe, [onerror]").count() == 0
    assert page.evaluate(AUDIT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.misdeeds == []
    opened.close()


def test_the_audit_finds_what_is_wrong(browser: Any, week_page: Path, tmp_path: Path) -> None:
    html = week_page.read_text(encoding="utf-8")
    spoiled = tmp_path / "spoiled.html"
    spoiled.write_text(
        html.replace('role="img"', "", 1)
        .replace(
            "<main>", '<main><a href="#nowhere">to nowhere</a><h5>too deep</h5><img src="https://example.org/x.png">'
        )
        .replace("<text ", '<text fill="#d0d0d0" ', 1),
        encoding="utf-8",
    )
    opened = Opened.at(browser, spoiled, 390)
    found = " ".join(opened.page.evaluate(AUDIT))
    for problem in ("no alternative text", "leads nowhere", "heading 5 after 1", "image without", "contrast 1."):
        assert problem in found
    # The content policy refuses the image before it is asked for, and says so.
    assert any("example.org" in misdeed for misdeed in opened.misdeeds)
    opened.close()
