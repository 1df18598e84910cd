"""From tokens to claims. A clause is a claim only if every word of it is known and its parts fit together in one way.

A clause without a subject takes that of the clause before, if that was a claim; one without a verb takes its verb.
Nothing else is carried over, and what qualifies a sentence (another week, another currency) bars the claims beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from report.claims.catalogue import Quantity, catalogue
from report.claims.claims import Claim, Reason, Shape, Subject, Unread
from report.claims.clauses import DECLARING, PREDICATES, Clause, barred, clauses_of
from report.claims.dates import Said
from report.claims.figures import Written
from report.claims.tokens import Token

# What these say of a whole sentence, wherever they stand in it.
_OF_THE_SENTENCE: tuple[tuple[str, Reason], ...] = (
    ("denial", "denied"), ("condition", "conditional"), ("quote", "quoted"),
)  # fmt: skip
_TELLING = ("number", "measure", "statement", "name", "not_held", "not_seen", "rank", "since")
# Measures that are of a market, a bucket or everything where nothing is named.
_SUBJECT_OF_MEASURE = {"correlation": ("bucket", "all")}
# A rate of funding below this (percent) is one of eight hours, not of a year.
_OF_A_YEAR = 0.3
_OF_PAIRS = ("average", "pairwise", "平均", "ペア", "銘柄間")
_OF_THE_MARKET = ("market_cap", "funding", "open_interest", "dispersion", "spot_share", "spot_volume", "perp_volume",
                  "long_liquidations", "short_liquidations")  # fmt: skip
_MEASURE_OF_MONEY = {"asset": "price", "market": "market_cap"}
_MONEY = ("USD", "amount")
# In which units a quantity of a unit is given.
_FITS: Mapping[str, tuple[str, ...]] = {
    "percent": ("percent",), "USD": _MONEY, "percentage points": ("percentage points",), "correlation": ("",),
    "points": ("", "points"), "yen": ("yen", ""), "persons": ("persons", "amount", ""), "ratio": ("",),
}  # fmt: skip
_CHANGE_FITS: Mapping[str, tuple[str, ...]] = {
    "percent": ("percentage points", "basis points"), "USD": (*_MONEY, "percent"),
    "percentage points": ("percentage points", "basis points"), "correlation": ("",),
    "points": ("", "points", "percent"), "yen": ("yen", "percent"), "persons": ("persons", "amount", "", "percent"),
    "ratio": ("",),
}  # fmt: skip
_BEYOND = {"more than", "less than", "fewer than", "in excess of", "at least", "at most", "no less than", "no more than",
           "upwards of", "over", "under", "超", "以上", "以下", "未満"}  # fmt: skip
_ROLES = ("to", "at", "from", "by")
_UNCLEAR = {"over", "under", "超", "以上", "以下", "未満"}


class _Unreadable(Exception):
    def __init__(self, reason: Reason, words: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.words = tuple(words)


@dataclass(frozen=True)
class _Context:
    """What the clause before leaves to this one."""

    subjects: tuple[Subject, ...] = ()
    move: int = 0
    last: Claim | None = None


def claims_of(
    text: str, tokens: Sequence[Token], *, is_last_week: bool, declared: Mapping[str, str]
) -> list[Claim | Unread]:
    """The claims of a sentence, and its clauses that are none. `declared` holds for all of the note.

    `is_last_week`: "last week" means the week of the note.
    """
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
    closed, context, is_forecast = barred(clauses, is_last_week=is_last_week), _Context(), False
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
                raise _Unreadable("several figures")
            if is_forecast:
                raise _Unreadable("forecast")
            if n in closed:
                raise _Unreadable("another time or measure")
            found: list[Claim] | Unread = _claims(said, clause, context, own, is_last_week=is_last_week)
        except _Unreadable as why:
            found = Unread(said, why.reason, why.words, bool(clause.of(*_TELLING)))
        context = _left_by(found, clause) if isinstance(found, list) else _Context()
        read.append((clause, found))
    return [one for found in _with_verbs_behind(read, own) for one in (found if isinstance(found, list) else [found])]


def is_telling(tokens: Sequence[Token]) -> bool:
    """Whether a sentence speaks of something that the catalogue has, or gives a figure."""
    return any(token.kind in _TELLING for token in tokens)


def _left_by(found: list[Claim], clause: Clause) -> _Context:
    subjects = tuple(dict.fromkeys(claim.subject for claim in found if claim.subject))
    moves = clause.values("move")
    return _Context(subjects, _sign(moves[0]) if len(moves) == 1 else found[-1].move, found[-1])


def _with_verbs_behind(
    read: Sequence[tuple[Clause, list[Claim] | Unread]], declared: Mapping[str, str]
) -> list[list[Claim] | Unread]:
    """In Japanese the verb comes last, for the clauses before it too: レイヤー2は14.9%、ゲームは12.0%下落した。"""
    verb, made = 0, []
    for clause, found in reversed(read):
        is_japanese = any("ぁ" <= c <= "ん" for token in clause.tokens for c in token.text)
        if verb and isinstance(found, Unread) and is_japanese and _lacks_a_verb(clause):
            try:
                found = _claims(found.text, clause, _Context(move=verb), declared, is_last_week=True)
            except _Unreadable:
                verb = 0
        else:
            moves = clause.values("move")
            verb = _sign(moves[0]) if isinstance(found, list) and len(moves) == 1 and clause.names else 0
        made.append(found)
    return made[::-1]


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
    text: str, clause: Clause, context: _Context, declared: Mapping[str, str], *, is_last_week: bool
) -> list[Claim]:
    """The claims of a clause. _Unreadable with the reason where it is none that we can read."""
    if clause.of("not"):
        raise _Unreadable("negated")
    held = clause.of("not_held", "not_seen")
    if held:
        if not clause.has_predicate and not clause.of("not_seen"):
            raise _Unreadable("no figure or direction")
        return [Claim("not_held", text, tuple(t.text for t in held), reason=str(held[0].value))]
    if clause.of("elsewhere") or (clause.of("last_week") and not is_last_week):
        raise _Unreadable("another time or measure")
    if unknown := clause.of("unknown"):
        raise _Unreadable("unknown words", [token.text for token in unknown])
    if not clause.has_predicate:
        raise _Unreadable("no figure or direction")
    rests_on = tuple(token.text for token in clause.tokens if token.kind not in ("fill", "from", "to", "at", "by"))
    base = Claim("value", text, rests_on, declared={**declared, **_declared(clause)}, is_about=bool(clause.of("about")))
    for read in (_statement, _concentrated, _than, _rank, _since):
        found = read(base, clause, context)
        if found is not None:
            return found
    return _figures(base, clause, context)


def _declared(clause: Clause) -> dict[str, str]:
    return {token.kind: str(token.value) for token in clause.of(*DECLARING)}


def _sign(value: object) -> int:
    return 1 if value in ("up", "positive", "above", "at_least", "best", "fell_less") else -1


def _statement(base: Claim, clause: Clause, context: _Context) -> list[Claim] | None:
    said = clause.values("statement")
    if not said:
        return None
    names = [name for name in clause.names if name[0] != "market"]
    statement = catalogue().statements[str(said[0])]
    if len(said) > 1 or clause.of(*(kind for kind in PREDICATES if kind != "statement"), "date", "streak"):
        raise _Unreadable("not a claim that we can read")
    if statement.of:
        if [kind for kind, _ in names] != [statement.of]:
            raise _Unreadable("no known subject")
        quantity = Quantity(names[0][1], statement.of, "", "level", "", ())
        subject: Subject | None = Subject(quantity, *names[0])
    elif names or clause.of("measure"):
        raise _Unreadable("several subjects")
    else:
        subject = None
    return [replace(base, shape="statement", statement=statement, subject=subject)]


def _concentrated(base: Claim, clause: Clause, context: _Context) -> list[Claim] | None:
    found = clause.of("concentrated")
    if not found:
        return None
    names = [name for name in clause.names if name not in (("bucket", "all"), ("market", "market"))]
    fits = clause.values("measure") == ["correlation"] and names == [("bucket", "1-10")]
    if not fits or clause.of("number", "move", "sign", "rank", "than", "since", "bound", "date"):
        raise _Unreadable("not a claim that we can read")
    return [replace(base, shape="statement", statement=catalogue().statements["correlation_concentrated"])]


def _than(base: Claim, clause: Clause, context: _Context) -> list[Claim] | None:
    found = clause.of("than")
    if not found or (len(clause.names) <= 1 and clause.of("number")):
        return None  # "fell more than 14%" is of a figure
    if len(found) > 1 or clause.of("number", "move", "rank", "since", "bound", "date", "measure", "statement"):
        raise _Unreadable("not a claim that we can read")
    names = clause.names if len(clause.names) == 2 else []
    subjects = [subject for name in names if (subject := _subject(*name, "", "percent"))]
    if len(subjects) != 2 or clause.heads or any(s.quantity.kind != "move" for s in subjects):
        raise _Unreadable("several subjects" if len(clause.names) > 2 else "no known subject")
    return [replace(base, shape="than", subject=subjects[0], other=subjects[1], direction=_sign(found[0].value))]


def _rank(base: Claim, clause: Clause, context: _Context) -> list[Claim] | None:
    found = clause.values("rank")
    if not found:
        return None
    groups, streaks = clause.values("group"), clause.values("streak")
    if (
        len(found) > 1
        or len(streaks) > 1
        or clause.of("than", "since", "bound", "date", "measure", "statement", "sign")
    ):
        raise _Unreadable("not a claim that we can read")
    names = clause.names or [(s.kind, s.name) for s in context.subjects]
    if len(names) != 1:
        raise _Unreadable("several subjects" if names else "no known subject")
    kind, name = names[0]
    if kind == "market" and (groups == ["class"] or (streaks and not groups)):
        kind, name = "class", "crypto"
    is_of_group = groups in ([], [kind])
    if kind not in ("sector", "bucket", "class") or not is_of_group or (streaks and kind != "class"):
        raise _Unreadable("not a claim that we can read")
    subject = _subject(kind, name, "", "percent")
    streak = cast("int", streaks[0]) if streaks else None
    made = [replace(base, shape="rank", subject=subject, direction=_sign(found[0]), streak=streak)]
    numbers = clause.of("number")
    if numbers:
        rest = Clause(
            tuple(token for token in clause.tokens if token.kind not in ("rank", "streak", "group")), clause.heads
        )
        made += _figures(base, rest, context)
    return made


def _since(base: Claim, clause: Clause, context: _Context) -> list[Claim] | None:
    found = clause.of("since")
    if not found:
        return None
    dates = clause.of("date")
    if len(found) > 1 or len(dates) != 1 or clause.of("than", "streak", "statement"):
        raise _Unreadable("not a claim that we can read")
    since, date = str(found[0].value), cast(Said, dates[0].value)
    rest = Clause(tuple(token for token in clause.tokens if token.kind not in ("since", "date")), clause.heads)
    if since == "longest":
        subject = _only(_subjects(clause, context, "percent"))
        direction = _sign(clause.values("sign")[0]) if clause.of("sign") else -1 if "negative" in found[0].text else 0
        if clause.of("number", "move", "bound"):
            raise _Unreadable("not a claim that we can read")
        direction = direction or (context.last.direction if context.last and context.last.shape == "sign" else 0)
        return [replace(base, shape="since", since=since, subject=subject, date=date, direction=direction)]
    if rest.has_predicate:
        made = _figures(base, rest, context)
    elif since == "first" and context.last and context.last.shape in ("bound", "sign"):
        made = []
        base = replace(base, subject=context.last.subject, figure=context.last.figure, direction=context.last.direction)
    elif since != "first":
        made = []
        inherited = context.last.subject if context.last and not clause.of("name", "measure") else None
        base = replace(base, subject=inherited or _only(_subjects(clause, context, "percent")))
    else:
        raise _Unreadable("no figure or direction")
    last = made[-1] if made else base
    if since == "first" and made and last.shape not in ("bound", "sign"):
        raise _Unreadable("not a claim that we can read")
    subject, figure = last.subject, last.figure if since == "first" else None
    direction = {"lowest": -1, "highest": 1}.get(since, last.direction)
    return [
        *made,
        replace(base, shape="since", since=since, subject=subject, figure=figure, direction=direction, date=date),
    ]


# --- figures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Number:
    written: Written
    role: str  # from, to, at, by, or nothing
    date: Said | None
    bound: Token | None
    is_about: bool
    is_behind_verb: bool = False  # of a Japanese verb, which ends what is before it


def _figures(base: Claim, clause: Clause, context: _Context) -> list[Claim]:
    if clause.of("streak", "group") and not clause.of("number"):
        raise _Unreadable("not a claim that we can read")
    moves, signs = clause.values("move"), clause.values("sign")
    than = [token for token in clause.of("than") if "more" in token.text or "less" in token.text]
    if len(moves) > 1 or len(signs) > 1 or clause.of("streak"):
        raise _Unreadable("not a claim that we can read")
    numbers = _numbers(clause)
    if len([n for n in numbers if n.date]) != len(clause.of("date")):
        raise _Unreadable("a date that belongs to nothing")
    move = _sign(moves[0]) if moves else 0
    if than and not moves:  # fell more than 14%
        move, numbers = -1, [replace(n, bound=than[0]) for n in numbers]
    elif clause.of("than"):
        raise _Unreadable("not a claim that we can read")
    if not numbers:
        return _without_figure(base, clause, context, move, signs)
    if signs:
        raise _Unreadable("not a claim that we can read")
    if not move and clause.names and not clause.of("bound", "from", "to") and not numbers[0].written.is_signed:
        is_percent = all(number.written.unit == "percent" for number in numbers)
        is_of_moves = is_percent and _is_of_moves(clause, context)
        move = context.move if is_of_moves and _are_moves(_subjects(clause, context, "percent")) else 0
    made = [claim for number in _arranged(numbers, move) for claim in _of_number(base, clause, context, move, number)]
    if len(numbers) > 1 and len({claim.subject for claim in made}) > 1 and len(clause.names) > 1:
        raise _Unreadable("several figures")
    return made


def _numbers(clause: Clause) -> list[_Number]:
    """The clause's figures, each with the small words beside it: before it in English, behind it in Japanese."""
    found: list[_Number] = []
    used: list[Token] = []
    n_ago = 0
    tokens = [token for token in clause.tokens if token.kind != "fill"]
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
        raise _Unreadable("another time or measure")
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
        if roles == ["from", "to"] or (roles[1] in ("to", "at") and move and not numbers[0].bound):
            return numbers
        units = [number.written.unit for number in numbers]
        if move and roles == ["", ""] and units[0] == "percent" and units[1] in _MONEY and numbers[1].is_behind_verb:
            return [numbers[0], replace(numbers[1], role="at")]  # 6.9%安の8万8,402ドル
        is_level_and_change = units[1] == "percent" and units[0] != "percent" and numbers[1].written.is_signed
        if is_level_and_change and not move and roles == ["", ""]:
            return numbers
    raise _Unreadable("several figures")


