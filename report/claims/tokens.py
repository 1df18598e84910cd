"""A sentence as tokens: names, measures, words of `words/*.toml`, figures, dates. What is none of them is unknown."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from report.claims import dates, figures
from report.claims.catalogue import catalogue
from report.languages import Language

_WORDS = Path(__file__).parent / "words"
# A symbol shorter than this is a word more often than a coin.
SHORTEST_SYMBOL = 3

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
            "ten": 10, "twelve": 12, "thirty": 30, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6,
            "seventh": 7}  # fmt: skip
_COUNT = r"(?:\d{1,3}|" + "|".join(_NUMBERS) + r")"
# A run of weeks: third week in a row, three weeks running, 3週連続.
_STREAK = re.compile(
    rf"(?:for (?:a|the) )?(?P<nth>\d{{1,2}}(?:st|nd|rd|th)|second|third|fourth|fifth|sixth|seventh)"
    r"(?: (?:straight|consecutive|successive) week| week (?:in a row|running))"
    rf"|(?:for )?(?P<count>{_COUNT})"
    r"(?: (?:straight|consecutive|successive) weeks| weeks (?:in a row|running|in succession))"
    r"|(?P<ja>\d{1,2})週(?:間)?(?:連続|続け)(?:で|て|の)?",
    re.IGNORECASE,
)
# A length of time: 7-day and a week's are spans of a measure, any other belongs to another question.
_LENGTH = re.compile(
    rf"(?P<count>{_COUNT})[ -](?P<unit>hour|day|week|month|quarter|year)s?(?![A-Za-z])"
    r"|(?P<ja>\d{1,3})(?P<ja_unit>日間|日|週間|週|か月|ヶ月|カ月|年間|年)",
    re.IGNORECASE,
)
_SPANS = {("7", "day"): "7d", ("1", "week"): "7d", ("30", "day"): "30d", ("7", "日間"): "7d", ("7", "日"): "7d",
          ("1", "週間"): "7d", ("30", "日間"): "30d", ("30", "日"): "30d"}  # fmt: skip
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*(?:-[A-Za-z]+)*|[ァ-ヶー]+|[一-鿿々]+|[ぁ-ん]|\d+|\S")
_QUOTES = '"“”‘「」『』*'
_PUNCTUATION = "()[].。!?'’&・_`#>+"
_ASCII = re.compile(r"[A-Za-z0-9]")
_MANNER = re.compile(r"[a-z]{3,}ly(?![a-z])")


@dataclass(frozen=True)
class Token:
    """A word or figure of a sentence: its kind, what it means there, and where it stands."""

    kind: str
    value: object
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class _Entry:
    said: str
    kind: str
    value: object
    is_exact: bool


class Lexicon:
    """The words that are known in one language, with the symbols of the week's assets."""

    def __init__(self, language: Language, symbols: Mapping[str, str]) -> None:
        """Gather words; of two that are written alike, the first counts: names before words."""
        self._entries: dict[str, list[_Entry]] = {}
        taken: set[str] = set()
        for entry in (*_known(language), *_symbols(symbols, {one.said for one in _known(language)})):
            key = entry.said if entry.is_exact else entry.said.lower()
            if key not in taken:
                taken.add(key)
                self._entries.setdefault(entry.said[:2].lower(), []).append(entry)
        for entries in self._entries.values():
            entries.sort(key=lambda one: -len(one.said))

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a sentence, in order; together they are all of it but its spaces."""
        found, at = [], 0
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            token = self._next(text, at)
            found.append(token)
            at = token.end
        return found

    def _next(self, text: str, at: int) -> Token:
        streak = _STREAK.match(text, at) if _begins_word(text, at) else None
        if streak:
            said = streak["nth"] or streak["count"] or streak["ja"]
            return Token("streak", _count(re.sub(r"(?<=\d)(st|nd|rd|th)$", "", said)), streak[0], at, streak.end())
        entry = self._longest(text, at)
        date = dates.find(text, at)
        if date and (entry is None or len(entry.said) <= date[1] - at):
            return Token("date", date[0], text[at : date[1]], at, date[1])
        if entry:
            end = at + len(entry.said)
            if text[end : end + 2] in ("'s", "’s") and not _ASCII.match(text, end + 2):
                end += 2
            return Token(entry.kind, entry.value, text[at:end], at, end)
        length = _LENGTH.match(text, at) if _begins_word(text, at) else None
        if length:
            count = str(_count(length["count"] or length["ja"]))
            span = _SPANS.get((count, (length["unit"] or length["ja_unit"]).lower()))
            return Token("span" if span else "elsewhere", span or length[0], length[0], at, length.end())
        return self._figure_or_word(text, at)

    def _figure_or_word(self, text: str, at: int) -> Token:
        figure = figures.find(text, at) if _begins_word(text, at) else None
        if figure:
            kind = "unknown" if figures.is_range(text, figure[1]) else "number"
            return Token(kind, figure[0], text[at : figure[1]], at, figure[1])
        if text[at] in _QUOTES:
            return Token("quote", text[at], text[at], at, at + 1)
        if text[at] in _PUNCTUATION:
            return Token("fill", None, text[at], at, at + 1)
        manner = _MANNER.match(text, at) if _begins_word(text, at) else None
        if manner:
            return Token("fill", None, manner[0], at, manner.end())
        word = _WORD.match(text, at)
        end = word.end() if word else at + 1
        return Token("unknown", text[at:end], text[at:end], at, end)

    def _longest(self, text: str, at: int) -> _Entry | None:
        for entry in self._entries.get(text[at : at + 2].lower(), ()):
            end = at + len(entry.said)
            here = text[at:end]
            if here == entry.said or (not entry.is_exact and here.lower() == entry.said.lower()):
                opens = not _ASCII.match(entry.said) or _begins_word(text, at)
                closes = not _ASCII.match(entry.said[-1]) or not _ASCII.match(text, end)
                if opens and closes:
                    return entry
        one = self._entries.get(text[at].lower(), ())
        for entry in one:
            if entry.said.lower() == text[at].lower():
                opens = not _ASCII.match(entry.said) or (_begins_word(text, at) and not _ASCII.match(text, at + 1))
                if opens:
                    return entry
        return None


@cache
def vocabulary(language: Language) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The words of a language, as its file has them: kind → meaning → words."""
    content = tomllib.loads((_WORDS / f"{language}.toml").read_text(encoding="utf-8"))
    return {kind: {name: tuple(words) for name, words in group.items()} for kind, group in content.items()}


