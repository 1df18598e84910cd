"""From a venue's answer to a row in `raw`: fetch, prove, land, load.

Belongs here: what is asked of whom, how answers are landed and loaded, where a home keeps its files.
Does not: judging rows (expectations), formulas (dbt_project), schedules (orchestration), words (report).
"""
