"""Sentences of notes and what they are found to be: claims with their verdicts, or nothing, with the reason."""

import csv
import unicodedata
from itertools import chain

import pytest
import yaml

from report.claims.catalogue import catalogue
from report.claims.checking import check_note
from report.claims.figures import find
from report.claims.judgement import VERDICTS
from report.claims.note import read_note
from report.claims.telling import REASONS, what_the_data_say, why_left
from report.claims.tokens import vocabulary
from report.languages import LANGUAGES, speaking, word
from tests.unit.report.claims_by_hand import claims_marts
from warehouse.home import CHECKOUT
from warehouse.week import Week

CONFIRMED, DEPENDS, CONTRADICTED, UNKNOWN = VERDICTS
W47 = Week.parse("2025-W47")


@pytest.fixture(scope="module")
def marts():
    with claims_marts() as connection:
        yield connection


def verdicts(marts, text: str, week: Week | None = W47) -> list[str]:
    return [one.judged.verdict for one in check_note(marts, read_note(text.encode()), week).found]


def reasons(marts, text: str) -> set[str]:
    return {one.unread.reason for one in check_note(marts, read_note(text.encode()), W47).left}


def told(one) -> str:
    """What the data say, however the pages set their percent signs and minuses."""
    return what_the_data_say(one.judged).replace(" %", "%").replace("−", "-")


