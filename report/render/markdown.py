"""`summary.md`: the page as GitHub-flavoured Markdown, for chats and pull requests."""

import re

from report.document import Document, Section, Table
from report.formatting import Printed
from report.languages import speaking, translate
from report.render.charts import PICTURES
from report.text import Fragment

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(document: Document) -> str:
    """The document as Markdown, the same bytes for the same document."""
    with speaking(document.language):
        title = translate("Crypto regime, week {week}").replace("{week}", document.week.label)
        stop = translate(".")
        lines = [f"# {title}", "", f"> **{document.source_title}{stop}** {document.source_note}", ""]
        for section in document.sections:
            lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def escape(name: str) -> str:
    """A foreign name as plain text: no markup, no link, no mention, no table cell of its own."""
    text = "".join(_ENTITIES.get(c, c) for c in name)
    text = re.sub(r"([\\`*_{}\[\]()#+!|~@$])", r"\\\1", text)
    # GitHub links bare addresses even in plain text: break what makes them one.
    return re.sub(r"(?i)(www)\.|://", lambda m: f"{m[1]}\\." if m[1] else "\\://", text)


def _section(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    if section.note:
        lines += [f"*{_text(section.note)}*", ""]
    lines += [f"- {_text(sentence.fragments)}" for sentence in section.sentences]
    if section.sentences:
        lines.append("")
    for chart in section.charts:
        if chart.id in PICTURES:
            lines += [f"[{translate('Chart: ')}{_text(chart.title)}](charts/{chart.id}.png)", ""]
    for table in section.tables:
        lines += [*_table(table), ""]
    return lines


def _table(table: Table) -> list[str]:
    return [
        f"**{table.title}** — {_text(table.caption)}",
        "",
        "| " + " | ".join(column.title for column in table.columns) + " |",
        "|" + "|".join(" ---: " if column.is_number else " --- " for column in table.columns) + "|",
        *("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table.rows),
    ]


def _text(fragments: tuple[Fragment, ...]) -> str:
    return "".join(_fragment(fragment) for fragment in fragments)


def _fragment(fragment: Fragment) -> str:
    if isinstance(fragment, str):
        return fragment
    if isinstance(fragment, Printed) and isinstance(fragment.figure.value, str):
        return escape(fragment.text)
    return fragment.text


def _cell(cell: Printed | str) -> str:
    if isinstance(cell, Printed) and not cell.figure.is_known:
        return "–"
    return _fragment(cell)
