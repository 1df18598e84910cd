"""The guard: a figure that no row of a mart backs does not reach a page."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise

from report.document import Chart, Document, Section
from report.errors import UnbackedFigureError
from report.formatting import UNSAID, Printed, dimension_of, in_words
from report.languages import Language, speaking, spoken
from report.text import Fragment, has_digit, plain

# Terms of the field and constants of the definitions: digits in plain words may only stand in one of these.
DECLARED_TERMS = (
    "top-30",
    "top 100",
    "top 10",
    "Top-30",
    "7-day",
    "30-day",
    "90%",
    "100 hours",
    "45 days",
    "00:00 UTC",
    "0.01% per 8 hours",
    "10.95% a year",
    "ranks 1–100",
    "ranks 1–10",
    "ranks 11–50",
    "ranks 51–100",
)
DECLARED_TERMS_JA = (
    "上位30",
    "上位100",
    "過去4週",
    "過去1年",
    "過去2年",
    "4週平均",
    "2週",
    "2番手",
    "1時間足",
    "上位10",
    "7日間",
    "30日間",
    "90%",
    "100時間",
    "45日",
    "00:00 UTC",
    "8時間あたり0.01%",
    "年率10.95%",
    "1–100位",
    "1–10位",
    "11–50位",
    "51–100位",
)


@dataclass(frozen=True)
class Reading:
    """How a language is read back: its own tables, so that a mistake in formatting.py is none here as well.

    `units` are a unit's endings, with what the printed number is to be multiplied by to be in the unit; `leading` what
    stands before the number of some.
    """

    terms: tuple[str, ...]
    not_known: str
    amount: re.Pattern[str]
    scales: Mapping[str, float]
    units: Mapping[str, Mapping[str, float]]
    date: re.Pattern[str]
    percentile: re.Pattern[str]
    leading: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


_DIGITS = r"(?P<digits>\d[\d,]*(?:\.(?P<decimals>\d+))?)"
_TIME = r"(?: (?P<hour>\d\d):(?P<minute>\d\d) UTC)?"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
READINGS: dict[Language, Reading] = {
    "en": Reading(
        terms=DECLARED_TERMS,
        not_known="insufficient data",
        amount=re.compile(rf"(?P<sign>[+-]?)\${_DIGITS}(?P<scale>.*)"),
        scales={
            "": 1.0,
            "tn": 1e12,
            "bn": 1e9,
            "m": 1e6,
            "k": 1e3,
            " trillion": 1e12,
            " billion": 1e9,
            " million": 1e6,
        },
        units={
            "percent": {"%": 1.0},
            "percentage points": {"pp": 1.0, "bp": 0.01},
            "hours": {" hours": 1.0, " hour": 1.0},
            "days": {" days": 1.0, " day": 1.0},
            "weeks": {" weeks": 1.0, " week": 1.0},
            "thousand persons": {"": 1e-3, "k": 1.0, "m": 1e3},
            "persons": {"": 1.0, "k": 1e3, "m": 1e6},
            "million USD": {"tn": 1e6, "bn": 1e3, "m": 1.0, "k": 1e-3, "": 1e-6},
            "yen": {"": 1.0},
            "USD a barrel": {" a barrel": 1.0},
        },
        leading={"million USD": "$", "yen": "¥", "USD a barrel": "$"},
        date=re.compile(rf"(?:(?P<day>\d{{1,2}}) )?(?P<month>[A-Z][a-z]+)(?: (?P<year>\d{{4}}))?{_TIME}"),
        percentile=re.compile(r"(?P<share>\d{1,3})(?:st|nd|rd|th)(?: percentile)?"),
        counts={
            **{
                word: n
                for n, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)
            },
            **{
                word: n
                for n, word in enumerate(
                    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"], 1
                )
            },
        },
    ),
    "ja": Reading(
        # What has no Japanese yet is said in English.
        terms=(*DECLARED_TERMS_JA, *DECLARED_TERMS),
        not_known="データ不足",
        amount=re.compile(rf"(?P<sign>[+-]?){_DIGITS}(?P<scale>.?)ドル"),
        scales={"": 1.0, "兆": 1e12, "億": 1e8, "万": 1e4},
        units={
            "percent": {"%": 1.0},
            "percentage points": {"ポイント": 1.0, "bp": 0.01},
            "hours": {"時間": 1.0},
            "days": {"日": 1.0},
            "weeks": {"週": 1.0},
            "persons": {"人": 1.0},
            "yen": {"円": 1.0},
            "USD a barrel": {"ドル": 1.0},
            "thousand persons": {"万人": 10.0},
            "million USD": {"兆ドル": 1e6, "億ドル": 1e2, "万ドル": 1e-2, "ドル": 1e-6},
        },
        leading={"USD a barrel": "1バレル"},
        date=re.compile(rf"(?:(?P<year>\d{{4}})年)?(?P<month>\d{{1,2}})月(?:(?P<day>\d{{1,2}})日{_TIME})?"),
        percentile=re.compile(r"(?P<share>\d{1,3})(?:パーセンタイル)?"),
    ),
}
_NUMBER = re.compile(rf"{_DIGITS}(?P<rest>.*)")


def check(document: Document) -> None:
    """Raise `UnbackedFigureError` for the first text that prints what no figure backs."""
    with speaking(document.language):
        for section in document.sections:
            for where, fragments in _texts(section):
                check_fragments(fragments, where)
            for chart in section.charts:
                _check_drawn(chart)
        for tile in document.note.tiles:
            check_fragments((tile.title, " ", tile.figure, " ", *tile.caption), f"tile {tile.title!r}")
        for sentence in document.sentences:
            where = f"{sentence.id} ({sentence.rule})"
            check_fragments(sentence.fragments, where)
            if not sentence.evidence:
                raise UnbackedFigureError(f"{where} has no evidence: build it from at least one figure of a mart")


def check_fragments(fragments: tuple[Fragment, ...], where: str) -> None:
    """Check one text of the language spoken: words without figures, and each printed figure equal to its value."""
    words = "".join(fragment if isinstance(fragment, str) else "\0" for fragment in fragments)
    for term in READINGS[spoken()].terms if has_digit(words) else ():
        # Not inside a longer number: "17-day" is not the declared "7-day".
        words = re.sub(rf"(?<![\d.,]){re.escape(term)}", "", words)
    if has_digit(words):
        raise UnbackedFigureError(
            f"{where}: {words.replace(chr(0), '…')!r} states a figure that no mart row backs: read it as a Figure, "
            f"or declare the term in report/figure_check.py"
        )
    for one, next_one in pairwise(plain((fragment,)) for fragment in fragments):
        if has_digit(one[-1:]) and has_digit(next_one[:1]):
            raise UnbackedFigureError(f"{where}: {one!r} and {next_one!r} run into one number: put words between them")
    for fragment in fragments:
        if isinstance(fragment, Printed) and not prints_its_value(fragment):
            raise UnbackedFigureError(
                f"{where}: prints {fragment.text!r} where marts.{fragment.figure.table}.{fragment.figure.column} "
                f"has {fragment.figure.value!r}: correct report/formatting.py"
            )


def prints_its_value(printed: Printed) -> bool:
    """True if the text, read back in the language spoken, is the value within half of its last printed digit."""
    value, text, unit = printed.figure.value, printed.text, printed.figure.unit
    reading = READINGS[spoken()]
    if value is None:
        return text == reading.not_known
    if isinstance(value, str):
        return text == value or (
            text == in_words(value, dimension_of(printed.figure)) and _whole_numbers(text) <= _whole_numbers(value)
        )
    if isinstance(value, date):
        return _says_moment(text, value, reading)
    if printed.is_magnitude:
        value = abs(value)
    if text in reading.counts:
        return unit == "count" and reading.counts[text] == value
    if unit == "percentile":
        found = reading.percentile.fullmatch(text)
        return found is not None and abs(int(found["share"]) - 100 * value) <= 0.5 * (1 + 1e-6)
    if unit in ("USD", "USD per coin"):
        match = reading.amount.fullmatch(text)
        scale = reading.scales.get(match["scale"]) if match else None
        # A price is written out, but for a round level that it crosses.
        if match is None or scale is None or (unit != "USD" and scale != 1.0 and value % (scale / 10)):
            return False
        return _is(match, match["sign"], value, scale)
    return _says_number(text, value, unit, reading)


def _says_number(text: str, value: float, unit: str, reading: Reading) -> bool:
    sign = text[:1] if text[:1] in "+-" else ""
    leading = reading.leading.get(unit, "")
    match = _NUMBER.fullmatch(text[len(sign) :].removeprefix(leading))
    if match is None or not text[len(sign) :].startswith(leading):
        return False
    if unit == "count" and re.fullmatch("st|nd|rd|th", match["rest"]):
        return _is(match, sign, value, 1.0)
    endings = reading.units.get(unit, {"": 1.0} if unit in UNSAID else {f" {unit}": 1.0})
    return match["rest"] in endings and _is(match, sign, value, endings[match["rest"]])


def _is(match: re.Match[str], sign: str, value: float, scale: float) -> bool:
    number = float(match["digits"].replace(",", "")) * (-1 if sign == "-" else 1)
    half_of_last_digit = 0.5 * 10.0 ** -len(match["decimals"] or "")
    return abs(number - value / scale) <= half_of_last_digit * (1 + 1e-6)


def _whole_numbers(text: str) -> Counter[int]:
    """The numbers in a name, in any order: a word for it may turn them round or leave one out, and bring no other."""
    return Counter(int(digits) for digits in re.findall(r"\d+", text))


def _says_moment(text: str, value: date, reading: Reading) -> bool:
    """True if each part of a moment that the text says is the value's; a year or a day may be left to the reader."""
    match = reading.date.fullmatch(text)
    if match is None or not (match["month"].isdigit() or match["month"] in _MONTHS):
        return False
    month = int(match["month"]) if match["month"].isdigit() else _MONTHS.index(match["month"]) + 1
    clock = value if isinstance(value, datetime) else datetime.combine(value, time())
    said = {"year": match["year"], "day": match["day"], "hour": match["hour"], "minute": match["minute"]}
    is_midnight = (clock.hour, clock.minute) == (0, 0)
    return (
        month == value.month
        and all(number is None or int(number) == getattr(clock, name) for name, number in said.items())
        # What says a day and no hour says that there is none; what says a year and no day, that of the month.
        and (match["hour"] is not None or match["day"] is None or match["year"] is None or is_midnight)
    )


def _check_drawn(chart: Chart) -> None:
    """Check that each number in a chart's data is that of one of its figures."""
    backed = {figure.plain_value() for figure in chart.figures}
    for rows in chart.spec.get("datasets", {}).values():
        for row in rows:
            for column, value in row.items():
                if isinstance(value, int | float) and not isinstance(value, bool) and value not in backed:
                    raise UnbackedFigureError(
                        f"chart {chart.id}: draws {value!r} as {column}, which no mart row backs: add it as a Figure"
                    )


def _texts(section: Section) -> Iterator[tuple[str, tuple[Fragment, ...]]]:
    place = f"section {section.id}"
    yield f"{place}, title", (section.title,)
    yield f"{place}, note", section.note
    for chart in section.charts:
        for fragments in (chart.title, chart.subtitle, chart.alt):
            yield f"{place}, chart {chart.id}", fragments
    for table in section.tables:
        yield f"{place}, table {table.id}", (table.title, " ", *table.caption)
        for column in table.columns:
            yield f"{place}, table {table.id}", (column.title,)
        for row in table.rows:
            for cell in row:
                yield f"{place}, table {table.id}", (cell,)
