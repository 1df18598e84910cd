"""`explore.html`: panels, strip and library in one file, whose policy lets in two scripts and nothing from outside."""

import json
from typing import Any

from markupsafe import Markup

from report.document import Document
from report.explore import specs
from report.explore.library import library
from report.explore.panels import Panel
from report.formatting import in_words
from report.languages import LANGUAGES, NAMES, file_name, speaking, translate
from report.render import fonts
from report.render.environment import TEMPLATES, environment, policy_hash
from report.render.places import EXPLORE


def render(document: Document, panels: tuple[Panel, ...]) -> str:
    """The companion of a document's page, the same bytes for the same panels."""
    with speaking(document.language):
        told = _told(panels)
        style = (TEMPLATES / "explore.css").read_text(encoding="utf-8") + fonts.face(_letters(told))
        script = (TEMPLATES / "explore.js").read_text(encoding="utf-8")
        drawn_by = library()
        return (
            environment()
            .get_template("explore.html.j2")
            .render(
                document=document,
                panels=panels,
                colours=[f"c{n}" for n in range(len(specs.COLOURS))],
                style=Markup(style),
                script=Markup(script),
                library=drawn_by.packed,
                told=_for_a_script(told),
                policy=(
                    f"default-src 'none'; script-src '{policy_hash(script.encode())}' '{drawn_by.sha256}'; "
                    f"style-src '{policy_hash(style.encode())}'; font-src data:; base-uri 'none'; form-action 'none'"
                ),
                note=file_name("index.html", document.language),
                said=translate,
                translations=[
                    (other, NAMES[other], file_name(EXPLORE, other))
                    for other in LANGUAGES
                    if other != document.language
                ],
            )
        )


def _told(panels: tuple[Panel, ...]) -> dict[str, Any]:
    """What the script is told: the charts, and the strip over the first panel that has lines."""
    lined = next((panel for panel in panels if panel.points), None)
    return {
        "charts": {panel.id: specs.spec(panel) for panel in panels},
        "rows": {panel.id: specs.rows(panel) for panel in panels},
        "strip": None if lined is None else {"of": lined.id, "chart": specs.strip(lined)},
        "names": {panel.id: [[line.id, line.name] for line in panel.lines] for panel in panels},
        "states": {str(cell.state.value): in_words(str(cell.state.value)) for panel in panels for cell in panel.fields},
        "font": fonts.FAMILY,
    }


def _letters(told: dict[str, Any]) -> str:
    """All letters that charts may need: what they are told, and those of figures and months."""
    return json.dumps(told, ensure_ascii=False) + "".join(map(chr, range(32, 127))) + "−–…·"


def _for_a_script(told: dict[str, Any]) -> Markup:
    """JSON for a script element: nothing in it can end the element."""
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
