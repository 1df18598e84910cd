"""Runs the line: raw, models, publication. The only folder that knows Dagster.

Belongs here: assets, checks, partitions, resources, jobs and schedules (one Dagster concept per file), the source's
process, and running a week from another program (`run.py`).
Does not: fetching, judging, computing, writing. An asset calls the package that does the work.
"""
