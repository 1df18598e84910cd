"""`note.pdf`: the note on two pages of paper, set by Typst with the fonts that wheels bring along.

The first page has the note, the second its charts. Made when asked for (`regime report --pdf`), outside the time of a
page; the same document gives the same bytes.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import typst

from report.document import Chart, Document
from report.languages import speaking, translate
from report.render import charts, fonts
from report.render.places import Places
from report.render.typography import typeset
from report.text import Fragment

# Two columns of three; what the note speaks of first.
PICTURES = ("total_cap", "sector_returns", "funding", "open_interest_since_high", "correlation", "regime_timeline")
_INSTEAD = ("open_interest", "bitcoin", "volatility", "spot_share", "asset_classes")
_TEMPLATE = Path(__file__).parent.parent / "templates" / "note.typ"


def render(document: Document) -> bytes:
    """The PDF: two pages, whatever the week was."""
    chosen = pictures(document)
    with tempfile.TemporaryDirectory(prefix="regime-pdf-") as directory:
        root = Path(directory)
        (root / "note.typ").write_bytes(_TEMPLATE.read_bytes())
        (root / "note.json").write_text(json.dumps(_told(document, chosen)), encoding="utf-8")
        for chart in chosen:
            (root / f"{chart.id}.svg").write_text(charts.standalone(chart), encoding="utf-8")
        return typst.compile(
            str(root / "note.typ"),
            root=str(root),
            font_paths=[str(fonts.file().parent)],
            ignore_system_fonts=True,
            format="pdf",
            timestamp=int(datetime.combine(document.week.end, datetime.min.time(), UTC).timestamp()),
        )


def pictures(document: Document) -> list[Chart]:
    """The charts on the second page: those of the note, and others where one of them has nothing to show."""
    drawn = {chart.id: chart for chart in document.charts}
    wanted = [chart_id for chart_id in (*PICTURES, *_INSTEAD) if chart_id in drawn][: len(PICTURES)]
    return [drawn[chart_id] for chart_id in wanted]


def _told(document: Document, chosen: list[Chart]) -> dict[str, object]:
    note = document.note
    with speaking(document.language):
        parts = [(paragraph.title, paragraph.sentences) for paragraph in note.paragraphs]
        parts += [
            (translate("What would change this"), note.would_change),
            (translate("The week ahead"), note.week_ahead),
        ]
        return {
            "language": document.language,
            "font": fonts.FAMILY,
            "serif": fonts.SERIF,
            "is_simulated": document.is_simulated,
            "label": document.source_title,
            "label_note": document.source_note,
            "kicker": f"{translate('Crypto weekly')} · {document.week.label}",
            "headline": _words(note.headline.fragments),
            "so_what": _words(note.so_what.fragments),
            "tiles": [[tile.title, typeset(tile.figure)] for tile in note.tiles if tile.figure.figure.is_known],
            "parts": [
                [title, translate(" ").join(_words(s.fragments) for s in sentences)]
                for title, sentences in parts
                if sentences
            ],
            "charts": [[f"{c.id}.svg", _words(c.title), _words(c.subtitle), _words(c.alt)] for c in chosen],
            "address": Places(document).page or "",
            "proof": translate("Every figure is one cell of one mart; the page says which."),
        }


def _words(fragments: tuple[Fragment, ...]) -> str:
    return "".join(typeset(fragment) for fragment in fragments)
