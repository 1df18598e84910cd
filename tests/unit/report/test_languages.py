"""Japanese beside English: every word is there, the two pages say the same, and figures in Japanese are read back."""

import csv
import json
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from string import Formatter
from types import MappingProxyType

import duckdb
import pytest

from report import formatting, note, sections
from report.document import SOURCE_LABELS
from report.errors import UnbackedFigureError
from report.figure_check import READINGS, check_fragments, prints_its_value
from report.figures import Figure
from report.formatting import as_yield, in_unit, show, words
from report.languages import LANGUAGES, CatalogueError, catalogue, read_catalogue, speaking, translate
from report.marts import Marts
from report.text import Day, compose, series
from report.week import read_week, write_week
from tests.unit.report.marts_by_hand import WEEK, hostile_marts
from tests.unit.report.said import PACKAGE, modules, templates
from tests.unit.report.test_figures import figure
from warehouse.contracts import DATASETS
from warehouse.home import CHECKOUT
from warehouse.week import Week

JA = catalogue("ja")
SEEDS = CHECKOUT / "dbt_project" / "seeds"


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def seed(name: str, column: str) -> set[str]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return {row[column] for row in csv.DictReader(file)}


def headlines() -> set[str]:
    """The names of the metrics that a headline may be made of."""
    with (SEEDS / "metrics.csv").open(encoding="utf-8") as file:
        return {row["name"] for row in csv.DictReader(file) if row["is_headline"] == "true"}


# The catalogues


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_template_that_is_said_is_a_literal_and_has_japanese(path: Path) -> None:
    said = [(line, text) for line, text in templates(path) if text]
    if path.parts[-2] == "sections" and path.name not in ("__init__.py", "tables.py"):
        assert said
    assert [f"{path.name}:{line}: {text!r}" for line, text in said if text not in JA] == []


def test_the_labels_of_the_page_have_japanese() -> None:
    page = (PACKAGE / "templates" / "week.html.j2").read_text(encoding="utf-8")
    labels = re.findall(r"said\('([^']+)'", page)
    assert len(labels) >= 10
    assert [label for label in labels if label not in JA] == []
    assert [text for label in SOURCE_LABELS.values() for text in label if text not in JA] == []


def test_the_words_of_the_warehouse_have_japanese() -> None:
    own = {
        *seed("regime_rules", "state"), *seed("regime_rules", "metric_id"), *seed("regime_rules", "dimension"),
        *seed("regime_verdicts", "verdict"), *seed("rank_buckets", "rank_bucket"), *seed("sectors", "sector"),
        *seed("asset_classes", "asset_class"), *headlines(), *seed("macro_series", "name"),
        *seed("yield_curves", "name"), *seed("nyse_calendar", "holiday"), *DATASETS,
        "mon_mon", "fri_fri", "all", "majors", "large", "mid", "long_tail", "open_interest", "equal", "complete",
        "partial", "unavailable", "insufficient_data", "crypto", "bear steepener", "bull steepener",
        "bear flattener", "bull flattener", "unchanged", "Probability of a Fed rate cut",
    }  # fmt: skip
    assert sorted(word for word in own - {""} if word not in JA) == []


def test_states_and_verdicts_that_differ_are_called_differently() -> None:
    with (SEEDS / "regime_rules.csv").open(encoding="utf-8") as file:
        pairs = {(row["dimension"], row["state"]) for row in csv.DictReader(file)}
    pairs |= {("verdict", verdict) for verdict in seed("regime_verdicts", "verdict")}
    assert len({(dimension, JA[state]) for dimension, state in pairs}) == len(pairs)


def test_a_translation_names_the_same_parts_and_is_japanese() -> None:
    assert [(key, text) for key, text in JA.items() if names_in(key) != names_in(text)] == []
    sentences = [text for key, text in JA.items() if key.endswith(".") and " " in key]
    # Full stops and commas of the other language do not belong in a sentence of this one.
    assert [
        text for text in sentences if not text.endswith("。") or re.search(r"[a-zA-Zぁ-ん一-龯][.,;]( |$)", text)
    ] == []


