"""Dates as notes write them, and what they may stand for: a day, a part of a month, a month, a year, a week."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.week import Week

_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if n}
_MONTHS |= {name.lower(): n for n, name in enumerate(calendar.month_abbr) if n} | {"sept": 9}
_NAMES = "|".join(sorted((name.capitalize() for name in _MONTHS), key=len, reverse=True))
_PART = r"(?P<part>early|mid|late|the (?:start|beginning|middle|end) of|(?:start|beginning|end) of)[ -]"
_PARTS = {"early": 0, "start": 0, "beginning": 0, "mid": 1, "middle": 1, "late": 2, "end": 2,
          "上旬": 0, "初め": 0, "初旬": 0, "はじめ": 0, "中旬": 1, "半ば": 1, "下旬": 2, "末": 2}  # fmt: skip

_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})-W(?P<week>\d{2})\b",
        r"[Ww]eek (?P<week>\d{1,2})(?:,? (?:of )?(?P<year>\d{4}))?\b",
        r"W(?P<week>\d{2})\b",
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)",
        r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})\b",
        rf"(?:{_PART})?(?P<name>{_NAMES})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}}))?",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<name>{_NAMES})\b\.?(?:,? (?P<year>\d{{4}}))?",
        rf"(?:{_PART})(?P<name>{_NAMES})\b\.?(?: (?P<year>\d{{4}}))?",
        rf"(?P<name>{_NAMES})\b\.?(?: (?P<year>\d{{4}}))?",
        r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日(?:\([月火水木金土日]\))?",
        r"(?:(?P<year>\d{4})年)?(?P<month>\d{1,2})月(?P<part>上旬|初め|初旬|はじめ|中旬|半ば|下旬|末)?",
        r"(?P<year>\d{4})年第(?P<week>\d{1,2})週",
        r"(?P<year>(?:19|20)\d{2})年",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])",
        r"\d{1,2}:\d{2}(?: ?UTC)?",
        r"[QＱ][1-4](?: (?P<year>\d{4}))?\b|[1-4]Q\b",
    )
)
_YEAR = re.compile(r"(?:19|20)\d{2}\b(?![.,%]\d|\s?(?:%|bn|tn|billion|trillion))")
_AFTER = re.compile(r"(?:\bin|\bsince|\bof|\buntil|\bbefore|\bafter) $", re.IGNORECASE)
_MAY = re.compile(r"(?:\bin|\bsince|\bof|\bearly|\bmid|\blate|\buntil|\bend) ?-?$", re.IGNORECASE)
# A span in one breath: the second day is what counts. 17–23 November 2025; November 17–23, 2025; 11月17日〜23日
_SPANS = (
    re.compile(rf"\d{{1,2}}\s?[–-]\s?(?P<day>\d{{1,2}}) (?P<name>{_NAMES})\.?,? (?P<year>\d{{4}})"),
    re.compile(rf"(?P<name>{_NAMES})\.? \d{{1,2}}\s?[–-]\s?(?P<day>\d{{1,2}}),? (?P<year>\d{{4}})"),
    re.compile(
        r"(?P<year>\d{4})年\d{1,2}月\d{1,2}日(?:\(.\))?\s?[〜~–-]\s?(?:(?P<month>\d{1,2})月)?(?P<day>\d{1,2})日"
    ),
)


@dataclass(frozen=True)
class Said:
    """A date as it is written: what is not said is None. `part` is 0, 1 or 2: the third of the month."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    part: int | None = None
    week: int | None = None
    text: str = ""

    def span(self, until: date) -> tuple[date, date] | None:
        """First and last day that it may stand for, the latest that begin no later than `until`; None if none can."""
        for year in (self.year,) if self.year else (until.year, until.year - 1):
            found = self._in(year)
            if found and found[0] <= until:
                return found
        return None

    def _in(self, year: int) -> tuple[date, date] | None:
        try:
            if self.week is not None:
                monday = date.fromisocalendar(year, self.week, 1)
                return monday, monday + timedelta(days=6)
            if self.month is None:
                return (date(year, 1, 1), date(year, 12, 31)) if self.year else None
            last = calendar.monthrange(year, self.month)[1]
            if self.day is not None:
                return date(year, self.month, self.day), date(year, self.month, self.day)
            thirds = ((1, 10), (11, 20), (21, last))
            first_day, last_day = thirds[self.part] if self.part is not None else (1, last)
            return date(year, self.month, first_day), date(year, self.month, last_day)
        except (ValueError, calendar.IllegalMonthError):
            return None


def find(text: str, start: int) -> tuple[Said, int] | None:
    """The date that begins at `start` and where it ends; None where none does."""
    if start and text[start - 1].isalnum() and text[start - 1].isascii() and text[start].isascii():
        return None
    for form in _FORMS:
        match = form.match(text, start)
        if match and not (_is_may(match) and not _MAY.search(text, 0, start)):
            return _said(match), match.end()
    match = _YEAR.match(text, start)
    if match and _AFTER.search(text, max(0, start - 8), start):
        return Said(year=int(match[0]), text=match[0]), match.end()
    return None


def _is_may(match: re.Match[str]) -> bool:
    """May is a month before a day, or after a word that asks for one; else it is a verb."""
    parts = match.groupdict()
    return parts.get("name") == "May" and not parts.get("day") and not parts.get("part") and not parts.get("year")


def _said(match: re.Match[str]) -> Said:
    parts = match.groupdict()

    def number(name: str) -> int | None:
        return int(parts[name]) if parts.get(name) else None

    month = number("month") or _MONTHS.get((parts.get("name") or "").lower())
    words = (parts.get("part") or "").split()
    part = next((_PARTS[word] for word in words if word in _PARTS), None)
    return Said(number("year"), month, number("day"), part, number("week"), match[0].strip())


def week_of_note(text: str) -> tuple[Week, str] | None:
    """The week that a note's opening says it is about, and the words that say so; None where it says none.

    A week's name counts, else the first day with its year. A note of Monday to Wednesday is about the week that has
    just ended; one of Thursday to Sunday about its own.
    """
    for pattern in (*_SPANS, None):
        found = pattern.search(text) if pattern else None
        if found:
            parts = found.groupdict()
            month = parts.get("month") or _MONTHS.get((parts.get("name") or "").lower())
            if month is None:
                month = next(iter(re.findall(r"(\d{1,2})月", found[0])), 1)
            said = Said(int(parts["year"]), int(month), int(parts["day"]), text=found[0])
            span = said.span(date.max)
            if span:
                return Week.of(span[1]), found[0]
    for start in range(len(text)):
        one = find(text, start) if text[start].isdigit() or text[start].isupper() or text[start] == "w" else None
        if one is None or one[0].year is None:
            continue
        said = one[0]
        span = said._in(said.year) if said.year else None
        if span and said.week is not None:
            return Week(span[0]), said.text
        if span and said.day is not None:
            day = span[0]
            return Week.of(day - timedelta(days=7) if day.weekday() <= 2 else day), said.text
    return None
