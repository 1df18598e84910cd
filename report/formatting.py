"""How a figure is written: the one place where a value becomes text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from report.days import day_in_words, month_in_words
from report.figures import Figure
from report.languages import Language, spoken, translate, word

NOT_KNOWN = "insufficient data"


@dataclass(frozen=True)
class Scale:
    """A power of ten that a language has a word for; amounts side by side keep more decimals than one alone."""

    least: float
    unit: float
    word: str
    decimals: int
    decimals_side_by_side: int


@dataclass(frozen=True)
class Numerals:
    """How a language writes amounts and units; `{n}` is the number, without its sign. A unit that is not there is said.

    `as_money` are units that are so many dollars, `as_people` those that are so many persons, both written on the
    language's scales; `of_ten` are units counted in tens of themselves.
    """

    scales: tuple[Scale, ...]
    money: str
    units: Mapping[str, str]
    spelled: tuple[str, ...]
    ordinals: tuple[str, ...]
    percentile: str
    # What a headline calls large round amounts, the largest first.
    round_levels: Mapping[float, str]
    as_money: Mapping[str, float] = field(default_factory=dict)
    as_people: Mapping[str, float] = field(default_factory=dict)
    of_ten: frozenset[str] = frozenset()


NUMERALS: dict[Language, Numerals] = {
    "en": Numerals(
        scales=(
            Scale(1e12, 1e12, "tn", 2, 2),
            Scale(1e9, 1e9, "bn", 1, 2),
            Scale(1e6, 1e6, "m", 1, 2),
            Scale(1e3, 1e3, "k", 0, 1),
        ),
        money="${n}",
        units={
            "percent": "{n}%",
            "percentage points": "{n}pp",
            "basis points": "{n}bp",
            "yen": "¥{n}",
            "USD a barrel": "${n} a barrel",
        },
        spelled=("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        ordinals=("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
        percentile="{n} percentile",
        round_levels={1e12: " trillion", 1e9: " billion", 1e6: " million"},
        as_money={"million USD": 1e6},
        as_people={"thousand persons": 1e3, "persons": 1.0},
    ),
    # The decimals keep what the English page shows: tenths of a billion are single 億.
    "ja": Numerals(
        scales=(
            Scale(1e12, 1e12, "兆", 2, 2),
            Scale(1e10, 1e8, "億", 0, 1),
            Scale(1e8, 1e8, "億", 1, 1),
            Scale(1e4, 1e4, "万", 0, 0),
        ),
        money="{n}ドル",
        units={
            "percent": "{n}%",
            "percentage points": "{n}ポイント",
            "basis points": "{n}bp",
            "hours": "{n}時間",
            "days": "{n}日",
            "weeks": "{n}週",
            "thousand persons": "{n}万人",
            "persons": "{n}人",
            "yen": "{n}円",
            "USD a barrel": "1バレル{n}ドル",
        },
        spelled=(),
        ordinals=(),
        percentile="{n}パーセンタイル",
        round_levels={1e12: "兆", 1e8: "億", 1e4: "万"},
        as_money={"million USD": 1e6},
        of_ten=frozenset({"thousand persons"}),
    ),
}


@dataclass(frozen=True)
class Printed:
    """A figure and the text that stands for it; of a magnitude, the words around it say the sign."""

    figure: Figure
    text: str
    is_magnitude: bool = False


def show(figure: Figure, *, signed: bool = False, scale_of: float | None = None) -> Printed:
    """The figure in words fit for its unit; `signed` puts a plus before gains (a minus always shows).

    Amounts of money that stand side by side are read on one scale, that of the amount `scale_of`.
    """
    value = figure.value
    if value is None:
        return Printed(figure, translate(NOT_KNOWN))
    if isinstance(value, str):
        return Printed(figure, value)
    if isinstance(value, date):
        return Printed(figure, moment_in_words(value, is_day=figure.column in KNOWN_BY_DAY))
    if figure.unit == "USD":
        return Printed(figure, _money(value, signed, scale_of))
    return Printed(figure, _number(value, figure.unit, signed))


# Units of the marts' own `unit` columns that print as another.
_PRINTED_AS = {"percent a year": "percent", "rank": "count"}
# Units that are said by the words around the figure, or by a sign of their own.
UNSAID = ("", "correlation", "count", "index points", "USD", "USD per coin", "UTC", "ratio")
# Moments of which often no more than the day is known: midnight is none of their hours.
KNOWN_BY_DAY = ("released_at",)


def in_unit(figure: Figure, unit: str, *, signed: bool = False) -> Printed:
    """The figure in a unit that its row states and its column's name cannot."""
    return show(replace(figure, unit=_PRINTED_AS.get(unit, unit)), signed=signed)


