"""The desk's style: turns of phrase and ways of writing numbers that were on pages once and are not to come back."""

import csv
import re
from collections.abc import Iterator

import pytest

from report.document import SOURCE_LABELS
from report.languages import LANGUAGES, catalogue
from report.week import read_week
from tests.unit.report.marts_by_hand import MARTS, WEEK
from tests.unit.report.said import modules, templates
from tests.unit.report.two_weeks import two_weeks_marts
from warehouse.home import CHECKOUT
from warehouse.week import Week

# A pattern, and what to write instead.
REFUSED = {
    "en": {
        r"\d %": "14.9%, without a space",
        r"\$[\d.,]+ (thousand|million|billion)|\d trillion(?! for the first| as| even)": "$21.0bn, $2.97tn",
        r"thousand persons|\d persons": "119k",
        r"on the (year|one) before": "y/y, from",
        r"[Oo]f it happened": "nothing here happened",
        r"a share of \{?0?": "a percentile",
        r"for want of|near enough|[Tt]he same, looked at": "plain words",
        r"stood at the ends|moved closest together|was in place": "what it was, directly",
        r"with [+-]?\d[\d.]*%": "at -7.0%",
        r"00:00 UTC(?! to the next)": "the day alone, where no more is known",
        r"\b(one|two|three) on the (one|two|three)\b": "plain words",
    },
    "ja": {
        r"\d %": "14.9%（空白なし）",
        r"位位": "位",
        r"レバレッジは(の)?デレバレッジ": "レバレッジは縮小",
        r"全面リスクオフ|全面リスクオン": "全面安・全面高",
        r"割合は0": "パーセンタイル",
        r"[ぁ-んァ-ヶ一-龯] [ぁ-んァ-ヶ一-龯]": "空白なし",
        r"、、|。。|（）|：。": "句読点の重複",
        r"である。[^」]*です|です。": "である調・体言止め",
    },
}


def templates_in_english() -> Iterator[str]:
    for path in modules():
        yield from (text for _, text in templates(path))
    yield from (text for label in SOURCE_LABELS.values() for text in label)
    yield from catalogue("en").values()
    for seed, column in (("metrics", "name"), ("macro_series", "name"), ("yield_curves", "name")):
        with (CHECKOUT / "dbt_project" / "seeds" / f"{seed}.csv").open(encoding="utf-8") as file:
            yield from (row[column] for row in csv.DictReader(file))


def texts(language: str) -> Iterator[str]:
    """Every template and word of a language, and every sentence of pages in it."""
    yield from catalogue("ja").values() if language == "ja" else templates_in_english()
    for make in (two_weeks_marts, MARTS["plausible"], MARTS["empty"]):
        document = read_week(make(), Week(WEEK), "simulated", True, language)  # type: ignore[arg-type]
        yield from (sentence.text for sentence in document.sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_says_what_the_desk_would_not(language: str) -> None:
    found = [
        f"{text!r}: write {instead}"
        for text in texts(language)
        for pattern, instead in REFUSED[language].items()
        if re.search(pattern, text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The index returned -7.2 %."),
        ("en", "Total cap was $2.97 trillion."),
        ("en", "Payrolls: +119 thousand persons."),
        ("en", "UK consumer prices on the year before"),
        ("en", "Nothing of it happened."),
        ("en", "a share of 0.355 of the weeks before"),
        ("en", "Published on 18 November 2025 00:00 UTC."),
        ("ja", "1–10位位"),
        ("ja", "レバレッジはデレバレッジ"),
        ("ja", "騰落の広がりは全面リスクオフ"),
        ("ja", "割合は0.355"),
    ],
)
def test_each_pattern_is_found(language: str, text: str) -> None:
    assert any(re.search(pattern, text) for pattern in REFUSED[language])
