"""What the published pages say, as rows: each sentence with its evidence, so that SQL alone can check the text.

The summaries are the truth: pages of older weeks are carried along, and what they say was written by older
publications.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

_log = logging.getLogger(__name__)

SUMMARIES = "summary*.json"
TABLE = "raw.summary_sentences"


@dataclass(frozen=True)
class SentenceRow:
    """One sentence of a page, as raw.summary_sentences has it: the same columns in the same order."""

    week_start: date
    language: str
    sentence_id: str
    section: str
    rule: str
    text: str
    evidence: str


def read_sentences(reports: Path) -> Iterator[SentenceRow]:
    """Every sentence of every page below `reports`, by week, language and place.

    A summary that somebody damaged has none, with a warning: an old page must not keep the new week from its readers.
    """
    for path in sorted(reports.glob(f"*/{SUMMARIES}")):
        try:
            found = list(_sentences(json.loads(path.read_bytes())))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            name = f"{path.parent.name}/{path.name}"
            _log.warning("%s cannot be read (%r): its sentences are in no table; publish that week again", name, error)
            continue
        yield from found


def put(connection: duckdb.DuckDBPyConnection, reports: Path) -> None:
    """Let a warehouse that nobody reads yet say what the pages below `reports` say, and nothing else."""
    rows = pd.DataFrame(list(read_sentences(reports)), columns=[field.name for field in fields(SentenceRow)])
    connection.register("sentences_of_pages", rows)
    connection.execute(f"delete from {TABLE}")
    connection.execute(f"insert into {TABLE} by name from sentences_of_pages")
    connection.unregister("sentences_of_pages")


def _sentences(summary: dict[str, Any]) -> Iterator[SentenceRow]:
    week, language = date.fromisoformat(summary["week_start"]), summary.get("language", "en")
    for section, sentence in _placed(summary):
        if not sentence["evidence"]:
            raise ValueError(f"{sentence['id']} has no evidence")
        evidence = json.dumps(sentence["evidence"], ensure_ascii=False, allow_nan=False)
        yield SentenceRow(week, language, sentence["id"], section, sentence["rule"], sentence["text"], evidence)


def _placed(summary: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each sentence with its section: `note` for the note, which summaries of older versions have not."""
    note = summary.get("note")
    if note is not None:
        paragraphs = [said for part in note["paragraphs"] for said in part["sentences"]]
        for sentence in (note["headline"], note["so_what"], *paragraphs, *note["would_change"], *note["week_ahead"]):
            yield "note", sentence
    for section in summary["sections"]:
        for sentence in (*section["sentences"], *section.get("on_demand", ())):
            yield section["id"], sentence
