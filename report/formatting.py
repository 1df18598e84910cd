"""How a figure is written: the one place where a value becomes text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from report.days import day_in_words
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
    """How a language writes amounts and units; `{n}` is the number. Units that are not there are said in words.

    `as_money` are units that are so many dollars, `of_ten` those that are counted in tens of themselves.
    """

    scales: tuple[Scale, ...]
    money: str
    units: Mapping[str, str]
    as_money: Mapping[str, float] = field(default_factory=dict)
    of_ten: frozenset[str] = frozenset()


NUMERALS: dict[Language, Numerals] = {
    "en": Numerals(
        scales=(
            Scale(1e12, 1e12, " trillion", 2, 2),
            Scale(1e9, 1e9, " billion", 1, 2),
            Scale(1e6, 1e6, " million", 1, 2),
            Scale(1e3, 1e3, " thousand", 1, 2),
        ),
        money="${n}",
        units={"percent": "{n} %", "percentage points": "{n} pp"},
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
            "percent": "{n} %",
            "percentage points": "{n}ポイント",
            "hours": "{n}時間",
            "days": "{n}日",
            "weeks": "{n}週",
            "thousand persons": "{n}万人",
            "persons": "{n}人",
            "yen": "{n}円",
            "USD a barrel": "{n}ドル/バレル",
        },
        as_money={"million USD": 1e6},
        of_ten=frozenset({"thousand persons"}),
    ),
}


@dataclass(frozen=True)
class Printed:
    """A figure and the text that stands for it."""

    figure: Figure
    text: str


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
        return Printed(figure, moment_in_words(value))
    if figure.unit == "USD":
        return Printed(figure, _money(value, signed, scale_of))
    return Printed(figure, _number(value, figure.unit, signed))


# Units of the marts' own `unit` columns that print as another.
_PRINTED_AS = {"percent a year": "percent", "rank": "count"}
# Units that are said by the words around the figure, or by a sign of their own.
UNSAID = ("", "correlation", "count", "index points", "USD", "USD per coin", "UTC")


def in_unit(figure: Figure, unit: str, *, signed: bool = False) -> Printed:
    """The figure in a unit that its row states and its column's name cannot."""
    return show(replace(figure, unit=_PRINTED_AS.get(unit, unit)), signed=signed)


def in_hundredths(figure: Figure, unit: str, *, signed: bool = False) -> Printed:
    """Like `in_unit`, with the second decimal of rates: yields move by hundredths."""
    if unit in ("percent", "percentage points") and figure.number is not None:
        return Printed(replace(figure, unit=unit), _with_unit(_fixed(figure.number, 2, signed), unit))
    return in_unit(figure, unit, signed=signed)


# The one label of the marts that holds numbers of its own: a meeting's day is written as days are.
_CUT = re.compile(r"a cut of (?P<size>\d+) bp on (?P<day>\d{4}-\d{2}-\d{2})")


def words(figure: Figure) -> Printed:
    """A word of the warehouse's own vocabulary (a state, a bucket, a dataset) as people write it."""
    if not isinstance(figure.value, str):
        return show(figure)
    return Printed(figure, in_words(figure.value))


def in_words(value: str) -> str:
    """`insufficient_data` as `insufficient data`."""
    cut = _CUT.fullmatch(value)
    if cut and _is_day(cut["day"]):
        template, day = translate("a cut of {size} bp on {day}"), day_in_words(date.fromisoformat(cut["day"]))
        return template.replace("{size}", cut["size"]).replace("{day}", day)
    return word(value) or value.replace("_", " ")


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def moment_in_words(value: date) -> str:
    """A date, or a moment with its UTC hour."""
    if isinstance(value, datetime):
        return f"{day_in_words(value)} {value:%H:%M} UTC"
    return day_in_words(value)


def _number(value: float, unit: str, signed: bool) -> str:
    match unit:
        case "percent" | "percentage points" | "index points":
            return _with_unit(_fixed(value, 1, signed), unit)
        case "USD per coin":
            return _in_dollars(_price(value))
        case "correlation":
            return _fixed(value, 2, signed)
        case "hours" | "days" | "weeks":
            return _with_unit(_fixed(value, 0, signed), unit)
        case "count":
            return _fixed(value, 0, signed)
    numerals = NUMERALS[spoken()]
    if unit in numerals.as_money:
        return _money(value * numerals.as_money[unit], signed, None)
    if unit in numerals.of_ten:
        return _with_unit(_fixed(value / 10, 1, signed), unit)
    return _with_unit(_plain(value, signed), unit)


def _with_unit(number: str, unit: str) -> str:
    form = NUMERALS[spoken()].units.get(unit)
    if form is not None:
        return form.replace("{n}", number)
    if unit in UNSAID:
        return number
    return f"{number} {unit.removesuffix('s') if number == '1' and unit in ('hours', 'days', 'weeks') else unit}"


def _fixed(value: float, decimals: int, signed: bool) -> str:
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    # What rounds to nothing has no sign.
    return text.lstrip("+-") if not any(c in "123456789" for c in text) else text


def _money(value: float, signed: bool, scale_of: float | None) -> str:
    unit, name, decimals = 1.0, "", 0
    for scale in NUMERALS[spoken()].scales:
        # 999.96 million would print as 1,000.0 million: it is 1.0 billion.
        if abs(value if scale_of is None else scale_of) >= scale.least * (1 - 5e-5):
            unit, name = scale.unit, scale.word
            decimals = scale.decimals if scale_of is None else scale.decimals_side_by_side
            break
    return _in_dollars(_fixed(value / unit, decimals, signed) + name)


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
