"""Charts as SVG for the page and as PNG for messages, drawn by Vega without a browser."""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup, escape

from report.document import Chart, Document
from report.render import fonts
from report.render.typography import reach, typeset
from report.text import Fragment

# Messages carry few pictures: what the week was, who lost, who pays.
PICTURES = ("regime_timeline", "total_cap", "sector_returns", "funding")

_VEGA_LITE = "6.4"
_SVG = "{http://www.w3.org/2000/svg}"
_KEPT = {
    "svg": (),
    "g": ("transform", "opacity"),
    "path": ("d", "transform", "fill", "stroke"),
    "line": ("x2", "y2", "transform", "stroke"),
    "rect": ("x", "y", "width", "height", "fill"),
    "text": ("transform", "text-anchor", "fill", "font-size", "font-weight"),
}
_STROKE = ("stroke-width", "stroke-dasharray", "stroke-linejoin")
_IMPLIED = {("opacity", "1"), ("stroke-width", "1"), ("fill", "none"), ("stroke", "none"), ("text-anchor", "start"),
            ("transform", "translate(0,0)"), ("fill", "transparent"), ("font-weight", "normal")}  # fmt: skip
_WRITTEN = re.compile(r"<text[^>]*>([^<]*)</text>")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
# Of a picture that stands alone: its margin, the band that says what kind of data it shows, and their colours.
_MARGIN, _BAND = 16, 30
LABEL_COLOURS = {True: "#ffd34d", False: "#f1efe9"}
_INK, _NOTE = "#1a1d23", "#575e69"


def pictures(document: Document) -> list[Chart]:
    """The charts that are written as PNG too, in the order of the page."""
    return [chart for chart in document.charts if chart.id in PICTURES]


def svg(chart: Chart) -> Markup:
    """The chart as an SVG element for a page: shapes and texts, no styles, no script, no ids, nothing from outside."""
    return Markup('<svg class="chart" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        _typeset(chart.alt), *_size(chart), _shapes(json.dumps(chart.spec))
    )


