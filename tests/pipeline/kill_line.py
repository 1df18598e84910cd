"""`regime` as a user calls it, killed with SIGKILL at a named step: `python -m tests.pipeline.kill_line STEP run`.

Nothing in the product knows of this: functions that the line calls are wrapped in this process, before it begins.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from warehouse.contracts import DATASETS


@dataclass(frozen=True)
class Step:
    """A call of the line: `module:name`, with this first argument that is no object of ours, the n-th such call."""

    call: str
    is_after: bool
    argument: str | None = None
    n: int = 1


def _landed(dataset: str) -> Step:
    return Step("orchestration.assets.raw:ingest", True, dataset)


def _loaded(dataset: str) -> Step:
    return Step("regime.progress:Steps.finish", True, dataset)


STEPS = {
    "home claimed": Step("warehouse.home:Home.claim", True),
    **{f"{name} landed": _landed(name) for name in DATASETS},
    **{f"{name} loaded": _loaded(name) for name in DATASETS},
    "build to be begun": Step("orchestration.assets.models:begin_build", False),
    "build begun": Step("orchestration.assets.models:begin_build", True),
    "dbt started": Step("dagster_dbt:DbtCliResource.cli", True),
    "dbt at its first model": Step("regime.progress:Steps.advance", True, "models"),
    "dbt half-way": Step("regime.progress:Steps.advance", True, "models", 60),
    "dbt ended": Step("orchestration.assets.models:finish_build", False),
    "build recorded": Step("orchestration.assets.models:finish_build", True),
    "publication to begin": Step("orchestration.assets.publication:publish", False),
    "page written": Step("orchestration.assets.publication:write_week", True),
    "file copied": Step("warehouse.publishing.publish:_clone", True),
    "version complete": Step("warehouse.publishing.publish:make_current", False),
    "link swapped": Step("warehouse.publishing.publish:make_current", True),
    "published": Step("orchestration.assets.publication:publish", True),
    "run over": Step("regime.commands.run:summarise", False),
}


def arm(step: Step) -> None:
    """From now on the process dies when it comes to that step."""
    module_name, _, path = step.call.partition(":")
    owner: Any = import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), step))


def _deadly(function: Callable[..., Any], step: Step) -> Callable[..., Any]:
    calls = 0

    @functools.wraps(function)
    def called(*args: Any, **more: Any) -> Any:
        nonlocal calls
        told = next((value for value in args if isinstance(value, str)), None)
        calls += step.argument in (None, told)
        is_it = calls == step.n and step.argument in (None, told)
        if is_it and not step.is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **more)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return called


def processes_of(home: Path) -> list[int]:
    """Processes that were started for this home and still are: each run's children have it in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and f"REGIME_HOME={home}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:  # it has just ended, or is not ours
            continue
    return found


if __name__ == "__main__":
    arm(STEPS[sys.argv[1]])
    sys.argv = ["regime", *sys.argv[2:]]
    from regime.cli import main

    main()
