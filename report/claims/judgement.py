"""A claim held against the rows it can be read from: confirmed, depends, contradicted, or not knowable here.

A figure is confirmed if it holds as the house reads it, or as the note says it is to be read; it depends if it holds
only in another usual way. What is said in words (rose, worst, more than, concentrated) must hold in both windows, and a
figure for which the field has no usual way must hold in all; else it depends. How near is near enough is said by how
the figure is written: half a unit of its last digit; "about" reaches 3 %, at least one unit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from report.claims.claims import Claim
from report.claims.readings import (
    NO_ROW,
    NO_TABLE,
    NO_VALUE,
    Marts,
    Past,
    Reading,
    around_the_close,
    is_comparable,
    last_run,
    on_days,
    readings,
    since_extreme,
    since_level,
)

Verdict = Literal["confirmed", "depends", "contradicted", "not_knowable"]
VERDICTS: tuple[Verdict, ...] = ("confirmed", "depends", "contradicted", "not_knowable")
_CURVES = {
    "us_curve": (("US_CURVE_2S10S", "2s10s"),),
    "jgb_curve": (("JGB_CURVE_10S30S", "10s30s"), ("JGB_CURVE_2S10S", "2s10s")),
}
# Figures are doubles: what is written as the limit of a tolerance is inside it.
_EPSILON = 1e-9


@dataclass(frozen=True)
class Held:
    """A reading, whether the claim holds in it (None where that is not known), and what it says of the claim.

    `shows`: which figure of the reading answers the claim: its value, its change, or words.
    """

    reading: Reading
    holds: bool | None
    shows: Literal["value", "change", "change_pct", "words"] = "value"
    words: str = ""


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict, the readings that it rests on, and the reason where it cannot be known."""

    claim: Claim
    verdict: Verdict
    held: tuple[Held, ...] = ()
    reason: str = ""
    detail: str = ""


def judge(marts: Marts, claim: Claim) -> Judged:
    """The verdict on a claim."""
    if claim.shape == "not_held":
        return Judged(claim, "not_knowable", reason=claim.reason)
    judges: dict[str, Callable[[Marts, Claim], Judged]] = {
        "rank": _rank, "than": _than, "statement": _statement, "since": _since, "on_date": _on_date,
    }  # fmt: skip
    return judges.get(claim.shape, _figure)(marts, claim)


# --- figures ---------------------------------------------------------------------------------------------------------


def _figure(marts: Marts, claim: Claim) -> Judged:
    assert claim.subject is not None
    found = readings(marts, claim.subject, claim.declared)
    if not found:
        return Judged(claim, "not_knowable", reason="not_this_way")
    held = tuple(_held(claim, reading) for reading in found)
    if claim.shape == "sign" and claim.subject.quantity.measure == "funding" and not claim.declared:
        run = last_run(marts, "ALL" if claim.subject.kind == "market" else claim.subject.name)
        held += (_held(claim, run),) if run else ()
    if claim.shape == "value" and claim.subject.quantity.measure == "price" and claim.figure:
        close = around_the_close(marts, claim.subject, claim.figure.value)
        held += (_held(claim, replace(close, before=found[0].before)),) if close else ()
    is_in_words = claim.shape in ("moved", "sign")
    judged = _verdict(claim, held, is_contested=claim.subject.quantity.is_contested, is_in_words=is_in_words)
    return _of_the_venues(judged)


def _of_the_venues(judged: Judged) -> Judged:
    """Another count may follow other venues: what is contradicted must be so whichever venues are counted."""
    claim = judged.claim
    if judged.verdict != "contradicted" or claim.subject is None or not claim.subject.quantity.over_venues:
        return judged
    if claim.shape in ("moved", "sign") or claim.figure is None:
        return judged
    known = [held for held in judged.held if held.holds is not None]
    is_turned = bool(claim.move) and all(
        held.reading.change is not None and claim.move * held.reading.change < 0 for held in known
    )
    numbers = [number for held in known if (number := held.reading.number) is not None]
    if claim.subject.quantity.over_venues == "total":
        limit = claim.figure.value if claim.shape in ("value", "on_date") or claim.direction < 0 else float("inf")
        is_excluded = claim.shape in ("value", "bound", "on_date") and all(number > limit for number in numbers)
    else:
        is_excluded = claim.shape == "value" and all(number * claim.figure.value < 0 for number in numbers)
    if is_turned or is_excluded:
        return judged
    return replace(judged, verdict="not_knowable", reason="other_venues")


