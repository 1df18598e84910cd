"""What a page is made of, before any medium prints it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from report.figures import Figure
from report.formatting import Printed
from report.languages import Language, speaking, translate
from report.text import Claim, Fragment, Sentence, Unknown
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
    # Of another window or in more detail than most readers want: the page shows it when asked.
    is_on_demand: bool = False


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
    # What its title says beyond its figures, as of a sentence.
    claims: tuple[Claim, ...] = ()

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
    unknowns: tuple[Unknown, ...] = ()
    note: tuple[Fragment, ...] = ()
    charts: tuple[Chart, ...] = ()
    # The same in the other window; the page shows them when asked.
    on_demand: tuple[Sentence, ...] = ()

    @property
    def all_sentences(self) -> tuple[Sentence, ...]:
        """What is said at once, then what is said when asked."""
        return (*self.sentences, *self.on_demand)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the note: its sentences, what matters most first."""

    id: str
    title: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Note:
    """The week as a desk sends it: one sentence, what it means, three paragraphs, and what comes next."""

    headline: Sentence
    so_what: Sentence
    paragraphs: tuple[Paragraph, ...]
    would_change: tuple[Sentence, ...]
    week_ahead: tuple[Sentence, ...]
    tiles: tuple[Tile, ...] = ()

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All of it, in the order of the page."""
        said = [sentence for paragraph in self.paragraphs for sentence in paragraph.sentences]
        return (self.headline, self.so_what, *said, *self.would_change, *self.week_ahead)


@dataclass(frozen=True)
class Document:
    """The page of one week: the note, and below it the sections that prove it."""

    week: Week
    source: SourceKind
    is_simulated: bool
    note: Note
    sections: tuple[Section, ...]
    language: Language = "en"
    # For machines and the archive; on the page the note and the section on the regime say them.
    verdict: Figure | None = None
    states: tuple[tuple[str, Figure], ...] = ()
    # The moment whose knowledge the page tells; UTC without a zone. None where nobody says.
    as_of: datetime | None = None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences of the page, in its order."""
        return (*self.note.sentences, *(said for section in self.sections for said in section.all_sentences))

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts of the page, in its order."""
        return tuple(chart for section in self.sections for chart in section.charts)

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
        "Every figure on this page comes from a simulator; nothing here happened.",
    ),
    "replay": ("Replay of recorded public data", "Real prices, replayed from a recording."),
    "live": ("Live data", "As venues and statistics offices had published it when this page was made."),
}


def addressed(note: Note, sections: tuple[Section, ...]) -> tuple[Note, tuple[Section, ...]]:
    """The same with an id for each sentence: its rule's name, so that its address is the same next week.

    A rule that speaks more than once has its later sentences counted: `correlation`, `correlation-2`.
    """
    # Sections have addresses of their own.
    times = Counter(section.id for section in sections)

    def named(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
        return tuple(replace(sentence, id=slug(sentence.rule)) for sentence in sentences)

    def slug(rule: str) -> str:
        name = rule.replace("_", "-").lower()
        times[name] += 1
        return name if times[name] == 1 else f"{name}-{times[name]}"

    (headline, so_what) = named((note.headline, note.so_what))
    told = replace(
        note,
        headline=headline,
        so_what=so_what,
        paragraphs=tuple(replace(part, sentences=named(part.sentences)) for part in note.paragraphs),
        would_change=named(note.would_change),
        week_ahead=named(note.week_ahead),
    )
    proven = tuple(
        replace(section, sentences=named(section.sentences), on_demand=named(section.on_demand)) for section in sections
    )
    return told, proven


def titled(section: Section) -> Section:
    """The section with its title, and those of its tables and columns, in the language spoken."""
    return replace(
        section,
        title=translate(section.title),
        tables=tuple(
            replace(
                table,
                title=translate(table.title),
                columns=tuple(replace(column, title=translate(column.title)) for column in table.columns),
            )
            for table in section.tables
        ),
    )
