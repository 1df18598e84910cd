"""The note as it goes out: chat text, mail, PDF, preview picture and links, read back as their receivers read them."""

import email
import email.policy
import io
import re
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pypdf
import pytest

from report.address import SETTING, base_address
from report.document import Document
from report.errors import ReportError
from report.render import chat, mail, pdf
from report.text import Sentence
from report.week import read_week, write_pdf, write_week
from tests.unit.report.charts_by_hand import charted_marts, hostile_charted_marts
from tests.unit.report.marts_by_hand import MARTS, WEEK
from tests.unit.report.two_weeks import two_weeks_marts
from warehouse.week import Week

LANGUAGES = ("en", "ja")
MADE = {"charted": charted_marts, "hostile_charted": hostile_charted_marts, "two_weeks": two_weeks_marts, **MARTS}
AS_OF = datetime(2025, 11, 24, 6, 30, 12, 345, tzinfo=UTC)


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def meta(self, name: str) -> str | None:
        return next((a["content"] for tag, a in self.found if tag == "meta" and name in a.values()), None)


def note_of(con: duckdb.DuckDBPyConnection, language: str = "en", source: str = "simulated") -> Document:
    return read_week(con, Week(WEEK), source, source == "simulated", language)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports") / "2025-W47"
    write_week(charted_marts(), Week(WEEK), out, "simulated", True, AS_OF)
    return out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("made", sorted(MADE))
def test_the_chat_text_is_short_plain_and_says_its_label(made: str, language: str) -> None:
    document = note_of(MADE[made](), language)
    text = chat.message(document)
    assert chat.letters(text) < 2000
    first, headline, so_what, *_ = text.split("\n")
    assert first.startswith(f"[{document.source_title}] ") and "2025-W47" in first
    # Neither entities nor what a chat would read as markup, a link or a call to everybody.
    assert not re.search(r"&(amp|lt|gt|quot|#\d+);", text)
    assert not re.search(
        r"[<>`*_~|@]|\]\(|^[#>]|^[-+] ", text.removeprefix(f"[{document.source_title}] "), re.MULTILINE
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e]", text)
    assert len(headline) >= 8 and len(so_what) > 10


def test_a_message_that_is_too_long_loses_whole_sentences_and_no_paragraphs_first() -> None:
    document = note_of(charted_marts())
    long = Sentence("long", ("Something was said at length. " * 20,))
    paragraphs = tuple(replace(part, sentences=(*part.sentences, long, long)) for part in document.note.paragraphs)
    document = replace(document, note=replace(document.note, paragraphs=paragraphs))
    text = chat.message(document)
    assert chat.letters(text) < 2000 < chat.letters(chat.whole(document))
    for part in document.note.paragraphs:
        assert f"{part.title}: {chat.said(part.sentences[0])[:30]}" in text
    assert chat.whole(document).count("Something was said") == 6 * 20


def test_letters_are_counted_as_a_chat_counts_them() -> None:
    assert chat.letters("円a") == 2 and chat.letters("😀") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_draft_has_text_html_and_the_pictures_that_it_shows(written: Path, language: str) -> None:
    ending = "" if language == "en" else ".ja"
    message = email.message_from_bytes((written / f"mail{ending}.eml").read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage) and message["X-Unsent"] == "1"
    assert message["From"] is None and message["To"] is None
    label = {"en": "[SIMULATED MARKET]", "ja": "[シミュレーション市場]"}[language]
    assert message["Subject"].startswith(label) and "2025-W47" in message["Subject"]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    assert text.get_content().replace("\r\n", "\n") == (written / f"mail{ending}.txt").read_text(encoding="utf-8")
    shown = [a["src"] for tag, a in Elements(html.get_content()).found if tag == "img"]
    pictures = {part["Content-ID"]: part for part in message.walk() if part.get_content_type() == "image/png"}
    assert [f"<{str(source).removeprefix('cid:')}>" for source in shown] == list(pictures) and len(shown) == 3
    for part in pictures.values():
        stem = str(part.get_filename()).removesuffix(".png")
        assert part.get_content() == (written / "charts" / f"{stem}{ending}.png").read_bytes()
        assert part.get_content_disposition() == "inline"


@pytest.mark.parametrize("made", ["charted", "hostile_charted"])
def test_the_mails_html_needs_no_style_sheet_no_script_and_nothing_from_outside(made: str) -> None:
    page = Elements(mail.html(note_of(MADE[made]())))
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "style", "link", "iframe", "form", "svg"}
    assert not [a for _, a in page.found if any(name.startswith("on") or name == "class" for name in a)]
    for tag, attributes in page.found:
        if tag == "img":
            assert re.fullmatch(r"charts/[a-z_]+\.png", str(attributes["src"])) and len(str(attributes["alt"])) > 5
    assert all(a.get("href") is None for _, a in page.found) and "SIMULATED MARKET" in page.text
    for paragraph in note_of(MADE[made]()).note.paragraphs:
        assert paragraph.title in page.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("made", sorted(MADE))
def test_the_pdf_has_two_pages_with_the_note_in_its_own_letters(made: str, language: str) -> None:
    document = note_of(MADE[made](), language)
    content = pdf.render(document)
    read = pypdf.PdfReader(io.BytesIO(content))
    assert len(read.pages) == 2 and pdf.render(document) == content

    def squeezed(text: str) -> str:
        return re.sub(r"\s", "", text)

    first, second = (squeezed(page.extract_text()) for page in read.pages)
    label = squeezed(document.source_title)
    assert label in first and label in second
    fonts = [font.get_object() for page in read.pages for font in page["/Resources"]["/Font"].values()]
    # Every letter comes along; of names in other scripts, in what Typst has for them.
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
    if "hostile" not in made:
        assert squeezed(chat.said(document.note.headline)) in first
        assert all(re.search("NotoSansJP|NotoSerifJP", str(font["/BaseFont"])) for font in fonts)


