"""Sentences: plain words with figures set into them.

Templates are literals where they are said: they are the keys of the catalogues (languages/).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from string import Formatter

from report.days import day_in_words
from report.figures import Figure
from report.formatting import Printed, show
from report.languages import Language, speaking, spoken, translate
from warehouse.week import Week


@dataclass(frozen=True)
class Day:
    """A day that the week itself declares (its edges), so that no mart need back it."""

    day: date
    with_weekday: bool = False
    language: Language = field(default_factory=spoken)

    @property
    def text(self) -> str:
        """`Sunday 23 November 2025`, in the language that was spoken when it was said."""
        with speaking(self.language):
            return day_in_words(self.day, with_weekday=self.with_weekday)


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


class Claim:
    """What a sentence says beyond its figures (consistency.py has the kinds)."""

    def faults(self) -> Iterator[str]:
        """What contradicts it, in words; nothing where it holds."""
        raise NotImplementedError


@dataclass(frozen=True)
class Sentence:
    """One sentence of a page. `rule` says which rule spoke, `id` (S01, S02, …) its place on the page.

    What its words claim beyond its figures (that one is the lowest, that parts add up) stands in `claims`.
    """

    rule: str
    fragments: tuple[Fragment, ...]
    id: str = ""
    claims: tuple[Claim, ...] = ()

    def claiming(self, *claims: Claim) -> "Sentence":
        """The same sentence, which is known to claim that too."""
        return replace(self, claims=(*self.claims, *claims))

    @property
    def text(self) -> str:
        """The sentence as plain text."""
        return plain(self.fragments)

    @property
    def evidence(self) -> tuple[Figure, ...]:
        """The figures that the sentence states, each once."""
        return figures_of(self.fragments)


@dataclass(frozen=True)
class Unknown:
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
    """The template, in the language spoken, with its named parts set in; a bare figure is shown in its unit's own way.

    A part that is plain words is a template itself; what stands in a sequence was composed before.
    """
    fragments: list[Fragment] = []
    for words, name, _, _ in Formatter().parse(translate(template)):
        if words:
            fragments.append(words)
        if name is not None:
            part = parts[name]
            fragments.extend(compose(part) if isinstance(part, str) else _fragments(part))
    return tuple(fragments)


def say(rule: str, template: str, **parts: Part) -> Sentence:
    """A sentence by rule `rule`, from a template whose figures are named parts."""
    return Sentence(rule, compose(template, **parts))


def unknown(rule: str, subject: str, missing: Figure, reason: str, **parts: Part) -> Unknown:
    """Say that `subject` is not known, because `missing` has no value, for the reason given."""
    about = compose(subject, **parts)
    return Unknown(
        brief=say(rule, "{subject}: {missing}.", subject=about, missing=missing),
        reason=say(
            rule, "{subject}: {missing}; {reason}.", subject=about, missing=missing, reason=compose(reason, **parts)
        ),
    )


def counted(figure: Figure, one: str, many: str) -> tuple[Fragment, ...]:
    """The count and what it counts: `{count} venue`, `{count} venues`."""
    return compose(one if figure.value == 1 else many, count=figure)


def series(parts: Sequence[Part]) -> tuple[Fragment, ...]:
    """Parts as a list in words: a, b and c."""
    commas, last = translate(", "), translate(" and ")
    joined: list[Part] = []
    for position, part in enumerate(parts):
        if position:
            joined.append(last if position == len(parts) - 1 else commas)
        joined.append(part)
    return tuple(_fragments(joined))


def clauses(parts: Sequence[Part]) -> tuple[Fragment, ...]:
    """Parts as the clauses of one line: a; b; c."""
    glue = translate("; ")
    return tuple(f for position, part in enumerate(parts) for f in ([glue] if position else []) + _fragments(part))


def has_digit(text: str) -> bool:
    """True if the text holds a digit of any script."""
    return re.search(r"\d", text) is not None


def _fragments(part: Part) -> list[Fragment]:
    if isinstance(part, Figure):
        return [show(part)]
    if isinstance(part, str | Printed | Day | WeekLabel):
        return [part]
    return [fragment for item in part for fragment in _fragments(item)]
