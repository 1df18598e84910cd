"""Whole pages: what they say, that each figure is in the marts, and that nothing foreign does harm."""

import io
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from report import sections
from report.document import Document, Note, Section
from report.errors import ReportError, UnbackedFigureError
from report.figure_check import DECLARED_TERMS, DECLARED_TERMS_JA, check
from report.marts import Marts
from report.terminal import print_week
from report.text import Sentence, say
from report.week import WeekPages, write_week
from tests.unit.report.marts_by_hand import WEEK, hostile_marts, plausible_marts
from warehouse.week import Week

FILES = ("summary.md", "index.html", "summary.json")
FILES_JA = ("summary.ja.md", "index.ja.html", "summary.ja.json")


def write(con: duckdb.DuckDBPyConnection, out: Path, week: date = WEEK, source: str = "simulated") -> WeekPages:
    return write_week(con, Week(week), out, source, is_simulated=source == "simulated")


def pages_text(out: Path) -> str:
    return "\n".join((out / name).read_text(encoding="utf-8") for name in FILES)


class Page(HTMLParser):
    """The elements of a page, and its text outside of figures, names, dates and the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, bool]] = []
        self.plain = ""
        self.visible = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag not in ("meta", "rect"):
            classes = (attributes.get("class") or "").split()
            self.open.append(
                (tag, tag in ("data", "time", "style", "svg", "title") or bool({"name", "id"} & set(classes)))
            )

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "rect"):
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if "style" not in [tag for tag, _ in self.open]:
            self.visible += data
        if not any(is_declared for _, is_declared in self.open):
            self.plain += data


def test_the_headline_states_the_week(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pages = write(plausible, tmp_path)
    assert pages.week == "2025-W47"
    note = pages.document.note
    assert note.headline.text == "Crypto falls 7.2%"
    assert note.so_what.text == "Regime: deleveraging, after range the week before."
    assert [[s.text for s in part.sentences] for part in note.paragraphs[1:]] == [
        [
            "Open interest fell $13.2bn to $135.2bn: $4.2bn of positions were closed ($2.3bn in majors), and lower "
            "prices "
            "took $8.9bn. Its record here is $230.4bn, on 6 October.",
            "Bitcoin funding averaged -1.8% annualised.",
            "Across all perpetuals funding averaged -4.0%; funding was negative on 63.2% of open interest.",
            "Spot against perpetual volume: insufficient data.",
        ],
        [
            "The top-30 index returned -7.2% and Bitcoin -7.9%; total market cap $2.96tn.",
            "Privacy led the sectors at +3.4%; Layer 2 came last at -14.9%.",
            "Average correlation in the top 100 was 0.63; no gap between the top 10 and the tail is significant.",
            "Bitcoin's realised volatility was 49.8% on daily returns, 65.8% on hourly ones.",
        ],
    ]


def test_sections_come_in_their_order(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    summary = json.loads(write(plausible, tmp_path).summary_json.read_text())
    assert {k: summary[k] for k in ("week", "week_start", "source", "is_simulated", "language")} == {
        "week": "2025-W47",
        "week_start": "2025-11-17",
        "source": "simulated",
        "is_simulated": True,
        "language": "en",
    }
    order = ["changes", "macro", "market", "leverage", "flow", "volatility", "sectors", "regime"]
    order += ["coverage", "unknown"]
    assert [section["id"] for section in summary["sections"]] == order
    ids = [sentence["id"] for sentence in sentences_of(summary)]
    assert ids[:3] == ["headline", "so-what", "note-macro"]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z0-9-]+", name) for name in ids)


def sentences_of(summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    note = summary["note"]
    yield from (note["headline"], note["so_what"])
    yield from (said for part in note["paragraphs"] for said in part["sentences"])
    yield from (*note["would_change"], *note["week_ahead"])
    yield from (said for section in summary["sections"] for said in (*section["sentences"], *section["on_demand"]))


def evidence_of(summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for sentence in sentences_of(summary):
        assert sentence["evidence"], sentence["text"]
        yield from sentence["evidence"]
    for section in summary["sections"]:
        for table in section["tables"]:
            # Only a blank cell states nothing.
            yield from (cell["evidence"] for row in table["rows"] for cell in row if cell["text"])


def test_every_evidence_is_found_again_in_the_marts(any_marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    summary = json.loads(write(any_marts, tmp_path).summary_json.read_text())
    tables = {row[0] for row in any_marts.execute("select table_name from duckdb_tables()").fetchall()}
    n_known = 0
    for evidence in evidence_of(summary):
        if evidence["value"] is None or evidence["table"] not in tables:
            assert evidence["value"] is None
            continue
        where = " and ".join(f'"{column}"::text = ?' for column in evidence["key"])
        query = f'select "{evidence["column"]}" from marts.{evidence["table"]} where {where}'
        (found,) = any_marts.execute(query, list(evidence["key"].values())).fetchall()
        if isinstance(evidence["value"], float | int):
            assert found[0] == pytest.approx(evidence["value"], rel=1e-8)
        n_known += 1
    assert n_known > 100 or not any_marts.execute("from marts.market_cap_daily").fetchall()


def test_nothing_is_printed_as_none_or_nan(any_marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pages = write(any_marts, tmp_path)
    for written in (pages, *pages.translations):
        text = Page(written.index_html.read_text(encoding="utf-8")).visible
        text += written.summary_md.read_text(encoding="utf-8")
        # Letters of Japanese are letters: there is no word boundary between them and Latin ones.
        assert not re.search(r"(?<![A-Za-z])(None|nan|NaN|NaT|inf|null|NULL|Decimal|datetime)(?![A-Za-z])", text)
        assert "NaN" not in written.summary_json.read_text()
    console = Console(file=io.StringIO(), width=100)
    print_week(console, pages)
    assert "None" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_digits_of_a_page_are_figures_names_dates_or_declared(
    any_marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    pages = write(any_marts, tmp_path)
    for path, terms in ((pages.index_html, DECLARED_TERMS), (pages.translations[0].index_html, DECLARED_TERMS_JA)):
        plain = Page(path.read_text(encoding="utf-8")).plain
        plain = re.sub("2025-W4[678]", "", plain.replace("\u00a0", " "))
        for term in terms:
            plain = re.sub(rf"(?<![\d.,]){re.escape(term)}", "", plain)
        assert not re.findall(r".{0,30}\d.{0,30}", plain)


def test_a_week_without_anything_says_so(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("create schema marts; create table marts.publications (publication_id bigint)")
    pages = write(con, tmp_path, source="replay")
    assert pages.note[:3] == (
        "Crypto's week: insufficient data", "Regime: insufficient data.", "Macro: insufficient data."
    )  # fmt: skip
    unknown = [s.text for s in pages.document.section("unknown").sentences]
    assert "Open interest over the week: insufficient data; none was observed at all." in unknown


def test_absent_open_interest_names_its_first_day(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    plausible.execute("delete from marts.open_interest_change_weekly")
    plausible.execute("update marts.open_interest_market_daily set market_date = market_date + interval 70 day")
    pages = write(plausible, tmp_path)
    unknown = [s.text for s in pages.document.section("unknown").sentences]
    assert "Open interest over the week: insufficient data; none was observed before 15 December 2025." in unknown
    assert "Open interest: insufficient data." in pages.note


def test_a_week_absent_from_full_marts_is_a_page_too(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pages = write(plausible, tmp_path, week=WEEK + timedelta(days=70))
    assert pages.week == "2026-W05"
    assert all("insufficient data" in line for line in pages.note)


def test_silent_venues_are_named(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    said = [s.text for s in write(plausible, tmp_path).document.section("coverage").sentences]
    assert said == [
        "Nothing came from hyperliquid (candles: 0 rows).",
        "Thinnest coverage: candles of bybit at 97.5%, with 468 of 18,480 rows missing.",
        "Most rows set aside by guards: 3 rows of candles from bybit.",
    ]


def test_what_was_never_offered_is_not_called_complete(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def said() -> list[str]:
        return [s.text for s in write(plausible, tmp_path).document.section("coverage").sentences]

    plausible.execute("delete from marts.data_coverage_weekly where coverage_pct is distinct from 100")
    assert said() == ["Every dataset is complete (100.0% at the least)."]
    plausible.execute("update marts.data_coverage_weekly set is_cadence_unknown = true where dataset = 'open_interest'")
    assert said() == [
        "Not counted, as nothing of them ever came and what was due is not known: further series in open interest of"
        " binance (100.0% of what is known to be due)."
    ]


def test_pages_are_labelled_with_their_source(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for source, label in (("simulated", "SIMULATED MARKET"), ("replay", "Replay of recorded public data")):
        pages = write(plausible, tmp_path / source, source=source)
        assert label in pages.summary_md.read_text().splitlines()[4]
        assert label in Page(pages.index_html.read_text()).visible
        console = Console(file=io.StringIO(), width=100)
        print_week(console, pages)
        printed = console.file.getvalue()  # type: ignore[attr-defined]
        assert label in printed and "2025-W47" in printed and "-14.9%" in printed
    assert "SIMULATED" not in pages_text(tmp_path / "replay")


def test_the_same_marts_give_the_same_bytes_and_files_are_not_touched_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write(plausible_marts(), first)
    write(plausible_marts(), second)
    names = [*FILES, *FILES_JA]
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    stamps = [(first / name).stat().st_mtime_ns for name in names]
    write(plausible_marts(), first)
    assert [(first / name).stat().st_mtime_ns for name in names] == stamps
    made = {path.relative_to(first).as_posix() for path in first.rglob("*.*")}
    messages = {"note.txt", "mail.html", "mail.txt", "mail.eml", "card.png", "explore.html"}
    translated = {f"{name.rpartition('.')[0]}.ja.{name.rpartition('.')[2]}" for name in messages}
    assert {name for name in made if not name.startswith("charts/")} == {*names, *messages, *translated}
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in made)


def test_the_page_stands_alone_under_its_content_policy(any_marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pages = write(any_marts, tmp_path)
    for path, other in ((pages.index_html, "index.ja.html"), (pages.translations[0].index_html, "index.html")):
        _stands_alone(path.read_text(encoding="utf-8"), other)


def _stands_alone(html: str, other: str) -> None:
    page = Page(html)
    language = "" if other == "index.ja.html" else ".ja"
    beside = {other, f"explore{language}.html", f"note{language}.txt", f"mail{language}.html", f"mail{language}.eml"}
    beside |= {f"../index.html{anchor}" for anchor in ("", "#2025-W46", "#2025-W48")}
    assert page.open == []
    assert len(html.encode()) < 400_000
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("style", "src", "srcset") for name in attributes)
        # Within the page, to its translation and other forms beside it, or to the archive.
        assert attributes.get("href", "#").startswith("#") or attributes["href"] in beside  # type: ignore[union-attr]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = {a["href"][1:] for _, a in page.elements if (a.get("href") or "").startswith("#")}  # type: ignore[index]
    assert inside <= set(ids)
    (policy,) = (a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'; style-src 'sha256-")


def test_hostile_names_do_no_harm_in_markdown(tmp_path: Path) -> None:
    pages = write(hostile_marts(), tmp_path)
    for written in (pages, *pages.translations):
        _is_harmless(written.summary_md.read_text(encoding="utf-8"), written.document)


def _is_harmless(text: str, document: Document) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= {
        *(
            "a",
            "h1",
            "h2",
            "hr",
            "p",
            "blockquote",
            "strong",
            "em",
            "ul",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        )
    }
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    ending = "png" if document.language == "en" else f"{document.language}.png"
    assert sorted(str(link) for link in links) == [
        f"charts/{name}.{ending}" for name in ("regime_timeline", "sector_returns")
    ]
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
    plain_widths = [
        len(table.columns) + 1
        for section in document.sections
        for table in section.tables
        for _ in range(len(table.rows) + 2)
    ]
    assert widths == plain_widths
    assert not re.search(r"(?<!\\)@everyone|www\.evil|https://", text)


def test_hostile_names_do_no_harm_on_a_terminal(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    print_week(console, write(hostile_marts(), tmp_path))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in printed and "\u202e" not in printed
    assert "[bold]markup[/bold]" in printed


@pytest.mark.parametrize(
    ("source", "is_simulated"), [("simulated", False), ("replay", True), ("live", True), ("made up", False)]
)
def test_a_source_that_contradicts_itself_is_an_error(
    plausible: duckdb.DuckDBPyConnection, tmp_path: Path, source: str, is_simulated: bool
) -> None:
    with pytest.raises(ReportError, match="take both from the run's source"):
        write_week(plausible, Week(WEEK), tmp_path / "out", source, is_simulated)
    assert not (tmp_path / "out").exists()


def test_a_database_without_marts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="build the marts"):
        write(duckdb.connect(), tmp_path)


def test_a_sentence_with_a_figure_of_nobody_fails_the_week(
    plausible: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rogue(marts: Marts) -> Section:
        cap = marts.row("market_cap_daily", market_date=marts.week.last_day).figure("total_market_cap_usd")
        return Section("rogue", "Rogue", sentences=(say("rogue", "From {cap}, half is 1.48 trillion.", cap=cap),))

    monkeypatch.setattr(sections, "ORDER", (*sections.ORDER, rogue))
    with pytest.raises(UnbackedFigureError, match=r"rogue-2 \(rogue\): .*half is 1\.48 trillion"):
        write(plausible, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sentence_without_evidence_is_refused() -> None:
    well = Sentence("rule", ("All is well.",), "all-is-well")
    with pytest.raises(UnbackedFigureError, match=r"all-is-well .* has no evidence"):
        check(Document(Week(WEEK), "replay", False, Note(well, well, (), (), ()), ()))


def test_two_rows_of_one_key_are_an_error(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    plausible.execute("insert into marts.regime_weekly from marts.regime_weekly")
    with pytest.raises(ReportError, match="grain test"):
        write(plausible, tmp_path)


def test_bars_are_drawn_on_one_scale_from_one_zero(plausible: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    html = write(plausible, tmp_path).index_html.read_text(encoding="utf-8")
    sectors_html = html.split('aria-label="Sector returns"')[1].split("</table>")[0]
    bars = re.findall(r'<rect class="(gain|loss)" x="([\d.]+)" y="1" width="([\d.]+)"', sectors_html)
    widths = {lean: float(width) for lean, _, width in bars}
    # Layer 2 (-14.9) is the longest, 49 of the half; Privacy (+3.4) starts at the middle.
    assert max(float(width) for _, _, width in bars) == 49.0
    assert widths["gain"] == round(49.0 * 3.4 / 14.9, 1)
    assert all(
        float(x) == 50.0 if lean == "gain" else float(x) + float(w) == pytest.approx(50.0) for lean, x, w in bars
    )
