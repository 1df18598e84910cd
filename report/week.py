"""The report of one week: from the marts of an open database to its pages, messages and pictures in each language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import get_args

import duckdb

from report import consistency, figure_check, note, sections
from report.document import Document, SourceKind, addressed
from report.errors import ReportError
from report.explore import page as companion
from report.explore import panels
from report.files import write_whole
from report.languages import LANGUAGES, Language, file_name, speaking
from report.marts import Marts
from report.render import card, charts, chat, html, machine, mail, markdown, places
from warehouse.week import Week

_AS_OF = re.compile(rb'<time class="as-of" datetime="([^"]+)Z"')


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


def write_week(
    con: duckdb.DuckDBPyConnection,
    week: Week,
    out: Path,
    source: str,
    is_simulated: bool,
    as_of: datetime | None = None,
) -> WeekPages:
    """Write the week's pages into `out`, from schema marts of `con` alone.

    `summary.md`, `index.html` and `summary.json` are in English, `summary.ja.md` and its like in Japanese; beside them
    the companion, the note as chat text and mail, and pictures. `source` (simulated, replay, live) and `is_simulated`
    label every page; `as_of` is told on it, unless a page of the same content lies there that tells an earlier one. The
    same marts give the same bytes, and a file that would not change is not touched. Raises `ReportError` where the week
    or the database cannot be used.
    """
    marts = Marts(con, week)
    kind = _source(source, is_simulated)
    moment = None if as_of is None else places.in_utc(as_of)
    made = (replace(_document(marts, kind, is_simulated, language), as_of=moment) for language in LANGUAGES)
    english, *others = (_pages(document, out) for document in made)
    out.mkdir(parents=True, exist_ok=True)
    for pages in (english, *others):
        write_whole(pages.summary_md, markdown.render(pages.document).encode())
        write_whole(pages.index_html, _page(pages))
        write_whole(pages.summary_json, machine.render(pages.document).encode())
        _write_companion(marts, pages.document, out)
    pictures = _write_pictures([pages.document for pages in (english, *others)], out / "charts")
    for pages in (english, *others):
        _write_messages(pages.document, out)
    return replace(english, pictures=pictures, translations=tuple(others))


def write_pdf(pages: WeekPages, out: Path) -> tuple[Path, ...]:
    """The note on paper, `note.pdf` and its translations: for who asks, for it takes a second that a page has not."""
    from report.render import pdf  # Typst and its fonts: only who makes paper pays for them

    written = []
    for document in (pages.document, *(other.document for other in pages.translations)):
        path = out / file_name("note.pdf", document.language)
        write_whole(path, pdf.render(document))
        written.append(path)
    return tuple(written)


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


def _page(pages: WeekPages) -> bytes:
    """The page; where one of the same content lies there, as of the moment that it tells: it has not changed since."""
    written = html.render(pages.document).encode()
    there = pages.index_html.read_bytes() if pages.index_html.exists() else b""
    told = _AS_OF.search(there)
    if told is None or there == written:
        return written
    earlier = datetime.fromisoformat(told[1].decode()).replace(tzinfo=None)
    return there if html.render(replace(pages.document, as_of=earlier)).encode() == there else written


def _write_companion(marts: Marts, document: Document, out: Path) -> None:
    with speaking(document.language):
        shown = panels.build(marts)
    write_whole(out / file_name(places.EXPLORE, document.language), companion.render(document, shown).encode())


def _write_messages(document: Document, out: Path) -> None:
    """The note for chats and mails, with its pictures, and the picture for previews."""
    drawn = {chart.id: charts.png(chart, document) for chart in mail.pictures(document)}
    for name, content in (
        (places.CHAT, chat.message(document).encode()),
        (places.MAIL, mail.html(document).encode()),
        ("mail.txt", mail.text(document).encode()),
        (places.DRAFT, mail.draft(document, drawn)),
        (places.CARD, card.card(document)),
    ):
        write_whole(out / file_name(name, document.language), content)


def _write_pictures(documents: Sequence[Document], out: Path) -> tuple[Path, ...]:
    """The charts that messages carry, as PNG; a picture of before that no document has any more is removed."""
    pictures = {
        out / file_name(f"{chart.id}.png", document.language): (chart, document)
        for document in documents
        for chart in charts.pictures(document)
    }
    for stale in set(out.glob("*.png")) - set(pictures):
        stale.unlink()
    out.mkdir(exist_ok=True)
    for path, (chart, document) in pictures.items():
        write_whole(path, charts.png(chart, document))
    return tuple(pictures)
