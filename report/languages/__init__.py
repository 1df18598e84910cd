"""The languages of a page: which one is spoken, and the catalogues (a directory a language, a TOML file a topic).

A section says English templates; those are the keys of every other language's catalogue, and a template may order its
named parts as its language does. The words of marts (states, buckets, names of series) are keys as they stand in the
marts, in English too. Not here: how figures are written (formatting), what is said (sections).
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal

from report.errors import ReportError

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")
# Each language by its own name, for whoever looks for it.
NAMES: dict[Language, str] = {"en": "English", "ja": "日本語"}

_spoken: ContextVar[Language] = ContextVar("spoken", default="en")
_is_strict: ContextVar[bool] = ContextVar("is_strict", default=False)


class CatalogueError(ReportError):
    """The words of a language are missing or contradict each other; the message says which and where."""


@contextmanager
def speaking(language: Language, *, is_strict: bool = False) -> Iterator[None]:
    """Speak `language` inside the block; strictly, a template without words in it is an error (for tests)."""
    tokens = _spoken.set(language), _is_strict.set(is_strict)
    try:
        yield
    finally:
        _spoken.reset(tokens[0])
        _is_strict.reset(tokens[1])


def spoken() -> Language:
    """The language that is spoken now."""
    return _spoken.get()


def file_name(english: str, language: Language) -> str:
    """The name of a file's translation: `index.html` in Japanese is `index.ja.html`."""
    stem, _, ending = english.rpartition(".")
    return english if language == "en" else f"{stem}.{language}.{ending}"


def translate(template: str) -> str:
    """The template in the language spoken; itself where that has no words for it, or is English."""
    words = catalogue(spoken())
    if _is_strict.get() and spoken() != "en" and template not in words:
        raise CatalogueError(f"{spoken()} has no words for {template!r}: add them to report/languages/{spoken()}/")
    return words.get(template, template)


def word(value: str) -> str | None:
    """What a word of the marts is called in the language spoken; None for words that are not the warehouse's own."""
    return catalogue(spoken()).get(value)


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All words of a language. `CatalogueError` where two files give the same key different words."""
    return read_catalogue(Path(__file__).parent / language)


def read_catalogue(directory: Path) -> Mapping[str, str]:
    """The TOML files of a directory as one catalogue."""
    words: dict[str, str] = {}
    for path in sorted(directory.glob("*.toml")):
        for key, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if not isinstance(text, str):
                raise CatalogueError(f'{path}: {key!r} is no text: write "template" = "words"')
            if words.setdefault(key, text) != text:
                raise CatalogueError(f"{path}: {key!r} is {text!r} here and {words[key]!r} elsewhere: keep one")
    return words