ENGLISH = {
    # a figure, and how exactly it is written
    "Bitcoin fell 8.0% over the week.": [CONFIRMED],
    "Bitcoin fell 8% this week.": [CONFIRMED],
    "Bitcoin fell 8.1%.": [CONTRADICTED],
    "Bitcoin lost about 8.2%.": [CONFIRMED],
    "Bitcoin lost roughly 9.5%.": [CONTRADICTED],
    "Bitcoin fell 10.4%.": [DEPENDS],
    "Bitcoin fell 10.4%, Friday to Friday.": [CONFIRMED],
    "Friday to Friday, Bitcoin fell 8.0%.": [CONTRADICTED],
    "Bitcoin rose 8.0%.": [CONTRADICTED],
    "Solana gained 2.5%.": [CONFIRMED],
    "Solana (SOL) gained 2.5%.": [CONFIRMED],
    "UNI dropped 20%.": [CONFIRMED],
    "Bitcoin (BTC) is down 8.0% week-on-week.": [CONFIRMED],
    # levels, bounds and changes
    "Bitcoin closed at $86,500.": [CONFIRMED],
    "Bitcoin closed at $86,400.": [CONTRADICTED],
    "Bitcoin closed at $86,900.": [DEPENDS],
    "Bitcoin trades near $87k.": [CONFIRMED],
    "Bitcoin is trading 8% lower.": [CONFIRMED],
    "Bitcoin is trading at $86,480.": [CONFIRMED],
    "Bitcoin is below $90,000.": [CONFIRMED],
    "Bitcoin held above $90,000.": [],
    "Bitcoin is above $90,000.": [CONTRADICTED],
    "Bitcoin fell from $94,000 to $86,480.": [CONFIRMED, CONFIRMED],
    "Bitcoin closed at $86,480, down from $94,000 a week earlier.": [CONFIRMED, CONFIRMED],
    "Bitcoin traded at $94,000 a week ago.": [CONFIRMED],
    "Bitcoin traded at $99,000 a week ago.": [CONTRADICTED],
    "Bitcoin fell 8.0% to $86,480.": [CONFIRMED, CONFIRMED],
    "Bitcoin fell 8.0% and closed at $86,480.": [CONFIRMED, CONFIRMED],
    "Bitcoin rose to $86,480.": [CONTRADICTED],
    "Total market cap fell 7.0% to $2.99tn.": [CONFIRMED, CONFIRMED],
    "Total market cap fell by $224bn.": [CONFIRMED],
    "Total market cap excluding stablecoins stands at $2.7 trillion.": [CONFIRMED],
    "Total market cap stands at $2.7 trillion.": [DEPENDS],
    "Crypto slipped below $3 trillion.": [CONFIRMED],
    "The unemployment rate rose to 4.4%.": [CONFIRMED],
    "The US 10-year yield fell 8bp to 4.06%.": [CONFIRMED, CONFIRMED],
    "The US 10-year yield fell 8%.": [],
    "Payrolls rose by 119k.": [CONFIRMED],
    "US nonfarm payrolls came in at 119,000.": [CONFIRMED],
    "US nonfarm payrolls fell by 119,000.": [CONTRADICTED],
    "The market puts a 30% chance of a December cut.": [CONFIRMED],
    "Open interest dropped from $231bn in early October to $129bn.": [CONFIRMED, CONFIRMED],
    "Open interest dropped from $231bn in mid October to $129bn.": [UNKNOWN, CONFIRMED],
    "In early October open interest was $150bn.": [CONTRADICTED],
    "In early October open interest was $200bn.": [UNKNOWN],
    "Open interest is $200bn.": [UNKNOWN],
    "Open interest is $100bn.": [CONTRADICTED],
    "Open interest rose to $200bn.": [CONTRADICTED],
    "Open interest is below $120bn.": [CONTRADICTED],
    "Open interest is above $140bn.": [UNKNOWN],
    "Bitcoin funding averaged 9.5%.": [UNKNOWN],
    "Ether funding averaged 9.5%.": [CONTRADICTED],
    "Open interest fell by more than $20bn.": [CONFIRMED],
    "Open interest fell by more than $25bn.": [UNKNOWN],
    "Open interest fell by 14%.": [CONFIRMED],
    "Layer 2 fell more than 18%.": [CONFIRMED],
    "Layer 2 fell less than 10%.": [CONTRADICTED],
    "Spot share of volume rose to 25.6%.": [CONFIRMED],
    "Spot share of volume rose 4.3pp.": [CONFIRMED],
    # lists, and verbs that are said once
    "Layer 2 lost 18.2%, Gaming 15.0% and AI 8.0%.": [CONFIRMED] * 3,
    "Layer 2 (−18.2%), Gaming (-15.0%), AI (−9.9%).": [CONFIRMED, CONFIRMED, CONTRADICTED],
    "Layer 2: −18.2%": [CONFIRMED],
    "Bitcoin and Ether fell.": [CONFIRMED, CONFIRMED],
    "Bitcoin, Ether and Solana fell.": [CONFIRMED, CONFIRMED, DEPENDS],
    "| Layer 2 | -18.2% |\n|---|---|\n| Gaming | -15.0% |": [CONFIRMED, CONFIRMED],
    # conventions
    "Bitcoin's 7-day realised volatility is near 50%.": [DEPENDS],
    "Bitcoin's 7-day realised volatility is near 50% from daily closes.": [CONFIRMED],
    "Bitcoin's 7-day realised volatility, on hourly data, is 65.8%.": [CONFIRMED],
    "Bitcoin's 30-day realised volatility is 50.4%.": [CONFIRMED],
    "Bitcoin's 7-day realised volatility is 80%.": [CONTRADICTED],
    "Layer 2 fell 12.1%.": [DEPENDS],
    "Layer 2 fell 12.1% equal-weighted.": [CONFIRMED],
    "Gaming fell 20%.": [DEPENDS],
    "Bitcoin funding is negative.": [DEPENDS],
    "Bitcoin funding averaged 5.6%.": [CONFIRMED],
    "Ether funding turned negative.": [CONFIRMED],
    "Bitcoin funding is positive.": [DEPENDS],
    "Crypto fell 8.2%.": [DEPENDS],
    "Crypto fell 30%.": [CONTRADICTED],
    # order and comparison
    "Layer 2 was the worst sector.": [DEPENDS],
    "Monday to Monday, Layer 2 was the worst sector.": [CONFIRMED],
    "AI fell least.": [CONFIRMED],
    "Gaming (-15.0%) and Layer 2 (-18.2%) fared worst.": [CONFIRMED],
    "Bitcoin is at its lowest since April.": [CONFIRMED],
    "Bitcoin is at its highest since September.": [CONTRADICTED],
    "The unemployment rate edged up to 4.4% from 4.3%.": [CONFIRMED, CONFIRMED],
    "Correlation in the top ten averaged 0.72.": [CONFIRMED],
    "Bitcoin's 7-day realised volatility rose to 65.8% (hourly).": [CONFIRMED],
    "RWA was the worst sector.": [UNKNOWN],
    "Bitcoin outperformed Ether.": [CONFIRMED],
    "Bitcoin outperformed Ether, which fell 9.5%.": [CONFIRMED],
    "Bitcoin outperformed Ether, losing 8.0%.": [CONFIRMED],
    "Bitcoin fell 8.0%, open interest $21bn.": [CONFIRMED],
    "Bitcoin fell 8.0%, open interest is $129bn.": [CONFIRMED, CONFIRMED],
    "Ether fell more than Bitcoin.": [CONFIRMED],
    "Bitcoin fell more than Ether.": [CONTRADICTED],
    "The top ten fell more than ranks 51-100.": [DEPENDS],
    "The top ten fell most.": [DEPENDS],
    "Crypto was the worst asset class.": [CONFIRMED],
    "Crypto was the worst asset class for four weeks running.": [CONFIRMED],
    "Crypto was the worst asset class for the third week in a row.": [DEPENDS],
    "Crypto was the worst asset class for the fifth straight week.": [CONTRADICTED],
    "Gold was the best asset class.": [CONFIRMED],
    "Correlation is concentrated in the top ten.": [DEPENDS],
    # since
    "Total market cap is below $3 trillion for the first time since May.": [CONFIRMED, CONFIRMED],
    "Total market cap is below $3 trillion for the first time since 7 May.": [CONFIRMED, CONFIRMED],
    "Total market cap is below $3 trillion for the first time since April.": [CONFIRMED, UNKNOWN],
    "Total market cap is below $3 trillion for the first time since January.": [CONFIRMED, UNKNOWN],
    "Bitcoin funding turned negative for the first time since 2 November.": [DEPENDS, CONFIRMED],
    "Bitcoin funding turned negative, the longest negative run since June.": [DEPENDS, CONFIRMED],
    "Bitcoin funding turned negative, the longest negative run since July.": [DEPENDS, CONTRADICTED],
    "Bitcoin is at $86,480, the lowest since April.": [CONFIRMED, CONFIRMED],
    "Bitcoin is at $86,480, the lowest since June.": [CONFIRMED, CONTRADICTED],
    # words
    "Flow is spot-led.": [CONFIRMED],
    "A broad risk-off.": [CONFIRMED],
    "A broad risk-on.": [CONTRADICTED],
    "Macro is a headwind.": [UNKNOWN],
    "A macro-driven deleveraging.": [UNKNOWN],
    "It was driven by long-tail deleveraging.": [CONFIRMED],
    "The JGB curve bear-steepened.": [DEPENDS],
    "The US yield curve bull-steepened.": [CONFIRMED],
    "The US yield curve bear-steepened.": [CONTRADICTED],
    "The yen weakened and UK inflation eased.": [CONFIRMED, CONFIRMED],
    "The yen strengthened.": [CONTRADICTED],
    "The dollar strengthened.": [CONFIRMED],
    # what is not held, or not known
    "ETF outflows reached $1.2bn.": [UNKNOWN],
    "Sector dispersion was 3.2 percentage points.": [UNKNOWN],
    "Long liquidations reached $900 million.": [UNKNOWN],
    "Jobless claims rose to 230,000.": [UNKNOWN],
    "The GMCI 30 fell 7.2%.": [UNKNOWN],
    "Perpetuals are net short.": [UNKNOWN],
    "Perpetual volume was $348bn.": [CONFIRMED],
    "Dogecoin fell 5%.": [UNKNOWN],
}

