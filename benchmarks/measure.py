"""One command, measured: wall time, processor time, peak memory, and how busy the machine was with other things.

This process stays small: a child's peak memory is never less than that of the process that started it.
"""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

STEP = re.compile(r"^(\S.*?) +(\d+\.\d) s  (.*)$", re.MULTILINE)
_IDLE, _IO_WAIT = 3, 4  # of the fields of /proc/stat


class CommandFailed(RuntimeError):
    """A measured command did not do its work; the message holds its last words."""


@dataclass(frozen=True)
class Step:
    """A step of `regime run` as it told it."""

    name: str
    seconds: float
    told: str


@dataclass(frozen=True)
class Measurement:
    """What one run of a command took. `peak_memory_mb` is that of its largest process, not the sum of all."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    other_cores: float | None  # kept busy by anything else meanwhile, the market server included
    steps: list[Step] = field(default_factory=list)


def measure(command: Sequence[str], cwd: Path, environment: dict[str, str]) -> Measurement:
    """Run a command to its end. CommandFailed unless it ends well."""
    with TemporaryFile("w+") as out:
        busy, started = _busy_seconds(), time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        told = out.read()
    if process.returncode:
        raise CommandFailed(f"{' '.join(command[:4])} … ended with code {process.returncode}:\n{told[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    now_busy = _busy_seconds()
    return Measurement(
        wall,
        cpu,
        usage.ru_maxrss / 1024,
        max(0.0, now_busy - busy - cpu) / wall if busy is not None and now_busy is not None else None,
        [Step(name, float(seconds), words) for name, seconds, words in STEP.findall(told)],
    )


def _busy_seconds() -> float | None:
    """Processor seconds that the machine has worked since it started; None where the kernel does not say."""
    try:
        fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return None
    return (sum(fields) - fields[_IDLE] - fields[_IO_WAIT]) / os.sysconf("SC_CLK_TCK")
