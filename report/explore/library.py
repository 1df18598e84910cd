"""The library that draws in the reader's browser: Vega-Lite and Vega with its interpreter, out of vl-convert's wheel.

Bundling takes a second, so the packed text is kept in the user's cache; without one it is made in each process.
"""

import base64
import hashlib
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import platformdirs
import vl_convert

from report.files import write_whole
from report.render.environment import policy_hash

VEGA_LITE = "6.4"
# What a page needs of the bundle, by the names that its script uses.
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@dataclass(frozen=True)
class Library:
    """`packed` is the script, deflated, in base64; `sha256` is that of the script, as a policy names it."""

    packed: str
    sha256: str


@cache
def library() -> Library:
    """The library, the same bytes for the same version of vl-convert."""
    kept = _kept()
    with suppress(OSError, ValueError, zlib.error):
        packed = kept.read_text(encoding="ascii")
        return Library(packed, policy_hash(zlib.decompress(base64.b64decode(packed, validate=True))))
    script = vl_convert.javascript_bundle(_SNIPPET, vl_version=VEGA_LITE).encode()
    packed = base64.b64encode(zlib.compress(script, 9)).decode()
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, packed.encode())
    return Library(packed, policy_hash(script))


def _kept() -> Path:
    made_by = f"{version('vl-convert-python')}-{VEGA_LITE}-{hashlib.sha256(_SNIPPET.encode()).hexdigest()[:8]}"
    return platformdirs.user_cache_path("market-regime-warehouse") / f"vega-{made_by}.txt"