def magnitude(figure: Figure, unit: str | None = None) -> Printed:
    """The figure without its sign, where words like fell or rose say it."""
    shown = show(figure) if unit is None else in_unit(figure, unit)
    return replace(shown, text=shown.text.lstrip("+-"), is_magnitude=True) if figure.number is not None else shown


def as_level(figure: Figure) -> Printed:
    """A round amount of dollars as a headline names it: $3 trillion, $100,000."""
    number, numerals = figure.number, NUMERALS[spoken()]
    if number is None:
        return show(figure)
    for least, name in numerals.round_levels.items():
        if abs(number) >= least:
            return Printed(figure, _in_dollars(_fixed(number / least, 0 if number % least == 0 else 1, False) + name))
    return Printed(figure, _in_dollars(_fixed(number, 0, False)))


def as_yield(figure: Figure) -> Printed:
    """A yield or a policy rate in percent: two decimals."""
    return _with_decimals(figure, "percent", 2)


def in_basis_points(figure: Figure, *, signed: bool = True) -> Printed:
    """A difference of yields, in hundredths of a percentage point."""
    figure = replace(figure, unit="percentage points")
    if figure.number is None:
        return show(figure)
    return Printed(figure, _with_unit(_fixed(100 * figure.number, 0, signed), "basis points"))


def whole(figure: Figure, unit: str, *, signed: bool = False) -> Printed:
    """A probability and the like, of which decimals say nothing."""
    return _with_decimals(figure, unit, 0, signed)


def percentile(figure: Figure, *, is_short: bool = False) -> Printed:
    """A share of earlier values below, as people say it: 0.36 is the 36th percentile; `is_short` without the word."""
    figure = replace(figure, unit="percentile")
    if figure.number is None:
        return show(figure)
    number = f"{100 * figure.number:.0f}"
    numerals = NUMERALS[spoken()]
    ordinal = f"{number}{_ending(int(number))}" if numerals.ordinals else number
    return Printed(figure, ordinal if is_short else numerals.percentile.replace("{n}", ordinal))


def spelled(figure: Figure, *, is_ordinal: bool = False) -> Printed:
    """A small count in words where the language writes it so: three, third."""
    numerals = NUMERALS[spoken()]
    names = numerals.ordinals if is_ordinal else numerals.spelled
    number = figure.number
    counted = replace(figure, unit="count")
    if number is not None and number == int(number) and 1 <= number <= len(names):
        return Printed(counted, names[int(number) - 1])
    if number is not None and is_ordinal and names:
        return Printed(counted, f"{number:.0f}{_ending(int(number))}")
    return show(counted)


def near_day(figure: Figure, by: date) -> Printed:
    """A day without its year where that goes without saying: it is less than eleven months from `by`."""
    value = figure.value
    if not isinstance(value, date) or abs((_day(value) - by).days) > _YEAR_SAID_AFTER_DAYS:
        return show(figure)
    return Printed(figure, day_in_words(_day(value), with_year=False))


def near_month(figure: Figure, by: date) -> Printed:
    """The month of a day, without its year where that goes without saying."""
    value = figure.value
    if not isinstance(value, date):
        return show(figure)
    far = abs((_day(value) - by).days) > _YEAR_SAID_AFTER_DAYS
    return Printed(figure, month_in_words(_day(value), with_year=far))


_YEAR_SAID_AFTER_DAYS = 330


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _with_decimals(figure: Figure, unit: str, decimals: int, signed: bool = False) -> Printed:
    figure = replace(figure, unit=unit)
    if figure.number is None:
        return show(figure)
    return Printed(figure, _with_unit(_fixed(figure.number, decimals, signed), unit))


def _ending(number: int) -> str:
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


# The one label of the marts that holds numbers of its own: a meeting's day is written as days are.
_CUT = re.compile(r"a cut of (?P<size>\d+) bp on (?P<day>\d{4}-\d{2}-\d{2})")


def words(figure: Figure) -> Printed:
    """A word of the warehouse's own vocabulary (a state, a bucket, a dataset) as people write it."""
    if not isinstance(figure.value, str):
        return show(figure)
    return Printed(figure, in_words(figure.value, dimension_of(figure)))