def _of_number(base: Claim, clause: Clause, context: _Context, move: int, number: _Number) -> list[Claim]:
    written = number.written
    base = replace(base, figure=written, is_about=number.is_about, move=move)
    made = []
    for subject in _subjects(clause, context, written.unit):
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
        raise _Unreadable("not a claim that we can read")  # rose over 95,000: by so much, or above it?
    return not number.bound or number.bound.text.lower() in _BEYOND or number.bound.kind == "than"


def _on_date(base: Claim, subject: Subject, number: _Number, unit: str) -> Claim:
    if subject.quantity.kind != "level" or unit not in _FITS[subject.quantity.unit] or number.bound:
        raise _Unreadable("a date that belongs to nothing")
    return replace(base, shape="on_date", subject=subject, date=number.date)


def _of_a_move(base: Claim, subject: Subject, number: _Number, move: int) -> Claim:
    """A figure of what is itself a change: fell 7 %, returned −7 %, payrolls of 119 thousand."""
    written, unit = number.written, subject.quantity.unit
    if written.unit not in _FITS[unit] or number.role in ("to", "from"):
        raise _Unreadable("unit does not fit")
    if not move and not written.is_signed and unit != "persons":
        raise _Unreadable("no figure or direction")
    if move and written.is_signed and (written.value < 0) != (move < 0):
        raise _Unreadable("not a claim that we can read")
    signed = replace(written, value=abs(written.value) * move if move else written.value)
    shape: Shape = "value"
    if number.bound:
        if not move:
            raise _Unreadable("not a claim that we can read")
        shape = "moved_beyond"
    return replace(base, shape=shape, subject=subject, figure=signed, **_bound(number.bound))


