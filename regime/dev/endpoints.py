"""docs/endpoints.md: every address that is asked, and what its answers were seen as.

`python -m regime.dev.endpoints [DIRECTORY]` writes it, from the adapters themselves, the answers of our own making, and
the recorded ones in DIRECTORY (not in the repository: most publishers give no licence to redistribute).
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.archives import ARCHIVES
from regime.dev.read import Question, goes_to, questions_of
from regime.dev.read_archive import place_of, places_of
from regime.dev.recorded import RecordedAnswer, read_recorded
from warehouse.home import CHECKOUT

PAGE = CHECKOUT / "docs" / "endpoints.md"
CONSTRUCTED = CHECKOUT / "tests" / "recorded" / "constructed"

# The best first: what a service really answered, what its documents show, what was made in that shape.
KINDS = ("recorded", "documentation", "constructed")
_SEEN = {"recorded": "recorded", "documentation": "documented", "constructed": "constructed", "": "constructed"}


@dataclass
class Endpoint:
    """One address that is asked: its datasets, and how many answers of each kind it was held against."""

    service: str
    address: str
    type: str
    datasets: list[str]
    seen: Counter[str] = field(default_factory=Counter)
    ours: int = 0

    @property
    def seen_as(self) -> str:
        """The best that was seen of it; answers of our own making alone are constructed."""
        return next((_SEEN[kind] for kind in KINDS if self.seen[kind]), "constructed" if self.ours else "never")

    @property
    def cells(self) -> tuple[str, ...]:
        """Its row of the table."""
        counts = [str(self.seen[kind] or "") for kind in KINDS]
        asked = f"`{self.address}`" + (f" {self.type}" if self.type else "")
        return (self.service, asked, ", ".join(self.datasets), self.seen_as, *counts, str(self.ours or ""))


def endpoints() -> list[Endpoint]:
    """Every address, in the order in which services and their datasets are declared; nothing is seen of it yet."""
    found: dict[tuple[str, str, str], Endpoint] = {}
    for service, questions in questions_of().items():
        for question in questions:
            key = (service, question.address.replace("SYMBOL0", "…"), str(question.parameters.get("type", "")))
            known = found.setdefault(key, Endpoint(*key, []))
            if question.dataset not in known.datasets:
                known.datasets.append(question.dataset)
    archives = [
        Endpoint(archive.name, place, "", list(datasets))
        for archive in ARCHIVES.values()
        for place, datasets in places_of(archive)
    ]
    return [*found.values(), *archives]


def with_answers(known: Sequence[Endpoint], directory: Path, *, are_ours: bool) -> None:
    """Count the answers below a directory, each at its address; an error shows nothing of the shape, and counts not."""
    for path in sorted(directory.glob("*/*.toml")):
        answer = read_recorded(path)
        if answer.expect.get("error", "none") != "none":
            continue
        endpoint = next((e for e in known if _is_of(e, answer)), None)
        if endpoint is None:
            continue
        if are_ours:
            endpoint.ours += 1
        else:
            endpoint.seen[answer.kind] += 1


def _is_of(endpoint: Endpoint, answer: RecordedAnswer) -> bool:
    if endpoint.service != answer.service or "pair" in answer.query:
        return False
    if answer.service in ARCHIVES:
        return endpoint.address == place_of(ARCHIVES[answer.service], answer)
    is_type = not endpoint.type or answer.query.get("type", endpoint.type) == endpoint.type
    return is_type and goes_to(endpoint.address.replace("…", "SYMBOL0"), answer.address) is not None


def page(known: Sequence[Endpoint]) -> str:
    """The whole page, as Markdown."""
    counts = Counter(endpoint.seen_as for endpoint in known)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("recorded", "documented", "constructed", "never"))
    head = ("service", "endpoint", "datasets", "seen as", "recorded", "documented", "constructed", "ours")
    rows = [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *(e.cells for e in known))]
    return _HEAD.format(n=len(known), told=told) + "\n" + "\n".join(rows) + "\n"


_HEAD = """# The endpoints that are asked, and what was seen of them

Made by `python -m regime.dev.endpoints DIRECTORY` from the adapters and from answers; a test holds it. An endpoint was
seen *recorded* where its adapter reads a body that the service really sent, *documented* where it reads one that the
service's documents show, *constructed* where it reads bodies made in that shape, and *never* where nobody has looked.
The columns count answers that are no errors: of others, by kind, and of our own making (`tests/recorded/constructed`).
No answer was asked for by this program itself: see `regime dev read`. Of an archive these are its list, its files by
kind (`…` for monthly or daily, the symbol, and the file's name), and the checksums beside them; of its files most were
recorded as the text in the zip, and of klines some with minutes in the same columns.

Of {n} endpoints: {told}.
"""


def rows_of(text: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """The table of a page: service, endpoint and datasets, with what was seen of them."""
    return {cells[:3]: cells[3:] for cells in _cells(text)}


def _cells(text: str) -> Iterator[tuple[str, ...]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for line in lines[1:]:
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        if set(cells[0]) != {"-"}:
            yield cells


def write(recorded: Path) -> None:
    """The page, from the answers in a directory and our own."""
    known = endpoints()
    with_answers(known, recorded, are_ours=False)
    with_answers(known, CONSTRUCTED, are_ours=True)
    PAGE.write_text(page(known), encoding="utf-8")


__all__ = ["PAGE", "Endpoint", "Question", "endpoints", "page", "rows_of", "with_answers", "write"]

if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else CHECKOUT.parent / "shared" / "recorded_answers"))
