"""Macro and asset classes: how crypto did beside the rest, what was published, where yields went."""

from report.consistency import Extreme, extremes
from report.document import Column, Section, Table
from report.formatting import Printed, show, words
from report.marts import Marts, Row, ranked
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
from report.sections.since import since
from report.sections.tables import Show, table_of
from report.text import Fragment, Sentence, Unknown, compose, counted, say, series, unknown

CRYPTO = "crypto"
# From here on a yield, a spread, or the price of anything else has moved in a week.
MOVED_PP, MOVED_PCT = 0.1, 1.0


def section(marts: Marts) -> Section:
    """Asset classes first, then releases, curves and the next decision."""
    all_classes = marts.weekly_rows("asset_class_returns_weekly", window_id=None)
    classes = ranked(all_classes, "rank", highest_first=False)
    macro = marts.weekly_rows("macro_weekly", window_id=None)
    said = [
        _classes(marts, classes),
        *_left_out(all_classes),
        *_releases(marts, macro),
        *_curves(macro),
        _cut(marts),
        *_stale(macro),
        *since(marts, "macro"),
    ]
    tables = (_class_table(classes), _news_table(marts, macro), _other_table(marts, macro))
    return Section(
        id="macro",
        title="Macro and asset classes",
        sentences=tuple(s.brief if isinstance(s, Unknown) else s for s in said),
        tables=tuple(table for table in tables if table is not None),
        unknowns=tuple(s for s in said if isinstance(s, Unknown)),
        note=compose(
            "Asset classes run from one US cash close to the next (Friday–Friday), crypto as the capped top-30 index. "
            "Macro "
            "figures are those out by the week's end, including revisions since."
        ),
    )


def _classes(marts: Marts, rows: list[Row]) -> Sentence | Unknown:
    crypto = next((row for row in rows if row.text("asset_class") == CRYPTO), None)
    if crypto is None or len(rows) < 2:
        missing = (crypto or marts.weekly("asset_class_returns_weekly", window_id=None, asset_class=CRYPTO)).figure(
            "return_pct"
        )
        return unknown(
            "asset_classes",
            "Crypto against other asset classes",
            missing,
            "it needs the week's closes of crypto and of another class",
        )
    streak, leads = crypto.figure("worst_streak_weeks"), rows[0] is crypto
    place = compose("ranked {rank}", rank=crypto.figure("rank"))
    if rows[-1] is crypto:
        place = (
            compose("came last, for {streak} in a row,", streak=streak)
            if (streak.number or 0) > 1
            else compose("came last")
        )
    beside = rows[1] if leads else rows[0]
    return say(
        "asset_classes",
        "Of {n_classes}, crypto {place} at {crypto} (Friday–Friday); {beside} came second at {beside_return}."
        if leads
        else "Of {n_classes}, crypto {place} at {crypto} (Friday–Friday); {beside} came first at {beside_return}.",
        n_classes=counted(crypto.figure("n_classes"), "{count} asset class", "{count} asset classes"),
        place=place,
        crypto=show(crypto.figure("return_pct"), signed=True),
        beside=words(beside.figure("asset_class")),
        beside_return=show(beside.figure("return_pct"), signed=True),
    ).claiming(*_claims(rows))


def _left_out(rows: list[Row]) -> list[Sentence]:
    """Classes without a return, and why."""
    out = [
        compose("{name} ({reason})", name=words(row.figure("asset_class")), reason=words(row.figure("left_out_reason")))
        for row in rows
        if row.figure("left_out_reason").is_known
    ]
    return [say("asset_classes_left_out", "Not ranked: {classes}.", classes=series(out))] if out else []


def _claims(rows: list[Row]) -> list[Extreme]:
    """That the first is the highest and, where crypto is called the last, that it is the lowest."""
    found = extremes("asset classes", rows, "asset_class", "return_pct")
    return [claim for claim in found if claim.side == "highest" or claim.name == CRYPTO]


def _releases(marts: Marts, rows: list[Row]) -> list[Sentence | Unknown]:
    if not rows:
        missing = marts.absent("macro_weekly", window_id=None).figure("value_as_released")
        return [unknown("macro_releases", "Macro releases", missing, "nothing had been published by the week's end")]
    said: list[Sentence | Unknown] = []
    for series_id in OFFICES:
        row = next((row for row in rows if row.text("series_id") == series_id), None)
        if row is None or not came_this_week(marts, row):
            continue
        change = row.figure("change")
        said.append(
            say(
                f"macro_{series_id}",
                "{name}: {value} ({change}), out on {released}."
                if change.is_known
                else "{name}: {value}, out on {released}.",
                name=words(row.figure("name")),
                value=value_of(row),
                change=change_of(row),
                released=row.figure("released_at"),
            )
        )
    return said


