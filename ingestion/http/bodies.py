"""How much of an answer is read, and for how long, whoever sends it and over whichever HTTP client.

A body may have no end, come a byte at a time, or be a few kilobytes that unpack to gigabytes. Each of these is a failed
question with a reason, and costs no more memory than the limit.
"""

import asyncio
import json
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import orjson

from ingestion.http.fetch import Malformed, Refused
from ingestion.http.heard import tell_question
from ingestion.http.proxies import proxy_of
from ingestion.secrets import holds_secret

# The largest answers in use are lists of all instruments (some 20 MB of JSON); a page of rows has one or two.
MOST_BODY_BYTES = 64 * 2**20
# A file of an archive may be all of a dataset. A million candles are about 30 MB.
MOST_FILE_BYTES = 256 * 2**20
# For a whole answer from question to last byte. A server that sends a byte a minute answers every read in time.
ANSWER_SECONDS = 60.0
_ADDRESS = re.compile(r"[!-~]+")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
# What one piece of a compressed body may unpack to before it is counted.
_PIECE_BYTES = 2**20
# What we say that we can read. gzip is what all servers have; anything else was not asked for.
ACCEPTED_ENCODINGS = "gzip, deflate"


class TooLarge(Refused):
    """The answer goes on beyond its limit. It would do so again, so it is not asked for again at once."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the answer is larger than {limit_bytes // 2**20} MB, and was not read to its end")


async def read_body(response: httpx.Response, limit_bytes: int = MOST_BODY_BYTES) -> bytes:
    """The unpacked body of a streamed answer. TooLarge beyond the limit, Malformed if it cannot be unpacked.

    httpx would unpack what it received at once and whole: a thousandfold, and once more for each further encoding.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    pieces = bytearray()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for piece in _unpacked(aiter(response.stream), encoding):
        pieces += piece
        if len(pieces) > limit_bytes:
            raise TooLarge(limit_bytes)
    return _without_secrets(bytes(pieces))


async def _unpacked(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    if encoding in ("identity", ""):
        async for chunk in chunks:
            yield chunk
        return
    if encoding not in ("gzip", "deflate"):
        raise Malformed(f"the answer is packed as {encoding[:40]!r}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32 if encoding == "gzip" else zlib.MAX_WBITS)
    try:
        async for chunk in chunks:
            while chunk:
                yield unpacker.decompress(chunk, _PIECE_BYTES)
                chunk = unpacker.unconsumed_tail
        while piece := unpacker.decompress(unpacker.unconsumed_tail, _PIECE_BYTES):
            yield piece
    except zlib.error as error:
        raise Malformed(f"the answer cannot be unpacked ({error})") from error
    if not unpacker.eof:
        raise Malformed("the packed answer ends too early")


class Body(aiohttp.ClientResponse):
    """aiohttp's response, read within the limits. aiohttp itself unpacks in pieces and waits until they are taken."""

    async def read(self) -> bytes:
        """The unpacked body; TooLarge beyond the limit."""
        if self._body is None:
            pieces = bytearray()
            async for piece in self.content.iter_any():
                pieces += piece
                if len(pieces) > MOST_BODY_BYTES:
                    self.close()
                    raise TooLarge(MOST_BODY_BYTES)
            self._body = _without_secrets(bytes(pieces))
        return self._body


class Session:
    """aiohttp's session as ccxt calls it: bodies within limits, no redirect followed, and TLS where it must be.

    A venue that answers with a redirect would choose whom we ask next: another host, or one inside our own network.
    """

    def __init__(self, session: aiohttp.ClientSession, *, only_https: bool) -> None:
        self._session = session
        self._only_https = only_https

    def get(self, url: Any, **options: Any) -> Any:
        """One GET."""
        return self._request("GET", url, options)

    def post(self, url: Any, **options: Any) -> Any:
        """One POST."""
        return self._request("POST", url, options)

    def __getattr__(self, name: str) -> Any:
        """All else is aiohttp's."""
        return getattr(self._session, name)

    def _request(self, method: str, url: Any, options: dict[str, Any]) -> Any:
        if self._only_https and url.scheme != "https":
            raise Refused(f"{url.host} would be asked without TLS")
        # It is sent as it is: a blank would cut it off, a line break begin a request of somebody else's making.
        if not _ADDRESS.fullmatch(url.raw_path_qs):
            raise Refused(f"an address on {url.host} holds characters that no address has")
        headers = {**(options.pop("headers", None) or {}), "Accept-Encoding": ACCEPTED_ENCODINGS}
        tell_question(str(url), options.get("data") or b"")
        if self._only_https:
            options["proxy"] = proxy_of(str(url))
        return self._session.request(method, url, headers=headers, allow_redirects=False, **options)


def open_session(*, verify: bool) -> Session:
    """A session for ccxt. `verify`: the real services, over TLS with the certificates that httpx knows too."""
    return Session(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=httpx.create_ssl_context() if verify else False),
            response_class=Body,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        ),
        only_https=verify,
    )


def deadline() -> asyncio.Timeout:
    """The time that one whole answer may take."""
    return asyncio.timeout(ANSWER_SECONDS)


def read_json(text: str | bytes) -> Any:
    """A JSON document. ValueError unless it is one: NaN, thousands of brackets and unreadable bytes are none.

    One name that holds half a character must not cost the whole list: it is read with a mark in its place, and the
    guards set that row aside. Of a key that comes twice the last one counts, as everywhere.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if "\\ud" not in (text if isinstance(text, str) else text.decode("latin-1")).lower():
            raise
    try:
        found = json.loads(text, parse_constant=_no_number)
        return orjson.loads(json.dumps(_whole(found)))
    except RecursionError as error:
        raise ValueError("the document is nested too deeply") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _whole(value: Any) -> Any:
    """The same with every half of a character replaced."""
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


def _without_secrets(body: bytes) -> bytes:
    """The body, unless it gives one of our secrets back: then nothing of it may be kept."""
    if holds_secret(body):
        raise Refused("the answer holds a secret of ours, so nothing of it was kept")
    return body
