"""Where a home's reports are served, if anywhere: what turns relative links into absolute ones."""

import os
from urllib.parse import urlsplit

from report.errors import ReportError

SETTING = "REGIME_BASE_URL"


class AddressError(ReportError):
    """The setting holds no address; the message says what to write."""


def base_address() -> str | None:
    """The address of the report directory, without a slash at its end; None where the setting is not made."""
    told = os.environ.get(SETTING, "").strip()
    if not told:
        return None
    try:
        parts = urlsplit(told)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment or any(c.isspace() or c in "<>\"'" for c in told):
        raise AddressError(
            f"{SETTING} is {told[:80]!r}: set it to the address at which the reports are served, "
            "like https://desk.example/regime"
        )
    return told.rstrip("/")


def absolute(path: str) -> str:
    """A path below the report directory as an absolute address where one is set, else as it is."""
    base = base_address()
    return path if base is None else f"{base}/{path}"