def in_words(value: str, dimension: str | None = None) -> str:
    """`insufficient_data` as `insufficient data`; a state as its dimension calls it, where it has a word of its own."""
    cut = _CUT.fullmatch(value)
    if cut and _is_day(cut["day"]):
        day = day_in_words(date.fromisoformat(cut["day"]), with_year=False)
        return translate("a {size}bp cut on {day}").replace("{size}", cut["size"]).replace("{day}", day)
    own = word(f"{dimension} {value}") if dimension else None
    return own or word(value) or value.replace("_", " ")


def dimension_of(figure: Figure) -> str | None:
    """The dimension of the regime that a state or a vote is of."""
    if figure.column.endswith("_state"):
        return figure.column.removesuffix("_state")
    return dict(figure.key).get("dimension") if figure.column == "vote" else None


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def moment_in_words(value: date, *, is_day: bool = False) -> str:
    """A date, or a moment with its UTC hour; `is_day` where midnight says that the hour is not known."""
    if isinstance(value, datetime) and not (is_day and value.time() == time()):
        return f"{day_in_words(value)} {value:%H:%M} UTC"
    return day_in_words(value)


def _number(value: float, unit: str, signed: bool) -> str:
    match unit:
        case "percent" | "percentage points" | "index points" | "yen" | "USD a barrel":
            return _with_unit(_fixed(value, 1, signed), unit)
        case "USD per coin":
            return _in_dollars(_price(value))
        case "correlation" | "ratio":
            return _fixed(value, 2, signed)
        case "hours" | "days" | "weeks":
            return _with_unit(_fixed(value, 0, signed), unit)
        case "count":
            return _fixed(value, 0, signed)
    numerals = NUMERALS[spoken()]
    if unit in numerals.as_money:
        return _money(value * numerals.as_money[unit], signed, None)
    if unit in numerals.as_people:
        return _amount(value * numerals.as_people[unit], signed, None)
    if unit in numerals.of_ten:
        return _with_unit(_fixed(value / 10, 1, signed), unit)
    return _with_unit(_plain(value, signed), unit)


def _with_unit(number: str, unit: str) -> str:
    form = NUMERALS[spoken()].units.get(unit)
    if form is not None:
        sign = number[0] if number[0] in "+-" else ""
        return sign + form.replace("{n}", number[len(sign) :])
    if unit in UNSAID:
        return number
    return f"{number} {unit.removesuffix('s') if number == '1' and unit in ('hours', 'days', 'weeks') else unit}"


def _fixed(value: float, decimals: int, signed: bool) -> str:
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    # What rounds to nothing has no sign.
    return text.lstrip("+-") if not any(c in "123456789" for c in text) else text


def _money(value: float, signed: bool, scale_of: float | None) -> str:
    return _in_dollars(_amount(value, signed, scale_of))


def _amount(value: float, signed: bool, scale_of: float | None) -> str:
    unit, name, decimals = 1.0, "", 0
    for scale in NUMERALS[spoken()].scales:
        # 999.96 million would print as 1,000.0 million: it is 1.0 billion.
        if abs(value if scale_of is None else scale_of) >= scale.least * (1 - 5e-5):
            unit, name = scale.unit, scale.word
            decimals = scale.decimals if scale_of is None else scale.decimals_side_by_side
            break
    return _fixed(value / unit, decimals, signed) + name


def _in_dollars(number: str) -> str:
    sign = number[0] if number[0] in "+-" else ""
    return sign + NUMERALS[spoken()].money.replace("{n}", number[len(sign) :])


def _price(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:,.2f}"
    # Small coins: four digits that mean something, never an exponent.
    return f"{value:.12f}".rstrip("0").rstrip(".") if value == 0 else _significant(value, 4)


def _plain(value: float, signed: bool) -> str:
    """A number without a unit (a vote, a weight, a threshold): whole if it is whole, else three digits."""
    if value == int(value) and abs(value) < 1e15:
        return _fixed(value, 0, signed)
    if abs(value) >= 100:
        return _fixed(value, 1, signed)
    text = _significant(value, 3)
    return f"+{text}" if signed and value > 0 else text


def _significant(value: float, digits: int) -> str:
    exponent = int(f"{value:e}".split("e")[1])
    text = f"{value:,.{max(digits - 1 - exponent, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
