"""A whole note, checked: its week, its claims with their verdicts, and what is in it that is no claim."""

import re
from dataclasses import dataclass

import duckdb

from report.claims import dates
from report.claims.claims import Claim, Unread
from report.claims.grammar import claims_of, is_telling
from report.claims.judgement import VERDICTS, Judged, Verdict, judge
from report.claims.note import LONGEST_SENTENCE, Note, NoteError, Sentence
from report.claims.readings import Marts
from report.claims.tokens import Lexicon, Token
from report.languages import LANGUAGES
from warehouse.week import Week

# A sentence that says how the note's changes are to be read: Returns run from Monday to Monday.
_OF_ALL = re.compile(r"\b(?:returns|moves|changes|figures|performance)\b|騰落率|リターン|変化率", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """A claim with its verdict, and the sentence that it stands in."""

    sentence: Sentence
    judged: Judged


@dataclass(frozen=True)
class Left:
    """A clause that is no claim which we can read, and the sentence that it stands in."""

    sentence: Sentence
    unread: Unread


@dataclass(frozen=True)
class Checked:
    """What became of a note. `week_from`: the words that say which week it is about; "" where it says none."""

    week: Week
    week_from: str
    is_week_given: bool
    note: Note
    found: tuple[Found, ...]
    left: tuple[Left, ...]
    source: str
    is_simulated: bool

    def count(self, verdict: Verdict) -> int:
        """How many claims have this verdict."""
        return sum(one.judged.verdict == verdict for one in self.found)

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        return {verdict: self.count(verdict) for verdict in VERDICTS}


def check_note(con: duckdb.DuckDBPyConnection, note: Note, week: Week | None = None) -> Checked:
    """Hold a note against the marts of an open connection. NoteError where they have nothing of its week."""
    published = _weeks(con)
    said = dates.week_of_note(note.opening)
    about = week or (said[0] if said else published[-1])
    if about not in published:
        how = "" if week else f' (it says "{said[1] if said else ""}")'
        raise NoteError(
            f"the note is about {about}{how}, and nothing is published of that week; published are "
            f"{published[0]} to {published[-1]}: choose one with --week"
        )
    marts = Marts(con, about)
    symbols = marts.symbols()
    lexicons = {language: Lexicon(language, symbols) for language in LANGUAGES}
    tokens = [
        (sentence, lexicons[sentence.language].tokens(sentence.text) if len(sentence.text) <= LONGEST_SENTENCE else [])
        for sentence in note.sentences
    ]
    declared = _declared(tokens)
    # A note that came out when the week was over calls it "last week".
    is_last_week = said is not None and said[0] == about and week is None and _came_after(note, about)
    found, left = [], []
    for sentence, parts in tokens:
        if not parts:
            left.append(Left(sentence, Unread(sentence.text, "too long")))
        elif sentence.is_ahead:
            left.append(Left(sentence, Unread(sentence.text, "forecast", is_telling=is_telling(parts))))
        for one in (
            ()
            if sentence.is_ahead or not parts
            else claims_of(sentence.text, parts, is_last_week=is_last_week, declared=declared)
        ):
            if isinstance(one, Claim):
                found.append(Found(sentence, judge(marts, one)))
            elif one.is_telling or not sentence.is_heading:
                left.append(Left(sentence, one))
    source, is_simulated = _source(con)
    week_from = said[1] if said and not week else ""
    return Checked(about, week_from, week is not None, note, tuple(found), tuple(left), source, is_simulated)


def _came_after(note: Note, week: Week) -> bool:
    for start in range(len(note.opening)):
        one = dates.find(note.opening, start) if note.opening[start].isalnum() else None
        if one and one[0].year and one[0].day:
            span = one[0].span(week.next.last_day)
            return span is not None and span[0] >= week.end
    return False


def _declared(sentences: list[tuple[Sentence, list[Token]]]) -> dict[str, str]:
    for sentence, tokens in sentences:
        kinds = {token.kind for token in tokens}
        windows = {str(token.value) for token in tokens if token.kind == "window"}
        if len(windows) == 1 and _OF_ALL.search(sentence.text) and not kinds & {"number", "name", "measure"}:
            return {"window": windows.pop()}
    return {}


def _weeks(con: duckdb.DuckDBPyConnection) -> list[Week]:
    rows = con.execute(
        "select distinct week_start from marts.regime_weekly"
        " where week_start <= (select max(last_week) from marts.publications) order by 1"
    ).fetchall()
    if not rows:
        raise NoteError("no week is published yet; run `regime run` first")
    return [Week(monday) for (monday,) in rows]


def _source(con: duckdb.DuckDBPyConnection) -> tuple[str, bool]:
    row = con.execute(
        "select source, is_simulated from marts.publications order by publication_id desc limit 1"
    ).fetchone()
    return (str(row[0]), bool(row[1])) if row else ("", False)
