"""A claim: what a clause says that can be held against rows; and what is read and is none, with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from report.claims.catalogue import Quantity, Statement
from report.claims.dates import Said
from report.claims.figures import Written

Shape = Literal[
    "value",  # stands at a figure
    "on_date",  # stood at a figure in a part of the past
    "bound",  # lies below or above a figure
    "change",  # moved by a figure
    "moved_beyond",  # moved by more or less than a figure
    "moved",  # rose or fell
    "sign",  # is negative or positive
    "rank",  # is the best or the worst of its kind
    "than",  # fell more than another
    "statement",  # is what words say
    "since",  # first, lowest, highest or longest since
    "not_held",  # of what no mart has
]

# Why a clause that speaks of what we know is no claim about the week.
Reason = Literal[
    "too long", "question", "forecast", "conditional", "negated", "denied", "quoted", "another time or measure",
    "unknown words", "no figure or direction", "no known subject", "several subjects", "several figures",
    "unit does not fit", "a date that belongs to nothing", "not a claim that we can read",
]  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What a claim is about: a quantity, and of which name."""

    quantity: Quantity
    kind: str
    name: str


@dataclass(frozen=True)
class Claim:
    """A claim. `direction` is 1 (up, above, positive, best) or −1; `declared` are the ways of reading that it names."""

    shape: Shape
    text: str
    rests_on: tuple[str, ...]
    subject: Subject | None = None
    other: Subject | None = None
    figure: Written | None = None
    is_about: bool = False
    direction: int = 0
    is_strict: bool = True
    move: int = 0  # 1 where it also says that it rose to there, −1 that it fell
    since: str = ""
    date: Said | None = None
    streak: int | None = None
    statement: Statement | None = None
    reason: str = ""
    declared: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unread:
    """A clause or sentence that is no claim that we can read, and why; `words` are those that are unknown.

    `is_telling`: it speaks of something that the catalogue has, or gives a figure; the rest is narrative.
    """

    text: str
    reason: Reason
    words: tuple[str, ...] = ()
    is_telling: bool = True
