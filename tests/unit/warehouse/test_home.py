import fcntl
import json
import multiprocessing
import os

import pytest

from warehouse.home import FORMAT, Home, HomeError
from warehouse.lock import HomeLocked, write_lock


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


@pytest.mark.parametrize("name", ["feature%2Fregime", "issue#12", "a b", "it's", "venue=x", "市場\u3000日本"])
def test_a_name_that_the_file_system_takes_is_a_home(tmp_path, name):
    assert Home.at(tmp_path / name).path == tmp_path / name


@pytest.mark.parametrize("name", ["what?", "a*b", "[2025] desk", "a\\b", "two\nlines", os.fsdecode(b"caf\xe9")])
def test_a_path_that_duckdb_misreads_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(HomeError, match="REGIME_HOME") as refused:
        Home.at(tmp_path / name / "var").claim("live")
    assert str(refused.value).isprintable() and not list(tmp_path.iterdir())


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


def test_a_newer_format_is_refused_whatever_else_it_says(home):
    home.create()
    newer = FORMAT + 1
    (home.path / "home.json").write_text(json.dumps({"kind": "telepathy", "format": newer, "planet": "Mars"}))
    with pytest.raises(HomeError, match=f"format {newer} by a newer version"):
        home.identity()


def test_an_older_format_can_be_read_and_is_left_until_it_is_migrated(home):
    home.claim("live")
    file = home.path / "home.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 1}))
    assert home.identity().format == home.claim("live").format == 1
    home.mark_migrated()
    assert home.identity().format == FORMAT


def test_the_lock_names_its_holder(home):
    with write_lock(home), pytest.raises(HomeLocked, match=f"process {os.getpid()} since"), write_lock(home):
        pass
    with write_lock(home):
        pass


def _hold_and_die(path, ready):
    lock = write_lock(Home.at(path))
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
    with write_lock(home):
        pass


def test_the_words_of_a_dead_holder_are_not_repeated(home):
    home.create()
    with open(home.path / "lock", "a+") as handle:
        handle.write("process 999999999 since long ago")
        handle.flush()
        fcntl.flock(handle, fcntl.LOCK_SH)  # somebody looks, as `regime status` does
        with pytest.raises(HomeLocked, match="by another process"), write_lock(home):
            pass


def test_an_error_under_the_lock_is_not_taken_for_a_lock_that_is_held(home):
    with pytest.raises(BlockingIOError), write_lock(home):
        raise BlockingIOError


def test_a_lock_file_that_was_removed_locks_all_the_same(home):
    with write_lock(home):
        (home.path / "lock").unlink()
        with write_lock(home), pytest.raises(HomeLocked), write_lock(home):
            pass


def test_a_home_below_a_file_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="set REGIME_HOME elsewhere"):
        Home.at(tmp_path / "file" / "home").claim("live")