def test_the_longest_note_still_fits_on_its_page() -> None:
    document = note_of(charted_marts())
    parts = tuple(replace(part, sentences=part.sentences * 4) for part in document.note.paragraphs)
    document = replace(document, note=replace(document.note, paragraphs=parts))
    read = pypdf.PdfReader(io.BytesIO(pdf.render(document)))
    assert len(read.pages) == 2
    last = re.sub(r"\s", "", chat.said(parts[-1].sentences[-1]))
    assert last[-30:] in re.sub(r"\s", "", read.pages[0].extract_text())


def test_papers_are_written_for_who_asks(written: Path) -> None:
    assert not (written / "note.pdf").exists()
    pages = write_week(charted_marts(), Week(WEEK), written, "simulated", True, AS_OF)
    assert [path.name for path in write_pdf(pages, written)] == ["note.pdf", "note.ja.pdf"]
    assert all(path.read_bytes()[:5] == b"%PDF-" for path in write_pdf(pages, written))
    for path in ("note.pdf", "note.ja.pdf"):
        (written / path).unlink()


def pixels(picture: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of an RGBA picture whose rows are not filtered against each other, or their filters."""
    width, height = struct.unpack(">II", picture[16:24])
    at, packed = 8, b""
    while at < len(picture):
        size = int.from_bytes(picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            packed += picture[at + 8 : at + 8 + size]
        at += 12 + size
    raw = zlib.decompress(packed)
    return width, height, [raw[n * (4 * width + 1) : (n + 1) * (4 * width + 1)] for n in range(height)]


@pytest.mark.parametrize("name", ["card.png", "card.ja.png"])
def test_the_preview_picture_has_its_size_and_the_band_of_simulated_data(written: Path, name: str) -> None:
    width, height, rows = pixels((written / name).read_bytes())
    assert (width, height) == (1200, 630)
    # The first row: the band's yellow, whatever filter codes it.
    code, row = rows[0][0], rows[0][1:]
    assert row[:4] == bytes((0xFF, 0xD3, 0x4D, 0xFF)) and code in (0, 1, 2, 3, 4)


def test_without_an_address_no_link_is_absolute(written: Path) -> None:
    page = Elements((written / "index.html").read_text(encoding="utf-8"))
    assert page.meta("og:image") == "card.png" and page.meta("og:url") is None
    assert page.meta(
        "og:title",
    ) is not None and str(page.meta("og:title")).startswith("[SIMULATED MARKET]")
    assert not any(str(a.get("href", "")).startswith("http") for _, a in page.found)
    assert "http" not in (written / "note.txt").read_text(encoding="utf-8")


def test_with_an_address_links_that_leave_the_page_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "https://desk.example/regime/")
    out = tmp_path / "2025-W47"
    write_week(charted_marts(), Week(WEEK), out, "simulated", True)
    for ending in ("", ".ja"):
        page = Elements((out / f"index{ending}.html").read_text(encoding="utf-8"))
        address = f"https://desk.example/regime/2025-W47/index{ending}.html"
        assert page.meta("og:url") == address
        assert page.meta("og:image") == f"https://desk.example/regime/2025-W47/card{ending}.png"
        assert (out / f"note{ending}.txt").read_text(encoding="utf-8").rstrip().endswith(address)
        links = [a["href"] for tag, a in Elements((out / f"mail{ending}.html").read_text(encoding="utf-8")).found
                 if tag == "a"]  # fmt: skip
        assert links == [address]


@pytest.mark.parametrize(
    "told", ["desk.example", "ftp://desk.example", "https://", "https://a b", "https://x?y=1", "//x"]
)
def test_an_address_that_is_none_is_refused_in_one_line(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, told)
    with pytest.raises(ReportError, match=f"{SETTING} is .*: set it to the address") as raised:
        base_address()
    assert "\n" not in str(raised.value)


def test_a_page_says_as_of_when_it_speaks_and_keeps_that_while_it_says_the_same(tmp_path: Path) -> None:
    con, out = charted_marts(), tmp_path / "2025-W47"
    page = out / "index.html"
    write_week(con, Week(WEEK), out, "simulated", True, AS_OF)
    assert '<time class="as-of" datetime="2025-11-24T06:30:12Z">24 November 2025 06:30 UTC</time>' in page.read_text()
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    write_week(con, Week(WEEK), out, "simulated", True, AS_OF + timedelta(days=3))
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    con.execute("update marts.sector_returns_weekly set return_cap_weighted_pct = return_cap_weighted_pct - 1")
    write_week(con, Week(WEEK), out, "simulated", True, AS_OF + timedelta(days=3))
    assert 'datetime="2025-11-27T06:30:12Z"' in page.read_text()


def test_a_page_leads_to_its_neighbours_and_its_other_forms(written: Path) -> None:
    page = Elements((written / "index.html").read_text(encoding="utf-8"))
    links = {str(a["href"]) for tag, a in page.found if tag == "a"}
    assert {"../index.html#2025-W46", "../index.html#2025-W48", "../index.html"} <= links
    for name in ("explore.html", "note.txt", "mail.html", "mail.eml", "index.ja.html"):
        assert name in links and (written / name).is_file()
