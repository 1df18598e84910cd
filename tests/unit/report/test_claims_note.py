"""Notes as they come: Markdown, text, saved pages and what is none; their sentences, their lines and their week."""

import pytest

from report.claims.checking import check_note
from report.claims.dates import week_of_note
from report.claims.note import LARGEST_BYTES, NoteError, read_note, split
from report.claims.readings import Marts
from tests.unit.report.claims_by_hand import claims_marts
from warehouse.week import Week


@pytest.fixture(scope="module")
def marts():
    with claims_marts() as connection:
        yield connection


def told(content: bytes | str, name: str = "note.md") -> list[tuple[int, str]]:
    note = read_note(content.encode() if isinstance(content, str) else content, name)
    return [(sentence.line, sentence.text) for sentence in note.sentences]


def test_markdown_gives_its_sentences_with_their_lines():
    text = (
        "# A title\n\nBitcoin **fell**\n8%. Ether [did](https://x.example/a_b) too.\n\n- one item\n- another\n\n"
        "```\nfell 9%\n```\n\n![a picture](x.png)\n\n| a | b |\n|---|---|\n| Layer 2 | −1% |\n"
    )
    assert told(text) == [
        (1, "A title"), (3, "Bitcoin fell 8%."), (3, "Ether did too."), (6, "one item"), (7, "another"), (15, "a b"),
        (17, "Layer 2 −1%"),
    ]  # fmt: skip


PAGE = """<!DOCTYPE html>
<html><head><title>Weekly</title><meta property="article:published_time" content="2025-11-24T08:00:00Z">
<script>var x = "Bitcoin fell 9%.";</script><style>p { color: red }</style></head>
<body><nav><a>Bitcoin fell 7%.</a></nav>
<h1>Crypto&nbsp;weekly</h1>
<p>Bitcoin fell&nbsp;8&#37;. It&rsquo;s <b>bad</b>.
<p>Layer&#x202E; 2 lost 18.2%.</p>
<table><tr><td>Gaming</td><td>-15.0%</td></tr></table>
<footer>Bitcoin fell 6%.</footer></body></html>"""


def test_a_saved_page_gives_its_text_without_scripts_menus_and_footers():
    assert told(PAGE, "saved.html") == told(PAGE, "-") == [
        (2, "Weekly"), (5, "Crypto weekly"), (6, "Bitcoin fell 8%."), (6, "It’s bad."), (7, "Layer 2 lost 18.2%."),
        (8, "Gaming -15.0%"),
    ]  # fmt: skip


def test_a_saved_page_is_of_the_week_that_its_publication_says(marts):
    checked = check_note(marts, read_note(PAGE.encode(), "saved.html"))
    assert str(checked.week) == "2025-W47" and checked.week_from == "2025-11-24"
    assert checked.counts == {"confirmed": 3, "depends": 0, "contradicted": 0, "not_knowable": 0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_a_note_in_an_encoding_that_people_use_is_read(encoding):
    assert told("ビットコインは8.0%下落した。".encode(encoding)) == [(1, "ビットコインは8.0%下落した。")]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "empty"), (b" \n\t\n", "empty"), (b"\xef\xbb\xbf", "empty"), (b"---\n***\n", "no sentence"),
        (b"%PDF-1.7\nBitcoin fell 8%.", "PDF"), (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture"),
        (b"PK\x03\x04word/document.xml", "zip"), (bytes(range(256)) * 20, "no text"),
        (b"\x00\x01\x02\x03" * 100, "no text"),
        (b"<html><script>fell 8%</script></html>", "no sentence"), (b"x" * (LARGEST_BYTES + 1), "MB"),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused_with_a_reason(content, words):
    with pytest.raises(NoteError, match=words):
        read_note(content)


def test_a_full_stop_in_a_figure_or_behind_an_abbreviation_ends_no_sentence():
    text = "BTC vs. ETH fell 7.0% to $2.97tn. Since Nov. 3 the U.S. led. Down 3%! ビットコインは下落。イーサも。"
    assert list(split(text)) == [
        "BTC vs. ETH fell 7.0% to $2.97tn.", "Since Nov. 3 the U.S. led.", "Down 3%!", "ビットコインは下落。",
        "イーサも。",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "opening, week",
    [
        ("24 November 2025", "2025-W47"), ("Monday, November 24th, 2025", "2025-W47"), ("2025-11-26", "2025-W47"),
        ("21 Nov 2025", "2025-W47"), ("Sunday 23 November 2025", "2025-W47"), ("2025/11/24", "2025-W47"),
        ("Week 47, 2025", "2025-W47"), ("2025-W41", "2025-W41"), ("week of 17–23 November 2025", "2025-W47"),
        ("November 17–23, 2025", "2025-W47"), ("2025年11月24日", "2025-W47"), ("2025年11月17日〜11月23日", "2025-W47"),
        ("2025年11月17日〜23日", "2025-W47"), ("2025年第47週", "2025-W47"), ("1 January 2026", "2026-W01"),
        ("date: 2025-11-24", "2025-W47"), ("Since 2019, coins. 24 November 2025.", "2025-W47"),
        ("Bitcoin at 2025 dollars", None), ("31 February 2025", None), ("November 2025", None),
        ("version 2025.11.99", None),
        ("24 November", None), ("", None),
    ],
)  # fmt: skip
def test_the_week_is_the_one_that_the_opening_says(opening, week):
    found = week_of_note(opening)
    assert (str(found[0]) if found else None) == week


def test_without_a_date_it_is_the_last_published_week(marts):
    checked = check_note(marts, read_note(b"Bitcoin fell 8%."))
    assert (str(checked.week), checked.week_from, checked.is_week_given) == ("2025-W47", "", False)


def test_a_week_that_is_not_published_is_an_error_that_says_which_are(marts):
    with pytest.raises(NoteError, match=r'2025-W30 \(it says "28 July 2025"\).*2025-W46 to 2025-W47.*--week'):
        check_note(marts, read_note(b"28 July 2025\n\nBitcoin fell 8%."))
    with pytest.raises(NoteError, match="about 2025-W30, and nothing is published"):
        check_note(marts, read_note(b"Bitcoin fell 8%."), Week.parse("2025-W30"))


def test_a_megabyte_of_text_is_read_in_moments(marts):
    line = "Bitcoin fell 8.0% to $86,480, Layer 2 lost 18.2%, and nobody knows why 17 of 42 wallets moved.\n\n"
    checked = check_note(marts, read_note((line * (1_000_000 // len(line))).encode()))
    assert checked.counts["confirmed"] == 3 * (1_000_000 // len(line)) and checked.counts["contradicted"] == 0
    long = check_note(marts, read_note(b"fell 7% to " * 90_000))
    assert long.counts["confirmed"] == 0 and {one.unread.reason for one in long.left} == {"too long"}


def test_a_cell_is_asked_for_once(marts):
    asked = []

    class Counting:
        def execute(self, sql, parameters=None):
            asked.append(sql)
            return marts.execute(sql, parameters)

    found = Marts(Counting(), Week.parse("2025-W47"))
    before = len(asked)
    for _ in range(3):
        assert found.value("macro_weekly", "value_as_released", {"series_id": "UNRATE"}) == (4.4, "")
    assert len(asked) == before + 1
