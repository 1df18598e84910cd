"""Files of a report directory: whole or not at all, and not touched where nothing changed."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> bool:
    """Write a file unless it has this content already; True if it was written."""
    if path.exists() and path.read_bytes() == content:
        return False
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
    return True