def _of_a_change(base: Claim, subject: Subject, number: _Number, move: int) -> Claim:
    written, unit = number.written, subject.quantity.unit
    if written.unit not in _CHANGE_FITS[unit]:
        raise _Unreadable("unit does not fit")
    if move and written.is_signed and (written.value < 0) != (move < 0):
        raise _Unreadable("not a claim that we can read")
    signed = replace(written, value=abs(written.value) * move if move else written.value)
    shape: Shape = "moved_beyond" if number.bound else "change"
    return replace(base, shape=shape, subject=subject, figure=signed, **_bound(number.bound))


def _of_a_level(base: Claim, subject: Subject, number: _Number, move: int) -> Claim:
    if number.written.unit not in _FITS[subject.quantity.unit]:
        raise _Unreadable("unit does not fit")
    if subject.quantity.measure == "funding" and abs(number.written.value) < _OF_A_YEAR:
        raise _Unreadable("unit does not fit")  # it is of eight hours
    if number.role == "from":
        return replace(base, shape="on_date", subject=subject)  # without a date: a week before
    if number.bound:
        return replace(base, shape="bound", subject=subject, **_bound(number.bound))
    return replace(base, shape="value", subject=subject)


def _bound(token: Token | None) -> dict[str, object]:
    if token is None:
        return {}
    is_up = token.value in ("above", "at_least") or (token.kind == "than" and "more" in token.text)
    return {"direction": 1 if is_up else -1, "is_strict": token.value not in ("at_least", "at_most")}


