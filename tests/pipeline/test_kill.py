"""`kill -9` between every two operations of landing, loading, publication, rollback, rebuild and migration.

Readers see the old version or the new one, whole; what had landed is not lost; the next run completes without help.
"""

import json
import subprocess
import sys

import pytest

from tests.pipeline.reliability import record
from warehouse.home import CHECKOUT, FORMAT

# Scenario: what is seen before and after, and the fewest operations there are to be killed before.
SCENARIOS = {
    "landing": (["1 landed", "2 landed"], 15),
    "publication": (["6", "7"], 40),
    "first_publication": (["0", "1"], 35),
    "rollback": (["6", "5"], 8),
    "migration": (["format 1", f"format {FORMAT}"], 20),
    "damaged_staging": (["0 aside", "1 aside"], 15),
    "rebuild": (["format 1"], 15),
}
# Of landing and of a publication every third and fourth operation is tried each time; all of them in `make test-all`.
QUICK = [("landing", 3), ("publication", 4)]


@pytest.mark.parametrize(
    ("name", "step"), [*QUICK, *(pytest.param(name, 1, marks=pytest.mark.slow) for name in SCENARIOS)]
)
def test_a_process_killed_before_any_operation_leaves_the_old_or_the_new(name, step, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipeline.killing", name, str(tmp_path), str(step)],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    attempts = json.loads(done.stdout)
    problems = [f"before {a['operation']}: {problem}" for a in attempts for problem in a["problems"]]
    assert not problems, "\n".join(problems)
    states, fewest = SCENARIOS[name]
    seen = [attempt["seen"] for attempt in attempts]
    assert step * len(attempts) >= fewest, f"only {len(attempts)} operations were seen"
    # First the old, then the new, and never the old again: there is one moment at which it happens.
    assert seen == sorted(seen, key=states.index) and [s for s in states if s in seen] == states, seen
    if step > 1:
        return
    record(
        f"kill -9 in {name.replace('_', ' ')}",
        f"killed before each of {len(attempts) - 1} operations on files and in the database",
        "readers see the old version or the new one; the next run completes without help",
        0, len(attempts), 0, section="kills",
    )  # fmt: skip
