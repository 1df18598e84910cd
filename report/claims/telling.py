"""A verdict in words, in the language spoken: what the data say, in which window and convention, and why not."""

from collections.abc import Mapping
from datetime import date
from itertools import groupby

from report.claims.catalogue import catalogue
from report.claims.claims import Claim, Reason
from report.claims.judgement import Held, Judged, Verdict
from report.claims.readings import NO_VALUE, Reading
from report.days import day_in_words
from report.figures import Figure, unit_of
from report.formatting import in_unit, in_words, show
from report.languages import spoken, translate, word

# At most so many readings stand beside a claim; --format json has them all.
MOST_READINGS = 4

VERDICT_WORDS: Mapping[Verdict, str] = {
    "confirmed": "confirmed", "depends": "depends", "contradicted": "contradicted", "not_knowable": "not knowable",
}  # fmt: skip
REASONS: Mapping[str, str] = {
    "no_table": "no mart here has it",
    "no_row": "the mart has no row for the week",
    "no_value": "the row of the week does not know it",
    "other_meeting": "the probability that is held is of another meeting",
    "other_venues": "of the venues that are followed here; another count may differ",
    "partial": "only part of the market is held",
    "not_this_way": "it is not held in this window or convention",
    "not_ranked": "it is not ranked",
    "no_date": "the date cannot be placed",
    "not_that_day": "nothing is held of {detail}",
    "no_history": "no history is held of it",
    "history_begins": "its history begins on {detail}",
    "not_there_now": "by days it is not on that side at the week's end",
    "not_once": "not once since its history began on {detail}",
    "stale_then": "the total of {detail} rests on supplies that were stale by then",
}
LEFT: Mapping[Reason, str] = {
    "too long": "longer than a sentence",
    "question": "a question",
    "forecast": "a forecast",
    "conditional": "conditional",
    "negated": "negated",
    "denied": "it casts doubt on what it says",
    "quoted": "words in quotation marks",
    "another time or measure": "of another time, place or measure",
    "unknown words": "unknown words: {words}",
    "no figure or direction": "no figure, direction or order",
    "no known subject": "no subject that we know with it",
    "several subjects": "several subjects",
    "several figures": "several figures",
    "unit does not fit": "the unit does not fit",
    "a date that belongs to nothing": "a date that belongs to nothing",
    "not a claim that we can read": "not a claim that we can read",
}
WINDOWS: Mapping[str, str] = {"mon_mon": "Mon–Mon", "fri_fri": "Fri–Fri"}
CONVENTIONS: Mapping[str, str] = {
    "cap_weighted": "cap-weighted",
    "equal_weighted": "equal-weighted",
    "median": "median",
    "daily": "by days",
    "hourly": "by hours",
    "average": "the week's average",
    "last_day": "the week's last day",
    "last_hours": "the week's last hours",
    "about_the_close": "in the hours about the close",
    "as_it_stands": "as it stands",
    "like_for_like": "like for like",
    "with_stablecoins": "with stablecoins",
    "ex_stablecoins": "without stablecoins",
    "all_eligible": "index of all",
    "capped_top30": "top-30 index",
    "market_cap_change": "total market cap",
}
SPANS: Mapping[str, str] = {"7d": "7 days", "30d": "30 days"}


def verdict_in_words(verdict: Verdict) -> str:
    """The verdict, as people write it."""
    return translate(VERDICT_WORDS[verdict])


def why_not(judged: Judged) -> str:
    """Why a claim cannot be known, or "" where nothing is to be said."""
    if not judged.reason:
        return ""
    if judged.reason not in REASONS:  # the catalogue's own words
        return word(judged.reason) or judged.reason
    return translate(REASONS[judged.reason]).replace("{detail}", _day(judged.detail))


def _day(detail: str) -> str:
    """A date as people write it; any other text as it is."""
    try:
        return day_in_words(date.fromisoformat(detail))
    except ValueError:
        return detail


def why_left(reason: Reason, words: tuple[str, ...]) -> str:
    """Why a clause is no claim."""
    return translate(LEFT[reason]).replace("{words}", translate(", ").join(words[:6]))


def what_the_data_say(judged: Judged) -> str:
    """The readings that matter, each with its window and convention, and the reason where there is one."""
    shown = [(_value(judged.claim, held), _way(judged.claim, held.reading)) for held in chosen(judged)]
    semicolon = "；" if spoken() == "ja" else "; "
    parts = []
    for way, values in groupby(shown, key=lambda one: one[1]):
        listed = translate(", ").join(value for value, _ in values)
        parts.append(f"{listed} ({way})" if way else listed)
    reason = why_not(judged)
    # Where the row says "insufficient data", that is the reason.
    if reason and not (parts and judged.reason == NO_VALUE):
        parts.append(reason)
    return semicolon.join(part for part in parts if part)


