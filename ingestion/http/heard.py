"""What a question and its answer say beside the body: the address, the status, the headers.

Whoever listens hears of the questions that are put in its own task; nobody else pays for it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Heard:
    """The last question put and what came: `status` is None where nothing did. Header names are in lower case."""

    url: str = ""
    sent: bytes = b""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_listening: ContextVar[Heard | None] = ContextVar("listening", default=None)


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear of every question and answer in here."""
    heard = Heard()
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)


def tell_question(url: str, sent: bytes = b"") -> None:
    """A question goes out, with what is sent in its body."""
    if (heard := _listening.get()) is not None:
        heard.url, heard.sent, heard.status, heard.headers = url, sent, None, {}


def tell_answer(status: int, headers: Mapping[str, str]) -> None:
    """An answer has come, whatever it says."""
    if (heard := _listening.get()) is not None:
        heard.status, heard.headers = status, {name.lower(): value for name, value in headers.items()}
