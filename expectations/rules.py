"""The words a suite is written in: severities, rules, and what a rule expects of a column.

Importing this costs nothing; great-expectations is not touched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from warehouse.landing import Severity
from warehouse.untrusted import is_symbol, is_title

STOP: Severity = "critical"
QUARANTINE: Severity = "row"
WARN: Severity = "warn"

# A column that a rule needs and the dataset has not, made from the batch and the source's clock (zone-less UTC).
Derived = Callable[[pd.DataFrame, datetime], pd.Series]


@dataclass(frozen=True)
class Expectation:
    """One great-expectations class by name, with its arguments."""

    type: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule: what it expects, what a failure does, and why.

    A row breaks the rule if it fails any of the expectations. A rule over the batch (a median, a set of values) that
    fails condemns all rows of the batch. `min_rows` is the smallest batch that such a rule can judge.

    A rule that `finds_holes` finds rows without a value: the source says so, and nothing was misread. However many they
    are, they condemn no batch; whole answers may be holes, as when a gap is asked for again.
    """

    name: str
    severity: Severity
    reason: str
    expectations: tuple[Expectation, ...]
    min_rows: int = 1
    finds_holes: bool = False


@dataclass(frozen=True)
class Suite:
    """The rules of one dataset, and the columns that are derived for them.

    `stop_share` is the last rule of every suite: when more than this share of a batch of at least `stop_min_rows`
    rows, holes apart, does not go on, the batch was misread and the line stops.
    """

    dataset: str
    rules: tuple[Rule, ...]
    derived: Mapping[str, Derived] = field(default_factory=dict)
    stop_share: float = 0.5
    stop_min_rows: int = 20


MOST_ROWS_GO_ON = "most_rows_go_on"


def stop(name: str, reason: str, *expectations: tuple[Expectation, ...], min_rows: int = 1) -> Rule:
    """A rule whose failure stops the line: nothing is built or published on this batch."""
    return Rule(name, STOP, reason, sum(expectations, ()), min_rows)


def quarantine(name: str, reason: str, *expectations: tuple[Expectation, ...]) -> Rule:
    """A rule whose failing rows are set aside, while the others go on."""
    return Rule(name, QUARANTINE, reason, sum(expectations, ()))


def hole(name: str, reason: str, *expectations: tuple[Expectation, ...]) -> Rule:
    """A rule whose failing rows have no value: they are set aside, and tell nothing of how the batch was read."""
    return Rule(name, QUARANTINE, reason, sum(expectations, ()), finds_holes=True)


def warn(name: str, reason: str, *expectations: tuple[Expectation, ...]) -> Rule:
    """A rule whose failing rows go on and are counted."""
    return Rule(name, WARN, reason, sum(expectations, ()))


def present(*columns: str) -> tuple[Expectation, ...]:
    """No value of these columns is missing."""
    return tuple(Expectation("ExpectColumnValuesToNotBeNull", {"column": column}) for column in columns)


def between(
    *columns: str, at_least: float | None = None, above: float | None = None, at_most: float | None = None
) -> tuple[Expectation, ...]:
    """Values lie in a range; missing ones are not judged."""
    bounds: dict[str, Any] = {"min_value": at_least if above is None else above, "max_value": at_most}
    if above is not None:
        bounds["strict_min"] = True
    return tuple(Expectation("ExpectColumnValuesToBeBetween", {"column": column, **bounds}) for column in columns)


def not_below(column: str, other: str) -> tuple[Expectation, ...]:
    """In each row, `column` is at least `other`; rows where one is missing are not judged."""
    arguments = {
        "column_A": column,
        "column_B": other,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    return (Expectation("ExpectColumnPairValuesAToBeGreaterThanB", arguments),)


def one_of(column: str, *values: object) -> tuple[Expectation, ...]:
    """Values come from a closed list; missing ones are not judged."""
    return (Expectation("ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)}),)


def unique(*columns: str) -> tuple[Expectation, ...]:
    """No two rows agree in all these columns."""
    return (Expectation("ExpectCompoundColumnsToBeUnique", {"column_list": list(columns)}),)


def contains(column: str, value: object) -> tuple[Expectation, ...]:
    """The batch has this value at least once."""
    return (Expectation("ExpectColumnDistinctValuesToContainSet", {"column": column, "value_set": [value]}),)


def median_at_most(column: str, bound: float) -> tuple[Expectation, ...]:
    """The batch's median is not above a bound."""
    return (Expectation("ExpectColumnMedianToBeBetween", {"column": column, "max_value": bound}),)


def are_symbols(*columns: str) -> Derived:
    """True where all these columns are what can be a symbol; a missing one is not judged."""
    return _are(is_symbol, columns)


def are_titles(*columns: str) -> Derived:
    """True where all these columns are what can be a coin's name; a missing one is not judged."""
    return _are(is_title, columns)


def _are(is_name: Callable[[object], bool], columns: tuple[str, ...]) -> Derived:
    def derive(rows: pd.DataFrame, now: datetime) -> pd.Series:
        good = pd.Series(True, index=rows.index)
        for column in columns:  # a name stands in thousands of rows, and is looked at once
            known = {text: is_name(text) for text in rows[column].dropna().unique()}
            good &= rows[column].map(known).fillna(True).astype(bool)
        return good

    return derive


def hours_ahead(column: str) -> Derived:
    """By how many hours a time lies after the source's clock (negative in its past).

    A plain number, because comparing times row by row is ten times slower in the pandas engine.
    """
    return lambda rows, now: (pd.to_datetime(rows[column]) - now) / pd.Timedelta(hours=1)


def days_ahead(column: str) -> Derived:
    """By how many days a date lies after the date of the source's clock."""
    return lambda rows, now: (pd.to_datetime(rows[column]) - pd.Timestamp(now).normalize()) / pd.Timedelta(days=1)


def seconds_off_the_hour(column: str) -> Derived:
    """The distance of a time from the nearest full hour."""

    def derive(rows: pd.DataFrame, now: datetime) -> pd.Series:
        times = pd.to_datetime(rows[column])
        return (times - times.dt.round("h")).abs() / pd.Timedelta(seconds=1)

    return derive


# What a live clock may be behind by the time an answer has come.
CLOCK_TOLERANCE_HOURS = 0.25
