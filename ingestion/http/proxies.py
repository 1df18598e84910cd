"""The environment's proxy: the way to the real services, and to nothing else.

httpx finds it by itself and aiohttp is told, so that venues and reference providers are asked alike. A market server is
asked directly whatever the environment says: it is on this machine, which no proxy reaches.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from warehouse.source import SourceError

_USABLE = ("http", "https")


def proxy_of(url: str) -> str | None:
    """The proxy for an address (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY); None where there is none or NO_PROXY names it."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def check() -> None:
    """SourceError where the environment names a proxy that cannot be used, before anybody is asked."""
    for kind in ("https", "http", "all"):
        proxy = getproxies().get(kind)
        if proxy and "://" in proxy and urlsplit(proxy).scheme.lower() not in _USABLE:
            raise SourceError(
                f"{kind.upper()}_PROXY names a {urlsplit(proxy).scheme} proxy, and only http and https proxies can be "
                "used; set HTTPS_PROXY to one of these, and unset the other"
            )