def standalone(chart: Chart) -> Markup:
    """The chart as an SVG file of its own, for whoever sets it on paper with the same font."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" font-family="{}">{}</svg>'
    ).format(*_size(chart), *_size(chart), fonts.FAMILY, _shapes(json.dumps(chart.spec)))


def png(chart: Chart, document: Document) -> bytes:
    """The chart as a picture that may stand alone: with its title, its source, and the label of simulated data."""
    return drawn(str(framed(chart, document)), 2)


@lru_cache(maxsize=64)
def drawn(svg: str, scale: int) -> bytes:
    """An SVG as a PNG, `scale` times its size; the same drawing is made once."""
    return packed(vl_convert.svg_to_png(svg, scale=scale))


def framed(chart: Chart, document: Document) -> Markup:
    """The chart on paper, between what kind of data it shows and where that comes from."""
    title = lines_of(_typeset(chart.title), 50)
    notes = lines_of(_typeset(chart.subtitle), 66)
    width, height = _size(chart)
    top = _BAND + 14 + 21 * len(title) + 17 * len(notes)
    line = Markup('<text x="{}" y="{}" font-size="{}" fill="{}">{}</text>')
    # The font has one weight: a stroke of its own colour makes the heavier one.
    bold = Markup('<text x="{}" y="{}" font-size="{}" fill="{}" stroke="{}" stroke-width="0.4">{}</text>')
    texts = [bold.format(_MARGIN, 20, 12, _INK, _INK, f"{document.source_title} · {document.week.label}")]
    texts += [bold.format(_MARGIN, _BAND + 25 + 21 * n, 16, _INK, _INK, text) for n, text in enumerate(title)]
    below = _BAND + 24 + 21 * len(title)
    texts += [line.format(_MARGIN, below + 17 * n, 12, _NOTE, text) for n, text in enumerate(notes)]
    texts.append(line.format(_MARGIN, top + height + 14, 10, _NOTE, chart.source))
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="{font}">'
        '<rect width="{width}" height="{height}" fill="#ffffff"/><rect width="{width}" height="{band}" fill="{label}"/>'
        '{texts}<g transform="translate({margin},{top})">{shapes}</g></svg>'
    ).format(
        width=width + 2 * _MARGIN,
        height=top + height + 24,
        font=chart.spec["config"]["font"],
        band=_BAND,
        label=LABEL_COLOURS[document.is_simulated],
        texts=Markup("").join(texts),
        margin=_MARGIN,
        top=top,
        shapes=_shapes(json.dumps(chart.spec)),
    )


def letters(drawings: Iterable[Markup]) -> str:
    """The letters that charts are written in, for the font that a page brings along."""
    return "".join(_WRITTEN.findall("".join(drawings))).replace("&#39;", "'").replace("&#34;", '"') + "&<>"


def _size(chart: Chart) -> tuple[int, int]:
    padding = chart.spec["padding"]
    return (
        chart.spec["width"] + padding["left"] + padding["right"],
        chart.spec["height"] + padding["top"] + padding["bottom"],
    )


@lru_cache(maxsize=512)
def _shapes(spec: str) -> Markup:
    """What Vega draws for a spec, for the page and for the picture alike."""
    fonts.register()
    drawn = ElementTree.fromstring(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE))
    return Markup("".join(_serialised(node) for node in drawn))


def _typeset(fragments: tuple[Fragment, ...]) -> str:
    return "".join(typeset(fragment) for fragment in fragments)


def lines_of(text: str, width: int) -> list[str]:
    """The text in lines of about `width` letters, of which a wide one counts as two and may end a line."""
    lines, line, length = [], "", 0
    for piece in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+[^\S\u00a0\u202f]*|\s", text):
        letters = reach(piece.rstrip())
        if line and length + letters > width:
            lines.append(line.rstrip())
            line, length = "", 0
        line += piece
        length += letters + len(piece) - len(piece.rstrip())
    return [*lines, line.rstrip()]


def packed(drawn: bytes) -> bytes:
    """The same picture in a quarter of the bytes: what draws it hardly compresses."""
    before, pixels, after = drawn[:8], b"", b""
    at = 8
    while at < len(drawn):
        end = at + 12 + int.from_bytes(drawn[at : at + 4])
        if drawn[at + 4 : at + 8] == b"IDAT":
            pixels += drawn[at + 8 : end - 4]
        elif pixels:
            after += drawn[at:end]
        else:
            before += drawn[at:end]
        at = end
    content = b"IDAT" + zlib.compress(zlib.decompress(pixels), 6)
    return before + (len(content) - 4).to_bytes(4) + content + zlib.crc32(content).to_bytes(4) + after


def _serialised(node: ElementTree.Element) -> str:
    """A node without what it need not say; '' for one that shows nothing."""
    tag = node.tag.removeprefix(_SVG)
    if tag not in _KEPT or node.get("display") == "none":
        return ""
    attributes = dict(_attributes(node, tag))
    if tag == "g":
        content = "".join(_serialised(child) for child in node)
        return f"<g{_written(attributes)}>{content}</g>" if content and attributes else content
    if tag == "text":
        return f"<text{_written(attributes)}>{escape(node.text or '')}</text>" if node.text else ""
    is_seen = attributes.get("fill", "none") != "none" or "stroke" in attributes
    return f"<{tag}{_written(attributes)}/>" if is_seen else ""


def _attributes(node: ElementTree.Element, tag: str) -> Iterator[tuple[str, str]]:
    # An outline in the colour of what it is around is half a point that nobody sees.
    filled = node.get("fill") if node.get("d", "").endswith("Z") else None
    is_outlined = node.get("stroke", "none") not in ("none", filled)
    for name in (*_KEPT[tag], *(_STROKE if is_outlined else ()), "opacity"):
        value = _rounded(node.get(name, ""))
        if name == "stroke" and not is_outlined:
            continue
        if value and (name, value) not in _IMPLIED:
            yield name, value.removesuffix("px") if name == "font-size" else value
    # A shape is black unless it says that it is not filled.
    if tag in ("path", "rect") and node.get("fill", "none") in ("none", "transparent"):
        yield "fill", "none"


def _written(attributes: dict[str, Any]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())


def _rounded(value: str) -> str:
    """Coordinates to a tenth of a point."""
    return _NUMBER.sub(lambda found: f"{round(float(found[0]), 1) + 0.0:g}", value)
