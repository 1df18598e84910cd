"""A home: the directory that holds one source's data; where things lie in it, and whose data it is."""

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from warehouse.files import write_durably
from warehouse.source import Kind

CHECKOUT = Path(__file__).resolve().parent.parent
# 2: quarantine can be released, loads know the source's clock, publications keep their history beside the file.
# 3: failed checks can be released.
# 4: loads know whose files they came from, and where an archive says other things than the venue itself.
FORMAT = 4
# DuckDB takes these for patterns and separators even where a file is called so, and would read a neighbour's; and names
# have to be text, on one line.
_MISREAD = re.compile(r"[*?\[\\\x00-\x1f\x7f\ud800-\udfff]")


class HomeError(RuntimeError):
    """The home cannot be used so; the message says what to do."""


@dataclass(frozen=True)
class Identity:
    """Whose data a home holds, fixed by its first run. `replay_dir` and `market` say which replay or simulation."""

    kind: str
    replay_dir: str | None
    market: str | None
    created_at: str
    format: int = FORMAT


@dataclass(frozen=True)
class Home:
    """The paths of one home. Nothing is created until something is written."""

    path: Path

    @classmethod
    def at(cls, path: Path | str | None = None) -> "Home":
        """The home at `path`, else at REGIME_HOME, else `var/` of the checkout. HomeError for what DuckDB misreads."""
        chosen = path or os.environ.get("REGIME_HOME") or CHECKOUT / "var"
        home = cls(Path(chosen).expanduser().absolute())
        if misread := _MISREAD.search(str(home.path)):
            raise HomeError(
                f"{str(home.path)!r} cannot be a home: DuckDB misreads {misread[0]!r} in a path; "
                "set REGIME_HOME to a directory without it"
            )
        return home

    @property
    def landing(self) -> Path:
        """Immutable Parquet files with their manifests: the truth."""
        return self.path / "landing"

    @property
    def staging(self) -> Path:
        """The DuckDB file that runs write in; never for readers."""
        return self.path / "staging.duckdb"

    @property
    def published(self) -> Path:
        """The published versions, one directory each."""
        return self.path / "published"

    @property
    def current(self) -> Path:
        """The link to the version that readers see. Replacing it is the publication."""
        return self.path / "current"

    @property
    def warehouse(self) -> Path:
        """The published database, for analysts."""
        return self.path / "warehouse.duckdb"

    @property
    def reports(self) -> Path:
        """The published pages, a directory per week."""
        return self.path / "reports"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this home's runs."""
        return self.path / "dagster"

    @property
    def _identity_file(self) -> Path:
        return self.path / "home.json"

    def identity(self) -> Identity | None:
        """Whose data this home holds; None before its first run. HomeError if the file cannot be understood."""
        try:
            text = self._identity_file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HomeError(
                f"cannot read {self._identity_file}: {error.strerror}; set REGIME_HOME elsewhere"
            ) from error
        try:
            content = json.loads(text)
            written_in = int(content.get("format", 1))
            # Before anything else: a newer format may say other things.
            if written_in <= FORMAT:
                identity = Identity(**content | {"format": written_in})
                if identity.kind not in get_args(Kind):
                    raise ValueError(f"no source is of kind {identity.kind}")
                return identity
        except (ValueError, TypeError, AttributeError) as error:
            raise HomeError(
                f"{self._identity_file} is damaged: restore it from a backup, or set REGIME_HOME to a new directory"
            ) from error
        raise HomeError(
            f"{self.path} was written in format {written_in} by a newer version, and this one reads up to {FORMAT}; "
            "use the newer version, or set REGIME_HOME to a new directory"
        )

    def claim(self, kind: str, *, replay_dir: Path | None = None, market: str | None = None) -> Identity:
        """Make this the home of one source, or check that it already is. HomeError if it belongs to another."""
        if found := self.check_holds(kind, replay_dir=replay_dir, market=market):
            return found
        # The directory by the name that was asked for: where a link stands, what it names may move.
        directory = str(replay_dir.absolute()) if replay_dir else None
        identity = Identity(kind, directory, market, datetime.now(UTC).isoformat(timespec="seconds"))
        self.create()
        write_durably(self._identity_file, json.dumps(asdict(identity), indent=2).encode())
        return identity

    def check_holds(self, kind: str, *, replay_dir: Path | None = None, market: str | None = None) -> Identity | None:
        """Whose data this home holds; None before its first run, HomeError if they are another source's."""
        found = self.identity()
        if found is None:
            return None
        is_same = (found.kind, found.market) == (kind, market)
        if not is_same or not _is_same_directory(found.replay_dir, replay_dir):
            advice = "set REGIME_HOME to a new directory for the other source"
            if is_same and found.replay_dir and not Path(found.replay_dir).exists():
                advice += f"; if its tables have moved, put a link to them at {found.replay_dir}"
            raise HomeError(
                f"{self.path} holds {describe(found.kind, found.replay_dir, found.market)}, not "
                f"{describe(kind, str(replay_dir) if replay_dir else None, market)}; {advice}"
            )
        return found

    def mark_migrated(self) -> None:
        """Write down that this home is in this version's format: the last step of a migration."""
        identity = self.identity()
        if identity is not None and identity.format != FORMAT:
            content = asdict(identity) | {"format": FORMAT}
            write_durably(self._identity_file, json.dumps(content, indent=2).encode())

    def create(self) -> None:
        """Make the home's directory; HomeError where it cannot be written."""
        try:
            self.landing.mkdir(parents=True, exist_ok=True)
            self.published.mkdir(exist_ok=True)
            self.dagster.mkdir(exist_ok=True)
        except OSError as error:
            raise HomeError(f"cannot write in {self.path}: {error.strerror}; set REGIME_HOME elsewhere") from error
        if not os.access(self.path, os.W_OK):
            raise HomeError(f"cannot write in {self.path}; set REGIME_HOME to a directory you may write in")


def _is_same_directory(held: str | None, asked: Path | None) -> bool:
    """True for the same name, and for another name of the same directory."""
    if held is None or asked is None:
        return held is None and asked is None
    try:
        return held == str(asked.absolute()) or asked.samefile(held)
    except OSError:  # one of them is not there
        return False


def describe(kind: str, replay_dir: str | None, market: str | None) -> str:
    """A source in words, for messages."""
    if kind == "simulated":
        return f"the simulated {market or 'full'} market's data"
    if kind == "replay":
        return f"a replay of {replay_dir}"
    return "live data"
