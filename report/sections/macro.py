"""Macro and asset classes: how crypto did beside the rest, what was published, where yields went."""

from report.consistency import Extreme, extremes
from report.days import midnight
from report.document import Column, Section, Table
from report.formatting import Printed, show, words
from report.formatting import in_hundredths as rate
from report.marts import Marts, Row, ranked
from report.sections.since import since
from report.sections.tables import Show, table_of
from report.text import Sentence, Unknown, compose, counted, say, series, unknown

CRYPTO = "crypto"
CUT = "FED_CUT_PROBABILITY"
UNCHANGED = "unchanged"
# What an office publishes once a month or a quarter is said when it comes; markets are in the table.
OFFICES = ("PAYEMS", "UNRATE", "CPIAUCSL_YOY", "GDPC1_YOY", "GBRCPI_YOY", "ICSA")


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
    tables = [t for t in (_class_table(classes), _macro_table(macro)) if t is not None]
    return Section(
        id="macro",
        title="Macro and asset classes",
        sentences=tuple(s.brief if isinstance(s, Unknown) else s for s in said),
        tables=tuple(tables),
        unknowns=tuple(s for s in said if isinstance(s, Unknown)),
        note=compose(
            "Asset classes are compared from one US cash close to the next (Friday–Friday), crypto as the capped "
            "top-30 index. Macro figures are the releases out by the week's end, at the values that their offices give "
            "them now: revisions since are in them."
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
    place = compose("was in place {rank}", rank=crypto.figure("rank"))
    if rows[-1] is crypto:
        place = (
            compose("came last, for {streak} in a row,", streak=streak)
            if (streak.number or 0) > 1
            else compose("came last")
        )
    beside = rows[1] if leads else rows[0]
    return say(
        "asset_classes",
        "Of {n_classes}, crypto {place} with {crypto} (Friday–Friday); {beside} came second with {beside_return}."
        if leads
        else "Of {n_classes}, crypto {place} with {crypto} (Friday–Friday); {beside} came first with {beside_return}.",
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
        return [
            unknown(
                "macro_releases", "Macro-economic releases", missing, "nothing had been published by the week's end"
            )
        ]
    said: list[Sentence | Unknown] = []
    for series_id in OFFICES:
        row = next((row for row in rows if row.text("series_id") == series_id), None)
        if row is None or not _came_this_week(marts, row):
            continue
        change = row.figure("change")
        said.append(
            say(
                f"macro_{series_id}",
                "{name}: {value} ({change} on the one before), published on {released}."
                if change.is_known
                else "{name}: {value}, published on {released}.",
                name=words(row.figure("name")),
                value=rate(row.figure("value_as_released"), row.text("unit")),
                change=rate(change, _of_change(row), signed=True),
                released=row.figure("released_at"),
            )
        )
    return said


def _of_change(row: Row) -> str:
    """A percentage changes by points."""
    return "percentage points" if row.text("unit") == "percent" else row.text("unit")


def _came_this_week(marts: Marts, row: Row) -> bool:
    released = row.figure("released_at").value
    begins, ends = midnight(marts.week.start), midnight(marts.week.end)
    return bool(released is not None and begins < released <= ends)  # type: ignore[operator]


def _curves(rows: list[Row]) -> list[Sentence]:
    curves = [row for row in rows if row.text("label") and row.text("series_id") != CUT]
    moved = [
        compose(
            "{name} ({label}, {change})",
            name=words(row.figure("name")),
            label=words(row.figure("label")),
            change=rate(row.figure("change"), _of_change(row), signed=True),
        )
        for row in curves
        if row.text("label") != UNCHANGED
    ]
    if moved:
        return [say("macro_curves", "Yield curves that moved in the week: {moved}.", moved=series(moved))]
    if curves:
        names = series([words(row.figure("name")) for row in curves])
        labels = words(curves[0].figure("label"))
        return [
            say("macro_curves", "Yield curves moved no more than usual ({names}: {label}).", names=names, label=labels)
        ]
    return []


def _cut(marts: Marts) -> Sentence | Unknown:
    row = marts.weekly("macro_weekly", window_id=None, series_id=CUT)
    value, before = row.figure("value_as_released"), row.figure("previous_value")
    if not value.is_known or _is_stale(row):
        return unknown(
            "macro_cut",
            "The probability of a cut at the next meeting",
            value,
            "it needs the future of the month and the overnight rate",
        )
    return say(
        "macro_cut",
        "Futures price {label} with {value}, after {before} a week before."
        if before.is_known
        else "Futures price {label} with {value}.",
        label=words(row.figure("label")),
        value=rate(value, "percent"),
        before=rate(before, "percent"),
    )


def _is_stale(row: Row) -> bool:
    return row.text("is_stale") == "True"


def _stale(rows: list[Row]) -> list[Sentence]:
    """What was last published long before the week is no news of it, and is said to be old."""
    by_release: dict[str, list[Row]] = {}
    for row in rows:
        if _is_stale(row):
            by_release.setdefault(row.text("released_at"), []).append(row)
    old = [
        compose(
            "{names} (last published on {released})",
            names=series([words(row.figure("name")) for row in together]),
            released=together[0].figure("released_at"),
        )
        for _, together in sorted(by_release.items())
    ]
    return [say("macro_stale", "Out of date, so no change is given: {old}.", old=series(old))] if old else []


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


def _macro_table(rows: list[Row]) -> Table | None:
    if not rows:
        return None
    lines: list[tuple[Printed | str, ...]] = [
        (
            words(row.figure("name")),
            rate(row.figure("value_as_released"), row.text("unit")),
            rate(row.figure("change"), _of_change(row), signed=True),
            words(row.figure("label")) if row.figure("label").is_known else "",
            show(row.figure("reference_date")),
            show(row.figure("released_at")),
        )
        for row in rows
    ]
    return Table(
        id="macro",
        title="Macro series",
        caption=compose("The newest value published by the week's end, and its change."),
        columns=(
            Column("Series", is_number=False),
            Column("Value"),
            Column("Change"),
            Column("Label", is_number=False),
            Column("Describes", is_number=False),
            Column("Published", is_number=False),
        ),
        rows=tuple(lines),
    )
