"""Figures as notes write them: `$2.97tn`, `−14.9%`, `119k`, `2兆9,700億ドル`, `25bp`, and how exactly each is meant."""

import re
from dataclasses import dataclass

# A round amount of money (one digit that is not 0) is within so much of itself; "about" any figure is within so much.
ROUND_AMOUNT = 0.01
ABOUT = 0.03

_SCALES: dict[str, float] = {
    "trillion": 1e12, "tn": 1e12, "trn": 1e12, "t": 1e12, "兆": 1e12,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "億": 1e8,
    "million": 1e6, "mn": 1e6, "m": 1e6, "万": 1e4,
    "thousand": 1e3, "k": 1e3, "千": 1e3,
}  # fmt: skip
# Letters that are a scale only beside a currency or right behind the digits.
_UNITS: dict[str, str] = {
    "%": "percent", "percent": "percent", "per cent": "percent", "パーセント": "percent",
    "percentage points": "percentage points", "percentage point": "percentage points", "pp": "percentage points",
    "ppt": "percentage points", "%ポイント": "percentage points", "パーセントポイント": "percentage points",
    "bp": "basis points", "bps": "basis points", "basis points": "basis points", "basis point": "basis points",
    "ベーシスポイント": "basis points",
    "dollars": "USD", "dollar": "USD", "us dollars": "USD", "usd": "USD", "usdt": "USD", "ドル": "USD", "米ドル": "USD",
    "yen": "yen", "円": "yen", "euros": "other money", "ユーロ": "other money", "eur": "other money", "jpy": "yen",
    "people": "persons", "jobs": "persons", "persons": "persons", "人": "persons", "件": "persons",
    "hours": "hours", "時間": "hours", "points": "points", "倍": "times", "x": "times", "times": "times",
}  # fmt: skip
_AMOUNTS = ("USD", "yen", "persons", "other money", "amount")
_CURRENCIES = {
    "$": "USD",
    "us$": "USD",
    "usd ": "USD",
    "¥": "yen",
    "jpy ": "yen",
    "€": "other money",
    "£": "other money",
}

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ALTERNATIVES = "|".join(re.escape(word) for word in sorted(_UNITS, key=len, reverse=True))
_FIGURE = re.compile(
    rf"(?P<sign>[+\-−±]\s?|(?<![\w)%])–)?(?P<currency>US\$|USD |JPY |[$¥€£])?(?P<after_sign>[+\-−])?"
    rf"(?:(?P<japanese>(?:(?:{_NUMBER})[兆億万千])+(?:{_NUMBER})?)|(?P<number>{_NUMBER})"
    rf"(?:(?P<scale>\s?(?:trillion|billion|million|thousand)\b|(?:tn|trn|bn|mn|[TBMKtbmk])(?![A-Za-z])|\s(?:tn|bn)\b))?)"
    rf"(?:[\s-]?(?P<unit>(?:{_ALTERNATIVES}))(?![A-Za-z]))?",
    re.IGNORECASE,
)
_PART = re.compile(rf"({_NUMBER})([兆億万千])?")
# What may follow a figure that is one end of a range: then it is no single figure.
_RANGE = re.compile(r"\s?(?:[–〜~]|-|−|から|to)\s?[$¥]?\d")


@dataclass(frozen=True)
class Written:
    """A figure of a note. `value` in `unit`, with the note's own sign; `half` is half a unit of its last digit."""

    value: float
    unit: str
    half: float
    is_signed: bool
    text: str

    @property
    def about(self) -> float:
        """How far "about" it reaches: 3 % of it, or a unit of its last digit; half of one where that is a fifth."""
        return max(abs(self.value) * ABOUT, 2 * self.half if self.half < abs(self.value) * 0.1 else self.half)


def find(text: str, start: int) -> tuple[Written, int] | None:
    """The figure that begins at `start` and where it ends; None where none does."""
    match = _FIGURE.match(text, start)
    if match is None:
        return None
    digits = match["japanese"] or match["number"]
    value, last = _japanese(digits) if match["japanese"] else _plain(digits, (match["scale"] or "").strip().lower())
    currency = _CURRENCIES.get((match["currency"] or "").lower())
    unit = _UNITS.get((match["unit"] or "").lower(), "")
    is_scaled = bool(match["japanese"]) or bool(match["scale"])
    if currency:
        unit = currency
    elif is_scaled and not unit:
        unit = "amount"
    sign = (match["sign"] or match["after_sign"] or "").strip()
    if sign == "±":
        return None
    half = _half(digits, last, value, is_money=unit in _AMOUNTS)
    negative = sign in ("-", "−", "–") and sign != ""
    signed = -value if negative else value
    return Written(signed, unit, half, sign != "", match[0].strip()), match.end()


def is_range(text: str, end: int) -> bool:
    """True where the figure that ended at `end` is the first of a range, like 30–40%."""
    match = _RANGE.match(text, end)
    return match is not None and not match[0].strip().startswith(("to", "から"))


def _plain(digits: str, scale: str) -> tuple[float, float]:
    """The value, and the worth of its last digit."""
    factor = _SCALES.get(scale, 1.0)
    number = digits.replace(",", "")
    decimals = len(number.partition(".")[2])
    return float(number) * factor, factor * 10.0**-decimals


def _japanese(digits: str) -> tuple[float, float]:
    """`2兆9,700億` is 2.97e12; its last digit is worth that of its last part."""
    value, last = 0.0, 1.0
    for number, scale in _PART.findall(digits):
        part, last = _plain(number, scale)
        value += part
    return value, last


def _half(digits: str, last: float, value: float, *, is_money: bool) -> float:
    """Half a unit of the last digit that means something: amounts are rounded to their last digit that is not 0."""
    if not is_money or "." in digits or value == 0:
        return last / 2
    while round(value / last) % 10 == 0:
        last *= 10
    return abs(value) * ROUND_AMOUNT if value / last < 9.5 and last > 1 else last / 2
