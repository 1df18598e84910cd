"""A recorded answer of an archive: a page of its list, a checksum, or a file (as a zip, or as the text in one)."""

import io
import re
import zipfile
from dataclasses import dataclass, replace
from typing import Any

from ingestion.archives.archive import Archive, FileKind
from ingestion.archives.client import ArchiveClient
from ingestion.archives.files import check, read_texts, to_dataset, unzip
from ingestion.archives.listing import CHECKSUM
from regime.dev.recorded import AnsweringServer, RecordedAnswer, read_recorded
from warehouse.contracts import DATASETS

LIST, SUM = "archive_files", "archive_checksums"  # what is no dataset has names of its own


def places_of(archive: Archive) -> list[tuple[str, tuple[str, ...]]]:
    """Every address that is asked of an archive (`…` for what differs), with what comes of it."""
    files = [(archive.place(kind), tuple(kind.datasets)) for kind in archive.kinds]
    return [(archive.list_place, (LIST,)), *files, (archive.checksum_place, (SUM,))]


def place_of(archive: Archive, answer: RecordedAnswer) -> str | None:
    """Which of them an answer is one to; None for what is not asked."""
    asked = asked_of(archive, answer)
    if asked is None:
        return None
    if asked.kind is None:
        return archive.list_place
    return archive.checksum_place if asked.name == SUM else archive.place(asked.kind)


@dataclass(frozen=True)
class Asked:
    """What an answer is one to: the name of what comes of it, the key of the file, its kind, and whose it is."""

    name: str
    key: str
    kind: FileKind | None = None
    symbol: str = ""


def asked_of(archive: Archive, answer: RecordedAnswer) -> Asked | None:
    """What the archive's reader would have asked to get this answer; None where it asks for nothing of the kind."""
    if answer.address == archive.listing.split("://", 1)[1]:
        return Asked(LIST, str(answer.query.get("prefix", "")))
    key = answer.address.removeprefix(archive.files.split("://", 1)[1]).lstrip("/")
    for kind in archive.kinds:
        folder = re.escape(kind.folder).replace(r"\{length\}", "(?:monthly|daily)").replace("/1h", r"/\w+")
        # Whose file it is may be left out: `…/metrics/…`.
        match = re.match(
            folder.replace(r"\{symbol\}", "(?P<symbol>[^/…]*)") + "(?:/|$)|" + folder.split(r"\{symbol")[0], key
        )
        if match:
            name = SUM if key.endswith(CHECKSUM) else next(iter(kind.datasets))
            return Asked(name, key, kind, match["symbol"] or "")
    return None


async def rows_of(
    asked: Asked, answer: RecordedAnswer, server: AnsweringServer, client: ArchiveClient
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Rows by dataset, and remarks. FetchError where the answer is refused.

    A file whose `.CHECKSUM` was recorded beside it is held against that.
    """
    server.answer = answer
    if asked.name == LIST:
        page = await client.page(asked.key, str(answer.query.get("marker", "")))
        files = [
            {"key": f.key, "day": f.period.first_day, "bytes": f.bytes, "has_checksum": f.has_checksum}
            for f in page.files
        ]
        return {LIST: files}, [f"the list goes on after {page.marker}"] if page.marker else []
    if asked.name == SUM:
        file = asked.key.removesuffix(".CHECKSUM")
        return {SUM: [{"sha256": await client.checksum(file), "file": file.rsplit("/", 1)[-1]}]}, []
    assert asked.kind is not None
    server.answer = _zipped(answer, asked.key)
    content = await client.file(asked.key.replace("…", "some.zip"))
    for beside in sorted(answer.path.parent.glob("*.toml")):
        summed = read_recorded(beside)
        if summed.address.endswith(f"{asked.key}.CHECKSUM") and summed.status < 400:
            server.answer = summed
            check(asked.key, content, await client.checksum(asked.key))
    text = unzip(asked.key, content)
    symbol = asked.symbol or _symbol_in(asked.kind, text)
    rows = read_texts(asked.kind, {asked.key: text}, symbol)
    return {
        dataset: to_dataset(asked.kind, rows, DATASETS[dataset], client.archive.venue, symbol).to_pylist()
        for dataset in asked.kind.datasets
    }, []


def _zipped(answer: RecordedAnswer, key: str) -> RecordedAnswer:
    """The answer as it lies in the archive: a text that was recorded is put into a zip."""
    if answer.status >= 400 or answer.content_type != "text/csv":
        return answer
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(key.rsplit("/", 1)[-1].replace(".zip", ".csv"), answer.body)
    return replace(answer, body=buffer.getvalue(), content_type="application/zip")


def _symbol_in(kind: FileKind, text: bytes) -> str:
    """The instrument that a file's first row names, where files of its kind name it."""
    lines = text.decode(errors="replace").splitlines()[:2]
    return lines[-1].split(",")[kind.header.index(kind.symbol)] if kind.symbol and lines else ""
