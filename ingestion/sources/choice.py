"""Which source a run uses: what was asked for, else what the environment says, else what the home already holds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ingestion import secrets
from warehouse.home import Home, describe
from warehouse.source import Kind, SourceError

SimulatedMarket = Literal["full", "tiny"]

# What a replay cannot do without; the tables of market_data that it also knows may be missing.
REPLAY_TABLE = "candles_1h.parquet"


@dataclass(frozen=True)
class Choice:
    """A source by name: simulated (which market), replay (of which directory) or live."""

    kind: Kind
    replay_dir: Path | None = None
    market: SimulatedMarket | None = None

    @property
    def words(self) -> str:
        """The source as messages name it."""
        return describe(self.kind, str(self.replay_dir) if self.replay_dir else None, self.market)

    def environment(self) -> dict[str, str]:
        """The variables that make another process choose the same."""
        variables: dict[str, str] = {"REGIME_SOURCE": self.kind}
        if self.replay_dir:
            variables["REGIME_REPLAY_DIR"] = str(self.replay_dir)
        if self.market:
            variables["REGIME_MARKET"] = self.market
        return variables


def choose(
    home: Home, *, replay_dir: Path | None = None, is_live: bool = False, environment: Mapping[str, str] = os.environ
) -> Choice:
    """The source for this home. SourceError or HomeError if it cannot be, SecretError where a key cannot be sent."""
    secrets.check()
    if replay_dir and is_live:
        raise SourceError("--replay and --live exclude each other: name one source")
    chosen = _asked(replay_dir, is_live, environment) or _held(home) or Choice("simulated", market="full")
    check_is_held(home, chosen)
    if chosen.kind == "replay":
        _check_replay(chosen.replay_dir)
    return chosen


def check_is_held(home: Home, choice: Choice) -> None:
    """HomeError if the home already holds another source's data. Changes nothing, unlike `Home.claim`."""
    home.check_holds(choice.kind, replay_dir=choice.replay_dir, market=choice.market)


def _asked(replay_dir: Path | None, is_live: bool, environment: Mapping[str, str]) -> Choice | None:
    if is_live:
        return Choice("live")
    if replay_dir:
        return Choice("replay", replay_dir=replay_dir.expanduser().absolute())
    kind = environment.get("REGIME_SOURCE")
    market = environment.get("REGIME_MARKET")
    if kind is None:
        return Choice("simulated", market=_market(market)) if market else None
    if kind == "live":
        return Choice("live")
    if kind == "replay":
        directory = environment.get("REGIME_REPLAY_DIR")
        if not directory:
            raise SourceError("REGIME_SOURCE=replay needs REGIME_REPLAY_DIR, the directory with the tables")
        return Choice("replay", replay_dir=Path(directory).expanduser().absolute())
    if kind == "simulated":
        return Choice("simulated", market=_market(market or "full"))
    raise SourceError(f"REGIME_SOURCE={kind} is no source; use {', '.join(get_args(Kind))}")


def _market(name: str) -> SimulatedMarket:
    for market in get_args(SimulatedMarket):
        if market == name:
            found: SimulatedMarket = market
            return found
    raise SourceError(f"REGIME_MARKET={name} is no market; use {' or '.join(get_args(SimulatedMarket))}")


def _held(home: Home) -> Choice | None:
    identity = home.identity()
    if identity is None:
        return None
    if identity.kind == "replay":
        return Choice("replay", replay_dir=Path(identity.replay_dir or ""))
    if identity.kind == "live":
        return Choice("live")
    return Choice("simulated", market=_market(identity.market or "full"))


def _check_replay(directory: Path | None) -> None:
    if directory is None or not directory.is_dir():
        raise SourceError(f"there is no directory {directory} to replay; name one with tables as market_data has them")
    if not (directory / REPLAY_TABLE).is_file():
        raise SourceError(f"{directory} has no {REPLAY_TABLE}: nothing to replay; name a directory that has the tables")