def _held(claim: Claim, reading: Reading) -> Held:
    assert claim.subject is not None
    quantity = claim.subject.quantity
    match claim.shape:
        case "value":
            holds = None if reading.number is None else _is_near(claim, reading.number)
            return Held(reading, _and_moved(claim, reading, holds))
        case "bound":
            holds = None if reading.number is None else _is_beyond(claim, reading.number)
            return Held(reading, _and_moved(claim, reading, holds))
        case "sign":
            holds = None if reading.number is None else claim.direction * reading.number > _EPSILON
            return Held(reading, holds)
        case "moved" if quantity.kind == "move":
            holds = None if reading.number is None else claim.direction * reading.number > _EPSILON
            return Held(reading, holds)
        case "moved":
            change = _turned(quantity.is_inverse, reading.change)
            return Held(reading, None if change is None else claim.direction * change > _EPSILON, "change")
        case "moved_beyond" if quantity.kind == "move":
            return Held(reading, None if reading.number is None else _is_moved_beyond(claim, reading.number))
        case _:
            assert claim.figure is not None
            in_percent = claim.figure.unit == "percent"
            change = _turned(quantity.is_inverse, reading.change_pct if in_percent else reading.change)
            shows: Literal["change", "change_pct"] = "change_pct" if in_percent else "change"
            if change is None:
                return Held(reading, None, shows)
            change *= 100 if claim.figure.unit == "basis points" else 1
            holds = _is_near(claim, change) if claim.shape == "change" else _is_moved_beyond(claim, change)
            return Held(reading, holds, shows)


def _turned(is_inverse: bool, change: float | None) -> float | None:
    """Yen for a dollar rise as the yen falls."""
    return -change if is_inverse and change is not None else change


def _and_moved(claim: Claim, reading: Reading, holds: bool | None) -> bool | None:
    """Whether it also moved as is said: what "fell to 2.97 trillion" was higher a week before."""
    if not holds or not claim.move or claim.subject is None or claim.subject.quantity.kind == "move":
        return holds
    change = _turned(claim.subject.quantity.is_inverse, reading.change)
    return holds if change is None else claim.move * change > -_EPSILON


def _is_near(claim: Claim, value: float) -> bool:
    assert claim.figure is not None
    tolerance = claim.figure.about if claim.is_about else claim.figure.half
    return abs(value - claim.figure.value) <= tolerance + _EPSILON * max(1.0, abs(value))


def _is_beyond(claim: Claim, value: float) -> bool:
    assert claim.figure is not None
    limit = claim.figure.value
    if claim.is_about:
        limit -= claim.direction * claim.figure.half
    return claim.direction * (value - limit) > 0 or (not claim.is_strict and value == limit)


def _is_moved_beyond(claim: Claim, change: float) -> bool:
    """Fell by more than 14 %: it fell, and by more."""
    assert claim.figure is not None
    side = 1 if claim.figure.value > 0 else -1
    if side * change <= 0:
        return False
    size, limit = side * change, abs(claim.figure.value)
    return claim.direction * (size - limit) > 0 or (not claim.is_strict and size == limit)


def _verdict(claim: Claim, held: tuple[Held, ...], *, is_contested: bool, is_in_words: bool) -> Judged:
    known = [one for one in held if one.holds is not None]
    if not known:
        reasons = [one.reading.missing for one in held if one.reading.missing]
        order = (NO_TABLE, NO_ROW, NO_VALUE)
        reason = next((r for r in reasons if r not in order), None) or next(iter(reasons), NO_VALUE)
        return Judged(claim, "not_knowable", held, reason)
    default = next((one for one in known if one.reading.is_default), known[0])
    # Words must hold in both windows, figures in the house's; what is contested, in every convention.
    same = [
        one
        for one in known
        if (is_contested or one.reading.convention == default.reading.convention)
        and (is_in_words or one.reading.window_id in ("", default.reading.window_id))
        and (is_contested or is_in_words or one is default)
    ]
    if all(one.holds for one in same):
        return Judged(claim, "confirmed", held)
    return Judged(claim, "depends" if any(one.holds for one in known) else "contradicted", held)


# --- order -----------------------------------------------------------------------------------------------------------


