"""Asking an archive: for pages of its list, and for files that are what their checksums say."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import httpx

from ingestion.archives.archive import Archive, Period
from ingestion.archives.files import NotAsPublished, check, unzip
from ingestion.archives.listing import ListedFile, Page, read_checksum, read_page
from ingestion.http.bodies import MOST_FILE_BYTES
from ingestion.http.fetch import Malformed, NotOffered, Throttle
from ingestion.references.provider import get_once, read_answer
from warehouse.source import Source


@dataclass(frozen=True)
class ArchiveClient:
    """One archive at one source, asked as often as its throttle allows."""

    archive: Archive
    source: Source
    http: httpx.AsyncClient
    throttle: Throttle

    async def listed(self, prefix: str, first: Period, until: datetime) -> list[ListedFile]:
        """The files below a prefix from one period on, on all pages that name any before `until`; oldest first."""
        files: list[ListedFile] = []
        marker: str | None = prefix + first.name
        while marker is not None:
            page = await self.throttle.ask(lambda marker=marker: self.page(prefix, marker))  # type: ignore[misc]
            files += page.files
            if page.marker is not None and page.marker <= marker:
                raise Malformed(f"the list of {prefix} goes on at {page.marker}, where it has been")
            marker = page.marker
            if page.files and page.files[-1].period.start >= until:
                break
        return files

    async def text(self, file: ListedFile) -> bytes:
        """A file's CSV text. NotAsPublished if it differs from its checksum, also when both are asked again.

        A file and its checksum are replaced one after the other; what was asked between the two is asked once more.
        """
        with suppress(NotAsPublished):
            return await self._checked(file)
        return await self._checked(file)

    async def _checked(self, file: ListedFile) -> bytes:
        content = await self.throttle.ask(lambda: self.file(file.key))
        if file.has_checksum:
            with suppress(NotOffered):  # it is gone, as it never was of other files: the zip's own sums are left
                check(file.key, content, await self.throttle.ask(lambda: self.checksum(file.key)))
        return unzip(file.key, content)

    async def page(self, prefix: str, marker: str) -> Page:
        """One page of the list: files whose keys begin with `prefix` and come after `marker`."""
        answer = await self._get(self.archive.page(prefix, marker))
        return read_answer(answer, lambda response: read_page(response.content))

    async def file(self, key: str) -> bytes:
        """A file as it lies there. NotOffered if there is none."""
        return (await self._get(self.archive.address(key), MOST_FILE_BYTES)).content

    async def checksum(self, key: str) -> str:
        """The SHA-256 that stands beside a file. NotOffered if none does."""
        return read_checksum((await self._get(self.archive.address(f"{key}.CHECKSUM"))).content, key)

    async def _get(self, address: str, limit_bytes: int | None = None) -> httpx.Response:
        limit = {} if limit_bytes is None else {"limit_bytes": limit_bytes}
        return await get_once(self.http, self.source.url(address), errors=self.archive.errors, **limit)  # type: ignore[arg-type]
