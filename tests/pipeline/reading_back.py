"""Reading the figures of an English text back, as a reader would: apart from what the report knows of itself."""

import json
import re

import duckdb

from report.evidence import query_of

# Scales of money, and what is no figure of a mart.
SCALES = {" trillion": 1e12, " billion": 1e9, " million": 1e6, " thousand": 1e3}
NUMBER = re.compile(r"[+-]?\$?\d[\d,]*(?:\.\d+)?(?: (?:trillion|billion|million|thousand)\b)?")
TERMS = re.compile(
    r"\b(?:7|30)-day\b|ranks \d+–\d+|top-30|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September"
    r"|October|November|December) \d{4}(?: \d\d:\d\d UTC)?|\b\d{4}-W\d\d|0\.01% per 8 hours|10\.95% a year|90%"
    r"|\b45 days\b|\b100 hours\b",
)


def numbers_in(text, words):
    """The numbers of a text, each with half of its last digit; terms, dates and names of things are taken out."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    for found in NUMBER.findall(TERMS.sub(" ", text.replace("thousand persons", "persons"))):
        scale = next((factor for word, factor in SCALES.items() if found.endswith(word)), 1.0)
        digits = re.sub(r"[^\d.+-]", "", found.split(" ")[0])
        decimals = len(digits.partition(".")[2])
        yield found, float(digits) * scale, 0.5 * 10.0**-decimals * scale


def unfounded(con: duckdb.DuckDBPyConnection, text: str, evidence: str) -> tuple[int, list[str]]:
    """How many numbers a text has, and those that the queries of its evidence do not give."""
    cells = [con.execute(query_of(one)).fetchall() for one in json.loads(evidence)]
    assert all(len(rows) <= 1 for rows in cells), text
    values = [rows[0][0] for rows in cells if rows]
    names = [value for value in values if isinstance(value, str)]
    numbers = list(numbers_in(text, [*names, *(name.replace("_", " ") for name in names)]))
    return len(numbers), [
        printed
        for printed, value, half in numbers
        if not any(_is_near(cell, value, half) for cell in values)
        and not any(printed in _words(name) for name in names)
    ]


def _words(name):
    """The words of a name; a text may say one of them in another order ("a cut of 25 bp on 2025-12-10")."""
    return re.findall(r"[^\s_]+", name)


def _is_near(cell, value, half):
    try:
        return abs(float(cell) - value) <= half * (1 + 1e-6)
    except (TypeError, ValueError):
        return False