def _rank(marts: Marts, claim: Claim) -> Judged:
    assert claim.subject is not None
    if claim.subject.kind == "class":
        return _rank_of_class(marts, claim)
    source = claim.subject.quantity.sources[0]
    (name,) = (column for column, value in source.key.items() if value == "$id")
    held: list[Held] = []
    for reading in readings(marts, claim.subject, claim.declared):
        if not marts.has(source.table, reading.column, name, "n_assets"):
            continue
        rows = marts.fetch(
            f'select "{name}", "{reading.column}" from marts."{source.table}" where week_start = ? and window_id = ?'
            f' and "{reading.column}" is not null and n_assets >= ? and "{name}" <> ? order by 2 {_order(claim)}, 1',
            [marts.week.start, reading.window_id, 3 if claim.subject.kind == "sector" else 1,
             "all" if claim.subject.kind == "bucket" else ""],
        )  # fmt: skip
        names = [str(row[0]) for row in rows]
        if len(rows) < 2 or claim.subject.name not in names:
            held.append(Held(replace(reading, missing=reading.missing or "not_ranked"), None))
            continue
        first = replace(reading, value=_number(rows[0][1]), key={**reading.key, name: names[0]})
        held.append(Held(first, names[0] == claim.subject.name, words=names[0]))
    return _verdict(claim, tuple(held), is_contested=False, is_in_words=True) if held else _nowhere(claim)


def _order(claim: Claim) -> str:
    return "desc" if claim.direction > 0 else "asc"


def _rank_of_class(marts: Marts, claim: Claim) -> Judged:
    assert claim.subject is not None
    table, columns = "asset_class_returns_weekly", ("rank", "n_classes", "is_worst", "worst_streak_weeks")
    if not marts.has(table, *columns):
        return _nowhere(claim)
    rows = marts.fetch(
        f"select {', '.join(columns)} from marts.{table} where week_start = ? and asset_class = ?",
        [marts.week.start, claim.subject.name],
    )
    if not rows or rows[0][0] is None:
        return Judged(claim, "not_knowable", reason=NO_ROW if not rows else NO_VALUE)
    rank, of, _, streak = (int(cell) if isinstance(cell, int) else 0 for cell in rows[0])
    key = {"week_start": str(marts.week.start), "asset_class": claim.subject.name}
    is_first = rank == (of if claim.direction < 0 else 1)
    place = Reading(table, "rank", key, "rank", rank, window_id="fri_fri", is_default=True, note=str(of))
    held = [Held(place, is_first)]
    if claim.streak is None or claim.direction > 0:
        verdict: Verdict = "confirmed" if is_first and claim.streak is None else "contradicted"
        return Judged(claim, verdict if claim.streak is None or not is_first else "not_knowable", tuple(held),
                      "" if claim.streak is None else "no_history")  # fmt: skip
    run = Reading(table, "worst_streak_weeks", key, "weeks", streak, window_id="fri_fri", is_default=True)
    held.append(Held(run, streak == claim.streak))
    if streak == claim.streak and is_first:
        return Judged(claim, "confirmed", tuple(held))
    # It was the worst for as long as is said, and for longer: how the run is counted, and of how many classes, decides.
    return Judged(claim, "depends" if streak > claim.streak else "contradicted", tuple(held))


def _than(marts: Marts, claim: Claim) -> Judged:
    assert claim.subject is not None and claim.other is not None
    ours, theirs = (readings(marts, one, claim.declared) for one in (claim.subject, claim.other))
    held: list[Held] = []
    for mine in ours:
        way = (mine.window_id, mine.convention)
        other = next((one for one in theirs if (one.window_id, one.convention) == way), None)
        if other is None and claim.subject.quantity is not claim.other.quantity:
            other = next((one for one in theirs if one.window_id == mine.window_id), None)
        if mine.number is None or other is None or other.number is None:
            held.append(Held(mine, None))
            continue
        holds = claim.direction * (mine.number - other.number) > _EPSILON
        held += [Held(mine, holds), Held(replace(other, is_default=False), None)]
    judged = _verdict(claim, tuple(held), is_contested=False, is_in_words=True) if held else _nowhere(claim)
    return judged


# --- words -----------------------------------------------------------------------------------------------------------


def _statement(marts: Marts, claim: Claim) -> Judged:
    statement = claim.statement
    assert statement is not None
    held: list[Held] = []
    for table, column, key, window, label in _cells(claim):
        if window and claim.declared.get("window", window) != window:
            continue
        cell, missing = marts.value(table, column, {"week_start": marts.week.start, **key})
        known = cell if isinstance(cell, str | int | float) else None
        reading = Reading(table, column, {"week_start": str(marts.week.start), **key}, "", known, window_id=window,
                          is_default=not held, missing=missing, note=label)  # fmt: skip
        held.append(Held(reading, _bears_out(claim, known), words=str(known) if isinstance(known, str) else ""))
    known_ones = [one for one in held if one.holds is not None]
    if known_ones and statement.is_any:
        if any(one.holds for one in known_ones):
            return Judged(claim, "confirmed", tuple(held))
        is_all_known = len(known_ones) == len(held)  # what could not be seen may bear it out
        return Judged(
            claim, "contradicted" if is_all_known else "not_knowable", tuple(held), "" if is_all_known else NO_VALUE
        )
    return _verdict(claim, tuple(held), is_contested=True, is_in_words=True)


