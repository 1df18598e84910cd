"""Reading the figures of an English text back, as a reader would: apart from what the report knows of itself."""

import json
import re

import duckdb

from report.evidence import query_of

# What stands behind a number, and what it makes of it; a percentile is of a share.
SCALES = {"tn": 1e12, " trillion": 1e12, "bn": 1e9, "m": 1e6, "k": 1e3, "bp": 0.01}
ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th) percentile")
NUMBER = re.compile(r"[+-]?[$¥]?\d[\d,]*(?:\.\d+)?(?:(?:tn|bn|m|k|bp)\b| trillion\b)?")
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
TERMS = re.compile(
    rf"\b(?:7|30)-day\b|ranks \d+–\d+|top-30|top 100?\b|\b\d{{1,2}} (?:{MONTHS})(?: \d{{4}})?(?: \d\d:\d\d UTC)?"
    r"|\b\d{4}-W\d\d|0\.01% per 8 hours|10\.95% a year|90%|\b45 days\b|\b100 hours\b",
)
# Units that count others: what one of them is.
UNITS = {"thousand persons": 1e3, "million USD": 1e6}


def numbers_in(text, words):
    """The numbers of a text, each with half of its last digit; terms, dates and names of things are taken out."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    text = TERMS.sub(" ", text)
    for found in ORDINAL.finditer(text):
        yield found[0], int(found[1]) / 100, 0.005
    for found in NUMBER.findall(ORDINAL.sub(" ", text)):
        scale = next((factor for word, factor in SCALES.items() if found.endswith(word)), 1.0)
        digits = re.sub(r"[^\d.+-]", "", found)
        decimals = len(digits.partition(".")[2])
        yield found, float(digits) * scale, 0.5 * 10.0**-decimals * scale


def unfounded(con: duckdb.DuckDBPyConnection, text: str, evidence: str) -> tuple[int, list[str]]:
    """How many numbers a text has, and those that the queries of its evidence do not give.

    What a text says without a sign may be a fall that its words call one.
    """
    told = json.loads(evidence)
    cells = [con.execute(query_of(one)).fetchall() for one in told]
    assert all(len(rows) <= 1 for rows in cells), text
    values = [(rows[0][0], UNITS.get(one["unit"], 1.0)) for one, rows in zip(told, cells, strict=True) if rows]
    names = [value for value, _ in values if isinstance(value, str)]
    numbers = list(numbers_in(text, [*names, *(name.replace("_", " ") for name in names)]))
    return len(numbers), [
        printed
        for printed, value, half in numbers
        if not any(_is_near(cell, unit, value, half, is_signed=printed[0] in "+-") for cell, unit in values)
        and not any(re.sub(r"\D", "", printed) in _words(name) for name in names)
    ]


def _words(name):
    """The words of a name; a text may say one of them in another order ("a cut of 25 bp on 2025-12-10")."""
    return re.findall(r"[^\s_]+", name)


def _is_near(cell, unit, value, half, *, is_signed):
    try:
        number = float(cell) * unit
    except (TypeError, ValueError):
        return False
    return abs((number if is_signed else abs(number)) - value) <= half * (1 + 1e-6)
