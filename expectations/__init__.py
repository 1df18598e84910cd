"""What a believable input is: one suite of rules per dataset, and the runner that judges a batch by it.

Not here: tests of models (dbt), checks of runs (orchestration), where failed rows go (warehouse.quarantine).
"""
