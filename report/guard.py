"""The guard: a figure that no row of a mart backs does not reach a page.

Belongs here: checking every text of a document against the figures that it claims to print.
Does not: writing figures (formatting.py) — the guard reads the printed text back by itself, so that a mistake
there is found here.
"""

import re
from collections.abc import Iterator
from datetime import date

from report.document import Chart, Document, Section
from report.errors import UnbackedFigureError
from report.formatting import NOT_KNOWN, UNSAID, Printed, in_words, moment_in_words
from report.text import Fragment, has_digit

# Terms of the field and constants of the definitions: digits in plain words may only stand in one of these.
DECLARED_TERMS = (
    "top-30",
    "Top-30",
    "7-day",
    "30-day",
    "90 %",
    "100 hours",
    "45 days",
    "00:00 UTC",
    "0.01 % per 8 hours",
    "10.95 % a year",
    "ranks 1–100",
    "ranks 1–10",
    "ranks 11–50",
    "ranks 51–100",
)
_NUMBER = re.compile(r"(?P<sign>[+-]?)\$?(?P<digits>\d[\d,]*(?:\.(?P<decimals>\d+))?)(?P<rest>.*)")
_SCALES = {"": 1.0, " trillion": 1e12, " billion": 1e9, " million": 1e6, " thousand": 1e3}
_UNITS_IN_TEXT = {"percent": " %", "percentage points": " pp", "hours": " hours", "days": " days", "weeks": " weeks"}


def check(document: Document) -> None:
    """Raise `UnbackedFigureError` for the first text that prints what no figure backs."""
    for section in document.sections:
        for where, fragments in _texts(section):
            check_fragments(fragments, where)
        for chart in section.charts:
            _check_drawn(chart)
        for sentence in section.sentences:
            if not sentence.evidence:
                raise UnbackedFigureError(
                    f"{sentence.id} ({sentence.rule}) in section {section.id} has no evidence: "
                    f"build it from at least one figure of a mart"
                )


def check_fragments(fragments: tuple[Fragment, ...], where: str) -> None:
    """Check one text: plain words without figures, and each printed figure equal to its mart's value."""
    words = "".join(fragment if isinstance(fragment, str) else "\0" for fragment in fragments)
    for term in DECLARED_TERMS:
        # Not inside a longer number: "17-day" is not the declared "7-day".
        words = re.sub(rf"(?<![\d.,]){re.escape(term)}", "", words)
    if has_digit(words):
        raise UnbackedFigureError(
            f"{where}: {words.replace(chr(0), '…')!r} states a figure that no mart row backs: read it as a Figure, "
            f"or declare the term in report/guard.py"
        )
    for fragment in fragments:
        if isinstance(fragment, Printed) and not prints_its_value(fragment):
            raise UnbackedFigureError(
                f"{where}: prints {fragment.text!r} where marts.{fragment.figure.table}.{fragment.figure.column} "
                f"has {fragment.figure.value!r}: correct report/formatting.py"
            )


def prints_its_value(printed: Printed) -> bool:
    """True if the text, read back, is the figure's value within half of its last printed digit."""
    value, text = printed.figure.value, printed.text
    if value is None:
        return text == NOT_KNOWN
    if isinstance(value, str):
        return text in (value, in_words(value))
    if isinstance(value, date):
        return text == moment_in_words(value)
    match = _NUMBER.fullmatch(text)
    unit = printed.figure.unit
    if match is None or ("$" in text) != (unit in ("USD", "USD per coin")):
        return False
    suffix = _UNITS_IN_TEXT.get(unit, "" if unit in UNSAID else f" {unit}")
    if match["rest"] not in (_SCALES if unit == "USD" else {suffix, suffix.removesuffix("s")}):
        return False
    scale = _SCALES.get(match["rest"], 1.0)
    number = float(match["digits"].replace(",", "")) * (-1 if match["sign"] == "-" else 1)
    half_of_last_digit = 0.5 * 10.0 ** -len(match["decimals"] or "")
    return abs(number - value / scale) <= half_of_last_digit * (1 + 1e-6)


def _check_drawn(chart: Chart) -> None:
    """Check that each number in a chart's data is that of one of its figures."""
    backed = {figure.plain_value() for figure in chart.figures}
    for rows in chart.spec.get("datasets", {}).values():
        for row in rows:
            for column, value in row.items():
                if isinstance(value, int | float) and not isinstance(value, bool) and value not in backed:
                    raise UnbackedFigureError(
                        f"chart {chart.id}: draws {value!r} as {column}, which no mart row backs: add it as a Figure"
                    )


def _texts(section: Section) -> Iterator[tuple[str, tuple[Fragment, ...]]]:
    place = f"section {section.id}"
    yield f"{place}, title", (section.title,)
    yield f"{place}, note", section.note
    for sentence in section.sentences:
        yield f"{place}, {sentence.id} ({sentence.rule})", sentence.fragments
    for tile in section.tiles:
        yield f"{place}, tile {tile.title!r}", (tile.title, " ", tile.figure, " ", *tile.caption)
    for chart in section.charts:
        for fragments in (chart.title, chart.subtitle, chart.alt):
            yield f"{place}, chart {chart.id}", fragments
    for table in section.tables:
        yield f"{place}, table {table.id}", (table.title, " ", *table.caption)
        for column in table.columns:
            yield f"{place}, table {table.id}", (column.title,)
        for row in table.rows:
            for cell in row:
                yield f"{place}, table {table.id}", (cell,)
