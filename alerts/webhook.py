"""A webhook: one message, as Slack or Discord take it.

The address is a secret: whoever has it can write into the channel. It stands in no message, error, log or file; httpx
would log it, and is kept from it.
"""

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from alerts.rules import Alert
from ingestion.secrets import WEBHOOK_URL, SecretError, redact, secret
from warehouse.untrusted import one_line

TIMEOUT_SECONDS = 5.0
# However slowly an answer drips in, it has so long.
DEADLINE_SECONDS = 15.0
# Discord takes so many characters, and pictures up to 10 MB.
LONGEST_DISCORD = 2000
LARGEST_PICTURE = 8_000_000
LONGEST_WAIT = timedelta(hours=12)

_INVISIBLE_SPACE = "\u200b"
_LOGGERS = ("httpx", "httpcore", "h11", "h2", "hpack")


@dataclass(frozen=True)
class Failure:
    """Why a message did not get through; `wait` is what the webhook asked for, if it did."""

    why: str
    wait: timedelta | None = None


def address() -> str | None:
    """The webhook's address; None where none is set. SecretError, without the address, where it is none."""
    url = secret(WEBHOOK_URL)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise SecretError(f"{WEBHOOK_URL} is no http(s) address; set it anew, or unset it")
    return url


def send(url: str, alert: Alert, picture: Path | None) -> Failure | None:
    """Send one alert; None if the webhook took it. Raises nothing: a webhook may fail in every way."""
    try:
        request = _request(url, alert, _content_of(picture))
        # A webhook on this machine is not reached through a proxy.
        is_elsewhere = urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost")
        with (
            _unlogged(),
            httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=is_elsewhere) as client,
        ):
            timer = threading.Timer(DEADLINE_SECONDS, client.close)
            timer.start()
            try:
                headers = {"Idempotency-Key": alert.id}
                # The answer's body is not read: whatever it says, it may be endless, and may hold our address.
                with client.stream("POST", url, headers=headers, **request) as answer:
                    status, wait = answer.status_code, answer.headers.get("retry-after", "")
            finally:
                timer.cancel()
    except Exception as error:  # of httpx, the network, the address, or the thread that ends a slow answer
        return Failure(one_line(redact(f"{type(error).__name__}: {error}"), 200))
    if 200 <= status < 300:
        return None
    asked = timedelta(seconds=float(wait)) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", wait) else None
    return Failure(f"the webhook answered {status}", asked and min(asked, LONGEST_WAIT))


def is_discord(url: str) -> bool:
    """True where the address has the shape of Discord's; its Slack-compatible addresses are Slack's."""
    path = urlsplit(url).path.rstrip("/")
    return "/api/webhooks/" in path and not path.endswith(("/slack", "/github"))


def slack_text(alert: Alert) -> str:
    """The message for Slack: nothing in it is a link, a mention or markup."""
    return "\n".join(_lines(alert)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def discord_text(alert: Alert) -> str:
    """The message for Discord: the same, with its markup escaped. Too long a message loses its end."""
    text = re.sub(r"([\\`*_~|<>\[\]()#-])", r"\\\1", "\n".join(_lines(alert))).replace("://", f":{_INVISIBLE_SPACE}//")
    return text if len(text) <= LONGEST_DISCORD else text[: LONGEST_DISCORD - 1] + "…"


def _lines(alert: Alert) -> Iterator[str]:
    label = "SIMULATED MARKET, nothing of it happened. " if alert.is_simulated else ""
    yield _calm(f"{label}Crypto regime {alert.week} ({alert.severity}, {alert.source} data)")
    yield _calm(alert.text)
    figures = ", ".join(
        f"{told.column} = {_value(told.value)}{f' {told.unit}' if told.unit else ''}" for told in alert.evidence
    )
    first = alert.evidence[0]
    key = ", ".join(f"{name} {value}" for name, value in first.key.items())
    yield _calm(f"Evidence: marts.{first.table} [{key}] {figures}")
    yield _calm(f'Find it: regime sql "{alert.sql}"')
    yield _calm(f"Page: {alert.page}" + (f", picture: {alert.picture}" if alert.picture else ""))
    yield f"Alert {alert.id}"


def _calm(text: str) -> str:
    """One line that calls nobody: `@everyone` is a mention only without something after the @."""
    return one_line(text).replace("@", f"@{_INVISIBLE_SPACE}")


def _value(value: float | str | None) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _request(url: str, alert: Alert, picture: bytes | None) -> dict[str, Any]:
    payload: dict[str, Any]
    if not is_discord(url):
        # Slack's incoming webhooks take no files: the message says where the picture lies.
        payload = {"text": slack_text(alert), "mrkdwn": False, "parse": "none"}
        return {"json": payload | {"unfurl_links": False, "unfurl_media": False}}
    payload = {"content": discord_text(alert), "allowed_mentions": {"parse": []}}
    if picture is None:
        return {"json": payload}
    name = f"regime_timeline_{alert.week}.png"
    payload["attachments"] = [{"id": 0, "filename": name, "description": "The regime through time"}]
    return {"data": {"payload_json": json.dumps(payload)}, "files": {"files[0]": (name, picture, "image/png")}}


def _content_of(picture: Path | None) -> bytes | None:
    """The picture; without it the message goes all the same."""
    try:
        if picture is None or picture.stat().st_size > LARGEST_PICTURE:
            return None
        return picture.read_bytes()
    except OSError:
        return None


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep libraries from logging where a message goes: they name the address in full, at any level."""

    def nothing(record: logging.LogRecord) -> bool:
        return False

    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in _LOGGERS]
    loggers = [logging.getLogger(name) for name in {*known, *_LOGGERS}]
    for logger in loggers:
        logger.addFilter(nothing)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(nothing)
