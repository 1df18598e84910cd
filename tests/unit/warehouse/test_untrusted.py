"""Names from outside: all that are in use pass, and what only looks like one does not."""

import csv

import pytest

from warehouse.home import CHECKOUT
from warehouse.untrusted import is_symbol, is_title, one_line

HOSTILE = [
    "<script>alert(1)</script>", "'; drop table raw.candles; --", '"><img src=x onerror=alert(1)>', "../../x",
    "/etc/passwd", "..", ".", "a/../b", "a//b", "a\\b", "a b", "a\nb", "a\x00b", "\x1b[31mred", "a\x9bb", "\u202eTDSU",
    "BTC\u200bUSDT", "\u2066x", "a\u2028b", "\ud800", "A" * 10_000, "", " ", "a|b", "`id`", "$(id)", "a;b", "a,b",
    "a?b", "a#b", "a%2e", "[x](y)", "{{7*7}}", "\ue000", "\ufeffBTC",
]  # fmt: skip
IN_USE = [
    "BTCUSDT", "BTC-USD", "PF_XBTUSD", "PURR/USDC", "xyz:NVDA", "@107", "kPEPE", "1000000MOGUSDT", "$PAC", "GC=F",
    "^GSPC", "币安人生USDT", "BTC-USDT-SWAP", "1INCH", "A.I", "DTWEXBGS",
    "superstate-short-duration-us-government-securities-fund-ustb",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_symbol(text):
    assert not is_symbol(text)


@pytest.mark.parametrize("text", [None, 7, 1.5, ["x"], b"BTC"], ids=str)
def test_only_a_text_is_a_name(text):
    assert not is_symbol(text) and not is_title(text)


@pytest.mark.parametrize("text", IN_USE)
def test_symbols_in_use(text):
    assert is_symbol(text) and is_title(text)


@pytest.mark.parametrize(
    "text", ["Bitcoin Cash", "Based Fwog 🐸", "👨\u200d💻 Coder", "<3 Coin", "It's a coin", "夜猫"]
)
def test_titles_in_use(text):
    assert is_title(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "a\x00", "\x1b[0m", "\u202ex", "x\u200b", "\ud800", "\ufffd", "n" * 201, "a\nb"]
)
def test_what_is_no_title(text):
    assert not is_title(text)


def test_every_name_in_the_seeds_is_one():
    seeds = CHECKOUT / "dbt_project" / "seeds"

    def column(file: str, name: str) -> list[str]:
        with open(seeds / file, newline="") as lines:
            return [row[name] for row in csv.DictReader(lines)]

    assert not [x for x in column("venue_symbols.csv", "base") if not is_symbol(x)]
    assert not [x for x in column("provider_assets.csv", "provider_asset_id") if not is_symbol(x)]
    assert not [x for x in column("assets.csv", "name") + column("assets.csv", "symbol") if not is_title(x)]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_shown_on_one_printable_line(text):
    line = one_line(text, 300)
    assert (line.isprintable() or line == "") and len(line) <= 300
    line.encode()
