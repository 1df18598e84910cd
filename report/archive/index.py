"""The archive: all weeks that lie in a report directory, on one page, in two feeds, in one chain.

Computes nothing: it says what pages say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup

from report.archive import chain, feeds
from report.archive.feeds import Entry, verdict_in_words
from report.archive.published import PAGE, PublishedWeek, published_weeks
from report.days import day_in_words
from report.document import SOURCE_LABELS
from report.files import write_whole
from report.formatting import in_words, moment_in_words
from report.render.environment import TEMPLATES, environment, policy_hash
from report.render.typography import typeset_plain
from warehouse.week import Week

SCHEMA = "summary.schema.json"
LINES_SHOWN = 3
LANGUAGES = {"ja": "日本語"}

# How far a state lies from the middle of its own scale, as the seed of the rules has it: only for its colour.
LEVELS = {
    "reset": -2, "deleveraging": -1, "building": 1, "over_levered": 2,
    "negative": -2, "below_neutral": -1,
    "perp_led": -1, "balanced": 0, "spot_led": 1,
    "compressed": -1, "elevated": 1, "stressed": 2,
    "decoupling": -1, "systemic": 1,
    "broad_risk_off": -1, "mixed": 0, "broad_risk_on": 1,
    "headwind": -1, "tailwind": 1,
    "neutral": 0, "normal": 0,
}  # fmt: skip
# The desk's words from fear to greed.
VERDICT_LEVELS = {
    "capitulation": -2, "deleveraging": -1, "risk_off": -1, "reset_consolidation": -1,
    "range": 0, "recovery": 1, "risk_on": 1, "euphoria": 2,
}  # fmt: skip
_TONES = {-2: "low2", -1: "low1", 0: "middle", 1: "high1", 2: "high2"}


def write_archive(
    reports: Path,
    weeks: Sequence[Week],
    as_of: datetime,
    recorded_at: datetime,
    labels: Mapping[str, Any] | None = None,
) -> None:
    """Record the `weeks` just written in the chain, then write page, feeds and schema over all weeks.

    Unchanged weeks change no byte: every moment that is shown is one of the chain's.
    """
    chain.record(reports, [week.label for week in weeks], as_of=as_of, recorded_at=recorded_at, labels=labels)
    for name, content in files(reports).items():
        write_whole(reports / name, content)


def files(reports: Path) -> dict[str, bytes]:
    """What stands beside the weeks, the chain aside: it follows from their pages and the chain alone."""
    weeks = list(reversed(published_weeks(reports)))
    entries = _entries(reports, weeks)
    return {
        PAGE: _page(entries),
        feeds.ATOM: feeds.atom(entries),
        feeds.JSON: feeds.json_feed(entries),
        SCHEMA: (Path(__file__).parent / SCHEMA).read_bytes(),
    }


def _entries(reports: Path, weeks: Sequence[PublishedWeek]) -> list[Entry]:
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    as_of: dict[str, str | None] = {}
    for line in chain.entries(reports):
        if _is_moment(line.recorded_at):
            first.setdefault(line.week, line.recorded_at)
            last[line.week] = line.recorded_at
            as_of[line.week] = line.as_of if line.as_of and _is_moment(line.as_of) else None
    return [
        Entry(
            week,
            first.get(week.label, _end_of(week)),
            last.get(week.label, _end_of(week)),
            as_of.get(week.label),
        )
        for week in weeks
    ]


def _end_of(week: PublishedWeek) -> str:
    """For a week that the chain does not tell of: a moment that at least does not move."""
    return f"{week.week.end.isoformat()}T00:00:00Z"


def _is_moment(text: str) -> bool:
    try:
        return text.endswith("Z") and datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False


def _page(entries: Sequence[Entry]) -> bytes:
    style = (TEMPLATES / "archive.css").read_text(encoding="utf-8")
    weeks = [entry.week for entry in entries]
    made = environment(said=in_words, day=day_in_words, moment=_moment, typeset=typeset_plain)
    page = made.get_template("archive.html.j2").render(
        entries=entries,
        labels=_labels(weeks),
        is_simulated=any(week.is_simulated for week in weeks),
        dimensions=list(dict.fromkeys(name for week in weeks for name, _ in week.states)),
        tone=_tone,
        verdict_tone=_verdict_tone,
        verdict_in_words=verdict_in_words,
        lines_shown=LINES_SHOWN,
        languages=LANGUAGES,
        style=Markup(style),
        policy=f"default-src 'none'; style-src '{policy_hash(style.encode())}'; base-uri 'none'; form-action 'none'",
    )
    return page.encode()


def _moment(told: str) -> str:
    """A moment of the chain for people, to the minute."""
    return moment_in_words(datetime.fromisoformat(told).replace(tzinfo=None))


def _labels(weeks: Sequence[PublishedWeek]) -> list[tuple[str, str, str]]:
    """Class, title and note of each source that a week comes from; a home has one."""
    known = {kind: (kind, *label) for kind, label in SOURCE_LABELS.items() if any(w.source == kind for w in weeks)}
    if any(week.is_simulated for week in weeks) and "simulated" not in known:
        known["simulated"] = ("simulated", *SOURCE_LABELS["simulated"])
    return list(known.values())


def _tone(state: str | None) -> str:
    level = LEVELS.get(state or "")
    return "none" if level is None else _TONES[level]


def _verdict_tone(verdict: str | None) -> str:
    level = VERDICT_LEVELS.get(verdict or "")
    return "none" if level is None else _TONES[level]
