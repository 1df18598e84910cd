"""Figures, their units, and how they are written; the guard that reads them back."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from report.errors import UnbackedFigureError
from report.figure_check import check_fragments, prints_its_value
from report.figures import LONGEST_NAME, Figure, clean_name, unit_of, value_of_cell
from report.formatting import (
    NOT_KNOWN,
    Printed,
    as_level,
    as_yield,
    in_basis_points,
    magnitude,
    near_day,
    near_month,
    percentile,
    show,
    spelled,
    whole,
    words,
)
from report.languages import speaking
from report.text import compose, say, series

SUNDAY = date(2025, 11, 23)


def figure(value: object, unit: str = "percent") -> Figure:
    return Figure(value, unit, "sector_returns_weekly", (("sector", "AI"),), "return_median_pct", "mon_mon")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        (-14.94, "percent", True, "-14.9%"),
        (5.6, "percent", True, "+5.6%"),
        (5.6, "percent", False, "5.6%"),
        (-0.04, "percent", True, "0.0%"),
        (0.0, "percent", True, "0.0%"),
        (2.964e12, "USD", False, "$2.96tn"),
        (-18.24e9, "USD", True, "-$18.2bn"),
        (999_960_000.0, "USD", False, "$1.0bn"),
        (812e6, "USD", True, "+$812.0m"),
        (0.0, "USD", True, "$0"),
        (88_247.0, "USD per coin", False, "$88,247"),
        (2.5, "USD per coin", False, "$2.50"),
        (0.0000123456, "USD per coin", False, "$0.00001235"),
        (0.805, "correlation", False, "0.81"),
        (57, "hours", False, "57 hours"),
        (1, "hours", False, "1 hour"),
        (9211, "count", False, "9,211"),
        (119.0, "thousand persons", True, "+119k"),
        (159_543.0, "thousand persons", False, "159.5m"),
        (233_000.0, "persons", False, "233k"),
        (6_560_000.0, "million USD", False, "$6.56tn"),
        (156.5, "yen", False, "¥156.5"),
        (-2.008, "yen", True, "-¥2.0"),
        (58.6943, "USD a barrel", False, "$58.7 a barrel"),
        (1034.55, "index points", False, "1,034.5"),
        (0.25, "", False, "0.25"),
        (1234.5, "", False, "1,234.5"),
        (date(2025, 10, 6), "UTC", False, "6 October 2025"),
        (datetime(2025, 11, 19, 4), "UTC", False, "19 November 2025 04:00 UTC"),
        ("1INCH", "", False, "1INCH"),
        (None, "percent", True, NOT_KNOWN),
    ],
)
def test_a_figure_is_written_in_its_unit_and_the_guard_reads_it_back(
    value: object, unit: str, signed: bool, text: str
) -> None:
    printed = show(figure(value, unit), signed=signed)
    assert printed.text == text
    assert prints_its_value(printed)


def test_money_side_by_side_is_on_one_scale() -> None:
    assert show(figure(-5e7, "USD"), signed=True, scale_of=148e9).text == "-$0.05bn"
    assert show(figure(0.0, "USD"), scale_of=148e9).text == "$0.00bn"


@pytest.mark.parametrize(
    ("printed", "text", "japanese"),
    [
        (lambda: magnitude(figure(-21.0e9, "USD")), "$21.0bn", "210億ドル"),
        (lambda: in_basis_points(figure(-0.08)), "-8bp", "-8bp"),
        (lambda: in_basis_points(figure(3.17), signed=False), "317bp", "317bp"),
        (lambda: as_yield(figure(4.056)), "4.06%", "4.06%"),
        (lambda: whole(figure(30.11), "percent"), "30%", "30%"),
        (lambda: percentile(figure(0.36)), "36th percentile", "36パーセンタイル"),
        (lambda: percentile(figure(0.013)), "1st percentile", "1パーセンタイル"),
        (lambda: percentile(figure(0.12)), "12th percentile", "12パーセンタイル"),
        (lambda: spelled(figure(3, "weeks"), is_ordinal=True), "third", "3"),
        (lambda: spelled(figure(3, "weeks")), "three", "3"),
        (lambda: spelled(figure(21, "weeks"), is_ordinal=True), "21st", "21"),
        (lambda: as_level(figure(3e12, "USD")), "$3 trillion", "3兆ドル"),
        (lambda: as_level(figure(100_000.0, "USD")), "$100,000", "10万ドル"),
        (lambda: near_day(figure(date(2025, 10, 26)), SUNDAY), "26 October", "10月26日"),
        (lambda: near_day(figure(date(2024, 10, 26)), SUNDAY), "26 October 2024", "2024年10月26日"),
        (lambda: near_month(figure(date(2025, 4, 30)), SUNDAY), "April", "4月"),
        (lambda: near_month(figure(date(2024, 4, 30)), SUNDAY), "April 2024", "2024年4月"),
    ],
)
def test_figures_of_the_note_are_written_as_people_do(printed: Callable[[], Printed], text: str, japanese: str) -> None:
    assert printed().text == text
    assert prints_its_value(printed())
    with speaking("ja"):
        assert printed().text == japanese
        assert prints_its_value(printed())


@pytest.mark.parametrize(
    "printed",
    [
        Printed(figure(-21.0e9, "USD"), "$21.0bn"),  # no magnitude: the sign is missing
        Printed(figure(0.36, "percentile"), "37th percentile"),
        Printed(figure(3, "count"), "fourth"),
        Printed(figure(-0.08, "percentage points"), "-80bp"),
        Printed(figure(date(2025, 10, 26)), "27 October"),
        Printed(figure(date(2025, 4, 30)), "May"),
        Printed(figure(datetime(2025, 11, 20, 13, 30)), "20 November 2025"),
        Printed(figure(119.0, "thousand persons"), "119m"),
    ],
)
def test_the_guard_refuses_what_people_would_misread(printed: Printed) -> None:
    assert not prints_its_value(printed)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-14.94, "percent", "14.9%"),
        (-14.94, "percent", "-14.8%"),
        (-14.94, "percent", "-14.9"),
        (57, "hours", "57 days"),
        (2.964e12, "USD", "$2.96bn"),
        (2.964e12, "USD", "2.96 trillion"),
        (0.8, "correlation", "$0.80"),
        (None, "percent", "0.0%"),
        ("deleveraging", "", "recovery"),
        (date(2025, 10, 6), "UTC", "7 October 2025"),
    ],
)
def test_the_guard_refuses_a_text_that_is_not_the_value(value: object, unit: str, text: str) -> None:
    with pytest.raises(
        UnbackedFigureError, match=r"prints .* where marts\.sector_returns_weekly\.return_median_pct has"
    ):
        check_fragments(("AI: ", Printed(figure(value, unit), text)), "here")


@pytest.mark.parametrize(
    "template",
    [
        "It fell 14.9% in the week, {f}.",
        "{f} in 3 weeks.",
        "{f}, a 17-day low.",
        "{f} since ３ weeks.",
        "{f}, top-300",
    ],
)
def test_the_guard_refuses_digits_in_plain_words(template: str) -> None:
    with pytest.raises(UnbackedFigureError, match="states a figure that no mart row backs"):
        check_fragments(compose(template, f=figure(-14.9)), "here")


def test_declared_terms_and_the_weeks_own_dates_may_hold_digits() -> None:
    check_fragments(compose("The top-30 index and the 7-day span: {f}.", f=figure(1.0)), "here")


def test_a_term_does_not_come_about_by_joining_words_over_a_figure() -> None:
    with pytest.raises(UnbackedFigureError):
        check_fragments(compose("top-{f}30", f=figure("x")), "here")


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("return_cap_weighted_pct", "percent"),
        ("total_market_cap_usd", "USD"),
        ("reference_price_usd", "USD per coin"),
        ("average_correlation_to_btc", "correlation"),
        ("ci_low", "correlation"),
        ("open_interest_base", "coins"),
        ("longest_negative_run_hours", "hours"),
        ("negative_hours", "hours"),
        ("hours_present", "hours"),
        ("supply_age_days_max", "days"),
        ("weeks_in_verdict", "weeks"),
        ("n_settlements", "count"),
        ("expected_settlements", "count"),
        ("missing_rows", "count"),
        ("rank", "count"),
        ("dispersion_pp", "percentage points"),
        ("level", "index points"),
        ("market_date", "UTC"),
        ("sector", ""),
        ("rank_bucket", ""),
        ("vote", ""),
    ],
)
def test_the_unit_stands_in_the_columns_name(column: str, unit: str) -> None:
    assert unit_of(column) == unit


def test_cells_that_are_no_numbers_are_not_known() -> None:
    assert value_of_cell(None) is None
    assert value_of_cell(float("nan")) is None
    assert value_of_cell(float("-inf")) is None
    assert value_of_cell(Decimal("1.5")) == 1.5
    assert value_of_cell(True) == "yes"


def test_foreign_names_are_one_short_visible_line() -> None:
    assert clean_name("\x1b[31mRED\x1b[0m\n two\tlines") == "[31mRED[0m two lines"
    assert clean_name("a\u202eb\u200bc\u2066") == "abc"
    assert clean_name(" \u200b ") == "unnamed"
    assert len(clean_name("Z" * 400)) == LONGEST_NAME
    assert len(clean_name("e" + "\u0301" * 300)) < 10


def test_words_of_the_warehouse_are_spelled_for_people() -> None:
    assert words(figure("insufficient_data", "")).text == "insufficient data"
    assert words(figure("broad_risk_off", "")).text == "broad risk-off"
    assert prints_its_value(words(figure("broad_risk_off", "")))


def test_a_sentence_carries_each_figure_once() -> None:
    one, two = figure(1.0), figure(2.0)
    sentence = say("rule", "{a}, {b} and again {a}: {c}", a=one, b=two, c=series([[show(one), "!"], "x", "y"]))
    assert sentence.text == "1.0%, 2.0% and again 1.0%: 1.0%!, x and y"
    assert sentence.evidence == (one, two)


def test_evidence_is_rounded_so_that_parallel_sums_give_the_same_bytes() -> None:
    assert figure(0.1 + 0.2).evidence()["value"] == 0.3
    assert figure(-1e-30).plain_value() == -1e-30
    assert figure(date(2025, 1, 2)).plain_value() == "2025-01-02"
