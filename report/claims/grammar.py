"""From tokens to claims. A clause is a claim only if every word of it is known and its parts fit together in one way.

A clause without a subject takes that of the clause before, if that was a claim; one without a verb takes its verb.
Nothing else is carried over, and what qualifies a sentence (another week, another currency) bars the claims beside it.
"""

import re
from collections.abc import Mapping, Sequence

from report.claims.amounts import figures_of
from report.claims.claims import Claim, Reason, Unread
from report.claims.clauses import DECLARING, Clause, barred, clauses_of
from report.claims.figures import Written
from report.claims.shapes import concentrated_in, more_than_another, rank_of, since_when, statement_of
from report.claims.subjects import Context, Unreadable, sign_of
from report.claims.tokens import Token

# What these say of a whole sentence, wherever they stand in it.
_OF_THE_SENTENCE: tuple[tuple[str, Reason], ...] = (
    ("denial", "denied"), ("condition", "conditional"), ("quote", "quoted"),
)  # fmt: skip
# Were Bitcoin to fall; had it fallen; should it fall.
_CONDITION = re.compile(r"(?:were|had|should)\b", re.IGNORECASE)
_DOWN_OR_UP = ("down", "up", "lower", "higher", "off")
# Words that a claim does not rest on.
_SMALL = ("fill", "from", "to", "at", "by", "trading")
_TELLING = ("number", "measure", "statement", "name", "not_held", "not_seen", "rank", "since")


def claims_of(
    text: str, tokens: Sequence[Token], *, is_last_week: bool, declared: Mapping[str, str]
) -> list[Claim | Unread]:
    """The claims of a sentence, and its clauses that are none. `declared` holds for all of the note.

    `is_last_week`: "last week" means the week of the note.
    """
    if _CONDITION.match(text):
        return [Unread(text, "conditional", is_telling=is_telling(tokens))]
    if text.rstrip().endswith(("?", "？")):
        return [Unread(text, "question", is_telling=is_telling(tokens))]
    kinds = {token.kind for token in tokens}
    for kind, reason in _OF_THE_SENTENCE:
        if kind in kinds:
            return [Unread(text, reason, is_telling=is_telling(tokens))]
    clauses = clauses_of(tokens)
    own = {**declared}
    for clause in clauses:
        own |= _declared(clause) if clause.only_declares else {}
    closed, context, is_forecast = barred(clauses, is_last_week=is_last_week), Context(), False
    read: list[tuple[Clause, list[Claim] | Unread]] = []
    for n, clause in enumerate(clauses):
        if clause.only_declares:
            continue
        is_forecast = is_forecast or bool(clause.of("forecast"))
        said = text[clause.start : clause.tokens[-1].end].strip(" .。")
        is_second = bool(read) and _is_bare_figure(clause) and _have_a_unit_in_common(read[-1][0], clause)
        if is_second:  # fell 8.0% and 9.5%: which of them is it?
            first = read[-1][1]
            read[-1] = (
                read[-1][0],
                Unread(first.text if isinstance(first, Unread) else first[0].text, "several figures"),
            )
        try:
            if is_second:
                raise Unreadable("several figures")
            if clause.of("rank") and read and _shares_its_rank(read[-1][0], clause):
                raise Unreadable("several subjects")
            if is_forecast:
                raise Unreadable("forecast")
            if n in closed or clause.is_of_another_time:
                raise Unreadable("another time or measure")
            context = Context() if clause.opened_by == "which" else context  # of what stands right before it
            found: list[Claim] | Unread = _claims(said, clause, context, own, is_last_week=is_last_week)
        except Unreadable as why:
            found = Unread(said, why.reason, why.words, bool(clause.of(*_TELLING)))
        context = _left_by(found, clause) if isinstance(found, list) else Context()
        read.append((clause, found))
    told: list[Claim | Unread] = []
    for one in _with_verbs_behind(read, own):
        told.extend(one if isinstance(one, list) else (one,))
    return told


def is_telling(tokens: Sequence[Token]) -> bool:
    """Whether a sentence speaks of something that the catalogue has, or gives a figure."""
    return any(token.kind in _TELLING for token in tokens)