@cache
def _known(language: Language) -> tuple[_Entry, ...]:
    """Names, measures and statements of every language (notes mix them), then the words of this one."""
    return tuple(_Entry(unicodedata.normalize("NFKC", e.said), e.kind, e.value, e.is_exact) for e in _raw(language))


def _raw(language: Language) -> Iterator[_Entry]:
    held = catalogue()
    for kind, group in (("not_held", held.not_held), ("not_seen", held.not_seen)):
        yield from (_Entry(one, kind, reason, one.isupper()) for reason, said in group.items() for one in said)
    for statement in held.statements.values():
        yield from (_Entry(one, "statement", statement.statement_id, False) for one in statement.said)
    for kind, names in held.names.items():
        for name, said in names.items():
            is_exact = kind == "asset"
            yield from (_Entry(one, "name", (kind, name), is_exact or one.isupper()) for one in said)
    for measure, said in held.measures.items():
        yield from (_Entry(one, "measure", measure, one.isupper()) for one in said)
    for kind, words in vocabulary(language).items():
        for meaning, said in words.items():
            # What bars a claim, or only binds words, is told apart by its meaning; the rest by its kind.
            is_own = kind in ("bar", "fill", "grammar", "separator")
            yield from (_Entry(one, meaning if is_own else kind, meaning, False) for one in said)


def _symbols(symbols: Mapping[str, str], taken: set[str]) -> Iterator[_Entry]:
    for symbol, asset_id in symbols.items():
        if len(symbol) >= SHORTEST_SYMBOL and symbol.isupper() and symbol.isalnum() and symbol not in taken:
            yield _Entry(symbol, "name", ("asset", asset_id), True)


def _begins_word(text: str, at: int) -> bool:
    return at == 0 or not (_ASCII.match(text[at - 1]) and _ASCII.match(text[at]))


def _count(said: str) -> int:
    return int(said) if said.isdigit() else _NUMBERS[said.lower()]