def _cells(claim: Claim) -> list[tuple[str, str, dict[str, str], str, str]]:
    """Table, column, key, window and label of each cell that bears on a statement."""
    statement = claim.statement
    assert statement is not None
    if statement.of == "curve":
        assert claim.subject is not None
        return [
            ("macro_weekly", "label", {"series_id": curve}, "", spread) for curve, spread in _CURVES[claim.subject.name]
        ]
    windows = ("mon_mon", "fri_fri") if statement.is_windowed else ("",)
    return [
        (statement.table, column, {**statement.key, **({"window_id": window} if window else {})}, window, label)
        for window in windows
        for column, label in zip_longest(statement.columns, statement.labels, fillvalue="")
    ]


def _bears_out(claim: Claim, cell: str | int | float | None) -> bool | None:
    statement = claim.statement
    assert statement is not None
    if cell is None or cell == "insufficient_data":
        return None
    if statement.words:
        return str(cell) in statement.words
    if isinstance(cell, str):
        return None
    return cell > statement.above if statement.above is not None else cell < (statement.below or 0)


# --- the past --------------------------------------------------------------------------------------------------------


def _on_date(marts: Marts, claim: Claim) -> Judged:
    assert claim.subject is not None and claim.figure is not None
    if claim.date is None:  # from 95,000: a week before
        held = tuple(
            Held(replace(one, value=one.before), None if one.before is None else _is_near(claim, one.before))
            for one in readings(marts, claim.subject, claim.declared)
        )
        return _of_the_venues(_verdict(claim, held, is_contested=False, is_in_words=False))
    span = claim.date.span(marts.week.last_day)
    if span is None:
        return Judged(claim, "not_knowable", reason="no_date")
    days = list(on_days(marts, claim.subject, *span))
    if not days:
        return Judged(claim, "not_knowable", reason="not_that_day", detail=claim.date.text)
    nearest = min(days, key=lambda one: abs((one.number or 0) - claim.figure.value))  # type: ignore[union-attr]
    holds = nearest.number is not None and _is_near(claim, nearest.number)
    verdict: Verdict = "confirmed" if holds else "contradicted"
    return _of_the_venues(Judged(claim, verdict, (Held(replace(nearest, is_default=True), holds),)))


def _since(marts: Marts, claim: Claim) -> Judged:
    assert claim.subject is not None and claim.date is not None
    metric = claim.subject.quantity.metrics.get(claim.subject.name)
    if metric is None:
        return Judged(claim, "not_knowable", reason="no_history")
    past = _past(marts, claim, metric)
    span = claim.date.span(marts.week.last_day)
    if past.missing or span is None:
        return Judged(claim, "not_knowable", reason=past.missing or "no_date")
    if not past.is_there_now:
        daily = [one for one in readings(marts, claim.subject, {}) if one.table.endswith("_daily")]
        return Judged(claim, "contradicted", tuple(Held(one, False) for one in daily[:1]), "not_there_now")
    reading = Reading("metric_values", "value_date", {"metric_id": metric}, "", past.since, is_default=True)
    if past.history_from and span[0] < past.history_from:
        return Judged(claim, "not_knowable", reason="history_begins", detail=str(past.history_from))
    if past.since is None:
        reading = replace(reading, value=past.history_from)
        return Judged(claim, "contradicted", (Held(reading, False, "words"),), "not_once", str(past.history_from))
    for day in (past.since, span[1]):
        if not is_comparable(marts, claim.subject.quantity, day):
            return Judged(claim, "not_knowable", (Held(reading, None, "words"),), "stale_then", str(day))
    holds = span[0] <= past.since <= span[1]
    return Judged(claim, "confirmed" if holds else "contradicted", (Held(reading, holds, "words"),))


def _past(marts: Marts, claim: Claim, metric: str) -> Past:
    match claim.since:
        case "lowest" | "highest":
            return since_extreme(marts, metric, -1 if claim.since == "lowest" else 1)
        case "longest":
            return since_level(marts, metric, 0.0, claim.direction or -1, is_run=True)
        case _:
            level = claim.figure.value if claim.figure else 0.0
            return since_level(marts, metric, level, claim.direction, is_run=False)


def _number(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _nowhere(claim: Claim) -> Judged:
    return Judged(claim, "not_knowable", reason=NO_TABLE)
