"""The one jinja environment of all pages and messages, and their templates."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def environment(**filters: Callable[..., object]) -> jinja2.Environment:
    """An environment with these filters: escapes whatever it is given, and a name that is missing is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= filters
    return made


def policy_hash(content: bytes) -> str:
    """What a content policy lets a style sheet or a script in by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()
