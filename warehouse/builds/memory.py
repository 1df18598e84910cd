"""How much memory the models may take: DuckDB puts the rest aside on disk, beside the staging file."""

import os
import re
from collections.abc import Mapping

from warehouse.home import HomeError

VARIABLE = "REGIME_MEMORY_LIMIT"
_SIZE = re.compile(r"\d+(\.\d+)?\s*[KMGT]i?B", re.IGNORECASE)


def check(environment: Mapping[str, str] = os.environ) -> None:
    """HomeError if the environment says something that DuckDB would not understand."""
    limit = environment.get(VARIABLE)
    if limit is not None and not _SIZE.fullmatch(limit.strip()):
        raise HomeError(f"{VARIABLE} is a size such as 2500MB or 4GB; unset it for the default")


def advice(message: str) -> str:
    """A model's error; where it ran out of memory, with what to do."""
    if "out of memory" not in message.lower():
        return message
    return f"{message[:100]} …: allow the models more by {VARIABLE} (4GB, say)"
