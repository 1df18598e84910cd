"""The report of one week: from the marts of an open database to three files and a few pictures.

Belongs here: the public entry, `write_week`, and what it hands back.
Does not: when a week is published, and where (orchestration does).
"""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

import duckdb

from report import guard, sections
from report.document import Document, SourceKind, numbered
from report.errors import ReportError
from report.marts import Marts
from report.render import charts, html, machine, markdown
from report.weeks import Week


@dataclass(frozen=True)
class WeekPages:
    """What was written: the files, and the document for whoever prints it elsewhere (a terminal, Dagster)."""

    document: Document
    summary_md: Path
    index_html: Path
    summary_json: Path
    pictures: tuple[Path, ...] = ()

    @property
    def week(self) -> str:
        """`2025-W47`."""
        return self.document.week.label

    @property
    def headline(self) -> tuple[str, ...]:
        """The week in five lines, as plain text."""
        return tuple(sentence.text for sentence in self.document.section("headline").sentences)


def write_week(
    con: duckdb.DuckDBPyConnection, week_start: date, out: Path, source: str, is_simulated: bool
) -> WeekPages:
    """Write `summary.md`, `index.html`, `summary.json` and `charts/` of a week into `out`, from schema marts of `con`.

    `source` (simulated, replay, live) and `is_simulated` label every page. The same marts give the same bytes, and
    a file that would not change is not touched. Raises `ReportError` where the week or the database cannot be used.
    """
    document = read_week(con, week_start, source, is_simulated)
    out.mkdir(parents=True, exist_ok=True)
    pictures = _write_pictures(document, out / "charts")
    pages = WeekPages(document, out / "summary.md", out / "index.html", out / "summary.json", pictures)
    _write(pages.summary_md, markdown.render(document).encode())
    _write(pages.index_html, html.render(document).encode())
    _write(pages.summary_json, machine.render(document).encode())
    return pages


def read_week(con: duckdb.DuckDBPyConnection, week_start: date, source: str, is_simulated: bool) -> Document:
    """The week's document, its every figure checked against the mart that backs it."""
    marts = Marts(con, Week(week_start))
    document = Document(marts.week, _source(source, is_simulated), is_simulated, numbered(sections.build(marts)))
    guard.check(document)
    return document


def _source(source: str, is_simulated: bool) -> SourceKind:
    for kind in get_args(SourceKind):
        if source == kind and is_simulated == (kind == "simulated"):
            return kind
    raise ReportError(
        f"source {source!r} with is_simulated={is_simulated} is none of {', '.join(get_args(SourceKind))}: "
        f"take both from the run's source"
    )


def _write_pictures(document: Document, out: Path) -> tuple[Path, ...]:
    """The charts that messages carry, as PNG; a picture of before that this document has not is removed."""
    pictures = {out / f"{chart.id}.png": chart for chart in charts.pictures(document)}
    for stale in set(out.glob("*.png")) - set(pictures):
        stale.unlink()
    out.mkdir(exist_ok=True)
    for path, chart in pictures.items():
        _write(path, charts.png(chart, document))
    return tuple(pictures)


def _write(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
