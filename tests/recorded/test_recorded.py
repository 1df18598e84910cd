"""Every answer is read by the product's own adapter, over HTTP, and is what its [expect] says.

Answers of real services stand beside the checkout, where there are any; those of our own making, in the same shapes, in
the repository. An answer that is neither read nor named as coming later fails.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from regime.dev.read import Made, read, show
from regime.dev.recorded import RecordedAnswer, read_recorded
from tests.recorded.expecting import NOT_KEPT, NOT_KEPT_OF, UNCOMPARED, compared
from tests.recorded.finding import CONSTRUCTED, RECORDED, WHERE, answers
from tests.recorded.musts import LATER, MUSTS, Exempt, hold, is_later

pytestmark = pytest.mark.recorded

OURS = answers(CONSTRUCTED)
THEIRS = answers(RECORDED) if RECORDED.is_dir() else []
ASKED = [answer for answer in THEIRS if not is_later(answer.name)]
needs_recorded = pytest.mark.skipif(not THEIRS, reason=WHERE)


def made_of(answer: RecordedAnswer) -> Made:
    return _made(answer.path)


@cache
def _made(path: Path) -> Made:
    return read(read_recorded(path))


def _named(found: list[RecordedAnswer]) -> list[object]:
    return [pytest.param(answer, id=answer.name) for answer in found] or [
        pytest.param(None, marks=pytest.mark.skip(reason=WHERE), id="none")
    ]


@pytest.mark.parametrize("answer", [*_named(OURS), *_named(ASKED)])
def test_an_answer_is_read_as_any_correct_reader_would(answer: RecordedAnswer) -> None:
    made = made_of(answer)
    assert made.dataset is not None, made.notes
    assert (made.error is not None) == (answer.expect.get("error", "none") != "none"), made.error
    assert list(compared(made, answer)) == [key for key in answer.expect if key != "must"]


@pytest.mark.parametrize("answer", _named(ASKED))
def test_what_an_answer_demands_in_words_is_asserted_or_exempt(answer: RecordedAnswer) -> None:
    demands = answer.expect.get("must", [])
    asserted = MUSTS.get(answer.name, [])
    assert len(asserted) == len(demands), f"{answer.name} demands {len(demands)}: assert each in musts.py, or exempt it"
    for must in asserted:
        hold(made_of(answer), answer, must)


@needs_recorded
@pytest.mark.parametrize("answer", _named([answer for answer in THEIRS if is_later(answer.name)]))
def test_what_comes_later_is_asked_by_no_adapter_yet(answer: RecordedAnswer) -> None:
    """Once an adapter asks it, its answer belongs among those that are read."""
    assert made_of(answer).dataset is None


@needs_recorded
def test_every_list_speaks_of_answers_that_are_there() -> None:
    names = {answer.name for answer in THEIRS}
    assert {name for name in MUSTS if name not in names} == set()
    assert {known for known in LATER if not any(name.startswith(known) for name in names)} == set()
    reasons = [must.reason for musts in MUSTS.values() for must in musts if isinstance(must, Exempt)]
    assert all([*reasons, *LATER.values(), *NOT_KEPT.values(), *NOT_KEPT_OF.values(), *UNCOMPARED.values()])


def test_the_command_prints_what_is_read_as_json_and_says_when_nobody_asks(capsys, tmp_path) -> None:
    read_one = next(answer for answer in OURS if answer.expect.get("rows"))
    assert show(read_one.path) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) >= {"dataset", "rows", "refused", "error"}
    assert len(printed["rows"]) + len(printed["refused"]) == read_one.expect["rows"]
    (tmp_path / "x.toml").write_text('service = "nobody"\nendpoint = "/x"\nstatus = 200\n')
    (tmp_path / "x.json").write_text("{}")
    assert show(tmp_path / "x.toml") == 2
    assert json.loads(capsys.readouterr().out)["dataset"] is None