JAPANESE = {
    "ビットコインは8.0%下落した。": [CONFIRMED],
    "ビットコインは、8.0%下落した。": [CONFIRMED],
    "ビットコインは前週比8%安。": [CONFIRMED],
    "ビットコインは９.５％下落した。": [CONTRADICTED],
    "ビットコインは10.4%下落した。": [DEPENDS],
    "金曜から金曜で、ビットコインは10.4%下落した。": [CONFIRMED],
    "ビットコインは8.0%上昇した。": [CONTRADICTED],
    "ソラナは2.5%上昇した。": [CONFIRMED],
    "ビットコインは8万6,500ドルで引けた。": [CONFIRMED],
    "ビットコインは約8.7万ドル。": [CONFIRMED],
    "ビットコインは9万ドルを下回った。": [CONFIRMED],
    "ビットコインは9万ドルを上回った。": [CONTRADICTED],
    "ビットコインは9.4万ドルから8万6,480ドルへ下落した。": [CONFIRMED, CONFIRMED],
    "ビットコインは8.0%下落し、8万6,480ドルで引けた。": [CONFIRMED, CONFIRMED],
    "ビットコインは前週比8.0%安の8万6,480ドルで週を終えた。": [CONFIRMED, CONFIRMED],
    "暗号資産の時価総額は3兆ドルを割り込んだ。": [CONFIRMED],
    "暗号資産の時価総額は2兆9,900億ドル。": [CONFIRMED],
    "暗号資産の時価総額は3兆2,000億ドル。": [CONTRADICTED],
    "暗号資産の時価総額は5月以来初めて3兆ドルを割り込んだ。": [CONFIRMED, CONFIRMED],
    "米雇用者数は11.9万人増。": [CONFIRMED],
    "失業率は4.4%。": [CONFIRMED],
    "12月の利下げ確率は30%に低下した。": [CONFIRMED],
    "円は下落し、英国のインフレ率は鈍化した。": [CONFIRMED, CONFIRMED],
    "ドル円は156.5円に上昇した。": [CONFIRMED],
    "レイヤー2は18.2%、ゲームは15.0%、AIは8.0%下落した。": [CONFIRMED] * 3,
    "レイヤー2は-18.2%、ゲームは-15.0%だった。": [CONFIRMED, CONFIRMED],
    "レイヤー2は18%超下落した。": [CONFIRMED],
    "レイヤー2は20%以上下落した。": [CONTRADICTED],
    "ビットコインとイーサリアムは下落した。": [CONFIRMED, CONFIRMED],
    "イーサリアムはビットコインより下げた。": [CONFIRMED],
    "ビットコインはイーサリアムより下げた。": [CONTRADICTED],
    "レイヤー2が最も下げた。": [DEPENDS],
    "暗号資産は資産クラスの中で4週連続で最下位だった。": [CONFIRMED],
    "ビットコインの7日間の実現ボラティリティは50%近く。": [DEPENDS],
    "ビットコインの7日間の実現ボラティリティは、日足ベースで50%近く。": [CONFIRMED],
    "ビットコインの資金調達率はマイナスに転じた。": [DEPENDS],
    "無期限先物の建玉は10月上旬の2,310億ドルから1,290億ドルへ減少した。": [CONFIRMED, CONFIRMED],
    "相関は上位10銘柄に集中した。": [DEPENDS],
    "全面リスクオフ。": [CONFIRMED],
    "日本国債のイールドカーブはベアスティープ化した。": [DEPENDS],
    "ビットコインのドミナンスは60%。": [UNKNOWN],
    "ビットコインは1,380万円。": [UNKNOWN],
}


