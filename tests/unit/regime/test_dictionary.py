"""docs/metrics.md is what the models' own .yml say, today."""

from regime.dictionary import PAGE, page


def test_the_page_is_what_the_models_say():
    assert PAGE.read_text() == page(), "docs/metrics.md is older than the models: run `make docs`"
