"""`note.txt`: the note as one plain message for Slack, Discord or Telegram, and as the text of a mail.

No markup and no entities. What those would read as markup, or as a call to everybody, is told with signs that they do
not.
"""

import re

from report.document import Document
from report.languages import speaking, translate
from report.render.places import Places
from report.render.typography import typeset
from report.text import Sentence

# Discord's limit, counted as it counts: in UTF-16.
MOST_LETTERS = 2000
_HARMLESS = str.maketrans(
    {"<": "‹", ">": "›", "`": "'", "*": "∗", "_": "‗", "~": "∼", "|": "¦", "@": "＠", "[": "(", "]": ")"}
)
# At a line's start: a heading, a list, a quotation.
_LEADING = re.compile(r"^(?=[#\-+]\s)", re.MULTILINE)


def message(document: Document) -> str:
    """The note in under 2,000 letters: what comes last and matters least gives way, a whole sentence at a time."""
    blocks = _blocks(document)
    text = _joined(document, blocks)
    while letters(text) >= MOST_LETTERS and any(len(said) > 1 for _, said in blocks[2:]):
        # The longest block gives way first; of a paragraph its last sentence, for its first matters most.
        longest = max((block for block in blocks[2:] if len(block[1]) > 1), key=lambda block: len("".join(block[1])))
        longest[1].pop()
        text = _joined(document, blocks)
    return text


def whole(document: Document) -> str:
    """All of the note, however long."""
    return _joined(document, _blocks(document))


def letters(text: str) -> int:
    """How long a text is for a chat."""
    return len(text.encode("utf-16-le")) // 2


def said(sentence: Sentence) -> str:
    """A sentence as plain text with its numbers' own signs."""
    return "".join(typeset(fragment) for fragment in sentence.fragments)


def title(document: Document) -> str:
    """What a message is headed by: its label, and which week it is."""
    label = f"[{document.source_title}] " if document.is_simulated else ""
    return f"{label}{translate('Crypto weekly')} · {document.week.label}"


def _blocks(document: Document) -> list[tuple[str, list[str]]]:
    """Heading and sentences of each part; those of the two first stand alone."""
    note = document.note
    with speaking(document.language):
        blocks = [("", [title(document)]), ("", [said(note.headline)]), ("", [said(note.so_what)])]
        blocks += [(part.title, [said(sentence) for sentence in part.sentences]) for part in note.paragraphs]
        blocks.append((translate("What would change this"), [said(sentence) for sentence in note.would_change]))
        blocks.append((translate("The week ahead"), [said(sentence) for sentence in note.week_ahead]))
    return [(heading, told) for heading, told in blocks if told]


def _joined(document: Document, blocks: list[tuple[str, list[str]]]) -> str:
    with speaking(document.language):
        gap = translate(" ")
    lines = [_plain(f"{heading}: {gap.join(told)}" if heading else gap.join(told)) for heading, told in blocks]
    title_line, headline, so_what, *rest = lines
    address = Places(document).page
    return "\n\n".join([f"{title_line}\n{headline}\n{so_what}", *rest, *([address] if address else [])]) + "\n"


def _plain(text: str) -> str:
    # The label of simulated data is ours and stays as it is everywhere.
    label = re.match(r"\[[^\]]*\] ", text)
    start = label[0] if label else ""
    return start + _LEADING.sub("\u2060", text[len(start) :].translate(_HARMLESS))
