"""Where a page's neighbours and other forms are, and as of when it speaks: what its head and its foot tell."""

from dataclasses import dataclass
from datetime import UTC, datetime

from report.address import absolute, base_address
from report.document import Document
from report.formatting import moment_in_words
from report.languages import file_name
from warehouse.week import Week

CARD, CHAT, MAIL, DRAFT, EXPLORE = "card.png", "note.txt", "mail.html", "mail.eml", "explore.html"


@dataclass(frozen=True)
class Places:
    """Links of a page, relative to it; `page` and `card` are absolute where an address is set.

    The weeks beside it are links into the archive, which is written anew with each week: a page is not, and would else
    point nowhere, or change when its neighbour is published.
    """

    document: Document

    @property
    def page(self) -> str | None:
        """The page's own address; None where none is set."""
        return None if base_address() is None else absolute(f"{self.document.week.label}/{self._named('index.html')}")

    @property
    def card(self) -> str:
        """The picture for previews."""
        name = self._named(CARD)
        return name if base_address() is None else absolute(f"{self.document.week.label}/{name}")

    @property
    def explore(self) -> str:
        """The companion."""
        return self._named(EXPLORE)

    @property
    def chat(self) -> str:
        """The note as a chat's text."""
        return self._named(CHAT)

    @property
    def mail(self) -> str:
        """The note as a mail."""
        return self._named(MAIL)

    @property
    def draft(self) -> str:
        """The note as a mail to be sent."""
        return self._named(DRAFT)

    @property
    def before(self) -> str:
        """The week before."""
        return self.document.week.previous.label

    @property
    def after(self) -> str:
        """The week after."""
        return Week(self.document.week.end).label

    @property
    def as_of(self) -> str | None:
        """As of when the page speaks, for machines: `2025-11-24T06:00:00Z`."""
        told = self.document.as_of
        return None if told is None else told.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def as_of_in_words(self) -> str:
        """The same for people."""
        told = self.document.as_of
        return "" if told is None else moment_in_words(told)

    def _named(self, english: str) -> str:
        return file_name(english, self.document.language)


def in_utc(moment: datetime) -> datetime:
    """A moment as pages tell it: UTC without a zone, to the second."""
    at = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return at.replace(microsecond=0)
