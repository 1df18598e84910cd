"""The report of one week: from the marts of an open database to three files in each language, and a few pictures."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import duckdb

from report import consistency, figure_check, note, sections
from report.document import Document, SourceKind, addressed
from report.errors import ReportError
from report.files import write_whole
from report.languages import LANGUAGES, Language, file_name, speaking
from report.marts import Marts
from report.render import charts, html, machine, markdown
from warehouse.week import Week


@dataclass(frozen=True)
class WeekPages:
    """What was written: the files, and the document for whoever prints it elsewhere (a terminal, Dagster).

    The files are those of the English page; `translations` are the same page in the other languages.
    """

    document: Document
    summary_md: Path
    index_html: Path
    summary_json: Path
    pictures: tuple[Path, ...] = ()
    translations: tuple["WeekPages", ...] = ()

    @property
    def week(self) -> str:
        """`2025-W47`."""
        return self.document.week.label

    @property
    def note(self) -> tuple[str, ...]:
        """The note, sentence by sentence, as plain text; the first is the headline."""
        return tuple(sentence.text for sentence in self.document.note.sentences)


def write_week(con: duckdb.DuckDBPyConnection, week: Week, out: Path, source: str, is_simulated: bool) -> WeekPages:
    """Write the week's pages into `out`, from schema marts of `con` alone.

    `summary.md`, `index.html` and `summary.json` are in English, `summary.ja.md` and its like in Japanese; `charts/`
    has pictures for messages. `source` (simulated, replay, live) and `is_simulated` label every page. The same marts
    give the same bytes, and a file that would not change is not touched. Raises `ReportError` where the week or the
    database cannot be used.
    """
    marts = Marts(con, week)
    kind = _source(source, is_simulated)
    english, *others = (_pages(_document(marts, kind, is_simulated, language), out) for language in LANGUAGES)
    out.mkdir(parents=True, exist_ok=True)
    for pages in (english, *others):
        write_whole(pages.summary_md, markdown.render(pages.document).encode())
        write_whole(pages.index_html, html.render(pages.document).encode())
        write_whole(pages.summary_json, machine.render(pages.document).encode())
    pictures = _write_pictures(english.document, out / "charts")
    return replace(english, pictures=pictures, translations=tuple(others))


def read_week(
    con: duckdb.DuckDBPyConnection, week: Week, source: str, is_simulated: bool, language: Language = "en"
) -> Document:
    """The week's document in one language, its every figure checked against the mart that backs it."""
    return _document(Marts(con, week), _source(source, is_simulated), is_simulated, language)


def _document(marts: Marts, source: SourceKind, is_simulated: bool, language: Language) -> Document:
    with speaking(language):
        told, proven = addressed(note.build(marts), sections.build(marts))
        verdict, states = sections.regime.verdict_and_states(marts)
        document = Document(marts.week, source, is_simulated, told, proven, language, verdict, states)
        consistency.check(document)
    figure_check.check(document)
    return document


def _pages(document: Document, out: Path) -> WeekPages:
    language = document.language
    return WeekPages(
        document,
        out / file_name("summary.md", language),
        out / file_name("index.html", language),
        out / file_name("summary.json", language),
    )


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
        write_whole(path, charts.png(chart, document))
    return tuple(pictures)
