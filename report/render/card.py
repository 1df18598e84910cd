"""The picture that chats and feeds show beside a link: 1200 × 630, the headline and the week's first figures."""

from markupsafe import Markup

from report.document import Document
from report.languages import speaking, translate
from report.render import charts, fonts
from report.render.typography import typeset
from report.text import Day, compose, plain

WIDTH, HEIGHT = 1200, 630
_MARGIN, _BAND = 64, 64
_PAPER, _INK, _SOFT, _LINE, _ACCENT = "#faf9f6", "#1a1d23", "#575e69", "#d9d5ca", "#0e5a6b"
_MOST_TILES = 4
# Letters in a line of the headline and of what it means; a wide one counts as two.
_ACROSS = {"en": (46, 88), "ja": (37, 80)}


def card(document: Document) -> bytes:
    """The picture as PNG, labelled where its data are simulated."""
    fonts.register()
    return charts.drawn(str(_drawn(document)), 1)


def _drawn(document: Document) -> str:
    note = document.note
    with speaking(document.language):
        span = compose("{start} to {end}", start=Day(document.week.start), end=Day(document.week.last_day))
        kicker = f"{translate('Crypto weekly')} · {plain(span)}"
    across, across_below = _ACROSS[document.language]
    headline = charts.lines_of("".join(map(typeset, note.headline.fragments)), across)[:4]
    size = 56 if len(headline) <= 3 else 48
    so_what = charts.lines_of("".join(map(typeset, note.so_what.fragments)), across_below)[:2]
    texts = [
        _text(_MARGIN, 42, 28, _INK, f"{document.source_title} · {document.week.label}", is_bold=True),
        _text(_MARGIN, _BAND + 62, 26, _ACCENT, kicker, is_bold=True),
    ]
    at = _BAND + 62 + size + 18
    for line in headline:
        texts.append(_text(_MARGIN, at, size, _INK, line, is_bold=True))
        at += round(size * 1.2)
    at += 4
    for line in so_what:
        texts.append(_text(_MARGIN, at, 26, _SOFT, line))
        at += 36
    texts += _tiles(document)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" font-family="{}">'
        '<rect width="{}" height="{}" fill="{}"/><rect width="{}" height="{}" fill="{}"/>{}</svg>'
    ).format(
        WIDTH, HEIGHT, fonts.FAMILY, WIDTH, HEIGHT, _PAPER, WIDTH, _BAND,
        charts.LABEL_COLOURS[document.is_simulated], Markup("").join(texts),
    )  # fmt: skip


def _tiles(document: Document) -> list[Markup]:
    known = [tile for tile in document.note.tiles if tile.figure.figure.is_known][:_MOST_TILES]
    width = (WIDTH - 2 * _MARGIN) / max(len(known), 1)
    drawn = [
        Markup('<rect x="{}" y="{}" width="{}" height="2" fill="{}"/>').format(_MARGIN, 506, WIDTH - 2 * _MARGIN, _LINE)
    ]
    for n, tile in enumerate(known):
        x = round(_MARGIN + n * width)
        drawn.append(_text(x, 544, 22, _SOFT, tile.title))
        drawn.append(_text(x, 588, 36, _INK, typeset(tile.figure)[:18], is_bold=True))
    return drawn


def _text(x: int, y: int, size: int, colour: str, text: str, *, is_bold: bool = False) -> Markup:
    # The font has one weight: a stroke of its own colour makes the heavier one.
    weight = Markup(' stroke="{}" stroke-width="{}"').format(colour, round(size / 42, 2)) if is_bold else ""
    return Markup('<text x="{}" y="{}" font-size="{}" fill="{}"{}>{}</text>').format(x, y, size, colour, weight, text)
