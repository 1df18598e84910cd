"""`summary.json`: the page for machines, each sentence with the evidence that backs it."""

import json
from typing import Any

from report.document import Chart, Document, Note, Section, Table
from report.formatting import Printed
from report.text import Sentence, figures_of, plain


def render(document: Document) -> str:
    """The document as JSON, the same bytes for the same document."""
    return (
        json.dumps(
            {
                "$schema": "../summary.schema.json",
                "week": document.week.label,
                "week_start": document.week.start.isoformat(),
                "source": document.source,
                "is_simulated": document.is_simulated,
                "language": document.language,
                "regime": {
                    "verdict": document.verdict.plain_value() if document.verdict else None,
                    "states": {name: state.plain_value() for name, state in document.states},
                },
                "note": _note(document.note),
                "sections": [_section(section) for section in document.sections],
            },
            indent=1,
            allow_nan=False,
            # A file in Japanese is for people too: its words stand as they are read.
            ensure_ascii=document.language == "en",
        )
        + "\n"
    )


def _note(note: Note) -> dict[str, Any]:
    return {
        "headline": _sentence(note.headline),
        "so_what": _sentence(note.so_what),
        "paragraphs": [
            {"id": part.id, "title": part.title, "sentences": [_sentence(said) for said in part.sentences]}
            for part in note.paragraphs
        ],
        "would_change": [_sentence(said) for said in note.would_change],
        "week_ahead": [_sentence(said) for said in note.week_ahead],
    }


def _sentence(sentence: Sentence) -> dict[str, Any]:
    return {
        "id": sentence.id,
        "rule": sentence.rule,
        "text": sentence.text,
        "evidence": [figure.evidence() for figure in sentence.evidence],
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "note": plain(section.note),
        "sentences": [_sentence(sentence) for sentence in section.sentences],
        "on_demand": [_sentence(sentence) for sentence in section.on_demand],
        "charts": [_chart(chart) for chart in section.charts],
        "tables": [_table(table) for table in section.tables],
    }


def _chart(chart: Chart) -> dict[str, Any]:
    said = (*chart.title, *chart.subtitle, *chart.alt)
    return {
        "id": chart.id,
        "title": plain(chart.title),
        "subtitle": plain(chart.subtitle),
        "alt": plain(chart.alt),
        "source": chart.source,
        "evidence": [figure.evidence() for figure in figures_of(said)],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "id": table.id,
        "title": table.title,
        "caption": plain(table.caption),
        "columns": [column.title for column in table.columns],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
    }


def _cell(cell: Printed | str) -> dict[str, Any]:
    if isinstance(cell, str):
        return {"text": cell, "evidence": None}
    return {"text": cell.text, "evidence": cell.figure.evidence()}
