"""Bulk files for what happened before anyone asked, one small file per publisher of archives.

Belongs here: where a publisher's files lie, how long one is, which column is what, as data; reading lists and files.
Does not: which files are wanted, and when (planning).
"""

from ingestion.archives import binance_vision
from ingestion.archives.archive import Archive

ARCHIVES: dict[str, Archive] = {archive.name: archive for archive in (binance_vision.ARCHIVE,)}
