"""An archive's list of files: pages of keys as S3 gives them, and the checksums beside the files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from ingestion.archives.archive import Period
from ingestion.http.fetch import Malformed

ENDING, CHECKSUM = ".zip", ".zip.CHECKSUM"
_S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
# No listing has a DOCTYPE; entities in one unfold to gigabytes.
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True)
class ListedFile:
    """A file of the archive: its key, what time it holds, its size, when it was written, if a checksum stands by it."""

    key: str
    period: Period
    bytes: int
    modified_at: datetime
    has_checksum: bool


@dataclass(frozen=True)
class Page:
    """One page of a listing; `marker` is where the next one begins, None after the last."""

    files: Sequence[ListedFile]
    marker: str | None


def read_page(content: bytes) -> Page:
    """The files of one page of an S3 listing (`ListBucketResult`), in the order of their keys.

    ValueError or LookupError if it is none. What is no file of a day or a month is left out. A file that ends its page
    is said to have a checksum: S3 lists that behind it, on the next page.
    """
    if _DOCTYPE.search(content):
        raise ValueError("a listing defines no entities")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no XML: {error}") from error
    if root.tag not in (f"{_S3}ListBucketResult", "ListBucketResult"):
        raise ValueError(f"a ListBucketResult was expected, {root.tag[:80]} came")
    space = _S3 if root.tag.startswith(_S3) else ""
    is_truncated = _text(root, f"{space}IsTruncated") == "true"
    entries = [
        (_text(entry, f"{space}Key"), int(_text(entry, f"{space}Size")), _text(entry, f"{space}LastModified"))
        for entry in root.iter(f"{space}Contents")
    ]
    keys = {key for key, _, _ in entries}
    files = []
    for key, size, modified in entries:
        period = Period.read(_ending_of(key)) if key.endswith(ENDING) else None
        if period is None:
            continue
        has_checksum = f"{key}.CHECKSUM" in keys or (is_truncated and key == entries[-1][0])
        files.append(ListedFile(key, period, size, datetime.fromisoformat(modified), has_checksum))
    marker = root.findtext(f"{space}NextMarker") or (entries[-1][0] if entries else None)
    return Page(files, marker if is_truncated else None)


def _ending_of(key: str) -> str:
    """The period in a file's name: the month or day that it ends with."""
    found = re.search(r"-(\d{4}-\d\d(?:-\d\d)?)\.zip$", key)
    return found[1] if found else ""


def _text(element: ElementTree.Element, name: str) -> str:
    found = element.findtext(name)
    if found is None:
        raise LookupError(f"{element.tag.rsplit('}', 1)[-1]} has no {name.rsplit('}', 1)[-1]}")
    return found


def read_checksum(content: bytes, key: str) -> str:
    """The SHA-256 that a `.CHECKSUM` gives: 64 hex digits, blanks, the file's name. Malformed if it is of another."""
    name = key.rsplit("/", 1)[-1]
    match = re.fullmatch(rb"\s*([0-9a-fA-F]{64})\s+\*?(\S+)\s*", content)
    if match is None or match[2].decode(errors="replace").rsplit("/", 1)[-1] != name:
        raise Malformed(f"the checksum of {name} is no SHA-256 of it: {content[:80]!r}")
    return match[1].decode().lower()
