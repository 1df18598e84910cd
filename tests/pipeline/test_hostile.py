"""Nobody gets in: names, errors and secrets that are attacks, through the whole line on the tiny market."""

import json
import os
import re
import sqlite3
import unicodedata
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from markdown_it import MarkdownIt

from ingestion.secrets import COINGECKO_API_KEY, WEBHOOK_URL
from tests.pipeline.hostile_market import ATTACKS, KEYS_HEARD, ODD, hostile_server
from tests.pipeline.market import WEEKS, CommandLine, number
from tests.pipeline.page import dagster_page
from tests.unit.simulator.sockets import listeners
from warehouse.contracts import DATASETS

pytestmark = pytest.mark.xdist_group("hostile")

KEY = "CG-s3cret/Key+9876543210"
HOOK = "https://hooks.example.com/services/T0SECRET/B0SECRET?token=verysecrettoken"
# Elements that run something, load something or send something.
ACTIVE = {"script", "iframe", "object", "embed", "form", "input", "button", "img", "image", "video", "audio", "base"}
# Where our own links lead: within the page, to its translation, to what lies beside it, to a picture of ours.
OURS = re.compile(
    r"#[\w-]*|feed\.(atom|json)|chain\.jsonl|summary\.schema\.json|(\d{4}-W\d\d/)?index(\.ja)?\.html"
    r"|charts/[a-z_]+(\.ja)?\.png|\.\./index\.html(#\d{4}-W\d\d)?|(explore|mail)(\.ja)?\.html|note(\.ja)?\.txt|mail(\.ja)?\.eml"
)
EMBEDDED = re.compile(r"data:image/png;base64,[\w+/]+=*")
TAKES_AN_ADDRESS = {"src", "href", "action", "formaction", "data", "xlink:href", "srcset", "poster", "background"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A home after a run on the hostile market, with secrets in its environment, and what the run said."""
    directory = tmp_path_factory.mktemp("hostile")
    (directory / "in").mkdir()
    with hostile_server() as url:
        line = CommandLine(directory / "in" / "home", directory / "in", url)
        done = line("run", **{COINGECKO_API_KEY: KEY, WEBHOOK_URL: HOOK})
        yield line, done


# Markup of Markdown that loads, links, or is HTML.
ACTING = {"html_block", "html_inline", "image", "link_open"}


class Page(HTMLParser):
    """What a page holds that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        # A browser fetches what a link names, unless it is an alternate: a feed.
        is_fetched = tag == "link" and ("rel", "alternate") not in attributes
        if tag in ACTIVE or is_fetched or (tag == "meta" and ("http-equiv", "refresh") in attributes):
            self.found.append(tag)
        for name, value in attributes:
            if name.startswith("on") or (name in TAKES_AN_ADDRESS and not OURS.fullmatch(value or "")):
                self.found.append(f"{tag} {name}={value}")


def in_page(html: str) -> list[str]:
    page = Page()
    page.feed(html)
    page.close()
    return page.found


def kinds_in(markdown: str) -> set[str]:
    """The kinds of markup that a reader of GitHub's Markdown would see, our own pictures and links to them aside."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)
    # A bare address becomes a link too.
    bare = {"link_open"} if re.search(r"(?i)(?<!\\)://|\bwww\.", markdown) else set()
    return bare | {
        inner.type
        for token in tokens
        for inner in [token, *(token.children or [])]
        if not (inner.type == "link_open" and OURS.fullmatch(str(inner.attrs["href"])))
        and not (inner.type == "image" and EMBEDDED.fullmatch(str(inner.attrs["src"])))
    }


def staged(line: CommandLine, sql: str) -> list[tuple]:
    with duckdb.connect(str((line.home / "warehouse.duckdb").resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def is_plain(text: str) -> bool:
    """True where a terminal shows all there is: nothing that it would obey or hide."""
    return all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or c in "\n\t" for c in text)


def test_the_week_is_published(run):
    line, done = run
    assert done.returncode == 0, done.stderr
    assert number(line.home) == 1 and (line.home / "reports" / WEEKS[-1] / "index.html").exists()


def test_what_cannot_be_a_name_is_in_quarantine_with_a_reason(run):
    line, _ = run
    held = staged(line, "select dataset, series, reason from raw.quarantine where rule = 'names_can_be_names'")
    listed = {series for dataset, series, _ in held if dataset == "instruments"}
    # Quotation marks of SQL and of HTML are shown to be data: they are here as they came.
    assert listed == set(ATTACKS), listed ^ set(ATTACKS)
    assert {series for dataset, series, _ in held if dataset == "market_caps"} == set(ATTACKS)
    assert all(len(reason) > 20 for _, _, reason in held)
    for table in ("instruments", "candles", "funding_rates", "market_caps", "asset_class_prices"):
        column = DATASETS[table].series_column
        known = {series for (series,) in staged(line, f"select distinct {column} from raw.{table}")}
        assert known and not known & set(ATTACKS), table
    assert set(ODD) <= {series for (series,) in staged(line, "select venue_symbol from raw.instruments")}


def test_all_tables_are_still_there(run):
    line, _ = run
    tables = {name for (name,) in staged(line, "select table_name from duckdb_tables() where schema_name = 'raw'")}
    assert set(DATASETS) | {"requests", "quarantine", "loads", "publications"} <= tables
    assert staged(line, "select count(*) from raw.candles")[0][0] > 1000


def test_the_page_holds_nothing_that_acts(run):
    line, _ = run
    pages = list((line.home / "published").rglob("index.html"))
    assert pages
    for page in pages:
        html = page.read_text(encoding="utf-8")
        assert in_page(html) == [] and "<script" not in html.lower() and is_plain(html)
        assert "default-src 'none'" in unescape(html)
    assert in_page(
        '<p onclick="x"><a href="javascript:x">y</a></p><script><link rel="stylesheet" href="feed.atom">'
    ) == [
        "p onclick=x",
        "a href=javascript:x",
        "script",
    ]
    assert in_page('<link rel="stylesheet" href="feed.atom"><a href="//x/index.html">') == [
        "link",
        "a href=//x/index.html",
    ]


def test_the_summary_holds_no_markup_of_others(run):
    line, _ = run
    for summary in (line.home / "published").rglob("summary.md"):
        text = summary.read_text(encoding="utf-8")
        assert not kinds_in(text) & ACTING
        assert kinds_in(text + "[x](charts/../x.png)") & ACTING
        assert is_plain(text)
    for summary in (line.home / "published").rglob("summary.json"):
        text = summary.read_text(encoding="utf-8")
        assert json.loads(text)["sections"] and text.isascii()


def test_terminals_and_logs_are_shown_names_and_obey_none(run):
    line, done = run
    assert is_plain(done.stdout) and is_plain(done.stderr)
    shown = line("status")
    assert shown.returncode == 0 and is_plain(shown.stdout)
    for format in ("table", "csv", "json"):
        query = "select * from raw.quarantine union all by name select * from raw.requests"
        asked = line("sql", query, "--format", format)
        assert asked.returncode == 0 and is_plain(asked.stdout), format
    assert is_plain((line.home / "dagster" / "run.log").read_text(encoding="utf-8"))


def test_an_error_in_hostile_words_is_a_reason_in_plain_ones(run):
    line, _ = run
    reasons = staged(
        line,
        "select reason from raw.requests where dataset = 'open_interest' and origin = 'binance' and status = 'failed'"
        " and reason like '%alert(2)%'",
    )
    assert reasons and all(reason.isprintable() and len(reason) <= 300 for (reason,) in reasons)


def test_nothing_is_written_beside_the_home(run):
    line, _ = run
    assert [path.name for path in line.cwd.iterdir()] == ["home"]
    assert [path.name for path in line.cwd.parent.iterdir()] == ["in"]
    for path in line.home.rglob("*"):
        name = path.relative_to(line.home).as_posix()
        assert len(path.name) < 200 and re.fullmatch(r"[\w./%@+=:,~ -]+", name, re.ASCII), name
        assert path.is_relative_to(line.home) and line.home in path.resolve().parents, name


def test_dagster_is_told_no_markup(run):
    line, _ = run
    told = pictures = 0
    for database in (line.home / "dagster").rglob("*.db"):
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as con:
            if not con.execute("select 1 from sqlite_master where name = 'event_logs'").fetchall():
                continue
            for (event,) in con.execute("select event from event_logs"):
                for markdown in re.findall(r'"md_str": ("(?:[^"\\]|\\.)*")', event):
                    told += 1
                    pictures += markdown.count("](data:image/png;base64,")
                    assert not kinds_in(json.loads(markdown)) & ACTING
    assert told and pictures


def forms(secret: str) -> list[bytes]:
    from urllib.parse import quote

    return [form.encode() for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])]


def search(home: Path, secret: str) -> list[str]:
    """Files of a home that hold a secret in any form."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and any(form in path.read_bytes() for form in forms(secret))
    ]


def test_no_file_holds_a_secret(run):
    line, done = run
    assert {KEY} == KEYS_HEARD  # it was sent, and given back
    for secret in (KEY, HOOK, "T0SECRET", "verysecrettoken"):
        assert secret not in done.stdout + done.stderr
        assert search(line.home, secret) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_nobody_else_may_write_in_the_home(run):
    line, _ = run
    for path in line.home.rglob("*"):
        assert path.is_symlink() or not path.stat().st_mode & 0o002, path


@pytest.mark.slow
def test_dagsters_page_listens_on_this_machine_only(run, tmp_path):
    line, _ = run
    before = listeners()
    with dagster_page(line, tmp_path / "page.log") as page:
        opened = listeners() - before
    assert int(page.url.rsplit(":", 1)[1]) in {port for _, port in opened}
    assert {address for address, _ in opened} <= {"127.0.0.1", "::1"}
