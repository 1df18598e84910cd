"""Processes that kill themselves with SIGKILL between two operations on files or two SQL statements.

Nothing in the product knows of this: operations are seen by an audit hook of the interpreter, by a stand-in for
`os.fsync`, and by one around DuckDB's connections. Each attempt is a fork of a process that has everything imported and
nothing open, so that hundreds take seconds.
"""

import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.chmod", "os.truncate",
}  # fmt: skip
# Statements that change nothing: before them is as after the one before.
_READS = ("select", "set ", "create table if not exists", "create schema if not exists")
_STATEMENTS = {"execute", "executemany", "begin", "commit", "rollback", "register", "close"}


@dataclass
class Operations:
    """Counts what happens below a directory; before number `fatal` (from 0) the process is no more."""

    directory: Path
    fatal: int | None = None
    names: list[str] = field(default_factory=list)
    is_on: bool = False

    def install(self) -> "Operations":
        """From now on everything is seen. There is no way back: an audit hook stays."""
        sys.addaudithook(self._audited)
        sync, connect = os.fsync, duckdb.connect

        def fsync(descriptor: int) -> None:
            self.meet("fsync", os.readlink(f"/proc/self/fd/{descriptor}"))
            sync(descriptor)

        def connected(database: str = ":memory:", *args: Any, **more: Any) -> Any:
            self.meet("duckdb.connect", str(database))
            connection = connect(database, *args, **more)
            return connection if database == ":memory:" else _Watched(connection, self, str(database))

        os.fsync = fsync  # type: ignore[assignment]
        duckdb.connect = connected  # type: ignore[assignment]
        self.is_on = True
        return self

    def meet(self, name: str, *paths: object) -> None:
        """An operation is about to happen."""
        below = [str(path) for path in paths if str(path).startswith(str(self.directory))]
        if not self.is_on or not below:
            return
        if len(self.names) == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.names.append(f"{name} {os.path.relpath(below[-1], self.directory)}")

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITES:
            self.meet("open", args[0])
        elif event in _CHANGES and not (event == "os.mkdir" and os.path.exists(args[0])):
            self.meet(event, *_absolute(event, args))


def _absolute(event: str, args: tuple[Any, ...]) -> Iterator[str]:
    """The paths of an event; `shutil.rmtree` names files relative to an open directory."""
    paths = args[:2] if event in {"os.rename", "os.symlink", "os.link"} else args[:1]
    descriptor = next((a for a in args[len(paths) :] if isinstance(a, int) and a > 2 and event != "os.truncate"), None)
    for path in paths:
        text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        if not os.path.isabs(text) and descriptor is not None and event in {"os.remove", "os.rmdir"}:
            text = os.path.join(os.readlink(f"/proc/self/fd/{descriptor}"), text)
        yield text


class _Watched:
    """A connection of DuckDB whose statements count as operations on its file."""

    def __init__(self, connection: Any, operations: Operations, file: str) -> None:
        self._connection, self._operations, self._file = connection, operations, file

    def __enter__(self) -> "_Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._operations.meet("sql close", self._file)
        self._connection.close()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in _STATEMENTS:
            return found

        def called(*args: Any, **more: Any) -> Any:
            words = " ".join(str(args[0]).split())[:60] if name.startswith("execute") else name
            if not words.startswith(_READS):
                self._operations.meet(f"sql {words}", self._file)
            return found(*args, **more)

        return called


@dataclass(frozen=True)
class Scenario:
    """What is done to a home, and what must hold whenever it is killed."""

    name: str
    prepare: Callable[[Path], None]
    act: Callable[[Path], None]
    check: Callable[[Path], dict[str, Any]]  # after the kill: {"seen": …, "problems": […]}


@dataclass(frozen=True)
class Attempt:
    """One kill: before which operation, what readers saw then, and what was wrong (nothing, one hopes)."""

    operation: str
    seen: str
    problems: list[str]
    seconds: float


def kill_at_every_operation(scenario: Scenario, directory: Path, step: int = 1) -> list[Attempt]:
    """Do it once undisturbed, then once for each operation, killed before it; for every `step`th, and for the end."""
    prepared, home = directory / "prepared", directory / "home"
    _in_child(lambda: scenario.prepare(prepared))

    def count() -> list[str]:
        operations = Operations(home).install()
        scenario.act(home)
        return operations.names

    _copy(prepared, home)
    names = _in_child(count)
    attempts = []
    for fatal, name in enumerate([*names, "(the end)"]):
        if fatal % step and fatal < len(names):
            continue
        started = time.monotonic()
        _copy(prepared, home)

        def die(fatal: int = fatal) -> None:
            Operations(home, fatal).install()
            scenario.act(home)

        problems = [] if _was_killed(die) == (fatal < len(names)) else ["it was not killed where it should have been"]
        found = _in_child(lambda: scenario.check(home))
        problems += found["problems"]
        attempts.append(Attempt(name, found["seen"], problems, time.monotonic() - started))
    return attempts


def _copy(prepared: Path, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(prepared, home, symlinks=True)


def _was_killed(work: Callable[[], None]) -> bool:
    process = os.fork()
    if process == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(2)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the work failed by itself, with code {code}")
    return code == -signal.SIGKILL


def _in_child(work: Callable[[], Any]) -> Any:
    """The answer of `work`, done in a fork: this process opens nothing, so that it can be forked again."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        code = 0
        try:
            os.close(read)
            with os.fdopen(write, "w") as out:
                json.dump(work(), out)
        except BaseException:
            traceback.print_exc()
            code = 2
        os._exit(code)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    _, status = os.waitpid(process, 0)
    if status:
        raise RuntimeError("a step of the scenario failed; see above")
    return json.loads(text)


def main() -> None:
    """`python -m tests.pipeline.killing SCENARIO DIRECTORY [STEP]`: the attempts as JSON."""
    from tests.pipeline.kill_scenarios import SCENARIOS

    step = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    attempts = kill_at_every_operation(SCENARIOS[sys.argv[1]], Path(sys.argv[2]).absolute(), step)
    json.dump([asdict(attempt) for attempt in attempts], sys.stdout)


if __name__ == "__main__":
    main()
