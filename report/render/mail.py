"""The note as a mail: HTML and text for whoever has a sender of their own, and `mail.eml`, which opens as a draft.

Mail programs drop style sheets, scripts and what lies outside: styles stand in the elements, widths in tables, and
pictures come along. Where a picture is not shown, its title says what it shows.
"""

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID, uuid5

from report.document import Chart, Document
from report.languages import file_name, speaking, translate
from report.render import chat
from report.render.environment import environment
from report.render.places import Places
from report.render.typography import typeset
from report.text import Fragment

# What a desk looks at first; more would be too heavy for a mail.
PICTURES = ("total_cap", "sector_returns", "funding")
_WIDTH = 452
_NAMESPACE = UUID("5b0a3a52-5f51-5d2c-8a6e-0d4c5b8f1c77")


def pictures(document: Document) -> list[Chart]:
    """The charts that a mail brings along, in the order of the page."""
    return [chart for chart in document.charts if chart.id in PICTURES]


def html(document: Document) -> str:
    """The mail's HTML with pictures beside it, in `charts/`."""
    return _html(document, lambda chart: f"charts/{file_name(f'{chart.id}.png', document.language)}")


def text(document: Document) -> str:
    """The mail's text: all of the note, without a limit."""
    return chat.whole(document)


def draft(document: Document, drawn: Mapping[str, bytes]) -> bytes:
    """A whole message without sender and receiver; `drawn` holds the pictures by chart."""
    message = EmailMessage(policy=SMTP)
    with speaking(document.language):
        message["Subject"] = f"{chat.title(document)}: {chat.said(document.note.headline)}"
    # Mail programs open such a message to be sent, and not as one that came.
    message["X-Unsent"] = "1"
    message["Content-Language"] = document.language
    message.set_content(text(document), cte="base64")
    shown = [chart for chart in pictures(document) if chart.id in drawn]
    message.add_alternative(_html(document, lambda chart: f"cid:{_cid(chart)}"), subtype="html", cte="base64")
    related = list(message.iter_parts())[1]
    for chart in shown:
        related.add_related(
            drawn[chart.id], "image", "png", cid=f"<{_cid(chart)}>", filename=f"{chart.id}.png", disposition="inline"
        )
    for n, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{uuid5(_NAMESPACE, f'{document.week.label}/{document.language}/{n}').hex}")
    return message.as_bytes()


def _cid(chart: Chart) -> str:
    return f"{chart.id}@regime"


def _html(document: Document, address: Callable[[Chart], str]) -> str:
    with speaking(document.language):
        return (
            environment()
            .get_template("mail.html.j2")
            .render(
                document=document,
                title=chat.title(document),
                words=_words,
                said=translate,
                pictures=[(chart, address(chart)) for chart in pictures(document)],
                width=_WIDTH,
                address=Places(document).page,
            )
        )


def _words(fragments: tuple[Fragment, ...]) -> str:
    return "".join(typeset(fragment) for fragment in fragments)