def _left_by(found: list[Claim], clause: Clause) -> Context:
    if found[-1].shape == "than":  # Bitcoin did better than Ether, losing 8%: who did?
        return Context()
    subjects = tuple(dict.fromkeys(claim.subject for claim in found if claim.subject))
    moves = clause.values("move")
    return Context(subjects, sign_of(moves[0]) if len(moves) == 1 else found[-1].move, found[-1])


def _with_verbs_behind(
    read: Sequence[tuple[Clause, list[Claim] | Unread]], declared: Mapping[str, str]
) -> list[list[Claim] | Unread]:
    """In Japanese the verb comes last, for the clauses before it too: レイヤー2は14.9%、ゲームは12.0%下落した。"""
    verb, made = 0, []
    for clause, found in reversed(read):
        is_japanese = any("ぁ" <= c <= "ん" for token in clause.tokens for c in token.text)
        if verb and isinstance(found, Unread) and is_japanese and _lacks_a_verb(clause):
            try:
                found = _claims(found.text, clause, Context(move=verb), declared, is_last_week=True)
            except Unreadable:
                verb = 0
        else:
            moves = clause.values("move")
            verb = sign_of(moves[0]) if isinstance(found, list) and len(moves) == 1 and clause.names else 0
        made.append(found)
    return made[::-1]


def _shares_its_rank(before: Clause, clause: Clause) -> bool:
    """Layer 2 (−14.9%) and Gaming (−12.0%) fared worst: neither did alone."""
    kinds = {kind for kind, _ in clause.names} & {kind for kind, _ in before.names}
    return bool(kinds) and not before.of("move", "rank", "than", "bound", "statement")


def _is_bare_figure(clause: Clause) -> bool:
    return all(token.kind in ("number", "about", "fill") for token in clause.tokens) and bool(clause.of("number"))


def _have_a_unit_in_common(one: Clause, other: Clause) -> bool:
    units, others = (
        {token.value.unit for token in clause.of("number") if isinstance(token.value, Written)}
        for clause in (one, other)
    )
    return bool(units & others)


def _lacks_a_verb(clause: Clause) -> bool:
    figures = [token.value for token in clause.of("number") if isinstance(token.value, Written)]
    return len(figures) == 1 and not figures[0].is_signed and bool(clause.names) and not clause.of("move", "bound")


# --- one clause ------------------------------------------------------------------------------------------------------


def _claims(
    text: str, clause: Clause, context: Context, declared: Mapping[str, str], *, is_last_week: bool
) -> list[Claim]:
    """The claims of a clause. Unreadable with the reason where it is none that we can read."""
    if clause.of("not"):
        raise Unreadable("negated")
    held = clause.of("not_held", "not_seen")
    if held:
        if not clause.has_predicate and not clause.of("not_seen"):
            raise Unreadable("no figure or direction")
        return [Claim("not_held", text, tuple(t.text for t in held), reason=str(held[0].value))]
    if clause.of("elsewhere") or (clause.of("last_week") and not is_last_week):
        raise Unreadable("another time or measure")
    if unknown := clause.of("unknown"):
        raise Unreadable("unknown words", [token.text for token in unknown])
    if not clause.has_predicate:
        raise Unreadable("no figure or direction")
    if any(not _is_said_of_a_price(clause, n) for n, token in enumerate(clause.tokens) if token.kind == "trading"):
        raise Unreadable("unknown words", ["trading"])
    rests_on = tuple(token.text for token in clause.tokens if token.kind not in _SMALL)
    base = Claim("value", text, rests_on, declared={**declared, **_declared(clause)}, is_about=bool(clause.of("about")))
    for read in (statement_of, concentrated_in, more_than_another, rank_of, since_when):
        found = read(base, clause, context)
        if found is not None:
            return found
    return figures_of(base, clause, context)


def _is_said_of_a_price(clause: Clause, n: int) -> bool:
    """Trading at 95,000, trading lower: a price. Trading fell: a volume."""
    behind = next((token for token in clause.tokens[n + 1 :] if token.kind != "fill"), None)
    return behind is not None and (
        behind.kind in ("at", "about", "bound", "number") or behind.text.lower() in _DOWN_OR_UP
    )


def _declared(clause: Clause) -> dict[str, str]:
    return {token.kind: str(token.value) for token in clause.of(*DECLARING)}