def _without_figure(base: Claim, clause: Clause, context: _Context, move: int, signs: list[object]) -> list[Claim]:
    if clause.of("bound", "date") or bool(move) == bool(signs):
        raise _Unreadable("no figure or direction")
    subjects = _subjects(clause, context, "percent")
    if signs:
        kinds = {subject.quantity.measure for subject in subjects}
        if kinds != {"funding"} and any(subject.quantity.kind != "move" for subject in subjects):
            raise _Unreadable("not a claim that we can read")
        return [replace(base, shape="sign", subject=subject, direction=_sign(signs[0])) for subject in subjects]
    return [replace(base, shape="moved", subject=subject, direction=move) for subject in subjects]


# --- subjects --------------------------------------------------------------------------------------------------------


def _subjects(clause: Clause, context: _Context, unit: str) -> list[Subject]:
    """What a clause is about: its names and its measure, or those of the clause before."""
    measures = cast("list[str]", clause.values("measure"))
    if len(measures) > 1:
        raise _Unreadable("several subjects")
    names, measure = clause.names, measures[0] if measures else ""
    if not names and measure:
        said = clause.of("measure")[0].text.lower()
        if measure == "correlation" and not any(word in said for word in _OF_PAIRS):
            raise _Unreadable("no known subject")  # of what with what?
        names = [_SUBJECT_OF_MEASURE.get(measure, ("market", "market"))]
        if measure not in (*_OF_THE_MARKET, *_SUBJECT_OF_MEASURE):
            raise _Unreadable("no known subject")
    elif not names:
        names = [(subject.kind, subject.name) for subject in context.subjects]
        of_context = {subject.quantity.measure for subject in context.subjects} - {"price"}
        measure = of_context.pop() if len(of_context) == 1 else ""
    elif not measure and context.subjects and _is_of_moves(clause, context):
        measure = ""
    if len(names) > 1 and any(kind == "macro" for kind, _ in names):  # the market gives a cut a chance of 30%
        names = [name for name in names if name[0] != "market"]
    if measure == "correlation" and len(names) > 1:
        names = [name for name in names if name != ("bucket", "all")]
    if not names:
        raise _Unreadable("no known subject")
    if len(names) > 1 and (len({kind for kind, _ in names}) > 1 or not _stand_together(clause)):
        raise _Unreadable("several subjects")
    subjects = [_subject(kind, name, measure, unit) for kind, name in names]
    if any(subject is None for subject in subjects):
        raise _Unreadable("no known subject")
    return [subject for subject in subjects if subject is not None]


