"""What went wrong in a build of dbt's, in one line: which models and tests, and which promise of a table is broken."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from warehouse.builds import memory
from warehouse.untrusted import one_line

# Where whoever starts dbt may keep what it said.
OUT = "out"
_FAILED = {"error", "fail", "runtime error"}


def what_failed(artefacts: Path, staging: Path) -> str:
    """The models and tests that failed, by what dbt wrote into `artefacts` of the database `staging`."""
    log = f"see {artefacts / 'dbt.log'}"
    try:
        results = json.loads((artefacts / "run_results.json").read_bytes())["results"]
    except (OSError, ValueError, KeyError):
        results = []
    failed = [result for result in results if result["status"] in _FAILED]
    if not failed:
        out = artefacts / OUT
        said = out.read_text(encoding="utf-8", errors="replace") if out.exists() else ""
        return f"dbt could not build the models; {one_line(said, 300) or log}"
    names = ", ".join(r["unique_id"].split(".")[2] for r in failed[:5]) + (" …" if len(failed) > 5 else "")
    message = _broken_promises(failed[0], staging) or memory.advice(one_line(str(failed[0].get("message")), 300))
    return f"{len(failed)} of {len(results)} models and tests failed ({names}): {message}; {log}"


def _broken_promises(result: Mapping[str, Any], staging: Path) -> str:
    """The test `integrity` finds promises, of which dbt tells the number alone: they are asked for again."""
    query = result.get("compiled_code")
    if result["status"] != "fail" or not query:
        return ""
    try:
        with duckdb.connect(str(staging), read_only=True) as connection:
            broken = connection.execute(f"select promise, n_broken from ({query}) order by n_broken desc").fetchall()
    except duckdb.Error:  # another test, or somebody holds the file
        return ""
    return ", ".join(f"{n} break `{one_line(promise, 200)}`" for promise, n in broken)
