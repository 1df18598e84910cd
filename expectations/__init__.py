"""What a believable input is: one suite of rules per dataset, and the runner that judges a batch by it.

Belongs here: rules on rows as a venue or provider gave them.
Does not: tests of models (dbt), checks of runs (orchestration), where failed rows go (ingestion).
"""
