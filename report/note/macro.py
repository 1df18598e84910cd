"""Facts of the world outside: crypto beside other assets, what was published, where rates and the dollar went."""

import math

from report.consistency import Extreme, extremes
from report.formatting import show, spelled, words
from report.marts import Marts, Row, ranked
from report.note.fact import MOST_BITS, USUAL_BITS, Clause, Fact, bits_of_percentile
from report.releases import (
    CUT,
    OFFICES,
    came_this_week,
    change_of,
    curve_move,
    is_curve_move,
    is_stale,
    value_of,
)
from report.text import Fragment, Part, Unknown, compose, say, series, unknown

CRYPTO = "crypto"
# What moves markets when it comes.
MARKET_MOVING = ("PAYEMS", "UNRATE", "CPIAUCSL_YOY", "GDPC1_YOY")
# Of the week's releases the first of OFFICES are told; the section has all.
MOST_RELEASES = 3
# A change of the odds by less is noise.
LEAST_CHANGE_OF_ODDS_PP = 5.0
# A slope that moved by less is no sentence, however quiet its past was.
LEAST_CURVE_MOVE_PP = 0.05


def facts(marts: Marts) -> list[Fact | Unknown]:
    """What can be told, in no order."""
    rows = marts.weekly_rows("macro_weekly", window_id=None)
    said = [*_classes(marts), *_releases(marts, rows), *_odds(rows), *_curves(rows), *_dollar(marts, rows)]
    if said:
        return [*said]
    missing = marts.absent("macro_weekly", window_id=None).figure("value_as_released")
    return [unknown("note_macro", "Macro", missing, "nothing had been published by the week's end")]


def _classes(marts: Marts) -> list[Fact]:
    rows = ranked(marts.weekly_rows("asset_class_returns_weekly", window_id=None), "rank", highest_first=False)
    crypto = next((row for row in rows if row.text("asset_class") == CRYPTO), None)
    if crypto is None or len(rows) < 2:
        return []
    is_best, is_worst = rows[0] is crypto, rows[-1] is crypto
    beside = rows[1] if is_best else rows[0]
    streak = crypto.figure("worst_streak_weeks")
    parts: dict[str, Part] = {
        "classes": crypto.figure("n_classes"),
        "crypto": show(crypto.figure("return_pct"), signed=True),
        "other": words(beside.figure("asset_class")),
        "other_return": show(beside.figure("return_pct"), signed=True),
    }
    if is_worst and (streak.number or 0) > 1:
        place = compose(
            "the worst of {classes} asset classes for the {nth} week running",
            nth=spelled(streak, is_ordinal=True),
            **parts,
        )
    elif is_worst:
        place = compose("the worst of {classes} asset classes", **parts)
    elif is_best:
        place = compose("the best of {classes} asset classes", **parts)
    else:
        place = compose(
            "{rank} of {classes} asset classes", rank=spelled(crypto.figure("rank"), is_ordinal=True), **parts
        )
    sentence = say(
        "note_classes",
        "Against other markets (Friday to Friday), crypto returned {crypto}: {place} (second: {other}, {other_return})."
        if is_best
        else "Against other markets (Friday to Friday), crypto returned {crypto}: {place} (best: {other}, "
        "{other_return}).",
        place=place,
        **parts,
    )
    bits = math.log2(len(rows)) + math.log2(max(streak.number or 1, 1)) if is_best or is_worst else 0.5
    return [Fact(sentence.claiming(*_ends(rows)), min(bits, MOST_BITS), weight=1.3)]


def _ends(rows: list[Row]) -> list[Extreme]:
    """That the best is the best, and crypto the worst where it is called so."""
    found = extremes("asset classes", rows, "asset_class", "return_pct")
    return [claim for claim in found if claim.side == "highest" or claim.name == CRYPTO]


