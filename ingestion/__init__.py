"""Asks venues, providers and archives, and turns their answers into rows: what is due, over HTTP, page by page.

Not here: keeping rows (warehouse), judging them (expectations), formulas (dbt_project), schedules (orchestration).
"""