@pytest.mark.parametrize("text, expected", [*ENGLISH.items(), *JAPANESE.items()], ids=[*ENGLISH, *JAPANESE])
def test_a_claim_gets_its_verdict(marts, text, expected):
    assert verdicts(marts, text) == expected


NO_CLAIMS = {
    # not said, or not of this week
    "Bitcoin did not fall 8%.": "negated",
    "Bitcoin never fell 8%.": "negated",
    "Bitcoin could fall to $80,000.": "forecast",
    "We expect Bitcoin to fall 8%.": "forecast",
    "Bitcoin may be down 8% by Friday.": "forecast",
    "If Bitcoin falls 8%, we buy.": "conditional",
    "Did Bitcoin fall 8%?": "question",
    "It is a myth that Bitcoin fell 8%.": "denied",
    "So Bitcoin “only” fell 8%.": "quoted",
    "Bitcoin fell 8% in the week before.": "another time or measure",
    "The week before, Bitcoin fell 8%.": "another time or measure",
    "Year to date, Bitcoin is down 8%.": "another time or measure",
    "Bitcoin fell 8% in yen terms.": "another time or measure",
    "Bitcoin fell 8%, in yen terms.": "another time or measure",
    "Bitcoin fell 8% on Thursday.": "another time or measure",
    "Bitcoin fell 8% in 24 hours.": "another time or measure",
    "Bitcoin fell 8% against gold.": "another time or measure",
    "Last week Bitcoin fell 8%.": "another time or measure",
    "Bitcoin fell as much as 8%.": "another time or measure",
    "Bitcoin steadied after the deleveraging.": "another time or measure",
    "It steadied after Bitcoin fell 8%.": "another time or measure",
    "Bitcoin fell 8% in October.": "a date that belongs to nothing",
    "Bitcoin fell 8% on 20 November.": "a date that belongs to nothing",
    "ビットコインは8%下落しなかった。": "negated",
    "ビットコインは8万ドルまで下落する可能性がある。": "forecast",
    "もしビットコインが8%下落すれば買う。": "conditional",
    "先週のビットコインは8%下落した。": "another time or measure",
    "ビットコインは年初来で8%下落した。": "another time or measure",
    "ビットコインは10月に8%下落した。": "a date that belongs to nothing",
    "ビットコインは8%下落したのか?": "question",
    "ビットコインは「8%下落」した。": "quoted",
    # another thing, or two
    "ETH/BTC fell 0.8%.": "unknown words",
    "Bitcoin trading fell 8%.": "unknown words",
    "Bitcoin flows fell 8%.": "unknown words",
    "Bitcoin fell 8%, its worst day since March.": "another time or measure",
    "Were Bitcoin to fall 8%, we would buy.": "conditional",
    "Bitcoin would have fallen 8% without them.": "conditional",
    "Bitcoin fell another 8%.": "unknown words",
    "ビットコインの資金フローは8%減少した。": "unknown words",
    "Layer 1 and Layer 2 combined fell 12%.": "unknown words",
    "Bitcoin funding stands at 0.01%.": "unit does not fit",
    "Bitcoin fell 8% in the week before the vote.": "another time or measure",
    "Correlation was 0.61.": "no known subject",
    "Bitcoin's correlation with gold fell to 0.61.": "unit does not fit",
    "Crypto stocks fell 8%.": "unknown words",
    "Bitcoin cash fell 8%.": "unknown words",
    "Bitcoin dominance fell 8 points or so.": None,
    "Bitcoin miners sold 8%.": "unknown words",
    "Bitcoin's hash price fell 8%.": "unknown words",
    "Bitcoin-denominated debt fell 8%.": "another time or measure",
    "Bitcoin fell 8% and 10%.": "several figures",
    "Bitcoin and Ether fell 8.0% and 9.5%.": "several figures",
    "Bitcoin and Ether fell 8.0% and 9.5% respectively.": "several figures",
    "Bitcoin fell 30–40%.": "unknown words",
    "Bitcoin fell between 7% and 9%.": "several figures",
    "One of the worst sectors was Layer 2.": "unknown words",
    "Layer 2 was the second worst sector.": "unknown words",
    "Bitcoin was the worst.": "not a claim that we can read",
    "Layer 2 had its worst week since April.": None,
    # figures without a subject, and in units that do not fit
    "It rose 8%.": "no known subject",
    "We are 85% sure.": "unknown words",
    "Bitcoin fell 8bp.": "unit does not fit",
    "The unemployment rate stands at $4.4.": "unit does not fit",
    "Open interest is 5%.": "unit does not fit",
    "Layer 2 stands at 18.2%.": "no figure or direction",
    "Average pairwise correlation is 72%.": "unit does not fit",
    "Ranks 51-100.": "no figure or direction",
    "The top 10 in 2025.": "no figure or direction",
}  # fmt: skip


