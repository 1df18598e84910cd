"""The letters of charts, pictures and the PDF: Noto Sans JP (SIL Open Font License), which a wheel brings along.

It has Latin letters, figures and Japanese, so that charts look the same on every machine, whatever fonts that has. A
page carries the few letters that its charts use; pictures and the PDF read the file.
"""

import atexit
import base64
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path

import uharfbuzz
import vl_convert

FAMILY, SERIF = "Noto Sans JP", "Noto Serif JP"
_PACKAGE, _FILE = "pylopdf_fonts_jp", "NotoSansJP-Regular.otf"


@cache
def file() -> Path:
    """Where the whole font lies."""
    return Path(str(files(_PACKAGE).joinpath(_FILE)))


@cache
def register() -> None:
    """Let what measures and draws charts know the font; once in a process.

    It gets the letters of every day alone, with which it is three times as fast as with the whole font.
    """
    directory = tempfile.TemporaryDirectory(prefix="regime-fonts-")
    atexit.register(directory.cleanup)
    Path(directory.name, "chart-letters.otf").write_bytes(_subset(_every_day()))
    vl_convert.register_font_directory(directory.name)


def _every_day() -> str:
    """Latin letters, signs, and the kana and kanji of the first level of the Japanese standard (JIS X 0208)."""
    latin = [chr(n) for block in (range(32, 127), range(0xA0, 0x180), range(0x2010, 0x2213)) for n in block]
    rows = range(0x21, 0x50)
    japanese = [
        bytes((0x1B, 0x24, 0x42, row, cell, 0x1B, 0x28, 0x42)).decode("iso2022_jp", errors="ignore")
        for row in rows
        for cell in range(0x21, 0x7F)
    ]
    return "".join((*latin, *japanese))


def face(text: str) -> str:
    """A CSS font face with the letters of `text`, and no others, in itself: the same bytes for the same letters."""
    content = base64.b64encode(_subset("".join(sorted(set(text))))).decode()
    return f'@font-face{{font-family:"{FAMILY}";src:url(data:font/otf;base64,{content}) format("opentype")}}'


def _subset(letters: str) -> bytes:
    chosen = uharfbuzz.SubsetInput()
    chosen.unicode_set.update(map(ord, letters))
    chosen.layout_feature_tag_set.clear()
    chosen.flags = uharfbuzz.SubsetFlags.NO_HINTING
    return bytes(uharfbuzz.subset(_whole(), chosen).blob.data)


@cache
def _whole() -> uharfbuzz.Face:
    return uharfbuzz.Face(file().read_bytes())
