"""Every template that the report says, found in its source: the keys that a catalogue must have."""

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import report

PACKAGE = Path(report.__file__).parent
# Which arguments of which calls are templates or titles: their places, and their names.
TEMPLATES: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "say": ((1,), ("template",)),
    "compose": ((0,), ("template",)),
    "unknown": ((1, 3), ("subject", "reason")),
    "counted": ((1, 2), ("one", "many")),
    "translate": ((0,), ("template",)),
    "label": ((0,), ("text",)),
    "_end": ((1,), ("template",)),
    "_macro_table": ((1,), ("title",)),
    "Section": ((1,), ("title",)),
    "Tile": ((0,), ("title",)),
    "Paragraph": ((1,), ("title",)),
    "Table": ((1,), ("title",)),
    "table_of": ((1,), ("title",)),
    "tables_by_window": ((1,), ("title",)),
    "Column": ((0,), ("title",)),
    "Show": ((1,), ("title",)),
}
# Functions that hand a template on, which their callers give.
HANDING_ON = {
    ("text.py", "compose"), ("text.py", "say"), ("text.py", "unknown"), ("text.py", "counted"),
    ("document.py", "titled"), ("document.py", "source_title"), ("document.py", "source_note"),
    ("sections/changes.py", "_end"), ("sections/tables.py", "table_of"), ("sections/tables.py", "tables_by_window"),
    ("sections/macro.py", "_macro_table"),
    ("note/__init__.py", "build"),
    ("render/html.py", "_said"), ("charts/look.py", "label"),
}  # fmt: skip


def modules() -> list[Path]:
    """The modules of the report that say something on pages; the terminal speaks English."""
    return sorted(path for path in PACKAGE.rglob("*.py") if path.name != "terminal.py")


def templates(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each template in a module. AssertionError for one that is not there to be read."""
    place = str(path.relative_to(PACKAGE))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    handing_on = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and (place, function.name) in HANDING_ON
        for node in ast.walk(function)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in TEMPLATES:
            continue
        places, names = TEMPLATES[call.func.id]
        given = [call.args[n] for n in places if n < len(call.args)]
        given += [keyword.value for keyword in call.keywords if keyword.arg in names]
        for argument in given:
            found = list(_literals(argument, path, tree))
            assert found or id(call) in handing_on, (
                f"{place}:{call.lineno}: a template of {call.func.id}() is no literal: its translation cannot be found"
            )
            yield from ((call.lineno, text) for text in found)


def _literals(node: ast.expr, path: Path, tree: ast.Module) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body, path, tree)
        yield from _literals(node.orelse, path, tree)
    elif isinstance(node, ast.Subscript | ast.Name):
        name = node.value if isinstance(node, ast.Subscript) else node
        if isinstance(name, ast.Name):
            yield from _constant(name.id, path)
            yield from _looped(name.id, path, tree)


def _constant(name: str, path: Path) -> Iterator[str]:
    """The texts of a module's constant, by its name."""
    held = _held(name, path)
    if isinstance(held, Mapping):
        yield from (text for text in held.values() if isinstance(text, str))
    elif isinstance(held, str):
        yield held


def _looped(name: str, path: Path, tree: ast.Module) -> Iterator[str]:
    """The texts that a loop over a module's constant gives to a name."""
    for loop in ast.walk(tree):
        if not isinstance(loop, ast.For | ast.comprehension):
            continue
        iterated, part = loop.iter, None
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute):
            iterated, part = iterated.func.value, iterated.func.attr
        held = _held(iterated.id, path) if isinstance(iterated, ast.Name) else None
        if held is None:
            continue
        items = getattr(held, part)() if part else held
        if isinstance(loop.target, ast.Name):
            given = items if loop.target.id == name else ()
        elif isinstance(loop.target, ast.Tuple):
            places = [n for n, one in enumerate(loop.target.elts) if isinstance(one, ast.Name) and one.id == name]
            given = [item[place] for item in items for place in places]
        else:
            given = ()
        yield from (text for text in given if isinstance(text, str))


def _held(name: str, path: Path) -> object:
    module = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    return getattr(module, name, None)
