"""A checked note on a terminal: a table in colour; as plain columns where the output goes to a file or a pipe."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from report.claims.checking import Checked, Found, Left
from report.claims.judgement import VERDICTS, Verdict
from report.claims.telling import verdict_in_words, what_the_data_say, why_left
from report.formatting import in_words
from report.languages import translate
from warehouse.untrusted import one_line

_STYLES: dict[Verdict, str] = {
    "confirmed": "green", "depends": "yellow", "contradicted": "bold red", "not_knowable": "dim",
}  # fmt: skip
_MARKS: dict[Verdict, str] = {"confirmed": "✓", "depends": "≈", "contradicted": "✗", "not_knowable": "?"}
_LONGEST = 400


def print_checked(console: Console, checked: Checked) -> None:
    """Print what became of a note."""
    if console.is_terminal:
        _print_table(console, checked)
        return
    for line in plain(checked):
        console.print(Text(line), soft_wrap=True)


def heading(checked: Checked) -> list[str]:
    """Which week the note was held against, why that one, and whether its data are simulated."""
    week = str(checked.week)
    if checked.is_week_given:
        why = translate("week {week}, as asked").replace("{week}", week)
    elif checked.week_from:
        said = one_line(checked.week_from, 60)
        why = translate('week {week}, from "{said}"').replace("{week}", week).replace("{said}", said)
    else:
        why = translate("week {week}, the last published: the note names none").replace("{week}", week)
    labels = {
        "simulated": translate("simulated data: its prices are made up"),
        "replay": translate("replayed market data"),
        "live": translate("live market data"),
    }
    return [why, labels.get(checked.source, checked.source)]


def summary(checked: Checked) -> str:
    """How many claims have which verdict, and how many clauses say something that we cannot read."""
    counts = [f"{checked.count(verdict)} {verdict_in_words(verdict)}" for verdict in VERDICTS]
    told = sum(one.unread.is_telling for one in checked.left)
    return ", ".join(counts) + translate("; {n} not understood").replace("{n}", str(told))


def plain(checked: Checked) -> Iterator[str]:
    """The same without colour: columns with headings, aligned, never wrapped or cut."""
    yield from heading(checked)
    yield ""
    rows = [(_line(one), verdict_in_words(one.judged.verdict), claim, _data(one)) for one, claim in _claims(checked)]
    if rows:
        yield from _columns(
            (translate("line"), translate("verdict"), translate("the note says"), translate("the data say")), rows
        )
        yield ""
    left = [(str(one.sentence.line), _why(one), one_line(one.unread.text, _LONGEST)) for one in _telling(checked)]
    if left:
        yield from _columns((translate("line"), translate("not read because"), translate("not understood")), left)
        yield ""
    yield from _narrative(checked)
    yield summary(checked)


def _columns(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(cell_len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, tuple("─" * width for width in widths), *rows):
        # Wide characters take two places: pad by places, not by characters.
        yield "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()


def _print_table(console: Console, checked: Checked) -> None:
    why, label = heading(checked)
    console.print(Text(why, style="bold"))
    console.print(Text(label, style="black on yellow" if checked.is_simulated else "dim"))
    if checked.found:
        table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
        table.add_column("", width=1)
        table.add_column(translate("line"), justify="right", style="dim")
        table.add_column(translate("the note says"), ratio=5, overflow="fold")
        table.add_column(translate("the data say"), ratio=5, overflow="fold")
        for one, claim in _claims(checked):
            verdict = one.judged.verdict
            style = _STYLES[verdict]
            data = Text(_data(one), style="dim" if verdict == "not_knowable" else "")
            says = Text.assemble((f"{verdict_in_words(verdict)}: ", style), data)
            table.add_row(Text(_MARKS[verdict], style=style), _line(one), Text(claim), says)
        console.print(table)
    left = list(_telling(checked))
    if left:
        console.print(Text(translate("Not understood"), style="bold"))
        for other in left:
            text = Text(f"  {other.sentence.line:>4}  {one_line(other.unread.text, _LONGEST)}  ")
            console.print(text + Text(f"({_why(other)})", style="dim"))
    for line in _narrative(checked):
        console.print(Text(line, style="dim"))
    console.print(_coloured_summary(checked))


def _coloured_summary(checked: Checked) -> Text:
    text = Text()
    for n, verdict in enumerate(VERDICTS):
        count = checked.count(verdict)
        text.append(", " if n else "")
        text.append(f"{count} {verdict_in_words(verdict)}", style=_STYLES[verdict] if count else "dim")
    told = sum(one.unread.is_telling for one in checked.left)
    return text.append(translate("; {n} not understood").replace("{n}", str(told)), style="dim")


def _narrative(checked: Checked) -> Iterator[str]:
    rest = [one for one in checked.left if not one.unread.is_telling]
    if rest:
        lines = ", ".join(dict.fromkeys(str(one.sentence.line) for one in rest))
        template = translate("Narrative, without a figure or a name that the data have, in line: {lines}")
        yield template.replace("{lines}", lines)


def _telling(checked: Checked) -> Iterator[Left]:
    return (one for one in checked.left if one.unread.is_telling)


def _line(one: Found) -> str:
    return str(one.sentence.line)


def _claims(checked: Checked) -> Iterator[tuple[Found, str]]:
    """Each claim with its words; where two claims rest on the same words, with what sets this one apart."""
    alike: dict[tuple[int, str], list[Found]] = {}
    for one in checked.found:
        alike.setdefault((id(one.sentence), one.judged.claim.text), []).append(one)
    for one in checked.found:
        yield one, _claim(one, alike[id(one.sentence), one.judged.claim.text])


def _claim(one: Found, twins: list[Found]) -> str:
    claim = one.judged.claim
    text = one_line(claim.text, _LONGEST)
    if claim.shape == "since":
        return f"{text} [{translate('since when')}]"
    if len(twins) == 1 or all(other.judged.claim.shape == "since" for other in twins if other is not one):
        return text
    apart = one_line(claim.figure.text, 40) if claim.figure else ""
    if claim.shape == "on_date":
        return f"{text} [{translate('{figure} then').replace('{figure}', apart)}]"
    subjects = {other.judged.claim.subject for other in twins}
    if len(subjects) == len(twins) and claim.subject and len({subject.name for subject in subjects if subject}) > 1:
        apart = in_words(claim.subject.name)
    return f"{text} [{apart}]" if apart else text


def _data(one: Found) -> str:
    return one_line(what_the_data_say(one.judged), 2 * _LONGEST)


def _why(one: Left) -> str:
    return one_line(why_left(one.unread.reason, one.unread.words), _LONGEST)
