"""What a page is made of, before any medium prints it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from report.figures import Figure
from report.formatting import Printed
from report.languages import Language, speaking, translate
from report.text import Fragment, Sentence, Unknown
from warehouse.week import Week

SourceKind = Literal["simulated", "replay", "live"]


@dataclass(frozen=True)
class Column:
    """A column of a table. `has_bar` draws the column's numbers as bars beside them, on one scale."""

    title: str
    is_number: bool = True
    has_bar: bool = False


@dataclass(frozen=True)
class Table:
    """A table of printed figures; the caption says window and convention, once for all of them."""

    id: str
    title: str
    caption: tuple[Fragment, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Printed | str, ...], ...]


@dataclass(frozen=True)
class Tile:
    """One figure to see first, with what it is and over which window."""

    title: str
    figure: Printed
    caption: tuple[Fragment, ...]


@dataclass(frozen=True)
class Chart:
    """A picture of figures: its title says what it shows, `alt` says it to who cannot see it.

    `spec` is Vega-Lite and holds the drawn numbers; `figures` are the cells of marts that they come from.
    """

    id: str
    title: tuple[Fragment, ...]
    subtitle: tuple[Fragment, ...]
    alt: tuple[Fragment, ...]
    spec: Mapping[str, Any] = field(hash=False)
    figures: tuple[Figure, ...] = field(repr=False)

    @property
    def source(self) -> str:
        """The marts that the drawn figures stand in."""
        return ", ".join(dict.fromkeys(f"marts.{figure.table}" for figure in self.figures))


@dataclass(frozen=True)
class Section:
    """One part of the page: what is said, shown, and not known."""

    id: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    tables: tuple[Table, ...] = ()
    tiles: tuple[Tile, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    note: tuple[Fragment, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Document:
    """The page of one week."""

    week: Week
    source: SourceKind
    is_simulated: bool
    sections: tuple[Section, ...]
    language: Language = "en"
    # For machines and the archive; on the page the headline and the section on the regime say them.
    verdict: Figure | None = None
    states: tuple[tuple[str, Figure], ...] = ()

    @property
    def source_title(self) -> str:
        """The label that no reader may overlook."""
        with speaking(self.language):
            return translate(SOURCE_LABELS[self.source][0])

    @property
    def source_note(self) -> str:
        """What the label means."""
        with speaking(self.language):
            return translate(SOURCE_LABELS[self.source][1])

    def section(self, section_id: str) -> Section:
        """The section with this id; KeyError if the page has none."""
        for section in self.sections:
            if section.id == section_id:
                return section
        raise KeyError(f"the page has no section {section_id!r}")


SOURCE_LABELS: dict[SourceKind, tuple[str, str]] = {
    "simulated": (
        "SIMULATED MARKET",
        "Every price, rate and position behind this page was made by a simulator. Nothing of it happened.",
    ),
    "replay": ("Replay of recorded public data", "Real prices of the past, served again from a recording."),
    "live": ("Live data", "As published by the venues and offices at the time of this publication."),
}


def numbered(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """The sections with their sentences numbered S01, S02, … in the order of the page."""
    ids = _ids()
    return tuple(
        replace(section, sentences=tuple(replace(sentence, id=next(ids)) for sentence in section.sentences))
        for section in sections
    )


def titled(section: Section) -> Section:
    """The section with its titles, and those of its tiles, tables and columns, in the language spoken."""
    return replace(
        section,
        title=translate(section.title),
        tiles=tuple(replace(tile, title=translate(tile.title)) for tile in section.tiles),
        tables=tuple(
            replace(
                table,
                title=translate(table.title),
                columns=tuple(replace(column, title=translate(column.title)) for column in table.columns),
            )
            for table in section.tables
        ),
    )


def _ids() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"S{number:02d}"
