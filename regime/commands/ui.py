"""`regime ui`: Dagster's page for this home."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from ingestion.sources.choice import check_is_held, choose
from ingestion.sources.depth import with_depth
from ingestion.sources.opening import open_source
from regime.errors import BadInput, RunFailed, say
from warehouse.clock import remember_clock, remembered_clock
from warehouse.home import CHECKOUT, Home


def serve(*, replay_dir: Path | None, is_live: bool, port: int) -> None:
    """Run `dagster dev` until it is stopped."""
    home = Home.at()
    choice = choose(home, replay_dir=replay_dir, is_live=is_live)
    check_is_held(home, choice)
    _check_port(port)
    home.claim(choice.kind, replay_dir=choice.replay_dir, market=choice.market)
    if remembered_clock(home) is None:
        say(f"asking {choice.words} for its clock, so that the page offers its weeks")
        with open_source(choice) as source:
            remember_clock(home, with_depth(home, source))
    from orchestration.instance import instance_of

    with instance_of(home):
        pass
    environment = os.environ | choice.environment() | {"REGIME_HOME": str(home.path), "DAGSTER_HOME": str(home.dagster)}
    say(f"Dagster's page is at http://127.0.0.1:{port} in a moment; home {home.path}, {choice.words}; Ctrl-C ends it")
    # `dg dev`, which Dagster recommends instead, starts the same processes and would bring fifteen packages more.
    quietly = ["-W", "ignore:Function `dev_command` is superseded"]
    command = [sys.executable, *quietly, "-m", "dagster", "dev", "-w", str(CHECKOUT / "workspace.yaml")]
    done = subprocess.run(
        [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=home.dagster, env=environment, check=False
    )
    if done.returncode not in (0, -2, 130):
        raise RunFailed(f"dagster dev ended with code {done.returncode}; its last lines above say why")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BadInput(f"port {port} cannot be used ({error.strerror}); give another with --port") from None
