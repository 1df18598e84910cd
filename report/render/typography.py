"""How texts are set where type is fine: on the page and in pictures, not in Markdown or on a terminal."""

import re
import unicodedata

from report.formatting import Printed
from report.text import Fragment

_MINUS, _SPACE = "−", "\N{NO-BREAK SPACE}"


def typeset(fragment: Fragment) -> str:
    """The text of a fragment; numbers get a true minus and spaces that do not break."""
    if isinstance(fragment, str):
        return fragment
    if not isinstance(fragment, Printed) or fragment.figure.number is None:
        return fragment.text
    return fragment.text.replace("-", _MINUS).replace(" ", _SPACE)


def reach(text: str) -> int:
    """How far a text reaches, in letters: a wide one, as in Japanese, counts as two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def typeset_plain(text: str) -> str:
    """A whole text that was printed before, read back from a file: the signs of its numbers."""
    return re.sub(r"(?<![\w.-])-(?=[$¥]?\d)", _MINUS, text)
