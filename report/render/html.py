"""`index.html`: one self-contained page without script, under a strict content policy."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from report.document import Document, Table
from report.figures import clean_name
from report.formatting import Printed
from report.languages import LANGUAGES, NAMES, file_name, speaking, translate
from report.render import charts, fonts
from report.render.environment import TEMPLATES, environment, policy_hash
from report.render.places import Places
from report.render.typography import reach, typeset
from report.text import Day

# Where each paragraph of the note is proven: sections of the page.
PROOF = {
    "macro": ("macro",),
    "positioning": ("leverage", "flow"),
    "breadth": ("market", "sectors", "volatility"),
}
# Charts that stand open below the note; the others are folded with their sections.
FIRST = ("total_cap", "open_interest_since_high", "sector_returns")
# Signs that are good or bad news, to be coloured; a rise of yields, volatility or unemployment is neither.
_GAINS_AND_LOSSES = re.compile(r"return|excess")


def render(document: Document) -> str:
    """The document as a page, the same bytes for the same document."""
    drawings = {chart.id: charts.svg(chart) for chart in document.charts}
    style = (TEMPLATES / "week.css").read_text(encoding="utf-8") + fonts.face(charts.letters(drawings.values()))
    with speaking(document.language):
        return (
            environment(words=typeset, where=_provenance, lean=_lean, reach=reach)
            .get_template("week.html.j2")
            .render(
                document=document,
                said=_said,
                # The style sheet is ours; its hash in the policy keeps out any other, style attributes too.
                style=Markup(style),
                policy=f"default-src 'none'; style-src '{policy_hash(style.encode())}'; font-src data:; "
                "base-uri 'none'; form-action 'none'",
                bars={
                    (section.id, table.id): _bars(table) for section in document.sections for table in section.tables
                },
                drawings=drawings,
                start=Day(document.week.start),
                end=Day(document.week.last_day),
                machine_file=file_name("summary.json", document.language),
                is_printed=lambda fragment: isinstance(fragment, Printed),
                proof=PROOF,
                first=[chart for chart in document.charts if chart.id in FIRST],
                places=Places(document),
                translations=[
                    (other, NAMES[other], file_name("index.html", other))
                    for other in LANGUAGES
                    if other != document.language
                ],
            )
        )


def _said(label: str, **parts: object) -> Markup:
    """A label of the page in its language, with parts (text, or markup of the template) set in."""
    return escape(translate(label)).format(**parts)


def _lean(printed: Printed) -> str:
    """`loss` or `gain` for signed returns, to colour them; '' where the sign is no good or bad news."""
    number = printed.figure.number
    if printed.is_magnitude or not _GAINS_AND_LOSSES.search(printed.figure.column):
        return ""
    if number is not None and number < 0 and printed.text[0] == "-":
        return "loss"
    return "gain" if printed.text[0] == "+" else ""


def _provenance(printed: Printed) -> str:
    """Where a figure comes from, for a reader who points at it."""
    figure = printed.figure
    key = ", ".join(clean_name(value) for _, value in figure.key)
    return f"{figure.table} [{key}] {figure.column}"


@dataclass(frozen=True)
class Bar:
    """A bar in a picture 100 wide: where it starts, how long it is, and where zero lies."""

    x: float
    width: float
    zero: float
    lean: str


def _bars(table: Table) -> list[list[Bar | None]]:
    """For each cell its bar, or None; all bars of a column are on one scale."""
    bars: list[list[Bar | None]] = [[None] * len(table.columns) for _ in table.rows]
    for position, column in enumerate(table.columns):
        if not column.has_bar:
            continue
        cells = [row[position] for row in table.rows]
        numbers = [cell.figure.number if isinstance(cell, Printed) else None for cell in cells]
        known = [abs(number) for number in numbers if number is not None]
        longest = max(known, default=0.0)
        signs = {number > 0 for number in numbers if number}
        # Gains and losses side by side grow from the middle; of one kind alone, all from the left.
        zero = 50.0 if len(signs) == 2 else 0.0
        for line, (cell, number) in enumerate(zip(cells, numbers, strict=True)):
            if isinstance(cell, Printed) and number is not None and longest > 0:
                width = round((99.0 - zero) * abs(number) / longest, 1)
                start = round(zero - width, 1) if number < 0 and zero else zero
                bars[line][position] = Bar(start, width, zero, _lean(cell) or "level")
    return bars
