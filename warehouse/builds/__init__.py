"""Building the models: the dbt project and its state, the ledger of builds, dbt's process and memory, past states.

Not here: running dbt as a step of the line (orchestration.assets.models).
"""
