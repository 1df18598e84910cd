"""Two who want to write in one home: the second is told who has it, or waits; a killed holder holds nothing.

Real processes and the command line as a user calls it; nothing is fetched, since the lock comes first.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.pipeline.market import CommandLine
from tests.pipeline.small_home import published
from warehouse.home import CHECKOUT
from warehouse.publishing.history import current_number

HOLD = """
import sys
from warehouse.home import Home
from warehouse.lock import write_lock
with write_lock(Home.at(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def line(home, tmp_path) -> CommandLine:
    published(home.path, 3)
    return CommandLine(home.path, tmp_path, market=None)


@pytest.fixture
def holder(line):
    """A process that holds the home's lock until its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(line.home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=CHECKOUT, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_comes_second_is_told_at_once_who_writes_and_since_when(line, holder):
    started = time.monotonic()
    done = line("rollback")
    said = done.stderr.splitlines()
    assert done.returncode == 2 and len(said) == 1, done.stderr
    assert f"is being written by process {holder.pid} since 20" in said[0] and "--wait" in said[0]
    assert time.monotonic() - started < 30


def test_who_comes_second_waits_and_says_for_whom(line, holder, home):
    waiting = subprocess.Popen(
        [sys.executable, "-m", "regime", "rollback", "--wait", "60"], cwd=line.cwd, env=line.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    told = waiting.stderr.readline()
    assert f"waiting for process {holder.pid} since 20" in told
    assert current_number(home) == 3
    holder.communicate()
    out, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, errors
    assert current_number(home) == 2 and "readers now see publication 2" in out


def test_a_wait_ends(line, holder):
    done = line("rollback", "--wait", "3")
    assert done.returncode == 2 and f"is being written by process {holder.pid}" in done.stderr.splitlines()[-1]


def test_the_lock_of_a_killed_holder_is_taken_over_without_a_word(line, holder, home):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert f"process {holder.pid} since" in (home.path / "lock").read_text()  # what it had no time to take back
    done = line("rollback")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert current_number(home) == 2


def test_a_rollback_says_what_readers_see_and_the_list_what_is_kept(line, home):
    done = line("rollback", "--to", "1")
    assert done.returncode == 0, done.stderr
    assert "readers now see publication 1 of 20" in done.stdout and "2025-W46" in done.stdout
    listed = line("rollback", "--list").stdout.splitlines()
    assert [text.split()[0] for text in listed[:3]] == ["1", "2", "3"]
    assert listed[0].endswith("what readers see") and listed[3].endswith("rolled back from 3 to 1")
    for arguments, words in ((["--to", "7"], "version 7 is not kept"), (["--to", "1"], "see version 1 already")):
        done = line("rollback", *arguments)
        assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_rebuild_asks_nobody_and_readers_see_what_they_saw(line, home):
    os.truncate(home.staging, 5000)
    done = line("rebuild")
    assert done.returncode == 0, done.stderr
    assert "1 batches, 2 rows" in done.stderr and "the next `regime run` builds" in done.stdout
    assert current_number(home) == 3


def test_nothing_is_rolled_back_or_rebuilt_where_nothing_is(tmp_path):
    line = CommandLine(tmp_path / "none", tmp_path, market=None)
    for command in ("rollback", "rebuild"):
        done = line(command)
        assert done.returncode == 2 and "run `regime run` first" in done.stderr, done.stderr
    assert not (tmp_path / "none").exists()
