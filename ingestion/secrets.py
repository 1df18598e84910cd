"""Secrets: read from the environment, here and nowhere else, and kept out of everything that is written.

A key travels in a header, never in an address: addresses are logged by everyone on their way.
"""

import json
import logging
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, quote_plus, urlsplit

COINGECKO_API_KEY = "REGIME_COINGECKO_API_KEY"
WEBHOOK_URL = "REGIME_WEBHOOK_URL"
NAMES = (COINGECKO_API_KEY, WEBHOOK_URL)

BLANK = "[secret]"
# Shorter values stand in half of all texts by chance; no service gives keys as short.
_SHORTEST = 8


class SecretError(ValueError):
    """A secret cannot be used as it was given; the message says what to do, and not what it is."""


def secret(name: str) -> str | None:
    """The secret of this name; None where there is none. SecretError if it could not be sent."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    if len(value) < _SHORTEST or not value.isascii() or not value.isprintable():
        raise SecretError(f"{name} is not what a key or an address looks like; set it anew, or unset it")
    return value


def check() -> None:
    """SecretError unless each secret that is set can be sent."""
    for name in NAMES:
        secret(name)


def redact(text: str) -> str:
    """The text with every secret blanked, also as an address or JSON would write it."""
    for form in _forms():
        text = re.sub(re.escape(form), BLANK, text, flags=re.IGNORECASE)
    return text


def holds_secret(content: bytes) -> bool:
    """True if one of the secrets stands in these bytes."""
    return any(form.encode() in content for form in _forms())


def without_secrets(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child process that needs none of them."""
    return {name: value for name, value in environment.items() if name not in NAMES}


@contextmanager
def kept_from_errors() -> Iterator[None]:
    """An error that tells a secret, in its own words or in those of its causes, becomes one that does not."""
    try:
        yield
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        if redact(told) == told:
            raise
        raise RuntimeError(f"{type(error).__name__}: {redact(str(error))}") from None


class Redaction(logging.Filter):
    """Blanks secrets in what is logged. To be added to handlers: a logger's own filters miss what children log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, blanked."""
        if not _forms():
            return True
        message = record.getMessage()
        record.msg, record.args = redact(message), None
        if record.exc_info:  # a formatter takes the text where there is one
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return True


def _forms() -> tuple[str, ...]:
    """Every way in which a text may hold a secret, longest first. Of an address its path and query tell enough."""
    values = [value for name in NAMES if len(value := os.environ.get(name, "").strip()) >= _SHORTEST]
    for address in [value for value in values if "://" in value]:
        parts = urlsplit(address)
        values += [part for part in (parts.path.strip("/"), parts.query) if len(part) >= _SHORTEST]
    forms = {form for v in values for form in (v, quote(v, safe=""), quote_plus(v), quote(v), json.dumps(v)[1:-1])}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))
