"""The house keeps its shape: imports run one way, every module says what belongs in it, layers of SQL do not leak."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.contracts import DATASETS
from warehouse.home import CHECKOUT

PACKAGES = ("warehouse", "ingestion", "expectations", "report", "alerts", "orchestration", "regime", "simulator")
MODELS = CHECKOUT / "dbt_project" / "models"


def modules() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (CHECKOUT / package).rglob("*.py"))


def models(layer: str) -> list[Path]:
    return sorted((MODELS / layer).rglob("*.sql"))


# A folder that can be seen at once.
MOST_MODULES = 16


def test_the_top_level_is_as_agreed():
    fixed = [
        "pyproject.toml", "workspace.yaml", "dagster.yaml", "Makefile", "dbt_project", "tests", *PACKAGES
    ]  # fmt: skip
    assert [name for name in fixed if not (CHECKOUT / name).exists()] == []


def test_no_folder_is_too_large_to_be_seen_at_once():
    folders = {path.parent for path in modules()}
    sizes = {
        str(folder.relative_to(CHECKOUT)): len([p for p in folder.glob("*.py") if p.name != "__init__.py"])
        for folder in folders
    }
    assert {name: size for name, size in sizes.items() if size > MOST_MODULES} == {}


def test_every_folder_is_a_package_that_opens_with_what_belongs_in_it():
    folders = {path.parent for path in modules()}
    assert [str(f.relative_to(CHECKOUT)) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_orchestration_holds_dagster_and_nothing_else():
    modules_of_it = [p for p in (CHECKOUT / "orchestration").rglob("*.py") if p.name != "__init__.py"]
    pattern = re.compile(r"^(import|from) (dagster|dagster_dbt)\b", re.MULTILINE)
    assert modules_of_it
    assert [str(p.relative_to(CHECKOUT)) for p in modules_of_it if not pattern.search(p.read_text())] == []


def test_imports_run_one_way():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library, home", [("ccxt", "ingestion/venues"), ("great_expectations", "expectations"),
                                           ("dagster", "orchestration"), ("dagster_dbt", "orchestration")])  # fmt: skip
def test_a_library_lives_in_one_folder(library, home):
    found = [
        str(path.relative_to(CHECKOUT))
        for path in modules()
        if re.search(rf"^\s*(import|from) {library}\b", path.read_text(), re.MULTILINE)
    ]
    assert found, f"nothing imports {library}: is the folder still right?"
    assert [name for name in found if not name.startswith(home)] == []


def test_files_are_utf_8_whatever_the_locale():
    """Where no encoding is named, Python takes the locale's: EUC-JP somewhere, and what we wrote cannot be read."""
    opening = {"open", "fdopen", "read_text", "write_text", "NamedTemporaryFile", "RotatingFileHandler"}
    found = []
    for path in modules():
        for call in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", None)
            is_method = name == "open" and not isinstance(call.func, ast.Name)  # of a database, an image
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            words = [arg.value for arg in (*call.args, *named.values()) if isinstance(arg, ast.Constant)]
            is_text = name in opening and not any(isinstance(word, str) and "b" in word for word in words)
            is_process = name in {"run", "Popen"} and named.keys() & {"text", "universal_newlines"}
            if ((is_text and not is_method) or is_process) and "encoding" not in named:
                found.append(f"{path.relative_to(CHECKOUT)}:{call.lineno} {name}")
    assert found == []


def test_every_module_says_what_belongs_in_it():
    silent = [str(p.relative_to(CHECKOUT)) for p in modules() if not ast.get_docstring(ast.parse(p.read_text()))]
    assert silent == []


def test_modules_stay_small():
    long = {str(p.relative_to(CHECKOUT)): len(p.read_text().splitlines()) for p in modules()}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}


def test_assets_have_real_annotations():
    """Dagster reads annotations of `context` at run time: postponed ones break it."""
    postponed = [p.name for p in (CHECKOUT / "orchestration").rglob("*.py") if "from __future__" in p.read_text()]
    assert postponed == []


def test_every_dataset_has_its_staging_model_and_its_suite():
    staging = {p.stem for p in models("staging")}
    assert [name for name in DATASETS if f"stg_{name}" not in staging] == []
    suites = "\n".join(p.read_text() for p in (CHECKOUT / "expectations").rglob("*.py"))
    assert [name for name in DATASETS if name.upper() not in suites and f'"{name}"' not in suites] == []


def test_every_model_is_described_beside_its_sql():
    written = [p for p in sorted(MODELS.rglob("*")) if p.suffix in {".sql", ".py"}]
    bare = [p.stem for p in written if not p.with_suffix(".yml").exists()]
    assert bare == [] and len(list(MODELS.rglob("*.sql"))) > 50


def test_nothing_speaks_of_where_it_was_written():
    listed = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=False).stdout
    if not listed:
        pytest.skip("not a git checkout")
    pattern = re.compile("/" + "work/|/" + "root/|/" + "tmp/x")
    wrong = []
    for name in listed.split():
        path = CHECKOUT / name
        is_text = path.suffix in {".py", ".sql", ".yml", ".yaml", ".md", ".toml", ".csv"} and path.exists()
        if is_text and pattern.search(path.read_text(errors="ignore")):
            wrong.append(name)
    assert wrong == []
