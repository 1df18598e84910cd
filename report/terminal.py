"""The week on a terminal: the label of the source, the note, the sectors, what is not known, where the page is."""

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from report.document import Document
from report.document import Table as DocumentTable
from report.formatting import Printed
from report.week import WeekPages


def print_week(console: Console, pages: WeekPages) -> None:
    """Print the summary of a week and the path of its page."""
    document = pages.document
    console.print(_label(document))
    note = document.note
    console.print(Text(f"{pages.week}  {note.headline.text}", style="bold"))
    console.print(Text(note.so_what.text))
    ahead = [("What would change this", note.would_change), ("The week ahead", note.week_ahead)]
    for title, sentences in [*((part.title, part.sentences) for part in note.paragraphs), *ahead]:
        if sentences:
            told = Text(f"{title}. ", style="bold")
            told.append(" ".join(sentence.text for sentence in sentences), style="not bold")
            console.print(told)
    for table in document.section("sectors").tables:
        console.print(_table(table))
    missing = document.section("unknown").sentences
    if missing:
        console.print(Text("Not known this week", style="bold"))
        for sentence in missing:
            console.print(Text(f"  • {sentence.text}", style="dim"))
    # A path is copied or clicked: it must not be wrapped.
    console.print(Text(f"page: {pages.index_html}"), soft_wrap=True)


def _label(document: Document) -> Panel:
    style = "bold black on yellow" if document.is_simulated else "bold"
    text = Text(f"{document.source_title}\n", style=style)
    text.append(document.source_note, style="not bold" if not document.is_simulated else style)
    return Panel(text, style=style)


def _table(table: DocumentTable) -> Table:
    printed = Table(title=Text(table.title), title_justify="left", header_style="bold", pad_edge=False)
    for column in table.columns:
        printed.add_column(column.title, justify="right" if column.is_number else "left")
    for row in table.rows:
        printed.add_row(*(_cell(cell) for cell in row))
    return printed


def _cell(cell: Printed | str) -> Text:
    if isinstance(cell, Printed) and not cell.figure.is_known:
        return Text("–", style="dim")
    text = cell if isinstance(cell, str) else cell.text
    is_loss = isinstance(cell, Printed) and (cell.figure.number or 0) < 0
    return Text(text, style="red" if is_loss else "")