def _subject(kind: str, name: str, measure: str, unit: str) -> Subject | None:
    if not measure and unit in (*_MONEY, "yen", "other money") and kind in _MEASURE_OF_MONEY:
        measure = _MEASURE_OF_MONEY[kind]
    quantity = catalogue().quantity(kind, name, measure)
    if quantity is None and measure == "market_cap" and kind == "market":
        return None
    return Subject(quantity, kind, name) if quantity else None


def _only(subjects: list[Subject]) -> Subject:
    if len(subjects) != 1:
        raise _Unreadable("several subjects")
    return subjects[0]


def _stand_together(clause: Clause) -> bool:
    """Whether the clause's own names follow each other with nothing but small words between: AとBは."""
    places = [n for n, token in enumerate(clause.tokens) if token.kind == "name"]
    return (
        all(token.kind in ("name", "fill") for token in clause.tokens[places[0] : places[-1] + 1]) if places else True
    )


def _are_moves(subjects: Sequence[Subject]) -> bool:
    return all(subject.quantity.kind == "move" and subject.quantity.unit == "percent" for subject in subjects)


def _is_of_moves(clause: Clause, context: _Context) -> bool:
    """Whether a clause without a verb goes on where the one before spoke of moves: Layer 2 fell 14.9%, Gaming 12.0%."""
    return bool(context.move) and not clause.of("measure") and _are_moves(context.subjects)