@pytest.mark.parametrize("text, reason", NO_CLAIMS.items(), ids=list(NO_CLAIMS))
def test_what_is_no_claim_about_the_week_is_listed_and_not_judged(marts, text, reason):
    found = {one.judged.verdict for one in check_note(marts, read_note(text.encode()), W47).found}
    assert found <= {UNKNOWN}
    if reason is not None:
        assert found == set() and reason in reasons(marts, text)


def test_last_week_is_the_week_itself_in_a_note_of_the_monday_after(marts):
    assert verdicts(marts, "24 November 2025\n\nLast week Bitcoin fell 8%.", None) == [CONFIRMED]
    assert verdicts(marts, "21 November 2025\n\nLast week Bitcoin fell 8%.", None) == []


def test_a_note_may_say_once_how_its_returns_are_counted(marts):
    said = "Returns run from Friday to Friday unless a line says otherwise.\n\n"
    assert verdicts(marts, said + "Bitcoin fell 10.4%.\n\nMonday to Monday, Ether fell 9.5%.") == [CONFIRMED, CONFIRMED]
    assert verdicts(marts, said + "Bitcoin fell 8.0%.") == [CONTRADICTED]


def test_what_is_under_a_heading_about_the_future_is_a_forecast(marts):
    paragraphs = ("# Note", "Bitcoin fell 8%.", "## The week ahead", "Bitcoin fell 8%.", "### Rates",
                  "Ether fell 9.5%.", "## Review", "Ether fell 9.5%.")  # fmt: skip
    text = "\n\n".join(paragraphs)
    assert verdicts(marts, text) == [CONFIRMED, CONFIRMED]
    assert reasons(marts, text) == {"forecast"}


