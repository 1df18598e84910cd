"""`regime check`: what somebody's market note claims of a week, held against the published marts."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from regime import weeks
from regime.commands.sql import open_published
from regime.errors import BadInput
from regime.output import as_file
from report.claims.checking import Checked, check_note
from report.claims.judgement import Judged
from report.claims.note import LARGEST_BYTES, NoteError, read_note
from report.claims.telling import verdict_in_words, what_the_data_say, why_left, why_not
from report.claims.terminal import print_checked
from report.languages import LANGUAGES, Language, speaking
from warehouse.home import Home
from warehouse.untrusted import one_line

FORMATS = ("table", "json")
# The exit code where the data contradict a claim; 2 is for input that cannot be used, as for every command.
CONTRADICTED = 1


def check(path: str, week: str | None, language: str | None, format: str = "table", out: TextIO | None = None) -> int:
    """Print the claims of a note with their verdicts. The exit code: 0, or CONTRADICTED if a claim is."""
    if format not in FORMATS:
        raise BadInput(f"--format {one_line(format, 40)} is none of {', '.join(FORMATS)}")
    if language is not None and language not in LANGUAGES:
        raise BadInput(f"--language {one_line(language, 20)} is none of {', '.join(LANGUAGES)}")
    asked = weeks.parse(week) if week else None
    name = "the note on stdin" if path == "-" else one_line(path, 200)
    try:
        note = read_note(_content(path), path)
        with open_published(Home.at()) as connection:
            checked = check_note(connection, note, asked)
    except NoteError as error:
        raise BadInput(f"{name}: {error}") from None
    spoken: Language = next((one for one in LANGUAGES if one == language), note.language)
    out = out or sys.stdout
    with speaking(spoken):
        if format == "json":
            as_file(out).write(json.dumps(_as_json(checked, spoken), indent=1, default=str, ensure_ascii=False) + "\n")
        else:
            print_checked(Console(file=out, highlight=False), checked)
    return CONTRADICTED if checked.count("contradicted") else 0


def _content(path: str) -> bytes:
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except IsADirectoryError:
        raise BadInput(f"{one_line(path, 200)} is a directory; give a note in it") from None
    except OSError as error:
        raise BadInput(f"{one_line(path, 200)} cannot be read: {error.strerror}; give a note, or - for stdin") from None


def _as_json(checked: Checked, language: Language) -> dict[str, Any]:
    return {
        "week": str(checked.week),
        "week_from": "asked" if checked.is_week_given else checked.week_from or "last published",
        "source": checked.source,
        "is_simulated": checked.is_simulated,
        "language": language,
        "counts": checked.counts,
        "claims": [
            {"line": one.sentence.line, "sentence": one.sentence.text, **_claim_as_json(one.judged)}
            for one in checked.found
        ],
        "not_understood": [
            {"line": one.sentence.line, "text": one.unread.text, "reason": one.unread.reason,
             "why": why_left(one.unread.reason, one.unread.words), "unknown_words": list(one.unread.words),
             "is_narrative": not one.unread.is_telling}
            for one in checked.left
        ],
    }  # fmt: skip


def _claim_as_json(judged: Judged) -> dict[str, Any]:
    claim = judged.claim
    figure = claim.figure
    return {
        "claim": claim.text,
        "rests_on": list(claim.rests_on),
        "shape": claim.shape,
        "quantity": claim.subject.quantity.quantity_id if claim.subject else
                    claim.statement.statement_id if claim.statement else None,
        "of": claim.subject.name if claim.subject else None,
        "figure": None if figure is None else {
            "value": figure.value, "unit": figure.unit, "within": figure.about if claim.is_about else figure.half,
        },
        "declared": dict(claim.declared),
        "verdict": judged.verdict,
        "verdict_in_words": verdict_in_words(judged.verdict),
        "data": what_the_data_say(judged),
        "reason": why_not(judged) or None,
        "readings": [
            {
                "table": held.reading.table, "key": dict(held.reading.key), "column": held.reading.column,
                "window_id": held.reading.window_id or None, "convention": held.reading.convention or None,
                "span": held.reading.span or None, "is_default": held.reading.is_default,
                "value": held.reading.value, "value_a_week_before": held.reading.before, "unit": held.reading.unit,
                "compared": held.shows, "holds": held.holds, "missing": held.reading.missing or None,
            }
            for held in judged.held
        ],
    }  # fmt: skip
