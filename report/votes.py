"""The week's votes: what backs each state of the regime, what hangs on one of them, and what words may claim of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from report.figures import Figure
from report.marts import Marts, Row
from report.text import Claim

STATES = {
    "leverage_state": "leverage",
    "funding_state": "funding",
    "flow_state": "flow",
    "volatility_state": "volatility",
    "correlation_state": "correlation",
    "breadth_state": "breadth",
    "macro_state": "macro",
}
UNDECIDED = "insufficient_data"
# A state needs votes of this weight; the evidence's weights stand in the mart.
NEEDED = 2.0
# Verdicts that say that the market rose, or fell: breadth must not say the opposite.
RISES, FALLS = ("risk_on", "recovery", "euphoria"), ("risk_off", "capitulation", "deleveraging")


@dataclass(frozen=True)
class Dimension:
    """One dimension's state, its level (0 is the middle), this week's votes, and a row for each state by its level."""

    name: str
    state: Figure
    level: int
    votes: tuple[Row, ...]
    known_states: dict[int, Row]

    def backing(self, level: int) -> list[Row]:
        """The votes that back the state at `level`: those for it, and for farther ones on its side of the middle."""
        if not level:
            return [row for row in self.votes if level_of(row) == 0]
        return [row for row in self.votes if abs(level_of(row)) >= abs(level) and level_of(row) * level > 0]

    @property
    def is_news(self) -> bool:
        """True if this week's own votes make the state; else it only stands by its wider leaving range."""
        return weight_of(self.backing(self.level)) >= NEEDED

    @property
    def deciding(self) -> list[Row]:
        """The votes each of which alone could end the state; none of a state in the middle, or of one held over."""
        backing = self.backing(self.level) if self.level else []
        weight = weight_of(backing)
        return [row for row in backing if weight >= NEEDED > weight - weight_of([row])]

    @property
    def one_vote_short(self) -> int | None:
        """The nearest level farther out that one more vote would make."""
        short = (level for level in self.farther if NEEDED - 1 <= weight_of(self.backing(level)) < NEEDED)
        return next(short, None)

    @property
    def farther(self) -> list[int]:
        """The levels farther out than the state, of the middle on both sides, the nearest first."""
        beyond = [n for n in self.known_states if abs(n) > abs(self.level) and n * self.level >= 0]
        return sorted(beyond, key=lambda n: (abs(n), n))


@dataclass(frozen=True)
class Backed(Claim):
    """The text tells a state as this week's: enough of this week's votes are for it."""

    dimension: Dimension

    def faults(self) -> Iterator[str]:
        """The votes of the week do not make the state."""
        if not self.dimension.is_news:
            found = weight_of(self.dimension.backing(self.dimension.level))
            told = f"{self.dimension.name} {self.dimension.state.value}"
            yield f"{told} has votes of {found:g} this week, and needs {NEEDED:g}"


@dataclass(frozen=True)
class Fits(Claim):
    """The text tells a verdict: the week's votes on breadth do not say the opposite."""

    verdict: Figure
    breadth: tuple[Row, ...]

    def faults(self) -> Iterator[str]:
        """A rise that most votes call a fall, or the other way round."""
        fell, rose = (weight_of([r for r in self.breadth if level_of(r) * side > 0]) for side in (-1, 1))
        if self.verdict.value in RISES and fell >= NEEDED:
            yield f"the verdict {self.verdict.value} stands against votes of {fell:g} for a broad fall"
        if self.verdict.value in FALLS and rose >= NEEDED:
            yield f"the verdict {self.verdict.value} stands against votes of {rose:g} for a broad rise"


def dimensions(marts: Marts) -> list[Dimension]:
    """The dimensions with a state and countable votes, in their order."""
    return [found for name in STATES.values() if (found := dimension(marts, name)) is not None]


def dimension(marts: Marts, name: str) -> Dimension | None:
    """One of them; None where it has no state, or votes that cannot be counted."""
    state = marts.weekly("regime_weekly", window_id=None).figure(f"{name}_state")
    known: dict[int, Row] = {}
    # What a level is called stands in the votes of any week; this week's are cited first.
    for row in [*_votes(marts, name), *marts.rows("regime_evidence_weekly", dimension=name)]:
        if row.text("vote") and row.text("level"):
            known.setdefault(level_of(row), row)
    levels = [level for level, row in known.items() if row.text("vote") == state.value]
    cast = tuple(row for row in _votes(marts, name) if row.figure("level").is_known)
    # Votes of unknown weight cannot be counted: nothing is said of their dimension.
    can_count = bool(cast) and all(row.figure("weight").is_known for row in cast)
    is_told = state.is_known and state.value != UNDECIDED and bool(levels)
    return Dimension(name, state, levels[0], cast, known) if is_told and can_count else None


def fits(marts: Marts, verdict: Figure) -> Fits:
    """That the verdict fits the week's votes on breadth."""
    return Fits(verdict, tuple(row for row in _votes(marts, "breadth") if row.figure("level").is_known))


def _votes(marts: Marts, name: str) -> list[Row]:
    return marts.weekly_rows("regime_evidence_weekly", window_id=None, dimension=name)


def weight_of(rows: list[Row]) -> float:
    """What votes weigh together."""
    return sum(row.figure("weight").number or 0.0 for row in rows)


def level_of(row: Row) -> int:
    """The level that a vote is for: 0 is the middle."""
    return int(float(row.text("level") or 0))
