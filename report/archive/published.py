"""The weeks that lie in a report directory, read back from their own pages: what was published is what they say."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.figures import clean_name
from warehouse.week import Week, WeekError

SUMMARY = "summary.json"
PAGE = "index.html"
# Lines of the headline are sentences of ours around foreign names; whoever edits them is not stopped by our limits.
LONGEST_LINE = 600
_LABEL = re.compile(r"\d{4}-W\d{2}", re.ASCII)
_LANGUAGE = re.compile(r"index\.([a-z]{2})\.html", re.ASCII)


@dataclass(frozen=True)
class PublishedWeek:
    """A published week in short. All texts are clean for one line, and not escaped for any medium.

    `verdict` is None where the page says none; `states` are in the page's order. A page that cannot be read has no
    lines, and `is_readable` is False.
    """

    week: Week
    source: str
    is_simulated: bool
    verdict: str | None
    states: tuple[tuple[str, str | None], ...]
    headline: tuple[str, ...]
    languages: tuple[str, ...]
    is_readable: bool = True

    @property
    def label(self) -> str:
        """`2025-W47`."""
        return self.week.label


def published_weeks(reports: Path) -> list[PublishedWeek]:
    """All weeks with a directory in `reports`, oldest first."""
    return [_read(week, reports / label) for label in week_labels(reports) if (week := week_of(label)) is not None]


def week_labels(reports: Path) -> list[str]:
    """The names of all weeks with a directory in `reports`, oldest first."""
    return sorted(path.name for path in reports.iterdir() if path.is_dir() and week_of(path.name) is not None)


def week_of(label: str) -> Week | None:
    """The week of this name; None where there is none."""
    try:
        return Week.parse(label) if _LABEL.fullmatch(label) else None
    except WeekError:
        return None


def summary_of(directory: Path) -> dict[str, Any] | None:
    """A week's `summary.json`; None where it is missing, or is no JSON object."""
    try:
        content = json.loads((directory / SUMMARY).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def verdict_in(summary: Mapping[str, Any] | None) -> str | None:
    """The verdict that a summary states; in those of older versions it stands only in the headline's evidence."""
    regime = (summary or {}).get("regime")
    if isinstance(regime, dict):
        return _string(regime.get("verdict"))
    return next((_string(e.get("value")) for e in _evidence(summary) if e.get("column") == "verdict"), None)


def _read(week: Week, directory: Path) -> PublishedWeek:
    summary = summary_of(directory)
    content = summary or {}
    verdict = verdict_in(content)
    pages = sorted(path.name for path in directory.iterdir())
    return PublishedWeek(
        week,
        source=clean_name(_string(content.get("source")) or "unknown source"),
        # What cannot be read is no proof that it happened.
        is_simulated=content.get("is_simulated") is not False,
        verdict=None if verdict is None else clean_name(verdict),
        states=_states(content),
        headline=tuple(clean_name(text, LONGEST_LINE) for text in _headline(content)),
        languages=tuple(found[1] for name in pages if (found := _LANGUAGE.fullmatch(name))),
        is_readable=summary is not None,
    )


def _states(summary: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    regime = summary.get("regime")
    states = regime.get("states") if isinstance(regime, dict) else None
    if isinstance(states, dict):
        told = [(name, _string(state)) for name, state in states.items()]
    else:
        columns = [(str(e.get("column")), _string(e.get("value"))) for e in _evidence(summary)]
        told = [(column.removesuffix("_state"), state) for column, state in columns if column.endswith("_state")]
    return tuple((clean_name(name), None if state is None else clean_name(state)) for name, state in told)


def _evidence(summary: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The evidence of an older headline's first line, as far as it is of the regime."""
    for sentence in _sentences(summary or {})[:1]:
        evidence = sentence.get("evidence")
        if isinstance(evidence, list):
            return [e for e in evidence if isinstance(e, dict) and e.get("table") == "regime_weekly"]
    return []


def _headline(summary: Mapping[str, Any]) -> list[str]:
    return [text for sentence in _sentences(summary) if (text := _string(sentence.get("text"))) is not None]


def _sentences(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The note's headline and so-what and its paragraphs; of older versions, the headline in five lines."""
    note = summary.get("note")
    if isinstance(note, dict):
        parts = note.get("paragraphs")
        told = [said for part in _list(parts) if isinstance(part, dict) for said in _list(part.get("sentences"))]
        return [s for s in (note.get("headline"), note.get("so_what"), *told) if isinstance(s, dict)]
    sections = summary.get("sections")
    for section in sections if isinstance(sections, list) else []:
        if isinstance(section, dict) and section.get("id") == "headline":
            return [s for s in _list(section.get("sentences")) if isinstance(s, dict)]
    return []


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None
