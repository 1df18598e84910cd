"""No child outlives its run, whatever ends the run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse.builds.processes import DIRECTORY, ends_with_us, watched
from warehouse.home import CHECKOUT

PARENT = """
import os, subprocess, sys
from warehouse.builds.processes import ends_with_us
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
with ends_with_us(child):
    print(child.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


NEWBORN = """
import os, subprocess
from warehouse.builds.processes import watched
child = subprocess.Popen([watched("sleep"), "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def no_other_test_is_heard(monkeypatch):
    """`watched` speaks through the environment: the home of an earlier test is gone, a later one wants its own."""
    for name in ("REGIME_WATCHED", "REGIME_WATCHED_VERSION", "REGIME_RUN_PROCESS", DIRECTORY):
        monkeypatch.setenv(name, "")  # restored afterwards


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_ends_with_the_context():
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.raises(KeyboardInterrupt), ends_with_us(child):
        raise KeyboardInterrupt
    assert child.returncode is not None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("parent", [PARENT, NEWBORN], ids=["watched over", "just born"])
def test_a_child_ends_when_its_parent_is_killed(parent):
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", parent], env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True
    )
    child = int(done.stdout)
    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert done.returncode == -9 and not is_running(child)
    assert time.monotonic() - began < 50  # it was ended, and did not just finish


def test_a_watched_program_is_itself():
    done = subprocess.run([watched("/bin/sh"), "-c", "echo $1; exit 7", "-", "a b"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (7, "a b\n")


def test_a_watched_program_tells_its_version_without_starting(tmp_path):
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "started with $*"\n')
    program.chmod(0o755)
    said = [
        subprocess.run([watched(str(program), version), *asked], capture_output=True, text=True, check=True).stdout
        for version, asked in (("1.12.6", ["--version"]), ("1.12.6", ["build", "--version"]), ("", ["--version"]))
    ]
    assert said == ["1.12.6\n", "started with build --version\n", "started with --version\n"]
