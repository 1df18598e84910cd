"""Notes as others write them, with true and false claims about weeks of the full simulated market.

Nothing false is confirmed, nothing true contradicted, and of what can be known most is read.
"""

import tomllib
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from report.claims.checking import check_note
from report.claims.note import read_note

pytestmark = pytest.mark.xdist_group("full_market")
NOTES = sorted(Path(__file__).with_name("notes").glob("*.toml"))
# Of the true sentences of a note so many are confirmed at least; the rest is not understood, and listed.
LEAST_CONFIRMED = 0.6


@pytest.fixture(scope="module")
def published(full_line):
    with duckdb.connect(str((full_line.home / "warehouse.duckdb").resolve()), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_nothing_false_is_confirmed_and_nothing_true_contradicted(published, path):
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    sentences = {
        text.replace("U.S.", "US"): kind
        for paragraph in told["paragraphs"]
        for kind, texts in paragraph.items()
        for text in texts
    }
    checked = check_note(published, read_note("\n\n".join([f"# {told['opening']}", *sentences]).encode()))
    assert str(checked.week) == told["week"]
    verdicts = {text: [] for text in sentences}
    for one in checked.found:
        if one.sentence.text in verdicts:
            verdicts[one.sentence.text].append(one.judged.verdict)
    wrong = [
        (kind, text, verdicts[text])
        for text, kind in sentences.items()
        if (kind == "true" and "contradicted" in verdicts[text])
        or (kind == "false" and verdicts[text] and set(verdicts[text]) == {"confirmed"})
        or (kind == "other" and {"confirmed", "contradicted", "depends"} & set(verdicts[text]))
    ]
    assert wrong == []
    read = Counter(kind for text, kind in sentences.items() if "confirmed" in verdicts[text] and kind == "true")
    assert read["true"] >= LEAST_CONFIRMED * sum(kind == "true" for kind in sentences.values())
