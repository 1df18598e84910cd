"""Texts that come from outside: what may be a name, and how any of them is shown on one line.

Whoever lists an instrument or a coin chooses its name: some day one is a page of script, a path, or half a kilobyte of
direction marks.
"""

import re
import unicodedata

# The longest symbols in use have about thirty characters, the longest ids and names of coins about sixty.
LONGEST_SYMBOL = 128
LONGEST_TITLE = 200

# Letters and digits of any script (venues list perpetuals with Chinese names), and the signs that venues write into
# symbols: BTC-USDT, PF_XBTUSD, PURR/USDC, xyz:NVDA, @107, $PAC, GC=F, ^GSPC. No space, quote, bracket, or backslash.
_SYMBOL = re.compile(r"[\w$@&+*!.:/=^~-]+")
# Joiners hold emoji and Indic letters together; every other invisible character only misleads.
_JOINERS = {"\u200c", "\u200d"}
# What stands where bytes could not be read.
_UNREADABLE = "\ufffd"


def is_symbol(text: object) -> bool:
    """True for what can be a symbol or an id: it goes into addresses and keys, so little is allowed.

    A path is none: `..` and a leading or closing slash are refused.
    """
    return (
        isinstance(text, str)
        and len(text) <= LONGEST_SYMBOL
        and _SYMBOL.fullmatch(text) is not None
        and text.isprintable()
        and text.strip(".") != ""
        and ".." not in text
        and "//" not in text
        and not text.startswith("/")
        and not text.endswith("/")
    )


def is_title(text: object) -> bool:
    """True for what can be the name of a coin, in any script: it is only ever shown, so it need only be visible."""
    return (
        isinstance(text, str)
        and len(text) <= LONGEST_TITLE
        and text.strip() != ""
        and _UNREADABLE not in text
        and all((unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029") or c in _JOINERS for c in text)
    )


def one_line(text: str, longest: int | None = None) -> str:
    """Any text as one printable line: white space is a space, what a terminal would obey or hide is spelled out."""
    line = "".join(c if c.isprintable() else spelled(c) for c in " ".join(text.split()))
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"


def spelled(character: str) -> str:
    r"""A character that cannot be printed, as Python writes it: `\x1b`, `\u202e`."""
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
