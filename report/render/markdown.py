"""`summary.md`: the page as GitHub-flavoured Markdown, for chats and pull requests."""

import re

from report.document import Document, Section, Table
from report.formatting import Printed
from report.languages import file_name, speaking, spoken, translate
from report.render.charts import PICTURES
from report.text import Fragment, Sentence

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(document: Document) -> str:
    """The document as Markdown, the same bytes for the same document."""
    with speaking(document.language):
        note, stop = document.note, translate(".")
        week = translate("Crypto weekly, {week}").replace("{week}", document.week.label)
        lines = [f"# {_text(note.headline.fragments)}", "", f"*{week}*", ""]
        lines += [f"> **{document.source_title}{stop}** {document.source_note}", ""]
        lines += [f"**{_text(note.so_what.fragments)}**", ""]
        for part in note.paragraphs:
            lines += _paragraph(part.title, part.sentences)
        lines += _paragraph(translate("What would change this"), note.would_change)
        lines += _paragraph(translate("The week ahead"), note.week_ahead)
        lines += ["---", ""]
        for section in document.sections:
            lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def escape(name: str) -> str:
    """A foreign name as plain text: no markup, no link, no mention, no table cell of its own."""
    text = "".join(_ENTITIES.get(c, c) for c in name)
    text = re.sub(r"([\\`*_{}\[\]()#+!|~@$])", r"\\\1", text)
    # GitHub links bare addresses even in plain text: break what makes them one.
    return re.sub(r"(?i)(www)\.|://", lambda m: f"{m[1]}\\." if m[1] else "\\://", text)


def _paragraph(title: str, sentences: tuple[Sentence, ...]) -> list[str]:
    if not sentences:
        return []
    return [f"**{title}{translate('.')}** {translate(' ').join(_text(said.fragments) for said in sentences)}", ""]


def _section(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    if section.note:
        lines += [f"*{_text(section.note)}*", ""]
    lines += [f"- {_text(sentence.fragments)}" for sentence in section.all_sentences]
    if section.all_sentences:
        lines.append("")
    for chart in section.charts:
        if chart.id in PICTURES:
            picture = file_name(f"{chart.id}.png", spoken())
            lines += [f"[{translate('Chart: ')}{_text(chart.title)}](charts/{picture})", ""]
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
