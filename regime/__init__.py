"""The command line: run, backfill, sql, status, ui.

Belongs here: arguments, one-line errors, exit codes, progress on a terminal.
Does not: the work (orchestration), words of the week (report).
"""