def test_a_coin_that_is_called_like_a_sector_is_no_sector_and_a_word_is_no_coin(marts):
    assert verdicts(marts, "AI fell 8.0%.") == [CONFIRMED]  # the sector; the coin AI rose by half
    assert verdicts(marts, "Prices near the high fell 3%.") == []


def test_each_claim_says_what_words_it_rests_on_and_from_which_row(marts):
    (one,) = check_note(marts, read_note(b"Meanwhile, Layer 2 lost sharply about 18.2%."), W47).found
    assert one.judged.claim.rests_on == ("Layer 2", "lost", "about", "18.2%")
    reading = one.judged.held[0].reading
    assert (reading.table, reading.column) == ("sector_returns_weekly", "return_cap_weighted_pct")
    assert reading.key == {"week_start": "2025-11-17", "sector": "Layer 2", "window_id": "mon_mon"}
    assert told(one) == "-18.2% (Mon–Mon, cap-weighted); -14.1% (Fri–Fri, cap-weighted)"


def test_where_a_claim_depends_both_values_are_shown_with_their_conventions(marts):
    (one,) = check_note(marts, read_note(b"Bitcoin's 7-day realised volatility is near 50%."), W47).found
    assert told(one) == "49.8% (by days, 7 days); 65.8% (by hours, 7 days)"


def test_without_marts_nothing_is_known_and_nothing_is_contradicted(marts):
    with claims_marts() as bare:
        for (table,) in bare.execute("select table_name from duckdb_tables()").fetchall():
            if table not in ("regime_weekly", "publications"):
                bare.execute(f"drop table marts.{table}")
        found = [v for text in (*ENGLISH, *JAPANESE) if "Layer" not in text for v in verdicts(bare, text)]
        assert set(found) <= {CONFIRMED, UNKNOWN, CONTRADICTED}
        assert verdicts(bare, "Ether fell 9.5%.") == verdicts(bare, "Crypto was the worst asset class.") == [UNKNOWN]
        assert verdicts(bare, "Bitcoin is below $90,000, the lowest since April.") == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    "text, value, unit, half",
    [
        ("14.9%", 14.9, "percent", 0.05), ("−14.9 %", -14.9, "percent", 0.05), ("+7%", 7, "percent", 0.5),
        ("$2.97tn", 2.97e12, "USD", 0.005e12), ("$3 trillion", 3e12, "USD", 0.03e12), ("$230bn", 230e9, "USD", 5e9),
        ("US$135B", 135e9, "USD", 0.5e9), ("-$5.8 billion", -5.8e9, "USD", 0.05e9), ("$88,402", 88_402, "USD", 0.5),
        ("$88.4k", 88_400, "USD", 50), ("$100,000", 100_000, "USD", 1_000), ("119k", 119_000, "amount", 500),
        ("119,000 people", 119_000, "persons", 500), ("11.9万人", 119_000, "persons", 500),
        ("2兆9,700億ドル", 2.97e12, "USD", 0.005e12), ("3兆ドル", 3e12, "USD", 0.03e12),
        ("8万8,402ドル", 88_402, "USD", 0.5),
        ("1,380万円", 13.8e6, "yen", 0.05e6), ("25bp", 25, "basis points", 0.5),
        ("15 percentage points", 15, "percentage points", 0.5),
        ("0.80", 0.80, "", 0.005), ("156.5円", 156.5, "yen", 0.05),
    ],
)  # fmt: skip
def test_figures_are_read_as_they_are_written(text, value, unit, half):
    figure, end = find(text, 0)
    assert (figure.value, figure.half) == (pytest.approx(value), pytest.approx(half))
    assert figure.unit == unit and end == len(text)