def chosen(judged: Judged) -> list[Held]:
    """The readings to show: the house's own, the other window, and those that bear out what the first does not."""
    known = [held for held in judged.held if held.reading.value is not None]
    if not known:
        return []
    if judged.claim.shape == "than":
        pairs = [held for n in range(0, len(known) - 1, 2) for held in known[n : n + 2]]
        return pairs[:MOST_READINGS]
    first = next((held for held in known if held.reading.is_default), known[0])
    same = [held for held in known if held is not first and held.reading.convention == first.reading.convention]
    rest = [held for held in known if held is not first and held not in same]
    if judged.verdict == "depends":
        rest = [*[held for held in rest if held.holds], *[held for held in rest if not held.holds]]
        return [first, *same, *rest][:MOST_READINGS]
    is_contested = judged.claim.subject is not None and judged.claim.subject.quantity.is_contested
    return [first, *same, *(rest if is_contested else ())][:MOST_READINGS]


def _way(claim: Claim, reading: Reading) -> str:
    ways = [
        translate(WINDOWS[reading.window_id]) if reading.window_id else "",
        translate(CONVENTIONS[reading.convention]) if reading.convention else "",
        translate(SPANS[reading.span]) if reading.span else "",
        _scope(claim),
    ]
    return translate(", ").join(part for part in ways if part)


def _scope(claim: Claim) -> str:
    scope = claim.subject.quantity.scope if claim.subject and claim.shape not in ("rank", "than") else ""
    return (word(scope) or scope) if scope else ""


def _value(claim: Claim, held: Held) -> str:
    reading = held.reading
    if claim.shape == "since":
        if isinstance(reading.value, date):
            return translate("since {day}").replace("{day}", _figure(reading.value, "date", reading))
        return _figure(reading.value, reading.unit, reading)
    if reading.column == "sign" and reading.number is not None:
        hours = _figure(abs(reading.number), "hours", reading)
        side = translate("negative for {hours}") if reading.number < 0 else translate("positive for {hours}")
        return side.replace("{hours}", hours)
    if reading.column == "rank":
        text = translate("rank {rank} of {of}")
        return text.replace("{rank}", f"{reading.number:.0f}").replace("{of}", reading.note)
    if reading.column == "worst_streak_weeks":
        return translate("worst for {n} weeks").replace("{n}", f"{reading.number:.0f}")
    if claim.shape == "statement":
        label = word(reading.note) or reading.note
        if isinstance(reading.value, str):
            text = in_words(reading.value)
        else:
            text = _figure(
                reading.value, "correlation" if reading.column == "ci_low" else unit_of(reading.column), reading
            )
        return f"{label} {text}" if label else text
    if isinstance(reading.value, str):
        return in_words(reading.value)
    if held.shows in ("change", "change_pct"):
        return _change(claim, held)
    text = _figure(reading.value, reading.unit, reading, near=claim, holds=held.holds)
    if claim.shape == "rank":
        return f"{_in_words(held.words)} {text}"
    if claim.shape == "than":
        return f"{_in_words(_name(reading))} {text}"
    return text


def _in_words(name: str) -> str:
    """A sector, a bucket or an asset, as people call it."""
    if name in catalogue().names["bucket"]:
        return word(name) or f"ranks {name.replace('-', '–')}"
    return word(name) or name


def _name(reading: Reading) -> str:
    rest = [value for key, value in reading.key.items() if key not in ("week_start", "window_id", "horizon")]
    return rest[0] if rest else ""


def _change(claim: Claim, held: Held) -> str:
    reading = held.reading
    if reading.number is None or reading.before is None:
        return translate("not known")
    change = reading.change_pct if held.shows == "change_pct" else reading.change
    unit = "percent" if held.shows == "change_pct" else reading.unit
    if unit == "percent" and held.shows == "change":
        unit = "percentage points"
    before, now = _figure(reading.before, reading.unit, reading), _figure(reading.number, reading.unit, reading)
    text = translate("{change}, from {before} to {now}").replace("{before}", before).replace("{now}", now)
    return text.replace("{change}", _figure(change, unit, reading, is_signed=True))


def _figure(
    value: object, unit: str, reading: Reading, *, near: Claim | None = None, holds: bool | None = None,
    is_signed: bool = False,
) -> str:  # fmt: skip
    """A value as the pages write it; with more digits where fewer would look like what the claim says."""
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        return "–" if value is None else str(value)
    if isinstance(value, int | float) and unit in ("percent", "percentage points") and near and near.figure:
        says_the_same = round(float(value), 1) == round(near.figure.value, 1)
        if holds is False and says_the_same:
            return f"{value:.3f} %".replace("-", "−")
    unit = {"points": "index points", "ratio": ""}.get(unit, unit)
    unit = "USD per coin" if reading.column.endswith("price_usd") and unit == "USD" else unit
    figure = Figure(value, unit, reading.table, tuple(reading.key.items()), reading.column)
    return show(figure, signed=is_signed).text if unit else in_unit(figure, "", signed=is_signed).text
