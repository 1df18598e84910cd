"""How a figure is written: the one place where a value becomes text.

Belongs here: digits, signs, scales and dates, by the figure's unit.
Does not: typography of one medium (render/), which figure is written where (sections/).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from report.figures import Figure
from report.weeks import day_in_words

NOT_KNOWN = "insufficient data"

_SCALES = ((1e12, " trillion", 2), (1e9, " billion", 1), (1e6, " million", 1), (1e3, " thousand", 1))
# Values of marts are spelled for machines; a page spells them for people.
_SPELLINGS = {
    "broad_risk_off": "broad risk-off",
    "broad_risk_on": "broad risk-on",
    "over_levered": "over-levered",
    "reset_consolidation": "reset and consolidation",
    "mon_mon": "Monday–Monday",
    "fri_fri": "Friday–Friday",
    "open_interest": "open interest",
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
        return Printed(figure, NOT_KNOWN)
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
        text = f"{_fixed(figure.number, 2, signed)} {'%' if unit == 'percent' else 'pp'}"
        return Printed(replace(figure, unit=unit), text)
    return in_unit(figure, unit, signed=signed)


def counted(figure: Figure, one: str, many: str) -> list[Printed | str]:
    """The count and what it counts: 1 venue, 4 venues."""
    return [show(figure), f" {one if figure.value == 1 else many}"]


def words(figure: Figure) -> Printed:
    """A word of the warehouse's own vocabulary (a state, a bucket, a dataset) as people write it."""
    if not isinstance(figure.value, str):
        return show(figure)
    return Printed(figure, in_words(figure.value))


def in_words(value: str) -> str:
    """`insufficient_data` as `insufficient data`."""
    return _SPELLINGS.get(value, value.replace("_", " "))


def moment_in_words(value: date) -> str:
    """A date, or a moment with its UTC hour."""
    if isinstance(value, datetime):
        return f"{day_in_words(value)} {value:%H:%M} UTC"
    return day_in_words(value)


def _number(value: float, unit: str, signed: bool) -> str:
    match unit:
        case "percent":
            return f"{_fixed(value, 1, signed)} %"
        case "percentage points":
            return f"{_fixed(value, 1, signed)} pp"
        case "USD per coin":
            return _price(value)
        case "correlation":
            return _fixed(value, 2, signed)
        case "hours" | "days" | "weeks":
            text = _fixed(value, 0, signed)
            return f"{text} {unit.removesuffix('s') if text == '1' else unit}"
        case "count":
            return _fixed(value, 0, signed)
        case "index points":
            return _fixed(value, 1, signed)
    return _plain(value, signed) + ("" if unit in UNSAID else f" {unit}")


def _fixed(value: float, decimals: int, signed: bool) -> str:
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    # What rounds to nothing has no sign.
    return text.lstrip("+-") if not any(c in "123456789" for c in text) else text


def _money(value: float, signed: bool, scale_of: float | None) -> str:
    scale, word, decimals = 1.0, "", 0
    for candidate, name, places in _SCALES:
        # 999.96 million would print as 1,000.0 million: it is 1.0 billion.
        if abs(value if scale_of is None else scale_of) >= candidate * (1 - 5e-5):
            scale, word, decimals = candidate, name, places if scale_of is None else 2
            break
    text = _fixed(value / scale, decimals, signed)
    sign = text[0] if text[0] in "+-" else ""
    return f"{sign}${text[len(sign) :]}{word}"


def _price(value: float) -> str:
    if abs(value) >= 1000:
        return f"${value:,.0f}"
    if abs(value) >= 1:
        return f"${value:,.2f}"
    # Small coins: four digits that mean something, never an exponent.
    return f"${value:.12f}".rstrip("0").rstrip(".") if value == 0 else f"${_significant(value, 4)}"


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
