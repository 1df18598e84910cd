"""A fact of the week: how it is said, and how unusual it was, in bits, so that facts of all kinds can be ranked.

A bit is one halving of probability: what happens one week in eight has three. Nothing of this is printed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from report.figures import Figure
from report.marts import Row
from report.text import Fragment, Sentence, Unknown

# No history of ours can tell one week in sixty from one in six hundred.
MOST_BITS = 6.0
# What has no measure of its own is as unusual as one week in three.
USUAL_BITS = 1.6
# An ordinary week's move of the market.
WEEKLY_SD_PCT = 6.0


@dataclass(frozen=True)
class Clause:
    """A fact as part of a headline, after "as". `tone` is -1 for what weighs on prices, 1 for what lifts them."""

    text: tuple[Fragment, ...]
    tone: int


@dataclass(frozen=True)
class Fact:
    """A sentence, its surprise, and how much a desk cares for its subject (1 is ordinary); some make a headline too."""

    sentence: Sentence
    surprise_bits: float
    weight: float = 1.0
    clause: Clause | None = None

    @property
    def score(self) -> float:
        """What facts are ranked by."""
        return self.surprise_bits * self.weight


def told(facts: Sequence[Fact | Unknown], most: int) -> tuple[Sentence, ...]:
    """The sentences of the `most` highest facts, highest first, then briefly what is not known."""
    known = sorted((fact for fact in facts if isinstance(fact, Fact)), key=lambda fact: -fact.score)
    missing = [fact.brief for fact in facts if isinstance(fact, Unknown)]
    return (*(fact.sentence for fact in known[: max(most - len(missing), 1)]), *missing[:most])


def bits_of_percentile(percentile: Figure) -> float:
    """Of a share of earlier values below: both tails count alike. 0 where it is not known."""
    share = percentile.number
    if share is None:
        return 0.0
    tail = 2 * min(share, 1 - share)
    return min(-math.log2(max(tail, 2**-MOST_BITS)), MOST_BITS)


def bits_of_absence(row: Row) -> float:
    """Of "for the first time since": the logarithm of the weeks since. 0 where it is not known."""
    today, since = row.figure("value_date").value, row.figure("first_since_date").value
    if not (isinstance(today, date) and isinstance(since, date)):
        return 0.0
    return min(math.log2(max((today - since).days / 7, 1)), MOST_BITS)


def bits_of_sds(sds: float) -> float:
    """Of a move in standard deviations, as if such moves were normal."""
    return min(-math.log2(max(math.erfc(abs(sds) / math.sqrt(2)), 2**-MOST_BITS)), MOST_BITS)
