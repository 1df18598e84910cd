"""The note: the week as a desk sends it, written from facts ranked by how unusual they are.

Each paragraph's file offers facts (fact.py: a sentence, and its surprise); the paragraph tells those that surprise
most, and the headline is made of the greatest of all. Not here: proof (sections), layout (render), numbers (marts).
"""

from dataclasses import replace

from report.document import Note, Paragraph
from report.languages import translate
from report.marts import Marts
from report.note import breadth, headline, macro, outlook, positioning, tiles
from report.note.fact import told

# Sentences of each paragraph: with these the note stays under 350 words.
MOST_MACRO, MOST_POSITIONING, MOST_BREADTH = 4, 4, 4


def build(marts: Marts) -> Note:
    """The week's note in the language spoken."""
    on_macro, on_positioning, on_breadth = macro.facts(marts), positioning.facts(marts), breadth.facts(marts)
    paragraphs = (
        Paragraph("macro", "Macro", told(on_macro, MOST_MACRO)),
        Paragraph("positioning", "Positioning and flow", told(on_positioning, MOST_POSITIONING)),
        Paragraph("breadth", "Breadth and sectors", told(on_breadth, MOST_BREADTH)),
    )
    return Note(
        headline=headline.headline(marts, (*on_macro, *on_positioning, *on_breadth)),
        so_what=headline.so_what(marts),
        paragraphs=tuple(replace(paragraph, title=translate(paragraph.title)) for paragraph in paragraphs),
        would_change=outlook.would_change(marts),
        week_ahead=outlook.week_ahead(marts),
        tiles=tuple(replace(tile, title=translate(tile.title)) for tile in tiles.tiles(marts)),
    )