def test_the_catalogue_names_marts_and_columns_that_the_models_have():
    wrong = []
    held = catalogue()
    models = {path.stem: path for path in (CHECKOUT / "dbt_project" / "models").rglob("*.yml")}

    def columns(table: str) -> set[str]:
        (model,) = yaml.safe_load(models[table].read_text(encoding="utf-8"))["models"]
        return {column["name"] for column in model["columns"]}

    for quantity in held.quantities.values():
        for source in quantity.sources:
            named = {*source.key, *(c.value for c in source.columns), *(c.before for c in source.columns if c.before)}
            wrong += [(quantity.quantity_id, source.table, name) for name in named - columns(source.table)]
        kind, _, name = quantity.of.partition(".")
        wrong += [(quantity.quantity_id, quantity.of)] * (
            kind not in held.names or (bool(name) and name not in held.names[kind])
        )
        wrong += [(quantity.quantity_id, quantity.measure)] * (quantity.measure not in ("", *held.measures))
    for statement in held.statements.values():
        wrong += [
            (statement.statement_id, name) for name in {*statement.key, *statement.columns} - columns(statement.table)
        ]
    assert wrong == []


def test_the_catalogue_names_sectors_metrics_and_series_of_the_seeds():
    def seed(name: str, column: str) -> set[str]:
        with (CHECKOUT / "dbt_project" / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
            return {row[column] for row in csv.DictReader(file)}

    held = catalogue()
    assert set(held.names["sector"]) == seed("sectors", "sector")
    assert set(held.names["bucket"]) == seed("rank_buckets", "rank_bucket") | {"all"}
    assert set(held.names["class"]) <= seed("asset_classes", "asset_class")
    assert set(held.names["asset"]) <= seed("assets", "asset_id")
    metrics = set(chain.from_iterable(quantity.metrics.values() for quantity in held.quantities.values()))
    assert metrics <= seed("metrics", "metric_id")
    series = {
        source.key["series_id"] for q in held.quantities.values() for source in q.sources if "series_id" in source.key
    }
    assert series - {"FED_CUT_PROBABILITY"} <= seed("macro_series", "series_id")
    words = {
        word for statement in held.statements.values() if statement.table == "regime_weekly" for word in statement.words
    }
    assert words <= seed("regime_rules", "state") | seed("regime_verdicts", "verdict")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_means_one_thing(language):
    """Of two entries alike the lexicon would take the first, and the other would never be read."""
    said = [
        unicodedata.normalize("NFKC", one).lower()
        for kind in vocabulary(language).values()
        for words in kind.values()
        for one in words
    ]
    assert sorted({one for one in said if said.count(one) > 1}) == []
    held = catalogue()
    names = [
        unicodedata.normalize("NFKC", one)
        for group in (*held.names.values(), {"": held.measures}, {"": {}})
        for said in group.values()
        for one in (said if isinstance(said, tuple) else chain.from_iterable(said.values()))
    ]
    assert sorted({one for one in names if names.count(one) > 1}) == []


def test_every_reason_has_words_in_both_languages():
    held = catalogue()
    with speaking("ja", is_strict=True):
        assert all(word(reason) for reason in (*held.not_held, *held.not_seen))
        assert all(word(label) or label.endswith("s") for s in held.statements.values() for label in s.labels)
        assert why_left("unknown words", ("a", "b")) == "未知の語：a、b"
        assert all(word(text) for text in REASONS.values())
