"""Charts as SVG for the page and as PNG for messages, drawn by Vega without a browser.

Belongs here: drawing, and reducing Vega's SVG to what a page under a strict content policy may hold.
Does not: what charts show (report/charts), the colours of the dark (templates/week.css).
"""

import re
import textwrap
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup, escape

from report.document import Chart, Document
from report.text import plain

# Messages carry few pictures: what the week was, who lost, who pays.
PICTURES = ("regime_timeline", "sector_returns", "funding")

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
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_LETTERS_A_LINE = 52


def svg(chart: Chart) -> Markup:
    """The chart as an SVG element for a page: shapes and texts, no styles, no script, no ids, nothing from outside."""
    drawn = ElementTree.fromstring(vl_convert.vegalite_to_svg(dict(chart.spec), vl_version=_VEGA_LITE))
    content = "".join(_serialised(node) for node in drawn)
    return Markup('<svg class="chart" role="img" aria-label="{}" viewBox="{}">{}</svg>').format(
        plain(chart.alt), drawn.get("viewBox", ""), Markup(content)
    )


def png(chart: Chart, document: Document) -> bytes:
    """The chart as a picture that may stand alone: with its title, its source, and the label of simulated data."""
    title = textwrap.wrap(plain(chart.title), _LETTERS_A_LINE - 4)
    notes = textwrap.wrap(plain(chart.subtitle), _LETTERS_A_LINE + 8)
    notes += textwrap.wrap(f"{document.week.label} · {document.source_title} · {chart.source}", _LETTERS_A_LINE + 8)
    spec = dict(chart.spec)
    padding = dict(spec["padding"])
    above = 12 + 20 * len(title) + 17 * len(notes)
    spec |= {
        "background": "#ffffff",
        "padding": padding | {"top": padding["top"] + above, "bottom": padding["bottom"] + 8},
        "title": {
            "text": title,
            "subtitle": notes,
            "anchor": "start",
            "frame": "group",
            "dx": 14 - padding["left"],
            "offset": padding["top"] + 6,
            "fontSize": 16,
            "lineHeight": 20,
            "subtitleFontSize": 12,
            "subtitleLineHeight": 17,
            "subtitlePadding": 5,
        },
    }
    return vl_convert.vegalite_to_png(spec, vl_version=_VEGA_LITE, scale=2)


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
    for name in (*_KEPT[tag], *(_STROKE if node.get("stroke", "none") != "none" else ()), "opacity"):
        value = _rounded(node.get(name, ""))
        if value and (name, value) not in _IMPLIED:
            yield name, value.removesuffix("px") if name == "font-size" else value
    # A shape is black unless it says that it is not filled.
    if tag == "path" and node.get("fill", "none") in ("none", "transparent"):
        yield "fill", "none"


def _written(attributes: dict[str, Any]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())


def _rounded(value: str) -> str:
    """Coordinates to a tenth of a point."""
    return _NUMBER.sub(lambda found: f"{round(float(found[0]), 1) + 0.0:g}", value)
