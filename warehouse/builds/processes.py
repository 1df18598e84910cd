"""Child processes that write in a home: none may outlive the run that started it.

The market server ends by itself when its stdin closes.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_SECONDS = 5.0
_WATCHED = Path(__file__).with_name("watched.sh")


# The directory in which a watched program starts, wherever its starter says.
DIRECTORY = "REGIME_WATCHED_DIRECTORY"


def watched(program: str, version: str = "") -> str:
    """What to start instead of `program`, which then ends with this process from its very first moment.

    `ends_with_us` is quicker, and polite, but begins only when the child is there already. With `version` it answers
    `--version` by itself: dagster-dbt asks that before each call, and dbt takes seconds to start. It starts in the
    directory that the variable DIRECTORY names, if that is set.
    """
    os.environ["REGIME_WATCHED"] = program
    os.environ["REGIME_WATCHED_VERSION"] = version
    os.environ["REGIME_RUN_PROCESS"] = str(os.getpid())
    return str(_WATCHED)


@contextmanager
def ends_with_us(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End `child` when the context ends, and when this process is gone without leaving it.

    A shell waits at a pipe that only we hold: the kernel closes it when we die, however that happens.
    """
    watch = subprocess.Popen(
        ["/bin/sh", "-c", f"read -r _; kill -9 {child.pid} 2>/dev/null"], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        try:
            child.terminate()
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        finally:
            watch.kill()
            watch.wait()
            if watch.stdin:
                watch.stdin.close()