def test_contradicting_files_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('"Flow" = "フロー"\n"Volume" = "売買代金"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('"Flow" = "フロー"\n', encoding="utf-8")
    assert read_catalogue(tmp_path) == {"Flow": "フロー", "Volume": "売買代金"}
    (tmp_path / "c.toml").write_text('"Flow" = "流れ"\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match="'流れ' here and 'フロー' elsewhere: keep one"):
        read_catalogue(tmp_path)


def test_what_has_no_japanese_is_said_in_english_unless_asked_strictly() -> None:
    with speaking("ja"):
        assert translate("No such words.") == "No such words."
    with speaking("ja", is_strict=True), pytest.raises(CatalogueError, match=r"ja has no words for 'No such words\.'"):
        translate("No such words.")
    assert translate("Flow") == "Flow"


def test_every_section_speaks_japanese_and_nothing_else(any_marts: duckdb.DuckDBPyConnection) -> None:
    with speaking("ja", is_strict=True):
        marts = Marts(any_marts, Week(WEEK))
        said, told = sections.build(marts), note.build(marts)
    plain = [part for s in said for sentence in s.all_sentences for part in sentence.fragments if isinstance(part, str)]
    plain += [part for s in said for part in s.note if isinstance(part, str)]
    plain += [part for s in said for t in s.tables for part in t.caption if isinstance(part, str)]
    plain += [part for sentence in told.sentences for part in sentence.fragments if isinstance(part, str)]
    plain += [part.title for part in told.paragraphs] + [tile.title for tile in told.tiles]
    plain += [title for s in said for t in s.tables for title in (t.title, *(c.title for c in t.columns))]
    allowed = r"UTC|FOMC|BTC|[Rr]egime_weekly|data_coverage_weekly"
    assert [text for text in plain if re.search(r"[A-Za-z]{2}", re.sub(allowed, "", text))] == []


# The two pages


def test_both_languages_say_the_same_by_the_same_rules(any_marts: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pages = write_week(any_marts, Week(WEEK), tmp_path, "simulated", is_simulated=True)
    (japanese,) = pages.translations
    read = [json.loads(p.summary_json.read_text(encoding="utf-8")) for p in (pages, japanese)]
    assert [summary["language"] for summary in read] == ["en", "ja"]

    def bones(summary: dict) -> list:  # type: ignore[type-arg]
        return [
            (
                section["id"],
                [(s["id"], s["rule"], sorted(map(json.dumps, s["evidence"]))) for s in section["sentences"]],
                [(t["id"], [[c["evidence"] for c in row] for row in t["rows"]]) for t in section["tables"]],
            )
            for section in summary["sections"]
        ]

    assert bones(read[0]) == bones(read[1])
    texts = [{s["text"] for section in summary["sections"] for s in section["sentences"]} for summary in read]
    assert not texts[0] & texts[1]


def test_the_pages_link_to_each_other_and_name_their_language(
    two_weeks: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    pages = write_week(two_weeks, Week(WEEK), tmp_path, "simulated", is_simulated=True)
    (japanese,) = pages.translations
    files = {path.name for path in (japanese.index_html, japanese.summary_md, japanese.summary_json)}
    assert files == {"index.ja.html", "summary.ja.md", "summary.ja.json"}
    english, other = (p.index_html.read_text(encoding="utf-8") for p in (pages, japanese))
    assert '<html lang="en">' in english and '<html lang="ja">' in other
    assert '<a lang="ja" hreflang="ja" href="index.ja.html">日本語</a>' in english
    assert '<a lang="en" hreflang="en" href="index.html">English</a>' in other
    for english_label in ("Link to this sentence", "SIMULATED", "Windows.", "Crypto weekly"):
        assert english_label in english and english_label not in other
    assert 'aria-label="この文へのリンク"' in other and "判定が変わる条件</h2>" in other
    assert "*暗号資産ウィークリー 2025-W47*" in japanese.summary_md.read_text(encoding="utf-8")


def test_the_week_in_japanese(two_weeks: duckdb.DuckDBPyConnection) -> None:
    document = read_week(two_weeks, Week(WEEK), "simulated", True, language="ja")
    assert document.note.headline.text == "暗号資産の時価総額、4月以来の3兆ドル割れ　利下げ確率は30%に低下"
    macro = [s.text for s in document.section("macro").sentences]
    assert "米非農業部門雇用者数：15,954.3万人（+11.9万人）、2025年11月20日 13:30 UTC発表。" in macro
    assert "12月10日の25bp利下げの確率は30%（前週45%）。" in macro


def test_names_from_outside_are_not_translated(two_weeks: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    two_weeks.execute("update marts.universe_weekly set symbol = 'range' where rank = 1")
    two_weeks.execute("update marts.sector_returns_weekly set top_contributor = 'neutral'")
    two_weeks.execute("update marts.data_coverage_weekly set venue = 'reset' where venue = 'binance'")
    cells = {
        (section.id, table.id): {str(getattr(row[column], "text", "")) for row in table.rows}
        for section in read_week(two_weeks, Week(WEEK), "simulated", True, language="ja").sections
        for table in section.tables
        for column in ({"volatility": 0, "sectors": -1, "coverage": 1}.get(table.id, 0),)
    }
    assert "range" in cells["volatility", "volatility"]
    assert cells["sectors", "sectors"] == {"neutral"}
    assert "reset" in cells["coverage", "coverage"]


def test_hostile_names_stay_names_in_japanese(tmp_path: Path) -> None:
    pages = write_week(hostile_marts(), Week(WEEK), tmp_path, "simulated", is_simulated=True)
    html = pages.translations[0].index_html.read_text(encoding="utf-8")
    assert "<script" not in html and "<img" not in html and "\u202e" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_second_language_reads_no_row_again(two_weeks: duckdb.DuckDBPyConnection) -> None:
    asked: list[str] = []

    class Counting:
        def execute(self, query: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
            asked.append(query)
            return two_weeks.execute(query, parameters)

    marts = Marts(Counting(), Week(WEEK))  # type: ignore[arg-type]
    counts = []
    for language in LANGUAGES:
        with speaking(language):
            note.build(marts)
            sections.build(marts)
        counts.append(len(asked))
    assert counts[0] > 50 and counts[1] == counts[0]


# Figures


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        (-14.94, "percent", True, "-14.9%"),
        (-0.04, "percent", True, "0.0%"),
        (0.35, "percentage points", True, "+0.3ポイント"),
        (2.964e12, "USD", False, "2.96兆ドル"),
        (999.96e9, "USD", False, "1.00兆ドル"),
        (135.2e9, "USD", False, "1,352億ドル"),
        (-18.24e9, "USD", True, "-182億ドル"),
        (5.92e9, "USD", True, "+59.2億ドル"),
        (812e6, "USD", False, "8.1億ドル"),
        (99_996_000.0, "USD", False, "1.0億ドル"),
        (2.66e6, "USD", False, "266万ドル"),
        (9_400.0, "USD", False, "9,400ドル"),
        (0.0, "USD", True, "0ドル"),
        (88_247.0, "USD per coin", False, "88,247ドル"),
        (0.0000123456, "USD per coin", False, "0.00001235ドル"),
        (0.805, "correlation", False, "0.81"),
        (168, "hours", False, "168時間"),
        (1, "hours", False, "1時間"),
        (3, "weeks", False, "3週"),
        (6.0, "days", False, "6日"),
        (9211, "count", False, "9,211"),
        (119.0, "thousand persons", True, "+11.9万人"),
        (233_000.0, "persons", False, "233,000人"),
        (6_560_000.0, "million USD", False, "6.56兆ドル"),
        (813.0, "million USD", True, "+8.1億ドル"),
        (156.5, "yen", False, "156.5円"),
        (58.6943, "USD a barrel", False, "1バレル58.7ドル"),
        (date(2025, 10, 6), "UTC", False, "2025年10月6日"),
        (datetime(2025, 11, 19, 4), "UTC", False, "2025年11月19日 04:00 UTC"),
        ("1INCH", "", False, "1INCH"),
        (None, "percent", True, "データ不足"),
    ],
)
def test_a_figure_is_written_in_japanese_and_the_guard_reads_it_back(
    value: object, unit: str, signed: bool, text: str
) -> None:
    with speaking("ja"):
        printed = show(figure(value, unit), signed=signed)
        assert printed.text == text
        assert prints_its_value(printed)
    # What is right in one language is not in the other: nobody may mix the two up.
    if unit in ("USD", "USD per coin", "hours", "UTC") or value is None:
        assert not prints_its_value(printed)


def test_money_side_by_side_is_on_one_scale_in_japanese() -> None:
    with speaking("ja"):
        assert show(figure(-5e7, "USD"), signed=True, scale_of=148e9).text == "-0.5億ドル"
        assert show(figure(0.0, "USD"), scale_of=148e9).text == "0.0億ドル"
        assert as_yield(figure(4.4)).text == "4.40%"
        assert in_unit(figure(49.8, ""), "percent a year").text == "49.8%"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.964e12, "USD", "2.96億ドル"),
        (135.2e9, "USD", "1,352兆ドル"),
        (135.2e9, "USD", "135.2億ドル"),
        (2.66e6, "USD", "266億ドル"),
        (2.964e12, "USD", "$2.96tn"),
        (88_247.0, "USD per coin", "8.8万ドル"),
        (119.0, "thousand persons", "119万人"),
        (119.0, "thousand persons", "11.9千人"),
        (6_560_000.0, "million USD", "6.56億ドル"),
        (156.5, "yen", "156.5ドル"),
        (57, "hours", "57日"),
        (3, "weeks", "3"),
        (-7.9, "percent", "7.9%"),
        (0.35, "percentage points", "0.3%"),
        (None, "percent", "insufficient data"),
        (date(2025, 10, 6), "UTC", "2025年10月7日"),
        (date(2025, 10, 6), "UTC", "2025年6月10日"),
        (datetime(2025, 10, 6, 4), "UTC", "2025年10月6日 14:00 UTC"),
        ("deleveraging", "", "回復"),
        ("a cut of 25 bp on 2025-12-10", "", "2025年12月10日の50bp利下げ"),
    ],
)
def test_the_guard_refuses_a_japanese_text_that_is_not_the_value(value: object, unit: str, text: str) -> None:
    with speaking("ja"), pytest.raises(UnbackedFigureError, match=r"prints .* where"):
        check_fragments(("AI：", formatting.Printed(figure(value, unit), text)), "here")


def test_a_wrong_scale_in_the_formatting_fails_the_week(
    two_weeks: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = formatting.NUMERALS["ja"]
    wrong = replace(right, scales=tuple(replace(s, word="億" if s.word == "兆" else s.word) for s in right.scales))
    monkeypatch.setitem(formatting.NUMERALS, "ja", wrong)
    with pytest.raises(UnbackedFigureError, match=r"prints '6\.56億ドル' where marts\.macro_weekly"):
        write_week(two_weeks, Week(WEEK), tmp_path / "out", "simulated", is_simulated=True)
    assert not (tmp_path / "out").exists()


def test_a_word_may_bring_no_number_that_its_value_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("report.languages.catalogue", lambda _: MappingProxyType({"deleveraging": "第2局面"}))
    with speaking("ja"):
        assert not prints_its_value(words(figure("deleveraging", "")))


def test_the_guards_tables_are_its_own() -> None:
    assert set(READINGS) == set(LANGUAGES)
    source = (PACKAGE / "figure_check.py").read_text(encoding="utf-8")
    assert "NUMERALS" not in source and "Scale(" not in source


def test_digits_in_japanese_words_are_refused_unless_declared() -> None:
    with speaking("ja"):
        check_fragments(("上位30指数は", show(figure(1.0)), "、7日間。"), "here")
        for text in ("上位300指数は", "17日間で", "３週ぶりに"):
            with pytest.raises(UnbackedFigureError, match="states a figure"):
                check_fragments((text, show(figure(1.0))), "here")


def test_figures_that_run_into_one_number_are_refused() -> None:
    name, count = show(figure("レイヤー2", "")), show(figure(10, "count"))
    check_fragments((name, "（", count, "銘柄）"), "here")
    with pytest.raises(UnbackedFigureError, match="run into one number"):
        check_fragments((name, count, "銘柄"), "here")


def test_days_and_lists_in_japanese() -> None:
    with speaking("ja"):
        day = Day(date(2025, 11, 23), with_weekday=True)
        listed = "".join(str(part) for part in series([compose("Flow"), compose("Volume"), compose("Spot")]))
    assert (day.text, listed) == ("2025年11月23日（日）", "フロー、売買代金、現物")
    assert Day(date(2025, 11, 23), with_weekday=True).text == "Sunday 23 November 2025"


def test_own_words_are_spelled_in_each_language() -> None:
    verdict = figure("broad_risk_off", "")
    assert words(verdict).text == "broad risk-off"
    with speaking("ja"):
        assert words(verdict).text == "広範な下落"
        assert words(Figure("a_coin", "", "universe_weekly", (), "symbol")).text == "a coin"
        assert prints_its_value(words(verdict))
