"""What is printed, where the terminal's encoding has fewer signs than our words."""

import sys
from io import TextIOWrapper
from typing import TextIO


def replace_what_is_lacking() -> None:
    """From here on a sign that the terminal does not have is printed as `?`, and no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def as_file(out: TextIO) -> TextIO:
    """For CSV and JSON, which programs read: UTF-8, as all our files, whatever the terminal has."""
    if isinstance(out, TextIOWrapper):
        out.reconfigure(encoding="utf-8")
    return out
