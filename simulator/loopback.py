"""Who may ask the market server: programs on this machine, by its address."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class LoopbackOnly:
    """Passes requests on that name this machine as their host, and come from no page.

    A page anywhere may have its own name point to 127.0.0.1, or send a form there; a browser then says for which host
    and from which page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and (refusal := _refusal(Headers(scope=scope))):
            await PlainTextResponse(f"{refusal}\n", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refusal(headers: Headers) -> str | None:
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        name = None
    if name not in NAMES:
        return "the market server answers to 127.0.0.1 only"
    if "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
        return "the market server does not answer pages of a browser"
    return None
