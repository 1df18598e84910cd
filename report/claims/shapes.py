"""Clauses without a figure of their own: words, order, comparison, and since when."""

from dataclasses import replace
from typing import cast

from report.claims.amounts import figures_of
from report.claims.catalogue import Quantity, catalogue
from report.claims.claims import Claim, Subject
from report.claims.clauses import PREDICATES, Clause
from report.claims.dates import Said
from report.claims.subjects import Context, Unreadable, only_one, sign_of, subject_of, subjects_of


def statement_of(base: Claim, clause: Clause, context: Context) -> list[Claim] | None:
    """Something that is said in words: a spot-led flow, a bear steepening. None if a clause says no such thing."""
    said = clause.values("statement")
    if not said:
        return None
    names = [name for name in clause.names if name[0] != "market"]
    statement = catalogue().statements[str(said[0])]
    if len(said) > 1 or clause.of(*(kind for kind in PREDICATES if kind != "statement"), "date", "streak"):
        raise Unreadable("not a claim that we can read")
    if statement.of:
        if [kind for kind, _ in names] != [statement.of]:
            raise Unreadable("no known subject")
        quantity = Quantity(names[0][1], statement.of, "", "level", "", ())
        subject: Subject | None = Subject(quantity, *names[0])
    elif names or clause.of("measure"):
        raise Unreadable("several subjects")
    else:
        subject = None
    return [replace(base, shape="statement", statement=statement, subject=subject)]


def concentrated_in(base: Claim, clause: Clause, context: Context) -> list[Claim] | None:
    """Correlation that is concentrated in the ten largest. None if a clause says no such thing."""
    found = clause.of("concentrated")
    if not found:
        return None
    names = [name for name in clause.names if name not in (("bucket", "all"), ("market", "market"))]
    fits = clause.values("measure") == ["correlation"] and names == [("bucket", "1-10")]
    if not fits or clause.of("number", "move", "sign", "rank", "than", "since", "bound", "date"):
        raise Unreadable("not a claim that we can read")
    return [replace(base, shape="statement", statement=catalogue().statements["correlation_concentrated"])]


def more_than_another(base: Claim, clause: Clause, context: Context) -> list[Claim] | None:
    """One that fell more, or less, than another. None if a clause says no such thing."""
    found = clause.of("than")
    if not found or (len(clause.names) <= 1 and clause.of("number")):
        return None  # "fell more than 14%" is of a figure
    if len(found) > 1 or clause.of("number", "move", "rank", "since", "bound", "date", "measure", "statement"):
        raise Unreadable("not a claim that we can read")
    names = clause.names if len(clause.names) == 2 else []
    subjects = [subject for name in names if (subject := subject_of(*name, "", "percent"))]
    if len(subjects) != 2 or clause.heads or any(s.quantity.kind != "move" for s in subjects):
        raise Unreadable("several subjects" if len(clause.names) > 2 else "no known subject")
    return [replace(base, shape="than", subject=subjects[0], other=subjects[1], direction=sign_of(found[0].value))]


def rank_of(base: Claim, clause: Clause, context: Context) -> list[Claim] | None:
    """The best or the worst of its kind, and for how many weeks. None if a clause says no such thing."""
    found = clause.values("rank")
    if not found:
        return None
    groups, streaks = clause.values("group"), clause.values("streak")
    if (
        len(found) > 1
        or len(streaks) > 1
        or clause.of("than", "since", "bound", "date", "measure", "statement", "sign")
    ):
        raise Unreadable("not a claim that we can read")
    names = clause.names or [(s.kind, s.name) for s in context.subjects]
    if len(names) != 1:
        raise Unreadable("several subjects" if names else "no known subject")
    kind, name = names[0]
    if kind == "market" and (groups == ["class"] or (streaks and not groups)):
        kind, name = "class", "crypto"
    is_of_group = groups in ([], [kind])
    if kind not in ("sector", "bucket", "class") or not is_of_group or (streaks and kind != "class"):
        raise Unreadable("not a claim that we can read")
    subject = subject_of(kind, name, "", "percent")
    streak = cast("int", streaks[0]) if streaks else None
    made = [replace(base, shape="rank", subject=subject, direction=sign_of(found[0]), streak=streak)]
    numbers = clause.of("number")
    if numbers:
        rest = Clause(
            tuple(token for token in clause.tokens if token.kind not in ("rank", "streak", "group")), clause.heads
        )
        made += figures_of(base, rest, context)
    return made


def since_when(base: Claim, clause: Clause, context: Context) -> list[Claim] | None:
    """The first, lowest or highest since a day, or the longest run. None if a clause says no such thing."""
    found = clause.of("since")
    if not found:
        return None
    dates = clause.of("date")
    if len(found) > 1 or len(dates) != 1 or clause.of("than", "streak", "statement"):
        raise Unreadable("not a claim that we can read")
    since, date = str(found[0].value), cast(Said, dates[0].value)
    rest = Clause(tuple(token for token in clause.tokens if token.kind not in ("since", "date")), clause.heads)
    if since == "longest":
        subject = only_one(subjects_of(clause, context, "percent"))
        direction = sign_of(clause.values("sign")[0]) if clause.of("sign") else -1 if "negative" in found[0].text else 0
        if clause.of("number", "move", "bound"):
            raise Unreadable("not a claim that we can read")
        direction = direction or (context.last.direction if context.last and context.last.shape == "sign" else 0)
        return [replace(base, shape="since", since=since, subject=subject, date=date, direction=direction)]
    if rest.has_predicate:
        made = figures_of(base, rest, context)
    elif since == "first" and context.last and context.last.shape in ("bound", "sign"):
        made = []
        base = replace(base, subject=context.last.subject, figure=context.last.figure, direction=context.last.direction)
    elif since != "first":
        made = []
        inherited = context.last.subject if context.last and not clause.of("name", "measure") else None
        base = replace(base, subject=inherited or only_one(subjects_of(clause, context, "USD")))
    else:
        raise Unreadable("no figure or direction")
    last = made[-1] if made else base
    if since == "first" and made and last.shape not in ("bound", "sign"):
        raise Unreadable("not a claim that we can read")
    figure = last.figure if since == "first" else None
    direction = {"lowest": -1, "highest": 1}.get(since, last.direction)
    return [
        *made,
        replace(base, shape="since", since=since, subject=last.subject, figure=figure, direction=direction, date=date),
    ]