def _releases(marts: Marts, rows: list[Row]) -> list[Fact]:
    by_id = {row.text("series_id"): row for row in rows}
    came = [row for name in OFFICES if (row := by_id.get(name)) is not None and came_this_week(marts, row)]
    if not came:
        return []
    bits = USUAL_BITS + sum(row.text("series_id") in MARKET_MOVING for row in came)
    listed = [_release(row) for row in came[:MOST_RELEASES]]
    sentence = say("note_releases", "Out this week: {releases}.", releases=series(listed))
    return [Fact(sentence, min(bits, MOST_BITS))]


def _release(row: Row) -> tuple[Fragment, ...]:
    name, change, before = words(row.figure("name")), row.figure("change"), row.figure("previous_value")
    if row.text("series_id") == "PAYEMS" and change.is_known:
        return compose("{name} {change}", name=name, change=change_of(row))
    if before.is_known and value_of(row, "previous_value").text == value_of(row).text:
        return compose("{name} {value} (unchanged)", name=name, value=value_of(row))
    if before.is_known:
        return compose(
            "{name} {value} (from {before})", name=name, value=value_of(row), before=value_of(row, "previous_value")
        )
    return compose("{name} {value}", name=name, value=value_of(row))


def _odds(rows: list[Row]) -> list[Fact]:
    row = next((row for row in rows if row.text("series_id") == CUT and not is_stale(row)), None)
    if row is None:
        return []
    odds, before, change = value_of(row), value_of(row, "previous_value"), row.figure("change").number
    has_vowel = odds.text[0] == "8" or odds.text in ("11%", "18%")
    parts: dict[str, Part] = {
        "chance": compose("an {odds} chance" if has_vowel else "a {odds} chance", odds=odds),
        "meeting": words(row.figure("label")),
        "before": before,
    }
    if change is None:
        return [Fact(say("note_cut", "Futures price {chance} of {meeting}.", **parts), USUAL_BITS)]
    if before.text == odds.text:
        return [Fact(say("note_cut", "Futures still price {chance} of {meeting}.", **parts), 0.5)]
    sentence = say(
        "note_cut",
        "Futures price {chance} of {meeting}, down from {before} a week earlier."
        if change < 0
        else "Futures price {chance} of {meeting}, up from {before} a week earlier.",
        **parts,
    )
    clause = None
    if abs(change) >= LEAST_CHANGE_OF_ODDS_PP:
        text = compose("rate-cut odds fall to {odds}" if change < 0 else "rate-cut odds rise to {odds}", odds=odds)
        clause = Clause(text, -1 if change < 0 else 1)
    return [Fact(sentence, min(1 + abs(change) / 6, MOST_BITS), weight=1.1, clause=clause)]


def _curves(rows: list[Row]) -> list[Fact]:
    moved = [curve_move(row) for row in rows if is_curve_move(row) and _is_wide(row)]
    if not moved:
        return []
    return [Fact(say("note_curves", "Curves on the move: {moved}.", moved=series(moved)), USUAL_BITS + 0.4)]


def _is_wide(row: Row) -> bool:
    return abs(row.figure("change").number or 0.0) >= LEAST_CURVE_MOVE_PP


def _dollar(marts: Marts, rows: list[Row]) -> list[Fact]:
    by_id = {row.text("series_id"): row for row in rows if not is_stale(row)}
    index, yen = by_id.get("DOLLAR_INDEX"), by_id.get("USDJPY")
    bits = max(bits_of_percentile(marts.headline(m).figure("percentile_365d")) for m in ("dollar_index", "usdjpy"))
    if index is None or yen is None or not (index.figure("change").is_known and yen.figure("change").is_known):
        return []
    parts: dict[str, Part] = {
        "index": value_of(index), "change": change_of(index), "yen": value_of(yen), "yen_change": change_of(yen),
    }  # fmt: skip
    sentence = say(
        "note_dollar",
        "The dollar index stood at {index} ({change} on the week) and dollar–yen at {yen} ({yen_change}).",
        **parts,
    )
    return [Fact(sentence, bits or 0.5, weight=0.5)]
