"""dbt's own materialisation does what the runner of compiled models does: a full build and an increment, by dbt."""

import subprocess
from pathlib import Path

import pytest

from tests.incremental.histories import History
from tests.incremental.models import Models, opened
from tests.incremental.test_incremental import refreshed_differs
from warehouse.builds.ledger import EVERYTHING
from warehouse.builds.project import PROJECT_DIR, dbt_executable, environment


def dbt_build(database: Path, *, is_full: bool) -> None:
    """`dbt build` as a run does it: models, seeds and their tests."""
    directory = database.parent
    command = [dbt_executable(), "--quiet", "build", "--exclude-resource-type", "unit_test"]
    done = subprocess.run(
        [*command, *(["--full-refresh"] if is_full else []), "--profiles-dir", str(PROJECT_DIR)],
        cwd=PROJECT_DIR,
        env=environment(database)
        | {
            "DBT_TARGET_PATH": str(directory / "target"),
            "DBT_LOG_PATH": str(directory / "logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.slow
def test_an_increment_by_dbt_equals_a_full_refresh(tmp_path):
    (tmp_path / "models").mkdir()
    models = Models.compiled(tmp_path / "models")
    connection = models.new_database(tmp_path / "home")
    database = tmp_path / "home" / models.database.name
    history = History(13, connection, n_builds=3)
    moments = []
    for build in history.builds():
        connection.close()
        dbt_build(database, is_full=build.rebuild_from == EVERYTHING)
        connection = history.connection = opened(database)
        build.finish(is_passed=True)
        moments.append(build.rebuild_from)
    connection.close()
    assert moments[0] == EVERYTHING and moments[-1] != EVERYTHING  # what is compared is an increment
    assert refreshed_differs(models, tmp_path) == []
