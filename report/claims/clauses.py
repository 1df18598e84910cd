"""A sentence in clauses: split at conjunctions and commas, names that stand alone put to the clause that they open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from report.claims.tokens import Token

PREDICATES = ("number", "move", "sign", "rank", "than", "statement", "concentrated", "since", "bound")
DECLARING = ("window", "convention", "span")
_ANOTHER_TIME = ("after", "before", "following", "since then")
_BESIDE_A_NAME = ("the", "both", "(", ")", ".", "や", "と")


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, and the names that stood alone before it and are its subjects too."""

    tokens: tuple[Token, ...]
    heads: tuple[tuple[str, str], ...] = ()
    heads_start: int | None = None
    opened_by: str = ""

    @property
    def is_of_another_time(self) -> bool:
        """Whether the word before it says so: steadied *after* the deleveraging."""
        return self.opened_by in _ANOTHER_TIME

    @property
    def start(self) -> int:
        """Where it begins in its sentence, with the names before it."""
        return self.tokens[0].start if self.heads_start is None else self.heads_start

    def of(self, *kinds: str) -> list[Token]:
        """Its tokens of these kinds."""
        return [token for token in self.tokens if token.kind in kinds]

    def values(self, kind: str) -> list[object]:
        """What its tokens of a kind mean, each once."""
        return list(dict.fromkeys(token.value for token in self.tokens if token.kind == kind))

    @property
    def names(self) -> list[tuple[str, str]]:
        """Its subjects' kinds and names."""
        return list(dict.fromkeys([*self.heads, *cast("list[tuple[str, str]]", self.values("name"))]))

    @property
    def has_predicate(self) -> bool:
        """Whether it says something of a subject."""
        return bool(self.of(*PREDICATES))

    @property
    def only_declares(self) -> bool:
        """Whether it is a window or convention set off by a comma, or nothing but small words."""
        return not self.of(*PREDICATES, "name", "measure", "unknown", "not_held", "not_seen", "date", "streak",
                           "elsewhere", "not", "forecast", "last_week")  # fmt: skip


@dataclass
class _Heads:
    clauses: list[Clause] = field(default_factory=list)

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        return tuple(name for clause in self.clauses for name in clause.names)


def clauses_of(tokens: Sequence[Token]) -> list[Clause]:
    """The clauses of a sentence's tokens."""
    joined: list[Clause] = []
    heads = _Heads()
    for clause in _split(tokens):
        if _is_bare_name(clause):
            heads.clauses.append(clause)
            continue
        topic = _topic(joined) if not heads.clauses and clause.has_predicate else None
        if topic is not None and not clause.of("name", "measure"):
            together = tuple(token for part in (*joined[topic:], clause) for token in part.tokens)
            joined[topic:] = [Clause(together, opened_by=joined[topic].opened_by)]
            continue
        if heads.clauses and _opens_with_name(clause):
            clause = Clause(clause.tokens, heads.names, heads.clauses[0].tokens[0].start, heads.clauses[0].opened_by)
        else:
            joined += heads.clauses
        heads = _Heads()
        joined.append(clause)
    return [*joined, *heads.clauses]


def barred(clauses: Sequence[Clause], *, is_last_week: bool) -> set[int]:
    """Clauses beside one that only qualifies: "in yen terms", "year to date"."""
    kinds = ("elsewhere",) if is_last_week else ("elsewhere", "last_week")
    qualifying = [
        n
        for n, clause in enumerate(clauses)
        if clause.of(*kinds) and not clause.of("name", "measure", "number", "move")
    ]
    return {m for n in qualifying for m in (n - 1, n, n + 1)}


def _split(tokens: Sequence[Token]) -> Iterator[Clause]:
    part: list[Token] = []
    opened_by = ""
    for n, token in enumerate(tokens):
        following = tokens[n + 1].kind if n + 1 < len(tokens) else ""
        if token.text in (":", "：") and following in ("number", "about", "sign", "move"):
            continue  # Layer 2: −14.9%
        before = tokens[n - 1].kind if n else ""
        if token.text == "," and before in DECLARING and following in DECLARING:
            continue  # 7-day, daily returns
        if token.kind in ("strong", "weak"):
            if part:
                yield Clause(tuple(part), opened_by=opened_by)
            part, opened_by = [], token.text.lower()
        else:
            part.append(token)
    if part:
        yield Clause(tuple(part), opened_by=opened_by)


def _is_bare_name(clause: Clause) -> bool:
    rest = [token for token in clause.tokens if not (token.kind == "fill" and token.text.lower() in _BESIDE_A_NAME)]
    return bool(rest) and all(token.kind == "name" for token in rest)


def _topic(clauses: Sequence[Clause]) -> int | None:
    """Where the topic stands that the next clause is said of; None where there is none.

    A Japanese one is set off by a comma: ビットコインは、7%下落した。 An English one only by how it is measured:
    Bitcoin's volatility, from daily closes, is near 50%.
    """
    n = len(clauses) - 1
    while n >= 0 and clauses[n].only_declares and clauses[n].of(*DECLARING):
        n -= 1
    if n < 0 or clauses[n].has_predicate or not clauses[n].of("name", "measure"):
        return None
    if clauses[n].of("unknown", "elsewhere", "not", "forecast", "date", "not_held", "not_seen"):
        return None
    return n if n < len(clauses) - 1 or clauses[n].tokens[-1].text in ("は", "が", "も", "では") else None


def _opens_with_name(clause: Clause) -> bool:
    return next((token.kind for token in clause.tokens if token.kind != "fill"), "") == "name"
