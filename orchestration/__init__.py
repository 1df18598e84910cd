"""Dagster, and nothing else: assets, checks, partitions, resources, jobs, schedules, sensors, one concept per file.

Not here: fetching, judging, computing, writing. An asset calls the package that does the work.
"""