def _curves(rows: list[Row]) -> list[Sentence]:
    curves = [row for row in rows if row.text("label") and row.text("series_id") != CUT]
    moved = [curve_move(row) for row in curves if is_curve_move(row)]
    if moved:
        return [say("macro_curves", "Curves on the move: {moved}.", moved=series(moved))]
    if curves:
        names = series([words(row.figure("name")) for row in curves])
        labels = words(curves[0].figure("label"))
        return [say("macro_curves", "No curve moved more than usual ({names}: {label}).", names=names, label=labels)]
    return []


def _cut(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("macro_weekly", window_id=None, series_id=CUT)
    value, before = row.figure("value_as_released"), row.figure("previous_value")
    if not value.is_known or is_stale(row):
        return unknown(
            "macro_cut",
            "Odds of a Fed cut at the next meeting",
            value,
            "they need the month's fed-funds future and the overnight rate",
        )
    return say(
        "macro_cut",
        "Odds of {label}: {value}, after {before} a week before." if before.is_known else "Odds of {label}: {value}.",
        label=words(row.figure("label")),
        value=value_of(row),
        before=value_of(row, "previous_value"),
    )


def _stale(rows: list[Row]) -> list[Sentence]:
    """What was last published long before the week is no news of it, and is said to be old."""
    by_release: dict[str, list[Row]] = {}
    for row in rows:
        if is_stale(row):
            by_release.setdefault(row.text("released_at"), []).append(row)
    old = [
        compose(
            "{names} (last out on {released})",
            names=series([words(row.figure("name")) for row in together]),
            released=together[0].figure("released_at"),
        )
        for _, together in sorted(by_release.items())
    ]
    return [say("macro_stale", "Stale, so no change is given: {old}.", old=series(old))] if old else []


def _class_table(rows: list[Row]) -> Table | None:
    if not rows:
        return None
    columns = (
        Show("asset_class", "Asset class", is_word=True),
        Show("rank", "Rank"),
        Show("return_pct", "Return", is_signed=True, has_bar=True),
        Show("worst_streak_weeks", "Worst, in a row"),
        Show("series", "Measured by", is_name=True),
    )
    return table_of("asset_classes", "Asset classes", compose("Friday–Friday; rank one is best."), columns, rows)


def _is_news(marts: Marts, row: Row) -> bool:
    """True for what was published in the week, or is quoted daily and moved in it by more than most weeks do."""
    if is_stale(row):
        return False
    if row.text("frequency") != "day":
        return came_this_week(marts, row)
    change, before = row.figure("change").number, row.figure("previous_value").number
    if change is None or before is None:
        return False
    if is_curve_move(row):
        return True
    if row.text("unit") in ("percent", "percentage points"):
        return abs(change) >= MOVED_PP
    return abs(change) >= abs(before) * MOVED_PCT / 100


def _news_table(marts: Marts, rows: list[Row]) -> Table | None:
    news = [row for row in rows if _is_news(marts, row)]
    caption = compose("What was published in the week or moved in it.")
    return _macro_table("macro", "Macro: what is new", caption, news)


def _other_table(marts: Marts, rows: list[Row]) -> Table | None:
    others = [row for row in rows if not _is_news(marts, row)]
    caption = compose("The newest value out by the week's end of all other series.")
    return _macro_table("macro_other", "Macro: everything else", caption, others, is_on_demand=True)


def _macro_table(
    table_id: str, title: str, caption: tuple[Fragment, ...], rows: list[Row], *, is_on_demand: bool = False
) -> Table | None:
    if not rows:
        return None
    lines: list[tuple[Printed | str, ...]] = [
        (
            words(row.figure("name")),
            value_of(row),
            change_of(row),
            words(row.figure("label")) if row.figure("label").is_known else "",
            show(row.figure("reference_date")),
            show(row.figure("released_at")),
        )
        for row in rows
    ]
    return Table(
        id=table_id,
        title=title,
        caption=caption,
        columns=(
            Column("Series", is_number=False),
            Column("Value"),
            Column("Change"),
            Column("Label", is_number=False),
            Column("Describes", is_number=False),
            Column("Published", is_number=False),
        ),
        rows=tuple(lines),
        is_on_demand=is_on_demand,
    )
