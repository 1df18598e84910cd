"""docs/endpoints.md is what the adapters ask and what the answers show, today."""

import pytest

from regime.dev.endpoints import CONSTRUCTED, PAGE, Endpoint, endpoints, page, rows_of, with_answers
from tests.recorded.finding import RECORDED, WHERE

pytestmark = pytest.mark.recorded
TOLD = "docs/endpoints.md is older than the adapters or the answers: run `python -m regime.dev.endpoints DIRECTORY`"


@pytest.fixture(scope="module")
def known() -> list[Endpoint]:
    found = endpoints()
    with_answers(found, CONSTRUCTED, are_ours=True)
    return found


def test_every_endpoint_that_is_asked_has_its_row_and_an_answer_of_our_own_making(known):
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    assert {key: cells[-1] for key, cells in rows.items()} == {e.cells[:3]: e.cells[-1] for e in known}, TOLD
    assert [endpoint.cells[:3] for endpoint in known if not endpoint.ours] == []


@pytest.mark.skipif(not RECORDED.is_dir(), reason=WHERE)
def test_the_page_says_what_was_seen(known):
    found = endpoints()
    with_answers(found, RECORDED, are_ours=False)
    with_answers(found, CONSTRUCTED, are_ours=True)
    assert PAGE.read_text(encoding="utf-8") == page(found), TOLD
