import json
import multiprocessing
import os

import pytest

from ingestion.home import Home, HomeError, HomeLocked


def test_the_first_run_fixes_whose_data_a_home_holds(home, tmp_path):
    home.claim("simulated", market="tiny")
    home.claim("simulated", market="tiny")
    with pytest.raises(HomeError, match="holds the simulated tiny market's data, not live data"):
        home.claim("live")
    with pytest.raises(HomeError, match="REGIME_HOME"):
        home.claim("replay", replay_dir=tmp_path)


def test_a_replay_belongs_to_its_directory(home, tmp_path):
    home.claim("replay", replay_dir=tmp_path)
    with pytest.raises(HomeError, match="replay"):
        home.claim("replay", replay_dir=tmp_path / "other")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "live"}'])
def test_a_damaged_identity_is_never_guessed(home, text):
    home.create()
    (home.path / "home.json").write_text(text)
    with pytest.raises(HomeError, match="damaged"):
        home.identity()


def test_another_format_is_refused(home):
    home.claim("live")
    file = home.path / "home.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    with pytest.raises(HomeError, match="format 99"):
        home.claim("live")


def test_the_lock_names_its_holder(home):
    with home.lock(), pytest.raises(HomeLocked, match=f"process {os.getpid()} since"), home.lock():
        pass
    with home.lock():
        pass


def _hold_and_die(path, ready):
    lock = Home.at(path).lock()
    lock.__enter__()
    ready.set()
    os._exit(1)


def test_the_lock_of_a_dead_process_is_free(home):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold_and_die, args=(home.path, ready))
    process.start()
    assert ready.wait(30)
    process.join(30)
    with home.lock():
        pass


def test_a_home_below_a_file_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="set REGIME_HOME elsewhere"):
        Home.at(tmp_path / "file" / "home").claim("live")
