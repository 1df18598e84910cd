"""What the sections' tables have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from report.days import PAGES_WINDOW, WINDOWS
from report.document import Column, Table
from report.formatting import Printed, show, words
from report.marts import Row
from report.text import Fragment, compose


@dataclass(frozen=True)
class Show:
    """One column of a table that is read straight from a mart's rows: which column, under which title.

    `is_word` is for words of the warehouse's own, which differ by language; `is_name` for names from outside.
    """

    column: str
    title: str
    is_signed: bool = False
    is_word: bool = False
    is_name: bool = False
    has_bar: bool = False

    def cell(self, row: Row, scale_of: float | None = None) -> Printed:
        """The cell of this column in one row; money on the scale of the amount `scale_of`."""
        figure = row.figure(self.column)
        return words(figure) if self.is_word else show(figure, signed=self.is_signed, scale_of=scale_of)


def tables_by_window(
    table_id: str,
    title: str,
    caption: Callable[[tuple[Fragment, ...]], tuple[Fragment, ...]],
    columns: tuple[Show, ...],
    rows: Callable[[str], list[Row]],
) -> list[Table]:
    """A table for each window that has rows: the page's own at once, the other on demand; `caption` gets its name."""
    return [
        table_of(
            table_id if window == PAGES_WINDOW else f"{table_id}_friday",
            title,
            caption(compose(name)),
            columns,
            found,
            is_on_demand=window != PAGES_WINDOW,
        )
        for window, name in WINDOWS.items()
        if (found := rows(window))
    ]


def table_of(
    table_id: str,
    title: str,
    caption: tuple[Fragment, ...],
    columns: tuple[Show, ...],
    rows: list[Row],
    *,
    is_on_demand: bool = False,
) -> Table:
    """A table with one line per row of one mart, its money on one scale. The first column names the line."""
    amounts = [f.number for row in rows for c in columns if (f := row.figure(c.column)).unit == "USD"]
    largest = max((abs(amount) for amount in amounts if amount is not None), default=None)
    return Table(
        id=table_id,
        title=title,
        caption=caption,
        columns=tuple(Column(c.title, is_number=not (c.is_word or c.is_name), has_bar=c.has_bar) for c in columns),
        rows=tuple(tuple(column.cell(row, largest) for column in columns) for row in rows),
        is_on_demand=is_on_demand,
    )
