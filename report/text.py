"""Sentences: plain words with figures set into them.

Belongs here: composing a text from fragments, and the sentence that says that something is not known.
Does not: which sentence is said when (sections/), how a medium prints it (render/).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from string import Formatter

from report.figures import Figure
from report.formatting import Printed, show
from report.weeks import WEEKDAYS, Week, day_in_words


@dataclass(frozen=True)
class Day:
    """A day that the week itself declares (its edges), so that no mart need back it."""

    day: date
    with_weekday: bool = False

    @property
    def text(self) -> str:
        """`Sunday 23 November 2025`."""
        weekday = f"{WEEKDAYS[self.day.weekday()]} " if self.with_weekday else ""
        return weekday + day_in_words(self.day)


@dataclass(frozen=True)
class WeekLabel:
    """The week's own name."""

    week: Week

    @property
    def text(self) -> str:
        """`2025-W47`."""
        return self.week.label


Fragment = str | Printed | Day | WeekLabel
Part = Figure | Fragment | Sequence["Part"]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a page. `rule` says which rule spoke, `id` (S01, S02, …) its place on the page."""

    rule: str
    fragments: tuple[Fragment, ...]
    id: str = ""

    @property
    def text(self) -> str:
        """The sentence as plain text."""
        return plain(self.fragments)

    @property
    def evidence(self) -> tuple[Figure, ...]:
        """The figures that the sentence states, each once."""
        return figures_of(self.fragments)


@dataclass(frozen=True)
class Gap:
    """Something that is not known: said briefly where it is missed, and with its reason at the end of the page."""

    brief: Sentence
    reason: Sentence


def plain(fragments: tuple[Fragment, ...]) -> str:
    """The fragments as one plain text."""
    return "".join(fragment if isinstance(fragment, str) else fragment.text for fragment in fragments)


def figures_of(fragments: tuple[Fragment, ...]) -> tuple[Figure, ...]:
    """The figures printed in the fragments, each once, in their order."""
    return tuple(dict.fromkeys(f.figure for f in fragments if isinstance(f, Printed)))


def compose(template: str, **parts: Part) -> tuple[Fragment, ...]:
    """The template with its named parts set in; a bare figure is shown in its unit's own way."""
    fragments: list[Fragment] = []
    for words, name, _, _ in Formatter().parse(template):
        if words:
            fragments.append(words)
        if name is not None:
            fragments.extend(_fragments(parts[name]))
    return tuple(fragments)


def say(rule: str, template: str, **parts: Part) -> Sentence:
    """A sentence by rule `rule`, from a template whose figures are named parts."""
    return Sentence(rule, compose(template, **parts))


def gap(rule: str, subject: str, missing: Figure, reason: str, **parts: Part) -> Gap:
    """Say that `subject` is not known, because `missing` has no value, for the reason given."""
    return Gap(
        brief=say(rule, f"{subject}: {{missing}}.", missing=missing, **parts),
        reason=say(rule, f"{subject}: {{missing}}; {reason}.", missing=missing, **parts),
    )


def series(parts: Sequence[Part]) -> list[Part]:
    """Parts as a list in words: a, b and c."""
    joined: list[Part] = []
    for position, part in enumerate(parts):
        if position:
            joined.append(" and " if position == len(parts) - 1 else ", ")
        joined.append(part)
    return joined


def has_digit(text: str) -> bool:
    """True if the text holds a digit of any script."""
    return re.search(r"\d", text) is not None


def _fragments(part: Part) -> list[Fragment]:
    if isinstance(part, Figure):
        return [show(part)]
    if isinstance(part, str | Printed | Day | WeekLabel):
        return [part]
    return [fragment for item in part for fragment in _fragments(item)]
