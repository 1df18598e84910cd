"""The feeds: Atom (RFC 4287) and JSON Feed 1.1 over the published weeks.

Links are absolute where the address is set at which the reports are served (report/address.py), else relative. Ids
follow from source and week alone, so that a reader knows a week again after a revision, and moments are those of the
chain, so that a week that did not change is not written anew.
"""

import html
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from report.address import absolute, base_address
from report.archive.published import PAGE, PublishedWeek
from report.formatting import in_words
from report.render.places import CARD

ATOM = "feed.atom"
JSON = "feed.json"
MOST_ENTRIES = 520

_NAMESPACE = UUID("3c0a4f0e-6a0f-5f57-9c9b-2d6f8b6f5f3a")
_XMLNS = "http://www.w3.org/2005/Atom"
_AUTHOR = "Market Regime Warehouse"


@dataclass(frozen=True)
class Entry:
    """A week in a feed: when it was first published, and when its content changed last."""

    week: PublishedWeek
    published: str
    updated: str
    # As of when its newest content speaks; None where the chain does not tell.
    as_of: str | None = None

    @property
    def id(self) -> str:
        """The same for a week of a source for ever."""
        return _id(f"{self.week.source}/{self.week.label}")

    @property
    def title(self) -> str:
        """What a list of entries shows."""
        return f"{_label(self.week)}Crypto regime {self.week.label}: {verdict_in_words(self.week.verdict)}"

    @property
    def link(self) -> str:
        """The page, from where the feed lies."""
        return f"{self.week.label}/{PAGE}"


def verdict_in_words(verdict: str | None) -> str:
    """The verdict as people write it."""
    return "no verdict" if verdict is None else in_words(verdict)


def atom(entries: Sequence[Entry]) -> bytes:
    """The Atom feed, newest week first as given."""
    feed = ET.Element("feed", {"xmlns": _XMLNS, "xml:lang": "en"})
    _add(feed, "id", _feed_id(entries))
    _add(feed, "title", _title(entries))
    _add(feed, "updated", _updated(entries))
    _add(_add(feed, "author"), "name", _AUTHOR)
    _add(feed, "link", rel="self", type="application/atom+xml", href=absolute(ATOM))
    _add(feed, "link", rel="alternate", type="text/html", href=absolute(PAGE))
    for entry in entries[:MOST_ENTRIES]:
        item = _add(feed, "entry")
        _add(item, "id", entry.id)
        _add(item, "title", entry.title, type="text")
        _add(item, "published", entry.published)
        _add(item, "updated", entry.updated)
        _add(item, "link", rel="alternate", type="text/html", href=absolute(entry.link))
        if entry.week.verdict is not None:
            _add(item, "category", term=entry.week.verdict)
        _add(item, "summary", " ".join(entry.week.headline[:1]) or "This page cannot be read.", type="text")
        _add(item, "content", _content(entry), type="html")
    ET.indent(feed, " ")
    return ET.tostring(feed, encoding="utf-8", xml_declaration=True) + b"\n"


def json_feed(entries: Sequence[Entry]) -> bytes:
    """The JSON feed, newest week first as given."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(entries),
        "home_page_url": absolute(PAGE),
        "feed_url": absolute(JSON),
        "language": "en",
        "authors": [{"name": _AUTHOR}],
        "items": [
            {
                "id": entry.id,
                "url": absolute(entry.link),
                **({"image": absolute(f"{entry.week.label}/{CARD}")} if base_address() else {}),
                "title": entry.title,
                "content_html": _content(entry),
                "summary": " ".join(entry.week.headline[:1]) or "This page cannot be read.",
                "date_published": entry.published,
                "date_modified": entry.updated,
                "tags": [entry.week.source] + ([entry.week.verdict] if entry.week.verdict else []),
                "_regime": {
                    "week": entry.week.label,
                    "verdict": entry.week.verdict,
                    "states": dict(entry.week.states),
                    "is_simulated": entry.week.is_simulated,
                    "summary_url": absolute(f"{entry.week.label}/summary.json"),
                },
            }
            for entry in entries[:MOST_ENTRIES]
        ],
    }
    return (json.dumps(feed, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _content(entry: Entry) -> str:
    """The headline as HTML: every name in it is text there, and the feed escapes the whole once more."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in entry.week.headline)
    label = f"<p><strong>{html.escape(_label(entry.week).strip())}</strong></p>" if entry.week.is_simulated else ""
    return f"{label}<ul>{items}</ul>"


def _title(entries: Sequence[Entry]) -> str:
    return f"{_label(entries[0].week) if entries else ''}Crypto regime, week by week"


def _label(week: PublishedWeek) -> str:
    return "[SIMULATED MARKET] " if week.is_simulated else ""


def _feed_id(entries: Sequence[Entry]) -> str:
    return _id(entries[0].week.source if entries else "")


def _updated(entries: Sequence[Entry]) -> str:
    return max((entry.updated for entry in entries), default="1970-01-01T00:00:00Z")


def _id(name: str) -> str:
    return uuid5(_NAMESPACE, name).urn


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element
