"""Judges a batch by its dataset's suite, with great-expectations as the engine.

great-expectations takes seconds to import, so it is imported when the first batch is judged.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from expectations.rules import MOST_ROWS_GO_ON, QUARANTINE, STOP, WARN, Expectation, Rule, Suite
from expectations.suites import suite_of
from warehouse.contracts import Dataset
from warehouse.landing import Judge, Judgement, RuleResult, Verdict


def judge_at(now: datetime) -> Judge:
    """The guard that is handed to landing: judges any dataset's batches by the clock of their source."""
    clock = now.astimezone(UTC).replace(tzinfo=None)
    return lambda dataset, rows: judge(suite_of(dataset.name), dataset, rows, clock)


def judge(suite: Suite, dataset: Dataset, rows: pd.DataFrame, clock: datetime) -> Judgement:
    """Judge one batch; `clock` is the source's, zone-less UTC. Rows are named by position."""
    rows = rows.reset_index(drop=True)
    prepared = rows.assign(**{name: derive(rows, clock) for name, derive in suite.derived.items()})
    rules = [rule for rule in suite.rules if len(rows) >= rule.min_rows]
    verdicts: list[Verdict] = []
    holes: set[int] = set()
    wrong: set[int] = set()
    results: list[RuleResult] = []
    for rule, failed in zip(rules, _failed_rows(rules, prepared), strict=True):
        if rule.severity != WARN:
            verdicts.extend(Verdict(row, rule.name, rule.severity, rule.reason) for row in failed)
            (holes if rule.finds_holes else wrong).update(failed)
        results.append(RuleResult(rule.name, rule.severity, rule.reason, len(rows), len(failed), not failed))
    results.append(_most_rows_go_on(suite, len(rows) - len(holes - wrong), len(wrong)))
    return Judgement(verdicts, results)


def _most_rows_go_on(suite: Suite, row_count: int, stopped: int) -> RuleResult:
    too_many = row_count >= suite.stop_min_rows and stopped > suite.stop_share * row_count
    reason = f"when over {suite.stop_share:.0%} of a batch fail, the batch was misread and the rest cannot be trusted"
    return RuleResult(MOST_ROWS_GO_ON, STOP, reason, row_count, stopped, not too_many)


def _failed_rows(rules: list[Rule], rows: pd.DataFrame) -> list[list[int]]:
    """For each rule the positions of the rows that fail it, in order."""
    validations = iter(_validate([e for rule in rules for e in rule.expectations], rows))
    return [sorted(set().union(*(next(validations) for _ in rule.expectations))) for rule in rules]


def _validate(expectations: Iterable[Expectation], rows: pd.DataFrame) -> list[set[int]]:
    asked = list(expectations)
    if rows.empty or not asked:
        # Nothing can fail: most batches of a run with nothing new are so, and the import takes seconds.
        return [set() for _ in asked]
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    batch = (
        context.data_sources.add_pandas("rows")
        .add_dataframe_asset("batch")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": rows})
    )
    suite = gx.ExpectationSuite(
        # great-expectations orders nothing and drops repeats, so each expectation carries its position
        name="suite",
        expectations=[
            getattr(gxe, e.type)(**e.arguments, meta={"position": position}) for position, e in enumerate(asked)
        ],
    )
    result = batch.validate(suite, result_format={"result_format": "COMPLETE", "exclude_unexpected_values": True})
    found = {_position(r): _failures(r, len(rows)) for r in result.results}
    return [found[position] for position in sorted(found)]


def _position(result: Any) -> int:
    return int(result.expectation_config.meta["position"])


def _failures(result: Any, row_count: int) -> set[int]:
    if result.success:
        return set()
    if (result.exception_info or {}).get("raised_exception"):
        raise RuntimeError(f"a guard could not be applied: {result.exception_info['exception_message']}")
    rows = result.result.get("unexpected_index_list")
    return set(range(row_count)) if rows is None else set(rows)


__all__ = ["QUARANTINE", "STOP", "WARN", "judge", "judge_at"]
