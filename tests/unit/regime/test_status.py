"""`regime status` of a home that an older version wrote."""

import json

from regime.commands.status import show
from warehouse.database import connect
from warehouse.home import FORMAT


def test_an_older_home_is_said_to_wait_for_its_migration(home, capsys):
    home.claim("simulated", market="tiny")
    with connect(home) as connection:
        connection.execute("drop view if exists guards.last_results")  # which an older version did not have
    file = home.path / "home.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": FORMAT - 1}))
    show()
    said = " ".join(capsys.readouterr().out.split())
    assert f"the home is in format {FORMAT - 1}; the next run brings it to {FORMAT}" in said
