"""Clauses with a figure, and those that only say which way: levels, bounds, changes, moves, signs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypedDict, cast

from report.claims.catalogue import Quantity
from report.claims.claims import Claim, Shape, Subject
from report.claims.clauses import Clause
from report.claims.dates import Said
from report.claims.figures import Written
from report.claims.subjects import MONEY, Context, Unreadable, are_moves, goes_on_with_moves, sign_of, subjects_of
from report.claims.tokens import Token

# A rate of funding below this (percent) is one of eight hours, not of a year.
_OF_A_YEAR = 0.3
# In which units a quantity of a unit is given.
_FITS: Mapping[str, tuple[str, ...]] = {
    "percent": ("percent",), "USD": MONEY, "percentage points": ("percentage points",), "correlation": ("",),
    "points": ("", "points"), "yen": ("yen", ""), "persons": ("persons", "amount", ""), "ratio": ("",),
}  # fmt: skip
_CHANGE_FITS: Mapping[str, tuple[str, ...]] = {
    "percent": ("percentage points", "basis points"), "USD": (*MONEY, "percent"),
    "percentage points": ("percentage points", "basis points"), "correlation": ("",),
    "points": ("", "points", "percent"), "yen": ("yen", "percent"), "persons": ("persons", "amount", "", "percent"),
    "ratio": ("",),
}  # fmt: skip
_BEYOND = {"more than", "less than", "fewer than", "in excess of", "at least", "at most", "no less than",
           "no more than", "upwards of", "over", "under", "超", "以上", "以下", "未満"}  # fmt: skip
_ROLES = ("to", "at", "from", "by")
_UNCLEAR = {"over", "under", "超", "以上", "以下", "未満"}


class _Bound(TypedDict, total=False):
    direction: int
    is_strict: bool


@dataclass(frozen=True)
class _Number:
    written: Written
    role: str  # from, to, at, by, or nothing
    date: Said | None
    bound: Token | None
    is_about: bool
    is_behind_verb: bool = False  # of a Japanese verb, which ends what is before it


def figures_of(base: Claim, clause: Clause, context: Context) -> list[Claim]:
    """The claims of a clause with a figure, a direction or a sign. Unreadable where its parts do not fit."""
    if clause.of("streak", "group") and not clause.of("number"):
        raise Unreadable("not a claim that we can read")
    moves, signs = clause.values("move"), clause.values("sign")
    than = [token for token in clause.of("than") if "more" in token.text or "less" in token.text]
    if len(moves) > 1 or len(signs) > 1 or clause.of("streak"):
        raise Unreadable("not a claim that we can read")
    numbers = _numbers(clause)
    if len([n for n in numbers if n.date]) != len(clause.of("date")):
        raise Unreadable("a date that belongs to nothing")
    move = sign_of(moves[0]) if moves else 0
    if than and not moves:  # fell more than 14%
        move, numbers = -1, [replace(n, bound=than[0]) for n in numbers]
    elif clause.of("than"):
        raise Unreadable("not a claim that we can read")
    if not numbers:
        return _without_figure(base, clause, context, move, signs)
    if signs:
        raise Unreadable("not a claim that we can read")
    if not move and clause.names and not clause.of("bound", "from", "to") and not numbers[0].written.is_signed:
        is_percent = all(number.written.unit == "percent" for number in numbers)
        is_of_moves = is_percent and goes_on_with_moves(clause, context)
        move = context.move if is_of_moves and are_moves(subjects_of(clause, context, "percent")) else 0
    if context.move and not move and _lacks_a_verb(clause):
        raise Unreadable("no figure or direction")  # Bitcoin fell 7%, open interest $21bn: to there, or by so much?
    made = [claim for number in _arranged(numbers, move) for claim in _of_number(base, clause, context, move, number)]
    if len(numbers) > 1 and len({claim.subject for claim in made}) > 1 and len(clause.names) > 1:
        raise Unreadable("several figures")
    return made


def _lacks_a_verb(clause: Clause) -> bool:
    """Whether an English clause is a level's name and a figure of it that may be a change as well."""
    words = [token for token in clause.tokens if token.kind == "fill" and token.text.isalpha()]
    is_bare = all(word.text.lower() in ("the", "a", "an", "its", "their") for word in words)
    has_role = bool(clause.of("to", "at", "from", "by", "bound", "trading", "date"))
    figures = [token.value for token in clause.of("number") if isinstance(token.value, Written)]
    is_english = all(token.text.isascii() for token in words)
    return (
        is_bare and is_english and not has_role and bool(clause.of("measure")) and not any(f.is_signed for f in figures)
    )


