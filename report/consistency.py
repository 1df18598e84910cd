"""Sentences beside each other: what one claims, no other and no mart may contradict."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from report.days import PAGES_WINDOW, WINDOWS
from report.document import Document
from report.errors import InconsistentTextError
from report.figures import Figure
from report.languages import translate
from report.marts import Row
from report.text import Claim, Sentence

# Effects add up to this, relative to the largest of them.
RELATIVE_TOLERANCE = 1e-6
# Anything may be the first of its kind for a week or two.
LEAST_DAYS_SINCE = 28


@dataclass(frozen=True)
class Extreme(Claim):
    """`name` (as the mart has it) has the highest or the lowest `value` of all `among`, in one window."""

    measure: str
    side: Literal["highest", "lowest"]
    name: str
    value: Figure
    among: tuple[Figure, ...]

    @property
    def told(self) -> str:
        """The claim in words, for who has to mend it."""
        return f"{self.name} is the {self.side} of {self.measure}"

    def faults(self) -> Iterator[str]:
        """The value is the extreme of those it was compared with."""
        numbers = [figure.number for figure in self.among if figure.number is not None]
        if self.value.number is None or not numbers:
            yield f"nothing is known of what it calls {self.side} in {self.measure}"
        elif self.value.number != (max(numbers) if self.side == "highest" else min(numbers)):
            yield f"{self.name} is not the {self.side} in {self.measure}"
        if any(figure.window_id != self.value.window_id for figure in self.among):
            yield f"it compares {self.measure} across windows"


@dataclass(frozen=True)
class Direction(Claim):
    """The text says that `value` is a rise (or a fall)."""

    value: Figure
    is_rise: bool

    def faults(self) -> Iterator[str]:
        """The sign is as said; what is 0 is neither."""
        number = self.value.number
        if number is None or (number > 0) != self.is_rise or number == 0:
            yield f"{self.value.table}.{self.value.column} is {number}, and no {'rise' if self.is_rise else 'fall'}"


@dataclass(frozen=True)
class Below(Claim):
    """The text says that `value` lies below `level`, or above it."""

    value: Figure
    level: Figure
    is_below: bool

    def faults(self) -> Iterator[str]:
        """It lies on the side that was said."""
        value, level = self.value.number, self.level.number
        if value is None or level is None or (value < level) != self.is_below or value == level:
            side = "below" if self.is_below else "above"
            yield f"{self.value.table}.{self.value.column} is {value}, and not {side} {level}"


@dataclass(frozen=True)
class Equal(Claim):
    """The text says in words that `value` is `number`: all, none."""

    value: Figure
    number: float

    def faults(self) -> Iterator[str]:
        """It is."""
        if self.value.number != self.number:
            yield f"{self.value.table}.{self.value.column} is {self.value.number}, and not {self.number:g}"


@dataclass(frozen=True)
class FirstSince(Claim):
    """The text says that something had not been since a day long before."""

    since: Figure
    today: date

    def faults(self) -> Iterator[str]:
        """The day is known, and four weeks or more before."""
        value = self.since.value
        if not isinstance(value, date) or (self.today - value).days < LEAST_DAYS_SINCE:
            yield f"{self.since.table}.{self.since.column} is {value}, and nothing is the first since then"


@dataclass(frozen=True)
class Sum(Claim):
    """The text says that `parts` make up `total`."""

    total: Figure
    parts: tuple[Figure, ...]

    def faults(self) -> Iterator[str]:
        """They do, to a millionth of the largest, and all of them are of one window."""
        numbers = [figure.number for figure in (self.total, *self.parts)]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            yield f"a part of {self.total.column} is not known"
        elif abs(sum(known[1:]) - known[0]) > RELATIVE_TOLERANCE * max(map(abs, known), default=0.0):
            yield f"its parts add up to {sum(known[1:]):g}, and {self.total.column} is {known[0]:g}"
        if any(part.window_id != self.total.window_id for part in self.parts):
            yield f"it adds up {self.total.column} across windows"


def figures(rows: Sequence[Row], column: str) -> tuple[Figure, ...]:
    """A column of some rows, as what an extreme was chosen among."""
    return tuple(row.figure(column) for row in rows)


def extremes(measure: str, rows: Sequence[Row], name: str, column: str) -> list[Extreme]:
    """That the ends of rows in order of `column` are the highest and the lowest; nothing for one row alone."""
    ends = [row for row in (*rows[:1], *rows[-1:]) if row.figure(column).is_known]
    if len(rows) < 2 or len(ends) < 2:
        return []
    low, high = sorted(ends, key=lambda row: row.figure(column).number or 0.0)
    among = figures(rows, column)
    return [
        Extreme(measure, "highest", high.text(name), high.figure(column), among),
        Extreme(measure, "lowest", low.text(name), low.figure(column), among),
    ]


def check(document: Document) -> None:
    """Raise `InconsistentTextError` for the first sentence that a mart, or another sentence, contradicts."""
    sentences = document.sentences
    for chart in document.charts:
        for fault in (fault for claim in chart.claims for fault in claim.faults()):
            raise InconsistentTextError(f"the title of chart {chart.id} contradicts a mart: {fault}; correct its rule")
    for sentence in sentences:
        for claim in sentence.claims:
            for fault in claim.faults():
                raise InconsistentTextError(f"{_called(sentence)} contradicts a mart: {fault}; correct its rule")
    _check_windows(sentences)


def _check_windows(sentences: Iterable[Sentence]) -> None:
    """No two sentences contradict each other about who was first or last.

    In two windows that may well be so; then whoever speaks of another than the page's own has to name it.
    """
    said = [(claim, s) for s in sentences for claim in s.claims if isinstance(claim, Extreme)]
    for (one, first), (other, second) in combinations(said, 2):
        # Two cannot both be lowest, and one cannot be lowest and highest.
        if one.measure != other.measure or (one.side == other.side) == (one.name == other.name):
            continue
        if one.value.window_id == other.value.window_id:
            raise InconsistentTextError(
                f"{_called(first)} and {_called(second)} contradict each other: {one.told} and {other.told}; "
                "correct a rule"
            )
        for claim, sentence in ((one, first), (other, second)):
            window = claim.value.window_id
            if window == PAGES_WINDOW:
                continue
            if window not in WINDOWS or translate(WINDOWS[window]) not in sentence.text:
                raise InconsistentTextError(
                    f"{_called(sentence)} says {claim.told} without naming its window, and another window says "
                    f"otherwise ({_called(second if sentence is first else first)}): name it"
                )


def _called(sentence: Sentence) -> str:
    return f"{sentence.id} ({sentence.rule})"
