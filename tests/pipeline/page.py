"""Dagster's page as a program uses it: `regime ui` on a home, asked over GraphQL."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pipeline.market import CommandLine

FINISHED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "COMPLETED", "FAILED", "CANCELED"}

LAUNCH = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename
  ... on LaunchBackfillSuccess { backfillId }
  ... on PythonError { message }
  ... on PartitionSetNotFoundError { message }
} }"""
STATUS = """
query ($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename
  ... on PartitionBackfill { status error { message } runs(limit: 20) { id status
    tags { key value } stepStats { stepKey status } } }
} }"""
REPOSITORIES = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
ASSETS = "{ assetNodes { id assetKey { path } isMaterializable opName jobNames partitionKeys } }"


@dataclass(frozen=True)
class Page:
    """A running page."""

    url: str

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def backfill(self, partitions: tuple[str, ...], *, job: str | None = None, seconds: float = 400) -> dict[str, Any]:
        """Run a backfill of a job, or of all assets, as the page's buttons do, and wait for its end."""
        params: dict[str, Any] = {"partitionNames": list(partitions)}
        if job:
            repository = self.ask(REPOSITORIES)["repositoriesOrError"]["nodes"][0]
            params["selector"] = {
                "partitionSetName": f"{job}_partition_set",
                "repositorySelector": {
                    "repositoryName": repository["name"],
                    "repositoryLocationName": repository["location"]["name"],
                },
            }
        else:
            nodes = self.ask(ASSETS)["assetNodes"]
            params["assetSelection"] = [{"path": n["assetKey"]["path"]} for n in nodes if n["isMaterializable"]]
        launched = self.ask(LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.ask(STATUS, id=launched["backfillId"])["partitionBackfillOrError"]
            if found["status"] in FINISHED:
                return found
            time.sleep(1)
        raise TimeoutError(f"backfill is still {found}")


@contextmanager
def dagster_page(line: CommandLine, log: Path) -> Iterator[Page]:
    """`regime ui`, ended with all its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(log, "w") as out:
        served = subprocess.Popen(
            [sys.executable, "-m", "regime", "ui", "--port", str(port)],
            cwd=line.cwd, env=line.environment(), stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    page = Page(f"http://127.0.0.1:{port}")
    try:
        _wait_until_up(page, served, log)
        yield page
    finally:
        os.killpg(served.pid, signal.SIGINT)
        try:
            served.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(served.pid, signal.SIGKILL)
            served.wait()


def _wait_until_up(page: Page, served: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert served.poll() is None, log.read_text()[-3000:]
        try:
            if page.ask(REPOSITORIES)["repositoriesOrError"].get("nodes"):
                return
        except OSError:
            pass
        time.sleep(1)
    raise TimeoutError(log.read_text()[-3000:])