def _numbers(clause: Clause) -> list[_Number]:
    """The clause's figures, each with the small words beside it: before it in English, behind it in Japanese."""
    found: list[_Number] = []
    used: list[Token] = []
    n_ago = 0
    tokens = [token for token in clause.tokens if token.kind not in ("fill", "trading")]
    for n, token in enumerate(tokens):
        if token.kind != "number" or not isinstance(token.value, Written):
            continue
        before, role, bound, is_about = n - 1, "", None, False
        while before >= 0 and tokens[before].kind in ("about", "bound", *_ROLES):
            kind = tokens[before].kind
            if kind in _ROLES and not tokens[before].text.isascii():
                break  # a Japanese one belongs to what is before it
            role, bound, is_about = _beside(tokens[before], role, bound, is_about)
            before -= 1
            if kind in _ROLES:
                break
        behind, date = n + 1, None
        while behind < len(tokens) and tokens[behind].kind in ("about", "bound", "to", "from", "date", "week_ago"):
            if tokens[behind].kind in ("to", "from") and tokens[behind].text.isascii():
                break
            if tokens[behind].kind == "bound" and tokens[behind].text.isascii():
                break
            if tokens[behind].kind == "week_ago":
                role, n_ago = "from", n_ago + 1
            elif tokens[behind].kind == "date":
                date = cast(Said, tokens[behind].value)
            else:
                role, bound, is_about = _beside(tokens[behind], role, bound, is_about)
            behind += 1
        is_free = before >= 0 and tokens[before].kind == "date" and tokens[before] not in used
        if date is None and is_free and not tokens[before].text.isascii():
            date = cast(Said, tokens[before].value)
        used += tokens[before:behind]
        is_behind = any(one.kind == "move" and not one.text.isascii() for one in tokens[:n])
        found.append(_Number(token.value, role, date, bound, is_about, is_behind))
    if n_ago != len(clause.of("week_ago")):
        raise Unreadable("another time or measure")
    dates = [token for token in tokens if token.kind == "date"]
    if len(found) == 1 and len(dates) == 1:  # In early October open interest was $230bn
        found = [replace(found[0], date=cast(Said, dates[0].value))]
    return found


def _beside(token: Token, role: str, bound: Token | None, is_about: bool) -> tuple[str, Token | None, bool]:
    match token.kind:
        case "about":
            return role, bound, True
        case "bound":
            return role, token, is_about
        case _:
            return token.kind, bound, is_about


def _arranged(numbers: list[_Number], move: int) -> list[_Number]:
    """The figures, if they can stand together: from one to another, by one to another, a level and its change."""
    if len(numbers) == 1:
        return numbers
    roles = [number.role for number in numbers]
    if len(numbers) == 2:
        if roles in (["from", "to"], ["to", "from"]) or (roles[1] in ("to", "at") and move and not numbers[0].bound):
            return numbers
        units = [number.written.unit for number in numbers]
        if move and roles == ["", ""] and units[0] == "percent" and units[1] in MONEY and numbers[1].is_behind_verb:
            return [numbers[0], replace(numbers[1], role="at")]  # 6.9%安の8万8,402ドル
        is_level_and_change = units[1] == "percent" and units[0] != "percent" and numbers[1].written.is_signed
        if is_level_and_change and not move and roles == ["", ""]:
            return numbers
    raise Unreadable("several figures")


def _of_number(base: Claim, clause: Clause, context: Context, move: int, number: _Number) -> list[Claim]:
    written = number.written
    base = replace(base, figure=written, is_about=number.is_about, move=move)
    made = []
    for subject in subjects_of(clause, context, written.unit):
        quantity = subject.quantity
        unit = written.unit
        if unit in ("yen", "other money") and quantity.unit == "USD":
            made.append(replace(base, shape="not_held", subject=subject, reason="prices are held in dollars alone"))
        elif number.date is not None:
            made.append(_on_date(base, subject, number, unit))
        elif quantity.kind == "move":
            made.append(_of_a_move(base, subject, number, move))
        elif _is_change(number, quantity, move):
            made.append(_of_a_change(base, subject, number, move))
        else:
            made.append(_of_a_level(base, subject, number, move))
    return made


