"""What a clause is about: its names and its measure, or those of the clause before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from report.claims.catalogue import catalogue
from report.claims.claims import Claim, Reason, Subject
from report.claims.clauses import Clause

# Measures that are of a market, a bucket or everything where nothing is named.
_SUBJECT_OF_MEASURE = {"correlation": ("bucket", "all")}
_OF_PAIRS = ("average", "pairwise", "平均", "ペア", "銘柄間")
_OF_THE_MARKET = ("market_cap", "funding", "open_interest", "dispersion", "spot_share", "spot_volume", "perp_volume",
                  "long_liquidations", "short_liquidations")  # fmt: skip
_MEASURE_OF_MONEY = {"asset": "price", "market": "market_cap"}
MONEY = ("USD", "amount")


class Unreadable(Exception):
    """A clause is no claim that we can read; it says why, and is no fault."""

    def __init__(self, reason: Reason, words: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.words = tuple(words)


@dataclass(frozen=True)
class Context:
    """What the clause before leaves to this one."""

    subjects: tuple[Subject, ...] = ()
    move: int = 0
    last: Claim | None = None


def sign_of(value: object) -> int:
    """1 for up, positive, above and best, else −1."""
    return 1 if value in ("up", "positive", "above", "at_least", "best", "fell_less") else -1


def subjects_of(clause: Clause, context: Context, unit: str) -> list[Subject]:
    """What a clause is about: its names and its measure, or those of the clause before."""
    measures = cast("list[str]", clause.values("measure"))
    if len(measures) > 1:
        raise Unreadable("several subjects")
    names, measure = clause.names, measures[0] if measures else ""
    if not names and measure:
        said = clause.of("measure")[0].text.lower()
        if measure == "correlation" and not any(word in said for word in _OF_PAIRS):
            raise Unreadable("no known subject")  # of what with what?
        names = [_SUBJECT_OF_MEASURE.get(measure, ("market", "market"))]
        if measure not in (*_OF_THE_MARKET, *_SUBJECT_OF_MEASURE):
            raise Unreadable("no known subject")
    elif not names:
        names = [(subject.kind, subject.name) for subject in context.subjects]
        of_context = {subject.quantity.measure for subject in context.subjects} - {"price"}
        measure = of_context.pop() if len(of_context) == 1 else ""
    elif not measure and context.subjects and goes_on_with_moves(clause, context):
        measure = ""
    if len(names) > 1 and any(kind == "macro" for kind, _ in names):  # the market gives a cut a chance of 30%
        names = [name for name in names if name[0] != "market"]
    if measure == "correlation" and len(names) > 1:
        names = [name for name in names if name != ("bucket", "all")]
    if not names:
        raise Unreadable("no known subject")
    if len(names) > 1 and (len({kind for kind, _ in names}) > 1 or not _stand_together(clause)):
        raise Unreadable("several subjects")
    subjects = [subject_of(kind, name, measure, unit) for kind, name in names]
    if any(subject is None for subject in subjects):
        raise Unreadable("no known subject")
    return [subject for subject in subjects if subject is not None]


def subject_of(kind: str, name: str, measure: str, unit: str) -> Subject | None:
    """The subject of a kind, name and measure; an amount of money decides between a price and a return."""
    if not measure and unit in (*MONEY, "yen", "other money") and kind in _MEASURE_OF_MONEY:
        measure = _MEASURE_OF_MONEY[kind]
    quantity = catalogue().quantity(kind, name, measure)
    if quantity is None and measure == "market_cap" and kind == "market":
        return None
    return Subject(quantity, kind, name) if quantity else None


def only_one(subjects: list[Subject]) -> Subject:
    """The one subject there is; Unreadable if there are several."""
    if len(subjects) != 1:
        raise Unreadable("several subjects")
    return subjects[0]


def _stand_together(clause: Clause) -> bool:
    """Whether the clause's own names follow each other with nothing but small words between: AとBは."""
    places = [n for n, token in enumerate(clause.tokens) if token.kind == "name"]
    return (
        all(token.kind in ("name", "fill") for token in clause.tokens[places[0] : places[-1] + 1]) if places else True
    )


def are_moves(subjects: Sequence[Subject]) -> bool:
    """Whether all are changes over a week in percent."""
    return all(subject.quantity.kind == "move" and subject.quantity.unit == "percent" for subject in subjects)


def goes_on_with_moves(clause: Clause, context: Context) -> bool:
    """Whether a clause without a verb goes on where the one before spoke of moves: Layer 2 fell 14.9%, Gaming 12.0%."""
    return bool(context.move) and not clause.of("measure") and are_moves(context.subjects)
