"""What is held back, and how it is let go.

Rows that a guard stopped (rows), what a guard says of a landed batch when it is asked again (verdicts),
and decisions that a failed check's fact counts all the same (check_releases).
Not here: the rules (expectations, dbt_project/models/intermediate/checks).
"""
