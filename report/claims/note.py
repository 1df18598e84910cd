"""A note as it comes: Markdown, plain text or a saved web page, as sentences with their lines."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from report.errors import ReportError
from report.languages import Language

LARGEST_BYTES = 5_000_000
# A sentence that is longer is none: a table without its lines, a file of another kind.
LONGEST_SENTENCE = 1_200
# So much of a note's beginning may say which week it is about.
OPENING_CHARACTERS = 2_000

_JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
_AHEAD = re.compile(
    r"week ahead|weeks ahead|look(?:ing)? ahead|outlook|what to watch|next week|what's next|forecast|calendar"
    r"|来週|今後|見通し|展望|注目(?:点|イベント)|予定|disclaimer|免責",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.!?])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9$+\-−–一-鿿])|(?<=[。！？!?])(?![」』)])")
_NOT_AN_END = re.compile(
    r"\b(?:vs|approx|ca|c|e\.g|i\.e|etc|U\.S|U\.K|No|St|Mr|Ms|Dr|Inc|Ltd|Co|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
# Marks of direction and of width, and control characters: a terminal would obey them, and they split words.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_MAGIC = {b"%PDF": "a PDF", b"PK\x03\x04": "a zip archive (or an office document)", b"\x89PNG": "a picture",
          b"\xff\xd8\xff": "a picture", b"GIF8": "a picture", b"\x1f\x8b": "a compressed file"}  # fmt: skip
_HIDDEN = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "nav",
    "footer",
    "aside",
    "form",
    "button",
    "select",
    "iframe",
}
_BLOCKS = {"p", "div", "li", "ul", "ol", "section", "article", "main", "header", "table", "tr", "blockquote", "br",
           "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "title", "dt", "dd", "pre"}  # fmt: skip


class NoteError(ReportError):
    """What was given is no note that can be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Sentence:
    """A sentence, on one line; `line` is where its paragraph begins. `is_ahead`: in a part about what is to come."""

    text: str
    line: int
    language: Language
    is_heading: bool = False
    is_ahead: bool = False


@dataclass(frozen=True)
class Note:
    """A note: its sentences, and its beginning, which may say what week it is about."""

    sentences: tuple[Sentence, ...]
    opening: str

    @property
    def language(self) -> Language:
        """The language that most of its sentences are in."""
        japanese = sum(sentence.language == "ja" for sentence in self.sentences)
        return "ja" if 2 * japanese > len(self.sentences) else "en"


@dataclass(frozen=True)
class _Block:
    text: str
    line: int
    heading: int = 0  # its level; 0 for text


def read_note(content: bytes, name: str = "") -> Note:
    """The note in a file's bytes; its name may tell what it is. NoteError where it holds no text."""
    if len(content) > LARGEST_BYTES:
        raise NoteError(
            f"it has {len(content) / 1e6:.1f} MB, more than a note's {LARGEST_BYTES / 1e6:g}: give the note alone"
        )
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            raise NoteError(f"it is {kind}, no text: give it as Markdown, plain text or a saved web page")
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _decode(content))).replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"\bU\.(S|K)\.(?=[\s,;)])", r"U\1", text)
    if not text.strip():
        raise NoteError("it is empty: give a note as Markdown, plain text or a saved web page")
    stated, blocks = _page(text) if _is_page(text, name) else ("", list(_markdown(text)))
    sentences = tuple(_sentences(blocks))
    if not sentences:
        raise NoteError("it holds no sentence: give a note as Markdown, plain text or a saved web page")
    opening = "\n".join([stated, *(block.text for block in blocks[:40])])
    return Note(sentences, opening[:OPENING_CHARACTERS])


def _decode(content: bytes) -> str:
    for encoding in (
        ("utf-8-sig", "utf-16", "cp932") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp932")
    ):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        strange = sum(unicodedata.category(c) == "Cc" and c not in "\n\r\t\f" for c in text[:20_000])
        if strange * 10 <= len(text[:20_000]):
            return text
    raise NoteError("it is no text (neither UTF-8 nor Shift JIS): give it as Markdown, plain text or a saved web page")


def _is_page(text: str, name: str) -> bool:
    start = text.lstrip()[:1_000].lower()
    return name.lower().endswith((".html", ".htm", ".xhtml")) or start.startswith(("<!doctype html", "<html", "<?xml"))


def _sentences(blocks: list[_Block]) -> Iterator[Sentence]:
    ahead_level = 0
    for block in blocks:
        if block.heading and (not ahead_level or block.heading <= ahead_level):
            ahead_level = block.heading if _AHEAD.search(block.text) else 0
        # A page's entities are characters only now.
        for text in split(unicodedata.normalize("NFKC", _INVISIBLE.sub("", block.text))):
            language: Language = "ja" if _JAPANESE.search(text) else "en"
            yield Sentence(text, block.line, language, block.heading > 0, ahead_level > 0)


def split(paragraph: str) -> Iterator[str]:
    """The sentences of a paragraph; a full stop in a figure or behind an abbreviation ends none."""
    start = 0
    for end in (*_END.finditer(paragraph), None):
        stop = end.end() if end else len(paragraph)
        if end and _NOT_AN_END.search(paragraph[start : end.start()]):
            continue
        sentence = " ".join(paragraph[start:stop].split())
        if any(c.isalnum() for c in sentence):
            yield sentence
        start = stop


# --- Markdown, and plain text, which is Markdown without marks -------------------------------------------------------


def _markdown(text: str) -> Iterator[_Block]:
    level, row_line = 0, 1
    row: list[str] | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else row_line
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "tr_open":
                row, row_line = [], line
            case "tr_close":
                yield _Block(" ".join(row or ()), row_line)
                row = None
            case "inline" if row is not None:
                row.append(_inline(token))
            case "inline":
                yield _Block(_inline(token), line, level)
            case "html_block":
                yield from (replace(block, line=block.line + line - 1) for block in _page(token.content)[1])


def _inline(token: Token) -> str:
    kept = {"text", "code_inline"}
    return "".join(
        child.content if child.type in kept else " " if child.type in ("softbreak", "hardbreak") else ""
        for child in token.children or ()
    )


# --- a saved web page ------------------------------------------------------------------------------------------------


def _page(text: str) -> tuple[str, list[_Block]]:
    """When the page says it was published, and its paragraphs, without scripts, menus and footers."""
    reader = _Page()
    reader.feed(text)
    reader.close()
    reader.end_block()
    return reader.published, reader.blocks


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[_Block] = []
        self.published = ""
        self._hidden: list[str] = []
        self._text: list[str] = []
        self._line = 1
        self._heading = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and "published" in (given.get("property") or given.get("name") or ""):
            self.published = self.published or given.get("content", "")
        if tag == "time":
            self.published = self.published or given.get("datetime", "")
        if self._hidden or tag in _HIDDEN:
            if tag in _HIDDEN:
                self._hidden.append(tag)
            return
        if tag in ("td", "th"):
            self._text.append(" ")
        elif tag in _BLOCKS:
            self.end_block()
            self._heading = int(tag[1]) if re.fullmatch(r"h[1-6]", tag) else 0

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                del self._hidden[self._hidden.index(tag) :]
            return
        if tag in _BLOCKS:
            self.end_block()
            self._heading = 0

    def handle_data(self, data: str) -> None:
        if self._hidden or not data:
            return
        if not "".join(self._text).strip():
            self._line = self.getpos()[0]
        self._text.append(data)

    def end_block(self) -> None:
        """What was gathered is a paragraph."""
        text = " ".join("".join(self._text).split())
        if text:
            self.blocks.append(_Block(text, self._line, self._heading))
        self._text = []