def _is_change(number: _Number, quantity: Quantity, move: int) -> bool:
    """Whether a figure of a level says by how much it moved: fell by 20 billion, −6.4 %."""
    unit = number.written.unit
    is_level = unit in _FITS[quantity.unit]
    if not move:
        return number.written.is_signed and not is_level and unit in _CHANGE_FITS[quantity.unit]
    if number.role in ("to", "at", "from"):
        return False
    if number.bound and number.bound.text.lower() in _UNCLEAR and is_level and number.role != "by":
        raise Unreadable("not a claim that we can read")  # rose over 95,000: by so much, or above it?
    return not number.bound or number.bound.text.lower() in _BEYOND or number.bound.kind == "than"


def _on_date(base: Claim, subject: Subject, number: _Number, unit: str) -> Claim:
    if subject.quantity.kind != "level" or unit not in _FITS[subject.quantity.unit] or number.bound:
        raise Unreadable("a date that belongs to nothing")
    return replace(base, shape="on_date", subject=subject, date=number.date)


def _of_a_move(base: Claim, subject: Subject, number: _Number, move: int) -> Claim:
    """A figure of what is itself a change: fell 7 %, returned −7 %, payrolls of 119 thousand."""
    written, unit = number.written, subject.quantity.unit
    if written.unit not in _FITS[unit] or number.role in ("to", "from"):
        raise Unreadable("unit does not fit")
    if not move and not written.is_signed and unit != "persons":
        raise Unreadable("no figure or direction")
    if move and written.is_signed and (written.value < 0) != (move < 0):
        raise Unreadable("not a claim that we can read")
    signed = replace(written, value=abs(written.value) * move if move else written.value)
    shape: Shape = "value"
    if number.bound:
        if not move:
            raise Unreadable("not a claim that we can read")
        shape = "moved_beyond"
    return replace(base, shape=shape, subject=subject, figure=signed, **_bound(number.bound))


def _of_a_change(base: Claim, subject: Subject, number: _Number, move: int) -> Claim:
    written, unit = number.written, subject.quantity.unit
    if written.unit not in _CHANGE_FITS[unit]:
        raise Unreadable("unit does not fit")
    if move and written.is_signed and (written.value < 0) != (move < 0):
        raise Unreadable("not a claim that we can read")
    signed = replace(written, value=abs(written.value) * move if move else written.value)
    shape: Shape = "moved_beyond" if number.bound else "change"
    return replace(base, shape=shape, subject=subject, figure=signed, **_bound(number.bound))


def _of_a_level(base: Claim, subject: Subject, number: _Number, move: int) -> Claim:
    if number.written.unit not in _FITS[subject.quantity.unit]:
        raise Unreadable("unit does not fit")
    if subject.quantity.measure == "funding" and abs(number.written.value) < _OF_A_YEAR:
        raise Unreadable("unit does not fit")  # it is of eight hours
    if number.role == "from":
        return replace(base, shape="on_date", subject=subject)  # without a date: a week before
    if number.bound:
        return replace(base, shape="bound", subject=subject, **_bound(number.bound))
    return replace(base, shape="value", subject=subject)


def _bound(token: Token | None) -> _Bound:
    if token is None:
        return {}
    is_up = token.value in ("above", "at_least") or (token.kind == "than" and "more" in token.text)
    return {"direction": 1 if is_up else -1, "is_strict": token.value not in ("at_least", "at_most")}


def _without_figure(base: Claim, clause: Clause, context: Context, move: int, signs: list[object]) -> list[Claim]:
    if clause.of("bound", "date") or bool(move) == bool(signs):
        raise Unreadable("no figure or direction")
    subjects = subjects_of(clause, context, "percent")
    if signs:
        kinds = {subject.quantity.measure for subject in subjects}
        if kinds != {"funding"} and any(subject.quantity.kind != "move" for subject in subjects):
            raise Unreadable("not a claim that we can read")
        return [replace(base, shape="sign", subject=subject, direction=sign_of(signs[0])) for subject in subjects]
    return [replace(base, shape="moved", subject=subject, direction=move) for subject in subjects]
